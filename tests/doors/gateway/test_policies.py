"""Policies through the door: models, names, parameters, tags, by both protocols."""

from typing import Any

import pytest

from radiant.kit.ids import TenantId, UserId
from tests.kit.fixtures import UPSTREAM_KEY, Callers
from tests.kit.server import Client, Server
from tests.kit.upstream import Drop, Refuse, Say, Upstream, anthropic_upstream

ASK = [{"role": "user", "content": "Hello?"}]


async def make(callers: Callers, **said: Any) -> dict[str, Any]:
    """A policy of our tenant's."""
    answer = await callers.owner.post("/api/policies", {"name": "Rules", **said})
    assert answer.status == 201, answer.body
    return answer.json()


async def key_id(callers: Callers) -> str:
    """The id of the key that the fixture `key` made."""
    return (await callers.member.get("/api/keys")).json()["items"][0]["id"]


async def chat(key: Client, model: str = "gpt-4o", headers: dict[str, str] | None = None, **more: Any) -> Any:
    return await key.post(
        "/v1/chat/completions", {"model": model, "messages": ASK, **more}, headers=headers or {}
    )  # fmt: skip


async def message(key: Client, model: str = "gpt-4o", **more: Any) -> Any:
    return await key.post("/v1/messages", {"model": model, "max_tokens": 50, "messages": ASK, **more})


async def names(key: Client) -> list[str]:
    return [model["id"] for model in (await key.get("/v1/models")).json()["data"]]


async def test_a_model_outside_is_403_in_either_protocols_form_and_is_not_listed(
    key: Client, callers: Callers, upstream: Upstream
) -> None:
    assert "gpt-4o" in await names(key)
    await make(callers, allowed_models=["gpt-4o-mini", "local/*"])
    refused = await chat(key)
    error = refused.json()["error"]
    assert (refused.status, error["code"], error["param"]) == (403, "policy_violation", "model")
    assert "'Rules' does not allow gpt-4o; it allows gpt-4o-mini, local/*" in error["message"]
    assert "Settings, Policies" in error["message"]
    refused = await message(key)
    assert (refused.status, refused.json()["error"]["type"]) == (403, "permission_error")
    # However it is called.
    assert (await chat(key, "openai/gpt-4o")).status == 403
    embedding = await key.post("/v1/embeddings", {"model": "text-embedding-3-small", "input": "x"})
    assert embedding.status == 403
    assert (await key.get("/v1/models/gpt-4o")).status == 403
    assert (await chat(key, "gpt-4o-mini")).status == 200
    assert "gpt-4o" not in await names(key)
    assert "gpt-4o-mini" in await names(key)
    page = (await callers.member.get("/api/models")).json()["items"]
    of_page = next(model for model in page if model["id"] == "gpt-4o")
    assert (of_page["available"], "does not allow" in of_page["reason"]) == (False, True)
    assert [request.body["model"] for request in upstream.requests] == ["gpt-4o-mini"]


async def test_another_tenant_and_another_key_are_not_bound(
    server: Server, key: Client, callers: Callers, upstream: Upstream
) -> None:
    mine = await key_id(callers)
    await make(callers, api_key_id=mine, denied_models=["*"])
    assert (await chat(key)).status == 403
    other = await server.with_key(callers.tenant.id, callers.member_id)
    assert (await chat(other)).status == 200
    theirs = await server.with_key(callers.other_tenant.id, callers.other_tenant.user_id)
    assert (await chat(theirs)).status == 200


async def test_a_key_does_not_widen_what_its_workspace_allows(
    key: Client, callers: Callers, upstream: Upstream
) -> None:
    await make(callers, allowed_models=["gpt-4o-mini"])
    await make(callers, name="Key", api_key_id=await key_id(callers), allowed_models=["*"])
    assert (await chat(key)).status == 403
    assert (await chat(key, "gpt-4o-mini")).status == 200


