"""SQL of Think Tank's sessions: their rows, their steps, their log. Every statement names the tenant and the person."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from radiant.infra.db import Row, Tx
from radiant.workspace.reasoning.schemas import SessionSummary, Status


async def insert(
    tx: Tx,
    session_id: UUID,
    problem: str,
    options: dict[str, Any],
    api_key_id: UUID | None,
    owner: str,
    lease: timedelta,
) -> None:
    """A session that begins, worked on by `owner`."""
    await tx.run(
        "insert into thinktank_sessions (id, tenant_id, user_id, problem, problem_summary, domain, strategy, options, api_key_id,"
        " lease_owner, lease_until) values ($3, $1, $2, $4, left($4, 300), $5::jsonb ->> 'domain', $5::jsonb ->> 'strategy', $5::jsonb, $6,"
        " $7, current_timestamp + $8::interval)",
        tx.tenant_id, tx.user_id, session_id, problem, options, api_key_id, owner, lease,
    )  # fmt: skip


async def append(
    tx: Tx, session_id: UUID, owner: str | None, kind: str, key: str | None, data: dict[str, Any]
) -> int | None:
    """Write the next event; its number. 0: it was written before, by its key. None: the session is gone, or no longer
    `owner`'s."""
    row = await tx.one_or_none(
        "with s as (update thinktank_sessions set last_seq = last_seq + 1"
        "  where tenant_id = $1 and user_id = $2 and id = $3 and ($4::text is null or lease_owner = $4) returning last_seq),"
        " written as (insert into thinktank_events (tenant_id, user_id, session_id, seq, kind, key, data)"
        "  select $1, $2, $3, last_seq, $5, $6, $7 from s on conflict do nothing returning seq)"
        " select coalesce((select seq from written), 0) as seq from s",
        tx.tenant_id, tx.user_id, session_id, owner, kind, key, data,
    )  # fmt: skip
    return None if row is None else row["seq"]


async def events_after(tx: Tx, session_id: UUID, after: int, limit: int, kinds: list[str] | None = None) -> list[Row]:
    """Events past `after`, in order."""
    return await tx.all(
        "select seq, kind, key, data, created_at from thinktank_events where tenant_id = $1 and user_id = $2"
        " and session_id = $3 and seq > $4 and ($6::text[] is null or kind = any ($6)) order by seq limit $5",
        tx.tenant_id, tx.user_id, session_id, after, limit, kinds,
    )  # fmt: skip


async def steered_after(tx: Tx, session_id: UUID, after: int) -> list[Row]:
    """What people said past `after`, in order: {seq, data}."""
    return await tx.all(
        "select seq, data from thinktank_events where tenant_id = $1 and user_id = $2 and session_id = $3 and seq > $4"
        " and kind = 'steered' order by seq",
        tx.tenant_id, tx.user_id, session_id, after,
    )  # fmt: skip


async def insert_step(tx: Tx, session_id: UUID, key: str, step: dict[str, Any]) -> None:
    """Write a step with the next number; the session's row is locked by the event before it."""
    await tx.run(
        "with next as (select coalesce(max(step_number), 0) + 1 as n from thinktank_steps"
        "   where tenant_id = $1 and user_id = $2 and session_id = $3),"
        " written as (insert into thinktank_steps (id, tenant_id, user_id, session_id, key, step_number, step_type, node_id,"
        "   attempt, description, reasoning, result, confidence, self_confidence, verifier, verdict, evidence, tool_calls,"
        "   model_used, input_tokens, output_tokens, tokens_used, cost, duration_ms, error)"
        "  select s.id, $1, $2, $3, $4, next.n, s.step_type, s.node_id, s.attempt, s.description, s.reasoning, s.result,"
        "   s.confidence, s.self_confidence, s.verifier, s.verdict, s.evidence, s.tool_calls, s.model_used, s.input_tokens,"
        "   s.output_tokens, s.input_tokens + s.output_tokens, s.cost, s.duration_ms, s.error"
        "  from next, jsonb_to_record($5::jsonb) as s(id uuid, step_type text, node_id text, attempt integer,"
        "   description text, reasoning text, result text, confidence numeric, self_confidence numeric, verifier text,"
        "   verdict text, evidence jsonb, tool_calls jsonb, model_used text, input_tokens integer, output_tokens integer,"
        "   cost numeric, duration_ms integer, error text)"
        "  on conflict (tenant_id, session_id, key) do nothing returning input_tokens + output_tokens as tokens, cost)"
        " update thinktank_sessions s set total_steps = s.total_steps + 1, total_tokens = s.total_tokens + w.tokens,"
        "  total_cost = s.total_cost + w.cost from written w"
        " where s.tenant_id = $1 and s.user_id = $2 and s.id = $3",
        tx.tenant_id, tx.user_id, session_id, key, step,
    )  # fmt: skip


