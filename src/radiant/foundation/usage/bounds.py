"""What bounds a call: budgets, and limits of requests, tokens and concurrency."""

import math
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import ClassVar
from uuid import UUID

from radiant.foundation.usage import leases_store as store
from radiant.foundation.usage.schemas import NewCall, Outcome
from radiant.foundation.usage.shares import Drawn, Share, grant
from radiant.infra.db import Database, Row
from radiant.kit.errors import Problem, TooManyRequests
from radiant.kit.ids import TenantId
from radiant.kit.money import plain, plain_nano

_DAY = 86400
_SECONDS = {"minute": 60, "hour": 3600, "day": _DAY}
_WHOSE = {"tenant": "the workspace", "user": "this person", "api_key": "this API key", "model": "this model"}


class BudgetExceeded(Problem):
    """A budget has no room for this call."""

    status, slug = 402, "budget-exceeded"


class RateLimited(TooManyRequests):
    """A rate limit has no room for this call just now."""

    slug = "rate-limited"


def to_nano(amount: Decimal) -> int:
    """Whole nano-dollars, rounded up: what is reserved is never too little."""
    return math.ceil(amount.scaleb(9))


def to_dollars(nano: int) -> Decimal:
    """Dollars of nano-dollars."""
    return Decimal(nano).scaleb(-9)


