"""/api/tools: tools of a workspace's own, switches, and who may do what."""

import asyncio
import hashlib
import hmac
import json
from typing import Any

import pytest
from aiohttp import web

from radiant.kit.ids import uuid7
from tests.kit.fixtures import Callers
from tests.kit.people import Tenant
from tests.kit.server import Client, Server
from tests.workspace.documents.kit import make_base, put_text, read_all
from tests.workspace.memory.kit import add as remember
from tests.workspace.tools.kit import SIGNING, TOOLS, attempt, secret_of, tools_of
from tests.workspace.tools.web import web_of

WEBHOOKS = f"{TOOLS}/webhooks"
SCHEMA = {"type": "object", "properties": {"id": {"type": "integer"}}, "required": ["id"]}


def _new(credential: str, **options: Any) -> dict[str, Any]:
    return {
        "name": "order_status", "description": "How an order does.", "parameters": SCHEMA, "url": "https://shop.example.org/tool",
        "credential_id": credential, "side_effects": False,
    } | options  # fmt: skip


async def _define(callers: Callers, **options: Any) -> dict[str, Any]:
    answer = await callers.owner.post(WEBHOOKS, _new(await secret_of(callers), **options))
    assert answer.status == 201, answer.body
    return answer.json()


async def test_members_list_and_try_and_admins_define(callers: Callers) -> None:
    made = await _define(callers)
    assert (await callers.nobody.get(TOOLS)).status == 401
    assert "order_status" in await tools_of(callers.viewer)
    assert (await attempt(callers.viewer, "current_time")).status == 403
    assert (await attempt(callers.member, "current_time")).status == 200
    for method, path, body in (
        ("POST", WEBHOOKS, _new(made["credential_id"], name="x")),
        ("PATCH", f"{WEBHOOKS}/{made['id']}", {"description": "x"}),
        ("DELETE", f"{WEBHOOKS}/{made['id']}", None),
        ("PUT", f"{TOOLS}/current_time/settings", {"is_active": False}),
        ("POST", f"{TOOLS}/servers", {"name": "x", "url": "https://x.test/"}),
        ("GET", f"{TOOLS}/servers", None),
    ):
        assert (await callers.member.send(method, path, json=body)).status == 403, path


async def test_f18_12_names_are_unique_in_a_workspace_free_in_another_and_never_a_built_in_tools(
    callers: Callers,
) -> None:
    made = await _define(callers)
    again = await callers.owner.post(WEBHOOKS, _new(made["credential_id"]))
    assert (again.status, again.json()["type"].rsplit("/", 1)[-1]) == (409, "tool-name-taken")
    for name in ("sql_query", "web_search", "http_fetch", "current_time"):
        taken = await callers.owner.post(WEBHOOKS, _new(made["credential_id"], name=name))
        assert taken.status == 409, name

    vault = (await callers.foreign_owner.post("/api/credentials/vaults", {"name": "v"})).json()["id"]
    secret = {"name": "s", "type": "text", "value": "theirs"}
    credential = (await callers.foreign_owner.post(f"/api/credentials/vaults/{vault}/credentials", secret)).json()["id"]
    assert (await callers.foreign_owner.post(WEBHOOKS, _new(credential))).status == 201
    assert (await tools_of(callers.foreign_owner))["order_status"]["tool_id"] != made["id"]


async def test_f18_12_a_tool_is_neither_seen_nor_called_nor_changed_by_another_workspace(callers: Callers) -> None:
    made = await _define(callers)
    stranger = callers.foreign_owner

    assert "order_status" not in await tools_of(stranger)
    assert (await attempt(stranger, "order_status", {"id": 1}, confirmed=True)).status == 404
    for method in ("GET", "PATCH", "DELETE"):
        body = {"description": "mine now"} if method == "PATCH" else None
        assert (await stranger.send(method, f"{WEBHOOKS}/{made['id']}", json=body)).status == 404
    assert (await stranger.put(f"{TOOLS}/order_status/settings", {})).status == 404
    used = await stranger.post(WEBHOOKS, _new(made["credential_id"]))
    assert used.status == 404


