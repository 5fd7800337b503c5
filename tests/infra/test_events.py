"""The outbox: an event exists if its transaction does, reaches each sink at least once, and none is lost."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any

import asyncpg
import pytest

from radiant.infra.db import Database
from radiant.infra.events import Event, OutboxReader, Sink, emit, emit_for, listen
from tests.kit import postgres
from tests.kit.people import Tenant


@contextlib.asynccontextmanager
async def _reading(db: Database, dsns: postgres.Dsns, sinks: Mapping[str, Sink], **options: Any) -> AsyncIterator[None]:
    reader = OutboxReader(db.system("test"), dsns.system, sinks, poll=0.2, **options)
    task = asyncio.create_task(reader.run())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def _until(condition: Callable[[], bool], seconds: float = 10) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)


class _Collect:
    def __init__(self) -> None:
        self.events: list[Event] = []

    async def __call__(self, events: Sequence[Event]) -> None:
        self.events.extend(events)

    @property
    def topics(self) -> list[str]:
        return [event.topic for event in self.events]


async def test_an_event_exists_if_and_only_if_its_transaction_commits(
    db: Database, dsns: postgres.Dsns, tenant: Tenant
):
    async with tenant.db.tx() as tx:
        await emit(tx, "kept", {"n": 1})
    with contextlib.suppress(ZeroDivisionError):
        async with tenant.db.tx() as tx:
            await emit(tx, "undone", {})
            raise ZeroDivisionError
    async with db.system("test").tx() as tx:
        await emit_for(tx, None, "platform", {})
    got = _Collect()

    async with _reading(db, dsns, {"got": got}):
        await _until(lambda: len(got.events) >= 2)
        await asyncio.sleep(0.3)

    assert [(event.topic, event.tenant_id, event.payload) for event in got.events] == [
        ("kept", tenant.id, {"n": 1}),
        ("platform", None, {}),
    ]


async def test_an_event_wakes_its_reader_at_once(db: Database, dsns: postgres.Dsns, tenant: Tenant):
    got = _Collect()
    reader = OutboxReader(db.system("test"), dsns.system, {"got": got}, poll=30)
    task = asyncio.create_task(reader.run())
    try:
        await asyncio.sleep(0.7)
        async with tenant.db.tx() as tx:
            await emit(tx, "now", {})
        await _until(lambda: bool(got.events), 2)
    finally:
        task.cancel()
        await asyncio.wait({task})


async def test_a_transaction_that_commits_late_loses_no_event(db: Database, dsns: postgres.Dsns, tenant: Tenant):
    """Its id is lower than one that was read already; order by id alone would step over it."""
    got = _Collect()
    async with _reading(db, dsns, {"got": got}):
        async with tenant.db.tx() as slow:
            await emit(slow, "slow", {})
            async with tenant.other_db.tx() as fast:
                await emit(fast, "fast", {})
            await asyncio.sleep(0.6)
            # Nothing may overtake the open transaction.
            assert got.topics == []
        await _until(lambda: len(got.events) == 2)

    assert sorted(got.topics) == ["fast", "slow"]


async def test_many_writers_at_once_lose_and_double_nothing(db: Database, dsns: postgres.Dsns, tenant: Tenant):
    got = _Collect()

    async def write(n: int) -> None:
        for m in range(10):
            async with tenant.db.tx() as tx:
                await emit(tx, f"{n}.{m}", {})
                await asyncio.sleep(0.001 * (n % 3))

    async with _reading(db, dsns, {"got": got}, batch=7):
        await asyncio.gather(*(write(n) for n in range(20)))
        await _until(lambda: len(got.events) >= 200)
        await asyncio.sleep(0.3)

    assert sorted(got.topics) == sorted(f"{n}.{m}" for n in range(20) for m in range(10))
    # Each writer's own events come in the order in which it committed them.
    assert [topic for topic in got.topics if topic.startswith("7.")] == [f"7.{m}" for m in range(10)]


async def test_a_sink_that_fails_holds_up_no_other_and_gets_everything_later(
    db: Database, dsns: postgres.Dsns, tenant: Tenant
):
    good, late = _Collect(), _Collect()
    broken = True

    async def failing(events: Sequence[Event]) -> None:
        if broken:
            raise ConnectionError("away")
        await late(events)

    async with _reading(db, dsns, {"good": good, "failing": failing}, attempts=1000):
        for n in range(3):
            async with tenant.db.tx() as tx:
                await emit(tx, str(n), {})
        await _until(lambda: len(good.events) == 3)
        assert late.events == []
        broken = False
        await _until(lambda: len(late.events) >= 3)

    assert late.topics == ["0", "1", "2"]


async def test_an_event_that_is_refused_for_ever_is_set_aside_and_the_rest_go_on(
    owner: Any, db: Database, dsns: postgres.Dsns, tenant: Tenant
):
    got = _Collect()

    async def picky(events: Sequence[Event]) -> None:
        if any(event.topic == "bad" for event in events):
            raise ValueError("cannot")
        await got(events)

    async with tenant.db.tx() as tx:
        for topic in ("a", "bad", "b"):
            await emit(tx, topic, {"topic": topic})
    async with _reading(db, dsns, {"picky": picky}, attempts=3):
        await _until(lambda: got.topics == ["a", "b"])

    refused = await owner.fetch("select sink, topic, payload, error from outbox_refused")
    assert [tuple(row) for row in refused] == [("picky", "bad", '{"topic": "bad"}', "ValueError: cannot")]


async def test_a_reader_that_starts_again_goes_on_where_it_was(db: Database, dsns: postgres.Dsns, tenant: Tenant):
    first, second = _Collect(), _Collect()
    async with tenant.db.tx() as tx:
        await emit(tx, "one", {})
    async with _reading(db, dsns, {"s": first}):
        await _until(lambda: bool(first.events))
        await asyncio.sleep(0.1)
    async with tenant.db.tx() as tx:
        await emit(tx, "two", {})
    async with _reading(db, dsns, {"s": second}):
        await _until(lambda: bool(second.events))

    assert (first.topics, second.topics) == (["one"], ["two"])


async def test_two_processes_of_one_sink_deliver_each_event_once(db: Database, dsns: postgres.Dsns, tenant: Tenant):
    got = _Collect()
    async with _reading(db, dsns, {"s": got}), _reading(db, dsns, {"s": got}):
        for n in range(30):
            async with tenant.db.tx() as tx:
                await emit(tx, str(n), {})
        await _until(lambda: len(got.events) >= 30)
        await asyncio.sleep(0.5)

    assert got.topics == [str(n) for n in range(30)]


async def test_a_reader_whose_connections_are_cut_comes_back(
    owner: Any, db: Database, dsns: postgres.Dsns, tenant: Tenant
):
    got = _Collect()
    async with _reading(db, dsns, {"s": got}):
        await asyncio.sleep(0.3)
        await owner.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where datname = current_database() and application_name ~ '^radiant (sink|listen)'"
        )
        async with tenant.db.tx() as tx:
            await emit(tx, "after", {})
        await _until(lambda: got.topics == ["after"])


async def test_after_a_restore_into_another_cluster_nothing_waits_for_ever(
    owner: Any, db: Database, dsns: postgres.Dsns, tenant: Tenant
):
    await owner.execute(
        "insert into outbox (tenant_id, topic, tx) values ($1, 'restored', '9000000000'::xid8)", tenant.id
    )
    await owner.execute("insert into outbox_sinks (name, last_tx, last_id) values ('s', '9000000000'::xid8, 99)")
    got = _Collect()

    async with _reading(db, dsns, {"s": got}):
        await _until(lambda: got.topics == ["restored"])


async def test_what_every_sink_has_read_is_removed_in_time_and_nothing_else(
    owner: Any, db: Database, dsns: postgres.Dsns, tenant: Tenant
):
    got = _Collect()
    async with tenant.db.tx() as tx:
        await emit(tx, "read", {})
    async with _reading(db, dsns, {"s": got}):
        await _until(lambda: bool(got.events))
        await asyncio.sleep(0.2)
    async with tenant.db.tx() as tx:
        await emit(tx, "unread", {})
    await owner.execute("update outbox set created_at = created_at - interval '2 days'")

    async with db.system("test").tx() as tx:
        await tx.all("select * from app.apply_retention()")

    assert [row["topic"] for row in await owner.fetch("select topic from outbox")] == ["unread"]


async def test_listening_survives_a_lost_connection_and_says_that_something_may_be_missed(
    owner: Any, dsns: postgres.Dsns
):
    heard: list[str] = []
    task = asyncio.create_task(listen(dsns.app, "some_channel", heard.append))
    try:
        await _until(lambda: heard == [""])
        await owner.execute("select pg_notify('some_channel', 'one')")
        await _until(lambda: heard == ["", "one"])
        await owner.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where datname = current_database() and application_name = 'radiant listen some_channel'"
        )
        await _until(lambda: heard == ["", "one", ""])
        await owner.execute("select pg_notify('some_channel', 'two')")
        await _until(lambda: heard[-1] == "two")
    finally:
        task.cancel()
        await asyncio.wait({task})


async def test_a_channel_that_is_no_plain_name_is_refused(dsns: postgres.Dsns):
    with pytest.raises(ValueError, match="plain name"):
        await listen(dsns.app, "a; drop table users", lambda _payload: None)


async def test_the_application_cannot_read_the_outbox(tenant: Tenant):
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with tenant.db.tx() as tx:
            await tx.all("select * from outbox")
