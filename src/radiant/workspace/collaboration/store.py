"""SQL of rooms and of who is in them: one function, one statement."""

from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

from radiant.infra.db import Row, Tx
from radiant.workspace.collaboration.schemas import NewRoom, Room, RoomAction, RoomChange

# Of room r, for $2 of the workspace $1.
_ROLE: LiteralString = "app.room_role(m.role, r.access, u.role, u.status)"
_FROM: LiteralString = (
    " from collaboration_rooms r"
    " join users u on u.tenant_id = r.tenant_id and u.id = $2"
    " left join room_participants m on m.tenant_id = r.tenant_id and m.room_id = r.id and m.user_id = u.id"
    " where r.tenant_id = $1"
)
_OF_ROOM: LiteralString = "r.id, r.room_name, r.room_type, r.access, r.is_active, r.max_participants, r.created_by, r.created_at, r.updated_at"
_ROOM: LiteralString = "select " + _OF_ROOM + ", " + _ROLE + " as role" + _FROM + " and " + _ROLE + " is not null"


def _with_people(rooms: LiteralString) -> LiteralString:
    # After the page is cut: people are counted of the rooms that are shown. An online flag is only as true as its heartbeat
    # is fresh: a crash leaves it set.
    return (
        "select r.*, n.participants, n.online, c.id as canvas_id from (" + rooms + ") r"
        " left join canvases c on c.tenant_id = $1 and c.room_id = r.id"
        " cross join lateral (select count(*) as participants, "
        "  count(*) filter (where p.is_online and p.last_seen > current_timestamp - interval '45 seconds') as online"
        "  from room_participants p where p.tenant_id = $1 and p.room_id = r.id) n"
        " order by r.updated_at desc, r.id desc"
    )


async def insert(tx: Tx, room_id: UUID, new: NewRoom) -> None:
    """A room of the caller's."""
    await tx.run(
        "insert into collaboration_rooms (id, tenant_id, room_name, room_type, created_by, access, max_participants)"
        " values ($3, $1, $4, $5, $2, $6, $7)",
        tx.tenant_id, tx.user_id, room_id, new.room_name, new.room_type, new.access, new.max_participants,
    )  # fmt: skip


async def get(tx: Tx, room_id: UUID) -> Room | None:
    """The room, if the caller may enter it."""
    row = await tx.one_or_none(_with_people(_ROOM + " and r.id = $3"), tx.tenant_id, tx.user_id, room_id)
    return Room.model_validate(dict(row)) if row else None


async def page(
    tx: Tx, kind: str | None, active: bool | None, words: str | None, before: tuple[datetime, UUID] | None, limit: int
) -> list[Room]:
    """Rooms that the caller may enter, the last changed first."""
    rows = await tx.all(
        _with_people(
            _ROOM + " and ($3::text is null or r.room_type = $3) and ($4::boolean is null or r.is_active = $4)"
            " and ($5::text is null or position(lower($5) in lower(r.room_name)) > 0)"
            " and ($6::timestamptz is null or (r.updated_at, r.id) < ($6, $7::uuid))"
            " order by r.updated_at desc, r.id desc limit $8"
        ),
        tx.tenant_id, tx.user_id, kind, active, words, *(before or (None, None)), limit,
    )  # fmt: skip
    return [Room.model_validate(dict(row)) for row in rows]


_STANDING: LiteralString = (
    "select "
    + _ROLE
    + " as role, r.is_active, r.access, r.max_participants, r.last_seq, r.room_type"
    + _FROM
    + " and r.id = $3"
)


async def standing(tx: Tx, room_id: UUID) -> Row | None:
    """What decides who may do what: {role, is_active, access, max_participants, last_seq, room_type}."""
    return await tx.one_or_none(_STANDING, tx.tenant_id, tx.user_id, room_id)


async def lock(tx: Tx, room_id: UUID) -> Row | None:
    """The same, held until the end."""
    return await tx.one_or_none(_STANDING + " for no key update of r", tx.tenant_id, tx.user_id, room_id)


async def change(tx: Tx, room_id: UUID, new: RoomChange) -> None:
    """Change a room."""
    await tx.run(
        "update collaboration_rooms set room_name = coalesce($3, room_name), is_active = coalesce($4, is_active),"
        " access = coalesce($5, access), max_participants = coalesce($6, max_participants),"
        " updated_at = current_timestamp where tenant_id = $1 and id = $2",
        tx.tenant_id, room_id, new.room_name, new.is_active, new.access, new.max_participants,
    )  # fmt: skip


async def delete(tx: Tx, room_id: UUID) -> None:
    """Delete a room with its document and its history."""
    await tx.run("delete from collaboration_rooms where tenant_id = $1 and id = $2", tx.tenant_id, room_id)


