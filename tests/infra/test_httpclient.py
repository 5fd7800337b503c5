"""The HTTP client over loopback: what it sends, what it reads, which connections it keeps."""

import asyncio
import contextlib
import gzip
import socket
import threading
import time
import zlib
from collections.abc import AsyncIterator
from typing import Any

import pytest

from radiant.infra.http1.addresses import Resolver
from radiant.infra.httpclient import (
    AddressBlocked,
    BadHttp,
    BodyTooLarge,
    ConnectFailed,
    ConnectTimeout,
    HttpClient,
    HttpError,
    NotSendable,
    Response,
)
from tests.kit.raw_server import Peer, RawServer, end, raw_server, saying, stay

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-One: 1\r\n\r\nhello"


@pytest.fixture
async def http() -> AsyncIterator[HttpClient]:
    async with HttpClient(connect_timeout=2.0) as client:
        yield client


async def ask(http: HttpClient, server: RawServer, method: str = "GET", path: str = "/", **more: Any) -> Response:
    more.setdefault("first", 2.0)
    return await http.request(method, server.url(path), allow_private=True, **more)


async def body_of(http: HttpClient, server: RawServer, method: str = "GET", **more: Any) -> bytes:
    return await (await ask(http, server, method, **more)).read(2**20, 2.0)


async def test_a_request_says_what_it_must_and_a_response_is_read(http: HttpClient):
    heard: list[bytes] = []

    async def handle(peer: Peer) -> None:
        heard.append(await peer.request())
        await peer.say(OK)

    async with raw_server(handle) as server:
        response = await ask(http, server, "POST", "/v1/x?y=1", headers={"X-Key": "k"}, body=b"{}")
        assert (response.status, response.headers["x-one"]) == (200, "1")
        assert await response.read(100) == b"hello"
        assert await response.chunk() == b""
    head = (
        b"POST /v1/x?y=1 HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nX-Key: k\r\nUser-Agent: radiant\r\n"
        b"Accept-Encoding: identity\r\nAccept: */*\r\nContent-Length: 2\r\n\r\n{}"
    )
    assert heard == [head % server.port]


async def test_a_connection_serves_again_and_the_newest_is_taken_first(http: HttpClient):
    async with raw_server(saying(OK)) as server:
        for _ in range(5):
            assert await body_of(http, server) == b"hello"
        assert (server.connections, http.idle, http.open) == (1, 1, 1)
        await asyncio.gather(*(body_of(http, server) for _ in range(4)))
        assert (server.connections, http.idle) == (4, 4)


async def test_without_keep_alive_each_request_has_its_own_connection(http: HttpClient):
    async with raw_server(saying(OK)) as server:
        for _ in range(3):
            await body_of(http, server, keep_alive=False)
        assert (server.connections, http.idle, http.open) == (3, 0, 0)
        await server.all_gone()


async def test_private_and_public_connections_are_never_shared(http: HttpClient):
    async with raw_server(saying(OK)) as server:
        await body_of(http, server)
        with pytest.raises(AddressBlocked):
            await http.request("GET", server.url())
        assert server.connections == 1


async def test_old_connections_are_closed_and_no_more_are_kept_than_allowed():
    async with raw_server(saying(OK)) as server, HttpClient(keepalive=0.1, idle_limit=2) as http:
        await asyncio.gather(*(body_of(http, server) for _ in range(5)))
        assert http.idle <= 2
        await server.all_gone()
        assert http.open == 0


async def test_a_connection_that_the_server_closed_is_not_used_again(http: HttpClient):
    async with raw_server(saying(OK, after=end)) as server:
        for _ in range(3):
            await body_of(http, server)
            await server.all_gone()
            await asyncio.sleep(0.02)
            assert http.idle == 0
        assert server.connections == 3


async def test_bytes_that_nobody_asked_for_end_a_kept_connection(http: HttpClient):
    async with raw_server(saying(OK, b"HTTP/1.1 408 Timeout\r\n\r\n", gap=0.05)) as server:
        await body_of(http, server)
        await asyncio.sleep(0.1)
        assert (http.idle, http.open) == (0, 0)


async def test_a_second_response_behind_the_first_is_never_anybodys_answer(http: HttpClient):
    evil = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nX-One: 2\r\n\r\nevil"
    async with raw_server(saying(OK + evil)) as server:
        for _ in range(3):
            response = await ask(http, server)
            assert (await response.read(100), response.headers["x-one"]) == (b"hello", "1")
        assert server.connections == 3


