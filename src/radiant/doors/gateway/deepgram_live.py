"""WS /v1/listen: Deepgram's live transcription, by any model that hears.
https://developers.deepgram.com/reference/speech-to-text/listen-streaming"""

import asyncio
import contextlib
from datetime import UTC, datetime
from typing import Any

import msgspec
import structlog
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from radiant.ai.inference.metered import Labels
from radiant.ai.speech.service import AUTO, ListeningIt
from radiant.ai.speech.speech import Ended, Heard, Part, Started, Transcript
from radiant.doors.gateway.deepgram import Query, how_of, words_of
from radiant.doors.gateway.lanes import Engine
from radiant.doors.gateway.openai_request import BadRequest
from radiant.foundation.identity.callers import Caller
from radiant.kit.errors import Problem, Unauthenticated
from radiant.kit.ids import uuid7
from radiant.kit.text import quoted

log = structlog.get_logger()

PATH = "/v1/listen"
# Who sends neither sound nor KeepAlive for so long has gone (Deepgram's NET-0001).
_SILENT_SECONDS = 10.0
_LONGEST_SECONDS = 4 * 3600.0


class _Control(msgspec.Struct):
    type: str = ""


async def listen_live(engine: Engine, scope: Scope, receive: Receive, send: Send) -> None:
    """One socket, from its handshake to its end."""
    socket = WebSocket(scope, receive, send)
    await socket.receive()  # its wish to be opened
    try:
        caller, subprotocol = await _identified(engine, socket)
        live = _Live(engine, socket, caller)
        listening = await live.begin()
    except Problem as problem:
        body = {"err_code": problem.slug, "err_msg": problem.detail, "request_id": ""}
        status = {422: 400, 402: 429}.get(problem.status, problem.status)
        await socket.send_denial_response(Response(msgspec.json.encode(body), status, media_type="application/json"))
        return
    try:
        async with listening:
            await socket.accept(subprotocol)
            await live.run(listening)
    except WebSocketDisconnect:
        pass
    except Problem as problem:
        await live.hang_up(1011 if problem.status >= 500 else 1008, problem.detail)
    except Exception as error:
        log.error("bug", path=PATH, tenant=str(caller.tenant_id), user=str(caller.user_id), exc_info=error)
        await live.hang_up(1011, "something went wrong on our side")


async def _identified(engine: Engine, socket: WebSocket) -> tuple[Caller, str | None]:
    """The caller by the key in Authorization, or as browsers send it: the second of the subprotocols `token, KEY`."""
    scheme, _, secret = socket.headers.get("authorization", "").partition(" ")
    offered: list[str] = socket.scope.get("subprotocols") or []
    if len(offered) == 2 and offered[0].lower() in ("token", "bearer"):
        scheme, secret = offered
    if scheme.lower() not in ("token", "bearer") or not secret.strip():
        raise Unauthenticated("send an API key: Authorization: Token rad_…")
    caller = await engine.keys.recognise(secret.strip())
    caller.require_scope("inference")
    return caller, offered[0] if offered else None


