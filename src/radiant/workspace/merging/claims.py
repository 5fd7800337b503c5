"""Answers in free words as a table of claims: who supports each, who says otherwise.

A claim is a sentence of an answer, or what a model made of one that the sentence bears out. Claims that say the same are
one row (`likeness`); rows that contradict each other oppose each other's supporters.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from radiant.workspace.merging import likeness
from radiant.workspace.merging.likeness import Read

MOST_CLAIMS = 60
_LOOKED_AT = 60_000
_LONGEST = 1000
_ABBREVIATION = re.compile(
    r"\b(?:e\.g|i\.e|etc|cf|vs|approx|dr|mr|mrs|ms|prof|st|no|fig|al|inc|ltd|u\.s|u\.k|[a-z])\.$", re.IGNORECASE
)
_FENCE = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)
_MARK = re.compile(r"^\s*(?:[-*•>]|#{1,6}|\d{1,2}[.)])\s+")
_END = re.compile(r"(?<=[.!?。！？])[\"')\]]*\s+|(?<=[。！？])")
_EMPTY = re.compile(
    r"^(?:sure|certainly|of course|great question|here(?:'s| is| are)|i hope|let me know|feel free|in summary|in conclusion)\b"
    r"[^.]{0,80}[:.!]?$",
    re.IGNORECASE,
)
# A sentence bears a claim out where so much of the claim's weight is in it.
BORNE_OUT = 0.6


@dataclass(slots=True)
class Claim:
    """A row. `sources`: for each answer that makes it, its own words. `supporters`, `opposers`: places of answers."""

    text: str
    sources: dict[int, str]
    read: Read
    supporters: list[int] = field(default_factory=list[int])
    opposers: list[int] = field(default_factory=list[int])


def sentences(text: str) -> list[str]:
    """The sentences of a text without its marks of lists and headings; code is left out, and so are mere courtesies."""
    found: list[str] = []
    for line in _FENCE.sub("\n", text[:_LOOKED_AT]).splitlines():
        line = _MARK.sub("", line).replace("**", "").strip()
        pieces: list[str] = []
        for piece in _END.split(line):
            if pieces and _ABBREVIATION.search(pieces[-1]):
                pieces[-1] += " " + piece
            else:
                pieces.append(piece)
        found += [piece.strip()[:_LONGEST] for piece in pieces if len(piece.split()) > 1]
    return [piece for piece in found if not _EMPTY.match(piece)]


def table(claimed: Mapping[int, Sequence[str]]) -> list[Claim]:
    """Rows of what each answer (by its place) claims, those with the most supporters first. At most MOST_CLAIMS, shared
    out evenly among the answers."""
    each = max(1, MOST_CLAIMS // max(1, len(claimed)))
    said = [(place, text, likeness.read(text)) for place, texts in claimed.items() for text in texts[:each]]
    said = [one for one in said if one[2].words]
    rarity = likeness.rarities([read for *_, read in said])
    rows: list[Claim] = []
    for place, text, read in said:
        best, row = 0.0, None
        for candidate in rows:
            alike = likeness.alike(candidate.read, read, rarity)
            if alike > best and likeness.relation(candidate.read, read, alike) == "same":
                best, row = alike, candidate
        if row is None:
            rows.append(Claim(text, {place: text}, read, [place]))
        elif place not in row.sources:
            row.sources[place] = text
            row.supporters.append(place)
    for at, row in enumerate(rows):
        for other in rows[at + 1 :]:
            if likeness.relation(row.read, other.read, likeness.alike(row.read, other.read, rarity)) == "opposed":
                row.opposers += [place for place in other.supporters if place not in (*row.supporters, *row.opposers)]
                other.opposers += [
                    place for place in row.supporters if place not in (*other.supporters, *other.opposers)
                ]
    return sorted(rows, key=lambda row: (-len(row.supporters), len(row.opposers)))


def bears_out(sentence: str, texts: Sequence[str], question: str = "") -> bool:
    """Whether what a sentence says is in these texts together: most of its words, all its numbers and dates, and its
    denial. Words of the `question` are nobody's claim, and may be used."""
    said = likeness.read(sentence)
    given = [likeness.read(text) for text in texts]
    if not said.words or not given:
        return False
    known = {word for one in (*given, likeness.read(question)) for word in one.words}
    numbers = {number for one in given for number in one.numbers}
    if not said.numbers <= numbers or all(one.denies != said.denies for one in given):
        return False
    return sum(word in known for word in said.words) >= BORNE_OUT * len(said.words)
