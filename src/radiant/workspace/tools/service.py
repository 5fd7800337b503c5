"""What admins do to tools: their own, MCP servers, switches. Who may is the routes' to say."""

import asyncio
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from radiant.foundation.credentials.actor import Actor
from radiant.foundation.credentials.leases import Leases
from radiant.foundation.credentials.schemas import Use as CredentialUse
from radiant.foundation.identity import trail
from radiant.foundation.identity.callers import Caller
from radiant.infra.db import Database, Row, TenantDb, Tx
from radiant.infra.secrets import SecretRef
from radiant.kit.errors import Invalid, Problem
from radiant.kit.ids import uuid7
from radiant.workspace.tools import servers_store, store
from radiant.workspace.tools.arguments import check_schema
from radiant.workspace.tools.base import ToolResult, Use
from radiant.workspace.tools.http_fetch import HTTP_FETCH
from radiant.workspace.tools.mcp_tools import sorted_out
from radiant.workspace.tools.problems import (
    ConfirmationNeeded,
    NoSuchServer,
    NoSuchTool,
    ServerNameTaken,
    ToolNameTaken,
    TooManyTools,
)
from radiant.workspace.tools.reach import HostRule
from radiant.workspace.tools.schemas import (
    NewToolServer,
    NewToolWebhook,
    ToolInfo,
    ToolServer,
    ToolSettings,
    ToolTrial,
    ToolWebhook,
    ToolWebhookChange,
    UnfitTool,
)
from radiant.workspace.tools.toolbox import Known, Toolbox
from radiant.workspace.tools.web_search import WEB_SEARCH

_MOST_WEBHOOKS, _MOST_SERVERS = 200, 50


async def uses_of(db: TenantDb, credential_id: UUID) -> Sequence[CredentialUse]:
    """Which tools and servers take a credential: a port of the vault's, so that it can be said before a deletion."""
    async with db.tx() as tx:
        return [
            CredentialUse(kind=row["kind"], id=row["id"], name=row["name"])
            for row in await store.uses(tx, credential_id)
        ]


