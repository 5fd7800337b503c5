"""What a root does again and again."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

log = structlog.get_logger()


async def every(seconds: float, name: str, work: Callable[[], Awaitable[object]]) -> None:
    """Do `work` at once and then every `seconds`, until cancelled; a failure is logged and tried again."""
    while True:
        try:
            await work()
        except Exception as error:
            log.error("periodic.failed", task=name, exc_info=error)
        await asyncio.sleep(seconds)
