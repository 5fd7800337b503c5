"""Jobs: in the caller's transaction, retried, given up visibly, and never lost, not even to kill -9."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from radiant.infra import jobs_worker
from radiant.infra.db import Database
from radiant.infra.jobs import Job, Registry, enqueue, enqueue_for_platform
from radiant.infra.jobs_worker import run_worker
from tests.kit import postgres
from tests.kit.people import Tenant

LEASE = timedelta(seconds=2)


@contextlib.asynccontextmanager
async def _working(dsns: postgres.Dsns, registry: Registry, **options: Any) -> AsyncIterator[asyncio.Event]:
    stop = asyncio.Event()
    task = asyncio.create_task(run_worker(dsns.system, registry, stop, **{"lease": LEASE, **options}))
    try:
        yield stop
    finally:
        stop.set()
        await asyncio.wait_for(task, 30)


async def _until(condition: Callable[[], bool], seconds: float = 15) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.02)


class _Collect:
    def __init__(self) -> None:
        self.jobs: list[Job] = []

    async def __call__(self, job: Job) -> None:
        self.jobs.append(job)


def _serving(name: str, handler: Any, **options: Any) -> Registry:
    registry = Registry()
    registry.handle(name, handler, **options)
    return registry


async def test_a_job_runs_if_and_only_if_its_transaction_commits(dsns: postgres.Dsns, tenant: Tenant):
    done = _Collect()
    async with tenant.db.tx() as tx:
        assert await enqueue(tx, "work", person=tenant.user_id, chat_id=tenant.id, n=1)
    with contextlib.suppress(ZeroDivisionError):
        async with tenant.db.tx() as tx:
            await enqueue(tx, "work", n=2)
            raise ZeroDivisionError

    async with _working(dsns, _serving("work", done)):
        await _until(lambda: bool(done.jobs))
        await asyncio.sleep(0.5)

    assert [(job.ids, job.tenant_id, job.user_id, job.attempt) for job in done.jobs] == [
        ({"chat_id": str(tenant.id), "n": "1"}, tenant.id, tenant.user_id, 1)
    ]


async def test_a_job_enqueued_while_the_worker_waits_starts_at_once(dsns: postgres.Dsns, tenant: Tenant):
    done = _Collect()
    async with _working(dsns, _serving("work", done)):
        await asyncio.sleep(1)
        async with tenant.db.tx() as tx:
            await enqueue(tx, "work")
        await _until(lambda: bool(done.jobs), 1.5)


async def test_two_workers_run_each_job_once_and_a_bounded_kind_one_at_a_time(dsns: postgres.Dsns, tenant: Tenant):
    done = _Collect()
    running, most = 0, 0

    async def alone(job: Job) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.02)
        running -= 1
        await done(job)

    registry = _serving("alone", alone, concurrency=1)
    registry.handle("work", done)
    async with tenant.db.tx() as tx:
        for n in range(40):
            await enqueue(tx, "work", n=n)
        for n in range(8):
            await enqueue(tx, "alone", n=100 + n)
    async with _working(dsns, registry), _working(dsns, registry):
        await _until(lambda: len(done.jobs) >= 48, 30)
        await asyncio.sleep(0.5)

    assert sorted(int(job.ids["n"]) for job in done.jobs) == [*range(40), *range(100, 108)]
    assert most == 1


async def test_a_job_of_the_platform_has_no_tenant(db: Database, dsns: postgres.Dsns):
    done = _Collect()
    async with db.system("test").tx() as tx:
        assert await enqueue_for_platform(tx, "work", n=1)

    async with _working(dsns, _serving("work", done)):
        await _until(lambda: bool(done.jobs))

    assert (done.jobs[0].tenant_id, done.jobs[0].user_id) == (None, None)


async def test_a_key_holds_one_job_a_tenant(db: Database, dsns: postgres.Dsns, two_tenants: tuple[Tenant, Tenant]):
    ours, theirs = two_tenants
    done = _Collect()
    async with ours.db.tx() as tx:
        assert await enqueue(tx, "work", once="roll-up")
        assert not await enqueue(tx, "work", once="roll-up")
    async with theirs.db.tx() as tx:
        assert await enqueue(tx, "work", once="roll-up")

    async with _working(dsns, _serving("work", done)):
        await _until(lambda: len(done.jobs) == 2)
        async with asyncio.timeout(5):
            while True:  # Once it is done, the key is free again.
                async with ours.db.tx() as tx:
                    if await enqueue(tx, "work", once="roll-up"):
                        break
                await asyncio.sleep(0.05)
        await _until(lambda: len(done.jobs) == 3)


async def test_a_failing_job_is_tried_again_later_and_then_succeeds(dsns: postgres.Dsns, tenant: Tenant):
    tries: list[int] = []

    async def flaky(job: Job) -> None:
        tries.append(job.attempt)
        if len(tries) < 3:
            raise ConnectionError("away")

    async with tenant.db.tx() as tx:
        await enqueue(tx, "work")
    async with _working(dsns, _serving("work", flaky)):
        await _until(lambda: len(tries) == 3, 20)

    assert tries == [1, 2, 3]


async def test_a_job_that_keeps_failing_stays_visible_with_its_reason(owner: Any, dsns: postgres.Dsns, tenant: Tenant):
    async def failing(_job: Job) -> None:
        raise ValueError("never")

    async with tenant.db.tx() as tx:
        await enqueue(tx, "work", n=7)
    async with _working(dsns, _serving("work", failing, attempts=1)):
        async with asyncio.timeout(10):
            while await owner.fetchval("select status::text from pgqueuer") != "failed":
                await asyncio.sleep(0.05)

    row = await owner.fetchrow("select convert_from(payload, 'UTF8') as payload, headers::text from pgqueuer")
    assert row["payload"] == '{"n": "7"}'
    assert str(tenant.id) in row["headers"]
    assert "never" in await owner.fetchval("select traceback::text from pgqueuer_log where status = 'failed'")


async def test_a_job_that_takes_too_long_is_a_failed_try(owner: Any, dsns: postgres.Dsns, tenant: Tenant):
    async def slow(_job: Job) -> None:
        await asyncio.sleep(60)

    async with tenant.db.tx() as tx:
        await enqueue(tx, "work")
    async with _working(dsns, _serving("work", slow, attempts=1, timeout=0.3)):
        async with asyncio.timeout(10):
            while await owner.fetchval("select status::text from pgqueuer") != "failed":
                await asyncio.sleep(0.05)

    assert "TimeoutError" in await owner.fetchval("select traceback::text from pgqueuer_log where status = 'failed'")


async def test_a_delayed_job_waits(dsns: postgres.Dsns, tenant: Tenant):
    done = _Collect()
    async with tenant.db.tx() as tx:
        await enqueue(tx, "work", delay=timedelta(seconds=2))

    async with _working(dsns, _serving("work", done)):
        await asyncio.sleep(1)
        assert done.jobs == []
        await _until(lambda: bool(done.jobs), 5)


async def test_a_schedule_enqueues_its_job_again_and_again(dsns: postgres.Dsns):
    done = _Collect()
    registry = _serving("tick", done)
    registry.every("* * * * * */1", "tick")

    async with _working(dsns, registry):
        await _until(lambda: len(done.jobs) >= 2, 10)


async def test_a_worker_that_stops_gives_its_unfinished_jobs_back(owner: Any, dsns: postgres.Dsns, tenant: Tenant):
    started, done = asyncio.Event(), _Collect()

    async def slow(_job: Job) -> None:
        started.set()
        await asyncio.sleep(60)

    async with tenant.db.tx() as tx:
        await enqueue(tx, "work")
    async with _working(dsns, _serving("work", slow), grace=0.2) as stop:
        await asyncio.wait_for(started.wait(), 10)
        stop.set()
    assert await owner.fetchval("select status::text from pgqueuer") == "queued"

    async with _working(dsns, _serving("work", done)):
        await _until(lambda: bool(done.jobs))


async def test_a_worker_that_is_cancelled_gives_its_unfinished_jobs_back(
    owner: Any, dsns: postgres.Dsns, tenant: Tenant
):
    started = asyncio.Event()

    async def slow(_job: Job) -> None:
        started.set()
        await asyncio.sleep(60)

    async with tenant.db.tx() as tx:
        await enqueue(tx, "work")
    worker = asyncio.create_task(
        run_worker(dsns.system, _serving("work", slow), asyncio.Event(), lease=LEASE, grace=0.2)
    )
    await asyncio.wait_for(started.wait(), 10)
    worker.cancel()
    await asyncio.wait({worker})

    assert worker.cancelled()
    assert await owner.fetchval("select status::text from pgqueuer") == "queued"


async def test_a_worker_whose_connections_are_cut_comes_back(owner: Any, dsns: postgres.Dsns, tenant: Tenant):
    done = _Collect()
    async with _working(dsns, _serving("work", done)):
        await asyncio.sleep(0.7)
        await owner.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where datname = current_database() and application_name = 'radiant worker'"
        )
        async with tenant.db.tx() as tx:
            await enqueue(tx, "work")
        await _until(lambda: bool(done.jobs), 20)


_VICTIM = textwrap.dedent("""
    import asyncio, os, sys
    from datetime import timedelta
    from pathlib import Path
    from radiant.infra.jobs import Registry
    from radiant.infra.jobs_worker import run_worker

    async def handler(job):
        Path(sys.argv[2]).write_text(f"{job.attempt}")
        if sys.argv[3] == "suicide":
            os.kill(os.getpid(), 9)
        await asyncio.sleep(600)

    async def main():
        registry = Registry()
        registry.handle("work", handler, attempts=2)
        await run_worker(sys.argv[1], registry, asyncio.Event(), lease=timedelta(seconds=2))

    asyncio.run(main())
