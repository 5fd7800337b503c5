"""SQL of preferences: their evidence, their history, what changed, and the person's settings."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from radiant.infra.db import Row, Tx
from radiant.workspace.personalization.schemas import LearningSettings


async def settings(tx: Tx) -> LearningSettings:
    """The person's; all on where nothing was said."""
    row = await tx.one_or_none(
        "select learning_enabled, recall_enabled from personalization_settings where tenant_id = $1 and user_id = $2",
        tx.tenant_id, tx.user_id,
    )  # fmt: skip
    return LearningSettings.model_validate(dict(row)) if row else LearningSettings()


async def put_settings(tx: Tx, new: LearningSettings) -> None:
    """Replace them."""
    await tx.run(
        "insert into personalization_settings (tenant_id, user_id, learning_enabled, recall_enabled)"
        " values ($1, $2, $3, $4) on conflict (tenant_id, user_id) do update set learning_enabled = $3,"
        " recall_enabled = $4, updated_at = current_timestamp",
        tx.tenant_id, tx.user_id, new.learning_enabled, new.recall_enabled,
    )  # fmt: skip


async def page(tx: Tx, search: str | None, after: tuple[float, UUID] | None, limit: int) -> list[Row]:
    """Preferences, the surest first, as they were weighed last."""
    return await tx.all(
        "select p.id, p.preference_key, p.preference_value, p.confidence::float8 as confidence, p.lasting, p.locked,"
        " p.confirmed, p.evidence_for::float8 as evidence_for, p.evidence_against::float8 as evidence_against,"
        " p.weighed_at, coalesce(p.learned_from, '{}') as learned_from, p.updated_at, p.created_at,"
        " (select count(*) from user_preference_evidence e where e.preference_id = p.id and e.tenant_id = $1"
        "  and e.user_id = $2) as evidence"
        " from user_preferences p where p.tenant_id = $1 and p.user_id = $2"
        " and ($3::text is null or position(lower($3) in lower(p.preference_key)) > 0"
        "  or position(lower($3) in lower(p.preference_value #>> '{}')) > 0)"
        " and ($4::float8 is null or (p.confidence, p.id) < ($4::float8::numeric(9, 8), $5::uuid))"
        " order by p.confidence desc, p.id desc limit $6",
        tx.tenant_id, tx.user_id, search, *(after or (None, None)), limit,
    )  # fmt: skip


async def get(tx: Tx, key: str) -> Row | None:
    """One of the person's, locked until the transaction ends."""
    return await tx.one_or_none(
        "select p.id, p.preference_key, p.preference_value, p.confidence::float8 as confidence, p.lasting, p.locked,"
        " p.confirmed, p.evidence_for::float8 as evidence_for, p.evidence_against::float8 as evidence_against,"
        " p.weighed_at, coalesce(p.learned_from, '{}') as learned_from, p.updated_at, p.created_at, p.valid_from,"
        " (select count(*) from user_preference_evidence e where e.preference_id = p.id and e.tenant_id = $1"
        "  and e.user_id = $2) as evidence"
        " from user_preferences p where p.tenant_id = $1 and p.user_id = $2 and p.preference_key = $3 for update of p",
        tx.tenant_id, tx.user_id, key,
    )  # fmt: skip


async def likely(tx: Tx, limit: int) -> list[Row]:
    """What may be brought up: what the person said is right, then the surest."""
    return await tx.all(
        "select id, preference_key, preference_value, lasting, locked, confirmed, evidence_for::float8 as evidence_for,"
        " evidence_against::float8 as evidence_against, weighed_at from user_preferences"
        " where tenant_id = $1 and user_id = $2 and (confirmed or locked or confidence >= 0.6)"
        " order by confirmed or locked desc, confidence desc, preference_key limit $3",
        tx.tenant_id, tx.user_id, limit,
    )  # fmt: skip


async def make(tx: Tx, ids: Sequence[UUID], keys: Sequence[str], values: Sequence[str], lasting: Sequence[str]) -> None:
    """Preferences that are not there yet, for evidence to stand by. Values are JSON text: an array of lists would be a
    matrix to the driver."""
    await tx.run(
        "insert into user_preferences (id, tenant_id, user_id, preference_key, preference_value, lasting)"
        " select n.id, $1, $2, n.key, n.value::jsonb, n.lasting"
        " from unnest($3::uuid[], $4::text[], $5::text[], $6::text[]) as n(id, key, value, lasting)"
        " on conflict (tenant_id, user_id, preference_key) do nothing",
        tx.tenant_id, tx.user_id, ids, keys, values, lasting,
    )  # fmt: skip


