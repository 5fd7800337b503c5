"""Shapes of the ledger."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal
from uuid import UUID

from pydantic import BaseModel

from radiant.kit.ids import ApiKeyId, DecisionId, RunId, UserId
from radiant.kit.money import Dollars

CallKind = Literal["chat", "embedding"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCall:
    """A model call that is about to be made. `reserved` is the most that it should cost, in dollars."""

    user_id: UserId
    provider: str
    model: str
    reserved: Decimal
    kind: CallKind = "chat"
    api_key_id: ApiKeyId | None = None
    run_id: RunId | None = None
    decision_id: DecisionId | None = None
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class Reservation:
    """A call that was admitted: its row in the ledger."""

    id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a call ended. `estimated`: the upstream did not tell the tokens."""

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