""")


def _victim(dsns: postgres.Dsns, mark: Path, manner: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, "-c", _VICTIM, dsns.system, str(mark), manner])


async def test_a_kill_9_of_a_worker_in_mid_job_loses_nothing(dsns: postgres.Dsns, tenant: Tenant, tmp_path: Path):
    done = _Collect()
    async with tenant.db.tx() as tx:
        for n in range(3):
            await enqueue(tx, "work", n=n)
    victim = _victim(dsns, tmp_path / "started", "wait")
    try:
        await _until((tmp_path / "started").exists, 30)
        await asyncio.sleep(0.3)
    finally:
        os.kill(victim.pid, signal.SIGKILL)
        victim.wait()

    async with _working(dsns, _serving("work", done)):
        await _until(lambda: len(done.jobs) == 3, 120)

    assert sorted(job.ids["n"] for job in done.jobs) == ["0", "1", "2"]
    assert {job.attempt for job in done.jobs} == {2}


async def test_a_job_that_kills_its_workers_is_given_up(
    owner: Any, dsns: postgres.Dsns, tenant: Tenant, tmp_path: Path
):
    done = _Collect()
    async with tenant.db.tx() as tx:
        await enqueue(tx, "work")
    for attempt in ("1", "2"):
        victim = _victim(dsns, tmp_path / "started", "suicide")
        await asyncio.wait_for(asyncio.to_thread(victim.wait), 40)
        assert (tmp_path / "started").read_text() == attempt

    given_up = _Collect()
    async with _working(dsns, _serving("work", done, attempts=2, gave_up=given_up)):
        async with asyncio.timeout(15):
            while await owner.fetchval("select status::text from pgqueuer") != "failed":
                await asyncio.sleep(0.05)

    assert done.jobs == []
    assert [job.attempt for job in given_up.jobs] == [3]


async def test_whoever_waits_for_a_job_that_failed_is_told_until_that_works(
    owner: Any, dsns: postgres.Dsns, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(jobs_worker, "_LONGEST_PAUSE", 0.1)
    told: list[int] = []

    async def failing(_: Job) -> None:
        raise ValueError("the reason")

    async def tell(job: Job) -> None:
        told.append(job.attempt)
        if len(told) == 1:
            raise OSError("nobody listens")

    async with tenant.db.tx() as tx:
        await enqueue(tx, "work")
    async with _working(dsns, _serving("work", failing, attempts=1, gave_up=tell)):
        async with asyncio.timeout(15):
            while await owner.fetchval("select status::text from pgqueuer") != "failed":
                await asyncio.sleep(0.05)

    assert told == [1, 2]


async def test_f0_1_a_tenant_can_neither_read_jobs_nor_enqueue_for_another(two_tenants: tuple[Tenant, Tenant]):
    ours, theirs = two_tenants
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with ours.db.tx() as tx:
            await tx.all("select * from pgqueuer")
    for headers in ({"tenant_id": str(theirs.id)}, {}, None):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with ours.db.tx() as tx:
                await tx.run(
                    "insert into pgqueuer (priority, entrypoint, headers, status) values (0, 'x', $1, 'queued')",
                    headers,
                )


def test_two_handlers_for_one_job_are_refused():
    registry = _serving("work", _Collect())

    with pytest.raises(ValueError, match="two handlers"):
        registry.handle("work", _Collect())


async def test_the_tables_are_those_that_pgqueuer_expects(owner: Any):
    """Its own list of what must be there; a new version that wants more fails here and not in production."""
    from pgqueuer.adapters.persistence.schema_inspect import __name__ as known  # the module exists
    from pgqueuer.core.qm import QueueManager
    from pgqueuer.db import AsyncpgDriver
    from pgqueuer.queries import Queries

    assert known
    await QueueManager(Queries(AsyncpgDriver(owner))).verify_structure()
