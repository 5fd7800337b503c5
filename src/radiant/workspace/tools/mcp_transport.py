"""How messages get to an MCP server: over our own HTTP client, whose guard looks at each address, and to a program's stdin.

Read with the first server, since the protocol's library is large.
"""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from typing import Any

import anyio
import httpx2
import structlog
from mcp.client.stdio import get_default_environment
from mcp.shared.message import SessionMessage
from mcp_types import jsonrpc_message_adapter

from radiant.infra.http1.message import target_of
from radiant.infra.httpclient import AddressBlocked, HttpError, NotSendable, Response
from radiant.workspace.tools.reach import Reach

log = structlog.get_logger()

MOST_ANSWER = 4 * 2**20
_GRACE = 1.0
# Programs that are on their way out, whoever waits for it.
_ending: set[asyncio.Task[None]] = set()
# The client of this house writes or reads these itself.
_OURS = frozenset({"host", "content-length", "transfer-encoding", "connection", "accept-encoding", "content-encoding"})


class GuardedTransport(httpx2.AsyncBaseTransport):
    """httpx2 over `infra.httpclient`. An answer may have MOST_ANSWER bytes; a stream of events is bounded event by event
    by the protocol's library, and by its length here."""

    def __init__(self, reach: Reach) -> None:
        self._reach = reach

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Raises httpx2.TransportError."""
        body = await request.aread()
        url = str(request.url)
        headers = [(name, value) for name, value in request.headers.items() if name.lower() not in _OURS]
        try:
            inner = self._reach.is_inner(target_of(url))
            found = await self._reach.http.request(
                request.method, url, headers=headers, body=body or None, allow_private=inner, keep_alive=False
            )
        except (AddressBlocked, NotSendable) as error:
            raise httpx2.UnsupportedProtocol(str(error), request=request) from error
        except HttpError as error:
            raise httpx2.ConnectError(str(error), request=request) from error
        kept = [(name, value) for name, value in found.headers.items() if name not in _OURS]
        return httpx2.Response(found.status, headers=kept, stream=_Body(found), request=request)


class _Body(httpx2.AsyncByteStream):
    def __init__(self, response: Response) -> None:
        self._response = response

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = 0
        try:
            while piece := await self._response.chunk():
                size += len(piece)
                if size > MOST_ANSWER:
                    raise httpx2.ReadError(f"its answer has more than {MOST_ANSWER >> 20} MiB")
                yield piece
        except HttpError as error:
            raise httpx2.ReadError(str(error)) from error

    async def aclose(self) -> None:
        self._response.close()


@contextlib.asynccontextmanager
async def program(command: Sequence[str]) -> AsyncGenerator[tuple[Any, Any]]:
    """A program that speaks the protocol on stdin and stdout, until the block ends; it and what it started are killed
    then. A line may have MOST_ANSWER bytes. Raises OSError where it cannot be started."""
    process = await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        env=get_default_environment(), start_new_session=True, limit=MOST_ANSWER,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    to_session, from_server = anyio.create_memory_object_stream[SessionMessage | Exception](0)
    to_server, from_session = anyio.create_memory_object_stream[SessionMessage](0)
    stdin, stdout = process.stdin, process.stdout

    async def read() -> None:
        async with to_session:
            with contextlib.suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):
                while line := await _line(stdout):
                    try:
                        message = SessionMessage(jsonrpc_message_adapter.validate_json(line, by_name=False))
                    except ValueError as error:
                        await to_session.send(error)
                    else:
                        await to_session.send(message)

    async def write() -> None:
        async with from_session:
            with contextlib.suppress(ConnectionError):
                async for sent in from_session:
                    stdin.write(sent.message.model_dump_json(by_alias=True, exclude_unset=True).encode() + b"\n")
                    await stdin.drain()

    tasks = [asyncio.create_task(read()), asyncio.create_task(write())]
    try:
        yield from_server, to_server
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for stream in (to_session, from_server, to_server, from_session):
            stream.close()
        stdin.close()
        ending = asyncio.create_task(_end(process))
        _ending.add(ending)
        ending.add_done_callback(_ending.discard)
        try:
            await asyncio.shield(ending)
        except asyncio.CancelledError:
            _kill(process)
            raise


async def _line(stdout: asyncio.StreamReader) -> bytes:
    try:
        return await stdout.readline()
    except ValueError:
        log.warning("tools.server_line_too_long", most=MOST_ANSWER)
        return b""


def _kill(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


async def _end(process: asyncio.subprocess.Process) -> None:
    """It may end by itself once its stdin is closed; then its group is killed. What it still writes is read and thrown
    away: nobody hears of its end before that of its output."""
    assert process.stdout is not None
    draining = asyncio.create_task(_drain(process.stdout))
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_GRACE):
            await process.wait()
    _kill(process)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_GRACE):
            await asyncio.gather(process.wait(), draining)


async def _drain(stdout: asyncio.StreamReader) -> None:
    while await stdout.read(2**16):
        pass
