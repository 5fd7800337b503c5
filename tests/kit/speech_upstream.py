"""Upstreams that hear and speak, over loopback: Deepgram's, ElevenLabs' and OpenAI's protocols, well and badly.

    async with speech_upstream() as upstream:
        upstream.plan(Refuse(429))
        ... call upstream.url + "/listen" ...

Each request takes the next planned behaviour, else does as it is asked. `upstream.gone` is set when a client went away
in mid-answer. The sound it says is silence, one thousand samples a character, in the format asked for as far as that
matters: of PCM the samples, else bytes that name the format.
"""

import asyncio
import base64
import json
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web


@dataclass(frozen=True)
class Refuse:
    """An error answer, in the words of `style`: deepgram, elevenlabs, openai."""

    status: int
    style: str = "deepgram"
    code: str = "INVALID"
    message: str = "no"


@dataclass(frozen=True)
class Cut:
    """Some of the answer, then the connection is cut. Of a WebSocket: it is closed with `code`."""

    code: int = 1011
    reason: str = "NET-0000"


@dataclass(frozen=True)
class Hang:
    """Some of the answer, then silence; of what has no parts, nothing."""


@dataclass(frozen=True)
class Raw:
    """These bytes instead."""

    body: bytes
    content_type: str = "application/json"


Behaviour = Refuse | Cut | Hang | Raw


