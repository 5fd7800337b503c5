"""What goes out to the Messages API, and what only it answers."""

from typing import Any

import pytest

from radiant.ai.providers.anthropic import Anthropic
from radiant.ai.providers.anthropic_request import DEFAULT_MAX_TOKENS, message_body
from radiant.ai.providers.chat import (
    ChatRequest,
    EmbeddingRequest,
    ImagePart,
    JsonObject,
    JsonSchema,
    Message,
    NamedTool,
    ReasoningPart,
    TextPart,
    Tool,
    ToolCallPart,
    ToolResultPart,
    Usage,
    fold,
)
from radiant.ai.providers.errors import ContextTooLong, UpstreamBadRequest
from radiant.ai.providers.provider import Connection, Secret
from radiant.ai.providers.vendors import vendors
from radiant.infra.httpclient import HttpClient
from tests.kit.upstream import Say, Upstream

VENDOR = vendors()["anthropic"]
NEW, OLD = "claude-sonnet-5", "claude-haiku-4-5"


def body(model: str = NEW, **more: Any) -> dict[str, Any]:
    messages = more.pop("messages", [Message.of("user", "Hi")])
    return message_body(ChatRequest(model=model, messages=messages, **more), VENDOR)


def test_messages_of_every_kind_take_their_form_on_the_wire():
    messages = [
        Message.of("system", "Be brief."),
        Message.of("system", "Be kind."),
        Message("user", [TextPart("What is this?"), ImagePart("image/png", b"\x89PNG")]),
        Message(
            "assistant",
            [
                ReasoningPart("hm", "s1"),
                ReasoningPart("", "sealed", redacted=True),
                ReasoningPart("somebody else's"),
                ToolCallPart("c1", "look", '{"a":1}'),
            ],
        ),
        Message("tool", [ToolResultPart("c1", "a cat")]),
        Message("user", [TextPart("And?"), ToolResultPart("c2", "no", is_error=True)]),
        Message.of("assistant", "  "),
    ]
    sent = body(messages=messages)
    assert sent["system"] == "Be brief.\n\nBe kind."
    image = {"type": "base64", "media_type": "image/png", "data": "iVBORw=="}
    assert sent["messages"] == [
        {"role": "user", "content": [{"type": "text", "text": "What is this?"}, {"type": "image", "source": image}]},
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "hm", "signature": "s1"},
                {"type": "redacted_thinking", "data": "sealed"},
                {"type": "tool_use", "id": "c1", "name": "look", "input": {"a": 1}},
            ],
        },
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "c1", "content": "a cat"},
                {"type": "tool_result", "tool_use_id": "c2", "content": "no", "is_error": True},
                {"type": "text", "text": "And?"},
            ],
        },
    ]


def test_arguments_that_are_no_json_object_are_the_callers_mistake():
    with pytest.raises(UpstreamBadRequest, match="look"):
        body(messages=[Message("assistant", [ToolCallPart("c1", "look", "{oops")])])


def test_tools_and_the_choice_among_them():
    tools = [Tool("f", "does f", {"type": "object"}, strict=True)]
    sent = body(tools=tools, tool_choice=NamedTool("f"), parallel_tool_calls=False)
    assert sent["tools"] == [{"name": "f", "description": "does f", "input_schema": {"type": "object"}, "strict": True}]
    assert sent["tool_choice"] == {"type": "tool", "name": "f", "disable_parallel_tool_use": True}
    assert body(tools=tools, tool_choice="required")["tool_choice"] == {"type": "any"}
    assert body(tools=tools, tool_choice="none")["tool_choice"] == {"type": "none"}


def test_a_limit_is_always_sent_for_the_protocol_demands_one():
    assert body()["max_tokens"] == DEFAULT_MAX_TOKENS
    assert body(max_tokens=5)["max_tokens"] == 5


