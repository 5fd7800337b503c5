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


@settings(max_examples=25, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 3000), min_size=1, max_size=20), refused=st.integers(1, 5),
    first=st.sampled_from([HEAD, HEAD[:20], b"HTTP/1.1 103 Early Hints\r\nX: y\r\n\r\n" + HEAD]),
)  # fmt: skip
def test_chunks_that_flow_with_their_frames_are_the_same_body(sizes: list[int], refused: int, first: bytes) -> None:
    pieces = [bytes([65 + place % 26]) * size for place, size in enumerate(sizes)]

    async def handle(peer: Peer) -> None:
        for _ in range(2):
            await peer.request()
            rest = HEAD[20:] if first == HEAD[:20] else b""
            await peer.say(first, rest + framed(pieces[0]), *map(framed, pieces[1:]), LAST, gap=0.0005)

    async def run() -> None:
        async with HttpClient() as http, raw_server(handle) as server:
            for _ in range(2):
                response = await http.request("POST", server.url(), body=b"", allow_private=True, framed=True)
                got: list[bytes] = []
                seen = 0

                def sink(piece: bytes, got: list[bytes] = got) -> bool:
                    got.append(piece)
                    return True

                def frames(chunk: bytes, begin: int, got: list[bytes] = got) -> bool:
                    nonlocal seen
                    seen += 1
                    if seen % refused == 0:
                        return False
                    assert len(chunk) == begin + int(chunk[: begin - 2], 16) + 2
                    got.append(chunk[begin:-2])
                    return True

                while True:
                    await response.flow(sink, 2.0, None, frames)
                    piece = await response.chunk(2.0)
                    if not piece:
                        break
                    got.append(piece)
                assert b"".join(got) == b"".join(pieces)
            # Kept in between, so it was read to its very end.
            assert server.connections == 1

    asyncio.run(run())


async def test_a_body_without_chunks_flows_though_frames_were_asked_for(http: HttpClient) -> None:
    async def handle(peer: Peer) -> None:
        await peer.request()
        await peer.say(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello", b"world", gap=0.01)
        await peer.request()
        await peer.say(b"HTTP/1.1 204 No Content\r\n\r\n")

    async with raw_server(handle) as server:
        response = await http.request("POST", server.url(), body=b"", allow_private=True, framed=True)
        got = [await response.chunk(2.0)]
        await response.flow(lambda piece: got.append(piece) is None, 2.0, None, lambda *_: True)
        got.append(await response.chunk(2.0))
        assert b"".join(got) == b"helloworld"
        empty = await http.request("POST", server.url(), body=b"", allow_private=True, framed=True)
        assert (empty.status, await empty.chunk(2.0)) == (204, b"")
        assert server.connections == 1


async def test_a_chunk_that_is_none_breaks_the_flow(http: HttpClient) -> None:
    async def handle(peer: Peer) -> None:
        await peer.request()
        await peer.say(HEAD + framed(b"one"), framed(b"two"), b"3\r\nthree\r\n", gap=0.01)

    async with raw_server(handle) as server:
        response = await http.request("POST", server.url(), body=b"", allow_private=True, framed=True)
        got: list[bytes] = []
        await response.flow(lambda piece: got.append(piece) is None, 2.0, None, lambda c, _: got.append(c) is None)
        with pytest.raises(HttpError):
            while await response.chunk(2.0):
                pass


async def test_a_sink_that_wants_no_more_is_given_no_more_and_what_follows_keeps_its_order(http: HttpClient) -> None:
    """More may be read from the network before whoever waits wakes up."""

    async def handle(peer: Peer) -> None:
        await peer.request()
        await peer.say(HEAD + framed(b"zero"))
        await asyncio.sleep(5)

    async with raw_server(handle) as server:
        response = await http.request("POST", server.url(), body=b"", allow_private=True, framed=True)
        assert await response.chunk(2.0) == b"zero"
        link = response._holder
        assert link is not None
        got: list[bytes] = []

        def sink(piece: bytes) -> bool:
            got.append(piece)
            return piece != b"two"

        def frames(chunk: bytes, begin: int) -> bool:
            if b"two" in chunk:
                return False
            got.append(chunk[begin:-2])
            return True

        flowing = asyncio.create_task(response.flow(sink, 2.0, None, frames))
        await asyncio.sleep(0)
        for word in (b"one", b"two", b"three", b"four"):
            link.data_received(framed(word))  # type: ignore[attr-defined]
        await flowing
        assert got == [b"one", b"two"]
        assert await response.chunk(2.0) == b"threefour"
        response.close()
