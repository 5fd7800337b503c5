"""SQL of rotators, rotations and schedules."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from radiant.infra.db import Row, Tx

_ROTATION = (
    "select r.id, r.credential_id, r.cause, r.state, r.version, r.former_version, r.attempts, r.error, r.grace_seconds,"
    " r.requested_by, r.steps, r.started_at, r.finished_at, r.retire_at, r.retired_at"
    " from credential_rotations r"
)


async def rotator(tx: Tx, credential_id: UUID) -> Row | None:
    """How a credential is rotated."""
    return await tx.one_or_none(
        "select rotator, settings, inner_addresses, failures from credential_rotators"
        " where tenant_id = $1 and credential_id = $2",
        tx.tenant_id, credential_id,
    )  # fmt: skip


async def set_rotator(
    tx: Tx, credential_id: UUID, name: str, settings: dict[str, Any], inner: bool, user_id: UUID | None
) -> None:
    """Say how it is rotated."""
    await tx.run(
        "insert into credential_rotators (tenant_id, credential_id, rotator, settings, inner_addresses, updated_by)"
        " values ($1, $2, $3, $4, $5, $6) on conflict (tenant_id, credential_id) do update set"
        " rotator = excluded.rotator, settings = excluded.settings, inner_addresses = excluded.inner_addresses,"
        " failures = 0, updated_by = excluded.updated_by, updated_at = current_timestamp",
        tx.tenant_id, credential_id, name, settings, inner, user_id,
    )  # fmt: skip


async def naming(tx: Tx, credential_id: UUID) -> list[Row]:
    """Credentials in whose rotator's settings that one is named."""
    return await tx.all(
        "select c.id, c.credential_name from credential_rotators r"
        " join stored_credentials c on c.tenant_id = r.tenant_id and c.id = r.credential_id"
        " where r.tenant_id = $1 and c.deleted_at is null"
        " and exists (select from jsonb_each_text(r.settings) s where s.value = $2) order by c.credential_name limit 100",
        tx.tenant_id, str(credential_id),
    )  # fmt: skip


async def remove_rotator(tx: Tx, credential_id: UUID) -> None:
    """Nothing rotates it by itself any more."""
    await tx.run(
        "delete from credential_rotators where tenant_id = $1 and credential_id = $2", tx.tenant_id, credential_id
    )


async def take_lease(tx: Tx, credential_id: UUID, lease: UUID, seconds: float) -> bool:
    """Whether this worker may do something with the credential now; nobody else may until then."""
    taken = await tx.run(
        "update credential_rotators set lease = $3, leased_until = clock_timestamp() + make_interval(secs => $4)"
        " where tenant_id = $1 and credential_id = $2 and (lease is null or leased_until < clock_timestamp())",
        tx.tenant_id, credential_id, lease, seconds,
    )  # fmt: skip
    return taken == 1


async def holds_lease(tx: Tx, credential_id: UUID, lease: UUID) -> bool:
    """Whether it is still this worker's; locks it until the transaction ends."""
    return bool(
        await tx.value(
            "select true from credential_rotators where tenant_id = $1 and credential_id = $2 and lease = $3 for update",
            tx.tenant_id, credential_id, lease,
        )
    )  # fmt: skip


async def give_lease_back(tx: Tx, credential_id: UUID, lease: UUID) -> None:
    """Let others."""
    await tx.run(
        "update credential_rotators set lease = null, leased_until = null"
        " where tenant_id = $1 and credential_id = $2 and lease = $3",
        tx.tenant_id, credential_id, lease,
    )  # fmt: skip


async def count_failure(tx: Tx, credential_id: UUID) -> int:
    """One more in a row; how many."""
    return await tx.value(
        "update credential_rotators set failures = failures + 1 where tenant_id = $1 and credential_id = $2"
        " returning failures",
        tx.tenant_id, credential_id,
    )  # fmt: skip


async def forget_failures(tx: Tx, credential_id: UUID) -> None:
    """It succeeded."""
    await tx.run(
        "update credential_rotators set failures = 0 where tenant_id = $1 and credential_id = $2",
        tx.tenant_id, credential_id,
    )  # fmt: skip


async def begin(
    tx: Tx, rotation_id: UUID, credential_id: UUID, grace_seconds: int | None, user_id: UUID | None
) -> bool:
    """Ask for a rotation; False while one is under way."""
    made = await tx.run(
        "insert into credential_rotations (id, tenant_id, credential_id, cause, grace_seconds, requested_by)"
        " values ($1, $2, $3, 'person', $4, $5)"
        " on conflict (tenant_id, credential_id) where finished_at is null do nothing",
        rotation_id, tx.tenant_id, credential_id, grace_seconds, user_id,
    )  # fmt: skip
    return made == 1


async def begin_due(tx: Tx, limit: int) -> list[Row]:
    """Begin the rotations whose time has come, of whichever tenant; none while one is under way, none of a credential that
    was deleted or switched off. System transaction."""
    return await tx.all(
        "insert into credential_rotations (tenant_id, credential_id, cause)"
        " select c.tenant_id, c.id, 'schedule' from stored_credentials c"
        " join credential_rotators r on r.tenant_id = c.tenant_id and r.credential_id = c.id"
        " where c.next_rotation_at <= current_timestamp and c.deleted_at is null and coalesce(c.is_active, true)"
        " and not exists (select from credential_rotations o where o.tenant_id = c.tenant_id and o.credential_id = c.id"
        "  and o.finished_at is null)"
        " order by c.next_rotation_at limit $1"
        " on conflict (tenant_id, credential_id) where finished_at is null do nothing returning id, tenant_id",
        limit,
    )  # fmt: skip


