"""One HTTP call to an upstream: bytes out, bytes or events in, every failure typed."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from functools import lru_cache
from typing import Any, TypeVar

import msgspec

from radiant.ai.providers.addresses import check_base_url
from radiant.ai.providers.errors import (
    CutStream,
    MalformedStream,
    UpstreamBadRequest,
    UpstreamError,
    UpstreamTimeout,
    UpstreamUnreachable,
)
from radiant.ai.providers.failures import failure_of
from radiant.ai.providers.provider import Connection
from radiant.ai.providers.sse import SseEvent, SseParser, SseTooLarge
from radiant.infra.httpclient import (
    AddressBlocked,
    BadHttp,
    BodyTooLarge,
    ConnectFailed,
    ConnectTimeout,
    CutConnection,
    HttpClient,
    HttpError,
    NotSendable,
    Response,
    Silent,
)

T = TypeVar("T")
# A client, the method, the path, headers and body of one call.
_Call = tuple[HttpClient, str, str, Mapping[str, str], bytes | None]

# An answer that is not a stream: 2,048 vectors of 3,072 floats in JSON are 130 MB; nobody asks for that many.
MAX_ANSWER = 64 * 2**20
MAX_ERROR = 64 * 2**10

_checked = lru_cache(maxsize=256)(check_base_url)


class Deadline:
    """How much longer a call may wait, by the loop's clock."""

    __slots__ = ("_clock", "at")

    def __init__(self, total: float | None) -> None:
        self._clock = asyncio.get_running_loop().time
        self.at = None if total is None else self._clock() + total

    @property
    def over(self) -> bool:
        """Whether nothing is left."""
        return self.at is not None and self._clock() >= self.at

    def within(self, seconds: float) -> float:
        """`seconds`, or what is left where that is less."""
        return seconds if self.at is None else max(0.0, min(seconds, self.at - self._clock()))


async def begin(
    http: HttpClient,
    method: str,
    path: str,
    connection: Connection,
    headers: Mapping[str, str],
    body: bytes | None,
    deadline: Deadline,
    *,
    framed: bool = False,
) -> Response:
    """The response, once its headers are there and say 2xx; whoever gets it closes it. Raises UpstreamError."""
    timeouts = connection.timeouts
    connect, first = timeouts.connect, timeouts.first
    if deadline.at is not None:
        connect, first = deadline.within(connect), deadline.within(first)
    if connection.bearer is not None:
        headers = {**headers, **await connection.bearer.headers()}
    url = _checked(connection.base_url, allow_private=connection.allow_private) + path
    try:
        response = await http.request(
            method,
            url,
            headers={**headers, **connection.headers} if connection.headers else headers,
            body=body,
            allow_private=connection.allow_private,
            keep_alive=connection.keep_alive,
            connect=connect,
            first=first,
            framed=framed,
        )
    except HttpError as error:
        raise typed(error, connection, deadline) from error
    if connection.told is not None:
        connection.told(response.headers)
    if not 200 <= response.status < 300:
        try:
            text = await _beginning(response, deadline)
        finally:
            response.close()
        if response.status == 401 and connection.bearer is not None:
            connection.bearer.refused()
        raise failure_of(connection, response.status, response.headers, text)
    return response


class _Opened:
    """See `open_response`. A class, since a generator of contextlib costs thrice as much."""

    __slots__ = ("_arguments", "_connection", "_deadline", "_response")

    def __init__(self, arguments: _Call, connection: Connection, deadline: Deadline) -> None:
        self._arguments = arguments
        self._connection = connection
        self._deadline = deadline
        self._response: Response | None = None

    async def __aenter__(self) -> Response:
        http, method, path, headers, body = self._arguments
        self._response = await begin(http, method, path, self._connection, headers, body, self._deadline)
        return self._response

    async def __aexit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if self._response is not None:
            self._response.close()
        if isinstance(error, HttpError):
            raise typed(error, self._connection, self._deadline) from error


def open_response(
    http: HttpClient,
    method: str,
    path: str,
    connection: Connection,
    headers: Mapping[str, str],
    body: bytes | None,
    deadline: Deadline,
) -> AbstractAsyncContextManager[Response]:
    """The response, once its headers are there and say 2xx. Whatever is unread when the block ends is
    thrown away with its connection, which is how an upstream learns that nobody listens any more; after the last
    event of a stream, `response.finish()` keeps the connection. Raises UpstreamError, for HttpErrors inside the
    block too."""
    return _Opened((http, method, path, headers, body), connection, deadline)


async def next_chunk(response: Response, connection: Connection, deadline: Deadline) -> bytes:
    """The next piece of a body, b"" at its end; idle time and deadline hold. Raises UpstreamError."""
    idle = connection.timeouts.idle
    if deadline.at is not None:
        idle = deadline.within(idle)
        if idle <= 0:
            raise _over(connection)
    try:
        return await response.chunk(idle)
    except HttpError as error:
        raise typed(error, connection, deadline) from error


async def pour(
    response: Response, connection: Connection, deadline: Deadline, sink: Callable[[bytes], bool],
    frames: Callable[[bytes, int], bool],
) -> None:  # fmt: skip
    """Give the pieces of a body to `sink` as they arrive, and whole chunks to `frames` first (see Response.flow).
    Raises UpstreamError."""
    try:
        await response.flow(sink, connection.timeouts.idle, deadline.at, frames)
    except HttpError as error:
        raise typed(error, connection, deadline) from error


