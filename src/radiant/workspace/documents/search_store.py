"""SQL of searches: what ranking needs to know of each passage, as columns."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from radiant.ai.retrieval.embedding import Written
from radiant.infra.db import Row, Tx


@dataclass(frozen=True, slots=True)
class Filter:
    """Which passages may be found; no documents named: all of the bases."""

    bases: list[UUID]
    documents: list[UUID]


async def postings(tx: Tx, which: Filter, terms: Sequence[str], most: int) -> list[Row]:
    """For each term by how many passages it is held, their places (int8) and how often (int2), in network order; of one
    that more than `most` hold, hardly more than so many."""
    return await tx.all(
        "select t.term, p.held, p.places, p.counts from unnest($2::text[]) as t(term) cross join lateral ("
        " select max(x.upto) as held, string_agg(x.places, '') filter (where x.upto - x.held < $4) as places,"
        "  string_agg(x.counts, '') filter (where x.upto - x.held < $4) as counts from ("
        "   select w.held, w.places, w.counts, sum(w.held) over (order by w.document_id, w.batch) as upto"
        "   from document_terms w join documents d on d.tenant_id = $1 and d.id = w.document_id and d.version = w.version"
        "   where w.tenant_id = $1 and w.base_id = any($3::uuid[]) and w.term = t.term) x) p"
        " where p.held is not null",
        tx.tenant_id, terms, which.bases, most,
    )  # fmt: skip


async def columns(tx: Tx, which: Filter, asked: Written, places: Sequence[int] | None) -> Row:
    """What ranking needs, each column one value a passage: numbers in network order, one after the other, which numpy reads
    as they are; in the order of documents and of their passages."""
    return await tx.one(
        "select string_agg(int8send(place), '' order by document, number) as places,"
        " string_agg(int4send(words), '' order by document, number) as words,"
        " string_agg(float8send(cosine), '' order by document, number) as cosine,"
        " string_agg(int8send(document), '' order by document, number) as documents,"
        " string_agg(int4send(number), '' order by document, number) as numbers from ("
        " select p.place, p.words, d.number as document, p.number,"
        "  coalesce(case when p.embedding_model = $4 then 1 - (p.embedding <=> $5::text::vector)"
        "   when p.embedding_model = $6 then 1 - (p.embedding <=> $7::text::vector) end, 'NaN') as cosine"
        " from document_passages p join documents d on d.tenant_id = $1 and d.id = p.document_id and d.version = p.version"
        " where p.tenant_id = $1 and p.base_id = any($2::uuid[])"
        " and (cardinality($3::uuid[]) = 0 or p.document_id = any($3::uuid[]))"
        " and ($8::bigint[] is null or p.place = any($8::bigint[]))) found",
        tx.tenant_id, which.bases, which.documents, asked.model, asked.vector, asked.former_model,
        asked.former_vector, places,
    )  # fmt: skip


async def called(tx: Tx, which: Filter, terms: Sequence[str]) -> list[Row]:
    """Documents whose name or title holds some of the terms, and which."""
    return await tx.all(
        "select d.number, array(select c from unnest(d.cue) c where c = any($4::text[])) as terms from documents d"
        " where d.tenant_id = $1 and d.base_id = any($2::uuid[]) and d.cue && $4::text[]"
        " and (cardinality($3::uuid[]) = 0 or d.id = any($3::uuid[]))",
        tx.tenant_id, which.bases, which.documents, terms,
    )  # fmt: skip


async def nearest(tx: Tx, which: Filter, model: str, dimension: int, vector: str, limit: int) -> list[int]:
    """Places of the passages that mean nearly the same, by the approximate index."""
    rows = await tx.all(
        "select place from app.nearest_passages($1, $2, $3, $4, $5, $6) as place",
        tx.tenant_id, which.bases, model, dimension, vector, limit,
    )  # fmt: skip
    return [row["place"] for row in rows]
