"""POST /v1/completions and /v1/messages/count_tokens: relayed, by an embedded model itself, translated, estimated."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import openai
import pytest
from anthropic import AsyncAnthropic
from openai import AsyncOpenAI

from radiant.infra.db import Database
from tests.kit.server import Client, Server
from tests.kit.upstream import FailMidway, Say, Upstream

GPT, CLAUDE, LOCAL = "gpt-4o", "claude-sonnet-4", "smollm2-135m-instruct"


@pytest.fixture
async def sdk(key: Client) -> AsyncIterator[AsyncOpenAI]:
    secret = key.headers["Authorization"].removeprefix("Bearer ")
    async with AsyncOpenAI(base_url=key.base_url + "/v1", api_key=secret, max_retries=0) as client:
        yield client


@pytest.fixture
async def counting(key: Client) -> AsyncIterator[AsyncAnthropic]:
    secret = key.headers["Authorization"].removeprefix("Bearer ")
    async with AsyncAnthropic(base_url=key.base_url, api_key=secret, max_retries=0) as client:
        yield client


async def _ledger(server: Server, db: Database) -> list[dict[str, Any]]:
    await server.app.state.meter.flush()
    async with db.system("test").tx() as tx:
        return [dict(row) for row in await tx.all("select * from usage_ledger order by created_at")]


@pytest.mark.parametrize("model", [GPT, CLAUDE])
async def test_a_text_is_gone_on_from_whole_and_streamed_at_the_same_cost(
    sdk: AsyncOpenAI, upstream: Upstream, claude: Upstream, server: Server, db: Database, model: str
) -> None:
    for one in (upstream, claude):
        one.default = Say("there was a king", input_tokens=9, output_tokens=4)
    whole = await sdk.completions.create(model=model, prompt="Once upon a time", max_tokens=20)
    assert (whole.choices[0].text, whole.choices[0].finish_reason) == ("there was a king", "stop")
    assert whole.usage is not None
    assert whole.usage.total_tokens == 13
    stream = await sdk.completions.create(model=model, prompt=["Once upon a time"], max_tokens=20, stream=True)
    chunks = [chunk async for chunk in stream]
    assert "".join(c.choices[0].text for c in chunks if c.choices).strip() == "there was a king"
    assert all(chunk.choices for chunk in chunks)
    first, second = await _ledger(server, db)
    assert first["cost"] == second["cost"] > 0
    assert (second["input_tokens"], second["output_tokens"], second["estimated"]) == (9, 4, False)
    if model == GPT:
        assert {request.path for request in upstream.requests} == {"/v1/completions"}
        assert first["kind"] == "completion"


async def test_what_a_vendor_can_do_reaches_it_untouched(key: Client, upstream: Upstream) -> None:
    body = {"model": GPT, "prompt": ["a", "b"], "echo": True, "suffix": "end", "best_of": 3, "logprobs": 2, "own": 1}
    assert (await key.post("/v1/completions", body)).status == 200
    assert upstream.requests[-1].body == body


@pytest.mark.parametrize(
    "change",
    [
        {"echo": True}, {"suffix": "x"}, {"best_of": 2}, {"n": 2}, {"logprobs": 0}, {"prompt": ["a", "b"]},
        {"prompt": [1, 2]}, {"prompt": ""}, {"logit_bias": {"1": 1}}, {"own": 1}, {"temperature": 3}, {"max_tokens": 0},
    ],
)  # fmt: skip
async def test_what_a_chat_cannot_do_is_refused_by_name(key: Client, claude: Upstream, change: dict[str, Any]) -> None:
    answer = await key.post("/v1/completions", {"model": CLAUDE, "prompt": "x"} | change)
    assert answer.status == 400
    assert next(iter(change)) in answer.json()["error"]["message"]
    assert claude.requests == []


async def test_a_failure_in_mid_stream_reaches_the_client(sdk: AsyncOpenAI, claude: Upstream) -> None:
    claude.plan(FailMidway())
    with pytest.raises(openai.APIError):
        _ = [c async for c in await sdk.completions.create(model=CLAUDE, prompt="x", stream=True)]


ASK = [{"role": "user", "content": "How many tokens has this?"}]


async def test_tokens_are_counted_by_the_vendor_and_cost_nothing(
    counting: AsyncAnthropic, claude: Upstream, server: Server, db: Database
) -> None:
    counted = await counting.messages.count_tokens(model=CLAUDE, messages=ASK, system="Be brief.")
    assert counted.input_tokens == 77
    assert claude.requests[-1].path == "/v1/messages/count_tokens"
    assert await _ledger(server, db) == []


async def test_tokens_of_a_model_that_cannot_count_are_estimated_and_said_to_be(
    counting: AsyncAnthropic, upstream: Upstream
) -> None:
    answer = await counting.messages.with_raw_response.count_tokens(model=GPT, messages=ASK)
    assert answer.headers["x-radiant-estimated"] == "true"
    longer = await counting.messages.count_tokens(
        model=GPT, messages=ASK, tools=[{"name": "f", "description": "x" * 300, "input_schema": {"type": "object"}}]
    )
    assert longer.input_tokens > (await answer.parse()).input_tokens + 90
    assert upstream.requests == []


@pytest.mark.model
@pytest.mark.xdist_group("models")
async def test_an_embedded_model_counts_and_goes_on_by_itself(
    small_models: Path, sdk: AsyncOpenAI, counting: AsyncAnthropic
) -> None:
    counted = await counting.messages.with_raw_response.count_tokens(model=LOCAL, messages=ASK)
    assert "x-radiant-estimated" not in counted.headers
    answer = await sdk.chat.completions.create(model=LOCAL, messages=ASK, max_tokens=1)
    assert answer.usage is not None
    assert abs((await counted.parse()).input_tokens - answer.usage.prompt_tokens) <= 1
    text = await sdk.completions.create(
        model=LOCAL, prompt="The capital of France is", max_tokens=8, temperature=0, stop=["\n"]
    )
    assert "Paris" in text.choices[0].text
    assert text.usage is not None
    assert text.usage.prompt_tokens < 10  # no template around it
    stream = await sdk.completions.create(model=LOCAL, prompt="One, two, three,", max_tokens=12, stream=True)
    assert len([chunk async for chunk in stream]) > 3
