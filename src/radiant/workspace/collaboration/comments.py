"""Comments on what is in a room: threads with an anchor, answers, mentions."""

from datetime import datetime
from uuid import UUID

from radiant.infra.db import TenantDb, Tx
from radiant.kit.ids import uuid7
from radiant.workspace.collaboration import comments_store as store
from radiant.workspace.collaboration import store as rooms_store
from radiant.workspace.collaboration.problems import NoSuchComment, NoSuchPerson, NotYourRole
from radiant.workspace.collaboration.schemas import COMMENT, WRITE, NewRoomComment, RoomComment, RoomCommentChange
from radiant.workspace.collaboration.service import must_be


async def add(db: TenantDb, room_id: UUID, new: NewRoomComment) -> RoomComment:
    """Say something about the document. Raises RoomNotFound, NotYourRole, NoSuchComment, NoSuchPerson."""
    comment_id = uuid7()
    async with db.tx() as tx:
        await must_be(tx, room_id, COMMENT)
        if new.parent_id is not None and (await _there(tx, room_id, new.parent_id)).parent_id is not None:
            raise NoSuchComment("parent_id: this is an answer itself; name the comment that began the thread")
        await _must_be_people(tx, new.mentions)
        await store.insert(tx, comment_id, room_id, new)
        return await _there(tx, room_id, comment_id)


async def page(
    db: TenantDb, room_id: UUID, resolved: bool | None, before: tuple[datetime, UUID] | None, limit: int
) -> list[RoomComment]:
    """Threads with their answers, the newest first. Raises RoomNotFound."""
    async with db.tx() as tx:
        await must_be(tx, room_id)
        threads = await store.threads(tx, room_id, resolved, before, limit)
        by_id = {thread.id: thread for thread in threads}
        for answer in await store.answers(tx, list(by_id)):
            assert answer.parent_id is not None
            by_id[answer.parent_id].answers.append(answer)
    return threads


async def change(db: TenantDb, room_id: UUID, comment_id: UUID, new: RoomCommentChange) -> RoomComment:
    """Reword one's own comment; resolve a thread or open it again, which who may write may do too. Raises RoomNotFound,
    NotYourRole, NoSuchComment, NoSuchPerson."""
    async with db.tx() as tx:
        standing = await must_be(tx, room_id, COMMENT)
        comment = await _there(tx, room_id, comment_id)
        own = comment.user_id == tx.user_id
        if not own and (new.body is not None or new.mentions is not None):
            raise NotYourRole("this comment is somebody else's: answer it instead")
        if new.resolved is not None:
            if comment.parent_id is not None:
                raise NoSuchComment("resolved: this is an answer; resolve the comment that began the thread")
            if not own and standing["role"] not in WRITE:
                raise NotYourRole("an editor, an owner or who began the thread resolves it")
        await _must_be_people(tx, new.mentions or [])
        await store.change(tx, room_id, comment_id, new)
        return await _there(tx, room_id, comment_id)


async def delete(db: TenantDb, room_id: UUID, comment_id: UUID) -> None:
    """Delete one's own comment, or as an owner anybody's; with a thread go its answers. Raises RoomNotFound, NotYourRole,
    NoSuchComment."""
    async with db.tx() as tx:
        standing = await must_be(tx, room_id)
        comment = await _there(tx, room_id, comment_id)
        if comment.user_id != tx.user_id and standing["role"] != "owner":
            raise NotYourRole("an owner of the room or who wrote it deletes a comment")
        await store.delete(tx, room_id, comment_id)


async def _there(tx: Tx, room_id: UUID, comment_id: UUID) -> RoomComment:
    comment = await store.get(tx, room_id, comment_id)
    if comment is None:
        raise NoSuchComment("this room has no such comment")
    return comment


async def _must_be_people(tx: Tx, mentions: list[UUID]) -> None:
    if missing := set(mentions) - (await rooms_store.active_people(tx, mentions) if mentions else set()):
        raise NoSuchPerson(f"mentions: nobody in this workspace has the id {sorted(map(str, missing))[0]}")
