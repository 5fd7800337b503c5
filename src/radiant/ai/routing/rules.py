"""Rules: as people write them, and as requests are asked about them. A workspace's own come first, then the
platform's; of each the lowest priority first, and of equals the oldest."""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg
import structlog

from radiant.ai.routing import store
from radiant.ai.routing.conditions import Compiled, Conditions
from radiant.ai.routing.problems import BadRule, NoSuchRule, RuleExists, RulesChanged, TooManyRules
from radiant.ai.routing.schemas import MOST_RULES, NewRule, Rule, RuleOrder, RuleSettings, Scope
from radiant.foundation.identity import trail
from radiant.foundation.identity.callers import Caller, Role
from radiant.infra.db import Database, Row, TenantDb, Tx
from radiant.kit.ids import uuid7
from radiant.kit.text import shorten

_STEP = 10
# Each pattern is looked for in each prompt that comes so far.
_MOST_PATTERNS = 50

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Ready:
    """A rule, ready to be asked. `id` None: not saved; `changed_at`: what it says and its place have stood since then."""

    id: UUID | None
    name: str
    scope: Scope
    priority: int
    when: Compiled
    models: tuple[str, ...]
    changed_at: datetime | None = None


def ready(rows: Sequence[Row]) -> list[Ready]:
    """The active rules of their rows. Reads files where zones are named: not on the loop."""
    found: list[Ready] = []
    for row in rows:
        if not row["is_active"]:
            continue
        scope: Scope = "platform" if row["of_platform"] else "workspace"
        try:
            when = Compiled(Conditions.model_validate(row["conditions"]))
        except ValueError as error:
            # It was sound when it was written (a zone was renamed since, say). The others must not suffer for it.
            log.error("routing.rule_unreadable", rule=str(row["id"]), error=str(error))
            continue
        models = (row["target_model"], *(row["fallback_models"] or ()))
        found.append(Ready(row["id"], row["name"], scope, row["priority"], when, models, row["updated_at"]))
    return found


async def unsaved(given: RuleSettings, scope: Scope, others: Sequence[Ready]) -> Ready:
    """A rule that is not kept. Raises BadRule."""
    priority = given.priority
    if priority is None:
        priority = max((rule.priority for rule in others if rule.scope == scope), default=0) + _STEP
    models = (given.target_model, *given.fallback_models)
    return Ready(None, given.name, scope, priority, await _compiled(given.conditions), models)


def in_order(rules: Sequence[Ready]) -> list[Ready]:
    """As they are asked; of equal priority those that are saved first, as the older ones."""
    return sorted(rules, key=lambda rule: (rule.scope == "platform", rule.priority, rule.id is None))


async def _compiled(conditions: Conditions) -> Compiled:
    try:
        return await asyncio.to_thread(Compiled, conditions)
    except ValueError as error:
        raise BadRule(f"conditions.{error}") from error


async def check(given: RuleSettings, models: Collection[str], tx: Tx | None, where: str = "") -> None:
    """Raises BadRule where it names a model that nobody here can see, a zone that there is not, or people and groups
    of elsewhere; `tx`: of the workspace whose rule it is, None for the platform's."""
    for field, name in [("target_model", given.target_model)] + [
        (f"fallback_models[{at}]", name) for at, name in enumerate(given.fallback_models)
    ]:
        if name not in models:
            raise BadRule(
                f"{where}{field}: there is no chat model {shorten(name, 60)!r}; GET /api/routing/models lists those"
                " that can be named"
            )
    await _compiled(given.conditions)
    users, groups = given.conditions.user_ids or [], given.conditions.group_ids or []
    if not users and not groups:
        return
    if tx is None:
        raise BadRule(f"{where}conditions: a platform's rule names no people and no groups; they are a workspace's")
    if missing := await store.missing_people(tx, users, groups):
        raise BadRule(f"{where}conditions: there is no person or group {missing[0]} here")


def _rule(row: Row) -> Rule:
    facts = dict(row)
    facts["scope"] = "platform" if facts.pop("of_platform") else "workspace"
    facts["fallback_models"] = facts["fallback_models"] or []
    return Rule.model_validate(facts)


async def rules(db: TenantDb) -> list[Rule]:
    """The workspace's and the platform's, in the order in which they are asked."""
    async with db.tx() as tx:
        return [_rule(row) for row in await store.rules(tx)]


async def rule(db: TenantDb, rule_id: UUID) -> Rule:
    """One. Raises NoSuchRule."""
    found = next((each for each in await rules(db) if each.id == rule_id), None)
    if found is None:
        raise NoSuchRule("there is no such rule")
    return found


def _check_patterns(new: RuleSettings, there: Sequence[Row], but: UUID | None) -> None:
    others = sum(row["has_pattern"] for row in there if row["id"] != but)
    if new.conditions.pattern is not None and others >= _MOST_PATTERNS:
        raise TooManyRules(f"there are {_MOST_PATTERNS} rules with a pattern; join some: a|b")


