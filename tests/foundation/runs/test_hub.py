"""Runs beneath HTTP: numbered events, the lease, the end, whatever the body does."""

import asyncio
import os
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from radiant.foundation.runs import hub as hubs
from radiant.foundation.runs import idempotency, store
from radiant.foundation.runs.hub import RunHub, RunLog, is_dead, owner_name
from radiant.infra.db import TenantDb
from radiant.kit.errors import NotFound
from radiant.kit.ids import RunId, uuid7
from tests.kit.people import Tenant


async def _hub() -> RunHub:
    return await asyncio.to_thread(RunHub)  # it reads /proc, as a root does before it serves


async def _started(hub: RunHub, db: TenantDb, body: Any, lease: timedelta = hubs.LEASE) -> RunId:
    run_id = RunId(uuid7())
    async with db.tx() as tx:
        await store.insert(tx, run_id, "test", hub.owner, lease, {})
    hub.start(db, run_id, body)
    return run_id


async def _all(hub: RunHub, db: TenantDb, run_id: RunId, after: int = 0) -> list[tuple[int, str]]:
    return [(event.seq, event.kind) async for event in await hub.follow(db, run_id, after)]


async def test_events_are_numbered_and_the_same_live_and_from_the_database(tenant: Tenant) -> None:
    hub = await _hub()

    async def body(run: RunLog) -> None:
        for n in range(5):
            run.append("text", {"text": str(n)})
            await asyncio.sleep(0.01)
        await run.finish("done", "done", {})

    run_id = await _started(hub, tenant.db, body)
    live = await _all(hub, tenant.db, run_id)
    assert [seq for seq, _ in live] == [1, 2, 3, 4, 5, 6]
    assert len(hub) == 0
    assert await _all(hub, tenant.db, run_id) == live
    assert await _all(hub, tenant.db, run_id, after=4) == live[4:]


async def test_a_bug_in_a_body_ends_the_run_for_its_readers(tenant: Tenant) -> None:
    hub = await _hub()

    async def body(run: RunLog) -> None:
        run.append("text", {"text": "a"})
        raise RuntimeError("a bug")

    run_id = await _started(hub, tenant.db, body)
    assert [kind for _, kind in await _all(hub, tenant.db, run_id)] == ["text", "failed"]


async def test_a_body_that_forgets_the_end_is_ended(tenant: Tenant) -> None:
    hub = await _hub()

    async def body(run: RunLog) -> None:
        run.append("text", {"text": "a"})

    run_id = await _started(hub, tenant.db, body)
    assert (await _all(hub, tenant.db, run_id))[-1][1] == "failed"


async def test_closing_the_hub_ends_what_runs_and_keeps_it(tenant: Tenant) -> None:
    hub = await _hub()

    async def body(run: RunLog) -> None:
        run.append("text", {"text": "a"})
        await asyncio.sleep(60)

    run_id = await _started(hub, tenant.db, body)
    await asyncio.sleep(0.05)
    await hub.close()
    assert [kind for _, kind in await _all(await _hub(), tenant.db, run_id)] == ["text", "failed"]


async def test_a_cancel_that_comes_while_the_end_is_written_takes_nothing_from_it(tenant: Tenant) -> None:
    hub, writing, go, kept = await _hub(), asyncio.Event(), asyncio.Event(), list[str]()

    async def also(_: Any) -> None:
        writing.set()
        await go.wait()
        kept.append("what belongs to the end")

    async def body(run: RunLog) -> None:
        await run.finish("done", "done", {}, also)

    run_id = await _started(hub, tenant.db, body)
    await writing.wait()
    hub._stop(run_id, asked=True)
    closing = asyncio.create_task(hub.close())
    await asyncio.sleep(0)
    go.set()
    await closing
    assert kept
    assert [kind for _, kind in await _all(hub, tenant.db, run_id)] == ["done"]


async def test_another_process_follows_by_the_database_and_its_cancel_arrives(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hubs, "_RENEW_SECONDS", 0.2)
    here, elsewhere = await _hub(), await _hub()

    async def body(run: RunLog) -> None:
        run.append("text", {"text": "a"})
        await asyncio.sleep(60)

    run_id = await _started(here, tenant.db, body)
    following = asyncio.create_task(_all(elsewhere, tenant.db, run_id))
    await asyncio.sleep(0.5)
    await elsewhere.cancel(tenant.db, run_id)
    assert [kind for _, kind in await asyncio.wait_for(following, 10)] == ["text", "failed"]
    async with tenant.db.tx() as tx:
        run = await store.get(tx, run_id)
    assert run is not None
    assert run["state"] == "cancelled"


async def test_events_outlast_a_database_that_is_away_for_a_while(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = await _hub()
    append, failures = store.append, 0

    async def flaky(*args: Any) -> None:
        nonlocal failures
        if failures < 2:
            failures += 1
            raise asyncpg.InterfaceError("the database is away")
        await append(*args)

    monkeypatch.setattr(store, "append", flaky)

    async def body(run: RunLog) -> None:
        for n in range(10):
            run.append("text", {"text": str(n)})
            await asyncio.sleep(0.08)
        await run.finish("done", "done", {})

    run_id = await _started(hub, tenant.db, body)
    await _all(hub, tenant.db, run_id)
    assert failures == 2
    assert len(await _all(await _hub(), tenant.db, run_id)) == 11


async def test_a_run_of_somebody_else_is_not_found(two_tenants: tuple[Tenant, Tenant]) -> None:
    ours, theirs = two_tenants
    hub = await _hub()

    async def body(run: RunLog) -> None:
        await run.finish("done", "done", {})

    run_id = await _started(hub, ours.db, body)
    for stranger in (theirs.db, ours.other_db):
        with pytest.raises(NotFound):
            await hub.follow(stranger, run_id, 0)
        with pytest.raises(NotFound):
            await hub.cancel(stranger, run_id)
    await hub.close()


@pytest.mark.blocks
def test_an_owner_is_known_to_be_dead_by_its_start_and_not_its_number() -> None:
    host, pid, _ = owner_name().split("/")
    assert not is_dead(owner_name())
    assert is_dead(f"{host}/{pid}/1")
    assert not is_dead(f"another-host/{pid}/1")
    assert not is_dead("nonsense")
    assert int(pid) == os.getpid()


async def test_f0_7_ids_made_in_one_moment_differ_and_sort_by_time() -> None:
    first = [uuid7() for _ in range(1000)]
    await asyncio.sleep(0.003)
    second = uuid7()
    assert len(set(first)) == 1000
    assert all(item < second for item in first)
    assert {item.version for item in first} == {7}


async def test_a_claimed_key_gives_the_first_answer_again_to_its_person_alone(tenant: Tenant) -> None:
    async with tenant.db.tx() as tx:
        assert await idempotency.claim(tx, "k", "request") is None
        await idempotency.remember(tx, "k", {"answer": 1})
    async with tenant.db.tx() as tx:
        assert await idempotency.claim(tx, "k", "request") == {"answer": 1}
        with pytest.raises(idempotency.IdempotencyMismatch):
            await idempotency.claim(tx, "k", "another request")
    async with tenant.other_db.tx() as tx:
        assert await idempotency.claim(tx, "k", "another request") is None
