"""POST /v1/responses over an embedded model: a real answer, streamed, gone on from, and bound by a schema."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from openai import AsyncOpenAI

from tests.kit.server import Client

pytestmark = [pytest.mark.model, pytest.mark.xdist_group("models")]
CHAT = "smollm2-135m-instruct"


@pytest.fixture
async def sdk(small_models: Path, key: Client) -> AsyncIterator[AsyncOpenAI]:
    secret = key.headers["Authorization"].removeprefix("Bearer ")
    async with AsyncOpenAI(base_url=key.base_url + "/v1", api_key=secret, max_retries=0) as client:
        yield client


async def test_a_real_model_answers_responses(sdk: AsyncOpenAI) -> None:
    async with sdk.responses.stream(
        model=CHAT, input="What is the capital of France?", temperature=0, max_output_tokens=40
    ) as stream:
        pieces = [event.delta async for event in stream if event.type == "response.output_text.delta"]
        first = await stream.get_final_response()
    assert len(pieces) > 2
    assert "Paris" in first.output_text
    assert first.usage is not None
    assert first.usage.output_tokens > 0
    second = await sdk.responses.create(
        model=CHAT, input="Say it again.", previous_response_id=first.id, max_output_tokens=16
    )
    assert second.usage is not None
    assert second.usage.input_tokens > first.usage.input_tokens + first.usage.output_tokens
    schema = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"],
              "additionalProperties": False}  # fmt: skip
    bound = await sdk.responses.create(
        model=CHAT, input="Tell me of Paris.", max_output_tokens=60,
        text={"format": {"type": "json_schema", "name": "city", "schema": schema}},
    )  # fmt: skip
    assert set(json.loads(bound.output_text)) == {"city"}