class Tools:
    """One per process."""

    def __init__(self, database: Database, toolbox: Toolbox, leases: Leases) -> None:
        self._database = database
        self._toolbox = toolbox
        self._leases = leases

    async def all(self, caller: Caller) -> list[ToolInfo]:
        """Every tool, with why one cannot be called."""
        return [_info(each) for each in await self._toolbox.known(caller)]

    async def attempt(self, caller: Caller, name: str, trial: ToolTrial) -> tuple[UUID, ToolResult]:
        """Call a tool as a person does. Raises NoSuchTool, ToolAbsent, ConfirmationNeeded, ToolFailed."""
        known = await self._toolbox.one(caller, name)
        if known.asks_first and not trial.confirmed:
            raise ConfirmationNeeded(
                f'{name} changes something outside of RADIANT, or an admin wants to be asked; say "confirmed": true'
            )
        call_id = trial.call_id or uuid7()
        use = Use(caller, call_id, trial.seconds, tuple(trial.bases))
        if known.asks_first:
            async with caller.db(self._database).tx() as tx:
                await trail.record(tx, caller, "tool.called", target=("tool", name), call_id=str(call_id))
        return call_id, await self._toolbox.call(known.tool, trial.arguments, use)

    # --- switches ---

    async def put_settings(self, caller: Caller, name: str, settings: ToolSettings) -> ToolInfo:
        """Say of a tool whether and by whom it may be called, and what it needs. Raises NoSuchTool, BadHostRule,
        BadToolAddress, and what keeps a credential from being used."""
        known = {each.tool.name: each for each in await self._toolbox.known(caller)}
        if name not in known:
            raise NoSuchTool("there is no such tool")
        config, credential = settings.config, settings.credential_id
        if config.hosts and name != HTTP_FETCH:
            raise Invalid("config.hosts: http_fetch alone has them")
        if (config.provider or config.url or credential) and name != WEB_SEARCH:
            raise Invalid(f"config: {WEB_SEARCH} alone has a provider, an address and a key")
        for host in config.hosts:
            HostRule.of(host)
        if name == WEB_SEARCH:
            await self._check_search(caller, settings, known[name].settings)
        async with caller.db(self._database).tx() as tx:
            await store.put_settings(
                tx, name, settings.least_role, config.model_dump(mode="json", exclude_defaults=True), credential,
                is_active=settings.is_active, ask_first=settings.ask_first,
            )  # fmt: skip
            await trail.record(tx, caller, "tool.settings", target=("tool", name), is_active=settings.is_active)
        return next(_info(each) for each in await self._toolbox.known(caller) if each.tool.name == name)

    async def _check_search(self, caller: Caller, settings: ToolSettings, before: ToolSettings) -> None:
        provider, url = settings.config.provider, settings.config.url
        if provider == "searxng":
            if url is None:
                raise Invalid("config.url: give the address of SearXNG")
            self._toolbox.reach.check_address(url, "config.url")
        elif url is not None:
            raise Invalid("config.url: only SearXNG has one")
        if provider in ("brave", "tavily") and settings.credential_id is None:
            raise Invalid(f"credential_id: {provider} needs a key; keep it in the vault")
        if settings.credential_id not in (None, before.credential_id):
            await self._bind(caller, settings.credential_id, f"tool {WEB_SEARCH}")

    async def switch_for_all(self, caller: Caller, name: str, *, is_active: bool) -> None:
        """The operator's word on a built-in tool. Raises Forbidden, NoSuchTool."""
        caller.require_operator()
        known = next(
            (e for e in await self._toolbox.known(caller) if e.tool.name == name and e.origin == "built-in"), None
        )
        if known is None:
            raise NoSuchTool("there is no such built-in tool")
        tool = known.tool
        async with self._database.system("tools of the platform").tx() as tx:
            await store.put_for_all(
                tx, name, tool.type, tool.description[:4000], dict(tool.parameters), is_active=is_active
            )
            await trail.record(tx, caller, "tool.platform", target=("tool", name), is_active=is_active)

    # --- webhooks ---

    async def webhook(self, caller: Caller, tool_id: UUID) -> ToolWebhook:
        """A tool of the workspace's own. Raises NoSuchTool."""
        async with caller.db(self._database).tx() as tx:
            return _webhook(await _own(tx, tool_id))

    async def create_webhook(self, caller: Caller, new: NewToolWebhook) -> ToolWebhook:
        """Define a tool. Raises ToolNameTaken, BadToolSchema, BadToolAddress, TooManyTools, and what keeps the credential
        from being used."""
        await asyncio.to_thread(check_schema, new.parameters)
        self._toolbox.reach.check_address(new.url, "url")
        known = await self._toolbox.known(caller)
        if new.name in {each.tool.name for each in known} | self._toolbox.built_in:
            raise ToolNameTaken(f"name: there is a tool {new.name} already; choose another name")
        if sum(each.origin == "webhook" for each in known) >= _MOST_WEBHOOKS:
            raise TooManyTools(f"a workspace has at most {_MOST_WEBHOOKS} tools of its own; delete one")
        await self._bind(caller, new.credential_id, f"tool {new.name}")
        tool_id = uuid7()
        async with caller.db(self._database).tx() as tx:
            if not await store.insert(
                tx, tool_id, new.name, new.description, new.parameters, new.url, new.credential_id,
                side_effects=new.side_effects,
            ):  # fmt: skip
                raise ToolNameTaken(f"name: there is a tool {new.name} already; choose another name")
            await trail.record(tx, caller, "tool.created", target=("tool", tool_id), name=new.name)
            return _webhook(await _own(tx, tool_id))

    async def change_webhook(self, caller: Caller, tool_id: UUID, change: ToolWebhookChange) -> ToolWebhook:
        """Change a tool. Raises NoSuchTool, and what creating it raises."""
        async with caller.db(self._database).tx() as tx:
            name = (await _own(tx, tool_id))["tool_name"]
        if change.parameters is not None:
            await asyncio.to_thread(check_schema, change.parameters)
        if change.url is not None:
            self._toolbox.reach.check_address(change.url, "url")
        if change.credential_id is not None:
            await self._bind(caller, change.credential_id, f"tool {name}")
        async with caller.db(self._database).tx() as tx:
            row = await _own(tx, tool_id)
            await store.change(
                tx, tool_id, change.description or row["description"],
                row["parameters_schema"] if change.parameters is None else change.parameters,
                change.url or row["implementation"], change.credential_id or row["credential_id"],
                side_effects=row["side_effects"] if change.side_effects is None else change.side_effects,
            )  # fmt: skip
            await trail.record(tx, caller, "tool.changed", target=("tool", tool_id), name=name)
            return _webhook(await _own(tx, tool_id))

    async def delete_webhook(self, caller: Caller, tool_id: UUID) -> None:
        """Forget a tool and what was said of it. Raises NoSuchTool."""
        async with caller.db(self._database).tx() as tx:
            row = await _own(tx, tool_id)
            await store.delete(tx, tool_id)
            await store.forget_settings(tx, row["tool_name"])
            await trail.record(tx, caller, "tool.deleted", target=("tool", tool_id), name=row["tool_name"])

    # --- servers ---

    async def servers(self, caller: Caller) -> list[ToolServer]:
        """MCP servers, by name."""
        async with caller.db(self._database).tx() as tx:
            return [_server(row) for row in await servers_store.all_of(tx)]

    async def create_server(self, caller: Caller, new: NewToolServer) -> ToolServer:
        """Keep a server; it is asked what it offers by `refresh`. Raises ServerNameTaken, BadToolAddress, TooManyTools, and
        what keeps the credential from being used."""
        if new.url is not None:
            self._toolbox.reach.check_address(new.url, "url")
        elif new.command not in self._toolbox.commands:
            listed = ", ".join(self._toolbox.commands) or "none"
            raise Invalid(
                f"command: the platform's operator lists programs in RADIANT_TOOL_SERVERS; there are: {listed}"
            )
        if new.credential_id is not None:
            await self._bind(caller, new.credential_id, f"tool server {new.name}")
        server_id = uuid7()
        async with caller.db(self._database).tx() as tx:
            if len(await servers_store.all_of(tx)) >= _MOST_SERVERS:
                raise TooManyTools(f"a workspace has at most {_MOST_SERVERS} MCP servers; remove one")
            if not await servers_store.insert(
                tx, server_id, new.name, new.url, new.command, new.credential_id, new.header_name, new.header_scheme
            ):
                raise ServerNameTaken(f"name: there is a server {new.name} already; choose another name")
            await trail.record(tx, caller, "tool-server.created", target=("tool-server", server_id), name=new.name)
            return _server(await _of_server(tx, server_id))

    async def switch_server(self, caller: Caller, server_id: UUID, *, is_active: bool) -> ToolServer:
        """Offer its tools or not. Raises NoSuchServer."""
        async with caller.db(self._database).tx() as tx:
            await _of_server(tx, server_id)
            await servers_store.switch(tx, server_id, is_active=is_active)
            await trail.record(
                tx, caller, "tool-server.switched", target=("tool-server", server_id), is_active=is_active
            )
            server = _server(await _of_server(tx, server_id))
        if not is_active:
            self._toolbox.connections.forget(caller.tenant_id, server_id)
        return server

    async def delete_server(self, caller: Caller, server_id: UUID) -> None:
        """Forget it, and what was said of its tools. Raises NoSuchServer."""
        async with caller.db(self._database).tx() as tx:
            row = await _of_server(tx, server_id)
            for listed in row["tools"]:
                await store.forget_settings(tx, listed["name"])
            await servers_store.delete(tx, server_id)
            await trail.record(tx, caller, "tool-server.deleted", target=("tool-server", server_id), name=row["name"])
        self._toolbox.connections.forget(caller.tenant_id, server_id)

    async def refresh(self, caller: Caller, server_id: UUID) -> ToolServer:
        """Ask it anew what it offers. Where it fails, that is noted with it and what it offered before stays. Raises
        NoSuchServer, ServerFailed, and the vault's problems."""
        async with caller.db(self._database).tx() as tx:
            row = await _of_server(tx, server_id)
        try:
            at = await self._toolbox.server_at(caller.tenant_id, row)
            listed = await self._toolbox.connections.list_tools(at)
        except Problem as problem:
            async with caller.db(self._database).tx() as tx:
                await servers_store.note_error(tx, server_id, problem.detail)
            raise
        known = await self._toolbox.known(caller)
        taken = {each.tool.name for each in known if each.server_id != server_id} | self._toolbox.built_in
        kept, left_out = await sorted_out(row["name"], listed, taken)
        async with caller.db(self._database).tx() as tx:
            await servers_store.put_listing(tx, server_id, kept, left_out)
            return _server(await _of_server(tx, server_id))

    async def _bind(self, caller: Caller, credential_id: UUID | None, purpose: str) -> None:
        assert credential_id is not None
        await self._leases.bind(Actor.of(caller), SecretRef(credential_id), purpose)


