"""What an identity provider does with people. It makes and changes them in its tenant, never the platform's operators,
never an owner's address, and it never takes the last owner away."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import asyncpg

from radiant.foundation.identity import sessions_store, steps_store, trail
from radiant.foundation.identity.scim import filters, patching, resources, store
from radiant.foundation.identity.scim.errors import NotChangeable, NotUnique, ScimNotFound
from radiant.foundation.identity.scim.resources import Person
from radiant.foundation.identity.scim.tokens import Provisioner
from radiant.foundation.tenants import plans
from radiant.infra.db import Database, Row, Tx
from radiant.kit.ids import UserId, parse_uuid, uuid7

ATTRIBUTES = {
    "id": "id", "externalid": "externalId", "username": "userName", "displayname": "name", "name": "name",
    "name.formatted": "name", "name.givenname": "givenName", "name.familyname": "familyName", "emails": "email",
    "emails.value": "email", "active": "active",
}  # fmt: skip
_STEPS = ("second_factor", "password_reset", "new_passkey")


def pushed(
    conditions: list[filters.Condition], name: str
) -> tuple[str | None, str | None, UUID | None]:  # fmt: skip
    """What an index can answer: the name, the external id, the id that must be equal."""
    equal = {c.attribute: c.value for c in conditions if c.operator == "eq"}
    return equal.get(name), equal.get("externalId"), parse_uuid(equal.get("id") or "")


def id_of(text: str) -> UserId:
    """An id in a path. Raises ScimNotFound for what is none."""
    found = parse_uuid(text)
    if found is None:
        raise ScimNotFound("there is nothing of that id here")
    return UserId(found)


class ScimPeople:
    """One per process, made by a root. `base` is the address of this service."""

    def __init__(self, database: Database, base: str) -> None:
        self._database = database
        self._base = base

    async def find(
        self, by: Provisioner, filter_: str | None, start: int, count: int
    ) -> tuple[int, list[dict[str, Any]]]:
        """How many meet the filter, and a page of them from `start` (1 is the first). Raises BadFilter."""
        conditions = filters.parse(filter_, ATTRIBUTES)
        quick = pushed(conditions, "userName")
        async with self._database.tenant(by.tenant_id).tx() as tx:
            total = await store.count_users(tx, *quick, conditions)
            rows = await store.users(tx, *quick, conditions, start - 1, count) if count else []
            return total, await self._shown(tx, rows)

    async def get(self, by: Provisioner, user_id: UserId) -> dict[str, Any]:
        """One person. Raises ScimNotFound."""
        async with self._database.tenant(by.tenant_id).tx() as tx:
            rows = await store.users(tx, None, None, user_id, [], 0, 1)
            if not rows:
                raise ScimNotFound("there is nobody of that id here")
            return (await self._shown(tx, rows))[0]

    async def _shown(self, tx: Tx, rows: list[Row]) -> list[dict[str, Any]]:
        groups = await store.groups_of(tx, [row["id"] for row in rows])
        return [
            resources.write_person(row, [group for group in groups if group["user_id"] == row["id"]], self._base)
            for row in rows
        ]

    async def make(self, by: Provisioner, body: object) -> dict[str, Any]:
        """A new person of the role of newcomers. Raises BadSyntax, BadValue, NotUnique, LimitReached."""
        person = resources.read_person(body)
        user_id = UserId(uuid7())
        try:
            async with self._database.system("scim").tx() as tx:
                if await store.taken(tx, by.tenant_id, person.user_name, person.email, None):
                    raise NotUnique(f"userName: {person.user_name} or its address is in the workspace already")
                if person.active:
                    await plans.require_seat(tx, by.tenant_id)
                role = await store.default_role(tx, by.tenant_id)
                await store.insert(
                    tx, by.tenant_id, user_id, person.email, person.name, role,
                    "active" if person.active else "disabled", person.external_id, person.scim,
                )  # fmt: skip
                await self._note(tx, by, "user.made", user_id, email=person.email, role=role)
        except asyncpg.UniqueViolationError as error:
            raise NotUnique(f"userName: {person.user_name} was made just now") from error
        return await self.get(by, user_id)

    async def replace(self, by: Provisioner, user_id: UserId, body: object) -> dict[str, Any]:
        """Put another in the place of what is known. Raises ScimNotFound, BadValue, NotUnique, NotChangeable."""
        after = resources.read_person(body)
        await self._change(by, user_id, lambda _before: after)
        return await self.get(by, user_id)

    async def patch(self, by: Provisioner, user_id: UserId, body: object) -> dict[str, Any]:
        """Carry operations out, all or none. Raises as `replace` does, and BadPath, BadSyntax."""

        def patched(before: Person) -> Person:
            patching.patch_person(before, body)
            return before

        await self._change(by, user_id, patched)
        return await self.get(by, user_id)

    async def delete(self, by: Provisioner, user_id: UserId) -> None:
        """Remove a person and what was theirs alone. Raises ScimNotFound, NotChangeable."""
        async with self._database.system("scim").tx() as tx:
            owners = await store.owners(tx, by.tenant_id)
            row = await self._row(tx, by, user_id)
            if row["is_operator"] or owners == [user_id]:
                raise NotChangeable("the last owner and operators of the platform are removed on the page alone")
            await store.delete(tx, by.tenant_id, user_id)
            await self._note(tx, by, "user.removed", user_id, email=row["email"])

    async def _row(self, tx: Tx, by: Provisioner, user_id: UserId) -> Row:
        row = await store.person(tx, by.tenant_id, user_id)
        if row is None:
            raise ScimNotFound("there is nobody of that id here")
        return row

    async def _change(self, by: Provisioner, user_id: UserId, make: Callable[[Person], Person]) -> None:
        try:
            async with self._database.system("scim").tx() as tx:
                owners = await store.owners(tx, by.tenant_id)
                row = await self._row(tx, by, user_id)
                before, after = _person_of(row), make(_person_of(row))
                if after == before:
                    return
                if row["is_operator"]:
                    raise NotChangeable("an operator of the platform is changed on the page alone")
                if row["role"] == "owner" and after.email != before.email:
                    raise NotChangeable("an owner's address is not changed from outside")
                if not after.active and owners == [user_id]:
                    raise NotChangeable("this is the last owner; make somebody else an owner first")
                if await store.taken(tx, by.tenant_id, after.user_name, after.email, user_id):
                    raise NotUnique(f"userName: {after.user_name} or its address is in the workspace already")
                if after.active and not before.active:
                    await plans.require_seat(tx, by.tenant_id)
                await store.change(
                    tx, by.tenant_id, user_id, after.email, after.name, "active" if after.active else "disabled",
                    after.external_id, after.scim,
                )  # fmt: skip
                if before.active and not after.active:
                    await self._shut_out(tx, by, user_id)
                await self._note(
                    tx, by, "user.changed", user_id, email=after.email, status="active" if after.active else "disabled"
                )
        except asyncpg.UniqueViolationError as error:
            raise NotUnique("userName: somebody took it just now") from error

    async def _shut_out(self, tx: Tx, by: Provisioner, user_id: UserId) -> None:
        """Sessions and keys end with the account, and do not come back with it."""
        await sessions_store.end_all(tx, by.tenant_id, user_id, keep=None)
        await store.revoke_keys(tx, by.tenant_id, user_id)
        for kind in _STEPS:
            await steps_store.forget(tx, by.tenant_id, user_id, kind)

    async def _note(self, tx: Tx, by: Provisioner, action: str, user_id: UserId, **detail: Any) -> None:
        await trail.record_system(
            tx, by.tenant_id, action, target=("user", user_id), by="scim", ip=by.origin.ip,
            request_id=by.origin.request_id, **detail,
        )  # fmt: skip


def _person_of(row: Row) -> Person:
    scim: dict[str, str] = row["scim"]
    return Person(
        user_name=scim.get("userName") or row["email"],
        email=row["email"],
        name=row["name"],
        given=scim.get("givenName", ""),
        family=scim.get("familyName", ""),
        external_id=row["external_id"],
        active=row["status"] == "active",
    )