class _Live:
    def __init__(self, engine: Engine, socket: WebSocket, caller: Caller) -> None:
        query = Query(str(socket.url.query))
        if query.text("encoding", "linear16") != "linear16":
            raise BadRequest("encoding: a stream is heard as linear16; recordings of other kinds by POST", "encoding")
        if query.whole("channels", 1, 1, 8) != 1:
            raise BadRequest("channels: a stream has one", "channels")
        silence = query.text("endpointing", "300")
        wait = 10 if silence == "false" else query.whole("endpointing", 300, 10, 5000) / 1000
        rate = query.whole("sample_rate", 16_000, 8000, 48_000)
        self._how = msgspec.structs.replace(how_of(query), rate=rate, end_silence=wait)
        self._name = query.text("model", AUTO)
        self._interim = query.flag("interim_results")
        self._events = query.flag("vad_events")
        self._utterances = bool(query.text("utterance_end_ms"))
        self._engine, self._socket, self._caller = engine, socket, caller
        self._id = f"req_{uuid7().hex}"
        self._asked_final = False

    async def begin(self) -> ListeningIt:
        """Somebody who listens. Raises as `Speech.listen` does."""
        labels = Labels(protocol="deepgram", streamed=True, request_id=self._id)
        return await self._engine.speech.listen(self._caller, self._name, self._how, labels)

    async def run(self, listening: ListeningIt) -> None:
        """Until the client has sent all and was told all."""
        sending = asyncio.create_task(self._tell(listening))
        receiving = asyncio.create_task(self._hear(listening))
        try:
            await asyncio.wait({sending, receiving}, return_when=asyncio.FIRST_EXCEPTION)
            for task in (receiving, sending):
                if task.done():
                    task.result()
        finally:
            for task in (sending, receiving):
                task.cancel()
            await asyncio.gather(sending, receiving, return_exceptions=True)
        told = {
            "type": "Metadata", "transaction_key": "deprecated", "request_id": self._id, "sha256": "",
            "created": datetime.now(UTC).isoformat(), "duration": round(listening.seconds, 3), "channels": 1,
        }  # fmt: skip
        await self._send(told)
        await self.hang_up(1000, "")

    async def _hear(self, listening: ListeningIt) -> None:
        while True:
            try:
                async with asyncio.timeout(_SILENT_SECONDS):
                    message = await self._socket.receive()
            except TimeoutError as error:
                raise BadRequest("NET-0001: neither sound nor KeepAlive came for ten seconds") from error
            if message["type"] == "websocket.disconnect":
                raise WebSocketDisconnect(message.get("code", 1006))
            if pcm := message.get("bytes"):
                if listening.seconds > _LONGEST_SECONDS:
                    raise BadRequest("a stream may last four hours; begin another one")
                await listening.send(pcm)
            elif (text := message.get("text")) and await self._ends(listening, text):
                await listening.close()
                return

    async def _ends(self, listening: ListeningIt, text: str) -> bool:
        try:
            control = msgspec.json.decode(text, type=_Control)
        except msgspec.DecodeError as error:
            raise BadRequest(f"DATA-0000: a text message is a JSON object with a type: {error}") from error
        match control.type:
            case "KeepAlive":
                return False
            case "Finalize":
                self._asked_final = True
                await listening.finalize()
                return False
            case "CloseStream":
                return True
            case _:
                raise BadRequest(f"there is no message of type {quoted(control.type)}")

    async def _tell(self, listening: ListeningIt) -> None:
        model = listening.bill.model
        about = {
            "request_id": self._id, "model_uuid": model.id,
            "model_info": {"name": model.display_name, "version": "", "arch": model.provider},
        }  # fmt: skip
        async for heard in listening:
            if (message := self._message(heard, about)) is not None:
                await self._send(message)

    def _message(self, heard: Heard, about: dict[str, Any]) -> dict[str, Any] | None:
        match heard:
            case Started(at):
                return {"type": "SpeechStarted", "channel": [0], "timestamp": at} if self._events else None
            case Ended(at):
                return {"type": "UtteranceEnd", "channel": [0, 1], "last_word_end": at} if self._utterances else None
            case Part():
                return self._results(heard, about)

    def _results(self, part: Part, about: dict[str, Any]) -> dict[str, Any] | None:
        if not part.final and not self._interim:
            return None
        words = words_of(Transcript(text=part.text, words=part.words))
        alternative = {"transcript": part.text, "confidence": part.confidence or 0.0, "words": words}
        asked, self._asked_final = part.final and self._asked_final, self._asked_final and not part.final
        return {
            "type": "Results", "channel_index": [0, 1], "start": part.start, "duration": part.duration,
            "is_final": part.final, "speech_final": part.ended, "from_finalize": asked,
            "channel": {"alternatives": [alternative]}, "metadata": about,
        }  # fmt: skip

    async def _send(self, message: dict[str, Any]) -> None:
        await self._socket.send_text(msgspec.json.encode(message).decode())

    async def hang_up(self, code: int, reason: str) -> None:
        """Close, where that has not happened."""
        with contextlib.suppress(RuntimeError, WebSocketDisconnect):
            await self._socket.close(code, reason.encode()[:120].decode(errors="ignore"))
