"""SQL of auto-resolve. What came of a call is filled in by the ledger's trigger (migration 0033)."""

from datetime import datetime
from typing import Any
from uuid import UUID

from radiant.infra.db import Row, Tx


async def insert(
    tx: Tx, request_id: UUID, request_type: str, selected_model: str, reason: str, preferences: dict[str, Any],
    quality_level: str, confidence: float,
) -> None:  # fmt: skip
    """Keep a request; nobody knows yet how it ends."""
    await tx.run(
        "insert into auto_resolve_requests (id, tenant_id, user_id, request_type, selected_model, selection_reason,"
        " user_preferences, quality_level, confidence, success)"
        " values ($3, $1, $2, $4, $5, $6, $7, $8, $9::float8::numeric, null)",
        tx.tenant_id, tx.user_id, request_id, request_type, selected_model, reason, preferences, quality_level,
        round(confidence, 8),
    )  # fmt: skip


async def page(tx: Tx, before: tuple[datetime, UUID] | None, limit: int) -> list[Row]:
    """The person's requests, the newest first."""
    return await tx.all(
        "select id, request_type, selected_model, selection_reason, user_preferences, quality_level,"
        " confidence::float8 as confidence, decision_id, input_tokens, output_tokens, cost, latency_ms, success,"
        " created_at from auto_resolve_requests where tenant_id = $1 and user_id = $2"
        " and ($3::timestamptz is null or (created_at, id) < ($3, $4::uuid)) order by created_at desc, id desc limit $5",
        tx.tenant_id, tx.user_id, before[0] if before else None, before[1] if before else None, limit,
    )  # fmt: skip
