"""The two doors of rooms: `/api/collaboration` in Hocuspocus's framing, many documents a socket, and
`/api/collaboration/y/{room_id}?ticket=…` in y-websocket's.

Both clients hang up where they hear nothing for half a minute, so each socket is sent a word every ten seconds."""

import asyncio
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID

import structlog

from radiant.http.sockets import DirectSocket, Receiver
from radiant.kit.errors import Problem
from radiant.kit.ids import parse_uuid
from radiant.workspace.collaboration import wire
from radiant.workspace.collaboration.problems import RoomNotFound
from radiant.workspace.collaboration.room import AGAIN, CLOSED, FORBIDDEN, GONE, MALFORMED, OVERLOADED, Allowance
from radiant.workspace.collaboration.rooms import Rooms, Seat
from radiant.workspace.collaboration.schemas import RoomId
from radiant.workspace.collaboration.tickets import Tickets
from radiant.workspace.collaboration.wire import Malformed

log = structlog.get_logger()

PATH = "/api/collaboration"
_Y_PATH = PATH + "/y/"
_WORD_SECONDS = 10.0
_PING = wire.frame(bytes((wire.PING,)))
_NOBODY = wire.frame(wire.awareness(()))

QUEUE_BYTES = 8 * 2**20
"""What waits for a client that does not read; past it the client is dropped with 1013."""
_NO_ROOM = UUID(int=0)
_WAITING_BYTES, _MOST_DOCUMENTS = 2 * 2**20, 200
_CODES = {401: FORBIDDEN, 403: FORBIDDEN, 404: GONE, 409: CLOSED}


class Connection:
    """One socket. `room_id`: of y-websocket's framing, which has one."""

    def __init__(self, sockets: "Sockets", socket: DirectSocket, room_id: RoomId | None) -> None:
        self._sockets, self._socket, self._room_id = sockets, socket, room_id
        self._seats: dict[bytes, Seat] = {}
        self._waiting: dict[bytes, list[bytes]] = {}
        self._waiting_bytes = 0
        self._messages = Allowance(sockets.rate, 5 * sockets.rate)
        self._closed = False

    # --- from the client ---

    def received(self, data: bytes) -> None:
        """A message."""
        if not self._messages.take():
            # Nothing is lost; it comes later.
            self._socket.pause(self._messages.wait() + 0.05)
        try:
            if self._room_id is not None:
                self._to_seat(b"", data)
            elif len(data) > 1:
                length, at = wire.read_uint(data, 0)
                end = at + length
                if end >= len(data):
                    raise Malformed("a message has the name of its document and a type")
                self._to_seat(data[:end], data[end:])
        except Malformed as error:
            self.hang_up(MALFORMED, str(error))

    def _to_seat(self, prefix: bytes, body: bytes) -> None:
        seat = self._seats.get(prefix)
        if seat is not None:
            if body[:1] == b"\x07":
                del self._seats[prefix]
                seat.left()
            else:
                seat.received(body)
        elif prefix in self._waiting:
            self._waiting[prefix].append(body)
            self._waiting_bytes += len(body)
            if self._waiting_bytes > _WAITING_BYTES:
                self.hang_up(OVERLOADED, "too much came before the room was there")
        elif prefix and body[:2] == b"\x02\x00":
            token, _ = wire.read_string(body, 2)
            self.join(prefix, token)

    def join(self, prefix: bytes, token: str) -> None:
        """Enter the room of that prefix; what comes meanwhile waits."""
        if len(self._seats) + len(self._waiting) >= _MOST_DOCUMENTS:
            raise Malformed(f"a socket carries at most {_MOST_DOCUMENTS} documents")
        self._waiting[prefix] = []
        self._sockets.spawn(self._join(prefix, token))

    async def _join(self, prefix: bytes, token: str) -> None:
        try:
            ticket = self._sockets.tickets.read(token)
            if ticket.room_id != self._named(prefix):
                raise RoomNotFound("this ticket is for another room")
            seat = await self._sockets.rooms.enter(self, prefix, ticket)
        except Problem as problem:
            self._refuse(prefix, problem)
            return
        except Exception as error:
            log.error("bug", what="a room's door", exc_info=error)
            self.hang_up(1011, "this is a bug of the server's; it is noted")
            return
        waiting = self._waiting.pop(prefix, [])
        if self._closed:
            seat.left()
            return
        self._seats[prefix] = seat
        try:
            for body in waiting:
                self._waiting_bytes -= len(body)
                if self._seats.get(prefix) is seat:
                    seat.received(body)
        except Malformed as error:
            self.hang_up(MALFORMED, str(error))

    def _named(self, prefix: bytes) -> RoomId:
        if self._room_id is not None:
            return self._room_id
        # After a NUL comes the id of one of several providers in a page.
        found = parse_uuid(wire.read_string(prefix, 0)[0].partition("\0")[0])
        if found is None:
            raise RoomNotFound("the name of a document is the id of its room")
        return RoomId(found)

    def _refuse(self, prefix: bytes, problem: Problem) -> None:
        self._waiting.pop(prefix, None)
        if prefix:
            self.write(wire.frame(prefix + wire.denied(problem.detail)))
        else:
            self._socket.end(_CODES.get(problem.status, OVERLOADED), problem.detail)

    def closed(self) -> None:
        """The connection has gone."""
        self._closed = True
        self._sockets.connections.discard(self)
        seats, self._seats = self._seats, {}
        for seat in seats.values():
            seat.left()

    # --- to the client ---

    def write(self, frames: bytes) -> None:
        """Whole messages."""
        if self._socket.buffered() + len(frames) > QUEUE_BYTES:
            self.hang_up(OVERLOADED, "you read too slowly: connect again")
        else:
            self._socket.write(frames)

    def word(self) -> None:
        """Something, so that it does not hang up."""
        self.write(_PING if self._room_id is None else _NOBODY)

    def close_document(self, prefix: bytes, code: int, reason: str) -> None:
        """One document is closed."""
        self._seats.pop(prefix, None)
        if not prefix:
            self._socket.end(code, reason)
        elif code in (FORBIDDEN, GONE, CLOSED):
            # Other documents of this socket go on.
            said = (wire.denied(reason), wire.close(reason))
            self.write(b"".join([wire.frame(prefix + body) for body in said]))
        else:
            self.hang_up(code, reason)

    def hang_up(self, code: int, reason: str) -> None:
        """The socket is closed."""
        self._socket.end(code, reason)
        self.closed()


