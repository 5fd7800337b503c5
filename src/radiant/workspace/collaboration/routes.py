"""/api/collaboration: rooms, who is in them, what was done and what was said."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request

from radiant.foundation.identity.dependencies import AnyCaller, Db, MemberCaller
from radiant.http.pages import Cursor, ItemsOf, Limit, PageOf
from radiant.kit.page import BadCursor, decode_cursor, encode_cursor, moment
from radiant.workspace.collaboration import comments, comments_store, store, versions_store
from radiant.workspace.collaboration.history import History, Point
from radiant.workspace.collaboration.schemas import (
    Kind,
    NewRoom,
    NewRoomAction,
    NewRoomComment,
    NewRoomInvitation,
    NewRoomParticipant,
    Room,
    RoomAction,
    RoomChange,
    RoomComment,
    RoomCommentChange,
    RoomComparison,
    RoomContents,
    RoomCursor,
    RoomInvitation,
    RoomLink,
    RoomMention,
    RoomParticipant,
    RoomRestoring,
    RoomRoleChange,
    RoomStretch,
    RoomTicket,
    RoomVersion,
    RoomVersionName,
)
from radiant.workspace.collaboration.service import Collaboration, must_be

router = APIRouter(prefix="/api/collaboration", tags=["collaboration"])

_UPDATES_A_PAGE = 20_000
Words = Annotated[str | None, Query(max_length=200, pattern=r"^[^\x00]*$")]
Seq = Annotated[int | None, Query(ge=0, le=2**62, description="a number of the log")]


def collaboration_of(request: Request) -> Collaboration:
    """The rooms that the root made."""
    return request.app.state.collaboration


def history_of(request: Request) -> History:
    """Their history."""
    return request.app.state.room_history


def _before(cursor: str | None) -> tuple[datetime, UUID] | None:
    return moment(*decode_cursor(cursor, 2)) if cursor is not None else None


def _next(at: datetime, id_: UUID) -> str:
    return encode_cursor(at.isoformat(), str(id_))


@router.post("/rooms", status_code=201)
async def make(request: Request, db: Db, caller: MemberCaller, new: NewRoom) -> Room:
    """Make a room; the caller is its owner."""
    del caller
    return await collaboration_of(request).make(db, new)


@router.get("/rooms")
async def list_rooms(
    db: Db, room_type: Annotated[Kind | None, Query()] = None, is_active: bool | None = None, search: Words = None,
    cursor: Cursor = None, limit: Limit = 50,
) -> PageOf[Room]:  # fmt: skip
    """Rooms that the caller may enter, the last changed first."""
    async with db.tx() as tx:
        items = await store.page(tx, room_type, is_active, (search or "").strip() or None, _before(cursor), limit)
    return PageOf(items=items, next=_next(items[-1].updated_at, items[-1].id) if len(items) == limit else None)


@router.get("/rooms/{room_id}")
async def read(request: Request, db: Db, room_id: UUID) -> Room:
    """A room."""
    return await collaboration_of(request).get(db, room_id)


@router.patch("/rooms/{room_id}")
async def change(request: Request, db: Db, caller: MemberCaller, room_id: UUID, new: RoomChange) -> Room:
    """Rename a room, close it or open it again, say who may enter and how many."""
    del caller
    return await collaboration_of(request).change(db, room_id, new)


@router.delete("/rooms/{room_id}", status_code=204)
async def delete(request: Request, db: Db, caller: MemberCaller, room_id: UUID) -> None:
    """Delete a room with its document and its history."""
    del caller
    await collaboration_of(request).delete(db, room_id)


@router.post("/rooms/{room_id}/tickets", status_code=201)
async def ticket(request: Request, db: Db, caller: AnyCaller, room_id: UUID) -> RoomTicket:
    """A ticket for one connection to the room's document."""
    del caller
    return await collaboration_of(request).ticket(db, room_id)


# --- who is in it ---


@router.get("/rooms/{room_id}/participants")
async def participants(request: Request, db: Db, room_id: UUID) -> ItemsOf[RoomParticipant]:
    """Who is in the room, with their roles, and who is here now."""
    return ItemsOf(items=await collaboration_of(request).participants(db, room_id))


@router.post("/rooms/{room_id}/participants")
async def add_participant(
    request: Request, db: Db, caller: MemberCaller, room_id: UUID, new: NewRoomParticipant
) -> ItemsOf[RoomParticipant]:
    """Bring somebody of the workspace in by their address, or change their role."""
    del caller
    return ItemsOf(items=await collaboration_of(request).add_participant(db, room_id, new.email, new.role))


