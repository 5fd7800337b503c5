"""Which parts of code are of what kind, found once: by whoever publishes or exports, and not for each reader."""

from collections.abc import Mapping
from typing import Any, Literal

from radiant.workspace.canvas.schemas import Artifact

Kind = Literal["", "k", "s", "c", "n", "d", "t"]
"""Plain, keyword, string, comment, number, name of what is defined, tag or decorator: classes of the page's style."""
Run = tuple[int, Kind]

MOST = 50_000
# A kind of Pygments is below another, as Token.Literal.String.Escape is below Token.Literal.String.
_KINDS: Mapping[tuple[str, ...], Kind] = {
    ("Comment",): "c", ("Keyword",): "k", ("Operator", "Word"): "k", ("Literal", "String"): "s", ("Literal", "Number"): "n",
    ("Name", "Function"): "d", ("Name", "Class"): "d", ("Name", "Tag"): "t", ("Name", "Decorator"): "t",
    ("Name", "Attribute"): "d",
}  # fmt: skip


def runs_of(content: str, language: str | None) -> list[Run]:
    """The content in runs of one kind: (characters, kind), of Python's characters, which add up to it. Nothing where the
    language is not known or the content longer than `MOST`, of which a lexer would take long. Some tens of milliseconds."""
    lexer = _lexer(language) if len(content) <= MOST else None
    if lexer is None:
        return []
    runs: list[Run] = []
    at = 0
    for begin, kind, words in lexer.get_tokens_unprocessed(content):
        # Lexers within lexers may tell a part twice, or leave one out.
        if begin > at:
            _add(runs, begin - at, "")
        new = begin + len(words) - max(at, begin)
        if new > 0:
            _add(runs, new, _kind(tuple(kind)))
        at = max(at, begin + len(words))
    if at < len(content):
        _add(runs, len(content) - at, "")
    return runs


def coloured(one: Artifact) -> list[Run]:
    """The runs of an artifact; none of what is no code."""
    return runs_of(one.content, "json" if one.type == "json" else one.language) if one.type in ("code", "json") else []


def _add(runs: list[Run], length: int, kind: Kind) -> None:
    if runs and runs[-1][1] == kind:
        runs[-1] = (runs[-1][0] + length, kind)
    else:
        runs.append((length, kind))


def _kind(path: tuple[str, ...]) -> Kind:
    for length in range(len(path), 0, -1):
        if (kind := _KINDS.get(path[:length])) is not None:
            return kind
    return ""


def _lexer(language: str | None) -> Any:
    # A lexer of Pygments, or None.
    if not language:
        return None
    # Read when the first code is coloured.
    from pygments.lexers import get_lexer_by_name  # pyright: ignore[reportUnknownVariableType] (its options)
    from pygments.util import ClassNotFound

    try:
        return get_lexer_by_name(language.lower())
    except ClassNotFound:
        return None
