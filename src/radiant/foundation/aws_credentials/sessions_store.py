"""SQL of sessions of assumed roles: one row for all that processes ask for alike."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from radiant.infra.db import Row, Tx

SEALED_DUE = (
    "select id, tenant_id, identity_id, digest, sealed from aws_sessions where sealed ->> 'kek' <> $1"
    " and ($2::uuid is null or id > $2) order by id limit $3"
)
SEALED_PUT = (
    "update aws_sessions s set sealed = d.sealed from unnest($1::uuid[], $2::jsonb[], $3::text[]) as d(id, sealed, key)"
    " where s.id = d.id and s.sealed ->> 'key' = d.key"
)


async def get(tx: Tx, identity_id: UUID, digest: bytes) -> Row | None:
    """What is kept, if anything."""
    return await tx.one_or_none(
        "select sealed, refresh_at, expires_at from aws_sessions"
        " where tenant_id = $1 and identity_id = $2 and digest = $3 and sealed is not null",
        tx.tenant_id, identity_id, digest,
    )  # fmt: skip


async def lease(tx: Tx, identity_id: UUID, digest: bytes, holder: UUID, lasting: timedelta, now: datetime) -> bool:
    """Be the one who asks STS, until saved, let go or `lasting` has passed; False where another is, or has just been."""
    touched = await tx.run(
        "insert into aws_sessions as s (tenant_id, identity_id, digest, leased_by, leased_until)"
        " values ($1, $2, $3, $4, clock_timestamp() + $5::interval)"
        " on conflict (tenant_id, identity_id, digest) do update set leased_by = excluded.leased_by,"
        " leased_until = excluded.leased_until, touched_at = clock_timestamp()"
        " where (s.leased_until is null or s.leased_until < clock_timestamp())"
        " and (s.refresh_at is null or s.refresh_at <= $6)",
        tx.tenant_id, identity_id, digest, holder, lasting, now,
    )  # fmt: skip
    return touched == 1


async def save(
    tx: Tx, identity_id: UUID, digest: bytes, holder: UUID, sealed: dict[str, Any], refresh_at: datetime,
    expires_at: datetime,
) -> None:  # fmt: skip
    """Keep a new session for all and let the lease go; nothing happens where the lease passed to another."""
    await tx.run(
        "update aws_sessions set sealed = $5, refresh_at = $6, expires_at = $7, leased_by = null, leased_until = null,"
        " touched_at = clock_timestamp()"
        " where tenant_id = $1 and identity_id = $2 and digest = $3 and leased_by = $4",
        tx.tenant_id, identity_id, digest, holder, sealed, refresh_at, expires_at,
    )  # fmt: skip


async def let_go(tx: Tx, identity_id: UUID, digest: bytes, holder: UUID) -> None:
    """Let another ask: it failed here."""
    await tx.run(
        "update aws_sessions set leased_by = null, leased_until = null"
        " where tenant_id = $1 and identity_id = $2 and digest = $3 and leased_by = $4",
        tx.tenant_id, identity_id, digest, holder,
    )  # fmt: skip
