"""SQL of merges."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from radiant.infra.db import Row, Tx
from radiant.kit.ids import RunId
from radiant.workspace.merging.schemas import MergeSummary


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A response as it is kept."""

    round: int = 0
    position: int
    model: str
    response: str
    tokens: int | None = None
    latency_ms: int | None = None
    cost: Decimal | None = None
    given: bool = False
    message_id: UUID | None = None
    decision_id: UUID | None = None
    answer: str | None = None
    changed: bool | None = None
    reason: str | None = None
    error: dict[str, Any] | None = None


async def insert(
    tx: Tx, merge_id: UUID, run_id: RunId, prompt: str, strategy: str, models: list[str], options: dict[str, Any]
) -> None:
    """A merge that begins."""
    await tx.run(
        "insert into merge_sessions (id, tenant_id, user_id, run_id, prompt, merge_strategy, models_used, options,"
        " judge_model, writer_model) values ($1, $2, $3, $4, $5, $6, $7, $8::jsonb, $8::jsonb ->> 'judge_model', $8::jsonb ->> 'writer_model')",
        merge_id, tx.tenant_id, tx.user_id, run_id, prompt, strategy, models, options,
    )  # fmt: skip


async def put_responses(tx: Tx, merge_id: UUID, responses: list[Stored]) -> None:
    """Keep answers as they came. Their weights are known at the end."""
    await tx.run(
        "insert into merge_responses (tenant_id, user_id, session_id, contribution_weight, round, position, model,"
        " response, tokens_used, latency_ms, cost, given, message_id, decision_id, answer, changed, reason, error)"
        " select $1, $2, $3, 0, * from unnest($4::int[], $5::int[], $6::text[], $7::text[], $8::int[], $9::int[],"
        " $10::numeric[], $11::boolean[], $12::uuid[], $13::uuid[], $14::text[], $15::boolean[], $16::text[], $17::jsonb[])",
        tx.tenant_id, tx.user_id, merge_id, [r.round for r in responses], [r.position for r in responses],
        [r.model for r in responses], [r.response for r in responses], [r.tokens for r in responses],
        [r.latency_ms for r in responses], [r.cost for r in responses], [r.given for r in responses],
        [r.message_id for r in responses], [r.decision_id for r in responses], [r.answer for r in responses],
        [r.changed for r in responses], [r.reason for r in responses], [r.error for r in responses],
    )  # fmt: skip


async def finish(tx: Tx, merge_id: UUID, status: str, result: dict[str, Any], error: dict[str, Any] | None) -> bool:
    """End a merge, once. `result`: columns by their names."""
    touched = await tx.run(
        "update merge_sessions s set status = $4, completed_at = current_timestamp, error = $6,"
        " final_result = r.final_result, quality_score = r.quality_score, quality_basis = r.quality_basis,"
        " total_cost = r.total_cost, judge_model = r.judge_model, judge_tokens = r.judge_tokens,"
        " writer_model = r.writer_model, writer_tokens = r.writer_tokens, latency_ms = r.latency_ms,"
        " task_type = coalesce(r.task_type, s.task_type), answer_kind = coalesce(r.answer_kind, s.answer_kind),"
        " decision = r.decision, decided_by = r.decided_by, confidence = r.confidence, chosen = r.chosen,"
        " clusters = coalesce(r.clusters, '[]'), claims = coalesce(r.claims, '[]'),"
        " judgements = coalesce(r.judgements, '[]'), provenance = coalesce(r.provenance, '[]'),"
        " notes = coalesce(r.notes, '{}')"
        " from jsonb_to_record($5::jsonb) as r(final_result text, quality_score numeric, quality_basis text,"
        "  total_cost numeric, judge_model text, judge_tokens integer, writer_model text, writer_tokens integer,"
        "  latency_ms integer, task_type text, answer_kind text, decision text, decided_by text, confidence numeric,"
        "  chosen integer, clusters jsonb, claims jsonb, judgements jsonb, provenance jsonb, notes text[])"
        " where s.tenant_id = $1 and s.user_id = $2 and s.id = $3 and s.status = 'running'",
        tx.tenant_id, tx.user_id, merge_id, status, result, error,
    )  # fmt: skip
    return touched == 1