@pytest.mark.parametrize("unread", [False, True])
@pytest.mark.parametrize(("method", "size"), [("GET", 0), ("POST", 10), ("POST", 200_000)])
async def test_a_request_that_meets_a_closed_kept_connection_is_sent_again(
    http: HttpClient, method: str, size: int, unread: bool
):
    with socket.create_server(("127.0.0.1", 0)) as listening:
        close = threading.Event()

        def serve() -> None:
            for number in range(2):
                peer, _ = listening.accept()
                with peer:
                    peer.recv(65536)
                    peer.sendall(OK)
                    if number == 0:
                        close.wait(5.0)
                    else:
                        peer.settimeout(0.2)
                        with contextlib.suppress(TimeoutError):
                            while peer.recv(65536):
                                pass

        thread = threading.Thread(target=serve)
        thread.start()
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/"
        assert await (await http.request("GET", url, allow_private=True)).read(9, 1.0) == b"hello"
        assert http.idle == 1
        if unread:
            # Sent before the end comes, never read: the other side resets.
            asyncio.get_running_loop().call_later(0.05, close.set)
        else:
            # The end lies in our kernel, and the loop has not seen it.
            close.set()
            time.sleep(0.05)
        response = await http.request(method, url, allow_private=True, body=b"x" * size or None, first=2.0)
        assert await response.read(9, 1.0) == b"hello"
        await asyncio.to_thread(thread.join)


async def test_a_post_that_the_server_took_and_dropped_is_not_sent_again(http: HttpClient):
    async def handle(peer: Peer) -> None:
        await peer.request()
        await peer.say(OK)
        server.requests.append(await peer.request())

    async with raw_server(handle) as server:
        await body_of(http, server)
        with pytest.raises(HttpError, match="cut"):
            await body_of(http, server, "POST", body=b"pay")
        assert (len(server.requests), server.connections) == (1, 1)


async def test_an_idempotent_request_that_was_dropped_unanswered_is_sent_again_once(http: HttpClient):
    async def handle(peer: Peer) -> None:
        if peer.number < 1:
            await peer.request()
            await peer.say(OK)
        await peer.request()

    async with raw_server(handle) as server:
        await body_of(http, server)
        with pytest.raises(HttpError, match="cut"):
            await body_of(http, server)
        assert server.connections == 2


async def test_a_large_body_arrives_whole_and_waits_for_a_slow_reader(http: HttpClient):
    async def handle(peer: Peer) -> None:
        await asyncio.sleep(0.2)
        server.requests.append(await peer.request())
        await peer.say(OK)

    body = bytes(range(256)) * 40_000
    async with raw_server(handle) as server:
        assert await body_of(http, server, "POST", body=body, first=5.0) == b"hello"
        assert server.requests[0].endswith(body)
        assert http.idle == 1


