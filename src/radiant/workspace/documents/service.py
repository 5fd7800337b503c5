"""Knowledge bases and their documents: kept, read in the background, found and cited. A person's base is theirs alone; the
tenant's is read by everybody of it and changed by its admins and by who made it."""

import mimetypes
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from radiant.ai.inference.service import Inference
from radiant.ai.retrieval.embedding import DEFAULT_MODEL, Embedder
from radiant.ai.retrieval.filling import Filling
from radiant.foundation.files import service as files
from radiant.foundation.files.schemas import Asset
from radiant.foundation.identity.callers import Caller, Role
from radiant.infra.changes import Changes
from radiant.infra.db import Database, Row, Tx, again_after_deadlock
from radiant.infra.late import Late
from radiant.infra.objects import ObjectStore
from radiant.kit.errors import Invalid
from radiant.kit.ids import AssetId, UserId, uuid7
from radiant.kit.schema import Metadata
from radiant.workspace.documents import bases_store, indexing, jobs, passages_store, store
from radiant.workspace.documents.problems import (
    BadUpload,
    NameTaken,
    NoOriginal,
    NoSuchBase,
    NoSuchDocument,
    NothingToCancel,
    NothingToRetry,
    NotYourBase,
)
from radiant.workspace.documents.schemas import (
    Base,
    BaseChange,
    Document,
    DocumentChange,
    DocumentQuery,
    DocumentText,
    FoundPassages,
    NewBase,
    Order,
    Passage,
    WhyNot,
)
from radiant.workspace.documents.vectors import PassageShelf

ROUTE = "documents"
PURPOSE = "document"
_MOST_TEXT = 100_000
# Half of the way is to be read, half to have vectors.
_READ_SHARE = 0.5
_NO_BASE, _NO_DOCUMENT = "there is no such knowledge base", "there is no such document"


