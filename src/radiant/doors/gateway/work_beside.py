"""Runs batches and responses in the background beside the API, whose models and keys they use, and only while there
are any."""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from typing import Any

import asyncpg
import structlog

from radiant.doors.gateway import batches_run, batches_store, responses_background
from radiant.doors.gateway.lanes import Engine
from radiant.infra.jobs import Registry

log = structlog.get_logger()

# What another process left behind is found that late; what this one takes in, at once.
_LOOK_EVERY = 30.0
_WHILE_BUSY = 2.0
_BATCHES_AT_ONCE = 4
# Each is one call, as a client's own would be. Of their own number, so that no batch keeps them waiting.
_RESPONSES_AT_ONCE = 64


class WorkBeside:
    """Made once by a root: `async with WorkBeside(engine, dsn)`; `dsn` is the system role's."""

    def __init__(self, engine: Engine, dsn: str) -> None:
        self._engine = engine
        self._dsn = dsn
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> "WorkBeside":
        batches, answers = Registry(), Registry()
        batches_run.register(batches, self._engine)
        responses_background.register(answers, self._engine)
        self._tasks = [
            asyncio.create_task(self._serve(batches, _BATCHES_AT_ONCE, self._engine.batch_waits)),
            asyncio.create_task(self._serve(answers, _RESPONSES_AT_ONCE, self._engine.response_waits)),
        ]
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _waiting(self, jobs: Registry) -> bool:
        """Whether any of these jobs waits or is under way, whoever's it is."""
        try:
            async with self._engine.database.system("work beside").tx() as tx:
                if batches_run.JOB in jobs.kinds:
                    await batches_store.take_up_expired(tx, batches_run.JOB)
                return await tx.value(
                    "select exists (select from pgqueuer where entrypoint = any($1) and status in ('queued', 'picked'))",
                    list(jobs.kinds),
                )
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError) as error:
            log.warning("work_beside.look_failed", error=str(error))
            return False

    async def _serve(self, jobs: Registry, at_once: int, wake: asyncio.Event) -> None:
        while True:
            wake.clear()
            if await self._waiting(jobs):
                await self._work(jobs, at_once)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_EVERY):
                    await wake.wait()

    async def _work(self, jobs: Registry, at_once: int) -> None:
        stop = asyncio.Event()
        run = await asyncio.to_thread(_load)
        worker = asyncio.create_task(run(self._dsn, jobs, stop, concurrency=at_once, grace=1.0))
        try:
            while await self._waiting(jobs) and not worker.done():
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
