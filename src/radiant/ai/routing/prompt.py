"""What the learned parts of the Brain see of a prompt: surface figures and hashed n-grams, computed once and shared.

Hashing trick (Weinberger et al., 2009): words, pairs of words, punctuation and windows of bytes fall into 2**16
buckets a block, so no vocabulary is kept and no text is stored. Everything is arithmetic over the array of bytes;
windows and words come from one prefix sum of a polynomial hash modulo 2**64. Chinese, Japanese and Korean write no
spaces between words, so there each character counts as one.
"""

import math
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.floating[Any]]
Ints: TypeAlias = NDArray[np.int32]
Places: TypeAlias = NDArray[np.int64]

_BITS = 16
BUCKETS = 1 << _BITS
"""Of each block: words come first, windows of bytes after them."""

# A long prompt is known by how it starts and how it ends.
_HEAD, _TAIL = 6144, 2048
_SIZE = _HEAD + _TAIL + 4
_WINDOW = 4

_PRIME = 0x9E3779B97F4A7C15
_powers = np.cumprod(np.full(_SIZE, _PRIME, np.uint64))
# The prime is odd, so it has an inverse modulo 2**64: a hash is brought to position 0 by one multiplication.
_inverses = np.cumprod(np.full(_SIZE, pow(_PRIME, -1, 1 << 64), np.uint64))
_PAIR, _MARK, _SPREAD = np.uint64(0xC2B2AE3D27D4EB4F), np.uint64(0xD6E8FEB86659FD93), np.uint64(0xFF51AFD7ED558CCD)

_ZERO = np.zeros(1, np.int64)
_bytes = np.arange(256)
_upper = (_bytes >= 65) & (_bytes <= 90)
_lower = (_bytes >= 97) & (_bytes <= 122)
_digit = (_bytes >= 48) & (_bytes <= 57)
_space = np.isin(_bytes, list(b" \t\r\n\v\f"))
_wordly = _upper | _lower | _digit | (_bytes >= 128)
_mark = ~_wordly & ~_space
# First bytes of the three of a kana, a Han character or a Hangul syllable.
_east_asian = (_bytes >= 0xE3) & (_bytes <= 0xED)
_folded = np.where(_upper, _bytes + 32, _bytes).astype(np.uint64)
_log = (1 + np.log(np.maximum(np.arange(2 * _SIZE), 1))).astype(np.float32)

