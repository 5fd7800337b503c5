"""SQL of groups and who is in them."""

from uuid import UUID

from radiant.infra.db import Row, Tx
from radiant.kit.ids import UserId


async def page(tx: Tx, after: tuple[str, UUID] | None, limit: int) -> list[Row]:
    """Groups of the caller's tenant by name, with how many are in each."""
    return await tx.all(
        "select g.id, g.name, g.external_id, g.created_at, g.updated_at, (select count(*) from group_members m"
        " where m.tenant_id = g.tenant_id and m.group_id = g.id) as members from groups g where g.tenant_id = $1"
        " and ($2::text is null or (lower(g.name), g.id) > ($2, $3::uuid)) order by lower(g.name), g.id limit $4",
        tx.tenant_id, after[0] if after else None, after[1] if after else None, limit,
    )  # fmt: skip


async def get(tx: Tx, group_id: UUID) -> Row | None:
    """A group of the caller's tenant."""
    return await tx.one_or_none(
        "select g.id, g.name, g.external_id, g.created_at, g.updated_at, (select count(*) from group_members m"
        " where m.tenant_id = g.tenant_id and m.group_id = g.id) as members from groups g"
        " where g.tenant_id = $1 and g.id = $2",
        tx.tenant_id, group_id,
    )  # fmt: skip


async def insert(tx: Tx, group_id: UUID, name: str, external_id: str | None) -> bool:
    """Keep a group; False where the tenant has one of that name, in whatever letters."""
    touched = await tx.run(
        "insert into groups (id, tenant_id, name, external_id) values ($1, $2, $3, $4)"
        " on conflict (tenant_id, lower(name)) do nothing",
        group_id, tx.tenant_id, name, external_id,
    )  # fmt: skip
    return touched == 1


async def name_taken(tx: Tx, name: str, but: UUID) -> bool:
    """Whether another group of the tenant has that name."""
    return await tx.value(
        "select exists (select from groups where tenant_id = $1 and lower(name) = lower($2) and id <> $3)",
        tx.tenant_id, name, but,
    )  # fmt: skip


async def change(tx: Tx, group_id: UUID, name: str | None, external_id: str | None) -> bool:
    """Another name, another id at the identity provider; null leaves each."""
    touched = await tx.run(
        "update groups set name = coalesce($3, name), external_id = coalesce($4, external_id),"
        " updated_at = current_timestamp where tenant_id = $1 and id = $2",
        tx.tenant_id, group_id, name, external_id,
    )  # fmt: skip
    return touched == 1


async def lock_holder(tx: Tx, group_id: UUID) -> Row | None:
    """The holder of what a group has in common, null where nothing is; the group stays as it is until the end of the
    transaction."""
    return await tx.one_or_none(
        "select holder_id, name from groups where tenant_id = $1 and id = $2 for update", tx.tenant_id, group_id
    )


async def insert_holder(tx: Tx, group_id: UUID, holder_id: UserId, email: str, name: str) -> None:
    """Keep a holder."""
    await tx.run(
        "insert into users (id, tenant_id, email, name, role, kind) values ($1, $2, $3, $4, 'member', 'group')",
        holder_id, tx.tenant_id, email, name,
    )  # fmt: skip
    await tx.run("update groups set holder_id = $3 where tenant_id = $1 and id = $2", tx.tenant_id, group_id, holder_id)


async def delete_holder(tx: Tx, group_id: UUID) -> None:
    """Delete a group's holder, and by cascade what was theirs."""
    await tx.run(
        "delete from users u using groups g where g.tenant_id = $1 and g.id = $2 and u.tenant_id = $1"
        " and u.id = g.holder_id and u.kind = 'group'",
        tx.tenant_id, group_id,
    )  # fmt: skip


async def delete(tx: Tx, group_id: UUID) -> bool:
    """Take a group away; its people stay."""
    return await tx.run("delete from groups where tenant_id = $1 and id = $2", tx.tenant_id, group_id) == 1


async def members(tx: Tx, group_id: UUID, after: tuple[str, UUID] | None, limit: int) -> list[Row]:
    """Who is in a group, by e-mail."""
    return await tx.all(
        "select u.id, u.email, u.name, u.kind from group_members m"
        " join users u on u.tenant_id = m.tenant_id and u.id = m.user_id where m.tenant_id = $1 and m.group_id = $2"
        " and ($3::text is null or (u.email, u.id) > ($3, $4::uuid)) order by u.email, u.id limit $5",
        tx.tenant_id, group_id, after[0] if after else None, after[1] if after else None, limit,
    )  # fmt: skip


async def add(tx: Tx, group_id: UUID, user_ids: list[UserId]) -> list[UserId]:
    """Put people of the tenant in; those who were not. Ids of nobody here are passed over."""
    rows = await tx.all(
        "insert into group_members (tenant_id, group_id, user_id) select $1, $2, u.id from users u"
        " where u.tenant_id = $1 and u.id = any($3::uuid[]) on conflict do nothing returning user_id",
        tx.tenant_id, group_id, user_ids,
    )  # fmt: skip
    return [row["user_id"] for row in rows]


async def take_out(tx: Tx, group_id: UUID, user_ids: list[UserId] | None) -> list[UserId]:
    """Take people out, or everybody; those who were in."""
    rows = await tx.all(
        "delete from group_members where tenant_id = $1 and group_id = $2"
        " and ($3::uuid[] is null or user_id = any($3)) returning user_id",
        tx.tenant_id, group_id, user_ids,
    )  # fmt: skip
    return [row["user_id"] for row in rows]


async def of_person(tx: Tx, user_id: UserId) -> list[Row]:
    """The groups that somebody is in: what policies ask for."""
    return await tx.all(
        "select g.id, g.name from groups g join group_members m on m.tenant_id = g.tenant_id and m.group_id = g.id"
        " where m.tenant_id = $1 and m.user_id = $2 order by lower(g.name)",
        tx.tenant_id, user_id,
    )  # fmt: skip
