"""SQL of kept answers."""

from datetime import timedelta
from uuid import UUID

from radiant.infra.db import Row, Tx


async def exact(tx: Tx, policy_id: UUID, request_hash: bytes) -> bytes | None:
    """The answer to that very request, counted as used."""
    return await tx.value(
        "update response_cache set hits = hits + 1 where tenant_id = $1 and policy_id = $2 and request_hash = $3"
        " and expires_at > current_timestamp returning answer",
        tx.tenant_id, policy_id, request_hash,
    )  # fmt: skip


async def nearest(
    tx: Tx, policy_id: UUID, scope_hash: bytes, embedding_model: str, embedding: str, distance: float
) -> bytes | None:
    """The answer to the most similar last message after the same beginning, counted as used."""
    return await tx.value(
        "update response_cache set hits = hits + 1 where id = ("
        " select id from response_cache where tenant_id = $1 and policy_id = $2 and scope_hash = $3"
        " and embedding_model = $4 and expires_at > current_timestamp and embedding <=> $5::text::halfvec <= $6"
        " order by embedding <=> $5::text::halfvec limit 1) and tenant_id = $1 returning answer",
        tx.tenant_id, policy_id, scope_hash, embedding_model, embedding, distance,
    )  # fmt: skip


async def keep(
    tx: Tx, policy_id: UUID, user_id: UUID | None, request_hash: bytes, scope_hash: bytes | None,
    embedding_model: str | None, embedding: str | None, model: str, answer: bytes, ttl: timedelta,
) -> None:  # fmt: skip
    """Keep an answer, in the place of an older one to the same request."""
    await tx.run(
        "insert into response_cache (tenant_id, policy_id, user_id, request_hash, scope_hash, embedding_model,"
        " embedding, model, answer, expires_at)"
        " values ($1, $2, $3, $4, $5, $6, $7::text::halfvec, $8, $9, current_timestamp + $10::interval)"
        " on conflict (tenant_id, policy_id, request_hash) do update set answer = excluded.answer,"
        " created_at = current_timestamp, expires_at = excluded.expires_at",
        tx.tenant_id, policy_id, user_id, request_hash, scope_hash, embedding_model, embedding, model, answer, ttl,
    )  # fmt: skip


async def trim(tx: Tx, policy_id: UUID, most: int) -> None:
    """Delete the oldest beyond `most`."""
    await tx.run(
        "delete from response_cache where tenant_id = $1 and policy_id = $2 and id in ("
        " select id from response_cache where tenant_id = $1 and policy_id = $2 order by created_at desc, id offset $3)",
        tx.tenant_id, policy_id, most,
    )  # fmt: skip


async def purge(tx: Tx, policy_id: UUID) -> int:
    """Delete all of a policy's; how many there were."""
    return await tx.run("delete from response_cache where tenant_id = $1 and policy_id = $2", tx.tenant_id, policy_id)


async def figures(tx: Tx, policy_id: UUID) -> Row:
    """How much a policy's cache holds and how often it was used."""
    return await tx.one(
        "select count(*) as entries, coalesce(sum(length(answer)), 0)::bigint as bytes,"
        " coalesce(sum(hits), 0)::bigint as hits from response_cache"
        " where tenant_id = $1 and policy_id = $2 and expires_at > current_timestamp",
        tx.tenant_id, policy_id,
    )  # fmt: skip
