"""A server of tools, by the protocol's own SDK. Read when the first client calls, for it takes 20 MB and half a second."""

from collections.abc import Awaitable, Callable
from typing import Any

import mcp_types as types
from mcp.server.lowlevel import Server

from radiant import __version__

_INSTRUCTIONS = (
    "The memory and the documents of one person, across all of their programs: of whom the API key belongs to."
)

Context = Any
"""The SDK's context of a request; what it holds depends on the transport."""
CallTool = Callable[[Context, str, dict[str, Any]], Awaitable[types.CallToolResult]]
ListTools = Callable[[Context], Awaitable[types.ListToolsResult]]


def make_server(list_tools: ListTools, call_tool: CallTool) -> Server[Any]:
    """A server that has those tools."""

    async def on_list(context: Context, _params: object) -> types.ListToolsResult:
        return await list_tools(context)

    async def on_call(context: Context, params: types.CallToolRequestParams) -> types.CallToolResult:
        return await call_tool(context, params.name, params.arguments or {})

    return Server(
        "radiant", version=__version__, title="RADIANT", instructions=_INSTRUCTIONS,
        on_list_tools=on_list, on_call_tool=on_call,
    )  # fmt: skip
