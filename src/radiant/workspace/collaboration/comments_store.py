"""SQL of comments."""

from datetime import datetime
from typing import LiteralString
from uuid import UUID

from radiant.infra.db import Tx
from radiant.workspace.collaboration.schemas import NewRoomComment, RoomComment, RoomCommentChange, RoomMention

_COMMENT: LiteralString = (
    "select k.id, k.room_id, k.parent_id, k.user_id, coalesce(nullif(u.name, ''), u.email) as display_name, k.body, k.anchor, k.mentions, k.resolved_at,"
    " k.resolved_by, k.created_at, k.updated_at from collaboration_comments k"
    " left join users u on u.tenant_id = k.tenant_id and u.id = k.user_id"
)


async def insert(tx: Tx, comment_id: UUID, room_id: UUID, new: NewRoomComment) -> None:
    """A comment of the caller's."""
    anchor = None if new.anchor is None else new.anchor.model_dump(mode="json", by_alias=True, exclude_none=True)
    await tx.run(
        "insert into collaboration_comments (id, tenant_id, room_id, parent_id, user_id, body, anchor, mentions)"
        " values ($3, $1, $4, $5, $2, $6, $7, $8)",
        tx.tenant_id, tx.user_id, comment_id, room_id, new.parent_id, new.body, anchor, new.mentions,
    )  # fmt: skip


async def get(tx: Tx, room_id: UUID, comment_id: UUID) -> RoomComment | None:
    """One comment, without its answers."""
    row = await tx.one_or_none(
        _COMMENT + " where k.tenant_id = $1 and k.room_id = $2 and k.id = $3", tx.tenant_id, room_id, comment_id
    )
    return RoomComment.model_validate(dict(row)) if row else None


async def threads(
    tx: Tx, room_id: UUID, resolved: bool | None, before: tuple[datetime, UUID] | None, limit: int
) -> list[RoomComment]:
    """First comments of threads, the newest first."""
    rows = await tx.all(
        _COMMENT + " where k.tenant_id = $1 and k.room_id = $2 and k.parent_id is null"
        " and ($3::boolean is null or (k.resolved_at is not null) = $3)"
        " and ($4::timestamptz is null or (k.created_at, k.id) < ($4, $5::uuid))"
        " order by k.created_at desc, k.id desc limit $6",
        tx.tenant_id, room_id, resolved, *(before or (None, None)), limit,
    )  # fmt: skip
    return [RoomComment.model_validate(dict(row)) for row in rows]


async def answers(tx: Tx, threads: list[UUID]) -> list[RoomComment]:
    """The answers in these threads, the oldest first."""
    rows = await tx.all(
        _COMMENT + " where k.tenant_id = $1 and k.parent_id = any($2) order by k.created_at, k.id limit 5000",
        tx.tenant_id, threads,
    )  # fmt: skip
    return [RoomComment.model_validate(dict(row)) for row in rows]


async def change(tx: Tx, room_id: UUID, comment_id: UUID, new: RoomCommentChange) -> None:
    """Change a comment. The answers of a thread are no threads, so `resolved` leaves them."""
    await tx.run(
        "update collaboration_comments set body = coalesce($5, body), mentions = coalesce($6, mentions),"
        " resolved_at = case $7::boolean when true then coalesce(resolved_at, current_timestamp) when false then null"
        "  else resolved_at end,"
        " resolved_by = case $7::boolean when true then coalesce(resolved_by, $2) when false then null"
        "  else resolved_by end,"
        " updated_at = case when $5::text is null then updated_at else current_timestamp end"
        " where tenant_id = $1 and room_id = $3 and id = $4",
        tx.tenant_id, tx.user_id, room_id, comment_id, new.body, new.mentions, new.resolved,
    )  # fmt: skip


async def delete(tx: Tx, room_id: UUID, comment_id: UUID) -> None:
    """Delete a comment, and where it began a thread the thread."""
    await tx.run(
        "delete from collaboration_comments where tenant_id = $1 and room_id = $2 and id = $3",
        tx.tenant_id, room_id, comment_id,
    )  # fmt: skip


async def mentions(tx: Tx, before: tuple[datetime, UUID] | None, limit: int) -> list[RoomMention]:
    """Comments that name the caller, in rooms that they may still enter, the newest first."""
    rows = await tx.all(
        "select k.id, k.room_id, k.parent_id, k.user_id, coalesce(nullif(u.name, ''), u.email) as display_name, k.body, k.anchor, k.mentions, k.resolved_at,"
        " k.resolved_by, k.created_at, k.updated_at, r.room_name, c.id as canvas_id from collaboration_comments k"
        " join collaboration_rooms r on r.tenant_id = k.tenant_id and r.id = k.room_id"
        " join users me on me.tenant_id = r.tenant_id and me.id = $2"
        " left join room_participants m on m.tenant_id = r.tenant_id and m.room_id = r.id and m.user_id = me.id"
        " left join users u on u.tenant_id = k.tenant_id and u.id = k.user_id"
        " left join canvases c on c.tenant_id = r.tenant_id and c.room_id = r.id"
        " where k.tenant_id = $1 and k.mentions @> array[$2::uuid]"
        " and app.room_role(m.role, r.access, me.role, me.status) is not null"
        " and ($3::timestamptz is null or (k.created_at, k.id) < ($3, $4::uuid))"
        " order by k.created_at desc, k.id desc limit $5",
        tx.tenant_id, tx.user_id, *(before or (None, None)), limit,
    )  # fmt: skip
    return [
        RoomMention(
            room_id=row["room_id"], room_name=row["room_name"], canvas_id=row["canvas_id"],
            comment=RoomComment.model_validate(dict(row)),
        )
        for row in rows
    ]  # fmt: skip
