"""The response cache through the door: the same question, a similar one, and everything that is neither."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from tests.doors.gateway.test_policies import make
from tests.doors.gateway.test_policies_guardrails import frames, ledger, put
from tests.foundation.usage.test_routes import outbox
from tests.kit.fixtures import Callers
from tests.kit.server import Client, Server
from tests.kit.upstream import Call, Refuse, Say, Upstream

ASK = "What is the capital of France?"


async def chat(server: Server, key: Client, text: str = ASK, **more: Any) -> Any:
    headers = more.pop("headers", {})
    body = {"model": "gpt-4o", "temperature": 0, "messages": [{"role": "user", "content": text}], **more}
    answer = await key.post("/v1/chat/completions", body, headers=headers)
    await server.app.state.gateway.inference.policies.cache.settled()
    return answer


def state(answer: Any) -> str | None:
    assert answer.status == 200, answer.body
    return answer.headers.get("x-radiant-cache")


def said(answer: Any) -> str:
    if answer.headers["Content-Type"].startswith("text/event-stream"):
        return "".join(c["delta"].get("content") or "" for chunk in frames(answer) for c in chunk["choices"])
    return answer.json()["choices"][0]["message"]["content"]


async def test_the_same_request_is_answered_again_whole_or_streamed_by_either_protocol(
    server: Server, key: Client, callers: Callers, upstream: Upstream
) -> None:
    await make(callers, cache={"mode": "exact"})
    upstream.plan(Say("It is Paris. " * 60, input_tokens=9, output_tokens=7))
    first = await chat(server, key, max_tokens=50)
    assert (state(first), said(first)) == ("miss", "It is Paris. " * 60)
    asked = len(upstream.requests)
    again = await chat(server, key, max_tokens=50)
    streamed = await chat(server, key, max_tokens=50, stream=True, stream_options={"include_usage": True})
    body = {"model": "gpt-4o", "max_tokens": 50, "temperature": 0, "messages": [{"role": "user", "content": ASK}]}
    message = await key.post("/v1/messages", body)
    for answer in (again, streamed, message):
        assert state(answer) == "hit"
    assert said(again) == said(streamed) == message.json()["content"][0]["text"] == "It is Paris. " * 60
    assert again.json()["usage"] == first.json()["usage"]
    assert frames(streamed)[-1]["usage"]["total_tokens"] == 16
    assert len(upstream.requests) == asked
    await server.app.state.meter.flush()
    async with server.database.system("test").tx() as tx:
        rows = await tx.all("select cached, cost, input_tokens, ended from usage_ledger order by created_at, id")
    assert [row["cached"] for row in rows] == [False, True, True, True]
    assert rows[0]["cost"] > 0
    assert {(row["cost"], row["input_tokens"], row["ended"]) for row in rows[1:]} == {(0, 9, "answered")}


@pytest.mark.parametrize(
    "other",
    [
        {"text": "What is the capital of Spain?"},
        {"max_tokens": 7},
        {"model": "gpt-4o-mini"},
        {"seed": 3},
        {"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": ASK}]},
        {"response_format": {"type": "json_object"}},
        {"tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}]},
    ],
)
async def test_another_request_is_another_answer(
    server: Server, key: Client, callers: Callers, upstream: Upstream, other: dict[str, Any]
) -> None:
    await make(callers, cache={"mode": "exact"})
    await chat(server, key)
    assert state(await chat(server, key, **other)) == "miss"
    assert state(await chat(server, key)) == "hit"


async def test_what_may_not_be_kept_goes_by_as_ever(
    server: Server, key: Client, callers: Callers, upstream: Upstream
) -> None:
    made = await make(callers, cache={"mode": "exact"})
    tool = [
        {"role": "user", "content": "x"},
        {"role": "assistant", "tool_calls": [
            {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}},
        ]},
        {"role": "tool", "tool_call_id": "c", "content": "42"},
    ]  # fmt: skip
    for odd in ({"temperature": 0.5}, {"temperature": None}, {"messages": tool}, {"unheard_of": 1}):
        for _ in range(2):
            assert state(await chat(server, key, **odd)) is None, odd
    wide = {"name": "Rules", "cache": {"any_temperature": True, "with_tool_results": True}}
    assert (await callers.owner.put(f"/api/policies/{made['id']}", wide)).status == 200
    for odd in ({"temperature": 0.5}, {"messages": tool}):
        assert [state(await chat(server, key, **odd)) for _ in range(2)] == ["miss", "hit"]


async def test_a_failed_or_cut_answer_is_not_kept(
    server: Server, key: Client, callers: Callers, upstream: Upstream
) -> None:
    await make(callers, cache={"mode": "exact"})
    upstream.plan(Refuse(400, "no"))
    assert (await chat(server, key)).status == 400
    upstream.plan(Say("Half of it all", cut_after=3))
    await chat(server, key, stream=True)
    assert state(await chat(server, key)) == "miss"


async def test_no_store_asks_anew_and_keeps_nothing(
    server: Server, key: Client, callers: Callers, upstream: Upstream
) -> None:
    await make(callers, cache={"mode": "exact"})
    fresh = {"Cache-Control": "No-Store"}
    assert state(await chat(server, key, headers=fresh)) is None
    assert state(await chat(server, key)) == "miss"
    assert state(await chat(server, key, headers=fresh)) is None
    assert state(await chat(server, key)) == "hit"


async def test_a_tool_call_comes_back_as_one(server: Server, key: Client, callers: Callers, upstream: Upstream) -> None:
    await make(callers, cache={"mode": "exact"})
    tools = [{"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}]
    calls = [Call("weather", '{"city": "Oslo"}'), Call("weather", '{"city": "Rome"}', "call_2")]
    upstream.plan(Say("", calls=calls, stop="tool_calls"))
    first = await chat(server, key, tools=tools)
    again = await chat(server, key, tools=tools)
    assert (state(first), state(again)) == ("miss", "hit")
    assert again.json()["choices"][0]["message"] == first.json()["choices"][0]["message"]
    assert [call["id"] for call in again.json()["choices"][0]["message"]["tool_calls"]] == ["call_1", "call_2"]


async def test_nobody_gets_anothers_answer_unless_the_policy_shares_them_and_no_tenant_ever(
    server: Server, key: Client, callers: Callers, upstream: Upstream
) -> None:
    made = await make(callers, cache={"mode": "exact"})
    owners = await server.with_key(callers.tenant.id, callers.owner_id)
    theirs = await server.with_key(callers.other_tenant.id, callers.other_tenant.user_id)
    answer = await callers.foreign_owner.post("/api/policies", {"name": "x", "cache": {"per_user": False}})
    assert answer.status == 201
    assert state(await chat(server, key)) == "miss"
    assert state(await chat(server, owners)) == "miss"
    assert state(await chat(server, theirs)) == "miss"
    shared = {"name": "Rules", "cache": {"per_user": False}}
    assert (await callers.owner.put(f"/api/policies/{made['id']}", shared)).status == 200
    assert state(await chat(server, key)) == "miss"
    assert state(await chat(server, owners)) == "hit"
    assert state(await chat(server, theirs)) == "hit", "their own"


async def test_it_is_forgotten_in_time_beyond_its_size_and_when_purged(
    server: Server, key: Client, callers: Callers, upstream: Upstream
) -> None:
    made = await make(callers, cache={"mode": "exact", "max_entries": 2})
    for text in ("a", "b", "c"):
        await chat(server, key, text)
    assert state(await chat(server, key, "c")) == "hit"
    path = f"/api/policies/{made['id']}/cache"
    figures = (await callers.owner.get(path)).json()
    assert (figures["entries"], figures["hits"]) == (2, 1)
    assert figures["bytes"] > 50
    async with server.database.system("test").tx() as tx:
        await tx.run("update response_cache set expires_at = current_timestamp - interval '1 second'")
    assert state(await chat(server, key, "c")) == "miss"
    assert (await callers.member.delete(path)).status == 403
    assert (await callers.foreign_owner.delete(path)).status == 404
    assert (await callers.owner.delete(path)).json() == {"entries": 2}
    assert state(await chat(server, key, "c")) == "miss"
    assert [row["action"] for row in await outbox(server)][-1] == "cache.purged"


async def test_no_prompt_is_stored(server: Server, key: Client, callers: Callers, upstream: Upstream) -> None:
    await make(callers, cache={"mode": "exact"})
    await chat(server, key, "a very particular question")
    async with server.database.system("test").tx() as tx:
        rows = await tx.all("select response_cache::text as row from response_cache")
    assert len(rows) == 1
    assert "particular" not in rows[0]["row"]


async def test_guardrails_hold_for_kept_answers_and_a_changed_one_starts_anew(
    server: Server, key: Client, callers: Callers, upstream: Upstream
) -> None:
    policy = await make(callers, cache={"mode": "exact"})
    upstream.default = Say("Write to ada@example.org.")
    assert state(await chat(server, key)) == "miss"
    await put(callers, policy, stage="after", action="redact")
    guarded = await chat(server, key)
    assert (state(guarded), said(guarded)) == ("miss", "Write to [REDACTED:EMAIL].")
    again = await chat(server, key)
    assert (state(again), said(again)) == ("hit", "Write to [REDACTED:EMAIL].")
    await put(callers, policy, kind="regex", settings={"patterns": [{"pattern": "capital"}]})
    assert (await chat(server, key)).status == 403
    upstream.default = Say()


async def test_a_key_may_switch_its_workspaces_cache_off(
    server: Server, key: Client, callers: Callers, upstream: Upstream
) -> None:
    await make(callers, cache={"mode": "exact"})
    mine = (await callers.member.get("/api/keys")).json()["items"][0]["id"]
    await make(callers, name="Key", api_key_id=mine, cache={"mode": "off"})
    assert [state(await chat(server, key)) for _ in range(2)] == [None, None]


async def test_the_model_that_was_kept_must_be_allowed_still(
    server: Server, key: Client, callers: Callers, upstream: Upstream
) -> None:
    made = await make(callers, cache={"mode": "exact"})
    await chat(server, key)
    denied = {"name": "Rules", "cache": {"mode": "exact"}, "denied_models": ["gpt-4o"]}
    assert (await callers.owner.put(f"/api/policies/{made['id']}", denied)).status == 200
    assert (await chat(server, key)).status == 403


async def test_a_similar_question_is_answered_by_meaning_and_only_after_the_same_beginning(
    server: Server, key: Client, callers: Callers, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    vectors = {"How do I reset it?": [1.0, 0.0], "How can I reset it?": [0.99, 0.05], "Who wrote it?": [0.0, 1.0]}
    cache = server.app.state.gateway.inference.policies.cache

    async def embed(_caller: Any, model: str, text: str) -> list[float]:
        assert model == "all-minilm-l6-v2"
        return vectors[text]

    monkeypatch.setattr(cache, "embed", embed)
    await make(callers, cache={"mode": "semantic", "threshold": 0.9})
    upstream.plan(Say("Hold the button."))
    assert state(await chat(server, key, "How do I reset it?")) == "miss"
    similar = await chat(server, key, "How can I reset it?", stream=True)
    assert (state(similar), said(similar)) == ("semantic", "Hold the button.")
    assert state(await chat(server, key, "How do I reset it?")) == "hit"
    assert state(await chat(server, key, "Who wrote it?")) == "miss"
    turns = [{"role": "system", "content": "Another one."}, {"role": "user", "content": "How can I reset it?"}]
    assert state(await chat(server, key, messages=turns)) == "miss"


async def test_meaning_is_found_by_the_tenants_model_and_metered_apart(
    server: Server, key: Client, callers: Callers, upstream: Upstream
) -> None:
    await make(callers, cache={"mode": "semantic", "embedding_model": "text-embedding-3-small"})
    assert state(await chat(server, key)) == "miss"
    rows = await ledger(server)
    assert ("cache", "text-embedding-3-small") in {(row["route"], row["model"]) for row in rows}
    # A model that is not there costs a hit, never an answer.
    made = (await callers.owner.get("/api/policies")).json()["items"][0]
    gone = {"name": "Rules", "cache": {"mode": "semantic", "embedding_model": "no-such-model"}}
    assert (await callers.owner.put(f"/api/policies/{made['id']}", gone)).status == 200
    assert state(await chat(server, key, "Another?")) == "miss"
    assert state(await chat(server, key, "Another?")) == "hit"


async def test_a_prompt_with_placeholders_is_not_found_by_its_meaning(
    server: Server, key: Client, callers: Callers, upstream: Upstream
) -> None:
    policy = await make(callers, cache={"mode": "semantic", "embedding_model": "text-embedding-3-small"})
    await put(callers, policy, action="pseudonymise")
    for name in ("ada", "bob"):
        assert state(await chat(server, key, f"Write to {name}@example.org")) == "miss"
    assert all(request.path.endswith("/chat/completions") for request in upstream.requests)


async def test_a_chat_asks_anew_each_time(callers: Callers, upstream: Upstream) -> None:
    await make(callers, cache={"mode": "exact", "any_temperature": True})
    for _ in range(2):
        made = await callers.member.post("/api/chats", {"model": "gpt-4o"})
        path = f"/api/chats/{made.json()['id']}/turns"
        turn = await callers.member.post(path, {"content": [{"type": "text", "text": ASK}]})
        await callers.member.get(f"/api/runs/{turn.json()['run_id']}/events")
    asked = [request for request in upstream.requests if ASK in json.dumps(request.body)]
    assert len(asked) >= 2


async def test_many_at_once_keep_one_entry(server: Server, key: Client, callers: Callers, upstream: Upstream) -> None:
    made = await make(callers, cache={"mode": "exact"})
    await asyncio.gather(*[chat(server, key) for _ in range(8)])
    figures = (await callers.owner.get(f"/api/policies/{made['id']}/cache")).json()
    assert figures["entries"] == 1
    assert state(await chat(server, key)) == "hit"


@pytest.mark.model
@pytest.mark.xdist_group("models")
async def test_the_embedded_model_tells_what_means_the_same(
    server: Server, small_models: Path, key: Client, callers: Callers, upstream: Upstream
) -> None:
    await make(callers, cache={"mode": "semantic", "threshold": 0.85})
    upstream.plan(Say("Under Settings."), Say("It rains."))
    assert state(await chat(server, key, "How do I reset my password?")) == "miss"
    assert state(await chat(server, key, "What is the weather in Oslo today?")) == "miss"
    similar = await chat(server, key, "How can I reset my password?")
    assert (state(similar), said(similar)) == ("semantic", "Under Settings.")
