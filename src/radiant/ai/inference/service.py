"""A model call, from a name to its last token: resolve, admit against budgets, stream, fall back, settle.

Every call leaves one row in the ledger, whatever happens to it. A caller that goes away closes the generator, and with
it the upstream connection; what was said until then is settled.
"""

import asyncio
import contextlib
from collections import OrderedDict
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import msgspec
import structlog

from radiant.ai.inference import estimate
from radiant.ai.inference.hedge import first_of
from radiant.ai.inference.metered import INTERNAL, Labels, Metered, Receipt, admit
from radiant.ai.inference.model import Model
from radiant.ai.inference.models import ModelNotFound, Models, ModelUnavailable, Target
from radiant.ai.inference.relay import Relayed
from radiant.ai.inference.running import asking, events_of, guarded, kept_events, prepend
from radiant.ai.policies import bodies
from radiant.ai.policies.cache import Slot
from radiant.ai.policies.guarding import Guarding
from radiant.ai.policies.problems import PolicyViolation
from radiant.ai.policies.rules import Rules
from radiant.ai.policies.service import Policies
from radiant.ai.providers.chat import (
    ChatRequest,
    EmbeddingRequest,
    EmbeddingResult,
    Event,
    Usage,
    fold,
)
from radiant.ai.providers.errors import (
    ContextTooLong,
    CutStream,
    UpstreamBadCredentials,
    UpstreamBadRequest,
    UpstreamError,
    UpstreamQuotaExhausted,
    UpstreamTimeout,
    UpstreamUnreachable,
)
from radiant.ai.providers.health import Upstreams
from radiant.ai.routing.needs import Asked, Level, Needs, lack, level_of
from radiant.ai.routing.problems import NoModelFits
from radiant.ai.routing.score import Option
from radiant.ai.routing.service import Brain, Fleet, Plan
from radiant.ai.serving.problems import ServingProblem
from radiant.foundation.identity.callers import Caller, Role
from radiant.foundation.usage.bounds import BudgetExceeded
from radiant.foundation.usage.meter import Meter
from radiant.foundation.usage.schemas import CallKind
from radiant.infra.db import Database
from radiant.kit.errors import Problem
from radiant.kit.ids import ApiKeyId, DecisionId, TenantId

log = structlog.get_logger()
T = TypeVar("T")

# Small models ramble: an answer without a limit of its own stops here.
_LOCAL_OUTPUT = 2048
# The route of calls by which guardrails ask a model.
_JUDGES = "guardrail"
# And of those that make vectors of questions for a cache.
_CACHES = "cache"
CACHE_HEADER = "x-radiant-cache"
# Where a caller's deadline is near, so much of what is left goes to a model before the next is tried.
_PATIENCE = 0.6
_KEPT_FLEETS = 1_000
# Of an alias, what sends a request on to its next model.
_NEXT = (UpstreamError, ServingProblem, ModelNotFound, ModelUnavailable, NoModelFits)
# What one model of a provider met, its others would meet too.
_OF_THE_PROVIDER = (UpstreamUnreachable, UpstreamTimeout, UpstreamBadCredentials, UpstreamQuotaExhausted)


class UnsupportedByModel(Problem):
    """The model cannot do what the request asks."""

    status, slug = 400, "unsupported-by-model"


class TooSlow(UpstreamTimeout):
    """The model did not begin to answer as soon as the caller wants an answer to begin."""


class Chosen(msgspec.Struct, frozen=True):
    """A model to be tried for a request: by its name, or for a reason of routing's."""

    target: Target
    needs: Needs
    route: str
    reason: str
    decision: Mapping[str, Any] | None = None
    """What routing wants to find in the ledger."""


def labelled(labels: Labels, chosen: Chosen) -> Labels:
    """The labels, with how the model was chosen."""
    if labels.route == chosen.route and chosen.decision is None:
        return labels
    return msgspec.structs.replace(labels, route=chosen.route, decision=chosen.decision)


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


@dataclass(slots=True)
class Answer:
    """An answer under way. Iterate `events` once and close it; `receipt` is whole when it ended."""

    model: str
    provider: str
    decision_id: DecisionId
    reason: str
    events: AsyncGenerator[Event]
    receipt: Receipt
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    """What is left of the limits."""


