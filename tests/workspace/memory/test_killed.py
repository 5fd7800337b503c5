"""A process that is killed while it adds memories loses none that it acknowledged, and others make their vectors."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any
from uuid import UUID

from radiant.ai.retrieval.filling import Filling
from radiant.kit.ids import parse_uuid
from tests.kit.fixtures import Callers, models_root
from tests.kit.postgres import Dsns
from tests.kit.server import Server
from tests.workspace.memory.kit import contents, embedded


async def test_kill_9_loses_no_memory_that_was_acknowledged(
    server: Server, callers: Callers, dsns: Dsns, tmp_path: Path, small_models: Path, owner: Any, monkeypatch: Any
):
    # Left to the child until it is dead.
    async def never(_: Filling) -> bool:
        return False

    with monkeypatch.context() as patch:
        patch.setattr(Filling, "_step", never)
        orders = {
            "owner": dsns.owner, "app": dsns.app, "system": dsns.system, "folder": str(tmp_path), "memories": "100000",
            "objects": str(tmp_path), "models": str(models_root()), "tenant": str(callers.tenant.id),
            "user": str(callers.member_id),
        }  # fmt: skip
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.kit.door_child", json.dumps(orders), stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        assert child.stdout is not None
        acknowledged: list[UUID] = []
        while len(acknowledged) < 60:
            line = (await child.stdout.readline()).decode().strip()
            # It logs there too.
            if (id_ := parse_uuid(line)) is not None:
                acknowledged.append(id_)
        child.kill()
        await child.wait()
    held = {row[0] for row in await owner.fetch("select id from memories")}
    assert set(acknowledged) <= held
    # Its lease of a minute runs out; here it has.
    await owner.execute("update memories set embed_due = current_timestamp where embed_due is not null")
    # What it had sent before it died may be committed a moment after.
    async with asyncio.timeout(60):
        while await owner.fetchval("select count(*) from memories where embedding is null and status = 'current'"):
            await owner.execute("update memories set embed_due = current_timestamp where embed_due is not null")
            await embedded(server)
    assert "The box with number 3 stands in aisle 3." in await contents(callers.member, "box number 3", limit=20)
