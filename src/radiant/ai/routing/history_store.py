"""SQL of decisions, of what people said of them, and of the statistics that come of both."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from radiant.infra.db import Row, Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionFilter:
    """Which decisions; None: all."""

    user_id: UUID | None = None
    model: str | None = None
    task_type: str | None = None
    rule_id: UUID | None = None
    chosen_by: str | None = None
    success: bool | None = None
    since: datetime | None = None
    until: datetime | None = None


async def page(tx: Tx, of: DecisionFilter, before: tuple[datetime, UUID] | None, limit: int) -> list[Row]:
    """Decisions, the newest first."""
    return await tx.all(
        "select h.id, h.user_id, u.email as user_email, h.task_type, h.selected_model, h.provider, h.selection_reason,"
        " h.quality_level, h.chosen_by, h.rule_id, h.rule_name, h.propensity,"
        " h.confidence::float8 as confidence, h.fallback_position, h.estimated_cost, h.estimated_latency_ms,"
        " h.input_tokens, h.output_tokens, h.latency_ms, h.cost, h.success, h.error_kind, h.created_at, h.ended_at,"
        " (select avg(f.value) from brain_feedback f where f.tenant_id = h.tenant_id and f.user_id = h.user_id"
        "  and f.decision_id = h.id and f.kind <> 'pair') as rating"
        " from brain_routing_history h join users u on u.tenant_id = h.tenant_id and u.id = h.user_id"
        " where h.tenant_id = $1 and ($2::uuid is null or h.user_id = $2) and ($3::text is null or h.selected_model = $3)"
        " and ($4::text is null or h.task_type = $4) and ($5::uuid is null or h.rule_id = $5)"
        " and ($6::text is null or h.chosen_by = $6) and ($7::boolean is null or h.success = $7)"
        " and ($8::timestamptz is null or (h.created_at, h.id) < ($8, $9::uuid))"
        " and ($10::timestamptz is null or h.created_at >= $10) and ($11::timestamptz is null or h.created_at < $11)"
        " order by h.created_at desc, h.id desc limit $12",
        tx.tenant_id, of.user_id, of.model, of.task_type, of.rule_id, of.chosen_by, of.success,
        before[0] if before else None, before[1] if before else None, of.since, of.until, limit,
    )  # fmt: skip


async def logged(
    tx: Tx, days: int, task_type: str | None, before: tuple[datetime, UUID] | None, limit: int
) -> list[Row]:
    """First choices of the last days with what was weighed, the newest first, and what came of them."""
    return await tx.all(
        "select h.id, h.user_id, h.task_type, h.selected_model, h.quality_level, h.chosen_by,"
        " h.propensity, h.latency_ms, h.cost, h.success, h.created_at, h.rating, l.decision"
        " from brain_routing_history h join usage_ledger l on l.tenant_id = h.tenant_id and l.id = h.id"
        " where h.tenant_id = $1 and h.created_at > current_timestamp - make_interval(days => $2)"
        " and h.fallback_position = 0 and h.ended_at is not null and l.decision is not null"
        " and ($3::text is null or h.task_type = $3)"
        " and ($4::timestamptz is null or (h.created_at, h.id) < ($4, $5::uuid))"
        " order by h.created_at desc, h.id desc limit $6",
        tx.tenant_id, days, task_type, before[0] if before else None, before[1] if before else None, limit,
    )  # fmt: skip


async def decided(tx: Tx, user_id: UUID, decisions: list[UUID]) -> set[UUID]:
    """Which of these were made for that person."""
    rows = await tx.all(
        "select id from brain_routing_history where tenant_id = $1 and user_id = $2 and id = any ($3::uuid[])",
        tx.tenant_id, user_id, decisions,
    )  # fmt: skip
    return {row["id"] for row in rows}


async def put_feedback(
    tx: Tx, feedback_id: UUID, decision_id: UUID, kind: str, value: float, judge: str, other_id: UUID | None,
    comment: str | None,
) -> None:  # fmt: skip
    """Keep what the person of this transaction says, in place of what they said before."""
    await tx.run(
        "insert into brain_feedback as f (id, tenant_id, user_id, decision_id, kind, value, judge, other_id, comment)"
        " values ($3, $1, $2, $4, $5, $6, $7, $8, $9)"
        " on conflict (tenant_id, user_id, decision_id, kind, judge, other_id) do update set value = excluded.value,"
        " comment = excluded.comment, updated_at = current_timestamp"
        " where (f.value, f.comment) is distinct from (excluded.value, excluded.comment)",
        tx.tenant_id, tx.user_id, feedback_id, decision_id, kind, value, judge, other_id, comment,
    )  # fmt: skip


# --- statistics ---


async def alone(tx: Tx) -> bool:
    """Whether nobody else counts at this moment. System transaction."""
    return await tx.value("select pg_try_advisory_xact_lock(hashtextextended('routing statistics', 0))")


async def uncounted(tx: Tx, limit: int) -> list[Row]:
    """Decisions that ended and are in no statistics yet; they are, from now on. System transaction."""
    return await tx.all(
        "with due as (select id from brain_routing_history where not counted and ended_at is not null"
        "  order by ended_at limit $1 for update skip locked)"
        " update brain_routing_history h set counted = true from due where h.id = due.id"
        " returning h.tenant_id, h.selected_model as model, coalesce(h.task_type, 'chat') as task_type,"
        # An answer that was kept, which took no time, says nothing of the model.
        " case when h.latency_ms is not null or not h.success then h.success end as success,"
        " h.latency_ms, h.input_tokens, h.output_tokens, h.cost, h.ended_at",
        limit,
    )


async def unheard(tx: Tx, limit: int) -> list[Row]:
    """What was said and is in no statistics yet, with what they had of it; they have it, from now on. System
    transaction."""
    return await tx.all(
        "with due as (select id, counted_value from brain_feedback where counted_value is distinct from value"
        "  order by updated_at limit $1 for update skip locked)"
        " update brain_feedback f set counted_value = f.value"
        " from due, brain_routing_history h, brain_feedback g"
        "  left join brain_routing_history o on o.tenant_id = g.tenant_id and o.id = g.other_id"
        " where f.id = due.id and g.id = f.id and h.tenant_id = f.tenant_id and h.id = f.decision_id"
        " returning f.tenant_id, f.decision_id, h.selected_model as model, coalesce(h.task_type, 'chat') as task_type, f.kind,"
        " f.value, due.counted_value as before, coalesce(h.difficulty, 0) as difficulty, coalesce(h.cell, -1) as cell,"
        " h.created_at, o.selected_model as other_model,"
        " coalesce(o.task_type, 'chat') as other_task_type, o.created_at as other_created_at",
        limit,
    )


async def rate(tx: Tx, decisions: list[UUID]) -> None:
    """Note on decisions what they were found worth. System transaction."""
    await tx.run(
        "update brain_routing_history h set rating = (select avg(f.value) from brain_feedback f"
        "  where f.tenant_id = h.tenant_id and f.decision_id = h.id and f.kind <> 'pair')"
        " where h.id = any ($1::uuid[])",
        decisions,
    )


async def everybodys(tx: Tx, models: list[str], tasks: list[str]) -> list[Row]:
    """All tenants' figures of these, held. System transaction."""
    return await tx.all(
        "select s.model, s.task_type, s.successes, s.failures, s.unknown, s.latency_sketch, s.input_tokens,"
        " s.output_tokens, s.cost, s.ratings, s.updated_at from brain_model_statistics s"
        " where (s.model, s.task_type) in (select * from unnest($1::text[], $2::text[])) for update",
        models, tasks,
    )  # fmt: skip