async def test_auto_leaves_out_what_is_not_allowed_and_says_why(
    key: Client, callers: Callers, upstream: Upstream
) -> None:
    made = await make(callers, allowed_models=["gpt-4o-mini"])
    answer = await chat(key, "auto")
    assert (answer.status, answer.headers["x-radiant-model"]) == (200, "gpt-4o-mini")
    body = {"name": "Rules", "denied_models": ["*"]}
    assert (await callers.owner.put(f"/api/policies/{made['id']}", body)).status == 200
    answer = await chat(key, "auto")
    assert (answer.status, answer.json()["error"]["code"]) == (400, "no_model_fits")
    tried = await callers.owner.delete(f"/api/policies/{made['id']}")
    assert tried.status == 204
    assert (await chat(key)).status == 200


async def test_a_name_stands_for_several_models_tried_in_order(
    key: Client, callers: Callers, upstream: Upstream
) -> None:
    await make(callers, aliases={"house": ["gpt-4o", "gpt-4o-mini"]})
    answer = await chat(key, "house")
    assert (answer.status, answer.headers["x-radiant-model"]) == (200, "gpt-4o")
    assert upstream.requests[-1].body["model"] == "gpt-4o"
    listed = await names(key)
    assert "house" in listed
    assert (await key.get("/v1/models/house")).json()["id"] == "house"
    asked = len(upstream.requests)
    for failure in (Refuse(503, "busy"), Refuse(429, "slow", retry_after=0.001), Drop()):
        # Retries inside one model first.
        upstream.plan(*[failure] * 3, Say("the second"))
        answer = await chat(key, "house")
        assert (answer.status, answer.headers["x-radiant-model"]) == (200, "gpt-4o-mini"), answer.body
        assert answer.json()["choices"][0]["message"]["content"] == "the second"
    assert {request.body["model"] for request in upstream.requests[asked:]} == {"gpt-4o", "gpt-4o-mini"}


async def test_what_is_wrong_with_the_request_itself_is_not_tried_again(
    key: Client, callers: Callers, upstream: Upstream
) -> None:
    await make(callers, aliases={"house": ["gpt-4o", "gpt-4o-mini"]})
    upstream.plan(Refuse(400, "a bad schema"))
    answer = await chat(key, "house")
    assert (answer.status, len(upstream.requests)) == (400, 1)


async def test_an_alias_reaches_only_what_is_allowed_and_auto_may_be_its_end(
    key: Client, callers: Callers, upstream: Upstream
) -> None:
    aliases = {"house": ["gpt-4o", "no-such-model", "auto"], "barred": ["gpt-4o"], "gpt-4o": ["gpt-4o-mini"]}
    await make(callers, aliases=aliases, allowed_models=["gpt-4o-mini"])
    answer = await chat(key, "house", stream=True)
    assert (answer.status, answer.headers["x-radiant-model"]) == (200, "gpt-4o-mini")
    assert (await chat(key, "barred")).status == 403
    # A name may hide a model.
    assert (await chat(key, "gpt-4o")).headers["x-radiant-model"] == "gpt-4o-mini"
    listed = await names(key)
    assert ("barred" in listed, "house" in listed, listed.count("gpt-4o")) == (False, True, 1)


async def test_an_alias_answers_messages_and_embeddings_too(key: Client, callers: Callers, upstream: Upstream) -> None:
    await make(callers, aliases={"house": ["gpt-4o"], "vectors": ["no-such-model", "text-embedding-3-small"]})
    assert (await message(key, "house")).status == 200
    answer = await key.post("/v1/embeddings", {"model": "vectors", "input": "x"})
    assert (answer.status, upstream.requests[-1].body["model"]) == (200, "text-embedding-3-small")


async def test_parameters_are_brought_down_and_filled_in_on_their_way(
    key: Client, callers: Callers, upstream: Upstream
) -> None:
    bounds = {"max_tokens": {"maximum": 40}, "temperature": {"default": 0.25, "maximum": 1}}
    await make(callers, parameters=bounds)
    for stream in (False, True):
        await chat(key, max_tokens=5000, stream=stream)
        sent = upstream.requests[-1].body
        limit = sent.get("max_tokens", sent.get("max_completion_tokens"))
        assert (limit, sent["temperature"]) == (40, 0.25)
    await chat(key, temperature=1.5)
    sent = upstream.requests[-1].body
    assert (sent.get("max_tokens", sent.get("max_completion_tokens")), sent["temperature"]) == (40, 1)
    # Through the other protocol it is translated, and bound alike.
    await message(key)
    sent = upstream.requests[-1].body
    assert (sent.get("max_tokens", sent.get("max_completion_tokens")), sent["temperature"]) == (40, 0.25)


