"""How passages are ranked for a question. Pure arithmetic on columns; the weights are a priori ones, fitted to nothing
(docs/explanation/documents.md, ADR 0022)."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from radiant.ai.retrieval import scores
from radiant.ai.retrieval.scores import Floats, Places
from radiant.ai.retrieval.terms import terms
from radiant.workspace.documents.schemas import WhyFound

_WINDOW, _HEADING, _CALLED = 0.5, 1.0, 0.5
# Of the best cosine; and of the weight of the question's words.
_RELATIVE, _COVERED = 0.8, 0.6
_SENTENCE = re.compile(r"[^\n.!?。！？]*(?:[.!?。！？](?!\s|$)[^\n.!?。！？]*)*(?:[.!?。！？]+|\n|$)")
# A line that a PDF or an editor broke within its sentence: long, without an end, and the next one is neither a list's nor a
# heading.
_WRAPPED = re.compile(r"^(?![#|])[^\n]{39,}[^\s.!?:;。！？|]\n(?=(?!\d+[.)]\s)[^\W_]|[(\"'“„«])", re.MULTILINE)
_MARKS = re.compile(r"^[\s#>*|-]+")

Flags = NDArray[np.bool_]


@dataclass(slots=True)
class Columns:
    """Passages that may be found, one value each, in the order of documents and of their passages. `cosine`: NaN without a
    vector."""

    places: Places
    words: Floats
    cosine: Floats
    documents: Places
    numbers: Places

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "Columns":
        """From a row of SQL (`search_store.columns`)."""
        return cls(
            places=np.frombuffer(row["places"] or b"", ">i8").astype(np.int64),
            words=np.frombuffer(row["words"] or b"", ">i4").astype(np.float64),
            cosine=np.frombuffer(row["cosine"] or b"", ">f8").astype(np.float64),
            documents=np.frombuffer(row["documents"] or b"", ">i8").astype(np.int64),
            numbers=np.frombuffer(row["numbers"] or b"", ">i4").astype(np.int64),
        )


@dataclass(frozen=True, slots=True)
class Term:
    """A word of the question: where it stands and how often, which of the headings above hold it, which documents are
    called so. Indexes into the columns. `held`: by how many of all passages."""

    word: str
    at: Places
    counts: Floats
    headed: Places
    called: Places
    held: int


@dataclass(slots=True)
class Ranked:
    """Passages in order. `score` is 0 to 1 within the answer."""

    order: Places
    score: Floats
    fits: Flags
    legs: dict[str, Floats]
    terms: Sequence[Term]
    floor: float


def rank(of: Columns, asked: Sequence[Term], floor: float, min_similarity: float | None, total: int | None) -> Ranked:
    """Rank passages. `total`: of how many these are the likeliest; None where these are all."""
    count = len(of.places)
    everyone = np.ones(count, bool)
    near = _neighbours(of)
    weight = _weights(asked, total or count)
    found = [(term.at, term.counts, term.held) for term in asked]
    legs = scores.legs(found, of.words, of.cosine, near, near, everyone, total)
    for leg in ("nearby words", "nearby meaning"):
        legs[leg] = _WINDOW * legs[leg]
    headed, called, held = np.zeros(count), np.zeros(count), np.zeros(count)
    for term, share in zip(asked, weight, strict=True):
        headed[term.headed] += share
        called[term.called] += share
        here = np.zeros(count, bool)
        here[term.at] = here[term.headed] = here[term.called] = True
        held += share * here
    legs["heading"] = _HEADING * headed
    legs["called"] = _CALLED * called
    whole = np.sum(list(legs.values()), axis=0)
    itself = np.zeros(count, bool)
    for term in asked:
        itself[term.at] = itself[term.headed] = True
    fits = _fits(of.cosine, (held >= _COVERED) & itself, floor, min_similarity)
    score = scores.relevance(whole, everyone)
    order = np.lexsort((of.places, -whole))
    return Ranked(order, score, fits, legs, asked, floor)


def _neighbours(of: Columns) -> tuple[Places, Places]:
    """Where the passages before and after each stand, -1 for none."""
    count = len(of.places)
    before, after = np.full(count, -1), np.full(count, -1)
    joined = np.flatnonzero((np.diff(of.documents) == 0) & (np.diff(of.numbers) == 1))
    before[joined + 1], after[joined] = joined, joined + 1
    return before, after


def _weights(asked: Sequence[Term], total: int) -> list[float]:
    """The share that each word has in what the question is about; those that no passage holds weigh most."""
    each = [scores.idf(min(term.held, total), max(total, 1)) for term in asked]
    whole = sum(each)
    return [one / whole for one in each] if whole else [0.0 for _ in each]


def _fits(cosine: Floats, covered: Flags, floor: float, min_similarity: float | None) -> Flags:
    if min_similarity == 0:
        return np.ones(len(cosine), bool)
    near = np.nan_to_num(cosine, nan=-1.0)
    if min_similarity is not None:
        return (near >= min_similarity) | (np.isnan(cosine) & covered)
    best = float(near.max(initial=-1.0))
    return ((near >= floor) & (near >= _RELATIVE * best)) | covered


def why(of: Columns, ranked: Ranked, at: int) -> list[WhyFound]:
    """Why a passage came back."""
    found: list[WhyFound] = []
    legs = {name: float(leg[at]) for name, leg in ranked.legs.items()}
    if held := [term.word for term in ranked.terms if at in term.at]:
        found.append(WhyFound(kind="words", detail=", ".join(held[:8])))
    if legs["meaning"] > 0 or of.cosine[at] >= ranked.floor:
        found.append(WhyFound(kind="meaning", detail=f"{of.cosine[at]:.2f}"))
    if max(legs["nearby words"], legs["nearby meaning"]) > 0.5:
        found.append(WhyFound(kind="nearby", detail="what stands just before or after"))
    if above := [term.word for term in ranked.terms if at in term.headed or at in term.called]:
        found.append(WhyFound(kind="heading", detail=", ".join(above[:8])))
    return found


def quote(content: str, weights: Mapping[str, float], language: str) -> tuple[int, int]:
    """The sentence of a passage that holds most of the question's words, as characters [start, end) of the passage."""
    best, chosen = -1.0, (0, len(content))
    for start, end in _sentences(content):
        found = set(terms(content[start:end], language))
        value = sum(weight for term, weight in weights.items() if term in found)
        if not content[:start].rpartition("\n")[2] and content[start:end].startswith("#"):
            value -= 1e-6
        if value > best:
            best, chosen = value, (start, end)
    return chosen


def _sentences(content: str) -> Iterable[tuple[int, int]]:
    for match in _SENTENCE.finditer(_WRAPPED.sub(lambda line: line[0][:-1] + " ", content)):
        words = match[0].strip()
        if words and _MARKS.sub("", words):
            start = match.start() + len(match[0]) - len(match[0].lstrip())
            yield start, start + len(words)
