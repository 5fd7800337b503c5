"""Refits of the catalogue's figures of quality to what people and judges said: made by a job, put in force where they
foretell better, and taken back by the operator. They are the platform's, name nobody and hold no text."""

import asyncio
import math
from collections.abc import Collection, Mapping, Sequence

import structlog

from radiant.ai.catalog import store as catalog
from radiant.ai.routing import refits_store as store
from radiant.ai.routing.calibration import Shifts, recalibrated
from radiant.ai.routing.evidence import Seen, Sums, sums_of
from radiant.ai.routing.problems import NoSuchRefit
from radiant.ai.routing.schemas import Refit
from radiant.foundation.identity import trail
from radiant.foundation.identity.callers import Caller
from radiant.infra.db import Database, Row, TenantDb

_DAYS, _OF_TENANT, _MOST = 180, 2_000, 20_000
# Fewer judged decisions say nothing, and so many must be new since the last time.
_LEAST, _LEAST_NEW = 400, 100
_SHOWN = 20

log = structlog.get_logger()


async def refit_priors(database: Database) -> int | None:
    """Fit anew where enough was judged, and put it in force where it is better; its version."""
    async with database.system("routing refits").tx() as tx:
        decisions = await store.judged(tx, _DAYS, _OF_TENANT, _MOST)
        last = await store.newest(tx)
        fresh = sum(last is None or row["created_at"] > last for row in decisions)
        if len(decisions) < _LEAST or fresh < _LEAST_NEW:
            return None
        now = await store.shifts(tx)
        learned = sums_of(await store.evidence(tx), None)
        priors = {model.model_id: recalibrated(model.quality, now.get(model.model_id))
                  for model in await catalog.all_models(tx)}  # fmt: skip
    found = await asyncio.to_thread(_fit, decisions[::-1], priors, learned)
    shifts = _added(now, found.shifts)
    async with database.system("routing refits").tx() as tx:
        version = await store.insert(
            tx, shifts, found.judged, found.held_out, found.loss_before, found.loss_after, found.gain_low
        )
        # Somebody who put another in force meanwhile has the last word: this one was tried beside the former.
        if found.better and await store.shifts(tx) == now:
            await store.deactivate(tx)
            await store.activate(tx, version)
    log.info("routing.refitted", version=version, judged=found.judged, better=found.better, gain_low=found.gain_low)
    return version


def _fit(decisions: Sequence[Row], priors: Mapping[str, Mapping[str, float]], learned: Sums):
    # Computes with numpy, which is read here: in the thread.
    from radiant.ai.routing.quality import Quality
    from radiant.ai.routing.refit import Judged, refit

    quality = Quality(priors, learned)
    judged: list[Judged] = []
    for row in decisions:
        seen = Seen(row["task"], row["difficulty"], row["cell"])
        mean = min(max(float(quality.estimate([row["model"]], seen).mean[0]), 0.01), 0.99)
        judged.append(Judged(row["model"], row["task"], row["rating"], row["propensity"], math.log(mean / (1 - mean))))
    return refit(judged)


def _added(before: Shifts, more: Shifts) -> dict[str, dict[str, float]]:
    found = {model: dict(of) for model, of in before.items()}
    for model, of in more.items():
        mine = found.setdefault(model, {})
        for task, shift in of.items():
            mine[task] = round(mine.get(task, 0.0) + shift, 4)
    return found


async def refits(db: TenantDb, models: Collection[str]) -> list[Refit]:
    """The newest, and the one in force, as they move these models: others may be a single workspace's own."""
    async with db.tx() as tx:
        rows = await store.page(tx, _SHOWN)
    for row in rows:
        row["shifts"] = {model: of for model, of in row["shifts"].items() if model in models}
    return [Refit.model_validate(row) for row in rows]


async def put_in_force(database: Database, caller: Caller, version: int | None, models: Collection[str]) -> list[Refit]:
    """Have a version's shifts, or (None) the catalogue's own figures. Raises NoSuchRefit, Forbidden."""
    caller.require_operator()
    async with database.system("routing refits").tx() as tx:
        if version is not None and not await store.exists(tx, version):
            raise NoSuchRefit(f"there is no version {version}; GET /api/routing/refits lists those that there are")
        await store.deactivate(tx)
        if version is not None:
            await store.activate(tx, version)
        await trail.record_system(
            tx, None, "routing_refit.put_in_force", user_id=caller.user_id, ip=caller.ip,
            request_id=caller.request_id, version=version,
        )  # fmt: skip
    return await refits(caller.db(database), models)
