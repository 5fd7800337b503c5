"""Passages as rows and as postings. Pure; works on a batch at a time, so that what is held does not grow with the document."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from radiant.ai.retrieval.terms import language_of, terms
from radiant.kit.ids import uuid7
from radiant.workspace.documents.reading import Passage

BATCH = 500
_SAMPLE = 5000
_MOST_COUNT = 32_000
HEADING = "#"
"""Before a term of the headings that a passage stands under."""


@dataclass(frozen=True, slots=True)
class Postings:
    """By term the places of the passages that hold it (int8) and how often (int2), in network order."""

    terms: Sequence[str]
    held: Sequence[int]
    places: Sequence[bytes]
    counts: Sequence[bytes]


def language(text: str) -> str:
    """The language of a document, by what stands in its middle."""
    middle = max(0, len(text) // 2 - _SAMPLE // 2)
    return language_of(text[middle : middle + _SAMPLE])


def cue(name: str, title: str | None, spoken: str | None) -> list[str]:
    """The terms of what a document is called."""
    plain = name.rpartition(".")[0] or name
    called = f"{plain} {title or ''}".replace("_", " ").replace("-", " ")
    return sorted(set(terms(called, spoken or "en")))


def batch(
    text: str, passages: Sequence[Passage], first: int, places: Sequence[int], before: int, spoken: str
) -> tuple[list[dict[str, Any]], Postings]:
    """Rows and postings of passages. `first`: the number of the first; `before`: where the passage before them ends."""
    rows: list[dict[str, Any]] = []
    holding: dict[str, list[tuple[int, int]]] = defaultdict(list)
    headed: dict[tuple[str, ...], frozenset[str]] = {}
    for number, (passage, place) in enumerate(zip(passages, places, strict=True), first):
        content = text[passage.start : passage.end]
        found = terms(content, spoken)
        for term, count in Counter(found).items():
            holding[term].append((place, min(count, _MOST_COUNT)))
        under = tuple(passage.headings)
        if under not in headed:
            headed[under] = frozenset(HEADING + term for term in terms(" ".join(under), spoken))
        for term in headed[under]:
            holding[term].append((place, 1))
        rows.append(
            {"id": uuid7(), "number": number, "place": place, "starts": passage.start, "ends": passage.end,
             "first_page": passage.first_page, "last_page": passage.last_page, "headings": list(under),
             "lead": text[before : passage.start], "content": content, "words": len(found)}
        )  # fmt: skip
        before = passage.end
    ordered = sorted(holding)
    return rows, Postings(
        ordered, [len(holding[term]) for term in ordered],
        [b"".join(place.to_bytes(8) for place, _ in holding[term]) for term in ordered],
        [b"".join(count.to_bytes(2) for _, count in holding[term]) for term in ordered],
    )  # fmt: skip
