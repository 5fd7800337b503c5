"""What goes out to each vendor of OpenAI's protocol, and the vendors' own ways of answering."""

import json
from typing import Any

import pytest

from radiant.ai.providers.chat import (
    ChatRequest,
    EmbeddingRequest,
    ImagePart,
    ImageUrlPart,
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
from radiant.ai.providers.errors import MalformedStream, UpstreamBadCredentials
from radiant.ai.providers.openai_compatible import OpenAICompatible
from radiant.ai.providers.openai_request import chat_body
from radiant.ai.providers.provider import Connection
from radiant.ai.providers.vendors import vendors
from radiant.infra.httpclient import HttpClient
from tests.kit.upstream import Raw, Refuse, Upstream

SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}}


def body(vendor: str, model: str = "m", **more: Any) -> dict[str, Any]:
    messages = more.pop("messages", [Message.of("user", "Hi")])
    return chat_body(ChatRequest(model=model, messages=messages, **more), vendors()[vendor])


def test_messages_of_every_kind_take_their_form_on_the_wire():
    messages = [
        Message.of("system", "Be brief."),
        Message(
            "user", [TextPart("What is this?"), ImagePart("image/png", b"\x89PNG"), ImageUrlPart("https://x/y.png")]
        ),
        Message(
            "assistant", [ReasoningPart("hm", "s"), TextPart("Let me look."), ToolCallPart("c1", "look", '{"a":1}')]
        ),
        Message("tool", [ToolResultPart("c1", "a cat"), ToolResultPart("c2", "no", is_error=True)]),
        Message.of("user", "Thanks"),
    ]
    assert body("openai", messages=messages)["messages"] == [
        {"role": "system", "content": "Be brief."},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "What is this?"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw=="}},
                {"type": "image_url", "image_url": {"url": "https://x/y.png"}},
            ],
        },
        {
            "role": "assistant",
            "content": "Let me look.",
            "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "look", "arguments": '{"a":1}'}}],
        },
        {"role": "tool", "tool_call_id": "c1", "content": "a cat"},
        {"role": "tool", "tool_call_id": "c2", "content": "Error: no"},
        {"role": "user", "content": "Thanks"},
    ]


def test_tools_and_the_choice_among_them():
    tools = [Tool("f", "does f", {"type": "object"}, strict=True)]
    sent = body("openai", tools=tools, tool_choice=NamedTool("f"), parallel_tool_calls=False)
    function = {"name": "f", "description": "does f", "parameters": {"type": "object"}, "strict": True}
    assert sent["tools"] == [{"type": "function", "function": function}]
    assert sent["tool_choice"] == {"type": "function", "function": {"name": "f"}}
    assert sent["parallel_tool_calls"] is False
    assert body("openai", tools=tools, tool_choice="required")["tool_choice"] == "required"
    assert body("mistral", tools=tools, tool_choice="required")["tool_choice"] == "any"
    assert "tool_choice" not in body("openai")


def test_the_limit_of_the_answer_has_each_vendors_name():
    assert body("openai", max_tokens=9)["max_completion_tokens"] == 9
    assert body("ollama", max_tokens=9)["max_tokens"] == 9


def test_models_that_refuse_sampling_parameters_do_not_get_them():
    options: dict[str, Any] = {"temperature": 0.0, "top_p": 0.5, "presence_penalty": 1.0, "seed": 4, "user": "u"}
    assert {"temperature", "top_p", "presence_penalty", "seed"} <= body("openai", "gpt-4o", **options).keys()
    assert not {"temperature", "top_p", "presence_penalty"} & body("openai", "gpt-6.2-sol", **options).keys()
    assert body("mistral", **options)["random_seed"] == 4
    assert "user" not in body("mistral", **options)
    assert "seed" not in body("deepseek", **options)


def test_a_schema_is_sent_as_such_or_where_a_vendor_has_none_as_a_rule_of_the_system():
    wanted = JsonSchema("answer", SCHEMA)
    assert body("openai", response_format=wanted)["response_format"] == {
        "type": "json_schema",
        "json_schema": {"name": "answer", "schema": SCHEMA, "strict": True},
    }
    sent = body("deepseek", response_format=wanted)
    assert sent["response_format"] == {"type": "json_object"}
    assert json.dumps(SCHEMA, separators=(",", ":")) in sent["messages"][0]["content"]
    assert body("openai", response_format=JsonObject())["response_format"] == {"type": "json_object"}


def test_usage_is_asked_for_where_the_vendor_allows_the_question():
    assert body("openai")["stream_options"] == {"include_usage": True}
    assert "stream_options" not in body("mistral")


def chunks(*choices: dict[str, Any], usage: dict[str, Any] | None = None, done: bool = True) -> Raw:
    lines = [{"choices": [{"index": 0, **choice}]} for choice in choices]
    if usage is not None:
        lines.append({"choices": [], "usage": usage})  # type: ignore[dict-item]
    data = [f"data: {json.dumps(line)}\n\n".encode() for line in lines]
    return Raw([*data, b"data: [DONE]\n\n"] if done else data)