def _must_write(caller: Caller, scope: Scope) -> None:
    if scope == "platform":
        caller.require_operator()
    else:
        caller.require_role(Role.ADMIN)


def _transaction(database: Database, caller: Caller, scope: Scope):
    return database.system("platform's routing rules").tx() if scope == "platform" else caller.db(database).tx()


async def make_rule(database: Database, caller: Caller, new: NewRule, models: Collection[str]) -> Rule:
    """Raises BadRule, RuleExists, TooManyRules, Forbidden."""
    _must_write(caller, new.scope)
    platform = new.scope == "platform"
    tenant_id = None if platform else caller.tenant_id
    rule_id = uuid7()
    async with _transaction(database, caller, new.scope) as tx:
        await check(new, models, None if platform else tx)
        there = await store.lock_rules(tx, tenant_id)
        if len(there) >= MOST_RULES:
            raise TooManyRules(f"there are {MOST_RULES} rules; delete some, or join them")
        _check_patterns(new, there, None)
        priority = new.priority
        if priority is None:
            priority = min(max((row["priority"] for row in there), default=0) + _STEP, 1_000_000)
        conditions = new.conditions.model_dump(mode="json", exclude_none=True)
        if not await store.insert_rule(
            tx, tenant_id, rule_id, new.name, priority, conditions, new.target_model, new.fallback_models,
            is_active=new.is_active,
        ):  # fmt: skip
            raise RuleExists(f"name: there is a rule named {new.name!r} already")
        await _note(tx, caller, new.scope, "routing_rule.made", rule_id, new)
    return await rule(caller.db(database), rule_id)


async def change_rule(
    database: Database, caller: Caller, rule_id: UUID, new: RuleSettings, models: Collection[str]
) -> Rule:
    """Replace what it says. Raises NoSuchRule, BadRule, RuleExists, Forbidden."""
    scope = (await rule(caller.db(database), rule_id)).scope
    _must_write(caller, scope)
    platform = scope == "platform"
    tenant_id = None if platform else caller.tenant_id
    try:
        async with _transaction(database, caller, scope) as tx:
            await check(new, models, None if platform else tx)
            _check_patterns(new, await store.lock_rules(tx, tenant_id), rule_id)
            conditions = new.conditions.model_dump(mode="json", exclude_none=True)
            if not await store.update_rule(
                tx, tenant_id, rule_id, new.name, new.priority, conditions, new.target_model, new.fallback_models,
                is_active=new.is_active,
            ):  # fmt: skip
                raise NoSuchRule("there is no such rule")
            await _note(tx, caller, scope, "routing_rule.changed", rule_id, new)
    except asyncpg.UniqueViolationError as error:
        raise RuleExists(f"name: there is a rule named {new.name!r} already") from error
    return await rule(caller.db(database), rule_id)


async def delete_rule(database: Database, caller: Caller, rule_id: UUID) -> None:
    """Raises NoSuchRule, Forbidden."""
    scope = (await rule(caller.db(database), rule_id)).scope
    _must_write(caller, scope)
    async with _transaction(database, caller, scope) as tx:
        if not await store.delete_rule(tx, None if scope == "platform" else caller.tenant_id, rule_id):
            raise NoSuchRule("there is no such rule")
        await _note(tx, caller, scope, "routing_rule.deleted", rule_id)


async def order_rules(database: Database, caller: Caller, order: RuleOrder) -> list[Rule]:
    """Ask them in another order, all at once. Raises RulesChanged, Forbidden."""
    _must_write(caller, order.scope)
    tenant_id = None if order.scope == "platform" else caller.tenant_id
    async with _transaction(database, caller, order.scope) as tx:
        there = [row["id"] for row in await store.lock_rules(tx, tenant_id)]
        if sorted(there) != sorted(order.rules):
            raise RulesChanged("rules: name every rule of the scope once; read them again, somebody changed them")
        await store.order_rules(tx, tenant_id, order.rules, _STEP)
        if order.scope == "platform":
            await trail.record_system(tx, None, "routing_rules.ordered", user_id=caller.user_id)
        else:
            await trail.record(tx, caller, "routing_rules.ordered")
    return await rules(caller.db(database))


async def _note(
    tx: Tx, caller: Caller, scope: Scope, action: str, rule_id: UUID, said: RuleSettings | None = None
) -> None:
    detail = said.model_dump(mode="json", exclude_none=True) if said else {}
    if scope == "platform":
        await trail.record_system(
            tx, None, action, target=("routing_rule", rule_id), user_id=caller.user_id, ip=caller.ip,
            request_id=caller.request_id, **detail,
        )  # fmt: skip
    else:
        await trail.record(tx, caller, action, target=("routing_rule", rule_id), **detail)