@router.put("/rooms/{room_id}/participants/{participant_id}")
async def put_participant(
    request: Request, db: Db, caller: MemberCaller, room_id: UUID, participant_id: UUID, new: RoomRoleChange
) -> ItemsOf[RoomParticipant]:
    """Bring somebody of the workspace in, or change their role, which holds in open connections at once."""
    del caller
    return ItemsOf(items=await collaboration_of(request).put_participant(db, room_id, participant_id, new.role))


@router.delete("/rooms/{room_id}/participants/{participant_id}", status_code=204)
async def remove_participant(request: Request, db: Db, room_id: UUID, participant_id: UUID) -> None:
    """Take somebody out of the room, or leave it."""
    await collaboration_of(request).remove_participant(db, room_id, participant_id)


@router.put("/rooms/{room_id}/cursor", status_code=204)
async def set_cursor(request: Request, db: Db, room_id: UUID, new: RoomCursor) -> None:
    """Where the caller is in the document."""
    await collaboration_of(request).set_cursor(db, room_id, new.cursor_position)


@router.post("/rooms/{room_id}/invitations", status_code=201)
async def invite(
    request: Request, db: Db, caller: MemberCaller, room_id: UUID, new: NewRoomInvitation
) -> RoomInvitation:
    """Make a link by which people of this workspace come in."""
    del caller
    return await collaboration_of(request).invite(db, room_id, new)


@router.get("/rooms/{room_id}/invitations")
async def invitations(request: Request, db: Db, room_id: UUID) -> ItemsOf[RoomInvitation]:
    """The links that hold."""
    return ItemsOf(items=await collaboration_of(request).invitations(db, room_id))


@router.delete("/rooms/{room_id}/invitations/{room_invitation_id}", status_code=204)
async def take_back(request: Request, db: Db, caller: MemberCaller, room_id: UUID, room_invitation_id: UUID) -> None:
    """Let a link lead nowhere."""
    del caller
    await collaboration_of(request).take_back(db, room_id, room_invitation_id)


@router.post("/invitations/accept")
async def accept(request: Request, db: Db, new: RoomLink) -> Room:
    """Come in by a link."""
    return await collaboration_of(request).accept(db, new.token)


# --- what was done ---


@router.get("/rooms/{room_id}/history")
async def actions(
    db: Db, room_id: UUID, user_id: UUID | None = None, action_type: Annotated[Kind | None, Query()] = None,
    since: datetime | None = None, until: datetime | None = None, cursor: Cursor = None, limit: Limit = 50,
) -> PageOf[RoomAction]:  # fmt: skip
    """What was done in the room, the latest first; by person, kind and time."""
    async with db.tx() as tx:
        await must_be(tx, room_id)
        items = await store.actions(tx, room_id, user_id, action_type, since, until, _before(cursor), limit)
    return PageOf(items=items, next=_next(items[-1].created_at, items[-1].id) if len(items) == limit else None)


@router.post("/rooms/{room_id}/history", status_code=204)
async def log_action(request: Request, db: Db, caller: MemberCaller, room_id: UUID, new: NewRoomAction) -> None:
    """Note something that was done, in the room's history."""
    del caller
    await collaboration_of(request).log_action(db, room_id, new.action_type, new.action_data)


@router.get("/rooms/{room_id}/timeline")
async def timeline(
    db: Db, room_id: UUID, user_id: UUID | None = None, since: datetime | None = None, until: datetime | None = None,
    cursor: Cursor = None, limit: Limit = 50,
) -> PageOf[RoomStretch]:  # fmt: skip
    """Who wrote when, the latest first: updates of one author that followed each other."""
    try:
        before = int(decode_cursor(cursor, 1)[0]) if cursor is not None else None
    except ValueError as error:
        raise BadCursor("cursor: not one of ours; leave it out to start from the first page") from error
    async with db.tx() as tx:
        await must_be(tx, room_id)
        items = await versions_store.stretches(tx, room_id, user_id, since, until, before, _UPDATES_A_PAGE, limit)
    # A page holds so many updates or so many stretches; the log itself says whether more come before.
    more = bool(items) and (len(items) == limit or sum(item.updates for item in items) >= _UPDATES_A_PAGE)
    return PageOf(items=items, next=encode_cursor(str(items[-1].first_seq)) if more else None)


