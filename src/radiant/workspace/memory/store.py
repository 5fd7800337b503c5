"""SQL of stores and memories: one function, one statement."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from radiant.infra.db import Row, Tx
from radiant.workspace.memory.schemas import Memory, Slot, Span, Store

_COLUMNS = (
    "select m.number, m.id, m.store_id, s.store_name, m.content, m.memory_type, m.source, m.importance::float8 as importance,"
    " m.metadata, m.pinned, m.scope, m.aliases, m.speaker, m.said_at, m.happened_at, m.conversation, m.message_id,"
    " m.span_start, m.span_end, m.slot_subject, m.slot_attribute, m.slot_qualifier, m.slot_value, m.slot_polarity,"
    " m.slot_single, m.confidence::float8 as confidence, m.learned, m.learned_from, case when m.status = 'current'"
    "  and m.expires_at <= current_timestamp then 'expired' else m.status end as state, m.valid_from, m.valid_to,"
    " m.superseded_by, m.embedding_model is not null as embedded, m.access_count, m.last_accessed, m.expires_at,"
    " m.created_at, m.updated_at, 1 + (select count(*) from memory_evidence e where e.tenant_id = $1 and e.user_id = $2"
    "  and e.memory_id = m.id) as evidence"
    " from memories m join memory_stores s on s.tenant_id = $1 and s.user_id = $2 and s.id = m.store_id"
    " where m.tenant_id = $1 and m.user_id = $2"
)
_STORES = (
    "select id, store_name, embedding_model, former_model, total_memories, last_accessed, created_at, languages"
    " from memory_stores where tenant_id = $1 and user_id = $2"
)


def memory_of(row: Row) -> Memory:
    """A memory as callers see it."""
    values: dict[str, Any] = dict(row)
    del values["number"]
    start, end = values.pop("span_start"), values.pop("span_end")
    slot = {name: values.pop(f"slot_{name}") for name in Slot.model_fields}
    return Memory(
        **values,
        span=Span(start=start, end=end) if start is not None else None,
        slot=Slot.model_construct(**slot) if slot["subject"] is not None else None,
    )


# --- stores ---


async def open_stores(tx: Tx, names: Sequence[str], model: str) -> list[Row]:
    """The stores of those names, made where they are absent, and locked until the end of the transaction."""
    return await tx.all(
        "insert into memory_stores (tenant_id, user_id, store_name, embedding_model, last_accessed)"
        " select $1, $2, name, $4, current_timestamp from unnest($3::text[]) as name order by name"
        " on conflict (tenant_id, user_id, store_name) do update set last_accessed = current_timestamp"
        " returning id, store_name, embedding_model, languages",
        tx.tenant_id, tx.user_id, sorted(set(names)), model,
    )  # fmt: skip


async def stores(tx: Tx) -> list[Row]:
    """The caller's stores, by name."""
    return await tx.all(
        _STORES + " order by store_name",
        tx.tenant_id, tx.user_id,
    )  # fmt: skip


async def get_store(tx: Tx, name: str) -> Store | None:
    """The store of that name."""
    row = await tx.one_or_none(
        _STORES + " and store_name = $3",
        tx.tenant_id, tx.user_id, name,
    )  # fmt: skip
    return Store.model_validate(dict(row)) if row else None


async def set_model(tx: Tx, store_id: UUID, model: str) -> None:
    """Embed what is in a store by another model, in the background; its vectors serve until then."""
    await tx.run(
        "with changed as (update memory_stores set former_model = embedding_model, embedding_model = $4"
        "  where tenant_id = $1 and user_id = $2 and id = $3 and embedding_model <> $4 returning id)"
        " update memories m set embed_due = '-infinity' from changed"
        " where m.tenant_id = $1 and m.user_id = $2 and m.store_id = changed.id and m.embedding_model is distinct from $4",
        tx.tenant_id, tx.user_id, store_id, model,
    )  # fmt: skip


