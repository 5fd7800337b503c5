"""Deepgram: recordings (POST /listen), streams (WebSocket /listen), voices (POST /speak).

Read: its API reference and official SDK 7.17; run: that SDK against the loopback server that our tests use.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import Any
from urllib.parse import urlencode

import msgspec
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from radiant.ai.providers.errors import (
    CutStream,
    MalformedStream,
    UpstreamBadRequest,
    UpstreamBroken,
    UpstreamError,
    UpstreamTimeout,
)
from radiant.ai.providers.provider import Connection
from radiant.ai.providers.retry import RETRIES
from radiant.ai.providers.speech_only import key_headers
from radiant.ai.providers.wire import Deadline, call_json
from radiant.ai.speech.media import check_format
from radiant.ai.speech.names import checked_language, checked_model, checked_voice, only
from radiant.ai.speech.sending import parts_of, posted, recording, socket, sound_of, written
from radiant.ai.speech.speech import (
    Ended,
    Finalized,
    Heard,
    Listen,
    Listening,
    Part,
    Say,
    Sound,
    Spoken,
    Started,
    Transcript,
    Voice,
    Word,
)
from radiant.infra.http1.addresses import Resolver
from radiant.infra.httpclient import HttpClient

MOST_BYTES = 500 * 10**6
_MOST_CHARACTERS = 2000
# It hangs up after ten seconds in which it hears nothing.
_KEEP_ALIVE = 4.0
_UTTERANCE_END = 1000
# Whose addresses Deepgram would call itself (callback, …) are not among them.
_MORE = frozenset({
    "punctuate", "numerals", "profanity_filter", "redact", "filler_words", "paragraphs", "utterances", "utt_split",
    "detect_language", "measurements", "dictation", "replace", "search", "tag", "mip_opt_out", "version", "sentiment",
    "topics", "intents", "summarize", "detect_entities", "no_delay", "interim_results", "endpointing",
    "utterance_end_ms", "vad_events",
})  # fmt: skip
_RATES = {
    "pcm": (8_000, 16_000, 24_000, 32_000, 48_000), "wav": (8_000, 16_000, 24_000, 32_000, 48_000),
    "flac": (8_000, 16_000, 22_050, 32_000, 48_000), "ulaw": (8_000, 16_000), "alaw": (8_000, 16_000),
}  # fmt: skip


class _Word(msgspec.Struct):
    word: str
    start: float
    end: float
    confidence: float | None = None
    punctuated_word: str | None = None
    speaker: int | None = None

    def neutral(self) -> Word:
        return Word(
            word=self.word, start=self.start, end=self.end, confidence=self.confidence, shown=self.punctuated_word,
            speaker=self.speaker,
        )  # fmt: skip


class _Alternative(msgspec.Struct):
    transcript: str
    confidence: float | None = None
    words: list[_Word] = []
    languages: list[str] = []


class _Channel(msgspec.Struct):
    alternatives: list[_Alternative]
    detected_language: str | None = None


class _Results(msgspec.Struct):
    channels: list[_Channel]


class _Metadata(msgspec.Struct):
    duration: float = 0.0


class _Answer(msgspec.Struct):
    results: _Results
    metadata: _Metadata = msgspec.field(default_factory=_Metadata)


class _Message(msgspec.Struct):
    """Any of what a stream says, by `type`."""

    type: str
    start: float = 0.0
    duration: float = 0.0
    is_final: bool = False
    speech_final: bool = False
    from_finalize: bool = False
    timestamp: float = 0.0
    last_word_end: float = 0.0
    channel: _Channel | list[int] | None = None
    description: str = ""
    message: str = ""


class _Speaks(msgspec.Struct):
    name: str
    canonical_name: str
    languages: list[str] = []
    metadata: dict[str, Any] = {}


class _Models(msgspec.Struct):
    tts: list[_Speaks] = []


class Deepgram:
    """A `Hearer` and a `Speaker`."""

    def __init__(self, http: HttpClient, *, resolver: Resolver | None = None, retries: int = RETRIES) -> None:
        self._http = http
        self._resolver = resolver or Resolver()
        self.retries = retries

    async def transcribe(self, sound: Sound, how: Listen, connection: Connection) -> Transcript:
        """A whole recording. Raises UpstreamError, BadSpeechRequest."""
        query = _query(how)
        if how.language is None:
            query.append(("detect_language", "true"))
        data, media_type = await recording(sound, MOST_BYTES, connection.provider)
        headers = {**key_headers(connection), "Content-Type": media_type}
        path = f"/listen?{urlencode(_with(query, how.more))}"
        answer, text = await posted(self._http, path, connection, headers, data, _Answer, self.retries)
        channel = answer.results.channels[0] if answer.results.channels else None
        if channel is None or not channel.alternatives:
            return Transcript(text="", language=how.language, duration=answer.metadata.duration or sound.duration)
        best = channel.alternatives[0]
        return Transcript(
            text=best.transcript,
            words=[word.neutral() for word in best.words] if how.words else (),
            language=channel.detected_language or next(iter(best.languages), None) or how.language,
            confidence=best.confidence,
            duration=answer.metadata.duration or sound.duration,
            raw=msgspec.json.decode(text),
        )

    @asynccontextmanager
    async def listen(self, how: Listen, connection: Connection) -> AsyncGenerator[Listening]:
        """A stream. Raises UpstreamError, BadSpeechRequest."""
        query = [
            *_query(how), ("encoding", "linear16"), ("sample_rate", str(how.rate)), ("channels", "1"),
            ("interim_results", "true"), ("endpointing", str(max(10, round(how.end_silence * 1000)))),
            ("utterance_end_ms", str(_UTTERANCE_END)), ("vad_events", "true"),
        ]  # fmt: skip
        if how.language is None and how.model.startswith("nova-3"):
            query.append(("language", "multi"))
        path = f"/listen?{urlencode(_with(query, how.more))}"
        async with socket(self._resolver, path, connection, key_headers(connection)) as opened:
            listening = _Live(opened, connection)
            try:
                yield listening
            finally:
                await listening.leave()

    async def speak(self, what: Say, connection: Connection) -> AsyncGenerator[Spoken]:
        """The sound as it comes. Raises UpstreamError, BadSpeechRequest, UnwritableFormat."""
        check_format(what.format)
        voice = checked_voice(what.voice)
        model = voice if voice.startswith("aura") else f"{checked_voice(what.model)}-{voice}"
        texts = parts_of(what.text, _MOST_CHARACTERS)
        container, rate = what.format.container, what.format.rate
        native = {
            "mp3": {"encoding": "mp3", "bit_rate": "32000" if what.format.bitrate == 32_000 else "48000"},
            "opus": {"encoding": "opus", "container": "ogg"},
            "aac": {"encoding": "aac"},
            "flac": {"encoding": "flac", "sample_rate": str(rate)},
            "ulaw": {"encoding": "mulaw", "sample_rate": str(rate), "container": "none"},
            "alaw": {"encoding": "alaw", "sample_rate": str(rate), "container": "none"},
        }.get(container)
        joined = container in ("mp3", "ulaw", "alaw", "aac") or len(texts) == 1
        if native is not None and joined and rate in _RATES.get(container, (rate,)) and texts:
            said = self._said(texts, {"model": model, **native}, what, connection)
        else:
            heard = rate if rate in _RATES["pcm"] else 48_000
            plain = {"model": model, "encoding": "linear16", "sample_rate": str(heard), "container": "none"}
            said = written(self._said(texts, plain, what, connection), heard, what.format)
        async with aclosing(said):
            async for piece in said:
                yield piece

    async def _said(
        self, texts: Sequence[str], query: Mapping[str, str], what: Say, connection: Connection
    ) -> AsyncGenerator[Spoken]:
        asked = {**query, "speed": f"{what.speed:g}"} if what.speed != 1.0 else query
        headers = {**key_headers(connection), "Content-Type": "application/json"}
        for text in texts:
            body = msgspec.json.encode({"text": text})
            sound = sound_of(self._http, f"/speak?{urlencode(asked)}", connection, headers, body, self.retries)
            async with aclosing(sound):
                async for data in sound:
                    yield Spoken(data=data)

    async def voices(self, connection: Connection) -> Sequence[Voice]:
        """Its voices; each is a model to it. Raises UpstreamError."""
        deadline = Deadline(connection.timeouts.total)
        headers = key_headers(connection)
        found = await call_json(self._http, "GET", "/models", connection, headers, None, _Models, deadline)
        return [
            Voice(
                id=one.canonical_name,
                name=str(one.metadata.get("display_name") or one.name.capitalize()),
                language=next(iter(one.languages), None),
                description=", ".join(map(str, one.metadata.get("tags") or ())),
                preview_url=one.metadata.get("sample"),
            )
            for one in found.tts
        ]


def _query(how: Listen) -> list[tuple[str, str]]:
    only(how.more, _MORE)
    query = [("model", checked_model(how.model)), ("smart_format", "true" if how.smart_format else "false")]
    if language := checked_language(how.language):
        query.append(("language", language))
    if how.diarize:
        query.append(("diarize", "true"))
    # What nova-3 is told to expect, older ones are told to weigh.
    name = "keyterm" if how.model.startswith(("nova-3", "flux")) else "keywords"
    return [*query, *((name, term) for term in how.terms)]


def _with(query: Sequence[tuple[str, str]], more: Mapping[str, str]) -> list[tuple[str, str]]:
    return [*(pair for pair in query if pair[0] not in more), *more.items()]


class _Live:
    """A stream that is being heard."""

    def __init__(self, opened: ClientConnection, connection: Connection) -> None:
        self._socket = opened
        self._connection = connection
        self._closing = False
        self._late = False
        self._timer: asyncio.TimerHandle | None = None
        self._heard_at = asyncio.get_running_loop().time()
        self._keeping = asyncio.create_task(self._keep_alive())

    async def send(self, pcm: bytes) -> None:
        """The next sound."""
        # An empty message ends the stream.
        if pcm:
            self._heard_at = asyncio.get_running_loop().time()
            await self._say(pcm)

    async def finalize(self) -> None:
        """Make what was sent so far final."""
        await self._say('{"type":"Finalize"}')

    async def close(self) -> None:
        """No more is sent."""
        if not self._closing:
            self._closing = True
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(self._connection.timeouts.idle, self._give_up)
            await self._say('{"type":"CloseStream"}')

    async def leave(self) -> None:
        """End what runs beside it."""
        if self._timer is not None:
            self._timer.cancel()
        self._keeping.cancel()
        await asyncio.gather(self._keeping, return_exceptions=True)

    def _give_up(self) -> None:
        self._late = True
        self._socket.transport.abort()

    async def _keep_alive(self) -> None:
        loop = asyncio.get_running_loop()
        with contextlib.suppress(ConnectionClosed):
            while True:
                await asyncio.sleep(_KEEP_ALIVE)
                if loop.time() - self._heard_at >= _KEEP_ALIVE and not self._closing:
                    await self._socket.send('{"type":"KeepAlive"}')

    async def _say(self, message: str | bytes) -> None:
        try:
            await self._socket.send(message)
        except ConnectionClosed as error:
            raise self._ended(error) from error

    def _ended(self, error: ConnectionClosed) -> UpstreamError:
        provider = self._connection.provider
        if self._late:
            return UpstreamTimeout(f"{provider} did not end its answer in time", provider=provider)
        code, reason = (error.rcvd.code, error.rcvd.reason) if error.rcvd else (1006, "")
        if code == 1008:
            return UpstreamBadRequest(f"{provider} cannot hear this: {reason[:200]}", provider=provider)
        if code == 1011 and "NET-0001" not in reason:
            return UpstreamBroken(f"{provider} failed: {reason[:200]}", provider=provider)
        return CutStream(f"{provider} cut the stream", provider=provider)

    async def __aiter__(self) -> AsyncIterator[Heard]:
        """What is heard."""
        provider = self._connection.provider
        whole = False
        while True:
            try:
                message = await self._socket.recv()
            except ConnectionClosed as error:
                if whole and not self._late:
                    return
                raise self._ended(error) from error
            try:
                told = msgspec.json.decode(message, type=_Message)
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                raise MalformedStream(f"{provider} sent something else: {error}", provider=provider) from error
            if told.type == "Metadata":
                # The last that it says; of a stream that was not closed, of one that it gave up.
                whole = self._closing
            elif told.type == "Results" and isinstance(told.channel, _Channel):
                if (part := _part(told, told.channel)) is not None:
                    yield part
                if told.from_finalize:
                    yield Finalized()
            elif told.type == "SpeechStarted":
                yield Started(at=told.timestamp)
            elif told.type == "UtteranceEnd":
                yield Ended(at=told.last_word_end)
            elif told.type == "Error":
                words = (told.description or told.message)[:200]
                raise UpstreamBroken(f"{provider} failed: {words}", provider=provider)


def _part(told: _Message, channel: _Channel) -> Part | None:
    if not channel.alternatives:
        return None
    best = channel.alternatives[0]
    return Part(
        text=best.transcript, start=told.start, duration=told.duration, words=[word.neutral() for word in best.words],
        confidence=best.confidence, final=told.is_final, ended=told.speech_final,
    )  # fmt: skip