async def tenants(tx: Tx, ids: list[UUID], models: list[str], tasks: list[str]) -> list[Row]:
    """Tenants' own figures of these, held. System transaction."""
    return await tx.all(
        "select s.tenant_id, s.model, s.task_type, s.successes, s.failures, s.unknown, s.latency_sketch,"
        " s.input_tokens, s.output_tokens, s.cost, s.ratings, s.updated_at from brain_tenant_statistics s"
        " where (s.tenant_id, s.model, s.task_type) in (select * from unnest($1::uuid[], $2::text[], $3::text[]))"
        " for update",
        ids, models, tasks,
    )  # fmt: skip


async def put_everybodys(tx: Tx, rows: list[dict[str, Any]], now: datetime) -> None:
    """Write all tenants' figures. System transaction."""
    await tx.run(
        "insert into brain_model_statistics (model, task_type, successes, failures, unknown, latency_sketch,"
        " input_tokens, output_tokens, cost, ratings, updated_at)"
        " select model, task_type, successes, failures, unknown, decode(latency, 'hex'), input_tokens, output_tokens,"
        " cost, ratings, $2 from jsonb_to_recordset($1::jsonb) as g(model text, task_type text,"
        " successes float8, failures float8, unknown float8, latency text, input_tokens float8, output_tokens float8,"
        " cost numeric, ratings float8)"
        " on conflict (model, task_type) do update set successes = excluded.successes, failures = excluded.failures,"
        " unknown = excluded.unknown, latency_sketch = excluded.latency_sketch, input_tokens = excluded.input_tokens,"
        " output_tokens = excluded.output_tokens, cost = excluded.cost, ratings = excluded.ratings,"
        " updated_at = excluded.updated_at",
        rows, now,
    )  # fmt: skip


