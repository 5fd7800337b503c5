"""The outbox: a low slice reports by writing an event in its own transaction; sinks read on from their own place.

Each sink is delivered every event at least once, in the order of the transactions, and fails apart from the others.
Ids are handed out before commit, so order by id alone would lose an event whose transaction commits late: readers go
by (transaction, id) and stop at the oldest transaction that is still open.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg
import structlog

from radiant.infra.db import SystemDb, Tx
from radiant.kit.ids import TenantId

log = structlog.get_logger()
# asyncpg carries no types of its own.
_asyncpg: Any = asyncpg

CHANNEL = "radiant_outbox"


@dataclass(frozen=True, slots=True)
class Event:
    """One event as a sink gets it; `id` is the same at each delivery, so a sink can tell a repetition."""

    id: int
    tenant_id: TenantId | None
    topic: str
    payload: dict[str, Any]
    created_at: datetime


Sink = Callable[[Sequence[Event]], Awaitable[None]]


async def forget_sinks(db: SystemDb, names: Sequence[str]) -> None:
    """Sinks that are switched off wait for nothing: events are kept for those that are on."""
    async with db.tx() as tx:
        await tx.run("delete from outbox_sinks where name = any ($1::text[])", list(names))


_INSERT = (
    "with written as (insert into outbox (tenant_id, topic, payload) values ($1, $2, $3))"
    " select pg_notify('radiant_outbox', '')"
)


async def emit(tx: Tx, topic: str, payload: Mapping[str, Any]) -> None:
    """Report in the caller's transaction, for its tenant: the event exists if and only if that commits."""
    await tx.one(_INSERT, tx.tenant_id, topic, dict(payload))


async def emit_for(tx: Tx, tenant_id: TenantId | None, topic: str, payload: Mapping[str, Any]) -> None:
    """The same from a system transaction, for the tenant given or the platform itself (None)."""
    await tx.one(_INSERT, tenant_id, topic, dict(payload))


async def listen(
    dsn: str,
    channel: str,
    handler: Callable[[str], None],
    *,
    on_lost: Callable[[], None] = lambda: None,
    longest_wait: float = 30.0,
) -> None:
    """Call `handler` with each notification of the channel until cancelled; reconnects by itself.

    After each connection, the first included, `handler` is called with '' once: something may have been missed.
    `on_lost` is called when a connection ended. Raises ValueError on a channel that is no plain name.
    """
    if not channel.isidentifier():
        raise ValueError(f"{channel!r} is no plain name")
    wait = 0.2
    while True:
        try:
            async with _listening(dsn, channel, handler) as lost:
                wait = 0.2
                handler("")
                await lost.wait()
                on_lost()
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError) as error:
            log.warning("listen.disconnected", channel=channel, error=str(error), retry_in=wait)
        await asyncio.sleep(wait)
        wait = min(wait * 2, longest_wait)


@contextlib.asynccontextmanager
async def _listening(dsn: str, channel: str, handler: Callable[[str], None]) -> AsyncGenerator[asyncio.Event]:
    connection: Any = await _asyncpg.connect(
        dsn, timeout=10, server_settings={"application_name": f"radiant listen {channel}"}
    )
    lost = asyncio.Event()

    def hear(_connection: Any, _pid: Any, _channel: Any, payload: Any) -> None:
        handler(str(payload))

    def end(_connection: Any) -> None:
        lost.set()

    try:
        connection.add_termination_listener(end)
        await connection.add_listener(channel, hear)
        yield lost
    finally:
        connection.remove_termination_listener(end)
        connection.terminate()


