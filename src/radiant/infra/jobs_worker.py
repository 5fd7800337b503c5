"""The worker of durable jobs (see jobs.py): takes them from Postgres by pgqueuer, and beats for those that it holds.

A module of its own, since most processes only enqueue, and pgqueuer is large.
"""

import asyncio
import contextlib
import json
import uuid
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import asyncpg
import structlog
from pgqueuer.core.qm import QueueManager
from pgqueuer.core.sm import SchedulerManager
from pgqueuer.db import AsyncpgPoolDriver
from pgqueuer.errors import FailingListenerError, RetryRequested
from pgqueuer.models import Job as QueuedJob
from pgqueuer.models import Schedule
from pgqueuer.queries import Queries

from radiant.infra.jobs import INSERT, LEASE, Ending, Handler, Job, Kind, Registry
from radiant.kit.ids import TenantId, UserId

log = structlog.get_logger()
# asyncpg carries no types of its own.
_asyncpg: Any = asyncpg

_LONGEST_PAUSE = 600.0
# Where nothing is under way there is nothing to wait for: what serves is only deaf, as when the database went first.
_AT_REST = 3.0


async def run_worker(
    dsn: str,
    registry: Registry,
    stop: asyncio.Event,
    *,
    concurrency: int = 8,
    lease: timedelta = LEASE,
    grace: float = 20.0,
) -> None:
    """Serve jobs until `stop` is set or this is cancelled; `dsn` is the system role's.

    Jobs under way get `grace` seconds to end, then go back to the queue. A lost database is waited for.
    """
    wait = 1.0
    while not stop.is_set():
        try:
            await _Worker(registry, stop, concurrency, lease, grace).run(dsn)
            wait = 1.0
        except (
            OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError, FailingListenerError,
        ) as error:  # fmt: skip
            log.warning("jobs.disconnected", error=str(error) or type(error).__name__, retry_in=wait)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await stop.wait()
            wait = min(wait * 2, 30.0)