async def add_languages(tx: Tx, store_id: UUID, languages: Sequence[str]) -> None:
    """Note in what languages a store's memories are."""
    await tx.run(
        "update memory_stores set languages = array(select distinct unnest(languages || $4::text[]) order by 1)"
        " where tenant_id = $1 and user_id = $2 and id = $3",
        tx.tenant_id, tx.user_id, store_id, languages,
    )  # fmt: skip


async def delete_store(tx: Tx, store_id: UUID) -> bool:
    """Delete a store; its memories went before, so that nothing of them stays in the events."""
    return (
        await tx.run(
            "delete from memory_stores where tenant_id = $1 and user_id = $2 and id = $3",
            tx.tenant_id, tx.user_id, store_id,
        )
        == 1
    )  # fmt: skip


# --- writing ---


async def known(
    tx: Tx, store_ids: Sequence[UUID], contents: Sequence[str], subjects: Sequence[str], attributes: Sequence[str]
) -> list[Row]:
    """What there is of the same words or of the same slots."""
    return await tx.all(
        "select id, store_id, content, memory_type, scope, speaker, said_at, conversation, message_id, status,"
        " valid_from, valid_to, last_said, superseded_by, slot_subject, slot_attribute, slot_qualifier, slot_value,"
        " slot_polarity, slot_single from memories"
        " where tenant_id = $1 and user_id = $2 and store_id = any($3::uuid[])"
        " and (expires_at is null or expires_at > current_timestamp)"
        " and ((status <> 'superseded' and content_hash in (select md5(lower(btrim(regexp_replace(normalize(c, nfkc),"
        "   '\\s+', ' ', 'g'), ' .!'))) from unnest($4::text[]) as c))"
        "  or (status <> 'needs_review' and (lower(slot_subject), lower(slot_attribute)) in (select * from unnest($5::text[], $6::text[]))))",
        tx.tenant_id, tx.user_id, store_ids, contents, subjects, attributes,
    )  # fmt: skip


async def insert(tx: Tx, rows: Sequence[dict[str, Any]]) -> None:
    """New memories, numbered in their order."""
    await tx.run(
        "insert into memories (id, tenant_id, user_id, store_id, content, memory_type, source, importance, metadata,"
        " expires_at, pinned, scope, aliases, speaker, said_at, happened_at, conversation, message_id, span_start,"
        " span_end, slot_subject, slot_attribute, slot_qualifier, slot_value, slot_polarity, slot_single, confidence,"
        " learned, learned_from, status, valid_from, valid_to, last_said, language, words)"
        " select r.id, $1, $2, r.store_id, r.content, r.memory_type, r.source, r.importance, r.metadata, r.expires_at,"
        " r.pinned, r.scope, r.aliases, r.speaker, r.said_at, r.happened_at, r.conversation, r.message_id, r.span_start,"
        " r.span_end, r.slot_subject, r.slot_attribute, r.slot_qualifier, r.slot_value, r.slot_polarity, r.slot_single,"
        " r.confidence, r.learned, r.learned_from, r.status, r.valid_from, r.valid_to, r.last_said, r.language, r.words"
        " from jsonb_to_recordset($3::jsonb) as r(place integer, id uuid, store_id uuid, content text, memory_type text,"
        "  source text, importance numeric, metadata jsonb, expires_at timestamptz, pinned boolean, scope text[],"
        "  aliases text[], speaker text, said_at timestamptz, happened_at timestamptz, conversation text,"
        "  message_id text, span_start integer, span_end integer, slot_subject text, slot_attribute text,"
        "  slot_qualifier text, slot_value text, slot_polarity smallint, slot_single boolean, confidence numeric,"
        "  learned boolean, learned_from text[], status text, valid_from timestamptz, valid_to timestamptz,"
        "  last_said timestamptz, language text, words integer)"
        " order by r.place",
        tx.tenant_id, tx.user_id, rows,
    )  # fmt: skip


