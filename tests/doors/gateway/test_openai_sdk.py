"""OpenAI's own SDK against /v1, with an upstream on loopback that speaks the protocol, well and badly."""

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal

import openai
import pytest
from openai import AsyncOpenAI

from radiant.infra.db import Database
from radiant.kit.ids import TenantId, UserId
from tests.kit.fixtures import Callers
from tests.kit.server import Client, Server
from tests.kit.upstream import Call, Drop, FailMidway, Hang, Refuse, Say, Upstream

MODEL = "gpt-4o"
PNG = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="


@pytest.fixture
async def sdk(key: Client) -> AsyncIterator[AsyncOpenAI]:
    secret = key.headers["Authorization"].removeprefix("Bearer ")
    async with AsyncOpenAI(base_url=key.base_url + "/v1", api_key=secret, max_retries=0) as client:
        yield client


def _ask(text: str = "Hello?") -> list[dict[str, str]]:
    return [{"role": "user", "content": text}]


async def test_a_whole_answer(sdk: AsyncOpenAI, upstream: Upstream) -> None:
    upstream.plan(Say("It is Paris.", input_tokens=9, output_tokens=4))
    answer = await sdk.chat.completions.create(model=MODEL, messages=_ask(), max_tokens=50, temperature=0.5)
    assert answer.choices[0].message.content == "It is Paris."
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage is not None
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (9, 4)
    sent = upstream.requests[-1].body
    assert sent["model"] == MODEL
    assert sent["temperature"] == 0.5


async def test_a_streamed_answer_is_the_same_and_ends_in_its_usage(sdk: AsyncOpenAI, upstream: Upstream) -> None:
    upstream.plan(Say("One two three four."))
    stream = await sdk.chat.completions.create(
        model=MODEL, messages=_ask(), stream=True, stream_options={"include_usage": True}
    )
    chunks = [chunk async for chunk in stream]
    assert "".join(c.choices[0].delta.content or "" for c in chunks if c.choices) == "One two three four."
    assert [c.choices[0].finish_reason for c in chunks if c.choices][-1] == "stop"
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.total_tokens == 17


