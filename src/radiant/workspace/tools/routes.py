"""/api/tools."""

import time
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Request

from radiant.foundation.identity.dependencies import AdminCaller, AnyCaller, MemberCaller, OperatorCaller
from radiant.http.pages import ItemsOf
from radiant.workspace.tools.schemas import (
    NewToolServer,
    NewToolWebhook,
    ToolCitation,
    ToolCommands,
    ToolInfo,
    ToolPlatformSwitch,
    ToolServer,
    ToolServerSwitch,
    ToolSettings,
    ToolTrial,
    ToolTried,
    ToolWebhook,
    ToolWebhookChange,
)
from radiant.workspace.tools.service import Tools
from radiant.workspace.tools.toolbox import Toolbox

router = APIRouter(prefix="/api/tools", tags=["tools"])
Name = Annotated[str, Path(pattern=r"^[a-z][a-z0-9_]{0,63}$")]


def tools_of(request: Request) -> Tools:
    """What the root made."""
    return request.app.state.tools


@router.get("")
async def list_tools(request: Request, caller: AnyCaller) -> ItemsOf[ToolInfo]:
    """Every tool of the workspace; `absent` says why the caller cannot call one."""
    return ItemsOf(items=await tools_of(request).all(caller))


@router.post("/{tool_name}/try")
async def try_tool(request: Request, caller: MemberCaller, tool_name: Name, trial: ToolTrial) -> ToolTried:
    """Call a tool. One that changes something, or that an admin wants to be asked about, needs `"confirmed": true`."""
    began = time.perf_counter()
    call_id, result = await tools_of(request).attempt(caller, tool_name, trial)
    return ToolTried(
        call_id=call_id,
        text=result.text,
        data=result.data,
        citations=[ToolCitation(source=each.source, title=each.title, quote=each.quote) for each in result.citations],
        duration_ms=round((time.perf_counter() - began) * 1000),
    )


@router.put("/{tool_name}/settings")
async def put_settings(request: Request, caller: AdminCaller, tool_name: Name, settings: ToolSettings) -> ToolInfo:
    """Say whether a tool is on, who may call it, whether to ask first, and what it needs."""
    return await tools_of(request).put_settings(caller, tool_name, settings)


@router.put("/{built_in_tool}/platform", status_code=204)
async def switch_for_all(
    request: Request, caller: OperatorCaller, built_in_tool: Name, switch: ToolPlatformSwitch
) -> None:
    """Switch a built-in tool on or off for every workspace, as the platform's operator."""
    await tools_of(request).switch_for_all(caller, built_in_tool, is_active=switch.is_active)


@router.post("/webhooks", status_code=201)
async def create_webhook(request: Request, caller: AdminCaller, new: NewToolWebhook) -> ToolWebhook:
    """Define a tool that calls an address of the workspace's."""
    return await tools_of(request).create_webhook(caller, new)


@router.get("/webhooks/{tool_id}")
async def read_webhook(request: Request, caller: AdminCaller, tool_id: UUID) -> ToolWebhook:
    """A tool that the workspace defined."""
    return await tools_of(request).webhook(caller, tool_id)


@router.patch("/webhooks/{tool_id}")
async def change_webhook(
    request: Request, caller: AdminCaller, tool_id: UUID, change: ToolWebhookChange
) -> ToolWebhook:
    """Change it."""
    return await tools_of(request).change_webhook(caller, tool_id, change)


@router.delete("/webhooks/{tool_id}", status_code=204)
async def delete_webhook(request: Request, caller: AdminCaller, tool_id: UUID) -> None:
    """Delete it."""
    await tools_of(request).delete_webhook(caller, tool_id)


@router.get("/servers")
async def list_servers(request: Request, caller: AdminCaller) -> ItemsOf[ToolServer]:
    """MCP servers of the workspace, with their tools and how the last listing went."""
    return ItemsOf(items=await tools_of(request).servers(caller))


@router.get("/servers/commands")
async def list_commands(request: Request, caller: AdminCaller) -> ToolCommands:
    """Programs that may be added as servers, and inner hosts that tools may call: the operator lists both."""
    del caller
    toolbox: Toolbox = request.app.state.toolbox
    return ToolCommands(commands=sorted(toolbox.commands), inner_hosts=toolbox.inner_hosts)


@router.post("/servers", status_code=201)
async def create_server(request: Request, caller: AdminCaller, new: NewToolServer) -> ToolServer:
    """Add an MCP server. Refresh it to learn what it offers."""
    return await tools_of(request).create_server(caller, new)


@router.patch("/servers/{tool_server_id}")
async def switch_server(
    request: Request, caller: AdminCaller, tool_server_id: UUID, switch: ToolServerSwitch
) -> ToolServer:
    """Switch a server on or off."""
    return await tools_of(request).switch_server(caller, tool_server_id, is_active=switch.is_active)


@router.post("/servers/{tool_server_id}/refresh")
async def refresh_server(request: Request, caller: AdminCaller, tool_server_id: UUID) -> ToolServer:
    """Ask a server anew what it offers."""
    return await tools_of(request).refresh(caller, tool_server_id)


@router.delete("/servers/{tool_server_id}", status_code=204)
async def delete_server(request: Request, caller: AdminCaller, tool_server_id: UUID) -> None:
    """Remove a server."""
    await tools_of(request).delete_server(caller, tool_server_id)