async def steps(tx: Tx, session_id: UUID) -> list[Row]:
    """All steps, in order."""
    return await tx.all(
        "select id, step_number, step_type, node_id, attempt, description, reasoning, result, confidence, self_confidence,"
        " verifier, verdict, evidence, tool_calls, model_used, input_tokens, output_tokens, tokens_used, cost, duration_ms,"
        " error, created_at from thinktank_steps where tenant_id = $1 and user_id = $2 and session_id = $3"
        " order by step_number",
        tx.tenant_id, tx.user_id, session_id,
    )  # fmt: skip


async def get(tx: Tx, session_id: UUID) -> Row | None:
    """A session of the caller's."""
    return await tx.one_or_none(
        "select id, problem, problem_summary, domain, strategy, complexity, status, solution_found, avg_confidence,"
        " total_steps, total_tokens, total_cost, created_at, completed_at, options, solution, answer, confidence, basis, notes, error,"
        " good, api_key_id, lease_owner, last_seq from thinktank_sessions where tenant_id = $1 and user_id = $2 and id = $3",
        tx.tenant_id, tx.user_id, session_id,
    )  # fmt: skip


async def lock(tx: Tx, session_id: UUID) -> Row | None:
    """Its status, options, error and the number of its last event, locked: what people do to a session follows one another."""
    return await tx.one_or_none(
        "select status, options, last_seq from thinktank_sessions where tenant_id = $1 and user_id = $2 and id = $3"
        " for update",
        tx.tenant_id, tx.user_id, session_id,
    )  # fmt: skip


async def page(
    tx: Tx, status: str | None, words: str | None, before: tuple[datetime, UUID] | None, limit: int
) -> list[SessionSummary]:
    """The caller's sessions, the newest first; those whose problem or solution holds the words."""
    rows = await tx.all(
        "select id, problem_summary, domain, strategy, complexity, status, solution_found,"
        " avg_confidence, total_steps, total_tokens, total_cost, created_at, completed_at from thinktank_sessions"
        " where tenant_id = $1 and user_id = $2 and ($3::text is null or status = $3)"
        " and ($4::text is null or position(lower($4) in lower(problem)) > 0"
        "  or position(lower($4) in lower(coalesce(solution, ''))) > 0)"
        " and ($5::timestamptz is null or (created_at, id) < ($5, $6::uuid))"
        " order by created_at desc, id desc limit $7",
        tx.tenant_id, tx.user_id, status, words, *(before or (None, None)), limit,
    )  # fmt: skip
    return [SessionSummary.model_validate(dict(row)) for row in rows]


async def note(tx: Tx, session_id: UUID, complexity: str | None, strategy: str | None) -> None:
    """What became known of the problem."""
    await tx.run(
        "update thinktank_sessions set complexity = coalesce($4, complexity), strategy = coalesce($5, strategy)"
        " where tenant_id = $1 and user_id = $2 and id = $3",
        tx.tenant_id, tx.user_id, session_id, complexity, strategy,
    )  # fmt: skip


async def set_options(tx: Tx, session_id: UUID, options: dict[str, Any]) -> None:
    """Other options: a larger budget."""
    await tx.run(
        "update thinktank_sessions set options = $4 where tenant_id = $1 and user_id = $2 and id = $3",
        tx.tenant_id, tx.user_id, session_id, options,
    )  # fmt: skip


async def park(tx: Tx, session_id: UUID, owner: str, status: Status) -> bool:
    """Nobody works on it until a person says something."""
    touched = await tx.run(
        "update thinktank_sessions set status = $5, lease_owner = null, lease_until = null"
        " where tenant_id = $1 and user_id = $2 and id = $3 and lease_owner = $4 and status = 'running'",
        tx.tenant_id, tx.user_id, session_id, owner, status,
    )  # fmt: skip
    return touched == 1


async def set_paused(tx: Tx, session_id: UUID) -> None:
    """A session that waits is paused: nobody works on it anyway."""
    await tx.run(
        "update thinktank_sessions set status = 'paused' where tenant_id = $1 and user_id = $2 and id = $3"
        " and status = 'waiting'",
        tx.tenant_id, tx.user_id, session_id,
    )  # fmt: skip


async def go_on(tx: Tx, session_id: UUID, owner: str, lease: timedelta) -> None:
    """It is worked on again, by `owner`."""
    await tx.run(
        "update thinktank_sessions set status = 'running', completed_at = null, error = null, solution_found = false,"
        " lease_owner = $4,"
        " lease_until = current_timestamp + $5::interval where tenant_id = $1 and user_id = $2 and id = $3",
        tx.tenant_id, tx.user_id, session_id, owner, lease,
    )  # fmt: skip


