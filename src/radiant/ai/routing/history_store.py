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
        "select h.id, h.user_id, h.task_type, h.selected_model, h.quality_level, h.chosen_by, h.rule_id, h.rule_name,"
        " h.propensity, h.latency_ms, h.cost, h.success, h.created_at, h.rating, l.decision"
        " from brain_routing_history h join usage_ledger l on l.tenant_id = h.tenant_id and l.id = h.id"
        " where h.tenant_id = $1 and h.created_at > current_timestamp - make_interval(days => $2)"
        " and h.fallback_position = 0 and h.chosen_by not in ('named', 'merge') and h.ended_at is not null"
        " and l.decision is not null"
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


async def put_pairs(tx: Tx, judge: str, rows: list[tuple[UUID, UUID, UUID, float]]) -> None:
    """Keep a judge's preferences: id, decision, other decision, and 1 where the first was preferred."""
    await tx.run(
        "insert into brain_feedback as f (tenant_id, user_id, judge, kind, id, decision_id, other_id, value)"
        " select $1, $2, $3, 'pair', * from unnest($4::uuid[], $5::uuid[], $6::uuid[], $7::float8[])"
        " on conflict (tenant_id, user_id, decision_id, kind, judge, other_id) do update set value = excluded.value,"
        " updated_at = current_timestamp where f.value is distinct from excluded.value",
        tx.tenant_id, tx.user_id, judge, *([row[at] for row in rows] for at in range(4)),
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
        " returning f.id, f.updated_at as said_at, f.tenant_id, f.decision_id, h.selected_model as model,"
        " coalesce(h.task_type, 'chat') as task_type, f.kind,"
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


async def uncounted_calls(tx: Tx, limit: int) -> list[Row]:
    """Calls that named their model, ended and are in no statistics yet, of so many batches of the ledger; they are,
    from now on. System transaction."""
    return await tx.all(
        "with due as (delete from brain_uncounted_calls where id in"
        "  (select id from brain_uncounted_calls limit $1 for update skip locked) returning tenant_id, calls)"
        " select l.tenant_id, l.model, 'any' as task_type, app.succeeded(l.ended, l.error_kind) as success,"
        " l.duration_ms as latency_ms, l.input_tokens, l.output_tokens, l.cost, l.settled_at as ended_at"
        " from due cross join lateral unnest(due.calls) as one(id)"
        " join usage_ledger l on l.tenant_id = due.tenant_id and l.id = one.id",
        limit,
    )


async def figures(tx: Tx, tenants: list[UUID], models: list[str], tasks: list[str]) -> list[Row]:
    """Tenants' own figures of these, and all tenants' (tenant_id null). System transaction of the only one who counts."""
    return await tx.all(
        "with asked as (select * from unnest($1::uuid[], $2::text[], $3::text[]) as a(tenant_id, model, task_type))"
        " select null::uuid as tenant_id, model, task_type, successes, failures, unknown, latency_sketch, input_tokens,"
        "  output_tokens, cost, ratings, updated_at from brain_model_statistics"
        "  where (model, task_type) in (select model, task_type from asked)"
        " union all select tenant_id, model, task_type, successes, failures, unknown, latency_sketch, input_tokens,"
        "  output_tokens, cost, ratings, updated_at from brain_tenant_statistics"
        "  where (tenant_id, model, task_type) in (select * from asked)",
        tenants, models, tasks,
    )  # fmt: skip


async def put_figures(tx: Tx, rows: list[dict[str, Any]], now: datetime) -> None:
    """Write tenants' own figures and all tenants'; of tenants that are gone none. System transaction."""
    await tx.run(
        "with given as (select g.*, decode(g.latency, 'hex') as sketch from jsonb_to_recordset($1::jsonb)"
        "  as g(tenant_id uuid, model text, task_type text, successes float8, failures float8, unknown float8,"
        "   latency text, input_tokens float8, output_tokens float8, cost numeric, ratings float8)),"
        " everybodys as (insert into brain_model_statistics (model, task_type, successes, failures, unknown,"
        "   latency_sketch, input_tokens, output_tokens, cost, ratings, updated_at)"
        "  select model, task_type, successes, failures, unknown, sketch, input_tokens, output_tokens, cost, ratings, $2"
        "  from given where tenant_id is null on conflict (model, task_type) do update set"
        "   (successes, failures, unknown, latency_sketch, input_tokens, output_tokens, cost, ratings, updated_at)"
        "   = (excluded.successes, excluded.failures, excluded.unknown, excluded.latency_sketch, excluded.input_tokens,"
        "    excluded.output_tokens, excluded.cost, excluded.ratings, excluded.updated_at))"
        " insert into brain_tenant_statistics (tenant_id, model, task_type, successes, failures, unknown,"
        "   latency_sketch, input_tokens, output_tokens, cost, ratings, updated_at)"
        "  select tenant_id, model, task_type, successes, failures, unknown, sketch, input_tokens, output_tokens, cost,"
        "   ratings, $2 from given where tenant_id in (select id from tenants)"
        "  on conflict (tenant_id, model, task_type) do update set"
        "   (successes, failures, unknown, latency_sketch, input_tokens, output_tokens, cost, ratings, updated_at)"
        "   = (excluded.successes, excluded.failures, excluded.unknown, excluded.latency_sketch, excluded.input_tokens,"
        "    excluded.output_tokens, excluded.cost, excluded.ratings, excluded.updated_at)",
        rows, now,
    )  # fmt: skip


async def evidence(tx: Tx, tenants: list[UUID], models: list[str], places: list[str]) -> list[Row]:
    """What tenants' own answers taught of these, and all tenants' (tenant_id null). System transaction."""
    return await tx.all(
        "with asked as (select * from unnest($1::uuid[], $2::text[], $3::text[]) as a(tenant_id, model, place))"
        " select null::uuid as tenant_id, model, place, precision, information, updated_at from brain_model_evidence"
        "  where (model, place) in (select model, place from asked)"
        " union all select tenant_id, model, place, precision, information, updated_at from brain_tenant_evidence"
        "  where (tenant_id, model, place) in (select * from asked)",
        tenants, models, places,
    )  # fmt: skip


async def put_evidence(tx: Tx, rows: list[dict[str, Any]]) -> None:
    """Write what tenants' own answers taught, and all tenants'; of tenants that are gone nothing. System transaction."""
    await tx.run(
        "with given as (select * from jsonb_to_recordset($1::jsonb) as g(tenant_id uuid, model text, place text,"
        "  precision float8, information float8, updated_at timestamptz)),"
        " everybodys as (insert into brain_model_evidence (model, place, precision, information, updated_at)"
        "  select model, place, precision, information, updated_at from given where tenant_id is null"
        "  on conflict (model, place) do update set precision = excluded.precision,"
        "  information = excluded.information, updated_at = excluded.updated_at)"
        " insert into brain_tenant_evidence (tenant_id, model, place, precision, information, updated_at)"
        " select tenant_id, model, place, precision, information, updated_at from given"
        "  where tenant_id in (select id from tenants)"
        " on conflict (tenant_id, model, place) do update set precision = excluded.precision,"
        " information = excluded.information, updated_at = excluded.updated_at",
        rows,
    )
