"""One HTTP call to an upstream: bytes out, bytes or events in, every failure typed."""

import asyncio
import contextlib
import os
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from functools import lru_cache
from typing import Any, TypeVar

import aiohttp
import msgspec

from radiant.ai.providers.addresses import check_base_url
from radiant.ai.providers.errors import (
    CutStream,
    MalformedStream,
    UpstreamError,
    UpstreamTimeout,
    UpstreamUnreachable,
)
from radiant.ai.providers.failures import failure_of
from radiant.ai.providers.provider import Connection
from radiant.ai.providers.sse import SseEvent, SseParser, SseTooLarge
from radiant.infra.httpclient import AddressBlocked, HttpClient

T = TypeVar("T")

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


@asynccontextmanager
async def _open(
    http: HttpClient,
    method: str,
    path: str,
    connection: Connection,
    headers: Mapping[str, str],
    body: bytes | None,
    deadline: Deadline,
) -> AsyncGenerator[aiohttp.ClientResponse, None]:
    """The response, once its headers are there and say 2xx. Whatever is unread when the block ends is
    thrown away with its connection, which is how an upstream learns that nobody listens any more."""
    provider = connection.provider
    timeouts = connection.timeouts
    url = _checked(connection.base_url, allow_private=connection.allow_private) + path
    session = http.session(allow_private=connection.allow_private, keep_alive=connection.keep_alive)
    request = session.request(
        method,
        url,
        data=body,
        headers={**headers, **connection.headers},
        allow_redirects=False,
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=deadline.within(timeouts.connect)),
    )
    response: aiohttp.ClientResponse | None = None
    try:
        async with asyncio.timeout(deadline.within(timeouts.first)):
            response = await request
        if not 200 <= response.status < 300:
            async with asyncio.timeout(deadline.within(10.0)):
                text = await _read(response, MAX_ERROR, cut=True)
            raise failure_of(connection, response.status, response.headers, text)
        yield response
    except (TimeoutError, aiohttp.ServerTimeoutError) as error:
        # aiohttp's own timeouts are of connecting only, as set above.
        if isinstance(error, aiohttp.ConnectionTimeoutError):
            raise UpstreamUnreachable(f"{provider} did not accept a connection in time", provider=provider) from error
        if deadline.over:
            raise UpstreamTimeout(f"{provider} did not finish in the time allowed", provider=provider) from error
        waited = "in mid-answer" if response is not None else "before it began to answer"
        raise UpstreamTimeout(f"{provider} fell silent {waited}", provider=provider) from error
    except aiohttp.ClientConnectorError as error:
        if isinstance(error.os_error, AddressBlocked):
            raise UpstreamUnreachable(f"{provider}: {error.os_error}", provider=provider) from error
        raise UpstreamUnreachable(f"{provider} cannot be reached: {_why(error)}", provider=provider) from error
    except (aiohttp.ClientPayloadError, aiohttp.ClientConnectionError, ConnectionError) as error:
        if response is not None:
            raise CutStream(f"{provider} cut the connection in mid-answer", provider=provider) from error
        raise UpstreamUnreachable(f"{provider} cut the connection", provider=provider) from error
    except aiohttp.ClientError as error:
        raise MalformedStream(f"{provider} does not answer in HTTP that we understand", provider=provider) from error
    finally:
        if response is not None:
            response.close()


def _why(error: aiohttp.ClientConnectorError) -> str:
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "there is no such host"
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return "its certificate is not valid"
    # The system's own words by number: its message names the address, which is nobody's business.
    return os.strerror(error.os_error.errno).lower() if error.os_error.errno else "no connection"


async def _read(response: aiohttp.ClientResponse, limit: int, *, cut: bool = False) -> bytes:
    pieces: list[bytes] = []
    size = 0
    while piece := await response.content.readany():
        size += len(piece)
        if size > limit:
            if cut:
                break
            raise aiohttp.ClientPayloadError(f"more than {limit} bytes")
        pieces.append(piece)
    return b"".join(pieces)


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
    async with _open(http, method, path, connection, headers, sent, deadline) as response:
        async with asyncio.timeout(deadline.within(connection.timeouts.idle)):
            text = await _read(response, MAX_ANSWER)
        if response.status == 200 and response.content_length is None and not text:
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
    idle = connection.timeouts.idle
    parser = SseParser()
    sent = msgspec.json.encode(body)
    async with _open(http, "POST", path, connection, headers, sent, deadline) as response:
        if response.content_type != "text/event-stream":
            raise await _not_a_stream(response, connection, deadline)
        while True:
            async with asyncio.timeout(deadline.within(idle)):
                chunk = await response.content.readany()
            if not chunk:
                return
            try:
                events = parser.feed(chunk)
            except SseTooLarge as error:
                raise MalformedStream(f"{provider} sent {error}", provider=provider) from error
            for event in events:
                yield event


async def drain(events: AsyncGenerator[SseEvent, None]) -> None:
    """Read what follows the end of an answer, so that its connection can serve the next call. An upstream that
    keeps talking loses it instead."""
    with contextlib.suppress(TimeoutError, UpstreamError):
        async with asyncio.timeout(1.0):
            async for _ in events:
                pass


async def _not_a_stream(response: aiohttp.ClientResponse, connection: Connection, deadline: Deadline) -> UpstreamError:
    """Some answer 200 with an error in JSON."""
    async with asyncio.timeout(deadline.within(10.0)):
        text = await _read(response, MAX_ERROR, cut=True)
    if response.content_type == "application/json" and b'"error"' in text:
        return failure_of(connection, 502, response.headers, text)
    return MalformedStream(
        f"{connection.provider} answered with {response.content_type} where a stream was asked for",
        provider=connection.provider,
    )
