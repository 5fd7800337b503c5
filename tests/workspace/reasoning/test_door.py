"""`model: "think-tank"` through official clients: steps as reasoning, the solution as text."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from anthropic import AsyncAnthropic
from openai import AsyncOpenAI, BadRequestError

from radiant.workspace.reasoning import service
from tests.kit.fixtures import Callers
from tests.kit.server import Client, Server
from tests.kit.upstream import Hang, Upstream
from tests.workspace.reasoning.kit import MODEL, read, script, until
from tests.workspace.reasoning.test_sessions import FARM, FARM_SCRIPT

NAME = f"think-tank:{MODEL}"


@pytest.fixture
async def sdk(key: Client) -> AsyncIterator[AsyncOpenAI]:
    secret = key.headers["Authorization"].removeprefix("Bearer ")
    async with AsyncOpenAI(base_url=key.base_url + "/v1", api_key=secret, max_retries=0) as client:
        yield client


async def test_an_openai_client_gets_steps_as_reasoning_and_the_solution(sdk: AsyncOpenAI, upstream: Upstream) -> None:
    script(upstream, FARM_SCRIPT)
    stream = await sdk.chat.completions.create(
        model=NAME, messages=[{"role": "user", "content": FARM}], stream=True, stream_options={"include_usage": True}
    )
    text, reasoning, usage = "", "", None
    async for chunk in stream:
        usage = chunk.usage or usage
        for choice in chunk.choices:
            text += choice.delta.content or ""
            reasoning += getattr(choice.delta, "reasoning_content", None) or ""
    assert text == "All in all: 17."
    assert "n1: How many horses" in reasoning and "n3: 17 (verified" in reasoning
    assert usage is not None and usage.total_tokens == 17 * len(upstream.requests)
    whole = await sdk.chat.completions.create(model=NAME, messages=[{"role": "user", "content": FARM}])
    assert whole.choices[0].message.content == "All in all: 17."
    responded = await sdk.responses.create(model=NAME, input=FARM)
    assert responded.output_text == "All in all: 17."


async def test_an_anthropic_client_does_too(key: Client, upstream: Upstream) -> None:
    script(upstream, FARM_SCRIPT)
    secret = key.headers["Authorization"].removeprefix("Bearer ")
    async with AsyncAnthropic(base_url=key.base_url, api_key=secret, max_retries=0) as client:
        message = await client.messages.create(
            model=NAME, max_tokens=1000, messages=[{"role": "user", "content": FARM}]
        )
    assert "".join(block.text for block in message.content if block.type == "text") == "All in all: 17."


async def test_the_session_is_the_keys_persons_and_its_calls_are_the_keys(
    sdk: AsyncOpenAI, upstream: Upstream, callers: Callers
) -> None:
    script(upstream, FARM_SCRIPT)
    answered = await sdk.chat.completions.with_raw_response.create(
        model=NAME, messages=[{"role": "system", "content": "Be brief."}, {"role": "user", "content": FARM}]
    )
    session_id = answered.headers["x-radiant-think-tank-session"]
    listed = (await callers.owner.get("/api/usage/calls?limit=100")).json()["items"]
    ours = [call for call in listed if call["run_id"] == session_id]
    assert len(ours) == len(upstream.requests) and all(call["api_key_id"] for call in ours)
    people = (callers.owner, callers.member)
    (holder,) = [one for one in people if (await one.get(f"/api/reasoning/sessions/{session_id}")).status == 200]
    session = await read(holder, session_id)
    assert session["problem"].startswith(FARM) and "Be brief." in session["problem"]


async def test_what_it_has_no_word_for_is_refused(sdk: AsyncOpenAI, upstream: Upstream) -> None:
    with pytest.raises(BadRequestError, match="has no tools"):
        await sdk.chat.completions.create(
            model=NAME, messages=[{"role": "user", "content": FARM}],
            tools=[{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}],
        )  # fmt: skip
    with pytest.raises(BadRequestError, match="reads text alone"):
        await sdk.chat.completions.create(
            model=NAME,
            messages=[{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://example.org/a.png"}}]}],
        )  # fmt: skip
    assert upstream.requests == []
    assert "think-tank" in [model.id async for model in sdk.models.list()]


async def test_a_session_ends_when_its_key_is_revoked(
    server: Server, tenant_ids: Any, upstream: Upstream, callers: Callers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "_RENEW_SECONDS", 0.2)
    key = await server.with_key(*tenant_ids, "inference", "read", "write")
    script(upstream, FARM_SCRIPT | {"answer": Hang()})
    made = await key.post("/api/reasoning/sessions", {"problem": FARM, "model": MODEL})
    assert made.status == 201, made.body
    while len(upstream.requests) < 3:
        await asyncio.sleep(0.05)
    async with server.database.system("test").tx() as tx:
        await tx.run("update api_keys set revoked_at = current_timestamp where tenant_id = $1", callers.tenant.id)
    session = await until(callers.member, made.json()["id"], "failed")
    assert session["error"]["slug"] == "may-not-call"


async def test_a_client_that_goes_away_ends_its_session(sdk: AsyncOpenAI, upstream: Upstream, callers: Callers) -> None:
    script(upstream, FARM_SCRIPT | {"answer": Hang()})
    stream = await sdk.chat.completions.create(model=NAME, messages=[{"role": "user", "content": FARM}], stream=True)
    session_id = stream.response.headers["x-radiant-think-tank-session"]
    async for _ in stream:
        break
    await stream.close()
    assert (await until(callers.member, session_id, "cancelled"))["completed_at"]
