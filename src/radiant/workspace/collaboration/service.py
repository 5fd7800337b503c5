"""Rooms, who may do what in them, and what was done (section 20). The live documents are in `rooms`."""

import secrets
from collections.abc import Awaitable, Callable, Collection
from datetime import timedelta
from typing import Any
from uuid import UUID

from radiant.foundation.identity.sessions import hash_token
from radiant.infra.db import Row, TenantDb, Tx
from radiant.kit.clock import Clock, utc_now
from radiant.kit.ids import UserId, uuid7
from radiant.workspace.collaboration import invitations_store, store
from radiant.workspace.collaboration.people import Author
from radiant.workspace.collaboration.problems import (
    LastOwner,
    MadeElsewhere,
    NoSuchInvitation,
    NoSuchPerson,
    NotYourRole,
    RoomClosed,
    RoomFull,
    RoomNotFound,
)
from radiant.workspace.collaboration.rooms import Rooms
from radiant.workspace.collaboration.schemas import (
    OWNER,
    WRITE,
    NewRoom,
    NewRoomInvitation,
    Role,
    Room,
    RoomChange,
    RoomId,
    RoomInvitation,
    RoomParticipant,
    RoomPerson,
    RoomTicket,
)
from radiant.workspace.collaboration.tickets import Tickets, colour_of

OnOpened = Callable[[Tx, RoomId], Awaitable[None]]
_EVERYBODY: frozenset[Role] = frozenset(("owner", "editor", "commenter", "viewer"))
_RANK = {"viewer": 1, "commenter": 2, "editor": 3, "owner": 4}


async def create(tx: Tx, new: NewRoom) -> RoomId:
    """Make a room with the caller as its owner, in the transaction of whatever it is for."""
    room_id = RoomId(uuid7())
    await store.insert(tx, room_id, new)
    await store.put_participant(tx, room_id, tx.user_id, "owner")
    await store.log_action(tx, room_id, "created", {"room_name": new.room_name})
    return room_id


async def must_be(tx: Tx, room_id: UUID, roles: Collection[Role] = _EVERYBODY, *, locked: bool = False) -> Row:
    """What decides who may do what. Raises RoomNotFound, NotYourRole."""
    standing = await (store.lock if locked else store.standing)(tx, room_id)
    if standing is None or standing["role"] is None:
        raise RoomNotFound("there is no such room, or you are not in it; ask an owner of the room for an invitation")
    if standing["role"] not in roles:
        allowed = " or ".join(sorted(roles, key=lambda role: -_RANK[role]))
        raise NotYourRole(f"this takes the role {allowed} in the room; you are {standing['role']}: ask an owner")
    return standing


def must_be_open(standing: Row) -> None:
    """Raises RoomClosed."""
    if not standing["is_active"]:
        raise RoomClosed("this room is closed; an owner can open it again")


