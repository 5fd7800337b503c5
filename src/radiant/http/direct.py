"""uvicorn's HTTP/1.1 protocol with a short cut: a plain POST to a door goes to it past ASGI.

ASGI's scope, events and messages, and uvicorn's look at every header of an answer, are half of what a relayed call costs
(measured). Everything else (other methods and paths, sessions of browsers, WebSockets, HTTP/1.0) goes uvicorn's way,
as do its limits, timeouts and shutdown.
"""

import time
from collections.abc import Awaitable, Callable
from typing import Any, cast

import structlog
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from radiant.http.exchange import DirectExchange

log = structlog.get_logger()

Serve = Callable[[DirectExchange], Awaitable[None]]
_BROKEN = b"content-type: text/plain; charset=utf-8\r\ncontent-length: 21\r\n"


class DirectProtocol(HttpToolsProtocol):
    """Made for each connection. `prefix`: paths that `serve` answers, as far as they are spelt plainly."""

    prefix: bytes = b"/v1/"
    serve: Serve

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._idle_since = 0.0
        self._busy = False
        self._active: Any = None
        self._lines: list[tuple[bytes, bytes]] | None = None
        self._default = b""

    # --- what the parser calls ---

    def on_message_begin(self) -> None:
        """A request begins. uvicorn's scope is made where it is needed."""
        self.url = b""
        self.headers = []
        self.expect_100_continue = False

    def on_headers_complete(self) -> None:
        """The head is there: which way it goes."""
        url, headers = self.url, self.headers
        parser: Any = self.parser
        app = cast("Any", self.app)  # pyright: ignore[reportUnknownMemberType]
        if url.startswith(self.prefix) and self._is_plain(url) and b"cookie" not in (known := dict(headers)):
            exchange = DirectExchange(
                self, url.decode("ascii"), headers, known, expects=self.expect_100_continue,
                keep=parser.should_keep_alive(),
            )  # fmt: skip
            before: Any = self.cycle
            self.cycle = cast("Any", exchange)
            if before is None or before.response_complete:
                self._start_asgi_task(exchange, app)
            else:
                self.flow.pause_reading()
                self.pipeline.appendleft((self.cycle, app))
            return
        expects = self.expect_100_continue
        super().on_message_begin()
        self.url, self.expect_100_continue = url, expects
        self.headers.extend(headers)
        super().on_headers_complete()

    def _is_plain(self, url: bytes) -> bool:
        parser: Any = self.parser
        return (
            parser.get_method() == b"POST"
            and parser.get_http_version() == "1.1"
            and not parser.should_upgrade()
            and self.limit_concurrency is None
            and not self.root_path
            and url.isascii()
            and b"?" not in url
            and b"%" not in url
            and b"#" not in url
        )

    def on_body(self, body: bytes) -> None:
        """More of a body."""
        cycle: Any = self.cycle
        if type(cycle) is not DirectExchange:
            super().on_body(body)
        elif not cycle.response_complete:
            cycle.take(body)

    def on_message_complete(self) -> None:
        """The request is whole."""
        cycle: Any = self.cycle
        if type(cycle) is not DirectExchange:
            super().on_message_complete()
        elif not cycle.response_complete:
            cycle.completed()

    # --- the answer ---

    def _start_asgi_task(self, cycle: Any, app: Any) -> None:
        self._active = cycle
        if type(cycle) is not DirectExchange:
            super()._start_asgi_task(cycle, app)
            return
        task = self.loop.create_task(self._answer(cycle))
        task.add_done_callback(self.tasks.discard)
        self.tasks.add(task)

    async def _answer(self, exchange: DirectExchange) -> None:
        try:
            await self.serve(exchange)
        except BaseException as error:
            log.error("bug", path=exchange.path, exc_info=error)
            if exchange.started:
                self.transport.close()
            else:
                exchange.keep_alive = False
                await exchange.send_whole(500, _BROKEN, b"Internal Server Error")
            if not isinstance(error, Exception):
                raise
        else:
            if not exchange.response_complete and not exchange.disconnected:
                self.transport.close()

    def start_of(self, status: int, *, keep: bool) -> bytes:
        """The status line, and the headers that every answer has."""
        lines = self.server_state.default_headers
        if lines is not self._lines:
            # uvicorn makes them anew each second, for the date.
            self._lines = lines
            self._default = b"".join(b"%b: %b\r\n" % line for line in lines)
        if keep:
            return STATUS_LINE[status] + self._default
        return STATUS_LINE[status] + self._default + b"connection: close\r\n"

    # --- kept connections: one timer that looks again, instead of one for each answer ---

    def on_response_complete(self) -> None:
        """The connection may serve the next request, or lie idle for a while."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        if self.flow.read_paused:
            self.flow.resume_reading()
        if self.pipeline:
            cycle, app = self.pipeline.pop()
            self._start_asgi_task(cycle, app)
            return
        self._busy = False
        self._idle_since = time.monotonic()
        if self.timeout_keep_alive_task is None:
            self.timeout_keep_alive_task = self.loop.call_later(self.timeout_keep_alive, self._look_whether_idle)

    def _unset_keepalive_if_required(self) -> None:
        self._busy = True
        if self.transport.is_closing():
            super()._unset_keepalive_if_required()

    def _look_whether_idle(self) -> None:
        self.timeout_keep_alive_task = None
        if self._busy:
            return
        left = self._idle_since + self.timeout_keep_alive - time.monotonic()
        if left > 0.001:
            self.timeout_keep_alive_task = self.loop.call_later(left, self._look_whether_idle)
        else:
            self.timeout_keep_alive_handler()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client went away, whatever was under way; requests that waited behind it are not answered."""
        self.pipeline.clear()
        super().connection_lost(exc)
        # uvicorn tells the last that came, which may wait behind the one under way.
        active = self._active
        if active is not None and active is not self.cycle and not active.response_complete:
            active.disconnected = True
            active.message_event.set()
        if self.timeout_keep_alive_task is not None:
            self.timeout_keep_alive_task.cancel()
            self.timeout_keep_alive_task = None


def protocol_for(serve: Serve) -> type[DirectProtocol]:
    """For `uvicorn.Config(http=…)`."""
    return cast("type[DirectProtocol]", type("DoorProtocol", (DirectProtocol,), {"serve": staticmethod(serve)}))
