"""A model call, from a name to its last token: resolve, admit against budgets, stream, fall back, settle.

Every call leaves one row in the ledger, whatever happens to it. A caller that goes away closes the generator, and with
it the upstream connection; what was said until then is settled.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

import msgspec
import structlog

from radiant.ai.inference import estimate
from radiant.ai.inference.model import Model
from radiant.ai.inference.models import Models
from radiant.ai.providers.chat import (
    ChatRequest,
    Done,
    EmbeddingRequest,
    EmbeddingResult,
    Event,
    ReasoningDelta,
    TextDelta,
    ToolCallDelta,
    Usage,
)
from radiant.ai.providers.errors import (
    CutStream,
    UpstreamBadCredentials,
    UpstreamError,
    UpstreamQuotaExhausted,
    UpstreamTimeout,
    UpstreamUnreachable,
)
from radiant.ai.routing.service import Needs, level_of, obstacle, rank
from radiant.ai.serving.problems import ServingProblem
from radiant.foundation.identity.callers import Caller, Role
from radiant.foundation.usage import service as usage_service
from radiant.foundation.usage.schemas import CallKind, NewCall, Outcome, Reservation
from radiant.foundation.usage.service import BudgetExceeded
from radiant.infra.db import Database
from radiant.kit.errors import Problem
from radiant.kit.ids import DecisionId, RunId, uuid7

log = structlog.get_logger()

# Small models ramble: an answer without a limit of its own stops here.
_LOCAL_OUTPUT = 2048
# How many models `auto` tries for one request.
_TRIES = 3
# What one model of a provider met, its others would meet too.
_OF_THE_PROVIDER = (UpstreamUnreachable, UpstreamTimeout, UpstreamBadCredentials, UpstreamQuotaExhausted)


class UnsupportedByModel(Problem):
    """The model cannot do what the request asks."""

    status, slug = 400, "unsupported-by-model"


@dataclass(slots=True)
class Receipt:
    """What a call came to. Times in milliseconds, cost in dollars."""

    usage: Usage = field(default_factory=Usage)
    cost: Decimal = Decimal(0)
    estimated: bool = False
    first_token_ms: int | None = None
    duration_ms: int = 0


@dataclass(slots=True)
class Answer:
    """An answer under way. Iterate `events` once and close it; `receipt` is whole when it ended."""

    model: str
    provider: str
    decision_id: DecisionId
    reason: str
    events: AsyncGenerator[Event]
    receipt: Receipt


class Inference:
    """Made once by a root. `settling` tasks outlive the request that began them; `close` waits for them."""

    def __init__(self, database: Database, models: Models) -> None:
        self._database = database
        self.models = models
        self._settling: set[asyncio.Task[None]] = set()

    async def open(self, caller: Caller, model: str, request: ChatRequest, *, run_id: RunId | None = None) -> Answer:
        """Start an answer and wait for its first event, so that a failure before it has its own status.

        `model`: an id or alias of the catalogue, `provider/id`, or auto, auto:economy, auto:balanced, auto:premium.
        Raises the problems of resolving, NoModelFits, UnsupportedByModel, BudgetExceeded, UpstreamError.
        """
        caller.require_role(Role.MEMBER)
        needs = estimate.needs_of(request)
        targets = await self._targets(caller, model, needs)
        failure: UpstreamError | ServingProblem | BudgetExceeded | None = None
        tried, away = 0, set[str]()
        for target, reason in targets:
            if target.provider in away or tried == _TRIES or (isinstance(failure, BudgetExceeded) and not target.free):
                continue
            tried += 1
            try:
                return await self._open(caller, target, reason, request, needs, run_id)
            except BudgetExceeded as error:
                # Nobody was called. `auto` goes on to what is known to cost nothing.
                failure = error
                tried -= 1
            except (UpstreamError, ServingProblem) as error:
                failure = error
                if isinstance(error, _OF_THE_PROVIDER):
                    away.add(target.provider)
                log.info("inference.fallback", model=target.id, error=error.slug, tried=tried)
        assert failure is not None
        raise failure

    async def _targets(self, caller: Caller, name: str, needs: Needs) -> Sequence[tuple[Model, str]]:
        db = caller.db(self._database)
        level = level_of(name)
        if level is None:
            model = await self.models.resolve(db, name)
            if why := obstacle(self.models.candidate(model, needs), needs):
                raise UnsupportedByModel(f"{model.id} {why}")
            return [(model, "named")]
        chat = [model for model in await self.models.all(db) if model.task == "chat"]
        by_id = {model.id: model for model in chat}
        ranked = rank([self.models.candidate(model, needs) for model in chat], needs, level)
        return [(by_id[item.id], item.reason) for item in ranked]

    async def _open(
        self, caller: Caller, model: Model, reason: str, request: ChatRequest, needs: Needs, run_id: RunId | None
    ) -> Answer:
        decision_id = DecisionId(uuid7())
        reserved = estimate.reservation(model, needs)
        reservation = await self._reserve(caller, model, "chat", reserved, run_id, decision_id)
        limit = request.max_tokens or (_LOCAL_OUTPUT if model.local else None)
        call = _Call(model, needs, Receipt(), time.perf_counter())
        events = self._events(caller, call, reservation, msgspec.structs.replace(
            request, model=model.upstream_id, max_tokens=limit
        ))  # fmt: skip
        try:
            first = await anext(events)
        except StopAsyncIteration as error:
            raise CutStream("the model ended before it said anything", provider=model.provider) from error
        except BaseException:
            await events.aclose()
            raise
        return Answer(model.id, model.provider, decision_id, reason, _prepend(first, events), call.receipt)

    async def _reserve(
        self, caller: Caller, model: Model, kind: CallKind, amount: Decimal, run_id: RunId | None,
        decision_id: DecisionId | None,
    ) -> Reservation:  # fmt: skip
        call = NewCall(
            user_id=caller.user_id, provider=model.provider, model=model.id, reserved=amount, kind=kind,
            api_key_id=caller.api_key_id, run_id=run_id, decision_id=decision_id, request_id=caller.request_id,
        )  # fmt: skip
        return await usage_service.reserve(caller.db(self._database), call)

    async def _events(
        self, caller: Caller, call: "_Call", reservation: Reservation, request: ChatRequest
    ) -> AsyncGenerator[Event]:
        error_kind: str | None = None
        stop_reason: str | None = None
        try:
            provider, connection = await self.models.connect(caller.db(self._database), call.model)
            async with contextlib.aclosing(provider.stream(request, connection)) as upstream:
                async for event in upstream:
                    call.note(event)
                    if isinstance(event, Done):
                        stop_reason = event.stop_reason
                    yield event
        except Problem as error:
            error_kind = error.slug
            raise
        except (GeneratorExit, asyncio.CancelledError):
            if stop_reason is None:
                stop_reason = "cancelled"
            raise
        except Exception:
            error_kind = "internal"
            raise
        finally:
            call.finish()
            self._settle(caller, reservation, call.outcome(stop_reason, error_kind))

    def _settle(self, caller: Caller, reservation: Reservation, outcome: Outcome) -> None:
        """Settle apart: a request that was cancelled could not wait for it."""
        task = asyncio.create_task(usage_service.settle(caller.db(self._database), reservation, outcome))
        self._settling.add(task)
        task.add_done_callback(self._settled)

    def _settled(self, task: "asyncio.Task[None]") -> None:
        self._settling.discard(task)
        if not task.cancelled() and (error := task.exception()):
            # The reservation stays and the reconciler settles it.
            log.error("usage.settle_failed", exc_info=error)

    async def embed(self, caller: Caller, model: str, request: EmbeddingRequest) -> tuple[str, EmbeddingResult]:
        """The id of the model that answered, and its vectors. Raises as `open` does."""
        caller.require_role(Role.MEMBER)
        db = caller.db(self._database)
        target = await self.models.resolve(db, model)
        if target.task != "embedding":
            raise UnsupportedByModel(f"{target.id} makes no embeddings; its task is {target.task}")
        tokens = estimate.text_tokens(sum(map(len, request.inputs)))
        needs = Needs(frozenset(), tokens, 0)
        call = _Call(target, needs, Receipt(), time.perf_counter())
        reservation = await self._reserve(caller, target, "embedding", estimate.reservation(target, needs), None, None)
        error_kind: str | None = "internal"
        try:
            provider, connection = await self.models.connect(db, target)
            result = await provider.embed(msgspec.structs.replace(request, model=target.upstream_id), connection)
            call.note(Usage(input_tokens=result.input_tokens))
            error_kind = None
        except Problem as error:
            error_kind = error.slug
            raise
        finally:
            call.finish()
            self._settle(caller, reservation, call.outcome(None, error_kind))
        return target.id, result

    async def close(self) -> None:
        """Wait until every call that ended is settled."""
        while self._settling:
            await asyncio.gather(*self._settling, return_exceptions=True)


async def _prepend(first: Event, rest: AsyncGenerator[Event]) -> AsyncGenerator[Event]:
    async with contextlib.aclosing(rest):
        yield first
        async for event in rest:
            yield event


@dataclass(slots=True)
class _Call:
    """Measures one call as its events pass."""

    model: Model
    needs: Needs
    receipt: Receipt
    started: float
    characters: int = 0
    told: bool = False

    def note(self, event: Event) -> None:
        match event:
            case TextDelta(text) | ReasoningDelta(text):
                self._said(len(text))
            case ToolCallDelta(_, _, name, arguments):
                self._said(len(name) + len(arguments))
            case Usage():
                self.receipt.usage = event
                self.told = True
            case _:
                pass

    def _said(self, characters: int) -> None:
        if self.receipt.first_token_ms is None:
            self.receipt.first_token_ms = self._elapsed()
        self.characters += characters

    def _elapsed(self) -> int:
        return round((time.perf_counter() - self.started) * 1000)

    def finish(self) -> None:
        """Close the receipt: tokens estimated where the upstream never told, or was cut before it could."""
        receipt = self.receipt
        said = estimate.text_tokens(self.characters)
        if not self.told and self.characters:
            receipt.usage = Usage(input_tokens=self.needs.input_tokens, output_tokens=said)
            receipt.estimated = True
        receipt.cost = estimate.cost_of(self.model, receipt.usage)
        receipt.duration_ms = self._elapsed()

    def outcome(self, stop_reason: str | None, error_kind: str | None) -> Outcome:
        receipt = self.receipt
        return Outcome(
            cost=receipt.cost,
            input_tokens=receipt.usage.input_tokens,
            output_tokens=receipt.usage.output_tokens,
            cache_read_tokens=receipt.usage.cache_read_tokens,
            cache_write_tokens=receipt.usage.cache_write_tokens,
            reasoning_tokens=receipt.usage.reasoning_tokens,
            first_token_ms=receipt.first_token_ms,
            duration_ms=receipt.duration_ms,
            stop_reason=stop_reason,
            error_kind=error_kind,
            estimated=receipt.estimated,
        )