class OutboxReader:
    """Delivers the outbox to named sinks, one task a sink, until cancelled.

    Several processes may run the same sink: an advisory lock lets one deliver at a time, and it is let go with the
    connection when a process dies. `dsn` is the system role's.
    """

    def __init__(
        self,
        db: SystemDb,
        dsn: str,
        sinks: Mapping[str, Sink],
        *,
        batch: int = 200,
        attempts: int = 8,
        poll: float = 5.0,
    ) -> None:
        self._db = db
        self._dsn = dsn
        self._sinks = dict(sinks)
        self._batch = batch
        self._attempts = attempts
        self._poll = poll
        self._wake = {name: asyncio.Event() for name in sinks}

    async def run(self) -> None:
        """Deliver until cancelled."""
        await self._register()
        async with asyncio.TaskGroup() as group:
            group.create_task(listen(self._dsn, CHANNEL, self._notified))
            for name, sink in self._sinks.items():
                group.create_task(self._serve(name, sink))

    def _notified(self, _payload: str) -> None:
        for event in self._wake.values():
            event.set()

    async def _register(self) -> None:
        async with self._db.tx() as tx:
            for name in self._sinks:
                await tx.run("insert into outbox_sinks (name) values ($1) on conflict do nothing", name)
            # After a dump was restored into another cluster, transaction numbers begin anew: rows and positions that
            # lie ahead of this cluster's would wait for ever. They are delivered again instead.
            await tx.run(
                "update outbox_sinks set last_tx = '0', last_id = 0"
                " where last_tx > pg_snapshot_xmax(pg_current_snapshot())"
            )
            await tx.run(
                "update outbox set tx = pg_current_xact_id() where tx > pg_snapshot_xmax(pg_current_snapshot())"
            )

    async def _serve(self, name: str, sink: Sink) -> None:
        while True:
            try:
                async with self._alone(name):
                    await self._deliver_for_ever(name, sink)
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError) as error:
                log.warning("outbox.sink_disconnected", sink=name, error=str(error))
            await asyncio.sleep(1.0)

    @contextlib.asynccontextmanager
    async def _alone(self, name: str) -> AsyncGenerator[None]:
        """Hold the sink's advisory lock on a connection of its own."""
        connection: Any = await _asyncpg.connect(
            self._dsn, timeout=10, server_settings={"application_name": f"radiant sink {name}"}
        )
        try:
            # Asked again and again, and not waited for in SQL: a statement that waits keeps vacuum from its work.
            while not await connection.fetchval(  # noqa: ASYNC110
                "select pg_try_advisory_lock(hashtextextended('outbox ' || $1, 0))", name
            ):
                await asyncio.sleep(self._poll)
            yield
        finally:
            connection.terminate()

    async def _deliver_for_ever(self, name: str, sink: Sink) -> None:
        failures = 0
        while True:
            self._wake[name].clear()
            # Once refused, one at a time: the rest of a batch must not wait for, or repeat with, the bad one.
            events, positions = await self._next(name, 1 if failures else self._batch)
            if not events:
                # What is written but held up by an older open transaction gets no second notification.
                await self._sleep(name, 0.05 if await self._held_up(name) else self._poll)
                continue
            try:
                await sink(events)
            except Exception as error:
                failures += 1
                log.warning("outbox.sink_failed", sink=name, first=events[0].id, failures=failures, exc_info=True)
                if len(events) > 1 or failures < self._attempts:
                    await asyncio.sleep(min(0.05 * 2**failures, 30.0))
                    continue
                await self._set_aside(name, events[0], error)
            failures = 0
            await self._advance(name, positions[-1])

    async def _sleep(self, name: str, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._wake[name].wait()

    async def _next(self, name: str, limit: int) -> tuple[list[Event], list[tuple[str, int]]]:
        async with self._db.tx() as tx:
            rows = await tx.all(
                "select o.id, o.tenant_id, o.topic, o.payload, o.created_at, o.tx::text as tx"
                " from outbox_sinks s join outbox o on (o.tx, o.id) > (s.last_tx, s.last_id)"
                " where s.name = $1 and o.tx < pg_snapshot_xmin(pg_current_snapshot())"
                " order by o.tx, o.id limit $2",
                name,
                limit,
            )
        events = [Event(row["id"], row["tenant_id"], row["topic"], row["payload"], row["created_at"]) for row in rows]
        return events, [(row["tx"], row["id"]) for row in rows]

    async def _held_up(self, name: str) -> bool:
        async with self._db.tx() as tx:
            return await tx.value(
                "select exists (select from outbox_sinks s join outbox o on (o.tx, o.id) > (s.last_tx, s.last_id)"
                " where s.name = $1)",
                name,
            )

    async def _advance(self, name: str, position: tuple[str, int]) -> None:
        async with self._db.tx() as tx:
            await tx.run(
                "update outbox_sinks set last_tx = $2::text::xid8, last_id = $3, updated_at = current_timestamp"
                " where name = $1 and (last_tx, last_id) < ($2::text::xid8, $3)",
                name,
                *position,
            )

    async def _set_aside(self, name: str, event: Event, error: Exception) -> None:
        async with self._db.tx() as tx:
            await tx.run(
                "insert into outbox_refused (tenant_id, sink, event_id, topic, payload, error)"
                " values ($1, $2, $3, $4, $5, $6) on conflict do nothing",
                event.tenant_id,
                name,
                event.id,
                event.topic,
                event.payload,
                f"{type(error).__name__}: {error}"[:4000],
            )
        log.error("outbox.event_refused", sink=name, id=event.id, topic=event.topic)
