"""/api/files over HTTP: whole files and parts of them."""

from typing import Any

import aiohttp
import pytest

from tests.kit.fixtures import Callers
from tests.kit.server import Client

DATA = bytes(range(256)) * 40


@pytest.fixture
async def file(callers: Callers) -> str:
    """The address of ten kilobytes."""
    form = aiohttp.FormData()
    form.add_field("file", DATA, filename="numbers.bin")
    stored = await callers.member.send("POST", "/api/files", data=form)
    assert stored.status == 201, stored.body
    return stored.json()["url"]


async def part(client: Client, url: str, **headers: str) -> Any:
    return await client.send("GET", url, headers=headers)


async def test_a_part_of_a_file_is_sent_alone(callers: Callers, file: str) -> None:
    whole = await callers.member.get(file)
    assert (whole.status, whole.body, whole.headers["Accept-Ranges"]) == (200, DATA, "bytes")
    middle = await part(callers.member, file, Range="bytes=300-999")
    assert (middle.status, middle.body) == (206, DATA[300:1000])
    assert middle.headers["Content-Range"] == "bytes 300-999/10240"
    assert middle.headers["Content-Length"] == "700"
    assert (await part(callers.member, file, Range="bytes=10000-")).body == DATA[10000:]
    assert (await part(callers.member, file, Range="bytes=-40")).body == DATA[-40:]


async def test_a_part_behind_the_end_is_refused_and_says_how_long_the_file_is(callers: Callers, file: str) -> None:
    refused = await part(callers.member, file, Range="bytes=10240-")
    assert (refused.status, refused.headers["Content-Range"]) == (416, "bytes */10240")
    assert refused.json()["type"].endswith("range-not-satisfiable")


async def test_a_part_of_another_file_than_was_begun_is_all_of_this_one(callers: Callers, file: str) -> None:
    tag = (await callers.member.get(file)).headers["ETag"]
    same = await part(callers.member, file, **{"Range": "bytes=0-1", "If-Range": tag})
    assert (same.status, same.body) == (206, DATA[:2])
    other = await part(callers.member, file, **{"Range": "bytes=0-1", "If-Range": '"another"'})
    assert (other.status, other.body) == (200, DATA)


async def test_a_part_is_the_persons_alone_as_the_whole_is(callers: Callers, file: str) -> None:
    assert (await part(callers.foreign_owner, file, Range="bytes=0-1")).status == 404
    assert (await part(callers.nobody, file, Range="bytes=0-1")).status == 401
