"""Budgets at the door: refused in the protocol's own form, before anything goes upstream."""

import asyncio
from decimal import Decimal
from pathlib import Path
from typing import Any

import openai
import pytest
from openai import AsyncOpenAI

from tests.foundation.usage.test_budgets import budget, state
from tests.kit.fixtures import Callers
from tests.kit.server import Client
from tests.kit.upstream import Say, Upstream

ASK = [{"role": "user", "content": "What is the capital of France?"}]


def _sdk(key: Client) -> AsyncOpenAI:
    secret = key.headers["Authorization"].removeprefix("Bearer ")
    return AsyncOpenAI(base_url=key.base_url + "/v1", api_key=secret, max_retries=0)


@pytest.mark.parametrize("stream", [False, True])
async def test_a_call_beyond_the_budget_is_refused_as_openai_would_and_nothing_is_sent(
    key: Client, callers: Callers, upstream: Upstream, owner: Any, stream: bool
) -> None:
    await budget(owner, callers.tenant, "0.000001")
    async with _sdk(key) as sdk:
        with pytest.raises(openai.APIStatusError) as refused:
            await sdk.chat.completions.create(model="gpt-4o", messages=ASK, stream=stream)  # type: ignore[call-overload]
    assert refused.value.status_code == 429
    assert refused.value.code == "insufficient_quota"
    assert "budget" in refused.value.message
    assert upstream.requests == []
    answer = await key.post("/v1/chat/completions", {"model": "gpt-4o", "messages": ASK})
    assert set(answer.json()["error"]) == {"message", "type", "param", "code"}


async def test_embeddings_keep_to_the_budget_too(key: Client, callers: Callers, upstream: Upstream, owner: Any) -> None:
    await budget(owner, callers.tenant, "0")
    async with _sdk(key) as sdk:
        with pytest.raises(openai.APIStatusError) as refused:
            await sdk.embeddings.create(model="text-embedding-3-small", input="a")
    assert refused.value.code == "insufficient_quota"
    assert upstream.requests == []


async def test_anthropics_door_says_it_in_its_own_form(
    key: Client, callers: Callers, upstream: Upstream, owner: Any
) -> None:
    await budget(owner, callers.tenant, "0")
    answer = await key.post("/v1/messages", {"model": "gpt-4o", "messages": ASK, "max_tokens": 100})
    assert answer.status == 429
    assert answer.json()["type"] == "error"
    assert "budget" in answer.json()["error"]["message"]
    assert upstream.requests == []


async def test_an_answer_turns_its_reservation_into_what_it_cost(
    key: Client, callers: Callers, upstream: Upstream, owner: Any
) -> None:
    budget_id = await budget(owner, callers.tenant, "1")
    upstream.plan(Say("Paris.", input_tokens=1000, output_tokens=1000))
    answer = await key.post("/v1/chat/completions", {"model": "gpt-4o", "messages": ASK})
    assert answer.status == 200
    # $2.50 and $10 a million. What the process still holds it gives back within a second or two.
    async with asyncio.timeout(10):
        while await state(owner, budget_id) != (Decimal("0.0125"), 0):
            await asyncio.sleep(0.05)


@pytest.mark.model
async def test_a_local_model_answers_when_the_budget_is_used_up(
    key: Client, callers: Callers, owner: Any, small_models: Path
) -> None:
    await budget(owner, callers.tenant, "0")
    body = {"model": "smollm2-135m-instruct", "messages": ASK, "max_tokens": 5}
    answer = await key.post("/v1/chat/completions", body)
    assert answer.status == 200, answer.body
    assert answer.json()["choices"][0]["message"]["content"]


async def test_auto_goes_on_to_what_the_budget_allows(
    small_models: Path, key: Client, callers: Callers, upstream: Upstream, owner: Any
) -> None:
    await budget(owner, callers.tenant, "0")
    answer = await key.post("/v1/chat/completions", {"model": "auto:premium", "messages": ASK, "max_tokens": 5})
    assert answer.status == 200, answer.body
    assert answer.headers["x-radiant-provider"] == "local"
    assert upstream.requests == []
