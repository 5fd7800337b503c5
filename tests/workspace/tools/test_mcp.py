"""MCP servers: good ones of the official SDK over HTTP and as programs, and those that are slow, dead or lie."""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from aiohttp import web

from radiant.infra.httpclient import HttpClient
from radiant.kit.ids import TenantId, uuid7
from radiant.workspace.tools import mcp_connections
from radiant.workspace.tools.mcp_connections import McpConnections, ServerAt, ServerFailed
from radiant.workspace.tools.mcp_tools import name_of
from radiant.workspace.tools.reach import Reach
from tests.kit.fixtures import Callers
from tests.kit.server import Answer, Client
from tests.workspace.tools.conftest import PROGRAMS
from tests.workspace.tools.kit import TOOLS, attempt, secret_of, tools_of
from tests.workspace.tools.web import Web, web_of

SERVERS = f"{TOOLS}/servers"


@contextlib.asynccontextmanager
async def sdk_server() -> AsyncIterator[str]:
    """A server of the official SDK on loopback; the address."""
    import socket

    import uvicorn
    from mcp.server import MCPServer
    from mcp.server.mcpserver.exceptions import ToolError
    from mcp_types import ToolAnnotations

    made = MCPServer("weather")

    @made.tool(annotations=ToolAnnotations(readOnlyHint=True))
    def forecast(city: str, days: int = 1) -> dict[str, Any]:
        """The weather of a city."""
        return {"city": city, "days": days, "sky": "clear"}

    @made.tool()
    def order_umbrella(colour: str) -> str:
        """Orders one."""
        return f"a {colour} umbrella is on its way"

    @made.tool()
    def fails() -> str:
        """Never works."""
        raise ToolError("the sky fell down")

    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    app = made.streamable_http_app()
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="on", timeout_graceful_shutdown=1))
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined,method-assign]
    task = asyncio.create_task(server.serve([listener]))
    while not server.started:
        await asyncio.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/mcp"
    finally:
        server.should_exit = True
        await task
        listener.close()


Handle = Callable[[str, dict[str, Any]], Any]


@contextlib.asynccontextmanager
async def lying_server(handle: Handle) -> AsyncIterator[Web]:
    """One that answers by JSON what `handle` says to a method; None: as a plain server would. A Response goes as it is."""

    async def answer(request: web.Request) -> web.StreamResponse:
        if request.method != "POST":
            return web.Response(status=405)
        asked = json.loads(await request.read())
        if "id" not in asked:
            return web.Response(status=202)
        result = handle(asked["method"], asked.get("params") or {})
        if asyncio.iscoroutine(result):
            result = await result
        if isinstance(result, web.StreamResponse):
            return result
        if result is None and asked["method"] == "initialize":
            version = asked["params"]["protocolVersion"]
            result = {
                "protocolVersion": version,
                "capabilities": {"tools": {}},
                "serverInfo": {"name": "x", "version": "1"},
            }
        if result is None:
            error = {"code": -32601, "message": "no such method"}
            return web.json_response({"jsonrpc": "2.0", "id": asked["id"], "error": error})
        return web.json_response({"jsonrpc": "2.0", "id": asked["id"], "result": result})

    async with web_of(answer) as site:
        yield site


def _tool(name: str, schema: Any = None) -> dict[str, Any]:
    return {"name": name, "description": name, "inputSchema": {"type": "object"} if schema is None else schema}


async def add(client: Client, **new: Any) -> str:
    answer = await client.post(SERVERS, {"name": "weather", **new})
    assert answer.status == 201, answer.body
    return answer.json()["id"]


async def refresh(client: Client, server_id: str) -> Answer:
    return await client.post(f"{SERVERS}/{server_id}/refresh")


