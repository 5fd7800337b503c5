"""SQL of knowledge bases. Row level security lets a person's own and the tenant's be seen."""

from datetime import datetime
from uuid import UUID

from radiant.infra.db import Row, Tx

_BASE = (
    "select b.id, b.name, b.description, b.user_id, b.embedding_model, b.former_model, b.languages, b.created_by,"
    " b.created_at, b.updated_at, d.documents, d.passages, d.embedded, d.bytes from knowledge_bases b"
    " cross join lateral (select count(*) as documents, coalesce(sum(passages), 0)::bigint as passages,"
    "  coalesce(sum(embedded), 0)::bigint as embedded,"
    "  coalesce(sum(case when asset_id is null then 0 else bytes end + coalesce(next_bytes, 0)), 0)::bigint as bytes"
    "  from documents d where d.tenant_id = $1 and d.base_id = b.id) d where b.tenant_id = $1"
)


async def insert(
    tx: Tx, base_id: UUID, owner: UUID | None, name: str, description: str, model: str, maker: UUID
) -> None:
    """Store a base of a person's, or of the tenant's (None)."""
    await tx.run(
        "insert into knowledge_bases (id, tenant_id, user_id, name, description, embedding_model, created_by)"
        " values ($2, $1, $3, $4, $5, $6, $7)",
        tx.tenant_id, base_id, owner, name, description, model, maker,
    )  # fmt: skip


async def get(tx: Tx, base_id: UUID) -> Row | None:
    """A base with what is in it."""
    return await tx.one_or_none(_BASE + " and b.id = $2", tx.tenant_id, base_id)


async def page(
    tx: Tx, owner: str | None, words: str | None, before: tuple[datetime, UUID] | None, limit: int
) -> list[Row]:
    """Bases, the newest first: all, or a person's own ("person") or the tenant's; whose name or description holds
    `words`."""
    return await tx.all(
        _BASE + " and ($2::text is null or (b.user_id is null) = ($2 = 'tenant'))"
        " and ($3::text is null or position(lower($3) in lower(b.name || ' ' || b.description)) > 0)"
        " and ($4::timestamptz is null or (b.created_at, b.id) < ($4, $5::uuid))"
        " order by b.created_at desc, b.id desc limit $6",
        tx.tenant_id, owner, words, *(before or (None, None)), limit,
    )  # fmt: skip


async def lock(tx: Tx, base_id: UUID) -> Row | None:
    """A base, so that nobody else changes it meanwhile."""
    return await tx.one_or_none(
        "select id, user_id, created_by, embedding_model, former_model from knowledge_bases"
        " where tenant_id = $1 and id = $2 for update",
        tx.tenant_id, base_id,
    )  # fmt: skip


async def change(tx: Tx, base_id: UUID, name: str | None, description: str | None) -> None:
    """Name and description; None keeps them."""
    await tx.run(
        "update knowledge_bases set name = coalesce($3, name), description = coalesce($4, description),"
        " updated_at = current_timestamp where tenant_id = $1 and id = $2",
        tx.tenant_id, base_id, name, description,
    )  # fmt: skip


async def set_model(tx: Tx, base_id: UUID, model: str) -> None:
    """Take up another model; what has vectors of the one before is found by them until it has new ones."""
    await tx.run(
        "update knowledge_bases set former_model = embedding_model, embedding_model = $3, updated_at = current_timestamp"
        " where tenant_id = $1 and id = $2",
        tx.tenant_id, base_id, model,
    )  # fmt: skip


async def add_languages(tx: Tx, base_id: UUID, language: str) -> None:
    """Note that a document of the base is in that language."""
    await tx.run(
        "update knowledge_bases set languages = array_append(languages, $3)"
        " where tenant_id = $1 and id = $2 and not languages @> array[$3]",
        tx.tenant_id, base_id, language,
    )  # fmt: skip


async def delete(tx: Tx, base_id: UUID) -> None:
    """Delete a base and all that is in it."""
    await tx.run("delete from knowledge_bases where tenant_id = $1 and id = $2", tx.tenant_id, base_id)


async def searched(tx: Tx, base_ids: list[UUID], document_ids: list[UUID]) -> list[Row]:
    """The bases that a search is about: those named, those of the documents named, or all, with how much is in them."""
    return await tx.all(
        "select b.id, b.name, b.embedding_model, b.former_model, b.languages,"
        " (select coalesce(sum(d.passages), 0)::bigint from documents d where d.tenant_id = $1 and d.base_id = b.id)"
        "  as passages from knowledge_bases b where b.tenant_id = $1"
        " and (cardinality($2::uuid[]) = 0 or b.id = any($2::uuid[]))"
        " and (cardinality($3::uuid[]) = 0 or b.id in (select d.base_id from documents d"
        "  where d.tenant_id = $1 and d.id = any($3::uuid[])))",
        tx.tenant_id, base_ids, document_ids,
    )  # fmt: skip