async def participants(tx: Tx, room_id: UUID) -> list[Row]:
    """Who is in a room, owners first."""
    return await tx.all(
        "select p.user_id, coalesce(nullif(u.name, ''), u.email) as display_name, u.email, p.role, "
        " p.is_online and p.last_seen > current_timestamp - interval '45 seconds' as is_online, p.joined_at, p.last_seen,"
        " p.cursor_position from room_participants p join users u on u.tenant_id = p.tenant_id and u.id = p.user_id"
        " where p.tenant_id = $1 and p.room_id = $2"
        " order by array_position(array['owner', 'editor', 'commenter', 'viewer']::varchar[], p.role), p.joined_at",
        tx.tenant_id, room_id,
    )  # fmt: skip


async def participant_count(tx: Tx, room_id: UUID) -> int:
    """How many people are in a room."""
    return await tx.value(
        "select count(*) from room_participants where tenant_id = $1 and room_id = $2", tx.tenant_id, room_id
    )


async def role_in(tx: Tx, room_id: UUID, user_id: UUID) -> str | None:
    """The role that the room's own list gives somebody."""
    return await tx.value(
        "select role from room_participants where tenant_id = $1 and room_id = $2 and user_id = $3",
        tx.tenant_id, room_id, user_id,
    )  # fmt: skip


async def put_participant(tx: Tx, room_id: UUID, user_id: UUID, role: str) -> None:
    """Give somebody a role in a room, in which they may be already."""
    await tx.run(
        "insert into room_participants (tenant_id, room_id, user_id, role) values ($1, $2, $3, $4)"
        " on conflict (room_id, user_id) do update set role = excluded.role",
        tx.tenant_id, room_id, user_id, role,
    )  # fmt: skip


async def delete_participant(tx: Tx, room_id: UUID, user_id: UUID) -> bool:
    """Take somebody out of a room."""
    touched = await tx.run(
        "delete from room_participants where tenant_id = $1 and room_id = $2 and user_id = $3",
        tx.tenant_id, room_id, user_id,
    )  # fmt: skip
    return touched == 1


async def other_owners(tx: Tx, room_id: UUID, user_id: UUID) -> int:
    """How many owners a room has beside this one."""
    return await tx.value(
        "select count(*) from room_participants where tenant_id = $1 and room_id = $2 and role = 'owner'"
        " and user_id <> $3",
        tx.tenant_id, room_id, user_id,
    )  # fmt: skip


async def person(tx: Tx, user_id: UUID) -> Row | None:
    """{id, display_name} of an active person of the workspace."""
    return await tx.one_or_none(
        "select id, coalesce(nullif(name, ''), email) as display_name from users where tenant_id = $1 and id = $2 and status = 'active'",
        tx.tenant_id, user_id,
    )  # fmt: skip


async def person_by_email(tx: Tx, email: str) -> UUID | None:
    """The active person of the workspace who signs in with that address."""
    return await tx.value(
        "select id from users where tenant_id = $1 and email = $2 and status = 'active'", tx.tenant_id, email
    )


async def active_people(tx: Tx, user_ids: list[UUID]) -> set[UUID]:
    """Which of them are active people of the workspace."""
    rows = await tx.all(
        "select id from users where tenant_id = $1 and id = any($2) and status = 'active'", tx.tenant_id, user_ids
    )
    return {row["id"] for row in rows}


async def set_cursor(tx: Tx, room_id: UUID, position: dict[str, Any] | None) -> bool:
    """Where the caller is in the document."""
    touched = await tx.run(
        "update room_participants set cursor_position = $4, last_seen = current_timestamp"
        " where tenant_id = $1 and room_id = $2 and user_id = $3",
        tx.tenant_id, room_id, tx.user_id, position,
    )  # fmt: skip
    return touched == 1


async def log_action(tx: Tx, room_id: UUID, action_type: str, data: dict[str, Any]) -> None:
    """Note what the caller did in a room."""
    await tx.run(
        # By the clock: what one transaction did has an order too.
        "insert into collaboration_history (tenant_id, room_id, user_id, action_type, action_data, created_at)"
        " values ($1, $2, $3, $4, $5, clock_timestamp())",
        tx.tenant_id, room_id, tx.user_id, action_type, data,
    )  # fmt: skip


async def actions(
    tx: Tx, room_id: UUID, user_id: UUID | None, action_type: str | None, since: datetime | None,
    until: datetime | None, before: tuple[datetime, UUID] | None, limit: int,
) -> list[RoomAction]:  # fmt: skip
    """What was done in a room, the latest first."""
    rows = await tx.all(
        "select h.id, h.user_id, coalesce(nullif(u.name, ''), u.email) as display_name, h.action_type, h.action_data, h.created_at"
        " from collaboration_history h left join users u on u.tenant_id = h.tenant_id and u.id = h.user_id"
        " where h.tenant_id = $1 and h.room_id = $2 and ($3::uuid is null or h.user_id = $3)"
        " and ($4::text is null or h.action_type = $4) and ($5::timestamptz is null or h.created_at >= $5)"
        " and ($6::timestamptz is null or h.created_at < $6)"
        " and ($7::timestamptz is null or (h.created_at, h.id) < ($7, $8::uuid))"
        " order by h.created_at desc, h.id desc limit $9",
        tx.tenant_id, room_id, user_id, action_type, since, until, *(before or (None, None)), limit,
    )  # fmt: skip
    return [RoomAction.model_validate(dict(row)) for row in rows]
