"""What the processes of the embedded speech models say over HTTP: see `serving.whisper_child` and `kokoro_child`."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import msgspec

from radiant.ai.providers.errors import CutStream, MalformedStream
from radiant.ai.providers.provider import Connection, Secret, Timeouts
from radiant.ai.providers.wire import Deadline, call_bytes, call_json
from radiant.ai.serving.running import Endpoint
from radiant.infra.httpclient import HttpClient

PROVIDER = "local"
# A window of thirty seconds takes three on an idle core; others may be before it, and the machine may be busy.
_TIMEOUTS = Timeouts(connect=5.0, first=300.0, idle=300.0)
_MOST_HEAD = 2**16
_MOST_FRAME = 2**26


class HeardWord(msgspec.Struct):
    """A word, with its punctuation and the space before it."""

    word: str
    start: float
    end: float
    probability: float


class Line(msgspec.Struct):
    """A line of a transcript, of any kind."""

    kind: str
    language: str = ""
    probability: float = 0.0
    duration: float = 0.0
    text: str = ""
    start: float = 0.0
    end: float = 0.0
    confidence: float = 0.0
    words: list[HeardWord] = []


class Frame(msgspec.Struct):
    """The head of a phrase."""

    start: int = 0
    end: int = 0
    bytes: int = 0
    duration: float = 0.0
    done: bool = False


class WireVoice(msgspec.Struct):
    """A voice."""

    id: str
    name: str
    language: str
    description: str


class Voices(msgspec.Struct):
    """All of them."""

    voices: list[WireVoice]


_line = msgspec.json.Decoder(Line).decode
_frame = msgspec.json.Decoder(Frame).decode


async def transcribe(http: HttpClient, endpoint: Endpoint, body: dict[str, Any]) -> AsyncGenerator[Line]:
    """The lines as they are heard, without the last. Closing it stops the work. Raises UpstreamError."""
    connection = _at(endpoint)
    pieces = call_bytes(http, "/transcribe", connection, _headers(endpoint), msgspec.json.encode(body), Deadline(None))
    rest = b""
    async with aclosing(pieces):
        async for piece in pieces:
            *whole, rest = (rest + piece).split(b"\n")
            for text in whole:
                line = _read(_line, text)
                if line.kind == "done":
                    return
                yield line
    raise CutStream(f"{endpoint.model_id} ended in mid-transcript", provider=PROVIDER)


async def speak(http: HttpClient, endpoint: Endpoint, body: dict[str, Any]) -> AsyncGenerator[tuple[Frame, bytes]]:
    """The phrases as they are spoken. Closing it stops the work. Raises UpstreamError."""
    connection = _at(endpoint)
    pieces = call_bytes(http, "/speak", connection, _headers(endpoint), msgspec.json.encode(body), Deadline(None))
    rest = bytearray()
    async with aclosing(pieces):
        async for piece in pieces:
            rest += piece
            while len(rest) >= 4:
                size = int.from_bytes(rest[:4], "little")
                if size > _MOST_HEAD:
                    raise MalformedStream("the local voice sent no frame", provider=PROVIDER)
                if len(rest) < 4 + size:
                    break
                head = _read(_frame, bytes(rest[4 : 4 + size]))
                if head.done:
                    return
                if not 0 <= head.bytes <= _MOST_FRAME:
                    raise MalformedStream("the local voice sent a frame of no sensible size", provider=PROVIDER)
                end = 4 + size + head.bytes
                if len(rest) < end:
                    break
                sound = bytes(rest[4 + size : end])
                del rest[:end]
                yield head, sound
    raise CutStream(f"{endpoint.model_id} ended in mid-speech", provider=PROVIDER)


async def voices(http: HttpClient, endpoint: Endpoint) -> list[WireVoice]:
    """Whose voices the model has. Raises UpstreamError."""
    connection = _at(endpoint)
    answer = await call_json(http, "GET", "/voices", connection, _headers(endpoint), None, Voices, Deadline(30.0))
    return answer.voices


def _read(decode: Any, text: bytes) -> Any:
    try:
        return decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MalformedStream(f"the local model sent something else: {error}", provider=PROVIDER) from error


def _headers(endpoint: Endpoint) -> dict[str, str]:
    return {"content-type": "application/json", "authorization": f"Bearer {endpoint.api_key}"}


def _at(endpoint: Endpoint) -> Connection:
    return Connection(
        provider=PROVIDER,
        base_url=endpoint.base_url,
        api_key=Secret(endpoint.api_key),
        timeouts=_TIMEOUTS,
        allow_private=True,
        keep_alive=False,
    )
