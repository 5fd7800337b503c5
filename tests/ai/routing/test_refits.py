"""Refits of the catalogue's figures of quality: fitted to what was judged, put in force where they foretell better, taken
back by the operator."""

import random
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from radiant.ai.routing.calibration import recalibrated
from radiant.ai.routing.needs import TaskType
from radiant.ai.routing.refit import Judged, refit
from radiant.ai.routing.refits import refit_priors
from radiant.infra.db import Database
from radiant.infra.jobs import Job
from radiant.kit.ids import uuid7
from radiant.worker import registry
from tests.ai.routing.test_learning import row_of
from tests.kit.fixtures import Callers
from tests.kit.people import Tenant
from tests.kit.server import Client, Server
from tests.kit.upstream import Upstream

TASKS: tuple[TaskType, ...] = ("chat", "code")


def decisions(good: dict[tuple[str, TaskType], float], number: int, seed: int = 1) -> list[Judged]:
    """Judged as those models are good there, an even chance being expected of all."""
    numbers = random.Random(seed)
    return [
        Judged(model, task, float(numbers.random() < good[model, task]), 1.0, 0.0)
        for model, task in (numbers.choice(list(good)) for _ in range(number))
    ]


def test_f11_12_a_refit_finds_by_model_and_task_what_was_expected_wrongly() -> None:
    found = refit(decisions({("a", "chat"): 0.8, ("a", "code"): 0.5, ("b", "chat"): 0.5, ("b", "code"): 0.2}, 2000))
    a, b = found.shifts["a"], found.shifts["b"]
    assert a[""] + a["chat"] > 0.5 > 0.2 > abs(a[""] + a["code"])
    assert b[""] + b["code"] < -0.5 < -0.2 < b[""] + b["chat"]
    assert found.better
    assert found.loss_after < found.loss_before
    assert (found.judged, found.held_out) == (1600, 400)


def test_a_refit_of_what_was_expected_rightly_is_hardly_ever_called_better() -> None:
    fair = {(model, task): 0.5 for model in ("a", "b", "c") for task in TASKS}
    assert sum(refit(decisions(fair, 500, seed)).better for seed in range(100)) <= 3


def test_what_is_rarely_chosen_counts_as_if_it_were_tried_as_often() -> None:
    def tried(propensity: float) -> float:
        # Of a model that changed since: what it was fitted to speaks for it, what came later against.
        before = [Judged("often", "chat", 0.5, 1.0, 0.0)] * 300 + [Judged("rare", "chat", 1.0, 1.0, 0.0)] * 100
        later = [Judged("often", "chat", 0.5, 1.0, 0.0)] * 90 + [Judged("rare", "chat", 0.0, propensity, 0.0)] * 10
        found = refit([*before, *later])
        return found.loss_after - found.loss_before

    assert tried(0.1) > 4 * tried(1.0) > 0


def test_a_shift_moves_a_figure_in_logits_and_knows_nothing_beyond_its_tasks() -> None:
    moved = recalibrated({"overall": 0.5, "code": 0.8}, {"": 1.0, "code": -1.0})
    assert moved["code"] == pytest.approx(0.8)
    assert moved["chat"] == moved["overall"] == pytest.approx(0.731, abs=0.001)
    assert recalibrated({"code": 0.8}, None) == {"code": 0.8}
    assert recalibrated({}, {"": 9.0})["chat"] < 1


async def judge(
    owner: Any, tenant: Tenant, number: int, share: float = 1.0, model: str = "gpt-4o-mini", hours: float = 0
) -> None:
    """Decisions of one model, such a share of which was found good; made so many hours from now."""
    numbers, now = random.Random(2), datetime.now(UTC) + timedelta(hours=hours)
    await owner.executemany(
        "insert into brain_routing_history (id, tenant_id, user_id, task_type, selected_model, rating, counted,"
        " ended_at, created_at) values ($1, $2, $3, 'code', $4, $5, true, now(), $6)",
        [
            (uuid7(), tenant.id, tenant.user_id, model, float(numbers.random() < share), now - timedelta(seconds=at))
            for at in range(number)
        ],
    )


async def quality(server: Server, who: Client, model: str = "gpt-4o-mini") -> float:
    await server.app.state.changes.caught_up()
    tasks = {task["task_type"]: task for task in (await row_of(who, model))["tasks"]}
    return tasks["code"]["quality"]["mean"]


