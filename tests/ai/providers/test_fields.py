"""Connections of more than one field, and of more than one key: through HTTP, and the rules by themselves."""

import json
from dataclasses import replace

import pytest

from radiant.ai.providers.fields import checked, example_of, of_environment, pack, unpack
from radiant.ai.providers.provider import Secret
from radiant.ai.providers.vendors import vendors
from radiant.infra.db import Database
from radiant.kit.errors import Invalid
from tests.kit.bedrock_upstream import ACCESS_KEY, bedrock_upstream
from tests.kit.fixtures import UPSTREAM_KEY, Callers
from tests.kit.server import Server
from tests.kit.upstream import openai_upstream

AZURE, BEDROCK, VERTEX, OPENAI = (vendors()[name] for name in ("azure", "bedrock", "vertex", "openai"))
SECRET = "secret/with+signs0123456789"


def test_defaults_are_filled_in_and_secrets_kept_apart():
    settings, secrets = checked(BEDROCK, {"aws_secret_access_key": " s "}, BEDROCK.base_url)
    assert settings == {"region": "us-east-1"}
    assert secrets == {"aws_secret_access_key": Secret("s")}


@pytest.mark.parametrize("region", ["evil.example/", "a@b.example", "us-east-1.evil.example#", "x", "us-east-1,,"])
def test_no_field_can_name_another_host(region: str):
    with pytest.raises(Invalid, match=r"settings\.region"):
        checked(BEDROCK, {"region": region}, BEDROCK.base_url)


def test_what_is_missing_unknown_or_misshapen_is_named():
    with pytest.raises(Invalid, match=r"settings\.resource: Azure OpenAI needs it"):
        checked(AZURE, {}, AZURE.base_url)
    assert checked(AZURE, {}, "https://proxy.example/openai/v1") == ({}, {})
    with pytest.raises(Invalid, match=r"settings\.service_account"):
        checked(VERTEX, {}, VERTEX.base_url)
    with pytest.raises(Invalid, match="OpenAI has no such field"):
        checked(OPENAI, {"region": "x"}, OPENAI.base_url)


def test_the_address_that_is_checked_is_the_first_that_is_called():
    assert example_of(BEDROCK.base_url, {"region": "eu-west-1, us-west-2"}) == (
        "https://bedrock-runtime.eu-west-1.amazonaws.com"
    )


def test_what_is_sealed_together_opens_together_and_a_lone_key_stays_as_it_was():
    assert pack(OPENAI, "sk-1", {}) == b"sk-1"
    assert unpack(OPENAI, b"sk-1") == (Secret("sk-1"), {})
    sealed = pack(BEDROCK, None, {"aws_secret_access_key": Secret("s")})
    assert sealed is not None
    assert unpack(BEDROCK, sealed) == (None, {"aws_secret_access_key": Secret("s")})
    assert pack(BEDROCK, None, {}) is None


def test_the_platforms_environment_says_fields_too():
    assert of_environment(AZURE, {"AZURE_OPENAI_RESOURCE": "acme"}) == {"resource": "acme"}
    assert of_environment(AZURE, {}) is None
    assert of_environment(BEDROCK, {"AWS_REGION": "eu-west-1"}) == {"region": "eu-west-1"}


