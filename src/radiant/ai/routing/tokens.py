"""How many tokens a text takes, by family of tokenizer, without carrying their vocabularies.

The real ones need 35 to 150 MB of memory each, more than all the rest of the process; so their counts are predicted
from what their pre-tokenizers cut at: words and their lengths, numbers, runs of marks and spaces, letters by script.
The coefficients in `data/tokens.toml` are fitted on the real tokenizers' counts by `bench/kit/train_tokens.py`, which
says on which texts; `error` there is the median error on documents that were held out. Where the package `bpe-openai`
is installed (`pip install radiant[tokens]`), OpenAI's families are counted exactly once `exact()` was called.
"""

import functools
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Literal, TypeAlias, cast, get_args

import msgspec
import numpy as np
from numpy.typing import NDArray

from radiant.ai.routing.data import read

Family: TypeAlias = Literal["o200k", "cl100k", "claude", "gemini", "llama", "qwen", "mistral", "deepseek"]

_FAMILIES: tuple[tuple[str, Family], ...] = (
    ("claude", "claude"),
    ("gemini|gemma", "gemini"),
    ("deepseek", "deepseek"),
    ("qwen|qwq", "qwen"),
    ("[mp]i[xs]tral|codestral|ministral|magistral|devstral", "mistral"),
    ("llama|nemotron|hermes", "llama"),
    (r"gpt-3\.5|gpt-4(?!o|\.|-omni)|text-embedding", "cl100k"),
)

_DATA = read("tokens.toml")

# A long text is judged by parts of it.
_WHOLE, _PART, _PARTS = 16_000, 2_000, 8

_SMALL, _CAPITAL, _DIGITS = (bytes(range(ord(first), ord(last) + 1)) for first, last in ("az", "AZ", "09"))
_ASCII, _WIDE = bytes(range(128)), bytes(range(128, 256))
# First bytes of characters, by script.
_SCRIPTS = {
    "accented": range(0xC3, 0xCC),
    "cyrillic": range(0xD0, 0xD4),
    "other of two bytes": (0xC2, 0xCC, 0xCD, 0xCE, 0xCF, *range(0xD4, 0xE0)),
    "other of three bytes": (0xE0, 0xE1, 0xE2, 0xEE, 0xEF),
    "kana": (0xE3,),
    "han": range(0xE4, 0xEA),
    "hangul": range(0xEA, 0xEE),
    "of four bytes": range(0xF0, 0x100),
}


def _table(*classes: tuple[bytes, Iterable[int]]) -> bytes:
    """For bytes.translate: the members of each class become its byte, all others a space."""
    table = bytearray(b" " * 256)
    for sign, members in classes:
        for member in members:
            table[member] = sign[0]
    return bytes(table)


# What is counted by looking for pairs of bytes: where a run begins is where its sign follows a space.
_WORDS = bytes(byte if byte in _SMALL + _CAPITAL else 32 for byte in range(256))
_CASES = _table((b"a", _SMALL), (b"A", _CAPITAL))
_NUMBERS = _table((b"9", _DIGITS))
_MARKS = _table((b"!", set(_ASCII) - set(_SMALL + _CAPITAL + _DIGITS + b" \t\r\n")))
_GAPS = _table((b"x", set(range(256)) - set(b" \t\r")))
_KINDS = _table(*((b"%d" % number, members) for number, members in enumerate(_SCRIPTS.values())))
FIGURES = (
    "words", "letters past 4", "letters past 8", "letters past 12", "capitals within", "numbers", "digits",
    "marks", "runs of marks", "lines", "runs of spaces", "words of other languages", "their letters", *_SCRIPTS,
)  # fmt: skip
"""What a count is predicted from, in order."""


@dataclass(frozen=True, slots=True)
class Count:
    """`exact` is false where it is an estimate; `error`: how far estimates of the family lie off at the median."""

    tokens: int
    exact: bool
    error: float


class _Fitted(msgspec.Struct, frozen=True):
    error: float
    coefficients: dict[str, float]


@functools.lru_cache(4096)
def family_of(model: str) -> Family:
    """The family of a model's tokenizer by its name; o200k where the name says nothing."""
    for pattern, family in _FAMILIES:
        if re.search(pattern, model.lower()):
            return family
    return "o200k"