# Who writes here holds a base and then its documents; who reads a document in the background holds it and then its base,
# whose counts it changes. So two may wait for each other.
class Documents:
    """Made once by a root, and closed by it. `most_bytes`: of an upload; `vectors`: what makes them."""

    def __init__(
        self, database: Database, changes: Changes, inference: Inference, objects: ObjectStore, most_bytes: int
    ) -> None:
        self._database = database
        self._objects = objects
        self._most_bytes = most_bytes
        self._embedder = Embedder(inference, ROUTE)
        self._search = Late(_load_search)
        self.vectors = Filling(database, changes, self._embedder, PassageShelf(database))

    async def __aenter__(self) -> "Documents":
        await self.vectors.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.vectors.__aexit__()
        await self._embedder.close()

    # --- bases ---

    async def create_base(self, caller: Caller, new: NewBase) -> Base:
        """Make a base. Raises the problems of its model."""
        if new.embedding_model is not None:
            await self._check_model(caller, new.embedding_model)
        base_id = uuid7()
        async with caller.db(self._database).tx() as tx:
            await bases_store.insert(
                tx, base_id, caller.user_id if new.owner == "person" else None, new.name, new.description,
                new.embedding_model or DEFAULT_MODEL, caller.user_id,
            )  # fmt: skip
            return await _base(tx, caller, base_id)

    async def _check_model(self, caller: Caller, model: str) -> None:
        await self._embedder.question(caller, model, "a question")

    async def get_base(self, caller: Caller, base_id: UUID) -> Base:
        """A base. Raises NoSuchBase."""
        async with caller.db(self._database).tx() as tx:
            return await _base(tx, caller, base_id)

    async def bases(
        self, caller: Caller, owner: str | None, words: str | None, before: tuple[datetime, UUID] | None, limit: int
    ) -> list[Base]:
        """Bases that the caller may read, the newest first."""
        async with caller.db(self._database).tx() as tx:
            return [base_of(row, caller) for row in await bases_store.page(tx, owner, words, before, limit)]

    async def change_base(self, caller: Caller, base_id: UUID, change: BaseChange) -> Base:
        """Change a base. Raises NoSuchBase, NotYourBase, the problems of a new model."""
        if change.embedding_model is not None:
            async with caller.db(self._database).tx() as tx:
                await _editable(tx, caller, base_id)
            await self._check_model(caller, change.embedding_model)
        async with caller.db(self._database).tx() as tx:
            row = await _editable(tx, caller, base_id)
            await bases_store.change(tx, base_id, change.name, change.description)
            if change.embedding_model not in (None, row["embedding_model"]):
                await bases_store.set_model(tx, base_id, change.embedding_model)
                await passages_store.want_vectors(tx, base_id, None)
            return await _base(tx, caller, base_id)

    @again_after_deadlock
    async def delete_base(self, caller: Caller, base_id: UUID) -> None:
        """Delete a base with all that is in it. Raises NoSuchBase, NotYourBase."""
        async with caller.db(self._database).tx() as tx:
            await _editable(tx, caller, base_id)
            await bases_store.delete(tx, base_id)

    # --- documents ---

    async def add(
        self, caller: Caller, base_id: UUID, data: AsyncIterator[bytes], name: str, claimed_type: str,
        metadata: Metadata | None,
    ) -> tuple[Document, bool]:  # fmt: skip
        """Keep a file and have it read; whether there was anything to do. One of that name gets a new version, unless it
        has these very bytes. Raises NoSuchBase, NotYourBase, BadUpload, FileTooLarge, LimitReached."""
        name = files.clean_name(name)
        if not name:
            raise BadUpload("file: it has no name; send it as a form's file with one")
        async with caller.db(self._database).tx() as tx:
            base = await _editable(tx, caller, base_id)
        owner: UserId | None = base["user_id"]
        home = self._database.tenant(caller.tenant_id, owner)
        limit = await files.room(self._database, caller.tenant_id, self._most_bytes)
        asset = await files.save(
            home, self._objects, data, name=name, claimed_type=claimed_type, purpose=PURPOSE, limit=limit
        )
        try:
            if not asset.bytes:
                raise BadUpload("file: it is empty")
            return await self._keep(caller, base_id, owner, asset, metadata)
        except BaseException:
            await files.delete(home, asset.id)
            raise

    @again_after_deadlock
    async def _keep(
        self, caller: Caller, base_id: UUID, owner: UUID | None, asset: Asset, metadata: Metadata | None
    ) -> tuple[Document, bool]:
        async with caller.db(self._database).tx() as tx:
            return await _put(tx, caller, base_id, owner, asset, metadata)

    async def get(self, caller: Caller, document_id: UUID) -> Document:
        """A document. Raises NoSuchDocument."""
        async with caller.db(self._database).tx() as tx:
            return document_of(await _row(tx, document_id))

    async def documents(
        self, caller: Caller, base_id: UUID, state: str | None, words: str | None, order: Order,
        after: tuple[datetime | int | str, UUID] | None, limit: int,
    ) -> list[Document]:  # fmt: skip
        """Documents of a base in an order, after the one with that time, size or name. Raises NoSuchBase."""
        async with caller.db(self._database).tx() as tx:
            await _base(tx, caller, base_id)
            return [document_of(row) for row in await store.page(tx, base_id, state, words, order, after, limit)]

    @again_after_deadlock
    async def change(self, caller: Caller, document_id: UUID, change: DocumentChange) -> Document:
        """Rename a document, or put other metadata to it. Raises NoSuchDocument, NotYourBase, NameTaken."""
        try:
            async with caller.db(self._database).tx() as tx:
                row = await _editable_document(tx, caller, document_id)
                name = files.clean_name(change.name) if change.name is not None else row["name"]
                if not name:
                    raise Invalid("name: give one that is no folder")
                metadata = row["metadata"] if change.metadata is None else change.metadata
                await store.change(tx, document_id, name, metadata, indexing.cue(name, row["title"], row["language"]))
                return document_of(await _row(tx, document_id))
        except asyncpg.UniqueViolationError as error:
            raise NameTaken(
                "name: this base has a document of that name; choose another, or delete that one"
            ) from error

    @again_after_deadlock
    async def delete(self, caller: Caller, document_id: UUID) -> None:
        """Delete a document with its passages, vectors, words and original. Raises NoSuchDocument, NotYourBase."""
        async with caller.db(self._database).tx() as tx:
            await _editable_document(tx, caller, document_id)
            await store.delete(tx, document_id)

    @again_after_deadlock
    async def retry(self, caller: Caller, document_id: UUID) -> Document:
        """Read again what could not be read. Raises NoSuchDocument, NotYourBase, NothingToRetry."""
        async with caller.db(self._database).tx() as tx:
            row = await _editable_document(tx, caller, document_id)
            if row["stage"] != "failed":
                raise NothingToRetry("only a document that failed is read again; upload it to replace it")
            await store.wait(tx, document_id)
            await jobs.ask_to_read(tx, row["user_id"], document_id, row["next_version"])
            return document_of(await _row(tx, document_id))

    @again_after_deadlock
    async def cancel(self, caller: Caller, document_id: UUID) -> Document:
        """Stop reading it: back to the version before, or failed where there is none. Raises NoSuchDocument, NotYourBase,
        NothingToCancel."""
        async with caller.db(self._database).tx() as tx:
            row = await _editable_document(tx, caller, document_id)
            if row["stage"] not in ("waiting", "reading") and not (row["stage"] == "failed" and row["version"]):
                raise NothingToCancel("this document is not being read")
            await passages_store.delete_version(tx, document_id, row["next_version"])
            if row["version"]:
                await store.give_up_next(tx, document_id)
                await store.delete_files(tx, [row["next_asset_id"]])
            else:
                said = WhyNot(type="cancelled", title="Cancelled", detail="reading it was stopped; retry it to go on")
                await store.fail(tx, document_id, row["next_version"], said.model_dump())
            return document_of(await _row(tx, document_id))

    async def original(self, caller: Caller, document_id: UUID) -> tuple[Asset, AsyncIterator[bytes], str]:
        """The file of a document, its bytes and its name. Raises NoSuchDocument, NoOriginal, FileNotReadable."""
        async with caller.db(self._database).tx() as tx:
            row = await _row(tx, document_id)
            asset = await files.find(tx, AssetId(row["asset_id"])) if row["asset_id"] is not None else None
        if asset is None:
            raise NoOriginal("its file was deleted; what was read of it is still here")
        return asset, await files.open_stream(self._objects, asset), row["name"]

    async def text(self, caller: Caller, document_id: UUID, start: int, end: int | None) -> DocumentText:
        """Characters of what was read, at most 100,000 at a time. Raises NoSuchDocument."""
        async with caller.db(self._database).tx() as tx:
            total = (await _row(tx, document_id))["characters"]
            start = min(start, total)
            end = max(start, min(total, start + _MOST_TEXT, total if end is None else end))
            rows = await passages_store.between(tx, document_id, start, end)
        text = "".join(row["text"] for row in rows)
        first = rows[0]["start"] if rows else start
        return DocumentText(text=text[start - first : end - first], start=start, end=end, total=total)

    async def passages(self, caller: Caller, document_id: UUID, after: int, limit: int) -> list[Passage]:
        """Passages of a document in their order, after that number. Raises NoSuchDocument."""
        async with caller.db(self._database).tx() as tx:
            await _row(tx, document_id)
            return [Passage.of(row) for row in await passages_store.page(tx, document_id, after, limit)]

    # --- finding ---

    async def search(self, caller: Caller, query: DocumentQuery, patience: float | None = None) -> FoundPassages:
        """The passages that answer a query. Where no vector can be made of it, or none within `patience` seconds, words
        alone decide. Bases that the caller may not read are as if they were not there."""
        async with caller.db(self._database).tx() as tx:
            bases = [r for r in await bases_store.searched(tx, query.base_ids, query.document_ids) if r["passages"]]
        if not bases:
            return FoundPassages(results=[], tokens=0, searched=0)
        asked = await self._embedder.questions(
            caller, query.query, ((row["embedding_model"], row["passages"]) for row in bases),
            (row["former_model"] for row in bases if row["former_model"] is not None), patience,
        )  # fmt: skip
        search = await self._search.get()
        async with caller.db(self._database).tx() as tx:
            return await search(tx, query, bases, asked)