def period_of(period: str, now: float) -> tuple[float, float]:
    """Begin and end of the UTC period around `now`, in Unix seconds."""
    if period == "month":
        first = datetime.fromtimestamp(now, UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        return first.timestamp(), (first + timedelta(days=32)).replace(day=1).timestamp()
    seconds = _SECONDS.get(period)
    if seconds is None:
        return 0.0, math.inf
    start = now // seconds * seconds
    return start, start + seconds


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds shares: this process, by the id of its journal. `lasts`: how long a lease does without renewal."""

    id: str
    database: Database
    lasts: timedelta
    # Every share that may hold something, to renew and to give back.
    shares: set[Share]


@dataclass(slots=True, weakref_slot=True, eq=False)
class Bound(ABC):
    """One budget or limit as it binds calls in this process."""

    meter: ClassVar[str] = ""

    holder: Holder
    tenant_id: TenantId
    id: UUID
    scope: str
    model: str | None
    period: str
    allowed: int
    warn_at: Decimal | None = None
    # It was deleted meanwhile.
    gone: bool = False
    share: Share | None = field(default=None)

    def share_at(self, now: float) -> Share:
        """The share of the period around `now` (Unix seconds)."""
        share = self.share
        if share is None or not share.start <= now < share.ends:
            start, ends = period_of(self.period, now)
            share = self.share = Share(self, start, ends, self._usable())
            self.holder.shares.add(share)
        return share

    def _usable(self) -> float:
        return math.inf

    @property
    def owes(self) -> bool:
        """See shares.Source."""
        return False

    @abstractmethod
    def need(self, call: NewCall) -> int:
        """What the call takes of it."""

    @abstractmethod
    def unused(self, taken: int, outcome: Outcome) -> int:
        """What of it a call gives back that ended so."""

    @abstractmethod
    def refusal(self, call: NewCall, share: Share, now: float) -> Problem:
        """What to say where there is no room."""

    @abstractmethod
    async def draw(self, share: Share, needs: Sequence[int], extra: int) -> Drawn:
        """See shares.Source."""

    @abstractmethod
    async def give(self, share: Share, amount: int | None) -> None:
        """See shares.Source."""


class Budget(Bound):
    """Dollars in a day, a month or all in all."""

    meter = "budget"

    def _usable(self) -> float:
        return self.holder.lasts.total_seconds() - 10

    def need(self, call: NewCall) -> int:
        return to_nano(call.reserved)

    def unused(self, taken: int, outcome: Outcome) -> int:
        return taken - to_nano(outcome.cost)

    def refusal(self, call: NewCall, share: Share, now: float) -> Problem:
        return BudgetExceeded(
            f"a budget has no room for this call, estimated at ${plain(call.reserved)};"
            " choose a cheaper model, ask for fewer tokens, or have an admin raise the budget"
        )

    async def draw(self, share: Share, needs: Sequence[int], extra: int) -> Drawn:
        start = datetime.fromtimestamp(share.start, UTC)
        async with self.holder.database.tenant(self.tenant_id).tx() as tx:
            row = await store.lock_period(tx, self.id, start)
            if row is None:
                self.gone = True
                return Drawn(0, 0)
            room = max(math.floor((row["amount"] - row["spent"] - row["reserved"]).scaleb(9)), 0)
            granted = grant(room, share.avail, needs, extra)
            lease = await store.lease(tx, self.holder.id, self.id, start, to_dollars(granted), self.holder.lasts)
        self.allowed = math.floor(row["amount"].scaleb(9))
        if lease["fresh"] and (share.open or share.avail > 0):
            # The lease was freed: this process was away for longer than it lasts. What calls under way took of it
            # must not come back as room of the new one.
            share.avail, share.until = 0, 0.0
            self.share = None
            new = self.share_at(share.start)
            new.avail, new.room, new.until = granted, room - granted, time.monotonic() + self._usable()
            return Drawn(0, room)
        others = row["reserved"] + to_dollars(granted) > lease["amount"]
        return Drawn(granted, room - granted, others)

    async def give(self, share: Share, amount: int | None) -> None:
        start = datetime.fromtimestamp(share.start, UTC)
        async with self.holder.database.tenant(self.tenant_id).tx() as tx:
            back = None if amount is None else to_dollars(amount)
            await store.give_back(tx, self.holder.id, self.id, start, back)


class _Limit(Bound):
    """What rate limits share."""

    def refusal(self, call: NewCall, share: Share, now: float) -> Problem:
        need, whose = self.need(call), _WHOSE[self.scope]
        wait = 1 if share.ends == math.inf else max(math.ceil(share.ends - now), 1)
        if self.meter == "concurrency":
            said = f"{whose} may have {self.allowed} calls under way at once; wait for one to end"
        elif need > self.allowed:
            said = (
                f"{whose} may use {self.allowed} {self.meter} a {self.period}, and this call asks for {need};"
                " ask for fewer, or have an admin raise the limit"
            )
        else:
            said = f"{whose} may use {self.allowed} {self.meter} a {self.period}; try again in {wait} s"
        return RateLimited(said, headers={"Retry-After": str(wait), **limit_headers([(self, share, need)], now)})


class Window(_Limit):
    """What is drawn in a window that ends by itself."""

    async def draw(self, share: Share, needs: Sequence[int], extra: int) -> Drawn:
        start = datetime.fromtimestamp(share.start, UTC)
        async with self.holder.database.tenant(self.tenant_id).tx() as tx:
            row = await store.lock_window(tx, self.id, start)
            if row is None:
                self.gone = True
                return Drawn(0, 0)
            room = max(row["allowed"] - row["used"], 0)
            granted = grant(room, share.avail, needs, extra)
            await store.use_window(tx, self.id, start, granted)
        self.allowed = row["allowed"]
        return Drawn(granted, room - granted)

    async def give(self, share: Share, amount: int | None) -> None:
        if amount is None:
            return
        async with self.holder.database.tenant(self.tenant_id).tx() as tx:
            await store.use_window(tx, self.id, datetime.fromtimestamp(share.start, UTC), -amount)


class Requests(Window):
    """Calls in a window."""

    meter = "requests"

    def need(self, call: NewCall) -> int:
        return 1

    def unused(self, taken: int, outcome: Outcome) -> int:
        return 0


class Tokens(Window):
    """Tokens in a window: the estimate at first, then what it was."""

    meter = "tokens"

    @property
    def owes(self) -> bool:
        return True

    def need(self, call: NewCall) -> int:
        return max(call.tokens, 0)

    def unused(self, taken: int, outcome: Outcome) -> int:
        return taken - outcome.input_tokens - outcome.output_tokens


class Slots(_Limit):
    """Calls at once."""

    meter = "concurrency"

    def _usable(self) -> float:
        return self.holder.lasts.total_seconds() - 10

    def need(self, call: NewCall) -> int:
        return 1

    def unused(self, taken: int, outcome: Outcome) -> int:
        return taken

    async def draw(self, share: Share, needs: Sequence[int], extra: int) -> Drawn:
        async with self.holder.database.tenant(self.tenant_id).tx() as tx:
            row = await store.lock_slots(tx, self.id, self.holder.id)
            if row is None:
                self.gone = True
                return Drawn(0, 0)
            # By what is known here: a slot that was given back in vain is not held any more.
            own = share.avail + share.open
            room = max(row["allowed"] - (row["used"] - row["own"]) - own, 0)
            granted = grant(room, share.avail, needs, extra)
            await store.hold_slots(tx, self.id, self.holder.id, own + granted, self.holder.lasts)
        self.allowed = row["allowed"]
        return Drawn(granted, room - granted)

    async def give(self, share: Share, amount: int | None) -> None:
        async with self.holder.database.tenant(self.tenant_id).tx() as tx:
            if await store.lock_slots(tx, self.id, self.holder.id) is not None:
                await store.hold_slots(tx, self.id, self.holder.id, share.avail + share.open, self.holder.lasts)


_KINDS: Mapping[str, type[Bound]] = {kind.meter: kind for kind in (Budget, Requests, Tokens, Slots)}


def bound_of(holder: Holder, tenant_id: TenantId, row: Row) -> Bound:
    """The bound of a row of `leases_store.applicable`."""
    kind = _KINDS[row["meter"]]
    return kind(holder, tenant_id, row["id"], row["scope"], row["model"], row["period"], _allowed(row), row["warn_at"])


def refresh(bound: Bound, row: Row) -> None:
    """The row was changed."""
    allowed = _allowed(row)
    if bound.share is not None and allowed != bound.allowed:
        bound.share.room += allowed - bound.allowed
        bound.share.reconsider()
    bound.allowed, bound.warn_at = allowed, row["warn_at"]


def _allowed(row: Row) -> int:
    return math.floor(row["allowed"].scaleb(9)) if row["meter"] == "budget" else int(row["allowed"])


class Bounds:
    """Every bound of one caller."""

    __slots__ = ("_all", "_by_model")
    _MOST_MODELS = 256

    def __init__(self, bounds: Sequence[Bound]) -> None:
        self._all = bounds
        self._by_model: dict[str, tuple[Bound, ...]] = {}

    def of(self, model: str) -> tuple[Bound, ...]:
        """Those that bind calls of that model: limits first, so that what they refuse draws no money."""
        found = self._by_model.get(model)
        if found is None:
            found = tuple(
                sorted(
                    (bound for bound in self._all if bound.model is None or bound.model == model),
                    key=lambda bound: isinstance(bound, Budget),
                )
            )
            if len(self._by_model) >= self._MOST_MODELS:
                self._by_model.clear()
            self._by_model[model] = found
        return found


Taken = tuple[Bound, Share, int]


def limit_headers(taken: Sequence[Taken], now: float) -> dict[str, str]:
    """x-ratelimit-… as OpenAI names them, of the limit with the least left; what budgets warn of."""
    least: dict[str, tuple[int, Bound, Share]] = {}
    headers: dict[str, str] = {}
    for bound, share, need in taken:
        meter, left = bound.meter, share.left
        if meter == "budget":
            if not need:
                continue
            if bound.warn_at is not None and bound.allowed - left >= bound.allowed * bound.warn_at:
                headers["x-radiant-warning"] = _warning(bound, left)
        known = least.get(meter)
        if known is None or left < known[0]:
            least[meter] = left, bound, share
    for meter, (left, bound, share) in least.items():
        if meter == "budget":
            headers["x-radiant-budget-remaining"] = plain_nano(left)
        elif (names := _HEADERS.get(meter)) is not None:
            allowed = bound.allowed
            headers[names[0]] = str(allowed)
            headers[names[1]] = str(left if left < allowed else allowed)
            headers[names[2]] = _duration(math.ceil(share.ends - now))
    return headers


_HEADERS = {
    meter: (f"x-ratelimit-limit-{meter}", f"x-ratelimit-remaining-{meter}", f"x-ratelimit-reset-{meter}")
    for meter in ("requests", "tokens")
}


def _warning(budget: Bound, left: int) -> str:
    used = (budget.allowed - left) * 100 // max(budget.allowed, 1)
    whose, period = _WHOSE[budget.scope], "in all" if budget.period == "total" else f"a {budget.period}"
    return f"{used}% of the budget of {whose}, ${plain(to_dollars(budget.allowed))} {period}, is used or reserved"


@lru_cache(maxsize=4096)
def _duration(seconds: int) -> str:
    whole = max(seconds, 0)
    hours, minutes = divmod(whole // 60, 60)
    return (f"{hours}h" if hours else "") + (f"{minutes}m" if hours or minutes else "") + f"{whole % 60}s"
