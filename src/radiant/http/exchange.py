"""One request and its answer between the socket and a door, without a framework: at this place a microsecond counts.

`Exchange` is what a door works with. `DirectExchange` is one of our own HTTP protocol (`direct`), which writes an
answer's head and body at once; `AsgiExchange` lies over the messages of any ASGI server.
"""

import asyncio
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from starlette.types import Receive, Scope, Send

from radiant.http.middleware import ContentTooLarge

if TYPE_CHECKING:
    from radiant.http.direct import DirectProtocol

# What a head may not hold besides its lines' ends (RFC 9110, 5.5).
_UNSAFE = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
# Of a body that nobody has asked for yet, so much is read.
_UNASKED = 64 * 2**10
# Watching by ASGI whether a client is still there costs a task: an answer that comes at once has none.
_WATCH_AFTER = 0.05
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_LAST_CHUNK = b"0\r\n\r\n"


class ClientGone(Exception):
    """Nobody waits for the answer any more."""


class UnsafeHead(Exception):
    """A header would have held a line break or another control character. A bug of ours: nothing was sent."""


def lines_of(headers: Mapping[str, str]) -> str:
    """Header lines, each ended by CR LF. Raises UnsafeHead where a value would begin another line."""
    text = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
    if text.count("\n") != len(headers) or text.count("\r") != len(headers):
        raise UnsafeHead("a header of the answer holds a line break")
    return text


def checked(head: bytes) -> bytes:
    """Header lines of `lines_of`. Raises UnsafeHead."""
    if _UNSAFE.search(head):
        raise UnsafeHead("a header of the answer holds a control character")
    return head


def chunk_of(piece: bytes) -> bytes:
    """A chunk (RFC 9112, 7.1) of a piece that is not empty."""
    return b"%x\r\n%b\r\n" % (len(piece), piece)


class Exchange(ABC):
    """A request, and the way for its answer. `head`s are header lines without the status line, each ended by CR LF;
    what else HTTP needs is added here."""

    __slots__ = ("gone", "header_list", "headers", "method", "on_gone", "path", "query", "said", "scheme")

    method: str
    path: str
    query: bytes
    scheme: str
    header_list: Sequence[tuple[bytes, bytes]]
    """As they came, names in lower case."""
    headers: dict[bytes, bytes]
    """Of several of one name the last."""
    gone: bool
    """Whether the client went away before its answer was whole."""
    on_gone: Callable[[], object] | None
    """Called once when it does."""

    said: bool
    """Whether a piece was sent since this was set to False."""

    @abstractmethod
    async def body(self, limit: int) -> bytes:
        """All of it. Raises ContentTooLarge past `limit` bytes, ClientGone."""

    @abstractmethod
    async def send_whole(self, status: int, head: bytes, body: bytes) -> None:
        """The whole answer. `head` has its Content-Length."""

    @abstractmethod
    async def begin(self, status: int, head: bytes) -> None:
        """The head of an answer that comes in pieces."""

    @abstractmethod
    def send_now(self, piece: bytes) -> bool:
        """A piece, at once; False where the client is behind, and `send` must be awaited. For use outside of any
        task."""

    @abstractmethod
    def send_chunk_now(self, chunk: bytes) -> bool:
        """The same of a piece that is a chunk already."""

    @abstractmethod
    async def send(self, piece: bytes) -> None:
        """A piece, as soon as the client takes more."""

    @abstractmethod
    async def end(self, last: bytes) -> None:
        """The last piece, or b""."""

    @abstractmethod
    def watch(self) -> None:
        """From now on `on_gone` is called where the client goes away."""

    @abstractmethod
    def close(self) -> None:
        """Stop watching."""


