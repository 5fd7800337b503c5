"""Save, find, read and delete files. The bytes live in the object store, a row here says whose they are."""

import re
from collections.abc import AsyncIterable, AsyncIterator
from datetime import datetime, timedelta
from pathlib import PurePosixPath

import structlog

from radiant.foundation.files import store
from radiant.foundation.files.schemas import Asset
from radiant.foundation.files.sniff import NEEDED, media_type
from radiant.foundation.tenants import plans
from radiant.infra.db import Database, TenantDb, Tx
from radiant.infra.objects import ObjectMissing, ObjectStore, ObjectStoreError, ObjectTooLarge, Stored, object_key
from radiant.kit.clock import Clock, utc_now
from radiant.kit.errors import NotFound, Problem
from radiant.kit.ids import AssetId, TenantId, uuid7

log = structlog.get_logger()

MAX_UPLOAD_BYTES = 100 * 1024 * 1024
_GIVE_UP_AFTER = timedelta(hours=6)
_REMOVE_BATCH = 500
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u202a-\u202e\u2066-\u2069]")


class FileTooLarge(Problem):
    """More than may be uploaded."""

    status, slug = 413, "file-too-large"


class NotThatType(Problem):
    """The sender calls it an image, and its bytes are none that we know."""

    status, slug = 422, "not-that-type"


class FileNotReadable(Problem):
    """The row is there and its object is not, or the store does not answer."""

    status, slug = 503, "file-not-readable"


async def room(database: Database, tenant_id: TenantId, most: int) -> int:
    """How large a file may be: `most`, or what is left of the workspace's storage. Raises LimitReached at none."""
    async with database.system("storage").tx() as tx:
        left = await plans.storage_left(tx, tenant_id)
    return most if left is None else min(most, left)


async def save(
    db: TenantDb,
    objects: ObjectStore,
    data: AsyncIterable[bytes],
    *,
    name: str = "",
    claimed_type: str = "",
    purpose: str = "upload",
    limit: int = MAX_UPLOAD_BYTES,
    expires_at: datetime | None = None,
    clock: Clock = utc_now,
) -> Asset:
    """Store what comes as a file of the handle's person, or of the tenant where the handle has none.

    Streams: memory stays small whatever the size. Raises FileTooLarge, NotThatType, FileNotReadable.
    """
    asset_id = AssetId(uuid7())
    key = object_key(db.tenant_id, "files", str(asset_id))
    async with db.tx() as tx:
        await store.insert_incomplete(
            tx, asset_id, db.user_id, key, clean_name(name), purpose, clock() + _GIVE_UP_AFTER
        )
    sniffed = _Sniffed(data, claimed_type)
    try:
        stored = await objects.put(key, sniffed.chunks(), limit=limit)
        asset = await _complete(db, asset_id, stored, sniffed, expires_at)
    except BaseException as error:
        # Now, where it can be done now; else by retention, which finds the incomplete row.
        async with db.tx() as tx:
            await store.delete(tx, asset_id, db.user_id)
        if isinstance(error, ObjectTooLarge):
            raise FileTooLarge(f"a file may have at most {limit} bytes") from error
        if isinstance(error, ObjectStoreError):
            log.error("files.store_failed", error=str(error))
            raise FileNotReadable("the file could not be stored; try again") from error
        raise
    return asset


async def _complete(
    db: TenantDb, asset_id: AssetId, stored: Stored, sniffed: "_Sniffed", expires_at: datetime | None
) -> Asset:
    async with db.tx() as tx:
        asset = await store.complete(tx, asset_id, stored, sniffed.media_type(), expires_at)
    if asset is None:
        raise FileNotReadable("the upload took too long; try again")
    return asset


class _Sniffed:
    """Looks at the first bytes of a stream on its way through, before any of it is passed on."""

    def __init__(self, data: AsyncIterable[bytes], claimed: str) -> None:
        self._data = data
        self._claimed = claimed
        self._head = b""

    async def chunks(self) -> AsyncIterator[bytes]:
        waiting: bytes | None = b""
        async for chunk in self._data:
            if waiting is None:
                yield chunk
                continue
            waiting += chunk
            if len(waiting) >= NEEDED:
                self._look(waiting)
                yield waiting
                waiting = None
        if waiting is not None:
            self._look(waiting)
            yield waiting

    def _look(self, start: bytes) -> None:
        self._head = start[:NEEDED]
        if self._claimed.lower().startswith("image/") and not self.media_type().startswith("image/"):
            raise NotThatType("this is not a picture of a kind that is known here: send PNG, JPEG, GIF or WebP")

    def media_type(self) -> str:
        return media_type(self._head, self._claimed)


def clean_name(name: str) -> str:
    """The last part of a path as people may be shown it: no folders, no control characters, at most 255."""
    last = PurePosixPath(_CONTROL.sub("", name).replace("\\", "/")).name
    return last.strip()[:255]


async def find(tx: Tx, asset_id: AssetId) -> Asset | None:
    """The file, if it is whole and the caller may see it."""
    return await store.find(tx, asset_id)


async def get(db: TenantDb, asset_id: AssetId) -> Asset:
    """The file. Raises NotFound, the same for what is absent and what is another's."""
    async with db.tx() as tx:
        asset = await store.find(tx, asset_id)
    if asset is None:
        raise NotFound("no such file")
    return asset


async def open_stream(
    objects: ObjectStore, asset: Asset, *, start: int = 0, end: int | None = None
) -> AsyncIterator[bytes]:
    """Its bytes from `start` up to `end` (not included). Raises FileNotReadable."""
    try:
        return await objects.get(asset.key, start=start, end=end)
    except (ObjectMissing, ObjectStoreError) as error:
        log.error("files.unreadable", asset=str(asset.id), error=str(error))
        raise FileNotReadable("the file cannot be read just now") from error


async def read_bytes(objects: ObjectStore, asset: Asset) -> bytes:
    """All of it in memory, for what needs it whole. Raises FileNotReadable."""
    chunks = await open_stream(objects, asset)
    try:
        return b"".join([chunk async for chunk in chunks])
    except ObjectStoreError as error:
        raise FileNotReadable("the file cannot be read just now") from error


async def delete(db: TenantDb, asset_id: AssetId) -> None:
    """Remove a file of the handle's person (or, without one, of the tenant). Raises NotFound."""
    async with db.tx() as tx:
        if not await store.delete(tx, asset_id, db.user_id):
            raise NotFound("no such file")


async def remove_deleted_objects(database: Database, objects: ObjectStore) -> int:
    """Remove the objects whose rows were deleted, by whatever deleted them; how many. Called time and again.

    Removing twice does no harm, so a crash in between costs a repetition. A store that fails is tried next time.
    """
    removed = 0
    while True:
        async with database.system("remove objects").tx() as tx:
            waiting = await store.next_deletions(tx, _REMOVE_BATCH)
        gone: list[int] = []
        failure: ObjectStoreError | None = None
        for row in waiting:
            try:
                await objects.delete(row["key"])
            except ObjectStoreError as error:
                failure = error
                break
            gone.append(row["id"])
        async with database.system("remove objects").tx() as tx:
            await store.forget_deletions(tx, gone)
        removed += len(gone)
        if failure is not None:
            log.warning("files.removal_failed", error=str(failure), waiting=len(waiting) - len(gone))
        if failure is not None or len(waiting) < _REMOVE_BATCH:
            return removed
