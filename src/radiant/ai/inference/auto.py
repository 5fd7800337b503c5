"""What `auto` comes to: among which models, which of them are tried for a request, and until when."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from typing import TypedDict, TypeVar

import msgspec
import structlog

from radiant.ai.inference.chosen import Answer, Chosen, UnsupportedByModel
from radiant.ai.inference.hedge import first_of
from radiant.ai.inference.models import ModelNotFound, Models, ModelUnavailable
from radiant.ai.inference.relay import Relayed
from radiant.ai.policies.rules import Rules
from radiant.ai.policies.service import Policies
from radiant.ai.providers.errors import (
    UpstreamBadCredentials,
    UpstreamError,
    UpstreamQuotaExhausted,
    UpstreamTimeout,
    UpstreamUnreachable,
)
from radiant.ai.providers.health import Upstreams
from radiant.ai.routing.needs import Level, Needs, level_of
from radiant.ai.routing.plan import Plan
from radiant.ai.routing.score import Option
from radiant.ai.routing.service import Brain, Fleet
from radiant.ai.serving.problems import ServingProblem
from radiant.foundation.identity.callers import Caller
from radiant.foundation.usage.bounds import BudgetExceeded
from radiant.infra.db import Database
from radiant.kit.errors import Problem
from radiant.kit.ids import ApiKeyId, TenantId

log = structlog.get_logger()
T = TypeVar("T")

# Where a caller's deadline is near, so much of what is left goes to a model before the next is tried.
_PATIENCE = 0.6
_KEPT_FLEETS = 1_000
# What one model of a provider met, its others would meet too.
_OF_THE_PROVIDER = (UpstreamUnreachable, UpstreamTimeout, UpstreamBadCredentials, UpstreamQuotaExhausted)


class Following(TypedDict):
    """The model to ask after another failed, and why it."""

    model: str
    reason: str


class TooSlow(UpstreamTimeout):
    """The model did not begin to answer as soon as the caller wants an answer to begin."""


async def _until(until: float | None, last: bool, option: Option, attempt: Awaitable[T]) -> T:
    """What the attempt makes, before the caller's deadline; a share of the time is left for the next model. Raises
    TooSlow."""
    if until is None:
        return await attempt
    now = asyncio.get_running_loop().time()
    end = until if last else now + (until - now) * _PATIENCE
    within = asyncio.timeout_at(end)
    try:
        async with within:
            return await attempt
    except TimeoutError as error:
        if not within.expired():
            raise
        raise TooSlow(
            f"{option.id} did not begin to answer within {end - now:.1f} s, which the caller's deadline leaves it",
            provider=option.provider,
        ) from error


async def _discard(answer: object) -> None:
    """End an answer that came second."""
    if isinstance(answer, Answer):
        await answer.events.aclose()
    elif isinstance(answer, Relayed):
        answer.close(asyncio.CancelledError())


class Auto:
    """Made once, by `Inference`."""

    def __init__(
        self, database: Database, models: Models, policies: Policies, upstreams: Upstreams, brain: Brain
    ) -> None:
        self._database = database
        self._models = models
        self._policies = policies
        self._upstreams = upstreams
        self._brain = brain
        brain.fleet = self.fleet_of
        self._fleets: OrderedDict[tuple[TenantId, ApiKeyId | None], tuple[object, Rules, Sequence[Option]]] = (
            OrderedDict()
        )

    async def choose(
        self, caller: Caller, level: Level, needs: Needs, attempt: Callable[[Chosen], Awaitable[T]], rules: Rules
    ) -> T:
        """What `attempt` makes of the best model for the request, and of the next where it fails. Raises NoModelFits,
        and what the attempts raise."""
        plan = await self._brain.plan(caller, needs, level, await self._fleet(caller, rules))
        return await self.tried(caller, plan, attempt)

    async def next_best(
        self, caller: Caller, tried: str, needs: Needs, failure: Problem, rules: Rules
    ) -> Following | None:
        """The best model for the request that `tried` failed at, or None. Raises what planning raises."""
        level = level_of(tried)
        plan = await self._brain.plan(caller, needs, level or "balanced", await self._fleet(caller, rules), dry=True)
        if level is None:
            target = self._models.known_target(caller.tenant_id, tried)
            out = {tried} if target is None else {tried, target.model.id}
            away = target.model.provider if target is not None and isinstance(failure, _OF_THE_PROVIDER) else None
            left = [one for one in plan.order if one.id not in out and one.estimated.option.provider != away]
        else:
            left = plan.order[plan.tries :]
        if isinstance(failure, BudgetExceeded):
            left = [one for one in left if one.estimated.option.free]
        return Following(model=left[0].id, reason=plan.why_next(left[0], tried)) if left else None

    async def fleet_of(self, caller: Caller) -> Fleet:
        """The models that the caller may choose among."""
        return await self._fleet(caller, self._policies.known(caller) or await self._policies.of(caller))

    async def _fleet(self, caller: Caller, rules: Rules) -> Fleet:
        options = await self._models.options(caller.db(self._database))
        if not rules.empty:
            options = await self._under(caller, rules, options)
        tenant_id = caller.tenant_id

        def resting(option: Option) -> str | None:
            # What was not called yet is not known to rest.
            target = self._models.known_target(tenant_id, option.id)
            if target is None or (why := self._upstreams.rests(target.keys, target.model.upstream_id)) is None:
                return None
            return f"is not asked just now: {why}"

        return Fleet(options, resting)

    async def _under(self, caller: Caller, rules: Rules, options: Sequence[Option]) -> Sequence[Option]:
        """The options, without those that a policy does not allow."""
        key = (caller.tenant_id, caller.api_key_id)
        kept = self._fleets.get(key)
        if kept is not None and kept[0] is options and kept[1] is rules:
            return kept[2]
        models = {model.id: model for model in await self._models.all(caller.db(self._database))}
        found = [
            option
            if option.excluded or option.id not in models or (why := rules.why_not(models[option.id])) is None
            else msgspec.structs.replace(option, excluded=why)
            for option in options
        ]
        self._fleets[key] = options, rules, found
        self._fleets.move_to_end(key)
        if len(self._fleets) > _KEPT_FLEETS:
            self._fleets.popitem(last=False)
        return found

    async def tried(self, caller: Caller, plan: Plan, attempt: Callable[[Chosen], Awaitable[T]]) -> T:
        """What `attempt` makes of the first planned model that answers, before the caller's deadline."""
        db, loop, needs = caller.db(self._database), asyncio.get_running_loop(), plan.needs
        asked = needs.asked
        until = None if asked is None or asked.seconds is None else loop.time() + asked.seconds
        failure: Problem | None = None
        tried, away, failed = 0, set[str](), None

        async def ask(at: int, failed: str | None, *, first: bool, last: bool) -> T:
            option, reason = plan.order[at].estimated.option, plan.reason_of(at, failed)
            target = await self._models.target(db, option.id)
            chosen = Chosen(target, needs, "auto", reason, plan.facts(at, reason, first=first))
            return await _until(until, last, option, attempt(chosen))

        for at, item in enumerate(plan.order):
            option = item.estimated.option
            if option.provider in away or tried == plan.tries:
                continue
            if isinstance(failure, BudgetExceeded) and not option.free:
                continue
            if until is not None and failure is not None and loop.time() >= until:
                break
            tried += 1
            last = tried == plan.tries or at + 1 == len(plan.order)
            answering = option.id
            try:
                if at == 0 and not last and asked is not None and asked.hedge_after is not None:
                    found, hedged = await first_of(
                        ask(0, None, first=True, last=False), asked.hedge_after,
                        lambda: ask(1, plan.order[0].id, first=False, last=True), _discard,
                    )  # fmt: skip
                    answering = plan.order[1].id if hedged else answering
                else:
                    found = await ask(at, failed, first=failure is None, last=last)
            except (BudgetExceeded, UnsupportedByModel, ModelNotFound, ModelUnavailable) as error:
                # Nobody was called. After a budget `auto` goes on to what is known to cost nothing.
                if failure is None or isinstance(error, BudgetExceeded):
                    failure, failed = error, option.id
                tried -= 1
            except (UpstreamError, ServingProblem) as error:
                failure, failed = error, option.id
                if isinstance(error, _OF_THE_PROVIDER) and not isinstance(error, TooSlow):
                    away.add(option.provider)
                log.info("inference.fallback", model=option.id, error=error.slug, tried=tried)
            else:
                self._brain.answered(plan, answering)
                return found
        assert failure is not None
        raise failure
