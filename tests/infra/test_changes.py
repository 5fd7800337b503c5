"""What is kept in memory is forgotten when the database says that it changed."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from radiant.infra.changes import Changes, Kept
from radiant.infra.db import Database
from radiant.kit.ids import TenantId, uuid7
from tests.kit.people import Tenant
from tests.kit.postgres import Dsns


async def _until(condition: object) -> None:
    for _ in range(200):
        if condition():  # type: ignore[operator]
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it did not happen within four seconds")


@pytest.fixture
async def changes(dsns: Dsns, db: Database, tenant: Tenant) -> AsyncIterator[Changes]:
    """One that has heard of what made the tenant, so that what it hears next is of the test."""
    async with Changes(dsns.system, db.system("test")) as listening:
        await _until(lambda: listening.live)
        await listening.caught_up()
        yield listening


async def _rename(dsns: Dsns, tenant: Tenant, plan: str) -> None:
    connection = await asyncpg.connect(dsns.owner)
    try:
        await connection.execute("update tenants set plan = $2 where id = $1", tenant.id, plan)
    finally:
        await connection.close()


async def test_a_change_of_a_row_is_heard_with_its_tenant(changes: Changes, dsns: Dsns, tenant: Tenant) -> None:
    heard: list[TenantId | None] = []
    changes.subscribe("tenants", heard.append)
    await _rename(dsns, tenant, "enterprise")
    await _until(lambda: heard)
    assert heard == [tenant.id]


async def test_who_watches_a_row_hears_of_that_one_as_long_as_they_do(
    changes: Changes, dsns: Dsns, tenant: Tenant
) -> None:
    mine, other = uuid7(), uuid7()
    heard: list[str] = []
    with changes.watching("things", mine, lambda: heard.append("mine")):
        async with tenant.db.tx() as tx:
            for row in (other, mine):
                await tx.one("select pg_notify('radiant_changes', $1)", f"things {tenant.id} {row}")
        await _until(lambda: heard)
        assert heard == ["mine"]
    async with tenant.db.tx() as tx:
        await tx.one("select pg_notify('radiant_changes', $1)", f"things {tenant.id} {mine}")
    await changes.caught_up()
    assert heard == ["mine"]
    assert changes._watchers == {}


async def test_a_lost_connection_says_that_anything_may_have_changed_and_then_hears_again(
    changes: Changes, dsns: Dsns, tenant: Tenant
) -> None:
    heard: list[TenantId | None] = []
    changes.subscribe("tenants", heard.append)
    connection = await asyncpg.connect(dsns.owner)
    try:
        await connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where application_name = 'radiant listen radiant_changes' and datname = current_database()"
        )
    finally:
        await connection.close()
    await _until(lambda: len(heard) >= 2 and changes.live)
    assert heard[:2] == [None, None]
    await _rename(dsns, tenant, "enterprise")
    await _until(lambda: tenant.id in heard)


async def test_a_value_is_read_once_by_many_who_miss_it_at_the_same_time() -> None:
    kept: Kept[str, int] = Kept(Changes.never())
    reads = 0

    async def read() -> int:
        nonlocal reads
        reads += 1
        await asyncio.sleep(0.01)
        return 7

    assert await asyncio.gather(*(kept.read("a", read) for _ in range(20))) == [7] * 20
    assert reads == 1


async def test_what_was_being_read_when_it_changed_is_not_kept() -> None:
    kept: Kept[str, str] = Kept(Changes.never())
    go = asyncio.Event()

    async def read() -> str:
        await go.wait()
        return "old"

    waiting = asyncio.create_task(kept.read("a", read))
    await asyncio.sleep(0)
    kept.forget()
    go.set()
    assert await waiting == "old"
    assert kept.get("a") is None


async def test_a_failed_read_is_told_to_each_who_waited_and_tried_anew_afterwards() -> None:
    kept: Kept[str, int] = Kept(Changes.never())

    async def fail() -> int:
        await asyncio.sleep(0)
        raise LookupError("not there")

    results = await asyncio.gather(kept.read("a", fail), kept.read("a", fail), return_exceptions=True)
    assert [type(result) for result in results] == [LookupError, LookupError]

    async def works() -> int:
        return 1

    assert await kept.read("a", works) == 1


async def test_whoever_waits_until_all_is_heard_sees_what_they_changed(
    changes: Changes, dsns: Dsns, tenant: Tenant
) -> None:
    heard: list[TenantId | None] = []
    changes.subscribe("tenants", heard.append)
    await _rename(dsns, tenant, "enterprise")
    await changes.caught_up()
    assert heard == [tenant.id]


async def test_nothing_is_believed_where_nothing_is_heard() -> None:
    kept: Kept[str, int] = Kept(Changes.never())

    async def read() -> int:
        return 7

    assert await kept.read("a", read) == 7
    assert kept.get("a") is None


async def test_what_is_kept_is_bounded_in_number_and_in_age() -> None:
    now = 0.0
    kept: Kept[int, int] = Kept(Changes("not listening yet", None), most=2, clock=lambda: now)

    async def one() -> int:
        return 1

    for key in (1, 2, 3):
        await kept.read(key, one)
    assert [kept.get(key) for key in (1, 2, 3)] == [None, 1, 1]
    now = 1.5
    assert kept.get(3) is None
