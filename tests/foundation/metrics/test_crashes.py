"""Kill -9 while calls flow and events are made of them: ledger, events and roll-ups agree to the nano-dollar."""

import asyncio
import random
from pathlib import Path
from typing import Any

import pytest

from radiant.foundation.metrics.check import differences
from radiant.foundation.metrics.events import emit_due
from radiant.foundation.metrics.rollup import roll_up
from radiant.foundation.usage import recovery
from radiant.infra.db import Database
from radiant.kit.clock import utc_now
from tests.foundation.metrics.kit import deliver
from tests.foundation.usage.test_crashes import Told, live_and_die
from tests.kit import postgres
from tests.kit.people import Tenant


async def _cut_off_again_and_again(database: Database, stop: asyncio.Event) -> int:
    """Make events and roll-ups, each time stopped in the middle: what a dead worker leaves, Postgres rolls back."""
    chance, cut = random.Random(3), 0
    while not stop.is_set():
        for work in (emit_due, roll_up):
            task = asyncio.create_task(work(database))
            _, late = await asyncio.wait([task], timeout=chance.random() * 0.03)
            cut += len(late)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        await asyncio.sleep(0.01)
    return cut


async def _over_kills(kills: int, db: Database, dsns: postgres.Dsns, folder: Path, tenant: Tenant, owner: Any) -> Told:
    told, chance, stop = Told(), random.Random(7), asyncio.Event()
    working = asyncio.create_task(_cut_off_again_and_again(db, stop))
    for _ in range(kills):
        await asyncio.gather(*(live_and_die(dsns, folder, tenant, told, chance.random() * 0.8) for _ in range(2)))
    stop.set()
    assert await working > 0, "nothing was ever cut off"
    await recovery.take_over(db, folder)
    assert [one async for one in differences(db, utc_now(), 2)] == []
    costs = {
        str(row["call_id"]): row["metric_value"]
        for row in await owner.fetch("select call_id, metric_value from usage_metrics where metric_name = 'cost'")
    }
    assert {id_: costs.get(id_) for id_ in told.done} == told.done, "a call that ended has no event of its cost"
    for _ in range(2):
        await deliver(db)
    counted = await owner.fetchval("select sum(metric_value) from usage_metrics where metric_name = 'http_requests'")
    assert told.noted <= counted <= told.noting, "an event beside the calls is lost or doubled"
    twice = "select count(*) from (select from usage_metrics where call_id is not null group by call_id, metric_name having count(*) > 1) twice"
    assert await owner.fetchval(twice) == 0
    return told


async def test_f12_1_no_event_of_a_call_is_lost_or_doubled_over_kills(
    db: Database, dsns: postgres.Dsns, tmp_path: Path, tenant: Tenant, owner: Any
) -> None:
    told = await _over_kills(4, db, dsns, tmp_path, tenant, owner)
    assert len(told.done) > 50


@pytest.mark.long
@pytest.mark.timeout(900)
async def test_f12_1_no_event_of_a_call_is_lost_or_doubled_over_a_hundred_kills(
    db: Database, dsns: postgres.Dsns, tmp_path: Path, tenant: Tenant, owner: Any
) -> None:
    told = await _over_kills(50, db, dsns, tmp_path, tenant, owner)
    assert len(told.done) > 500