class Inference:
    """Made once by a root."""

    def __init__(
        self, database: Database, models: Models, meter: Meter, policies: Policies, upstreams: Upstreams, brain: Brain
    ) -> None:
        self._database = database
        self._meter = meter
        self.models = models
        self.policies = policies
        policies.guardrails.ask = self._ask
        policies.cache.embed = self._vector
        self.upstreams = upstreams
        self.brain = brain
        brain.fleet = self._fleet_of
        self._fleets: OrderedDict[tuple[TenantId, ApiKeyId | None], tuple[object, Rules, Sequence[Option]]] = (
            OrderedDict()
        )

    async def open(
        self, caller: Caller, model: str, request: ChatRequest, labels: Labels = INTERNAL, *,
        asked: Asked | None = None, conversation: str = "",
    ) -> Answer:  # fmt: skip
        """Start an answer and wait for its first event, so that a failure before it has its own status.

        `asked`: what else routing is told; `conversation`: where it is that alone. Raises what `choose` raises.
        """
        asked = asked or Asked(request=lambda: request, conversation=conversation)
        needs = msgspec.structs.replace(estimate.needs_of(request), asked=asked)

        async def attempt(chosen: Chosen) -> Answer:
            return await self.answer(caller, chosen, request, labels)

        return await self.choose(caller, model, needs, attempt)

    async def choose(
        self, caller: Caller, name: str, needs: Needs, attempt: Callable[[Chosen], Awaitable[T]],
        rules: Rules | None = None,
    ) -> T:  # fmt: skip
        """What `attempt` makes of the model of that name; of the best one for `auto`, and of the next where it fails.

        `name`: an id or alias of the catalogue, `provider/id`, an alias of the caller's policies, or auto,
        auto:economy, auto:balanced, auto:premium; `rules`: the caller's, where they are at hand. Raises the problems
        of resolving, PolicyViolation, NoModelFits, UnsupportedByModel, BudgetExceeded, RateLimited, UpstreamError.
        """
        if rules is None:
            rules = self.policies.known(caller) or await self.policies.of(caller)
        if (chain := rules.alias(name)) is not None:
            return await self._chain(caller, name, chain, needs, attempt, rules)
        level = level_of(name)
        if level is not None:
            caller.require_role(Role.MEMBER)
            return await self._auto(caller, level, needs, attempt, rules)
        target = await self._allowed(caller, name, rules)
        if why := lack(target.model.capabilities, target.model.context_length, needs):
            raise UnsupportedByModel(f"{target.model.id} {why}")
        return await attempt(Chosen(target, needs, "named", "named"))

    async def target(self, caller: Caller, name: str) -> Target:
        """The model of that name, ready to be called by this caller; of an alias the first that can be. Raises the
        problems of resolving, PolicyViolation."""
        rules = self.policies.known(caller) or await self.policies.of(caller)
        chain = rules.alias(name) or (name,)
        for item in chain[:-1]:
            try:
                return await self._allowed(caller, item, rules)
            except (ModelNotFound, ModelUnavailable, PolicyViolation) as error:
                log.info("inference.alias", alias=name, model=item, error=error.slug)
        return await self._allowed(caller, chain[-1], rules)

    async def _allowed(self, caller: Caller, name: str, rules: Rules) -> Target:
        caller.require_role(Role.MEMBER)
        target = self.models.known_target(caller.tenant_id, name)
        if target is None:
            target = await self.models.target(caller.db(self._database), name)
        if not rules.empty:
            rules.check(target.model)
        return target

    async def _chain(
        self, caller: Caller, name: str, chain: Sequence[str], needs: Needs,
        attempt: Callable[[Chosen], Awaitable[T]], rules: Rules,
    ) -> T:  # fmt: skip
        """The first model of an alias that answers. What is wrong with the request itself is not tried again."""
        failure: Problem | None = None
        for item in chain:
            try:
                if (level := level_of(item)) is not None:
                    caller.require_role(Role.MEMBER)
                    return await self._auto(caller, level, needs, attempt, rules)
                target = await self._allowed(caller, item, rules)
                if why := lack(target.model.capabilities, target.model.context_length, needs):
                    raise UnsupportedByModel(f"{target.model.id} {why}")
                return await attempt(Chosen(target, needs, "alias", name))
            except (*_NEXT, PolicyViolation, UnsupportedByModel) as error:
                if isinstance(error, UpstreamBadRequest) and not isinstance(error, ContextTooLong):
                    raise
                # What an upstream said tells more than that the next one may not be used.
                if failure is None or isinstance(error, UpstreamError) or not isinstance(failure, UpstreamError):
                    failure = error
                log.info("inference.fallback", alias=name, model=item, error=error.slug)
        assert failure is not None
        raise failure

    async def admit(
        self, caller: Caller, model: Model, needs: Needs, labels: Labels, kind: CallKind = "chat"
    ) -> Metered:
        """Let a call in that the door makes itself. Raises BudgetExceeded, RateLimited."""
        return await admit(self._meter, caller, model, needs, labels, kind)

    async def _fleet_of(self, caller: Caller) -> Fleet:
        return await self._fleet(caller, self.policies.known(caller) or await self.policies.of(caller))

    async def _fleet(self, caller: Caller, rules: Rules) -> Fleet:
        """The models that the caller may choose among."""
        options = await self.models.options(caller.db(self._database))
        if not rules.empty:
            options = await self._under(caller, rules, options)
        tenant_id = caller.tenant_id

        def resting(option: Option) -> str | None:
            # What was not called yet is not known to rest.
            target = self.models.known_target(tenant_id, option.id)
            if target is None or (why := self.upstreams.rests(target.keys, target.model.upstream_id)) is None:
                return None
            return f"is not asked just now: {why}"

        return Fleet(options, resting)

    async def _under(self, caller: Caller, rules: Rules, options: Sequence[Option]) -> Sequence[Option]:
        """The options, without those that a policy does not allow."""
        key = (caller.tenant_id, caller.api_key_id)
        kept = self._fleets.get(key)
        if kept is not None and kept[0] is options and kept[1] is rules:
            return kept[2]
        models = {model.id: model for model in await self.models.all(caller.db(self._database))}
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

    async def _ask(self, caller: Caller, model: str, request: ChatRequest) -> str:
        """A whole answer for a guardrail, metered as a call of its own under the route `guardrail`."""

        async def attempt(chosen: Chosen) -> Answer:
            judging = Chosen(chosen.target, chosen.needs, _JUDGES, _JUDGES)
            return await self.answer(caller, judging, request, Labels(route=_JUDGES, streamed=False))

        answer = await self.choose(caller, model, estimate.needs_of(request), attempt)
        async with contextlib.aclosing(answer.events) as events:
            return (await fold(events)).text

    async def _auto(
        self, caller: Caller, level: Level, needs: Needs, attempt: Callable[[Chosen], Awaitable[T]], rules: Rules
    ) -> T:
        return await self._tried(
            caller, await self.brain.plan(caller, needs, level, await self._fleet(caller, rules)), attempt
        )

    async def open_planned(self, caller: Caller, plan: Plan, request: ChatRequest, labels: Labels) -> Answer:
        """Start an answer of the models that were planned for the request. Raises what `choose` raises."""

        async def attempt(chosen: Chosen) -> Answer:
            return await self.answer(caller, chosen, request, labels)

        return await self._tried(caller, plan, attempt)

    async def _tried(self, caller: Caller, plan: Plan, attempt: Callable[[Chosen], Awaitable[T]]) -> T:
        """What `attempt` makes of the first planned model that answers, before the caller's deadline."""
        db, loop, needs = caller.db(self._database), asyncio.get_running_loop(), plan.needs
        asked = needs.asked
        until = None if asked is None or asked.seconds is None else loop.time() + asked.seconds
        failure: Problem | None = None
        tried, away, failed = 0, set[str](), None

        async def ask(at: int, failed: str | None, *, first: bool, last: bool) -> T:
            option, reason = plan.order[at].estimated.option, plan.reason_of(at, failed)
            target = await self.models.target(db, option.id)
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
                self.brain.answered(plan, answering)
                return found
        assert failure is not None
        raise failure

    async def answer(self, caller: Caller, chosen: Chosen, request: ChatRequest, labels: Labels) -> Answer:
        """Start an answer of the model that was chosen, translated from whatever protocol it speaks."""
        rules = self.policies.known(caller) or await self.policies.of(caller)
        if rules.logging is None or caller.api_key_id is None or labels.route == _JUDGES:
            return await self._answer(caller, chosen, request, labels, rules)
        model = chosen.target.model.id
        entry = self.policies.logs.begin(caller, rules.logging, rules.guards, labels.protocol, model, request)
        try:
            answer = await self._answer(caller, chosen, request, labels, rules)
        except Problem as error:
            entry.ended(None, error.slug)
            raise
        entry.id = answer.decision_id
        answer.events = entry.recording(answer.events)
        return answer

    async def _answer(
        self, caller: Caller, chosen: Chosen, request: ChatRequest, labels: Labels, rules: Rules
    ) -> Answer:
        target, model = chosen.target, chosen.target.model
        if rules.has_parameters:
            request = bodies.bounded_request(rules, request, model)
        call = await self.admit(caller, model, chosen.needs, labelled(labels, chosen))
        asked, guarding = request, None
        # A model that judges is not judged: it would never end.
        if rules.guards and labels.route != _JUDGES:
            guarding = Guarding(rules.guards, caller, model.id, labels.request_id)
            request = await guarded(call, guarding.before(request))
        slot = await guarded(call, self._slot(caller, rules, asked, labels, model.id, by_meaning=request == asked))
        if slot is not None and slot.completion is not None:
            kept = kept_events(call, slot.completion)
            headers = {**call.headers, CACHE_HEADER: slot.found}
            return Answer(model.id, model.provider, call.decision_id, slot.found, kept, call.receipt, headers)
        limit = request.max_tokens or (_LOCAL_OUTPUT if model.local else None)
        events = events_of(
            self.upstreams, target, call, msgspec.structs.replace(request, model=model.upstream_id, max_tokens=limit),
            guarding if guarding is not None and guarding.touches_answers else None,
        )  # fmt: skip
        try:
            first = await anext(events)
        except StopAsyncIteration as error:
            raise CutStream("the model ended before it said anything", provider=model.provider) from error
        except BaseException:
            await events.aclose()
            raise
        rest, headers = prepend(first, events), call.headers
        if slot is not None:
            rest, headers = slot.recording(rest), {**headers, CACHE_HEADER: slot.found}
        return Answer(model.id, model.provider, call.decision_id, chosen.reason, rest, call.receipt, headers)

    async def _slot(
        self, caller: Caller, rules: Rules, asked: ChatRequest, labels: Labels, model: str, *, by_meaning: bool
    ) -> Slot | None:
        """The request's place in its policy's cache; None where nothing is kept of it. Chats ask anew each time."""
        if rules.cache is None or labels.fresh or caller.api_key_id is None or labels.route == _JUDGES:
            return None
        if not rules.kept(asked):
            return None
        guards = [guard.version for guard in rules.guards]
        # What was replaced in a prompt is not what its meaning is found by: values of one would answer another.
        return await self.policies.cache.look(caller, rules.cache, asked, model, guards, by_meaning=by_meaning)

    async def _vector(self, caller: Caller, model: str, text: str) -> Sequence[float]:
        """A vector for the cache, metered as a call of its own under the route `cache`."""
        request = EmbeddingRequest(model="", inputs=[text])
        _, result = await self.embed(caller, model, request, Labels(route=_CACHES, streamed=False))
        return result.vectors[0]

    async def embed(
        self, caller: Caller, model: str, request: EmbeddingRequest, labels: Labels = INTERNAL
    ) -> tuple[str, EmbeddingResult]:
        """The id of the model that answered, and its vectors. Raises as `open` does."""
        return await self.embed_by(caller, await self.target(caller, model), request, labels)

    async def embed_by(
        self, caller: Caller, target: Target, request: EmbeddingRequest, labels: Labels = INTERNAL
    ) -> tuple[str, EmbeddingResult]:
        """The same by a model that was chosen. Raises UnsupportedByModel, BudgetExceeded, RateLimited, UpstreamError."""
        if target.model.task != "embedding":
            raise UnsupportedByModel(f"{target.model.id} makes no embeddings; its task is {target.model.task}")
        needs = Needs(frozenset(), estimate.text_tokens(sum(map(len, request.inputs))), 0)
        call = await self.admit(caller, target.model, needs, labels, "embedding")
        rules = self.policies.known(caller) or await self.policies.of(caller)
        if rules.guards and labels.route != _CACHES:
            guarding = Guarding(rules.guards, caller, target.model.id, labels.request_id)
            texts = await guarded(call, guarding.texts(request.inputs))
            request = msgspec.structs.replace(request, inputs=texts)
        if rules.logging is not None and caller.api_key_id is not None and labels.route != _CACHES:
            # Vectors are not kept.
            self.policies.logs.begin(
                caller, rules.logging, rules.guards, labels.protocol, target.model.id, request.inputs
            ).ended(None, None)
        error_kind: str | None = "internal"
        try:
            upstream = msgspec.structs.replace(request, model=target.model.upstream_id)
            asked = asking(self.upstreams, target, needs)
            result = await asked.call(lambda key: target.provider.embed(upstream, key))
            call.used(Usage(input_tokens=result.input_tokens), estimated=result.estimated)
            error_kind = None
        except Problem as error:
            error_kind = error.slug
            raise
        except asyncio.CancelledError:
            error_kind = "cancelled"
            raise
        finally:
            call.finish(None, error_kind)
        return target.model.id, result
