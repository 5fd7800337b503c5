"""The HTTP client against servers that are slow, wrong, hostile or gone, and callers that change their mind."""

import asyncio
import itertools
import random
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from radiant.infra.http1.link import Link
from radiant.infra.http1.response import MAX_HEAD
from radiant.infra.httpclient import BadHttp, CutConnection, HttpClient, HttpError, Response, Silent
from tests.kit.raw_server import Peer, RawServer, end, raw_server, saying, stay

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.fixture
async def http() -> AsyncIterator[HttpClient]:
    async with HttpClient(connect_timeout=2.0) as client:
        yield client


async def ask(http: HttpClient, server: RawServer, method: str = "GET", **more: Any) -> Response:
    more.setdefault("first", 2.0)
    return await http.request(method, server.url(), allow_private=True, **more)


# --- timeouts -----------------------------------------------------------------------------------------


async def test_a_head_that_trickles_is_given_up_when_its_time_is_over(http: HttpClient):
    async with raw_server(saying(*(bytes([byte]) for byte in OK * 9), gap=0.05)) as server:
        with pytest.raises(Silent) as caught:
            await ask(http, server, first=0.2)
        assert not caught.value.begun
        await server.all_gone()
        assert http.open == 0


async def test_a_body_that_pauses_is_silence_and_may_be_read_on(http: HttpClient):
    async with raw_server(saying(OK[:-2], b"lo", gap=0.2)) as server:
        response = await ask(http, server)
        assert await response.chunk(1.0) == b"hel"
        with pytest.raises(Silent) as caught:
            await response.chunk(0.05)
        assert caught.value.begun
        assert await response.chunk(1.0) == b"lo"
        assert await response.chunk(1.0) == b""
        assert http.idle == 1


async def test_silence_counts_from_the_last_byte_and_until_counts_from_none(http: HttpClient):
    slow = saying(OK[:-5], b"h", b"e", b"l", b"l", b"o", gap=0.08)
    async with raw_server(slow) as server:
        assert await (await ask(http, server)).read(9, idle=0.2) == b"hello"
        response = await ask(http, server)
        loop = asyncio.get_running_loop()
        with pytest.raises(Silent):
            await response.read(9, idle=0.2, until=loop.time() + 0.15)
        response.close()


def _timers() -> int:
    """How many the loop holds for connections of ours; others come and go meanwhile."""
    scheduled: list[Any] = getattr(asyncio.get_running_loop(), "_scheduled", [])
    return sum(isinstance(getattr(timer._callback, "__self__", None), Link) for timer in scheduled)


async def test_waiting_again_and_again_leaves_one_timer(http: HttpClient):
    async with raw_server(saying(CHUNKED, *[b"1\r\nx\r\n"] * 50, b"0\r\n\r\n", gap=0.002)) as server:
        before = _timers()
        response = await ask(http, server, first=5.0)
        body = b""
        while piece := await response.chunk(5.0):
            body += piece
            assert _timers() <= before + 4
        assert body == b"x" * 50


# --- what is not HTTP ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "answer",
    [
        b"SSH-2.0-OpenSSH\r\n",
        b"\x16\x03\x01" * 9,
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/3.7 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX Y: 1\r\n\r\n",
        b"HTTP/1.1 101 Switching\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"".join(b"X-%d: 1\r\n" % number for number in range(201)) + b"\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * (MAX_HEAD + 1),
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * (MAX_HEAD + 1) + b"\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" * 5000,
    ],
)
async def test_what_is_not_http_or_out_of_bounds_is_refused(http: HttpClient, answer: bytes):
    async with raw_server(saying(answer, after=stay)) as server:
        with pytest.raises(BadHttp) as caught:
            await ask(http, server)
        assert not caught.value.begun
        await server.all_gone()
        assert http.open == 0