@dataclass(frozen=True)
class Received:
    """A request as it came."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = b""
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass
class SpeechUpstream:
    """A running one. `words` is what it hears in whatever it is sent."""

    url: str = ""
    key: str | None = None
    words: str = "it was the best of times"
    requests: list[Received] = field(default_factory=list)
    control: list[str] = field(default_factory=list)
    sound: bytearray = field(default_factory=bytearray)
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    scripted: bool = False
    """Of streams: it hears nothing by itself, and tells what the test tells it to (`tells`)."""
    streams: asyncio.Queue[web.WebSocketResponse] = field(default_factory=asyncio.Queue)
    _live: web.WebSocketResponse | None = None
    _plan: deque[Behaviour] = field(default_factory=deque)

    def plan(self, *behaviours: Behaviour) -> None:
        """What the next requests get, one each."""
        self._plan.extend(behaviours)

    async def live(self) -> web.WebSocketResponse:
        """The newest stream, once there is one."""
        while self._live is None or not self.streams.empty():
            self._live = await self.streams.get()
        return self._live

    async def starts(self, at: float) -> None:
        """Somebody speaks on the stream."""
        await (await self.live()).send_json({"type": "SpeechStarted", "channel": [0, 1], "timestamp": at})

    async def tells(self, text: str, start: float, *, final: bool = True, ended: bool | None = None) -> None:
        """What was heard on the stream, half a second a word."""
        words = [
            {"word": word, "start": start + at * 0.5, "end": start + at * 0.5 + 0.4, "confidence": 0.9}
            for at, word in enumerate(text.split())
        ]
        best = {"transcript": text, "confidence": 0.9, "words": words}
        await (await self.live()).send_json({
            "type": "Results", "channel_index": [0, 1], "start": start, "duration": len(words) * 0.5, "is_final": final,
            "speech_final": final if ended is None else ended, "channel": {"alternatives": [best]},
            "metadata": {"request_id": "a", "model_uuid": "u",
                         "model_info": {"name": "m", "version": "1", "arch": "n"}},
        })  # fmt: skip

    def next(self) -> Behaviour | None:
        return self._plan.popleft() if self._plan else None


def _error(refuse: Refuse) -> Any:
    if refuse.style == "elevenlabs":
        return {"detail": {"status": refuse.code, "message": refuse.message}}
    if refuse.style == "openai":
        return {"error": {"code": refuse.code, "message": refuse.message, "type": "error"}}
    return {"err_code": refuse.code, "err_msg": refuse.message, "request_id": "r"}


class _Server:
    def __init__(self, upstream: SpeechUpstream) -> None:
        self._upstream = upstream

    async def take(self, request: web.Request) -> web.StreamResponse:
        upstream = self._upstream
        fields = dict[str, str]()
        if request.content_type == "multipart/form-data":
            form = await request.post()
            fields = {name: value for name, value in form.items() if isinstance(value, str)}
            file: Any = form["file"]
            body = await asyncio.to_thread(file.file.read)
            file.file.close()
        else:
            body = await request.read()
        upstream.requests.append(
            Received(request.method, request.path, dict(request.query), dict(request.headers), body, fields)
        )
        behaviour = upstream.next()
        given = request.headers.get("Authorization") or request.headers.get("xi-api-key")
        if upstream.key is not None and given not in (upstream.key, f"Token {upstream.key}", f"Bearer {upstream.key}"):
            behaviour = Refuse(401, code="INVALID_AUTH", message="Invalid credentials.")
        if isinstance(behaviour, Refuse):
            return web.json_response(_error(behaviour), status=behaviour.status)
        if isinstance(behaviour, Raw):
            return web.Response(body=behaviour.body, content_type=behaviour.content_type)
        path = request.path.removeprefix("/v1")
        if path == "/listen" and request.headers.get("Upgrade", "").lower() == "websocket":
            return await self._live(request, behaviour)
        if path == "/speech-to-text/realtime":
            return await self._scribe_live(request, behaviour)
        if path in ("/listen", "/speech-to-text", "/audio/transcriptions"):
            answer = {"/listen": self._deepgram, "/speech-to-text": self._scribe}.get(path, self._whisper)()
            return await self._whole(request, json.dumps(answer).encode(), "application/json", behaviour)
        if path == "/speak":
            text = json.loads(body)["text"]
            return await self._said(request, self._sound(text, request.query.get("encoding", "mp3")), behaviour)
        if path == "/audio/speech":
            asked = json.loads(body)
            return await self._said(request, self._sound(asked["input"], asked["response_format"]), behaviour)
        if path.startswith("/text-to-speech/"):
            text, form = json.loads(body)["text"], request.query.get("output_format", "mp3_44100_128")
            if path.endswith("/with-timestamps"):
                return await self._timed(request, text, form, behaviour)
            return await self._said(request, self._sound(text, form), behaviour)
        return web.json_response(_LISTS["/" + path.strip("/")])

    def _sound(self, text: str, form: str) -> list[bytes]:
        plain = form.startswith(("pcm", "linear16"))
        return [b"\0\0" * 1000 if plain else f"<{form}>".encode() for _ in text]

    async def _whole(
        self, request: web.Request, body: bytes, content_type: str, behaviour: Behaviour | None
    ) -> web.StreamResponse:
        if behaviour is None:
            return web.Response(body=body, content_type=content_type)
        if isinstance(behaviour, Hang):
            await self._until_gone(request)
        return await self._pieces(request, [body[:10], body[10:]], content_type, behaviour)

    async def _said(self, request: web.Request, pieces: list[bytes], behaviour: Behaviour | None) -> web.StreamResponse:
        return await self._pieces(request, pieces, "audio/mpeg", behaviour)

    async def _timed(
        self, request: web.Request, text: str, form: str, behaviour: Behaviour | None
    ) -> web.StreamResponse:
        lines = list[bytes]()
        for at, (letter, sound) in enumerate(zip(text, self._sound(text, form), strict=True)):
            told = {
                "characters": [letter], "character_start_times_seconds": [at * 0.1],
                "character_end_times_seconds": [at * 0.1 + 0.1],
            }  # fmt: skip
            line = {"audio_base64": base64.b64encode(sound).decode(), "alignment": told, "normalized_alignment": told}
            lines.append(json.dumps(line).encode() + b"\n")
        return await self._pieces(request, lines, "application/json", behaviour)

    async def _pieces(
        self, request: web.Request, pieces: list[bytes], content_type: str, behaviour: Behaviour | None
    ) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": content_type})
        await response.prepare(request)
        for place, piece in enumerate(pieces):
            if place == 1 and isinstance(behaviour, Cut):
                assert request.transport is not None
                request.transport.abort()
                return response
            if place == 1 and isinstance(behaviour, Hang):
                await self._until_gone(request)
            await response.write(piece)
        await response.write_eof()
        return response

    async def _until_gone(self, request: web.Request) -> None:
        """Wait until the client has gone: then this task is cancelled."""
        try:
            await asyncio.Event().wait()
        finally:
            self._upstream.gone.set()

    # --- what is heard ---

    def _words(self) -> list[dict[str, Any]]:
        return [
            {"word": word, "start": at * 0.5, "end": at * 0.5 + 0.4, "confidence": 0.9, "speaker": 0,
             "punctuated_word": word.capitalize() if not at else word}
            for at, word in enumerate(self._upstream.words.split())
        ]  # fmt: skip

    def _deepgram(self) -> Any:
        best = {"transcript": self._upstream.words, "confidence": 0.97, "words": self._words()}
        return {
            "metadata": {"request_id": "a", "created": "2026-01-01T00:00:00Z", "duration": 3.25, "channels": 1,
                         "sha256": "x", "models": ["m"], "model_info": {}, "transaction_key": "deprecated"},
            "results": {"channels": [{"alternatives": [best], "detected_language": "en"}]},
        }  # fmt: skip

    def _scribe(self) -> Any:
        words = list[dict[str, Any]]()
        for one in self._words():
            words += [
                {"text": one["word"], "start": one["start"], "end": one["end"], "type": "word",
                 "speaker_id": "speaker_0", "logprob": -0.1},
                {"text": " ", "start": one["end"], "end": one["end"], "type": "spacing", "logprob": 0.0},
            ]  # fmt: skip
        return {"language_code": "eng", "language_probability": 0.98, "text": self._upstream.words, "words": words}

    def _whisper(self) -> Any:
        words = [{name: one[name] for name in ("word", "start", "end")} for one in self._words()]
        return {
            "task": "transcribe",
            "language": "english",
            "duration": 3.25,
            "text": self._upstream.words,
            "words": words,
        }

    async def _live(self, request: web.Request, behaviour: Behaviour | None) -> web.StreamResponse:
        upstream = self._upstream
        socket = web.WebSocketResponse()
        await socket.prepare(request)

        def results(*, final: bool, ended: bool) -> dict[str, Any]:
            best = {"transcript": upstream.words, "confidence": 0.9, "words": self._words()}
            return {
                "type": "Results", "channel_index": [0, 1], "start": 0.0, "duration": 3.0, "is_final": final,
                "speech_final": ended, "channel": {"alternatives": [best]},
                "metadata": {"request_id": "a", "model_uuid": "u",
                             "model_info": {"name": "m", "version": "1", "arch": "n"}},
            }  # fmt: skip

        begun = upstream.scripted
        upstream.streams.put_nowait(socket)
        try:
            async for message in socket:
                if message.type == WSMsgType.BINARY:
                    upstream.sound += message.data
                    if not begun:
                        begun = True
                        await socket.send_json({"type": "SpeechStarted", "channel": [0, 1], "timestamp": 0.2})
                        await socket.send_json(results(final=False, ended=False))
                        if isinstance(behaviour, Cut):
                            await socket.close(code=behaviour.code, message=behaviour.reason.encode())
                            return socket
                    continue
                told = json.loads(message.data)["type"]
                upstream.control.append(told)
                if isinstance(behaviour, Hang) or (upstream.scripted and told == "Finalize"):
                    continue
                if told == "Finalize":
                    await socket.send_json({**results(final=True, ended=True), "from_finalize": True})
                    await socket.send_json({"type": "UtteranceEnd", "channel": [0, 1], "last_word_end": 2.9})
                elif told == "CloseStream":
                    await socket.send_json({
                        "type": "Metadata", "transaction_key": "deprecated", "request_id": "a", "sha256": "x",
                        "created": "2026-01-01T00:00:00Z", "duration": 3.0, "channels": 1,
                    })  # fmt: skip
                    await socket.close()
                    return socket
        finally:
            upstream.gone.set()
        return socket

    async def _scribe_live(self, request: web.Request, behaviour: Behaviour | None) -> web.StreamResponse:
        """A stretch is final when it is committed."""
        upstream = self._upstream
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_json({"message_type": "session_started", "session_id": "s", "config": {}})
        heard = 0
        try:
            async for message in socket:
                told = json.loads(message.data)
                sound = base64.b64decode(told["audio_base_64"])
                upstream.sound += sound
                heard += len(sound)
                if isinstance(behaviour, Cut):
                    await socket.send_json({"message_type": "transcriber_error", "error": behaviour.reason})
                    return socket
                if sound and not isinstance(behaviour, Hang):
                    await socket.send_json({"message_type": "partial_transcript", "text": upstream.words[:6]})
                if told["commit"] and not isinstance(behaviour, Hang):
                    upstream.control.append("commit")
                    if not heard:
                        await socket.send_json({"message_type": "commit_throttled", "error": "nothing to commit"})
                        continue
                    heard = 0
                    whole = {"text": upstream.words, "language_code": "en", "words": self._scribe()["words"]}
                    await socket.send_json({"message_type": "committed_transcript", "text": upstream.words})
                    await socket.send_json({"message_type": "committed_transcript_with_timestamps", **whole})
        finally:
            upstream.gone.set()
        return socket


_LISTS: Mapping[str, Any] = {
    "/projects": {"projects": []},
    "/models": {
        "stt": [],
        "tts": [
            {"name": "thalia", "canonical_name": "aura-2-thalia-en", "architecture": "aura-2", "languages": ["en", "en-US"],
             "version": "1", "uuid": "u", "metadata": {"accent": "American", "tags": ["clear", "calm"],
                                                        "sample": "https://samples.example.com/thalia.wav"}}
        ],
    },
    "/voices": {
        "voices": [
            {"voice_id": "EXAVITQu4vr4xnSDxMaL", "name": "Sarah", "category": "premade", "labels": {"accent": "american"},
             "preview_url": "https://samples.example.com/sarah.mp3"}
        ]
    },
}  # fmt: skip


@asynccontextmanager
async def speech_upstream(key: str | None = None) -> AsyncIterator[SpeechUpstream]:
    """Serve until the block ends. `key`: the only one that is let in."""
    upstream = SpeechUpstream(key=key)
    app = web.Application(client_max_size=2**30)
    app.router.add_route("*", "/v1/{rest:.*}", _Server(upstream).take)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    upstream.url = f"http://127.0.0.1:{port}/v1"
    try:
        yield upstream
    finally:
        await runner.cleanup()
