"""`http_fetch`: what it reads, and whom it never calls."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest
from aiohttp import web

from radiant.infra.http1.addresses import Resolver
from radiant.infra.httpclient import HttpClient
from radiant.workspace.tools.base import BadArguments, Citation, ToolFailed, ToolResult
from radiant.workspace.tools.http_fetch import HttpFetch
from radiant.workspace.tools.problems import BadToolAddress
from radiant.workspace.tools.reach import BadHostRule, HostRule, Reach
from tests.kit.people import Tenant
from tests.workspace.tools.kit import use_of
from tests.workspace.tools.web import web_of

pytestmark = pytest.mark.usefixtures("tenant")
PAGE = "<html><head><title>Bees</title></head><body><h1>Bees</h1><p>They <b>dance</b>.</p><script>evil()</script></body></html>"


class Names(Resolver):
    """Answers names as a test says, each time the next answer."""

    def __init__(self, *answers: Sequence[str]) -> None:
        super().__init__(ttl=0)
        self.answers = list(answers)
        self.asked: list[str] = []

    async def addresses(self, host: str) -> tuple[str, ...]:
        self.asked.append(host)
        return tuple(self.answers.pop(0) if len(self.answers) > 1 else self.answers[0])


@pytest.fixture
async def http() -> AsyncIterator[HttpClient]:
    async with HttpClient() as client:
        yield client


def _tool(http: HttpClient, *hosts: str, inner: Sequence[str] = (), outer: Sequence[str] = ("*",)) -> HttpFetch:
    return HttpFetch(Reach(http, inner, outer), [HostRule.of(host) for host in hosts])


async def _fetch(tool: HttpFetch, tenant: Tenant, url: str, seconds: float = 20, **more: str) -> ToolResult:
    return await tool.call({"url": url, **more}, use_of(tenant, seconds))


async def test_a_page_is_read_as_text_and_cited(http: HttpClient, tenant: Tenant) -> None:
    async def answer(request: web.Request) -> web.Response:
        if request.path == "/data":
            return web.json_response({"bees": 3})
        if request.path == "/latin":
            return web.Response(
                body="Zürich".encode("latin-1"), headers={"Content-Type": "text/plain; charset=ISO-8859-1"}
            )
        return web.Response(text=PAGE, content_type="text/html")

    async with web_of(answer) as site:
        tool = _tool(http, "127.0.0.1:*", inner=["127.0.0.1:*"])
        page = await _fetch(tool, tenant, f"{site.url}/page#part")
        data = await _fetch(tool, tenant, f"{site.url}/data")
        latin = await _fetch(tool, tenant, f"{site.url}/latin")
        head = await _fetch(tool, tenant, f"{site.url}/data", method="HEAD")

    assert "They **dance**" in page.text or "They dance" in page.text
    assert "evil" not in page.text
    assert page.citations == (Citation(f"{site.url}/page", "Bees"),)
    assert page.data["status"] == 200
    assert data.text.endswith('{"bees": 3}')
    assert latin.text.endswith("Zürich")
    assert "application/json" in head.text
    assert [request.method for request in site.got] == ["GET", "GET", "GET", "HEAD"]


async def test_letters_that_addresses_do_not_have_are_escaped(http: HttpClient, tenant: Tenant) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(text=f"{request.path} {request.query_string}")

    async with web_of(answer) as site:
        tool = _tool(http, "127.0.0.1:*", inner=["127.0.0.1:*"])
        found = await _fetch(tool, tenant, f"{site.url}/wiki/Zürich?q=grün#top")

    assert found.text.endswith("/wiki/Zürich q=grün")
    assert found.data["url"] == f"{site.url}/wiki/Z%C3%BCrich?q=gr%C3%BCn"


async def test_an_answer_that_is_no_success_is_told_and_not_cited(http: HttpClient, tenant: Tenant) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(text="gone fishing", status=404)

    async with web_of(answer) as site:
        found = await _fetch(_tool(http, "127.0.0.1:*", inner=["127.0.0.1:*"]), tenant, site.url)

    assert "answered 404" in found.text
    assert "gone fishing" in found.text
    assert found.citations == ()


INNER = [
    "http://127.0.0.1/", "http://127.1/", "http://2130706433/", "http://0x7f000001/", "http://0177.0.0.1/", "http://localhost/",
    "http://[::1]/", "http://[::ffff:127.0.0.1]/", "http://[::ffff:10.0.0.1]/", "http://[64:ff9b::7f00:1]/", "http://[2002:7f00:1::]/",
    "http://0.0.0.0/", "http://10.0.0.1/", "http://172.16.0.1/", "http://192.168.1.1/", "http://169.254.169.254/latest/meta-data/",
    "http://[fd00:ec2::254]/", "http://[fe80::1]/", "http://[fc00::1]/", "http://100.64.0.1/", "http://100.100.100.200/",
    "http://224.0.0.1/", "http://[ff02::1]/", "http://255.255.255.255/", "http://192.0.0.192/", "http://198.18.0.1/", "http://[::]/",
]  # fmt: skip


@pytest.mark.parametrize("url", INNER)
async def test_inner_addresses_are_never_called_however_they_are_spelt(
    http: HttpClient, tenant: Tenant, url: str
) -> None:
    with pytest.raises(ToolFailed) as caught:
        await _fetch(_tool(http, "*"), tenant, url, seconds=5)

    assert "may not be called" in caught.value.detail or "no such host" in caught.value.detail, caught.value.detail


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "10.1.2.3", "169.254.169.254", "::1", "::ffff:127.0.0.1", "100.64.0.1"]
)
async def test_a_name_that_leads_inside_is_caught_at_the_connection(tenant: Tenant, address: str) -> None:
    async with HttpClient(resolver=Names([address])) as http:
        with pytest.raises(ToolFailed, match="may not be called"):
            await _fetch(_tool(http, "*.example.org"), tenant, "http://rebind.example.org/")


async def test_the_address_that_was_looked_at_is_the_one_that_is_called(tenant: Tenant) -> None:
    """DNS rebinding: a second answer would lead inside; there is none, since nobody asks twice for one connection."""

    async def answer(_: web.Request) -> web.Response:
        return web.Response(text="inside")

    async with web_of(answer) as site:
        names = Names(["203.0.113.7"], ["127.0.0.1"])
        async with HttpClient(resolver=names, connect_timeout=0.3) as http:
            tool = _tool(http, f"rebind.example.org:{site.port}")
            with pytest.raises(ToolFailed):
                await _fetch(tool, tenant, f"http://rebind.example.org:{site.port}/", seconds=2)
            assert names.asked == ["rebind.example.org"]
            with pytest.raises(ToolFailed, match="may not be called"):
                await _fetch(tool, tenant, f"http://rebind.example.org:{site.port}/", seconds=2)
        assert site.got == []


async def test_one_inner_address_among_several_refuses_the_name(tenant: Tenant) -> None:
    async with HttpClient(resolver=Names(["93.184.216.34", "127.0.0.1"])) as http:
        with pytest.raises(ToolFailed, match="may not be called"):
            await _fetch(_tool(http, "*"), tenant, "http://both.example.org/")


@pytest.mark.parametrize(
    "target",
    [
        "http://169.254.169.254/",
        "http://localhost:1/",
        "http://other.example.org/",
        "file:///etc/passwd",
        "gopher://x/",
        "//10.0.0.1/",
    ],
)
async def test_each_redirect_is_looked_at_anew(http: HttpClient, tenant: Tenant, target: str) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": target})

    async with web_of(answer) as site:
        with pytest.raises(ToolFailed):
            await _fetch(_tool(http, f"127.0.0.1:{site.port}", inner=[f"127.0.0.1:{site.port}"]), tenant, site.url)
        assert len(site.got) == 1


async def test_five_redirects_are_followed_and_a_sixth_is_not(http: HttpClient, tenant: Tenant) -> None:
    async def answer(request: web.Request) -> web.Response:
        left = int(request.path[1:])
        return (
            web.Response(text="there") if not left else web.Response(status=307, headers={"Location": f"/{left - 1}"})
        )

    async with web_of(answer) as site:
        tool = _tool(http, "127.0.0.1:*", inner=["127.0.0.1:*"])
        found = await _fetch(tool, tenant, f"{site.url}/5")
        with pytest.raises(ToolFailed, match="more than 5 times"):
            await _fetch(tool, tenant, f"{site.url}/6")

    assert found.data["url"] == f"{site.url}/0"


@pytest.mark.parametrize(
    ("hosts", "url", "allowed"),
    [
        (["example.org"], "https://example.org/", True),
        (["example.org"], "https://EXAMPLE.org./", True),
        (["example.org"], "https://www.example.org/", False),
        (["example.org"], "https://example.org.evil.test/", False),
        (["example.org"], "https://evilexample.org/", False),
        (["*.example.org"], "https://www.example.org/", True),
        (["*.example.org"], "https://example.org/", False),
        (["*.example.org"], "https://evilexample.org/", False),
        (["example.org"], "https://example.org:8443/", False),
        (["example.org:8443"], "https://example.org:8443/", True),
        (["example.org:8443"], "https://example.org/", False),
        (["example.org:*"], "http://example.org:22/", True),
        (["*"], "https://anything.test/", True),
        (["*"], "https://anything.test:8443/", False),
        (["*"], "https://inner.test/", False),
        (["inner.test"], "https://inner.test/", True),
        ([], "https://example.org/", False),
    ],
)
async def test_only_listed_hosts_and_ports_are_read(
    http: HttpClient, hosts: list[str], url: str, allowed: bool
) -> None:
    from radiant.infra.http1.message import target_of

    reach = Reach(http, inner=["inner.test"])

    assert reach.may_read(target_of(url), [HostRule.of(host) for host in hosts]) is allowed


async def test_the_operators_list_narrows_every_workspaces(http: HttpClient, tenant: Tenant) -> None:
    with pytest.raises(ToolFailed, match="not among the hosts"):
        await _fetch(_tool(http, "*", outer=["*.example.org"]), tenant, "https://example.com/")


@pytest.mark.parametrize("rule", ["", "http://x", "a b", "x:0", "x:99999", "x/y", "*.*", "user@x", "*x", "x*"])
def test_what_names_no_host_is_refused(rule: str) -> None:
    with pytest.raises(BadHostRule):
        HostRule.of(rule)


@pytest.mark.parametrize(
    "url",
    [
        "ftp://x.test/",
        "file:///etc/passwd",
        "https://user:pw@x.test/",
        "https://",
        "x",
        "https://x.test/a b",
        "http://x.test:0/",
        "http://x.test/\r\nHost: y",
    ],
)
async def test_what_is_no_web_address_is_told_as_an_argument_that_is_wrong(
    http: HttpClient, tenant: Tenant, url: str
) -> None:
    with pytest.raises(BadArguments, match=r"arguments\.url"):
        await _fetch(_tool(http, "*"), tenant, url)


async def test_size_and_time_are_bounded_and_pictures_are_no_text(http: HttpClient, tenant: Tenant) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        if request.path == "/slow":
            await asyncio.sleep(30)
        if request.path == "/picture":
            return web.Response(body=b"\x00\x01", content_type="application/octet-stream")
        if request.path == "/bomb":
            import gzip

            return web.Response(
                body=gzip.compress(b"x" * 2**23), headers={"Content-Encoding": "gzip", "Content-Type": "text/plain"}
            )
        response = web.StreamResponse()
        await response.prepare(request)
        try:
            while True:
                await response.write(b"x" * 65536)
        except (ConnectionError, asyncio.CancelledError):
            return response

    async with web_of(answer) as site:
        tool = _tool(http, "127.0.0.1:*", inner=["127.0.0.1:*"])
        for path, told in (
            ("/endless", "more than 2097152"),
            ("/bomb", "more than 2097152"),
            ("/slow", "no response"),
            ("/picture", "octet-stream"),
        ):
            with pytest.raises(ToolFailed, match=told):
                await _fetch(tool, tenant, site.url + path, seconds=1 if path == "/slow" else 20)


@pytest.mark.parametrize(
    ("url", "fine"),
    [
        ("https://hook.example.org/x", True), ("http://hook.example.org/x", False), ("https://hook/x", False), ("ftp://x.test", False),
        ("https://u:p@hook.example.org/", False), ("http://127.0.0.1:9000/x", True), ("http://127.0.0.1:9001/x", False),
    ],
)  # fmt: skip
async def test_an_address_that_is_kept_is_https_or_listed_by_the_operator(
    http: HttpClient, url: str, fine: bool
) -> None:
    reach = Reach(http, inner=["127.0.0.1:9000"])
    if fine:
        assert reach.check_address(url, "url") == url
    else:
        with pytest.raises(BadToolAddress, match=r"^url: "):
            reach.check_address(url, "url")
