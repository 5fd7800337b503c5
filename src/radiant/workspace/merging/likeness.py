"""Whether two texts say the same: by words that weigh more the rarer they are, and only where numbers, dates and negation
agree. Those that are alike but for these contradict each other."""

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

from radiant.workspace.merging import answers

Relation = Literal["same", "opposed", "apart"]

SAME, ABOUT = 0.55, 0.45
COPY = 0.92
_SHINGLE = 4
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?|\d[\d,.]*\d|\d")
_STOP = frozenset(
    "a an the of in on at to for by with and or is are was were be been being it its this that these those as from has"  # noqa: SIM905
    " have had do does did will would can could may might must i you he she we they there then so than also very about"
    " which who what when where into over only just one".split()
)
_NEGATIVE = frozenset(
    "not no never none nobody nothing neither nor without cannot can't isn't aren't wasn't weren't doesn't don't didn't"  # noqa: SIM905
    " won't wouldn't shouldn't couldn't hasn't haven't hadn't false incorrect untrue impossible unlikely fails".split()
)
_ENDINGS = ("ations", "ation", "ings", "ing", "edly", "ied", "ies", "ed", "es", "ly", "s")


class Read(NamedTuple):
    """A text's content words (cut to their stems, with counts), what numbers and dates it names, and whether it denies."""

    words: Mapping[str, int]
    numbers: frozenset[str]
    denies: bool


def read(text: str) -> Read:
    """Take a text apart."""
    words: Counter[str] = Counter()
    numbers: set[str] = set()
    denials = 0
    for word in _WORD.findall(text.lower().replace("’", "'")):
        if word[0].isdigit():
            numbers.add(answers.as_number(word.rstrip(".,")) or word)
        elif word in _NEGATIVE:
            denials += 1
        elif word in _SMALL:
            numbers.add(str(_SMALL[word]))
        elif word not in _STOP:
            words[_stem(word)] += 1
    return Read(words, frozenset(numbers), denials % 2 == 1)


_SMALL = {word: number for word, number in answers.SMALL.items() if word not in ("zero", "one")}


def _stem(word: str) -> str:
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word


def rarities(reads: Sequence[Read]) -> Mapping[str, float]:
    """How much each word weighs among these texts (smoothed inverse document frequency)."""
    seen = Counter(word for one in reads for word in one.words)
    return {word: 1 + math.log((1 + len(reads)) / (1 + count)) for word, count in seen.items()}


def alike(a: Read, b: Read, rarity: Mapping[str, float]) -> float:
    """Cosine of their weighted words, 0..1."""
    common = sum(rarity.get(w, 1.0) ** 2 * n * b.words[w] for w, n in a.words.items() if w in b.words)
    if not common:
        return 0.0
    return common / (_norm(a, rarity) * _norm(b, rarity))


def _norm(of: Read, rarity: Mapping[str, float]) -> float:
    return math.sqrt(sum((rarity.get(word, 1.0) * count) ** 2 for word, count in of.words.items()))


def relation(a: Read, b: Read, likeness: float) -> Relation:
    """Of two texts so alike: the same, contradicting each other, or about different things. Where one names numbers and
    the other none, they are at odds over nothing."""
    if likeness < ABOUT:
        return "apart"
    if a.denies != b.denies or (a.numbers and b.numbers and not (a.numbers <= b.numbers or b.numbers <= a.numbers)):
        return "opposed"
    return "same" if likeness >= SAME else "apart"


def copies(texts: Sequence[str]) -> list[int | None]:
    """For each text an earlier one of which it is nearly the same, word for word; None where there is none. Short answers
    agree by chance, so they are no copies."""
    shingles = [_shingles(text) for text in texts]
    found: list[int | None] = []
    for place, mine in enumerate(shingles):
        earlier = (
            other
            for other in range(place)
            if found[other] is None and mine and shingles[other] and _jaccard(mine, shingles[other]) >= COPY
        )
        found.append(next(earlier, None))
    return found


def _shingles(text: str) -> frozenset[tuple[str, ...]]:
    words = answers.plain(text[:100_000]).split()
    if len(words) < 3 * _SHINGLE:
        return frozenset()
    return frozenset(tuple(words[at : at + _SHINGLE]) for at in range(len(words) - _SHINGLE + 1))


def _jaccard(a: frozenset[tuple[str, ...]], b: frozenset[tuple[str, ...]]) -> float:
    return len(a & b) / len(a | b)
