"""One connection, one response at a time: the protocol under the client."""

import asyncio
import socket
import struct
from typing import Protocol, cast

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from radiant.infra.http1.chunks import Chunks, opening_of
from radiant.infra.http1.errors import BadHttp, CutConnection, HttpError, StaleConnection
from radiant.infra.http1.response import ALL, FLOW, HEAD, HIGH_WATER, MAX_HEAD, Frames, Response

# Bytes handed to the transport at once.
SLICE = 64 * 2**10
# A connection that was closed while it lay idle shows that within a round trip of its next use.
_RACE = 1.0
_TCP_CLOSED = 7


class Pool(Protocol):
    """Who made the connection."""

    def give_back(self, link: "Link") -> None:
        """It may serve again."""
        ...

    def forget(self, link: "Link") -> None:
        """It is gone."""
        ...


class Link(asyncio.Protocol):
    """A connection to one origin. Between responses it lies in the pool under `key`; whatever arrives then, an end or
    bytes that nobody asked for, ends it."""

    __slots__ = (
        "_deadline",
        "_framed",
        "_heard",
        "_idle",
        "_loop",
        "_parser",
        "_pool",
        "_quiet",
        "_replayable",
        "_response",
        "_since",
        "_timer",
        "_timer_at",
        "_writable",
        "expires",
        "keep",
        "key",
        "lingers",
        "passing",
        "sending",
        "transport",
        "used",
    )

    def __init__(self, pool: Pool, loop: asyncio.AbstractEventLoop, key: str) -> None:
        self._pool = pool
        self._loop = loop
        self.key = key
        self.transport: asyncio.Transport | None = None
        self._parser: HttpResponseParser | None = None
        self._response: Response | None = None
        # One timer, which looks at these when it fires and sets itself again where it is too early.
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = 0.0
        self._since = 0.0
        self._idle: float | None = None
        self._deadline: float | None = None
        # Bytes of a head so far; then, bytes that belong to no body (chunk extensions, trailers) since the last piece.
        self._quiet = 0
        self._heard = False
        self._framed = False
        self._replayable = False
        self._writable: asyncio.Future[None] | None = None
        self.expires = 0.0
        self.keep = True
        self.lingers = False
        # Takes whole chunks with their frames, where nothing else is to be done with them; see `Response.flow`.
        self.passing: Frames | None = None
        self.sending = False
        self.used = False

    # --- a request ---

    def begin(self, data: bytes, *, head_only: bool, keep: bool, idempotent: bool, framed: bool = False) -> Response:
        """Send a request and give its response, whose head is still to come. `framed`: see `Response.flow`."""
        assert self.transport is not None
        response = self._response = Response(self, head_only=head_only)
        self._parser = HttpResponseParser(response)
        self._quiet = 0
        self._heard = False
        self._framed = framed
        self._replayable = idempotent
        self.keep = keep
        self._since = self._loop.time()
        self.transport.write(data)
        return response

    async def send_rest(self, body: bytes, start: int) -> None:
        """Send a large body as fast as the other side takes it; stop when it answers, ends or is closed."""
        response, transport = self._response, self.transport
        assert transport is not None
        view = memoryview(body)
        self.sending = True
        while start < len(view):
            if response is None or response.status or response.late or self._response is not response:
                return
            if self._writable is not None:
                await self._writable
                continue
            transport.write(view[start : start + SLICE])
            start += SLICE
        self.sending = False

    def waits(self, idle: float | None, until: float | None) -> asyncio.Future[None]:
        """See `Holder`."""
        self._arm(idle, until)
        return self._loop.create_future()

    def _arm(self, idle: float | None, until: float | None) -> None:
        self._idle = idle
        self._deadline = until
        if idle is None and until is None:
            return
        now = self._since = self._loop.time()
        due = until if idle is None else now + idle
        if until is not None and due is not None and until < due:
            due = until
        assert due is not None
        if self._timer is None:
            self._timer_at = due
            self._timer = self._loop.call_at(due, self._tick)
        elif self._timer_at > due:
            self._timer.cancel()
            self._timer_at = due
            self._timer = self._loop.call_at(due, self._tick)

    def _tick(self) -> None:
        self._timer = None
        response = self._response
        if response is None or (response.waiter is None and not self.lingers and not self.sending):
            return
        due = None if self._idle is None else self._since + self._idle
        if self._deadline is not None and (due is None or self._deadline < due):
            due = self._deadline
        if due is None:
            return
        if self._loop.time() < due:
            # uvloop counts in milliseconds, and may come half of one too early.
            self._timer_at = due + 0.001
            self._timer = self._loop.call_at(self._timer_at, self._tick)
        elif self.lingers:
            self.abort()
        else:
            response.late = True
            response.wake()
            self._let_write()

    def head_facts(self) -> tuple[int, bool]:
        """See `Holder`."""
        assert self._parser is not None
        return self._parser.get_status_code(), self._parser.should_keep_alive()

    def resume(self) -> None:
        """See `Holder`."""
        if self.transport is not None:
            self.transport.resume_reading()

    def linger(self, seconds: float) -> None:
        """See `Holder`."""
        self.lingers = True
        self._quiet = 0
        response = self._response
        if response is not None and response.held:
            response.held = False
            self.resume()
        self._arm(None, self._loop.time() + seconds)

    def abort(self) -> None:
        """Cut the connection, whatever is under way."""
        transport, self.transport = self.transport, None
        self._detach()
        if transport is not None:
            self._pool.forget(self)
            transport.abort()

    def _detach(self) -> None:
        response, self._response, self._parser = self._response, None, None
        self.passing = None
        self.lingers = False
        if response is not None:
            response.detach()
        self._let_write()

    def cut(self) -> None:
        """Cut the connection, and tell who waits for it."""
        self._fail(HttpError("the client is closed"), None)

    def _let_write(self) -> None:
        writable = self._writable
        if writable is not None:
            self._writable = None
            if not writable.done():
                writable.set_result(None)

    # --- what the loop calls ---

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection is there."""
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Bytes: through the parser into the response, and the waiter told if that is what it waits for."""
        passing = self.passing
        if passing is not None:
            # A token of a stream. It comes after others' work, so what counts is how little code is touched.
            opening = opening_of(len(data))
            if opening and data.startswith(opening) and data.endswith(b"\r\n") and passing(data, len(opening)):
                self._since = self._loop.time()
                return
        response, parser = self._response, self._parser
        if response is None or parser is None:
            self.abort()
            return
        chunks = response.chunks
        if chunks is not None:
            self._feed_chunks(response, chunks, data)
            return
        if not self._heard and self._framed:
            # What follows the head is ours to take apart, where it comes in chunks.
            end = data.find(b"\r\n\r\n") + 4
            if end > 3 and len(data) <= MAX_HEAD:
                self._heard = True
                if not self._feed_parser(response, parser, data[:end]):
                    return
                rest = data[end:]
                if response.status and response.is_chunked and not response.complete:
                    chunks = response.chunks = Chunks()
                    self._feed_chunks(response, chunks, rest)
                elif rest and self._feed_parser(response, parser, rest):
                    self._after(response, len(data), 0, begun=False)
                elif not rest:
                    self._after(response, end, 0, begun=False)
                return
        self._heard = True
        before, begun = len(response.pieces), response.status != 0
        if self._feed_parser(response, parser, data):
            self._after(response, len(data), before, begun=begun)

    def _feed_parser(self, response: Response, parser: HttpResponseParser, data: bytes) -> bool:
        """False where that broke the response."""
        try:
            parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade) as error:
            response.reusable = False
            if not response.complete:
                self._fail(BadHttp(response.reason or "not HTTP as we know it"), error)
                return False
        return True

    def _feed_chunks(self, response: Response, chunks: Chunks, data: bytes) -> None:
        before = len(response.pieces)
        self.passing = None
        try:
            chunks.feed(data, response.pieces)
        except BadHttp as error:
            self._fail(error, None)
            return
        if chunks.ended:
            response.complete = True
            if chunks.surplus:
                response.reusable = False
        self._after(response, len(data), before, begun=True)

    def _after(self, response: Response, size: int, before: int, *, begun: bool) -> None:
        """Something arrived: complete, tell or hold back. `before`: how many pieces there were; `begun`: whether the
        head was there before."""
        if not begun and self._quiet + size > MAX_HEAD and response.head_size > MAX_HEAD:
            response.status = 0
            self._fail(BadHttp("the head is too long"), None)
            return
        if response.complete:
            self._complete(response)
            return
        pieces = response.pieces
        if response.status and len(pieces) > before and not self.lingers:
            self._quiet = 0
            response.unread += size
            if response.unread > HIGH_WATER and not response.held and self.transport is not None:
                response.held = True
                self.transport.pause_reading()
        else:
            self._quiet += size
            if self._quiet > MAX_HEAD:
                self._fail(BadHttp("a head, or what surrounds the pieces of a body, is too long"), None)
                return
            if self.lingers:
                pieces.clear()
        if response.waiter is None:
            return
        want = response.want
        if want == FLOW:
            if pieces:
                self._since = self._loop.time()
                response.pour()
            self.pass_on()
        elif want == ALL:
            self._since = self._loop.time()
            if response.held:
                response.wake()
        elif pieces or (want == HEAD and response.status):
            response.wake()

    def pass_on(self) -> None:
        """See `Holder`."""
        response = self._response
        if response is not None and response.chunks is not None and response.chunks.between and not response.pieces:
            self.passing = response.frames

    def _complete(self, response: Response) -> None:
        transport = self.transport
        whole = not self.sending and self._writable is None
        self._detach()
        if response.held:
            response.held = False
            self.resume()
        if (
            transport is not None
            and response.reusable
            and self.keep
            and whole
            and not transport.is_closing()
            and transport.get_write_buffer_size() == 0
        ):
            self.used = True
            self._pool.give_back(self)
        else:
            self.abort()
        response.wake()

    def _fail(self, error: HttpError, cause: BaseException | None) -> None:
        response = self._response
        if response is not None:
            error.begun = response.status != 0
            error.__cause__ = cause
            response.error = error
        self.abort()
        if response is not None:
            response.wake()

    def eof_received(self) -> None:
        """The other side will send no more."""
        self._ended(None)

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        self._ended(exc)
        self._pool.forget(self)
        self.transport = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _ended(self, exc: Exception | None) -> None:
        response = self._response
        if response is None:
            self.abort()
        elif response.status and exc is None and response.until_close:
            response.complete = True
            response.reusable = False
            self._complete(response)
        elif self.used and not self._heard and (self._replayable or self._not_taken(exc)):
            self._fail(StaleConnection("a kept connection was dead", begun=False), exc)
        else:
            self._fail(CutConnection("the connection was cut", begun=response.status != 0), exc)

    def _not_taken(self, exc: Exception | None) -> bool:
        """Whether the other side surely did not act on the request: it reset the connection as soon as the request
        arrived, or sent its end before it had received all of it."""
        if self._loop.time() - self._since > _RACE:
            return False
        if isinstance(exc, ConnectionResetError | BrokenPipeError):
            return True
        sock = None if self.transport is None else self.transport.get_extra_info("socket")
        if exc is not None or sock is None or not hasattr(socket, "TCP_INFO"):
            return False
        try:
            info = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 28)
        except OSError:
            return False
        # struct tcp_info: the state, then at 24 the number of segments sent and not acknowledged.
        return info[0] == _TCP_CLOSED or struct.unpack_from("=I", info, 24)[0] > 0

    def pause_writing(self) -> None:
        """The other side takes nothing more for now."""
        self._writable = self._loop.create_future()

    def resume_writing(self) -> None:
        """It takes more."""
        self._let_write()