async def weigh(
    tx: Tx, merge_id: UUID, positions: list[int], weights: list[Decimal], answers: list[str | None],
    copies: list[int | None], gates: list[str], abilities: list[float | None],
) -> None:  # fmt: skip
    """What part each answer has in the result. `gates`: joined by commas."""
    await tx.run(
        "update merge_responses r set contribution_weight = w.weight, answer = w.answer, copy_of = w.copy_of,"
        " gates = coalesce(string_to_array(nullif(w.gates, ''), ','), '{}'), ability = w.ability"
        " from unnest($4::int[], $5::numeric[], $6::text[], $7::int[], $8::text[], $9::float8[])"
        "  as w(position, weight, answer, copy_of, gates, ability)"
        " where r.tenant_id = $1 and r.user_id = $2 and r.session_id = $3 and r.round = 0 and r.position = w.position",
        tx.tenant_id, tx.user_id, merge_id, positions, weights, answers, copies, gates, abilities,
    )  # fmt: skip


async def interrupt(tx: Tx, run_id: RunId, error: dict[str, Any]) -> None:
    """End the merge of a run whose process died; its answers stay, and what they cost."""
    await tx.run(
        "update merge_sessions s set status = 'failed', completed_at = current_timestamp, error = $4,"
        " total_cost = (select coalesce(sum(r.cost), 0) from merge_responses r"
        "  where r.tenant_id = $1 and r.user_id = $2 and r.session_id = s.id and not r.given)"
        " where s.tenant_id = $1 and s.user_id = $2 and s.run_id = $3 and s.status = 'running'",
        tx.tenant_id, tx.user_id, run_id, error,
    )  # fmt: skip


async def page(
    tx: Tx, strategy: str | None, search: str | None, before: tuple[datetime, UUID] | None, limit: int
) -> list[MergeSummary]:
    """The caller's merges, the newest first."""
    rows = await tx.all(
        "select id, left(prompt, 500) as prompt, merge_strategy, status, decision, models_used,"
        " quality_score::float8 as quality_score, quality_basis, total_cost, created_at, completed_at"
        " from merge_sessions where tenant_id = $1 and user_id = $2 and ($3::text is null or merge_strategy = $3)"
        " and ($4::text is null or position(lower($4) in lower(prompt)) > 0"
        "  or position(lower($4) in lower(coalesce(final_result, ''))) > 0)"
        " and ($5::timestamptz is null or (created_at, id) < ($5, $6::uuid))"
        " order by created_at desc, id desc limit $7",
        tx.tenant_id, tx.user_id, strategy, search, *(before or (None, None)), limit,
    )  # fmt: skip
    return [MergeSummary.model_validate(dict(row)) for row in rows]


async def get(tx: Tx, merge_id: UUID) -> Row | None:
    """A merge of the caller's, without its answers."""
    return await tx.one_or_none(
        "select id, run_id, prompt, merge_strategy, status, decision, models_used, final_result,"
        " quality_score::float8 as quality_score, quality_basis, total_cost, created_at, completed_at, decided_by,"
        " confidence::float8 as confidence, chosen, answer_kind, task_type, judge_model, judge_tokens, writer_model,"
        " writer_tokens, latency_ms, options, clusters, claims, judgements, provenance, notes, good, error"
        " from merge_sessions where tenant_id = $1 and user_id = $2 and id = $3",
        tx.tenant_id, tx.user_id, merge_id,
    )  # fmt: skip


async def responses(tx: Tx, merge_id: UUID) -> list[Row]:
    """Its answers, and the turns of its debate, in order."""
    return await tx.all(
        "select round, position, model, response, given, tokens_used, latency_ms, cost, contribution_weight, answer,"
        " copy_of, gates, ability, message_id, decision_id, changed, reason, flip, error"
        " from merge_responses where tenant_id = $1 and user_id = $2 and session_id = $3 order by round, position",
        tx.tenant_id, tx.user_id, merge_id,
    )  # fmt: skip


async def delete(tx: Tx, merge_id: UUID) -> bool:
    """Delete a merge that has ended."""
    touched = await tx.run(
        "delete from merge_sessions where tenant_id = $1 and user_id = $2 and id = $3 and status <> 'running'",
        tx.tenant_id, tx.user_id, merge_id,
    )  # fmt: skip
    return touched == 1


