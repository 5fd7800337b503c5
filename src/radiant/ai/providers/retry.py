"""Trying again, while nothing has been said yet."""

import asyncio
import random
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import TypeVar

import structlog

from radiant.ai.providers.chat import Done, Event
from radiant.ai.providers.errors import (
    CutStream,
    UpstreamBroken,
    UpstreamError,
    UpstreamOverloaded,
    UpstreamRateLimited,
    UpstreamUnreachable,
)
from radiant.ai.providers.health import LIMITED_REST, OF_ONE_KEY, Upstreams, UpstreamsResting
from radiant.ai.providers.provider import Connection

T = TypeVar("T")
log = structlog.get_logger()

RETRIES = 2
FIRST_WAIT = 0.5
LONGEST_WAIT = 8.0
# A timeout is not among them: whoever waited two minutes for nothing should hear of it, not wait two more.
WORTH_IT = (UpstreamRateLimited, UpstreamOverloaded, UpstreamBroken, UpstreamUnreachable, CutStream)


def wait_before(
    retry: int, error: UpstreamError, spread: Callable[[], float] = random.random, *, retries: int = RETRIES
) -> float | None:
    """Seconds until retry number `retry` (from 0), or None: do not.

    What the provider asked for is honoured; where it asks for more than LONGEST_WAIT, its error is the better
    answer. A key that was limited without a word of how long rests as `health` lets it. `spread` gives 0..1.
    """
    if retry >= retries or not isinstance(error, WORTH_IT):
        return None
    backoff = min(LONGEST_WAIT, FIRST_WAIT * 2**retry) * (0.5 + spread() / 2)
    asked = error.retry_after
    if asked is None and isinstance(error, UpstreamRateLimited):
        asked = LIMITED_REST
    if asked is None:
        return backoff
    if asked > LONGEST_WAIT:
        return None
    return max(backoff, asked * (1 + spread() / 10))


async def wait_to_retry(retry: int, error: UpstreamError, deadline: float | None, retries: int = RETRIES) -> bool:
    """Wait until retry number `retry` (from 0); False at once where there is to be none."""
    wait = wait_before(retry, error, retries=retries)
    if wait is None:
        return False
    if deadline is not None and asyncio.get_running_loop().time() + wait >= deadline:
        return False
    log.info("upstream.retry", provider=error.provider, slug=error.slug, retry=retry + 1, wait=round(wait, 3))
    await asyncio.sleep(wait)
    return True


class Retries:
    """What one call may still try, relayed or translated: another key at once where one was limited or refused, else
    whichever is free after a wait. `deadline` is a time of the loop's clock."""

    __slots__ = ("_deadline", "_failure", "_other_keys", "_retries", "_retry")

    def __init__(self, keys: int, deadline: float | None, retries: int = RETRIES) -> None:
        self._other_keys = keys - 1
        self._deadline = deadline
        self._retries = retries
        self._retry = 0
        self._failure: UpstreamError | None = None

    async def after(self, error: UpstreamError) -> None:
        """Return when the call may be tried again, with a new lease. Raises its failure where it may not."""
        if isinstance(error, UpstreamsResting) and self._failure is not None:
            # That every key rests by now says less than what the call itself met.
            raise self._failure from error
        self._failure = error
        if isinstance(error, OF_ONE_KEY) and self._other_keys > 0:
            self._other_keys -= 1
            return
        if not await wait_to_retry(self._retry, error, self._deadline, self._retries):
            raise error
        self._retry += 1


@dataclass(frozen=True, slots=True)
class Asking:
    """Whom a translated call asks: `model` by one of the `keys`, for about so many `tokens`; with a key that failed
    in passing `retries` times more."""

    upstreams: Upstreams
    keys: Sequence[Connection]
    model: str
    tokens: int
    retries: int = RETRIES

    def _deadline(self) -> float | None:
        total = self.keys[0].timeouts.total
        return None if total is None else asyncio.get_running_loop().time() + total

    async def stream(self, attempt: Callable[[Connection], AsyncGenerator[Event, None]]) -> AsyncGenerator[Event, None]:
        """The events of `attempt`, begun again under a new lease while none has come. Raises UpstreamError."""
        deadline = self._deadline()
        retries = Retries(len(self.keys), deadline, self.retries)
        while True:
            begun = False
            try:
                async with (
                    await self.upstreams.enter(self.keys, self.model, self.tokens) as lease,
                    aclosing(attempt(_until(deadline, lease.listening()))) as events,
                ):
                    async for event in events:
                        begun = True
                        if isinstance(event, Done):
                            lease.succeeded()
                        yield event
                return
            except UpstreamError as error:
                if begun:
                    raise
                await retries.after(error)

    async def call(self, attempt: Callable[[Connection], Awaitable[T]]) -> T:
        """The result of `attempt`, tried again likewise. Raises UpstreamError."""
        deadline = self._deadline()
        retries = Retries(len(self.keys), deadline, self.retries)
        while True:
            try:
                async with await self.upstreams.enter(self.keys, self.model, self.tokens) as lease:
                    result = await attempt(_until(deadline, lease.listening()))
                    lease.succeeded()
                    return result
            except UpstreamError as error:
                await retries.after(error)


def _until(deadline: float | None, connection: Connection) -> Connection:
    """The connection with what is left of the time for the whole call."""
    if deadline is None:
        return connection
    left = max(0.0, deadline - asyncio.get_running_loop().time())
    return replace(connection, timeouts=replace(connection.timeouts, total=left))


async def retried(attempt: Callable[[], Awaitable[T]], deadline: float | None, retries: int = RETRIES) -> T:
    """The result of `attempt`, tried again where that is worth it."""
    retry = 0
    while True:
        try:
            return await attempt()
        except UpstreamError as error:
            if not await wait_to_retry(retry, error, deadline, retries):
                raise
        retry += 1
