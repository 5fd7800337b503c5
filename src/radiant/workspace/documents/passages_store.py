"""SQL of passages and their postings."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from radiant.infra.db import Row, Tx


@dataclass(frozen=True, slots=True)
class Version:
    """A version of a document, and whose it is."""

    owner: UUID | None
    base_id: UUID
    document_id: UUID
    version: int


async def new_places(tx: Tx, count: int) -> list[int]:
    """Numbers for passages, ascending."""
    rows = await tx.all("select nextval('app.document_places') as place from generate_series(1, $1)", count)
    return [row["place"] for row in rows]


async def insert(tx: Tx, of: Version, passages: Sequence[dict[str, object]]) -> None:
    """Store passages, which are found once their version is."""
    await tx.run(
        "insert into document_passages (id, tenant_id, user_id, base_id, document_id, version, number, place, starts,"
        " ends, first_page, last_page, headings, lead, content, words)"
        " select r.id, $1, $2, $3, $4, $5, r.number, r.place, r.starts, r.ends, r.first_page, r.last_page,"
        "  r.headings, r.lead, r.content, r.words from jsonb_to_recordset($6::jsonb) as r(id uuid, number integer,"
        "  place bigint, starts integer, ends integer, first_page integer, last_page integer, headings text[],"
        "  lead text, content text, words integer)",
        tx.tenant_id, of.owner, of.base_id, of.document_id, of.version, list(passages),
    )  # fmt: skip


async def insert_terms(
    tx: Tx, of: Version, batch: int, terms: Sequence[str], held: Sequence[int], places: Sequence[bytes],
    counts: Sequence[bytes],
) -> None:  # fmt: skip
    """Store the postings of a batch of passages."""
    await tx.run(
        "insert into document_terms (tenant_id, user_id, base_id, term, document_id, version, batch, held, places, counts)"
        " select $1, $2, $3, t.term, $4, $5, $6, t.held, t.places, t.counts"
        " from unnest($7::text[], $8::integer[], $9::bytea[], $10::bytea[]) as t(term, held, places, counts)",
        tx.tenant_id, of.owner, of.base_id, of.document_id, of.version, batch, terms, held, places, counts,
    )  # fmt: skip


async def delete_but(tx: Tx, document_id: UUID, version: int) -> None:
    """Delete the passages of every version but that one."""
    await tx.run(
        "delete from document_passages where tenant_id = $1 and document_id = $2 and version <> $3",
        tx.tenant_id, document_id, version,
    )  # fmt: skip
    await tx.run(
        "delete from document_terms where tenant_id = $1 and document_id = $2 and version <> $3",
        tx.tenant_id, document_id, version,
    )  # fmt: skip


async def delete_version(tx: Tx, document_id: UUID, version: int) -> None:
    """Delete what was stored of a version that is not found."""
    await tx.run(
        "delete from document_passages where tenant_id = $1 and document_id = $2 and version = $3",
        tx.tenant_id, document_id, version,
    )  # fmt: skip
    await tx.run(
        "delete from document_terms where tenant_id = $1 and document_id = $2 and version = $3",
        tx.tenant_id, document_id, version,
    )  # fmt: skip


async def page(tx: Tx, document_id: UUID, after: int, limit: int) -> list[Row]:
    """Passages of the version that is found, in their order."""
    return await tx.all(
        "select p.id, p.number, p.starts, p.ends, p.first_page, p.last_page, p.headings, p.content"
        " from document_passages p join documents d on d.tenant_id = $1 and d.id = p.document_id and d.version = p.version"
        " where p.tenant_id = $1 and p.document_id = $2 and p.number > $3 order by p.number limit $4",
        tx.tenant_id, document_id, after, limit,
    )  # fmt: skip


async def between(tx: Tx, document_id: UUID, start: int, end: int) -> list[Row]:
    """Passages, with what stands before each, that hold any of the characters [start, end) of the text."""
    return await tx.all(
        "select p.starts - length(p.lead) as start, p.lead || p.content as text from document_passages p"
        " join documents d on d.tenant_id = $1 and d.id = p.document_id and d.version = p.version"
        " where p.tenant_id = $1 and p.document_id = $2 and p.ends > $3 and p.starts - length(p.lead) < $4"
        " order by p.number",
        tx.tenant_id, document_id, start, end,
    )  # fmt: skip


_FOUND = (
    "select p.id, p.number, p.place, p.starts, p.ends, p.first_page, p.last_page, p.headings, p.content, d.id as"
    " document_id, d.name, d.title, d.version, d.media_type, d.language, b.id as base_id, b.name as base_name"
    " from document_passages p join documents d on d.tenant_id = $1 and d.id = p.document_id and d.version = p.version"
    " join knowledge_bases b on b.tenant_id = $1 and b.id = d.base_id where p.tenant_id = $1"
)


async def at_places(tx: Tx, bases: Sequence[UUID], places: Sequence[int]) -> list[Row]:
    """Passages of those bases by their places, with their documents."""
    return await tx.all(
        _FOUND + " and p.base_id = any($2::uuid[]) and p.place = any($3::bigint[])",
        tx.tenant_id, bases, places,
    )  # fmt: skip


async def by_ids(tx: Tx, ids: Sequence[UUID]) -> list[Row]:
    """Passages that are still there, with their documents."""
    return await tx.all(_FOUND + " and p.id = any($2::uuid[])", tx.tenant_id, ids)


# --- vectors ---


async def want_vectors(tx: Tx, base_id: UUID, document_id: UUID | None) -> None:
    """The passages that are found of a base, or of one document of it, are to get vectors."""
    await tx.run(
        "update documents set embedded = 0, updated_at = current_timestamp"
        " where tenant_id = $1 and base_id = $2 and ($3::uuid is null or id = $3)",
        tx.tenant_id, base_id, document_id,
    )  # fmt: skip
    await tx.run(
        "update document_passages p set embed_due = current_timestamp from documents d"
        " where d.tenant_id = $1 and d.base_id = $2 and ($3::uuid is null or d.id = $3)"
        " and p.tenant_id = $1 and p.document_id = d.id and p.version = d.version",
        tx.tenant_id, base_id, document_id,
    )  # fmt: skip
    # Once, and not for each row.
    await tx.value("select pg_notify('radiant_changes', 'document_passages.embed_due')")


async def claim(tx: Tx, limit: int, lease: timedelta) -> list[Row]:
    """Passages whose vectors are due, whoever's they are, the oldest first; nobody else gets them for the time of the
    lease. What is the tenant's own is somebody's call all the same: of who added it, else of an owner. System
    transaction."""
    return await tx.all(
        "with due as (select id from document_passages where embed_due <= current_timestamp"
        "  order by embed_due, place limit $1 for update skip locked)"
        " update document_passages p set embed_due = current_timestamp + $2::interval from due, documents d,"
        "  knowledge_bases b where p.id = due.id and d.tenant_id = p.tenant_id and d.id = p.document_id"
        "  and b.tenant_id = p.tenant_id and b.id = p.base_id"
        " returning p.id, p.tenant_id, p.base_id, p.document_id, p.headings, p.content, b.embedding_model as model,"
        "  coalesce(p.user_id, d.created_by, b.created_by, (select u.id from users u where u.tenant_id = p.tenant_id"
        "   and u.role = 'owner' order by u.created_at limit 1)) as user_id",
        limit, lease,
    )  # fmt: skip


async def has_model(tx: Tx, base_id: UUID, model: str) -> bool:
    """Whether that is the base's model, which it stays until the end of the transaction."""
    return await tx.value(
        "select exists (select from (select embedding_model from knowledge_bases where tenant_id = $1 and id = $2"
        " for share) b where b.embedding_model = $3)",
        tx.tenant_id, base_id, model,
    )  # fmt: skip


