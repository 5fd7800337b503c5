"""SQL of rotations and their steps."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from radiant.infra.db import Row, Tx

_LISTED = (
    "select r.*, coalesce(u.email, r.started_by) as started_by_name from aws_key_rotations r"
    " left join users u on u.tenant_id = r.tenant_id and r.started_by = 'user:' || u.id"
)


async def insert(
    tx: Tx, rotation_id: UUID, identity_id: UUID, old_key_id: str | None, replaced_key_id: str | None, started_by: str
) -> bool:
    """Open a rotation with the times that its identity has; False where one is open."""
    touched = await tx.run(
        "insert into aws_key_rotations (id, tenant_id, identity_id, old_access_key_id, replaced_key_id, started_by,"
        " idle_seconds, grace_seconds, inactive_seconds)"
        " select $2, $1, i.id, $4, $5, $6, i.idle_seconds, i.grace_seconds, i.inactive_seconds"
        " from aws_identities i where i.tenant_id = $1 and i.id = $3"
        " on conflict (tenant_id, identity_id) where finished_at is null do nothing",
        tx.tenant_id, rotation_id, identity_id, old_key_id, replaced_key_id, started_by,
    )  # fmt: skip
    return touched == 1


async def get(tx: Tx, rotation_id: UUID) -> Row | None:
    """One."""
    return await tx.one_or_none(_LISTED + " where r.tenant_id = $1 and r.id = $2", tx.tenant_id, rotation_id)


async def page(tx: Tx, identity_id: UUID, before: UUID | None, limit: int) -> list[Row]:
    """Those of an identity, the newest first."""
    return await tx.all(
        _LISTED + " where r.tenant_id = $1 and r.identity_id = $2 and ($3::uuid is null or r.id < $3)"
        " order by r.id desc limit $4",
        tx.tenant_id, identity_id, before, limit,
    )  # fmt: skip


async def steps(tx: Tx, rotation_id: UUID, limit: int) -> list[Row]:
    """The last ones of its journal, the oldest first."""
    return await tx.all(
        "select * from (select seq, step, outcome, detail, at from aws_key_rotation_steps"
        " where tenant_id = $1 and rotation_id = $2 order by seq desc limit $3) last order by seq",
        tx.tenant_id, rotation_id, limit,
    )  # fmt: skip


async def note(tx: Tx, rotation_id: UUID, step: str, outcome: str, detail: dict[str, Any], at: datetime) -> None:
    """Add to its journal. Said again with nothing new, only its time moves on."""
    await tx.run(
        "with last as (select seq, step, outcome, detail from aws_key_rotation_steps"
        "  where tenant_id = $1 and rotation_id = $2 order by seq desc limit 1),"
        " again as (update aws_key_rotation_steps s set at = $6 from last where s.tenant_id = $1 and s.rotation_id = $2"
        "  and s.seq = last.seq and last.step = $3 and last.outcome = $4 and $4 <> 'done' and last.detail = $5::jsonb"
        "  returning s.seq)"
        " insert into aws_key_rotation_steps (tenant_id, rotation_id, seq, step, outcome, detail, at)"
        " select $1, $2, coalesce((select seq from last), 0) + 1, $3, $4, $5, $6 where not exists (select from again)",
        tx.tenant_id, rotation_id, step, outcome, detail, at,
    )  # fmt: skip


async def lease(tx: Tx, rotation_id: UUID, holder: UUID, lasting: timedelta) -> Row | None:
    """Take it in hand, or go on holding it: the row with one more try; None where another holds it, or it has ended."""
    return await tx.one_or_none(
        "update aws_key_rotations set leased_by = $3, leased_until = clock_timestamp() + $4::interval,"
        " tries = tries + 1 where tenant_id = $1 and id = $2 and finished_at is null"
        " and (leased_by is null or leased_by = $3 or leased_until < clock_timestamp()) returning *",
        tx.tenant_id, rotation_id, holder, lasting,
    )  # fmt: skip


async def let_go(tx: Tx, rotation_id: UUID, holder: UUID) -> None:
    """Let another take it in hand."""
    await tx.run(
        "update aws_key_rotations set leased_by = null, leased_until = null"
        " where tenant_id = $1 and id = $2 and leased_by = $3",
        tx.tenant_id, rotation_id, holder,
    )  # fmt: skip


async def move(
    tx: Tx, rotation_id: UUID, holder: UUID, state: str, now: datetime, next_at: datetime, changes: dict[str, Any]
) -> bool:
    """The next state, with what was found out on the way; False where the lease passed to another."""
    touched = await tx.run(
        "update aws_key_rotations r set state = $4::text, tries = 0, next_at = $6, stuck = false,"
        " finished_at = case when $4::text in ('done', 'rolled_back') then $5::timestamptz end,"
        " failures = 0, error = case when $7::jsonb ? 'error' then $7::jsonb ->> 'error'"
        "  when $4::text in ('rolling_back', 'rolled_back') then error end,"
        " known_key_ids = case when $7::jsonb ? 'known_key_ids' then"
        "  array(select jsonb_array_elements_text($7::jsonb -> 'known_key_ids')) else known_key_ids end,"
        " create_began_at = coalesce(($7::jsonb ->> 'create_began_at')::timestamptz, create_began_at),"
        " new_access_key_id = coalesce($7::jsonb ->> 'new_access_key_id', new_access_key_id),"
        " version = coalesce(($7::jsonb ->> 'version')::integer, version),"
        " stored_at = coalesce(($7::jsonb ->> 'stored_at')::timestamptz, stored_at),"
        " switched_at = coalesce(($7::jsonb ->> 'switched_at')::timestamptz, switched_at),"
        " delete_after = coalesce(($7::jsonb ->> 'delete_after')::timestamptz, delete_after)"
        " where tenant_id = $1 and id = $2 and leased_by = $3",
        tx.tenant_id, rotation_id, holder, state, now, next_at, changes,
    )  # fmt: skip
    return touched == 1


async def wait(
    tx: Tx, rotation_id: UUID, holder: UUID, next_at: datetime, error: str | None, *, failed: bool, stuck: bool = False
) -> bool:
    """Look again then; `stuck`: not before somebody retries. False where the lease passed to another."""
    touched = await tx.run(
        "update aws_key_rotations set next_at = $4, error = $5, failures = case when $6 then failures + 1 else 0 end,"
        " stuck = $7 where tenant_id = $1 and id = $2 and leased_by = $3",
        tx.tenant_id, rotation_id, holder, next_at, error, failed, stuck,
    )  # fmt: skip
    return touched == 1


async def retry(tx: Tx, rotation_id: UUID) -> bool:
    """Go on at once, with all tries anew; False where it has ended."""
    touched = await tx.run(
        "update aws_key_rotations set stuck = false, failures = 0, next_at = current_timestamp"
        " where tenant_id = $1 and id = $2 and finished_at is null",
        tx.tenant_id, rotation_id,
    )  # fmt: skip
    return touched == 1


async def cancel(tx: Tx, rotation_id: UUID) -> bool:
    """Have it undone; False where it has ended."""
    touched = await tx.run(
        "update aws_key_rotations set cancelled_at = coalesce(cancelled_at, current_timestamp), stuck = false, failures = 0,"
        " next_at = current_timestamp where tenant_id = $1 and id = $2 and finished_at is null",
        tx.tenant_id, rotation_id,
    )  # fmt: skip
    return touched == 1


async def overdue(tx: Tx, late: timedelta, limit: int) -> list[Row]:
    """Open ones that nobody has looked at since they were due: tenant and id. System transaction."""
    return await tx.all(
        "select tenant_id, id from aws_key_rotations where finished_at is null and not stuck"
        " and next_at < current_timestamp - $1::interval and (leased_until is null or leased_until < current_timestamp)"
        " order by next_at limit $2",
        late, limit,
    )  # fmt: skip
