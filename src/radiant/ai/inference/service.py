"""A model call, from a name to its last token: resolve, admit against budgets, stream, fall back, settle.

Every call leaves one row in the ledger, whatever happens to it. A caller that goes away closes the generator, and with
it the upstream connection; what was said until then is settled.
"""

import contextlib
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import msgspec
import structlog

from radiant.ai.inference import estimate
from radiant.ai.inference.auto import Auto, Following
from radiant.ai.inference.chosen import Answer, Chosen, UnsupportedByModel, labelled
from radiant.ai.inference.metered import INTERNAL, Labels, Metered, admit
from radiant.ai.inference.model import Model
from radiant.ai.inference.models import ModelNotFound, Models, ModelUnavailable, Target
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
    Usage,
    fold,
)
from radiant.ai.providers.errors import (
    ContextTooLong,
    CutStream,
    UpstreamBadRequest,
    UpstreamError,
)
from radiant.ai.providers.health import Upstreams
from radiant.ai.routing.needs import Asked, Needs, lack, level_of
from radiant.ai.routing.plan import Plan
from radiant.ai.routing.problems import NoModelFits
from radiant.ai.routing.service import Brain
from radiant.ai.serving.problems import ServingProblem
from radiant.foundation.identity.callers import Caller, Role
from radiant.foundation.usage.meter import Meter
from radiant.foundation.usage.schemas import CallKind
from radiant.infra.db import Database
from radiant.kit.errors import Problem

log = structlog.get_logger()
T = TypeVar("T")

# Small models ramble: an answer without a limit of its own stops here.
_LOCAL_OUTPUT = 2048
# The route of calls by which guardrails ask a model.
_JUDGES = "guardrail"
# And of those that make vectors of questions for a cache.
_CACHES = "cache"
CACHE_HEADER = "x-radiant-cache"
# Of an alias, what sends a request on to its next model.
_NEXT = (UpstreamError, ServingProblem, ModelNotFound, ModelUnavailable, NoModelFits)


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
        self._auto = Auto(database, models, policies, upstreams, brain)

    async def open(
        self, caller: Caller, model: str, request: ChatRequest, labels: Labels = INTERNAL, *,
        asked: Asked | None = None, conversation: str = "", rated: bool = False,
    ) -> Answer:  # fmt: skip
        """Start an answer and wait for its first event, so that a failure before it has its own status.

        `asked`: what else routing is told; `conversation`: where it is that alone; `rated`: people may say how good the
        answer was, so it is a decision also where the model was named. Raises what `choose` raises.
        """
        asked = asked or Asked(request=lambda: request, conversation=conversation)
        needs = msgspec.structs.replace(estimate.needs_of(request), asked=asked)

        async def attempt(chosen: Chosen) -> Answer:
            if rated and chosen.decision is None:
                facts = await self.brain.facts_of_named(caller, needs)
                chosen = msgspec.structs.replace(chosen, decision=facts)
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
            return await self._auto.choose(caller, level, needs, attempt, rules)
        target = await self._allowed(caller, name, rules)
        if why := lack(target.model.capabilities, target.model.context_length, needs):
            raise UnsupportedByModel(f"{target.model.id} {why}")
        return await attempt(Chosen(target, needs, "named", "named"))

    async def must_be_there(self, caller: Caller, name: str) -> None:
        """Raises the problems of resolving, PolicyViolation, where no model of that name can be called; auto always can."""
        if level_of(name) is None:
            await self.target(caller, name)

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
                    return await self._auto.choose(caller, level, needs, attempt, rules)
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

    async def next_best(self, caller: Caller, tried: str, request: ChatRequest, failure: Problem) -> Following | None:
        """The model to ask now that `tried` failed; None where none is left. Nothing is asked."""
        needs = msgspec.structs.replace(estimate.needs_of(request), asked=Asked(request=lambda: request))
        try:
            rules = self.policies.known(caller) or await self.policies.of(caller)
            return await self._auto.next_best(caller, tried, needs, failure, rules)
        except Problem:
            return None

    async def admit(
        self, caller: Caller, model: Model, needs: Needs, labels: Labels, kind: CallKind = "chat"
    ) -> Metered:
        """Let a call in that the door makes itself. Raises BudgetExceeded, RateLimited."""
        return await admit(self._meter, caller, model, needs, labels, kind)

    async def _ask(self, caller: Caller, model: str, request: ChatRequest) -> str:
        """A whole answer for a guardrail, metered as a call of its own under the route `guardrail`."""

        async def attempt(chosen: Chosen) -> Answer:
            judging = Chosen(chosen.target, chosen.needs, _JUDGES, _JUDGES)
            return await self.answer(caller, judging, request, Labels(route=_JUDGES, streamed=False))

        answer = await self.choose(caller, model, estimate.needs_of(request), attempt)
        async with contextlib.aclosing(answer.events) as events:
            return (await fold(events)).text

    async def open_planned(self, caller: Caller, plan: Plan, request: ChatRequest, labels: Labels) -> Answer:
        """Start an answer of the models that were planned for the request. Raises what `choose` raises."""

        async def attempt(chosen: Chosen) -> Answer:
            return await self.answer(caller, chosen, request, labels)

        return await self._auto.tried(caller, plan, attempt)

    async def answer(self, caller: Caller, chosen: Chosen, request: ChatRequest, labels: Labels) -> Answer:
        """Start an answer of the model that was chosen, translated from whatever protocol it speaks."""
        rules = self.policies.known(caller) or await self.policies.of(caller)
        if rules.logging is None or caller.api_key_id is None or labels.route == _JUDGES:
            return await self._answer(caller, chosen, request, labels, rules)
        model = chosen.target.model.id
        entry = self.policies.logs.begin(
            caller, rules.logging, rules.guards, labels.protocol, model, request, labels.private
        )
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
        if rules.logging is not None and caller.api_key_id is not None and labels.protocol != INTERNAL.protocol:
            # What was asked through the key, not what is looked up for it. Vectors are not kept.
            self.policies.logs.begin(
                caller, rules.logging, rules.guards, labels.protocol, target.model.id, request.inputs
            ).ended(None, None)
        failure: BaseException | None = None
        try:
            upstream = msgspec.structs.replace(request, model=target.model.upstream_id)
            asked = asking(self.upstreams, target, needs)
            result = await asked.call(lambda key: target.provider.embed(upstream, key))
            call.used(Usage(input_tokens=result.input_tokens), estimated=result.estimated)
        except BaseException as error:
            failure = error
            raise
        finally:
            call.finish(None, failure)
        return target.model.id, result
