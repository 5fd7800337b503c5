"""SQL of second factors. What is secret is read and written in system transactions alone."""

from typing import Any

from radiant.infra.db import Row, Tx
from radiant.kit.ids import SessionId, TenantId, UserId

SEALED_DUE = (
    "select user_id as id, tenant_id, secret as sealed from totp_secrets where secret ->> 'kek' <> $1"
    " and ($2::uuid is null or user_id > $2) order by user_id limit $3"
)
SEALED_PUT = (
    "update totp_secrets t set secret = d.sealed from unnest($1::uuid[], $2::jsonb[], $3::text[]) as d(id, sealed, key)"
    " where t.user_id = d.id and t.secret ->> 'key' = d.key"
)


async def overview(tx: Tx) -> Row:
    """What the caller has, and whether the tenant asks for it."""
    return await tx.one(
        "select exists (select from totp_secrets where tenant_id = $1 and user_id = $2 and confirmed_at is not null)"
        " as totp, (select count(*) from recovery_codes where tenant_id = $1 and user_id = $2 and used_at is null)"
        " as recovery_codes_left, (select count(*) from passkeys where tenant_id = $1 and user_id = $2) as passkeys,"
        " coalesce((select settings ->> 'second_factor' from tenants where id = $1) = 'required', false) as required",
        tx.tenant_id, tx.user_id,
    )  # fmt: skip


async def ways(tx: Tx, tenant_id: TenantId, user_id: UserId) -> Row:
    """The second factors that somebody has, and whether the tenant asks for one. System transaction."""
    return await tx.one(
        "select exists (select from totp_secrets where tenant_id = $1 and user_id = $2 and confirmed_at is not null)"
        " as totp, exists (select from passkeys where tenant_id = $1 and user_id = $2) as passkey,"
        " coalesce((select settings ->> 'second_factor' from tenants where id = $1) = 'required', false) as required",
        tenant_id, user_id,
    )  # fmt: skip


async def begin_totp(tx: Tx, tenant_id: TenantId, user_id: UserId, secret: dict[str, Any]) -> bool:
    """Keep a secret that waits for its first code; False where one is in force. System transaction."""
    touched = await tx.run(
        "insert into totp_secrets (tenant_id, user_id, secret) values ($1, $2, $3)"
        " on conflict (tenant_id, user_id) do update set secret = $3, created_at = current_timestamp, last_step = 0"
        " where totp_secrets.confirmed_at is null",
        tenant_id, user_id, secret,
    )  # fmt: skip
    return touched == 1


async def totp(tx: Tx, tenant_id: TenantId, user_id: UserId) -> Row | None:
    """The sealed secret. System transaction."""
    return await tx.one_or_none(
        "select secret, confirmed_at, last_step from totp_secrets where tenant_id = $1 and user_id = $2",
        tenant_id, user_id,
    )  # fmt: skip


async def use_step(tx: Tx, tenant_id: TenantId, user_id: UserId, step: int) -> bool:
    """Take a step; False where it, or a later one, was taken already. The first one taken confirms. System
    transaction."""
    touched = await tx.run(
        "update totp_secrets set last_step = $3, confirmed_at = coalesce(confirmed_at, current_timestamp)"
        " where tenant_id = $1 and user_id = $2 and last_step < $3",
        tenant_id, user_id, step,
    )  # fmt: skip
    return touched == 1


async def delete_totp(tx: Tx, tenant_id: TenantId, user_id: UserId) -> bool:
    """Take one-time codes and recovery codes away. System transaction."""
    touched = await tx.run("delete from totp_secrets where tenant_id = $1 and user_id = $2", tenant_id, user_id)
    await tx.run("delete from recovery_codes where tenant_id = $1 and user_id = $2", tenant_id, user_id)
    return touched == 1


async def delete_passkeys(tx: Tx, tenant_id: TenantId, user_id: UserId) -> None:
    """Take all passkeys away. System transaction."""
    await tx.run("delete from passkeys where tenant_id = $1 and user_id = $2", tenant_id, user_id)


async def set_recovery_codes(tx: Tx, tenant_id: TenantId, user_id: UserId, hashes: list[bytes]) -> None:
    """Replace the recovery codes. System transaction."""
    await tx.run("delete from recovery_codes where tenant_id = $1 and user_id = $2", tenant_id, user_id)
    await tx.run(
        "insert into recovery_codes (tenant_id, user_id, code_hash) select $1, $2, unnest($3::bytea[])",
        tenant_id, user_id, hashes,
    )  # fmt: skip


async def use_recovery_code(tx: Tx, tenant_id: TenantId, user_id: UserId, code_hash: bytes) -> bool:
    """Use a code up; False where there is none of that hash that is unused. System transaction."""
    touched = await tx.run(
        "update recovery_codes set used_at = current_timestamp"
        " where tenant_id = $1 and user_id = $2 and code_hash = $3 and used_at is null",
        tenant_id, user_id, code_hash,
    )  # fmt: skip
    return touched == 1


async def strengthen(tx: Tx, tenant_id: TenantId, user_id: UserId, session_id: SessionId | None) -> None:
    """This session has its second factor now; end those that were opened without one. System transaction."""
    await tx.run("update sessions set second_factor = true where tenant_id = $1 and id = $2", tenant_id, session_id)
    await tx.run("delete from sessions where tenant_id = $1 and user_id = $2 and not second_factor", tenant_id, user_id)


async def weaken(tx: Tx, tenant_id: TenantId, user_id: UserId) -> None:
    """No session opened by password counts as having a second factor any more. System transaction."""
    await tx.run(
        "update sessions set second_factor = false where tenant_id = $1 and user_id = $2 and method = 'password'",
        tenant_id, user_id,
    )  # fmt: skip