class _Worker:
    """One connected life of a worker."""

    def __init__(
        self, registry: Registry, stop: asyncio.Event, concurrency: int, lease: timedelta, grace: float
    ) -> None:
        self._registry = registry
        self._stop = stop
        self._concurrency = concurrency
        self._lease = lease
        self._grace = grace
        self._stopping = False
        self._under_way: set[asyncio.Task[None]] = set()

    async def run(self, dsn: str) -> None:
        # A pool of its own: pgqueuer brings its own JSON.
        pool: Any = await _asyncpg.create_pool(
            dsn, min_size=2, max_size=4, server_settings={"application_name": "radiant worker", "timezone": "UTC"}
        )
        try:
            await self._serve(pool)
        finally:
            # Not close(): it would wait for the listening connection.
            pool.terminate()

    async def _serve(self, pool: Any) -> None:
        driver = AsyncpgPoolDriver(pool)
        queries = Queries(driver)
        manager = QueueManager(queries)
        # pgqueuer notifies itself to see whether it listens, at once and beside its LISTEN: if the LISTEN is later, it
        # takes itself for deaf. Here it listens before.
        await driver.add_listener(manager.channel, _ignore)
        scheduler = SchedulerManager(queries)
        for name, kind in self._registry.kinds.items():
            manager.entrypoint(name, concurrency_limit=kind.concurrency, on_failure="hold")(
                self._entrypoint(pool, name, kind)
            )
        for name, cron in self._registry.schedules.items():
            scheduler.schedule(name, cron)(_ticker(pool))
        batch = max(1, self._concurrency // 2)
        serving = [
            asyncio.create_task(
                manager.run(
                    dequeue_timeout=min(timedelta(seconds=10), self._lease / 2),
                    batch_size=batch,
                    max_concurrent_tasks=max(self._concurrency, 2 * batch),
                    heartbeat_timeout=self._lease,
                    shutdown_on_listener_failure=True,
                )
            )
        ]
        if self._registry.schedules:
            serving.append(asyncio.create_task(scheduler.run()))
        stopped = asyncio.create_task(self._stop.wait())
        try:
            await asyncio.wait({*serving, stopped}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopped.cancel()
            manager.shutdown.set()
            scheduler.shutdown.set()
            await self._wind_down(serving)
        for task in serving:
            if task.done() and not task.cancelled() and (error := task.exception()):
                raise error

    async def _wind_down(self, serving: list[asyncio.Task[None]]) -> None:
        _done, late = await asyncio.wait(serving, timeout=min(self._grace, _AT_REST))
        if late and self._under_way:
            _done, late = await asyncio.wait(serving, timeout=max(0.0, self._grace - _AT_REST))
        if late and self._under_way:
            # Only the handlers are cut off. pgqueuer forgets a job whose own task is cancelled; this way the job
            # asks to be queued again, and loses nothing but the try.
            self._stopping = True
            for task in self._under_way:
                task.cancel()
            _done, late = await asyncio.wait(serving, timeout=3)
        for task in late:
            task.cancel()
        if late:
            await asyncio.wait(late, timeout=1)

    def _entrypoint(self, pool: Any, name: str, kind: Kind) -> Callable[[QueuedJob], Awaitable[None]]:
        async def serve(queued: QueuedJob) -> None:
            # Picks, not pgqueuer's attempts: a job that kills its worker is counted too.
            attempt = await pool.fetchval(
                "select count(*) from pgqueuer_log where job_id = $1 and status = 'picked'", queued.id
            )
            job = _job(queued, attempt)
            if attempt > kind.attempts:
                await self._give_up(kind, job)
                raise JobGaveUp(f"{name}: picked {attempt} times, {kind.attempts} are allowed")
            await self._handle(kind, job)

        return serve

    async def _handle(self, kind: Kind, job: Job) -> None:
        try:
            await self._interruptible(kind.handler, kind, job)
        except RetryRequested:
            raise
        except Exception as error:
            log.warning(
                "job.failed", job=job.name, id=job.id, attempt=job.attempt,
                tenant=str(job.tenant_id or ""), user=str(job.user_id or ""), exc_info=error,
            )  # fmt: skip
            if job.attempt >= kind.attempts:
                await self._give_up(kind, job)
                raise
            await self._ended(job, "failed")
            pause = timedelta(seconds=min(2.0**job.attempt, _LONGEST_PAUSE))
            raise RetryRequested(pause, f"{type(error).__name__}: {error}"[:500]) from error
        log.info("job.done", job=job.name, id=job.id, attempt=job.attempt)
        await self._ended(job, "done")

    async def _ended(self, job: Job, ending: Ending) -> None:
        if self._registry.on_end is None:
            return
        try:
            await self._registry.on_end(job, ending)
        except Exception as error:
            log.warning("job.end_not_told", job=job.name, id=job.id, ending=ending, exc_info=error)

    async def _give_up(self, kind: Kind, job: Job) -> None:
        """Tell whoever waits for the job; where that fails, the job comes back for it."""
        try:
            if kind.gave_up is not None:
                await self._interruptible(kind.gave_up, kind, job)
        except RetryRequested:
            raise
        except Exception as error:
            log.warning("job.give_up_failed", job=job.name, id=job.id, attempt=job.attempt, exc_info=True)
            raise RetryRequested(timedelta(seconds=_LONGEST_PAUSE), f"giving up: {error}"[:500]) from error
        await self._ended(job, "gave_up")

    async def _interruptible(self, handler: Handler, kind: Kind, job: Job) -> None:
        """Run the handler; raises RetryRequested where the worker stops in the middle of it."""
        task = asyncio.create_task(_within(kind.timeout, handler, job))
        self._under_way.add(task)
        try:
            await task
        except asyncio.CancelledError:
            if not self._stopping:
                raise
            raise RetryRequested(reason="the worker stops") from None
        finally:
            self._under_way.discard(task)


class JobGaveUp(Exception):
    """A job was taken more often than it may be, without ever ending: it kills its workers."""


async def _within(timeout: float, handler: Handler, job: Job) -> None:
    async with asyncio.timeout(timeout):
        await handler(job)


def _job(queued: QueuedJob, attempt: int) -> Job:
    headers = queued.headers or {}
    tenant, person = headers.get("tenant_id"), headers.get("user_id")
    return Job(
        id=int(queued.id),
        name=str(queued.entrypoint),
        ids=json.loads(queued.payload or b"{}"),
        tenant_id=TenantId(uuid.UUID(str(tenant))) if tenant else None,
        user_id=UserId(uuid.UUID(str(person))) if person else None,
        attempt=attempt,
    )


def _ignore(_: str | bytes | bytearray) -> None:
    pass


def _ticker(pool: Any) -> Callable[[Schedule], Awaitable[None]]:
    async def tick(schedule: Schedule) -> None:
        name = str(schedule.entrypoint)
        await pool.execute(INSERT, 0, name, b"{}", timedelta(0), f"/{name}/cron", "{}")

    return tick
