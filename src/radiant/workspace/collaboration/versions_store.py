"""SQL of the points of a document that are kept, and of who wrote when."""

from datetime import datetime
from uuid import UUID

from radiant.infra.db import Tx
from radiant.workspace.collaboration.schemas import RoomStretch, RoomVersion


async def insert(tx: Tx, version_id: UUID, room_id: UUID, seq: int, name: str, state: bytes) -> None:
    """Keep the document as it was at that number of the log."""
    await tx.run(
        "insert into collaboration_versions (id, tenant_id, room_id, seq, name, state, created_by)"
        " values ($3, $1, $4, $5, $6, $7, $2)",
        tx.tenant_id, tx.user_id, version_id, room_id, seq, name, state,
    )  # fmt: skip


async def page(tx: Tx, room_id: UUID, before: tuple[datetime, UUID] | None, limit: int) -> list[RoomVersion]:
    """Points of a room that are kept, the newest first."""
    rows = await tx.all(
        "select v.id, v.seq, v.name, v.created_by, coalesce(nullif(u.name, ''), u.email) as display_name, v.created_at from collaboration_versions v"
        " left join users u on u.tenant_id = v.tenant_id and u.id = v.created_by"
        " where v.tenant_id = $1 and v.room_id = $2 and ($3::timestamptz is null or (v.created_at, v.id) < ($3, $4::uuid))"
        " order by v.created_at desc, v.id desc limit $5",
        tx.tenant_id, room_id, *(before or (None, None)), limit,
    )  # fmt: skip
    return [RoomVersion.model_validate(dict(row)) for row in rows]


async def get(tx: Tx, room_id: UUID, version_id: UUID) -> RoomVersion | None:
    """One of them."""
    row = await tx.one_or_none(
        "select v.id, v.seq, v.name, v.created_by, coalesce(nullif(u.name, ''), u.email) as display_name, v.created_at from collaboration_versions v"
        " left join users u on u.tenant_id = v.tenant_id and u.id = v.created_by"
        " where v.tenant_id = $1 and v.room_id = $2 and v.id = $3",
        tx.tenant_id, room_id, version_id,
    )  # fmt: skip
    return RoomVersion.model_validate(dict(row)) if row else None


async def state(tx: Tx, room_id: UUID, version_id: UUID) -> bytes | None:
    """The document of one of them, as an update of Yjs."""
    return await tx.value(
        "select state from collaboration_versions where tenant_id = $1 and room_id = $2 and id = $3",
        tx.tenant_id, room_id, version_id,
    )  # fmt: skip


async def rename(tx: Tx, room_id: UUID, version_id: UUID, name: str) -> bool:
    """Name one of them."""
    touched = await tx.run(
        "update collaboration_versions set name = $4 where tenant_id = $1 and room_id = $2 and id = $3",
        tx.tenant_id, room_id, version_id, name,
    )  # fmt: skip
    return touched == 1


async def delete(tx: Tx, room_id: UUID, version_id: UUID) -> bool:
    """Forget one of them; the log keeps its updates."""
    touched = await tx.run(
        "delete from collaboration_versions where tenant_id = $1 and room_id = $2 and id = $3",
        tx.tenant_id, room_id, version_id,
    )  # fmt: skip
    return touched == 1


async def oldest(tx: Tx, room_id: UUID) -> int | None:
    """The first number of the log that is still there; None for none."""
    return await tx.value(
        "select min(seq) from collaboration_updates where tenant_id = $1 and room_id = $2", tx.tenant_id, room_id
    )


async def stretches(
    tx: Tx, room_id: UUID, user_id: UUID | None, since: datetime | None, until: datetime | None, before: int | None,
    rows: int, limit: int,
) -> list[RoomStretch]:  # fmt: skip
    """Updates of one author that followed each other within five minutes, the latest first, of the last `rows` updates."""
    found = await tx.all(
        "with chosen as (select seq, user_id, model, created_at from collaboration_updates"
        "  where tenant_id = $1 and room_id = $2 and ($3::uuid is null or user_id = $3)"
        "  and ($4::timestamptz is null or created_at >= $4) and ($5::timestamptz is null or created_at < $5)"
        "  and ($6::bigint is null or seq < $6) order by seq desc limit $7),"
        " marked as (select chosen.*, (lag(user_id) over w is distinct from user_id"
        "   or lag(model) over w is distinct from model"
        "   or created_at > lag(created_at) over w + interval '5 minutes')::int as begins from chosen window w as (order by seq)),"
        " numbered as (select marked.*, sum(begins) over (order by seq) as stretch from marked)"
        " select n.user_id, coalesce(nullif(u.name, ''), u.email) as display_name, n.model, min(n.seq) as first_seq, max(n.seq) as last_seq,"
        " count(*) as updates, min(n.created_at) as began_at, max(n.created_at) as ended_at from numbered n"
        " left join users u on u.tenant_id = $1 and u.id = n.user_id"
        " group by n.stretch, n.user_id, u.name, u.email, n.model order by last_seq desc limit $8",
        tx.tenant_id, room_id, user_id, since, until, before, rows, limit,
    )  # fmt: skip
    return [RoomStretch.model_validate(dict(row)) for row in found]
