"""What MCP servers offer, as tools: under names of ours, with what a server answers turned into text, data and citations."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from radiant.kit.ids import TenantId
from radiant.workspace.tools.arguments import check_schema
from radiant.workspace.tools.base import Citation, ToolFailed, ToolResult, ToolType, Use
from radiant.workspace.tools.mcp_connections import ListedTool, McpConnections, ServerAt
from radiant.workspace.tools.problems import BadToolSchema

if TYPE_CHECKING:
    import mcp_types as types

_MOST_NAME = 64
_MOST_DESCRIPTION = 4000


class Finds(Protocol):
    """Where a server is now: its key may have been turned since it was listed."""

    async def __call__(self, tenant_id: TenantId) -> ServerAt: ...


@dataclass(frozen=True, slots=True)
class McpTool:
    """`tool`: what the server calls it."""

    connections: McpConnections
    find: Finds
    tool: str
    name: str
    description: str
    parameters: Mapping[str, Any]
    side_effects: bool
    type: ToolType = "mcp"

    async def call(self, arguments: Mapping[str, Any], use: Use) -> ToolResult:
        """Raises ToolFailed, and the vault's problems."""
        at = await self.find(use.caller.tenant_id)
        return _result(await self.connections.call(at, self.tool, arguments, use.call_id, use.seconds))


def name_of(server: str, tool: str) -> str:
    """`server_tool`, of letters that models' tools may be named by."""
    slug = re.sub(r"[^a-z0-9]+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", tool).lower()).strip("_")
    return f"{server}_{slug or 'tool'}"[:_MOST_NAME]


async def sorted_out(
    server: str, listed: Sequence[ListedTool], taken: set[str]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """What of a listing can be offered, and what not and why: bad schemas, names that are taken."""
    kept: list[dict[str, Any]] = []
    left_out: list[dict[str, Any]] = []
    names: set[str] = set()
    for tool in listed:
        name = name_of(server, tool.name)
        why = None
        if name in names:
            why = f"another tool of this server is {name} here already"
        elif name in taken:
            why = f"another tool of this workspace is named {name}"
        else:
            try:
                await asyncio.to_thread(check_schema, tool.parameters)
            except BadToolSchema as error:
                why = error.detail
        if why is not None:
            left_out.append({"name": tool.name[:200], "why": why[:500]})
            continue
        names.add(name)
        kept.append(
            {
                "name": name, "tool": tool.name, "description": tool.description[:_MOST_DESCRIPTION],
                "parameters": tool.parameters, "side_effects": not tool.reads_only,
            }
        )  # fmt: skip
    return kept, left_out


def _result(answer: "types.CallToolResult") -> ToolResult:
    texts: list[str] = []
    citations: list[Citation] = []
    for block in answer.content:
        if block.type == "text":
            texts.append(block.text)
        elif block.type == "resource":
            text = getattr(block.resource, "text", None)
            texts.append(
                text if isinstance(text, str) else f"[a file, {block.resource.mime_type or 'of no known type'}]"
            )
            citations.append(Citation(str(block.resource.uri)[:2000]))
        elif block.type == "resource_link":
            texts.append(f"{block.title or block.name}: {block.uri}")
            citations.append(Citation(str(block.uri)[:2000], (block.title or block.name)[:500]))
        else:
            texts.append(f"[{block.type}, {block.mime_type}]")
    text = "\n".join(texts)
    if answer.is_error:
        raise ToolFailed(text[:2000] or "the server says that it failed, and not why")
    return ToolResult(text, answer.structured_content, tuple(citations))
