"""Connections through HTTP: a key is tested, sealed, bound to its place, never shown; whose it is decides."""

import json
from typing import Any

import pytest

from radiant.ai.providers.connections import KeyUnreadable
from radiant.infra.db import Database
from tests.kit.fixtures import UPSTREAM_KEY, Callers
from tests.kit.server import Server
from tests.kit.upstream import Say, openai_upstream

ASK = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hello?"}]}


async def _providers(client: Any) -> dict[str, Any]:
    return {item["provider"]: item for item in (await client.get("/api/providers")).json()["items"]}


async def test_a_key_is_tested_at_once_and_a_wrong_one_is_not_kept(callers: Callers) -> None:
    async with openai_upstream() as upstream:
        upstream.key = UPSTREAM_KEY
        body = {"api_key": "sk-wrong-0000000000", "base_url": upstream.url, "shared": True}
        answer = await callers.operator.put("/api/providers/openai", body)
    assert (answer.status, answer.json()["type"].rpartition("/")[2]) == (422, "provider-check-failed")
    assert "sk-wrong" not in answer.body.decode()
    assert (await _providers(callers.operator))["openai"]["connection"] is None


async def test_a_kept_key_is_sealed_and_shown_by_its_end_alone(callers: Callers, db: Database) -> None:
    async with openai_upstream() as upstream:
        upstream.key = UPSTREAM_KEY
        body = {"api_key": UPSTREAM_KEY, "base_url": upstream.url}
        answer = await callers.operator.put("/api/providers/openai", body)
    assert answer.status == 200
    assert UPSTREAM_KEY not in answer.body.decode()
    assert answer.json()["hint"].endswith(UPSTREAM_KEY[-4:])
    async with db.system("test").tx() as tx:
        row = await tx.one("select * from provider_connections")
        trail = await tx.all("select payload from outbox")
    assert UPSTREAM_KEY not in json.dumps([dict(row), [dict(item) for item in trail]], default=str)
    assert (await _providers(callers.member))["openai"]["connection"]["hint"] == ""


async def test_an_operators_own_workspace_may_use_an_address_inside(server: Server, callers: Callers) -> None:
    async with openai_upstream() as upstream:
        upstream.key = UPSTREAM_KEY
        body = {"api_key": UPSTREAM_KEY, "base_url": upstream.url}
        assert (await callers.operator.put("/api/providers/openai", body)).status == 200
        assert (await callers.operator.post("/api/providers/openai/check")).status == 200
        key = await server.with_key(callers.tenant.id, callers.member_id)
        upstream.plan(Say("From inside."))
        answer = await key.post("/v1/chat/completions", ASK)
        assert answer.json()["choices"][0]["message"]["content"] == "From inside."
        theirs = await server.with_key(callers.other_tenant.id, callers.other_tenant.user_id)
        assert (await theirs.post("/v1/chat/completions", ASK)).status == 503


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:1/v1",
        "https://localhost/v1",
        "http://169.254.169.254/latest",
        "file:///etc/passwd",
        "https://user:pw@example.org",
        "http://example.org/v1",
        "https://0x7f.1/v1",
    ],
)
async def test_a_tenants_admin_reaches_nothing_inside(callers: Callers, address: str) -> None:
    answer = await callers.owner.put("/api/providers/openai", {"api_key": "sk-x", "base_url": address})
    assert (answer.status, answer.json()["type"].rpartition("/")[2]) == (422, "address-refused")


async def test_only_the_operator_connects_servers_of_the_platforms_network(callers: Callers) -> None:
    assert (await callers.owner.put("/api/providers/ollama", {})).status == 403
    assert (await callers.owner.put("/api/providers/openai", {"api_key": "sk", "shared": True})).status == 403
    assert (await callers.owner.put("/api/providers/nobody", {"api_key": "sk"})).status == 404
    assert (await callers.owner.put("/api/providers/openai", {})).status == 422


async def test_a_check_that_fails_later_is_written_down(callers: Callers) -> None:
    async with openai_upstream() as upstream:
        upstream.key = UPSTREAM_KEY
        body = {"api_key": UPSTREAM_KEY, "base_url": upstream.url, "shared": True}
        assert (await callers.operator.put("/api/providers/openai", body)).status == 200
        upstream.key = "sk-another-key-now"
        assert (await callers.operator.post("/api/providers/openai/check")).status == 422
    connection = (await _providers(callers.operator))["openai"]["connection"]
    assert connection["check_error"].startswith("OpenAI was tried and failed: it refused the key")
    assert (await callers.operator.delete("/api/providers/openai")).status == 204
    assert (await callers.operator.delete("/api/providers/openai")).status == 404


async def test_a_sealed_key_opens_in_its_own_place_alone(server: Server, callers: Callers, db: Database) -> None:
    async with openai_upstream() as upstream:
        upstream.key = UPSTREAM_KEY
        body = {"api_key": UPSTREAM_KEY, "base_url": upstream.url}
        assert (await callers.operator.put("/api/providers/openai", body)).status == 200
        async with db.system("test").tx() as tx:
            await tx.run("update provider_connections set tenant_id = $1, created_by = null", callers.other_tenant.id)
        with pytest.raises(KeyUnreadable):
            await server.app.state.connections.open(db.tenant(callers.other_tenant.id), "openai")
