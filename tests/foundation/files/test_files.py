"""Files: streamed, bounded, sniffed, a person's own, and gone when they are deleted."""

import hashlib
import os
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from radiant.foundation.files import service
from radiant.foundation.files.schemas import Asset
from radiant.foundation.files.sniff import media_type
from radiant.infra.db import Database
from radiant.infra.objects import LocalObjects, ObjectKey, ObjectStoreError
from radiant.kit.errors import NotFound
from radiant.kit.ids import AssetId, uuid7
from tests.kit.people import Tenant

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 600


@pytest.fixture
def objects(tmp_path: Path) -> LocalObjects:
    return LocalObjects(tmp_path / "objects", secret=b"s" * 32)


async def _stream(data: bytes, piece: int = 65_536) -> AsyncIterator[bytes]:
    for start in range(0, len(data), piece):
        yield data[start : start + piece]


def _files(tmp_path: Path) -> list[Path]:
    return [path for path in (tmp_path / "objects").rglob("*") if path.is_file()]


async def _save(tenant: Tenant, objects: LocalObjects, data: bytes, **options: Any) -> Asset:
    return await service.save(tenant.db, objects, _stream(data, options.pop("piece", 65_536)), **options)


@pytest.mark.parametrize("size", [0, 1, 511, 512, 513, 3_000_000])
@pytest.mark.parametrize("piece", [1_000, 65_536])
async def test_a_file_comes_back_as_it_was_saved(
    owner: Any, tenant: Tenant, objects: LocalObjects, size: int, piece: int
):
    data = os.urandom(size)

    asset = await _save(tenant, objects, data, name="notes.bin", piece=piece)

    assert (asset.name, asset.bytes) == ("notes.bin", size)
    assert await service.read_bytes(objects, await service.get(tenant.db, asset.id)) == data
    row = await owner.fetchrow("select sha256, complete, expires_at from assets")
    assert tuple(row) == (hashlib.sha256(data).digest(), True, None)


async def test_f0_5_a_file_of_anothers_is_not_found(two_tenants: tuple[Tenant, Tenant], objects: LocalObjects):
    ours, theirs = two_tenants
    asset = await _save(ours, objects, b"mine")

    for db in (ours.other_db, theirs.db):
        with pytest.raises(NotFound):
            await service.get(db, asset.id)
        with pytest.raises(NotFound):
            await service.delete(db, asset.id)
    with pytest.raises(NotFound):
        await service.get(ours.db, AssetId(uuid7()))


async def test_a_file_of_the_tenant_is_for_all_its_people(two_tenants: tuple[Tenant, Tenant], objects: LocalObjects):
    ours, theirs = two_tenants
    asset = await service.save(ours.nobody_db, objects, _stream(b"shared"), name="logo")

    assert asset.shared
    assert (await service.get(ours.other_db, asset.id)).id == asset.id
    with pytest.raises(NotFound):
        await service.get(theirs.db, asset.id)
    with pytest.raises(NotFound):
        await service.delete(ours.other_db, asset.id)


async def test_more_than_the_limit_is_refused_and_leaves_nothing(
    owner: Any, db: Database, tenant: Tenant, objects: LocalObjects, tmp_path: Path
):
    with pytest.raises(service.FileTooLarge):
        await _save(tenant, objects, b"x" * 200_001, limit=200_000)

    assert await owner.fetchval("select count(*) from assets") == 0
    assert await service.remove_deleted_objects(db, objects) == 1
    assert _files(tmp_path) == []


async def test_an_upload_that_breaks_off_leaves_nothing(
    owner: Any, tenant: Tenant, objects: LocalObjects, tmp_path: Path
):
    async def breaks() -> AsyncIterator[bytes]:
        yield b"x" * 1000
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await service.save(tenant.db, objects, breaks())

    assert await owner.fetchval("select count(*) from assets") == 0
    assert _files(tmp_path) == []


async def test_an_upload_whose_process_died_is_given_up_in_time(
    owner: Any, db: Database, tenant: Tenant, objects: LocalObjects
):
    """What a kill -9 leaves is an incomplete row: invisible, and removed with its object when it expires."""
    asset = await _save(tenant, objects, b"half")
    await owner.execute("update assets set complete = false, expires_at = current_timestamp - interval '2 minutes'")
    with pytest.raises(NotFound):
        await service.get(tenant.db, asset.id)

    async with db.system("test").tx() as tx:
        await tx.all("select * from app.apply_retention()")

    assert await owner.fetchval("select count(*) from assets") == 0
    assert await service.remove_deleted_objects(db, objects) == 1
    assert await objects.size(asset.key) is None


