"""What changed rules or weights would have come to, by what was logged: each decision's propensity tells how much it
says about a choice that is made now for sure (`replay`). People are in the groups that they are in now. Turns that went
on with their conversation's model are left out, and so are fall-backs: neither was chosen.

What was logged of a decision are its best sixteen candidates with their figures of that moment, and no prompt: a rule
that looks for a pattern cannot be replayed.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec

from radiant.ai.routing import history_store, rules, store
from radiant.ai.routing.conditions import Situation
from radiant.ai.routing.dry_run import check_provider
from radiant.ai.routing.problems import NoSupport
from radiant.ai.routing.rules import Ready
from radiant.ai.routing.schemas import Replayed, ReplayRequest, ReplayResult
from radiant.ai.routing.score import Estimated, Option, Scored, Weights, Worth, preferring, scored, weights_of
from radiant.ai.routing.service import Brain, TenantSettings, ask
from radiant.foundation.identity.callers import Caller
from radiant.infra.db import Database, Row

if TYPE_CHECKING:
    from radiant.ai.routing import replay as estimator

_PAGE, _MOST = 2000, 20_000
_Groups = Mapping[UUID, frozenset[UUID]]


async def replay(brain: Brain, database: Database, caller: Caller, request: ReplayRequest) -> ReplayResult:
    """Raises NoSupport, BadRule, Invalid."""
    check_provider(request.preferred_provider, "preferred_provider")
    house = await brain.house(caller.tenant_id)
    asked = list(house.rules)
    if request.rules is not None:
        models = {option.id for option in (await brain.fleet(caller)).options}
        asked = [rule for rule in asked if rule.scope == "platform"]
        for at, rule in enumerate(request.rules):
            async with caller.db(database).tx() as tx:
                await rules.check(rule, models, tx, f"rules[{at}].")
            if rule.is_active:
                asked.append(await rules.unsaved(rule, "workspace", asked))
        asked = rules.in_order(asked)
    for rule in asked:
        if rule.when.conditions.pattern is not None:
            raise NoSupport(f"the rule {rule.name!r} looks for a pattern, and prompts are not kept: replay without it")
    settings = house.settings
    if request.weights is not None:
        given = request.weights
        settings = msgspec.structs.replace(
            settings, weights=Weights(given.cost, given.latency, given.quality, given.reliability)
        )
    if request.preferred_provider is not None:
        settings = msgspec.structs.replace(settings, preferred_provider=request.preferred_provider)
    if request.preferred_margin is not None:
        settings = msgspec.structs.replace(settings, preferred_margin=request.preferred_margin)
    groups: _Groups = {}
    if any(rule.when.needs_groups for rule in asked):
        async with caller.db(database).tx() as tx:
            groups = await store.all_groups(tx)
    rows = await _logged(database, caller, request)
    return await asyncio.to_thread(_replayed, rows, asked, settings, groups)


async def _logged(database: Database, caller: Caller, request: ReplayRequest) -> list[Row]:
    found: list[Row] = []
    before = None
    while len(found) < _MOST:
        async with caller.db(database).tx() as tx:
            page = await history_store.logged(tx, request.days, request.task_type, before, _PAGE)
        found += page
        if len(page) < _PAGE:
            break
        before = page[-1]["created_at"], page[-1]["id"]
    return found


def _figures(row: Row) -> dict[str, float]:
    """What is known of what came of a decision."""
    found = {"quality": row["rating"], "success": row["success"]}
    if row["success"]:
        found |= {"cost": row["cost"], "latency_ms": row["latency_ms"]}
    return {name: float(value) for name, value in found.items() if value is not None}


def _replayed(rows: Sequence[Row], asked: Sequence[Ready], settings: TenantSettings, groups: _Groups) -> ReplayResult:
    # It computes with numpy, which is read here: in the thread.
    from radiant.ai.routing import replay as estimator

    logged: dict[str, list[estimator.Logged]] = {"quality": [], "success": [], "cost": [], "latency_ms": []}
    models, missing = Counter[str](), Counter[str]()
    decisions = changed = 0
    for row in rows:
        noted: Mapping[str, Any] | None = row["decision"].get("replay")
        if noted is None or row["chosen_by"] == "conversation":
            continue
        chosen = _chosen(row, noted, asked, settings, groups)
        possible = frozenset[str](noted["possible"])
        decisions += 1
        models[chosen] += 1
        changed += chosen != row["selected_model"]
        if chosen not in possible:
            missing[chosen] += 1
        for name, value in _figures(row).items():
            logged[name].append(
                estimator.Logged(
                    model=row["selected_model"],
                    propensity=row["propensity"],
                    value=value,
                    changed={chosen: 1.0},
                    possible=possible,
                )
            )
    outcomes = {name: estimator.replay(each) for name, each in logged.items()}
    if isinstance(outcomes["success"], estimator.Unsupported):
        raise NoSupport(
            f"the history cannot tell: {outcomes['success'].reason}. Let requests be explored"
            " (PUT /api/routing/settings), ask for more days, or change less at once",
            missing=dict(missing.most_common(20)),
        )
    found = {
        name: _figure(one, len(logged[name])) for name, one in outcomes.items() if isinstance(one, estimator.Replayed)
    }
    return ReplayResult(
        decisions=decisions,
        changed=changed / decisions,
        unsupported=missing.total() / decisions,
        quality=found.get("quality"),
        success=found.get("success"),
        cost=found.get("cost"),
        latency_ms=found.get("latency_ms"),
        models={model: count / decisions for model, count in models.most_common()},
    )


def _figure(found: "estimator.Replayed", decisions: int) -> Replayed:
    return Replayed(
        logged=found.logged, logged_decisions=decisions, value=found.value, low=found.low, high=found.high,
        effective=found.effective_samples,
    )  # fmt: skip


def _chosen(
    row: Row, noted: Mapping[str, Any], asked: Sequence[Ready], settings: TenantSettings, groups: _Groups
) -> str:
    """The model that these rules and weights choose, of the candidates of that moment."""
    fit = [
        Estimated(
            Option(id=name, provider=provider, capabilities=frozenset()),
            None if cost is None else Decimal(str(cost)), latency, Worth(quality, quality, quality, 0), reliability,
        )
        for name, provider, cost, latency, quality, reliability in noted["among"]
    ]  # fmt: skip
    weights = weights_of(settings.weights, row["quality_level"])
    ranked = preferring(scored(fit, weights), noted["prefer"] or settings.preferred_provider, settings.preferred_margin)
    situation = Situation(
        task=row["task_type"] or "chat", language=noted["lang"], text=None, input_tokens=noted["in"],
        capabilities=frozenset(noted["can"]), user_id=row["user_id"],
        groups=groups.get(row["user_id"], frozenset()), plan=noted["plan"], level=row["quality_level"],
        at=row["created_at"],
    )  # fmt: skip
    by_id: dict[str, Scored] = {one.id: one for one in ranked}
    said = ask(asked, situation, by_id, {})
    return said[-1].models[0] if said and said[-1].models else ranked[0].id