@pytest.mark.parametrize(
    "rest",
    [
        b"zz\r\n",
        b"fffffffffffffffff\r\n",
        b"1;" + b"x" * 2 * MAX_HEAD,
        b"0\r\nX: " + b"x" * 2 * MAX_HEAD,
        b"2\r\nabcd\r\n",
    ],
)
async def test_a_body_that_breaks_its_framing_is_refused_after_what_was_good(http: HttpClient, rest: bytes):
    async with raw_server(saying(CHUNKED + b"2\r\nok\r\n", rest, gap=0.03, after=stay)) as server:
        response = await ask(http, server)
        assert await response.chunk(1.0) == b"ok"
        with pytest.raises(BadHttp) as caught:
            while await response.chunk(1.0):
                pass
        assert caught.value.begun
        await server.all_gone()


@pytest.mark.parametrize("reset", [False, True])
@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 2", OK[:-1], CHUNKED + b"9\r\nabc"])
async def test_a_connection_cut_early_is_never_a_whole_answer(http: HttpClient, said: bytes, reset: bool):
    async def cut(peer: Peer) -> None:
        if reset:
            peer.reset()

    async with raw_server(saying(said, gap=0.02, after=cut)) as server:
        with pytest.raises(CutConnection) as caught:
            await (await ask(http, server)).read(100, 1.0)
        assert caught.value.begun == (b"\r\n\r\n" in said)
        assert http.open == 0


async def test_a_reader_that_stalls_bounds_what_an_endless_body_takes(http: HttpClient):
    sent = 0

    async def flood(peer: Peer) -> None:
        nonlocal sent
        await peer.request()
        peer.writer.write(CHUNKED)
        piece = b"10000\r\n" + b"x" * 65536 + b"\r\n"
        while True:
            peer.writer.write(piece)
            await peer.writer.drain()
            sent += 65536

    async with raw_server(flood) as server:
        response = await ask(http, server)
        tracemalloc.start()
        await asyncio.sleep(0.3)
        stalled_at = sent
        await asyncio.sleep(0.2)
        assert sent == stalled_at
        assert tracemalloc.get_traced_memory()[0] < 8 * 2**20
        tracemalloc.stop()
        assert response.unread < 2**20
        # It goes on as soon as somebody reads.
        for _ in range(40):
            assert set(await response.chunk(1.0)) == {ord("x")}
        assert sent > stalled_at
        response.close()
        await server.all_gone()


# --- any cut, any split -------------------------------------------------------------------------------

ANSWERS = {
    "length": b"HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nContent-Length: 11\r\n\r\nhello world",
    "chunked": CHUNKED + b"5;x=y\r\nhello\r\n1\r\n \r\n5\r\nworld\r\n0\r\nX-Trailer: 1\r\n\r\n",
    "continued": b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nhello world",
    "until close": b"HTTP/1.1 200 OK\r\n\r\nhello world",
}
# A loopback server for each example: slow for hypothesis' taste.
FUZZ = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)


def _run(check: Callable[[], Awaitable[None]]) -> None:
    with asyncio.Runner() as runner:
        runner.run(check())  # type: ignore[arg-type]


def _pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    places = [0, *sorted({cut % len(data) for cut in cuts}), len(data)]
    return [data[start:stop] for start, stop in itertools.pairwise(places) if start < stop]


@pytest.mark.parametrize("kind", ANSWERS)
@FUZZ
@given(cuts=st.lists(st.integers(0, 300), max_size=12))
def test_any_split_of_an_answer_reads_the_same(kind: str, cuts: list[int]):
    async def check() -> None:
        after = end if kind == "until close" else None
        handler = saying(*_pieces(ANSWERS[kind], cuts), after=after)
        async with raw_server(handler) as server, HttpClient() as http:
            response = await ask(http, server)
            assert await response.read(100, 1.0) == b"hello world"
            assert "x-trailer" not in response.headers
            assert http.open == (0 if kind == "until close" else 1)

    _run(check)


@pytest.mark.parametrize("kind", ["length", "chunked", "continued"])
def test_an_answer_cut_at_any_byte_is_a_typed_failure(kind: str):
    async def check() -> None:
        answer = ANSWERS[kind]
        for place in range(len(answer)):
            async with raw_server(saying(answer[:place], after=end)) as server, HttpClient() as http:
                with pytest.raises(CutConnection):
                    await (await ask(http, server)).read(100, 1.0)
                assert http.open == 0

    _run(check)


