"""The door over HTTP. Nothing of the protocol is read before its first client."""

import asyncio
from typing import TYPE_CHECKING

from starlette.types import Receive, Scope, Send

from radiant.workspace.documents.service import Documents
from radiant.workspace.memory.service import Memory

if TYPE_CHECKING:
    from mcp.server.streamable_http_manager import StreamableHTTPSessionManager


class McpHttp:
    """One per process, made by a root and closed by it."""

    def __init__(self, memory: Memory, documents: Documents) -> None:
        self._memory, self._documents = memory, documents
        self._opening = asyncio.Lock()
        self._manager: StreamableHTTPSessionManager | None = None
        self._held: asyncio.Task[None] | None = None
        self._closing = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI, of a request whose caller is known (`radiant.caller` in its scope)."""
        manager = self._manager or await self._open()
        await manager.handle_request(scope, receive, send)

    async def _open(self) -> "StreamableHTTPSessionManager":
        async with self._opening:
            if self._manager is None:
                manager = await asyncio.to_thread(_make, self._memory, self._documents)
                opened = asyncio.Event()
                self._held = asyncio.create_task(self._hold(manager, opened))
                await opened.wait()
                self._manager = manager
        return self._manager

    async def _hold(self, manager: "StreamableHTTPSessionManager", opened: asyncio.Event) -> None:
        # The manager's task group has to be left by the task that entered it.
        async with manager.run():
            opened.set()
            await self._closing.wait()

    async def close(self) -> None:
        """End what is under way."""
        self._closing.set()
        if self._held is not None:
            await self._held


def _make(memory: Memory, documents: Documents) -> "StreamableHTTPSessionManager":
    from radiant.doors.mcp.server import make_manager
    from radiant.doors.mcp.tools import Engines

    return make_manager(Engines(memory, documents))
