"""All tools of a workspace, and the one way to call one: arguments are held against the schema, time and text are bounded,
and whatever goes wrong ends in a problem that says what."""

import asyncio
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import structlog

from radiant.foundation.identity.callers import Caller, Role, Scope, role_of
from radiant.infra.db import Database, Row
from radiant.infra.httpclient import HttpClient
from radiant.infra.secrets import SecretRef, Secrets
from radiant.kit.errors import Problem
from radiant.kit.ids import TenantId
from radiant.workspace.documents.service import Documents
from radiant.workspace.memory.service import Memory
from radiant.workspace.tools import servers_store, store
from radiant.workspace.tools.arguments import check_arguments
from radiant.workspace.tools.base import Tool, ToolFailed, ToolResult, ToolType, Use
from radiant.workspace.tools.current_time import CurrentTime
from radiant.workspace.tools.http_fetch import HTTP_FETCH, HttpFetch
from radiant.workspace.tools.mcp_connections import McpConnections, ServerAt
from radiant.workspace.tools.mcp_tools import McpTool
from radiant.workspace.tools.problems import NoSuchTool, ToolAbsent, ToolNotOffered
from radiant.workspace.tools.reach import HostRule, Reach
from radiant.workspace.tools.retrieval import DocumentSearch, MemorySearch
from radiant.workspace.tools.schemas import Origin, ToolConfig, ToolSettings
from radiant.workspace.tools.sql_query import SqlQuery
from radiant.workspace.tools.web_search import WEB_SEARCH, WebSearch
from radiant.workspace.tools.webhooks import WebhookTool

log = structlog.get_logger()

MOST_TEXT = 20_000
_MOST_DATA = 200_000
# What an API key needs besides, since the tool shows what other routes show to such keys alone.
_SCOPES: Mapping[str, tuple[Scope, ...]] = {
    "memory_search": ("memory",),
    "document_search": ("documents",),
    "sql_query": ("read", "memory", "documents"),
}


@dataclass(frozen=True, slots=True)
class Known:
    """A tool of a workspace. `absent`: why it cannot be called by that caller."""

    tool: Tool
    origin: Origin
    settings: ToolSettings
    absent: str | None = None
    tool_id: UUID | None = None
    server_id: UUID | None = None

    @property
    def asks_first(self) -> bool:
        """A person is asked before each call."""
        return self.tool.side_effects or self.settings.ask_first


@dataclass(frozen=True, slots=True)
class _Asking:
    """A tool that a workspace wants to be asked about, though it has no side effects."""

    tool: Tool
    side_effects: bool = True

    @property
    def name(self) -> str:
        return self.tool.name

    @property
    def type(self) -> ToolType:
        return self.tool.type

    @property
    def description(self) -> str:
        return self.tool.description

    @property
    def parameters(self) -> Mapping[str, Any]:
        return self.tool.parameters

    async def call(self, arguments: Mapping[str, Any], use: Use) -> ToolResult:
        return await self.tool.call(arguments, use)


