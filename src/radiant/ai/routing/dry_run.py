"""What would happen to a request: which model it would go to, which rule would decide. Nothing is called."""

from collections.abc import Sequence
from datetime import UTC
from typing import Any
from uuid import UUID

import msgspec

from radiant.ai.providers.chat import ChatRequest, Message
from radiant.ai.routing import rules
from radiant.ai.routing.conditions import Situation
from radiant.ai.routing.evidence import Seen
from radiant.ai.routing.needs import TASKS, Asked, Needs, TaskType
from radiant.ai.routing.plan import Matched, Plan, Read
from radiant.ai.routing.problems import BadRule
from radiant.ai.routing.rules import Ready
from radiant.ai.routing.schemas import (
    ByTask,
    CandidateInfo,
    Choice,
    Context,
    Figures,
    Interval,
    LeftOut,
    ModelStanding,
    RouteResult,
    RuleAsked,
    RuleRef,
    RuleTest,
    RuleTested,
    Terms,
)
from radiant.ai.routing.score import Scored, Weights, Worth
from radiant.ai.routing.service import Brain, Fleet, House, known_providers
from radiant.ai.routing.statistics import ANY, Known
from radiant.ai.routing.words import text_tokens
from radiant.foundation.identity.callers import Caller
from radiant.infra.db import Database
from radiant.kit.errors import Invalid
from radiant.kit.text import shorten


def check_provider(name: str | None, field: str) -> None:
    """Raises Invalid where there is no such provider."""
    if name is not None and name not in known_providers():
        raise Invalid(
            f"{field}: there is no provider {shorten(name, 60)!r}; give one of {', '.join(sorted(known_providers()))}"
        )


def needs_of(context: Context) -> Needs:
    """What the described request asks of a model. Raises Invalid."""
    check_provider(context.preferred_provider, "preferred_provider")
    capabilities = {"text", *context.capabilities}
    for medium, wanted in (("vision", context.requires_vision), ("audio", context.requires_audio)):
        if wanted or context.task_type == medium:
            capabilities.add(medium)
    prompt = context.prompt or ""
    tokens = context.input_token_estimate
    asked = Asked(
        request=lambda: ChatRequest(model="", messages=[Message.of("user", prompt)]),
        conversation=context.conversation,
        max_cost=context.max_cost,
        max_latency_ms=context.max_latency_ms,
        preferred_provider=context.preferred_provider,
    )
    given = text_tokens(len(prompt)) if tokens is None else tokens
    return Needs(frozenset(capabilities), given, context.max_output_tokens, asked, counted=tokens is not None)


async def _read(brain: Brain, caller: Caller, context: Context, needs: Needs) -> Read:
    read = await brain.read(caller, needs, context.quality_level)
    if context.task_type is not None:
        read = msgspec.structs.replace(read, task=context.task_type, confidence=1.0)
    # Without a name there is no conversation: each dry run begins one.
    return read if context.conversation else msgspec.structs.replace(read, conversation="")


async def route(brain: Brain, caller: Caller, context: Context, *, explain: bool) -> RouteResult:
    """Which model the request would go to. Raises NoModelFits, Invalid."""
    needs = needs_of(context)
    plan = await brain.plan(
        caller, needs, context.quality_level, await brain.fleet(caller),
        read=await _read(brain, caller, context, needs), dry=True,
    )  # fmt: skip
    return result_of(plan, explain=explain)


async def test_rules(brain: Brain, database: Database, caller: Caller, test: RuleTest) -> RuleTested:
    """Which rule would decide, with a rule among them that is not saved yet. Raises NoModelFits, BadRule, Invalid."""
    needs = needs_of(test)
    fleet: Fleet = await brain.fleet(caller)
    house = await brain.house(caller.tenant_id)
    asked = [rule for rule in house.rules if test.replaces is None or rule.id != test.replaces]
    if test.replaces is not None and len(asked) == len(house.rules) and test.rule is None:
        raise BadRule("replaces: there is no such active rule; leave it out, or give the rule itself")
    if test.rule is not None:
        async with caller.db(database).tx() as tx:
            await rules.check(
                test.rule, {option.id for option in fleet.options}, tx if test.scope == "workspace" else None, "rule."
            )
        asked = rules.in_order([*asked, await rules.unsaved(test.rule, test.scope, asked)])
    house = House(tuple(asked), house.settings, house.plan)
    read = await _read(brain, caller, test, needs)
    groups = await brain.groups_of(caller) if house.asks_groups else frozenset[UUID]()
    at = None if test.at is None else test.at if test.at.tzinfo else test.at.replace(tzinfo=UTC)
    situation = Situation(
        task=read.task, language=read.language, text=read.text, input_tokens=read.input_tokens(needs),
        capabilities=needs.capabilities, user_id=caller.user_id, groups=groups, plan=house.plan,
        level=test.quality_level, at=at or brain.now(),
    )  # fmt: skip
    plan = await brain.plan(
        caller, needs, test.quality_level, fleet, read=read, house=house, situation=situation, dry=True
    )
    decided = plan.rule
    return RuleTested(
        matched=None if decided is None else _ref(decided),
        asked=[_asked(said) for said in plan.asked],
        result=result_of(plan, explain=False),
    )


