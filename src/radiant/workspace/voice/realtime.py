"""`WS /api/voice/realtime`: one socket from its handshake to its end, and all that are open."""

import asyncio
import contextlib
import struct
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import msgspec
import structlog
from starlette.websockets import WebSocket, WebSocketDisconnect

from radiant.ai.speech.media import decode_live
from radiant.ai.speech.speech import HEARD_RATE
from radiant.foundation.identity.callers import Caller, Role
from radiant.foundation.identity.requests import person_of_socket
from radiant.http.problem import problem_response
from radiant.kit.errors import Problem
from radiant.kit.text import close_reason
from radiant.workspace.voice import realtime_wire, store
from radiant.workspace.voice.answering import Manner
from radiant.workspace.voice.chats import chat_of
from radiant.workspace.voice.conversation import Conversation, Services
from radiant.workspace.voice.names import DEFAULT_VOICE, VOICES
from radiant.workspace.voice.problems import (
    AlreadyTalking,
    NoSuchSession,
    OtherSession,
    SessionEnded,
    TalkedTooLong,
    WentSilent,
)
from radiant.workspace.voice.realtime_wire import (
    MOST_SOUND,
    SPOKEN_RATE,
    BadMessage,
    Commit,
    End,
    Interrupt,
    Played,
    Said,
    Start,
    Typed,
)

log = structlog.get_logger()

_GOING_AWAY, _REFUSED, _BROKEN = 1012, 1008, 1011
_CLOSING_SECONDS = 10.0
# Messages of recorded sound that wait for being decoded; then the client waits.
_MOST_WAITING = 32


class _Client:
    """The `Out` of a socket."""

    def __init__(self, socket: WebSocket) -> None:
        self._socket = socket
        self.gone = False

    async def tell(self, kind: str, **more: Any) -> None:
        """A message."""
        await self._send(
            {"type": "websocket.send", "text": msgspec.json.encode({"type": kind, **more}, enc_hook=str).decode()}
        )

    async def sound(self, turn: int, pcm: bytes) -> None:
        """Sound of a turn's answer, with the turn's number before it."""
        await self._send({"type": "websocket.send", "bytes": struct.pack("<I", turn) + pcm})

    async def hang_up(self, code: int, reason: str = "") -> None:
        """Close, where that has not happened."""
        await self._send({"type": "websocket.close", "code": code, "reason": close_reason(reason)})
        self.gone = True

    async def _send(self, message: dict[str, Any]) -> None:
        if not self.gone:
            try:
                await self._socket.send(message)
            except (WebSocketDisconnect, RuntimeError):
                # RuntimeError: starlette's, of a socket that was closed.
                self.gone = True


