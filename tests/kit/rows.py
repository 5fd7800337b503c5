"""Builds a valid row of any table from what the catalogue says of it, its required parents first."""

import datetime
import re
import uuid
from decimal import Decimal
from typing import Any

from radiant.kit.ids import TenantId, UserId, uuid7
from tests.kit.catalogue import Column, Table

NOW = datetime.datetime.now(datetime.UTC).replace(minute=0, second=0, microsecond=0)

# Columns whose checks say more than a set of values; `{t}` is the tenant, `{x}` something new.
_TEXTS = {
    "tenants.slug": "s-{x}",
    "users.email": "{x}@example.org",
    "invitations.email": "{x}@example.org",
    "assets.key": "{t}/{x}",
    "visual_pipeline_jobs.source_asset_key": "{t}/{x}",
    "error_projects.slug": "s-{x}",
    "error_projects.public_key": "{h}",
    "aws_identities.arn": "arn:aws:iam::123456789012:role/{x}",
    "thinktank_tools.tool_name": "tool_{x}",
    "thinktank_tool_settings.tool_name": "tool_{x}",
    "brain_model_evidence.place": "task:{x}",
    "brain_tenant_evidence.place": "task:{x}",
    "voice_videos.video_url": "{t}/{x}",
    "voice_videos.media_type": "video/mp4",
    "video_frames.frame_url": "{t}/{x}",
}
_NUMBERS = {"voice_pieces.end_ms": 2}
_ALL_OPTIONAL_LEFT_OUT = frozenset(
    {"budgets.user_id", "budgets.api_key_id", "rate_limits.user_id", "rate_limits.api_key_id"}
)


class RowBuilder:
    """Rows of one tenant and one of its people, inserted as the owner of the tables. Parents are made once."""

    def __init__(self, owner: Any, tables: dict[str, Table], tenant_id: TenantId, user_id: UserId) -> None:
        self._owner = owner
        self._tables = tables
        self._tenant_id = tenant_id
        self._user_id = user_id
        self._made: dict[str, dict[str, Any]] = {}

    async def values(self, name: str, **given: Any) -> dict[str, Any]:
        """A row that could be inserted: only what has no default, `given` winning."""
        table = self._tables[name]
        row: dict[str, Any] = {}
        for key in table.foreign_keys:
            optional = [
                column
                for column in key.columns
                if column not in ("tenant_id", "user_id") and not table.columns[column].required
            ]
            if optional or key.parent in ("tenants", "users"):
                continue
            twice = key.parent == "memories" and "target_memory_id" in key.columns
            parent = (
                await self.insert(key.parent, await self.values(key.parent))
                if twice  # a relationship joins two
                else await self.row(key.parent)
            )
            row |= {
                c: parent[p]
                for c, p in zip(key.columns, key.parent_columns, strict=True)
                if c not in row and not table.columns[c].generated
            }
        for column in table.columns.values():
            if column.name == "tenant_id":
                row["tenant_id"] = self._tenant_id
            elif column.name == "user_id" and f"{name}.user_id" not in _ALL_OPTIONAL_LEFT_OUT:
                row["user_id"] = self._user_id
            elif column.name not in row and self._must_be_given(column):
                row[column.name] = self._value(table, column)
        return row | given

    @staticmethod
    def _must_be_given(column: Column) -> bool:
        return column.required and column.default is None and not column.generated and not column.is_identity

    async def row(self, name: str) -> dict[str, Any]:
        """The row of that table, made the first time it is asked for."""
        if name not in self._made:
            if name in ("tenants", "users"):
                id_ = self._tenant_id if name == "tenants" else self._user_id
                stored = await self._owner.fetchrow(f"select * from {name} where id = $1", id_)
                self._made[name] = dict(stored)
            elif name in ("retention_policies", "month_partitions"):
                # Filled by the migrations, and kept by the wipe between tests.
                self._made[name] = dict(await self._owner.fetchrow(f"select * from {name}"))
            else:
                self._made[name] = await self.insert(name, await self.values(name))
        return self._made[name]

    async def insert(self, name: str, values: dict[str, Any]) -> dict[str, Any]:
        """Insert as the owner; the stored row."""
        return dict(await insert(self._owner, name, values))

    def _value(self, table: Table, column: Column) -> Any:
        new = f"x{uuid.uuid4().hex[-11:]}"
        if text := _TEXTS.get(f"{table.name}.{column.name}"):
            return text.format(t=self._tenant_id, x=new, h=uuid.uuid4().hex)
        if allowed := set_of(table, column.name):
            return allowed[0]
        kind = column.type
        if kind == "uuid":
            return uuid7()
        if kind.startswith(("character varying", "text")) and not kind.endswith("[]"):
            return new
        if kind.endswith("[]"):
            return []
        if kind in ("integer", "bigint", "smallint"):
            return _NUMBERS.get(f"{table.name}.{column.name}", 1)
        if kind in ("double precision", "real"):
            return 0.5
        if kind.startswith("numeric"):
            return Decimal(1)
        if kind == "bytea":
            return bytes(12) if column.name == "nonce" else uuid.uuid4().bytes * 2
        if kind == "jsonb":
            return "{}"
        if kind.startswith("timestamp"):
            return (NOW + datetime.timedelta(days=1) if column.name == "period_end" else NOW).replace(hour=0)
        if kind == "boolean":
            return True
        if kind == "interval":
            return datetime.timedelta(days=1)
        if kind == "pgqueuer_status":
            return "queued"
        if kind == "name":
            return new
        raise NotImplementedError(f"{table.name}.{column.name}: {kind}")


def set_of(table: Table, column: str) -> list[str]:
    """The values that a CHECK allows in a column, or none where it has no such CHECK."""
    pattern = re.compile(rf"^CHECK \(\(\({column}\)?(?:::text)? = ANY \(\(?ARRAY\[(.*?)\]")
    for check in table.checks:
        if match := pattern.match(check):
            return re.findall(r"'([^']*)'", match[1])
    return []


async def insert(connection: Any, name: str, values: dict[str, Any]) -> Any:
    """Insert one row on that connection, as whoever it is."""
    columns = ", ".join(f'"{column}"' for column in values)
    places = ", ".join(f"${n}" for n in range(1, len(values) + 1))
    return await connection.fetchrow(f"insert into {name} ({columns}) values ({places}) returning *", *values.values())