def test_a_schema_is_an_output_format_and_not_a_forced_tool():
    schema = {"type": "object", "additionalProperties": False}
    sent = body(response_format=JsonSchema("a", schema))
    assert sent["output_config"] == {"format": {"type": "json_schema", "schema": schema}}
    assert "tools" not in sent
    assert "JSON object" in body(response_format=JsonObject())["system"]


def test_only_models_that_take_temperature_get_it():
    assert body(OLD, temperature=1.5, top_p=0.5)["temperature"] == 1.0
    assert "top_p" not in body(OLD, temperature=0.5, top_p=0.5)
    assert body(OLD, top_p=0.5)["top_p"] == 0.5
    assert "temperature" not in body(NEW, temperature=0.5)


def test_an_effort_of_reasoning_becomes_what_the_model_knows():
    adaptive = body(NEW, reasoning_effort="minimal")
    assert adaptive["thinking"] == {"type": "adaptive", "display": "summarized"}
    assert adaptive["output_config"] == {"effort": "low"}
    budget = body(OLD, reasoning_effort="low", max_tokens=100, temperature=0.5)
    assert budget["thinking"] == {"type": "enabled", "budget_tokens": 2048}
    assert budget["max_tokens"] == 2148
    assert "temperature" not in budget
    assert body(NEW, reasoning_effort="none")["thinking"] == {"type": "disabled"}
    assert body("claude-opus-5-5", reasoning_effort="none")["output_config"] == {"effort": "low"}
    assert "thinking" not in body(OLD, reasoning_effort="none")


@pytest.fixture
def connection(anthropic_server: Upstream) -> Connection:
    return Connection("anthropic", anthropic_server.url, Secret("sk-ant-0123456789"), allow_private=True)


def request(model: str = NEW, **more: Any) -> ChatRequest:
    return ChatRequest(model=model, messages=[Message.of("user", "Hi")], **more)


async def test_the_version_goes_with_what_the_model_takes(
    http: HttpClient, anthropic_server: Upstream, connection: Connection
):
    provider = Anthropic(http, VENDOR)
    for model in (NEW, OLD):
        await fold(provider.stream(request(model), connection))
    sent = [received.headers for received in anthropic_server.requests]
    assert [headers["anthropic-version"] for headers in sent] == ["2026-10-21", "2023-06-01"]
    assert sent[0]["x-api-key"] == "sk-ant-0123456789"


@pytest.mark.parametrize("suffix", ["", "/v1"])
async def test_an_address_is_understood_with_and_without_its_version(
    http: HttpClient, anthropic_server: Upstream, suffix: str
):
    there = Connection("anthropic", anthropic_server.url + suffix, allow_private=True)
    await fold(Anthropic(http, VENDOR).stream(request(), there))
    assert anthropic_server.requests[-1].path == "/v1/messages"


async def test_cached_tokens_are_part_of_the_prompt(
    http: HttpClient, anthropic_server: Upstream, connection: Connection
):
    anthropic_server.plan(Say(input_tokens=100, cache_read_tokens=60, cache_write_tokens=30, output_tokens=9))
    answer = await fold(Anthropic(http, VENDOR).stream(request(), connection))
    assert answer.usage == Usage(100, 9, cache_read_tokens=60, cache_write_tokens=30)


async def test_a_full_context_is_a_cut_answer_and_with_no_answer_at_all_an_error(
    http: HttpClient, anthropic_server: Upstream, connection: Connection
):
    provider = Anthropic(http, VENDOR)
    anthropic_server.plan(Say(stop="model_context_window_exceeded"))
    assert (await fold(provider.stream(request(), connection))).stop_reason == "length"
    anthropic_server.plan(Say(text="", stop="model_context_window_exceeded", output_tokens=0))
    with pytest.raises(ContextTooLong):
        await fold(provider.stream(request(), connection))


async def test_embeddings_are_refused_for_there_are_none(http: HttpClient, connection: Connection):
    with pytest.raises(UpstreamBadRequest, match="no embeddings"):
        await Anthropic(http, VENDOR).embed(EmbeddingRequest(model="m", inputs=["a"]), connection)