@dataclass(slots=True)
class Realtime:
    """Made once by a root; leaving it closes every socket with 1012. `silent_seconds`: after which who sends nothing is
    hung up; `longest_seconds` of one conversation."""

    services: Services
    silent_seconds: float = 60.0
    longest_seconds: float = 4 * 3600.0
    _busy: set[UUID] = field(default_factory=set[UUID])
    _open: dict["asyncio.Task[Any]", _Client] = field(default_factory=dict["asyncio.Task[Any]", _Client])

    async def __aenter__(self) -> "Realtime":
        return self

    async def __aexit__(self, *_: object) -> None:
        for client in tuple(self._open.values()):
            await client.hang_up(_GOING_AWAY, "this server is stopping: connect again")
        if self._open:
            _talks, late = await asyncio.wait(self._open, timeout=_CLOSING_SECONDS)
            for talk in late:
                talk.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    def __len__(self) -> int:
        return len(self._open)

    async def serve(self, socket: WebSocket) -> None:
        """One socket."""
        await socket.receive()  # its wish to be opened
        try:
            caller = await person_of_socket(socket)
            caller.require_role(Role.MEMBER)
        except Problem as problem:
            await socket.send_denial_response(problem_response(socket, problem))
            return
        await socket.accept()
        client = _Client(socket)
        task = asyncio.current_task()
        assert task is not None
        self._open[task] = client
        try:
            async with asyncio.timeout(self.longest_seconds):
                await self._talk(socket, client, caller)
            await client.hang_up(1000)
        except WebSocketDisconnect:
            client.gone = True
        except TimeoutError:
            problem = TalkedTooLong(f"a conversation may last {self.longest_seconds:.0f} s; begin another one")
            await _refuse(client, problem)
        except Problem as problem:
            await _refuse(client, problem)
        except Exception as error:
            log.error("bug", path=socket.url.path, tenant=str(caller.tenant_id), exc_info=error)
            await client.hang_up(_BROKEN, "something went wrong on our side")
        finally:
            del self._open[task]

    async def _talk(self, socket: WebSocket, client: _Client, caller: Caller) -> None:
        start = await self._next(socket)
        if not isinstance(start, Start):
            raise BadMessage("the first message is start")
        if start.format == "opus":
            start = msgspec.structs.replace(start, rate=HEARD_RATE)
        if start.session_id in self._busy:
            raise AlreadyTalking("this session has a socket already: close that one, or begin another session")
        self._busy.add(start.session_id)
        try:
            conversation = await self._conversation(caller, start, client)
            try:
                await self._converse(socket, conversation, client)
            except BaseException:
                client.gone = client.gone or socket.client_state.name == "DISCONNECTED"
                await conversation.close(ended=False)
                raise
            await conversation.close(ended=True)
            await client.tell("ended")
        finally:
            self._busy.discard(start.session_id)

    async def _conversation(self, caller: Caller, start: Start, client: _Client) -> Conversation:
        services = self.services
        speaker = (await services.speech.targets(caller, start.speak_model, "speech"))[0].model
        async with caller.db(services.database).tx() as tx:
            row = await store.get(tx, start.session_id)
            if row is None:
                raise NoSuchSession("session_id: you have no such session; POST /api/voice/sessions makes one")
            if row["ended_at"] is not None:
                raise SessionEnded("this session is over; begin another one")
            if row["session_type"] != "realtime":
                raise OtherSession(f"a session of type {row['session_type']} is no conversation; begin one of realtime")
            chat_id = await chat_of(tx, row)
        language = start.language or row["language"]
        voice = start.voice_id or row["voice_id"] or DEFAULT_VOICE
        start = msgspec.structs.replace(start, language=language)
        manner = Manner(start.speak_model, voice, language)
        conversation = Conversation(services, caller, start.session_id, chat_id, start, manner, client)
        hearer = await conversation.open()
        await client.tell(
            "ready", session_id=start.session_id, chat_id=chat_id, hear_model=hearer, speak_model=speaker.id,
            voice_id=VOICES.get(speaker.provider, {}).get(voice, voice), rate=SPOKEN_RATE,
        )  # fmt: skip
        return conversation

    async def _converse(self, socket: WebSocket, conversation: Conversation, client: _Client) -> None:
        """Until the client says end. Raises WebSocketDisconnect, BadMessage, WentSilent, what the hearer raises."""
        ears = conversation.ears
        assert ears is not None
        hear, works = conversation.hear, [ears]
        if conversation.start.format == "opus":
            recorded: asyncio.Queue[bytes] = asyncio.Queue(_MOST_WAITING)
            hear = recorded.put
            works.append(asyncio.create_task(_decode(recorded, conversation)))
        works.insert(0, asyncio.create_task(self._receive(socket, conversation, hear)))
        try:
            await asyncio.wait(works, return_when=asyncio.FIRST_COMPLETED)
            next(work for work in works if work.done()).result()
        finally:
            ours = [work for work in works if work is not ears]
            for work in ours:
                work.cancel()
            await asyncio.gather(*ours, return_exceptions=True)

    async def _receive(
        self, socket: WebSocket, conversation: Conversation, hear: Callable[[bytes], Awaitable[None]]
    ) -> None:
        while True:
            said = await self._next(socket)
            match said:
                case bytes():
                    await hear(said)
                case Commit():
                    await conversation.commit()
                case Typed(text):
                    conversation.typed(text)
                case Interrupt():
                    await conversation.interrupt()
                case Played(turn, ms):
                    conversation.played(turn, ms)
                case End():
                    return
                case Start():
                    raise BadMessage("the conversation has begun already")

    async def _next(self, socket: WebSocket) -> Said | bytes:
        try:
            async with asyncio.timeout(self.silent_seconds):
                message = await socket.receive()
        except TimeoutError as error:
            raise WentSilent(f"neither sound nor a message came for {self.silent_seconds:.0f} s") from error
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message.get("code", 1006))
        sound: bytes | None = message.get("bytes")
        if sound is None:
            return realtime_wire.read(message.get("text") or "")
        if len(sound) > MOST_SOUND:
            raise BadMessage(f"a message of sound may have at most {MOST_SOUND} bytes")
        return sound


async def _decode(recorded: "asyncio.Queue[bytes]", conversation: Conversation) -> None:
    """Hear an Opus stream. Raises SoundUnreadable."""

    async def pieces() -> AsyncGenerator[bytes]:
        while True:
            yield await recorded.get()

    async with contextlib.aclosing(decode_live(pieces())) as decoded:
        async for pcm in decoded:
            await conversation.hear(pcm)


async def _refuse(client: _Client, problem: Problem) -> None:
    with contextlib.suppress(WebSocketDisconnect):
        await client.tell("error", type_slug=problem.slug, detail=problem.detail, fatal=True)
        await client.hang_up(_BROKEN if problem.status >= 500 else _REFUSED, problem.detail)