def _asked(said: Matched) -> RuleAsked:
    rule = said.rule
    return RuleAsked(
        id=rule.id, name=rule.name, scope=rule.scope, holds=said.unmet is None, unmet=said.unmet, why=said.why
    )


def _ref(rule: Ready) -> RuleRef:
    return RuleRef(id=rule.id, name=rule.name, scope=rule.scope)


def _choice(one: Scored) -> Choice:
    found = one.estimated
    return Choice(
        model=one.id, provider=found.option.provider, estimated_cost=found.cost, estimated_latency_ms=found.latency_ms
    )


def terms_of(weights: Weights) -> Terms:
    """As the API shows them."""
    return Terms(
        cost=weights.cost, latency=weights.latency, quality=weights.quality, reliability=weights.reliability
    )  # fmt: skip


def _candidate(one: Scored) -> CandidateInfo:
    found = one.estimated
    return CandidateInfo(
        **_choice(one).model_dump(),
        input_tokens=found.input_tokens,
        score=one.score,
        terms=terms_of(one.terms),
        quality=_quality(found.quality),
        reliability=found.reliability,
    )


def result_of(plan: Plan, *, explain: bool) -> RouteResult:
    """As the API shows it."""
    return RouteResult(
        **_choice(plan.order[0]).model_dump(),
        reason=plan.reason,
        confidence=plan.confidence,
        chosen_by=plan.chosen_by,
        rule=None if plan.rule is None else _ref(plan.rule),
        task_type=plan.read.task,
        task_confidence=plan.read.confidence,
        language=plan.read.language,
        input_tokens=plan.order[0].estimated.input_tokens,
        quality_level=plan.level,
        fallbacks=[_choice(one) for one in plan.order[1 : plan.tries]],
        weights=terms_of(plan.weights) if explain else None,
        candidates=[_candidate(one) for one in plan.ranked] if explain else None,
        left_out=[LeftOut(model=one.id, why=one.why) for one in plan.refused] if explain else None,
    )


async def standing(brain: Brain, caller: Caller, task: TaskType | None, model: str | None) -> list[ModelStanding]:
    """What is known of each model that the caller can see."""
    view, fleet = await brain.view(caller), await brain.fleet(caller)
    shown = [option for option in fleet.options if model is None or option.id == model]
    tasks: Sequence[TaskType] = (task,) if task else TASKS
    # Of a prompt that is neither easy nor hard.
    judges = {name: await brain.judge(caller, view, fleet.options, Seen(name)) for name in tasks}
    worth = {name: judge(shown) for name, judge in judges.items()}
    return [
        ModelStanding(
            model=option.id,
            provider=option.provider,
            unavailable=option.excluded,
            tasks=[
                ByTask(task_type=name, quality=_quality(worth[name][at]), **_figures(view.of(option.id, name)))
                for name in tasks
            ],
            named=Figures(**_figures(view.of(option.id, ANY))),
        )
        for at, option in enumerate(shown)
    ]


def _figures(known: Known) -> dict[str, Any]:
    return {
        "calls": known.calls,
        "own_calls": known.own_calls,
        "reliability": Interval(
            mean=known.reliability, low=known.reliability_low, high=known.reliability_high, evidence=known.calls
        ),
        "latency_p50_ms": None if known.latency_p50 is None else round(known.latency_p50),
        "latency_p95_ms": None if known.latency_p95 is None else round(known.latency_p95),
        "cost": known.cost,
    }


def _quality(how_good: Worth) -> Interval:
    return Interval(mean=how_good.mean, low=how_good.low, high=how_good.high, evidence=how_good.evidence)