async def put_terms(tx: Tx, ids: Sequence[UUID], terms: Sequence[str], counts: Sequence[int]) -> None:
    """Postings: which memory holds which term how often."""
    await tx.run(
        "insert into memory_terms (tenant_id, user_id, term, number, tf)"
        " select $1, $2, t.term, m.number, t.tf from unnest($3::uuid[], $4::text[], $5::smallint[]) as t(id, term, tf)"
        " join memories m on m.tenant_id = $1 and m.user_id = $2 and m.id = t.id order by t.term"
        " on conflict do nothing",
        tx.tenant_id, tx.user_id, ids, terms, counts,
    )  # fmt: skip


async def drop_terms(tx: Tx, memory_id: UUID) -> None:
    """Take a memory out of the postings, before its new words go in."""
    await tx.run(
        "delete from memory_terms t using memories m where m.tenant_id = $1 and m.user_id = $2 and m.id = $3"
        " and t.tenant_id = $1 and t.user_id = $2 and t.number = m.number",
        tx.tenant_id, tx.user_id, memory_id,
    )  # fmt: skip


async def put_validity(tx: Tx, rows: Sequence[dict[str, Any]]) -> None:
    """When memories that were there already hold, what took their place, and when they were last said."""
    await tx.run(
        "update memories m set status = r.status, valid_from = r.valid_from, valid_to = r.valid_to,"
        " last_said = r.last_said, superseded_by = r.superseded_by, updated_at = current_timestamp"
        " from jsonb_to_recordset($3::jsonb) as r(id uuid, status text, valid_from timestamptz, valid_to timestamptz,"
        "  last_said timestamptz, superseded_by uuid)"
        " where m.tenant_id = $1 and m.user_id = $2 and m.id = r.id",
        tx.tenant_id, tx.user_id, rows,
    )  # fmt: skip


async def put_evidence(tx: Tx, rows: Sequence[dict[str, Any]]) -> None:
    """That memories were said again."""
    await tx.run(
        "insert into memory_evidence (tenant_id, user_id, store_id, memory_id, at, source, message_id, conversation,"
        " learned_from) select $1, $2, m.store_id, m.id, r.at, r.source, r.message_id, r.conversation, r.learned_from"
        " from jsonb_to_recordset($3::jsonb) as r(memory_id uuid, at timestamptz, source text, message_id text,"
        "  conversation text, learned_from text[])"
        " join memories m on m.tenant_id = $1 and m.user_id = $2 and m.id = r.memory_id",
        tx.tenant_id, tx.user_id, rows,
    )  # fmt: skip


async def put_events(tx: Tx, rows: Sequence[dict[str, Any]]) -> None:
    """What became of memories."""
    await tx.run(
        "insert into memory_events (tenant_id, user_id, memory_id, other_id, what, before, after, why)"
        " select $1, $2, r.memory_id, r.other_id, r.what, r.before, r.after, coalesce(r.why, '')"
        " from jsonb_to_recordset($3::jsonb) as r(memory_id uuid, other_id uuid, what text, before text, after text,"
        "  why text)",
        tx.tenant_id, tx.user_id, rows,
    )  # fmt: skip


async def update(tx: Tx, memory_id: UUID, values: dict[str, Any]) -> bool:
    """Change columns of a memory by their names; changed words are to be embedded anew. `language` and `words` null: as
    they were."""
    touched = await tx.run(
        "update memories m set content = r.content, memory_type = r.memory_type, importance = r.importance,"
        " metadata = r.metadata, pinned = r.pinned, scope = r.scope, aliases = r.aliases, expires_at = r.expires_at,"
        " slot_subject = r.slot_subject, slot_attribute = r.slot_attribute, slot_qualifier = r.slot_qualifier,"
        " slot_value = r.slot_value, slot_polarity = r.slot_polarity, slot_single = r.slot_single,"
        " language = coalesce(r.language, m.language), words = coalesce(r.words, m.words), updated_at = current_timestamp,"
        " embed_due = case when m.content = r.content then m.embed_due else current_timestamp end,"
        " embedding = case when m.content = r.content then m.embedding end,"
        " embedding_model = case when m.content = r.content then m.embedding_model end,"
        " embedding_dimension = case when m.content = r.content then m.embedding_dimension end"
        " from jsonb_to_record($4::jsonb) as r(content text, memory_type text, importance numeric, metadata jsonb,"
        "  pinned boolean, scope text[], aliases text[], expires_at timestamptz, slot_subject text, slot_attribute text,"
        "  slot_qualifier text, slot_value text, slot_polarity smallint, slot_single boolean, language text, words integer)"
        " where m.tenant_id = $1 and m.user_id = $2 and m.id = $3",
        tx.tenant_id, tx.user_id, memory_id, values,
    )  # fmt: skip
    return touched == 1


