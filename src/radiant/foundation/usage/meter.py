"""Admits calls and accounts for them, off the database's path.

`admit` checks shares in memory and notes the call in the journal; `Ticket.finish` notes its end. A task brings the
journal into the ledger at most a fifth of a second later. A call costs no trip to the database while the shares last.
"""

import asyncio
import contextlib
import socket
import time
import weakref
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from uuid import UUID

import structlog

from radiant.foundation.usage import leases_store, ledger_store, noted, recovery
from radiant.foundation.usage.bounds import (
    Bound,
    Bounds,
    Budget,
    Holder,
    Taken,
    bound_of,
    limit_headers,
    refresh,
    to_nano,
)
from radiant.foundation.usage.drain import Behind, Drain
from radiant.foundation.usage.journal import SEGMENT_BYTES, Journal, JournalFull, Position
from radiant.foundation.usage.records import END_BYTES, Admission, Row, encode_admission, encode_end
from radiant.foundation.usage.schemas import NewCall, Outcome
from radiant.foundation.usage.shares import Share
from radiant.foundation.usage.writer import BATCH, Written, write
from radiant.infra.changes import Changes, Kept
from radiant.infra.db import AWAY, Database, Tx
from radiant.kit.errors import Unavailable
from radiant.kit.ids import ApiKeyId, TenantId, UserId, uuid7

log = structlog.get_logger()

_KEEP_SECONDS = 0.25
_RENEW_SECONDS = 15.0
_TAKE_OVER_SECONDS = 30.0
# An idle share is given back after so long; at once where the bound is nearly used up.
_IDLE_SECONDS, _IDLE_TIGHT_SECONDS = 1.0, 0.2
_FLUSH_SECONDS = 15.0
_TOUCH_SECONDS = 60.0
# Rounds of drawing and finding that others were faster.
_ROUNDS = 50


class LedgerUnavailable(Unavailable):
    """The database is needed (to draw a share, to be up to date) and is away."""

    slug = "ledger-unavailable"


class Ticket:
    """A call that was let in. Whoever holds it finishes it, once, whatever happened to the call."""

    __slots__ = ("_at", "_meter", "_payload", "_taken", "id")

    def __init__(self, meter: "Meter", id_: UUID, payload: bytes, taken: tuple[Taken, ...], at: float) -> None:
        self.id = id_
        self._meter = meter
        self._payload: bytes | None = payload
        self._taken = taken
        self._at = at

    @property
    def headers(self) -> Mapping[str, str]:
        """What the limits leave: x-ratelimit-… by OpenAI's names, x-radiant-budget-remaining, x-radiant-warning."""
        return limit_headers(self._taken, self._at) if self._taken else {}

    def finish(self, outcome: Outcome) -> None:
        """Note how the call ended; a second time does nothing. Never raises."""
        payload, self._payload = self._payload, None
        if payload is not None:
            self._meter.end(payload, self._taken, outcome)


