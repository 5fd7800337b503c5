"""The embedded models through the official SDKs: real answers, and an error where there is none, never a canned text."""

import contextlib
import json
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import openai
import pytest
from openai import AsyncOpenAI

from tests.kit.server import Client

pytestmark = [pytest.mark.model, pytest.mark.xdist_group("models")]
CHAT, EMBED = "smollm2-135m-instruct", "all-minilm-l6-v2"


def _model_processes() -> list[int]:
    """The processes of chat models that this very process started: `auto` may have loaded others besides."""
    found: list[int] = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
            if parent == os.getpid() and b"llama_child" in (stat.parent / "cmdline").read_bytes():
                found.append(int(stat.parent.name))
    return found


@pytest.fixture
async def sdk(small_models: Path, key: Client) -> AsyncIterator[AsyncOpenAI]:
    secret = key.headers["Authorization"].removeprefix("Bearer ")
    async with AsyncOpenAI(base_url=key.base_url + "/v1", api_key=secret, max_retries=0) as client:
        yield client


async def test_a_real_model_answers_streamed_and_whole(sdk: AsyncOpenAI) -> None:
    ask = [{"role": "user", "content": "What is the capital of France?"}]
    whole = await sdk.chat.completions.create(model=CHAT, messages=ask, temperature=0, max_tokens=40)
    assert "Paris" in (whole.choices[0].message.content or "")
    assert whole.usage is not None
    assert whole.usage.completion_tokens > 0
    stream = await sdk.chat.completions.create(model=CHAT, messages=ask, temperature=0, max_tokens=40, stream=True)
    pieces = [chunk.choices[0].delta.content or "" async for chunk in stream if chunk.choices]
    assert len([piece for piece in pieces if piece]) > 2
    assert "Paris" in "".join(pieces)


async def test_a_real_model_tells_how_likely_its_tokens_are(sdk: AsyncOpenAI) -> None:
    ask = [{"role": "user", "content": "What is the capital of France?"}]
    asked = {"model": CHAT, "messages": ask, "temperature": 0, "max_tokens": 8, "logprobs": True, "top_logprobs": 3}
    whole = (await sdk.chat.completions.create(**asked)).choices[0]
    assert whole.logprobs is not None
    tokens = whole.logprobs.content or []
    assert "".join(token.token for token in tokens).startswith(whole.message.content or "-")
    assert all(token.logprob <= 0 and len(token.top_logprobs) == 3 for token in tokens)
    stream = await sdk.chat.completions.create(**asked, stream=True)
    streamed = [chunk.choices[0].logprobs async for chunk in stream if chunk.choices]
    assert [token.token for each in streamed if each for token in each.content or []] == [t.token for t in tokens]


async def test_auto_finds_a_local_model(sdk: AsyncOpenAI) -> None:
    ask = [{"role": "user", "content": "Say hello."}]
    answer = await sdk.chat.completions.create(model="auto", messages=ask, max_tokens=10)
    assert answer.model in (CHAT, "qwen2.5-coder-0.5b-instruct", "qwen2.5-coder-1.5b-instruct")


async def test_a_schema_binds_even_a_small_model(sdk: AsyncOpenAI) -> None:
    schema = {"type": "object", "properties": {"city": {"type": "string"}, "people": {"type": "integer"}},
              "required": ["city", "people"], "additionalProperties": False}  # fmt: skip
    answer = await sdk.chat.completions.create(
        model=CHAT, max_tokens=100, messages=[{"role": "user", "content": "Tell me of Paris."}],
        response_format={"type": "json_schema", "json_schema": {"name": "city", "schema": schema}},
    )  # fmt: skip
    told = json.loads(answer.choices[0].message.content or "")
    assert set(told) == {"city", "people"}
    assert isinstance(told["people"], int)


async def test_embeddings_place_like_beside_like(sdk: AsyncOpenAI) -> None:
    texts = ["A cat sleeps on the sofa.", "A kitten naps on the couch.", "The bank raised its interest rates."]
    vectors = [item.embedding for item in (await sdk.embeddings.create(model=EMBED, input=texts)).data]

    def dot(a: list[float], b: list[float]) -> float:
        return sum(x * y for x, y in zip(a, b, strict=True))

    assert len(vectors[0]) == 384
    assert dot(vectors[0], vectors[1]) > dot(vectors[0], vectors[2]) + 0.3


async def test_a_killed_model_is_an_error_and_then_answers_again(sdk: AsyncOpenAI) -> None:
    ask = [{"role": "user", "content": "Count from one to a hundred in words."}]
    stream = await sdk.chat.completions.create(model=CHAT, messages=ask, max_tokens=400, stream=True)
    said = 0
    with pytest.raises(openai.APIError):
        async for chunk in stream:
            said += bool(chunk.choices[0].delta.content)
            if said == 3:
                for process in _model_processes():
                    os.kill(process, signal.SIGKILL)
    again = await sdk.chat.completions.create(model=CHAT, messages=ask, max_tokens=10)
    assert again.choices[0].message.content


async def test_a_prompt_that_the_model_cannot_hold_is_a_400_that_says_so(sdk: AsyncOpenAI) -> None:
    for words in (5_000, 30_000):  # just too long for it, and by far
        ask = [{"role": "user", "content": "word " * words}]
        with pytest.raises(openai.BadRequestError, match=r"tokens|context"):
            await sdk.chat.completions.create(model=CHAT, messages=ask, max_tokens=5)
