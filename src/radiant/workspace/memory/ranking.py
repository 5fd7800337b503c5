"""How memories are ranked for a question. Pure arithmetic on columns.

Score fusion by z-scores of BM25 and cosine, of the memory itself and of it with its neighbours in the conversation, plus
cues. Every leg counts the same, so that no weight can be fitted to anything; rank fusion would give a weak
leg the same say as a strong one (docs/explanation/memory.md, ADR 0021).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from radiant.ai.retrieval import scores
from radiant.ai.retrieval.scores import Floats, Places
from radiant.ai.retrieval.terms import words
from radiant.workspace.memory.schemas import Reason

_IMPORTANT, _RECENT = 0.10, 0.05
_USEFUL_HALF_LIFE = 30 * 86_400.0
# Of the best cosine; and of the weight of the question's words.
_RELATIVE, _COVERED = 0.8, 0.6
_MONTHS = [
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
]  # fmt: skip
_YEAR = re.compile(r"(?:19|20)\d\d")

Flags = NDArray[np.bool_]


@dataclass(slots=True)
class Columns:
    """Memories that may be found, one value each. `talk`: 0 outside a conversation; `useful`: seconds since it was of
    use, below 0 for never; `wanted`: may itself be a result; `cosine`: NaN without a vector; `speaker`: which of the
    `speakers`; `alias`: by the place of a memory that has names, these, and once they were looked for the one that was
    found; `order`: places by conversation, time, number, where that is known."""

    numbers: Places
    words: Floats
    cosine: Floats
    talk: Places
    said: Floats
    speaker: Places
    speakers: Sequence[str]
    importance: Floats
    useful: Floats
    wanted: Flags
    pinned: Flags
    alias: dict[int, str]
    order: Places | None = None

    @classmethod
    def of(cls, row: Mapping[str, Any], record: str) -> "Columns":
        """From a row of SQL (`search_store.columns`); `record`: what its texts are joined by."""
        said_by: list[str] = row["speaker"].split(record) if row["numbers"] else []
        speakers = {name: code for code, name in enumerate(dict.fromkeys(said_by))}
        names: list[str] = row["alias"].split(record) if row["numbers"] else []
        return cls(
            numbers=np.frombuffer(row["numbers"] or b"", ">i8").astype(np.int64),
            words=np.frombuffer(row["words"] or b"", ">i4").astype(np.float64),
            cosine=np.frombuffer(row["cosine"] or b"", ">f8").astype(np.float64),
            talk=np.frombuffer(row["talk"] or b"", ">i8").astype(np.int64),
            said=np.frombuffer(row["said"] or b"", ">f8").astype(np.float64),
            speaker=np.array([speakers[name] for name in said_by], np.int64),
            speakers=list(speakers),
            importance=np.frombuffer(row["importance"] or b"", ">f4").astype(np.float64),
            useful=np.frombuffer(row["useful"] or b"", ">f8").astype(np.float64),
            wanted=np.frombuffer(row["wanted"] or b"", np.bool_),
            pinned=np.frombuffer(row["pinned"] or b"", np.bool_),
            alias={place: each for place, each in enumerate(names) if each},
        )


@dataclass(frozen=True, slots=True)
class Term:
    """A word of the question: which memories hold it, how often. `held`: by how many of all memories."""

    word: str
    places: Places
    counts: Floats
    held: int


@dataclass(slots=True)
class Ranked:
    """Those that fit, in order. `score` is 0 to 1 within the answer."""

    order: Places
    score: Floats
    legs: dict[str, Floats]
    hits: list[Term]
    floor: float
    facts: dict[int, int]
    """By the place of a source, the place of the fact that raised it most."""


def neighbours(of: Columns) -> tuple[Places, Places]:
    """The places of the memories before and after each in its conversation, -1 for none."""
    count = len(of.numbers)
    before, after = np.full(count, -1), np.full(count, -1)
    order = np.lexsort((of.numbers, of.said, of.talk)) if of.order is None else of.order
    joined = (of.talk[order[1:]] == of.talk[order[:-1]]) & (of.talk[order[1:]] != 0)
    before[order[1:][joined]] = order[:-1][joined]
    after[order[:-1][joined]] = order[1:][joined]
    return before, after


def rank(
    of: Columns, question: str, terms: Sequence[Term], facts: Sequence[tuple[int, int]],
    floor: float, min_similarity: float | None, total_memories: int | None = None,
) -> Ranked:  # fmt: skip
    """Rank memories. `total_memories`: of which these are the likeliest; None where these are all. `facts`: pairs of places, a fact and what it was extracted from: the fact raises its source, and
    yields to it where the source may be a result."""
    wanted = of.wanted.copy()
    is_fact = np.zeros(len(of.numbers), bool)
    for fact, source in facts:
        is_fact[fact] = True
        wanted[fact] &= not of.wanted[source]
    before, after = neighbours(of)
    told = ~is_fact if wanted[~is_fact].any() else np.ones(len(of.numbers), bool)
    # An exchange before and one after: what is asked is often in one turn, and what it is about in another.
    exchange = before, after, scores.further(before), scores.further(after)
    held = [(term.places, term.counts, term.held) for term in terms]
    legs = scores.legs(held, of.words, of.cosine, (before, after), exchange, told, total_memories)
    legs["speaker"] = _speaks(of, question)
    legs["time"] = _then(of, question)
    best_fact: dict[int, int] = {}
    legs["fact"] = _facts(of, terms, facts, told, best_fact)
    total = np.sum(list(legs.values()), axis=0)
    aliased = np.zeros(len(of.numbers), bool)
    aliased[list(of.alias)] = True
    fits = _fits(of, total, terms, wanted, aliased, floor, min_similarity)
    relevance = scores.relevance(total, wanted)
    recency = np.where(of.useful >= 0, 0.5 ** (np.maximum(of.useful, 0) / _USEFUL_HALF_LIFE), 0.0)
    score = relevance * (1 - _IMPORTANT - _RECENT + _IMPORTANT * of.importance + _RECENT * recency)
    score = np.where(aliased, np.maximum(score, 1 - _IMPORTANT - _RECENT) + 1, score)
    candidates = np.flatnonzero(fits)
    # Equal scores: what fits better by itself, then the newer one.
    order = candidates[np.lexsort((-of.numbers[candidates], -total[candidates], -score[candidates]))]
    return Ranked(order, np.minimum(score, 1), legs, list(terms), floor, best_fact)


def _speaks(of: Columns, question: str) -> Floats:
    asked = {word.removesuffix("'s") for word in words(question)}
    named = [code for code, speaker in enumerate(of.speakers) if speaker and asked & set(words(speaker))]
    return np.isin(of.speaker, named).astype(float) if named else np.zeros(len(of.numbers))


def _then(of: Columns, question: str) -> Floats:
    """1 for what was said in a month that the question names (of the year that it names, where it does)."""
    asked = set(words(question))
    months = [
        number
        for number, name in enumerate(_MONTHS)
        if name in asked and (name != "may" or "in may" in question.lower())
    ]
    years = {int(year) for year in _YEAR.findall(question)}
    if not months:
        return np.zeros(len(of.said))
    month = of.said.astype("datetime64[s]").astype("datetime64[M]").astype(np.int64)
    right = np.isin(month % 12, months)
    return (right & np.isin(month // 12 + 1970, list(years)) if years else right).astype(float)


def _facts(
    of: Columns, terms: Sequence[Term], facts: Sequence[tuple[int, int]], told: Flags,
    best: dict[int, int],
) -> Floats:  # fmt: skip
    """How well the best fact of each memory answers; the place of that fact goes into `best`."""
    raised = np.zeros(len(of.numbers))
    if not facts:
        return raised
    counts = [(term.places, term.counts) for term in terms]
    known = ~np.isnan(of.cosine)
    # Among all memories: a single fact has no spread of its own.
    everyone = np.ones(len(of.numbers), bool)
    by_words = scores.z(scores.bm25(counts, of.words, everyone), everyone)
    by_meaning = np.where(known, scores.z(np.where(known, of.cosine, 0), known), 0.0)
    answer = np.maximum(by_words + by_meaning, 0)
    for fact, source in facts:
        if answer[fact] > raised[source]:
            raised[source], best[source] = answer[fact], fact
    return np.where(told, scores.z(raised, told), 0.0)


def _fits(
    of: Columns, total: Floats, terms: Sequence[Term], wanted: Flags, aliased: Flags, floor: float,
    min_similarity: float | None,
) -> Flags:  # fmt: skip
    if min_similarity == 0:
        return wanted
    cosine = np.where(np.isnan(of.cosine), -1.0, of.cosine)
    covered = _coverage(terms, len(total), int(wanted.sum())) >= _COVERED
    if min_similarity is not None:
        return wanted & ((cosine >= min_similarity) | (np.isnan(of.cosine) & covered) | aliased)
    if (wanted & aliased & ~of.pinned).any():
        return wanted & aliased
    best = cosine[wanted].max(initial=-1.0) if wanted.any() else -1.0
    return wanted & (((cosine >= floor) & (cosine >= _RELATIVE * best)) | covered)


def _coverage(terms: Sequence[Term], count: int, total: int) -> Floats:
    """What share of the weight of a question's words a memory holds; those that none holds weigh most."""
    held, weight = np.zeros(count), 0.0
    for term in terms:
        one = scores.idf(min(len(term.places), total), max(total, 1))
        there = np.zeros(count, bool)
        there[term.places] = True
        held[there] += one
        weight += one
    return held / weight if weight else held


