"""SQL of mirrors."""

from uuid import UUID

from radiant.infra.db import Row, Tx

_MIRROR = (
    "select m.id, m.credential_id, m.region, m.secret_id, m.access_credential_id, m.pushed_version, m.pushed_at,"
    " m.failures, m.error, m.drift, m.checked_at from credential_mirrors m"
)


async def insert(
    tx: Tx, mirror_id: UUID, credential_id: UUID, region: str, secret_id: str, access_credential_id: UUID | None,
    user_id: UUID | None,
) -> bool:  # fmt: skip
    """Keep a mirror; False where the credential has that one."""
    made = await tx.run(
        "insert into credential_mirrors (id, tenant_id, credential_id, region, secret_id, access_credential_id, created_by)"
        " values ($1, $2, $3, $4, $5, $6, $7) on conflict (tenant_id, credential_id, region, secret_id) do nothing",
        mirror_id, tx.tenant_id, credential_id, region, secret_id, access_credential_id, user_id,
    )  # fmt: skip
    return made == 1


async def of_credential(tx: Tx, credential_id: UUID) -> list[Row]:
    """A credential's mirrors, in the order in which they were made."""
    return await tx.all(
        _MIRROR + " where m.tenant_id = $1 and m.credential_id = $2 order by m.created_at, m.id limit 100",
        tx.tenant_id, credential_id,
    )  # fmt: skip


async def one(tx: Tx, mirror_id: UUID) -> Row | None:
    """A mirror."""
    return await tx.one_or_none(_MIRROR + " where m.tenant_id = $1 and m.id = $2", tx.tenant_id, mirror_id)


async def remove(tx: Tx, credential_id: UUID, mirror_id: UUID) -> bool:
    """Push there no more; False where there is no such mirror."""
    gone = await tx.run(
        "delete from credential_mirrors where tenant_id = $1 and credential_id = $2 and id = $3",
        tx.tenant_id, credential_id, mirror_id,
    )  # fmt: skip
    return gone == 1


async def push_again(tx: Tx, credential_id: UUID, mirror_id: UUID) -> bool:
    """Push at once, whatever was pushed; False where there is no such mirror."""
    marked = await tx.run(
        "update credential_mirrors set pushed_version = null, next_try_at = current_timestamp"
        " where tenant_id = $1 and credential_id = $2 and id = $3",
        tx.tenant_id, credential_id, mirror_id,
    )  # fmt: skip
    return marked == 1


async def due(tx: Tx, limit: int) -> list[Row]:
    """Mirrors that lag behind their credential, or were not looked at for an hour; taken for ten minutes. System
    transaction."""
    return await tx.all(
        "update credential_mirrors m set next_try_at = current_timestamp + interval '10 minutes' from ("
        "  select m.tenant_id, m.id from credential_mirrors m"
        "  join stored_credentials c on c.tenant_id = m.tenant_id and c.id = m.credential_id"
        "  where m.next_try_at <= current_timestamp and c.deleted_at is null and coalesce(c.is_active, true)"
        "  and (m.pushed_version is distinct from c.current_version"
        "   or m.checked_at is null or m.checked_at < current_timestamp - interval '1 hour')"
        "  order by m.next_try_at limit $1 for update of m skip locked) d"
        " where m.tenant_id = d.tenant_id and m.id = d.id returning m.id, m.tenant_id",
        limit,
    )


async def pushed(tx: Tx, mirror_id: UUID, version: int) -> None:
    """That version is there, and nothing else."""
    await tx.run(
        "update credential_mirrors set pushed_version = $3, pushed_at = current_timestamp, failures = 0, error = null,"
        " drift = 'none', checked_at = current_timestamp, next_try_at = current_timestamp"
        " where tenant_id = $1 and id = $2",
        tx.tenant_id, mirror_id, version,
    )  # fmt: skip


async def checked(tx: Tx, mirror_id: UUID, drift: str) -> None:
    """What was found there."""
    await tx.run(
        "update credential_mirrors set drift = $3, checked_at = current_timestamp, failures = 0, error = null,"
        " next_try_at = current_timestamp where tenant_id = $1 and id = $2",
        tx.tenant_id, mirror_id, drift,
    )  # fmt: skip


async def failed(tx: Tx, mirror_id: UUID, error: str) -> int:
    """It did not go; tried again a minute later, then two, four, at most a day. How many times in a row."""
    return await tx.value(
        "update credential_mirrors set failures = failures + 1, error = $3, next_try_at = current_timestamp"
        " + least(interval '1 minute' * 2 ^ least(failures, 12), interval '1 day')"
        " where tenant_id = $1 and id = $2 returning failures",
        tx.tenant_id, mirror_id, error[:500],
    )  # fmt: skip


async def asking_with(tx: Tx, credential_id: UUID) -> list[Row]:
    """Credentials that are mirrored by means of that one."""
    return await tx.all(
        "select c.id, c.credential_name from credential_mirrors m"
        " join stored_credentials c on c.tenant_id = m.tenant_id and c.id = m.credential_id"
        " where m.tenant_id = $1 and m.access_credential_id = $2 and c.deleted_at is null"
        " order by c.credential_name limit 100",
        tx.tenant_id, credential_id,
    )  # fmt: skip
