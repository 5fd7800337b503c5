"""What changed rules or weights would have come to, by what was logged: each decision's propensity tells how much it
says about a choice that is made now for sure (`replay`). People are in the groups that they are in now. Turns that went
on with their conversation's model are left out, and so are fall-backs: neither was chosen.

What was logged of a decision are its best sixteen candidates with their figures of that moment, and no prompt. Whether a
rule's pattern was in it is known where the rule stood as it does now and either decided, or was asked in vain, the score
deciding. Other decisions that such a rule could change are left out, and counted.
"""

import asyncio
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID

import msgspec

from radiant.ai.routing import history_store, rules, store
from radiant.ai.routing.conditions import Compiled, Situation
from radiant.ai.routing.dry_run import check_provider
from radiant.ai.routing.plan import ask
from radiant.ai.routing.problems import NoSupport
from radiant.ai.routing.rules import Ready
from radiant.ai.routing.schemas import NotReplayed, Replayed, ReplayRequest, ReplayResult
from radiant.ai.routing.score import Estimated, Option, Scored, Weights, Worth, preferring, scored, weights_of
from radiant.ai.routing.service import Brain, TenantSettings
from radiant.foundation.identity.callers import Caller
from radiant.infra.db import Database, Row

if TYPE_CHECKING:
    from radiant.ai.routing import replay as estimator

_PAGE, _MOST = 2000, 20_000
_Why = Literal["conversation", "pattern", "unnoted"]
_Groups = Mapping[UUID, frozenset[UUID]]


@dataclass(frozen=True, slots=True)
class _Policy:
    """What is replayed: each rule, and the same without its pattern."""

    asked: Sequence[tuple[Ready, Ready]]
    settings: TenantSettings
    groups: _Groups


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
                asked.append(_saved(await rules.unsaved(rule, "workspace", asked), house.rules))
        asked = rules.in_order(asked)
    settings = house.settings
    if request.weights is not None:
        given = request.weights
        settings = msgspec.structs.replace(
            settings, weights=Weights(given.cost, given.latency, given.quality, given.reliability)
        )
    if "preferred_provider" in request.model_fields_set:
        settings = msgspec.structs.replace(settings, preferred_provider=request.preferred_provider)
    if request.preferred_margin is not None:
        settings = msgspec.structs.replace(settings, preferred_margin=request.preferred_margin)
    groups: _Groups = {}
    if any(rule.when.needs_groups for rule in asked):
        async with caller.db(database).tx() as tx:
            groups = await store.all_groups(tx)
    rows = await _logged(database, caller, request)
    policy = _Policy(await asyncio.to_thread(_without_patterns, asked), settings, groups)
    return await asyncio.to_thread(_replayed, rows, policy)


def _saved(given: Ready, house: Sequence[Ready]) -> Ready:
    """The rule as it is kept, where it says the same: the history knows what came of that."""
    for rule in house:
        if (rule.scope, rule.name, rule.models, rule.when.conditions) == (
            given.scope, given.name, given.models, given.when.conditions
        ):  # fmt: skip
            return replace(given, id=rule.id, changed_at=rule.changed_at)
    return given


def _without_patterns(asked: Sequence[Ready]) -> list[tuple[Ready, Ready]]:
    """Reads files where zones are named: not on the loop."""
    return [
        (rule, replace(rule, when=Compiled(rule.when.conditions.model_copy(update={"pattern": None}))))
        for rule in asked
    ]


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


def _replayed(rows: Sequence[Row], policy: _Policy) -> ReplayResult:
    # It computes with numpy, which is read here: in the thread.
    from radiant.ai.routing import replay as estimator

    logged: dict[str, list[estimator.Logged]] = {"quality": [], "success": [], "cost": [], "latency_ms": []}
    models, missing, left_out = Counter[str](), Counter[str](), Counter[tuple[_Why, str | None]]()
    decisions = changed = 0
    for row in rows:
        noted: Mapping[str, Any] | None = row["decision"].get("replay")
        if noted is None or row["chosen_by"] == "conversation":
            left_out["unnoted" if noted is None else "conversation", None] += 1
            continue
        chosen = _chosen(row, noted, policy)
        if isinstance(chosen, Ready):
            left_out["pattern", chosen.name] += 1
            continue
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
    not_replayed = [NotReplayed(why=why, rule=rule, decisions=count) for (why, rule), count in left_out.most_common()]
    outcomes = {name: estimator.replay(each) for name, each in logged.items()}
    if isinstance(outcomes["success"], estimator.Unsupported):
        reason = outcomes["success"].reason
        if not decisions and left_out:
            reason = f"none of the {left_out.total()} decisions can be made anew"
        raise NoSupport(
            f"the history cannot tell: {reason}. Let requests be explored (PUT /api/routing/settings), ask for more"
            f" days, or change less at once{_blind(left_out)}",
            missing=dict(missing.most_common(20)),
            left_out=[one.model_dump() for one in not_replayed],
        )
    found = {
        name: _figure(one, len(logged[name]), 1.0 if name in ("quality", "success") else math.inf)
        for name, one in outcomes.items()
        if isinstance(one, estimator.Replayed)
    }
    return ReplayResult(
        decisions=decisions,
        since=rows[-1]["created_at"],
        left_out=not_replayed,
        changed=changed / decisions,
        unsupported=missing.total() / decisions,
        quality=found.get("quality"),
        success=found.get("success"),
        cost=found.get("cost"),
        latency_ms=found.get("latency_ms"),
        models={model: count / decisions for model, count in models.most_common()},
    )


def _blind(left_out: Mapping[tuple[_Why, str | None], int]) -> str:
    """Which rules stand in the way."""
    names = ", ".join(repr(rule) for why, rule in left_out if why == "pattern")
    return names and f"; or replay without what looks for words, since prompts are not kept: {names}"


def _figure(found: "estimator.Replayed", decisions: int, most: float) -> Replayed:
    """`most`: what the figure can be at most, as none can lie under 0; an interval may reach beyond by its arithmetic."""
    return Replayed(
        logged=found.logged, logged_decisions=decisions, value=found.value, low=max(found.low, 0.0),
        high=min(found.high, most), effective=found.effective_samples,
    )  # fmt: skip


def _chosen(row: Row, noted: Mapping[str, Any], policy: _Policy) -> str | Ready:
    """The model that these rules and weights choose, of the candidates of that moment; or the rule with a pattern that
    would decide if it were found, which is not known."""
    settings = policy.settings
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
        groups=policy.groups.get(row["user_id"], frozenset()), plan=noted["plan"], level=row["quality_level"],
        at=row["created_at"],
    )  # fmt: skip
    by_id: dict[str, Scored] = {one.id: one for one in ranked}
    for rule, without_pattern in policy.asked:
        (said,) = ask([without_pattern], situation, by_id, {})
        if not said.models:
            continue
        if rule.when.conditions.pattern is not None and not (found := _was_found(rule, row)):
            if found is None:
                return rule
            continue
        return said.models[0]
    return ranked[0].id


def _was_found(rule: Ready, row: Row) -> bool | None:
    """Whether the rule's pattern was in the prompt, as far as the history tells; the rest of it holds."""
    if rule.changed_at is None or rule.changed_at > row["created_at"]:
        return None
    if row["chosen_by"] == "rule":
        decided = row["rule_id"] == (rule.id if rule.scope == "workspace" else None) and row["rule_name"] == rule.name
        return True if decided else None
    return False