def why(of: Columns, ranked: Ranked, place: int, facts: Mapping[int, str]) -> list[Reason]:
    """Why a memory came back. `facts`: the words of facts, by their places."""
    found: list[Reason] = []
    legs = {name: float(leg[place]) for name, leg in ranked.legs.items()}
    if place in of.alias:
        found.append(Reason(kind="alias", detail=of.alias[place]))
    held = [term.word for term in ranked.hits if place in term.places]
    if held:
        found.append(Reason(kind="words", detail=", ".join(held[:8])))
    if legs["meaning"] > 0 or of.cosine[place] >= ranked.floor:
        found.append(Reason(kind="meaning", detail=f"{of.cosine[place]:.2f}"))
    if max(legs["nearby words"], legs["nearby meaning"]) > 1:
        found.append(Reason(kind="nearby", detail="what was said just before or after"))
    if legs["speaker"] > 0:
        found.append(Reason(kind="speaker", detail=of.speakers[int(of.speaker[place])]))
    if legs["time"] > 0:
        found.append(Reason(kind="time", detail=str(np.datetime64(int(of.said[place]), "s").astype("datetime64[M]"))))
    if (fact := ranked.facts.get(place)) is not None and fact in facts:
        found.append(Reason(kind="fact", detail=facts[fact][:200]))
    if of.pinned[place]:
        found.append(Reason(kind="pinned", detail="it is pinned"))
    return found
