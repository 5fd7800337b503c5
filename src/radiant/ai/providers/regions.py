"""The same model in several regions: where one fails before its first word, the next is asked."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from typing import TypeVar

from radiant.ai.providers.chat import Event
from radiant.ai.providers.errors import (
    UpstreamBroken,
    UpstreamError,
    UpstreamModelNotFound,
    UpstreamOverloaded,
    UpstreamRateLimited,
    UpstreamTimeout,
    UpstreamUnreachable,
)
from radiant.ai.providers.provider import Connection
from radiant.ai.providers.retry import retried

T = TypeVar("T")

# What another region may do better: its own limits, its own machines, its own models.
_ELSEWHERE = (
    UpstreamRateLimited,
    UpstreamOverloaded,
    UpstreamBroken,
    UpstreamTimeout,
    UpstreamUnreachable,
    UpstreamModelNotFound,
)
# Seconds for which a region that failed is asked last.
REST = 30.0
_KEPT = 512


def regions_of(connection: Connection, field: str, default: str) -> list[str]:
    """The regions of a connection, in its order."""
    listed = [region.strip() for region in connection.settings.get(field, "").split(",")]
    return [region for region in listed if region] or [default]


class Regions:
    """Remembers which regions failed just now. In memory, bounded."""

    def __init__(self) -> None:
        self._rests: dict[tuple[str, str, str], float] = {}

    def order(self, regions: Sequence[str], connection: Connection, model: str) -> list[str]:
        """The regions to ask, those that failed just now last."""
        now = asyncio.get_running_loop().time()
        return sorted(
            regions, key=lambda region: self._rests.get((connection.owner + connection.name, region, model), 0) > now
        )

    def rest(self, region: str, connection: Connection, model: str) -> None:
        """Ask this region last for a while."""
        if len(self._rests) >= _KEPT:
            self._rests.clear()
        key = (connection.owner + connection.name, region, model)
        self._rests[key] = asyncio.get_running_loop().time() + REST

    async def stream(
        self,
        regions: Sequence[str],
        connection: Connection,
        model: str,
        attempt: Callable[[str], AsyncGenerator[Event, None]],
    ) -> AsyncGenerator[Event, None]:
        """The events of the first region that answers, each asked once."""
        *others, last = self.order(regions, connection, model)
        for region in others:
            begun = False
            try:
                async with aclosing(attempt(region)) as events:
                    async for event in events:
                        begun = True
                        yield event
                return
            except _ELSEWHERE:
                if begun:
                    raise
                self.rest(region, connection, model)
        async with aclosing(attempt(last)) as events:
            async for event in events:
                yield event

    async def call(
        self,
        regions: Sequence[str],
        connection: Connection,
        model: str,
        attempt: Callable[[str], Awaitable[T]],
        deadline: float | None,
    ) -> T:
        """The result of the first region that answers. Only the last is tried again: it is one of many parts, which
        should not all be asked for anew."""
        *others, last = self.order(regions, connection, model)
        for region in others:
            try:
                return await attempt(region)
            except UpstreamError as error:
                if not isinstance(error, _ELSEWHERE):
                    raise
                self.rest(region, connection, model)
        return await retried(lambda: attempt(last), deadline)
