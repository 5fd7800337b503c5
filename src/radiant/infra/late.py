"""Parts whose libraries are too large to be read by every process at its start."""

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Late(Generic[T]):
    """Something made when it is first asked for. `make` imports what it needs, and runs in a thread: reading modules
    would hold up the loop."""

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._made: T | None = None

    async def get(self) -> T:
        """It, the same one each time; askers who come at once may see it made twice, and the last one kept."""
        if self._made is None:
            self._made = await asyncio.to_thread(self._make)
        return self._made
