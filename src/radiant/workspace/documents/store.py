"""SQL of documents: one function, one statement. Row level security lets a person's own and the tenant's be seen."""

from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

from radiant.infra.db import Row, Tx
from radiant.workspace.documents.schemas import Order

_DOCUMENT = (
    "select id, base_id, user_id, name, coalesce(next_media_type, media_type) as media_type,"
    " coalesce(next_bytes, bytes) as bytes, coalesce(next_sha256, sha256) as sha256,"
    " coalesce(next_version, version) as version, version as found, state, done, pages, passages, embedded, characters,"
    " title, language, metadata, problem, created_by, created_at, updated_at,"
    " case when version > 0 then asset_id else next_asset_id end as asset_id from documents"
)


async def put(
    tx: Tx, base_id: UUID, owner: UUID | None, new: dict[str, Any], metadata: dict[str, Any] | None, cue: list[str],
    maker: UUID,
) -> UUID:  # fmt: skip
    """A new document, or a new version of the one of that name, to be read. `new`: id, name, asset_id, media_type, bytes,
    sha256."""
    return await tx.value(
        "insert into documents as d (id, tenant_id, user_id, base_id, name, metadata, cue, created_by, next_version,"
        " next_asset_id, next_media_type, next_bytes, next_sha256)"
        " values ($2, $1, $3, $4, $5, coalesce($6::jsonb, '{}'), $7, $8, 1, $9, $10, $11, $12)"
        " on conflict (tenant_id, base_id, name) do update set next_version = coalesce(d.next_version, d.version) + 1,"
        "  next_asset_id = excluded.next_asset_id, next_media_type = excluded.next_media_type,"
        "  next_bytes = excluded.next_bytes, next_sha256 = excluded.next_sha256, stage = 'waiting', reader = null,"
        "  done = 0, problem = null, updated_at = current_timestamp,"
        "  metadata = case when $6::jsonb is null then d.metadata else excluded.metadata end"
        " returning id",
        tx.tenant_id, new["id"], owner, base_id, new["name"], metadata, cue, maker, new["asset_id"],
        new["media_type"], new["bytes"], new["sha256"],
    )  # fmt: skip


async def lock_named(tx: Tx, base_id: UUID, name: str) -> Row | None:
    """The document of that name: whether its newest upload has failed, its hash, and the file that waits."""
    return await tx.one_or_none(
        "select id, stage, coalesce(next_sha256, sha256) as sha256, next_asset_id from documents"
        " where tenant_id = $1 and base_id = $2 and name = $3 for update",
        tx.tenant_id, base_id, name,
    )  # fmt: skip


async def get(tx: Tx, document_id: UUID) -> Row | None:
    """A document."""
    return await tx.one_or_none(_DOCUMENT + " where tenant_id = $1 and id = $2", tx.tenant_id, document_id)


_SOME = (
    _DOCUMENT + " where tenant_id = $1 and base_id = $2 and ($3::text is null or state = $3)"
    " and ($4::text is null or position(lower($4) in lower(name || ' ' || coalesce(title, ''))) > 0)"
)
_PAGES: dict[Order, LiteralString] = {
    "newest": _SOME + " and ($5::timestamptz is null or (created_at, id) < ($5, $6::uuid))"
    " order by created_at desc, id desc limit $7",
    "changed": _SOME + " and ($5::timestamptz is null or (updated_at, id) < ($5, $6::uuid))"
    " order by updated_at desc, id desc limit $7",
    "largest": _SOME + " and ($5::bigint is null or (coalesce(next_bytes, documents.bytes), id) < ($5, $6::uuid))"
    " order by coalesce(next_bytes, documents.bytes) desc, id desc limit $7",
    "name": _SOME + " and ($5::text is null"
    '  or (app.natural_order(name) collate "C", id) > (app.natural_order($5), $6::uuid))'
    ' order by app.natural_order(name) collate "C", id limit $7',
}  # fmt: skip


async def page(
    tx: Tx, base_id: UUID, state: str | None, words: str | None, order: Order,
    after: tuple[datetime | int | str, UUID] | None, limit: int,
) -> list[Row]:  # fmt: skip
    """Documents of a base in an order, after the one with that time, size or name, and that id."""
    return await tx.all(_PAGES[order], tx.tenant_id, base_id, state, words, *(after or (None, None)), limit)


async def changed(tx: Tx, base_id: UUID, since: datetime, limit: int) -> list[Row]:
    """Documents of a base that changed since, the latest first."""
    return await tx.all(
        _DOCUMENT + " where tenant_id = $1 and base_id = $2 and updated_at >= $3 order by updated_at desc limit $4",
        tx.tenant_id, base_id, since, limit,
    )  # fmt: skip


async def lock(tx: Tx, document_id: UUID) -> Row | None:
    """A document with everything of its two versions, so that nobody else changes it meanwhile."""
    return await tx.one_or_none(
        "select d.id, d.base_id, d.user_id, d.name, d.title, d.language, d.version, d.asset_id, d.next_version,"
        " d.next_asset_id, d.stage, d.reader, d.metadata from documents d where d.tenant_id = $1 and d.id = $2 for update",
        tx.tenant_id, document_id,
    )  # fmt: skip


