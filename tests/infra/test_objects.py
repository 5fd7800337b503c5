"""Objects on a folder and on S3: whole or not at all, under their tenant alone, by links that expire."""

import hashlib
import os
import uuid
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import aiohttp
import pytest

from radiant.infra.objects import (
    LocalObjects,
    ObjectKey,
    ObjectMissing,
    ObjectStore,
    ObjectStoreError,
    ObjectTooLarge,
    S3Objects,
    object_key,
    own_key,
)
from radiant.kit.ids import TenantId

TENANT = TenantId(uuid.UUID("0192d3a0-0000-7000-8000-000000000001"))
OTHER = TenantId(uuid.UUID("0192d3a0-0000-7000-8000-000000000002"))


def _s3(endpoint: str, bucket: str = "radiant") -> S3Objects:
    return S3Objects(
        bucket,
        region="us-east-1",
        endpoint=endpoint,
        access_key_id="testing",
        secret_access_key="testing",
    )


@pytest.fixture(params=["local", "s3"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectStore:
    if request.param == "local":
        return LocalObjects(tmp_path / "objects", secret=b"s" * 32)
    endpoint = request.getfixturevalue("aws_endpoint")
    async with aiohttp.ClientSession() as session, session.put(f"{endpoint}/radiant"):
        return _s3(endpoint)


async def _stream(*chunks: bytes) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


async def _read(store: ObjectStore, key: ObjectKey, **bounds: int) -> bytes:
    return b"".join([chunk async for chunk in await store.get(key, **bounds)])


@pytest.mark.parametrize("size", [0, 1, 300_000, 12_000_000])
async def test_what_is_put_is_got_in_pieces_with_its_length_and_hash(store: ObjectStore, size: int):
    data = os.urandom(size)
    key = object_key(TENANT, "uploads", f"file-{size}")
    pieces = [data[start : start + 70_001] for start in range(0, size, 70_001)]

    stored = await store.put(key, _stream(*pieces), limit=size)

    assert (stored.size, stored.sha256) == (size, hashlib.sha256(data).digest())
    assert await store.size(key) == size
    assert await _read(store, key) == data


async def test_a_part_can_be_got(store: ObjectStore):
    key = object_key(TENANT, "part")
    await store.put(key, _stream(b"0123456789"), limit=10)

    assert await _read(store, key, start=2, end=5) == b"234"
    assert await _read(store, key, start=7) == b"789"


async def test_more_than_the_limit_is_refused_and_nothing_is_kept(store: ObjectStore, tmp_path: Path):
    key = object_key(TENANT, "large")

    with pytest.raises(ObjectTooLarge):
        await store.put(key, _stream(*[b"x" * 1_000_000] * 12), limit=11_000_000)

    assert await store.size(key) is None
    left = [path for path in (tmp_path / "objects").rglob("*") if path.is_file()]
    assert left == []


async def test_an_upload_that_breaks_off_is_not_kept_and_says_why(store: ObjectStore):
    key = object_key(TENANT, "broken")

    async def breaks() -> AsyncIterator[bytes]:
        yield b"x" * 100_000
        raise ConnectionResetError("the client went away")

    with pytest.raises(ConnectionResetError):
        await store.put(key, breaks(), limit=1_000_000)

    assert await store.size(key) is None


async def test_what_is_not_there_is_missing_and_deleting_it_is_no_error(store: ObjectStore):
    key = object_key(TENANT, "nothing")

    assert await store.size(key) is None
    with pytest.raises(ObjectMissing):
        await store.get(key)
    await store.delete(key)


async def test_what_is_deleted_is_gone(store: ObjectStore):
    key = object_key(TENANT, "gone")
    await store.put(key, _stream(b"x"), limit=1)

    await store.delete(key)

    assert await store.size(key) is None


async def test_a_store_out_of_reach_is_one_kind_of_error(unused_tcp_port: int):
    store = S3Objects(
        "radiant",
        region="us-east-1",
        endpoint=f"http://127.0.0.1:{unused_tcp_port}",
        access_key_id="x",
        secret_access_key="x",
    )

    with pytest.raises(ObjectStoreError):
        await store.size(object_key(TENANT, "x"))


async def test_a_link_of_s3_works_without_keys(aws_endpoint: str):
    async with aiohttp.ClientSession() as session:
        await session.put(f"{aws_endpoint}/radiant")
        store = _s3(aws_endpoint)
        key = object_key(TENANT, "linked")
        await store.put(key, _stream(b"by link"), limit=100)

        async with session.get(await store.link("GET", key, timedelta(minutes=5))) as answer:
            assert await answer.read() == b"by link"


@pytest.mark.parametrize(
    "text",
    [
        f"{OTHER}/uploads/x",
        f"{TENANT}",
        f"{TENANT}/",
        f"{TENANT}/../{OTHER}/x",
        f"{TENANT}/..",
        f"{TENANT}/a//b",
        f"/{TENANT}/x",
        f"{TENANT}/a%2fb",
        f"{TENANT}/a\\b",
        f"{TENANT}/.hidden",
        f"{TENANT}/a\nb",
        "",
    ],
)
def test_only_a_plain_name_below_its_own_tenant_is_a_key(text: str):
    with pytest.raises(ObjectMissing):
        own_key(TENANT, text)


def test_a_key_of_ones_own_is_a_key():
    key = object_key(TENANT, "uploads", "a.b-c_d")

    assert own_key(TENANT, key) == key == f"{TENANT}/uploads/a.b-c_d"


@pytest.mark.parametrize("parts", [(), ("..",), ("a/b",), ("",), ("a\0",)])
def test_a_key_cannot_be_made_of_anything_else(parts: tuple[str, ...]):
    with pytest.raises(ValueError, match="plain names"):
        object_key(TENANT, *parts)


class _Links:
    def __init__(self, tmp_path: Path) -> None:
        self.now = 1_000_000.0
        self.store = LocalObjects(tmp_path, secret=b"s" * 32, clock=lambda: self.now)

    async def make(self) -> tuple[str, str, str]:
        url = await self.store.link("GET", object_key(TENANT, "x"), timedelta(seconds=60))
        parts = urlsplit(url)
        query = parse_qs(parts.query)
        return unquote(parts.path).removeprefix("/api/objects/"), query["expires"][0], query["signature"][0]


async def test_a_local_link_serves_its_object_until_it_expires(tmp_path: Path):
    links = _Links(tmp_path)
    key, expires, signature = await links.make()

    assert links.store.check_link("GET", key, expires, signature) == f"{TENANT}/x"
    links.now += 60
    assert links.store.check_link("GET", key, expires, signature)
    links.now += 1
    with pytest.raises(ObjectMissing):
        links.store.check_link("GET", key, expires, signature)


@pytest.mark.parametrize(
    "change",
    [
        lambda m, k, e, s: ("PUT", k, e, s),
        lambda m, k, e, s: (m, k.replace(str(TENANT), str(OTHER)), e, s),
        lambda m, k, e, s: (m, k + "y", e, s),
        lambda m, k, e, s: (m, k, str(int(e) + 1), s),
        lambda m, k, e, s: (m, k, e, s[:-1] + ("0" if s[-1] != "0" else "1")),
        lambda m, k, e, s: (m, k, e, ""),
        lambda m, k, e, s: (m, k, e, "é"),
        lambda m, k, e, s: (m, k, "-1", s),
        lambda m, k, e, s: (m, k, "9" * 400, s),
        lambda m, k, e, s: (m, k, "²", s),
    ],
)
async def test_a_local_link_that_was_changed_serves_nothing(
    tmp_path: Path, change: Callable[[str, str, str, str], tuple[str, str, str, str]]
):
    links = _Links(tmp_path)
    key, expires, signature = await links.make()

    with pytest.raises(ObjectMissing):
        links.store.check_link(*change("GET", key, expires, signature))


async def test_a_link_of_another_installation_serves_nothing(tmp_path: Path):
    links = _Links(tmp_path)
    made = await links.make()
    elsewhere = LocalObjects(tmp_path, secret=b"t" * 32, clock=lambda: links.now)

    with pytest.raises(ObjectMissing):
        elsewhere.check_link("GET", *made)
