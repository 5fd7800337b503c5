"""`sql_query`: read-only SQL over the person's own chats, documents, usage, merges and memories."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import asyncpg
import structlog

from radiant.infra.db import Database
from radiant.workspace.tools import sql_plan, sql_reading
from radiant.workspace.tools.base import BadArguments, ToolFailed, ToolResult, ToolType, Use
from radiant.workspace.tools.sql_reading import MOST_CHARACTERS, VIEWS

log = structlog.get_logger()

MOST_ROWS = 200
_MOST_ROW, _MOST_BYTES = 8_000, 100_000
_SECONDS = 5.0
_AT_ONCE = 2
# The query is a view of itself here: what it gives is bounded whatever it is.
_BEFORE, _AFTER = "select left(to_json(q)::text, $1::int) from (", ") as q limit $2::int"
# Of the class: what the query itself is at fault for. 0A: not supported; 21, 22: values; 42: names and types; 2B, 54: limits.
_ITS_FAULT = ("0A", "21", "22", "42", "54")


_PARAMETERS: Mapping[str, Any] = {
    "type": "object",
    "properties": {"query": {"type": "string", "minLength": 1, "maxLength": MOST_CHARACTERS}},
    "required": ["query"],
    "additionalProperties": False,
}


@dataclass(frozen=True, slots=True)
class SqlQuery:
    """Runs as `radiant_reader`, see the migration `tools_switches_servers_reader`."""

    database: Database
    seconds: float = _SECONDS
    # So many at a time, or slow ones would take all connections of the process.
    turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_AT_ONCE))
    name: str = "sql_query"
    type: ToolType = "sql"
    description: str = (
        "Read the person's own data by one SELECT in PostgreSQL's SQL. Views: "
        + "; ".join(f"{name}({columns})" for name, columns in VIEWS.items())
        + f". At most {MOST_ROWS} rows."
    )
    side_effects: bool = False
    parameters: Mapping[str, Any] = field(default_factory=lambda: _PARAMETERS)

    async def call(self, arguments: Mapping[str, Any], use: Use) -> ToolResult:
        """Raises BadArguments, ToolFailed."""
        query = await asyncio.to_thread(sql_reading.checked, arguments["query"])
        seconds = min(self.seconds, use.seconds)
        try:
            async with self.turns, use.caller.db(self.database).reading(seconds) as tx:
                # No literal: it was written from known parts, and the role can do no more than read.
                connection = tx.connection
                plan = await connection.fetch("explain (verbose, costs off) " + query)
                if unknown := sql_plan.unknown_parts("\n".join(row[0] for row in plan)):
                    log.warning("tools.sql_misread", unknown=unknown, query=query)
                    raise BadArguments(f"arguments.query: not allowed: {', '.join(unknown)[:200]}")
                columns = [each.name for each in (await connection.prepare(query)).get_attributes()]
                rows = await connection.fetch(_BEFORE + query + _AFTER, _MOST_ROW + 1, MOST_ROWS + 1)
        except asyncpg.QueryCanceledError as error:
            raise ToolFailed(f"the query took longer than {seconds:.0f} seconds; ask for less") from error
        except asyncpg.PostgresError as error:
            if (error.sqlstate or "").startswith(_ITS_FAULT):
                raise BadArguments(f"arguments.query: {error}") from error
            raise ToolFailed(f"the database did not run it: {type(error).__name__}", again=True) from error
        return _result(columns, [row[0] for row in rows])


def _result(columns: list[str], texts: list[str]) -> ToolResult:
    rows: list[list[Any]] = []
    size, cut = 0, len(texts) > MOST_ROWS
    for text in texts[:MOST_ROWS]:
        if len(text) > _MOST_ROW:
            raise ToolFailed(
                f"a row has more than {_MOST_ROW:,} characters; choose fewer columns, or shorten by left(…)"
            )
        size += len(text)
        if size > _MOST_BYTES:
            cut = True
            break
        pairs = cast("list[tuple[str, Any]]", json.loads(text, object_pairs_hook=list))
        rows.append([value for _, value in pairs])
    count = f"{len(rows)} row{'s' * (len(rows) != 1)}" + (" (there are more)" if cut else "")
    lines = [json.dumps(row, ensure_ascii=False, default=str) for row in rows]
    text = "\n".join([f"{count}: {', '.join(columns)}", *lines])
    return ToolResult(text, {"columns": columns, "rows": rows, "cut": cut})
