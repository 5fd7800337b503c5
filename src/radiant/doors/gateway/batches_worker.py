"""Runs batches beside the API, whose models and keys they use, and only while there are any."""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from typing import Any

import asyncpg
import structlog

from radiant.doors.gateway.batches_run import JOB, register
from radiant.doors.gateway.lanes import Engine
from radiant.infra.jobs import Registry

log = structlog.get_logger()

# What another process left behind is found that late; what this one takes in, at once.
_LOOK_EVERY = 30.0
_WHILE_BUSY = 2.0
_AT_ONCE = 4


class BatchWorker:
    """Made once by a root: `async with BatchWorker(engine, dsn)`; `dsn` is the system role's."""

    def __init__(self, engine: Engine, dsn: str) -> None:
        self._engine = engine
        self._dsn = dsn
        self._jobs = Registry()
        register(self._jobs, engine)
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "BatchWorker":
        self._task = asyncio.create_task(self._serve())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _waiting(self) -> bool:
        """Whether any batch waits or is under way, whoever's it is."""
        try:
            async with self._engine.database.system("batches").tx() as tx:
                return await tx.value(
                    "select exists (select from pgqueuer where entrypoint = $1 and status in ('queued', 'picked'))", JOB
                )
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError) as error:
            log.warning("batches.look_failed", error=str(error))
            return False

    async def _serve(self) -> None:
        wake = self._engine.batch_waits
        while True:
            wake.clear()
            if await self._waiting():
                await self._work()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(wake.wait(), _LOOK_EVERY)

    async def _work(self) -> None:
        stop = asyncio.Event()
        run = await asyncio.to_thread(_load)
        worker = asyncio.create_task(run(self._dsn, self._jobs, stop, concurrency=_AT_ONCE, grace=1.0))
        try:
            while await self._waiting() and not worker.done():
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(asyncio.shield(worker), _WHILE_BUSY)
        finally:
            stop.set()
            await worker


def _load() -> Callable[..., Coroutine[Any, Any, None]]:
    # Only when there is a batch: a server without any does not carry what works them off. In a thread, for reading
    # its modules would hold up the loop.
    from radiant.infra.jobs_worker import run_worker

    return run_worker