async def put_tenants(tx: Tx, rows: list[dict[str, Any]], now: datetime) -> None:
    """Write tenants' own figures; of tenants that are gone none. System transaction."""
    await tx.run(
        "insert into brain_tenant_statistics (tenant_id, model, task_type, successes, failures, unknown, latency_sketch,"
        " input_tokens, output_tokens, cost, ratings, updated_at)"
        " select g.tenant_id, g.model, g.task_type, g.successes, g.failures, g.unknown, decode(g.latency, 'hex'),"
        " g.input_tokens, g.output_tokens, g.cost, g.ratings, $2"
        " from jsonb_to_recordset($1::jsonb) as g(tenant_id uuid, model text, task_type text, successes float8,"
        "  failures float8, unknown float8, latency text, input_tokens float8, output_tokens float8, cost numeric,"
        "  ratings float8) join tenants t on t.id = g.tenant_id"
        " on conflict (tenant_id, model, task_type) do update set successes = excluded.successes,"
        " failures = excluded.failures, unknown = excluded.unknown, latency_sketch = excluded.latency_sketch,"
        " input_tokens = excluded.input_tokens, output_tokens = excluded.output_tokens, cost = excluded.cost,"
        " ratings = excluded.ratings, updated_at = excluded.updated_at",
        rows, now,
    )  # fmt: skip


async def evidence(tx: Tx, models: list[str], places: list[str]) -> list[Row]:
    """What all tenants' answers taught of these. System transaction."""
    return await tx.all(
        "select e.model, e.place, e.precision, e.information from brain_model_evidence e"
        " where (e.model, e.place) in (select * from unnest($1::text[], $2::text[]))",
        models, places,
    )  # fmt: skip


async def tenants_evidence(tx: Tx, tenant_id: UUID, models: list[str], places: list[str]) -> list[Row]:
    """What a tenant's own answers taught of these. System transaction."""
    return await tx.all(
        "select e.model, e.place, e.precision, e.information from brain_tenant_evidence e"
        " where e.tenant_id = $1 and (e.model, e.place) in (select * from unnest($2::text[], $3::text[]))",
        tenant_id, models, places,
    )  # fmt: skip


async def put_evidence(tx: Tx, rows: list[dict[str, Any]]) -> None:
    """Write what all tenants' answers taught. System transaction."""
    await tx.run(
        "insert into brain_model_evidence (model, place, precision, information)"
        " select model, place, precision, information from jsonb_to_recordset($1::jsonb) as g(model text, place text,"
        "  precision float8, information float8)"
        " on conflict (model, place) do update set precision = excluded.precision,"
        " information = excluded.information, updated_at = current_timestamp",
        rows,
    )


async def put_tenants_evidence(tx: Tx, rows: list[dict[str, Any]]) -> None:
    """Write what tenants' own answers taught; of tenants that are gone nothing. System transaction."""
    await tx.run(
        "insert into brain_tenant_evidence (tenant_id, model, place, precision, information)"
        " select g.tenant_id, g.model, g.place, g.precision, g.information from jsonb_to_recordset($1::jsonb)"
        "  as g(tenant_id uuid, model text, place text, precision float8, information float8)"
        "  join tenants t on t.id = g.tenant_id"
        " on conflict (tenant_id, model, place) do update set precision = excluded.precision,"
        " information = excluded.information, updated_at = current_timestamp",
        rows,
    )