async def delete(tx: Tx, ids: Sequence[UUID]) -> int:
    """Delete memories with all that hangs on them; how many there were."""
    return await tx.run(
        "delete from memories where tenant_id = $1 and user_id = $2 and id = any($3::uuid[])",
        tx.tenant_id, tx.user_id, ids,
    )  # fmt: skip


async def delete_all(tx: Tx, store_id: UUID | None) -> int:
    """Delete all of a store's memories, or of the caller's; how many there were."""
    return await tx.run(
        "delete from memories where tenant_id = $1 and user_id = $2 and ($3::uuid is null or store_id = $3)",
        tx.tenant_id, tx.user_id, store_id,
    )  # fmt: skip


async def found(tx: Tx, ids: Sequence[UUID], counts: Sequence[int]) -> None:
    """Count that memories were found."""
    await tx.run(
        "update memories m set access_count = m.access_count + f.n, last_accessed = current_timestamp"
        " from unnest($3::uuid[], $4::integer[]) as f(id, n)"
        " where m.tenant_id = $1 and m.user_id = $2 and m.id = f.id",
        tx.tenant_id, tx.user_id, ids, counts,
    )  # fmt: skip


async def used(tx: Tx, ids: Sequence[UUID]) -> None:
    """Note that memories were of use in an answer."""
    await tx.run(
        "update memories set last_useful = current_timestamp"
        " where tenant_id = $1 and user_id = $2 and id = any($3::uuid[])",
        tx.tenant_id, tx.user_id, ids,
    )  # fmt: skip


async def move(tx: Tx, from_ids: Sequence[UUID], to_id: UUID) -> None:
    """Evidence of memories that were merged goes to the one that stays."""
    await tx.run(
        "update memory_evidence e set memory_id = $4, store_id = m.store_id from memories m"
        " where e.tenant_id = $1 and e.user_id = $2 and e.memory_id = any($3::uuid[])"
        " and m.tenant_id = $1 and m.user_id = $2 and m.id = $4",
        tx.tenant_id, tx.user_id, from_ids, to_id,
    )  # fmt: skip


# --- reading ---


async def get_many(tx: Tx, ids: Iterable[UUID]) -> dict[UUID, Memory]:
    """Memories by their ids."""
    rows = await tx.all(_COLUMNS + " and m.id = any($3::uuid[])", tx.tenant_id, tx.user_id, list(ids))
    return {row["id"]: memory_of(row) for row in rows}


async def homes(tx: Tx, ids: Sequence[UUID]) -> dict[UUID, UUID]:
    """The stores of memories, by their ids."""
    rows = await tx.all(
        "select id, store_id from memories where tenant_id = $1 and user_id = $2 and id = any($3::uuid[])",
        tx.tenant_id, tx.user_id, ids,
    )  # fmt: skip
    return {row["id"]: row["store_id"] for row in rows}


async def by_numbers(tx: Tx, numbers: Sequence[int]) -> dict[int, Memory]:
    """Memories by their numbers."""
    rows = await tx.all(_COLUMNS + " and m.number = any($3::bigint[])", tx.tenant_id, tx.user_id, numbers)
    return {row["number"]: memory_of(row) for row in rows}


