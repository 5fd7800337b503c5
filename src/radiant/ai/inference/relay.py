"""The relay lane: an answer of an upstream that speaks the client's own protocol is forwarded byte for byte, and only
its usage is read. The call is metered as every other."""

import asyncio
from collections.abc import Callable, Mapping, Sequence

import msgspec

from radiant.ai.inference.metered import Metered
from radiant.ai.inference.models import Target
from radiant.ai.providers import wire as http_wire
from radiant.ai.providers.chat import Usage
from radiant.ai.providers.errors import CutStream, MalformedStream, UpstreamError
from radiant.ai.providers.health import Lease, Upstreams
from radiant.ai.providers.provider import Connection
from radiant.ai.providers.retry import Retries
from radiant.ai.providers.watch import Watch
from radiant.ai.providers.wire import Deadline
from radiant.ai.providers.wires import Wire
from radiant.infra.httpclient import HttpClient, Response

# How long an upstream may go on after the client went away, so that it can tell its tokens.
DRAIN_SECONDS = 1.0
ReadWhole = Callable[[bytes], tuple[Usage | None, str | None]]


class Relayed:
    """One answer under way. Read it by `whole`, or by `piece` until it gives b"", and `close` it, whatever happens:
    that settles the call."""

    __slots__ = ("_connection", "_deadline", "_first", "_gone", "_lease", "_response", "_timer", "_watch", "call")

    def __init__(self, call: Metered, target: Target, watch: Watch | None) -> None:
        self.call = call
        self._connection = target.connection
        self._deadline = Deadline(target.connection.timeouts.total)
        self._lease: Lease | None = None
        self._watch = watch
        self._response: Response | None = None
        self._first = b""
        self._gone = False
        self._timer: asyncio.TimerHandle | None = None

    async def begin(
        self, http: HttpClient, upstreams: Upstreams, keys: Sequence[Connection], wire: Wire,
        asked: Mapping[bytes, bytes], body: bytes,
    ) -> None:  # fmt: skip
        """Ask; returns once the answer begins to come, of a stream with its first events. Tries again where that is
        safe, by another key where one was refused. Raises UpstreamError."""
        retries: Retries | None = None
        while True:
            try:
                await self._attempt(http, upstreams, keys, wire, asked, body)
                return
            except UpstreamError as error:
                retries = retries or Retries(len(keys), self._deadline.at)
                await retries.after(error)

    async def _attempt(
        self, http: HttpClient, upstreams: Upstreams, keys: Sequence[Connection], wire: Wire,
        asked: Mapping[bytes, bytes], body: bytes,
    ) -> None:  # fmt: skip
        needs = self.call.needs
        lease = self._lease = await upstreams.enter(
            keys, self.call.model.upstream_id, needs.input_tokens + needs.output_tokens
        )
        connection = self._connection = lease.connection
        try:
            response = self._response = await http_wire.begin(
                http, "POST", wire.path, connection, wire.headers(connection, asked), body, self._deadline,
                framed=self._watch is not None,
            )  # fmt: skip
            if self._watch is not None:
                await http_wire.expect_events(response, connection, self._deadline)
                self._first = await self._piece(response, self._watch)
                self.call.began()
        except BaseException as error:
            lease.failed(error)
            raise

    async def whole(self, read: ReadWhole) -> bytes:
        """The answer. Raises UpstreamError."""
        assert self._response is not None
        body = await http_wire.read_whole(self._response, self._connection, self._deadline)
        try:
            usage, stop_reason = read(body)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            provider = self._connection.provider
            raise MalformedStream(f"{provider} answered with something else: {error}", provider=provider) from error
        if usage is not None:
            self.call.used(usage)
        self.call.finish(stop_reason)
        return body

    async def piece(self) -> bytes:
        """The next events, b"" at the end. Raises UpstreamError; Silent pieces are told by the deadline alone."""
        if self._first:
            first, self._first = self._first, b""
            return first
        assert self._response is not None
        assert self._watch is not None
        return await self._piece(self._response, self._watch)

    async def pour(self, send_now: Callable[[bytes], bool], send_chunk_now: Callable[[bytes], bool]) -> bytes:
        """Send events on in the moment they arrive, as long as `send_now` takes them (and `send_chunk_now` those that
        lie in a chunk of their own, with its frame); then the first ones that it did not take, or b"" at the end.
        Raises UpstreamError."""
        if self._first:
            return await self.piece()
        response, watch = self._response, self._watch
        assert response is not None
        assert watch is not None
        refused = b""
        failure: UpstreamError | None = None

        def take(chunk: bytes) -> bool:
            nonlocal refused, failure
            try:
                whole = watch.feed(chunk)
            except UpstreamError as error:
                failure = error
                return False
            if whole and not send_now(whole):
                refused = whole
                return False
            return not watch.ended

        await http_wire.pour(response, self._connection, self._deadline, take, watch.passing(send_chunk_now))
        if failure is not None:
            raise failure
        return refused or await self._piece(response, watch)

    async def _piece(self, response: Response, watch: Watch) -> bytes:
        while True:
            if watch.ended:
                # Some keep the connection open behind the last event.
                response.finish()
                return b""
            chunk = await http_wire.next_chunk(response, self._connection, self._deadline)
            if not chunk:
                if not watch.finished:
                    provider = self._connection.provider
                    raise CutStream(f"{provider} ended in mid-answer", provider=provider)
                return b""
            if whole := watch.feed(chunk):
                return whole

    def abandon(self) -> None:
        """The client went away: the upstream has a moment to come to its end, then it is cut off."""
        if not self._gone and self._response is not None:
            self._gone = True
            self._timer = asyncio.get_running_loop().call_later(DRAIN_SECONDS, self._response.close)

    def close(self, error: BaseException | None = None) -> None:
        """Settle the call; `error`: what it ended in."""
        if self._timer is not None:
            self._timer.cancel()
        if self._response is not None:
            self._response.close()
        if self._lease is not None:
            if error is None and not self._gone:
                response = self._response
                told = response is not None and (response.mentions(b"ratelimit") or response.mentions(b"retry-after"))
                self._lease.succeeded(response.headers if told and response is not None else None)
            else:
                self._lease.failed(error or asyncio.CancelledError())
        watch = self._watch
        stop_reason: str | None = None
        if watch is not None:
            stop_reason = watch.stop_reason
            if watch.usage is not None:
                # Counts that were told before the end are no whole ones.
                self.call.used(watch.usage, estimated=not watch.finished)
            if watch.usage is None or not watch.finished:
                self.call.characters = watch.characters()
        if self._gone or isinstance(error, asyncio.CancelledError):
            error = asyncio.CancelledError()
            if not self.call.told and not self.call.characters:
                # Whoever was asked has read the question, and will want to be paid for it.
                self.call.used(Usage(input_tokens=self.call.needs.input_tokens), estimated=True)
        self.call.finish(stop_reason, error)
