"""What a document was: points that are kept, what each differed in, and the way back (F20.8)."""

import asyncio
from typing import Any
from uuid import UUID

from pycrdt import Doc

from radiant.infra.db import TenantDb, Tx
from radiant.kit.ids import UserId, uuid7
from radiant.workspace.collaboration import contents, store, versions_store
from radiant.workspace.collaboration.people import Author
from radiant.workspace.collaboration.problems import NoSuchVersion
from radiant.workspace.collaboration.rooms import Rooms
from radiant.workspace.collaboration.schemas import (
    OWNER,
    WRITE,
    RoomComparison,
    RoomContents,
    RoomId,
    RoomRestoring,
    RoomVersion,
)
from radiant.workspace.collaboration.service import author_name, must_be, must_be_open

Point = UUID | int
"""A version, or a number of the log."""


class History:
    """Of the documents of rooms."""

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms

    async def keep(self, db: TenantDb, room_id: UUID, name: str) -> RoomVersion:
        """Name the document as it is now. Raises RoomNotFound, NotYourRole."""
        async with db.tx() as tx:
            standing = await must_be(tx, room_id, WRITE)
        return await self._keep(db, room_id, name, standing["last_seq"])

    async def rename(self, db: TenantDb, room_id: UUID, version_id: UUID, name: str) -> RoomVersion:
        """Name a version. Raises RoomNotFound, NotYourRole, NoSuchVersion."""
        async with db.tx() as tx:
            await must_be(tx, room_id, WRITE)
            await versions_store.rename(tx, room_id, version_id, name)
            version = await versions_store.get(tx, room_id, version_id)
        if version is None:
            raise NoSuchVersion("this room has no such version")
        return version

    async def forget(self, db: TenantDb, room_id: UUID, version_id: UUID) -> None:
        """Forget a version. Raises RoomNotFound, NotYourRole, NoSuchVersion."""
        async with db.tx() as tx:
            await must_be(tx, room_id, OWNER)
            if not await versions_store.delete(tx, room_id, version_id):
                raise NoSuchVersion("this room has no such version")
            await store.log_action(tx, room_id, "version_forgotten", {"version_id": str(version_id)})

    async def contents(self, db: TenantDb, room_id: UUID, point: Point | None) -> RoomContents:
        """What the document says, or said then. Raises RoomNotFound, NoSuchVersion."""
        async with db.tx() as tx:
            standing = await must_be(tx, room_id)
            last = standing["last_seq"]
            seq = await self._seq(tx, room_id, point, last)
        doc = await self._document(db, room_id, last if point is None else point)
        return RoomContents(seq=seq, texts=await asyncio.to_thread(contents.texts, doc))

    async def compare(self, db: TenantDb, room_id: UUID, before: Point, after: Point | None) -> RoomComparison:
        """What is different between two points; without `after`, between one and now. Raises RoomNotFound, NoSuchVersion."""
        old = await self.contents(db, room_id, before)
        new = await self.contents(db, room_id, after)
        changes = await asyncio.to_thread(contents.changes, old.texts, new.texts)
        return RoomComparison(before=old.seq, after=new.seq, changes=changes)

    async def restore(self, db: TenantDb, room_id: UUID, to: RoomRestoring) -> RoomContents:
        """Let the document say again what it said then, by an edit; what it says now is kept as a version without a
        name first. Raises RoomNotFound, RoomClosed, NotYourRole, NoSuchVersion."""
        point = to.seq if to.version_id is None else to.version_id
        assert point is not None
        async with db.tx() as tx:
            standing = await must_be(tx, room_id, WRITE)
            must_be_open(standing)
            seq = await self._seq(tx, room_id, point, standing["last_seq"])
            state = await versions_store.state(tx, room_id, point) if isinstance(point, UUID) else None
            by = Author(db.tenant_id, UserId(tx.user_id), await author_name(tx))
        kept = await self._keep(db, room_id, "", standing["last_seq"])
        await self._rooms.restore(by, RoomId(room_id), seq if state is None else state)
        async with db.tx() as tx:
            data = {"seq": seq, "version_id": str(to.version_id) if to.version_id else None, "kept": str(kept.id)}
            await store.log_action(tx, room_id, "restored", data)
        return await self.contents(db, room_id, None)

    async def _keep(self, db: TenantDb, room_id: UUID, name: str, seq: int) -> RoomVersion:
        doc = await self._document(db, room_id, seq)
        version_id = uuid7()
        async with db.tx() as tx:
            await versions_store.insert(tx, version_id, room_id, seq, name, doc.get_update())
            if name:
                await store.log_action(tx, room_id, "version_kept", {"version_id": str(version_id), "name": name})
            version = await versions_store.get(tx, room_id, version_id)
        assert version is not None
        return version

    async def _document(self, db: TenantDb, room_id: UUID, point: Point) -> "Doc[Any]":
        if isinstance(point, int):
            return await self._rooms.reading(db.tenant_id, RoomId(room_id), upto=point)
        async with db.tx() as tx:
            state = await versions_store.state(tx, room_id, point)
        if state is None:
            raise NoSuchVersion("this room has no such version")
        doc: Doc[Any] = Doc()
        doc.apply_update(state)
        return doc

    @staticmethod
    async def _seq(tx: Tx, room_id: UUID, point: Point | None, last: int) -> int:
        if point is None:
            return last
        if isinstance(point, UUID):
            version = await versions_store.get(tx, room_id, point)
            if version is None:
                raise NoSuchVersion("this room has no such version")
            return version.seq
        oldest = await versions_store.oldest(tx, room_id)
        first = 0 if oldest is None or oldest == 1 else oldest
        if not first <= point <= last:
            raise NoSuchVersion(f"seq: the log of this room goes from {first} to {last}")
        return point
