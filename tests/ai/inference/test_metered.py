"""What a call came to, however it ended."""

import asyncio
from typing import Any

import pytest

from radiant.infra.db import Database
from tests.kit.server import Client, Server
from tests.kit.upstream import Say, Upstream


async def _ledger(server: Server, db: Database) -> list[dict[str, Any]]:
    for _ in range(100):
        await server.app.state.meter.flush()
        async with db.system("test").tx() as tx:
            rows = await tx.all("select * from usage_ledger order by created_at")
        if rows and rows[-1]["state"] != "reserved":
            break
        await asyncio.sleep(0.05)
    return [dict(row) for row in rows]


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages"], ids=["translated", "relayed"])
async def test_a_stream_that_the_client_cuts_is_counted_as_far_as_it_came_and_marked(
    server: Server, key: Client, claude: Upstream, db: Database, path: str
) -> None:
    # Claude tells the prompt's tokens, and one of the answer's, with its first event.
    claude.plan(Say("word " * 400, gap=0.01, input_tokens=40))
    ask = {
        "model": "claude-sonnet-4",
        "stream": True,
        "max_tokens": 900,
        "messages": [{"role": "user", "content": "x"}],
    }
    async with key.http.post(key.base_url + path, json=ask, headers=key.headers) as response:
        assert response.status == 200
        heard = b""
        while heard.count(b"word") < 20:
            heard += await response.content.readany()
        response.close()
    await asyncio.wait_for(claude.gone.wait(), 5)
    (row,) = await _ledger(server, db)
    assert (row["state"], row["stop_reason"], row["estimated"]) == ("settled", "cancelled", True)
    assert row["input_tokens"] == 40
    assert row["output_tokens"] >= 20
