"""Where vendors have their endpoints beyond chat, and by which key and header they are asked."""

from radiant.ai.providers.endpoints import endpoint_wire, under
from radiant.ai.providers.provider import Connection, Secret
from radiant.ai.providers.vendors import vendors


def test_azure_is_asked_at_the_resource_with_its_own_header() -> None:
    key = Connection(
        "azure", "https://{resource}.openai.azure.com/openai/v1", Secret("k"), settings={"resource": "mine"}
    )
    found = endpoint_wire("responses", vendors()["azure"], [key], "gpt")
    assert found is not None
    wire, keys = found
    assert (keys[0].base_url, wire.path) == ("https://mine.openai.azure.com/openai/v1", "/responses")
    assert {**wire.headers(keys[0], {}), **keys[0].headers}["api-key"] == "k"
    assert "authorization" not in wire.headers(keys[0], {})


def test_the_classic_address_of_azure_names_the_deployment_and_the_version() -> None:
    key = Connection(
        "azure", "https://mine.openai.azure.com/openai/v1", Secret("k"), settings={"api_version": "2024-10-21"}
    )
    found = endpoint_wire("images", vendors()["azure"], [key], "my image")
    assert found is not None
    wire, keys = found
    assert keys[0].base_url + wire.path == (
        "https://mine.openai.azure.com/openai/deployments/my%20image/images/generations?api-version=2024-10-21"
    )
    assert under(wire, "/x", "a=b").endswith("/x?api-version=2024-10-21&a=b")


def test_an_endpoint_may_lie_elsewhere_on_the_host_and_may_be_missing() -> None:
    key = Connection("cohere", "https://api.cohere.com/compatibility/v1", Secret("k"))
    found = endpoint_wire("rerank", vendors()["cohere"], [key], "rerank-v3.5")
    assert found is not None
    assert found[1][0].base_url + found[0].path == "https://api.cohere.com/v2/rerank"
    assert endpoint_wire("images", vendors()["cohere"], [key], "x") is None
    assert endpoint_wire("responses", vendors()["anthropic"], [key], "x") is None
