"""SQL of the access log and of the keys of its chains."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from radiant.infra.db import Row, Tx


async def chain_key(tx: Tx) -> dict[str, Any] | None:
    """The tenant's sealed chain key."""
    return await tx.value("select sealed from credential_trail_keys where tenant_id = $1", tx.tenant_id)


async def put_chain_key(tx: Tx, sealed: dict[str, Any]) -> None:
    """Keep a chain key, unless the tenant has one by now."""
    await tx.run(
        "insert into credential_trail_keys (tenant_id, sealed) values ($1, $2) on conflict (tenant_id) do nothing",
        tx.tenant_id, sealed,
    )  # fmt: skip


async def lock_chain(tx: Tx) -> None:
    """One writer at a time per chain, until the transaction ends."""
    await tx.value(
        "select pg_advisory_xact_lock(hashtextextended('credential_access_log:' || $1::text, 0))", str(tx.tenant_id)
    )


async def head(tx: Tx) -> tuple[int, bytes]:
    """Number and hash of the chain's last entry; (0, 32 zero bytes) before the first."""
    row = await tx.one_or_none(
        "select seq, hash from credential_access_log where tenant_id = $1 order by seq desc limit 1", tx.tenant_id
    )
    return (row["seq"], row["hash"]) if row else (0, bytes(32))


async def append(tx: Tx, columns: Sequence[Sequence[Any]]) -> None:
    """Write entries, given column by column: id, seq, credential_id, vault_id, version, accessed_by, access_type,
    access_reason, source_ip, user_agent, success, failure, actor_kind, api_key_id, request_id, detail, created_at,
    prev_hash, hash."""
    await tx.run(
        "insert into credential_access_log (tenant_id, id, seq, credential_id, vault_id, version, accessed_by,"
        " access_type, access_reason, source_ip, user_agent, success, failure, actor_kind, api_key_id, request_id,"
        " detail, created_at, prev_hash, hash)"
        " select $1, e.* from unnest($2::uuid[], $3::bigint[], $4::uuid[], $5::uuid[], $6::integer[], $7::uuid[],"
        " $8::text[], $9::text[], $10::text[], $11::text[], $12::boolean[], $13::text[], $14::text[], $15::uuid[],"
        " $16::text[], $17::jsonb[], $18::timestamptz[], $19::bytea[], $20::bytea[]) as e",
        tx.tenant_id, *columns,
    )  # fmt: skip


async def chain(tx: Tx, after: int, limit: int) -> list[Row]:
    """The tenant's entries in order, whole, for verification."""
    return await tx.all(
        "select id, seq, credential_id, vault_id, version, accessed_by, access_type, access_reason, source_ip,"
        " user_agent, success, failure, actor_kind, api_key_id, request_id, detail, created_at, prev_hash, hash"
        " from credential_access_log where tenant_id = $1 and seq > $2 order by seq limit $3",
        tx.tenant_id, after, limit,
    )  # fmt: skip


async def page(
    tx: Tx, vaults: Sequence[UUID] | None, credential_id: UUID | None, access_type: str | None, success: bool | None,
    before: int | None, limit: int,
) -> list[Row]:  # fmt: skip
    """Entries of those vaults (None: of all, and of what never was), of one credential or of all, of one kind and outcome
    or of all; the newest first."""
    return await tx.all(
        "select l.id, l.seq, l.credential_id, l.vault_id, l.version, l.accessed_by, l.access_type, l.access_reason,"
        " l.source_ip, l.user_agent, l.success, l.failure, l.actor_kind, l.api_key_id, l.request_id, l.detail,"
        " l.created_at, u.email as accessed_by_email, c.credential_name, v.vault_name"
        " from credential_access_log l"
        " left join users u on u.tenant_id = l.tenant_id and u.id = l.accessed_by"
        " left join stored_credentials c on c.tenant_id = l.tenant_id and c.id = l.credential_id"
        " left join credential_vaults v on v.tenant_id = l.tenant_id and v.id = l.vault_id"
        " where l.tenant_id = $1 and ($2::uuid[] is null or l.vault_id = any ($2))"
        " and ($3::uuid is null or l.credential_id = $3) and ($4::text is null or l.access_type = $4)"
        " and ($5::boolean is null or l.success = $5) and ($6::bigint is null or l.seq < $6)"
        " order by l.seq desc limit $7",
        tx.tenant_id, vaults, credential_id, access_type, success, before, limit,
    )  # fmt: skip


async def tenants(tx: Tx, after: UUID | None, limit: int) -> list[UUID]:
    """Tenants with a chain, those among them that were deleted too. System transaction."""
    rows = await tx.all(
        "select tenant_id from credential_trail_keys where $1::uuid is null or tenant_id > $1"
        " order by tenant_id limit $2",
        after, limit,
    )  # fmt: skip
    return [row["tenant_id"] for row in rows]


async def hash_at(tx: Tx, tenant_id: UUID, seq: int) -> bytes | None:
    """The hash of an entry. System transaction."""
    return await tx.value("select hash from credential_access_log where tenant_id = $1 and seq = $2", tenant_id, seq)


async def head_of(tx: Tx, tenant_id: UUID) -> Row | None:
    """Number and hash of a tenant's last entry. System transaction."""
    return await tx.one_or_none(
        "select seq, hash from credential_access_log where tenant_id = $1 order by seq desc limit 1", tenant_id
    )
