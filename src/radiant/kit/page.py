"""Keyset pages: `{items, next}`. The cursor is opaque to callers and holds the last row's sort key."""

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Generic, TypeVar

from radiant.kit.errors import Problem

T = TypeVar("T")


class BadCursor(Problem):
    """The `cursor` was not made by this service."""

    status, slug = 422, "bad-cursor"


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of results; `next` is passed back as `cursor`, and None on the last page."""

    items: list[T]
    next: str | None


def encode_cursor(*key: str) -> str:
    """An opaque cursor of the last row's sort key."""
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")


def decode_cursor(cursor: str, parts: int) -> tuple[str, ...]:
    """The sort key inside `cursor`. Raises BadCursor."""
    try:
        key = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError) as error:
        raise BadCursor("cursor: not one of ours; leave it out to start from the first page") from error
    if not (isinstance(key, list) and len(key) == parts and all(isinstance(part, str) for part in key)):
        raise BadCursor("cursor: not one of ours; leave it out to start from the first page")
    return tuple(key)