async def test_a_refit_waits_for_enough_holds_for_all_and_can_be_taken_back(
    server: Server, callers: Callers, upstream: Upstream, db: Database, owner: Any
) -> None:
    everybody = (callers.member, callers.foreign_owner)
    before = [await quality(server, who) for who in everybody]
    await judge(owner, callers.tenant, 300)
    assert await refit_priors(db) is None, "too little was judged"
    await judge(owner, callers.other_tenant, 300)
    first = await refit_priors(db)
    assert first is not None
    after = [await quality(server, who) for who in everybody]
    assert after[0] == after[1] > before[0] == before[1]
    assert await refit_priors(db) is None, "nothing is new"

    (shown,) = (await callers.member.get("/api/routing/refits")).json()["items"]
    assert (shown["version"], shown["is_active"], shown["judged"], shown["held_out"]) == (first, True, 480, 120)
    assert shown["gain_low"] > 0 < shown["shifts"]["gpt-4o-mini"][""]
    assert shown["loss_after"] < shown["loss_before"]

    # What came later says otherwise: another version, beside which the former is kept.
    await owner.execute("delete from brain_routing_history")
    await judge(owner, callers.tenant, 500, share=0.0, hours=1)
    second = await refit_priors(db)
    assert second is not None
    assert await quality(server, callers.member) < before[0]

    path = "/api/routing/refits/active"
    for who, status in ((callers.owner, 403), (callers.member, 403), (callers.nobody, 401)):
        assert (await who.put(path, {"version": first})).status == status
    unknown = await callers.operator.put(path, {"version": 10_000})
    assert (unknown.status, unknown.json()["type"].endswith("no-such-refit")) == (404, True)
    back = await callers.operator.put(path, {"version": first})
    assert [(one["version"], one["is_active"]) for one in back.json()["items"]] == [(second, False), (first, True)]
    assert await quality(server, callers.member) == pytest.approx(after[0])
    assert (await callers.operator.put(path, {"version": None})).status == 200
    assert await quality(server, callers.member) == pytest.approx(before[0])


async def test_the_worker_refits_each_night(server: Server, callers: Callers, db: Database, owner: Any) -> None:
    none = SimpleNamespace(handle=None, register=bool, rotating=SimpleNamespace(handle=None, gave_up=None))
    state = server.app.state
    runtime = SimpleNamespace(database=db, kms=state.kms, settings=state.settings, objects=state.objects)
    jobs = registry(cast(Any, runtime), *(cast(Any, none) for _ in range(4)))
    assert jobs.schedules["routing refit"] == "41 3 * * *"
    await judge(owner, callers.tenant, 500)
    # A night whose job is taken twice, since its first worker died, makes one version.
    for attempt in (1, 2):
        await jobs.kinds["routing refit"].handler(Job(1, "routing refit", {}, None, None, attempt))
    assert await owner.fetchval("select count(*) from brain_refits") == 1


async def test_a_refit_that_is_not_better_is_kept_and_not_put_in_force(
    server: Server, callers: Callers, upstream: Upstream, db: Database, owner: Any
) -> None:
    expected = await quality(server, callers.member)
    await judge(owner, callers.tenant, 500, share=expected)
    assert await refit_priors(db) is not None
    (shown,) = (await callers.member.get("/api/routing/refits")).json()["items"]
    assert (shown["is_active"], shown["gain_low"] <= 0) == (False, True)
    assert await quality(server, callers.member) == pytest.approx(expected)


async def test_a_refit_tells_nobody_of_models_that_others_alone_have(
    callers: Callers, upstream: Upstream, db: Database, owner: Any
) -> None:
    await judge(owner, callers.tenant, 300)
    await judge(owner, callers.other_tenant, 300, model="theirs-alone")
    assert await refit_priors(db) is not None
    assert "theirs-alone" in await owner.fetchval("select shifts::text from brain_refits")
    for who in (callers.member, callers.operator):
        (shown,) = (await who.get("/api/routing/refits")).json()["items"]
        assert set(shown["shifts"]) == {"gpt-4o-mini"}


async def test_a_refit_names_no_tenant_and_no_single_one_outweighs_the_others(
    db: Database, two_tenants: tuple[Tenant, Tenant], owner: Any
) -> None:
    ours, theirs = two_tenants
    await judge(owner, ours, 2500)
    await judge(owner, theirs, 300, share=0.0, model="gpt-4o")
    assert await refit_priors(db) is not None
    row = await owner.fetchrow("select * from brain_refits")
    assert row["judged"] + row["held_out"] == 2300, "of each tenant the newest 2,000"
    assert {name for name in dict(row) if name.endswith("_id") or name in ("prompt", "text")} == set()
