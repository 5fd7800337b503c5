"""SQL of memory that groups have in common."""

from uuid import UUID

from radiant.infra.db import Row, Tx

_COLUMNS = (
    "select g.id as group_id, g.name, g.holder_id, s.members_may, s.created_at, m.user_id is not null as inside"
    " from memory_groups s join groups g on g.tenant_id = s.tenant_id and g.id = s.group_id"
    " left join group_members m on m.tenant_id = g.tenant_id and m.group_id = g.id and m.user_id = $2"
    " where s.tenant_id = $1"
)


async def mine(tx: Tx, group_id: UUID | None) -> list[Row]:
    """Groups with a memory that the caller is in, by name; of one alone, where it is named."""
    return await tx.all(
        f"{_COLUMNS} and m.user_id is not null and ($3::uuid is null or g.id = $3) order by lower(g.name), g.id",
        tx.tenant_id, tx.user_id, group_id,
    )  # fmt: skip


async def all_of(tx: Tx) -> list[Row]:
    """Every group with a memory, by name."""
    return await tx.all(f"{_COLUMNS} order by lower(g.name), g.id", tx.tenant_id, tx.user_id)


async def put(tx: Tx, group_id: UUID, members_may: str) -> None:
    """Let a group have a memory, or change what its members may do with it."""
    await tx.run(
        "insert into memory_groups (tenant_id, group_id, members_may, created_by) values ($1, $2, $3, $4)"
        " on conflict (tenant_id, group_id) do update set members_may = excluded.members_may",
        tx.tenant_id, group_id, members_may, tx.user_id,
    )  # fmt: skip


async def delete(tx: Tx, group_id: UUID) -> bool:
    """Whether the group had a memory."""
    return await tx.run("delete from memory_groups where tenant_id = $1 and group_id = $2", tx.tenant_id, group_id) == 1