async def finish(tx: Tx, session_id: UUID, owner: str | None, status: Status, result: dict[str, Any]) -> bool:
    """End a session. `result`: columns by their names; `owner`: who works on it, None for whoever may end it anyway."""
    touched = await tx.run(
        "update thinktank_sessions s set status = $5, completed_at = current_timestamp, lease_owner = null,"
        " lease_until = null, solution = r.solution, answer = r.answer, confidence = r.confidence,"
        " avg_confidence = r.avg_confidence, basis = r.basis, solution_found = coalesce(r.solution_found, false),"
        " notes = coalesce(r.notes, '{}'), error = r.error,"
        " total_tokens = greatest(s.total_tokens, coalesce(r.total_tokens, 0)),"
        " total_cost = greatest(s.total_cost, coalesce(r.total_cost, 0))"
        " from jsonb_to_record($6::jsonb) as r(solution text, answer text, confidence numeric, avg_confidence numeric,"
        "  basis text, solution_found boolean, notes text[], error jsonb, total_tokens integer, total_cost numeric)"
        " where s.tenant_id = $1 and s.user_id = $2 and s.id = $3 and ($4::text is null or s.lease_owner = $4)"
        " and s.status in ('running', 'waiting', 'paused')",
        tx.tenant_id, tx.user_id, session_id, owner, status, result,
    )  # fmt: skip
    return touched == 1


async def spent(tx: Tx, session_id: UUID) -> Row:
    """What the ledger has of a session's calls: {tokens, cost}."""
    return await tx.one(
        "select coalesce(sum(coalesce(l.input_tokens, 0) + coalesce(l.output_tokens, 0)), 0)::int as tokens,"
        " coalesce(sum(l.cost), 0) as cost from usage_ledger l join thinktank_sessions s"
        "  on s.tenant_id = l.tenant_id and s.user_id = l.user_id and s.id = l.run_id"
        " where l.tenant_id = $1 and l.user_id = $2 and l.run_id = $3 and l.created_at >= s.created_at - interval '1 hour'",
        tx.tenant_id, tx.user_id, session_id,
    )  # fmt: skip


async def renew(tx: Tx, session_id: UUID, owner: str, lease: timedelta) -> bool:
    """Keep the lease; False where the session is no longer ours."""
    touched = await tx.run(
        "update thinktank_sessions set lease_until = current_timestamp + $5::interval"
        " where tenant_id = $1 and user_id = $2 and id = $3 and lease_owner = $4 and status = 'running'",
        tx.tenant_id, tx.user_id, session_id, owner, lease,
    )  # fmt: skip
    return touched == 1


async def owners(tx: Tx) -> list[str]:
    """The processes that work on sessions. System transaction."""
    rows = await tx.all(
        "select distinct lease_owner from thinktank_sessions where status = 'running' and lease_owner is not null"
    )
    return [row["lease_owner"] for row in rows]


async def abandoned(tx: Tx, dead_owners: list[str], limit: int) -> list[Row]:
    """Running sessions whose process is gone. System transaction."""
    return await tx.all(
        "select id, tenant_id, user_id from thinktank_sessions where status = 'running'"
        " and (lease_until < current_timestamp or lease_owner = any ($1::text[])) order by created_at limit $2",
        dead_owners, limit,
    )  # fmt: skip


async def take_over(tx: Tx, session_id: UUID, dead_owners: list[str], owner: str, lease: timedelta) -> bool:
    """Work on an abandoned session from now on; False where another process was quicker."""
    touched = await tx.run(
        "update thinktank_sessions set lease_owner = $5, lease_until = current_timestamp + $6::interval"
        " where tenant_id = $1 and user_id = $2 and id = $3 and status = 'running'"
        " and (lease_until < current_timestamp or lease_owner = any ($4::text[]))",
        tx.tenant_id, tx.user_id, session_id, dead_owners, owner, lease,
    )  # fmt: skip
    return touched == 1


async def delete(tx: Tx, session_id: UUID) -> bool:
    """Delete a session that ended."""
    touched = await tx.run(
        "delete from thinktank_sessions where tenant_id = $1 and user_id = $2 and id = $3"
        " and status not in ('running', 'waiting', 'paused')",
        tx.tenant_id, tx.user_id, session_id,
    )  # fmt: skip
    return touched == 1


async def put_good(tx: Tx, session_id: UUID, good: bool) -> None:
    """Keep whether the solution is right."""
    await tx.run(
        "update thinktank_sessions set good = $4 where tenant_id = $1 and user_id = $2 and id = $3",
        tx.tenant_id, tx.user_id, session_id, good,
    )  # fmt: skip


async def put_label(tx: Tx, session_id: UUID, basis: str, confidence: float, good: bool) -> None:
    """Whether what was so confident, on that basis, was right."""
    await tx.run(
        "insert into thinktank_labels (tenant_id, session_id, basis, confidence, good) values ($1, $2, $3, $4, $5)"
        " on conflict (tenant_id, session_id) do update set good = excluded.good, labelled_at = current_timestamp",
        tx.tenant_id, session_id, basis, confidence, good,
    )  # fmt: skip


async def labels(tx: Tx, limit: int) -> list[tuple[float, bool]]:
    """The latest labels of the tenant: {confidence, good}."""
    rows = await tx.all(
        "select confidence, good from thinktank_labels where tenant_id = $1 order by labelled_at desc limit $2",
        tx.tenant_id, limit,
    )  # fmt: skip
    return [(float(row["confidence"]), row["good"]) for row in rows]
