"""What a session may still use. A call is begun only while what is spent, and what calls in flight may come to, is within
the budget: it is overshot by the call in flight at most."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from decimal import Decimal

from radiant.kit.money import ZERO
from radiant.workspace.reasoning.schemas import Budget


class OutOfBudget(Exception):
    """`limit`: tokens, cost, seconds or steps."""

    def __init__(self, limit: str) -> None:
        super().__init__(limit)
        self.limit = limit


class Parked(Exception):
    """A person has to say something before this can go on."""


class Purse:
    """Of one session while it is worked on. `used_seconds`: of the time before."""

    def __init__(self, budget: Budget, used_seconds: float, at_once: int) -> None:
        self.budget = budget
        self.tokens = 0
        self.cost: Decimal = ZERO
        self.steps = 0
        self.held = False
        """A person paused: nothing new is begun."""
        self._began = time.monotonic() - used_seconds
        self._largest = (0, ZERO)
        self._in_flight = 0
        self._places = asyncio.Semaphore(at_once)
        self._settled = asyncio.Condition()

    @property
    def seconds_left(self) -> float:
        """Infinity without a limit."""
        if self.budget.seconds is None:
            return float("inf")
        return self.budget.seconds - (time.monotonic() - self._began)

    def check(self) -> None:
        """Raises OutOfBudget where nothing more may be begun, Parked while it is held."""
        if self.held:
            raise Parked
        budget = self.budget
        if budget.tokens is not None and self.tokens >= budget.tokens:
            raise OutOfBudget("tokens")
        if budget.cost is not None and self.cost >= budget.cost:
            raise OutOfBudget("cost")
        if budget.steps is not None and self.steps >= budget.steps:
            raise OutOfBudget("steps")
        if self.seconds_left <= 0:
            raise OutOfBudget("seconds")

    def step(self) -> None:
        """One more step was taken."""
        self.steps += 1

    def _fits_beside(self) -> bool:
        """Whether one more call fits beside those in flight, were each as large as the largest so far."""
        if not self._in_flight:
            return True
        tokens, cost = self._largest
        budget, calls = self.budget, self._in_flight
        if budget.tokens is not None and (not tokens or self.tokens + calls * tokens >= budget.tokens):
            return False
        return budget.cost is None or (tokens > 0 and self.cost + calls * cost < budget.cost)

    @contextlib.asynccontextmanager
    async def call(self) -> AsyncIterator[None]:
        """Room for one call; `spend` within. Raises OutOfBudget, Parked."""
        async with self._places:
            async with self._settled:
                await self._settled.wait_for(self._fits_beside)
                self.check()
                self._in_flight += 1
            try:
                yield
            finally:
                async with self._settled:
                    self._in_flight -= 1
                    self._settled.notify_all()

    def spend(self, tokens: int, cost: Decimal) -> None:
        """A call came to this."""
        self.tokens += tokens
        self.cost += cost
        self._largest = max(self._largest[0], tokens), max(self._largest[1], cost)
