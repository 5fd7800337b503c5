"""SQL of making vectors: what is due, and what was made."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from radiant.infra.db import Row, Tx


async def claim(tx: Tx, limit: int, lease: timedelta) -> list[Row]:
    """Memories whose vectors are due, whoever's they are, the newest first; nobody else gets them for the time of the
    lease. System transaction."""
    return await tx.all(
        "with due as (select id from memories where embed_due is not null and embed_due <= current_timestamp"
        "  order by embed_due desc limit $1 for update skip locked)"
        " update memories m set embed_due = current_timestamp + $2::interval from due, memory_stores s"
        " where m.id = due.id and s.tenant_id = m.tenant_id and s.user_id = m.user_id and s.id = m.store_id"
        " returning m.id, m.tenant_id, m.user_id, m.store_id, m.content, m.speaker, m.conversation, m.said_at,"
        " m.words, m.updated_at, s.embedding_model as model",
        limit, lease,
    )  # fmt: skip


async def put_words(tx: Tx, ids: Sequence[UUID], languages: Sequence[str], words: Sequence[int]) -> None:
    """Note that memories are in the postings."""
    await tx.run(
        "update memories m set language = w.language, words = w.words"
        " from unnest($3::uuid[], $4::text[], $5::integer[]) as w(id, language, words)"
        " where m.tenant_id = $1 and m.user_id = $2 and m.id = w.id",
        tx.tenant_id, tx.user_id, ids, languages, words,
    )  # fmt: skip


async def put_vectors(
    tx: Tx, model: str, ids: Sequence[UUID], contents: Sequence[str], vectors: Sequence[str], dimension: int
) -> None:
    """Keep vectors, of memories that still say what they were made of."""
    await tx.run(
        "update memories m set embedding = v.vector::vector, embedding_model = $3, embedding_dimension = $7,"
        " embed_due = null from unnest($4::uuid[], $5::text[], $6::text[]) as v(id, content, vector)"
        " where m.tenant_id = $1 and m.user_id = $2 and m.id = v.id and m.content = v.content",
        tx.tenant_id, tx.user_id, model, ids, contents, vectors, dimension,
    )  # fmt: skip


async def finish_change(tx: Tx, store_id: UUID) -> None:
    """Forget the former model of a store of which no vector is left."""
    await tx.run(
        "update memory_stores s set former_model = null where s.tenant_id = $1 and s.user_id = $2 and s.id = $3"
        " and s.former_model is not null and not exists (select from memories m where m.tenant_id = $1"
        "  and m.user_id = $2 and m.store_id = s.id and m.embedding_model = s.former_model)",
        tx.tenant_id, tx.user_id, store_id,
    )  # fmt: skip


async def alike(tx: Tx, ids: Sequence[UUID], least: float) -> list[Row]:
    """Of new memories that nobody said in a conversation, the one older one in their store that means most nearly the
    same, where its cosine is at least `least`."""
    return await tx.all(
        "select n.id, n.content, n.language, o.id as other_id, o.content as other from memories n cross join lateral ("
        " select o.id, o.content, o.embedding <=> n.embedding as distance from memories o where o.tenant_id = $1"
        "  and o.user_id = $2 and o.store_id = n.store_id and o.number < n.number and o.status = 'current'"
        "  and o.embedding_model = n.embedding_model and o.scope = n.scope and o.memory_type = n.memory_type"
        "  and (o.expires_at is null or o.expires_at > current_timestamp)"
        "  and (o.speaker is null or o.conversation is null or o.said_at is null)"
        "  order by distance limit 1) o"
        " where n.tenant_id = $1 and n.user_id = $2 and n.id = any($3::uuid[]) and n.status = 'current'"
        " and (n.speaker is null or n.conversation is null or n.said_at is null) and n.slot_subject is null"
        " and o.distance <= 1 - $4::float8",
        tx.tenant_id, tx.user_id, ids, least,
    )  # fmt: skip


async def fold(tx: Tx, ids: Sequence[UUID], into: Sequence[UUID]) -> list[Row]:
    """Memories that say what older ones do give them their place, and are evidence of them."""
    return await tx.all(
        "with folded as (update memories m set status = 'superseded', superseded_by = f.kept,"
        "  valid_to = greatest(m.valid_from, current_timestamp), updated_at = current_timestamp"
        "  from unnest($3::uuid[], $4::uuid[]) as f(id, kept) where m.tenant_id = $1 and m.user_id = $2"
        "  and m.id = f.id and m.status = 'current'"
        "  and exists (select from memories o where o.tenant_id = $1 and o.user_id = $2 and o.id = f.kept"
        "   and o.status = 'current')"
        "  returning m.id, f.kept, m.store_id, m.last_said, m.source, m.message_id, m.conversation, m.learned_from),"
        " told as (insert into memory_evidence (tenant_id, user_id, store_id, memory_id, at, source, message_id,"
        "   conversation, learned_from) select $1, $2, store_id, kept, last_said, source, message_id, conversation,"
        "   learned_from from folded)"
        " select id, kept from folded",
        tx.tenant_id, tx.user_id, ids, into,
    )  # fmt: skip


async def put_off(tx: Tx, ids: Sequence[UUID], delay: timedelta) -> None:
    """Try again later. System transaction."""
    await tx.run(
        "update memories set embed_due = current_timestamp + $2::interval where id = any($1::uuid[]) and embed_due is not null",
        ids, delay,
    )  # fmt: skip