async def ask(http: HttpClient, upstream: Upstream, raw: Raw) -> Any:
    upstream.plan(raw)
    provider = OpenAICompatible(http, vendors()["vllm"], retries=0)
    request = ChatRequest(model="m", messages=[Message.of("user", "Hi")])
    return await fold(provider.stream(request, Connection("vllm", upstream.url, allow_private=True)))


async def test_a_tool_call_that_ends_with_stop_is_still_a_tool_call(http: HttpClient, openai_server: Upstream):
    call = {"id": "a", "function": {"name": "f", "arguments": {"x": 1}}}
    answer = await ask(
        http, openai_server, chunks({"delta": {"tool_calls": [call]}}, {"delta": {}, "finish_reason": "stop"})
    )
    assert (answer.parts, answer.stop_reason) == ([ToolCallPart("a", "f", '{"x":1}')], "tool_calls")


async def test_tool_calls_without_an_index_are_told_apart_by_their_ids(http: HttpClient, openai_server: Upstream):
    calls = [{"id": name, "function": {"name": name, "arguments": "{"}} for name in ("a", "b")]
    more = [{"function": {"arguments": "}"}}]
    answer = await ask(
        http,
        openai_server,
        chunks(
            {"delta": {"tool_calls": calls[:1]}},
            {"delta": {"tool_calls": more}},
            {"delta": {"tool_calls": calls[1:]}},
            {"delta": {"tool_calls": more}, "finish_reason": "tool_calls"},
        ),
    )
    assert answer.parts == [ToolCallPart("a", "a", "{}"), ToolCallPart("b", "b", "{}")]


async def test_vendors_own_ways_of_thinking_refusing_and_stopping_are_understood(
    http: HttpClient, openai_server: Upstream
):
    thinking = [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}, {"type": "text", "text": "Yes"}]
    answer = await ask(http, openai_server, chunks({"delta": {"content": thinking}, "finish_reason": "stop"}))
    assert answer.parts == [ReasoningPart("hm"), TextPart("Yes")]
    answer = await ask(http, openai_server, chunks({"delta": {"reasoning": "hm"}, "finish_reason": "stop"}))
    assert answer.parts == [ReasoningPart("hm")]
    answer = await ask(http, openai_server, chunks({"delta": {"refusal": "No."}, "finish_reason": "stop"}))
    assert (answer.text, answer.stop_reason) == ("No.", "content_filter")
    answer = await ask(
        http, openai_server, chunks({"delta": {"content": "a"}, "finish_reason": "stop", "stop_reason": "\n"})
    )
    assert answer.stop_reason == "stop_sequence"


async def test_an_answer_that_ends_without_done_but_with_a_reason_is_whole(http: HttpClient, openai_server: Upstream):
    usage = {"prompt_tokens": 9, "completion_tokens": 2, "prompt_cache_hit_tokens": 4}
    raw = chunks({"delta": {"content": "Hi"}}, {"delta": {}, "finish_reason": "stop"}, usage=usage, done=False)
    answer = await ask(http, openai_server, raw)
    assert (answer.text, answer.usage) == ("Hi", Usage(9, 2, cache_read_tokens=4))


async def test_an_error_with_status_200_is_an_error(http: HttpClient, openai_server: Upstream):
    body = json.dumps({"error": {"message": "no", "code": 401}}).encode()
    with pytest.raises(UpstreamBadCredentials):
        await ask(http, openai_server, Raw([b"data: " + body + b"\n\n"]))


async def test_vectors_come_in_the_order_of_their_texts(http: HttpClient, openai_server: Upstream):
    provider = OpenAICompatible(http, vendors()["openai"])
    connection = Connection("openai", openai_server.url, allow_private=True)
    result = await provider.embed(EmbeddingRequest(model="e", inputs=["a", "bbb"], dimensions=2), connection)
    assert (result.vectors, result.input_tokens) == ([[1.0, 2.0], [3.0, 4.0]], 7)
    assert openai_server.requests[-1].body == {
        "model": "e",
        "input": ["a", "bbb"],
        "encoding_format": "float",
        "dimensions": 2,
    }


async def test_f0_8_too_few_vectors_are_an_error(http: HttpClient, openai_server: Upstream):
    openai_server.plan(Raw([b'{"data": []}'], content_type="application/json"))
    provider = OpenAICompatible(http, vendors()["openai"])
    with pytest.raises(MalformedStream):
        await provider.embed(
            EmbeddingRequest(model="e", inputs=["a"]), Connection("openai", openai_server.url, allow_private=True)
        )


async def test_a_key_is_checked_where_the_vendor_demands_one(http: HttpClient, openai_server: Upstream):
    openai_server.plan(Refuse(404))
    provider = OpenAICompatible(http, vendors()["openrouter"])
    with pytest.raises(Exception, match="openrouter"):
        await provider.check(Connection("openrouter", openai_server.url, allow_private=True))
    assert openai_server.requests[-1].path == "/v1/key"