# Counted over the prompt: log of each, and its share.
_KINDS: dict[str, NDArray[np.bool_]] = {
    "upper": _upper,
    "digit": _digit,
    "space": _space,
    "mark": _mark,
    "beyond ascii": _bytes >= 128,
    "line": _bytes == 10,
    "question": _bytes == 63,
    "comma": _bytes == 44,
    "stop": _bytes == 46,
    "bracket": np.isin(_bytes, list(b"()[]{}")),
    "operator": np.isin(_bytes, list(b"+-*/=<>^%")),
    "money": _bytes == 36,
    "backslash": _bytes == 92,
    "underscore": _bytes == 95,
    "quote": np.isin(_bytes, list(b"\"'`")),
    "colon": np.isin(_bytes, list(b":;")),
}
_kinds = np.stack(list(_KINDS.values())).astype(np.float32)
_OTHERS = (
    "bytes", "words", "word length", "longest word", "different words", "numbers", "capitalised words",
    "words a stop", "lines", "first line", "last line", "longest between", "shortest between", "mean between",
    "spread between",
)  # fmt: skip
SURFACE = (*(f"log {name}" for name in _KINDS), *(f"share {name}" for name in _KINDS), *_OTHERS)
"""Names of the surface figures, in order."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """Features of one prompt.

    `surface`: float32 [len(SURFACE)]. `buckets`: int32 [n], ascending and without doubles; the first `words` of them
    lie in [0, BUCKETS), the others in [BUCKETS, 2 * BUCKETS). `weights`: float32 [n], 1 + log of the count.
    """

    surface: Floats
    buckets: Ints
    weights: Floats
    words: int


def features(text: str) -> Prompt:
    """The features of a prompt, in time bounded by its first 6 kB and its last 2."""
    raw, total = _cut(text)
    kinds = np.bincount(raw, minlength=256).astype(np.float32)
    folded = _folded[raw]
    # sums[j] - sums[i] is the hash of bytes i to j; spaces at both ends make every word end.
    sums = np.zeros(len(folded) + 1, np.uint64)
    (folded * _powers[: len(folded)]).cumsum(out=sums[1:])
    starts, ends = _words(raw)
    words = (sums[ends] - sums[starts]) * _inverses[starts]
    marks = folded[_mark[raw]] * _MARK
    in_words, word_weights = _counted(np.concatenate((words, words[:-1] * _PAIR + words[1:], marks)))
    in_windows, window_weights = _counted((sums[_WINDOW:] - sums[:-_WINDOW]) * _inverses[: len(sums) - _WINDOW])
    return Prompt(
        surface=_surface(raw, kinds, starts, ends, len(set(words.tolist())), total),
        buckets=np.concatenate((in_words, in_windows + BUCKETS)),
        weights=np.concatenate((word_weights, window_weights)),
        words=len(in_words),
    )


def _cut(text: str) -> tuple[NDArray[np.uint8], int]:
    """The bytes that are looked at, between two spaces, and about how many there are in all."""
    total = len(text)
    if total > _HEAD + _TAIL:
        text = f"{text[:_HEAD]} {text[-_TAIL:]}"
    data = text.encode("utf-8", "replace")
    total = max(total, len(data))
    if len(data) > _HEAD + _TAIL:
        data = data[:_HEAD] + data[-_TAIL:]
    return np.frombuffer(b"  " + data + b"  ", np.uint8), total


def _words(raw: NDArray[np.uint8]) -> tuple[Places, Places]:
    """Where words start and end."""
    inside = _wordly[raw]
    leads = _east_asian[raw].nonzero()[0]
    if not len(leads):
        edges = (inside[1:] != inside[:-1]).nonzero()[0] + 1
        return edges[::2], edges[1::2]
    starts = np.zeros(len(raw) + 4, np.bool_)
    starts[1 : len(raw)] = inside[1:] & ~inside[:-1]
    starts[leads] = True
    starts[leads + 3] = True
    starts = starts[: len(raw)] & inside
    ends = np.flatnonzero(inside[:-1] & (starts[1:] | ~inside[1:])) + 1
    return np.flatnonzero(starts), ends


def _counted(hashes: NDArray[np.uint64]) -> tuple[Ints, Floats]:
    """Buckets that are hit, ascending, and 1 + log of how often."""
    spread = (hashes ^ (hashes >> np.uint64(29))) * _SPREAD
    buckets = (spread >> np.uint64(64 - _BITS)).astype(np.uint16)
    buckets.sort()
    first = _firsts(buckets)
    return buckets[first].astype(np.int32), _log[_gaps(first, len(buckets))]


def _gaps(starts: Places, end: int) -> Places:
    """From each to the next, and from the last to the end. (np.diff takes three times as long for that.)"""
    gaps = np.empty_like(starts)
    np.subtract(starts[1:], starts[:-1], out=gaps[:-1])
    gaps[-1:] = end - starts[-1:]
    return gaps


def _firsts(ascending: NDArray[np.uint16] | NDArray[np.uint64]) -> Places:
    """Where each new value begins. (A sort and this take a tenth of np.unique.)"""
    new = np.empty(len(ascending), np.bool_)
    new[:1] = True
    np.not_equal(ascending[1:], ascending[:-1], out=new[1:])
    return new.nonzero()[0]


def _surface(
    raw: NDArray[np.uint8],
    kinds: Floats,
    starts: Places,
    ends: Places,
    different: int,
    total: int,
) -> Floats:
    # Ufuncs' own reductions and sums by hand: the methods of arrays take twice as long for such few numbers.
    counted: Floats = _kinds @ kinds
    lengths = ends - starts if len(starts) else _ZERO
    first = raw[starts]
    lines = _gaps(np.concatenate((_ZERO, (raw == 10).nonzero()[0])), len(raw))
    between = lines[1:-1] if len(lines) > 2 else lines
    mean = np.add.reduce(between) / len(between)
    apart = between - mean
    others = (
        total, len(starts), np.add.reduce(lengths) / len(lengths), np.maximum.reduce(lengths), different,
        np.count_nonzero(_digit[first]), np.count_nonzero(_upper[first]),
        len(starts) / (float(counted[8]) + float(counted[6]) + 1),
        len(lines), lines[0], lines[-1], np.maximum.reduce(between), np.minimum.reduce(between), mean,
        math.sqrt(apart @ apart / len(between)),
    )  # fmt: skip
    sizes = np.array(others, np.float32)
    return np.concatenate((np.log1p(counted), counted * np.float32(8 / len(raw)), np.log1p(sizes)))


def standardised(surface: Floats, mean: Floats, deviation: Floats) -> Floats:
    """Surface figures in deviations from the mean, 3 at most. (np.clip takes three times as long.)"""
    return np.minimum(np.maximum((surface - mean) / deviation, -3), 3)
