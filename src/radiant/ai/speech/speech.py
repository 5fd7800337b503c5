"""What speech is made of, whoever hears or speaks it. Times are seconds from the start, PCM is 16-bit signed
little-endian mono."""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, Literal, Protocol, TypeAlias

import msgspec

from radiant.ai.providers.provider import Connection

HEARD_RATE = 16_000
"""Samples a second of what models here hear."""


class Sound(msgspec.Struct, frozen=True, kw_only=True):
    """A recording that was looked into: `media_type` is what its bytes are, `duration` what was measured."""

    original: Path
    media_type: str
    pcm: Path
    """The same, decoded: PCM at HEARD_RATE."""
    duration: float


class Word(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A word as it was heard. `shown`: with its punctuation and case; `speaker`: who, counted from 0."""

    word: str
    start: float
    end: float
    confidence: float | None = None
    shown: str | None = None
    speaker: int | None = None


class Transcript(msgspec.Struct, frozen=True, kw_only=True):
    """What was heard. `language` as BCP 47, None where nobody knows; `raw`: the provider's own whole answer."""

    text: str
    words: Sequence[Word] = ()
    language: str | None = None
    confidence: float | None = None
    duration: float = 0.0
    raw: Mapping[str, Any] | None = None


class Listen(msgspec.Struct, frozen=True, kw_only=True):
    """How to hear. `model` is the upstream's own name; `language` None: find out; `terms`: words to be expected;
    `more`: what else the provider takes, by its own names."""

    model: str
    language: str | None = None
    smart_format: bool = True
    diarize: bool = False
    words: bool = True
    terms: Sequence[str] = ()
    prompt: str = ""
    rate: int = HEARD_RATE
    """Of a stream: samples a second of the PCM that is sent."""
    end_silence: float = 0.3
    """Of a stream: silence after which something said is final."""
    more: Mapping[str, str] = {}


class Started(msgspec.Struct, frozen=True, tag="started"):
    """Somebody began to speak."""

    at: float


class Part(msgspec.Struct, frozen=True, kw_only=True, tag="part"):
    """What was heard of a stretch. `final`: it will not change; `ended`: the speaker paused behind it."""

    text: str
    start: float
    duration: float
    words: Sequence[Word] = ()
    confidence: float | None = None
    final: bool = False
    ended: bool = False


class Ended(msgspec.Struct, frozen=True, tag="ended"):
    """Nobody speaks any more; `at`: the end of the last word."""

    at: float


class Finalized(msgspec.Struct, frozen=True, tag="finalized"):
    """All that was sent before a `finalize` has been told. Not every provider says so where there was nothing to tell."""


Heard: TypeAlias = Started | Part | Ended | Finalized


class Listening(Protocol):
    """A stream that is being heard. Send and iterate at once, in two tasks."""

    async def send(self, pcm: bytes) -> None:
        """The next sound, in pieces of any size; waits where the other side does. Raises UpstreamError."""
        ...

    async def finalize(self) -> None:
        """Make what was sent so far final, without waiting for a silence."""
        ...

    async def close(self) -> None:
        """No more is sent; iterating ends when everything was heard."""
        ...

    def __aiter__(self) -> AsyncIterator[Heard]:
        """What is heard, as it is. Raises UpstreamError."""
        ...


Container: TypeAlias = Literal["pcm", "wav", "mp3", "opus", "aac", "flac", "ulaw", "alaw"]


class SoundFormat(msgspec.Struct, frozen=True, kw_only=True):
    """How sound is written. `opus` is Ogg Opus; `pcm`, `ulaw` and `alaw` have no container; `bitrate` in bits a
    second."""

    container: Container = "mp3"
    rate: int = 24_000
    bitrate: int | None = None


class Say(msgspec.Struct, frozen=True, kw_only=True):
    """What to say and how. `voice` is the provider's own id; `settings`: of the voice, by the provider's names
    (ElevenLabs: stability, similarity_boost, style, use_speaker_boost); `timed`: tell when each character is said."""

    model: str
    voice: str
    text: str
    format: SoundFormat = SoundFormat()
    speed: float = 1.0
    language: str | None = None
    settings: Mapping[str, Any] = {}
    timed: bool = False
    more: Mapping[str, Any] = {}


class Timing(msgspec.Struct, frozen=True, kw_only=True):
    """When each character of a piece is said, from the start of the whole. `estimated`: spread over the measured
    length of the piece, and not told by the model."""

    characters: Sequence[str]
    starts: Sequence[float]
    ends: Sequence[float]
    estimated: bool = False


class Spoken(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of speech in the format asked for; joined in order they are the whole file. `duration`: of the piece,
    where it is known already."""

    data: bytes
    timing: Timing | None = None
    duration: float | None = None


class Voice(msgspec.Struct, frozen=True, kw_only=True):
    """A voice of a provider."""

    id: str
    name: str
    language: str | None = None
    description: str = ""
    preview_url: str | None = None


class Hearer(Protocol):
    """Speech to text by one provider. Holds nothing of a call; failures are `UpstreamError` or `ServingProblem`."""

    async def transcribe(self, sound: Sound, how: Listen, connection: Connection) -> Transcript:
        """A whole recording."""
        ...

    def listen(self, how: Listen, connection: Connection) -> AbstractAsyncContextManager[Listening]:
        """A stream; leaving the block closes the upstream at once."""
        ...


class Speaker(Protocol):
    """Text to speech by one provider."""

    def speak(self, what: Say, connection: Connection) -> AsyncGenerator[Spoken]:
        """The sound as it comes. Closing the generator (`aclosing`) ends the upstream's work at once."""
        ...

    async def voices(self, connection: Connection) -> Sequence[Voice]:
        """Whose voices there are."""
        ...
