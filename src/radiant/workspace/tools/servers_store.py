"""SQL of MCP servers: one function, one statement."""

from typing import Any
from uuid import UUID

from radiant.infra.db import Row, Tx

_SELECT = (
    "select id, name, transport, case when transport = 'http' then address end as url, case when transport = 'stdio' then"
    " address end as command, credential_id, header_name, header_scheme, is_active, tools, left_out,"
    " listed_at, last_error, created_at, updated_at from tool_servers where tenant_id = $1"
)


async def all_of(tx: Tx) -> list[Row]:
    """The tenant's, by name."""
    return await tx.all(
        _SELECT + " order by name",
        tx.tenant_id,
    )


async def get(tx: Tx, server_id: UUID) -> Row | None:
    """One of them."""
    return await tx.one_or_none(
        _SELECT + " and id = $2",
        tx.tenant_id, server_id,
    )  # fmt: skip


async def insert(
    tx: Tx, server_id: UUID, name: str, url: str | None, command: str | None, credential_id: UUID | None, header_name: str,
    header_scheme: str,
) -> bool:  # fmt: skip
    """Keep a server; whether the name was free. `url`: over HTTP; else `command`."""
    return bool(
        await tx.run(
            "insert into tool_servers (id, tenant_id, name, transport, address, credential_id, header_name, header_scheme,"
            " created_by) values ($1, $2, $3, case when $4::text is null then 'stdio' else 'http' end, coalesce($4, $5), $6, $7, $8, $9)"
            " on conflict (tenant_id, name) do nothing",
            server_id, tx.tenant_id, name, url, command, credential_id, header_name, header_scheme, tx.user_id,
        )
    )  # fmt: skip


async def switch(tx: Tx, server_id: UUID, *, is_active: bool) -> bool:
    """Switch it on or off; whether it is there."""
    return bool(
        await tx.run(
            "update tool_servers set is_active = $3, updated_at = current_timestamp where tenant_id = $1 and id = $2",
            tx.tenant_id, server_id, is_active,
        )
    )  # fmt: skip


async def put_listing(tx: Tx, server_id: UUID, tools: list[dict[str, Any]], left_out: list[dict[str, Any]]) -> None:
    """What it offers."""
    await tx.run(
        "update tool_servers set tools = $3, left_out = $4, listed_at = current_timestamp, last_error = null"
        " where tenant_id = $1 and id = $2",
        tx.tenant_id, server_id, tools, left_out,
    )  # fmt: skip


async def note_error(tx: Tx, server_id: UUID, error: str) -> None:
    """It could not be listed; what it offered before stays."""
    await tx.run(
        "update tool_servers set last_error = left($3, 1000) where tenant_id = $1 and id = $2",
        tx.tenant_id,
        server_id,
        error,
    )


async def delete(tx: Tx, server_id: UUID) -> bool:
    """Forget it; whether it was there."""
    return bool(await tx.run("delete from tool_servers where tenant_id = $1 and id = $2", tx.tenant_id, server_id))