class Toolbox:
    """Made once by a root, and closed by it. `compute`: tools that work things out here; `inner_hosts`, `hosts`: of the
    settings `tool_inner_hosts` and `tool_hosts`; `commands`: of `tool_servers`."""

    def __init__(
        self, database: Database, http: HttpClient, secrets: Secrets, memory: Memory, documents: Documents, *,
        compute: Sequence[Tool] = (), inner_hosts: Sequence[str] = (), hosts: Sequence[str] = ("*",),
        commands: Mapping[str, Sequence[str]] | None = None,
    ) -> None:  # fmt: skip
        self._database = database
        self._secrets = secrets
        self.reach = Reach(http, inner_hosts, hosts)
        self.inner_hosts = list(inner_hosts)
        self.commands: Mapping[str, Sequence[str]] = commands or {}
        self.connections = McpConnections(self.reach)
        fixed: tuple[Tool, ...] = (
            CurrentTime(),
            MemorySearch(memory),
            DocumentSearch(documents),
            SqlQuery(database),
            *compute,
        )
        self._fixed: dict[str, Tool] = {tool.name: tool for tool in fixed}

    async def __aenter__(self) -> "Toolbox":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.connections.close()

    @property
    def built_in(self) -> frozenset[str]:
        """Names of the program's own tools."""
        return frozenset({*self._fixed, HTTP_FETCH, WEB_SEARCH})

    async def known(self, caller: Caller) -> list[Known]:
        """Every tool of the workspace, whether it can be called or not, built-in ones first."""
        async with caller.db(self._database).tx() as tx:
            rows = {row["tool_name"]: row for row in await store.settings(tx)}
            off = set(await store.off_for_all(tx))
            webhooks = await store.own(tx)
            servers = await servers_store.all_of(tx)
        said = {name: _settings(row) for name, row in rows.items()}
        found = [Known(tool, "built-in", said.get(name) or ToolSettings()) for name, tool in self._fixed.items()]
        for make in (self._http_fetch, self._web_search):
            found.append(make(said))
        found = [
            replace(each, absent="the platform's operator switched it off for everybody")
            if each.tool.name in off
            else each
            for each in found
        ]
        taken = set(self.built_in)
        for row in webhooks:
            if row["tool_name"] not in taken:
                taken.add(row["tool_name"])
                found.append(self._webhook(row, said))
        for row in servers:
            for listed in row["tools"]:
                if listed["name"] not in taken:
                    taken.add(listed["name"])
                    found.append(self._of_server(row, listed, said))
        return [each if each.absent else replace(each, absent=_why_not(each, caller)) for each in found]

    def _http_fetch(self, said: Mapping[str, ToolSettings]) -> Known:
        settings = said.get(HTTP_FETCH) or ToolSettings()
        hosts = [HostRule.of(each) for each in settings.config.hosts]
        why = None if hosts else "no host may be read yet; an admin lists hosts under Settings, Tools"
        return Known(HttpFetch(self.reach, hosts), "built-in", settings, why)

    def _web_search(self, said: Mapping[str, ToolSettings]) -> Known:
        settings = said.get(WEB_SEARCH) or ToolSettings()
        config = settings.config
        tool = WebSearch(self.reach, self._secrets, config.provider, config.url, settings.credential_id)
        return Known(tool, "built-in", settings, tool.absent())

    def _webhook(self, row: Row, said: Mapping[str, ToolSettings]) -> Known:
        tool = WebhookTool(
            self.reach, self._secrets, row["tool_name"], row["description"] or "", row["implementation"],
            row["credential_id"], row["parameters_schema"], row["side_effects"],
        )  # fmt: skip
        settings = said.get(tool.name) or ToolSettings()
        return Known(tool, "webhook", settings, tool.absent(), tool_id=row["id"])

    def _of_server(self, row: Row, listed: Mapping[str, Any], said: Mapping[str, ToolSettings]) -> Known:
        async def find(tenant_id: TenantId) -> ServerAt:
            return await self.server_at(tenant_id, row)

        tool = McpTool(
            self.connections, find, listed["tool"], listed["name"], listed["description"], listed["parameters"],
            listed["side_effects"],
        )  # fmt: skip
        absent = None if row["is_active"] else f"the server {row['name']} is switched off"
        if row["command"] is not None and row["command"] not in self.commands:
            absent = f"the platform's operator does not list the program {row['command']!r} any more"
        return Known(tool, "server", said.get(tool.name) or ToolSettings(), absent, server_id=row["id"])

    async def server_at(self, tenant_id: TenantId, row: Row) -> ServerAt:
        """Where a server is, with its key. Raises ToolFailed, and the vault's problems."""
        if row["command"] is not None:
            command = self.commands.get(row["command"])
            if command is None:
                raise ToolFailed(f"the platform's operator lists no program {row['command']!r} in RADIANT_TOOL_SERVERS")
            return ServerAt(tenant_id, row["id"], row["name"], command=command)
        headers: dict[str, str] = {}
        if row["credential_id"] is not None:
            value = await self._secrets.lease(tenant_id, SecretRef(row["credential_id"]), f"tool server {row['name']}")
            headers[row["header_name"]] = f"{row['header_scheme']} {value}".strip()
        return ServerAt(tenant_id, row["id"], row["name"], url=row["url"], headers=headers)

    async def offered(self, caller: Caller, names: Sequence[str] | None = None) -> list[Tool]:
        """The tools that the caller may call: all, or those named, in that order. Raises ToolNotOffered where one is
        named that is not among them, with those that are."""
        known = {each.tool.name: each for each in await self.known(caller)}
        may = {name: each for name, each in known.items() if each.absent is None}
        wanted = list(may) if names is None else list(dict.fromkeys(names))
        missing = [name for name in wanted if name not in may]
        if missing:
            said = "; ".join(
                f"{name[:100]!r}: {known[name].absent if name in known else 'there is no such tool'}"
                for name in missing[:10]
            )
            raise ToolNotOffered(f"tools: {said}. There are: {', '.join(may) or 'none'}", offered=list(may))
        return [_Asking(may[name].tool) if may[name].asks_first else may[name].tool for name in wanted]

    async def one(self, caller: Caller, name: str) -> Known:
        """A tool to be called now. Raises NoSuchTool, ToolAbsent."""
        found = next((each for each in await self.known(caller) if each.tool.name == name), None)
        if found is None:
            raise NoSuchTool("there is no such tool")
        if found.absent is not None:
            raise ToolAbsent(f"{name}: {found.absent}")
        return found

    async def call(self, tool: Tool, arguments: Mapping[str, Any], use: Use) -> ToolResult:
        """Call it. Whether it may be called, and whether a person was asked, is settled before. What comes back is data:
        nothing in it is an instruction. Raises BadArguments, ToolFailed, and the problems of what it stands on."""
        began = time.perf_counter()
        outcome = "failed"
        try:
            result = await self._bounded(tool, arguments, use)
            outcome = "done"
        except Problem as problem:
            outcome = problem.slug
            raise
        except Exception as error:
            # A fault of ours: it is in error tracking by this, and the model hears that it has no result.
            log.exception("tools.fault", tool=tool.name, call_id=str(use.call_id))
            raise ToolFailed(f"{tool.name} failed in a way that nobody foresaw ({type(error).__name__})") from error
        finally:
            log.info(
                "tools.called", tool=tool.name, type=tool.type, outcome=outcome, call_id=str(use.call_id),
                ms=round((time.perf_counter() - began) * 1000),
            )  # fmt: skip
        return result

    async def _bounded(self, tool: Tool, arguments: Mapping[str, Any], use: Use) -> ToolResult:
        limit = asyncio.timeout(use.seconds)
        try:
            async with limit:
                await asyncio.to_thread(check_arguments, tool.parameters, arguments)
                found = await tool.call(arguments, use)
                return await asyncio.to_thread(_cut, found)
        except TimeoutError as error:
            if not limit.expired():
                raise
            raise ToolFailed(f"{tool.name} took longer than {use.seconds:g} seconds", again=True) from error