async def test_f18_12_the_table_itself_holds_no_foreign_and_no_nameless_tool(
    owner: Any, two_tenants: tuple[Tenant, Tenant]
) -> None:
    import asyncpg

    ours, theirs = two_tenants
    insert = (
        "insert into thinktank_tools (tenant_id, tool_name, tool_type, parameters_schema) values ($1, $2, $3, '{}')"
    )
    await owner.execute(insert, ours.id, "a_tool", "webhook")
    await owner.execute(insert, theirs.id, "a_tool", "webhook")
    with pytest.raises(asyncpg.UniqueViolationError):
        await owner.execute(insert, ours.id, "a_tool", "webhook")
    for name, kind in (("A-tool", "webhook"), ("b", "shell"), ("1", "webhook"), ("", "webhook")):
        with pytest.raises(asyncpg.CheckViolationError):
            await owner.execute(insert, ours.id, name, kind)
    async with theirs.db.tx() as tx:
        assert await tx.value("select count(*) from thinktank_tools") == 1


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"name": "Order Status"}, "name"),
        ({"name": "x" * 65}, "name"),
        ({"description": " "}, "description"),
        ({"parameters": {"type": "string"}}, "parameters"),
        ({"parameters": {"type": "object", "$ref": "http://127.0.0.1/"}}, "parameters.$ref"),
        ({"url": "http://shop.example.org/"}, "url"),
        ({"url": "https://u:p@shop.example.org/"}, "url"),
        ({"url": "ftp://shop.example.org/"}, "url"),
        ({"url": "https://shop/"}, "url"),
        ({"colour": "red"}, "colour"),
    ],
)
async def test_a_definition_that_cannot_be_used_names_what_is_wrong(
    callers: Callers, change: dict[str, Any], told: str
) -> None:
    answer = await callers.owner.post(WEBHOOKS, _new(str(uuid7()), **change))

    assert answer.status == 422
    assert answer.json()["detail"].startswith(told)


async def test_a_credential_that_the_admin_may_not_use_signs_nothing(callers: Callers) -> None:
    assert (await callers.owner.post(WEBHOOKS, _new(str(uuid7())))).status == 404


