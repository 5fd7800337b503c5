"""Who may be in a room: read at the door, and again whenever the database says that it changed."""

import asyncio
from collections.abc import Mapping

import structlog

from radiant.infra.db import AWAY, Database
from radiant.kit.ids import TenantId, uuid7
from radiant.workspace.collaboration import log_store
from radiant.workspace.collaboration.problems import RoomClosed, RoomFull, RoomNotFound
from radiant.workspace.collaboration.room import CLOSED, FORBIDDEN, GONE, Room
from radiant.workspace.collaboration.schemas import Role, RoomId
from radiant.workspace.collaboration.tickets import Ticket

log = structlog.get_logger()

_PAUSE = 0.5


class Rights:
    """Of the rooms of one process (`rooms`, which others fill and empty). `looking` runs beside, for as long as they are
    there."""

    def __init__(self, database: Database, rooms: Mapping[RoomId, Room]) -> None:
        self._database, self._rooms = database, rooms
        self._due: set[RoomId] = set()
        self._wake = asyncio.Event()

    async def admitted(self, ticket: Ticket) -> Role:
        """As what somebody comes in, who is a participant from then on. Raises RoomNotFound, RoomClosed, RoomFull."""
        by, room_id = ticket.author, ticket.room_id
        async with self._database.tenant(by.tenant_id, by.user_id).tx() as tx:
            right = next(iter(await log_store.rights(tx, room_id, [by.user_id])), None)
            role: Role | None = "editor" if ticket.trusted else right["role"] if right is not None else None
            if right is None or role is None:
                raise RoomNotFound("there is no such room, or you are not in it; ask an owner of it for an invitation")
            if not right["is_active"]:
                raise RoomClosed("this room is closed: an owner can open it again")
            if ticket.trusted:
                return role
            if right["given"] is None:
                there = await log_store.count_locked(tx, room_id)
                if there is None:
                    raise RoomNotFound("there is no such room")
                if there >= right["max_participants"]:
                    raise RoomFull(
                        f"the room takes {right['max_participants']} participants and has them: ask an owner of it"
                    )
            # A viewer of the workspace is an editor of the room once they are a member of the workspace.
            await log_store.join(tx, uuid7(), room_id, right["given"] or "editor")
        return role

    def look_again(self, room_id: RoomId) -> None:
        """Something of this room changed."""
        self._due.add(room_id)
        self._wake.set()

    def people_changed(self, tenant_id: TenantId | None) -> None:
        """Somebody's account did; None: it may have been anybody's."""
        for room in self._rooms.values():
            if tenant_id in (None, room.tenant_id) and room.peers:
                self.look_again(room.id)

    async def looking(self) -> None:
        """Look at what changed, until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._due:
                room = self._rooms.get(self._due.pop())
                if room is None:
                    continue
                try:
                    await self.check(room)
                except AWAY as error:
                    log.warning("collaboration.rights_unknown", room=str(room.id), error=repr(error))
                    await asyncio.sleep(_PAUSE)
                    self._due.add(room.id)

    async def check(self, room: Room) -> None:
        """Give everybody who is there the role that they have now, or show them out."""
        users = {peer.author.user_id for peer in room.everybody()}
        async with self._database.tenant(room.tenant_id).tx() as tx:
            # In this order: a room that is deleted between the two was deleted, and nobody was put out of it.
            rights = {right["user_id"]: right for right in await log_store.rights(tx, room.id, list(users))}
            row = await log_store.load(tx, room.id)
        if row is None:
            room.close(GONE, "this room was deleted")
            return
        if not row["is_active"]:
            room.close(CLOSED, "this room was closed: an owner can open it again")
            return
        room.gone = None
        for peer in room.everybody():
            if peer.trusted or peer.author.user_id not in users:
                continue
            right = rights.get(peer.author.user_id)
            role: Role | None = right["role"] if right is not None and right["given"] else None
            if role is None:
                room.turn_out(peer, FORBIDDEN, "you are no longer in this room")
            else:
                room.set_role(peer, role)
