"""The meter: what it writes, when the database is away, when people go, when a process is given up too early."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from radiant.foundation.usage import recovery, writer
from radiant.foundation.usage.meter import LedgerUnavailable, Meter
from radiant.foundation.usage.schemas import NewCall, Outcome
from radiant.foundation.usage.service import settle_abandoned
from radiant.infra.changes import Changes
from radiant.infra.db import Database
from radiant.kit.errors import Invalid
from radiant.kit.ids import DecisionId, RunId, uuid7
from tests.foundation.usage.test_budgets import DIME, budget, call, cost, key_of, leased, state
from tests.kit import postgres
from tests.kit.people import Tenant


@pytest.fixture
async def meter(db: Database, tmp_path: Path) -> AsyncIterator[Meter]:
    async with Meter(db, tmp_path / "journal", Changes.never()) as running:
        yield running


class Switch:
    """A database that can be away."""

    def __init__(self, db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
        self.away = False
        really = writer._write

        async def write(*args: Any, **options: Any) -> Any:
            if self.away:
                raise ConnectionRefusedError("the database is away")
            return await really(*args, **options)

        monkeypatch.setattr(writer, "_write", write)


async def test_everything_that_is_known_of_a_call_is_in_its_row(meter: Meter, tenant: Tenant, owner: Any) -> None:
    key_id = await key_of(owner, tenant)
    run_id, decision_id = RunId(uuid7()), DecisionId(uuid7())
    new = NewCall(
        user_id=tenant.user_id, provider="anthropic", model="claude", reserved=Decimal("0.5"), kind="completion",
        api_key_id=key_id, run_id=run_id, decision_id=decision_id, request_id="req-1", tokens=700, route="auto",
        protocol="openai", tags={"team": "blue", "nul": "a\0b"}, streamed=True,
    )  # fmt: skip
    ticket = await meter.admit(tenant.id, new)
    await meter.flush()
    live = await owner.fetchrow("select state, ended, cost, reserved_cost, tags from usage_ledger")
    assert tuple(live)[:4] == ("reserved", None, None, Decimal("0.5"))
    assert live["tags"] == '{"nul": "a\ufffdb", "team": "blue"}'
    ticket.finish(
        Outcome(
            cost=Decimal("0.123456789"),
            input_tokens=1,
            output_tokens=2,
            cache_read_tokens=3,
            cache_write_tokens=4,
            reasoning_tokens=5,
            first_token_ms=6,
            duration_ms=7,
            stop_reason="end",
            estimated=True,
            cached=True,
        )
    )
    await meter.flush()
    row = dict(await owner.fetchrow("select * from usage_ledger"))
    expected = {
        "id": ticket.id, "tenant_id": tenant.id, "user_id": tenant.user_id, "api_key_id": key_id, "run_id": run_id,
        "decision_id": decision_id, "request_id": "req-1", "kind": "completion", "provider": "anthropic",
        "model": "claude", "state": "settled", "estimated": True, "reserved_cost": Decimal("0.5"),
        "cost": Decimal("0.123456789"), "input_tokens": 1, "output_tokens": 2, "cache_read_tokens": 3,
        "cache_write_tokens": 4, "reasoning_tokens": 5, "first_token_ms": 6, "duration_ms": 7, "stop_reason": "end",
        "error_kind": None, "protocol": "openai", "route": "auto", "streamed": True, "cached": True,
        "ended": "answered", "budgets": [],
    }  # fmt: skip
    assert {name: row[name] for name in expected} == expected
    assert row["settled_at"] >= row["created_at"]
    assert await owner.fetchval("select last_used_at is not null from api_keys where id = $1", key_id)


async def test_names_and_numbers_that_fit_no_column_are_cut_and_hold_up_nothing(
    meter: Meter, tenant: Tenant, owner: Any
) -> None:
    new = NewCall(
        user_id=tenant.user_id, provider="p" * 99, model="m" * 999, reserved=DIME, request_id="r" * 99, route="x" * 99
    )
    (await meter.admit(tenant.id, new)).finish(
        Outcome(
            cost=Decimal("1e30"), input_tokens=2**80, output_tokens=-5, stop_reason="é\ud800" * 99, error_kind="e" * 99
        )
    )
    (await meter.admit(tenant.id, call(tenant.user_id))).finish(
        Outcome(cost=Decimal("NaN"), input_tokens=1, output_tokens=1)
    )
    await meter.flush()
    rows = await owner.fetch(
        "select length(model), input_tokens, output_tokens, error_kind, cost from usage_ledger order by id"
    )
    assert tuple(rows[0]) == (200, 2**31 - 1, 0, "e" * 50, Decimal(10**10))
    assert rows[1]["cost"] == 0
    with pytest.raises(Invalid):
        await meter.admit(tenant.id, call(tenant.user_id, model="\ud800"))
    with pytest.raises(Invalid, match="tags"):
        await meter.admit(tenant.id, call(tenant.user_id, tags={"a": "b" * 20_000}))


@pytest.mark.parametrize("back_to", [None, (1, 0)])
async def test_a_ledger_that_was_restored_from_a_backup_is_written_on_by_the_processes_that_live(
    db: Database, tmp_path: Path, tenant: Tenant, owner: Any, back_to: tuple[int, int] | None
) -> None:
    async with Meter(db, tmp_path, Changes.never(), every=0.02, segment_bytes=16 * 1024) as meter:

        async def ask() -> None:
            for _ in range(400):
                (await meter.admit(tenant.id, call(tenant.user_id))).finish(cost("0.001"))
                await asyncio.sleep(0)
            await meter.flush()

        await ask()
        assert await owner.fetchval("select segment from usage_journals") > 2, "the first files are gone by now"
        if back_to is None:
            await owner.execute("delete from usage_journals")
        else:
            await owner.execute("update usage_journals set (segment, read_to) = ($1, $2)", *back_to)
        await meter._renew(0)  # pyright: ignore[reportPrivateUsage]
        await ask()
        assert await owner.fetchval("select count(*) from usage_ledger where state = 'settled'") == 800


async def test_nothing_is_lost_while_the_database_is_away_and_calls_go_on(
    db: Database, tmp_path: Path, tenant: Tenant, owner: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    switch = Switch(db, monkeypatch)
    async with Meter(db, tmp_path, Changes.never(), every=0.02, segment_bytes=64 * 1024) as meter:
        switch.away = True
        for _ in range(500):
            (await meter.admit(tenant.id, call(tenant.user_id))).finish(cost("0.001"))
            await asyncio.sleep(0)
        with pytest.raises(LedgerUnavailable):
            await meter.flush()
        assert await owner.fetchval("select count(*) from usage_ledger") == 0
        switch.away = False
        await meter.flush()
        row = await owner.fetchrow("select count(*), sum(cost) from usage_ledger where state = 'settled'")
        assert tuple(row) == (500, Decimal("0.5"))


async def test_a_commit_whose_answer_was_lost_is_not_written_again(
    db: Database, tmp_path: Path, tenant: Tenant, owner: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    budget_id = await budget(owner, tenant, "100")
    really, failures = writer._write, 3

    async def committed_but_not_told(*args: Any, **options: Any) -> Any:
        nonlocal failures
        written = await really(*args, **options)
        if failures:
            failures -= 1
            raise ConnectionResetError("the answer is lost")
        return written

    monkeypatch.setattr(writer, "_write", committed_but_not_told)
    async with Meter(db, tmp_path, Changes.never(), every=0.02) as meter:
        for _ in range(20):
            (await meter.admit(tenant.id, call(tenant.user_id))).finish(cost("0.01"))
            await asyncio.sleep(0.01)
        async with asyncio.timeout(5):
            while failures:
                await asyncio.sleep(0.05)
        await meter.flush()
        assert (await state(owner, budget_id))[0] == Decimal("0.20")
    assert await owner.fetchval("select count(*) from usage_ledger") == 20


async def test_a_closed_meter_leaves_open_calls_to_the_next_which_settles_them_at_their_estimate(
    db: Database, tmp_path: Path, tenant: Tenant, owner: Any
) -> None:
    budget_id = await budget(owner, tenant, "1")
    async with Meter(db, tmp_path, Changes.never()) as meter:
        ticket = await meter.admit(tenant.id, call(tenant.user_id))
        (await meter.admit(tenant.id, call(tenant.user_id))).finish(cost("0.02"))
    assert (await state(owner, budget_id))[0] == Decimal("0.02")
    async with Meter(db, tmp_path, Changes.never()):
        row = await owner.fetchrow(
            "select state, ended, estimated, error_kind, cost from usage_ledger where id = $1", ticket.id
        )
        assert tuple(row) == ("failed", "abandoned", True, "abandoned", DIME)
        assert await state(owner, budget_id) == (Decimal("0.12"), 0)
    assert list(tmp_path.iterdir()) == []


async def test_a_process_that_is_silent_is_given_up_and_puts_right_what_it_knows_better(
    db: Database, tmp_path: Path, tenant: Tenant, owner: Any
) -> None:
    budget_id = await budget(owner, tenant, "1", period="total")
    async with Meter(db, tmp_path, Changes.never()) as meter:
        ticket = await meter.admit(tenant.id, call(tenant.user_id))
        dearer = await meter.admit(tenant.id, call(tenant.user_id))
        await meter.flush()
        assert await settle_abandoned(db, timedelta(hours=1)) == 0
        await owner.execute("update usage_journals set alive_until = now() - interval '2 hours'")
        assert await settle_abandoned(db, timedelta(hours=1)) == 2
        assert await settle_abandoned(db, timedelta(hours=1)) == 0
        assert await state(owner, budget_id) == (Decimal("0.20"), 0)
        assert await leased(owner, budget_id) == 0
        ticket.finish(cost("0.03"))
        dearer.finish(cost("0.15"))
        await meter.flush()
        assert (await state(owner, budget_id))[0] == Decimal("0.18")
        row = await owner.fetchrow("select state, ended, cost from usage_ledger where id = $1", ticket.id)
        assert tuple(row) == ("settled", "answered", Decimal("0.03"))
        # What it held is not its any more: it asks for more than it thinks it has left.
        again = await meter.admit(tenant.id, call(tenant.user_id, Decimal("0.82")))
        assert (await state(owner, budget_id))[1] <= Decimal("0.82")
        again.finish(cost("0.82"))
    assert await state(owner, budget_id) == (1, 0)


async def test_leases_that_are_nobodys_are_freed_by_age(db: Database, tenant: Tenant, owner: Any) -> None:
    budget_id = await budget(owner, tenant, "1", period="total")
    await owner.execute(
        "insert into budget_periods (tenant_id, budget_id, period_start, reserved) values ($1, $2, 'epoch', 0.4)",
        tenant.id, budget_id,
    )  # fmt: skip
    await owner.execute(
        "insert into budget_leases (tenant_id, budget_id, period_start, holder, amount, expires_at)"
        " values ($1, $2, 'epoch', 'nobody', 0.4, now() - interval '10 minutes')",
        tenant.id, budget_id,
    )  # fmt: skip
    assert await settle_abandoned(db, timedelta(hours=1)) == 0
    assert await state(owner, budget_id) == (0, Decimal("0.4"))
    assert await settle_abandoned(db, timedelta(minutes=5)) == 0
    assert await state(owner, budget_id) == (0, 0)


async def test_calls_of_people_keys_and_tenants_that_are_gone_hold_up_nothing(
    meter: Meter, two_tenants: tuple[Tenant, Tenant], owner: Any, make_user: Callable[..., Any]
) -> None:
    ours, theirs = two_tenants
    leaver = await make_user(ours.id)
    key_id = await key_of(owner, ours)
    tickets = [
        await meter.admit(ours.id, call(leaver)),
        await meter.admit(ours.id, call(ours.user_id, api_key_id=key_id)),
        await meter.admit(theirs.id, call(theirs.user_id)),
    ]
    await owner.execute("delete from users where id = $1", leaver)
    await owner.execute("delete from api_keys where id = $1", key_id)
    await owner.execute("delete from tenants where id = $1", theirs.id)
    for ticket in tickets:
        ticket.finish(cost("0.01"))
    await meter.flush()
    rows = await owner.fetch("select tenant_id, user_id, api_key_id, cost from usage_ledger order by id")
    assert [tuple(row) for row in rows] == [
        (ours.id, None, None, Decimal("0.01")),
        (ours.id, ours.user_id, None, Decimal("0.01")),
    ]


async def test_one_call_that_the_ledger_refuses_keeps_no_other_out(meter: Meter, tenant: Tenant, owner: Any) -> None:
    budget_id = await budget(owner, tenant, "10")
    await owner.execute("alter table usage_ledger add constraint unlucky check (model <> 'thirteen')")
    try:
        for model in ("one", "thirteen", "two"):
            (await meter.admit(tenant.id, call(tenant.user_id, model=model))).finish(cost("0.01"))
        await meter.flush()
    finally:
        await owner.execute("alter table usage_ledger drop constraint unlucky")
    assert await owner.fetchval("select array_agg(model order by model) from usage_ledger") == ["one", "two"]
    assert (await state(owner, budget_id))[0] == Decimal("0.02")


async def test_without_the_database_nothing_is_let_through_a_budget_that_cannot_be_asked(
    dsns: postgres.Dsns, db: Database, tmp_path: Path, tenant: Tenant, owner: Any
) -> None:
    await budget(owner, tenant, "10")
    pool = await asyncpg.create_pool(dsns.app, min_size=1)
    async with Meter(Database(pool, db.system_pool), tmp_path, Changes.never()) as meter:
        (await meter.admit(tenant.id, call(tenant.user_id))).finish(cost("0.01"))
        await pool.close()
        with pytest.raises(LedgerUnavailable):
            await meter.admit(tenant.id, call(tenant.user_id))


async def test_a_journal_of_another_machine_is_not_touched(db: Database, tmp_path: Path, tenant: Tenant) -> None:
    async with Meter(db, tmp_path / "a", Changes.never()) as meter:
        ticket = await meter.admit(tenant.id, call(tenant.user_id))
        assert await recovery.take_over(db, tmp_path / "a") == 0
        assert await recovery.take_over(db, tmp_path / "none") == 0
        ticket.finish(cost(0))


async def test_a_call_that_was_reserved_before_there_were_journals_is_settled_by_age(
    db: Database, two_tenants: tuple[Tenant, Tenant], owner: Any
) -> None:
    for one in two_tenants:
        budget_id = await budget(owner, one, "1", period="total")
        await owner.execute("update budgets set created_at = created_at - interval '1 day' where id = $1", budget_id)
        await owner.execute(
            "insert into usage_ledger (tenant_id, user_id, provider, model, reserved_cost, created_at)"
            " values ($1, $2, 'openai', 'gpt-4o', 0.1, now() - interval '2 hours')",
            one.id, one.user_id,
        )  # fmt: skip
        await owner.execute(
            "insert into budget_periods (tenant_id, budget_id, period_start, reserved) values ($1, $2, 'epoch', 0.1)",
            one.id, budget_id,
        )  # fmt: skip
    assert await settle_abandoned(db, timedelta(hours=3)) == 0
    assert await settle_abandoned(db, timedelta(hours=1)) == 2
    assert await settle_abandoned(db, timedelta(hours=1)) == 0
    rows = await owner.fetch("select spent, reserved from budget_periods")
    assert [tuple(row) for row in rows] == [(DIME, 0), (DIME, 0)]


async def test_under_a_steady_load_the_ledger_keeps_up_and_files_go_away(
    db: Database, tenant: Tenant, tmp_path: Path
) -> None:
    changes = Changes.never()
    async with Meter(db, tmp_path, changes, every=0.02, segment_bytes=32_768) as meter:
        stop = False

        async def load() -> None:
            while not stop:
                (await meter.admit(tenant.id, call(tenant.user_id))).finish(cost("0"))
                # Some two thousand calls a second: as many as go would measure this machine and not the meter.
                await asyncio.sleep(0.002)

        tasks = [asyncio.create_task(load()) for _ in range(4)]
        most = looks = 0
        while looks < 20 or meter._journal.position.segment <= 10:
            looks += 1
            await asyncio.sleep(0.05)
            most = max(most, len(await asyncio.to_thread(lambda: list(tmp_path.glob("*/*.journal")))))
        # Not only when the load pauses: whoever asks is told while it lasts.
        await meter.flush()
        stop = True
        await asyncio.gather(*tasks)
        made = meter._journal.position.segment
        assert made > 10
        assert most < made
        assert most <= 8
