"""Policies as people see and change them, and as calls are bound by them. Writes are an admin's, and are in the
trail."""

from uuid import UUID

import asyncpg

from radiant.ai.policies import cache_store, guard_store, store
from radiant.ai.policies.cache import ResponseCache
from radiant.ai.policies.guard_service import Guardrails
from radiant.ai.policies.logs import RequestLogs
from radiant.ai.policies.problems import NoSuchPolicy, PolicyExists
from radiant.ai.policies.rules import NO_RULES, Rules, enforced
from radiant.ai.policies.schemas import CacheFigures, NewPolicy, Policy, PolicySettings
from radiant.foundation.identity import trail
from radiant.foundation.identity.callers import Caller, Role
from radiant.infra.changes import Changes, Kept
from radiant.infra.db import Database
from radiant.kit.errors import Invalid
from radiant.kit.ids import ApiKeyId, TenantId, uuid7


class Policies:
    """What binds each caller, kept in memory until it changes. One per process, made by a root."""

    def __init__(self, database: Database, changes: Changes, guardrails: Guardrails) -> None:
        self._database = database
        self.guardrails = guardrails
        self.cache = ResponseCache(database)
        self.logs = RequestLogs(database)
        self._kept: Kept[tuple[TenantId, ApiKeyId | None], Rules] = Kept(changes, most=20_000)
        for table in ("policies", "guardrails"):
            changes.subscribe(table, self._changed)

    def _changed(self, tenant_id: TenantId | None) -> None:
        self._kept.forget(None if tenant_id is None else lambda key, _: key[0] == tenant_id)

    def known(self, caller: Caller) -> Rules | None:
        """The rules where they are in memory: costs no task and no trip."""
        return self._kept.get((caller.tenant_id, caller.api_key_id))

    async def of(self, caller: Caller) -> Rules:
        """The rules that bind this caller's calls."""
        key = (caller.tenant_id, caller.api_key_id)
        found = self._kept.get(key)
        return found if found is not None else await self._kept.read(key, lambda: self._read(caller))

    async def _read(self, caller: Caller) -> Rules:
        async with self._database.tenant(caller.tenant_id).tx() as tx:
            rows = await store.binding(tx, caller.api_key_id)
            guarded = await guard_store.active(tx, [row["id"] for row in rows]) if rows else []
        if not rows:
            return NO_RULES
        guards = [
            await self.guardrails.ready(caller.tenant_id, guard, row["name"])
            for row in rows
            for guard in guarded
            if guard["policy_id"] == row["id"]
        ]
        return Rules([enforced(row) for row in rows], guards)


async def policies(database: Database, caller: Caller, policy_id: UUID | None = None) -> list[Policy]:
    """All of them for an admin, and those that bind them for others. With an id that one, or none."""
    whose = None if caller.role >= Role.ADMIN else caller.user_id
    async with caller.db(database).tx() as tx:
        rows = await store.seen_by(tx, whose, policy_id)
    return [Policy.model_validate(dict(row)) for row in rows]


async def policy(database: Database, caller: Caller, policy_id: UUID) -> Policy:
    """One. Raises NoSuchPolicy."""
    found = await policies(database, caller, policy_id)
    if not found:
        raise NoSuchPolicy("there is no such policy")
    return found[0]


async def make_policy(database: Database, caller: Caller, new: NewPolicy) -> Policy:
    """Raises Invalid where the key is not here, PolicyExists."""
    policy_id = uuid7()
    async with caller.db(database).tx() as tx:
        if new.api_key_id is not None and not await store.has_key(tx, new.api_key_id):
            raise Invalid("api_key_id: there is no such key here")
        if not await store.insert(tx, policy_id, new.api_key_id, new):
            raise PolicyExists("there is a policy of that name, or for the same key or workspace: change that one")
        detail = new.model_dump(mode="json", exclude_none=True)
        await trail.record(tx, caller, "policy.made", target=("policy", policy_id), **detail)
    return await policy(database, caller, policy_id)


async def change_policy(database: Database, caller: Caller, policy_id: UUID, new: PolicySettings) -> Policy:
    """Replace what it says. Raises NoSuchPolicy, PolicyExists."""
    try:
        async with caller.db(database).tx() as tx:
            if not await store.update(tx, policy_id, new):
                raise NoSuchPolicy("there is no such policy")
            detail = new.model_dump(mode="json", exclude_none=True)
            await trail.record(tx, caller, "policy.changed", target=("policy", policy_id), **detail)
    except asyncpg.UniqueViolationError as error:
        raise PolicyExists(f"name: there is a policy named {new.name!r} already") from error
    return await policy(database, caller, policy_id)


async def delete_policy(database: Database, caller: Caller, policy_id: UUID) -> None:
    """Raises NoSuchPolicy."""
    async with caller.db(database).tx() as tx:
        if not await store.delete(tx, policy_id):
            raise NoSuchPolicy("there is no such policy")
        await trail.record(tx, caller, "policy.deleted", target=("policy", policy_id))


async def cache_figures(database: Database, caller: Caller, policy_id: UUID) -> CacheFigures:
    """What the policy's cache holds. Raises NoSuchPolicy."""
    await policy(database, caller, policy_id)
    async with caller.db(database).tx() as tx:
        return CacheFigures.model_validate(dict(await cache_store.figures(tx, policy_id)))


async def purge_cache(database: Database, caller: Caller, policy_id: UUID) -> int:
    """Forget every answer that was kept under the policy; how many. Raises NoSuchPolicy."""
    await policy(database, caller, policy_id)
    async with caller.db(database).tx() as tx:
        entries = await cache_store.purge(tx, policy_id)
        await trail.record(tx, caller, "cache.purged", target=("policy", policy_id), entries=entries)
    return entries
