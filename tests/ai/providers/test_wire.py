"""The calls under every protocol: a response opened, its pieces, and each failure of the client typed."""

import asyncio
from contextlib import aclosing
from dataclasses import replace

import pytest

from radiant.ai.providers.errors import (
    CutStream,
    MalformedStream,
    UpstreamBadRequest,
    UpstreamError,
    UpstreamOverloaded,
    UpstreamTimeout,
    UpstreamUnreachable,
)
from radiant.ai.providers.provider import Connection, Timeouts
from radiant.ai.providers.wire import Deadline, call_bytes, call_json, next_chunk, open_response
from radiant.infra.httpclient import HttpClient
from tests.kit.raw_server import RawServer, end, raw_server, saying, stay

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
JSON = b'HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n{"a": 1}'
QUICK = Timeouts(connect=1.0, first=0.3, idle=0.3)


def to(server: RawServer, timeouts: Timeouts = QUICK) -> Connection:
    return Connection("acme", server.url(""), timeouts=timeouts, allow_private=True)


async def pieces_of(http: HttpClient, connection: Connection, total: float | None = None) -> list[bytes]:
    deadline = Deadline(total)
    async with aclosing(call_bytes(http, "/x", connection, {}, b"{}", deadline)) as pieces:
        return [piece async for piece in pieces]


async def test_bytes_come_as_they_were_sent_and_the_connection_is_kept(http: HttpClient):
    handler = saying(HEAD, b"2\r\n\x00\xff\r\n", b"3\r\nabc\r\n", b"0\r\n\r\n", gap=0.02)
    async with raw_server(handler) as server:
        assert await pieces_of(http, to(server)) == [b"\x00\xff", b"abc"]
        assert http.idle == 1


async def test_leaving_the_block_or_the_generator_early_cuts_the_connection_at_once(http: HttpClient):
    async with raw_server(saying(HEAD, b"2\r\nab\r\n", after=stay)) as server:
        connection, deadline = to(server), Deadline(None)
        async with open_response(http, "POST", "/x", connection, {}, b"{}", deadline) as response:
            assert await next_chunk(response, connection, deadline) == b"ab"
        await server.all_gone(1.0)
        async with aclosing(call_bytes(http, "/x", connection, {}, b"{}", deadline)) as pieces:
            async for _ in pieces:
                break
        await server.all_gone(1.0)
        assert http.open == 0


async def test_a_stream_that_is_finished_leaves_its_connection_to_the_next(http: HttpClient):
    async with raw_server(saying(HEAD, b"2\r\nab\r\n", b"0\r\n\r\n", gap=0.03)) as server:
        connection, deadline = to(server), Deadline(None)
        async with open_response(http, "POST", "/x", connection, {}, b"{}", deadline) as response:
            assert await next_chunk(response, connection, deadline) == b"ab"
            response.finish()
        await asyncio.sleep(0.1)
        assert (http.idle, server.connections) == (1, 1)


@pytest.mark.parametrize(
    ("answer", "expected", "words"),
    [
        (HEAD + b"5\r\nab", CutStream, "in mid-answer"),
        (HEAD + b"zz\r\n", MalformedStream, "not answer in HTTP"),
        (b"hello\r\n\r\n", MalformedStream, "not answer in HTTP"),
        (b"HTTP", UpstreamUnreachable, "cut the connection"),
        (b"HTTP/1.1 503 Busy\r\nContent-Length: 2\r\n\r\n{}", UpstreamOverloaded, "too much to do"),
        (b"HTTP/1.1 503 Busy\r\nContent-Length: 200\r\n\r\n{}", UpstreamOverloaded, "too much to do"),
        (b"HTTP/1.1 503 Busy\r\nContent-Encoding: br\r\nContent-Length: 2\r\n\r\n{}", UpstreamOverloaded, "too much"),
    ],
)
async def test_each_way_to_answer_wrongly_is_typed(
    http: HttpClient, answer: bytes, expected: type[UpstreamError], words: str
):
    async with raw_server(saying(answer, after=end)) as server:
        with pytest.raises(UpstreamError) as caught:
            await pieces_of(http, to(server))
        assert type(caught.value) is expected
        assert words in caught.value.detail
        await server.all_gone()
        await asyncio.sleep(0.01)
        assert http.open == 0


async def test_silence_is_typed_by_where_it_fell_and_by_whose_time_was_over(http: HttpClient):
    async with raw_server(saying(b"", after=stay)) as mute, raw_server(saying(HEAD, after=stay)) as begun:
        with pytest.raises(UpstreamTimeout, match="before it began"):
            await pieces_of(http, to(mute))
        with pytest.raises(UpstreamTimeout, match="in mid-answer"):
            await pieces_of(http, to(begun))
        for server in (mute, begun):
            with pytest.raises(UpstreamTimeout, match="time allowed"):
                await pieces_of(http, to(server), total=0.1)


async def test_a_flood_does_not_outrun_the_deadline(http: HttpClient):
    async with raw_server(saying(HEAD, *[b"2\r\nab\r\n"] * 200, gap=0.005)) as server:
        with pytest.raises(UpstreamTimeout, match="time allowed"):
            await pieces_of(http, to(server), total=0.2)


async def test_a_failure_of_the_client_inside_the_block_is_typed_too(http: HttpClient):
    async with raw_server(saying(JSON)) as server:
        with pytest.raises(MalformedStream, match="more than 3 bytes"):
            async with open_response(http, "GET", "/x", to(server), {}, None, Deadline(None)) as response:
                await response.read(3)


async def test_a_key_that_no_header_can_hold_is_refused_without_being_told(http: HttpClient):
    async with raw_server(saying(JSON)) as server:
        connection = replace(to(server), headers={"X-Key": "sk-1\r\nX-Evil: 1"})
        with pytest.raises(UpstreamBadRequest) as caught:
            await call_json(http, "GET", "/x", connection, {}, None, dict[str, int], Deadline(None))
        assert "sk-1" not in caught.value.detail
        assert server.connections == 0


async def test_json_is_read_and_an_empty_answer_is_a_cut_one(http: HttpClient):
    async with raw_server(saying(JSON)) as server, raw_server(saying(HEAD + b"0\r\n\r\n")) as empty:
        assert await call_json(http, "GET", "/x", to(server), {}, None, dict[str, int], Deadline(None)) == {"a": 1}
        with pytest.raises(CutStream, match="nothing"):
            await call_json(http, "GET", "/x", to(empty), {}, None, dict[str, int], Deadline(None))
