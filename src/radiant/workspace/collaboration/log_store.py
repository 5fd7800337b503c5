"""SQL of the room server: the log, snapshots, who may enter, who is there, which process has a room."""

from collections.abc import Sequence
from uuid import UUID

from radiant.infra.db import Row, Tx


async def load(tx: Tx, room_id: UUID) -> Row | None:
    """A room with its snapshot, and the plan of its tenant."""
    return await tx.one_or_none(
        "select r.room_type, r.is_active, r.yjs_document, r.snapshot_seq, r.last_seq, t.plan, t.settings"
        " from collaboration_rooms r join tenants t on t.id = r.tenant_id where r.tenant_id = $1 and r.id = $2",
        tx.tenant_id, room_id,
    )  # fmt: skip


async def room_type(tx: Tx, room_id: UUID) -> str:
    """What a room is for; `document` where there is none."""
    found = await tx.value(
        "select room_type from collaboration_rooms where tenant_id = $1 and id = $2", tx.tenant_id, room_id
    )
    return found or "document"


async def updates(tx: Tx, room_id: UUID, after: int, upto: int | None) -> Sequence[Row]:
    """Rows of the log past `after`, in order; up to `upto`, or all."""
    return await tx.all(
        "select seq, update_data from collaboration_updates where tenant_id = $1 and room_id = $2 and seq > $3"
        " and seq <= coalesce($4, seq) order by seq",
        tx.tenant_id, room_id, after, upto,
    )  # fmt: skip


async def version_before(tx: Tx, room_id: UUID, upto: int) -> Row | None:
    """The newest version that is no newer."""
    return await tx.one_or_none(
        "select seq, state from collaboration_versions where tenant_id = $1 and room_id = $2 and seq <= $3"
        " order by seq desc limit 1",
        tx.tenant_id, room_id, upto,
    )  # fmt: skip


async def append(
    tx: Tx,
    tenants: Sequence[UUID],
    rooms: Sequence[UUID],
    users: Sequence[UUID],
    models: Sequence[str | None],
    data: Sequence[bytes],
) -> Sequence[Row]:
    """Write rows of many rooms, in the order given within each; per room its number before and after. A room that is gone
    is left out. `updated_at` goes with it: the row is written for its number anyway, and no index holds it. System
    transaction."""
    return await tx.all(
        "with given as (select * from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::bytea[])"
        " with ordinality as g(tenant_id, room_id, user_id, model, update_data, place)),"
        " counted as (select tenant_id, room_id, count(*) as many from given group by tenant_id, room_id),"
        " numbered as (update collaboration_rooms r set last_seq = r.last_seq + c.many, updated_at = current_timestamp from counted c"
        " where r.tenant_id = c.tenant_id and r.id = c.room_id"
        " returning r.tenant_id, r.id as room_id, r.last_seq - c.many as before, r.last_seq as after),"
        " written as (insert into collaboration_updates (tenant_id, room_id, seq, user_id, model, update_data)"
        " select g.tenant_id, g.room_id, n.before + row_number() over (partition by g.room_id order by g.place),"
        # A person who was deleted since wrote it none the less.
        " (select u.id from users u where u.tenant_id = g.tenant_id and u.id = g.user_id), g.model, g.update_data"
        " from given g join numbered n on n.tenant_id = g.tenant_id and n.room_id = g.room_id)"
        " select room_id, before, after from numbered",
        tenants, rooms, users, models, data,
    )  # fmt: skip


async def snapshot(tx: Tx, room_id: UUID, seq: int, state: bytes) -> None:
    """Keep a state that holds every row up to `seq`."""
    await tx.run(
        "update collaboration_rooms set yjs_document = $4, snapshot_seq = $3"
        " where tenant_id = $1 and id = $2 and snapshot_seq < $3 and last_seq >= $3",
        tx.tenant_id, room_id, seq, state,
    )  # fmt: skip


