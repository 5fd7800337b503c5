"""UUIDv7: time-ordered ids made here, so an id is known before the row is written (RFC 9562, 5.7)."""

import os
import time
import uuid
from typing import NewType

TenantId = NewType("TenantId", uuid.UUID)
UserId = NewType("UserId", uuid.UUID)
SessionId = NewType("SessionId", uuid.UUID)
ApiKeyId = NewType("ApiKeyId", uuid.UUID)
ChatId = NewType("ChatId", uuid.UUID)
MessageId = NewType("MessageId", uuid.UUID)
RunId = NewType("RunId", uuid.UUID)
AssetId = NewType("AssetId", uuid.UUID)
PanesId = NewType("PanesId", uuid.UUID)
"""A session of panes, `concurrent_sessions.id`: `SessionId` is a sign-in's."""
PaneId = NewType("PaneId", uuid.UUID)
DecisionId = NewType("DecisionId", uuid.UUID)


# Random numbers for the next ids: one system call for many.
_random: list[int] = []
_AT_ONCE, _BYTES = 256, 10
_set = object.__setattr__
os.register_at_fork(after_in_child=_random.clear)


def uuid7() -> uuid.UUID:
    """48 bits of Unix milliseconds, then 74 random bits."""
    try:
        random = _random.pop()
    except IndexError:
        fresh = os.urandom(_AT_ONCE * _BYTES)
        _random.extend(int.from_bytes(fresh[at : at + _BYTES], "big") for at in range(_BYTES, len(fresh), _BYTES))
        random = int.from_bytes(fresh[:_BYTES], "big")
    value = (time.time_ns() // 1_000_000) << 80 | random
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    # Its own __init__ checks what cannot be otherwise here, and takes five times as long.
    made = object.__new__(uuid.UUID)
    _set(made, "int", value)
    _set(made, "is_safe", uuid.SafeUUID.unknown)
    return made


def parse_uuid(text: str) -> uuid.UUID | None:
    """The id that `text` spells, or None. A malformed id names nothing, so callers answer 404."""
    try:
        return uuid.UUID(text)
    except ValueError:
        return None
