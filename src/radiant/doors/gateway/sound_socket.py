"""What the WebSockets of speech have in common: who calls, a refusal before they open, a reason where they end."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol, TypeAlias

import msgspec
import structlog
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from radiant.ai.inference.metered import Labels
from radiant.ai.speech.service import ListeningIt
from radiant.ai.speech.speech import Listen
from radiant.doors.gateway.call import Protocol as Wire
from radiant.doors.gateway.call import refusal
from radiant.doors.gateway.lanes import Engine
from radiant.doors.gateway.openai_request import BadRequest
from radiant.doors.gateway.query import Query
from radiant.doors.gateway.sound import checked_labels
from radiant.foundation.identity.callers import Caller
from radiant.kit.errors import Problem, Unauthenticated
from radiant.kit.ids import uuid7
from radiant.kit.text import close_reason

log = structlog.get_logger()

BROKEN, REFUSED, DONE = 1011, 1008, 1000
"""Codes of a socket's end (RFC 6455, 7.4.1)."""


class SoundSocket:
    """One socket. `caller` is there once it is identified."""

    caller: Caller

    def __init__(self, engine: Engine, scope: Scope, receive: Receive, send: Send, protocol: Wire) -> None:
        self.engine = engine
        self.protocol: Wire = protocol
        self.path: str = scope["path"]
        self.request_id = f"req_{uuid7().hex}"
        self._socket = WebSocket(scope, receive, send)
        self._subprotocol: str | None = None

    async def identify(self) -> None:
        """By the key in Authorization or xi-api-key, or as browsers send it: the second of the subprotocols `token, KEY`.
        Raises Unauthenticated, MissingScope."""
        await self._socket.receive()  # its wish to be opened
        headers = self._socket.headers
        scheme, _, secret = headers.get("authorization", "").partition(" ")
        offered: list[str] = self._socket.scope.get("subprotocols") or []
        if len(offered) == 2 and offered[0].lower() in ("token", "bearer"):
            scheme, secret = offered
            self._subprotocol = scheme
        if scheme.lower() not in ("token", "bearer"):
            secret = headers.get("xi-api-key", "")
        if not secret.strip():
            raise Unauthenticated("send an API key: Authorization: Token rad_… (or xi-api-key)")
        self.caller = await self.engine.keys.recognise(secret.strip())
        self.caller.require_scope("inference")

    def query(self) -> Query:
        """What the address asks."""
        return Query(str(self._socket.url.query))

    async def labels(self) -> Labels:
        """How the ledger names what is done here. Raises PolicyViolation, MissingTag."""
        labels = Labels(protocol=self.protocol, streamed=True, request_id=self.request_id)
        return await checked_labels(self.engine, self.caller, labels)

    async def receive(self, seconds: float, late: str) -> bytes | str:
        """The next message. Raises WebSocketDisconnect; BadRequest with the words `late` where none comes in time."""
        try:
            async with asyncio.timeout(seconds):
                message = await self._socket.receive()
        except TimeoutError as error:
            raise BadRequest(late) from error
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message.get("code", 1006))
        data = message.get("bytes")
        return data if data is not None else message.get("text") or ""

    async def send(self, message: Mapping[str, Any] | bytes) -> None:
        """A message: JSON, or sound."""
        if isinstance(message, bytes):
            await self._socket.send_bytes(message)
        else:
            await self._socket.send_text(msgspec.json.encode(message).decode())

    @contextlib.asynccontextmanager
    async def telling(self, words: Callable[[Problem], Mapping[str, Any]]) -> AsyncGenerator[None]:
        """A problem within is told in those words, before it ends the socket."""
        try:
            yield
        except Problem as problem:
            with contextlib.suppress(RuntimeError, WebSocketDisconnect):
                await self.send(words(problem))
            raise

    async def open(self) -> None:
        """Accept it."""
        await self._socket.accept(self._subprotocol)

    async def deny(self, problem: Problem) -> None:
        """Refuse to open it, in the words of its protocol."""
        body, status = refusal(problem, self.protocol, self.request_id)
        await self._socket.send_denial_response(
            Response(msgspec.json.encode(body), status, media_type="application/json")
        )

    async def hang_up(self, code: int = DONE, reason: str = "") -> None:
        """Close it, where that has not happened."""
        with contextlib.suppress(RuntimeError, WebSocketDisconnect):
            await self._socket.close(code, close_reason(reason))

    def whose(self) -> dict[str, str | None]:
        """The caller, as a log names them."""
        caller: Caller | None = getattr(self, "caller", None)
        return {"tenant": str(caller.tenant_id) if caller else None, "user": str(caller.user_id) if caller else None}


Talk: TypeAlias = Callable[[SoundSocket], AbstractAsyncContextManager[Callable[[], Awaitable[None]]]]
"""Enters before the socket opens (what it raises refuses it), then is called and talks until all is said."""


class Hearing(Protocol):
    """What a door that hears makes of a socket: by whom it is heard, how, and what is told of it."""

    name: str
    how: Listen

    async def run(self, listening: ListeningIt) -> None:
        """Until the client has sent all and was told all."""
        ...


def hearing(make: Callable[[SoundSocket], Hearing]) -> Talk:
    """A talk that begins to hear before the socket opens. Raises as `Speech.listen` does, and as `make`."""

    @contextlib.asynccontextmanager
    async def talk(socket: SoundSocket) -> AsyncGenerator[Callable[[], Awaitable[None]]]:
        heard = make(socket)
        speech, labels = socket.engine.speech, await socket.labels()
        async with await speech.listen(socket.caller, heard.name, heard.how, labels) as listening:
            yield lambda: heard.run(listening)

    return talk


async def serve(socket: SoundSocket, talk: Talk) -> None:
    """One socket, from its handshake to its end."""
    opened = False
    try:
        await socket.identify()
        async with talk(socket) as talking:
            await socket.open()
            opened = True
            await talking()
    except WebSocketDisconnect:
        pass
    except Problem as problem:
        if opened:
            await socket.hang_up(BROKEN if problem.status >= 500 else REFUSED, problem.detail)
        else:
            await socket.deny(problem)
    except Exception as error:
        log.error("bug", path=socket.path, **socket.whose(), exc_info=error)
        await socket.hang_up(BROKEN, "something went wrong on our side")
