"""Kill -9 at random moments: every call is in the ledger once, at what it cost, and no budget leaks."""

import asyncio
import random
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from radiant.foundation.usage import recovery
from radiant.infra.db import Database
from tests.foundation.usage.test_budgets import budget
from tests.kit import postgres
from tests.kit.people import Tenant

ESTIMATE = Decimal("0.01")


class Told:
    """What the processes said that they did."""

    def __init__(self) -> None:
        self.admitted: set[str] = set()
        self.ending: dict[str, Decimal] = {}
        self.done: dict[str, Decimal] = {}
        self.noting = self.noted = 0

    def hear(self, output: bytes) -> None:
        """Lines of one process; what it was cut in is no line."""
        for line in output.decode().splitlines(keepends=True):
            words = line.split()
            if not line.endswith("\n") or words == ["ready"]:
                continue
            if words[0] in "nm":
                self.noting += words[0] == "n"
                self.noted += words[0] == "m"
            elif words[0] == "a":
                self.admitted.add(words[1])
            elif words[0] == "f":
                self.ending[words[1]] = Decimal(words[2])
            else:
                self.done[words[1]] = self.ending[words[1]]


async def live_and_die(dsns: postgres.Dsns, folder: Path, tenant: Tenant, told: Told, seconds: float) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.foundation.usage.dying",
        dsns.app, dsns.system, str(folder), str(tenant.id), str(tenant.user_id),
        stdout=asyncio.subprocess.PIPE, limit=2**24,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        assert await asyncio.wait_for(process.stdout.readline(), 60) == b"ready\n"
        reading = asyncio.create_task(process.stdout.read())
        await asyncio.sleep(seconds)
    finally:
        process.kill()
        await process.wait()
    told.hear(await reading)


async def _check(owner: Any, told: Told, budget_id: Any) -> None:
    rows = {
        str(row["id"]): row
        for row in await owner.fetch("select id, state, ended, estimated, cost, error_kind from usage_ledger")
    }
    assert told.admitted <= set(rows), "an admitted call is lost"
    assert {row["state"] for row in rows.values()} <= {"settled", "failed"}
    for id_, cost in told.done.items():
        assert (rows[id_]["cost"], rows[id_]["ended"]) == (cost, "answered"), "an ended call is not as it ended"
    for id_, row in rows.items():
        if id_ not in told.done:
            # Killed while it was open, or between noting its end and saying so.
            assert row["cost"] == told.ending.get(id_) or (row["cost"], row["error_kind"]) == (ESTIMATE, "abandoned")
    spent, reserved = await owner.fetchrow("select spent, reserved from budget_periods where budget_id = $1", budget_id)
    assert spent == sum(row["cost"] for row in rows.values()), "the budget counts what the ledger counts"
    assert reserved == 0
    assert await owner.fetchval("select count(*) from budget_leases") == 0
    # The tests' own server may have one in the same database.
    assert await owner.fetchval("select count(*) from usage_journals where host = 'dying'") == 0


async def _kill_again_and_again(
    kills: int, db: Database, dsns: postgres.Dsns, folder: Path, tenant: Tenant, owner: Any
) -> Told:
    budget_id = await budget(owner, tenant, "1000000", period="total")
    told, chance = Told(), random.Random(7)
    for _ in range(kills):
        # Two at once: what one leaves another may take over while it lives.
        await asyncio.gather(*(live_and_die(dsns, folder, tenant, told, chance.random() * 0.8) for _ in range(2)))
    await recovery.take_over(db, folder)
    await _check(owner, told, budget_id)
    assert [path.name for path in folder.iterdir()] == []
    return told


async def test_no_call_is_lost_or_doubled_over_kills_at_random_moments(
    db: Database, dsns: postgres.Dsns, tmp_path: Path, tenant: Tenant, owner: Any
) -> None:
    told = await _kill_again_and_again(5, db, dsns, tmp_path, tenant, owner)
    assert len(told.done) > 100


@pytest.mark.long
@pytest.mark.timeout(900)
async def test_no_call_is_lost_or_doubled_over_a_hundred_kills(
    db: Database, dsns: postgres.Dsns, tmp_path: Path, tenant: Tenant, owner: Any
) -> None:
    told = await _kill_again_and_again(50, db, dsns, tmp_path, tenant, owner)
    assert len(told.done) > 1000