async def test_a_call_is_signed_and_told_apart_by_its_id(callers: Callers) -> None:
    async def answer(_: web.Request) -> web.Response:
        said = {
            "text": "It left on Monday.",
            "data": {"state": "sent"},
            "citations": [{"source": "https://shop/7", "quote": "sent"}],
        }
        return web.json_response(said)

    async with web_of(answer) as site:
        await _define(callers, url=f"{site.url}/tool", side_effects=True)
        call_id = str(uuid7())
        unasked = await attempt(callers.member, "order_status", {"id": 7})
        assert (unasked.status, site.got) == (409, [])
        tried = await attempt(callers.member, "order_status", {"id": 7}, confirmed=True, call_id=call_id)

    assert tried.status == 200, tried.body
    found = tried.json()
    assert (found["text"], found["data"], found["call_id"]) == ("It left on Monday.", {"state": "sent"}, call_id)
    assert found["citations"] == [{"source": "https://shop/7", "title": "", "quote": "sent"}]
    [request], [body] = site.got, site.bodies
    assert json.loads(body) == {"call_id": call_id, "tool": "order_status", "arguments": {"id": 7}}
    assert request.headers["Idempotency-Key"] == call_id
    at, signed = (part.split("=")[1] for part in request.headers["X-Radiant-Signature"].split(","))
    assert signed == hmac.new(SIGNING.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()


@pytest.mark.parametrize(
    ("status", "kind", "body", "expected", "told"),
    [
        (200, "application/json", "[1, 2]", 200, "[\n 1,\n 2\n]"),
        (200, "application/json", '{"data": {"a": 1}}', 200, '{\n "a": 1\n}'),
        (200, "application/json", '{"text": "a", "citations": ["x", {"title": "no source"}, 5]}', 200, "a"),
        (200, "text/plain", "words", 200, "words"),
        (204, "text/plain", "", 200, ""),
        (200, "application/json", "{", 502, "none"),
        (400, "text/plain", "there is no order 7", 422, "there is no order 7"),
        (500, "text/plain", "broken", 502, "answered 500"),
        (302, "text/plain", "", 502, "answered 302"),
        (200, "text/plain", "x" * 3_000_000, 502, "more than 2097152"),
        (200, "text/plain", "x" * 50_000, 200, "[cut: it has 50,000 characters]"),
    ],
)
async def test_whatever_a_webhook_answers_becomes_a_result_or_a_failure(
    callers: Callers, status: int, kind: str, body: str, expected: int, told: str
) -> None:
    async def answer(_: web.Request) -> web.Response:
        headers = {"Content-Type": kind} | ({"Location": "http://169.254.169.254/"} if status == 302 else {})
        return web.Response(status=status, body=body.encode(), headers=headers)

    async with web_of(answer) as site:
        await _define(callers, url=f"{site.url}/tool")
        tried = await attempt(callers.member, "order_status", {"id": 7})

    assert tried.status == expected, tried.body
    assert told in (tried.json()["text"] if expected == 200 else tried.json()["detail"])
    assert len(site.got) == 1


async def test_a_webhook_that_is_slow_or_away_fails_within_the_time_given(callers: Callers) -> None:
    async def answer(_: web.Request) -> web.Response:
        await asyncio.sleep(30)
        return web.Response()

    async with web_of(answer) as site:
        await _define(callers, url=f"{site.url}/tool")
        slow = await attempt(callers.member, "order_status", {"id": 7}, seconds=0.5)
    away = await attempt(callers.member, "order_status", {"id": 7})

    assert slow.status == away.status == 502
    assert "0.5 seconds" in slow.json()["detail"] or "no response in time" in slow.json()["detail"]


async def test_a_tool_is_changed_and_deleted_with_what_was_said_of_it(callers: Callers, owner: Any) -> None:
    made = await _define(callers)
    path = f"{WEBHOOKS}/{made['id']}"
    changed = await callers.owner.patch(
        path, {"description": "Other words.", "url": "https://other.example.org/", "side_effects": True}
    )
    assert changed.json() | {"updated_at": ""} == made | {
        "description": "Other words.", "url": "https://other.example.org/", "side_effects": True, "updated_at": "",
    }  # fmt: skip
    assert (await callers.owner.get(path)).json() == changed.json()
    assert (await callers.owner.patch(path, {"parameters": {"type": "array"}})).status == 422
    assert (await callers.owner.put(f"{TOOLS}/order_status/settings", {"is_active": False})).json()[
        "absent"
    ] == "an admin switched it off"
    assert (await callers.owner.delete(path)).status == 204
    assert (await callers.owner.delete(path)).status == 404
    assert "order_status" not in await tools_of(callers.owner)
    assert await owner.fetchval("select count(*) from thinktank_tool_settings") == 0


async def test_a_credential_that_signs_is_not_deleted_unawares_and_its_tool_is_absent_without_it(
    callers: Callers, owner: Any
) -> None:
    made = await _define(callers)
    credential = made["credential_id"]
    refused = await callers.owner.delete(f"/api/credentials/{credential}")
    assert refused.status == 409
    assert "order_status" in refused.body.decode()

    await owner.execute("update thinktank_tools set credential_id = null")
    absent = (await tools_of(callers.member))["order_status"]["absent"]
    assert "was deleted" in absent
    tried = await attempt(callers.member, "order_status", {"id": 1})
    assert (tried.status, tried.json()["type"].rsplit("/", 1)[-1]) == (409, "tool-absent")


async def test_changes_are_in_the_trail(callers: Callers, owner: Any) -> None:
    made = await _define(callers)
    await callers.owner.put(f"{TOOLS}/order_status/settings", {"ask_first": True})
    await callers.owner.delete(f"{WEBHOOKS}/{made['id']}")

    actions = await owner.fetch("select payload ->> 'action' as action from outbox where topic = 'audit' order by id")
    assert [row["action"] for row in actions if row["action"].startswith("tool")] == [
        "tool.created",
        "tool.settings",
        "tool.deleted",
    ]


@pytest.mark.parametrize(
    ("tool", "body", "told"),
    [
        ("current_time", {"config": {"hosts": ["x.test"]}}, "config.hosts"),
        ("current_time", {"config": {"provider": "brave"}}, "config"),
        ("http_fetch", {"config": {"hosts": ["http://x.test"]}}, "'http://x.test'"),
        ("web_search", {"config": {"provider": "brave"}}, "credential_id"),
        ("web_search", {"config": {"provider": "searxng"}}, "config.url"),
        ("web_search", {"config": {"provider": "searxng", "url": "http://10.0.0.1/"}}, "config.url"),
        ("web_search", {"config": {"provider": "tavily", "url": "https://x.test"}}, "config.url"),
        ("web_search", {"config": {"provider": "altavista"}}, "config.provider"),
        ("current_time", {"least_role": "king"}, "least_role"),
    ],
)
async def test_settings_that_cannot_be_are_refused(
    callers: Callers, tool: str, body: dict[str, Any], told: str
) -> None:
    answer = await callers.owner.put(f"{TOOLS}/{tool}/settings", body)

    assert answer.status == 422
    assert answer.json()["detail"].startswith(told)


async def test_fetch_reads_the_hosts_that_an_admin_lists(callers: Callers) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(text="The bees dance.")

    async with web_of(answer) as site:
        before = await attempt(callers.member, "http_fetch", {"url": site.url})
        assert (before.status, "no host" in before.json()["detail"]) == (409, True)
        listed = await callers.owner.put(
            f"{TOOLS}/http_fetch/settings", {"config": {"hosts": [f"127.0.0.1:{site.port}"]}}
        )
        assert listed.json()["absent"] is None
        found = await attempt(callers.member, "http_fetch", {"url": site.url})
        other = await attempt(callers.member, "http_fetch", {"url": "https://example.org/"})
        inside = await attempt(callers.foreign_owner, "http_fetch", {"url": site.url})

    assert found.json()["text"].endswith("The bees dance.")
    assert found.json()["citations"][0]["source"] == site.url
    assert (other.status, "not among the hosts" in other.json()["detail"]) == (502, True)
    assert inside.status == 409


async def test_search_through_searxng_is_there_once_it_is_set_up(callers: Callers) -> None:
    async def answer(request: web.Request) -> web.Response:
        assert (request.path, request.query["q"], request.query["format"]) == ("/search", "bees & wasps", "json")
        results = [
            {"title": "Bees", "url": "https://bees.test/", "content": "They dance."},
            {"url": "javascript:x"},
            "x",
            {"title": 5},
        ]
        return web.json_response({"results": results})

    async with web_of(answer) as site:
        assert "no provider" in (await tools_of(callers.member))["web_search"]["absent"]
        setting = {"config": {"provider": "searxng", "url": f"{site.url}/"}}
        assert (await callers.owner.put(f"{TOOLS}/web_search/settings", setting)).status == 200
        found = (await attempt(callers.member, "web_search", {"query": "bees & wasps"})).json()

    assert found["data"] == [{"title": "Bees", "url": "https://bees.test/", "text": "They dance."}]
    assert found["text"] == "1. Bees\nhttps://bees.test/\nThey dance."
    assert found["citations"] == [{"source": "https://bees.test/", "title": "Bees", "quote": "They dance."}]


async def _provider(server: Server, callers: Callers, provider: str, url: str) -> Any:
    from dataclasses import replace

    credential = await secret_of(callers, "the key")
    setting = {"config": {"provider": provider}, "credential_id": credential}
    assert (await callers.owner.put(f"{TOOLS}/web_search/settings", setting)).status == 200
    from tests.workspace.tools.kit import caller_of

    [tool] = await server.app.state.toolbox.offered(caller_of(callers.tenant.id, callers.member_id), ["web_search"])
    return replace(tool, endpoints={provider: url})


@pytest.mark.parametrize("provider", ["brave", "tavily"])
async def test_search_through_a_provider_takes_its_key_from_the_vault(
    server: Server, callers: Callers, provider: str
) -> None:
    from radiant.workspace.tools.base import ToolFailed, Use
    from tests.workspace.tools.kit import caller_of

    status = 200

    async def answer(request: web.Request) -> web.Response:
        hit = {"title": "Bees", "url": "https://bees.test/"}
        if provider == "brave":
            assert request.headers["X-Subscription-Token"] == "the key"
            assert (request.method, request.query["q"], request.query["count"]) == ("GET", "bees", "3")
            return web.json_response({"web": {"results": [hit | {"description": "Dance."}]}}, status=status)
        assert request.headers["Authorization"] == "Bearer the key"
        assert json.loads(await request.read()) == {"query": "bees", "max_results": 3}
        return web.json_response({"results": [hit | {"content": "Dance."}]}, status=status)

    async with web_of(answer) as site:
        tool = await _provider(server, callers, provider, f"{site.url}/x")
        use = Use(caller_of(callers.tenant.id, callers.member_id), uuid7())
        found = await server.app.state.toolbox.call(tool, {"query": "bees", "limit": 3}, use)
        assert found.data == [{"title": "Bees", "url": "https://bees.test/", "text": "Dance."}]
        for status, told in ((401, "refused its key"), (429, "answered 429"), (500, "answered 500")):
            with pytest.raises(ToolFailed, match=told) as caught:
                await server.app.state.toolbox.call(tool, {"query": "bees", "limit": 3}, use)
            assert caught.value.again is (status != 401)


async def test_memory_is_found_and_cited(callers: Callers) -> None:
    added = await remember(callers.member, "The cat of the house is called Minka.")

    found = (await attempt(callers.member, "memory_search", {"query": "What is the cat called?"})).json()
    others = (await attempt(callers.owner, "memory_search", {"query": "What is the cat called?"})).json()

    assert "Minka" in found["text"]
    [cited] = [each for each in found["citations"] if "Minka" in each["quote"]]
    assert cited["source"] == f"memory:{added['memory']['id']}"
    assert "Minka" not in others["text"]
    assert (await attempt(callers.member, "memory_search", {"query": "  "})).status == 422


async def test_documents_are_found_in_the_bases_of_the_use_and_cited_with_their_words(
    server: Server, callers: Callers
) -> None:
    base, other = await make_base(callers.member), await make_base(callers.member, "Other")
    document = await put_text(callers.member, base, "bees.txt", "Honey bees tell of flowers by a waggle dance.")
    await put_text(callers.member, other, "wasps.txt", "Wasps do not dance at all, they say.")
    await read_all(server)

    found = (await attempt(callers.member, "document_search", {"query": "waggle dance"}, bases=[base])).json()
    theirs = (await attempt(callers.foreign_owner, "document_search", {"query": "waggle dance"}, bases=[base])).json()

    [cited] = found["citations"]
    assert cited["source"] == f"document:{document['id']}"
    assert cited["title"] == "bees.txt"
    assert "waggle dance" in cited["quote"]
    assert "Wasps" not in found["text"]
    assert theirs["citations"] == []


async def test_what_a_person_asks_by_sql_is_theirs(callers: Callers) -> None:
    chat = (await callers.member.post("/api/chats", {"title": "Bees"})).json()

    found = (await attempt(callers.member, "sql_query", {"query": "select id, title from chats"})).json()
    other = (await attempt(callers.owner, "sql_query", {"query": "select id, title from chats"})).json()
    bad = await attempt(callers.member, "sql_query", {"query": "select set_config('role', 'x', true)"})

    assert found["data"] == {"columns": ["id", "title"], "rows": [[chat["id"], "Bees"]], "cut": False}
    assert other["data"]["rows"] == []
    assert (bad.status, "set_config" in bad.json()["detail"]) == (422, True)


async def test_a_key_needs_the_scopes_of_what_a_tool_shows(server: Server, callers: Callers) -> None:
    async def key(*scopes: str) -> Client:
        return await server.with_key(callers.tenant.id, callers.member_id, *scopes)

    narrow, wide = await key("read", "write"), await key("read", "write", "memory", "documents")
    listed = await tools_of(narrow)
    assert "lacks the scope memory" in listed["memory_search"]["absent"]
    assert "lacks the scope memory, documents" in listed["sql_query"]["absent"]
    assert (await attempt(narrow, "sql_query", {"query": "select 1"})).status == 409
    assert (await attempt(wide, "sql_query", {"query": "select 1"})).status == 200


async def test_the_programs_and_inner_hosts_of_the_operator_are_told_to_admins(callers: Callers) -> None:
    told = (await callers.owner.get(f"{TOOLS}/servers/commands")).json()

    assert told["inner_hosts"] == ["127.0.0.1:*"]
    assert "good" in told["commands"]
