"""Two models asked for one answer, where the first takes too long to begin: who begins first answers, the other is
stopped. Both are metered."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

from radiant.kit.errors import Problem

T = TypeVar("T")


async def first_of(
    first: Coroutine[Any, Any, T], after: float, second: Callable[[], Coroutine[Any, Any, T]],
    discard: Callable[[T], Awaitable[None]],
) -> tuple[T, bool]:  # fmt: skip
    """What begins first, and whether that is the second. The second is begun where the first has not after so many
    seconds; where one fails the other is waited for. `discard` ends an answer that is not wanted. Raises what the
    first raised."""
    one = asyncio.create_task(first)
    other: asyncio.Task[T] | None = None
    taken: asyncio.Task[T] | None = None
    try:
        await asyncio.wait((one,), timeout=after)
        if not one.done():
            other = asyncio.create_task(second())
            await asyncio.wait((one, other), return_when=asyncio.FIRST_COMPLETED)
            if not _answers(one) and not _answers(other):
                await asyncio.wait((one, other))
        taken = other if other is not None and not _answers(one) and _answers(other) else one
        return taken.result(), taken is other
    finally:
        for task in (one, other):
            if task is not None and task is not taken:
                await _end(task, discard)


def _answers(task: "asyncio.Task[T]") -> bool:
    return task.done() and not task.cancelled() and task.exception() is None


async def _end(task: "asyncio.Task[T]", discard: Callable[[T], Awaitable[None]]) -> None:
    task.cancel()
    with contextlib.suppress(Problem, asyncio.CancelledError):
        await discard(await task)
