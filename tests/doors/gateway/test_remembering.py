"""X-Radiant-Memory: on, through the vendors' own SDKs: what is known of the caller goes along, and is kept nowhere."""

import json
from typing import Any

import openai
import pytest
from anthropic import AsyncAnthropic
from openai import AsyncOpenAI

from tests.doors.gateway.test_policies import make
from tests.doors.gateway.test_policies_logs import everything, listed, settled
from tests.kit.fixtures import Callers
from tests.kit.server import Client, Server
from tests.kit.upstream import Upstream
from tests.workspace.memory.kit import add, embedded

pytestmark = pytest.mark.usefixtures("patient")

ON = {"X-Radiant-Memory": "on"}
FACT = "The violet-otter project deploys on Fridays."
QUESTION = "When does the violet-otter project deploy?"


@pytest.fixture
async def known(callers: Callers, server: Server) -> dict[str, Any]:
    """A memory and a preference of the member's, and a memory of somebody else's that would fit."""
    memory = (await add(callers.member, FACT))["memory"]
    await add(callers.owner, "The violet-otter project deploys when the owner says so.")
    put = await callers.member.put("/api/personalization/preferences/answers.length", {"value": "short-answers"})
    assert put.status == 200, put.body
    await embedded(server)
    return {"memory": memory["id"], "preference": put.json()["id"]}


@pytest.fixture
async def knowing(server: Server, callers: Callers) -> Client:
    """A key of the member's that may remember."""
    return await server.with_key(callers.tenant.id, callers.member_id, "inference", "memory")


def _secret(key: Client) -> str:
    return key.headers["Authorization"].removeprefix("Bearer ")


def _openai(key: Client) -> AsyncOpenAI:
    return AsyncOpenAI(base_url=key.base_url + "/v1", api_key=_secret(key), max_retries=0, default_headers=ON)


@pytest.mark.parametrize("model", ["gpt-4o", "claude-sonnet-4"])
@pytest.mark.parametrize("stream", [False, True])
async def test_what_is_known_goes_along_with_chat_completions_and_is_named(
    knowing: Client, known: dict[str, Any], upstream: Upstream, claude: Upstream, model: str, stream: bool
) -> None:
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}
    asked: list[Any] = [
        {"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hello"},
        {"role": "assistant", "content": "Hello."},
        {"role": "user", "content": [picture, {"type": "text", "text": QUESTION}]},
    ]  # fmt: skip
    async with _openai(knowing) as sdk:
        raw = await sdk.chat.completions.with_raw_response.create(model=model, messages=asked, stream=stream)
    assert raw.headers["x-radiant-memory-ids"] == known["memory"]
    assert raw.headers["x-radiant-preference-ids"] == known["preference"]
    sent = (claude if model.startswith("claude") else upstream).requests[-1].body
    text = json.dumps(sent, ensure_ascii=False)
    assert text.index("Be kind.") < text.index("short-answers")
    assert text.index("information, not instructions") < text.index(FACT) < text.index(QUESTION)
    assert text.count(FACT) == 1
    assert "owner says so" not in text
    if model == "gpt-4o":
        # Relayed in its own words: a picture stays where it was, the earlier turns untouched.
        assert sent["messages"][1:3] == asked[1:3]
        assert [part["type"] for part in sent["messages"][3]["content"]] == ["image_url", "text", "text"]
        assert sent["messages"][3]["content"][2]["text"] == QUESTION


@pytest.mark.parametrize("model", ["gpt-4o", "claude-sonnet-4"])
async def test_what_is_known_goes_along_with_messages_and_responses(
    knowing: Client, known: dict[str, Any], upstream: Upstream, claude: Upstream, model: str
) -> None:
    sent = claude if model.startswith("claude") else upstream
    tools: list[Any] = [{"name": "calendar", "description": "", "input_schema": {"type": "object", "properties": {}}}]
    result = {"type": "tool_result", "tool_use_id": "t1", "content": "Friday"}
    turns: list[Any] = [
        {"role": "user", "content": "Hello"},
        {"role": "assistant", "content": [{"type": "tool_use", "id": "t1", "name": "calendar", "input": {}}]},
        {"role": "user", "content": [result, {"type": "text", "text": QUESTION}]},
    ]
    async with AsyncAnthropic(
        base_url=knowing.base_url, api_key=_secret(knowing), max_retries=0, default_headers=ON
    ) as sdk:
        raw = await sdk.messages.with_raw_response.create(
            model=model, max_tokens=50, tools=tools, messages=turns, system=[{"type": "text", "text": "Be kind."}]
        )
    assert raw.headers["x-radiant-memory-ids"] == known["memory"]
    text = json.dumps(sent.requests[-1].body)
    assert text.index(FACT) < text.index(QUESTION)
    if sent is claude:
        body = sent.requests[-1].body
        assert [block["type"] for block in body["messages"][2]["content"]] == ["tool_result", "text", "text"]
        assert "short-answers" in body["system"][1]["text"]
    async with _openai(knowing) as sdk:
        for given in (QUESTION, [{"role": "user", "content": [{"type": "input_text", "text": QUESTION}]}]):
            answer = await sdk.responses.with_raw_response.create(model=model, instructions="Be kind.", input=given)
            assert answer.headers["x-radiant-memory-ids"] == known["memory"]
            text = json.dumps(sent.requests[-1].body)
            assert "short-answers" in text
            assert text.index(FACT) < text.index(QUESTION)
        # The next one goes on from what was said, not from what was brought up.
        name = answer.parse().id
        await sdk.responses.create(
            model=model, previous_response_id=name, input="Thanks.", extra_headers={"X-Radiant-Memory": "off"}
        )
    assert FACT not in json.dumps(sent.requests[-1].body)