class Collaboration:
    """What is done with rooms. `opened` is called, in its transaction, when a room that was its owner's alone opens to
    others: whatever is worked on in it opens with it."""

    def __init__(self, rooms: Rooms, tickets: Tickets, base_url: str, clock: Clock = utc_now) -> None:
        self.rooms = rooms
        self._tickets = tickets
        self.opened: list[OnOpened] = []
        self._base_url = base_url.rstrip("/")
        self._clock = clock

    async def make(self, db: TenantDb, new: NewRoom) -> Room:
        """Make a room. Raises MadeElsewhere."""
        if new.room_type == "canvas":
            raise MadeElsewhere("room_type: a canvas comes with its room; make one at POST /api/canvas/canvases")
        async with db.tx() as tx:
            return await self._shown(tx, await create(tx, new))

    async def get(self, db: TenantDb, room_id: UUID) -> Room:
        """A room. Raises RoomNotFound."""
        async with db.tx() as tx:
            return await self._shown(tx, room_id)

    async def change(self, db: TenantDb, room_id: UUID, new: RoomChange) -> Room:
        """Rename, open, close, bound or unbound a room: its owners' to do. Raises RoomNotFound, NotYourRole, RoomFull."""
        async with db.tx() as tx:
            standing = await must_be(tx, room_id, OWNER, locked=True)
            if new.max_participants is not None:
                there = await store.participant_count(tx, room_id)
                if new.max_participants < there:
                    raise RoomFull(f"max_participants: {there} people are in the room; take some out of it first")
            await store.change(tx, room_id, new)
            if new.access == "tenant" and standing["access"] != "tenant":
                await self._opens(tx, room_id)
            for action, data in _told(new, standing):
                await store.log_action(tx, room_id, action, data)
            return await self._shown(tx, room_id)

    async def delete(self, db: TenantDb, room_id: UUID) -> None:
        """Delete a room with its document. Raises RoomNotFound, NotYourRole, MadeElsewhere."""
        async with db.tx() as tx:
            room = await self._shown(tx, room_id)
            await must_be(tx, room_id, OWNER, locked=True)
            if room.canvas_id is not None:
                raise MadeElsewhere(f"this room is a canvas's: delete that, at /api/canvas/canvases/{room.canvas_id}")
            await store.delete(tx, room_id)
        await self.rooms.drop(db.tenant_id, RoomId(room_id))

    async def ticket(self, db: TenantDb, room_id: UUID) -> RoomTicket:
        """A ticket for one connection. Raises RoomNotFound."""
        async with db.tx() as tx:
            standing = await must_be(tx, room_id)
            by = Author(db.tenant_id, UserId(tx.user_id), await author_name(tx))
        ticket, expires_at = self._tickets.make(by, RoomId(room_id))
        user = RoomPerson(id=by.user_id, name=by.name, color=colour_of(by.user_id))
        return RoomTicket(ticket=ticket, role=standing["role"], expires_at=expires_at, user=user)

    # --- who is in it ---

    async def participants(self, db: TenantDb, room_id: UUID) -> list[RoomParticipant]:
        """Who is in a room. Raises RoomNotFound."""
        async with db.tx() as tx:
            await must_be(tx, room_id)
            rows = await store.participants(tx, room_id)
        return [RoomParticipant.model_validate({**row, "color": colour_of(row["user_id"])}) for row in rows]

    async def add_participant(self, db: TenantDb, room_id: UUID, email: str, role: Role) -> list[RoomParticipant]:
        """The same for somebody whose address one knows: people of a workspace do not all see its list. Raises as
        `put_participant`."""
        async with db.tx() as tx:
            await must_be(tx, room_id, OWNER)
            user_id = await store.person_by_email(tx, email)
        if user_id is None:
            raise NoSuchPerson("email: nobody in this workspace signs in with that address; a link works once they do")
        return await self.put_participant(db, room_id, user_id, role)

    async def put_participant(self, db: TenantDb, room_id: UUID, user_id: UUID, role: Role) -> list[RoomParticipant]:
        """Bring somebody of the workspace in, or change their role; it holds in open connections at once. Raises
        RoomNotFound, NotYourRole, NoSuchPerson, RoomFull, LastOwner."""
        async with db.tx() as tx:
            standing = await must_be(tx, room_id, OWNER, locked=True)
            if await store.person(tx, user_id) is None:
                raise NoSuchPerson("user_id: nobody of that id is active in this workspace")
            had = await store.role_in(tx, room_id, user_id)
            if had != role:
                if had is None:
                    await self._must_have_room(tx, room_id, standing)
                elif had == "owner":
                    await _must_keep_an_owner(tx, room_id, user_id)
                await store.put_participant(tx, room_id, user_id, role)
                await self._opens(tx, room_id)
                data = {"user_id": str(user_id), "before": had, "after": role}
                await store.log_action(tx, room_id, "role_changed" if had else "added", data)
        return await self.participants(db, room_id)

    async def remove_participant(self, db: TenantDb, room_id: UUID, user_id: UUID) -> None:
        """Take somebody out, or leave. Their connections end at once. Raises RoomNotFound, NotYourRole, NoSuchPerson,
        LastOwner."""
        async with db.tx() as tx:
            leaving = user_id == tx.user_id
            await must_be(tx, room_id, _EVERYBODY if leaving else OWNER, locked=True)
            if await store.role_in(tx, room_id, user_id) == "owner":
                await _must_keep_an_owner(tx, room_id, user_id)
            if not await store.delete_participant(tx, room_id, user_id):
                raise NoSuchPerson("user_id: nobody of that id is in this room")
            await store.log_action(tx, room_id, "left" if leaving else "removed", {"user_id": str(user_id)})
        await self.rooms.drop(db.tenant_id, RoomId(room_id), UserId(user_id))

    async def set_cursor(self, db: TenantDb, room_id: UUID, position: dict[str, Any] | None) -> None:
        """Where the caller is. Raises RoomNotFound, NoSuchPerson."""
        async with db.tx() as tx:
            await must_be(tx, room_id)
            if not await store.set_cursor(tx, room_id, position):
                raise NoSuchPerson("you are not in this room yet: enter it first")

    # --- links ---

    async def invite(self, db: TenantDb, room_id: UUID, new: NewRoomInvitation) -> RoomInvitation:
        """Make a link by which people of the workspace come in. Raises RoomNotFound, NotYourRole."""
        token = secrets.token_urlsafe(32)
        until = self._clock() + timedelta(days=new.expires_in_days)
        async with db.tx() as tx:
            await must_be(tx, room_id, OWNER, locked=True)
            made = await invitations_store.insert(tx, uuid7(), room_id, new.role, hash_token(token), until)
            await self._opens(tx, room_id)
            await store.log_action(tx, room_id, "invited", {"invitation_id": str(made.id), "role": new.role})
        return made.model_copy(update={"url": f"{self._base_url}/rooms/join/{token}"})

    async def invitations(self, db: TenantDb, room_id: UUID) -> list[RoomInvitation]:
        """The links that hold. Raises RoomNotFound, NotYourRole."""
        async with db.tx() as tx:
            await must_be(tx, room_id, OWNER)
            return await invitations_store.of_room(tx, room_id)

    async def take_back(self, db: TenantDb, room_id: UUID, invitation_id: UUID) -> None:
        """Let a link lead nowhere; who came in by it stays. Raises RoomNotFound, NotYourRole, NoSuchInvitation."""
        async with db.tx() as tx:
            await must_be(tx, room_id, OWNER, locked=True)
            if not await invitations_store.delete(tx, room_id, invitation_id):
                raise NoSuchInvitation("this room has no such link")
            await store.log_action(tx, room_id, "invitation_taken_back", {"invitation_id": str(invitation_id)})

    async def accept(self, db: TenantDb, token: str) -> Room:
        """Come in by a link; a higher role that one has already stays. Raises NoSuchInvitation, RoomFull."""
        async with db.tx() as tx:
            found = await invitations_store.of_token(tx, hash_token(token))
            standing = await store.lock(tx, found["room_id"]) if found else None
            if found is None or standing is None:
                raise NoSuchInvitation(
                    "this link leads nowhere: it was taken back, has run out, or is another workspace's; ask for a new one"
                )
            room_id = found["room_id"]
            had = await store.role_in(tx, room_id, tx.user_id)
            if had is None:
                await self._must_have_room(tx, room_id, standing)
            if had is None or _RANK[found["role"]] > _RANK[had]:
                await store.put_participant(tx, room_id, tx.user_id, found["role"])
                await invitations_store.count_use(tx, found["id"])
                data = {"invitation_id": str(found["id"]), "before": had, "after": found["role"]}
                await store.log_action(tx, room_id, "came_in", data)
            return await self._shown(tx, room_id)

    # --- what was done ---

    async def log_action(self, db: TenantDb, room_id: UUID, action_type: str, data: dict[str, Any]) -> None:
        """Note what somebody who may write did. Raises RoomNotFound, NotYourRole."""
        async with db.tx() as tx:
            await must_be(tx, room_id, WRITE)
            await store.log_action(tx, room_id, action_type, data)

    async def _shown(self, tx: Tx, room_id: UUID) -> Room:
        room = await store.get(tx, room_id)
        if room is None:
            raise RoomNotFound(
                "there is no such room, or you are not in it; ask an owner of the room for an invitation"
            )
        return room

    async def _opens(self, tx: Tx, room_id: UUID) -> None:
        for on_opened in self.opened:
            await on_opened(tx, RoomId(room_id))

    @staticmethod
    async def _must_have_room(tx: Tx, room_id: UUID, standing: Row) -> None:
        if await store.participant_count(tx, room_id) >= standing["max_participants"]:
            raise RoomFull(
                f"{standing['max_participants']} people are in this room, which is all it takes: an owner can take more"
            )


async def _must_keep_an_owner(tx: Tx, room_id: UUID, user_id: UUID) -> None:
    if not await store.other_owners(tx, room_id, user_id):
        raise LastOwner("this is the room's only owner: make somebody else an owner first, or delete the room")


def _told(new: RoomChange, before: Row) -> list[tuple[str, dict[str, Any]]]:
    told: list[tuple[str, dict[str, Any]]] = []
    if new.room_name is not None:
        told.append(("renamed", {"room_name": new.room_name}))
    if new.is_active is not None and new.is_active != before["is_active"]:
        told.append(("reopened" if new.is_active else "closed", {}))
    if new.access is not None and new.access != before["access"]:
        told.append(("access_changed", {"before": before["access"], "after": new.access}))
    if new.max_participants is not None and new.max_participants != before["max_participants"]:
        told.append(("bounded", {"before": before["max_participants"], "after": new.max_participants}))
    return told


async def author_name(tx: Tx) -> str:
    """The name that the caller's edits carry."""
    row = await store.person(tx, tx.user_id)
    return row["display_name"] if row else "Somebody"