def _load_search() -> Any:
    from radiant.workspace.documents.search import search

    return search


async def _put(
    tx: Tx, caller: Caller, base_id: UUID, owner: UUID | None, asset: Asset, metadata: Metadata | None
) -> tuple[Document, bool]:
    await _editable(tx, caller, base_id)
    before = await store.lock_named(tx, base_id, asset.name)
    sha256 = await store.sha256(tx, asset.id)
    if before is not None and before["sha256"] == sha256 and before["stage"] != "failed":
        await store.delete_files(tx, [asset.id])
        return document_of(await _row(tx, before["id"])), False
    guessed = mimetypes.guess_type(asset.name)[0]
    new = {"id": uuid7(), "name": asset.name, "asset_id": asset.id, "media_type": guessed or asset.media_type,
           "bytes": asset.bytes, "sha256": sha256}  # fmt: skip
    cue = indexing.cue(asset.name, None, None)
    document_id = await store.put(tx, base_id, owner, new, metadata, cue, caller.user_id)
    if before is not None and before["next_asset_id"] is not None:
        await store.delete_files(tx, [before["next_asset_id"]])
    row = await _row(tx, document_id)
    await jobs.ask_to_read(tx, UserId(owner) if owner is not None else None, document_id, row["version"])
    return document_of(row), True


