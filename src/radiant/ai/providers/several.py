"""Several calls that make one answer, for vendors that take a text or a few at a time."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

from radiant.kit.together import together

T = TypeVar("T")
A = TypeVar("A")


async def each(call: Callable[[A], Awaitable[T]], given: Iterable[A], at_once: int) -> list[T]:
    """What `call` makes of each, in order, so many at once. Raises the first failure itself, the others cancelled."""
    gate = asyncio.Semaphore(at_once)

    async def one(item: A) -> T:
        async with gate:
            return await call(item)

    async with together() as group:
        tasks = [group.create_task(one(item)) for item in given]
    return [task.result() for task in tasks]
