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
DecisionId = NewType("DecisionId", uuid.UUID)


def uuid7() -> uuid.UUID:
    """48 bits of Unix milliseconds, then 74 random bits."""
    value = (time.time_ns() // 1_000_000) << 80 | int.from_bytes(os.urandom(10), "big")
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return uuid.UUID(int=value)


def parse_uuid(text: str) -> uuid.UUID | None:
    """The id that `text` spells, or None. A malformed id names nothing, so callers answer 404."""
    try:
        return uuid.UUID(text)
    except ValueError:
        return None
