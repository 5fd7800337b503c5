"""A body that flows into a function as it arrives: nothing is lost at the beginning, at a halt, at the end."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from radiant.infra.httpclient import HttpClient, HttpError, Response, Silent
from tests.kit.raw_server import Peer, raw_server

HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
LAST = b"0\r\n\r\n"


def framed(piece: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(piece), piece)


@pytest.fixture
async def http() -> AsyncIterator[HttpClient]:
    async with HttpClient(connect_timeout=2.0) as client:
        yield client


async def whole(response: Response, halts: list[int], idle: float = 2.0) -> bytes:
    """The body through `flow`, which is halted after so many pieces, again and again."""
    got: list[bytes] = []
    left = list(halts)

    def sink(piece: bytes) -> bool:
        got.append(piece)
        if not left:
            return True
        left[0] -= 1
        if left[0] <= 0:
            left.pop(0)
            return False
        return True

    while True:
        await response.flow(sink, idle)
        piece = await response.chunk(idle)
        if not piece:
            return b"".join(got)
        got.append(piece)


@settings(max_examples=25, deadline=None)
@given(sizes=st.lists(st.integers(1, 3000), min_size=1, max_size=20), halts=st.lists(st.integers(1, 4), max_size=4))
def test_what_flows_is_the_whole_body_however_often_it_is_halted(sizes: list[int], halts: list[int]) -> None:
    pieces = [bytes([65 + place % 26]) * size for place, size in enumerate(sizes)]

    async def handle(peer: Peer) -> None:
        await peer.request()
        await peer.say(HEAD + framed(pieces[0]), *map(framed, pieces[1:]), LAST, gap=0.0005)

    async def run() -> None:
        async with HttpClient() as http, raw_server(handle) as server:
            response = await http.request("GET", server.url(), allow_private=True)
            assert await whole(response, halts) == b"".join(pieces)
            assert (response.complete, http.idle) == (True, 1)

    asyncio.run(run())


async def test_a_cut_is_raised_after_what_came_before_it(http: HttpClient) -> None:
    async def handle(peer: Peer) -> None:
        await peer.request()
        await peer.say(HEAD + framed(b"one"), framed(b"two"), gap=0.02)
        peer.writer.close()

    got: list[bytes] = []
    async with raw_server(handle) as server:
        response = await http.request("GET", server.url(), allow_private=True)
        got.append(await response.chunk(2.0))
        await response.flow(lambda piece: got.append(piece) is None, 2.0)
        with pytest.raises(HttpError):
            await response.chunk(2.0)
    assert b"".join(got) == b"onetwo"


async def test_a_silence_is_raised_and_a_close_from_outside_ends_it(http: HttpClient) -> None:
    async def handle(peer: Peer) -> None:
        await peer.request()
        await peer.say(HEAD + framed(b"one"))
        await asyncio.sleep(5)

    async with raw_server(handle) as server:
        response = await http.request("GET", server.url(), allow_private=True)
        assert await response.chunk(2.0) == b"one"
        with pytest.raises(Silent):
            await response.flow(lambda _: True, 0.05)
        response.close()
        response = await http.request("GET", server.url(), allow_private=True)
        assert await response.chunk(2.0) == b"one"
        asyncio.get_running_loop().call_later(0.05, response.close)
        await response.flow(lambda _: True, 2.0)
        with pytest.raises(HttpError):
            await response.chunk(2.0)