async def locked_by_key(tx: Tx, keys: Sequence[str]) -> dict[str, Row]:
    """The person's preferences of these keys, locked in one order until the transaction ends."""
    rows = await tx.all(
        "select id, preference_key, preference_value, confidence::float8 as confidence, lasting, locked, confirmed,"
        " valid_from, created_at, weighed_at, coalesce(learned_from, '{}') as learned_from"
        " from user_preferences where tenant_id = $1 and user_id = $2 and preference_key = any($3::text[])"
        " order by preference_key for update",
        tx.tenant_id, tx.user_id, keys,
    )  # fmt: skip
    return {row["preference_key"]: row for row in rows}


@dataclass(frozen=True, slots=True)
class NewEvidence:
    """A row to be."""

    id: UUID
    preference_id: UUID
    value: str
    sign: int
    kind: str
    weight: float
    session: str
    message_id: UUID | None
    quote: str
    at: datetime


async def put_evidence(tx: Tx, rows: Sequence[NewEvidence]) -> None:
    """Keep signals, no two of which are of one preference, session, sign and value; a lighter one never replaces a heavier one."""
    await tx.run(
        "insert into user_preference_evidence as e (tenant_id, user_id, id, preference_id, value, sign, kind, weighs,"
        " session, message_id, quote, at)"
        " select $1, $2, n.id, n.preference_id, n.value::jsonb, n.sign, n.kind, n.weight, n.session, n.message_id,"
        "  n.quote, n.at from unnest($3::uuid[], $4::uuid[], $5::text[], $6::smallint[], $7::text[], $8::numeric[],"
        "  $9::text[], $10::uuid[], $11::text[], $12::timestamptz[])"
        "  as n(id, preference_id, value, sign, kind, weight, session, message_id, quote, at)"
        " on conflict (tenant_id, user_id, preference_id, session, sign, md5(value::text)) do update"
        " set kind = excluded.kind, weighs = excluded.weighs, message_id = excluded.message_id, quote = excluded.quote,"
        "  at = greatest(e.at, excluded.at) where excluded.weighs >= e.weighs",
        tx.tenant_id, tx.user_id, [r.id for r in rows], [r.preference_id for r in rows], [r.value for r in rows],
        [r.sign for r in rows], [r.kind for r in rows], [r.weight for r in rows], [r.session for r in rows],
        [r.message_id for r in rows], [r.quote for r in rows], [r.at for r in rows],
    )  # fmt: skip