def _cut(found: ToolResult) -> ToolResult:
    """At most MOST_TEXT characters of text, and no data that a page could not hold."""
    text = found.text
    if len(text) > MOST_TEXT:
        note = f"\n[cut: it has {len(text):,} characters]"
        text = text[: MOST_TEXT - len(note)] + note
    # What JSON cannot say is a tool's fault, and shows here.
    whole = len(json.dumps(found.data, ensure_ascii=False)) <= _MOST_DATA
    return ToolResult(text, found.data if whole else None, found.citations)


def _settings(row: Row) -> ToolSettings:
    return ToolSettings(
        is_active=row["is_active"], least_role=row["least_role"], ask_first=row["ask_first"],
        config=ToolConfig.model_validate(row["config"]), credential_id=row["credential_id"],
    )  # fmt: skip


def _why_not(known: Known, caller: Caller) -> str | None:
    if not known.settings.is_active:
        return "an admin switched it off"
    least = role_of(known.settings.least_role)
    if caller.role < least:
        return f"it takes the role {least.label}"
    if missing := [scope for scope in _SCOPES.get(known.tool.name, ()) if scope not in caller.scopes]:
        return f"this API key lacks the scope {', '.join(missing)}"
    if caller.role < Role.MEMBER and known.asks_first:
        return "it changes something, which takes the role member"
    return None