async def test_bedrock_is_connected_by_its_fields_sealed_and_used(
    server: Server, callers: Callers, db: Database
) -> None:
    async with bedrock_upstream() as upstream:
        upstream.key = SECRET
        settings = {"aws_access_key_id": ACCESS_KEY, "aws_secret_access_key": SECRET + "not"}
        wrong = await callers.operator.put("/api/providers/bedrock", {"base_url": upstream.url, "settings": settings})
        assert wrong.status == 422
        misshapen = {"base_url": upstream.url, "settings": {"region": "Nowhere!"}}
        refused = await callers.operator.put("/api/providers/bedrock", misshapen)
        assert (refused.status, "settings.region" in refused.body.decode()) == (422, True)
        body = {"api_key": SECRET, "base_url": upstream.url, "settings": {"region": "eu-west-1"}}
        answer = await callers.operator.put("/api/providers/bedrock", body)
        assert answer.status == 200, answer.body
        assert answer.json()["settings"] == {"region": "eu-west-1"}
        assert SECRET not in answer.body.decode()
        async with db.system("test").tx() as tx:
            row = await tx.one("select * from provider_connections")
        assert SECRET not in json.dumps(dict(row), default=str)
        connection = await server.app.state.connections.open(db.tenant(callers.tenant.id), "bedrock")
        assert (connection.api_key, connection.settings) == (Secret(SECRET), {"region": "eu-west-1"})
        key = await server.with_key(callers.tenant.id, callers.member_id)
        ask = {"model": "bedrock/big", "messages": [{"role": "user", "content": "Hello?"}]}
        said = await key.post("/v1/chat/completions", ask)
        assert said.status == 200, said.body
        assert said.json()["choices"][0]["message"]["content"] == "Hello from upstream."


async def test_a_provider_says_which_fields_it_needs(callers: Callers) -> None:
    items = {item["provider"]: item for item in (await callers.owner.get("/api/providers")).json()["items"]}
    assert [field["name"] for field in items["vertex"]["fields"]] == ["service_account", "project", "location"]
    assert items["vertex"]["fields"][0] == {
        "name": "service_account",
        "label": "Service account key",
        "hint": "The JSON file of a service account that may use Vertex AI.",
        "default": "",
        "required": True,
        "secret": True,
        "lines": True,
    }
    assert items["openai"]["fields"] == []


async def test_several_keys_for_one_provider_stand_side_by_side(server: Server, callers: Callers, db: Database) -> None:
    async with openai_upstream() as upstream:
        body = {"api_key": UPSTREAM_KEY, "base_url": upstream.url}
        for name in ("default", "second"):
            assert (await callers.operator.put("/api/providers/openai", {**body, "name": name})).status == 200
        keys = await server.app.state.connections.open_all(db.tenant(callers.tenant.id), "openai")
        assert [key.name for key in keys] == ["default", "second"]
        assert {key.owner for key in keys} == {str(callers.tenant.id)}
        checked_again = await callers.operator.post("/api/providers/openai/check")
        assert [key["name"] for key in checked_again.json()["keys"]] == ["default", "second"]
    assert (await callers.operator.put("/api/providers/openai", {**body, "name": "a/b"})).status == 422
    assert (await callers.operator.delete("/api/providers/openai?name=third")).status == 404
    assert (await callers.operator.delete("/api/providers/openai?name=default")).status == 204
    assert [
        key.name for key in await server.app.state.connections.open_all(db.tenant(callers.tenant.id), "openai")
    ] == ["second"]
    assert (await callers.operator.delete("/api/providers/openai")).status == 204
    assert await server.app.state.connections.open_all(db.tenant(callers.tenant.id), "openai") == []


async def test_an_admin_sees_how_its_own_upstreams_do_and_nobody_elses(
    server: Server, callers: Callers, db: Database
) -> None:
    async with openai_upstream() as upstream:
        body = {"api_key": UPSTREAM_KEY, "base_url": upstream.url}
        assert (await callers.operator.put("/api/providers/openai", body)).status == 200
    own = await server.app.state.connections.open(db.tenant(callers.tenant.id), "openai")
    (await server.app.state.upstreams.enter(replace(own, owner="another tenant"), "gpt-4o")).succeeded()
    lease = await server.app.state.upstreams.enter(own, "gpt-4o")
    answer = await callers.operator.get("/api/providers/health")
    lease.succeeded()
    assert answer.status == 200
    (line,) = [line for line in answer.json()["items"] if line["source"] == "workspace"]
    assert (line["provider"], line["model"], line["state"], line["running"]) == ("openai", "gpt-4o", "closed", 1)
    assert (await callers.member.get("/api/providers/health")).status == 403


def test_a_key_that_was_sealed_before_its_vendor_had_other_secrets_still_opens():
    assert unpack(AZURE, b"azure-key-0123456789") == (Secret("azure-key-0123456789"), {})
