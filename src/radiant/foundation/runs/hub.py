"""Runs that are live in this process: their tasks, their events, their readers.

Readers get an event at once, from memory; it is written at most 200 ms later. A kill -9 loses at most those, and the
event that then ends the run is numbered past them, so no reader misses the end.
"""

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import structlog

from radiant.foundation.runs import store
from radiant.foundation.runs.schemas import RunEvent, RunState
from radiant.infra.db import Database, TenantDb, Tx
from radiant.kit.errors import Conflict, NotFound, Problem
from radiant.kit.ids import RunId

log = structlog.get_logger()

LEASE = timedelta(seconds=15)
_RENEW_SECONDS = 4.0
_FLUSH_SECONDS = 0.2
_POLL_SECONDS = 0.3
_BATCH = 500
_MOST_LIVE = 200


def _started_at(pid: int) -> str:
    """When that process began, in clock ticks since boot: a pid may be used again."""
    with contextlib.suppress(OSError, IndexError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    return ""


def owner_name() -> str:
    """This process, as leases name it."""
    return f"{socket.gethostname()}/{os.getpid()}/{_started_at(os.getpid())}"


def is_dead(owner: str) -> bool:
    """Whether that owner was a process of this machine that is gone."""
    parts = owner.split("/")
    if len(parts) != 3 or parts[0] != socket.gethostname() or not parts[1].isdigit():
        return False
    return _started_at(int(parts[1])) != parts[2]


@dataclass(slots=True)
class RunLog:
    """The events of one live run. `append` is synchronous and never waits for the database."""

    db: TenantDb
    run_id: RunId
    owner: str
    events: list[RunEvent] = field(default_factory=list[RunEvent])
    cancel_requested: bool = False
    ended: bool = False
    finishing: bool = False
    """Its end is being written: who cancels it now would lose what belongs to the end."""
    _written: int = 0
    _changed: asyncio.Event = field(default_factory=asyncio.Event)
    _writing: asyncio.Lock = field(default_factory=asyncio.Lock)

    def append(self, kind: str, data: dict[str, Any]) -> None:
        """Add the next event and wake the readers."""
        self.events.append(RunEvent(len(self.events) + 1, kind, data))
        self._wake()

    async def flush(self) -> None:
        """Write what was not written yet."""
        async with self._writing:
            pending = self.events[self._written :]
            if pending:
                async with self.db.tx() as tx:
                    await store.append(tx, self.run_id, pending)
                self._written += len(pending)

    async def finish(
        self,
        state: RunState,
        kind: str,
        data: dict[str, Any],
        also: Callable[[Tx], Awaitable[None]] | None = None,
    ) -> None:
        """End the run: its state, its last event and what `also` writes, in one transaction."""
        self.finishing = True
        await self.flush()
        last = RunEvent(len(self.events) + 1, kind, data)
        async with self._writing:
            async with self.db.tx() as tx:
                if await store.finish(tx, self.run_id, state, data if state == "failed" else None):
                    if also is not None:
                        await also(tx)  # it may add to `data`, so the event is written after it
                    await store.append(tx, self.run_id, [last])
            self._written += 1
        self.events.append(last)
        self.ended = True
        self._wake()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def follow(self, after: int) -> AsyncGenerator[RunEvent]:
        """Events past `after` until the end."""
        position = after
        while True:
            changed = self._changed
            while position < len(self.events):
                event = self.events[position]
                position += 1
                yield event
            if self.ended:
                return
            await changed.wait()


Body = Callable[[RunLog], Awaitable[None]]


class RunHub:
    """Starts runs in this process and lets anyone who may see a run follow it."""

    def __init__(self) -> None:
        self.owner = owner_name()
        self._live: dict[RunId, tuple[RunLog, asyncio.Task[None]]] = {}

    def start(self, db: TenantDb, run_id: RunId, body: Body) -> None:
        """Run `body` apart from the request that asked for it. It ends the log itself, on cancellation too."""
        run = RunLog(db, run_id, self.owner)
        self._live[run_id] = (run, asyncio.create_task(self._supervise(run, body), name=f"run {run_id}"))

    async def _supervise(self, run: RunLog, body: Body) -> None:
        keeper = asyncio.create_task(self._keep(run))
        try:
            await body(run)
            if not run.ended:
                raise RuntimeError("the body of a run ended without ending the run")
        except asyncio.CancelledError:
            if not run.ended:
                await run.finish("cancelled" if run.cancel_requested else "failed", "failed", INTERRUPTED)
        except Exception as error:
            log.error("run.bug", run_id=str(run.run_id), exc_info=error)
            with contextlib.suppress(Exception):
                await run.finish("failed", "failed", BUG)
        finally:
            keeper.cancel()
            self._live.pop(run.run_id, None)

    async def _keep(self, run: RunLog) -> None:
        """Write events every 200 ms while there are new ones; renew the lease; notice a cancel asked elsewhere."""
        elapsed = 0.0
        while True:
            await asyncio.sleep(_FLUSH_SECONDS)
            elapsed += _FLUSH_SECONDS
            try:
                await run.flush()
                if elapsed >= _RENEW_SECONDS:
                    elapsed = 0.0
                    async with run.db.tx() as tx:
                        cancel = await store.renew(tx, run.run_id, self.owner, LEASE)
                    if cancel or cancel is None:
                        self._stop(run.run_id, asked=bool(cancel))
            except Exception as error:  # noqa: BLE001 - the database may be away: keep the events and try again
                log.warning("run.flush_failed", run_id=str(run.run_id), error=str(error))

    def _stop(self, run_id: RunId, *, asked: bool) -> None:
        found = self._live.get(run_id)
        if found is not None and not found[0].cancel_requested and not found[0].finishing:
            found[0].cancel_requested = asked
            found[1].cancel()

    async def cancel(self, db: TenantDb, run_id: RunId) -> None:
        """Ask a run to stop, wherever it runs. Raises NotFound."""
        async with db.tx() as tx:
            if not await store.request_cancel(tx, run_id):
                raise NotFound("there is no such run")
        self._stop(run_id, asked=True)

    async def follow(self, db: TenantDb, run_id: RunId, after: int) -> AsyncGenerator[RunEvent]:
        """Events of a run past `after`, live or from the database, until it ends. Raises NotFound."""
        async with db.tx() as tx:
            if await store.get(tx, run_id) is None:
                raise NotFound("there is no such run")
        return self._follow(db, run_id, after)

    async def _follow(self, db: TenantDb, run_id: RunId, after: int) -> AsyncGenerator[RunEvent]:
        live = self._live.get(run_id)
        if live is not None:
            async with contextlib.aclosing(live[0].follow(after)) as events:
                async for event in events:
                    yield event
            return
        while True:
            async with db.tx() as tx:
                # State first: a run that had ended before the read has written all its events.
                run = await store.get(tx, run_id)
                events = await store.events_after(tx, run_id, after, _BATCH)
            for event in events:
                after = event.seq
                yield event
                if event.is_last:
                    return
            if run is None or (run["finished_at"] is not None and not events):
                return
            if len(events) < _BATCH:
                await asyncio.sleep(_POLL_SECONDS)

    async def close(self) -> None:
        """Stop all runs of this process; each writes what it had."""
        tasks = [task for _, task in self._live.values()]
        for run, task in self._live.values():
            if not run.finishing:
                task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def must_have_room(self) -> None:
        """Raises Conflict where as many runs are live here as may be."""
        if len(self) >= _MOST_LIVE:
            raise Conflict("too many answers are being written here; try again in a moment")

    def __len__(self) -> int:
        return len(self._live)


class Interrupted(Problem):
    """The server stopped while this ran."""

    status, slug, title = 503, "interrupted", "Interrupted"


INTERRUPTED = {
    "slug": Interrupted.slug,
    "title": Interrupted.title,
    "detail": "the server stopped while this was being answered; try again",
}
BUG = {"slug": "internal", "title": "Internal", "detail": "something went wrong on our side; try again"}

OnAbandoned = Callable[[Tx, RunId, dict[str, Any]], Awaitable[None]]


async def end_abandoned(database: Database, on_abandoned: dict[str, OnAbandoned]) -> int:
    """End runs whose process died, and let the slice of their kind keep what was said; how many there were."""
    system = database.system("runs: abandoned")
    async with system.tx() as tx:
        owners = await store.owners(tx)
    dead = await asyncio.to_thread(lambda: [owner for owner in owners if is_dead(owner)])
    async with system.tx() as tx:
        rows = await store.expired(tx, dead, 200)
    for row in rows:
        db = database.tenant(row["tenant_id"], row["user_id"])
        async with db.tx() as tx:
            if not await store.finish(tx, row["id"], "failed", INTERRUPTED):
                continue
            seq = await store.last_seq(tx, row["id"]) + store.CRASH_GAP
            await store.append(tx, row["id"], [RunEvent(seq, "failed", INTERRUPTED)])
            handler = on_abandoned.get(row["kind"])
            if handler is not None:
                await handler(tx, row["id"], INTERRUPTED)
    return len(rows)
