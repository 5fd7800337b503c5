"""Memory that a group has in common, by right. It belongs to the group's holder (identity's groups): who may act for the
group does so as the holder, and everything else is as with a memory of one's own.

Admins let a group have a memory and say what its members may do with it. They look into it only where they are in the
group themselves. Whoever leaves the group is out at once.
"""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from radiant.ai.retrieval.packing import packed
from radiant.foundation.identity import groups, trail
from radiant.foundation.identity.callers import Caller, Role
from radiant.infra.db import Database, Row
from radiant.kit.errors import Forbidden, NotFound
from radiant.workspace.memory import sharing_store as store
from radiant.workspace.memory.schemas import Found, GroupMemory, InGroup, MembersMay, Result, Right

# So many groups' memories are searched along with one's own.
MOST_SEARCHED = 10
_RIGHTS: dict[Right, int] = {"read": 1, "write": 2, "manage": 3}


class NoSuchGroupMemory(NotFound):
    """The caller is in no such group, or it has no memory."""

    slug = "no-such-group-memory"


class NotYourRight(Forbidden):
    """The caller may look at the group's memory, and not do that."""

    slug = "not-your-right"


async def acting(database: Database, caller: Caller, group_id: UUID, right: Right) -> Caller:
    """The caller as they act for a group's memory. Raises NoSuchGroupMemory, NotYourRight."""
    async with caller.db(database).tx() as tx:
        rows = await store.mine(tx, group_id)
    if not rows:
        raise NoSuchGroupMemory(
            "group: you are in no group of that id that has a memory; GET /api/memory/groups lists them"
        )
    if _RIGHTS[right] > _RIGHTS[held := _right(caller, rows[0])]:
        raise NotYourRight(f"group: you may {held} what this group has in common; that takes the right to {right}")
    return replace(caller, user_id=rows[0]["holder_id"])


async def readers(database: Database, caller: Caller) -> list[tuple[InGroup | None, Caller]]:
    """All that the caller may search: as themselves, and as each group of theirs that has a memory."""
    async with caller.db(database).tx() as tx:
        rows = await store.mine(tx, None)
    return [
        (None, caller),
        *(
            (InGroup(id=row["group_id"], name=row["name"]), replace(caller, user_id=row["holder_id"]))
            for row in rows[:MOST_SEARCHED]
        ),
    ]


def joined(found: Sequence[tuple[InGroup | None, Found]], limit: int, budget: int | None) -> Found:
    """One answer of several: what is pinned first, then by score."""
    results = [result.model_copy(update={"group": group}) for group, each in found for result in each.results]
    kept = packed(sorted(results, key=_place), budget)[:limit]
    return Found(
        results=kept, tokens=sum(result.tokens for result in kept), searched=sum(each.searched for _, each in found),
        embedding_model=next((each.embedding_model for _, each in found if each.embedding_model), None),
    )  # fmt: skip


def _place(result: Result) -> tuple[bool, float]:
    return not any(reason.kind == "pinned" for reason in result.why), -result.score


def _right(caller: Caller, row: Row) -> Right:
    return "manage" if caller.role >= Role.ADMIN and "admin" in caller.scopes else row["members_may"]


# --- which groups have one ---


async def listed(database: Database, caller: Caller) -> list[GroupMemory]:
    """The memories of the caller's groups by name; for an admin those of every group."""
    async with caller.db(database).tx() as tx:
        rows = await (store.all_of(tx) if caller.role >= Role.ADMIN else store.mine(tx, None))
    return [_shown(caller, row) for row in rows]


async def put(database: Database, caller: Caller, group_id: UUID, wanted: MembersMay) -> GroupMemory:
    """Let a group have a memory, or say anew what its members may do with it. Takes an admin. Raises NotFound."""
    caller.require_role(Role.ADMIN)
    async with caller.db(database).tx() as tx:
        await groups.holder(tx, group_id)
        await store.put(tx, group_id, wanted.members_may)
        await trail.record(
            tx, caller, "memory.shared", target=("group", group_id), members_may=wanted.members_may
        )  # fmt: skip
        rows = await store.all_of(tx)
    return next(_shown(caller, row) for row in rows if row["group_id"] == group_id)


async def delete(database: Database, caller: Caller, group_id: UUID) -> None:
    """Take a group's memory away, with all that is in it. Takes an admin. Raises NoSuchGroupMemory."""
    caller.require_role(Role.ADMIN)
    async with caller.db(database).tx() as tx:
        if not await store.delete(tx, group_id):
            raise NoSuchGroupMemory("this group has no memory")
        await groups.drop_holder(tx, group_id)
        await trail.record(tx, caller, "memory.unshared", target=("group", group_id))


def _shown(caller: Caller, row: Row) -> GroupMemory:
    right = _right(caller, row) if row["inside"] else None
    return GroupMemory.model_validate({**dict(row), "right": right})
