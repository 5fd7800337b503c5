"""SQL of searches: what ranking needs to know of each memory, as columns."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from radiant.ai.retrieval.embedding import Written
from radiant.infra.db import Row, Tx

SEPARATOR = "\x1f"
"""Between the names of one memory."""
RECORD = "\x1e"
"""Between those of several."""


@dataclass(frozen=True, slots=True)
class Filter:
    """Which memories may be found."""

    store_name: str | None
    scope: list[str] | None
    as_of: datetime | None


async def postings(tx: Tx, terms: Sequence[str], most: int) -> list[Row]:
    """For each term the memories that hold it (int8) and how often (int2), in network order; of one that more than `most` hold, no more than so many."""
    return await tx.all(
        "select t.term, p.numbers, p.counts from unnest($3::text[]) as t(term) cross join lateral ("
        " select string_agg(int8send(x.number), '') as numbers, string_agg(int2send(x.tf), '') as counts from ("
        "  select number, tf from memory_terms where tenant_id = $1 and user_id = $2 and term = t.term limit $4) x) p"
        " where p.numbers is not null",
        tx.tenant_id, tx.user_id, terms, most,
    )  # fmt: skip


async def columns(
    tx: Tx, which: Filter, asked: Written, types: Sequence[str], conversation: str | None,
    numbers: Sequence[int] | None,
) -> Row:  # fmt: skip
    """What ranking needs, each column one value a memory, by ascending number: numbers in network order, one after the other, which numpy reads
    as they are (a list of each would be most of a search's time); texts joined by RECORD; null where there is none."""
    return await tx.one(
        "select string_agg(int8send(number), '') as numbers, string_agg(int4send(words), '') as words,"
        " string_agg(float8send(cosine), '') as cosine, string_agg(int8send(talk), '') as talk,"
        " string_agg(float8send(said), '') as said, string_agg(speaker, $14) as speaker,"
        " string_agg(float4send(importance), '') as importance, string_agg(float8send(useful), '') as useful,"
        " string_agg(boolsend(wanted), '') as wanted, string_agg(boolsend(pinned), '') as pinned,"
        " string_agg(alias, $14) as alias from ("
        " select m.number, coalesce(m.words, 0) as words,"
        "  coalesce(case when m.embedding_model = $6 then 1 - (m.embedding <=> $7::text::vector)"
        "   when m.embedding_model = $8 then 1 - (m.embedding <=> $9::text::vector) end, 'NaN') as cosine,"
        "  coalesce(hashtextextended(m.conversation, 0), 0) as talk,"
        "  extract(epoch from coalesce(m.said_at, m.happened_at, m.created_at))::float8 as said,"
        "  translate(coalesce(m.speaker, ''), $14, '') as speaker, m.importance::float4 as importance,"
        "  coalesce(extract(epoch from current_timestamp - m.last_useful)::float8, -1) as useful,"
        "  (cardinality($10::text[]) = 0 or m.memory_type = any($10::text[]))"
        "   and ($11::text is null or coalesce(m.conversation = $11, false)) as wanted, m.pinned,"
        "  translate(array_to_string(m.aliases, $12), $14, '') as alias"
        " from memories m join memory_stores s on s.tenant_id = $1 and s.user_id = $2 and s.id = m.store_id"
        " where m.tenant_id = $1 and m.user_id = $2 and ($3::text is null or s.store_name = $3)"
        " and ($13::bigint[] is null or m.number = any($13::bigint[]))"
        " and ($4::text[] is null or m.scope = '{}' or m.scope && $4::text[])"
        " and case when $5::timestamptz is null"
        "  then m.status = 'current' and (m.expires_at is null or m.expires_at > current_timestamp)"
        "  else m.status <> 'needs_review' and m.valid_from <= $5 and (m.valid_to is null or m.valid_to > $5)"
        "   and (m.expires_at is null or m.expires_at > $5) end order by m.number) found",
        tx.tenant_id, tx.user_id, which.store_name, which.scope, which.as_of, asked.model, asked.vector,
        asked.former_model, asked.former_vector, list(types), conversation, SEPARATOR, numbers, RECORD,
    )  # fmt: skip


async def nearest(tx: Tx, model: str, dimension: int, vector: str, limit: int) -> list[int]:
    """Numbers of the memories that mean nearly the same, by the approximate index."""
    rows = await tx.all(
        "select number from app.nearest_memories($1, $2, $3, $4, $5, $6) as number",
        tx.tenant_id, tx.user_id, model, dimension, vector, limit,
    )  # fmt: skip
    return [row["number"] for row in rows]


async def neighbours(tx: Tx, numbers: Sequence[int]) -> list[int]:
    """Numbers of the two memories before and the two after each of these in their conversations."""
    rows = await tx.all(
        "select n.number from memories m cross join lateral ("
        " (select b.number from memories b where b.tenant_id = $1 and b.user_id = $2 and b.conversation = m.conversation"
        "  and (b.said_at, b.number) < (m.said_at, m.number) order by b.said_at desc, b.number desc limit 2)"
        " union all"
        " (select a.number from memories a where a.tenant_id = $1 and a.user_id = $2 and a.conversation = m.conversation"
        "  and (a.said_at, a.number) > (m.said_at, m.number) order by a.said_at, a.number limit 2)) n"
        " where m.tenant_id = $1 and m.user_id = $2 and m.number = any($3::bigint[]) and m.conversation is not null",
        tx.tenant_id, tx.user_id, numbers,
    )  # fmt: skip
    return [row["number"] for row in rows]