class Meter:
    """One per process, made by a root: `async with Meter(database, folder, changes) as meter`.

    `folder` lies on a disk of this machine; each process has a folder of its own in it. `on_written` hears of calls
    once they are in the ledger, in a thread.
    """

    def __init__(
        self,
        database: Database,
        folder: Path,
        changes: Changes,
        *,
        clock: Callable[[], float] = time.time,
        every: float = 0.2,
        lease: timedelta = timedelta(seconds=60),
        segment_bytes: int = SEGMENT_BYTES,
        on_written: Callable[[Sequence[Row]], None] = lambda _: None,
    ) -> None:
        self._database = database
        self._on_written = on_written
        self._root = folder
        self._clock = clock
        self._lease = lease
        self._journal = Journal(folder, segment_bytes)
        self._drain = Drain(self._journal, self._write, batch=BATCH, name="ledger", every=every)
        self._holder = Holder(str(self._journal.id), database, lease, set())
        self._known: weakref.WeakValueDictionary[UUID, Bound] = weakref.WeakValueDictionary()
        self._bounds: Kept[tuple[TenantId, UserId, ApiKeyId | None], Bounds] = Kept(changes)
        for table in ("budgets", "rate_limits"):
            changes.subscribe(table, self._changed)
        # Calls under way, by the bytes of their ids.
        self._open: set[bytes] = set()
        self._touched: OrderedDict[UUID, float] = OrderedDict()
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> "Meter":
        await self._journal.open()
        try:
            await recovery.take_over(self._database, self._root)
            await self._register()
        except AWAY as error:
            # Both are tried again.
            log.warning("usage.database_away", error=repr(error))
        self._tasks = [asyncio.create_task(self._drain.run()), asyncio.create_task(self._keep_for_ever())]
        return self

    async def __aexit__(self, *_: object) -> None:
        """Write what there is and give everything back. Calls still open, and all of it where the database is away,
        are left to the next process."""
        whole = False
        try:
            await self.flush()
            whole = not self._open
        except LedgerUnavailable as error:
            log.warning("usage.journal_left", journal=self._holder.id, error=error.detail)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if whole:
            try:
                await recovery.end(self._database, self._journal.id)
            except AWAY as error:
                whole = False
                log.warning("usage.journal_left", journal=self._holder.id, error=str(error))
        await self._journal.close(remove=whole)

    # Admission

    async def admit(self, tenant_id: TenantId, call: NewCall) -> Ticket:
        """Let a call in and note it, before anything goes upstream.

        Raises BudgetExceeded, RateLimited, LedgerUnavailable, JournalFull, and then nothing is taken.
        """
        key = tenant_id, call.user_id, call.api_key_id
        for _ in range(_ROUNDS):
            bounds = self._bounds.get(key)
            if bounds is None:
                bounds = await self._read_bounds(key)
            now, mono = self._clock(), time.monotonic()
            taken: list[Taken] = []
            budgets: list[UUID] = []
            for bound in bounds.of(call.model):
                share, need = bound.share_at(now), bound.need(call)
                if not share.has(need, mono):
                    await self._draw(bound, share, need, call)
                    break
                taken.append((bound, share, need))
                if bound.meter == "budget":
                    budgets.append(bound.id)
            else:
                # A call goes by the id of the decision that led to it, so that feedback finds it.
                id_ = call.decision_id or uuid7()
                admission = Admission(id_, tenant_id, int(now * 1_000_000), call, tuple(budgets))
                payload = encode_admission(admission)
                later = len(payload) + END_BYTES
                if not self._journal.append(payload, later):
                    await self._journal.make_room()
                    continue
                for _, share, need in taken:
                    share.take(need, mono)
                self._open.add(payload[1:17])
                self._drain.noted()
                return Ticket(self, id_, payload, tuple(taken), now)
        raise LedgerUnavailable("too many calls ask for the last of a budget or limit at once; try again")

    async def _draw(self, bound: Bound, share: Share, need: int, call: NewCall) -> None:
        try:
            enough = await share.ensure(need)
        except AWAY as error:
            raise LedgerUnavailable(
                "the database that holds budgets and limits does not answer; try again shortly"
            ) from error
        if bound.gone:
            self._changed(bound.tenant_id)
        elif not enough:
            raise bound.refusal(call, share, self._clock())

    async def _read_bounds(self, key: tuple[TenantId, UserId, ApiKeyId | None]) -> Bounds:
        try:
            return await self._bounds.read(key, partial(self._load, *key))
        except AWAY as error:
            raise LedgerUnavailable(
                "the database that holds budgets and limits does not answer; try again shortly"
            ) from error

    async def _load(self, tenant_id: TenantId, user_id: UserId, api_key_id: ApiKeyId | None) -> Bounds:
        async with self._database.tenant(tenant_id).tx() as tx:
            rows = await leases_store.applicable(tx, user_id, api_key_id)
        found: list[Bound] = []
        for row in rows:
            bound = self._known.get(row["id"])
            if bound is None:
                bound = self._known[row["id"]] = bound_of(self._holder, tenant_id, row)
            else:
                refresh(bound, row)
            found.append(bound)
        return Bounds(found)

    def _changed(self, tenant_id: TenantId | None) -> None:
        self._bounds.forget(None if tenant_id is None else lambda key, _: key[0] == tenant_id)

    def end(self, admitted: bytes, taken: tuple[Taken, ...], outcome: Outcome) -> None:
        """See Ticket.finish."""
        try:
            self._end(admitted, outcome)
        except Exception as error:
            # The admission stays: the next process settles the call at its estimate.
            log.error("usage.end_not_noted", call=str(UUID(bytes=admitted[1:17])), exc_info=error)
        if taken:
            here = self._journal.position
            for bound, share, need in taken:
                share.put(bound.unused(need, outcome), here)

    def _end(self, admitted: bytes, outcome: Outcome) -> None:
        kept = len(admitted) + END_BYTES
        payload = encode_end(admitted, outcome, int(self._clock() * 1_000_000))
        if len(payload) > kept:
            raise ValueError(f"the end of a call takes {len(payload)} bytes; {kept} were kept")
        self._journal.append_end(payload, kept)
        self._open.discard(admitted[1:17])
        self._drain.noted()

    async def note(
        self, tenant_id: TenantId, name: str, dimensions: Mapping[str, str], user_id: UserId | None = None
    ) -> None:
        """Note an event that is no call of a model (see noted). Never raises: what it speaks of is over."""
        payload = noted.encode(noted.Noted(tenant_id, int(self._clock() * 1_000_000), name, dimensions, user_id))
        try:
            while not self._journal.append(payload):
                await self._journal.make_room()
        except JournalFull as error:
            log.error("usage.event_not_noted", tenant=str(tenant_id), event=name, error=error.detail)
        else:
            self._drain.noted()

    # The writer

    async def flush(self) -> None:
        """Everything noted until now is in the ledger. Raises LedgerUnavailable."""
        try:
            await self._drain.flush(_FLUSH_SECONDS)
        except Behind as error:
            raise LedgerUnavailable(f"the ledger is not up to date: {error}") from error

    async def _write(self, before: Position, frames: list[bytes], after: Position) -> Position:
        written = await write(self._database, self._journal.id, before, frames, after)
        self._lend(written)
        if written.rows:
            await asyncio.to_thread(self._on_written, written.rows)
        with contextlib.suppress(*AWAY):  # Another call will say when its key was used last.
            await self._touch_keys(written)
        return written.position

    def _lend(self, written: Written) -> None:
        """What was spent beyond a lease is in the budget's sum already: the share does not owe it any more."""
        for short in written.shorts:
            for share in self._holder.shares:
                source = share.source
                if isinstance(source, Budget) and source.id == short.budget_id and (
                    share.start == short.period_start.timestamp() and source.share is share
                ):  # fmt: skip
                    share.avail += to_nano(short.amount)

    async def _touch_keys(self, written: Written) -> None:
        now = time.monotonic()
        due = [key for key in written.key_ids if now - self._touched.get(key, -_TOUCH_SECONDS) >= _TOUCH_SECONDS]
        if not due:
            return
        async with self._database.system("usage journal").tx() as tx:
            await ledger_store.touch_keys(tx, sorted(due))
        for key in due:
            self._touched[key] = now
            self._touched.move_to_end(key)
        while len(self._touched) > 10_000:
            self._touched.popitem(last=False)

    # Leases

    async def _register(self) -> None:
        async with self._database.system("usage journal").tx() as tx:
            await self._say_alive(tx)
            await leases_store.renew(tx, self._holder.id, self._lease)

    async def _keep_for_ever(self) -> None:
        renewed = looked = time.monotonic()
        while True:
            await asyncio.sleep(_KEEP_SECONDS)
            now = time.monotonic()
            try:
                if now - renewed >= min(_RENEW_SECONDS, self._lease.total_seconds() / 4):
                    await self._renew(now)
                    renewed = now
                if now - looked >= _TAKE_OVER_SECONDS:
                    looked = now
                    await recovery.take_over(self._database, self._root)
                await self._give_back()
            except AWAY as error:
                log.info("usage.leases_wait", error=repr(error))
            except Exception as error:
                log.error("usage.keeper_failed", exc_info=error)

    async def _say_alive(self, tx: Tx) -> None:
        host = socket.gethostname()
        await ledger_store.register(tx, self._journal.id, host, self._drain.written, self._lease)

    async def _renew(self, now: float) -> None:
        async with self._database.system("usage journal").tx() as tx:
            await self._say_alive(tx)
            held = await leases_store.renew(tx, self._holder.id, self._lease)
        for share in self._holder.shares:
            source = share.source
            # A lease that was freed meanwhile is found out by the next draw.
            if isinstance(source, Bound) and share.until > 0 and (not isinstance(source, Budget) or source.id in held):
                share.until = max(share.until, now + share.lasts)

    async def _give_back(self) -> None:
        now = self._clock()
        for share in list(self._holder.shares):
            over = not share.start <= now < share.ends
            await share.give_idle(0.0 if over else _IDLE_TIGHT_SECONDS if share.tight else _IDLE_SECONDS)
            quiet = over or time.monotonic() - share.used_at >= _IDLE_SECONDS
            if quiet and share.avail <= 0 and await share.close(self._drain.written):
                self._holder.shares.discard(share)
                source = share.source
                if isinstance(source, Bound) and source.share is share:
                    source.share = None
