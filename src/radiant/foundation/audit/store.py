"""SQL of the trail."""

from datetime import datetime
from typing import Any
from uuid import UUID

from radiant.infra.db import Row, Tx
from radiant.kit.ids import TenantId


async def lock_chain(tx: Tx, tenant_id: TenantId | None) -> None:
    """One writer at a time per chain, until the transaction ends. System transaction."""
    await tx.value("select pg_advisory_xact_lock(hashtextextended('audit:' || $1::text, 0))", str(tenant_id))


async def head(tx: Tx, tenant_id: TenantId | None) -> tuple[int, bytes]:
    """Number and hash of the chain's last entry; (0, 32 zero bytes) before the first. System transaction."""
    row = await tx.one_or_none(
        "select seq, hash from audit_log where tenant_id is not distinct from $1 order by seq desc limit 1", tenant_id
    )
    return (row["seq"], row["hash"]) if row else (0, bytes(32))


async def append(
    tx: Tx, tenant_id: TenantId | None, seq: int, at: datetime, entry: dict[str, Any], prev_hash: bytes, hash_: bytes
) -> None:
    """Write the next entry. System transaction."""
    await tx.run(
        "insert into audit_log (id, tenant_id, seq, at, actor_id, actor_kind, action, target_kind, target_id, detail,"
        " ip, request_id, prev_hash, hash)"
        " values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11::text::inet, $12, $13, $14)",
        entry["id"], tenant_id, seq, at, UUID(entry["actor_id"]) if entry["actor_id"] else None, entry["actor_kind"],
        entry["action"], entry["target_kind"], entry["target_id"], entry["detail"], entry["ip"], entry["request_id"],
        prev_hash, hash_,
    )  # fmt: skip


async def has(tx: Tx, entry_id: UUID) -> bool:
    """Whether an entry was written before: events are delivered at least once. System transaction."""
    return await tx.value("select exists (select from audit_log where id = $1)", entry_id)


async def page(tx: Tx, before: int | None, limit: int) -> list[Row]:
    """The tenant's entries, the newest first."""
    return await tx.all(
        "select a.id, a.seq, a.at, a.actor_kind, a.actor_id, u.email as actor_email, a.action, a.target_kind,"
        " a.target_id, a.detail, host(a.ip) as ip, a.request_id from audit_log a"
        " left join users u on u.tenant_id = a.tenant_id and u.id = a.actor_id"
        " where a.tenant_id = $1 and ($2::bigint is null or a.seq < $2) order by a.seq desc limit $3",
        tx.tenant_id, before, limit,
    )  # fmt: skip


async def chain(tx: Tx, tenant_id: TenantId | None, after: int, limit: int) -> list[Row]:
    """A tenant's entries in order, whole, for verification."""
    return await tx.all(
        "select id, seq, at, actor_id, actor_kind, action, target_kind, target_id, detail, host(ip) as ip, request_id,"
        " prev_hash, hash from audit_log where tenant_id is not distinct from $1 and seq > $2 order by seq limit $3",
        tenant_id, after, limit,
    )  # fmt: skip


async def chains(tx: Tx, after: UUID | None, limit: int) -> list[UUID]:
    """Tenants with a trail, those among them that were deleted too, in the order of their ids. System transaction."""
    rows = await tx.all(
        "with recursive t as ((select tenant_id from audit_log where $1::uuid is null or tenant_id > $1"
        "  order by tenant_id limit 1)"
        " union all select (select a.tenant_id from audit_log a where a.tenant_id > t.tenant_id order by 1 limit 1)"
        "  from t where t.tenant_id is not null)"
        " select tenant_id from t where tenant_id is not null limit $2",
        after, limit,
    )  # fmt: skip
    return [row["tenant_id"] for row in rows]


async def hash_at(tx: Tx, tenant_id: TenantId | None, seq: int) -> bytes | None:
    """The hash of an entry. System transaction."""
    return await tx.value(
        "select hash from audit_log where tenant_id is not distinct from $1 and seq = $2", tenant_id, seq
    )