async def test_a_policy_may_refuse_instead_and_names_the_field(
    key: Client, callers: Callers, upstream: Upstream
) -> None:
    await make(callers, parameters={"temperature": {"maximum": 0.5, "over": "refuse"}})
    refused = await chat(key, temperature=0.6)
    error = refused.json()["error"]
    assert (refused.status, error["param"]) == (403, "temperature")
    assert "temperature: the policy 'Rules' allows at most 0.5" in error["message"]
    assert upstream.requests == []


async def test_a_person_in_a_chat_is_bound_by_the_workspaces_policy(callers: Callers, upstream: Upstream) -> None:
    await make(callers, parameters={"max_tokens": {"maximum": 33}})
    made = await callers.member.post("/api/chats", {"model": "gpt-4o"})
    path = f"/api/chats/{made.json()['id']}/turns"
    turn = await callers.member.post(path, {"content": [{"type": "text", "text": "Hello?"}]})
    assert turn.status in (200, 201, 202), turn.body
    await callers.member.get(f"/api/runs/{turn.json()['run_id']}/events")
    sent = upstream.requests[-1].body
    assert sent.get("max_tokens", sent.get("max_completion_tokens")) == 33


async def test_tags_are_wanted_and_may_come_by_header_or_metadata(
    server: Server, key: Client, callers: Callers, upstream: Upstream, tenant_ids: tuple[TenantId, UserId]
) -> None:
    await make(callers, required_tags=[{"name": "project"}, {"name": "env", "values": ["test", "live"]}])
    missing = await chat(key, headers={"X-Radiant-Tags": "env=test"})
    error = missing.json()["error"]
    assert (missing.status, error["code"], error["param"]) == (400, "missing_tag", "metadata.project")
    wrong = await chat(key, headers={"X-Radiant-Tags": "project=a, env=prod"})
    assert (wrong.status, "test, live" in wrong.json()["error"]["message"]) == (400, True)
    assert upstream.requests == []
    answer = await chat(key, headers={"X-Radiant-Tags": "project=apollo"}, metadata={"env": "live"})
    assert answer.status == 200, answer.body
    await server.app.state.meter.flush()
    async with server.database.system("test").tx() as tx:
        tags = await tx.value("select tags from usage_ledger order by created_at desc limit 1")
    assert tags == {"project": "apollo", "env": "live"}
    assert (await message(key)).status == 400
    assert (await message(key, metadata={"project": "a", "env": "test", "user_id": "u"})).status == 200


async def test_anthropic_is_not_sent_tags_that_it_refuses(key: Client, callers: Callers) -> None:
    async with anthropic_upstream() as claude:
        claude.key = UPSTREAM_KEY
        connected = {"api_key": UPSTREAM_KEY, "base_url": claude.url, "shared": True}
        assert (await callers.operator.put("/api/providers/anthropic", connected)).status == 200
        await make(callers, required_tags=[{"name": "project"}])
        answer = await message(key, "claude-sonnet-4", metadata={"project": "a", "user_id": "u"})
        assert answer.status == 200, answer.body
        assert claude.requests[-1].body["metadata"] == {"user_id": "u"}


async def test_a_body_is_relayed_byte_for_byte_where_nothing_is_bound(
    key: Client, callers: Callers, upstream: Upstream
) -> None:
    await make(callers, allowed_models=["gpt-*"])
    await chat(key, unheard_of={"a": 1})
    assert upstream.requests[-1].body["unheard_of"] == {"a": 1}


@pytest.mark.parametrize("body", ["[]", "{", '{"messages": 3}', '{"model": "gpt-4o", "metadata": 7, "messages": []}'])
async def test_a_body_that_is_none_is_400_under_a_policy_too(key: Client, callers: Callers, body: str) -> None:
    await make(callers, parameters={"max_tokens": {"maximum": 5}}, required_tags=[{"name": "a"}])
    answer = await key.send("POST", "/v1/chat/completions", data=body)
    assert answer.status == 400, answer.body
