"""One call under the meter: admitted against budgets and limits, measured as its answer passes, settled once."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from radiant.ai.inference import estimate
from radiant.ai.inference.model import Model
from radiant.ai.providers.chat import Event, ReasoningDelta, TextDelta, ToolCallDelta, Usage
from radiant.ai.routing.needs import Needs
from radiant.foundation.identity.callers import Caller
from radiant.foundation.usage.meter import Meter, Ticket
from radiant.foundation.usage.schemas import CallKind, NewCall, Outcome
from radiant.kit.errors import Problem
from radiant.kit.ids import DecisionId, RunId, uuid7


class Labels(msgspec.Struct, frozen=True, kw_only=True):
    """What the ledger is told of a call besides its tokens: the door it came through, how its model was chosen."""

    protocol: str = "internal"
    route: str = "named"
    streamed: bool = True
    tags: Mapping[str, str] = {}
    request_id: str = ""
    run_id: RunId | None = None
    fresh: bool = False
    """The caller wants no answer that was kept, and none kept."""
    private: Sequence[str] = ()
    """Texts in the request that are to be kept nowhere."""
    decision: Mapping[str, Any] | None = None
    """How routing chose the model, for the ledger."""


INTERNAL = Labels()


class Receipt(msgspec.Struct):
    """What a call came to. Times in milliseconds, cost in dollars."""

    usage: Usage = Usage()
    cost: Decimal = Decimal(0)
    estimated: bool = False
    first_token_ms: int | None = None
    duration_ms: int = 0


class Metered:
    """A call that was admitted. `finish` it, whatever happens."""

    __slots__ = ("_finished", "_started", "_ticket", "characters", "decision_id", "model", "needs", "receipt", "told")

    def __init__(self, model: Model, needs: Needs, ticket: Ticket, decision_id: DecisionId) -> None:
        self.model = model
        self.needs = needs
        self.decision_id = decision_id
        self.receipt = Receipt()
        self.characters = 0
        self.told = False
        self._ticket = ticket
        self._started = time.perf_counter()
        self._finished = False

    @property
    def headers(self) -> Mapping[str, str]:
        """What is left of the limits, for the answer's headers."""
        return self._ticket.headers

    def note(self, event: Event) -> None:
        """Measure an event that passes."""
        match event:
            case TextDelta(text) | ReasoningDelta(text):
                self.began()
                self.characters += len(text)
            case ToolCallDelta(_, _, name, arguments):
                self.began()
                self.characters += len(name) + len(arguments)
            case Usage():
                self.used(event)
            case _:
                pass

    def began(self) -> None:
        """The first word has come."""
        if self.receipt.first_token_ms is None:
            self.receipt.first_token_ms = self._elapsed()

    def used(self, usage: Usage, *, estimated: bool = False) -> None:
        """The upstream told its tokens."""
        self.receipt.usage = usage
        self.receipt.estimated = estimated
        self.told = True

    def _elapsed(self) -> int:
        return round((time.perf_counter() - self._started) * 1000)

    def finish(self, stop_reason: str | None, error: BaseException | None = None, *, cached: bool = False) -> None:
        """Close the receipt and settle; a second time does nothing. `error`: what the call ended in. Tokens are
        estimated where the upstream never told them, or was cut before it could."""
        error_kind: str | None = None
        if isinstance(error, Problem):
            error_kind, error.accounted = error.slug, True
        elif isinstance(error, (asyncio.CancelledError, GeneratorExit)):
            stop_reason = stop_reason or "cancelled"
        elif error is not None:
            error_kind = "internal"
        if self._finished:
            return
        self._finished = True
        receipt = self.receipt
        said = estimate.text_tokens(self.characters)
        if not self.told and self.characters:
            receipt.usage = Usage(input_tokens=self.needs.input_tokens, output_tokens=said)
            receipt.estimated = True
        elif (
            receipt.estimated or error_kind is not None or stop_reason == "cancelled"
        ) and said > receipt.usage.output_tokens:
            # What was told at the beginning is not what was said until the cut.
            receipt.usage = msgspec.structs.replace(receipt.usage, output_tokens=said)
            receipt.estimated = True
        usage = receipt.usage
        if not cached:
            receipt.cost = estimate.cost_of(self.model, usage)
        receipt.duration_ms = self._elapsed()
        self._ticket.finish(
            Outcome(
                cost=receipt.cost,
                input_tokens=usage.input_tokens,
                output_tokens=usage.output_tokens,
                cache_read_tokens=usage.cache_read_tokens,
                cache_write_tokens=usage.cache_write_tokens,
                reasoning_tokens=usage.reasoning_tokens,
                first_token_ms=receipt.first_token_ms,
                duration_ms=receipt.duration_ms,
                stop_reason=stop_reason,
                error_kind=error_kind,
                estimated=receipt.estimated,
                cached=cached,
            )
        )


async def admit(
    meter: Meter, caller: Caller, model: Model, needs: Needs, labels: Labels, kind: CallKind = "chat"
) -> Metered:
    """Let a call in. Raises BudgetExceeded, RateLimited; nothing is taken then."""
    decision_id = DecisionId(uuid7())
    ticket = await meter.admit(
        caller.tenant_id,
        NewCall(
            user_id=caller.user_id,
            provider=model.provider,
            model=model.id,
            reserved=estimate.reservation(model, needs),
            kind=kind,
            api_key_id=caller.api_key_id,
            run_id=labels.run_id,
            decision_id=decision_id,
            request_id=labels.request_id or caller.request_id,
            tokens=needs.input_tokens + needs.output_tokens,
            route=labels.route,
            protocol=labels.protocol,
            tags=labels.tags,
            streamed=labels.streamed,
            decision=labels.decision,
        ),
    )
    return Metered(model, needs, ticket, decision_id)
