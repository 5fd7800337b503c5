"""Does the long work of voice beside the API, whose models it uses, and only while there is any."""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from typing import Any

import asyncpg
import structlog

from radiant.infra.db import Database
from radiant.infra.jobs import Registry
from radiant.workspace.voice.lasting import Lasting

log = structlog.get_logger()

# What another process left behind is found that late; what this one takes in, at once.
_LOOK_EVERY = 30.0
_WHILE_BUSY = 2.0
_AT_ONCE = 4


class VoiceBeside:
    """Made once by a root: `async with VoiceBeside(database, lasting, waits, dsn)`; `dsn` is the system role's, `waits` is
    set where a job was left."""

    def __init__(self, database: Database, lasting: Lasting, waits: asyncio.Event, dsn: str) -> None:
        self._database = database
        self._waits = waits
        self._dsn = dsn
        self._jobs = Registry()
        lasting.register(self._jobs)
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "VoiceBeside":
        self._task = asyncio.create_task(self._serve())
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._task is not None
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _any(self) -> bool:
        """Whether any of these jobs waits or is under way, whoever's it is."""
        try:
            async with self._database.system("voice beside").tx() as tx:
                return await tx.value(
                    "select exists (select from pgqueuer where entrypoint = any($1) and status in ('queued', 'picked'))",
                    list(self._jobs.kinds),
                )
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError) as error:
            log.warning("voice_beside.look_failed", error=str(error))
            return False

    async def _serve(self) -> None:
        while True:
            self._waits.clear()
            if await self._any():
                await self._work()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_EVERY):
                    await self._waits.wait()

    async def _work(self) -> None:
        stop = asyncio.Event()
        run = await asyncio.to_thread(_load)
        worker = asyncio.create_task(run(self._dsn, self._jobs, stop, concurrency=_AT_ONCE, grace=1.0))
        try:
            while await self._any() and not worker.done():
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
