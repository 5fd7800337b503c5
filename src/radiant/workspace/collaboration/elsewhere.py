"""Rooms of other processes: a connection here is carried to the process that has the room, as the person that it is."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable
from urllib.parse import urlsplit, urlunsplit

import structlog
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from radiant.kit.errors import Problem
from radiant.workspace.collaboration import wire
from radiant.workspace.collaboration.document import Document
from radiant.workspace.collaboration.people import Author
from radiant.workspace.collaboration.problems import RoomClosed, RoomNotFound, RoomUnavailable
from radiant.workspace.collaboration.room import AGAIN, CLOSED, FORBIDDEN, GONE, Line
from radiant.workspace.collaboration.schemas import RoomId
from radiant.workspace.collaboration.tickets import Ticket, Tickets

log = structlog.get_logger()

_SECONDS = 10.0
_MOST = 64 * 2**20
_QUEUE = 1000


def _address(base: str, path: str) -> str:
    parts = urlsplit(base)
    scheme = "wss" if parts.scheme == "https" else "ws"
    return urlunsplit((scheme, parts.netloc, parts.path.rstrip("/") + path, "", ""))


async def _connect(address: str, path: str) -> ClientConnection:
    try:
        return await connect(
            _address(address, path),
            compression=None,
            max_size=_MOST,
            open_timeout=_SECONDS,
            close_timeout=1,
            proxy=None,
        )
    except (OSError, TimeoutError, InvalidHandshake) as error:
        raise RoomUnavailable(f"the process that has this room cannot be reached ({error!r}): try again") from error


class Forward:
    """One connection of ours in a room of another process: messages pass both ways as they are."""

    def __init__(self, line: Line, prefix: bytes, upstream: ClientConnection) -> None:
        self._line, self._prefix, self._upstream = line, prefix, upstream
        self._out: asyncio.Queue[bytes] = asyncio.Queue(_QUEUE)
        loop = asyncio.get_running_loop()
        self._tasks = [loop.create_task(self._carry()), loop.create_task(self._bring())]

    def received(self, body: bytes) -> None:
        """A message from the client."""
        try:
            self._out.put_nowait(self._prefix + body)
        except asyncio.QueueFull:
            self._line.hang_up(1013, "the process that has this room is slow: connect again")

    def left(self) -> None:
        """The client has gone."""
        for task in self._tasks:
            task.cancel()
        closing = asyncio.get_running_loop().create_task(self._upstream.close())
        self._tasks = [closing]

    async def _carry(self) -> None:
        with contextlib.suppress(ConnectionClosed):
            while True:
                await self._upstream.send(await self._out.get())

    async def _bring(self) -> None:
        try:
            async for message in self._upstream:
                if isinstance(message, bytes) and len(message) > 1:
                    self._line.write(wire.frame(message))
        except ConnectionClosed:
            log.info("collaboration.forward_ended", code=self._upstream.close_code, reason=self._upstream.close_reason)
        code, reason = (
            self._upstream.close_code or AGAIN,
            self._upstream.close_reason or "this room moved: connect again",
        )
        if code in (FORBIDDEN, GONE, CLOSED):
            self._line.close_document(self._prefix, code, reason)
        else:
            self._line.hang_up(code if code >= 4000 or code == 1013 else AGAIN, reason)


async def forward(tickets: Tickets, address: str, line: Line, prefix: bytes, ticket: Ticket) -> Forward:
    """Carry a connection to the process at `address`. Raises RoomUnavailable."""
    token, _ = tickets.make(ticket.author, ticket.room_id, hop=True)
    if prefix:
        upstream = await _connect(address, "/api/collaboration")
        await upstream.send(prefix + bytes((wire.AUTH, wire.TOKEN)) + wire.string(token))
    else:
        upstream = await _connect(address, f"/api/collaboration/y/{ticket.room_id}?ticket={token}")
    return Forward(line, prefix, upstream)


class Replica:
    """A copy of a room of another process, for edits by the server."""

    def __init__(self, upstream: ClientConnection, prefix: bytes, room_type: str) -> None:
        self.document = Document(room_type, _MOST)
        self.gone: tuple[int, str] | None = None
        self._upstream, self._prefix = upstream, prefix
        self._ready = asyncio.Event()
        self._unsaved = 0
        self._saved = asyncio.Event()
        self._refused = False
        self._out: list[bytes] = []
        self._task = asyncio.get_running_loop().create_task(self._read())

    async def ready(self) -> None:
        """Return once it says what the room says. Raises RoomNotFound, RoomClosed, RoomUnavailable."""
        try:
            async with asyncio.timeout(_SECONDS):
                await self._ready.wait()
        except TimeoutError:
            raise RoomUnavailable("the process that has this room does not answer: try again") from None
        self._check()

    def _check(self) -> None:
        if self.gone is not None:
            code, reason = self.gone
            problem: type[Problem] = {GONE: RoomNotFound, CLOSED: RoomClosed}.get(code, RoomUnavailable)
            raise problem(reason)

    async def _read(self) -> None:
        try:
            async for message in self._upstream:
                if isinstance(message, bytes) and message.startswith(self._prefix):
                    self._heard(message[len(self._prefix) :])
        except ConnectionClosed:
            pass  # The code says it.
        self._end(
            self._upstream.close_code or AGAIN, self._upstream.close_reason or "the process that had this room ended"
        )

    def _end(self, code: int, reason: str) -> None:
        self.gone = self.gone or (code, reason)
        self._ready.set()
        self._saved.set()

    def _heard(self, body: bytes) -> None:
        if body[0] == wire.SYNC and body[1] in (wire.STEP_2, wire.UPDATE):
            self.document.apply(wire.read_chunk(body, 2)[0])
            if body[1] == wire.STEP_2:
                self._ready.set()
        elif body[0] == wire.AUTH and body[1] == wire.DENIED:
            self._end(GONE, wire.read_string(body, 2)[0])
        elif body == wire.SAVED or body == wire.REFUSED:
            self._refused |= body == wire.REFUSED
            self._unsaved -= 1
            if self._unsaved <= 0:
                self._saved.set()

    # --- as a room has it ---

    def edited(self, _author: Author, updates: Iterable[bytes]) -> None:
        """Hand over what was changed here."""
        self._out += [wire.update(update) for update in updates]

    async def when_saved(self) -> None:
        """Return once the other process keeps it. Raises RoomUnavailable."""
        out, self._out = self._out, []
        self._saved.clear()
        self._unsaved += len(out)
        try:
            for body in out:
                await self._upstream.send(self._prefix + body)
            async with asyncio.timeout(60):
                await self._saved.wait()
        except (ConnectionClosed, TimeoutError) as error:
            raise RoomUnavailable(
                "the process that has this room fell while it took this: look before you repeat"
            ) from error
        if self._unsaved > 0 or self._refused:
            raise RoomUnavailable("the process that has this room did not take this: look before you repeat")

    def say(self, client: int, clock: int, state: bytes) -> None:
        """Say where somebody is."""
        said = self._prefix + wire.awareness([wire.Presence(client, clock, state)])
        task = asyncio.get_running_loop().create_task(self._upstream.send(said))
        task.add_done_callback(_seen)

    def forget_presences(self, clients: Iterable[int]) -> None:
        """They go with the connection."""

    async def close(self) -> None:
        """Leave."""
        await self._upstream.close()
        await self._task


def _seen(task: "asyncio.Task[None]") -> None:
    if not task.cancelled():
        task.exception()


class Replicas:
    """Copies of rooms of other processes, while they are needed."""

    def __init__(self, tickets: Tickets) -> None:
        self._tickets = tickets

    @contextlib.asynccontextmanager
    async def of(self, address: str, by: Author, room_id: RoomId, room_type: str) -> AsyncIterator[Replica]:
        """A copy that says what the room says. Raises RoomNotFound, RoomClosed, RoomUnavailable."""
        token, _ = self._tickets.make(by, room_id, hop=True, trusted=True)
        upstream = await _connect(address, "/api/collaboration")
        prefix = wire.string(str(room_id))
        replica = Replica(upstream, prefix, room_type)
        try:
            await upstream.send(prefix + bytes((wire.AUTH, wire.TOKEN)) + wire.string(token))
            await upstream.send(prefix + wire.step_1(b"\x00"))
            await replica.ready()
            yield replica
        finally:
            await replica.close()
