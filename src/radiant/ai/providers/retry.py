"""Trying again, while nothing has been said yet."""

import asyncio
import random
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import TypeVar

import structlog

from radiant.ai.providers.chat import Event
from radiant.ai.providers.errors import (
    CutStream,
    UpstreamBroken,
    UpstreamError,
    UpstreamOverloaded,
    UpstreamRateLimited,
    UpstreamUnreachable,
)

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
    answer. `spread` gives 0..1.
    """
    if retry >= retries or not isinstance(error, WORTH_IT):
        return None
    backoff = min(LONGEST_WAIT, FIRST_WAIT * 2**retry) * (0.5 + spread() / 2)
    if error.retry_after is None:
        return backoff
    if error.retry_after > LONGEST_WAIT:
        return None
    return max(backoff, error.retry_after * (1 + spread() / 10))


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


async def retried_stream(
    attempt: Callable[[], AsyncGenerator[Event, None]], deadline: float | None, retries: int = RETRIES
) -> AsyncGenerator[Event, None]:
    """The events of `attempt`, begun again while no event has come. `deadline` is a time of the loop's clock."""
    retry = 0
    while True:
        begun = False
        try:
            async with aclosing(attempt()) as events:
                async for event in events:
                    begun = True
                    yield event
            return
        except UpstreamError as error:
            if begun or not await wait_to_retry(retry, error, deadline, retries):
                raise
        retry += 1


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
