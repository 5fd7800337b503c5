"""Our HTTP protocol over loopback: what goes past ASGI, and that it behaves as what goes through it."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn

from radiant.http.direct import protocol_for
from radiant.http.exchange import ClientGone, DirectExchange, lines_of
from radiant.http.middleware import ContentTooLarge

Serve = Callable[[DirectExchange], Awaitable[None]]
LIMIT = 300_000
JSON = b"content-type: application/json\r\n"


async def _asgi(scope: Any, receive: Any, send: Any) -> None:
    """What is not the door's."""
    if scope["type"] != "http":
        return
    body = b"asgi " + scope["method"].encode() + b" " + scope["path"].encode()
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})


async def echo(exchange: DirectExchange) -> None:
    """The body, back again."""
    try:
        body = await exchange.body(LIMIT)
    except ContentTooLarge:
        await exchange.send_whole(413, b"content-length: 0\r\n", b"")
        return
    await exchange.send_whole(200, JSON + b"content-length: %d\r\n" % len(body), body)


@asynccontextmanager
async def serving(serve: Serve, **config: Any) -> AsyncIterator[int]:
    """The port of a server whose door is `serve`."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    server = uvicorn.Server(
        uvicorn.Config(
            _asgi,
            http=protocol_for(serve),
            lifespan="off",
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=2,
            **config,
        )
    )
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined,method-assign]
    task = asyncio.create_task(server.serve([listener]))
    while not server.started:
        await asyncio.sleep(0.005)
    try:
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        await task
        listener.close()


class Peer:
    """A client that says bytes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    def say(self, *pieces: bytes) -> None:
        """Send them at once."""
        self.writer.write(b"".join(pieces))

    async def answer(self) -> tuple[bytes, bytes]:
        """Head and body of the next answer, chunks taken off."""
        async with asyncio.timeout(5):
            head = (await self.reader.readuntil(b"\r\n\r\n")).lower()
            if b"transfer-encoding: chunked" in head:
                pieces: list[bytes] = []
                while size := int(await self.reader.readuntil(b"\r\n"), 16):
                    pieces.append((await self.reader.readexactly(size + 2))[:-2])
                await self.reader.readexactly(2)
                return head, b"".join(pieces)
            length = int(head.split(b"content-length: ")[1].split(b"\r\n")[0])
            return head, await self.reader.readexactly(length)

    async def ended(self) -> bool:
        """Whether the server ends the connection now."""
        async with asyncio.timeout(5):
            return await self.reader.read() == b""


