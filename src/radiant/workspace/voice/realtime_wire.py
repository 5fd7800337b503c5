"""What a client of `WS /api/voice/realtime` says; docs/reference/voice-realtime.md has both directions."""

from typing import Annotated, Literal, TypeAlias
from uuid import UUID

import msgspec

from radiant.kit.errors import Invalid

SPOKEN_RATE = 24_000
MOST_TEXT, MOST_SOUND = 64 * 2**10, 256 * 2**10
"""Bytes of a message."""

_Name: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f]+$")]
_Turn: TypeAlias = Annotated[int, msgspec.Meta(ge=1, le=10**6)]


class Start(msgspec.Struct, tag_field="type", tag="start", kw_only=True):
    """The first message. `rate`: samples a second of the microphone; `end_silence_ms`: silence that ends a turn."""

    session_id: UUID
    format: Literal["pcm16", "opus"] = "pcm16"
    rate: Annotated[int, msgspec.Meta(ge=8000, le=48_000)] = 16_000
    hear_model: _Name = "auto"
    speak_model: _Name = "auto"
    model: _Name | None = None
    voice_id: Annotated[str, msgspec.Meta(max_length=100, pattern=r"^[A-Za-z0-9_.:-]+$")] | None = None
    language: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,3}$")] | None = None
    hands_free: bool = True
    end_silence_ms: Annotated[int, msgspec.Meta(ge=100, le=5000)] = 500


class Commit(msgspec.Struct, tag_field="type", tag="commit"):
    """What was said so far is a turn."""


class Typed(msgspec.Struct, tag_field="type", tag="text"):
    """A turn that was typed."""

    text: Annotated[str, msgspec.Meta(max_length=MOST_TEXT)]


class Interrupt(msgspec.Struct, tag_field="type", tag="interrupt"):
    """Stop speaking."""


class Played(msgspec.Struct, tag_field="type", tag="played"):
    """So much of that turn's sound was played."""

    turn: _Turn
    ms: Annotated[float, msgspec.Meta(ge=0, le=10**8)]


class End(msgspec.Struct, tag_field="type", tag="end"):
    """The conversation is over."""


Said: TypeAlias = Start | Commit | Typed | Interrupt | Played | End
_DECODER = msgspec.json.Decoder(Said)


class BadMessage(Invalid):
    """A message that is none of the protocol's."""

    slug = "bad-realtime-message"


def read(text: str) -> Said:
    """A message. Raises BadMessage."""
    if len(text) > MOST_TEXT:
        raise BadMessage(f"a text message may have at most {MOST_TEXT} characters")
    try:
        return _DECODER.decode(text)
    except msgspec.DecodeError as error:
        raise BadMessage(
            f"this is no message of the protocol: {error}; there are start, commit, text, interrupt, played and end"
        ) from error