class DirectExchange(Exchange):
    """Over our own protocol, which feeds it what arrives. Everything that is sent is sent by one write."""

    __slots__ = (
        "_expects", "_flow", "_held", "_held_back", "_limit", "_pieces", "_protocol", "_size", "_transport", "_waiter",
        "_whole", "disconnected", "keep_alive", "response_complete", "started",
    )  # fmt: skip

    def __init__(
        self, protocol: "DirectProtocol", path: str, lines: Sequence[tuple[bytes, bytes]], headers: dict[bytes, bytes],
        *, expects: bool, keep: bool,
    ) -> None:  # fmt: skip
        self.method = "POST"
        self.path = path
        self.query = b""
        self.scheme = protocol.scheme or "http"
        self.header_list = lines
        self.headers = headers
        self.gone = False
        self.on_gone = None
        self.said = False
        self._protocol = protocol
        self._transport = protocol.transport
        self._flow = protocol.flow
        self._expects = expects
        self._pieces: list[bytes] = []
        self._size = 0
        self._limit = _UNASKED
        self._whole = False
        self._held_back = False
        self._waiter: asyncio.Future[None] | None = None
        self._held = b""
        # By these names uvicorn's protocol asks for them.
        self.keep_alive = keep
        self.disconnected = False
        self.response_complete = False
        self.started = False

    # --- what the protocol calls ---

    def take(self, body: bytes) -> None:
        """More of the body. What nobody asked for is left on the network."""
        self._pieces.append(body)
        self._size += len(body)
        if self._size > self._limit and not self._held_back:
            self._held_back = True
            self._protocol.flow.pause_reading()
            self._wake()

    def completed(self) -> None:
        """The body is whole."""
        self._whole = True
        self._wake()

    @property
    def message_event(self) -> "DirectExchange":
        """As uvicorn's cycles have it: `set` tells of a change."""
        return self

    def set(self) -> None:
        """The connection is lost."""
        if self.disconnected and not self.gone and not self.response_complete:
            self.gone = True
            if self.on_gone is not None:
                self.on_gone()
        self._wake()

    def _wake(self) -> None:
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    # --- what the door calls ---

    async def body(self, limit: int) -> bytes:
        """See Exchange."""
        self._limit = limit
        while not self._whole and self._size <= limit:
            if self.disconnected:
                raise ClientGone
            if self._expects:
                self._expects = False
                self._transport.write(_CONTINUE)
            if self._held_back:
                self._held_back = False
                self._protocol.flow.resume_reading()
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
            self._waiter = None
        if self._size > limit:
            self._pieces.clear()
            raise ContentTooLarge(f"the body is larger than {limit} bytes; send less")
        pieces, self._pieces = self._pieces, []
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    async def send_whole(self, status: int, head: bytes, body: bytes) -> None:
        """See Exchange."""
        start = self._protocol.start_of(status, keep=self.keep_alive)
        data = b"%b%b\r\n%b" % (start, checked(head), body)
        if self._protocol.flow.write_paused and not self.disconnected:
            await self._protocol.flow.drain()
        self._finish(data)

    async def begin(self, status: int, head: bytes) -> None:
        """See Exchange. The head goes with the first piece, or with the loop's next turn."""
        start = self._protocol.start_of(status, keep=self.keep_alive)
        self._held = b"%b%btransfer-encoding: chunked\r\n\r\n" % (start, checked(head))
        self.started = True
        self._protocol.loop.call_soon(self._flush)

    def _flush(self) -> None:
        if self._held:
            self._write(b"")

    def _write(self, data: bytes) -> None:
        if self._held:
            data, self._held = self._held + data, b""
        if not self.disconnected:
            self._transport.write(data)

    def send_now(self, piece: bytes) -> bool:
        """See Exchange."""
        return self.send_chunk_now(chunk_of(piece))

    def send_chunk_now(self, chunk: bytes) -> bool:
        """See Exchange."""
        if self.disconnected:
            return True
        if self._flow.write_paused:
            return False
        self.said = True
        if self._held:
            chunk, self._held = self._held + chunk, b""
        self._transport.write(chunk)
        return True

    async def send(self, piece: bytes) -> None:
        """See Exchange."""
        if self._protocol.flow.write_paused and not self.disconnected:
            await self._protocol.flow.drain()
        if piece:
            self.said = True
            self._write(chunk_of(piece))

    async def end(self, last: bytes) -> None:
        """See Exchange."""
        if self._protocol.flow.write_paused and not self.disconnected:
            await self._protocol.flow.drain()
        data = (chunk_of(last) if last else b"") + _LAST_CHUNK
        if self._held:
            data, self._held = self._held + data, b""
        self._finish(data)

    def _finish(self, data: bytes) -> None:
        self.started = self.response_complete = True
        if self.disconnected:
            return
        self._transport.write(data)
        if not self.keep_alive:
            self._transport.close()
        self._protocol.on_response_complete()

    def watch(self) -> None:
        """See Exchange. The protocol tells of itself."""
        if self.gone and self.on_gone is not None:
            self.on_gone()

    def close(self) -> None:
        """See Exchange."""
        self.on_gone = None


class AsgiExchange(Exchange):
    """Over ASGI's messages."""

    __slots__ = ("_receive", "_send", "_timer", "_watcher", "scope")

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.method = scope["method"]
        self.path = scope["path"]
        self.query = scope.get("query_string", b"")
        self.scheme = scope.get("scheme", "http")
        self.header_list = scope["headers"]
        self.headers = dict(self.header_list)
        self.gone = False
        self.on_gone = None
        self.said = False
        self.scope = scope
        self._receive = receive
        self._send = send
        self._timer: asyncio.TimerHandle | None = None
        self._watcher: asyncio.Task[None] | None = None

    async def body(self, limit: int) -> bytes:
        """See Exchange."""
        pieces: list[bytes] = []
        size = 0
        while True:
            message = await self._receive()
            if message["type"] != "http.request":
                raise ClientGone
            piece: bytes = message.get("body", b"")
            size += len(piece)
            if size > limit:
                raise ContentTooLarge(f"the body is larger than {limit} bytes; send less")
            pieces.append(piece)
            if not message.get("more_body", False):
                return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    async def _start(self, status: int, head: bytes) -> None:
        lines = [line.split(b": ", 1) for line in checked(head).split(b"\r\n")[:-1]]
        headers = [(name, value) for name, value in lines]
        await self._send({"type": "http.response.start", "status": status, "headers": headers})

    async def send_whole(self, status: int, head: bytes, body: bytes) -> None:
        """See Exchange."""
        await self._start(status, head)
        await self._send({"type": "http.response.body", "body": body})

    async def begin(self, status: int, head: bytes) -> None:
        """See Exchange."""
        await self._start(status, head)

    def send_now(self, piece: bytes) -> bool:
        """See Exchange: never at once."""
        return False

    def send_chunk_now(self, chunk: bytes) -> bool:
        """See Exchange: never at once."""
        return False

    async def send(self, piece: bytes) -> None:
        """See Exchange."""
        self.said = True
        await self._send({"type": "http.response.body", "body": piece, "more_body": True})

    async def end(self, last: bytes) -> None:
        """See Exchange."""
        await self._send({"type": "http.response.body", "body": last})

    def watch(self) -> None:
        """See Exchange."""
        if self._watcher is None and self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_WATCH_AFTER, self._start_watching)

    def _start_watching(self) -> None:
        self._timer = None
        self._watcher = asyncio.ensure_future(self._watch())

    async def _watch(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self.gone = True
        if self.on_gone is not None:
            self.on_gone()

    def close(self) -> None:
        """See Exchange."""
        if self._timer is not None:
            self._timer.cancel()
        if self._watcher is not None and not self._watcher.done():
            self._watcher.cancel()