async def lock(tx: Tx, memory_id: UUID) -> Row | None:
    """A memory with what only the engine sees, kept from others until the end of the transaction."""
    return await tx.one_or_none(
        "select id, store_id, content, status, valid_from, valid_to, last_said, superseded_by, speaker, language,"
        " slot_subject, slot_attribute, slot_qualifier, slot_value, slot_polarity, slot_single from memories"
        " where tenant_id = $1 and user_id = $2 and id = $3 for update",
        tx.tenant_id, tx.user_id, memory_id,
    )  # fmt: skip


async def rivals(tx: Tx, memory_id: UUID) -> list[Row]:
    """Memories that hold of the same subject and attribute as one."""
    return await tx.all(
        "select o.id, o.store_id, o.status, o.valid_from, o.valid_to, o.last_said, o.superseded_by, o.slot_subject,"
        " o.slot_attribute, o.slot_qualifier, o.slot_value, o.slot_polarity, o.slot_single from memories m"
        " join memories o on o.tenant_id = $1 and o.user_id = $2 and o.store_id = m.store_id and o.id <> m.id"
        "  and lower(o.slot_subject) = lower(m.slot_subject) and lower(o.slot_attribute) = lower(m.slot_attribute)"
        " where m.tenant_id = $1 and m.user_id = $2 and m.id = $3 and o.status = 'current' for update of o",
        tx.tenant_id, tx.user_id, memory_id,
    )  # fmt: skip


async def page(
    tx: Tx, store_name: str | None, kind: str | None, state: str | None, search: str | None, conversation: str | None,
    learned: bool | None, before: tuple[datetime, UUID] | None, limit: int,
) -> list[Memory]:  # fmt: skip
    """The caller's memories, the newest first."""
    rows = await tx.all(
        _COLUMNS + " and ($3::text is null or s.store_name = $3) and ($4::text is null or m.memory_type = $4)"
        " and ($5::text is null or $5 = case when m.status = 'current' and m.expires_at <= current_timestamp"
        "  then 'expired' else m.status end)"
        " and ($6::text is null or position(lower($6) in lower(m.content)) > 0)"
        " and ($7::text is null or m.conversation = $7) and ($8::boolean is null or m.learned = $8)"
        " and ($9::timestamptz is null or (m.created_at, m.id) < ($9, $10::uuid))"
        " order by m.created_at desc, m.id desc limit $11",
        tx.tenant_id, tx.user_id, store_name, kind, state, search, conversation, learned, *(before or (None, None)), limit,
    )  # fmt: skip
    return [memory_of(row) for row in rows]


async def events(tx: Tx, memory_id: UUID | None, before: tuple[datetime, UUID] | None, limit: int) -> list[Row]:
    """What became of a memory or of all, the newest first. Words of what took a memory's place are read where they
    are, so that forgetting one leaves none behind."""
    return await tx.all(
        "select e.id, e.at, e.what, e.memory_id,"
        " coalesce(e.before, case when e.other_id is not null then m.content end) as before,"
        " coalesce(e.after, o.content, case when e.what in ('added', 'restored') then coalesce("
        "  (select c.before from memory_events c where c.tenant_id = $1 and c.user_id = $2 and c.memory_id = e.memory_id"
        "   and c.what = 'changed' and (c.at, c.id) > (e.at, e.id) order by c.at, c.id limit 1), m.content) end) as after,"
        " e.why"
        " from memory_events e left join memories m on m.tenant_id = $1 and m.user_id = $2 and m.id = e.memory_id"
        " left join memories o on o.tenant_id = $1 and o.user_id = $2 and o.id = e.other_id"
        " where e.tenant_id = $1 and e.user_id = $2 and ($3::uuid is null or e.memory_id = $3)"
        " and ($4::timestamptz is null or (e.at, e.id) < ($4, $5::uuid)) order by e.at desc, e.id desc limit $6",
        tx.tenant_id, tx.user_id, memory_id, *(before or (None, None)), limit,
    )  # fmt: skip
