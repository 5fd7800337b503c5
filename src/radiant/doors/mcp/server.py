"""The tools over HTTP, by the protocol's own SDK."""

import json
from typing import Any

import mcp_types as types
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.shared.exceptions import MCPError

from radiant.doors.mcp import tools
from radiant.doors.mcp.protocol import Context, make_server
from radiant.foundation.identity.callers import Caller
from radiant.kit.errors import Problem


def make_manager(engines: tools.Engines) -> StreamableHTTPSessionManager:
    """Serves the tools over HTTP: each request by itself, answered in JSON. The caller is in the scope of the request."""

    async def call_tool(context: Context, name: str, arguments: dict[str, Any]) -> types.CallToolResult:
        if name not in tools.TOOLS:
            raise MCPError(types.INVALID_PARAMS, f"there is no tool {name}; there are {', '.join(tools.TOOLS)}")
        try:
            given = await tools.call(engines, _caller(context), name, arguments)
        except Problem as problem:
            return _answer(problem.summary(), problem.detail, failed=True)
        return _answer(given, json.dumps(given, ensure_ascii=False))

    return StreamableHTTPSessionManager(make_server(_list, call_tool), json_response=True, stateless=True)


def _caller(context: Context) -> Caller:
    return context.request.scope["radiant.caller"]


async def _list(context: Context) -> types.ListToolsResult:
    scopes = _caller(context).scopes
    return types.ListToolsResult(tools=[_described(tool) for tool in tools.TOOLS.values() if tool.scope in scopes])


def _described(tool: tools.Tool[Any]) -> types.Tool:
    return types.Tool(
        name=tool.name,
        title=tool.title,
        description=tool.description,
        input_schema=tool.takes.model_json_schema(),
        annotations=types.ToolAnnotations(
            read_only_hint=tool.effect == "reads",
            destructive_hint=tool.effect == "destroys",
            idempotent_hint=True,
            open_world_hint=False,
        ),
    )


def _answer(structured: dict[str, Any], text: str, *, failed: bool = False) -> types.CallToolResult:
    return types.CallToolResult(
        content=[types.TextContent(type="text", text=text)], structured_content=structured, is_error=failed
    )
