"""A text cut into what is said in one go: the first piece short, so that it is soon heard, the others by sentences."""

import re
from dataclasses import dataclass

FIRST_WORDS = 6
MOST_CHARACTERS = 160
"""Of a phrase: what follows waits for it, and the model's memory grows with it."""

# A point behind these ends no sentence.
_ABBREVIATIONS = frozenset(
    [
        "mr",
        "mrs",
        "ms",
        "dr",
        "prof",
        "st",
        "sr",
        "jr",
        "vs",
        "etc",
        "e.g",
        "i.e",
        "no",
        "vol",
        "fig",
        "approx",
        "dept",
        "est",
        "inc",
        "ltd",
        "co",
        "gen",
        "col",
        "capt",
        "lt",
        "sgt",
        "rev",
        "hon",
        "jan",
        "feb",
        "mar",
        "apr",
        "jun",
        "jul",
        "aug",
        "sep",
        "sept",
        "oct",
        "nov",
        "dec",
        "mon",
        "tue",
        "wed",
        "thu",
        "fri",
        "sat",
        "sun",
        "a.m",
        "p.m",
    ]
)
_END = re.compile(r"[.!?…。！？]+[\"'”’)\]]*(?=\s|$)|\n+|[。！？]+")
_PAUSE = re.compile(r"[,;:—–]+[\"'”’)\]]*(?=\s|$)|\s[-–—]+(?=\s)|[、，；：]")
_WORD = re.compile(r"\S+")
# Of the last words there should be enough for a phrase of their own.
_LAST_WORDS = 3
# Where nobody pauses, a cut before one of these is heard least.
_LINKS = frozenset(
    [
        "and",
        "or",
        "but",
        "so",
        "because",
        "that",
        "which",
        "who",
        "when",
        "while",
        "where",
        "if",
        "than",
        "as",
        "at",
        "by",
        "for",
        "from",
        "in",
        "into",
        "of",
        "on",
        "over",
        "to",
        "under",
        "with",
        "is",
        "are",
        "was",
        "were",
        "has",
        "have",
        "had",
        "will",
        "would",
        "can",
        "could",
        "should",
        "must",
        "may",
        "might",
        "do",
        "does",
        "did",
        "the",
        "a",
        "an",
    ]
)
_FEWEST_WORDS = 3


@dataclass(frozen=True, slots=True)
class Phrase:
    """`text` is the original's from `start` to `end`, in characters. `pause`: seconds of silence behind it."""

    text: str
    start: int
    end: int
    pause: float


def phrases_of(text: str) -> list[Phrase]:
    """The text, in order, without gaps but for spaces. Empty where there are no words."""
    found: list[Phrase] = []
    for start, end in _sentences(text):
        pieces = _pieces(text, start, end, first=not found)
        for place, (left, right) in enumerate(pieces):
            last = place == len(pieces) - 1
            pause = 0.28 if last else 0.12 if _PAUSE.search(text[max(left, right - 3) : right] + " ") else 0.0
            found.append(Phrase(text[left:right], left, right, pause))
    return found


def _sentences(text: str) -> list[tuple[int, int]]:
    """Where each begins and ends, without the spaces around it."""
    found: list[tuple[int, int]] = []
    start = 0
    for match in _END.finditer(text):
        if match[0][0] == "." and len(match[0]) == 1 and _abbreviated(text, match.start(), match.end()):
            continue
        start = _add(found, text, start, match.end())
    _add(found, text, start, len(text))
    return found


def _abbreviated(text: str, point: int, after: int) -> bool:
    words = text[max(0, point - 12) : point].split()
    word = words[-1].lstrip("\"'“‘([").lower() if words else ""
    if word in _ABBREVIATIONS:
        return True
    # An initial (J. Smith), or the end of U.S. before a small letter.
    follows = text[after:].lstrip()[:1]
    return (len(word) == 1 and word.isalpha() and word != "i") or ("." in word and follows.islower())


def _add(found: list[tuple[int, int]], text: str, start: int, end: int) -> int:
    stripped = text[start:end].strip()
    if stripped:
        left = start + len(text[start:end]) - len(text[start:end].lstrip())
        found.append((left, left + len(stripped)))
    return end


def _pieces(text: str, start: int, end: int, *, first: bool) -> list[tuple[int, int]]:
    """A sentence cut where it pauses, if it is long or the first."""
    found: list[tuple[int, int]] = []
    if first and (cut := _first_cut(text, start, end)):
        _add(found, text, start, cut)
        start = cut
    while end - start > MOST_CHARACTERS:
        cut = _cut_before(text, start, start + MOST_CHARACTERS)
        _add(found, text, start, cut)
        start = cut
    _add(found, text, start, end)
    return found


def _first_cut(text: str, start: int, end: int) -> int | None:
    words = list(_WORD.finditer(text, start, end))
    if len(words) <= FIRST_WORDS:
        return None
    limit = words[FIRST_WORDS - 1].end()
    pauses = [match.end() for match in _PAUSE.finditer(text, start, min(limit + 1, end)) if match.end() <= limit]
    if pauses and len(text[start : pauses[-1]].split()) > 1:
        return pauses[-1]
    if len(words) < FIRST_WORDS + _LAST_WORDS:
        return None
    for count in range(FIRST_WORDS, _FEWEST_WORDS - 1, -1):
        if words[count][0].lower() in _LINKS and words[count - 1][0].lower() not in _LINKS:
            return words[count - 1].end()
    return limit


def _cut_before(text: str, start: int, limit: int) -> int:
    """The last pause before the limit, else the last space, else the limit itself."""
    half = start + (limit - start) // 3
    if pauses := [match.end() for match in _PAUSE.finditer(text, half, limit)]:
        return pauses[-1]
    space = text.rfind(" ", half, limit)
    return space if space > start else limit