async def test_an_answer_before_the_body_was_taken_is_read_and_the_connection_not_kept(http: HttpClient):
    async def handle(peer: Peer) -> None:
        await peer.reader.readuntil(b"\r\n\r\n")
        await peer.say(b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno")
        await asyncio.sleep(0.3)

    async with raw_server(handle) as server:
        response = await ask(http, server, "POST", body=b"x" * 30_000_000)
        assert (response.status, await response.read(10)) == (413, b"no")
        assert http.open == 0


@pytest.mark.parametrize(
    ("answer", "body"),
    [
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n2\r\nde\r\n0\r\nX-T: 1\r\n\r\n", b"abcde"),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nX-A: 1\r\n\r\n" + OK, b"hello"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
        (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", b""),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", b""),
    ],
)  # fmt: skip
async def test_bodies_end_where_they_end_and_the_connection_is_kept(http: HttpClient, answer: bytes, body: bytes):
    async with raw_server(saying(answer)) as server:
        for _ in range(2):
            response = await ask(http, server)
            assert await response.read(100) == body
            assert "x-t" not in response.headers
            assert "x-a" not in response.headers
        assert server.connections == 1


async def test_a_body_without_a_length_ends_with_the_connection(http: HttpClient):
    async with raw_server(saying(b"HTTP/1.0 200 OK\r\n\r\nhel", b"lo", gap=0.02, after=end)) as server:
        assert await body_of(http, server) == b"hello"
        assert http.open == 0


async def test_the_answer_to_head_has_no_body_whatever_its_length_says(http: HttpClient):
    async with raw_server(saying(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n")) as server:
        response = await ask(http, server, "HEAD")
        assert (await response.read(10), response.headers["content-length"]) == (b"", "10")


@pytest.mark.parametrize(
    ("coding", "packed"),
    [
        ("gzip", gzip.compress(b"hello" * 1000, mtime=0)),
        ("deflate", zlib.compress(b"hello" * 1000)),
        ("deflate", zlib.compress(b"hello" * 1000)[2:-4]),
    ],
)
async def test_compression_that_was_not_asked_for_is_undone(http: HttpClient, coding: str, packed: bytes):
    head = f"HTTP/1.1 200 OK\r\ncontent-ENCODING: {coding}\r\nContent-Length: {len(packed)}\r\n\r\n".encode()
    async with raw_server(saying(head + packed[:7], packed[7:], gap=0.01)) as server:
        assert await body_of(http, server) == b"hello" * 1000


async def test_a_compression_that_we_cannot_undo_is_said_so_and_a_bomb_is_bounded(http: HttpClient):
    async with raw_server(saying(b"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 1\r\n\r\nx")) as server:
        with pytest.raises(BadHttp):
            await body_of(http, server)
    bomb = gzip.compress(bytes(200 * 2**20), 9)
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb)
    async with raw_server(saying(head + bomb)) as server:
        response = await ask(http, server)
        assert len(await response.chunk(1.0)) <= 256 * 2**10
        with pytest.raises(BodyTooLarge):
            await response.read(2**20)


async def test_too_large_a_body_cuts_the_connection(http: HttpClient):
    async with raw_server(saying(b"HTTP/1.1 200 OK\r\nContent-Length: 3000000\r\n\r\n" + b"x" * 3_000_000)) as server:
        response = await ask(http, server)
        with pytest.raises(BodyTooLarge):
            await response.read(1000)
        await server.all_gone()
        assert http.open == 0


async def test_closing_unread_cuts_and_closing_the_complete_keeps(http: HttpClient):
    async with raw_server(saying(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello", after=stay)) as server:
        response = await ask(http, server)
        response.close()
        response.close()
        await server.all_gone()
        with pytest.raises(HttpError, match="closed"):
            await response.chunk()
    async with raw_server(saying(OK)) as server:
        response = await ask(http, server)
        await asyncio.sleep(0.02)
        response.close()
        assert http.idle == 1


async def test_finishing_keeps_a_connection_whose_end_is_near_and_cuts_another(http: HttpClient):
    first, last = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", b"0\r\n\r\n"
    async with raw_server(saying(first, last, gap=0.05)) as server:
        response = await ask(http, server)
        assert await response.chunk(1.0) == b"abc"
        response.finish()
        await asyncio.sleep(0.1)
        assert http.idle == 1
        response.close()
        assert http.idle == 1
    async with raw_server(saying(first, after=stay)) as server:
        response = await ask(http, server)
        response.finish(0.05)
        await server.all_gone(1.0)


@pytest.mark.parametrize(
    "headers",
    [
        {"X-A": "1\r\nX-B: 2"}, {"X-A": "1\nX-B: 2"}, {"X-A": "\0"}, {"X A": "1"}, {"X-A:": "1"}, {"": "1"},
        {"X-A\r\n": "1"}, {"X-Ł": "1"}, {"X-A": "Ł"}, {"Host": "elsewhere"}, {"Transfer-Encoding": "chunked"},
        {"Content-Length": "9"}, {"connection": "close"},
    ],
)  # fmt: skip
async def test_no_header_says_more_than_one_thing(http: HttpClient, headers: dict[str, str]):
    with pytest.raises(NotSendable):
        await http.request("POST", "http://127.0.0.1:1/", headers=headers, body=b"{}", allow_private=True)


@pytest.mark.parametrize(
    "url",
    [
        "", "ftp://a.example/", "http://", "http://u:p@a.example/", "http://u@a.example/", "http://a b.example/",
        "http://a.example/ b", "http://a.example/\r\nX: 1", "http://a.example/ü", "http://a.example:0/",
        "http://a.example:99999/", "http://a.example#f", "http://[::1", "http://[fe80::1%25eth0]/",
        "http://a.example\\@b.example/", "http://-.example/", "//a.example/", "http://a..b%00/",
    ],
)  # fmt: skip
async def test_what_is_no_url_is_not_called(http: HttpClient, url: str):
    with pytest.raises(NotSendable):
        await http.request("GET", url, allow_private=True)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::1]", "[::ffff:127.0.0.1]", "１２７．０．０．１"]
)
async def test_no_spelling_of_this_machine_is_called_without_leave(http: HttpClient, host: str):
    with pytest.raises(AddressBlocked):
        await http.request("GET", f"http://{host}:1/")


@pytest.mark.parametrize("host", ["169.254.169.254", "[fd00:ec2::254]", "2852039166", "[64:ff9b::a9fe:a9fe]"])
async def test_metadata_addresses_are_called_by_nobody(http: HttpClient, host: str):
    with pytest.raises(AddressBlocked):
        await http.request("GET", f"http://{host}/", allow_private=True)


class Names(Resolver):
    """Answers from a table, and counts."""

    def __init__(self, table: dict[str, list[str]], delay: float = 0.0, ttl: float = 60.0) -> None:
        super().__init__(ttl=ttl)
        self.asked = 0

        async def ask(host: str) -> tuple[str, ...]:
            self.asked += 1
            await asyncio.sleep(delay)
            if host not in table:
                raise ConnectFailed("there is no such host")
            return tuple(table[host])

        self._ask = ask  # type: ignore[method-assign]


async def test_a_name_with_one_forbidden_address_is_not_called_at_all():
    async with HttpClient(resolver=Names({"a.example": ["8.8.8.8", "10.0.0.1"]})) as http:
        with pytest.raises(AddressBlocked, match=r"a\.example"):
            await http.request("GET", "http://a.example/")


async def test_the_next_address_is_tried_and_names_are_remembered():
    names = Names({"xn--bcher-kva.example": ["::1", "127.0.0.1"]})
    async with raw_server(saying(OK)) as server, HttpClient(resolver=names) as http:
        url = f"http://Bücher.example:{server.port}/"
        responses = await asyncio.gather(*(http.request("GET", url, allow_private=True) for _ in range(4)))
        assert [await response.read(9) for response in responses] == [b"hello"] * 4
        assert names.asked == 1


async def test_a_cancelled_question_for_a_name_leaves_the_others_waiting():
    names = Names({"a.example": ["127.0.0.1"]}, delay=0.05)
    async with raw_server(saying(OK)) as server, HttpClient(resolver=names) as http:
        url = f"http://a.example:{server.port}/"
        tasks = [asyncio.create_task(http.request("GET", url, allow_private=True)) for _ in range(2)]
        await asyncio.sleep(0.01)
        tasks[0].cancel()
        assert await (await tasks[1]).read(9) == b"hello"
        assert names.asked == 1


async def test_closing_the_client_while_a_name_is_asked_for_is_a_failure_and_not_a_cancel():
    http = HttpClient(resolver=Names({"a.example": ["127.0.0.1"]}, delay=5.0))
    asking = asyncio.create_task(http.request("GET", "http://a.example/", allow_private=True))
    await asyncio.sleep(0.01)
    await http.close()
    with pytest.raises(ConnectFailed, match="closed"):
        await asking


async def test_why_there_is_no_connection_is_said_without_the_address(http: HttpClient):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(ConnectFailed, match=r"^connection refused$"):
            await http.request("GET", f"http://127.0.0.1:{taken.getsockname()[1]}/", allow_private=True)
    async with HttpClient(resolver=Names({}, delay=0.0)) as other:
        with pytest.raises(ConnectFailed, match="no such host"):
            await other.request("GET", "http://nowhere.example/")
    async with HttpClient(resolver=Names({}, delay=5.0)) as other:
        with pytest.raises(ConnectTimeout):
            await other.request("GET", "http://slow.example/", connect=0.05)


async def test_closing_the_client_ends_what_is_under_way():
    async with raw_server(saying(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx", after=stay)) as server:
        http = HttpClient()
        response = await ask(http, server)
        assert await response.chunk() == b"x"
        reading = asyncio.create_task(response.chunk())
        await asyncio.sleep(0.01)
        await http.close()
        with pytest.raises(HttpError, match="closed"):
            await reading
        with pytest.raises(HttpError, match="closed"):
            await ask(http, server)
        await server.all_gone()
