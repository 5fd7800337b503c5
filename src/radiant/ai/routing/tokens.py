"""How many tokens a text takes, by family of tokenizer, without carrying their vocabularies.

The real ones need 35 to 150 MB of memory each, more than all the rest of the process; so their counts are predicted
from what their pre-tokenizers cut at: words and their lengths, numbers, runs of marks and spaces, letters by script.
The coefficients in `data/tokens.toml` are fitted on the real tokenizers' counts by `bench/kit/train_tokens.py`, which
says on which texts; `error` there is the median error on documents that were held out. Where the package `bpe-openai`
is installed (`pip install radiant[tokens]`), OpenAI's families are counted exactly once `exact()` was called.
"""

import functools
import re
from collections.abc import Callable, Mapping
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

_b = np.arange(256)
_LETTER, _UPPER, _DIGIT = (
    ((_b >= 97) & (_b <= 122)) | ((_b >= 65) & (_b <= 90)),
    (_b >= 65) & (_b <= 90),
    (_b >= 48) & (_b <= 57),
)
_SPACE, _LINE, _WIDE = np.isin(_b, list(b" \t\r")), _b == 10, _b >= 128
_MARK = ~(_LETTER | _DIGIT | _SPACE | _LINE | _WIDE)
# First bytes of characters, by script.
_SCRIPTS = {
    "accented": (_b >= 0xC3) & (_b <= 0xCB),
    "cyrillic": (_b >= 0xD0) & (_b <= 0xD3),
    "other of two bytes": np.isin(_b, [0xC2, 0xCC, 0xCD, 0xCE, 0xCF, *range(0xD4, 0xE0)]),
    "other of three bytes": np.isin(_b, [0xE0, 0xE1, 0xE2, 0xEE, 0xEF]),
    "kana": _b == 0xE3,
    "han": (_b >= 0xE4) & (_b <= 0xE9),
    "hangul": (_b >= 0xEA) & (_b <= 0xED),
    "of four bytes": _b >= 0xF0,
}
_scripts = np.stack(list(_SCRIPTS.values())).astype(np.float64)
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
    found = _sampled_figures(text)
    families: tuple[Family, ...] = get_args(Family)
    return {
        family: count(text, family).tokens if family in _exact else _whole(float(found @ _weights()[family][0]), text)
        for family in families
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


def figures(text: str) -> NDArray[np.float64]:
    """What a count is predicted from, [len(FIGURES)]."""
    raw = np.frombuffer(b" " + text.encode("utf-8", "replace") + b" ", np.uint8)
    letter, digit, mark, space, upper = _LETTER[raw], _DIGIT[raw], _MARK[raw], _SPACE[raw], _UPPER[raw]
    wordly = letter | _WIDE[raw]
    edges = np.flatnonzero(wordly[1:] != wordly[:-1]) + 1
    ascii_letters = np.concatenate(([0], np.cumsum(letter)))
    # Letters of a to z in each word: a word of Han characters has none and is no word here.
    lengths = ascii_letters[edges[1::2]] - ascii_letters[edges[::2]]
    lengths = lengths[lengths > 0]
    kinds = np.bincount(raw, minlength=256)
    scripts: list[float] = (_scripts @ kinds).tolist()
    letters = float(lengths.sum())
    # Accents show a language other than English, whose words such vocabularies cut finer.
    foreign = min(1.0, (scripts[0] + scripts[1]) * 30 / (letters + 1))
    return np.array([
        len(lengths), *(float(np.maximum(lengths - past, 0).sum()) for past in (4, 8, 12)),
        np.count_nonzero(upper[1:] & letter[:-1] & ~upper[:-1]),
        np.count_nonzero(digit[1:] & ~digit[:-1]), np.count_nonzero(digit),
        np.count_nonzero(mark), np.count_nonzero(mark[1:] & ~mark[:-1]),
        kinds[10], np.count_nonzero(space[2:] & space[1:-1] & ~space[:-2]),
        len(lengths) * foreign, letters * foreign, *scripts,
    ])  # fmt: skip


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
    return np.sum([figures(part) for part in parts], axis=0) * times


def _whole(tokens: float, text: str) -> int:
    return max(round(tokens), 1 if text else 0)


@functools.cache
def _weights() -> Mapping[str, tuple[NDArray[np.float64], float]]:
    fitted = msgspec.toml.decode(_DATA, type=dict[str, _Fitted])
    return {family: (np.array([of.coefficients[name] for name in FIGURES]), of.error) for family, of in fitted.items()}