class Sockets:
    """Both doors. `rate`: messages a second that a connection may send, five times as many at once; who sends more is
    read more slowly."""

    def __init__(self, rooms: Rooms, tickets: Tickets, *, rate: float = 1000) -> None:
        self.rooms, self.tickets, self.rate = rooms, tickets, rate
        self.connections: set[Connection] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._talking: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "Sockets":
        self._talking = asyncio.get_running_loop().create_task(self._talk())
        return self

    async def __aexit__(self, *_: object) -> None:
        for connection in tuple(self.connections):
            connection.hang_up(AGAIN, "this server is stopping: connect again")
        assert self._talking is not None
        for task in (self._talking, *self._tasks):
            task.cancel()
        await asyncio.gather(self._talking, *self._tasks, return_exceptions=True)

    def open(self, socket: DirectSocket, path: str, query: str) -> Receiver | None:
        """Who receives what comes on this socket; None: it is not for a room."""
        if path.rstrip("/") == PATH:
            return self._made(socket, None)
        if not path.startswith(_Y_PATH):
            return None
        room_id = parse_uuid(path.removeprefix(_Y_PATH))
        # A name that is no id is none of ours; the client learns it once it is connected.
        connection = self._made(socket, RoomId(room_id) if room_id else RoomId(_NO_ROOM))
        tickets = parse_qs(query).get("ticket", [""])
        connection.join(b"", tickets[0])
        return connection

    def _made(self, socket: DirectSocket, room_id: RoomId | None) -> Connection:
        connection = Connection(self, socket, room_id)
        self.connections.add(connection)
        return connection

    def spawn(self, work: Any) -> None:
        """Work beside."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _talk(self) -> None:
        while True:
            await asyncio.sleep(_WORD_SECONDS)
            for connection in tuple(self.connections):
                connection.word()
