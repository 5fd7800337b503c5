"""Reads documents as durable jobs. A version is read beside the one that is found: its passages are stored in batches that
nobody finds, and take the others' place in one transaction. A reader that died, was overtaken or whose document was given
up stores nothing more: each batch asks whether it still reads it."""

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import structlog

from radiant.foundation.files import service as files
from radiant.infra.db import Database, TenantDb, Tx
from radiant.infra.jobs import Job, Registry, enqueue
from radiant.infra.objects import ObjectStore
from radiant.kit.errors import NotFound, Problem
from radiant.kit.ids import AssetId, UserId, uuid7
from radiant.workspace.documents import bases_store, indexing, passages_store, reading, store
from radiant.workspace.documents.passages_store import Version

log = structlog.get_logger()

KIND = "read document"
_LOOK_SECONDS = 1.0
_TIMEOUT = 1800.0
# Of the work of reading: to have the text; the rest is to store it.
_TEXT_SHARE = 0.5


class GaveUp(Problem):
    """It kills its readers, or what they need is away."""

    status, slug = 503, "reading-gave-up"


async def ask_to_read(tx: Tx, owner: UserId | None, document_id: UUID, version: int) -> None:
    """Have a version read, once the transaction is committed."""
    await enqueue(tx, KIND, person=owner, document_id=document_id, version=version)


class Reader:
    """Made once by a root. `tessdata`: where the models are that read pictures, if there are any."""

    def __init__(self, database: Database, objects: ObjectStore, tessdata: Callable[[], Path | None]) -> None:
        self._database = database
        self._objects = objects
        self._tessdata = tessdata

    def register(self, registry: Registry) -> None:
        """Serve the jobs. Two at once of all workers: a document may take a core and gigabytes."""
        registry.handle(KIND, self.handle, timeout=_TIMEOUT, concurrency=2, gave_up=self.gave_up)

    async def handle(self, job: Job) -> None:
        """Read what the job names; what cannot be read says so on its document."""
        db, document_id, version = self._of(job)
        reader = uuid7()
        async with db.tx() as tx:
            row = await store.claim(tx, document_id, version, reader)
        if row is None:
            return
        of = Version(row["user_id"], row["base_id"], document_id, version)
        try:
            await self._read(db, of, row["name"], row["next_asset_id"], reader)
        except reading.DocumentUnreadable as problem:
            await _fail(db, document_id, version, problem)
        except _GivenUp:
            log.info("documents.given_up", document=str(document_id), version=version)

    async def gave_up(self, job: Job) -> None:
        """Say on the document that nobody tries any more."""
        db, document_id, version = self._of(job)
        said = "reading it failed again and again; try again later, and tell whoever runs this RADIANT"
        await _fail(db, document_id, version, GaveUp(said))

    def _of(self, job: Job) -> tuple[TenantDb, UUID, int]:
        assert job.tenant_id is not None
        db = self._database.tenant(job.tenant_id, job.user_id)
        return db, UUID(job.ids["document_id"]), int(job.ids["version"])

    async def _read(self, db: TenantDb, of: Version, name: str, asset_id: UUID, reader: UUID) -> None:
        try:
            asset = await files.get(db, AssetId(asset_id))
        except NotFound as error:
            raise reading.BrokenDocument("its file was deleted; upload it again") from error
        data = await files.read_bytes(self._objects, asset)
        found = await _while_wanted(db, of.document_id, reader, data, name, await asyncio.to_thread(self._tessdata))
        del data
        spoken = await asyncio.to_thread(indexing.language, found.text)
        await self._store(db, of, found, reader, spoken)
        title = _title(found)
        facts = {
            "pages": found.pages, "passages": len(found.passages), "characters": found.passages[-1].end,
            "title": title, "language": spoken, "cue": indexing.cue(name, title, spoken),
        }  # fmt: skip
        async with db.tx() as tx:
            row = await store.replace(tx, of.document_id, reader, facts)
            if row is None:
                raise _GivenUp
            await passages_store.delete_but(tx, of.document_id, of.version)
            await passages_store.want_vectors(tx, of.base_id, of.document_id)
            await bases_store.add_languages(tx, of.base_id, spoken)
            if row["asset_id"] is not None:
                await store.delete_files(tx, [row["asset_id"]])

    async def _store(self, db: TenantDb, of: Version, found: reading.Reading, reader: UUID, spoken: str) -> None:
        async with db.tx() as tx:
            await _must_read(tx, of.document_id, reader, _TEXT_SHARE)
            await passages_store.delete_version(tx, of.document_id, of.version)
        count, before = len(found.passages), 0
        for number, first in enumerate(range(0, count, indexing.BATCH)):
            some = found.passages[first : first + indexing.BATCH]
            async with db.tx() as tx:
                places = await passages_store.new_places(tx, len(some))
            rows, postings = await asyncio.to_thread(
                indexing.batch, found.text, some, first + 1, places, before, spoken
            )
            before = some[-1].end
            async with db.tx() as tx:
                done = _TEXT_SHARE + (1 - _TEXT_SHARE) * (first + len(some)) / count
                await _must_read(tx, of.document_id, reader, done)
                await passages_store.insert(tx, of, rows)
                await passages_store.insert_terms(
                    tx, of, number, postings.terms, postings.held, postings.places, postings.counts
                )


class _GivenUp(Exception):
    """Another reads it, or nobody wants it any more."""


async def _must_read(tx: Tx, document_id: UUID, reader: UUID, done: float) -> None:
    if not await store.reads(tx, document_id, reader, done):
        raise _GivenUp


async def _while_wanted(
    db: TenantDb, document_id: UUID, reader: UUID, data: bytes, name: str, tessdata: Path | None
) -> reading.Reading:
    """Read it in its process, which ends when nobody wants it any more."""
    task = asyncio.create_task(reading.read(data, name, tessdata=tessdata))
    try:
        while not (await asyncio.wait({task}, timeout=_LOOK_SECONDS))[0]:
            async with db.tx() as tx:
                if not await store.still_reads(tx, document_id, reader):
                    raise _GivenUp
        return task.result()
    finally:
        if not task.done():
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task


async def _fail(db: TenantDb, document_id: UUID, version: int, problem: Problem) -> None:
    said = {"type": problem.slug, "title": problem.name(), "detail": problem.detail}
    async with db.tx() as tx:
        if await store.fail(tx, document_id, version, said):
            await passages_store.delete_version(tx, document_id, version)


def _title(found: reading.Reading) -> str | None:
    """What it calls itself, or what it begins with."""
    title = found.title or next(iter(found.passages[0].headings), "")
    return title.replace("\x00", "\ufffd").strip()[:500] or None
