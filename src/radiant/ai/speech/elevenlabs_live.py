"""ElevenLabs' live transcription: WebSocket /speech-to-text/realtime.

Read: its API reference and official SDK 2.78; run: that SDK against RADIANT's own door, and this against the loopback
server of our tests.
"""

import asyncio
import base64
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlencode

import msgspec
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from radiant.ai.providers.errors import (
    CutStream,
    MalformedStream,
    UpstreamBadCredentials,
    UpstreamBroken,
    UpstreamError,
    UpstreamQuotaExhausted,
    UpstreamRateLimited,
    UpstreamTimeout,
)
from radiant.ai.providers.provider import Connection
from radiant.ai.providers.speech_only import key_headers
from radiant.ai.speech.names import checked_language, checked_model
from radiant.ai.speech.resampling import Resampler
from radiant.ai.speech.sending import socket
from radiant.ai.speech.speech import HEARD_RATE, Finalized, Heard, Listen, Listening, Part, Started, Word
from radiant.infra.http1.addresses import Resolver

_RATES = (8_000, 16_000, 22_050, 24_000, 44_100, 48_000)
_SILENCE = (0.3, 3.0)
# It has nothing to commit: where we asked for the end, this is the end.
_NOTHING = frozenset({"commit_throttled", "insufficient_audio_activity"})
_ERRORS: dict[str, type[UpstreamError]] = {
    "auth_error": UpstreamBadCredentials, "quota_exceeded": UpstreamQuotaExhausted, "rate_limited": UpstreamRateLimited,
}  # fmt: skip


class _Word(msgspec.Struct):
    text: str
    start: float = 0.0
    end: float = 0.0
    type: str = "word"


class _Message(msgspec.Struct):
    message_type: str
    text: str = ""
    words: list[_Word] | None = None
    error: str = ""


@asynccontextmanager
async def listen(resolver: Resolver, how: Listen, connection: Connection) -> AsyncGenerator[Listening]:
    """A stream. Raises UpstreamError, BadSpeechRequest."""
    rate = how.rate if how.rate in _RATES else HEARD_RATE
    query = [
        ("model_id", checked_model(how.model)), ("audio_format", f"pcm_{rate}"), ("commit_strategy", "vad"),
        ("vad_silence_threshold_secs", f"{min(max(how.end_silence, _SILENCE[0]), _SILENCE[1]):g}"),
        ("include_timestamps", "true"), *(("keyterms", term) for term in how.terms[:50]),
    ]  # fmt: skip
    if language := checked_language(how.language):
        query.append(("language_code", language.partition("-")[0].lower()))
    path = f"/speech-to-text/realtime?{urlencode(query)}"
    async with socket(resolver, path, connection, key_headers(connection)) as opened:
        listening = _Live(opened, connection, rate, None if rate == how.rate else Resampler(how.rate))
        try:
            yield listening
        finally:
            listening.leave()


class _Live:
    def __init__(self, opened: ClientConnection, connection: Connection, rate: int, made: Resampler | None) -> None:
        self._socket, self._connection, self._rate, self._made = opened, connection, rate, made
        self._samples = 0
        self._open_from: float | None = None
        self._open = False
        self._closing = False
        self._asked = 0
        self._late = False
        self._timer: asyncio.TimerHandle | None = None

    async def send(self, pcm: bytes) -> None:
        """The next sound."""
        data = self._made.feed(pcm) if self._made else pcm
        if data:
            self._samples += len(data) // 2
            await self._say(data, commit=False)

    async def finalize(self) -> None:
        """Make what was sent so far final."""
        await self._say(b"", commit=True)

    async def close(self) -> None:
        """No more is sent."""
        if self._closing:
            return
        self._closing = True
        if self._open:
            self._timer = asyncio.get_running_loop().call_later(self._connection.timeouts.idle, self._give_up)
            await self._say(b"", commit=True)
        else:
            await self._socket.close()

    def leave(self) -> None:
        """Nobody waits any more."""
        if self._timer is not None:
            self._timer.cancel()

    def _give_up(self) -> None:
        self._late = True
        self._socket.transport.abort()

    async def _say(self, pcm: bytes, *, commit: bool) -> None:
        message = {
            "message_type": "input_audio_chunk", "audio_base_64": base64.b64encode(pcm).decode(), "commit": commit,
            "sample_rate": self._rate,
        }  # fmt: skip
        self._asked += commit
        self._open = not commit
        try:
            await self._socket.send(msgspec.json.encode(message).decode())
        except ConnectionClosed as error:
            raise self._ended(error) from error

    def _ended(self, error: ConnectionClosed) -> UpstreamError:
        provider = self._connection.provider
        if self._late:
            return UpstreamTimeout(f"{provider} did not end its answer in time", provider=provider)
        reason = error.rcvd.reason[:200] if error.rcvd else ""
        return CutStream(f"{provider} cut the stream {reason}".rstrip(), provider=provider)

    async def __aiter__(self) -> AsyncIterator[Heard]:
        """What is heard."""
        provider = self._connection.provider
        while True:
            try:
                message = await self._socket.recv()
            except ConnectionClosed as error:
                if self._closing and not self._late and not self._asked:
                    return
                raise self._ended(error) from error
            try:
                told = msgspec.json.decode(message, type=_Message)
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                raise MalformedStream(f"{provider} sent something else: {error}", provider=provider) from error
            match told.message_type:
                case "session_started" | "committed_transcript":
                    continue
                case "partial_transcript":
                    if told.text and self._open_from is None:
                        self._open_from = self._samples / self._rate
                        yield Started(at=self._open_from)
                    yield self._part(told, final=False)
                case "committed_transcript_with_timestamps":
                    yield self._part(told, final=True)
                    self._open_from = None
                    if self._answered():
                        return
                    yield Finalized()
                case kind if kind in _NOTHING:
                    if self._answered():
                        return
                    yield Finalized()
                case kind if told.error:
                    failed = _ERRORS.get(kind, UpstreamBroken)
                    raise failed(f"{provider} failed: {told.error[:200]}", provider=provider)
                case _:
                    continue

    def _answered(self) -> bool:
        """A commit has its answer; whether that was the last. (What it commits by itself, at a silence, looks the same.)"""
        self._asked = max(self._asked - 1, 0)
        return self._closing and not self._asked

    def _part(self, told: _Message, *, final: bool) -> Part:
        words = [
            Word(word=one.text, start=one.start, end=one.end, shown=one.text)
            for one in told.words or ()
            if one.type == "word"
        ]
        start = words[0].start if words else self._open_from or 0.0
        end = words[-1].end if words else self._samples / self._rate
        return Part(
            text=told.text.strip(), start=start, duration=max(end - start, 0.0), words=words, final=final, ended=final
        )