async def evidence(tx: Tx, preferences: Sequence[UUID], each: int) -> list[Row]:
    """The last `each` signals of every one of them, the oldest first."""
    return await tx.all(
        "select e.* from unnest($3::uuid[]) p(id) cross join lateral ("
        "  select id, preference_id, value, sign, kind, weighs::float8 as weight, session, message_id, quote, at"
        "  from user_preference_evidence where tenant_id = $1 and user_id = $2 and preference_id = p.id"
        "  order by at desc, id desc limit $4) e order by e.preference_id, e.at, e.id",
        tx.tenant_id, tx.user_id, preferences, each,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Weighed:
    """What a preference comes to."""

    id: UUID
    value: str
    confidence: float
    support: float
    against: float
    locked: bool
    confirmed: bool
    valid_from: datetime
    learned_from: str
    """Messages, joined by commas."""


async def put_weighed(tx: Tx, rows: Sequence[Weighed], now: datetime) -> None:
    """Write what follows from the evidence."""
    await tx.run(
        "update user_preferences p set preference_value = n.value::jsonb, confidence = n.confidence, evidence_for = n.support,"
        " evidence_against = n.against, locked = n.locked, confirmed = n.confirmed, valid_from = n.valid_from,"
        " learned_from = coalesce(string_to_array(nullif(n.learned_from, ''), ','), '{}'),"
        " weighed_at = $12, updated_at = $12"
        " from unnest($3::uuid[], $4::text[], $5::numeric[], $6::numeric[], $7::numeric[], $8::boolean[],"
        "  $9::boolean[], $10::timestamptz[], $11::text[])"
        "  as n(id, value, confidence, support, against, locked, confirmed, valid_from, learned_from)"
        " where p.tenant_id = $1 and p.user_id = $2 and p.id = n.id",
        tx.tenant_id, tx.user_id, [r.id for r in rows], [r.value for r in rows], [r.confidence for r in rows],
        [r.support for r in rows], [r.against for r in rows], [r.locked for r in rows], [r.confirmed for r in rows],
        [r.valid_from for r in rows], [r.learned_from for r in rows], now,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Superseded:
    """A value to be remembered as one that held."""

    preference_id: UUID
    value: str
    confidence: float
    learned_from: str
    valid_from: datetime
    valid_to: datetime


async def put_history(tx: Tx, rows: Sequence[Superseded]) -> None:
    """Remember values that held until now."""
    await tx.run(
        "insert into user_preference_history (tenant_id, user_id, preference_id, preference_value, confidence,"
        " learned_from, valid_from, valid_to)"
        " select $1, $2, n.id, n.value::jsonb, n.confidence, coalesce(string_to_array(nullif(n.learned_from, ''), ','), '{}'),"
        "  least(n.valid_from, n.valid_to), n.valid_to"
        " from unnest($3::uuid[], $4::text[], $5::numeric[], $6::text[], $7::timestamptz[], $8::timestamptz[])"
        "  as n(id, value, confidence, learned_from, valid_from, valid_to)",
        tx.tenant_id, tx.user_id, [r.preference_id for r in rows], [r.value for r in rows],
        [r.confidence for r in rows], [r.learned_from for r in rows], [r.valid_from for r in rows],
        [r.valid_to for r in rows],
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class NewChange:
    """Something that happened. `before`, `after`: {value, confidence}."""

    id: UUID
    preference_id: UUID | None
    what: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    why: str


async def put_changes(tx: Tx, rows: Sequence[NewChange], now: datetime) -> None:
    """Tell what happened."""
    await tx.run(
        "insert into user_preference_changes (tenant_id, user_id, id, preference_id, what, before, after, why, at)"
        " select $1, $2, n.*, $9 from unnest($3::uuid[], $4::uuid[], $5::text[], $6::jsonb[], $7::jsonb[], $8::text[])"
        " as n(id, preference_id, what, before, after, why)",
        tx.tenant_id, tx.user_id, [r.id for r in rows], [r.preference_id for r in rows], [r.what for r in rows],
        [r.before for r in rows], [r.after for r in rows], [r.why for r in rows], now,
    )  # fmt: skip


async def history(tx: Tx, preference_id: UUID, before: tuple[datetime, UUID] | None, limit: int) -> list[Row]:
    """Values that held, the latest first."""
    return await tx.all(
        "select id, preference_value, confidence::float8 as confidence, coalesce(learned_from, '{}') as learned_from,"
        " valid_from, valid_to from user_preference_history"
        " where tenant_id = $1 and user_id = $2 and preference_id = $3"
        " and ($4::timestamptz is null or (valid_to, id) < ($4, $5::uuid)) order by valid_to desc, id desc limit $6",
        tx.tenant_id, tx.user_id, preference_id, *(before or (None, None)), limit,
    )  # fmt: skip


async def all_history(tx: Tx) -> list[Row]:
    """Every value that held, of every preference, the oldest first."""
    return await tx.all(
        "select preference_id, preference_value, confidence::float8 as confidence,"
        " coalesce(learned_from, '{}') as learned_from, valid_from, valid_to from user_preference_history"
        " where tenant_id = $1 and user_id = $2 order by valid_to, id",
        tx.tenant_id, tx.user_id,
    )  # fmt: skip


async def changes(tx: Tx, before: tuple[datetime, UUID] | None, limit: int) -> list[Row]:
    """What happened, the latest first."""
    return await tx.all(
        "select c.id, c.at, c.what, p.preference_key, c.before, c.after, c.why from user_preference_changes c"
        " left join user_preferences p on p.tenant_id = $1 and p.user_id = $2 and p.id = c.preference_id"
        " where c.tenant_id = $1 and c.user_id = $2 and ($3::timestamptz is null or (c.at, c.id) < ($3, $4::uuid))"
        " order by c.at desc, c.id desc limit $5",
        tx.tenant_id, tx.user_id, *(before or (None, None)), limit,
    )  # fmt: skip


async def forget(tx: Tx, keys: Sequence[str] | None) -> int:
    """Delete preferences with all that hangs on them; all of them where `keys` is None."""
    return await tx.run(
        "delete from user_preferences where tenant_id = $1 and user_id = $2"
        " and ($3::text[] is null or preference_key = any($3))",
        tx.tenant_id, tx.user_id, keys,
    )  # fmt: skip


async def forget_changes(tx: Tx) -> None:
    """Delete what is told of what happened."""
    await tx.run("delete from user_preference_changes where tenant_id = $1 and user_id = $2", tx.tenant_id, tx.user_id)