async def test_tools_of_a_server_are_offered_and_called(callers: Callers) -> None:
    async with sdk_server() as url:
        server_id = await add(callers.owner, url=url)
        listed = await refresh(callers.owner, server_id)
        assert listed.status == 200, listed.body
        assert listed.json()["tools"] == ["weather_forecast", "weather_order_umbrella", "weather_fails"]
        tools = await tools_of(callers.member)
        assert tools["weather_forecast"]["side_effects"] is False
        assert tools["weather_order_umbrella"]["side_effects"] is True
        assert tools["weather_forecast"]["type"] == "mcp"
        assert tools["weather_forecast"]["server_id"] == server_id

        found = (await attempt(callers.member, "weather_forecast", {"city": "Bern", "days": 2})).json()
        assert found["data"] == {"city": "Bern", "days": 2, "sky": "clear"}
        assert '"sky": "clear"' in found["text"]

        wrong = await attempt(callers.member, "weather_forecast", {"town": "Bern"})
        assert wrong.status == 422
        assert "'city' is a required property" in wrong.json()["detail"]

        unasked = await attempt(callers.member, "weather_order_umbrella", {"colour": "red"})
        assert (unasked.status, unasked.json()["type"].rsplit("/", 1)[-1]) == (409, "confirmation-needed")
        asked = await attempt(callers.member, "weather_order_umbrella", {"colour": "red"}, confirmed=True)
        assert asked.json()["text"] == "a red umbrella is on its way"

        failed = await attempt(callers.member, "weather_fails", confirmed=True)
        assert failed.status == 502
        assert "the sky fell down" in failed.json()["detail"]

        assert (await callers.owner.patch(f"{SERVERS}/{server_id}", {"is_active": False})).status == 200
        off = await attempt(callers.member, "weather_forecast", {"city": "Bern"})
        assert (off.status, "switched off" in off.json()["detail"]) == (409, True)
        assert (await callers.owner.delete(f"{SERVERS}/{server_id}")).status == 204
        assert "weather_forecast" not in await tools_of(callers.member)


