"""One live room: who is connected, what they send applied, relayed and handed to the log, what they say of themselves.

Everything here runs between two awaits of the loop, but for saving. What arrives in one turn of the loop goes out in one
write for each peer, as the bytes that came: nothing is encoded again, nothing goes back to its sender. A peer is told
that its update is saved by the log, after the commit.
"""

import asyncio
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol

import structlog
from pycrdt import Doc

from radiant.kit.ids import TenantId, UserId
from radiant.workspace.collaboration import wire
from radiant.workspace.collaboration.document import EMPTY, Document
from radiant.workspace.collaboration.people import Author
from radiant.workspace.collaboration.problems import RoomTooLarge
from radiant.workspace.collaboration.schemas import WRITE, Role, RoomId
from radiant.workspace.collaboration.wire import Malformed, Presence

log = structlog.get_logger()

# Close codes: 4400 what was sent is none of ours, 4403 no longer allowed, 4404 no such room, 4409 closed, 4413 too large,
# 1012 connect again, 1013 too slow or too much is waiting.
MALFORMED, FORBIDDEN, GONE, CLOSED, TOO_LARGE, AGAIN, OVERLOADED = 4400, 4403, 4404, 4409, 4413, 1012, 1013

PRESENCE_BYTES, PRESENCE_RATE, PRESENCE_CLIENTS = 4096, 20.0, 16
BACKLOG_BYTES = 16 * 2**20
_SOON = 0.05


class Line(Protocol):
    """What a peer is written to: a socket, which may carry several documents."""

    def write(self, frames: bytes) -> None:
        """Whole WebSocket messages."""
        ...

    def close_document(self, prefix: bytes, code: int, reason: str) -> None:
        """This document is closed for this peer: on a socket of one document with it, else by a message."""
        ...

    def hang_up(self, code: int, reason: str) -> None:
        """The whole socket is closed; clients connect again."""
        ...


