"""Every exception that nobody expected in RADIANT itself is taken in, from wherever it comes, and costs nobody anything."""

import asyncio
import contextlib
import logging
import time
from pathlib import Path
from typing import Any

import pytest
import structlog

from radiant.foundation.error_tracking import routes as error_routes
from radiant.foundation.error_tracking.capture import Capture
from radiant.foundation.error_tracking.spool import Spool
from radiant.infra.db import Database
from radiant.infra.jobs import Job, Registry, enqueue_for_platform
from radiant.infra.jobs_worker import run_worker
from radiant.kit.errors import Problem
from tests.foundation.error_tracking.test_sdk import groups
from tests.kit import postgres
from tests.kit.fixtures import Callers
from tests.kit.server import Client, Server

log = structlog.get_logger()


class Broken(Exception):
    """A bug."""


async def seen(who: Client, least: int = 1) -> list[dict[str, Any]]:
    """The platform's groups, once there are so many."""
    for _ in range(100):
        found = await groups(who, "?scope=platform")
        if len(found) >= least:
            return found
        await asyncio.sleep(0.05)
    raise AssertionError(f"there are {len(found)} groups, not {least}")


async def test_a_bug_behind_the_api_is_the_platforms_with_its_stack_and_whose_request_it_was(
    server: Server, callers: Callers, monkeypatch: pytest.MonkeyPatch, owner: Any
) -> None:
    async def bug(*_: Any) -> None:
        raise Broken("order 17 is broken: password=hunter2")

    monkeypatch.setattr(error_routes.groups, "actions", bug)
    answer = await callers.owner.get("/api/errors/actions")
    assert answer.status == 500
    (found,) = await seen(callers.operator)
    assert (found["error_type"], found["severity"], found["users"]) == ("Broken", "error", 1)
    detail = (await callers.operator.get(f"/api/errors/groups/{found['id']}?scope=platform")).json()
    latest = detail["latest"]
    assert latest["request_id"] == answer.json()["request_id"]
    assert latest["source_service"] == "api"
    assert latest["context"]["tags"]["path"] == "/api/errors/actions"
    assert "hunter2" not in str(detail)
    frames = latest["context"]["chain"][-1]["frames"]
    assert any(frame["module"] == "radiant.foundation.error_tracking.routes" and frame["in_app"] for frame in frames)
    row = await owner.fetchrow("select tenant_id, user_id from error_logs")
    assert (row["tenant_id"], row["user_id"]) == (callers.tenant.id, callers.owner_id)
    assert await groups(callers.owner) == []


