"""SQL of tools of a tenant's own and of what its admins say of tools: one function, one statement."""

from typing import Any
from uuid import UUID

from radiant.infra.db import Row, Tx

_SELECT = (
    "select id, tool_name, description, parameters_schema, implementation, is_active, side_effects, credential_id,"
    " created_by, created_at, updated_at from thinktank_tools where tenant_id = $1 and tool_type = 'webhook'"
)


async def own(tx: Tx) -> list[Row]:
    """The tenant's own tools, by name."""
    return await tx.all(
        _SELECT + " order by tool_name",
        tx.tenant_id,
    )


async def get(tx: Tx, tool_id: UUID) -> Row | None:
    """One of them."""
    return await tx.one_or_none(
        _SELECT + " and id = $2",
        tx.tenant_id, tool_id,
    )  # fmt: skip


async def insert(
    tx: Tx, tool_id: UUID, name: str, description: str, schema: dict[str, Any], address: str, credential_id: UUID, *,
    side_effects: bool,
) -> bool:  # fmt: skip
    """Keep a webhook; whether the name was free among the tenant's own."""
    return bool(
        await tx.run(
            "insert into thinktank_tools (id, tenant_id, tool_name, tool_type, description, parameters_schema,"
            " implementation, credential_id, side_effects, created_by) values ($1, $2, $3, 'webhook', $4, $5, $6, $7, $8, $9)"
            " on conflict (tenant_id, tool_name) do nothing",
            tool_id, tx.tenant_id, name, description, schema, address, credential_id, side_effects, tx.user_id,
        )
    )  # fmt: skip


async def change(
    tx: Tx, tool_id: UUID, description: str, schema: dict[str, Any], address: str, credential_id: UUID | None, *,
    side_effects: bool,
) -> None:  # fmt: skip
    """Change a webhook."""
    await tx.run(
        "update thinktank_tools set description = $3, parameters_schema = $4, implementation = $5, credential_id = $6,"
        " side_effects = $7, updated_at = current_timestamp where tenant_id = $1 and id = $2",
        tx.tenant_id, tool_id, description, schema, address, credential_id, side_effects,
    )  # fmt: skip


async def delete(tx: Tx, tool_id: UUID) -> bool:
    """Forget a webhook; whether it was there."""
    return bool(
        await tx.run(
            "delete from thinktank_tools where tenant_id = $1 and id = $2 and tool_type = 'webhook'",
            tx.tenant_id,
            tool_id,
        )
    )


async def off_for_all(tx: Tx) -> list[str]:
    """Built-in tools that the platform's operator switched off."""
    rows = await tx.all("select tool_name from thinktank_tools where tenant_id is null and not is_active")
    return [row["tool_name"] for row in rows]


async def put_for_all(
    tx: Tx, name: str, kind: str, description: str, schema: dict[str, Any], *, is_active: bool
) -> None:
    """The operator's word on a built-in tool. System transaction."""
    await tx.run(
        "insert into thinktank_tools (tenant_id, tool_name, tool_type, description, parameters_schema, implementation,"
        " is_active) values (null, $1, $2, $3, $4, 'built in', $5) on conflict (tenant_id, tool_name) do update set"
        " tool_type = excluded.tool_type, description = excluded.description, is_active = excluded.is_active,"
        " parameters_schema = excluded.parameters_schema, updated_at = current_timestamp",
        name, kind, description, schema, is_active,
    )  # fmt: skip


async def settings(tx: Tx) -> list[Row]:
    """What the tenant's admins said of tools."""
    return await tx.all(
        "select tool_name, is_active, least_role, ask_first, config, credential_id, updated_at from thinktank_tool_settings"
        " where tenant_id = $1",
        tx.tenant_id,
    )


async def put_settings(
    tx: Tx, name: str, least_role: str, config: dict[str, Any], credential_id: UUID | None, *, is_active: bool,
    ask_first: bool,
) -> None:  # fmt: skip
    """Say it, in place of what was said before."""
    await tx.run(
        "insert into thinktank_tool_settings (tenant_id, tool_name, is_active, least_role, ask_first, config, credential_id,"
        " updated_by) values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (tenant_id, tool_name) do update set"
        " is_active = excluded.is_active, least_role = excluded.least_role, ask_first = excluded.ask_first,"
        " config = excluded.config, credential_id = excluded.credential_id, updated_by = excluded.updated_by,"
        " updated_at = current_timestamp",
        tx.tenant_id, name, is_active, least_role, ask_first, config, credential_id, tx.user_id,
    )  # fmt: skip


async def forget_settings(tx: Tx, name: str) -> None:
    """As if nothing had been said."""
    await tx.run("delete from thinktank_tool_settings where tenant_id = $1 and tool_name = $2", tx.tenant_id, name)


async def uses(tx: Tx, credential_id: UUID) -> list[Row]:
    """What of tools takes that credential."""
    return await tx.all(
        "select 'tool' as kind, id::text as id, tool_name as name from thinktank_tools where tenant_id = $1 and credential_id = $2"
        " union all select 'tool', tool_name, tool_name from thinktank_tool_settings where tenant_id = $1 and credential_id = $2"
        " union all select 'tool-server', id::text, name from tool_servers where tenant_id = $1 and credential_id = $2"
        " order by 1, 3",
        tx.tenant_id, credential_id,
    )  # fmt: skip
