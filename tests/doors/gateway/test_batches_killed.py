"""kill -9 of the process that works on a batch: no line is lost, none that was answered is asked or billed again."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from openai import AsyncOpenAI

from radiant.doors.gateway.batches_worker import BatchWorker
from radiant.infra.db import Database
from tests.doors.gateway.test_batches import _lines, _read
from tests.kit.fixtures import models_root
from tests.kit.postgres import Dsns
from tests.kit.server import Client, Server
from tests.kit.upstream import Say, Upstream

COUNT = 60


async def _child(dsns: Dsns, folder: Path, objects: Path) -> asyncio.subprocess.Process:
    orders = {"owner": dsns.owner, "app": dsns.app, "system": dsns.system, "folder": str(folder),
              "objects": str(objects), "models": str(models_root())}  # fmt: skip
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.kit.batch_child", json.dumps(orders), stdin=asyncio.subprocess.PIPE
    )


async def test_after_a_kill_the_next_process_goes_on_where_it_was(
    key: Client, upstream: Upstream, server: Server, db: Database, dsns: Dsns, owner: Any, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    async def never(_: BatchWorker) -> bool:
        return False

    monkeypatch.setattr(BatchWorker, "_waiting", never)  # this process leaves it to the others
    upstream.default = Say("It is Paris.", before=0.1)
    objects = server.app.state.settings.data_dir / "objects"
    secret = key.headers["Authorization"].removeprefix("Bearer ")
    async with AsyncOpenAI(base_url=key.base_url + "/v1", api_key=secret, max_retries=0) as sdk:
        file = await sdk.files.create(file=("in.jsonl", _lines(COUNT)), purpose="batch")
        begun = await sdk.batches.create(
            input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h"
        )

        async def until(done: int) -> Any:
            async with asyncio.timeout(60):
                while True:
                    batch = await sdk.batches.retrieve(begun.id)
                    assert batch.request_counts is not None
                    if batch.request_counts.completed >= done and (done < COUNT or batch.status == "completed"):
                        return batch
                    await asyncio.sleep(0.05)

        for done in (8, 25):
            child = await _child(dsns, tmp_path, objects)
            await until(done)
            child.kill()
            await child.wait()
            # A worker that beats no more is taken for dead after half a minute; here it is at once.
            await owner.execute("update pgqueuer set heartbeat = heartbeat - interval '5 minutes'")
        child = await _child(dsns, tmp_path, objects)
        batch = await until(COUNT)
        assert child.stdin is not None
        child.stdin.close()
        assert await child.wait() == 0
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
