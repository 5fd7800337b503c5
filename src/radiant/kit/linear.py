"""Patterns that people write, by RE2: linear in the text whatever the pattern, in bounded memory."""

from collections.abc import Callable
from typing import Any

import re2

_re2: Any = re2
Spans = Callable[[str], list[tuple[int, int]]]


def _compiled(pattern: str, *, empty: bool = False) -> Any:
    options = _re2.Options()
    options.max_mem = 8 * 2**20
    options.log_errors = False
    try:
        compiled = _re2.compile(pattern, options)
    except _re2.error as error:
        said: object = error.args[0] if error.args else ""
        why = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
        raise ValueError(f"not a pattern of RE2: {why}; it knows no backreferences and no looking around") from error
    if not empty and compiled.search("") is not None:
        raise ValueError("it fits an empty text, so it would fit everywhere")
    return compiled


def spans_of(pattern: str) -> Spans:
    """A finder of all places, in characters, where the pattern fits something. Raises ValueError that says what is
    wrong with it."""
    compiled = _compiled(pattern)

    def spans(text: str) -> list[tuple[int, int]]:
        return [(match.start(), match.end()) for match in compiled.finditer(text) if match.end() > match.start()]

    return spans


def found_by(pattern: str, *, empty: bool = False) -> Callable[[str], bool]:
    """Whether the pattern fits somewhere in a text. `empty`: it may fit an empty one. Raises ValueError that says what is
    wrong with it."""
    compiled = _compiled(pattern, empty=empty)

    def found(text: str) -> bool:
        return compiled.search(text) is not None

    return found
