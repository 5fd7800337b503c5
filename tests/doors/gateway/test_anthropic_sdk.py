"""Anthropic's own SDK against /v1/messages, over upstreams of both protocols."""

from collections.abc import AsyncIterator

import anthropic
import pytest
from anthropic import AsyncAnthropic

from tests.kit.server import Client
from tests.kit.upstream import Call, FailMidway, Refuse, Say, Upstream


@pytest.fixture
async def sdk(key: Client) -> AsyncIterator[AsyncAnthropic]:
    secret = key.headers["Authorization"].removeprefix("Bearer ")
    async with AsyncAnthropic(base_url=key.base_url, api_key=secret, max_retries=0) as client:
        yield client


ASK = [{"role": "user", "content": "Hello?"}]


@pytest.mark.parametrize("model", ["gpt-4o", "claude-sonnet-4"])
async def test_any_model_answers_through_this_protocol(
    sdk: AsyncAnthropic, upstream: Upstream, claude: Upstream, model: str
) -> None:
    for one in (upstream, claude):
        one.plan(Say("It is Paris.", input_tokens=9, output_tokens=4))
    message = await sdk.messages.create(model=model, max_tokens=50, system="Be brief.", messages=ASK)
    assert message.content[0].text == "It is Paris."
    assert (message.stop_reason, message.usage.input_tokens, message.usage.output_tokens) == ("end_turn", 9, 4)


@pytest.mark.parametrize("model", ["gpt-4o", "claude-sonnet-4"])
async def test_a_stream_adds_up_to_the_message(
    sdk: AsyncAnthropic, upstream: Upstream, claude: Upstream, model: str
) -> None:
    for one in (upstream, claude):
        one.plan(Say("One two three.", calls=[Call("weather", '{"city": "Oslo"}')], stop="tool_calls"))
    tools = [{"name": "weather", "description": "", "input_schema": {"type": "object", "properties": {}}}]
    async with sdk.messages.stream(model=model, max_tokens=50, messages=ASK, tools=tools) as stream:
        text = "".join([piece async for piece in stream.text_stream])
        message = await stream.get_final_message()
    assert text == "One two three."
    assert message.content[1].input == {"city": "Oslo"}
    assert message.stop_reason == "tool_use"
    assert message.usage.output_tokens == 5


async def test_thinking_comes_with_its_signature(sdk: AsyncAnthropic, claude: Upstream) -> None:
    claude.plan(Say("Yes.", reasoning="Let me think."))
    async with sdk.messages.stream(model="claude-sonnet-4", max_tokens=5000, messages=ASK) as stream:
        message = await stream.get_final_message()
    assert (message.content[0].type, message.content[0].thinking, message.content[0].signature) == (
        "thinking", "Let me think.", "sig",
    )  # fmt: skip


async def test_errors_have_this_protocols_form(sdk: AsyncAnthropic, claude: Upstream) -> None:
    claude.plan(Refuse(400, "prompt is strange"))
    with pytest.raises(anthropic.BadRequestError, match="prompt is strange"):
        await sdk.messages.create(model="claude-sonnet-4", max_tokens=5, messages=ASK)
    with pytest.raises(anthropic.NotFoundError):
        await sdk.messages.create(model="claude-none", max_tokens=5, messages=ASK)
    with pytest.raises(anthropic.BadRequestError, match="max_tokens"):
        await sdk.messages.create(model="claude-sonnet-4", max_tokens=0, messages=ASK)


async def test_a_failure_in_mid_stream_is_an_error_event(sdk: AsyncAnthropic, claude: Upstream) -> None:
    claude.plan(FailMidway())
    with pytest.raises(anthropic.APIStatusError):
        async with sdk.messages.stream(model="claude-sonnet-4", max_tokens=5, messages=ASK) as stream:
            await stream.get_final_message()


async def test_a_wrong_key_is_a_401_in_this_form(key: Client) -> None:
    wrong = AsyncAnthropic(base_url=key.base_url, api_key="rad_wrong", max_retries=0)
    async with wrong as sdk:
        with pytest.raises(anthropic.AuthenticationError):
            await sdk.messages.create(model="auto", max_tokens=5, messages=ASK)


async def test_openai_models_are_listed_in_this_form(sdk: AsyncAnthropic, upstream: Upstream) -> None:
    ids = [model.id async for model in sdk.models.list()]
    assert "gpt-4o" in ids
