"""The same tools over stdin and stdout, for clients that start a program: each call goes on to a RADIANT that runs."""

from typing import Any

import httpx2
import mcp_types as types
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.server.stdio import stdio_server

from radiant.doors.mcp.protocol import make_server

_SECONDS = 60.0


class CannotReach(Exception):
    """The RADIANT behind it does not answer, or not to this key; the message says which."""


async def relay(url: str, key: str) -> None:
    """Serve until stdin ends. `url`: of the RADIANT, without a path. Raises CannotReach."""
    headers = {"Authorization": f"Bearer {key}"}
    async with httpx2.AsyncClient(headers=headers, timeout=_SECONDS) as http:
        await _look(http, url)
        async with Client(streamable_http_client(f"{url}/mcp", http_client=http)) as upstream:

            async def call_tool(_context: Any, name: str, arguments: dict[str, Any]) -> types.CallToolResult:
                return await upstream.call_tool(name, arguments)

            async def list_tools(_context: Any) -> types.ListToolsResult:
                return await upstream.list_tools()

            server = make_server(list_tools, call_tool)
            async with stdio_server() as (reading, writing):
                await server.run(reading, writing, server.create_initialization_options())


async def _look(http: httpx2.AsyncClient, url: str) -> None:
    """Raises CannotReach with what is wrong in words, before the client of this program waits for an answer."""
    ping = {"jsonrpc": "2.0", "id": 0, "method": "ping"}
    try:
        answer = await http.post(f"{url}/mcp", json=ping, headers={"Accept": "application/json, text/event-stream"})
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise CannotReach(f"{url} does not answer ({error}); start it by radiant up, or name it by --url") from error
    if answer.status_code != 200:
        told = answer.json().get("detail") if "json" in answer.headers.get("content-type", "") else None
        raise CannotReach(f"{url}: {told or f'it answered {answer.status_code}; is this a RADIANT?'}")