def typed(error: HttpError, connection: Connection, deadline: Deadline) -> UpstreamError:
    """What a failure of the HTTP client means."""
    provider = connection.provider
    if isinstance(error, ConnectTimeout | Silent):
        if deadline.over:
            return _over(connection)
        if isinstance(error, ConnectTimeout):
            return UpstreamUnreachable(f"{provider} did not accept a connection in time", provider=provider)
        waited = "in mid-answer" if error.begun else "before it began to answer"
        return UpstreamTimeout(f"{provider} fell silent {waited}", provider=provider)
    if isinstance(error, AddressBlocked):
        return UpstreamUnreachable(f"{provider}: {error}", provider=provider)
    if isinstance(error, ConnectFailed):
        return UpstreamUnreachable(f"{provider} cannot be reached: {error}", provider=provider)
    if isinstance(error, CutConnection):
        if error.begun:
            return CutStream(f"{provider} cut the connection in mid-answer", provider=provider)
        return UpstreamUnreachable(f"{provider} cut the connection", provider=provider)
    if isinstance(error, BodyTooLarge):
        return MalformedStream(f"{provider} sent {error}", provider=provider)
    if isinstance(error, NotSendable):
        return UpstreamBadRequest(f"{provider} cannot be asked this: {error}", provider=provider)
    if isinstance(error, BadHttp):
        return MalformedStream(f"{provider} does not answer in HTTP that we understand", provider=provider)
    return UpstreamUnreachable(f"{provider} cannot be reached: {error}", provider=provider)


def _over(connection: Connection) -> UpstreamTimeout:
    provider = connection.provider
    return UpstreamTimeout(f"{provider} did not finish in the time allowed", provider=provider)


async def _beginning(response: Response, deadline: Deadline) -> bytes:
    """What an error says, as far as it comes: its status alone says much."""
    text = b""
    until = asyncio.get_running_loop().time() + deadline.within(10.0)
    with contextlib.suppress(HttpError):
        while len(text) < MAX_ERROR:
            left = until - asyncio.get_running_loop().time()
            piece = await response.chunk(max(0.0, left))
            if not piece or left <= 0:
                break
            text += piece
    return text[:MAX_ERROR]


async def expect_events(response: Response, connection: Connection, deadline: Deadline) -> None:
    """Raises UpstreamError where the response is no stream of events; it is closed then."""
    if response.content_type != "text/event-stream":
        try:
            raise await _not_a_stream(response, connection, deadline)
        finally:
            response.close()


async def read_whole(response: Response, connection: Connection, deadline: Deadline) -> bytes:
    """All of a body. Raises UpstreamError."""
    try:
        return await _whole(response, connection, deadline)
    except HttpError as error:
        raise typed(error, connection, deadline) from error


async def _whole(response: Response, connection: Connection, deadline: Deadline) -> bytes:
    until = asyncio.get_running_loop().time() + deadline.within(connection.timeouts.idle)
    return await response.read(MAX_ANSWER, until=until)


async def call_json(
    http: HttpClient,
    method: str,
    path: str,
    connection: Connection,
    headers: Mapping[str, str],
    body: Any,
    answer: type[T],
    deadline: Deadline,
) -> T:
    """The answer's JSON as `answer`, a msgspec type. Raises UpstreamError."""
    provider = connection.provider
    sent = None if body is None else msgspec.json.encode(body)
    async with open_response(http, method, path, connection, headers, sent, deadline) as response:
        text = await _whole(response, connection, deadline)
        if response.status == 200 and not text and "content-length" not in response.headers:
            raise CutStream(f"{provider} answered with nothing", provider=provider)
    try:
        return msgspec.json.decode(text, type=answer)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MalformedStream(f"{provider} answered with something else: {error}", provider=provider) from error


async def call_events(
    http: HttpClient,
    path: str,
    connection: Connection,
    headers: Mapping[str, str],
    body: Any,
    deadline: Deadline,
) -> AsyncGenerator[SseEvent, None]:
    """The events of a POST. Ends where the upstream ends it: whether that was the end of the answer, the
    caller must know. Closing the generator closes the connection. Raises UpstreamError."""
    provider = connection.provider
    parser = SseParser()
    sent = msgspec.json.encode(body)
    async with open_response(http, "POST", path, connection, headers, sent, deadline) as response:
        await expect_events(response, connection, deadline)
        while chunk := await next_chunk(response, connection, deadline):
            try:
                events = parser.feed(chunk)
            except SseTooLarge as error:
                raise MalformedStream(f"{provider} sent {error}", provider=provider) from error
            for event in events:
                yield event


async def call_bytes(
    http: HttpClient,
    path: str,
    connection: Connection,
    headers: Mapping[str, str],
    body: bytes,
    deadline: Deadline,
) -> AsyncGenerator[bytes, None]:
    """The body of a POST's answer in the pieces in which it comes. Closing the generator closes the connection.
    Raises UpstreamError."""
    async with open_response(http, "POST", path, connection, headers, body, deadline) as response:
        while chunk := await next_chunk(response, connection, deadline):
            yield chunk


async def drain(events: AsyncGenerator[SseEvent, None]) -> None:
    """Read what follows the end of an answer, so that its connection can serve the next call. An upstream that
    keeps talking loses it instead."""
    with contextlib.suppress(TimeoutError, UpstreamError):
        async with asyncio.timeout(1.0):
            async for _ in events:
                pass


async def _not_a_stream(response: Response, connection: Connection, deadline: Deadline) -> UpstreamError:
    """Some answer 200 with an error in JSON."""
    text = await _beginning(response, deadline)
    if response.content_type == "application/json" and b'"error"' in text:
        return failure_of(connection, 502, response.headers, text)
    return MalformedStream(
        f"{connection.provider} answered with {response.content_type} where a stream was asked for",
        provider=connection.provider,
    )