async def _own(tx: Tx, tool_id: UUID) -> Row:
    row = await store.get(tx, tool_id)
    if row is None:
        raise NoSuchTool("there is no such tool")
    return row


async def _of_server(tx: Tx, server_id: UUID) -> Row:
    row = await servers_store.get(tx, server_id)
    if row is None:
        raise NoSuchServer("there is no such server")
    return row


def _webhook(row: Row) -> ToolWebhook:
    return ToolWebhook(
        id=row["id"], name=row["tool_name"], description=row["description"] or "", parameters=row["parameters_schema"],
        url=row["implementation"], credential_id=row["credential_id"], side_effects=row["side_effects"],
        created_at=row["created_at"], updated_at=row["updated_at"],
    )  # fmt: skip


def _server(row: Row) -> ToolServer:
    tools: list[dict[str, Any]] = row["tools"]
    return ToolServer(
        id=row["id"], name=row["name"], transport=row["transport"], url=row["url"], command=row["command"],
        credential_id=row["credential_id"], header_name=row["header_name"], header_scheme=row["header_scheme"],
        is_active=row["is_active"], tools=[each["name"] for each in tools],
        left_out=[UnfitTool(**each) for each in row["left_out"]], listed_at=row["listed_at"], last_error=row["last_error"],
        created_at=row["created_at"],
    )  # fmt: skip


def _info(known: Known) -> ToolInfo:
    tool = known.tool
    return ToolInfo(
        name=tool.name, type=tool.type, description=tool.description, parameters=dict(tool.parameters),
        side_effects=tool.side_effects, asks_first=known.asks_first, origin=known.origin, tool_id=known.tool_id,
        server_id=known.server_id, absent=known.absent, settings=known.settings,
    )  # fmt: skip
