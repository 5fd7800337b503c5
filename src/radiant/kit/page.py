"""Cursors of keyset pages (`{items, next}`): opaque to callers, they hold the last row's sort key."""

import base64
import binascii
import json
from datetime import datetime
from typing import cast
from uuid import UUID

from radiant.kit.errors import Problem


class BadCursor(Problem):
    """The `cursor` was not made by this service."""

    status, slug = 422, "bad-cursor"


NOT_OURS = "cursor: not one of ours; leave it out to start from the first page"


def encode_cursor(*key: str) -> str:
    """An opaque cursor of the last row's sort key."""
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")


def decode_cursor(cursor: str, parts: int) -> tuple[str, ...]:
    """The sort key inside `cursor`. Raises BadCursor."""
    try:
        key: object = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError) as error:
        raise BadCursor(NOT_OURS) from error
    found = [part for part in cast("list[object]", key) if isinstance(part, str)] if isinstance(key, list) else []
    if len(found) != parts:
        raise BadCursor(NOT_OURS)
    return tuple(found)


def moment(at: str, id_text: str) -> tuple[datetime, UUID]:
    """The time and id inside a cursor, the sort key of most lists. Raises BadCursor."""
    try:
        return datetime.fromisoformat(at), UUID(id_text)
    except ValueError as error:
        raise BadCursor(NOT_OURS) from error
