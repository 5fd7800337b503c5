"""All rooms of this process: loaded once, kept while somebody is there, written down, and given to another process when
this one has them no more.

A room is in the memory of one process, its owner (`owners`). There everything happens; what arrives elsewhere is carried
to it (`elsewhere`). Who may be there is said by `rights`, who is there by `attendance`.
"""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Protocol

import structlog
from pycrdt import Doc, UndoManager

from radiant.foundation.tenants.plans import limits_of
from radiant.infra.changes import Changes
from radiant.infra.db import AWAY, Database, Row, Tx
from radiant.kit.ids import TenantId, UserId, uuid7
from radiant.workspace.collaboration import elsewhere, log_store, wire
from radiant.workspace.collaboration.attendance import Attendance
from radiant.workspace.collaboration.document import Document, read, rewind
from radiant.workspace.collaboration.log import Log
from radiant.workspace.collaboration.owners import Owners
from radiant.workspace.collaboration.people import Author
from radiant.workspace.collaboration.problems import HistoryGone, RoomClosed, RoomNotFound
from radiant.workspace.collaboration.rights import Rights
from radiant.workspace.collaboration.room import AGAIN, CLOSED, FORBIDDEN, GONE, Line, Peer, Room
from radiant.workspace.collaboration.schemas import RoomId
from radiant.workspace.collaboration.tickets import Ticket, Tickets

log = structlog.get_logger()

IDLE_SECONDS = 30.0
QUIET_SECONDS, LONGEST_UNQUIET = 2.0, 30.0
BEAT_SECONDS = 15.0
COMMENTED = '{"changed":"comments"}'
"""What pages are told when something was said about the document, as a stateless message."""
_TICK = 0.5
_MOST_BYTES = 2**30
# A snapshot after so many rows, of a large document after more: it is written whole, and each row bears its share of that.
_ROWS, _MOST_ROWS, _BYTES_A_ROW = 500, 20_000, 100
_LOG_TO_STATE, _LEAST_LOG = 4, 64 * 1024


@dataclass(frozen=True, slots=True)
class QuietRoom:
    """A room in which nobody wrote for a while: what it says, up to which row, and who wrote since the last time."""

    tenant_id: TenantId
    room_id: RoomId
    room_type: str
    doc: "Doc[Any]"
    seq: int
    authors: set[UserId]
    models: set[str]


OnQuiet = Callable[[QuietRoom], Awaitable[None]]


class Seat(Protocol):
    """A connection's place in a room, here or in another process."""

    def received(self, body: bytes) -> None:
        """A message without its prefix. Raises Malformed."""
        ...

    def left(self) -> None:
        """The connection has gone."""
        ...


class Guest:
    """A participant inside the server: a model that writes for a person, with a caret and an undo of its own."""

    def __init__(self, rooms: "Rooms", by: Author, place: "Room | elsewhere.Replica") -> None:
        self._rooms, self._by, self._place = rooms, by, place
        self._client = uuid7().int & 0x7FFFFFFF
        self._clock = 0
        self._origin = ("guest", by.user_id, self._client)
        self._undo: UndoManager | None = None

    def point(self, state: dict[str, Any]) -> None:
        """Say where it is (see the states of awareness)."""
        self._clock += 1
        said = json.dumps(state, ensure_ascii=False, separators=(",", ":"), default=str).encode()
        self._place.say(self._client, self._clock, said)

    @contextlib.asynccontextmanager
    async def editing(self) -> "AsyncIterator[Doc[Any]]":
        """One transaction on the document; on exit it is kept and everybody has it."""
        self._scope()
        async with self._rooms.edit_at(self._place, self._by, self._origin) as doc:
            yield doc

    async def undo(self) -> bool:
        """Take back its own last edit; whether there was one."""
        if self._undo is None or not self._undo.can_undo():
            return False
        changed: list[bytes] = []
        doc = self._place.document.doc
        subscription = doc.observe(lambda event: changed.append(event.update))
        try:
            self._undo.undo()
        finally:
            doc.unobserve(subscription)
        self._place.edited(self._by, changed)
        await self._place.when_saved()
        return True

    def leave(self) -> None:
        """Take its caret away."""
        if self._clock:
            self._clock += 1
            self._place.say(self._client, self._clock, wire.GONE)
            self._place.forget_presences([self._client])

    def _scope(self) -> None:
        # What is a root by now; new roots are none that it would undo.
        if self._undo is None:
            roots = [root for _, root in self._place.document.doc.items() if root is not None]
            self._undo = UndoManager(scopes=roots, capture_timeout_millis=0)
            self._undo.include_origin(self._origin)