async def test_tools_go_there_and_their_calls_come_back_streamed(sdk: AsyncOpenAI, upstream: Upstream) -> None:
    tool = {
        "type": "function",
        "function": {"name": "weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}},
    }
    upstream.plan(Say("", calls=[Call("weather", '{"city": "Oslo"}')], stop="tool_calls"))
    stream = await sdk.chat.completions.create(
        model=MODEL, messages=_ask(), tools=[tool], tool_choice="required", stream=True
    )
    arguments, name, finish = "", "", None
    async for chunk in stream:
        for call in chunk.choices[0].delta.tool_calls or []:
            name += call.function.name or ""
            arguments += call.function.arguments or ""
        finish = chunk.choices[0].finish_reason or finish
    assert (name, arguments, finish) == ("weather", '{"city": "Oslo"}', "tool_calls")
    assert upstream.requests[-1].body["tool_choice"] == "required"


async def test_tool_results_images_and_schemas_reach_the_upstream(sdk: AsyncOpenAI, upstream: Upstream) -> None:
    messages = [
        {"role": "developer", "content": "Be brief."},
        {
            "role": "user",
            "content": [{"type": "text", "text": "What?"}, {"type": "image_url", "image_url": {"url": PNG}}],
        },
        {
            "role": "assistant",
            "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}],
        },
        {"role": "tool", "tool_call_id": "c1", "content": "42"},
    ]
    schema = {"name": "n", "schema": {"type": "object", "properties": {"a": {"type": "integer"}}}, "strict": True}
    await sdk.chat.completions.create(
        model=MODEL, messages=messages, response_format={"type": "json_schema", "json_schema": schema}
    )
    sent = upstream.requests[-1].body
    assert [m["role"] for m in sent["messages"]] == ["developer", "user", "assistant", "tool"]
    assert sent["messages"][1]["content"][1]["image_url"]["url"] == PNG
    assert sent["response_format"]["json_schema"]["schema"] == schema["schema"]


async def test_f0_14_an_answer_cut_at_the_limit_says_so(sdk: AsyncOpenAI, upstream: Upstream) -> None:
    upstream.plan(Say("Half", stop="length"))
    answer = await sdk.chat.completions.create(model=MODEL, messages=_ask())
    assert answer.choices[0].finish_reason == "length"


async def test_f0_8_each_upstream_failure_is_a_typed_error_and_never_an_answer(
    sdk: AsyncOpenAI, upstream: Upstream
) -> None:
    upstream.default = Refuse(500, "boom")
    with pytest.raises(openai.InternalServerError, match="openai"):
        await sdk.chat.completions.create(model=MODEL, messages=_ask())
    upstream.default = Refuse(429, "slow down", type="rate_limit_error", retry_after=0.001)
    with pytest.raises(openai.RateLimitError):
        await sdk.chat.completions.create(model=MODEL, messages=_ask())
    upstream.default = Refuse(400, "max_tokens is too large")
    with pytest.raises(openai.BadRequestError, match="max_tokens is too large"):
        await sdk.chat.completions.create(model=MODEL, messages=_ask())
    upstream.default = Drop()
    with pytest.raises(openai.InternalServerError):
        await sdk.chat.completions.create(model=MODEL, messages=_ask())
    upstream.default = Say()


async def test_a_failure_in_mid_stream_reaches_the_client_as_one(sdk: AsyncOpenAI, upstream: Upstream) -> None:
    upstream.plan(FailMidway())
    stream = await sdk.chat.completions.create(model=MODEL, messages=_ask(), stream=True)
    said = ""
    with pytest.raises(openai.APIError):
        async for chunk in stream:
            said += chunk.choices[0].delta.content or ""
    assert said == "Half of"


async def test_a_client_that_goes_away_cancels_the_upstream(sdk: AsyncOpenAI, upstream: Upstream) -> None:
    upstream.plan(Say("word " * 500, gap=0.02))
    stream = await sdk.chat.completions.create(model=MODEL, messages=_ask(), stream=True)
    async for chunk in stream:
        if chunk.choices[0].delta.content:
            break
    await stream.close()
    await asyncio.wait_for(upstream.gone.wait(), 5)


async def test_a_client_that_gives_up_on_a_whole_answer_cancels_the_upstream(key: Client, upstream: Upstream) -> None:
    upstream.plan(Say("word " * 500, gap=0.02))
    body = {"model": MODEL, "messages": _ask()}
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5):
            await key.post("/v1/chat/completions", body)
    await asyncio.wait_for(upstream.gone.wait(), 5)


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"messages": []}, "messages"),
        ({"messages": "hi"}, "messages"),
        ({"messages": [{"role": "wizard", "content": "x"}]}, "messages"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, "messages"),
        (
            {
                "messages": [
                    {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "file:///etc/passwd"}}]}
                ]
            },
            "messages",
        ),
        ({"temperature": 9}, "temperature"),
        ({"n": 0}, "n"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"model": None}, "model"),
    ],
)
async def test_bad_input_is_a_400_that_names_the_field(
    key: Client, upstream: Upstream, change: dict[str, object], param: str
) -> None:
    answer = await key.post("/v1/chat/completions", {"model": MODEL, "messages": _ask()} | change)
    assert answer.status == 400
    error = answer.json()["error"]
    assert error["type"] == "invalid_request_error"
    assert (error["param"] or "").startswith(param)
    assert upstream.requests == []


async def test_what_is_not_json_is_a_400(key: Client) -> None:
    answer = await key.send("POST", "/v1/chat/completions", data=b"\xff{not json")
    assert answer.status == 400


async def test_an_unknown_model_is_a_404_and_one_without_a_key_a_503(sdk: AsyncOpenAI, upstream: Upstream) -> None:
    with pytest.raises(openai.NotFoundError, match="no-such-model"):
        await sdk.chat.completions.create(model="no-such-model", messages=_ask())
    with pytest.raises(openai.InternalServerError, match="needs a key for Anthropic"):
        await sdk.chat.completions.create(model="claude-sonnet-4", messages=_ask())


async def test_a_model_that_the_catalogue_does_not_know_is_named_by_its_provider(
    sdk: AsyncOpenAI, upstream: Upstream
) -> None:
    await sdk.chat.completions.create(model="openai/big", messages=_ask())
    assert upstream.requests[-1].body["model"] == "big"


async def test_the_lists_hold_what_can_be_used(sdk: AsyncOpenAI, upstream: Upstream) -> None:
    ids = [model.id async for model in sdk.models.list()]
    assert {"auto", MODEL, "openai/big"} <= set(ids)
    assert not any(name.startswith("claude") for name in ids)
    assert (await sdk.models.retrieve(MODEL)).id == MODEL


