"""Connections to MCP servers, one a server and workspace, kept while they are in use and some time after. A server may be
slow, dead, or lie: whatever it does ends in a ToolFailed within the time of the call."""

import asyncio
import contextlib
import hashlib
import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar, cast
from uuid import UUID

import structlog

from radiant import __version__
from radiant.infra.late import Late
from radiant.kit.ids import TenantId
from radiant.workspace.tools.base import ToolFailed
from radiant.workspace.tools.reach import Reach

if TYPE_CHECKING:
    import mcp_types as types
    from mcp.client import Client

log = structlog.get_logger()
T = TypeVar("T")

MOST_TOOLS = 200
_MOST_PAGES = 20
_MOST_LISTING = 2**20
_LISTING_SECONDS = 30.0
_IDLE_SECONDS = 120.0
_CLOSING_SECONDS = 5.0
_MOST_OPEN = 64
_MOST_SAID = 300


class ServerFailed(ToolFailed):
    """An MCP server did not answer as the protocol has it."""

    slug = "tool-server-failed"


@dataclass(frozen=True, slots=True)
class ServerAt:
    """A server as it is connected to: at `url` with `headers`, or as the program `command`."""

    tenant_id: TenantId
    id: UUID
    name: str
    url: str | None = None
    headers: Mapping[str, str] | None = None
    command: Sequence[str] = ()

    def mark(self) -> str:
        """Tells whether it is still the same place and key."""
        parts = [self.url, sorted((self.headers or {}).items()), list(self.command)]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class ListedTool:
    """A tool as a server names it. `reads_only`: the server says that it changes nothing."""

    name: str
    description: str
    parameters: dict[str, Any]
    reads_only: bool


Transports = Callable[[ServerAt], "AbstractAsyncContextManager[Any]"]


class McpConnections:
    """One per process, closed by the root. `idle`: seconds that a connection is kept unused."""

    def __init__(self, reach: Reach, *, idle: float = _IDLE_SECONDS, listing_seconds: float = _LISTING_SECONDS) -> None:
        self._idle = idle
        self._listing_seconds = listing_seconds
        self._open: dict[tuple[TenantId, UUID], _Connection] = {}
        self._transports = Late(lambda: _load(reach))

    @property
    def open(self) -> int:
        """How many there are."""
        return len(self._open)

    async def list_tools(self, at: ServerAt) -> list[ListedTool]:
        """What it offers, all pages of it. Raises ServerFailed."""
        return await self._with(at, self._listing_seconds, lambda client: _listed(at.name, client))

    async def call(
        self, at: ServerAt, tool: str, arguments: Mapping[str, Any], call_id: UUID, seconds: float
    ) -> "types.CallToolResult":
        """Raises ServerFailed."""

        async def call(client: "Client") -> "types.CallToolResult":
            meta = cast("Any", {"radiant/call-id": str(call_id)})
            return await client.call_tool(tool, dict(arguments), meta=meta)

        return await self._with(at, seconds, call)

    async def _with(self, at: ServerAt, seconds: float, work: Callable[["Client"], Awaitable[T]]) -> T:
        transports = await self._transports.get()
        connection = self._connection(at, transports)
        try:
            async with asyncio.timeout(seconds):
                return await connection.do(work)
        except TimeoutError as error:
            # What it still does for this call is nobody's to wait for.
            self._drop(connection)
            raise ServerFailed(f"the server {at.name} did not answer within {seconds:g} seconds", again=True) from error
        except ToolFailed:
            raise
        except Exception as error:
            refused = _refusal(error)
            if refused is not None:
                raise ServerFailed(f"the server {at.name} refused: {refused}") from error
            self._drop(connection)
            log.warning("tools.server_failed", server=at.name, error=_said(error))
            raise ServerFailed(f"the server {at.name} failed: {_said(error)}", again=True) from error
        finally:
            connection.rest(self._idle, lambda: self._drop(connection))

    def _connection(self, at: ServerAt, transports: Transports) -> "_Connection":
        key, mark = (at.tenant_id, at.id), at.mark()
        found = self._open.get(key)
        if found is not None and found.mark == mark and found.lives:
            return found
        if found is not None:
            self._drop(found)
        while len(self._open) >= _MOST_OPEN:
            unused = next((each for each in self._open.values() if not each.busy), None)
            if unused is None:
                raise ServerFailed("too many MCP servers are connected at once", again=True)
            self._drop(unused)
        made = self._open[key] = _Connection(key, mark, transports(at))
        return made

    def _drop(self, connection: "_Connection") -> None:
        if self._open.get(connection.key) is connection:
            del self._open[connection.key]
        connection.end()

    def forget(self, tenant_id: TenantId, server_id: UUID) -> None:
        """It was changed or deleted."""
        connection = self._open.get((tenant_id, server_id))
        if connection is not None:
            self._drop(connection)

    async def close(self) -> None:
        """End all."""
        connections = list(self._open.values())
        for connection in connections:
            self._drop(connection)
        await asyncio.gather(*(connection.ended() for connection in connections))


