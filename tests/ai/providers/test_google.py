"""What goes out to Gemini, and what only it answers."""

import base64
from typing import Any

import msgspec
import pytest

from radiant.ai.providers.chat import (
    ChatRequest,
    DocumentPart,
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
from radiant.ai.providers.errors import (
    ContextTooLong,
    UpstreamBadCredentials,
    UpstreamBadRequest,
    UpstreamBroken,
    UpstreamRateLimited,
)
from radiant.ai.providers.google import Google
from radiant.ai.providers.google_request import content_body
from radiant.ai.providers.provider import Connection, Secret
from radiant.ai.providers.signatures import google_thought, sign_call
from radiant.ai.providers.vendors import vendors
from radiant.doors.gateway import anthropic_answer, openai_answer
from radiant.doors.gateway.anthropic_request import MessagesBody
from radiant.doors.gateway.openai_request import ChatBody
from radiant.infra.httpclient import HttpClient
from tests.kit.google_upstream import error, google_upstream
from tests.kit.upstream import Call, Raw, Refuse, Say, Upstream, _event

VENDOR = vendors()["google"]
SIGNATURE = base64.b64encode(bytes(range(250, 256)) * 40).decode()


def body(model: str = "gemini-3.8-flash", **more: Any) -> dict[str, Any]:
    messages = more.pop("messages", [Message.of("user", "Hi")])
    return content_body(ChatRequest(model=model, messages=messages, **more), VENDOR)


def test_messages_of_every_kind_take_their_form_on_the_wire():
    signed = sign_call("fc-1", SIGNATURE)
    messages = [
        Message.of("system", "Be brief."),
        Message(
            "user", [TextPart("See"), ImagePart("image/png", b"\x89PNG"), ImageUrlPart("https://e.org/a.webp?b=1")]
        ),
        Message("user", [DocumentPart("application/pdf", b"%PDF")]),
        Message(
            "assistant",
            [
                ReasoningPart("hm"),
                ReasoningPart("claude's", "theirs"),
                TextPart("Well."),
                ReasoningPart("", google_thought("dGV4dA==")),
                ToolCallPart(signed, "look", '{"a":1}'),
                ToolCallPart("call_own", "look", ""),
            ],
        ),
        Message("tool", [ToolResultPart(signed, "a cat", media=(ImagePart("image/png", b"\x89PNG"),))]),
        Message("user", [TextPart("And?"), ToolResultPart("call_own", "no", is_error=True)]),
    ]
    sent = body(messages=messages)
    png = {"inlineData": {"mimeType": "image/png", "data": "iVBORw=="}}
    assert sent["systemInstruction"] == {"parts": [{"text": "Be brief."}]}
    assert sent["contents"] == [
        {
            "role": "user",
            "parts": [
                {"text": "See"},
                png,
                {"fileData": {"mimeType": "image/webp", "fileUri": "https://e.org/a.webp?b=1"}},
                {"inlineData": {"mimeType": "application/pdf", "data": "JVBERg=="}},
            ],
        },
        {
            "role": "model",
            "parts": [
                {"text": "Well."},
                {"text": "", "thoughtSignature": "dGV4dA=="},
                {"functionCall": {"name": "look", "args": {"a": 1}, "id": "fc-1"}, "thoughtSignature": SIGNATURE},
                {"functionCall": {"name": "look", "args": {}}},
            ],
        },
        {
            "role": "user",
            "parts": [
                {
                    "functionResponse": {
                        "name": "look",
                        "response": {"output": "a cat"},
                        "id": "fc-1",
                        "parts": [png],
                    }
                },
                {"functionResponse": {"name": "look", "response": {"error": "no"}}},
                {"text": "And?"},
            ],
        },
    ]


def test_a_call_that_another_model_made_is_marked_as_not_signed():
    sent = body(messages=[Message("assistant", [ToolCallPart("toolu_1", "f", "{}")])])
    assert sent["contents"][0]["parts"][0]["thoughtSignature"] == "skip_thought_signature_validator"


def test_what_makes_no_sense_in_a_conversation_is_the_callers_mistake():
    with pytest.raises(UpstreamBadRequest, match="look"):
        body(messages=[Message("assistant", [ToolCallPart("c1", "look", "{oops")])])
    with pytest.raises(UpstreamBadRequest, match="without its call"):
        body(messages=[Message("tool", [ToolResultPart("c9", "r")])])


def test_tools_and_the_choice_among_them():
    schema = {"type": "object", "properties": {"x": {"$ref": "#/$defs/x"}}, "$defs": {"x": {"type": "string"}}}
    tools = [Tool("f", "does f", schema)]
    sent = body(tools=tools, tool_choice=NamedTool("f"))
    declared = {"name": "f", "description": "does f", "parametersJsonSchema": schema}
    assert sent["tools"] == [{"functionDeclarations": [declared]}]
    assert sent["toolConfig"]["functionCallingConfig"] == {"mode": "ANY", "allowedFunctionNames": ["f"]}
    modes = [
        body(tools=tools, tool_choice=choice)["toolConfig"]["functionCallingConfig"]["mode"]
        for choice in ("auto", "none", "required")
    ]
    assert modes == ["AUTO", "NONE", "ANY"]
    strict = body(tools=[Tool("f", strict=True)])
    assert strict["toolConfig"]["functionCallingConfig"]["mode"] == "VALIDATED"


def test_every_setting_has_its_word():
    sent = body(
        max_tokens=5, temperature=1.5, top_p=0.5, seed=7, presence_penalty=0.1, frequency_penalty=0.2, stop=["a"]
    )["generationConfig"]
    assert sent == {
        "maxOutputTokens": 5, "temperature": 1.5, "topP": 0.5, "seed": 7, "presencePenalty": 0.1,
        "frequencyPenalty": 0.2, "stopSequences": ["a"],
    }  # fmt: skip
    assert "generationConfig" not in body()
    schema = {"type": "object", "additionalProperties": False}
    assert body(response_format=JsonSchema("a", schema))["generationConfig"] == {
        "responseMimeType": "application/json",
        "responseJsonSchema": schema,
    }
    assert body(response_format=JsonObject())["generationConfig"] == {"responseMimeType": "application/json"}


@pytest.mark.parametrize(
    ("model", "effort", "config"),
    [
        ("gemini-2.5-flash", "low", {"thinkingBudget": 2048, "includeThoughts": True}),
        ("gemini-2.5-flash", "none", {"thinkingBudget": 0}),
        ("gemini-2.5-pro", "none", {"thinkingBudget": 128}),
        ("gemini-3.8-flash", "max", {"thinkingLevel": "high", "includeThoughts": True}),
        ("gemini-3.8-flash", "none", {"thinkingLevel": "minimal"}),
        ("gemini-3.1-pro-preview", "minimal", {"thinkingLevel": "low", "includeThoughts": True}),
        ("gemini-3.1-pro-preview", "none", {"thinkingLevel": "low"}),
    ],
)
def test_an_effort_of_reasoning_becomes_what_the_model_knows(model: str, effort: Any, config: dict[str, Any]):
    assert body(model, reasoning_effort=effort)["generationConfig"]["thinkingConfig"] == config


@pytest.fixture
async def server() -> Any:
    async with google_upstream() as upstream:
        upstream.key = "AIza-0123456789abcdef"
        yield upstream


@pytest.fixture
def connection(server: Upstream) -> Connection:
    return Connection("google", f"{server.url}/v1beta", Secret("AIza-0123456789abcdef"), allow_private=True)


def request(**more: Any) -> ChatRequest:
    more.setdefault("messages", [Message.of("user", "Hi")])
    return ChatRequest(model="gemini-3.8-flash", **more)


async def test_thoughts_count_as_output_and_the_key_stays_out_of_the_address(
    http: HttpClient, server: Upstream, connection: Connection
):
    server.plan(Say(input_tokens=100, cache_read_tokens=60, output_tokens=50, reasoning_tokens=30))
    answer = await fold(Google(http, VENDOR).stream(request(), connection))
    assert answer.usage == Usage(100, 50, cache_read_tokens=60, reasoning_tokens=30)
    assert server.requests[0].path == "/v1beta/models/gemini-3.8-flash:streamGenerateContent"
    assert server.requests[0].headers["x-goog-api-key"] == "AIza-0123456789abcdef"


async def test_a_blocked_prompt_is_an_answer_that_a_filter_ended(
    http: HttpClient, server: Upstream, connection: Connection
):
    blocked = {"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}, "usageMetadata": {"promptTokenCount": 9}}
    server.plan(Raw([_event(blocked).encode()]))
    answer = await fold(Google(http, VENDOR).stream(request(), connection))
    assert (answer.stop_reason, answer.text, answer.usage) == ("content_filter", "", Usage(9, 0))


@pytest.mark.parametrize("reason", ["MALFORMED_FUNCTION_CALL", "OTHER"])
async def test_an_answer_that_failed_by_its_own_word_is_no_answer(
    http: HttpClient, server: Upstream, connection: Connection, reason: str
):
    server.plan(Say("x", stop=reason))
    with pytest.raises(UpstreamBroken, match=reason):
        await fold(Google(http, VENDOR).stream(request(), connection))


async def test_the_wait_that_its_error_names_is_told(http: HttpClient, server: Upstream, connection: Connection):
    retry = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "37s"}
    refused = error(429, "You exceeded your current quota", "RESOURCE_EXHAUSTED", [retry])
    server.plan(Refuse(429, body=msgspec.json.encode(refused)))
    with pytest.raises(UpstreamRateLimited) as caught:
        await fold(Google(http, VENDOR).stream(request(), connection))
    assert caught.value.retry_after == 37
    server.plan(Refuse(400, "The input token count (2000000) exceeds the maximum number of tokens allowed (1048576)."))
    with pytest.raises(ContextTooLong):
        await fold(Google(http, VENDOR).stream(request(), connection))


async def test_only_the_first_call_counts_where_one_was_wanted(
    http: HttpClient, server: Upstream, connection: Connection
):
    server.plan(Say("", calls=[Call("f", "{}", ""), Call("g", "{}", "")]))
    wanted = request(tools=[Tool("f"), Tool("g")], parallel_tool_calls=False)
    answer = await fold(Google(http, VENDOR).stream(wanted, connection))
    assert [call.name for call in answer.tool_calls] == ["f"]


@pytest.mark.parametrize("door", ["openai", "anthropic"])
async def test_a_tool_loop_through_either_door_gives_the_signature_back(
    http: HttpClient, server: Upstream, connection: Connection, door: str
):
    """What a client keeps of a call is its id, its name and its arguments."""
    server.plan(Say("", calls=[Call("look", '{"a":1}', "fc-7"), Call("look", "{}", "")], signature="\xfa\xfb?>"))
    provider = Google(http, VENDOR)
    answer = await fold(provider.stream(request(tools=[Tool("look")]), connection))
    if door == "openai":
        message = openai_answer.completion_body("i", "m", answer)["choices"][0]["message"]
        kept = {"role": "assistant", "content": message["content"], "tool_calls": message["tool_calls"]}
        results = [{"role": "tool", "tool_call_id": c["id"], "content": "cat"} for c in message["tool_calls"]]
        loop = {"model": "m", "messages": [{"role": "user", "content": "Hi"}, kept, *results]}
        second = msgspec.json.decode(msgspec.json.encode(loop), type=ChatBody).to_request()
    else:
        blocks = anthropic_answer.message_body("i", "m", answer)["content"]
        results = [{"type": "tool_result", "tool_use_id": block["id"], "content": "cat"} for block in blocks]
        turns = [
            {"role": "user", "content": "Hi"},
            {"role": "assistant", "content": blocks},
            {"role": "user", "content": results},
        ]
        loop = {"model": "m", "max_tokens": 9, "messages": turns}
        second = msgspec.json.decode(msgspec.json.encode(loop), type=MessagesBody).to_request()
    await fold(provider.stream(msgspec.structs.replace(second, model="gemini-3.8-flash"), connection))
    model, user = server.requests[-1].body["contents"][1:]
    signature = base64.b64encode("\xfa\xfb?>".encode()).decode()
    assert model["parts"] == [
        {"functionCall": {"name": "look", "args": {"a": 1}, "id": "fc-7"}, "thoughtSignature": signature},
        {"functionCall": {"name": "look", "args": {}}},
    ]
    assert [part["functionResponse"].get("id") for part in user["parts"]] == ["fc-7", None]


async def test_embeddings_go_in_batches_and_come_at_length_one(
    http: HttpClient, server: Upstream, connection: Connection
):
    texts = ["a" * (1 + i % 7) for i in range(150)]
    asked = EmbeddingRequest(model="gemini-embedding-001", inputs=texts, dimensions=2)
    result = await Google(http, VENDOR).embed(asked, connection)
    assert [len(sent.body["requests"]) for sent in server.requests] == [100, 50]
    assert server.requests[0].body["requests"][0] == {
        "model": "models/gemini-embedding-001",
        "outputDimensionality": 2,
        "content": {"parts": [{"text": "a"}]},
    }
    assert len(result.vectors) == 150
    assert result.vectors[2] == pytest.approx([3 / 10**0.5, 1 / 10**0.5])
    assert (result.input_tokens, result.estimated) == (sum(-(-len(text) // 4) for text in texts), True)


async def test_a_refused_key_is_said_so_though_the_status_is_400(
    http: HttpClient, server: Upstream, connection: Connection
):
    server.key = "another"
    with pytest.raises(UpstreamBadCredentials) as caught:
        await Google(http, VENDOR).check(connection)
    assert caught.value.upstream_status == 400
