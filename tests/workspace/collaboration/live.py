"""A client of rooms in Python: raw messages of both framings, so that it may say what no stock client says."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any
from uuid import UUID

import websockets
from pycrdt import Doc, Text
from websockets.asyncio.client import ClientConnection, connect

from radiant.kit.ids import TenantId, UserId, uuid7
from radiant.workspace.collaboration import wire
from radiant.workspace.collaboration.people import Author
from radiant.workspace.collaboration.schemas import RoomId
from radiant.workspace.collaboration.tickets import Tickets

PATIENCE = 30.0


async def make_room(owner: Any, tenant_id: TenantId, by: UserId, *, access: str = "tenant", **more: Any) -> RoomId:
    """A room of `by`, straight in the table."""
    room_id = RoomId(uuid7())
    await owner.execute(
        "insert into collaboration_rooms (id, tenant_id, room_name, room_type, created_by, access, max_participants,"
        " is_active) values ($1, $2, 'Room', $3, $4, $5, $6, $7)",
        room_id, tenant_id, more.get("room_type", "document"), by, access, more.get("most", 50), more.get("active", True),
    )  # fmt: skip
    await set_role(owner, tenant_id, room_id, by, "owner")
    return room_id


async def set_role(owner: Any, tenant_id: TenantId, room_id: UUID, user_id: UserId, role: str) -> None:
    """Give somebody a role."""
    await owner.execute(
        "insert into room_participants (tenant_id, room_id, user_id, role) values ($1, $2, $3, $4)"
        " on conflict (room_id, user_id) do update set role = excluded.role",
        tenant_id, room_id, user_id, role,
    )  # fmt: skip


class Client:
    """One connection to one room. `framing`: hocuspocus or y."""

    def __init__(self, room_id: UUID, framing: str, doc: "Doc[Any] | None" = None) -> None:
        self.room_id, self.framing = room_id, framing
        self.prefix = wire.string(str(room_id)) if framing == "hocuspocus" else b""
        self.doc: Doc[Any] = Doc() if doc is None else doc
        self.text: Text = self.doc.get("content", type=Text)
        self.scope: str | None = None
        self.denied: str | None = None
        self.synced = False
        self.saved = self.refused = 0
        self.presences: dict[int, bytes] = {}
        self.messages: list[bytes] = []
        self.close_code: int | None = None
        self.close_reason = ""
        self._clock = 0
        self._socket: ClientConnection | None = None
        self._reader: asyncio.Task[None] | None = None
        self._changed = asyncio.Condition()

    async def open(self, base_url: str, ticket: str) -> None:
        """Connect and ask for what is there."""
        url = base_url.replace("http", "ws", 1) + "/api/collaboration"
        if self.framing == "y":
            url += f"/y/{self.room_id}?ticket={ticket}"
        self._socket = await connect(url, compression=None, max_size=None, proxy=None)
        self._reader = asyncio.create_task(self._read())
        if self.framing == "hocuspocus":
            await self.send(bytes((wire.AUTH, wire.TOKEN)) + wire.string(ticket) + wire.string("4.8.0"))
        await self.send(wire.step_1(self.doc.get_state()))

    async def send(self, body: bytes) -> None:
        """A message."""
        assert self._socket is not None
        await self._socket.send(self.prefix + body)

    async def raw(self, data: bytes | str) -> None:
        """Whatever."""
        assert self._socket is not None
        await self._socket.send(data)

    async def type(self, words: str, at: int | None = None) -> bytes:
        """Insert words and send the update."""
        updates: list[bytes] = []
        subscription = self.doc.observe(lambda event: updates.append(event.update))
        self.text.insert(len(self.text) if at is None else at, words)
        self.doc.unobserve(subscription)
        await self.send(wire.update(updates[0]))
        return updates[0]

    async def present(self, client: int, state: bytes) -> None:
        """Say where we are."""
        self._clock += 1
        await self.send(wire.awareness([wire.Presence(client, self._clock, state)]))

    async def until(self, what: Callable[[], object]) -> None:
        """Return once it holds."""
        async with asyncio.timeout(PATIENCE), self._changed:
            await self._changed.wait_for(what)

    async def until_synced(self) -> None:
        """Return once it has what the room said."""
        await self.until(lambda: self.synced or self.denied or self.close_code)
        assert self.synced, (self.denied, self.close_code, self.close_reason)

    async def until_closed(self) -> int:
        """Return the code of the close."""
        await self.until(lambda: self.close_code is not None)
        assert self.close_code is not None
        return self.close_code

    async def _read(self) -> None:
        assert self._socket is not None
        with contextlib.suppress(websockets.ConnectionClosed):
            async for message in self._socket:
                assert isinstance(message, bytes)
                async with self._changed:
                    await self._heard(message)
                    self._changed.notify_all()
        async with self._changed:
            self.close_code = self._socket.close_code or 1006
            self.close_reason = self._socket.close_reason or ""
            self._changed.notify_all()

    async def _heard(self, message: bytes) -> None:
        if len(message) == 1:
            return
        assert message.startswith(self.prefix)
        body = message[len(self.prefix) :]
        self.messages.append(body)
        if body[0] == wire.SYNC:
            payload, _ = wire.read_chunk(body, 2)
            if body[1] == wire.STEP_1:
                await self.send(wire.step_2(self.doc.get_update(payload)))
            else:
                self.doc.apply_update(payload)
                self.synced |= body[1] == wire.STEP_2
        elif body[0] == wire.AWARENESS:
            for one in wire.read_awareness(body, 1):
                self.presences[one.client] = one.state
                if one.state == wire.GONE:
                    del self.presences[one.client]
        elif body[:2] == bytes((wire.AUTH, wire.AUTHENTICATED)):
            self.scope = wire.read_string(body, 2)[0]
        elif body[:2] == bytes((wire.AUTH, wire.DENIED)):
            self.denied = wire.read_string(body, 2)[0]
        elif body == wire.SAVED:
            self.saved += 1
        elif body == wire.REFUSED:
            self.refused += 1

    async def close(self) -> None:
        """Leave."""
        if self._socket is not None and self._reader is not None:
            await self._socket.close()
            await self._reader


class Door:
    """Makes clients of one server for people of one tenant."""

    def __init__(self, base_url: str, tickets: Tickets, tenant_id: TenantId) -> None:
        self.base_url, self.tickets, self.tenant_id = base_url, tickets, tenant_id
        self.clients: list[Client] = []

    def ticket(self, user_id: UserId, room_id: UUID, *, name: str = "Ann") -> str:
        """A ticket of that person."""
        return self.tickets.make(Author(self.tenant_id, user_id, name), RoomId(room_id))[0]

    async def enter(
        self, user_id: UserId, room_id: UUID, framing: str = "hocuspocus", doc: "Doc[Any] | None" = None
    ) -> Client:
        """A client that asked to come in."""
        client = Client(room_id, framing, doc)
        self.clients.append(client)
        await client.open(self.base_url, self.ticket(user_id, room_id))
        return client

    async def inside(
        self, user_id: UserId, room_id: UUID, framing: str = "hocuspocus", doc: "Doc[Any] | None" = None
    ) -> Client:
        """A client that is in, and has what is there."""
        client = await self.enter(user_id, room_id, framing, doc)
        await client.until_synced()
        return client

    async def close(self) -> None:
        """All leave."""
        for client in self.clients:
            await client.close()


@contextlib.asynccontextmanager
async def door(base_url: str, tickets: Tickets, tenant_id: TenantId) -> AsyncIterator[Door]:
    """A door, until the block ends."""
    made = Door(base_url, tickets, tenant_id)
    try:
        yield made
    finally:
        await made.close()
