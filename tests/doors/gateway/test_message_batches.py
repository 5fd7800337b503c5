"""/v1/messages/batches through Anthropic's own SDK: its form of batches, over models of both protocols."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import anthropic
import pytest
from anthropic import AsyncAnthropic
from anthropic.types.messages import MessageBatch

from radiant.doors.gateway import anthropic_batches
from tests.kit.fixtures import Callers
from tests.kit.server import Client, Server
from tests.kit.upstream import Hang, Refuse, Say, Upstream


@pytest.fixture
async def sdk(key: Client) -> AsyncIterator[AsyncAnthropic]:
    secret = key.headers["Authorization"].removeprefix("Bearer ")
    async with AsyncAnthropic(base_url=key.base_url, api_key=secret, max_retries=0) as client:
        yield client


def _requests(count: int, **params: Any) -> list[Any]:
    body = {"model": "claude-sonnet-4", "max_tokens": 9, "messages": [{"role": "user", "content": "x"}]} | params
    return [{"custom_id": f"r{i}", "params": body} for i in range(count)]


async def _ended(sdk: AsyncAnthropic, name: str) -> MessageBatch:
    async with asyncio.timeout(30):
        while (batch := await sdk.messages.batches.retrieve(name)).processing_status != "ended":
            await asyncio.sleep(0.1)
    return batch


@pytest.mark.parametrize("model", ["gpt-4o", "claude-sonnet-4"])
async def test_every_request_has_its_result(
    sdk: AsyncAnthropic, upstream: Upstream, claude: Upstream, model: str
) -> None:
    asked = claude if model.startswith("claude") else upstream
    asked.plan(Refuse(400, "prompt is strange"))
    asked.default = Say("It is Paris.")
    begun = await sdk.messages.batches.create(requests=_requests(6, model=model))
    assert (begun.type, begun.processing_status, begun.results_url) == ("message_batch", "in_progress", None)
    batch = await _ended(sdk, begun.id)
    counts = batch.request_counts
    assert (counts.processing, counts.succeeded, counts.errored) == (0, 5, 1)
    results = {item.custom_id: item.result async for item in await sdk.messages.batches.results(batch.id)}
    assert sorted(results) == [f"r{i}" for i in range(6)]
    kinds = sorted(result.type for result in results.values())
    assert kinds == ["errored", *["succeeded"] * 5]
    for result in results.values():
        if result.type == "succeeded":
            assert result.message.content[0].text == "It is Paris."
        elif result.type == "errored":
            assert "prompt is strange" in result.error.error.message
    assert len(asked.requests) == 6
    assert (await sdk.messages.batches.delete(batch.id)).type == "message_batch_deleted"
    with pytest.raises(anthropic.NotFoundError):
        await sdk.messages.batches.retrieve(batch.id)


async def test_a_cancelled_batch_says_which_requests_were_not_made(
    sdk: AsyncAnthropic, key: Client, claude: Upstream
) -> None:
    claude.default = Say("x", before=0.2)
    begun = await sdk.messages.batches.create(requests=_requests(60))
    early = await key.get(f"/v1/messages/batches/{begun.id}/results")
    assert (early.status, early.json()["error"]["type"]) == (404, "not_found_error")
    await asyncio.sleep(0.5)
    assert (await sdk.messages.batches.cancel(begun.id)).processing_status in ("canceling", "ended")
    batch = await _ended(sdk, begun.id)
    kinds = [item.result.type async for item in await sdk.messages.batches.results(batch.id)]
    assert len(kinds) == 60
    assert kinds.count("canceled") == batch.request_counts.canceled > 0


async def test_what_is_not_done_in_the_window_has_expired(
    sdk: AsyncAnthropic, claude: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(anthropic_batches, "WINDOW", timedelta(seconds=2.5))
    claude.plan(*[Say("It is Paris.")] * 3)
    claude.default = Hang()
    batch = await _ended(sdk, (await sdk.messages.batches.create(requests=_requests(8))).id)
    counts = batch.request_counts
    assert (counts.processing, counts.succeeded, counts.errored, counts.expired) == (0, 3, 0, 5)
    kinds = [item.result.type async for item in await sdk.messages.batches.results(batch.id)]
    assert sorted(kinds) == ["expired"] * 5 + ["succeeded"] * 3


async def test_batches_are_listed_both_ways_and_apart_from_the_other_protocols(
    sdk: AsyncAnthropic, key: Client, claude: Upstream
) -> None:
    names = [(await sdk.messages.batches.create(requests=_requests(1))).id for _ in range(3)]
    assert [batch.id async for batch in sdk.messages.batches.list(limit=2)] == names[::-1]
    newer = await sdk.messages.batches.list(before_id=names[0], limit=1)
    assert [batch.id for batch in newer.data] == [names[1]]
    assert newer.has_more
    for name in names:
        await _ended(sdk, name)
        other = name.replace("msgbatch_", "batch_")
        assert (await key.get(f"/v1/batches/{other}")).status == 404
    assert (await key.get("/v1/batches")).json()["data"] == []


async def test_f0_5_batches_are_their_persons_alone(
    sdk: AsyncAnthropic, server: Server, callers: Callers, claude: Upstream
) -> None:
    begun = await sdk.messages.batches.create(requests=_requests(1))
    await _ended(sdk, begun.id)
    others = [(callers.tenant.id, callers.owner_id), (callers.other_tenant.id, callers.other_tenant.user_id)]
    for tenant_id, user_id in others:
        theirs = await server.with_key(tenant_id, user_id)
        for method, path in [("GET", ""), ("DELETE", ""), ("GET", "/results"), ("POST", "/cancel")]:
            answer = await theirs.send(method, f"/v1/messages/batches/{begun.id}{path}")
            assert (answer.status, answer.json()["error"]["type"]) == (404, "not_found_error")
        assert (await theirs.get("/v1/messages/batches")).json()["data"] == []


@pytest.mark.parametrize(
    ("requests", "named"),
    [
        ([], "requests"), (_requests(1) * 2, "custom_id"), (_requests(1, stream=True), "stream"),
        ([{"custom_id": "no spaces", "params": {}}], "custom_id"),
    ],
)  # fmt: skip
async def test_bad_requests_are_refused_by_name(sdk: AsyncAnthropic, requests: list[Any], named: str) -> None:
    with pytest.raises(anthropic.BadRequestError, match=named):
        await sdk.messages.batches.create(requests=requests)