async def test_a_bug_behind_the_gateway_is_taken_in(
    server: Server, callers: Callers, key: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def bug(*_: Any, **__: Any) -> None:
        raise Broken("in the gateway")

    monkeypatch.setattr("radiant.doors.gateway.call.Call.body", bug)
    answer = await key.post("/v1/chat/completions", {"model": "gpt-4o", "messages": []})
    assert answer.status == 500
    (found,) = await seen(callers.operator)
    detail = (await callers.operator.get(f"/api/errors/groups/{found['id']}?scope=platform")).json()
    assert detail["latest"]["context"]["tags"]["path"] == "/v1/chat/completions"


async def test_what_is_expected_is_no_error(server: Server, callers: Callers) -> None:
    assert (await callers.owner.get("/api/chats/none")).status == 404
    assert (await callers.owner.post("/api/errors", {"message": ""})).status == 422
    await asyncio.sleep(0.3)
    assert await groups(callers.operator, "?scope=platform") == []


async def test_a_task_that_nobody_awaited_and_what_libraries_log_are_taken_in(
    server: Server, callers: Callers, caplog: pytest.LogCaptureFixture
) -> None:
    async def lost() -> None:
        raise Broken("in a task of its own")

    task = asyncio.create_task(lost())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    del task
    try:
        raise KeyError("library")
    except KeyError:
        logging.getLogger("library").exception("of a library")
    found = await seen(callers.operator, 2)
    assert {group["error_type"] for group in found} == {"Broken", "KeyError"}


async def test_a_job_that_fails_is_taken_in(
    server: Server, callers: Callers, db: Database, dsns: postgres.Dsns
) -> None:
    async def fail(_: Job) -> None:
        raise Broken("in a job")

    jobs = Registry()
    jobs.handle("broken", fail, attempts=1)
    async with db.system("test").tx() as tx:
        await enqueue_for_platform(tx, "broken")
    stop = asyncio.Event()
    worker = asyncio.create_task(run_worker(dsns.system, jobs, stop))
    try:
        found = await seen(callers.operator)
    finally:
        stop.set()
        await worker
    group = next(each for each in found if each["error_type"] == "Broken")
    detail = (await callers.operator.get(f"/api/errors/groups/{group['id']}?scope=platform")).json()
    assert detail["latest"]["context"]["tags"]["job"] == "broken"
    assert detail["latest"]["severity"] == "warning"


async def test_f14_4_reporting_raises_nothing_and_blocks_nothing_whatever_the_exception(
    db: Database, owner: Any, tmp_path: Path
) -> None:
    class Unspeakable(Exception):
        def __str__(self) -> str:
            raise RuntimeError("not even that")

    deep: Exception = Broken("0")
    for number in range(50):
        try:
            raise Broken(str(number)) from deep
        except Broken as raised:
            deep = raised
    async with Spool(db, tmp_path, 8 * 2**20) as spool, Capture(spool, "test") as capture:
        slowest = 0.0
        for error in (Unspeakable(), deep, Broken("\udcff surrogate \x00"), ExceptionGroup("g", [Broken("x")])):
            began = time.perf_counter()
            capture.see(error, {"event": "test", "thing": object()})
            slowest = max(slowest, time.perf_counter() - began)
        assert slowest < 0.05
        await capture.settle()
        await spool.flush()
    assert await owner.fetchval("select count(*) from error_logs") == 4


async def test_a_storm_of_one_kind_is_bounded(db: Database, owner: Any, tmp_path: Path) -> None:
    async with Spool(db, tmp_path, 8 * 2**20) as spool, Capture(spool, "test") as capture:
        for number in range(1000):
            try:
                raise Broken(f"storm {number}")
            except Broken as error:
                capture.see(error, {})
        await capture.settle()
        await spool.flush()
    assert 0 < await owner.fetchval("select count(*) from error_logs") <= 120
    assert await owner.fetchval("select count(*) from error_patterns") == 1


async def test_a_problems_own_slug_is_its_code(db: Database, owner: Any, tmp_path: Path) -> None:
    class NoSuch(Problem):
        status, slug = 500, "no-such"

    async with Spool(db, tmp_path, 8 * 2**20) as spool, Capture(spool, "test"):
        with contextlib.suppress(NoSuch):
            try:
                raise NoSuch("x")
            except NoSuch as error:
                log.error("told", exc_info=error)
                raise
    assert await owner.fetchval("select error_code from error_logs") == "no-such"


async def test_the_page_tells_of_its_failures_boundedly(
    server: Server, callers: Callers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server.app.state.error_reports._rates, "_clock", lambda: 1_790_000_000.0)
    stack = "TypeError: x is null\n    at render (http://h/assets/chat-AbCd1234.js:1:200)\n    at http://h/assets/main-x.js:2:3"
    told = {"message": "x is null", "type": "TypeError", "stack_trace": stack, "route": "/chats/1"}
    statuses = [(await callers.viewer.post("/api/errors/page", told)).status for _ in range(31)]
    assert statuses == [202] * 30 + [429]
    (found,) = await seen(callers.operator)
    assert (found["occurrence_count"], found["users"]) == (30, 1)
    assert found["culprit"].endswith("render")
    assert (await callers.nobody.post("/api/errors/page", told)).status == 401