class _Connection:
    """The protocol's client has to be left by the task that entered it, so it has one."""

    def __init__(self, key: tuple[TenantId, UUID], mark: str, transport: "AbstractAsyncContextManager[Any]") -> None:
        self.key, self.mark = key, mark
        self.busy = 0
        self._transport = transport
        self._client: asyncio.Future[Client] = asyncio.get_running_loop().create_future()
        # Nobody may be left who looks why there was none.
        self._client.add_done_callback(lambda done: done.cancelled() or done.exception())
        self._closing = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        self._held = asyncio.create_task(self._hold())

    @property
    def lives(self) -> bool:
        return not self._held.done() and not self._closing.is_set()

    async def _hold(self) -> None:
        from mcp.client import Client
        from mcp_types import Implementation

        client = Client(self._transport, cache=None, client_info=Implementation(name="radiant", version=__version__))
        try:
            async with client:
                self._client.set_result(client)
                await self._closing.wait()
        except asyncio.CancelledError:
            raise
        except Exception as error:  # noqa: BLE001 - told to whoever waits for it; after that nobody does
            if not self._client.done():
                self._client.set_exception(error)
            else:
                log.info("tools.server_left", error=_said(error))
        finally:
            self._client.cancel()

    async def do(self, work: Callable[["Client"], Awaitable[T]]) -> T:
        """Raises what the client raises; ConnectionError where the connection ended before."""
        self.busy += 1
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        try:
            client = await _unless_ended(asyncio.shield(self._client), self._held)
            return await _unless_ended(asyncio.ensure_future(work(client)), self._held)
        finally:
            self.busy -= 1

    def rest(self, seconds: float, end: Callable[[], None]) -> None:
        """Nobody uses it: after that time it ends."""
        if not self.busy and self.lives:
            self._timer = asyncio.get_running_loop().call_later(seconds, end)

    def end(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not self._closing.is_set():
            self._closing.set()
            # One that does not go by itself, or is not even there yet, is cut.
            asyncio.get_running_loop().call_later(_CLOSING_SECONDS if self._client.done() else 0, self._held.cancel)

    async def ended(self) -> None:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.wait([self._held], timeout=_CLOSING_SECONDS + 5)


async def _unless_ended(work: "asyncio.Future[T]", held: "asyncio.Task[None]") -> T:
    """What comes of the work, which is given up where the connection ends first."""
    try:
        await asyncio.wait([work, held], return_when=asyncio.FIRST_COMPLETED)
        if not work.done():
            raise ConnectionError("it ended the connection")
        return await work
    except asyncio.CancelledError:
        caller = asyncio.current_task()
        if caller is not None and caller.cancelling():
            raise
        raise ConnectionError("it ended the connection") from None
    finally:
        work.cancel()


async def _listed(server: str, client: "Client") -> list[ListedTool]:
    found: list[ListedTool] = []
    seen: set[str] = set()
    size, cursor = 0, None
    for _ in range(_MOST_PAGES):
        page = await client.list_tools(cursor=cursor)
        for tool in page.tools:
            size += len(tool.model_dump_json())
            reads_only = tool.annotations is not None and tool.annotations.read_only_hint is True
            found.append(ListedTool(tool.name, tool.description or tool.title or "", tool.input_schema, reads_only))
        if len(found) > MOST_TOOLS or size > _MOST_LISTING:
            raise ServerFailed(
                f"the server {server} lists more than {MOST_TOOLS} tools, or more than {_MOST_LISTING >> 20} MiB of them"
            )
        cursor = page.next_cursor
        if not cursor:
            return found
        if cursor in seen:
            raise ServerFailed(f"the server {server} gives the same page of its tools again and again")
        seen.add(cursor)
    raise ServerFailed(f"the server {server} lists its tools without an end: more than {_MOST_PAGES} pages")


def _load(reach: Reach) -> Transports:
    import httpx2
    from mcp.client.streamable_http import streamable_http_client

    from radiant.workspace.tools.mcp_transport import MOST_ANSWER, GuardedTransport, program

    @contextlib.asynccontextmanager
    async def over_http(url: str, headers: Mapping[str, str]) -> AsyncGenerator[tuple[Any, Any]]:
        # Times are the caller's to bound; a stream of events may be silent for as long as it likes.
        async with (
            httpx2.AsyncClient(transport=GuardedTransport(reach), headers=dict(headers), timeout=None) as http,
            streamable_http_client(url, http_client=http, max_sse_event_size=MOST_ANSWER) as streams,
        ):
            yield streams

    def transport(at: ServerAt) -> "AbstractAsyncContextManager[Any]":
        return over_http(at.url, at.headers or {}) if at.url is not None else program(at.command)

    return transport


def _refusal(error: BaseException) -> str | None:
    """What a server said that answered in good order: the connection can go on."""
    from mcp.shared.exceptions import MCPError
    from mcp_types import CONNECTION_CLOSED

    if isinstance(error, MCPError) and error.code != CONNECTION_CLOSED:
        return str(error)[:_MOST_SAID]
    return None


def _said(error: BaseException) -> str:
    """In one line. Of a group the first: the others follow from it."""
    while isinstance(error, BaseExceptionGroup):
        error = cast("BaseExceptionGroup[BaseException]", error).exceptions[0]
    words = " ".join(str(error).split())[:_MOST_SAID]
    return words or type(error).__name__