@router.get("/rooms/{room_id}/contents")
async def contents(
    request: Request, db: Db, room_id: UUID, version_id: UUID | None = None, seq: Seq = None
) -> RoomContents:
    """What the document says; or said at a version, or a number of the log."""
    return await history_of(request).contents(db, room_id, _point(version_id, seq))


@router.get("/rooms/{room_id}/compare")
async def compare(
    request: Request, db: Db, room_id: UUID, from_version: UUID | None = None, from_seq: Seq = None,
    to_version: UUID | None = None, to_seq: Seq = None,
) -> RoomComparison:  # fmt: skip
    """How the document changed from one point to another, or to now."""
    before = _point(from_version, from_seq)
    return await history_of(request).compare(db, room_id, 0 if before is None else before, _point(to_version, to_seq))


@router.get("/rooms/{room_id}/versions")
async def versions(db: Db, room_id: UUID, cursor: Cursor = None, limit: Limit = 50) -> PageOf[RoomVersion]:
    """Points that are kept, the newest first."""
    async with db.tx() as tx:
        await must_be(tx, room_id)
        items = await versions_store.page(tx, room_id, _before(cursor), limit)
    return PageOf(items=items, next=_next(items[-1].created_at, items[-1].id) if len(items) == limit else None)


@router.post("/rooms/{room_id}/versions", status_code=201)
async def keep(request: Request, db: Db, caller: MemberCaller, room_id: UUID, new: RoomVersionName) -> RoomVersion:
    """Name the document as it is now."""
    del caller
    return await history_of(request).keep(db, room_id, new.name)


@router.patch("/rooms/{room_id}/versions/{room_version_id}")
async def rename_version(
    request: Request, db: Db, caller: MemberCaller, room_id: UUID, room_version_id: UUID, new: RoomVersionName
) -> RoomVersion:
    """Name a version, or name it otherwise."""
    del caller
    return await history_of(request).rename(db, room_id, room_version_id, new.name)


@router.delete("/rooms/{room_id}/versions/{room_version_id}", status_code=204)
async def forget_version(request: Request, db: Db, caller: MemberCaller, room_id: UUID, room_version_id: UUID) -> None:
    """Forget a version; its number of the log stays."""
    del caller
    await history_of(request).forget(db, room_id, room_version_id)


@router.post("/rooms/{room_id}/restore")
async def restore(request: Request, db: Db, caller: MemberCaller, room_id: UUID, to: RoomRestoring) -> RoomContents:
    """Go back to a version or a number of the log. What is there now is kept as a version first."""
    del caller
    return await history_of(request).restore(db, room_id, to)


# --- what was said ---


@router.get("/rooms/{room_id}/comments")
async def list_comments(
    db: Db, room_id: UUID, resolved: bool | None = None, cursor: Cursor = None, limit: Limit = 50
) -> PageOf[RoomComment]:
    """Threads with their answers, the newest first."""
    items = await comments.page(db, room_id, resolved, _before(cursor), limit)
    return PageOf(items=items, next=_next(items[-1].created_at, items[-1].id) if len(items) == limit else None)


@router.post("/rooms/{room_id}/comments", status_code=201)
async def add_comment(
    request: Request, db: Db, caller: MemberCaller, room_id: UUID, new: NewRoomComment
) -> RoomComment:
    """Begin a thread, or answer in one."""
    del request, caller
    return await comments.add(db, room_id, new)


@router.patch("/rooms/{room_id}/comments/{comment_id}")
async def change_comment(
    db: Db, caller: MemberCaller, room_id: UUID, comment_id: UUID, new: RoomCommentChange
) -> RoomComment:
    """Reword one's own comment; resolve a thread or open it again."""
    del caller
    return await comments.change(db, room_id, comment_id, new)


@router.delete("/rooms/{room_id}/comments/{comment_id}", status_code=204)
async def delete_comment(db: Db, caller: MemberCaller, room_id: UUID, comment_id: UUID) -> None:
    """Delete a comment; with the first of a thread go its answers."""
    del caller
    await comments.delete(db, room_id, comment_id)


@router.get("/mentions")
async def mentions(db: Db, cursor: Cursor = None, limit: Limit = 50) -> PageOf[RoomMention]:
    """Comments that name the caller, the newest first."""
    async with db.tx() as tx:
        items = await comments_store.mentions(tx, _before(cursor), limit)
    last = items[-1].comment if len(items) == limit else None
    return PageOf(items=items, next=_next(last.created_at, last.id) if last else None)


def _point(version_id: UUID | None, seq: int | None) -> Point | None:
    return version_id if version_id is not None else seq
