"""Works off jobs beside the API, whose models and keys they use, and only while there are any."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import asyncpg
import structlog

from radiant.infra.db import Database, Tx
from radiant.infra.jobs import Registry

log = structlog.get_logger()

# What another process left behind is found that late; what this one takes in, at once.
_LOOK_EVERY = 30.0
_WHILE_BUSY = 2.0


class JobsBeside:
    """Made once by a root for each number of jobs at once: `async with JobsBeside(database, dsn, jobs, waits, at_once=4)`.
    `dsn` is the system role's; `waits` is set where a job was left; `first` is done at every look."""

    def __init__(
        self, database: Database, dsn: str, jobs: Registry, waits: asyncio.Event, *, at_once: int,
        first: Callable[[Tx], Awaitable[object]] | None = None,
    ) -> None:  # fmt: skip
        self._database, self._dsn, self._jobs, self._waits = database, dsn, jobs, waits
        self._at_once = at_once
        self._first = first
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "JobsBeside":
        self._task = asyncio.create_task(self._serve())
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._task is not None
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _waiting(self) -> bool:
        """Whether any of these jobs waits or is under way, whoever's it is."""
        try:
            async with self._database.system("jobs beside").tx() as tx:
                if self._first is not None:
                    await self._first(tx)
                return await tx.value(
                    "select exists (select from pgqueuer where entrypoint = any($1) and status in ('queued', 'picked'))",
                    list(self._jobs.kinds),
                )
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError) as error:
            log.warning("jobs_beside.look_failed", error=str(error))
            return False

    async def _serve(self) -> None:
        while True:
            self._waits.clear()
            if await self._waiting():
                await self._work()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_EVERY):
                    await self._waits.wait()

    async def _work(self) -> None:
        stop = asyncio.Event()
        run = await asyncio.to_thread(_load)
        worker = asyncio.create_task(run(self._dsn, self._jobs, stop, concurrency=self._at_once, grace=1.0))
        try:
            while await self._waiting() and not worker.done():
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_WHILE_BUSY):
                        await asyncio.shield(worker)
        finally:
            stop.set()
            await worker


def _load() -> Callable[..., Coroutine[Any, Any, None]]:
    # Only when there is work: a server without any does not carry what works it off. In a thread, for reading its
    # modules would hold up the loop.
    from radiant.infra.jobs_worker import run_worker

    return run_worker