async def test_nothing_goes_along_unasked_and_nobodys_but_the_callers(
    knowing: Client, key: Client, known: dict[str, Any], upstream: Upstream, callers: Callers, server: Server
) -> None:
    body = {"model": "gpt-4o", "messages": [{"role": "user", "content": QUESTION}]}
    for headers in ({}, {"X-Radiant-Memory": "off"}):
        answer = await knowing.send("POST", "/v1/chat/completions", json=body, headers=headers)
        assert answer.status == 200, answer.body
        assert "x-radiant-memory-ids" not in answer.headers
        assert upstream.requests[-1].body["messages"] == body["messages"]
    strange = await server.with_key(callers.other_tenant.id, callers.other_tenant.user_id, "inference", "memory")
    answer = await strange.send("POST", "/v1/chat/completions", json=body, headers=ON)
    assert answer.status == 200, answer.body
    assert FACT not in json.dumps(upstream.requests[-1].body)
    before = len(upstream.requests)
    # A key for inference alone reads nothing of the person who made it.
    answer = await key.send("POST", "/v1/chat/completions", json=body, headers=ON)
    assert (answer.status, "scope memory" in answer.json()["error"]["message"]) == (403, True)
    answer = await knowing.send("POST", "/v1/chat/completions", json=body, headers={"X-Radiant-Memory": "yes"})
    assert (answer.status, "say on, or off" in answer.json()["error"]["message"]) == (400, True)
    for path, other in (
        ("/v1/embeddings", {"model": "text-embedding-3-small", "input": "x"}),
        ("/v1/completions", {"model": "gpt-4o", "prompt": "x"}),
        ("/v1/responses", {"model": "gpt-4o", "input": "x", "background": True}),
    ):
        answer = await knowing.send("POST", path, json=other, headers=ON)
        assert (answer.status, "not here" in answer.json()["error"]["message"]) == (400, True), path
    assert len(upstream.requests) == before
    off = {"learning_enabled": True, "recall_enabled": False}
    await callers.member.put("/api/personalization/settings", off)
    answer = await knowing.send("POST", "/v1/chat/completions", json=body, headers=ON)
    assert "x-radiant-memory-ids" not in answer.headers
    assert upstream.requests[-1].body["messages"] == body["messages"]


@pytest.mark.parametrize(
    "sent",
    [
        {"messages": "no list"}, {"messages": [7]}, {"messages": [{"role": "user"}]}, {"messages": []}, {},
        {"messages": [{"role": "user", "content": 7}]}, {"messages": [{"role": "user", "content": [7, None]}]},
        {"messages": [{"role": "user", "content": [{"type": "text", "text": 7}]}]}, {"model": 7},
        {"messages": [{"role": "system", "content": None}, {"role": "user", "content": "x"}]},
    ],
)  # fmt: skip
async def test_a_bad_body_is_refused_as_without_memory(
    knowing: Client, known: dict[str, Any], upstream: Upstream, sent: dict[str, Any]
) -> None:
    for path in ("/v1/chat/completions", "/v1/messages"):
        body = {"model": "claude-none", "max_tokens": 5} | sent
        same = {"X-Request-Id": "the-same"}
        plain = await knowing.send("POST", path, json=body, headers=same)
        told = await knowing.send("POST", path, json=body, headers=ON | same)
        assert (told.status, told.json()) == (plain.status, plain.json()), path
        assert told.status in (400, 404)


async def test_what_went_along_is_in_no_log_and_no_cache_so_that_forgetting_is_complete(
    callers: Callers, knowing: Client, known: dict[str, Any], upstream: Upstream, claude: Upstream, server: Server
) -> None:
    await make(callers, logging={"days": 7}, cache={"mode": "exact", "any_temperature": True})
    for model in ("gpt-4o", "claude-sonnet-4"):
        for extra in ({}, {"of_tomorrow": 1} if model == "gpt-4o" else {}):
            body = {"model": model, "messages": [{"role": "user", "content": QUESTION}], **extra}
            for _ in range(2):
                answer = await knowing.send("POST", "/v1/chat/completions", json=body, headers=ON)
                assert answer.status == 200, answer.body
                assert "x-radiant-cache" not in answer.headers
        answer = await knowing.send("POST", "/v1/responses", json={"model": model, "input": QUESTION}, headers=ON)
        assert answer.status == 200, answer.body
    await settled(server)
    entries = await listed(callers.member)
    assert len(entries) >= 8
    whole = [(await callers.member.get(f"/api/policies/logs/{entry['id']}")).body.decode() for entry in entries]
    assert all("[what is known of the caller]" in one and FACT not in one for one in whole)
    assert FACT in await everything(server)
    await callers.member.post("/api/personalization/forget", {"everything": True})
    assert FACT not in await everything(server)


async def test_a_taste_for_cheap_models_counts_where_the_model_is_left_open(
    knowing: Client, callers: Callers, upstream: Upstream, server: Server
) -> None:
    await callers.member.put("/api/personalization/preferences/models.level", {"value": "economy"})
    async with _openai(knowing) as sdk:
        ask: list[Any] = [{"role": "user", "content": "Say yes."}]
        raw = await sdk.chat.completions.with_raw_response.create(model="auto", messages=ask)
        decision = raw.headers["x-radiant-decision-id"]
        with pytest.raises(openai.NotFoundError):
            await sdk.chat.completions.create(model="gpt-none", messages=ask)
    await settled(server)
    history = (await callers.member.get("/api/routing/history")).json()["items"]
    [asked] = [one for one in history if one["id"] == decision]
    assert "economy" in json.dumps(asked)
