"""SQL of projects: programs that send errors, each with its key."""

from uuid import UUID

from radiant.foundation.error_tracking.schemas import ErrorProjectSettings, NewErrorProject
from radiant.infra.db import Row, Tx
from radiant.kit.ids import TenantId


async def projects(tx: Tx, owner_id: UUID) -> list[Row]:
    """Those of an owner by name, with what they sent within a day."""
    return await tx.all(
        "select p.*, (select coalesce(sum(h.occurrences), 0) from error_patterns e"
        "   join error_hours h on h.owner_id = e.owner_id and h.pattern_id = e.id"
        "   where e.owner_id = p.owner_id and e.project_id = p.id and h.hour > current_timestamp - interval '1 day'"
        "  )::integer as errors_24h,"
        " (select coalesce(jsonb_object_agg(t.kind, t.items), '{}') from (select kind, sum(items) as items"
        "   from error_tallies where owner_id = p.owner_id and project_id = p.id"
        "   and hour > current_timestamp - interval '1 day' group by kind) t) as tallies_24h"
        " from error_projects p where p.owner_id = $1 order by p.name, p.id",
        owner_id,
    )


async def insert(tx: Tx, tenant_id: TenantId | None, new: NewErrorProject, public_key: str) -> int | None:
    """A new one's id, or None where the slug is taken."""
    return await tx.value(
        "insert into error_projects (tenant_id, name, slug, public_key, platform, transactions, keep_variables,"
        " events_per_minute) values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (tenant_id, slug) do nothing returning id",
        tenant_id, new.name, new.slug, public_key, new.platform, new.transactions, new.keep_variables,
        new.events_per_minute,
    )  # fmt: skip


async def update(tx: Tx, owner_id: UUID, project_id: int, new: ErrorProjectSettings) -> bool:
    """Replace what it is."""
    touched = await tx.run(
        "update error_projects set name = $3, slug = $4, platform = $5, transactions = $6, keep_variables = $7,"
        " events_per_minute = $8, is_active = $9 where owner_id = $1 and id = $2",
        owner_id, project_id, new.name, new.slug, new.platform, new.transactions, new.keep_variables,
        new.events_per_minute, new.is_active,
    )  # fmt: skip
    return touched == 1


async def set_key(tx: Tx, owner_id: UUID, project_id: int, public_key: str) -> bool:
    """Another key; the old one is no key any more."""
    return (
        await tx.run(
            "update error_projects set public_key = $3 where owner_id = $1 and id = $2",
            owner_id,
            project_id,
            public_key,
        )
        == 1
    )


async def delete(tx: Tx, owner_id: UUID, project_id: int) -> bool:
    """It and its errors."""
    return await tx.run("delete from error_projects where owner_id = $1 and id = $2", owner_id, project_id) == 1


async def exists(tx: Tx, owner_id: UUID, project_id: int) -> bool:
    """Whether there is one."""
    return bool(
        await tx.value(
            "select exists(select from error_projects where owner_id = $1 and id = $2)", owner_id, project_id
        )
    )


async def by_key(tx: Tx, public_key: str) -> Row | None:
    """The one of that key, where its tenant is not suspended. System transaction."""
    return await tx.one_or_none(
        "select p.* from error_projects p left join tenants t on t.id = p.tenant_id"
        " where p.public_key = $1 and (p.tenant_id is null or t.status = 'active')",
        public_key,
    )
