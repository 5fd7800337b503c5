"""SQL of request logs."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from radiant.infra.db import Row, Tx


async def insert(
    tx: Tx, log_id: UUID, policy_id: UUID, api_key_id: UUID | None, protocol: str, model: str, request: dict[str, Any],
    response: dict[str, Any] | None, failure: str | None, keep: timedelta, *, shared: bool,
) -> None:  # fmt: skip
    """Keep what the person of this transaction asked, and what was answered."""
    await tx.run(
        "insert into request_logs (id, tenant_id, user_id, policy_id, api_key_id, shared, protocol, model, request,"
        " response, failure, expires_at)"
        " values ($2, $1, $3, $4, $5, $6, $7, $8, $9, $10, $11, current_timestamp + $12::interval)",
        tx.tenant_id, log_id, tx.user_id, policy_id, api_key_id, shared, protocol, model, request, response, failure,
        keep,
    )  # fmt: skip


async def page(
    tx: Tx, user_id: UUID | None, api_key_id: UUID | None, model: str | None, failed: bool | None, words: str | None,
    before: tuple[datetime, UUID] | None, limit: int,
) -> list[Row]:  # fmt: skip
    """Logs that the person may see, the newest first: of one person or all, of a key, a model, that failed or did not,
    that hold some words."""
    return await tx.all(
        "select l.id, l.created_at, l.expires_at, l.protocol, l.model, l.failure, l.user_id, u.email as user_email,"
        " l.api_key_id, k.name as key_name, p.name as policy_name, left(l.request ->> 'last', 200) as snippet"
        " from request_logs l join users u on u.tenant_id = l.tenant_id and u.id = l.user_id"
        " left join api_keys k on k.tenant_id = l.tenant_id and k.id = l.api_key_id"
        " left join policies p on p.tenant_id = l.tenant_id and p.id = l.policy_id"
        " where l.tenant_id = $1 and l.expires_at > current_timestamp and ($2::uuid is null or l.user_id = $2)"
        " and ($3::uuid is null or l.api_key_id = $3) and ($4::text is null or l.model = $4)"
        " and ($5::boolean is null or (l.failure is not null) = $5)"
        " and ($6::text is null or strpos(lower(l.request::text), lower($6)) > 0"
        "  or strpos(lower(l.response::text), lower($6)) > 0)"
        " and ($7::timestamptz is null or (l.created_at, l.id) < ($7, $8::uuid))"
        " order by l.created_at desc, l.id desc limit $9",
        tx.tenant_id, user_id, api_key_id, model, failed, words, before[0] if before else None,
        before[1] if before else None, limit,
    )  # fmt: skip


async def one(tx: Tx, log_id: UUID, user_id: UUID | None) -> Row | None:
    """A log that the person may see, whole."""
    return await tx.one_or_none(
        "select l.id, l.created_at, l.expires_at, l.protocol, l.model, l.failure, l.user_id, u.email as user_email,"
        " l.api_key_id, k.name as key_name, p.name as policy_name, left(l.request ->> 'last', 200) as snippet,"
        " l.request, l.response"
        " from request_logs l join users u on u.tenant_id = l.tenant_id and u.id = l.user_id"
        " left join api_keys k on k.tenant_id = l.tenant_id and k.id = l.api_key_id"
        " left join policies p on p.tenant_id = l.tenant_id and p.id = l.policy_id"
        " where l.tenant_id = $1 and l.id = $2 and l.expires_at > current_timestamp"
        " and ($3::uuid is null or l.user_id = $3)",
        tx.tenant_id, log_id, user_id,
    )  # fmt: skip


async def delete(tx: Tx, log_id: UUID, user_id: UUID | None) -> bool:
    """Delete a log that the person may see; False where there is none."""
    return await tx.run(
        "delete from request_logs where tenant_id = $1 and id = $2 and ($3::uuid is null or user_id = $3)",
        tx.tenant_id, log_id, user_id,
    ) == 1  # fmt: skip


async def texts(tx: Tx, ids: list[UUID]) -> list[Row]:
    """What was asked and answered. System transaction."""
    return await tx.all("select id, request, response from request_logs where id = any($1)", ids)


async def rewrite(tx: Tx, log_id: UUID, request: dict[str, Any], response: dict[str, Any] | None) -> None:
    """Replace it. System transaction."""
    await tx.run("update request_logs set request = $2, response = $3 where id = $1", log_id, request, response)
