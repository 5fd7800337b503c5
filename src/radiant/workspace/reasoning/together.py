"""Works side by side, all of which are let end."""

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any, TypeVar

T = TypeVar("T")


async def together(works: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """Their results in order, once all have ended: what one of them raises cuts off no other, whose calls are paid for.
    Raises what the first that failed did."""
    ended = await asyncio.gather(*works, return_exceptions=True)
    results: list[T] = []
    for one in ended:
        if isinstance(one, BaseException):
            raise one
        results.append(one)
    return results