async def constants(tx: Tx, models: list[str], responses: list[str], prompt: str, least: int) -> set[str]:
    """Models whose last answers to at least so many other prompts were all the very one that they give now."""
    rows = await tx.all(
        "select g.model from unnest($3::text[], $4::text[]) as g(model, response)"
        " cross join lateral (select r.response, s.prompt from merge_responses r join merge_sessions s"
        "  on s.tenant_id = $1 and s.user_id = $2 and s.id = r.session_id"
        "  where r.tenant_id = $1 and r.user_id = $2 and r.model = g.model and r.round = 0 and r.error is null"
        "  and s.prompt <> $5 order by r.created_at desc limit 20) as past"
        " group by g.model, g.response"
        " having count(distinct past.prompt) >= $6 and bool_and(past.response = g.response)",
        tx.tenant_id, tx.user_id, models, responses, prompt, least,
    )  # fmt: skip
    return {row["model"] for row in rows}


# --- what labels teach ---


async def put_good(tx: Tx, merge_id: UUID, good: bool) -> Row | None:
    """Keep what the caller says of a result; what it was of, with what they said before."""
    return await tx.one_or_none(
        "with was as (select good from merge_sessions where tenant_id = $1 and user_id = $2 and id = $3 for update)"
        " update merge_sessions s set good = $4 from was where s.tenant_id = $1 and s.user_id = $2 and s.id = $3"
        " and s.final_result is not null returning was.good as before, s.merge_strategy, s.answer_kind,"
        " s.confidence::float8 as confidence, s.chosen, s.clusters",
        tx.tenant_id, tx.user_id, merge_id, good,
    )  # fmt: skip


async def put_label(tx: Tx, merge_id: UUID, strategy: str, kind: str, confidence: float, good: bool) -> None:
    """Keep a label; said again, it takes the place of what was said before."""
    await tx.run(
        "insert into merge_labels (tenant_id, session_id, strategy, answer_kind, confidence, good)"
        " values ($1, $2, $3, $4, $5::float8::numeric, $6) on conflict (tenant_id, session_id)"
        " do update set good = excluded.good, labelled_at = current_timestamp",
        tx.tenant_id, merge_id, strategy, kind, confidence, good,
    )  # fmt: skip


async def labels(tx: Tx, strategy: str, kind: str, limit: int) -> list[tuple[float, bool]]:
    """The tenant's newest labels of a class."""
    rows = await tx.all(
        "select confidence::float8 as confidence, good from merge_labels where tenant_id = $1 and strategy = $2 and answer_kind = $3"
        " order by labelled_at desc limit $4",
        tx.tenant_id, strategy, kind, limit,
    )  # fmt: skip
    return [(row["confidence"], row["good"]) for row in rows]


async def add_agreements(tx: Tx, kind: str, rows: list[dict[str, Any]]) -> None:
    """Add to the sums."""
    await tx.run(
        "insert into merge_agreements as a (tenant_id, answer_kind, model, other, of_right, same_right, of_wrong, same_wrong)"
        " select $1, $2, g.model, g.other, g.of_right, g.same_right, g.of_wrong, g.same_wrong"
        " from jsonb_to_recordset($3::jsonb) as g(model text, other text, of_right integer, same_right integer,"
        "  of_wrong integer, same_wrong integer)"
        " on conflict (tenant_id, answer_kind, model, other) do update set of_right = a.of_right + excluded.of_right,"
        " same_right = a.same_right + excluded.same_right, of_wrong = a.of_wrong + excluded.of_wrong,"
        " same_wrong = a.same_wrong + excluded.same_wrong, updated_at = current_timestamp",
        tx.tenant_id, kind, rows,
    )  # fmt: skip


async def agreements(tx: Tx, kind: str, models: list[str]) -> list[Row]:
    """The sums of these models among themselves."""
    return await tx.all(
        "select model, other, of_right, same_right, of_wrong, same_wrong from merge_agreements"
        " where tenant_id = $1 and answer_kind = $2 and model = any($3::text[]) and other = any($3::text[])",
        tx.tenant_id, kind, models,
    )  # fmt: skip


async def put_flips(tx: Tx, merge_id: UUID, right: str) -> None:
    """Note, of each turn of a debate, whether its model left what was right, or came to it."""
    await tx.run(
        "update merge_responses r set flip = case when before.answer = $4 and r.answer is distinct from $4"
        "  then 'right_to_wrong' when before.answer is distinct from $4 and r.answer = $4 then 'wrong_to_right' end"
        " from merge_responses before where r.tenant_id = $1 and r.user_id = $2 and r.session_id = $3 and r.round > 0"
        " and before.tenant_id = $1 and before.user_id = $2 and before.session_id = $3"
        " and before.round = r.round - 1 and before.position = r.position and r.error is null",
        tx.tenant_id, tx.user_id, merge_id, right,
    )  # fmt: skip