@asynccontextmanager
async def connected(port: int) -> AsyncIterator[Peer]:
    """A connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield Peer(reader, writer)
    finally:
        writer.close()


def post(body: bytes, *, path: bytes = b"/v1/x", more: bytes = b"", version: bytes = b"1.1") -> bytes:
    """A request."""
    head = b"POST %b HTTP/%b\r\nhost: x\r\ncontent-length: %d\r\n%b\r\n" % (path, version, len(body), more)
    return head + body


async def test_a_post_is_answered_and_the_connection_serves_again() -> None:
    async with serving(echo) as port, connected(port) as peer:
        for body in (b"one", b"", b"x" * 200_000):
            peer.say(post(body))
            head, answer = await peer.answer()
            assert head.startswith(b"http/1.1 200 ok\r\n")
            assert b"\r\ndate: " in head
            assert answer == body


async def test_a_body_may_come_in_any_pieces() -> None:
    async with serving(echo) as port, connected(port) as peer:
        for byte in post(b"hello"):
            peer.say(bytes([byte]))
            await asyncio.sleep(0.001)
        assert (await peer.answer())[1] == b"hello"
        peer.say(b"POST /v1/x HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n")
        await asyncio.sleep(0.01)
        peer.say(b"4\r\n yo")
        await asyncio.sleep(0.01)
        peer.say(b"u\r\n0\r\n\r\n")
        assert (await peer.answer())[1] == b"hello you"


@pytest.mark.parametrize(
    "request_",
    [
        b"GET /v1/x HTTP/1.1\r\nhost: x\r\n\r\n",
        post(b"hi", path=b"/api/x"),
        post(b"hi", path=b"/v1/x?a=b"),
        post(b"hi", path=b"/v1/%78"),
        post(b"hi", more=b"cookie: a=b\r\n"),
        post(b"hi", version=b"1.0", more=b"connection: keep-alive\r\n"),
    ],
)
async def test_what_is_no_plain_post_to_the_door_goes_through_asgi(request_: bytes) -> None:
    async with serving(echo) as port, connected(port) as peer:
        peer.say(request_)
        head, body = await peer.answer()
        assert body.startswith(b"asgi ")
        if b"HTTP/1.0" not in request_:
            peer.say(post(b"and then"))
            assert (await peer.answer())[1] == b"and then"
        else:
            assert b"connection: close" in head


async def test_requests_that_come_together_are_answered_in_their_order() -> None:
    async def slow(exchange: DirectExchange) -> None:
        body = await exchange.body(LIMIT)
        await asyncio.sleep(0.03 if body == b"first" else 0)
        await exchange.send_whole(200, b"content-length: %d\r\n" % len(body), body)

    async with serving(slow) as port, connected(port) as peer:
        peer.say(post(b"first"), b"GET /a HTTP/1.1\r\nhost: x\r\n\r\n", post(b"third"), post(b"fourth"))
        assert [(await peer.answer())[1] for _ in range(4)] == [b"first", b"asgi GET /a", b"third", b"fourth"]


async def test_a_client_that_waits_for_100_gets_it_and_may_send() -> None:
    async with serving(echo) as port, connected(port) as peer:
        peer.say(b"POST /v1/x HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\nexpect: 100-continue\r\n\r\n")
        async with asyncio.timeout(5):
            assert await peer.reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        peer.say(b"ok")
        assert (await peer.answer())[1] == b"ok"


async def test_a_body_past_the_limit_is_refused_while_it_comes_and_the_connection_goes_on() -> None:
    async with serving(echo) as port, connected(port) as peer:
        peer.say(post(b"x" * (LIMIT + 200_000)))
        head, _ = await peer.answer()
        assert head.startswith(b"http/1.1 413")
        peer.say(post(b"small"))
        assert (await peer.answer())[1] == b"small"


async def test_a_body_that_nobody_asks_for_is_left_on_the_network() -> None:
    seen: list[int] = []

    async def refuse(exchange: DirectExchange) -> None:
        await asyncio.sleep(0.1)
        seen.append(exchange._size)
        await exchange.send_whole(401, b"content-length: 0\r\n", b"")

    async with serving(refuse) as port, connected(port) as peer:
        peer.say(post(b"x" * 20_000_000))
        head, _ = await peer.answer()
        assert head.startswith(b"http/1.1 401")
        assert seen[0] < 2_000_000


async def test_connection_close_is_heeded() -> None:
    async with serving(echo) as port, connected(port) as peer:
        peer.say(post(b"bye", more=b"connection: close\r\n"))
        head, body = await peer.answer()
        assert b"connection: close" in head
        assert body == b"bye"
        assert await peer.ended()


async def test_an_idle_connection_is_ended_and_a_busy_one_is_not() -> None:
    async def slow(exchange: DirectExchange) -> None:
        await exchange.body(LIMIT)
        await asyncio.sleep(1.5)
        await exchange.send_whole(200, b"content-length: 4\r\n", b"late")

    async with serving(slow, timeout_keep_alive=1) as port, connected(port) as peer:
        peer.say(post(b"x"))
        assert (await peer.answer())[1] == b"late"
        peer.say(post(b"again"))
        assert (await peer.answer())[1] == b"late"
        began = asyncio.get_running_loop().time()
        assert await peer.ended()
        assert 0.9 < asyncio.get_running_loop().time() - began < 2


async def test_pieces_come_as_chunks_and_the_head_does_not_wait_for_them() -> None:
    go = asyncio.Event()

    async def stream(exchange: DirectExchange) -> None:
        await exchange.body(LIMIT)
        await exchange.begin(200, b"content-type: text/event-stream\r\n")
        await go.wait()
        assert exchange.send_now(b"one ")
        assert exchange.send_chunk_now(b"4\r\ntwo \r\n")
        await exchange.send(b"")
        await exchange.send(b"three")
        await exchange.end(b".")

    async with serving(stream) as port, connected(port) as peer:
        peer.say(post(b""))
        async with asyncio.timeout(5):
            head = await peer.reader.readuntil(b"\r\n\r\n")
        assert b"transfer-encoding: chunked" in head
        go.set()
        async with asyncio.timeout(5):
            rest = await peer.reader.readuntil(b"0\r\n\r\n")
        assert rest == b"4\r\none \r\n4\r\ntwo \r\n5\r\nthree\r\n1\r\n.\r\n0\r\n\r\n"
        peer.say(post(b""))
        assert (await peer.answer())[1] == b"one two three."


async def test_a_client_that_reads_slowly_holds_the_door_back() -> None:
    behind = asyncio.Event()

    async def flood(exchange: DirectExchange) -> None:
        await exchange.body(LIMIT)
        await exchange.begin(200, b"")
        sent = 0
        while sent < 30_000_000:
            if not exchange.send_now(b"x" * 100_000):
                behind.set()
                await exchange.send(b"x" * 100_000)
            sent += 100_000
        await exchange.end(b"")

    async with serving(flood) as port, connected(port) as peer:
        peer.say(post(b""))
        async with asyncio.timeout(5):
            await behind.wait()
        async with asyncio.timeout(20):
            _, body = await peer.answer()
        assert len(body) == 30_000_000


async def test_a_client_that_goes_away_is_noticed_in_the_body_and_in_the_answer() -> None:
    noticed: asyncio.Queue[str] = asyncio.Queue()

    async def serve(exchange: DirectExchange) -> None:
        try:
            await exchange.body(LIMIT)
        except ClientGone:
            noticed.put_nowait("body")
            return
        gone = asyncio.Event()
        exchange.on_gone = gone.set
        exchange.watch()
        await exchange.begin(200, b"")
        await exchange.send(b"some")
        await gone.wait()
        assert exchange.gone
        # Whatever is said now goes nowhere, and breaks nothing.
        assert exchange.send_now(b"more")
        await exchange.send(b"more")
        await exchange.end(b"")
        noticed.put_nowait("answer")

    async with serving(serve) as port:
        async with connected(port) as peer:
            peer.say(post(b"whole")[:-2])
            await asyncio.sleep(0.05)
        async with asyncio.timeout(5):
            assert await noticed.get() == "body"
        async with connected(port) as peer:
            peer.say(post(b"whole"))
            async with asyncio.timeout(5):
                await peer.reader.readuntil(b"some")
        async with asyncio.timeout(5):
            assert await noticed.get() == "answer"


async def test_whoever_waited_behind_another_is_told_that_the_client_went_away() -> None:
    gone = asyncio.Event()

    async def serve(exchange: DirectExchange) -> None:
        body = await exchange.body(LIMIT)
        if body == b"b":
            exchange.on_gone = gone.set
            exchange.watch()
            await gone.wait()
            return
        await asyncio.sleep(0.1)
        await exchange.send_whole(200, b"content-length: 1\r\n", body)

    async with serving(serve) as port:
        async with connected(port) as peer:
            peer.say(post(b"a"), post(b"b"))
            await asyncio.sleep(0.02)
        async with asyncio.timeout(5):
            await gone.wait()


async def test_a_bug_before_the_answer_is_a_500_and_in_the_answer_a_cut_connection() -> None:
    async def before(exchange: DirectExchange) -> None:
        raise RuntimeError("the password is hunter2")

    async def within(exchange: DirectExchange) -> None:
        await exchange.begin(200, b"")
        await exchange.send(b"half")
        raise RuntimeError("boom")

    async def never(exchange: DirectExchange) -> None:
        await exchange.body(LIMIT)

    async with serving(before) as port, connected(port) as peer:
        peer.say(post(b"x"))
        head, body = await peer.answer()
        assert head.startswith(b"http/1.1 500")
        assert b"hunter2" not in head + body
        assert await peer.ended()
    async with serving(within) as port, connected(port) as peer:
        peer.say(post(b"x"))
        async with asyncio.timeout(5):
            assert (await peer.reader.read()).endswith(b"4\r\nhalf\r\n")
    async with serving(never) as port, connected(port) as peer:
        peer.say(post(b"x"))
        assert await peer.ended()


@pytest.mark.parametrize("value", ["a\r\nset-cookie: x=y", "a\nb", "a\rb", "a\0b", "a\x7f"])
async def test_a_header_cannot_smuggle_another(value: str) -> None:
    async def serve(exchange: DirectExchange) -> None:
        head = "content-length: 0\r\n" + lines_of({"x-model": value})
        await exchange.send_whole(200, head.encode(), b"")

    async with serving(serve) as port, connected(port) as peer:
        peer.say(post(b"x"))
        head, _ = await peer.answer()
        assert head.startswith(b"http/1.1 500")


async def test_bytes_that_are_no_http_are_a_400() -> None:
    async with serving(echo) as port, connected(port) as peer:
        peer.say(b"POST /v1/x HTTP/1.1\r\nhost x\r\n\r\n")
        head, _ = await peer.answer()
        assert head.startswith(b"http/1.1 400")


async def test_a_server_that_stops_lets_the_answer_under_way_end() -> None:
    async def slow(exchange: DirectExchange) -> None:
        await exchange.body(LIMIT)
        await asyncio.sleep(0.2)
        await exchange.send_whole(200, b"content-length: 4\r\n", b"done")

    async with asyncio.timeout(10):
        async with serving(slow) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            peer = Peer(reader, writer)
            peer.say(post(b"x"))
            await asyncio.sleep(0.05)
        head, body = await peer.answer()
        assert body == b"done"
        assert b"connection: close" in head
        writer.close()
