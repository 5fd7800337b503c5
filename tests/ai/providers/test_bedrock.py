"""What goes out to Bedrock, how it is signed, and what only it answers."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from radiant.ai.providers.aws import Signer
from radiant.ai.providers.bedrock import Bedrock
from radiant.ai.providers.bedrock_request import converse_body
from radiant.ai.providers.chat import (
    ChatRequest,
    Completion,
    DocumentPart,
    EmbeddingRequest,
    ImagePart,
    ImageUrlPart,
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
    MalformedStream,
    UpstreamBadCredentials,
    UpstreamBadRequest,
    UpstreamModelNotFound,
    UpstreamRateLimited,
)
from radiant.ai.providers.provider import Connection, Secret
from radiant.ai.providers.vendors import vendors
from radiant.infra.httpclient import HttpClient
from tests.kit.bedrock_upstream import ACCESS_KEY, bedrock_upstream, encoded, event, exception
from tests.kit.upstream import Call, Raw, Refuse, Say, Upstream

VENDOR = vendors()["bedrock"]
CLAUDE, NOVA = "us.anthropic.claude-sonnet-4-5-20250929-v1:0", "amazon.nova-pro-v1:0"
SECRET = "secret/with+signs0123456789"


def body(model: str = NOVA, settings: Any = None, **more: Any) -> dict[str, Any]:
    messages = more.pop("messages", [Message.of("user", "Hi")])
    connection = Connection("bedrock", "", settings=settings or {})
    return converse_body(ChatRequest(model=model, messages=messages, **more), connection)


def test_messages_of_every_kind_take_their_form_on_the_wire():
    png = ImagePart("image/png", b"\x89PNG")
    pdf = DocumentPart("application/pdf", b"%PDF", "My_contract (1).pdf", cache="5m")
    long_id = "call_" + "x" * 90
    messages = [
        Message("system", [TextPart("Be brief.", cache="1h")]),
        Message("user", [TextPart("See"), png, pdf, pdf]),
        Message(
            "assistant",
            [
                ReasoningPart("hm", "s1"),
                ReasoningPart("", "c2VhbGVk", redacted=True),
                ReasoningPart("nobody's"),
                ToolCallPart("t1", "look", '{"a":1}'),
                ToolCallPart(long_id, "look", ""),
            ],
        ),
        Message("tool", [ToolResultPart("t1", "a cat", media=(png,))]),
        Message("user", [TextPart("And?"), ToolResultPart(long_id, "no", is_error=True)]),
    ]
    sent = body(messages=messages)
    picture = {"image": {"format": "png", "source": {"bytes": encoded(b"\x89PNG")}}}
    point = {"cachePoint": {"type": "default"}}
    assert sent["system"] == [{"text": "Be brief."}, {"cachePoint": {"type": "default", "ttl": "1h"}}]

    def document(name: str) -> dict[str, Any]:
        return {"document": {"format": "pdf", "name": name, "source": {"bytes": encoded(b"%PDF")}}}

    user, assistant, results = sent["messages"]
    assert user["content"] == [
        {"text": "See"},
        picture,
        document("My contract (1) pdf"),
        point,
        document("My contract (1) pdf 2"),
        point,
    ]
    hashed = assistant["content"][3]["toolUse"]["toolUseId"]
    assert len(hashed) <= 64
    assert assistant["content"] == [
        {"reasoningContent": {"reasoningText": {"text": "hm", "signature": "s1"}}},
        {"reasoningContent": {"redactedContent": "c2VhbGVk"}},
        {"toolUse": {"toolUseId": "t1", "name": "look", "input": {"a": 1}}},
        {"toolUse": {"toolUseId": hashed, "name": "look", "input": {}}},
    ]
    assert results["content"] == [
        {"toolResult": {"toolUseId": "t1", "content": [{"text": "a cat"}, picture]}},
        {"toolResult": {"toolUseId": hashed, "content": [{"text": "no"}], "status": "error"}},
        {"text": "And?"},
    ]


def test_what_converse_has_no_word_for_is_refused_by_name():
    with pytest.raises(UpstreamBadRequest, match="by value"):
        body(messages=[Message("user", [ImageUrlPart("https://e.org/a.png")])])
    with pytest.raises(UpstreamBadRequest, match="reasoning_effort"):
        body(reasoning_effort="high")
    used = [Message("assistant", [ToolCallPart("t", "f", "{}")]), Message("tool", [ToolResultPart("t", "r")])]
    with pytest.raises(UpstreamBadRequest, match="tool_choice"):
        body(messages=used, tools=[Tool("f")], tool_choice="none")
    assert body(CLAUDE, messages=used, tools=[Tool("f")], tool_choice="none")["additionalModelRequestFields"] == {
        "tool_choice": {"type": "none"}
    }
    assert "toolConfig" not in body(tools=[Tool("f")], tool_choice="none")


def test_tools_settings_schemas_and_guardrails():
    sent = body(
        tools=[Tool("f", "does f", {"type": "object"}, strict=True, cache="5m")],
        tool_choice=NamedTool("f"),
        max_tokens=9,
        temperature=0.5,
        top_p=0.5,
        stop=["x"],
        response_format=JsonSchema("a", {"type": "object"}),
        settings={"guardrail_id": "gr-1", "guardrail_version": "2"},
    )
    spec = {"name": "f", "inputSchema": {"json": {"type": "object"}}, "description": "does f", "strict": True}
    assert sent["toolConfig"] == {
        "tools": [{"toolSpec": spec}, {"cachePoint": {"type": "default"}}],
        "toolChoice": {"tool": {"name": "f"}},
    }
    assert sent["inferenceConfig"] == {"maxTokens": 9, "temperature": 0.5, "topP": 0.5, "stopSequences": ["x"]}
    schema = {"jsonSchema": {"schema": '{"type":"object"}', "name": "a"}}
    assert sent["outputConfig"] == {"textFormat": {"type": "json_schema", "structure": schema}}
    assert sent["guardrailConfig"] == {"guardrailIdentifier": "gr-1", "guardrailVersion": "2"}
    assert body(tools=[Tool("f")], tool_choice="required")["toolConfig"]["toolChoice"] == {"any": {}}


def test_claude_keeps_its_rules_on_bedrock():
    sent = body(CLAUDE, reasoning_effort="low", max_tokens=100, temperature=0.5)
    assert sent["additionalModelRequestFields"] == {"thinking": {"type": "enabled", "budget_tokens": 2048}}
    assert sent["inferenceConfig"] == {"maxTokens": 2148}
    newer = body("anthropic.claude-sonnet-5-v1:0", reasoning_effort="max", temperature=0.5)
    assert newer["outputConfig"] == {"effort": "max"}
    assert "inferenceConfig" not in newer
    assert body(CLAUDE, temperature=0.5, top_p=0.5)["inferenceConfig"] == {"temperature": 0.5}


@pytest.fixture
async def server() -> AsyncIterator[Upstream]:
    async with bedrock_upstream() as upstream:
        upstream.key = SECRET
        yield upstream


@pytest.fixture
def connection(server: Upstream) -> Connection:
    settings = {"region": "eu-west-1", "aws_access_key_id": ACCESS_KEY}
    secrets = {"aws_secret_access_key": Secret(SECRET)}
    return Connection("bedrock", server.url, allow_private=True, settings=settings, secrets=secrets)


async def ask(http: HttpClient, connection: Connection, model: str = NOVA, **more: Any) -> Completion:
    more.setdefault("messages", [Message.of("user", "Grüße")])
    return await fold(Bedrock(http, VENDOR).stream(ChatRequest(model=model, **more), connection))


@pytest.mark.parametrize("model", [NOVA, CLAUDE, "arn:aws:bedrock:eu-west-1:1:inference-profile/eu.anthropic.claude"])
async def test_a_request_is_signed_so_that_amazon_comes_to_the_same(
    http: HttpClient, server: Upstream, connection: Connection, model: str
):
    assert (await ask(http, connection, model)).text == "Hello from upstream."
    assert "/eu-west-1/bedrock/aws4_request" in server.requests[0].headers["Authorization"]
    assert [model.id for model in await Bedrock(http, VENDOR).list_models(connection)] == ["big", "small"]


async def test_a_wrong_secret_is_refused_and_named(http: HttpClient, connection: Connection):
    wrong = replace(connection, secrets={"aws_secret_access_key": Secret("another-secret-000")})
    with pytest.raises(UpstreamBadCredentials):
        await ask(http, wrong)


async def test_a_session_token_is_signed_too(http: HttpClient, server: Upstream, connection: Connection):
    secrets = {**connection.secrets, "aws_session_token": Secret("token-of-the-session")}
    await ask(http, replace(connection, secrets=secrets))
    assert server.requests[0].headers["X-Amz-Security-Token"] == "token-of-the-session"


async def test_the_machines_own_identity_is_the_operators_alone_and_kept(
    http: HttpClient, server: Upstream, connection: Connection
):
    found: list[int] = []

    def chain() -> Any:
        from botocore.credentials import ReadOnlyCredentials

        found.append(1)
        return ReadOnlyCredentials(ACCESS_KEY, SECRET, None)

    provider = Bedrock(http, VENDOR, Signer(chain))
    bare = replace(connection, settings={}, secrets={})
    request = ChatRequest(model=NOVA, messages=[Message.of("user", "Hi")])
    for _ in range(3):
        await fold(provider.stream(request, bare))
    assert found == [1]
    with pytest.raises(UpstreamBadCredentials, match="enter an API key"):
        await fold(provider.stream(request, replace(bare, allow_private=False)))
    with pytest.raises(UpstreamBadCredentials, match="no credentials of its own"):
        await fold(Bedrock(http, VENDOR, Signer(lambda: None)).stream(request, bare))


async def test_cached_tokens_are_part_of_the_prompt(http: HttpClient, server: Upstream, connection: Connection):
    server.plan(Say(input_tokens=100, cache_read_tokens=60, cache_write_tokens=30, output_tokens=9))
    assert (await ask(http, connection)).usage == Usage(100, 9, cache_read_tokens=60, cache_write_tokens=30)


async def test_sealed_thinking_comes_and_can_go_back(http: HttpClient, server: Upstream, connection: Connection):
    delta = {"reasoningContent": {"redactedContent": "c2VhbGVk"}}
    stream = event("contentBlockDelta", contentBlockIndex=0, delta=delta) + event("messageStop", stopReason="end_turn")
    server.plan(Raw([stream], content_type="application/vnd.amazon.eventstream"))
    assert (await ask(http, connection)).parts == [ReasoningPart("", "c2VhbGVk", redacted=True)]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("throttlingException", UpstreamRateLimited),
        ("validationException", UpstreamBadRequest),
    ],
)
async def test_exceptions_in_the_stream_are_typed(
    http: HttpClient, server: Upstream, connection: Connection, kind: str, expected: type[Exception]
):
    word = event("contentBlockDelta", contentBlockIndex=0, delta={"text": "a"})
    server.plan(Raw([word + exception(kind, "no")], content_type="application/vnd.amazon.eventstream"))
    with pytest.raises(expected):
        await ask(http, connection)


async def test_a_frame_that_was_changed_on_its_way_is_no_answer(
    http: HttpClient, server: Upstream, connection: Connection
):
    changed = bytearray(event("contentBlockDelta", contentBlockIndex=0, delta={"text": "a"}))
    changed[-10] ^= 1
    server.plan(Raw([bytes(changed)], content_type="application/vnd.amazon.eventstream"))
    with pytest.raises(MalformedStream):
        await ask(http, connection)


async def test_refusals_are_read_from_amazons_words(http: HttpClient, server: Upstream, connection: Connection):
    server.plan(Refuse(400, body=b'{"message": "Input is too long for requested model."}'))
    with pytest.raises(ContextTooLong):
        await ask(http, connection)
    server.plan(Refuse(403, body=b'{"message": "You don\'t have access to the model with the specified model ID."}'))
    with pytest.raises(UpstreamModelNotFound):
        await ask(http, connection)


async def test_a_model_that_does_not_stream_is_asked_for_its_whole_answer(
    http: HttpClient, server: Upstream, connection: Connection
):
    refused = Refuse(400, body=b'{"message": "This model doesn\'t support tool use in streaming mode."}')
    server.plan(refused, Say("Well,", calls=[Call("f", '{"a": 1}')], stop="tool_calls"))
    answer = await ask(http, connection, tools=[Tool("f")])
    assert answer.parts == [TextPart("Well,"), ToolCallPart("call_1", "f", '{"a":1}')]
    assert answer.usage == Usage(12, 5)
    assert server.requests[-1].path.endswith("/converse")


async def test_another_region_answers_where_one_cannot_and_is_asked_first_from_then_on(
    http: HttpClient, server: Upstream, connection: Connection
):
    provider = Bedrock(http, VENDOR)
    two = replace(connection, settings={**connection.settings, "region": "eu-west-1, us-west-2"})
    request = ChatRequest(model=NOVA, messages=[Message.of("user", "Hi")])
    server.plan(Refuse(429, "slow"))
    for _ in range(2):
        assert (await fold(provider.stream(request, two))).text == "Hello from upstream."
    regions = [sent.headers["Authorization"].split("/")[2] for sent in server.requests]
    assert regions == ["eu-west-1", "us-west-2", "us-west-2"]
    server.plan(Refuse(400, "no"))
    with pytest.raises(UpstreamBadRequest):
        await fold(provider.stream(request, two))


async def test_embeddings_of_titan_and_cohere(http: HttpClient, server: Upstream, connection: Connection):
    provider = Bedrock(http, VENDOR)
    asked = EmbeddingRequest(model="amazon.titan-embed-text-v2:0", inputs=["a", "bb"], dimensions=256)
    result = await provider.embed(asked, connection)
    assert (result.vectors, result.input_tokens, result.estimated) == ([[1.0, 1.0], [2.0, 1.0]], 6, False)
    assert server.requests[0].body == {"inputText": "a", "dimensions": 256}
    server.plan(Refuse(400, "no"))
    with pytest.raises(UpstreamBadRequest):
        await provider.embed(asked, connection)
    cohere = EmbeddingRequest(model="cohere.embed-v4:0", inputs=["a"] * 97)
    assert len((await provider.embed(cohere, connection)).vectors) == 97
    with pytest.raises(UpstreamBadRequest, match="no embeddings"):
        await provider.embed(EmbeddingRequest(model=NOVA, inputs=["a"]), connection)
