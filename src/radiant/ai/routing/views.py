"""The statistics as each tenant sees them, as this process keeps them."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any

import structlog

from radiant.ai.routing import refits_store, store
from radiant.ai.routing.calibration import Shifts
from radiant.ai.routing.evidence import Sums, sums_of
from radiant.ai.routing.statistics import PLACES, Figures, Key, View
from radiant.infra.changes import Changes, Kept
from radiant.infra.db import Database, Row, TenantDb, Tx
from radiant.kit.clock import utc_now
from radiant.kit.ids import TenantId

log = structlog.get_logger()

# How old a view may be while a newer one is read.
_STALE_SECONDS = 2.0
_MOST = 2_000

_Rows = Callable[[Tx], Awaitable[Sequence[Row]]]
_Parts = tuple[dict[Key, Figures], dict[Key, Figures], Sums, Sums, Shifts]
"""Of a view: the tenant's figures and everybody's, the tenant's evidence and everybody's, the refit in force."""


def of_tenant(kept: Kept[TenantId, Any], tenant_id: TenantId | None) -> None:
    """Forget what is kept of a tenant; of None: of all."""
    kept.forget(None if tenant_id is None else lambda tenant, _: tenant == tenant_id)


class Views:
    """Made once, by the Brain. While a newer view is read, the one before may serve for a moment, so that nobody waits
    each time that something was counted."""

    def __init__(self, database: Database, changes: Changes) -> None:
        self._database = database
        self._own: Kept[TenantId, dict[Key, Figures]] = Kept(changes, most=_MOST)
        self._everybody: Kept[str, dict[Key, Figures]] = Kept(changes)
        self._own_learned: Kept[TenantId, Sums] = Kept(changes, most=_MOST)
        self._learned: Kept[str, Sums] = Kept(changes)
        self._shifts: Kept[str, Shifts] = Kept(changes)
        changes.subscribe("brain_tenant_statistics", partial(of_tenant, self._own))
        changes.subscribe("brain_tenant_evidence", partial(of_tenant, self._own_learned))
        changes.subscribe("brain_model_statistics", lambda _: self._everybody.forget())
        changes.subscribe("brain_model_evidence", lambda _: self._learned.forget())
        changes.subscribe("brain_refits", lambda _: self._shifts.forget())
        self._views: OrderedDict[TenantId, tuple[_Parts, View, float]] = OrderedDict()
        self._reading: set[asyncio.Task[View]] = set()

    def recent(self, tenant_id: TenantId) -> View | None:
        """The view where it is here, a moment old at most."""
        kept = self._views.get(tenant_id)
        if kept is None:
            return None
        parts, view, seen = kept
        now = time.monotonic()
        if (
            self._own.get(tenant_id) is parts[0] and self._everybody.get("") is parts[1]
            and self._own_learned.get(tenant_id) is parts[2] and self._learned.get("") is parts[3]
            and self._shifts.get("") is parts[4]
        ):  # fmt: skip
            if now - seen > _STALE_SECONDS / 4:
                self._views[tenant_id] = parts, view, now
            return view
        if now - seen > _STALE_SECONDS:
            return None
        if not self._reading:
            task = asyncio.create_task(self.read(self._database.tenant(tenant_id)))
            self._reading.add(task)
            task.add_done_callback(self._was_read)
        return view

    def _was_read(self, task: "asyncio.Task[View]") -> None:
        self._reading.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.warning("routing.statistics_not_read", error=repr(error))

    async def read(self, db: TenantDb) -> View:
        """The view as it is now."""
        tenant_id = db.tenant_id
        parts = (
            await self._own.read(tenant_id, lambda: _figures(db, store.own)),
            await self._everybody.read("", lambda: _figures(db, store.everybody)),
            await self._own_learned.read(tenant_id, lambda: _sums(db, store.own_evidence, str(tenant_id))),
            await self._learned.read("", lambda: _sums(db, store.evidence, None)),
            await self._shifts.read("", lambda: _shifts(db)),
        )
        kept = self._views.get(tenant_id)
        if kept is not None and all(was is now for was, now in zip(kept[0], parts, strict=True)):
            view = kept[1]
        else:
            view = View(*parts)
            for model, place in () if kept is None else kept[1].asked:
                # Whoever is routed next finds ready what was asked of the one before.
                view.of(model, place)
                await asyncio.sleep(0)
        self._views[tenant_id] = parts, view, time.monotonic()
        self._views.move_to_end(tenant_id)
        if len(self._views) > _MOST:
            self._views.popitem(last=False)
        return view


async def _figures(db: TenantDb, rows_of: _Rows) -> dict[Key, Figures]:
    async with db.tx() as tx:
        rows = await rows_of(tx)
    now, found = utc_now(), dict[Key, Figures]()
    for row in rows:
        if row["task_type"] in PLACES:
            found[row["model"], row["task_type"]] = Figures.of_row(row, now)
            await asyncio.sleep(0)  # a sketch takes as long as half a decision
    return found


async def _sums(db: TenantDb, rows_of: _Rows, tenant: str | None) -> Sums:
    async with db.tx() as tx:
        return sums_of(await rows_of(tx), tenant)


async def _shifts(db: TenantDb) -> Shifts:
    async with db.tx() as tx:
        return await refits_store.shifts(tx)