async def test_f0_10_deleting_a_file_a_person_or_a_tenant_removes_the_objects(
    db: Database, two_tenants: tuple[Tenant, Tenant], objects: LocalObjects, tmp_path: Path
):
    ours, theirs = two_tenants
    first = await _save(ours, objects, b"one")
    await _save(ours, objects, b"two")
    await service.save(ours.other_db, objects, _stream(b"three"))
    kept = await _save(theirs, objects, b"kept")

    await service.delete(ours.db, first.id)
    assert await service.remove_deleted_objects(db, objects) == 1
    async with ours.db.tx() as tx:
        await tx.run("delete from users where tenant_id = $1 and id = $2", tx.tenant_id, ours.user_id)
    assert await service.remove_deleted_objects(db, objects) == 1
    async with db.system("test").tx() as tx:
        await tx.run("delete from tenants where id = $1", ours.id)
    assert await service.remove_deleted_objects(db, objects) == 1

    assert [path.name for path in _files(tmp_path)] == [str(kept.id)]
    assert await service.remove_deleted_objects(db, objects) == 0


async def test_an_object_that_cannot_be_removed_now_is_removed_later(
    db: Database, tenant: Tenant, objects: LocalObjects
):
    asset = await _save(tenant, objects, b"one")
    await service.delete(tenant.db, asset.id)

    class Away(LocalObjects):
        async def delete(self, key: ObjectKey) -> None:
            raise ObjectStoreError("away")

    assert await service.remove_deleted_objects(db, Away(Path("/nonexistent"), secret=b"")) == 0
    assert await service.remove_deleted_objects(db, objects) == 1


async def test_a_file_whose_object_vanished_is_an_answerable_error(tenant: Tenant, objects: LocalObjects):
    asset = await _save(tenant, objects, b"one")
    await objects.delete(asset.key)

    with pytest.raises(service.FileNotReadable):
        await service.read_bytes(objects, asset)


async def test_a_file_expires(owner: Any, tenant: Tenant, objects: LocalObjects):
    from radiant.kit.clock import utc_now

    asset = await _save(tenant, objects, b"x", expires_at=utc_now() + timedelta(hours=1))
    assert await service.get(tenant.db, asset.id)
    await owner.execute("update assets set expires_at = current_timestamp - interval '1 second'")
    with pytest.raises(NotFound):
        await service.get(tenant.db, asset.id)


async def test_a_picture_is_what_its_bytes_say(tenant: Tenant, objects: LocalObjects):
    asset = await _save(tenant, objects, PNG, name="a.jpg", claimed_type="image/jpeg")

    assert asset.media_type == "image/png"
    assert asset.may_be_shown


@pytest.mark.parametrize("data", [b"<html>", b"<svg xmlns='...'/>", b"\0\1\2", b"", b"%PDF-1.7"])
async def test_what_is_called_a_picture_and_is_none_is_refused(
    owner: Any, tenant: Tenant, objects: LocalObjects, data: bytes, tmp_path: Path
):
    with pytest.raises(service.NotThatType):
        await service.save(tenant.db, objects, _stream(data + b""), claimed_type="image/png")

    assert await owner.fetchval("select count(*) from assets") == 0
    assert _files(tmp_path) == []


@pytest.mark.parametrize(
    ("head", "claimed", "expected"),
    [
        (b"\xff\xd8\xff\xe0", "text/html", "image/jpeg"),
        (b"GIF89a", "", "image/gif"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "", "image/webp"),
        (b"RIFF\0\0\0\0WAVEfmt ", "", "audio/wav"),
        (b"RIFF\0\0\0\0EVIL", "image/webp", "application/octet-stream"),
        (b"\0\0\0\x20ftypisom", "", "video/mp4"),
        (b"\0\0\0\x20ftypavif", "", "image/avif"),
        (b"<script>alert(1)</script>", "text/html", "text/plain"),
        (b"<svg onload=alert(1)>", "image/svg+xml", "text/plain"),
        (b"alert(1)", "application/javascript", "text/plain"),
        (b"# Title", "text/markdown; charset=utf-8", "text/markdown"),
        (b"{}", "application/json", "application/json"),
        (b"\x80\x81", "text/plain", "application/octet-stream"),
        ("é".encode() * 256, "text/plain", "text/plain"),
        (b"x" + ("é".encode() * 256)[:511], "text/plain", "text/plain"),
        (b"", "text/html", "text/plain"),
        (b"MZ\x90\0", "application/pdf", "application/octet-stream"),
    ],
)
def test_a_type_is_told_by_the_bytes(head: bytes, claimed: str, expected: str):
    assert media_type(head, claimed) == expected


@pytest.mark.parametrize(
    ("name", "clean"),
    [
        ("a.txt", "a.txt"),
        ("../../etc/passwd", "passwd"),
        ("C:\\temp\\x.doc", "x.doc"),
        ("a\r\nSet-Cookie: x", "aSet-Cookie: x"),
        ("\u202egnp.exe", "gnp.exe"),
        ("x" * 300, "x" * 255),
        ("", ""),
        ("/", ""),
    ],
)
def test_a_name_is_the_last_part_of_a_path_without_control_characters(name: str, clean: str):
    assert service.clean_name(name) == clean
