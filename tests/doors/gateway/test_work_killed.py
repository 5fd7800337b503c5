"""kill -9 of the process that works on a batch or a response in the background: no line is lost, none that was answered
is asked or billed again; what kills every process that takes it up is given up, visibly."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from openai import AsyncOpenAI

from radiant.doors.gateway import responses_kept
from radiant.doors.gateway.batches_run import ATTEMPTS
from radiant.infra.db import Database
from radiant.infra.jobs_beside import JobsBeside
from tests.doors.gateway.test_batches import _lines, _read
from tests.kit.fixtures import models_root
from tests.kit.postgres import Dsns
from tests.kit.server import Client, Server
from tests.kit.upstream import Hang, Say, Upstream

COUNT = 60


async def _child(dsns: Dsns, folder: Path, objects: Path) -> asyncio.subprocess.Process:
    orders = {"owner": dsns.owner, "app": dsns.app, "system": dsns.system, "folder": str(folder),
              "objects": str(objects), "models": str(models_root())}  # fmt: skip
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.kit.door_child", json.dumps(orders), stdin=asyncio.subprocess.PIPE
    )


@pytest.fixture
async def left_to_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """This process works on nothing, not even with a worker that a test before had it begin."""

    async def never(*_: object) -> bool:
        return False

    monkeypatch.setattr(JobsBeside, "_work", never)
    monkeypatch.setattr(JobsBeside, "_waiting", never)
    async with asyncio.timeout(30):
        while any("run_worker" in repr(task.get_coro()) for task in asyncio.all_tasks()):
            await asyncio.sleep(0.05)


@pytest.fixture
async def sdk(key: Client) -> AsyncIterator[AsyncOpenAI]:
    secret = key.headers["Authorization"].removeprefix("Bearer ")
    async with AsyncOpenAI(base_url=key.base_url + "/v1", api_key=secret, max_retries=0) as client:
        yield client


async def _kill(child: asyncio.subprocess.Process, owner: Any) -> None:
    child.kill()
    await child.wait()
    # A worker that beats no more is taken for dead after half a minute; here it is at once. Its last beat may still be on
    # its way through the server.
    for _ in range(5):
        await owner.execute("update pgqueuer set heartbeat = heartbeat - interval '5 minutes'")
        await asyncio.sleep(0.1)


async def _let_end(child: asyncio.subprocess.Process) -> None:
    assert child.stdin is not None
    child.stdin.close()
    assert await child.wait() == 0


async def _batch(sdk: AsyncOpenAI) -> str:
    file = await sdk.files.create(file=("in.jsonl", _lines(COUNT)), purpose="batch")
    begun = await sdk.batches.create(input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h")
    return begun.id


async def _until(sdk: AsyncOpenAI, name: str, done: int, status: str | None = None) -> Any:
    async with asyncio.timeout(60):
        while True:
            batch = await sdk.batches.retrieve(name)
            assert batch.request_counts is not None
            if batch.request_counts.completed >= done and status in (None, batch.status):
                return batch
            await asyncio.sleep(0.05)


@pytest.mark.usefixtures("left_to_others")
async def test_after_a_kill_the_next_process_goes_on_where_it_was(
    sdk: AsyncOpenAI, upstream: Upstream, server: Server, db: Database, dsns: Dsns, owner: Any, tmp_path: Path
) -> None:
    upstream.default = Say("It is Paris.", before=0.1)
    objects = server.app.state.settings.data_dir / "objects"
    name = await _batch(sdk)
    for done in (8, 25):
        child = await _child(dsns, tmp_path, objects)
        await _until(sdk, name, done)
        await _kill(child, owner)
    child = await _child(dsns, tmp_path, objects)
    batch = await _until(sdk, name, COUNT, "completed")
    await _let_end(child)
    results = await _read(sdk, batch.output_file_id)
    assert [result["custom_id"] for result in results] == [f"line-{i}" for i in range(COUNT)]
    assert batch.error_file_id is None
    # Asked twice was at most what was under way at each kill.
    assert COUNT <= len(upstream.requests) <= COUNT + 2 * 4
    async with db.system("test").tx() as tx:
        rows = await tx.all("select ended, count(*)::int as n from usage_ledger group by ended")
    counts = {row["ended"]: row["n"] for row in rows}
    assert counts["answered"] >= COUNT
    assert sum(counts.values()) == len(upstream.requests)
    # Cancelled: where the queue itself gave a slow worker up and asked again.
    assert set(counts) <= {"answered", "abandoned", "cancelled"}


@pytest.mark.usefixtures("left_to_others")
async def test_a_batch_that_kills_every_process_fails_in_the_end_and_keeps_what_was_answered(
    sdk: AsyncOpenAI, upstream: Upstream, server: Server, dsns: Dsns, owner: Any, tmp_path: Path
) -> None:
    upstream.default = Say("It is Paris.", before=0.1)
    objects = server.app.state.settings.data_dir / "objects"
    name = await _batch(sdk)
    child = await _child(dsns, tmp_path, objects)
    await _until(sdk, name, 8)
    await _kill(child, owner)
    done = (await _until(sdk, name, 8)).request_counts.completed
    asked = len(upstream.requests)
    await owner.execute(
        "insert into pgqueuer_log (job_id, status, priority, entrypoint)"
        " select id, 'picked', priority, entrypoint from pgqueuer, generate_series(2, $1)",
        ATTEMPTS,
    )
    child = await _child(dsns, tmp_path, objects)
    batch = await _until(sdk, name, done, "failed")
    await _let_end(child)
    assert batch.failed_at is not None
    assert batch.errors.data[0].code == "server_error"
    assert f"{ATTEMPTS + 1} times" in batch.errors.data[0].message
    assert len(await _read(sdk, batch.output_file_id)) == done
    undone = await _read(sdk, batch.error_file_id)
    assert len(undone) == COUNT - done
    assert {line["error"]["code"] for line in undone} == {"batch_failed"}
    assert len(upstream.requests) == asked


@pytest.mark.usefixtures("left_to_others")
async def test_a_response_in_the_background_survives_the_kill_of_its_process(
    sdk: AsyncOpenAI, claude: Upstream, server: Server, dsns: Dsns, owner: Any, tmp_path: Path
) -> None:
    claude.plan(Hang(), Say("It took a while."))
    objects = server.app.state.settings.data_dir / "objects"
    begun = await sdk.responses.create(model="claude-sonnet-4", input="x", background=True)
    assert begun.status == "queued"
    child = await _child(dsns, tmp_path, objects)
    await _asked(claude, 1)
    assert (await sdk.responses.retrieve(begun.id)).status == "in_progress"
    await _kill(child, owner)
    child = await _child(dsns, tmp_path, objects)
    response = await _responded(sdk, begun.id)
    await _let_end(child)
    assert (response.status, response.output_text) == ("completed", "It took a while.")
    assert len(claude.requests) == 2
    assert await owner.fetchval("select count(*) from stored_responses where work is not null") == 0


@pytest.mark.usefixtures("left_to_others")
async def test_a_response_whose_processes_die_each_time_has_failed(
    sdk: AsyncOpenAI, claude: Upstream, server: Server, dsns: Dsns, owner: Any, tmp_path: Path
) -> None:
    claude.default = Hang()
    objects = server.app.state.settings.data_dir / "objects"
    begun = await sdk.responses.create(model="claude-sonnet-4", input="x", background=True)
    for life in range(1, responses_kept.ATTEMPTS + 1):
        child = await _child(dsns, tmp_path, objects)
        await _asked(claude, life)
        await _kill(child, owner)
    child = await _child(dsns, tmp_path, objects)
    response = await _responded(sdk, begun.id)
    await _let_end(child)
    assert response.status == "failed"
    assert response.error is not None
    assert f"begun {responses_kept.ATTEMPTS} times" in response.error.message
    assert len(claude.requests) == responses_kept.ATTEMPTS


@pytest.mark.usefixtures("left_to_others")
async def test_a_cancel_reaches_the_process_that_works_on_the_response(
    sdk: AsyncOpenAI, claude: Upstream, server: Server, dsns: Dsns, tmp_path: Path
) -> None:
    claude.plan(Say("word " * 2000, gap=0.02))
    objects = server.app.state.settings.data_dir / "objects"
    begun = await sdk.responses.create(model="claude-sonnet-4", input="x", background=True)
    child = await _child(dsns, tmp_path, objects)
    await _asked(claude, 1)
    assert (await sdk.responses.cancel(begun.id)).status == "cancelled"
    await asyncio.wait_for(claude.gone.wait(), 10)
    await _let_end(child)
    assert (await sdk.responses.retrieve(begun.id)).status == "cancelled"


async def _asked(upstream: Upstream, times: int) -> None:
    async with asyncio.timeout(30):
        while len(upstream.requests) < times:
            await asyncio.sleep(0.05)


async def _responded(sdk: AsyncOpenAI, name: str) -> Any:
    async with asyncio.timeout(30):
        while (response := await sdk.responses.retrieve(name)).status in ("queued", "in_progress"):
            await asyncio.sleep(0.05)
    return response
