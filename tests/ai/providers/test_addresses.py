"""Which base URLs may be called."""

import pytest

from radiant.ai.providers.addresses import check_base_url
from radiant.ai.providers.chat import ChatRequest, Message, fold
from radiant.ai.providers.errors import AddressRefused, UpstreamBroken, UpstreamUnreachable
from radiant.ai.providers.openai_compatible import OpenAICompatible
from radiant.ai.providers.provider import Connection
from radiant.ai.providers.vendors import vendors
from radiant.infra.httpclient import AddressBlocked, HttpClient, address_allowed
from tests.kit.upstream import Refuse, Upstream

INSIDE = [
    "https://127.0.0.1/v1",
    "https://localhost:11434",
    "https://api.localhost",
    "https://printer.local",
    "https://postgres",
    "https://db.internal",
    "https://10.0.0.4",
    "https://192.168.1.1",
    "https://172.16.0.9",
    "https://100.64.0.1",
    "https://[::1]/v1",
    "https://[fd00::1]",
    "https://[::ffff:127.0.0.1]",
    "https://[64:ff9b::7f00:1]",
    "https://0x7f.1",
    "https://2130706433",
    "https://0177.0.0.1",
]
NEVER = [
    "http://169.254.169.254/latest",
    "http://[fe80::1]",
    "http://[fd00:ec2::254]",
    "http://100.100.100.200",
    "http://0.0.0.0:8000",
    "http://2852039166",
    "http://[::ffff:169.254.169.254]",
]
NOT_URLS = [
    "",
    "api.example.com",
    "ftp://example.com",
    "file:///etc/passwd",
    "https://",
    "https://user:pw@example.com",
    "https://example.com/v1?x=1",
    "https://example.com/#a",
    "https://example.com:99999",
    "https://exa mple.com",
    "https://[::1",
]


@pytest.mark.parametrize(
    "url", [vendor.base_url for vendor in vendors().values() if not (vendor.local or vendor.operator_only)]
)
def test_every_vendors_own_address_is_fine_for_everybody(url: str):
    assert check_base_url(url + "/", allow_private=False) == url


@pytest.mark.parametrize("url", [*INSIDE, *NEVER])
def test_a_tenant_cannot_point_a_connection_inside(url: str):
    with pytest.raises(AddressRefused):
        check_base_url(url, allow_private=False)


@pytest.mark.parametrize("url", INSIDE)
def test_the_operator_may_point_a_connection_inside(url: str):
    assert check_base_url(url.replace("https", "http"), allow_private=True)


@pytest.mark.parametrize("url", [*NEVER, *NOT_URLS])
def test_metadata_addresses_and_what_is_no_address_are_refused_to_everybody(url: str):
    with pytest.raises(AddressRefused):
        check_base_url(url, allow_private=True)


def test_a_tenants_key_is_never_sent_in_the_clear():
    with pytest.raises(AddressRefused, match="https"):
        check_base_url("http://api.example.com", allow_private=False)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111"])
def test_public_addresses_may_be_called(address: str):
    assert address_allowed(address, allow_private=False)


async def test_a_name_that_resolves_inside_is_caught_at_the_connection(http: HttpClient):
    with pytest.raises(AddressBlocked):
        await http.request("GET", "http://localhost:1/")


async def test_a_tenants_connection_cannot_reach_this_machine(http: HttpClient):
    provider = OpenAICompatible(http, vendors()["openai"])
    connection = Connection("openai", "https://localhost:1/v1")
    request = ChatRequest(model="m", messages=[Message.of("user", "hi")])
    with pytest.raises((AddressRefused, UpstreamUnreachable)):
        await fold(provider.stream(request, connection))


async def test_a_redirect_is_not_followed(http: HttpClient, openai_server: Upstream):
    openai_server.default = Refuse(307, body=b"")
    provider = OpenAICompatible(http, vendors()["ollama"])
    with pytest.raises(UpstreamBroken, match="elsewhere"):
        await provider.check(Connection("ollama", openai_server.url, allow_private=True))
    assert len(openai_server.requests) == 1
