"""Azure by Entra ID's client credentials: one token for many calls, typed failures, the form and both lanes."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from radiant.ai.providers.azure import Azure
from radiant.ai.providers.chat import ChatRequest, Message, fold
from radiant.ai.providers.errors import (
    UpstreamBadCredentials,
    UpstreamBroken,
    UpstreamError,
    UpstreamRateLimited,
    UpstreamUnreachable,
)
from radiant.ai.providers.provider import Connection, Secret
from radiant.ai.providers.vendors import vendors
from radiant.infra.httpclient import HttpClient
from tests.kit.entra import CLIENT, REFUSED, Entra, entra
from tests.kit.fixtures import Callers
from tests.kit.server import Client
from tests.kit.upstream import Refuse, Upstream, openai_upstream

REQUEST = ChatRequest(model="my-gpt", messages=[Message.of("user", "Hi")])


@pytest.fixture
async def issuer() -> AsyncIterator[Entra]:
    async with entra() as running:
        yield running


@pytest.fixture
async def resource() -> AsyncIterator[Upstream]:
    async with openai_upstream() as upstream:
        yield upstream


@pytest.fixture
def azure(http: HttpClient) -> Azure:
    return Azure(http, vendors()["azure"])


def connection(issuer: Entra, resource: Upstream, secret: str | None = None) -> Connection:
    secrets = {"client_secret": Secret(secret or issuer.secret)}
    return Connection("azure", resource.url, allow_private=True, settings=issuer.settings, secrets=secrets)


async def ask(azure: Azure, there: Connection) -> str:
    return (await fold(azure.stream(REQUEST, azure.signed_in(there)))).text


async def test_calls_at_once_share_one_token_that_was_asked_for_as_the_platform_says(
    azure: Azure, issuer: Entra, resource: Upstream
):
    there = connection(issuer, resource)
    await asyncio.gather(*(ask(azure, there) for _ in range(5)))
    assert issuer.forms == [
        {
            "grant_type": "client_credentials",
            "client_id": CLIENT,
            "client_secret": issuer.secret,
            "scope": "https://cognitiveservices.azure.com/.default",
        }
    ]
    assert {sent.headers["Authorization"] for sent in resource.requests} == {"Bearer eyJ.1"}
    assert all("api-key" not in sent.headers for sent in resource.requests)


async def test_a_token_is_renewed_shortly_before_its_end_and_when_it_was_refused(
    azure: Azure, issuer: Entra, resource: Upstream
):
    there = connection(issuer, resource)
    issuer.expires_in = 120.4
    await ask(azure, there)
    await ask(azure, there)
    assert len(issuer.forms) == 1
    await asyncio.sleep(0.5)
    issuer.expires_in = 3599
    await ask(azure, there)
    assert resource.requests[-1].headers["Authorization"] == "Bearer eyJ.2"
    resource.plan(Refuse(401, "Access denied"))
    with pytest.raises(UpstreamBadCredentials):
        await ask(azure, there)
    await ask(azure, there)
    assert resource.requests[-1].headers["Authorization"] == "Bearer eyJ.3"


@pytest.mark.parametrize(
    ("status", "body", "expected", "said"),
    [
        (401, REFUSED, UpstreamBadCredentials, "AADSTS7000215"),
        (400, {"error": "unauthorized_client", "error_description": "AADSTS700016: not found"}, UpstreamBadCredentials,
         "AADSTS700016"),
        (429, {"error": "temporarily_unavailable"}, UpstreamRateLimited, "fewer requests"),
        (500, {"error": "server_error"}, UpstreamBroken, "HTTP 500"),
        (200, {"unexpected": True}, UpstreamUnreachable, "something else"),
    ],
)  # fmt: skip
async def test_what_entra_says_is_a_typed_failure_and_no_call_is_made(
    azure: Azure, issuer: Entra, resource: Upstream, status: int, body: object, expected: type[UpstreamError], said: str
):
    issuer.answer = status, body
    with pytest.raises(expected, match=said) as caught:
        await ask(azure, connection(issuer, resource))
    assert issuer.secret not in caught.value.detail
    assert resource.requests == []


async def test_a_secret_that_the_answer_quotes_is_not_passed_on(azure: Azure, issuer: Entra, resource: Upstream):
    issuer.answer = 401, {"error": "invalid_client", "error_description": f"{issuer.secret} is wrong"}
    with pytest.raises(UpstreamBadCredentials, match="… is wrong"):
        await ask(azure, connection(issuer, resource))


async def test_nobody_gets_the_token_of_whoever_knows_the_secret(azure: Azure, issuer: Entra, resource: Upstream):
    await ask(azure, connection(issuer, resource))
    with pytest.raises(UpstreamBadCredentials, match="AADSTS7000215"):
        await ask(azure, connection(issuer, resource, "a guess"))
    assert len(resource.requests) == 1


async def test_what_is_missing_is_named_and_an_inner_address_is_not_called(
    azure: Azure, issuer: Entra, resource: Upstream
):
    there = connection(issuer, resource)
    with pytest.raises(UpstreamBadCredentials, match=r"application \(client\) ID, the client secret is missing"):
        await ask(azure, replace(there, settings={"tenant_id": "x"}, secrets={}))
    with pytest.raises(UpstreamBadCredentials, match="cannot be used"):
        await azure.signed_in(replace(there, base_url="https://8.8.8.8", allow_private=False)).bearer.headers()
    assert issuer.forms == []


async def test_it_is_connected_by_the_api_tried_at_once_and_used_in_both_lanes(
    callers: Callers, key: Client, issuer: Entra, resource: Upstream
):
    settings = {**issuer.settings, "deployments": "my-gpt", "client_secret": issuer.secret}
    put = {"base_url": resource.url, "settings": settings, "shared": True}
    wrong = {**put, "settings": {**settings, "client_secret": "wrong"}}
    answer = await callers.operator.put("/api/providers/azure", wrong)
    assert (answer.status, answer.json()["type"].rpartition("/")[2]) == (422, "provider-check-failed")
    assert "AADSTS7000215" in answer.json()["detail"]
    neither = {**put, "settings": {"deployments": "my-gpt"}}
    assert (
        "enter an API key, or sign in" in (await callers.operator.put("/api/providers/azure", neither)).json()["detail"]
    )
    assert (await callers.operator.put("/api/providers/azure", put)).status == 200
    listed = await callers.operator.get("/api/providers")
    (shown,) = [item for item in listed.json()["items"] if item["provider"] == "azure"]
    assert shown["connection"]["settings"] == {**issuer.settings, "deployments": "my-gpt"}
    assert issuer.secret not in listed.body.decode()
    resource.requests.clear()
    forms = len(issuer.forms)
    asked = {"model": "azure/my-gpt", "max_tokens": 9, "messages": [{"role": "user", "content": "x"}]}
    for path in ("/v1/chat/completions", "/v1/messages", "/v1/responses"):
        body = asked if path != "/v1/responses" else {"model": "azure/my-gpt", "input": "x"}
        answer = await key.post(path, body)
        assert answer.status == 200, answer.body
    assert {sent.headers["Authorization"][:11] for sent in resource.requests} == {"Bearer eyJ."}
    assert len(resource.requests) == 3
    assert len(issuer.forms) == forms


async def test_an_api_key_beside_it_is_used_alone(azure: Azure, issuer: Entra, resource: Upstream):
    await ask(azure, replace(connection(issuer, resource), api_key=Secret("azure-key-0123456789")))
    assert resource.requests[0].headers["api-key"] == "azure-key-0123456789"
    assert issuer.forms == []
