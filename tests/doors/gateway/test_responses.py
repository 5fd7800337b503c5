"""POST /v1/responses through OpenAI's own SDK: relayed to an upstream that has it, translated for one that does not."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import openai
import pytest
from openai import AsyncOpenAI
from pydantic import BaseModel

from radiant.infra.db import Database
from tests.kit.fixtures import Callers
from tests.kit.server import Client, Server
from tests.kit.upstream import Call, Drop, FailMidway, Refuse, Say, Upstream

GPT, CLAUDE = "gpt-4o", "claude-sonnet-4"
WEATHER = {
    "type": "function", "name": "weather", "description": "Says the weather.", "strict": True,
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"],
                   "additionalProperties": False},
}  # fmt: skip


@pytest.fixture
async def sdk(key: Client) -> AsyncIterator[AsyncOpenAI]:
    async with _sdk(key) as client:
        yield client


def _sdk(key: Client) -> AsyncOpenAI:
    secret = key.headers["Authorization"].removeprefix("Bearer ")
    return AsyncOpenAI(base_url=key.base_url + "/v1", api_key=secret, max_retries=0)


async def _ledger(server: Server, db: Database) -> list[dict[str, Any]]:
    await server.app.state.meter.flush()
    async with db.system("test").tx() as tx:
        return [dict(row) for row in await tx.all("select * from usage_ledger order by created_at")]


@pytest.mark.parametrize("model", [GPT, CLAUDE])
async def test_a_whole_response(
    sdk: AsyncOpenAI, upstream: Upstream, claude: Upstream, server: Server, db: Database, model: str
) -> None:
    for one in (upstream, claude):
        one.plan(Say("It is Paris.", input_tokens=9, output_tokens=4))
    response = await sdk.responses.create(model=model, instructions="Be brief.", input="The capital of France?")
    assert (response.output_text, response.status) == ("It is Paris.", "completed")
    assert response.usage is not None
    assert (response.usage.input_tokens, response.usage.output_tokens) == (9, 4)
    (row,) = await _ledger(server, db)
    assert (row["state"], row["input_tokens"], row["output_tokens"], row["estimated"]) == ("settled", 9, 4, False)


async def test_a_vendor_that_has_it_gets_the_very_bytes_and_its_answer_comes_back_as_it_was(
    key: Client, upstream: Upstream
) -> None:
    body = {"model": GPT, "input": "x", "tools": [{"type": "web_search"}], "of_tomorrow": {"a": [1]}, "store": False}
    answer = await key.post("/v1/responses", body)
    assert answer.status == 200, answer.body
    assert answer.json()["vendors_own"] == "kept"
    assert upstream.requests[-1].path == "/v1/responses"
    assert upstream.requests[-1].body == body


@pytest.mark.parametrize("model", [GPT, CLAUDE])
async def test_a_stream_adds_up_to_the_response(
    sdk: AsyncOpenAI, upstream: Upstream, claude: Upstream, server: Server, db: Database, model: str
) -> None:
    for one in (upstream, claude):
        one.plan(Say("One two three.", input_tokens=9, output_tokens=4))
    async with sdk.responses.stream(model=model, input="Count.") as stream:
        said = "".join([event.delta async for event in stream if event.type == "response.output_text.delta"])
        final = await stream.get_final_response()
    assert said.strip() == final.output_text == "One two three."
    (row,) = await _ledger(server, db)
    assert (row["input_tokens"], row["output_tokens"], row["streamed"]) == (9, 4, True)
    assert row["first_token_ms"] is not None


async def test_the_events_of_a_translated_stream_are_complete_numbered_and_in_order(
    sdk: AsyncOpenAI, claude: Upstream
) -> None:
    call = Call("weather", '{"city": "Oslo"}')
    claude.plan(Say("Well, now.", reasoning="Let me think.", calls=[call], stop="tool_calls"))
    stream = await sdk.responses.create(model=CLAUDE, input="x", tools=[WEATHER], stream=True)
    events = [event async for event in stream]
    assert [event.sequence_number for event in events] == list(range(len(events)))
    kinds: list[str] = []
    for event in events:
        kind = event.type.removeprefix("response.")
        if not kinds or kinds[-1] != kind:
            kinds.append(kind)
    assert kinds == [
        "created", "in_progress",
        "output_item.added", "reasoning_summary_part.added", "reasoning_summary_text.delta",
        "reasoning_summary_text.done", "reasoning_summary_part.done", "output_item.done",
        "output_item.added", "content_part.added", "output_text.delta", "output_text.done", "content_part.done",
        "output_item.done",
        "output_item.added", "function_call_arguments.delta", "function_call_arguments.done", "output_item.done",
        "completed",
    ]  # fmt: skip
    final = events[-1].response
    done = [event.item for event in events if event.type == "response.output_item.done"]
    assert [item.id for item in final.output] == [item.id for item in done]
    assert [item.type for item in final.output] == ["reasoning", "message", "function_call"]
    assert final.output[2].arguments == '{"city": "Oslo"}'


@pytest.mark.parametrize("model", [GPT, CLAUDE])
async def test_a_loop_of_tools_over_three_turns(
    sdk: AsyncOpenAI, upstream: Upstream, claude: Upstream, model: str
) -> None:
    asked = claude if model == CLAUDE else upstream
    asked.plan(
        Say("", calls=[Call("weather", '{"city": "Oslo"}', "c1"), Call("weather", '{"city": "Rome"}', "c2")],
            stop="tool_calls"),
        Say("", calls=[Call("weather", '{"city": "Bonn"}', "c3")], stop="tool_calls"),
        Say("Rome is warmest."),
    )  # fmt: skip
    conversation: list[Any] = [{"role": "user", "content": "Where is it warmest?"}]
    response = await sdk.responses.create(model=model, input=conversation, tools=[WEATHER])
    while calls := [item for item in response.output if item.type == "function_call"]:
        conversation += response.output
        conversation += [{"type": "function_call_output", "call_id": c.call_id, "output": "12 °C"} for c in calls]
        response = await sdk.responses.create(model=model, input=conversation, tools=[WEATHER])
    assert response.output_text == "Rome is warmest."
    assert len(asked.requests) == 3
    if model == CLAUDE:
        turns = asked.requests[-1].body["messages"]
        assert [turn["role"] for turn in turns] == ["user", "assistant", "user", "assistant", "user"]
        assert [block["id"] for block in turns[1]["content"]] == ["c1", "c2"]
        assert [block["tool_use_id"] for block in turns[2]["content"]] == ["c1", "c2"]


async def test_a_response_goes_on_from_another_that_is_kept_here(sdk: AsyncOpenAI, claude: Upstream) -> None:
    claude.plan(Say("Hello Ada.", reasoning="A name."), Say("You are Ada."), Say("Yes."))
    first = await sdk.responses.create(model=CLAUDE, input="I am Ada.", instructions="Be kind.")
    second = await sdk.responses.create(model=CLAUDE, input="Who am I?", previous_response_id=first.id)
    assert second.previous_response_id == first.id
    await sdk.responses.create(model=CLAUDE, input="Sure?", previous_response_id=second.id)
    sent = claude.requests[-1].body
    assert "system" not in sent
    assert [turn["role"] for turn in sent["messages"]] == ["user", "assistant", "user", "assistant", "user"]
    assert sent["messages"][1]["content"] == [
        {"type": "thinking", "thinking": "A name.", "signature": "sig"}, {"type": "text", "text": "Hello Ada."},
    ]  # fmt: skip
    await sdk.responses.delete(first.id)
    with pytest.raises(openai.NotFoundError, match="deleted"):
        await sdk.responses.create(model=CLAUDE, input="And?", previous_response_id=second.id)


async def test_what_is_kept_here_goes_to_a_vendor_as_items(
    sdk: AsyncOpenAI, upstream: Upstream, claude: Upstream
) -> None:
    claude.plan(Say("Hello Ada.", reasoning="A name."))
    first = await sdk.responses.create(model=CLAUDE, input="I am Ada.")
    await sdk.responses.create(model=GPT, input="Who am I?", previous_response_id=first.id)
    sent = upstream.requests[-1].body
    assert "previous_response_id" not in sent
    assert [(item.get("role"), item.get("type")) for item in sent["input"]] == [
        ("user", "message"), ("assistant", "message"), ("user", None),
    ]  # fmt: skip


async def test_what_a_vendor_keeps_goes_on_there_and_nowhere_else(
    sdk: AsyncOpenAI, upstream: Upstream, claude: Upstream
) -> None:
    first = await sdk.responses.create(model=GPT, input="I am Ada.")
    await sdk.responses.create(model=GPT, input="Who am I?", previous_response_id=first.id)
    assert upstream.requests[-1].body["previous_response_id"] == first.id
    assert (await sdk.responses.retrieve(first.id)).id == first.id
    assert upstream.requests[-1].method == "GET"
    with pytest.raises(openai.BadRequestError, match="kept by openai"):
        await sdk.responses.create(model=CLAUDE, input="Who am I?", previous_response_id=first.id)
    await sdk.responses.delete(first.id)
    with pytest.raises(openai.NotFoundError):
        await sdk.responses.retrieve(first.id)


@pytest.mark.parametrize("model", [GPT, CLAUDE])
async def test_a_response_is_its_persons_alone(
    sdk: AsyncOpenAI, server: Server, callers: Callers, upstream: Upstream, claude: Upstream, model: str
) -> None:
    stream = await sdk.responses.create(model=model, input="I am Ada.", stream=True)
    events = [event async for event in stream]
    name = events[-1].response.id
    assert (await sdk.responses.retrieve(name)).id == name
    others = [(callers.tenant.id, callers.owner_id), (callers.other_tenant.id, callers.other_tenant.user_id)]
    for tenant_id, user_id in others:
        theirs = await server.with_key(tenant_id, user_id)
        before = len(upstream.requests) + len(claude.requests)
        for method, path in [
            ("GET", ""), ("DELETE", ""), ("GET", "/input_items"), ("POST", "/cancel"),
        ]:  # fmt: skip
            answer = await theirs.send(method, f"/v1/responses/{name}{path}")
            assert answer.status == 404, (method, path, answer.body)
        answer = await theirs.post("/v1/responses", {"model": model, "input": "x", "previous_response_id": name})
        assert (answer.status, answer.json()["error"]["code"]) == (404, "previous_response_not_found")
        assert len(upstream.requests) + len(claude.requests) == before
    assert (await sdk.responses.retrieve(name)).id == name


async def test_input_items_come_by_page(sdk: AsyncOpenAI, claude: Upstream) -> None:
    said = [{"role": "user", "content": f"number {i}"} for i in range(5)]
    response = await sdk.responses.create(model=CLAUDE, input=said)
    page = await sdk.responses.input_items.list(response.id, limit=2, order="asc")
    assert page.has_more
    found = [item async for item in sdk.responses.input_items.list(response.id, limit=2, order="asc")]
    assert [item.content[0].text for item in found] == [f"number {i}" for i in range(5)]
    newest = await sdk.responses.input_items.list(response.id, limit=1)
    assert newest.data[0].content[0].text == "number 4"


async def test_nothing_is_kept_where_store_is_false(sdk: AsyncOpenAI, upstream: Upstream, claude: Upstream) -> None:
    for model in (GPT, CLAUDE):
        response = await sdk.responses.create(model=model, input="x", store=False)
        with pytest.raises(openai.NotFoundError):
            await sdk.responses.retrieve(response.id)


class City(BaseModel):
    name: str
    people: int


@pytest.mark.parametrize("model", [GPT, CLAUDE])
async def test_an_answer_is_parsed_into_a_model_of_pydantics(
    sdk: AsyncOpenAI, upstream: Upstream, claude: Upstream, model: str
) -> None:
    for one in (upstream, claude):
        one.plan(Say('{"name": "Oslo", "people": 700000}'))
    response = await sdk.responses.parse(model=model, input="A city.", text_format=City)
    assert response.output_parsed == City(name="Oslo", people=700000)
    if model == CLAUDE:
        assert set(claude.requests[-1].body["output_config"]["format"]["schema"]["properties"]) == {"name", "people"}


@pytest.mark.parametrize("streamed", [True, False])
async def test_a_function_of_a_namespace_keeps_it_through_another_protocol(
    sdk: AsyncOpenAI, claude: Upstream, streamed: bool
) -> None:
    function = {"type": "function", "name": "close", "parameters": {"type": "object", "properties": {}}}
    tools: Any = [{"type": "namespace", "name": "agents", "description": "Agents.", "tools": [function]}, function]
    calls = [Call("agents__close", "{}", "call_1"), Call("close", "{}", "call_2")]
    claude.plan(Say("", calls=calls, stop="tool_calls"), Say("Closed."))
    if streamed:
        async with sdk.responses.stream(model=CLAUDE, input="x", tools=tools, store=False) as stream:
            response = await stream.get_final_response()
    else:
        response = await sdk.responses.create(model=CLAUDE, input="x", tools=tools, store=False)
    output = [item.model_dump(exclude_none=True) for item in response.output]
    assert [(item["name"], item.get("namespace")) for item in output] == [("close", "agents"), ("close", None)]
    results: list[Any] = [{"type": "function_call_output", "call_id": f"call_{i}", "output": "ok"} for i in (1, 2)]
    again: Any = [{"role": "user", "content": "x"}, *output, *results]
    assert (await sdk.responses.create(model=CLAUDE, input=again, tools=tools, store=False)).output_text == "Closed."
    sent = claude.requests[-1].body
    assert [tool["name"] for tool in sent["tools"]] == ["agents__close", "close"]
    used = [block for message in sent["messages"] for block in message["content"] if block["type"] == "tool_use"]
    assert [block["name"] for block in used] == ["agents__close", "close"]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"tools": [{"type": "web_search"}]}, "web_search"),
        ({"tools": [{"type": "namespace", "name": "a", "tools": [{"type": "web_search"}]}]}, "tools[0].tools[0]"),
        ({"tool_choice": {"type": "file_search"}}, "file_search"),
        ({"include": ["file_search_call.results"]}, "file_search_call.results"),
        ({"truncation": "auto"}, "truncation"),
        ({"prompt": {"id": "pmpt_1"}}, "prompt"),
        ({"of_tomorrow": 1}, "of_tomorrow"),
        ({"text": {"verbosity": "low"}}, "verbosity"),
        ({"input": [{"type": "computer_call_output"}]}, "computer_call_output"),
        ({"input": [{"role": "user", "content": [{"type": "input_file", "file_id": "f"}]}]}, "file itself"),
        ({"input": [{"role": "user", "content": [{"type": "input_image", "image_url": "file:///x"}]}]}, "image_url"),
        ({"input": [{"type": "function_call_output", "call_id": "c"}]}, "output"),
        ({"input": []}, "input"),
        ({"temperature": 9}, "temperature"),
        ({"max_output_tokens": 0}, "max_output_tokens"),
        ({"previous_response_id": "resp_\x00"}, "previous_response_id"),
        ({"background": True, "store": False}, "store"),
        ({"background": True, "stream": True}, "stream"),
    ],
)  # fmt: skip
async def test_what_the_model_lacks_is_refused_by_name(
    key: Client, claude: Upstream, change: dict[str, Any], named: str
) -> None:
    answer = await key.post("/v1/responses", {"model": CLAUDE, "input": "x"} | change)
    assert answer.status == (404 if "previous" in named else 400), answer.body
    assert named in answer.json()["error"]["message"]
    assert claude.requests == []


async def test_an_answer_cut_at_its_limit_is_incomplete(sdk: AsyncOpenAI, claude: Upstream) -> None:
    claude.plan(Say("Half", stop="length"))
    response = await sdk.responses.create(model=CLAUDE, input="x", max_output_tokens=16)
    assert response.status == "incomplete"
    assert response.incomplete_details is not None
    assert response.incomplete_details.reason == "max_output_tokens"
    claude.plan(Say("Half", stop="length"))
    events = [event async for event in await sdk.responses.create(model=CLAUDE, input="x", stream=True)]
    assert events[-1].type == "response.incomplete"


async def test_failures_have_this_protocols_forms(sdk: AsyncOpenAI, upstream: Upstream, claude: Upstream) -> None:
    claude.plan(Refuse(400, "prompt is strange"), FailMidway())
    with pytest.raises(openai.BadRequestError, match="prompt is strange"):
        await sdk.responses.create(model=CLAUDE, input="x")
    events = [event async for event in await sdk.responses.create(model=CLAUDE, input="x", stream=True)]
    assert events[-1].type == "response.failed"
    assert events[-1].response.status == "failed"
    assert events[-1].response.error is not None
    upstream.plan(Say("word " * 50, cut_after=8))
    events = [event async for event in await sdk.responses.create(model=GPT, input="x", stream=True)]
    assert (events[-1].type, events[-1].code) == ("error", "upstream_cut_stream")
    upstream.default = Drop()
    with pytest.raises(openai.APIStatusError):
        await sdk.responses.create(model=GPT, input="x")


@pytest.mark.parametrize("model", [GPT, CLAUDE])
async def test_a_client_that_goes_away_cancels_the_upstream_and_pays_for_what_was_said(
    sdk: AsyncOpenAI, upstream: Upstream, claude: Upstream, server: Server, db: Database, model: str
) -> None:
    asked = claude if model == CLAUDE else upstream
    asked.plan(Say("word " * 400, gap=0.02))
    stream = await sdk.responses.create(model=model, input="x", stream=True)
    async for event in stream:
        if event.type == "response.output_text.delta":
            break
    await stream.close()
    await asyncio.wait_for(asked.gone.wait(), 5)
    await asyncio.sleep(0.1)
    (row,) = await _ledger(server, db)
    assert row["stop_reason"] == "cancelled"
    assert row["cost"] > 0


async def test_auto_answers_and_goes_on_with_the_vendor_that_keeps_the_response(
    sdk: AsyncOpenAI, upstream: Upstream, server: Server, db: Database
) -> None:
    first = await sdk.responses.create(model="auto:premium", input="I am Ada.")
    await sdk.responses.create(model="auto:premium", input="Who am I?", previous_response_id=first.id)
    assert upstream.requests[-1].body["previous_response_id"] == first.id
    assert {(row["route"], row["provider"]) for row in await _ledger(server, db)} == {("auto", "openai")}