class Allowance:
    """A token bucket: `rate` a second, `burst` at once."""

    __slots__ = ("_at", "_burst", "_clock", "_left", "_rate")

    def __init__(self, rate: float, burst: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate, self._burst, self._left = rate, burst, burst
        self._clock = clock
        self._at = clock()

    def take(self) -> bool:
        """Whether one may pass."""
        if self._left < 1:
            now = self._clock()
            self._left = min(self._burst, self._left + (now - self._at) * self._rate)
            self._at = now
            if self._left < 1:
                return False
        self._left -= 1
        return True

    def wait(self) -> float:
        """Seconds until one may."""
        return max(0.0, (1 - self._left) / self._rate)


@dataclass(slots=True, eq=False)
class Peer:
    """One connection in one room. `prefix`: what its messages begin with (see `wire`)."""

    room: "Room"
    line: Line
    prefix: bytes
    author: Author
    role: Role
    trusted: bool = False
    clients: set[int] = field(default_factory=set[int])
    presences: Allowance = field(default_factory=lambda: Allowance(PRESENCE_RATE, 2 * PRESENCE_RATE))

    @property
    def writes(self) -> bool:
        """Whether what it sends is taken."""
        return self.trusted or self.role in WRITE

    def send(self, *bodies: bytes) -> None:
        """Messages to this one alone."""
        self.line.write(b"".join([wire.frame(self.prefix + body) for body in bodies]))

    def received(self, body: bytes) -> None:
        """A message without its prefix. Raises Malformed."""
        self.room.received(self, body)

    def left(self) -> None:
        """The connection has gone."""
        self.room.leave(self)


@dataclass(slots=True)
class Written:
    """What an author wrote since the log took the last."""

    author: Author
    updates: list[bytes] = field(default_factory=list[bytes])


@dataclass(slots=True)
class Batch:
    """What the log takes of a room at once, and whom to tell when it is kept."""

    room: "Room"
    written: list[Written]
    peers: dict[Peer, int]
    waiting: list["asyncio.Future[None]"]
    bytes: int


class Room:
    """A room in the memory of the process that has it. `on_unsaved(room, bytes)` tells the log,
    `on_left(room, person)` that the last connection of a person has gone."""

    def __init__(
        self,
        tenant_id: TenantId,
        room_id: RoomId,
        document: Document,
        seq: int,
        on_unsaved: Callable[["Room", int], None],
        on_left: Callable[["Room", UserId], None],
    ) -> None:
        self.tenant_id, self.id, self.document = tenant_id, room_id, document
        self.seq = seq
        """Every row of the log up to this is in the document."""
        self.rows = self.row_bytes = 0
        """Of the log since the snapshot."""
        self.peers: dict[bytes, set[Peer]] = {}
        self.empty_since: float | None = time.monotonic()
        self.guests = 0
        """Participants inside the server, and edits under way: they keep the room as peers do."""
        self.authors: set[UserId] = set()
        self.models: set[str] = set()
        self.edited_at: float | None = None
        self.first_edited_at: float | None = None
        self.gone: tuple[int, str] | None = None
        """Why it takes nothing more: close code and words."""
        self.backlog = 0
        """Bytes that are not kept yet."""
        self._on_unsaved, self._on_left = on_unsaved, on_left
        self._out: list[tuple[Peer | None, bytes]] = []
        self._written: dict[tuple[UserId, str | None], Written] = {}
        self._told: dict[Peer, int] = {}
        self._waiting: list[asyncio.Future[None]] = []
        self._unsaved = 0
        self._presences: dict[int, tuple[Peer | None, Presence]] = {}
        self._late: set[int] = set()
        self._late_timer: asyncio.TimerHandle | None = None

    # --- who is here ---

    def everybody(self) -> list[Peer]:
        """All peers."""
        return [peer for group in self.peers.values() for peer in group]

    @property
    def in_use(self) -> bool:
        """Whether somebody is here, or something is not kept yet."""
        return bool(self.peers) or self.guests > 0 or self.backlog > 0

    def admit(self, peer: Peer) -> None:
        """Somebody enters; they are shown who is here."""
        self.peers.setdefault(peer.prefix, set()).add(peer)
        self.empty_since = None
        if self._presences:
            peer.send(wire.awareness(one for _, one in self._presences.values()))

    def leave(self, peer: Peer) -> None:
        """Somebody has gone, and what they said of themselves with them."""
        group = self.peers.get(peer.prefix)
        if group is None or peer not in group:
            return
        group.discard(peer)
        if not group:
            del self.peers[peer.prefix]
        self._told.pop(peer, None)
        self.forget_presences(peer.clients)
        if all(other.author.user_id != peer.author.user_id for other in self.everybody()):
            self._on_left(self, peer.author.user_id)
        self.rest()

    def rest(self) -> None:
        """Note when the last one left."""
        if not self.peers and not self.guests:
            self.empty_since = time.monotonic()

    def tell(self, said: str) -> None:
        """Words to everybody's page; y-websocket's framing has none."""
        for prefix, group in tuple(self.peers.items()):
            if prefix:
                frame = wire.frame(prefix + wire.stateless(said))
                for peer in tuple(group):
                    peer.line.write(frame)

    def close(self, code: int, reason: str) -> None:
        """Everybody out; nothing more is taken."""
        self.gone = (code, reason)
        for peer in self.everybody():
            self.turn_out(peer, code, reason)

    def turn_out(self, peer: Peer, code: int, reason: str) -> None:
        """One out, at once."""
        self.leave(peer)
        peer.line.close_document(peer.prefix, code, reason)

    def set_role(self, peer: Peer, role: Role) -> None:
        """Somebody may do more or less from now on."""
        if role == peer.role:
            return
        peer.role = role
        if peer.prefix:
            peer.send(wire.authenticated("read-write" if peer.writes else "readonly"))

    # --- what arrives ---

    def received(self, peer: Peer, body: bytes) -> None:
        """A message of a peer. Raises Malformed."""
        if self.gone is not None:
            return
        kind = body[0] if body else -1
        if kind == wire.SYNC:
            self._sync(peer, body)
        elif kind == wire.AWARENESS:
            self._present(peer, body)
        elif kind == wire.QUERY_AWARENESS:
            peer.send(wire.awareness(one for _, one in self._presences.values()))
        elif kind not in (wire.AUTH, wire.STATELESS, wire.PING, wire.PONG, wire.SYNC_STATUS):
            raise Malformed(f"there is no message of type {kind}")

    def _sync(self, peer: Peer, body: bytes) -> None:
        step = body[1] if len(body) > 1 else -1
        if step not in (wire.STEP_1, wire.STEP_2, wire.UPDATE):
            raise Malformed(f"there is no sync message of type {step}")
        payload, end = wire.read_chunk(body, 2)
        if end != len(body):
            raise Malformed("there is more after the message")
        if step == wire.STEP_1:
            missing = self.document.encode(payload)
            peer.send(wire.step_2(missing), wire.step_1(self.document.state()))
        elif not peer.writes:
            known = step == wire.STEP_2 and self.document.says_nothing_new(payload)
            self._answer(peer, wire.SAVED if known else wire.REFUSED)
        else:
            self._change(peer, body, payload, step)

    def _change(self, peer: Peer, body: bytes, payload: bytes, step: int) -> None:
        try:
            if step == wire.STEP_2:
                payload = self.document.merge(payload)
                if payload == EMPTY:
                    self._answer(peer, wire.SAVED)
                    return
                body = wire.update(payload)
            else:
                self.document.apply(payload)
        except RoomTooLarge as error:
            self._answer(peer, wire.REFUSED)
            self.leave(peer)
            peer.line.close_document(peer.prefix, TOO_LARGE, error.detail)
            return
        self._relay(peer, body)
        self._keep(peer.author, payload)
        if peer.prefix:
            self._told[peer] = self._told.get(peer, 0) + 1

    def _answer(self, peer: Peer, status: bytes) -> None:
        if peer.prefix:
            peer.send(status)

    # --- what goes out ---

    def _relay(self, sender: Peer | None, body: bytes) -> None:
        if not self._out:
            asyncio.get_running_loop().call_soon(self._flush)
        self._out.append((sender, body))

    def _flush(self) -> None:
        out, self._out = self._out, []
        senders = {sender for sender, _ in out}
        for prefix, group in tuple(self.peers.items()):
            frames = [wire.frame(prefix + body) for _, body in out]
            whole = b"".join(frames)
            for peer in tuple(group):
                if peer not in senders:
                    peer.line.write(whole)
                elif len(senders) > 1:
                    others = [one for one, (sender, _) in zip(frames, out, strict=True) if sender is not peer]
                    peer.line.write(b"".join(others))

    # --- what is kept ---

    def _keep(self, author: Author, update: bytes) -> None:
        who = (author.user_id, author.model)
        written = self._written.get(who)
        if written is None:
            written = self._written[who] = Written(author)
            self.authors.add(author.user_id)
            if author.model:
                self.models.add(author.model)
        written.updates.append(update)
        self._unsaved += len(update)
        self.backlog += len(update)
        self._on_unsaved(self, len(update))
        if self.backlog > BACKLOG_BYTES:
            for peer in self.everybody():
                if peer.writes:
                    self.leave(peer)
                    peer.line.hang_up(OVERLOADED, "what was written cannot be kept just now: connect again in a while")

    def edited(self, author: Author, updates: Iterable[bytes]) -> None:
        """The server itself changed the document: relay it and keep it."""
        for update in updates:
            self._relay(None, wire.update(update))
            self._keep(author, update)

    def when_saved(self) -> "asyncio.Future[None]":
        """Done once all that is here now is kept; fails where it cannot be."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        self._on_unsaved(self, 0)
        return future

    def take(self) -> Batch | None:
        """What the log has to write."""
        if not self._written and not self._waiting:
            return None
        batch = Batch(self, list(self._written.values()), self._told, self._waiting, self._unsaved)
        self._written, self._told, self._waiting, self._unsaved = {}, {}, [], 0
        return batch

    def kept(self, batch: Batch) -> None:
        """The log has committed it: tell who waits."""
        self.backlog -= batch.bytes
        for peer, many in batch.peers.items():
            if peer in self.peers.get(peer.prefix, ()):
                peer.line.write(wire.frame(peer.prefix + wire.SAVED) * many)
        for future in batch.waiting:
            if not future.done():
                future.set_result(None)
        if batch.written:
            self.edited_at = time.monotonic()
            self.first_edited_at = self.first_edited_at or self.edited_at

    def catch_up(self, seq: int, update: bytes) -> None:
        """A row that another process wrote."""
        self.document.load(update)
        self.seq = seq
        self._relay(None, wire.update(update))

    # --- presence ---

    def _present(self, peer: Peer, body: bytes) -> None:
        said = wire.read_awareness(body, 1)
        fresh: list[int] = []
        for one in said:
            holder, known = self._presences.get(one.client, (None, None))
            if known is not None and (one.clock < known.clock or (one.clock == known.clock and one.state != wire.GONE)):
                continue  # old, or what we told them: clients of y-websocket say everybody's again
            if holder is not None and holder is not peer and holder.author.user_id != peer.author.user_id:
                continue
            if known is None and one.state == wire.GONE:
                continue
            if len(one.state) > PRESENCE_BYTES or not wire.is_object(one.state):
                raise Malformed(f"a presence is a JSON object of at most {PRESENCE_BYTES} bytes")
            if one.client not in peer.clients and len(peer.clients) >= PRESENCE_CLIENTS:
                raise Malformed(f"a connection speaks for at most {PRESENCE_CLIENTS} clients")
            self._hold(peer, holder, one)
            fresh.append(one.client)
        if not fresh:
            return
        if peer.presences.take():
            self._relay(peer, body if len(fresh) == len(said) else self._saying(fresh))
            self._drop_gone(fresh)
        else:
            self._later(fresh)

    def _hold(self, peer: Peer, holder: Peer | None, one: Presence) -> None:
        if holder is not None and holder is not peer:
            holder.clients.discard(one.client)  # the same person, connected anew
        peer.clients.add(one.client)
        self._presences[one.client] = (peer, one)

    def _saying(self, clients: Iterable[int]) -> bytes:
        return wire.awareness(self._presences[client][1] for client in clients if client in self._presences)

    def _drop_gone(self, clients: Iterable[int]) -> None:
        for client in clients:
            holder, one = self._presences.get(client, (None, None))
            if one is not None and one.state == wire.GONE:
                del self._presences[client]
                if holder is not None:
                    holder.clients.discard(client)

    def _later(self, clients: Iterable[int]) -> None:
        # Too many a second: the last of each goes out with the next turn.
        self._late.update(clients)
        if self._late_timer is None:
            self._late_timer = asyncio.get_running_loop().call_later(_SOON, self._tell_late)

    def _tell_late(self) -> None:
        self._late_timer = None
        late, self._late = self._late, set()
        self._relay(None, self._saying(late))
        self._drop_gone(late)

    def forget_presences(self, clients: Iterable[int]) -> None:
        """These clients are gone: say so to the others."""
        gone: list[Presence] = []
        for client in tuple(clients):
            found = self._presences.pop(client, None)
            if found is not None:
                gone.append(Presence(client, found[1].clock + 1, wire.GONE))
        if gone:
            self._relay(None, wire.awareness(gone))

    def say(self, client: int, clock: int, state: bytes) -> None:
        """A participant inside the server says where it is."""
        one = Presence(client, clock, state)
        self._presences[client] = (None, one)
        self._relay(None, wire.awareness([one]))

    @property
    def doc(self) -> "Doc[Any]":
        """The live document."""
        return self.document.doc