async def test_a_key_without_the_scope_and_no_key_are_refused(
    server: Server, tenant_ids: tuple[TenantId, UserId]
) -> None:
    reader = await server.with_key(*tenant_ids, "read")
    answer = await reader.post("/v1/chat/completions", {"model": MODEL, "messages": _ask()})
    assert (answer.status, answer.json()["error"]["code"]) == (403, "missing_scope")
    answer = await server.anonymous().post("/v1/chat/completions", {"model": MODEL, "messages": _ask()})
    assert (answer.status, answer.json()["error"]["code"]) == (401, "invalid_api_key")


async def test_a_tenants_own_provider_is_not_anothers(server: Server, callers: Callers, upstream: Upstream) -> None:
    upstream.requests.clear()
    answer = await callers.operator.delete("/api/providers/openai")
    assert answer.status == 204
    theirs = await server.with_key(callers.other_tenant.id, callers.other_tenant.user_id)
    answer = await theirs.post("/v1/chat/completions", {"model": MODEL, "messages": _ask()})
    assert answer.status == 503
    assert upstream.requests == []


async def _ledger(server: Server, db: Database) -> list[dict[str, object]]:
    await server.app.state.meter.flush()
    async with db.system("test").tx() as tx:
        rows = await tx.all("select * from usage_ledger order by created_at")
    return [dict(row) for row in rows]


async def test_f0_15_a_cheap_call_costs_nano_dollars_and_not_nothing(
    sdk: AsyncOpenAI, upstream: Upstream, server: Server, db: Database
) -> None:
    upstream.plan(Say("x", input_tokens=1, output_tokens=1))
    await sdk.chat.completions.create(model="gpt-4o-mini", messages=_ask())
    (row,) = await _ledger(server, db)
    assert row["state"] == "settled"
    assert Decimal(0) < row["cost"] < Decimal("0.00001")


async def test_every_call_is_metered_whatever_happens_to_it(
    sdk: AsyncOpenAI, upstream: Upstream, server: Server, db: Database
) -> None:
    await sdk.chat.completions.create(model=MODEL, messages=_ask())
    upstream.plan(Refuse(400, "no"))
    with pytest.raises(openai.BadRequestError):
        await sdk.chat.completions.create(model=MODEL, messages=_ask())
    upstream.plan(Say("word " * 300, gap=0.01))
    stream = await sdk.chat.completions.create(model=MODEL, messages=_ask(), stream=True)
    async for chunk in stream:
        if chunk.choices[0].delta.content:
            break
    await stream.close()
    await asyncio.wait_for(upstream.gone.wait(), 5)
    await asyncio.sleep(0.1)
    whole, refused, cancelled = await _ledger(server, db)
    assert (whole["state"], whole["input_tokens"], whole["estimated"]) == ("settled", 12, False)
    assert (refused["state"], refused["error_kind"]) == ("failed", "upstream-bad-request")
    assert (cancelled["state"], cancelled["stop_reason"], cancelled["estimated"]) == ("settled", "cancelled", True)
    assert cancelled["cost"] > 0


async def test_embeddings_come_as_floats_and_as_the_sdk_asks_for_them(sdk: AsyncOpenAI, upstream: Upstream) -> None:
    result = await sdk.embeddings.create(model="text-embedding-3-small", input=["a", "b"])
    assert [len(item.embedding) for item in result.data] == [8, 8]
    plain = await sdk.embeddings.create(model="text-embedding-3-small", input="a", encoding_format="float")
    assert plain.data[0].embedding == pytest.approx(result.data[0].embedding, abs=1e-6)


async def test_auto_falls_back_when_its_first_choice_fails(sdk: AsyncOpenAI, upstream: Upstream) -> None:
    upstream.plan(*[Refuse(503, "overloaded")] * 3, Say("Here."))
    answer = await sdk.chat.completions.create(model="auto:premium", messages=_ask())
    assert answer.choices[0].message.content == "Here."
    models = [request.body["model"] for request in upstream.requests]
    assert len(set(models)) == 2


async def test_a_hanging_upstream_times_out(key: Client, upstream: Upstream, server: Server) -> None:
    upstream.plan(Hang())
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await key.post("/v1/chat/completions", {"model": MODEL, "messages": _ask(), "stream": True})
