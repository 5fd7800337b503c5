"""Shapes of the ledger."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

import msgspec
from pydantic import BaseModel

from radiant.kit.ids import ApiKeyId, DecisionId, RunId, UserId
from radiant.kit.money import Dollars

CallKind = Literal["chat", "embedding", "completion", "image", "moderation", "rerank", "speech", "transcription"]
State = Literal["reserved", "settled", "failed"]


class NewCall(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """A model call that is about to be made.

    `reserved` is the most that it should cost, in dollars; `tokens` the most that it should take, for limits of
    tokens; `route` how the model was chosen (named, auto, alias …), `protocol` the door it came through.
    """

    # The journal holds calls in this order: new members go to the end.
    user_id: UserId
    provider: str
    model: str
    reserved: Decimal
    kind: CallKind = "chat"
    api_key_id: ApiKeyId | None = None
    run_id: RunId | None = None
    decision_id: DecisionId | None = None
    request_id: str = ""
    tokens: int = 0
    route: str = "named"
    protocol: str = "internal"
    tags: Mapping[str, str] = {}
    streamed: bool = False
    decision: Mapping[str, Any] | None = None
    """How routing chose the model, as it wants to find it in the ledger."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """How a call ended. `estimated`: the upstream did not tell the tokens. `cached`: no upstream was asked."""

    # The journal holds outcomes in this order: new members go to the end.
    cost: Decimal
    input_tokens: int
    output_tokens: int
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    reasoning_tokens: int = 0
    first_token_ms: int | None = None
    duration_ms: int | None = None
    stop_reason: str | None = None
    error_kind: str | None = None
    estimated: bool = False
    cached: bool = False


class Totals(BaseModel):
    """Sums over calls; cost in dollars."""

    requests: int
    input_tokens: int
    output_tokens: int
    cost: Dollars


class ByModel(Totals):
    """Of one model."""

    model: str


class ByDay(BaseModel):
    """Of one UTC day."""

    day: date
    requests: int
    cost: Dollars


class UsageSummary(BaseModel):
    """What was used in the last days."""

    total: Totals
    by_model: list[ByModel]
    by_day: list[ByDay]


class Call(BaseModel):
    """One row of the ledger; `reserved` ones are under way."""

    id: UUID
    user_id: UUID | None
    user_email: str | None
    api_key_id: UUID | None
    key_name: str | None
    run_id: UUID | None
    decision_id: UUID | None
    request_id: str
    kind: str
    protocol: str
    route: str
    provider: str
    model: str
    state: State
    ended: str | None
    streamed: bool
    cached: bool
    estimated: bool
    reserved_cost: Dollars
    cost: Dollars | None
    input_tokens: int | None
    output_tokens: int | None
    cache_read_tokens: int | None
    cache_write_tokens: int | None
    reasoning_tokens: int | None
    first_token_ms: int | None
    duration_ms: int | None
    stop_reason: str | None
    error_kind: str | None
    tags: dict[str, str]
    task: str | None
    route_reason: str | None
    """Why routing chose the model; None: it was named."""
    created_at: datetime
    settled_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFilter:
    """Which calls; None or empty: all."""

    user_id: UUID | None = None
    api_key_id: UUID | None = None
    model: str | None = None
    state: State | None = None
    error_kind: str | None = None
    tags: Mapping[str, str] | None = None
    provider: str | None = None
    start: datetime | None = None
    end: datetime | None = None
