"""What an identity provider does with groups."""

from typing import Any
from uuid import UUID

import asyncpg

from radiant.foundation.identity import groups_store, trail
from radiant.foundation.identity.scim import filters, patching, resources, store
from radiant.foundation.identity.scim.errors import BadValue, NotUnique, ScimNotFound
from radiant.foundation.identity.scim.people import pushed
from radiant.foundation.identity.scim.tokens import Provisioner
from radiant.infra.db import Database, Row, Tx
from radiant.kit.ids import UserId, parse_uuid, uuid7

ATTRIBUTES = {
    "id": "id", "externalid": "externalId", "displayname": "displayName", "members": "member",
    "members.value": "member",
}  # fmt: skip


class ScimGroups:
    """One per process, made by a root. `base` is the address of this service."""

    def __init__(self, database: Database, base: str) -> None:
        self._database = database
        self._base = base

    async def find(
        self, by: Provisioner, filter_: str | None, start: int, count: int, *, members: bool
    ) -> tuple[int, list[dict[str, Any]]]:
        """How many meet the filter, and a page of them from `start`. Raises BadFilter."""
        conditions = filters.parse(filter_, ATTRIBUTES)
        quick = pushed(conditions, "displayName")
        async with self._database.tenant(by.tenant_id).tx() as tx:
            total = await store.count_groups(tx, *quick, conditions)
            rows = await store.groups(tx, *quick, conditions, start - 1, count) if count else []
            return total, await self._shown(tx, rows, members=members)

    async def get(self, by: Provisioner, group_id: UUID, *, members: bool = True) -> dict[str, Any]:
        """One group. Raises ScimNotFound."""
        async with self._database.tenant(by.tenant_id).tx() as tx:
            return (await self._shown(tx, [await self._row(tx, group_id)], members=members))[0]

    async def _row(self, tx: Tx, group_id: UUID) -> Row:
        row = await groups_store.get(tx, group_id)
        if row is None:
            raise ScimNotFound("there is no such group")
        return row

    async def _shown(self, tx: Tx, rows: list[Row], *, members: bool) -> list[dict[str, Any]]:
        if not members:
            return [resources.write_group(row, None, self._base) for row in rows]
        found = await store.members_of(tx, [row["id"] for row in rows])
        return [
            resources.write_group(row, [one for one in found if one["group_id"] == row["id"]], self._base)
            for row in rows
        ]

    async def make(self, by: Provisioner, body: object) -> dict[str, Any]:
        """A new group with its members. Raises BadSyntax, BadValue, NotUnique."""
        name, external_id, ids = _read(body)
        group_id = uuid7()
        async with self._database.tenant(by.tenant_id).tx() as tx:
            if not await groups_store.insert(tx, group_id, name, external_id):
                raise NotUnique(f"displayName: there is a group {name!r} already")
            await groups_store.add(tx, group_id, await self._people(tx, ids))
            await self._note(tx, by, "group.made", group_id, name=name)
        return await self.get(by, group_id)

    async def replace(self, by: Provisioner, group_id: UUID, body: object) -> dict[str, Any]:
        """Put another in its place, members and all. Raises ScimNotFound, BadValue, NotUnique."""
        name, external_id, ids = _read(body)
        patch = patching.GroupPatch(name=name, external_id=external_id, steps=[("all", ids)])
        await self._change(by, group_id, patch)
        return await self.get(by, group_id)

    async def patch(self, by: Provisioner, group_id: UUID, body: object) -> dict[str, Any]:
        """Carry operations out, all or none. Raises ScimNotFound, BadPath, BadSyntax, BadValue, NotUnique."""
        await self._change(by, group_id, patching.patch_group(body))
        return await self.get(by, group_id)

    async def _change(self, by: Provisioner, group_id: UUID, patch: patching.GroupPatch) -> None:
        try:
            async with self._database.tenant(by.tenant_id).tx() as tx:
                await self._row(tx, group_id)
                if patch.name is not None and await groups_store.name_taken(tx, patch.name, group_id):
                    raise NotUnique(f"displayName: there is a group {patch.name!r} already")
                await groups_store.change(tx, group_id, patch.name, patch.external_id)
                joined, left = await self._move(tx, group_id, patch)
                await self._note(tx, by, "group.changed", group_id, name=patch.name, joined=joined, left=left)
        except asyncpg.UniqueViolationError as error:
            raise NotUnique("displayName: another group took it just now") from error

    async def _move(self, tx: Tx, group_id: UUID, patch: patching.GroupPatch) -> tuple[int, int]:
        joined = left = 0
        for step, ids in patch.steps:
            if step == "remove":
                # Who is gone already needs no taking out.
                known = [UserId(found) for found in (parse_uuid(text) for text in ids) if found is not None]
                left += len(await groups_store.take_out(tx, group_id, known))
                continue
            people = await self._people(tx, ids)
            if step == "all":
                left += len(await groups_store.take_out(tx, group_id, None))
            joined += len(await groups_store.add(tx, group_id, people))
        return joined, left

    async def delete(self, by: Provisioner, group_id: UUID) -> None:
        """Take a group away. Raises ScimNotFound."""
        async with self._database.tenant(by.tenant_id).tx() as tx:
            row = await self._row(tx, group_id)
            await groups_store.delete(tx, group_id)
            await self._note(tx, by, "group.removed", group_id, name=row["name"])

    async def _people(self, tx: Tx, ids: list[str]) -> list[UserId]:
        wanted = {parse_uuid(text) for text in ids}
        known = await store.known_people(tx, [found for found in wanted if found is not None])
        if len(known) != len(wanted):
            raise BadValue("members: there is nobody of one of these ids here")
        return known

    async def _note(self, tx: Tx, by: Provisioner, action: str, group_id: UUID, **detail: Any) -> None:
        await trail.record_system(
            tx, by.tenant_id, action, target=("group", group_id), by="scim", ip=by.origin.ip,
            request_id=by.origin.request_id, **detail,
        )  # fmt: skip


def _read(body: object) -> tuple[str, str | None, list[str]]:
    given = resources.lowered(body, "body")
    name = resources.text_of(given.get("displayname"), "displayName")
    if not name:
        raise BadValue("displayName: it is needed")
    external_id = resources.text_of(given.get("externalid"), "externalId", 400) or None
    return name, external_id, resources.member_ids(given.get("members"))
