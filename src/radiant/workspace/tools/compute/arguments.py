"""Reading a call's arguments: what is missing, of another kind or too long is said by name."""

from collections.abc import Collection, Mapping
from typing import Any, cast

from radiant.workspace.tools.base import BadArguments


def known_only(arguments: Mapping[str, Any], known: Collection[str]) -> None:
    """Raises BadArguments where there is another."""
    if unknown := sorted(set(arguments) - set(known)):
        raise BadArguments(f"there is no argument {unknown[0]!r}; there are: {', '.join(known)}")


def text_of(arguments: Mapping[str, Any], name: str, most: int, default: str | None = None) -> str:
    """A text of 1 to `most` characters, or the default. Raises BadArguments."""
    value = arguments.get(name)
    if value is None and default is not None:
        return default
    if not isinstance(value, str) or not value.strip():
        raise BadArguments(f"{name!r} is needed, as a text")
    if len(value) > most:
        raise BadArguments(f"{name!r} may have {most:,} characters, and has {len(value):,}")
    return value


def texts_of(arguments: Mapping[str, Any], name: str, count: int, most: int) -> list[str]:
    """Up to `count` texts; none where it is not given. Raises BadArguments."""
    value = arguments.get(name)
    if value is None:
        return []
    if not isinstance(value, list) or len(cast(list[Any], value)) > count:
        raise BadArguments(f"{name!r} is a list of at most {count}")
    found = cast(list[Any], value)
    if any(not isinstance(one, str) or not one.strip() or len(one) > most for one in found):
        raise BadArguments(f"each of {name!r} is a text of 1 to {most:,} characters")
    return cast(list[str], found)


def whole_of(arguments: Mapping[str, Any], name: str, least: int, most: int, default: int) -> int:
    """A whole number within bounds. Raises BadArguments."""
    value = arguments.get(name)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise BadArguments(f"{name!r} is a whole number from {least} to {most}")
    return value