async def retirements_due(tx: Tx, limit: int) -> list[Row]:
    """Rotations whose former version has served its grace, of whichever tenant. System transaction."""
    return await tx.all(
        "select id, tenant_id from credential_rotations where retire_at <= current_timestamp and retired_at is null"
        " order by retire_at limit $1",
        limit,
    )


async def one(tx: Tx, rotation_id: UUID) -> Row | None:
    """A rotation."""
    return await tx.one_or_none(_ROTATION + " where r.tenant_id = $1 and r.id = $2", tx.tenant_id, rotation_id)


async def page(tx: Tx, credential_id: UUID, after: tuple[datetime, UUID] | None, limit: int) -> list[Row]:
    """A credential's rotations, the latest first."""
    return await tx.all(
        _ROTATION + " where r.tenant_id = $1 and r.credential_id = $2"
        " and ($3::timestamptz is null or (r.started_at, r.id) < ($3, $4::uuid))"
        " order by r.started_at desc, r.id desc limit $5",
        tx.tenant_id, credential_id, after[0] if after else None, after[1] if after else None, limit,
    )  # fmt: skip


async def count_attempt(tx: Tx, rotation_id: UUID) -> None:
    """It is tried once more."""
    await tx.run(
        "update credential_rotations set attempts = attempts + 1 where tenant_id = $1 and id = $2",
        tx.tenant_id, rotation_id,
    )  # fmt: skip


async def reach_state(
    tx: Tx, rotation_id: UUID, state: str, version: int | None = None, former: int | None = None
) -> None:
    """Note a step that is done, and when."""
    await tx.run(
        "update credential_rotations set state = $3::text, error = null, version = coalesce($4, version),"
        " former_version = coalesce($5, former_version), steps = steps || jsonb_build_object($3::text, clock_timestamp()),"
        " finished_at = case when $3::text = 'current' then current_timestamp end"
        " where tenant_id = $1 and id = $2 and finished_at is null",
        tx.tenant_id, rotation_id, state, version, former,
    )  # fmt: skip


async def retire_after(tx: Tx, rotation_id: UUID, grace: timedelta) -> None:
    """The former version is to be retired when its grace is over."""
    await tx.run(
        "update credential_rotations set retire_at = current_timestamp + $3::interval where tenant_id = $1 and id = $2",
        tx.tenant_id, rotation_id, grace,
    )  # fmt: skip


async def note_error(tx: Tx, rotation_id: UUID, error: str) -> None:
    """Say what went wrong at the last try."""
    await tx.run(
        "update credential_rotations set error = $3 where tenant_id = $1 and id = $2",
        tx.tenant_id, rotation_id, error[:500],
    )  # fmt: skip


async def fail(tx: Tx, rotation_id: UUID, error: str) -> bool:
    """It came to nothing; False where it ended before."""
    failed = await tx.run(
        "update credential_rotations set state = 'failed', error = $3, finished_at = current_timestamp,"
        " steps = steps || jsonb_build_object('failed', clock_timestamp())"
        " where tenant_id = $1 and id = $2 and finished_at is null",
        tx.tenant_id, rotation_id, error[:500],
    )  # fmt: skip
    return failed == 1


async def to_retire(tx: Tx, credential_id: UUID) -> list[Row]:
    """Rotations of the credential whose former version was not retired yet."""
    return await tx.all(
        _ROTATION + " where r.tenant_id = $1 and r.credential_id = $2 and r.retire_at is not null and r.retired_at is null"
        " order by r.finished_at",
        tx.tenant_id, credential_id,
    )  # fmt: skip


async def retired(tx: Tx, rotation_id: UUID) -> None:
    """Its former version is out of use."""
    await tx.run(
        "update credential_rotations set retired_at = current_timestamp,"
        " steps = steps || jsonb_build_object('retired', clock_timestamp()) where tenant_id = $1 and id = $2",
        tx.tenant_id, rotation_id,
    )  # fmt: skip


# --- schedules ---


async def unscheduled(tx: Tx, limit: int) -> list[Row]:
    """Credentials with a schedule whose next time is not worked out, of whichever tenant. System transaction."""
    return await tx.all(
        "select id, rotation_schedule, coalesce(last_rotated, created_at) as last from stored_credentials"
        " where rotation_schedule is not null and next_rotation_at is null order by id limit $1",
        limit,
    )


async def schedule(tx: Tx, ids: list[UUID], times: list[datetime]) -> None:
    """Write the next times. System transaction."""
    await tx.run(
        "update stored_credentials c set next_rotation_at = g.at"
        " from unnest($1::uuid[], $2::timestamptz[]) g(id, at) where c.id = g.id and c.rotation_schedule is not null",
        ids, times,
    )  # fmt: skip


async def next_at(tx: Tx, credential_id: UUID, at: datetime | None) -> None:
    """When it is rotated next."""
    await tx.run(
        "update stored_credentials set next_rotation_at = $3 where tenant_id = $1 and id = $2",
        tx.tenant_id, credential_id, at,
    )  # fmt: skip