async def test_a_program_is_run_without_our_environment_and_ends_with_its_connection(
    callers: Callers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RADIANT_SECRET_OF_OURS", "x")
    server_id = await add(callers.owner, name="files", command="good")
    listed = (await refresh(callers.owner, server_id)).json()
    assert listed["tools"] == ["files_read_file", "files_write_file"]

    first = json.loads((await attempt(callers.member, "files_read_file", {"path": "/x"})).json()["text"])
    again = json.loads((await attempt(callers.member, "files_read_file", {"path": "/y"})).json()["text"])

    assert first["path"] == "/x"
    assert not [name for name in first["environment"] if "RADIANT" in name or "KEY" in name]
    assert first["pid"] == again["pid"]
    assert await callers.owner.delete(f"{SERVERS}/{server_id}")
    for _ in range(100):
        if not _runs(first["pid"]):
            break
        await asyncio.sleep(0.05)
    assert not _runs(first["pid"])


def _runs(pid: int) -> bool:
    import os

    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_only_programs_that_the_operator_lists_are_run(callers: Callers) -> None:
    refused = await callers.owner.post(SERVERS, {"name": "x", "command": "/bin/sh"})
    assert refused.status == 422
    assert "RADIANT_TOOL_SERVERS" in refused.json()["detail"]
    for body in (
        {"name": "x"},
        {"name": "x", "url": "https://x.test", "command": "good"},
        {"name": "X", "command": "good"},
    ):
        assert (await callers.owner.post(SERVERS, body)).status == 422


@pytest.mark.parametrize(
    "url",
    [
        "http://mcp.example.org/",
        "https://inner/",
        "http://10.0.0.1/mcp",
        "http://localhost:1/mcp",
        "ftp://x.test/",
        "https://u:p@x.test/",
    ],
)
async def test_a_server_is_at_https_or_where_the_operator_says(callers: Callers, url: str) -> None:
    assert (await callers.owner.post(SERVERS, {"name": "x", "url": url})).status == 422


@pytest.mark.parametrize("url", ["https://127.0.0.2/mcp", "https://169.254.169.254/mcp", "https://[::1]/mcp"])
async def test_a_server_that_leads_inside_is_not_connected_to(callers: Callers, url: str) -> None:
    # 127.0.0.1 alone is listed here.
    server_id = await add(callers.owner, url=url)

    failed = await refresh(callers.owner, server_id)

    assert failed.status == 502
    assert "may not be called" in failed.json()["detail"]


async def test_the_header_comes_from_the_vault_and_is_shown_nowhere(callers: Callers) -> None:
    seen: list[str | None] = []

    def handle(method: str, _: dict[str, Any]) -> Any:
        return {"tools": [_tool("one")]} if method == "tools/list" else None

    async with lying_server(handle) as site:
        credential = await secret_of(callers, "s3cret")
        server_id = await add(callers.owner, url=f"{site.url}/mcp", credential_id=credential)
        listed = await refresh(callers.owner, server_id)
        seen = [request.headers.get("Authorization") for request in site.got]
        assert set(seen) == {"Bearer s3cret"}
        assert b"s3cret" not in listed.body
        uses = (await callers.owner.get(f"/api/credentials/{credential}/uses")).json()
        assert "weather" in json.dumps(uses)

    other = await callers.foreign_owner.post(
        SERVERS, {"name": "x", "url": "https://x.test/", "credential_id": credential}
    )
    assert other.status == 404


async def _endless(_: str, params: dict[str, Any]) -> Any:
    cursor = int(params.get("cursor") or 0)
    return {"tools": [_tool(f"t{cursor}")], "nextCursor": str(cursor + 1)}


LIES: dict[str, tuple[Handle, str]] = {
    "never answers": (lambda method, _: asyncio.sleep(60) if method == "tools/list" else None, "did not answer within"),
    "not JSON": (lambda m, _: web.Response(text="<html>", content_type="application/json") if m == "tools/list" else None, "failed|refused"),
    "another shape": (lambda m, _: {"tools": "all of them"} if m == "tools/list" else None, "failed|refused"),
    "a bad schema's shape": (lambda m, _: {"tools": [_tool("x", "text")]} if m == "tools/list" else None, "failed|refused"),
    "endless pages": (lambda m, p: _endless(m, p) if m == "tools/list" else None, "without an end"),
    "one page for ever": (lambda m, _: {"tools": [], "nextCursor": "a"} if m == "tools/list" else None, "again and again"),
    "too many tools": (lambda m, _: {"tools": [_tool(f"t{n}") for n in range(500)]} if m == "tools/list" else None, "more than 200"),
    "giant descriptions": (
        lambda m, _: {"tools": [_tool("x") | {"description": "x" * 2**21}]} if m == "tools/list" else None, "more than",
    ),
    "a giant answer": (
        lambda m, _: {"tools": [_tool("x") | {"description": "x" * 2**23}]} if m == "tools/list" else None, "more than 4 MiB|failed",
    ),
    "an error page": (lambda m, _: web.Response(status=500, text="broken") if m == "tools/list" else None, "failed|refused"),
    "a redirect inside": (
        lambda m, _: web.Response(status=307, headers={"Location": "http://169.254.169.254/"}), "failed|refused|may not",
    ),
    "no handshake": (lambda m, _: web.Response(status=404), "failed|refused"),
    "another version": (
        lambda m, _: {"protocolVersion": "1999", "capabilities": {}, "serverInfo": {"name": "x", "version": "1"}}
        if m == "initialize" else None, "failed|refused",
    ),
    "an error": (lambda m, _: None, "refused: no such method"),
}  # fmt: skip


@pytest.fixture
async def quick(callers: Callers, server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server.app.state.toolbox.connections, "_listing_seconds", 4.0)


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("lie", LIES)
async def test_a_server_that_lies_ends_in_a_typed_failure_that_is_noted(callers: Callers, lie: str) -> None:
    import re

    handle, told = LIES[lie]
    async with lying_server(handle) as site:
        server_id = await add(callers.owner, url=f"{site.url}/mcp")
        began = time.monotonic()
        failed = await refresh(callers.owner, server_id)

        assert failed.status == 502, failed.body
        assert failed.json()["type"].endswith("tool-server-failed")
        assert re.search(told, failed.json()["detail"]), failed.json()["detail"]
        assert time.monotonic() - began < 12
        [kept] = (await callers.owner.get(SERVERS)).json()["items"]
        assert kept["last_error"] == failed.json()["detail"][:1000]
        assert kept["tools"] == []


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("program", ["silent", "noise", "long", "dies", "absent"])
async def test_a_program_that_does_not_speak_ends_in_a_typed_failure(callers: Callers, program: str) -> None:
    server_id = await add(callers.owner, command=program)
    began = time.monotonic()

    failed = await refresh(callers.owner, server_id)

    assert failed.status == 502, failed.body
    assert failed.json()["type"].endswith("tool-server-failed")
    assert time.monotonic() - began < 12


async def test_a_program_that_dies_in_a_call_is_started_again_for_the_next(callers: Callers) -> None:
    server_id = await add(callers.owner, name="files", command="answers_and_dies")
    assert (await refresh(callers.owner, server_id)).status == 200
    for _ in range(2):
        failed = await attempt(callers.member, "files_read_file", {"path": "x"})
        assert failed.status == 502
        assert failed.json()["type"].endswith("tool-server-failed")


async def test_bad_schemas_and_doubled_names_are_left_out_and_named(callers: Callers) -> None:
    tools = [
        _tool("Get Weather"), _tool("get-weather"), _tool("remote", {"type": "object", "$ref": "http://127.0.0.1/x"}),
        _tool("loop", {"type": "object", "$ref": "#"}), _tool("odd", {"type": "object", "properties": {"a": {"type": "strin"}}}), _tool("日本"),
    ]  # fmt: skip
    async with lying_server(lambda method, _: {"tools": tools} if method == "tools/list" else None) as site:
        listed = (await refresh(callers.owner, await add(callers.owner, url=f"{site.url}/mcp"))).json()

    assert listed["tools"] == ["weather_get_weather", "weather_tool"]
    assert [left["name"] for left in listed["left_out"]] == ["get-weather", "remote", "loop", "odd"]
    assert "already" in listed["left_out"][0]["why"]


async def test_what_a_server_offered_stays_when_it_dies(callers: Callers) -> None:
    async with lying_server(lambda method, _: {"tools": [_tool("one")]} if method == "tools/list" else None) as site:
        server_id = await add(callers.owner, url=f"{site.url}/mcp")
        assert (await refresh(callers.owner, server_id)).json()["tools"] == ["weather_one"]

    failed = await refresh(callers.owner, server_id)
    called = await attempt(callers.member, "weather_one", confirmed=True)

    assert failed.status == called.status == 502
    assert called.json()["type"].endswith("tool-server-failed")
    [kept] = (await callers.owner.get(SERVERS)).json()["items"]
    assert kept["tools"] == ["weather_one"]
    assert kept["last_error"]


async def test_giant_and_odd_answers_to_a_call_are_bounded(callers: Callers) -> None:
    answers: dict[str, Any] = {
        "long": {"content": [{"type": "text", "text": "x" * 100_000}]},
        "giant": {"content": [{"type": "text", "text": "x" * 2**23}]},
        "odd": {"content": "text"},
        "many": {
            "content": [
                {"type": "text", "text": "a"}, {"type": "image", "data": "AAAA", "mimeType": "image/png"},
                {"type": "resource_link", "uri": "https://x.test/a", "name": "A"},
                {"type": "resource", "resource": {"uri": "file:///b", "text": "b"}},
            ]
        },
    }  # fmt: skip

    def handle(method: str, params: dict[str, Any]) -> Any:
        if method == "tools/list":
            return {"tools": [_tool(name) for name in answers]}
        return answers[params["name"]] if method == "tools/call" else None

    async with lying_server(handle) as site:
        await refresh(callers.owner, await add(callers.owner, url=f"{site.url}/mcp"))
        long = (await attempt(callers.member, "weather_long", confirmed=True)).json()
        giant = await attempt(callers.member, "weather_giant", confirmed=True)
        odd = await attempt(callers.member, "weather_odd", confirmed=True)
        many = (await attempt(callers.member, "weather_many", confirmed=True)).json()

    assert len(long["text"]) == 20_000
    assert long["text"].endswith("[cut: it has 100,000 characters]")
    assert giant.status == odd.status == 502
    assert many["text"] == "a\n[image, image/png]\nA: https://x.test/a\nb"
    assert [each["source"] for each in many["citations"]] == ["https://x.test/a", "file:///b"]


async def test_a_connection_serves_many_calls_and_is_closed_when_it_lies_idle() -> None:
    calls: list[Any] = []

    def handle(method: str, params: dict[str, Any]) -> Any:
        calls.append(method)
        if method == "tools/call":
            return {"content": [{"type": "text", "text": params["name"]}]}
        return {"tools": [_tool("one")]} if method == "tools/list" else None

    async with lying_server(handle) as site, HttpClient() as http:
        connections = McpConnections(Reach(http, ["127.0.0.1:*"]), idle=0.3)
        at = ServerAt(TenantId(uuid7()), uuid7(), "x", url=f"{site.url}/mcp", headers={})
        await asyncio.gather(*(connections.call(at, "one", {}, uuid7(), 10) for _ in range(10)))
        assert calls.count("initialize") == 1
        assert connections.open == 1
        for _ in range(100):
            if not connections.open:
                break
            await asyncio.sleep(0.05)
        assert connections.open == 0
        await connections.call(at, "one", {}, uuid7(), 10)
        assert calls.count("initialize") == 2
        other = ServerAt(at.tenant_id, at.id, "x", url=at.url, headers={"Authorization": "Bearer new"})
        await connections.call(other, "one", {}, uuid7(), 10)
        assert calls.count("initialize") == 3
        await connections.close()
        assert connections.open == 0


async def test_tenants_share_no_connection() -> None:
    async with HttpClient() as http:
        connections = McpConnections(Reach(http, []))
        server_id, pids = uuid7(), set[int]()
        for _ in range(2):
            at = ServerAt(TenantId(uuid7()), server_id, "x", command=PROGRAMS["good"])
            answer = await connections.call(at, "readFile", {"path": "x"}, uuid7(), 20)
            pids.add(json.loads(answer.content[0].text)["pid"])  # type: ignore[union-attr]
        assert len(pids) == 2
        await connections.close()
        assert not any(_runs(pid) for pid in pids)


async def test_too_many_connections_close_one_that_is_not_in_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mcp_connections, "_MOST_OPEN", 1)
    async with (
        lying_server(lambda m, _: {"tools": [_tool("one")]} if m == "tools/list" else None) as site,
        HttpClient() as http,
    ):
        connections = McpConnections(Reach(http, ["127.0.0.1:*"]))
        for _ in range(3):
            await connections.list_tools(ServerAt(TenantId(uuid7()), uuid7(), "x", url=f"{site.url}/mcp", headers={}))
            assert connections.open == 1
        await connections.close()


async def test_a_call_that_is_cancelled_ends(callers: Callers) -> None:
    async with (
        lying_server(lambda m, _: asyncio.sleep(60) if m == "tools/call" else None) as site,
        HttpClient() as http,
    ):
        connections = McpConnections(Reach(http, ["127.0.0.1:*"]))
        at = ServerAt(TenantId(uuid7()), uuid7(), "x", url=f"{site.url}/mcp", headers={})
        task = asyncio.create_task(connections.call(at, "one", {}, uuid7(), 30))
        await asyncio.sleep(0.5)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        with pytest.raises(ServerFailed, match="within 1 seconds"):
            await connections.call(at, "one", {}, uuid7(), 1)
        await connections.close()


@pytest.mark.parametrize(
    ("tool", "name"),
    [
        ("forecast", "w_forecast"),
        ("getWeather", "w_get_weather"),
        ("a.b/c", "w_a_b_c"),
        ("__", "w_tool"),
        ("x" * 90, "w_" + "x" * 62),
    ],
)
def test_names_are_such_as_models_take(tool: str, name: str) -> None:
    assert name_of("w", tool) == name
