"""Vertex AI: a service account's token, the addresses of regions, Gemini and Claude behind one connection."""

import asyncio
import base64
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs

import msgspec
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from radiant.ai.providers.chat import ChatRequest, EmbeddingRequest, Message, ReasoningPart, TextPart, Usage, fold
from radiant.ai.providers.errors import UpstreamBadCredentials
from radiant.ai.providers.provider import Connection, Secret
from radiant.ai.providers.vendors import vendors
from radiant.ai.providers.vertex import Vertex, _at
from radiant.infra.httpclient import HttpClient
from tests.kit.google_upstream import google_upstream
from tests.kit.upstream import Refuse, Say, Upstream

VENDOR = vendors()["vertex"]
KEY = rsa.generate_private_key(65537, 2048)
PEM = KEY.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
).decode()
GEMINI = ChatRequest(model="gemini-3.8-flash", messages=[Message.of("user", "Hi")])


@pytest.fixture
async def server() -> AsyncIterator[Upstream]:
    async with google_upstream() as upstream:
        upstream.key = "ya29.token"
        yield upstream


def account(server: Upstream, **more: Any) -> Secret:
    facts = {
        "type": "service_account",
        "project_id": "acme-1",
        "private_key_id": "k1",
        "private_key": PEM,
        "client_email": "svc@acme-1.iam.gserviceaccount.com",
        "token_uri": f"{server.url}/token",
    }
    return Secret(msgspec.json.encode(facts | more).decode())


def connection(server: Upstream, **settings: str) -> Connection:
    secrets = {"service_account": account(server)}
    return Connection("vertex", server.url, allow_private=True, settings=settings, secrets=secrets)


def decoded(piece: str) -> bytes:
    return base64.urlsafe_b64decode(piece + "=" * (-len(piece) % 4))


async def test_a_token_is_asked_for_once_with_what_the_account_signed(http: HttpClient, server: Upstream):
    provider = Vertex(http, VENDOR)
    there = connection(server)
    await asyncio.gather(*(fold(provider.stream(GEMINI, there)) for _ in range(5)))
    asked = [sent for sent in server.requests if sent.path == "/token"]
    assert len(asked) == 1
    form = parse_qs(asked[0].body)
    assert form["grant_type"] == ["urn:ietf:params:oauth:grant-type:jwt-bearer"]
    head, claims, signature = form["assertion"][0].split(".")
    KEY.public_key().verify(decoded(signature), f"{head}.{claims}".encode(), padding.PKCS1v15(), hashes.SHA256())
    assert msgspec.json.decode(decoded(head)) == {"alg": "RS256", "typ": "JWT", "kid": "k1"}
    said = msgspec.json.decode(decoded(claims))
    assert (said["iss"], said["aud"]) == ("svc@acme-1.iam.gserviceaccount.com", f"{server.url}/token")
    assert said["exp"] - said["iat"] == 3600
    path = "/v1/projects/acme-1/locations/global/publishers/google/models/gemini-3.8-flash:streamGenerateContent"
    assert server.requests[-1].path == path


@pytest.mark.parametrize(
    ("location", "address"),
    [
        ("global", "https://aiplatform.googleapis.com"),
        ("europe-west4", "https://europe-west4-aiplatform.googleapis.com"),
        ("eu", "https://aiplatform.eu.rep.googleapis.com"),
    ],
)
def test_every_location_has_its_address(location: str, address: str):
    assert _at(Connection("vertex", VENDOR.base_url), location).base_url == address


async def test_claude_speaks_its_own_protocol_there(http: HttpClient, server: Upstream):
    server.plan(Say("Hi", reasoning="hm", input_tokens=20, cache_read_tokens=8))
    request = ChatRequest(model="claude-opus-4-1@20250805", messages=GEMINI.messages, max_tokens=9)
    answer = await fold(Vertex(http, VENDOR).stream(request, connection(server, project="other", location="us-east5")))
    assert answer.parts == [ReasoningPart("hm", "sig"), TextPart("Hi")]
    assert answer.usage == Usage(20, 5, cache_read_tokens=8)
    sent = server.requests[-1]
    assert sent.path == (
        "/v1/projects/other/locations/us-east5/publishers/anthropic/models/claude-opus-4-1@20250805:streamRawPredict"
    )
    assert sent.body["anthropic_version"] == "vertex-2023-10-16"
    assert "model" not in sent.body


async def test_another_location_answers_where_one_is_full(http: HttpClient, server: Upstream):
    server.plan(Refuse(429, "Resource exhausted", "RESOURCE_EXHAUSTED"))
    two = connection(server, location="europe-west4,us-central1")
    assert (await fold(Vertex(http, VENDOR).stream(GEMINI, two))).text == "Hello from upstream."
    asked = [sent.path.split("/")[5] for sent in server.requests if "locations" in sent.path]
    assert asked == ["europe-west4", "us-central1"]


async def test_embeddings_go_one_by_one_where_the_model_takes_one(http: HttpClient, server: Upstream):
    provider = Vertex(http, VENDOR)
    asked = EmbeddingRequest(model="gemini-embedding-001", inputs=["a", "bbb"], dimensions=2)
    result = await provider.embed(asked, connection(server))
    assert result.vectors[1] == pytest.approx([3 / 10**0.5, 1 / 10**0.5])
    assert result.input_tokens == 6
    bodies = [sent.body for sent in server.requests if sent.path.endswith(":predict")]
    assert sorted(body["instances"][0]["content"] for body in bodies) == ["a", "bbb"]
    assert bodies[0]["parameters"] == {"outputDimensionality": 2}
    server.plan(Refuse(403, "PERMISSION_DENIED", "PERMISSION_DENIED"))
    with pytest.raises(UpstreamBadCredentials):
        await provider.embed(asked, connection(server))


@pytest.mark.parametrize("broken", ["not json", '{"client_email": 3}'])
async def test_a_key_file_that_is_none_is_said_so_and_not_quoted(http: HttpClient, server: Upstream, broken: str):
    bad = replace(connection(server), secrets={"service_account": Secret(broken)})
    with pytest.raises(UpstreamBadCredentials) as caught:
        await Vertex(http, VENDOR).check(bad)
    assert broken not in f"{caught.value.detail} {caught.value.__cause__}"


async def test_a_token_address_inside_is_refused_to_tenants(http: HttpClient, server: Upstream):
    theirs = replace(connection(server), allow_private=False)
    with pytest.raises(UpstreamBadCredentials, match="cannot be used"):
        await Vertex(http, VENDOR).check(theirs)
    assert server.requests == []
    odd = replace(connection(server), secrets={"service_account": account(server, private_key="nonsense")})
    with pytest.raises(UpstreamBadCredentials, match="cannot be used"):
        await Vertex(http, VENDOR).check(odd)


async def test_a_check_lists_what_google_publishes_there(http: HttpClient, server: Upstream):
    provider = Vertex(http, VENDOR)
    await provider.check(connection(server))
    assert server.requests[-1].headers["x-goog-user-project"] == "acme-1"
    assert [model.id for model in await provider.list_models(connection(server))] == ["gemini-3.8-flash"]


async def test_a_token_that_was_refused_is_not_kept(http: HttpClient, server: Upstream):
    provider = Vertex(http, VENDOR)
    server.plan(Refuse(401, "expired", "UNAUTHENTICATED"))
    with pytest.raises(UpstreamBadCredentials):
        await fold(provider.stream(GEMINI, connection(server)))
    await fold(provider.stream(GEMINI, connection(server)))
    assert [sent.path for sent in server.requests].count("/token") == 2