async def put_vectors(
    tx: Tx, documents: Sequence[UUID], model: str, ids: Sequence[UUID], vectors: Sequence[str], dimension: int
) -> None:
    """Keep vectors of passages that still want one, and count them."""
    await tx.all(
        "select id from documents where tenant_id = $1 and id = any($2::uuid[]) order by id for update",
        tx.tenant_id, documents,
    )  # fmt: skip
    await tx.run(
        "with put as (update document_passages p set embedding = v.vector::vector, embedding_model = $2,"
        "  embedding_dimension = $5, embed_due = null from unnest($3::uuid[], $4::text[]) as v(id, vector)"
        "  where p.tenant_id = $1 and p.id = v.id and p.embed_due is not null returning p.document_id)"
        " update documents d set embedded = d.embedded + n.count, updated_at = current_timestamp"
        " from (select document_id, count(*) as count from put group by document_id) n"
        " where d.tenant_id = $1 and d.id = n.document_id",
        tx.tenant_id, model, ids, vectors, dimension,
    )  # fmt: skip


async def finish_change(tx: Tx, base_id: UUID) -> None:
    """Forget the former model of a base of which no vector is left."""
    await tx.run(
        "update knowledge_bases b set former_model = null where b.tenant_id = $1 and b.id = $2"
        " and b.former_model is not null and not exists (select from document_passages p where p.tenant_id = $1"
        "  and p.base_id = b.id and p.embedding_model = b.former_model)",
        tx.tenant_id, base_id,
    )  # fmt: skip


async def put_off(tx: Tx, ids: Sequence[UUID], delay: timedelta) -> None:
    """Try again later. System transaction."""
    await tx.run(
        "update document_passages set embed_due = current_timestamp + $2::interval"
        " where id = any($1::uuid[]) and embed_due is not null",
        ids, delay,
    )  # fmt: skip