async def change(tx: Tx, document_id: UUID, name: str, metadata: dict[str, Any], cue: list[str]) -> None:
    """Name and metadata. Raises UniqueViolationError where the base has that name."""
    await tx.run(
        "update documents set name = $3, metadata = $4::jsonb, cue = $5, updated_at = current_timestamp"
        " where tenant_id = $1 and id = $2",
        tx.tenant_id, document_id, name, metadata, cue,
    )  # fmt: skip


async def wait(tx: Tx, document_id: UUID) -> None:
    """Read it again."""
    await tx.run(
        "update documents set stage = 'waiting', reader = null, done = 0, problem = null, updated_at = current_timestamp"
        " where tenant_id = $1 and id = $2",
        tx.tenant_id, document_id,
    )  # fmt: skip


async def give_up_next(tx: Tx, document_id: UUID) -> None:
    """Back to the version before."""
    await tx.run(
        "update documents set next_version = null, next_asset_id = null, next_media_type = null, next_bytes = null,"
        " next_sha256 = null, stage = 'read', reader = null, done = 0, problem = null, updated_at = current_timestamp"
        " where tenant_id = $1 and id = $2",
        tx.tenant_id, document_id,
    )  # fmt: skip


async def fail(tx: Tx, document_id: UUID, version: int, problem: dict[str, Any]) -> bool:
    """The version under way cannot be read; False where it is no longer under way."""
    touched = await tx.run(
        "update documents set stage = 'failed', reader = null, problem = $4::jsonb, updated_at = current_timestamp"
        " where tenant_id = $1 and id = $2 and next_version = $3 and stage in ('waiting', 'reading')",
        tx.tenant_id, document_id, version, problem,
    )  # fmt: skip
    return touched == 1


async def delete(tx: Tx, document_id: UUID) -> None:
    """Delete a document with everything of it."""
    await tx.run("delete from documents where tenant_id = $1 and id = $2", tx.tenant_id, document_id)


async def delete_files(tx: Tx, asset_ids: list[UUID]) -> None:
    """Delete originals; their objects are removed soon after."""
    await tx.run("delete from assets where tenant_id = $1 and id = any($2::uuid[])", tx.tenant_id, asset_ids)


async def sha256(tx: Tx, asset_id: UUID) -> bytes:
    """The hash of a file that was just stored."""
    return await tx.value("select sha256 from assets where tenant_id = $1 and id = $2", tx.tenant_id, asset_id)


# --- reading ---


async def claim(tx: Tx, document_id: UUID, version: int, reader: UUID) -> Row | None:
    """Whoever takes it reads it; a former reader finds that it does not any more. None where that version is not to be
    read."""
    return await tx.one_or_none(
        "update documents set stage = 'reading', reader = $4, done = 0, problem = null, updated_at = current_timestamp"
        " where tenant_id = $1 and id = $2 and next_version = $3 and stage in ('waiting', 'reading')"
        " returning base_id, user_id, name, next_asset_id",
        tx.tenant_id, document_id, version, reader,
    )  # fmt: skip


async def reads(tx: Tx, document_id: UUID, reader: UUID, done: float | None) -> bool:
    """Note how far it is read (None: as before), and lock it; whether that reader still reads it."""
    touched = await tx.run(
        "update documents set done = coalesce($4, done), updated_at = current_timestamp"
        " where tenant_id = $1 and id = $2 and reader = $3",
        tx.tenant_id, document_id, reader, done,
    )  # fmt: skip
    return touched == 1


async def still_reads(tx: Tx, document_id: UUID, reader: UUID) -> bool:
    """Whether that reader still reads it."""
    return await tx.value(
        "select exists (select from documents where tenant_id = $1 and id = $2 and reader = $3)",
        tx.tenant_id, document_id, reader,
    )  # fmt: skip


async def replace(tx: Tx, document_id: UUID, reader: UUID, facts: dict[str, Any]) -> Row | None:
    """The version that was read is the one that is found. Gives the file that it replaces. None where that reader does
    not read it any more."""
    return await tx.one_or_none(
        "update documents d set version = d.next_version, asset_id = d.next_asset_id, media_type = d.next_media_type,"
        " bytes = d.next_bytes, sha256 = d.next_sha256, next_version = null, next_asset_id = null,"
        " next_media_type = null, next_bytes = null, next_sha256 = null, stage = 'read', reader = null, done = 1,"
        " pages = $4, passages = $5, characters = $6, title = $7, language = $8, cue = $9, problem = null,"
        " embedded = 0, updated_at = current_timestamp"
        " from (select id, asset_id from documents where tenant_id = $1 and id = $2 and reader = $3 for update) old"
        " where d.tenant_id = $1 and d.id = old.id returning old.asset_id, d.version",
        tx.tenant_id, document_id, reader, facts["pages"], facts["passages"], facts["characters"], facts["title"],
        facts["language"], facts["cue"],
    )  # fmt: skip
