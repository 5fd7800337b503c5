"""F14.4: the database may be away, processes may be killed: what was acknowledged is kept, in its order, once."""

import asyncio
import random
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from radiant.foundation.error_tracking.occurrence import MOST_BYTES, Crumb, Frame, Raised, Tally, decode, encode
from radiant.foundation.error_tracking.spool import Spool, SpoolFull, take_over
from radiant.infra.db import Database, SystemDb
from radiant.kit.errors import Unavailable
from tests.foundation.error_tracking.test_flaws import occurrence
from tests.kit import postgres
from tests.kit.people import Tenant


class Away(Database):
    """A database that can be taken away."""

    away = False

    def system(self, reason: str) -> SystemDb:
        """Or not."""
        if Away.away:
            raise ConnectionRefusedError("the database is away")
        return super().system(reason)


@pytest.fixture
def leaving(db: Database) -> Any:
    Away.away = False
    yield Away(db.app, db.system_pool)
    Away.away = False


async def test_f14_4_errors_wait_while_the_database_is_away_and_come_in_their_order(
    leaving: Away, owner: Any, tenant: Tenant, tmp_path: Path
) -> None:
    async with Spool(leaving, tmp_path, 8 * 2**20) as spool:
        Away.away = True
        kept = [occurrence(tenant.id, f"it broke {number}", at=1_790_000_000.0 + number) for number in range(250)]
        await asyncio.wait_for(spool.accept(kept), 2)
        with pytest.raises(Unavailable):
            await spool.flush()
        assert spool.waiting_bytes > 0
        assert await owner.fetchval("select count(*) from error_logs") == 0
        Away.away = False
        await spool.flush()
        assert spool.waiting_bytes == 0
    rows = await owner.fetch(
        "select array_agg(id order by created_at) as ids from error_logs group by xmin::text order by xmin::text::bigint"
    )
    # One transaction after another, each with what came next.
    assert [id_ for row in rows for id_ in row["ids"]] == [each.id for each in kept]
    assert len(rows) == 3
    assert await owner.fetchval("select occurrence_count from error_patterns") == 250
    assert list(tmp_path.iterdir()) == []


async def test_f14_4_a_process_that_ended_while_it_was_away_leaves_them_to_the_next(
    leaving: Away, owner: Any, tenant: Tenant, tmp_path: Path
) -> None:
    Away.away = True
    async with Spool(leaving, tmp_path, 8 * 2**20) as spool:
        await spool.accept([occurrence(tenant.id), Tally(at=1_790_000_000.0, kind="log", items=7, tenant_id=tenant.id)])
    assert len(list(tmp_path.iterdir())) == 1
    Away.away = False
    assert await take_over(leaving, tmp_path) == 1
    assert await owner.fetchval("select count(*) from error_logs") == 1
    assert await owner.fetchval("select items from error_tallies") == 7
    assert await owner.fetchval("select count(*) from error_spools") == 0
    assert list(tmp_path.iterdir()) == []


async def test_a_spool_is_bounded_and_says_so(leaving: Away, tenant: Tenant, tmp_path: Path) -> None:
    Away.away = True
    most = 256 * 1024
    async with Spool(leaving, tmp_path, most, segment_bytes=64 * 1024) as spool:
        taken = 0
        with pytest.raises(SpoolFull) as refused:
            while True:
                await spool.accept([occurrence(tenant.id, "x" * 2000)])
                taken += 1
        assert refused.value.headers["Retry-After"] == "30"
        assert taken > 50
        size = sum(path.stat().st_size for path in tmp_path.rglob("*.journal"))
        assert size <= most + 2 * 64 * 1024
        assert spool.take(occurrence(tenant.id, "x" * 2000)) is False
        Away.away = False
        await spool.flush()
        assert spool.take(occurrence(tenant.id)) is True


def test_whatever_is_given_a_kept_error_has_its_bound() -> None:
    frames = [Frame(line="x" * 300, before=["y" * 300] * 5, after=["z" * 300] * 5, variables={"a": "b" * 8000})] * 100
    kept = occurrence(None, "m" * 50_000)
    kept.chain = [Raised(type="E", message="m" * 8000, frames=list(frames)) for _ in range(10)]
    kept.crumbs = [Crumb(message="c" * 1000, data={"d": "e" * 8000}) for _ in range(100)]
    kept.contexts = {"c": {"k": "v" * 8000}}
    data = encode(kept)
    assert len(data) <= MOST_BYTES
    assert decode(data).id == kept.id  # type: ignore[union-attr]


@asynccontextmanager
async def _child(dsns: postgres.Dsns, folder: Path, tenant: Tenant) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.foundation.error_tracking.spooling", dsns.app, dsns.system, str(folder),
        str(tenant.id), stdout=asyncio.subprocess.PIPE, limit=2**24,
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _kills(dsns: postgres.Dsns, db: Database, tenant: Tenant, folder: Path, times: int) -> set[UUID]:
    acknowledged: set[UUID] = set()
    for _ in range(times):
        async with _child(dsns, folder, tenant) as process:
            assert process.stdout is not None
            assert await asyncio.wait_for(process.stdout.readline(), 60) == b"ready\n"
            reading = asyncio.create_task(process.stdout.read())
            await asyncio.sleep(random.random() * 0.6)
            process.kill()
            lines = (await reading).decode().splitlines(keepends=True)
        acknowledged |= {UUID(line.strip()) for line in lines if line.endswith("\n")}
    await take_over(db, folder)
    return acknowledged


async def _check(owner: Any, acknowledged: set[UUID], times: int) -> None:
    there = {row["id"] for row in await owner.fetch("select id from error_logs")}
    assert acknowledged <= there
    # One at a time may be kept and not yet acknowledged.
    assert len(there - acknowledged) <= times
    assert await owner.fetchval("select sum(occurrence_count) from error_patterns") == len(there)
    assert await owner.fetchval("select sum(occurrences) from error_hours") == len(there)
    assert await owner.fetchval("select count(*) from error_patterns") == 5


@pytest.mark.blocks
async def test_f14_4_kill_9_at_any_moment_loses_nothing_that_was_acknowledged(
    dsns: postgres.Dsns, db: Database, owner: Any, tenant: Tenant, tmp_path: Path
) -> None:
    acknowledged = await _kills(dsns, db, tenant, tmp_path, 5)
    assert len(acknowledged) > 100
    await _check(owner, acknowledged, 5)


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.blocks
async def test_f14_4_a_hundred_kills_lose_nothing_that_was_acknowledged(
    dsns: postgres.Dsns, db: Database, owner: Any, tenant: Tenant, tmp_path: Path
) -> None:
    acknowledged = await _kills(dsns, db, tenant, tmp_path, 100)
    await _check(owner, acknowledged, 100)


async def test_a_batch_that_the_database_refuses_loses_the_one_that_is_wrong(
    db: Database, owner: Any, tenant: Tenant, tmp_path: Path
) -> None:
    wrong = occurrence(tenant.id, "wrong")
    wrong.severity = "unheard of"  # type: ignore[assignment]
    with pytest.raises(asyncpg.CheckViolationError):
        await owner.execute(
            "insert into error_patterns (pattern_name, fingerprint, severity) values ('x', $1, 'unheard of')", bytes(32)
        )
    async with Spool(db, tmp_path, 8 * 2**20) as spool:
        # Of a version to come: not even readable here.
        await spool.accept([occurrence(tenant.id, "right"), wrong, occurrence(tenant.id, "right")])
        await spool.flush()
    rows = await owner.fetch("select message_pattern, occurrence_count from error_patterns")
    assert [tuple(row) for row in rows] == [("right", 2)]