def count(text: str, family: Family) -> Count:
    """Tokens of a text, without those that a chat template adds."""
    counter = _exact.get(family)
    if counter is not None:
        return Count(round(_sampled(text, counter)), len(text) <= _WHOLE, 0.0 if len(text) <= _WHOLE else 0.02)
    weights, error = _weights()[family]
    return Count(_whole(float(_sampled_figures(text) @ weights), text), False, error)


def counts(text: str) -> dict[str, int]:
    """Tokens of a text in every family, at hardly more than the price of one."""
    by_family, weights = _stacked()
    predicted: list[float] = (weights @ _sampled_figures(text)).tolist()
    return {
        family: count(text, family).tokens if family in _exact else _whole(tokens, text)
        for family, tokens in zip(by_family, predicted, strict=True)
    }


def exact() -> bool:
    """From now on count OpenAI's families exactly; false where the package for it is not installed. Takes 150 MB."""
    try:
        library = cast(Any, import_module("bpe_openai"))
    except ImportError:
        return False
    for family in ("o200k", "cl100k"):
        encode = library.get_encoding(f"{family}_base").encode_ordinary
        _exact[family] = functools.partial(_length, encode)
    return True


def figures(text: str) -> list[float]:
    """What a count is predicted from, [len(FIGURES)]. By operations on whole strings of bytes: they take a fifth of the
    time of the same with arrays."""
    raw = b" " + text.encode("utf-8", "replace") + b" "
    wide = not text.isascii()
    # Letters of a to z in each word: a word of Han characters has none and is no word here.
    lengths = Counter(map(len, (raw.translate(_WORDS, _WIDE) if wide else raw.translate(_WORDS)).split()))
    words, letters = lengths.total(), sum(length * times for length, times in lengths.items())
    past = [sum((length - most) * times for length, times in lengths.items() if length > most) for most in (4, 8, 12)]
    numbers, marks = raw.translate(_NUMBERS), raw.translate(_MARKS)
    scripts = [0] * len(_SCRIPTS)
    if wide:
        kinds = raw.translate(_KINDS, _ASCII)
        scripts = [kinds.count(b"%d" % number) for number in range(len(_SCRIPTS))]
    # Accents show a language other than English, whose words such vocabularies cut finer.
    foreign = min(1.0, (scripts[0] + scripts[1]) * 30 / (letters + 1))
    return [
        words, *past, raw.translate(_CASES).count(b"aA"), numbers.count(b" 9"), numbers.count(b"9"),
        marks.count(b"!"), marks.count(b" !"), raw.count(b"\n"), raw.translate(_GAPS).count(b"x  "),
        words * foreign, letters * foreign, *scripts,
    ]  # fmt: skip


_exact: dict[str, Callable[[str], float]] = {}


def _length(encode: Callable[[str], list[int]], text: str) -> float:
    return float(len(encode(text)))


def _parts(text: str) -> tuple[list[str], float]:
    """What of a text is looked at, and how many times as much it is."""
    if len(text) <= _WHOLE:
        return [text], 1.0
    starts = np.linspace(0, len(text) - _PART, _PARTS).astype(int)
    return [text[start : start + _PART] for start in starts], len(text) / (_PART * _PARTS)


def _sampled(text: str, counter: Callable[[str], float]) -> float:
    parts, times = _parts(text)
    return sum(counter(part) for part in parts) * times


def _sampled_figures(text: str) -> NDArray[np.float64]:
    parts, times = _parts(text)
    return np.array([figures(part) for part in parts]).sum(0) * times


def _whole(tokens: float, text: str) -> int:
    return max(round(tokens), 1 if text else 0)


@functools.cache
def _weights() -> Mapping[str, tuple[NDArray[np.float64], float]]:
    fitted = msgspec.toml.decode(_DATA, type=dict[str, _Fitted])
    return {family: (np.array([of.coefficients[name] for name in FIGURES]), of.error) for family, of in fitted.items()}


@functools.cache
def _stacked() -> tuple[tuple[Family, ...], NDArray[np.float64]]:
    families: tuple[Family, ...] = get_args(Family)
    return families, np.stack([_weights()[family][0] for family in families])
