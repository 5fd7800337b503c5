"""Groups of people (and service accounts) in a tenant: named, for policies and the identity provider."""

from uuid import UUID

from radiant.foundation.identity import groups_store as store
from radiant.foundation.identity import trail, users_store
from radiant.foundation.identity.callers import Caller, Role
from radiant.foundation.identity.schemas import Group, GroupChange, GroupMember, NewGroup
from radiant.infra.db import Database, Tx
from radiant.kit.errors import Conflict, NotFound
from radiant.kit.ids import UserId, uuid7

# A name that mail never reaches (RFC 6761).
_HOST = "group.invalid"


class GroupNameTaken(Conflict):
    """The tenant already has a group of that name."""

    slug = "group-name-taken"


async def get(tx: Tx, group_id: UUID) -> Group:
    """A group. Raises NotFound."""
    row = await store.get(tx, group_id)
    if row is None:
        raise NotFound("there is no such group")
    return Group.model_validate(dict(row))


async def holder(tx: Tx, group_id: UUID) -> UserId:
    """Whom that belongs to which the group has in common: a row of users that is nobody. Raises NotFound."""
    row = await store.lock_holder(tx, group_id)
    if row is None:
        raise NotFound("there is no such group")
    if row["holder_id"] is not None:
        return row["holder_id"]
    holder_id = UserId(uuid7())
    await store.insert_holder(tx, group_id, holder_id, f"{holder_id.hex}@{_HOST}", row["name"])
    return holder_id


async def drop_holder(tx: Tx, group_id: UUID) -> None:
    """Take away all that the group has in common."""
    await store.delete_holder(tx, group_id)


async def page(database: Database, caller: Caller, after: tuple[str, UUID] | None, limit: int) -> list[Group]:
    """Groups by name. Takes an admin."""
    caller.require_role(Role.ADMIN)
    async with caller.db(database).tx() as tx:
        return [Group.model_validate(dict(row)) for row in await store.page(tx, after, limit)]


async def one(database: Database, caller: Caller, group_id: UUID) -> Group:
    """A group. Takes an admin. Raises NotFound."""
    caller.require_role(Role.ADMIN)
    async with caller.db(database).tx() as tx:
        return await get(tx, group_id)


async def make(database: Database, caller: Caller, new: NewGroup) -> Group:
    """A new group. Takes an admin. Raises GroupNameTaken."""
    caller.require_role(Role.ADMIN)
    async with caller.db(database).tx() as tx:
        group_id = uuid7()
        if not await store.insert(tx, group_id, new.name, None):
            raise GroupNameTaken(f"name: there is a group {new.name!r} already")
        await trail.record(tx, caller, "group.made", target=("group", group_id), name=new.name)
        return await get(tx, group_id)


async def change(database: Database, caller: Caller, group_id: UUID, change: GroupChange) -> Group:
    """Rename a group. Takes an admin. Raises NotFound, GroupNameTaken."""
    caller.require_role(Role.ADMIN)
    async with caller.db(database).tx() as tx:
        await get(tx, group_id)
        if change.name is not None and await store.name_taken(tx, change.name, group_id):
            raise GroupNameTaken(f"name: there is a group {change.name!r} already")
        await store.change(tx, group_id, change.name, None)
        await trail.record(tx, caller, "group.changed", target=("group", group_id), name=change.name)
        return await get(tx, group_id)


async def delete(database: Database, caller: Caller, group_id: UUID) -> None:
    """Take a group away; its people stay. Takes an admin. Raises NotFound."""
    caller.require_role(Role.ADMIN)
    async with caller.db(database).tx() as tx:
        group = await get(tx, group_id)
        await store.delete(tx, group_id)
        await trail.record(tx, caller, "group.removed", target=("group", group_id), name=group.name)


async def members(
    database: Database, caller: Caller, group_id: UUID, after: tuple[str, UUID] | None, limit: int
) -> list[GroupMember]:
    """Who is in a group. Takes an admin. Raises NotFound."""
    caller.require_role(Role.ADMIN)
    async with caller.db(database).tx() as tx:
        await get(tx, group_id)
        return [GroupMember.model_validate(dict(row)) for row in await store.members(tx, group_id, after, limit)]


async def add(database: Database, caller: Caller, group_id: UUID, user_id: UserId) -> None:
    """Put somebody in; twice is once. Takes an admin. Raises NotFound."""
    caller.require_role(Role.ADMIN)
    async with caller.db(database).tx() as tx:
        await get(tx, group_id)
        if await users_store.get(tx, user_id) is None:
            raise NotFound("there is nobody of that id here")
        if await store.add(tx, group_id, [user_id]):
            await trail.record(tx, caller, "group.joined", target=("group", group_id), user=str(user_id))


async def take_out(database: Database, caller: Caller, group_id: UUID, user_id: UserId) -> None:
    """Take somebody out. Takes an admin. Raises NotFound."""
    caller.require_role(Role.ADMIN)
    async with caller.db(database).tx() as tx:
        await get(tx, group_id)
        if not await store.take_out(tx, group_id, [user_id]):
            raise NotFound("nobody of that id is in the group")
        await trail.record(tx, caller, "group.left", target=("group", group_id), user=str(user_id))