@FUZZ
@given(
    place=st.integers(0, 200),
    junk=st.binary(min_size=1, max_size=30),
    kind=st.sampled_from(sorted(ANSWERS)),
    cuts=st.lists(st.integers(0, 300), max_size=3),
)
def test_any_damage_gives_an_answer_or_a_typed_failure_and_leaks_nothing(
    place: int, junk: bytes, kind: str, cuts: list[int]
):
    async def check() -> None:
        answer = ANSWERS[kind]
        place_in = place % len(answer)
        damaged = answer[:place_in] + junk + answer[place_in + len(junk) :]
        async with raw_server(saying(*_pieces(damaged, cuts), after=end)) as server, HttpClient() as http:
            try:
                response = await ask(http, server)
                assert response.status >= 200
                await response.read(1000, 1.0)
            except HttpError:
                pass
            await server.all_gone()
            await asyncio.sleep(0.01)
            assert http.open == 0

    _run(check)


# --- cancelling ---------------------------------------------------------------------------------------


async def _whole(http: HttpClient, server: RawServer, method: str, body: bytes | None) -> bytes:
    response = await ask(http, server, method, body=body)
    try:
        read = b""
        while piece := await response.chunk(2.0):
            read += piece
        return read
    finally:
        response.close()


@pytest.mark.parametrize("body", [None, b"x" * 2_000_000])
async def test_a_call_cancelled_at_any_step_leaves_nothing_and_harms_no_other(http: HttpClient, body: bytes | None):
    method = "GET" if body is None else "POST"
    pieces = [OK[:10], OK[10:-3], OK[-3:]]
    async with raw_server(saying(*pieces)) as server:
        for steps in range(60):
            task = asyncio.create_task(_whole(http, server, method, body))
            for _ in range(steps):
                await asyncio.sleep(0)
            task.cancel()
            result = (await asyncio.gather(task, return_exceptions=True))[0]
            assert result == b"hello" or isinstance(result, asyncio.CancelledError)
            assert await _whole(http, server, "GET", None) == b"hello"
        await asyncio.sleep(0.05)
        assert http.open == http.idle == server.open


@pytest.mark.parametrize("after", [0.0, 0.01, 0.05, 0.09])
async def test_cancelling_while_the_head_or_a_piece_is_awaited_cuts_at_once(http: HttpClient, after: float):
    async with raw_server(saying(b"", OK[:-3], gap=0.04, after=stay)) as server:
        task = asyncio.create_task(_whole(http, server, "POST", b"{}"))
        await asyncio.sleep(after)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await server.all_gone(1.0)
        assert http.open == 0


async def test_a_thousand_calls_at_64_with_random_cancels_leak_no_connection(http: HttpClient):
    dice = random.Random(7)

    async def moody(peer: Peer) -> None:
        while await peer.request():
            await peer.say(CHUNKED)
            for _ in range(dice.randrange(3)):
                await peer.say(b"5\r\nhello\r\n", gap=dice.random() * 0.004)
            if dice.random() < 0.1:
                return
            await peer.say(b"0\r\n\r\n")

    async with raw_server(moody) as server:
        ended: dict[str, int] = {}

        async def worker() -> None:
            for _ in range(16):
                task = asyncio.create_task(_whole(http, server, "POST", b"{}"))
                if dice.random() < 0.4:
                    await asyncio.sleep(dice.random() * 0.01)
                    task.cancel()
                result = (await asyncio.gather(task, return_exceptions=True))[0]
                ended[type(result).__name__] = ended.get(type(result).__name__, 0) + 1
                if isinstance(result, bytes):
                    assert result in (b"", b"hello", b"hellohello")

        await asyncio.gather(*(worker() for _ in range(64)))
        assert sum(ended.values()) == 1024
        assert set(ended) <= {"bytes", "CancelledError", "CutConnection"}
        assert ended["bytes"] > 200
        assert ended["CancelledError"] > 20
        await asyncio.sleep(0.1)
        assert http.open == http.idle == server.open
        await http.close()
        await server.all_gone()
        assert http.open == 0