class Rooms:
    """One per API process: an async context manager. `dsn`: of the application role; `address`: where other processes
    reach this one (http://host:port)."""

    def __init__(
        self,
        database: Database,
        changes: Changes,
        tickets: Tickets,
        dsn: str,
        address: str,
        *,
        idle_seconds: float = IDLE_SECONDS,
        quiet_seconds: float = QUIET_SECONDS,
        beat_seconds: float = BEAT_SECONDS,
    ) -> None:
        self._database, self._changes, self._tickets = database, changes, tickets
        self._system = database.system("rooms: the log and who is there")
        self._owners = Owners(database, dsn, address, self._lost)
        self._log = Log(self._system, self._written, self._failed)
        self._idle, self._quiet = idle_seconds, quiet_seconds
        self.on_quiet: list[OnQuiet] = []
        self._rooms: dict[RoomId, Room] = {}
        self._rights = Rights(database, self._rooms)
        self._attendance = Attendance(self._system, self._rooms, beat_seconds)
        self._watches: dict[RoomId, contextlib.ExitStack] = {}
        self._opening: dict[RoomId, asyncio.Future[Room | str]] = {}
        self._closing: dict[RoomId, asyncio.Event] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._busy: set[RoomId] = set()
        self._ending = False
        self._replicas = elsewhere.Replicas(tickets)
        changes.subscribe("users", self._rights.people_changed)

    async def __aenter__(self) -> "Rooms":
        await self._log.__aenter__()
        self._spawn(self._tick())
        self._spawn(self._rights.looking())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._ending = True
        for room in tuple(self._rooms.values()):
            room.close(AGAIN, "this server is stopping: connect again")
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._log.__aexit__()
        for room in tuple(self._rooms.values()):
            with contextlib.suppress(*AWAY):
                await self._put_away(room)
        with contextlib.suppress(*AWAY):
            await self._attendance.tell_departed()
        await self._owners.close()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # --- the door ---

    async def enter(self, line: Line, prefix: bytes, ticket: Ticket) -> Seat:
        """Let a connection into a room. Raises RoomNotFound, RoomClosed, RoomFull, RoomUnavailable, Forbidden."""
        by, room_id = ticket.author, ticket.room_id
        role = await self._rights.admitted(ticket)
        room = await self._find(by.tenant_id, room_id)
        if isinstance(room, str):
            if ticket.hop:
                raise RoomNotFound("the room is with another process: connect again")
            return await elsewhere.forward(self._tickets, room, line, prefix, ticket)
        if room.gone is not None:
            raise RoomClosed(room.gone[1])
        peer = Peer(room, line, prefix, by, role, ticket.trusted)
        if prefix:
            peer.send(wire.authenticated("read-write" if peer.writes else "readonly"))
        else:
            peer.send(wire.step_1(room.document.state()))
        room.admit(peer)
        # What changed between the look and now was not heard for this peer.
        self._rights.look_again(room_id)
        return peer

    async def _find(self, tenant_id: TenantId, room_id: RoomId) -> "Room | str":
        """The room, or the address of the process that has it."""
        while True:
            if (closing := self._closing.get(room_id)) is not None:
                await closing.wait()
                continue
            room = self._rooms.get(room_id)
            if room is not None:
                if room.tenant_id != tenant_id:
                    raise RoomNotFound("there is no such room")
                if room.gone is not None and not self._ending:
                    await self._rights.check(room)  # it may be open again, and not heard yet
                return room
            opening = self._opening.get(room_id)
            if opening is None:
                opening = self._opening[room_id] = asyncio.ensure_future(self._open(tenant_id, room_id))
                opening.add_done_callback(lambda _: self._opening.pop(room_id, None))
            found = await asyncio.shield(opening)
            if isinstance(found, str) or self._rooms.get(room_id) is found:
                if isinstance(found, Room) and found.tenant_id != tenant_id:
                    raise RoomNotFound("there is no such room")
                return found

    async def _open(self, tenant_id: TenantId, room_id: RoomId) -> "Room | str":
        async with self._database.tenant(tenant_id).tx() as tx:
            if await log_store.load(tx, room_id) is None:
                raise RoomNotFound("there is no such room")
        address = await self._owners.claim(tenant_id, room_id)
        if address is not None:
            return address
        try:
            room = await self._load(tenant_id, room_id)
        except BaseException:
            await self._owners.release(room_id)
            raise
        watch = contextlib.ExitStack()
        watch.enter_context(
            self._changes.watching("collaboration_rooms", room_id, lambda: self._rights.look_again(room_id))
        )
        watch.enter_context(self._changes.watching("collaboration_comments", room_id, lambda: room.tell(COMMENTED)))
        self._watches[room_id] = watch
        self._rooms[room_id] = room
        return room

    async def _load(self, tenant_id: TenantId, room_id: RoomId) -> Room:
        async with self._database.tenant(tenant_id).tx() as tx:
            row = await log_store.load(tx, room_id)
            if row is None:
                raise RoomNotFound("there is no such room")
            later = await log_store.updates(tx, room_id, row["snapshot_seq"], None)
        document = Document(row["room_type"], limits_of(row["plan"], row["settings"]).document_bytes or _MOST_BYTES)
        if row["yjs_document"]:
            document.load(row["yjs_document"])
        for update in later:
            document.load(update["update_data"])
        seq = later[-1]["seq"] if later else row["snapshot_seq"]
        room = Room(tenant_id, room_id, document, seq, self._log.note, self._attendance.gone_home)
        room.rows, room.row_bytes = len(later), sum(len(update["update_data"]) for update in later)
        if not row["is_active"]:
            room.gone = (CLOSED, "this room is closed")
        return room

    # --- for the rest of the server ---

    @contextlib.asynccontextmanager
    async def editing(self, by: Author, room_id: RoomId) -> "AsyncIterator[Doc[Any]]":
        """One transaction on the live document, wherever it is. Do nothing but change it inside: on exit it is kept and
        everybody has it. Should the block raise, what it did until then stands: check first. Raises RoomNotFound,
        RoomClosed, RoomUnavailable."""
        async with self._place(by, room_id) as place, self.edit_at(place, by, by) as doc:
            yield doc

    @contextlib.asynccontextmanager
    async def joined(self, by: Author, room_id: RoomId) -> AsyncIterator[Guest]:
        """A participant inside the server, until the block ends. Raises as `editing`."""
        async with self._place(by, room_id) as place:
            guest = Guest(self, by, place)
            try:
                yield guest
            finally:
                guest.leave()

    @contextlib.asynccontextmanager
    async def _place(self, by: Author, room_id: RoomId) -> "AsyncIterator[Room | elsewhere.Replica]":
        found = await self._find(by.tenant_id, room_id)
        if isinstance(found, str):
            async with self._database.tenant(by.tenant_id).tx() as tx:
                room_type = await log_store.room_type(tx, room_id)
            async with self._replicas.of(found, by, room_id, room_type) as replica:
                yield replica
            return
        found.guests += 1
        try:
            yield found
        finally:
            found.guests -= 1
            found.rest()

    @contextlib.asynccontextmanager
    async def edit_at(self, place: "Room | elsewhere.Replica", by: Author, origin: object) -> "AsyncIterator[Doc[Any]]":
        """The same, where the document is known."""
        if place.gone is not None:
            raise RoomClosed(place.gone[1])
        changed: list[bytes] = []
        try:
            with place.document.editing(origin) as changed:
                yield place.document.doc
        finally:
            place.edited(by, changed)
        if changed:
            await place.when_saved()

    async def reading(self, tenant_id: TenantId, room_id: RoomId, *, upto: int | None = None) -> "Doc[Any]":
        """A copy: as the database has it, or as of row `upto` of the log. Raises RoomNotFound, HistoryGone."""
        if upto is None and (room := self._rooms.get(room_id)) is not None and room.tenant_id == tenant_id:
            return read(room.document.room_type, room.document.encode())
        async with self._database.tenant(tenant_id).tx() as tx:
            row = await log_store.load(tx, room_id)
            if row is None:
                raise RoomNotFound("there is no such room")
            after, state = await _base(tx, room_id, row, upto)
            later = await log_store.updates(tx, room_id, after, upto)
        if upto is not None and len(later) != min(upto, row["last_seq"]) - after:
            raise HistoryGone("what the room said then is kept no more; versions that were named are")
        return read(row["room_type"], *([state] if state else []), *(update["update_data"] for update in later))

    async def restore(self, by: Author, room_id: RoomId, upto: int | bytes) -> None:
        """Make the document say again what it said as of that row, or in that encoded state: by an edit of `by`, so that
        what was written since stays in the history. Raises as `editing` and `reading`."""
        if isinstance(upto, bytes):
            async with self._database.tenant(by.tenant_id).tx() as tx:
                row = await log_store.load(tx, room_id)
            if row is None:
                raise RoomNotFound("there is no such room")
            past = read(row["room_type"], upto)
        else:
            past = await self.reading(by.tenant_id, room_id, upto=upto)
        async with self.editing(by, room_id) as doc:
            rewind(doc, past)

    async def drop(self, tenant_id: TenantId, room_id: RoomId, user_id: UserId | None = None) -> None:
        """Close connections at once: one person's, or everybody's. Other processes hear it from the database."""
        room = self._rooms.get(room_id)
        if room is None or room.tenant_id != tenant_id:
            return
        if user_id is None:
            room.close(GONE, "this room was closed or deleted")
        for peer in room.everybody():
            if peer.author.user_id == user_id:
                room.turn_out(peer, FORBIDDEN, "you are no longer in this room")

    async def quiet(self, tenant_id: TenantId, room_id: RoomId) -> None:
        """Run what is run when a room is quiet, now. Raises RoomNotFound."""
        room = self._rooms.get(room_id)
        if room is not None and room.tenant_id == tenant_id:
            if room.backlog:
                await room.when_saved()
            await self._tell_quiet(room)
            return
        async with self._database.tenant(tenant_id).tx() as tx:
            row = await log_store.load(tx, room_id)
        if row is None:
            raise RoomNotFound("there is no such room")
        doc = await self.reading(tenant_id, room_id)
        for hook in self.on_quiet:
            await hook(QuietRoom(tenant_id, room_id, row["room_type"], doc, row["last_seq"], set(), set()))

    # --- what goes on beside ---

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(_TICK)
            now = time.monotonic()
            for room in tuple(self._rooms.values()):
                if room.id in self._busy:
                    continue
                if room.empty_since is not None and now - room.empty_since >= self._idle and not room.in_use:
                    self._beside(room, self._unload(room))
                elif self._is_quiet(room, now):
                    self._beside(room, self._tell_quiet(room))
                elif _wants_snapshot(room):
                    self._beside(room, self._snapshot(room))
            try:
                await self._attendance.tell(now)
            except AWAY as error:
                log.warning("collaboration.presence_not_kept", error=repr(error))

    def _beside(self, room: Room, work: Coroutine[Any, Any, None]) -> None:
        async def done() -> None:
            try:
                await work
            except AWAY as error:
                log.warning("collaboration.put_off", room=str(room.id), error=repr(error))
            except Exception as error:
                log.error("bug", what="a room's work beside", room=str(room.id), exc_info=error)
            finally:
                self._busy.discard(room.id)

        self._busy.add(room.id)
        self._spawn(done())

    def _is_quiet(self, room: Room, now: float) -> bool:
        if room.edited_at is None or room.first_edited_at is None:
            return False
        return now - room.edited_at >= self._quiet or now - room.first_edited_at >= LONGEST_UNQUIET

    async def _tell_quiet(self, room: Room) -> None:
        room.edited_at = room.first_edited_at = None
        authors, room.authors = room.authors, set()
        models, room.models = room.models, set()
        for hook in self.on_quiet:
            doc = read(room.document.room_type, room.document.encode())
            await hook(QuietRoom(room.tenant_id, room.id, room.document.room_type, doc, room.seq, authors, models))

    async def _snapshot(self, room: Room) -> None:
        if room.backlog:
            await room.when_saved()
        seq = room.seq
        state = room.document.measure()
        room.rows = room.row_bytes = 0
        async with self._database.tenant(room.tenant_id).tx() as tx:
            await log_store.snapshot(tx, room.id, seq, state)

    async def _unload(self, room: Room) -> None:
        if room.in_use:
            return
        if room.edited_at is not None:
            await self._tell_quiet(room)
        if room.rows >= _ROWS // 10:
            await self._snapshot(room)
        if not room.in_use:
            await self._put_away(room)

    async def _put_away(self, room: Room) -> None:
        # Whoever comes meanwhile waits, and loads it again.
        done = self._closing[room.id] = asyncio.Event()
        try:
            self._rooms.pop(room.id, None)
            if (watch := self._watches.pop(room.id, None)) is not None:
                watch.close()
            await self._owners.release(room.id)
        finally:
            del self._closing[room.id]
            done.set()

    async def _written(self, room: Room, before: int) -> None:
        """The log wrote; -1: rows of another process came between."""
        if before >= 0:
            return
        async with self._database.tenant(room.tenant_id).tx() as tx:
            rows = await log_store.updates(tx, room.id, room.seq, None)
        for row in rows:
            room.catch_up(row["seq"], row["update_data"])

    def _lost(self, room_id: RoomId) -> None:
        room = self._rooms.pop(room_id, None)
        if (watch := self._watches.pop(room_id, None)) is not None:
            watch.close()
        if room is not None:
            room.close(AGAIN, "this room moved: connect again")

    async def _failed(self, room: Room) -> None:
        """What it says is not what is kept: everybody connects again and says what they have."""
        if self._rooms.get(room.id) is room:
            room.close(AGAIN, "what was written could not be kept: connect again")
            await self._put_away(room)


def _wants_snapshot(room: Room) -> bool:
    size = room.document.size
    return room.rows > rows_a_snapshot(size) or room.row_bytes > max(_LOG_TO_STATE * size, _LEAST_LOG)


def rows_a_snapshot(size: int) -> int:
    """After how many rows of the log a document of so many bytes is written whole."""
    return min(max(_ROWS, size // _BYTES_A_ROW), _MOST_ROWS)


async def _base(tx: Tx, room_id: RoomId, row: Row, upto: int | None) -> tuple[int, bytes | None]:
    if upto is None or row["snapshot_seq"] <= upto:
        return row["snapshot_seq"], row["yjs_document"]
    version = await log_store.version_before(tx, room_id, upto)
    return (version["seq"], version["state"]) if version is not None else (0, None)