async def rights(tx: Tx, room_id: UUID, users: Sequence[UUID]) -> Sequence[Row]:
    """What people may do in a room ({user_id, given, role, is_active, max_participants}; `given`: by its own list alone);
    nothing where there is no such room."""
    return await tx.all(
        "select u.id as user_id, r.is_active, r.max_participants, m.role as given,"
        " app.room_role(m.role, r.access, u.role, u.status) as role"
        " from collaboration_rooms r join users u on u.tenant_id = r.tenant_id and u.id = any ($3::uuid[])"
        " left join room_participants m on m.tenant_id = r.tenant_id and m.room_id = r.id and m.user_id = u.id"
        " where r.tenant_id = $1 and r.id = $2",
        tx.tenant_id, room_id, users,
    )  # fmt: skip


async def count_locked(tx: Tx, room_id: UUID) -> int | None:
    """How many participants there are, locked against another who counts; None: no such room."""
    room = await tx.one_or_none(
        "select id from collaboration_rooms where tenant_id = $1 and id = $2 for no key update", tx.tenant_id, room_id
    )
    return None if room is None else await participants(tx, room_id)


async def participants(tx: Tx, room_id: UUID) -> int:
    """How many there are."""
    return await tx.value(
        "select count(*) from room_participants where tenant_id = $1 and room_id = $2", tx.tenant_id, room_id
    )


async def join(tx: Tx, participant_id: UUID, room_id: UUID, role: str) -> None:
    """The person of the transaction is there; who was a participant keeps their role."""
    await tx.run(
        "insert into room_participants (id, tenant_id, room_id, user_id, role, is_online, last_seen)"
        " values ($1, $2, $3, $4, $5, true, current_timestamp)"
        " on conflict (room_id, user_id) do update set is_online = true, last_seen = current_timestamp",
        participant_id, tx.tenant_id, room_id, tx.user_id, role,
    )  # fmt: skip


async def still_here(tx: Tx, tenants: Sequence[UUID], rooms: Sequence[UUID], users: Sequence[UUID]) -> None:
    """These people are there. System transaction."""
    await tx.run(
        "update room_participants p set is_online = true, last_seen = current_timestamp"
        " from unnest($1::uuid[], $2::uuid[], $3::uuid[]) as g(tenant_id, room_id, user_id)"
        " where p.tenant_id = g.tenant_id and p.room_id = g.room_id and p.user_id = g.user_id",
        tenants, rooms, users,
    )  # fmt: skip


async def left(tx: Tx, tenants: Sequence[UUID], rooms: Sequence[UUID], users: Sequence[UUID]) -> None:
    """These people have gone. System transaction."""
    await tx.run(
        "update room_participants p set is_online = false, last_seen = current_timestamp"
        " from unnest($1::uuid[], $2::uuid[], $3::uuid[]) as g(tenant_id, room_id, user_id)"
        " where p.tenant_id = g.tenant_id and p.room_id = g.room_id and p.user_id = g.user_id",
        tenants, rooms, users,
    )  # fmt: skip


async def say_owner(tx: Tx, room_id: UUID, process: UUID, address: str) -> bool:
    """This process has the room; False where there is no such room."""
    touched = await tx.run(
        "insert into collaboration_owners (room_id, tenant_id, process, address)"
        " select id, tenant_id, $3, $4 from collaboration_rooms where tenant_id = $1 and id = $2"
        " on conflict (room_id) do update set process = excluded.process, address = excluded.address,"
        " since = current_timestamp",
        tx.tenant_id, room_id, process, address,
    )  # fmt: skip
    return touched == 1


async def owner(tx: Tx, room_id: UUID) -> Row | None:
    """Which process says that it has the room."""
    return await tx.one_or_none(
        "select process, address from collaboration_owners where tenant_id = $1 and room_id = $2", tx.tenant_id, room_id
    )


async def forget_owner(tx: Tx, room_id: UUID, process: UUID) -> None:
    """This process has it no more."""
    await tx.run(
        "delete from collaboration_owners where tenant_id = $1 and room_id = $2 and process = $3",
        tx.tenant_id, room_id, process,
    )  # fmt: skip