async def _base(tx: Tx, caller: Caller, base_id: UUID) -> Base:
    row = await bases_store.get(tx, base_id)
    if row is None:
        raise NoSuchBase(_NO_BASE)
    return base_of(row, caller)


def _may_edit(row: Row, caller: Caller) -> bool:
    if caller.role < Role.MEMBER:
        return False
    return row["user_id"] is not None or caller.role >= Role.ADMIN or row["created_by"] == caller.user_id


def base_of(row: Row, caller: Caller) -> Base:
    """As it is told."""
    owner = "tenant" if row["user_id"] is None else "person"
    return Base.model_validate(dict(row) | {"owner": owner, "may_edit": _may_edit(row, caller)})


async def _editable(tx: Tx, caller: Caller, base_id: UUID) -> Row:
    """A base, locked. Raises NoSuchBase, NotYourBase."""
    row = await bases_store.lock(tx, base_id)
    if row is None:
        raise NoSuchBase(_NO_BASE)
    if not _may_edit(row, caller):
        raise NotYourBase("this base of the workspace is changed by its admins and by who made it")
    return row


async def _editable_document(tx: Tx, caller: Caller, document_id: UUID) -> Row:
    """A document, locked. Raises NoSuchDocument, NotYourBase."""
    found = await _row(tx, document_id)
    await _editable(tx, caller, found["base_id"])
    row = await store.lock(tx, document_id)
    if row is None:
        raise NoSuchDocument(_NO_DOCUMENT)
    return row


async def _row(tx: Tx, document_id: UUID) -> Row:
    row = await store.get(tx, document_id)
    if row is None:
        raise NoSuchDocument(_NO_DOCUMENT)
    return row


def document_of(row: Row) -> Document:
    """As it is told."""
    match row["state"]:
        case "reading":
            progress = _READ_SHARE * row["done"]
        case "embedding":
            progress = _READ_SHARE + (1 - _READ_SHARE) * row["embedded"] / max(row["passages"], 1)
        case "ready":
            progress = 1.0
        case _:
            progress = 0.0
    return Document.model_validate(dict(row) | {"sha256": (row["sha256"] or b"").hex(), "progress": round(progress, 4)})
