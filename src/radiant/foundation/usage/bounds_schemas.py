"""Shapes of budgets and rate limits."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field, model_validator

from radiant.kit.money import Dollars
from radiant.kit.schema import Strict

Scope = Literal["tenant", "user", "api_key", "model"]
Meter = Literal["requests", "tokens", "concurrency"]

_Amount = Annotated[Decimal, Field(ge=0, lt=100_000_000_000, max_digits=20, decimal_places=9)]
_WarnAt = Annotated[Decimal, Field(gt=0, le=1, max_digits=4, decimal_places=3)]
_Allowed = Annotated[int, Field(ge=0, lt=1_000_000_000_000_000)]
_Model = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00]*$")]


class _Whom(Strict):
    """Whose calls are bound: the workspace's, one person's, one key's, those of one model; `model` narrows any."""

    scope: Scope = "tenant"
    user_id: UUID | None = None
    api_key_id: UUID | None = None
    model: _Model | None = None

    @model_validator(mode="after")
    def _names_whom_it_binds(self) -> "_Whom":
        if (self.scope == "user") != (self.user_id is not None):
            raise ValueError("user_id: goes with the scope user, and only with it")
        if (self.scope == "api_key") != (self.api_key_id is not None):
            raise ValueError("api_key_id: goes with the scope api_key, and only with it")
        if self.scope == "model" and self.model is None:
            raise ValueError("model: goes with the scope model")
        return self


class NewBudget(_Whom):
    """A budget to be made; dollars."""

    period: Literal["day", "month", "total"]
    amount: _Amount
    warn_at: _WarnAt | None = None
    is_active: bool = True


class BudgetChange(Strict):
    """What can be changed of a budget; `warn_at` null: no warning."""

    amount: _Amount | None = None
    warn_at: _WarnAt | None = None
    is_active: bool | None = None


class DaySpend(BaseModel):
    """What one UTC day cost."""

    day: date
    cost: Dollars


class Budget(BaseModel):
    """A budget and how far it is used in its period.

    `reserved`: held for calls under way and for those about to be made. `used_up_at`: when it will be used up if the
    rest of the period is spent as what is past of it (or the last 30 days, for a total); null: not in this period.
    """

    id: UUID
    scope: Scope
    user_id: UUID | None
    user_email: str | None
    api_key_id: UUID | None
    key_name: str | None
    model: str | None
    period: str
    period_start: datetime | None
    period_end: datetime | None
    amount: Dollars
    spent: Dollars
    reserved: Dollars
    remaining: Dollars
    warn_at: Decimal | None
    is_active: bool
    by_day: list[DaySpend]
    used_up_at: datetime | None
    created_at: datetime


class NewLimit(_Whom):
    """A rate limit to be made; a limit of concurrency has the period now."""

    meter: Meter
    period: Literal["minute", "hour", "day", "now"]
    amount: _Allowed
    is_active: bool = True

    @model_validator(mode="after")
    def _fits_its_meter(self) -> "NewLimit":
        if (self.meter == "concurrency") != (self.period == "now"):
            raise ValueError("period: now goes with concurrency, and minute, hour and day with the others")
        return self


class LimitChange(Strict):
    """What can be changed of a limit."""

    amount: _Allowed | None = None
    is_active: bool | None = None


class Limit(BaseModel):
    """A rate limit; `used` is what processes drew in this window, some of which they may not have used yet."""

    id: UUID
    scope: Scope
    user_id: UUID | None
    user_email: str | None
    api_key_id: UUID | None
    key_name: str | None
    model: str | None
    meter: Meter
    period: str
    amount: int
    used: int
    is_active: bool
    created_at: datetime


def given(change: BaseModel) -> dict[str, Any]:
    """The members that the caller named."""
    return change.model_dump(exclude_unset=True)
