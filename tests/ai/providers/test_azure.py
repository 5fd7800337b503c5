"""Azure OpenAI: its addresses, its header, its filter."""

from collections.abc import AsyncIterator

import msgspec
import pytest

from radiant.ai.providers.azure import Azure
from radiant.ai.providers.chat import ChatRequest, Done, EmbeddingRequest, Event, Message, TextDelta, fold
from radiant.ai.providers.errors import ContentFiltered
from radiant.ai.providers.provider import Connection, Secret
from radiant.ai.providers.vendors import vendors
from radiant.infra.httpclient import HttpClient
from tests.kit.upstream import Raw, Refuse, Upstream, _event, openai_upstream

VENDOR = vendors()["azure"]
# The documented shape of a filtered prompt (learn.microsoft.com/azure/ai-foundry/openai/concepts/content-filter).
FILTERED = {
    "error": {
        "message": "The response was filtered due to the prompt triggering Azure OpenAI's content management policy.",
        "type": None,
        "param": "prompt",
        "code": "content_filter",
        "status": 400,
        "innererror": {
            "code": "ResponsibleAIPolicyViolation",
            "content_filter_result": {"hate": {"filtered": True, "severity": "high"}},
        },
    }
}


@pytest.fixture
async def server() -> AsyncIterator[Upstream]:
    async with openai_upstream() as upstream:
        upstream.url = upstream.url.removesuffix("/v1")
        yield upstream


def connection(server: Upstream, **settings: str) -> Connection:
    return Connection(
        "azure", f"{server.url}/openai/v1", Secret("azure-key-0123456789"), allow_private=True, settings=settings
    )


REQUEST = ChatRequest(model="my gpt", messages=[Message.of("user", "Hi")])


async def test_the_present_path_is_openais_with_a_header_of_its_own(http: HttpClient, server: Upstream):
    provider = Azure(http, VENDOR)
    assert (await fold(provider.stream(REQUEST, connection(server)))).text == "Hello from upstream."
    sent = server.requests[0]
    assert (sent.path, sent.body["model"]) == ("/openai/v1/chat/completions", "my gpt")
    assert sent.headers["api-key"] == "azure-key-0123456789"
    assert "Authorization" not in sent.headers
    await provider.check(connection(server))
    assert server.requests[-1].path == "/openai/v1/models"


async def test_the_classic_path_names_deployment_and_version(http: HttpClient, server: Upstream):
    classic = connection(server, api_version="2024-10-21")
    await fold(Azure(http, VENDOR).stream(REQUEST, classic))
    await Azure(http, VENDOR).embed(EmbeddingRequest(model="emb", inputs=["a"]), classic)
    paths = [sent.path for sent in server.requests]
    assert paths == ["/openai/deployments/my gpt/chat/completions", "/openai/deployments/emb/embeddings"]


async def test_the_resource_makes_the_address_and_deployments_are_what_was_entered(http: HttpClient, server: Upstream):
    provider = Azure(http, VENDOR)
    there = provider._at(Connection("azure", VENDOR.base_url, settings={"resource": "acme"}))
    assert there.base_url == "https://acme.openai.azure.com/openai/v1"
    listed = await provider.list_models(connection(server, deployments="chat, embed"))
    assert [model.id for model in listed] == ["chat", "embed"]
    assert [model.id for model in await provider.list_models(connection(server))] == ["big", "small"]


async def test_a_filtered_prompt_is_an_error_of_its_own(http: HttpClient, server: Upstream):
    server.plan(Refuse(400, body=msgspec.json.encode(FILTERED)))
    with pytest.raises(ContentFiltered, match="content management policy") as caught:
        await fold(Azure(http, VENDOR).stream(REQUEST, connection(server)))
    assert (caught.value.status, caught.value.slug) == (400, "content-filtered")


async def test_annotations_of_the_filter_in_a_stream_are_no_part_of_the_answer(http: HttpClient, server: Upstream):
    fine = {"hate": {"filtered": False, "severity": "safe"}}
    chunks = [
        {"choices": [], "prompt_filter_results": [{"prompt_index": 0, "content_filter_results": fine}]},
        {"choices": [{"index": 0, "delta": {"content": "Hi"}, "content_filter_results": fine}]},
        {"choices": [{"index": 0, "delta": {}, "finish_reason": "content_filter"}]},
    ]
    server.plan(Raw([_event(chunk).encode() for chunk in chunks] + [b"data: [DONE]\n\n"]))
    events: list[Event] = [event async for event in Azure(http, VENDOR).stream(REQUEST, connection(server))]
    assert events == [TextDelta("Hi"), Done("content_filter")]
