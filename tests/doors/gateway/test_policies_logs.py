"""Request logs: nothing of a prompt is kept unless a policy says so, and then without what must not be in it."""

import json
import logging
from typing import Any

import pytest

from tests.doors.gateway.test_policies import make
from tests.doors.gateway.test_policies_guardrails import put
from tests.foundation.usage.test_routes import outbox
from tests.kit.fixtures import Callers
from tests.kit.server import Client, Server
from tests.kit.upstream import FailMidway, Refuse, Say, Upstream

MARK = "quixotic-zebra-7731"
ANSWER = "an unmistakable-heron answer"


async def chat(server: Server, key: Client, text: str = "Hello", **more: Any) -> Any:
    body = {"model": "gpt-4o", "messages": [{"role": "user", "content": text}], **more}
    answer = await key.post("/v1/chat/completions", body)
    await settled(server)
    return answer


async def settled(server: Server) -> None:
    await server.app.state.gateway.inference.policies.logs.settled()
    await server.app.state.meter.flush()


async def listed(client: Client, query: str = "") -> list[Any]:
    answer = await client.get(f"/api/policies/logs{query}")
    assert answer.status == 200, answer.body
    return answer.json()["items"]


async def everything(server: Server) -> str:
    """Every row of every table, as text."""
    found: list[str] = []
    async with server.database.system("test").tx() as tx:
        names = await tx.all(
            "select c.oid::regclass::text as name from pg_class c join pg_namespace n on n.oid = c.relnamespace"
            " where c.relkind in ('r', 'p') and n.nspname = 'public'"
            " and has_table_privilege(current_user, c.oid, 'select')"
        )
        for row in names:
            table = await tx._connection.fetch(f"select t::text as row from {row['name']} t")
            found += [each["row"] for each in table if each["row"]]
    assert len(names) > 50
    return "\n".join(found)


async def ask_every_way(server: Server, key: Client, upstream: Upstream, text: str) -> None:
    """Through each endpoint that takes words, well and badly."""
    upstream.default = Say(ANSWER)
    turns = [{"role": "user", "content": text}]
    for stream in (False, True):
        await key.post("/v1/chat/completions", {"model": "gpt-4o", "messages": turns, "stream": stream})
        await key.post("/v1/messages", {"model": "gpt-4o", "max_tokens": 9, "messages": turns, "stream": stream})
    await key.post("/v1/embeddings", {"model": "text-embedding-3-small", "input": text})
    await key.post("/v1/completions", {"model": "gpt-4o", "prompt": text})
    for fault in (Refuse(400, "no"), Refuse(500, "boom"), FailMidway()):
        upstream.plan(*[fault] * 3)
        await key.post("/v1/chat/completions", {"model": "gpt-4o", "messages": turns, "stream": True})
        upstream._plan.clear()
    await key.post("/v1/chat/completions", {"model": "gpt-4o", "messages": [{"role": text, "content": text}]})
    await key.send("POST", "/v1/chat/completions", data=text)
    upstream.default = Say()
    await settled(server)


async def test_off_nothing_of_a_prompt_or_an_answer_is_stored_or_logged_anywhere(
    server: Server, key: Client, callers: Callers, upstream: Upstream, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    await ask_every_way(server, key, upstream, MARK)
    # Nor under a policy that reads without keeping.
    policy = await make(callers, cache={"mode": "exact", "any_temperature": True})
    await put(callers, policy, kind="regex", stage="before", settings={"patterns": [{"pattern": "blocked-word"}]})
    await ask_every_way(server, key, upstream, f"{MARK} blocked-word")
    everywhere = await everything(server)
    journal = b"".join(path.read_bytes() for path in server.app.state.meter._root.rglob("*") if path.is_file())
    for word in (MARK, ANSWER):
        assert word not in everywhere
        assert word not in caplog.text
        assert word.encode() not in journal
    assert await listed(callers.owner) == []


async def test_a_kept_answer_is_in_the_cache_alone(
    server: Server, key: Client, callers: Callers, upstream: Upstream
) -> None:
    await make(callers, cache={"mode": "exact", "any_temperature": True})
    upstream.plan(Say(ANSWER))
    await chat(server, key, MARK)
    await server.app.state.gateway.inference.policies.cache.settled()
    async with server.database.system("test").tx() as tx:
        assert await tx.value("select count(*) from response_cache") == 1
        await tx.run("delete from response_cache")
    assert ANSWER not in await everything(server)


async def test_on_a_call_is_kept_with_question_answer_and_failure_for_its_days(
    server: Server, key: Client, callers: Callers, upstream: Upstream
) -> None:
    policy = await make(callers, logging={"days": 7})
    upstream.plan(Say("It is Paris."), Say("Streamed."), Refuse(400, "no"))
    first = await chat(server, key, "Where is it?", temperature=0.5)
    await chat(server, key, "Streamed?", stream=True)
    await chat(server, key, "Bad?")
    await key.post("/v1/messages", {"model": "gpt-4o", "max_tokens": 9, "messages": [{"role": "user", "content": "M"}]})
    await key.post("/v1/embeddings", {"model": "text-embedding-3-small", "input": ["a vector"]})
    await settled(server)
    rows = await listed(callers.member)
    assert [row["snippet"] for row in rows[1:]] == ["M", "Bad?", "Streamed?", "Where is it?"]
    # A call of the ledger leads to what is kept of it.
    calls = {one["id"] for one in (await callers.member.get("/api/usage/calls")).json()["items"]}
    assert {row["id"] for row in rows if row["snippet"] in ("Streamed?", "Where is it?")} <= calls
    assert "a vector" in rows[0]["snippet"]
    assert [row["failure"] for row in rows] == [None, None, "upstream-bad-request", None, None]
    assert [row["protocol"] for row in rows] == ["openai", "anthropic", "openai", "openai", "openai"]
    assert rows[-1]["id"] == first.headers["x-radiant-decision-id"]
    whole = (await callers.member.get(f"/api/policies/logs/{rows[-1]['id']}")).json()
    assert whole["request"]["messages"] == [
        {"role": "user", "parts": [{"type": "text", "text": "Where is it?", "name": "", "arguments": ""}]}
    ]
    assert whole["request"]["parameters"]["temperature"] == 0.5
    assert (whole["response"]["parts"][0]["text"], whole["response"]["stop_reason"]) == ("It is Paris.", "end")
    async with server.database.system("test").tx() as tx:
        kept = await tx.all("select expires_at - created_at as kept from request_logs")
        await tx.run("update request_logs set expires_at = current_timestamp - interval '2 hours'")
        assert {row["kept"].days for row in kept} == {7}
    assert await listed(callers.member) == []
    async with server.database.system("test").tx() as tx:
        await tx.all("select * from app.apply_retention()")
        assert await tx.value("select count(*) from request_logs") == 0
    assert policy["logging"]["admins_read"] is False


async def test_personal_data_secrets_and_what_guardrails_look_for_are_never_written(
    server: Server, key: Client, callers: Callers, upstream: Upstream
) -> None:
    policy = await make(callers, logging={"redact": ["email", "card"]})
    patterns = [{"pattern": "orion", "label": "PROJECT"}]
    await put(callers, policy, kind="regex", action="pseudonymise", settings={"patterns": patterns})
    upstream.plan(Say("To bob@example.org of course."))
    secret = "sk-" + "a1B2" * 12
    text = f"ada@example.org 4111 1111 1111 1111 {secret} orion +49 30 901820"
    assert (await chat(server, key, text)).status == 200
    (row,) = await listed(callers.member)
    assert row["snippet"] == "[REDACTED:EMAIL] [REDACTED:CARD] [REDACTED:SECRET] [REDACTED:PROJECT] +49 30 901820"
    everywhere = await everything(server)
    for word in ("ada@example.org", "bob@example.org", "4111 1111", secret, f"{secret} orion"):
        assert word not in everywhere


async def test_admins_read_the_logs_of_others_only_where_the_policy_says_so_and_are_in_the_trail(
    server: Server, key: Client, callers: Callers, upstream: Upstream
) -> None:
    policy = await make(callers, logging={"days": 7})
    await chat(server, key, "mine alone")
    (own,) = await listed(callers.member)
    assert await listed(callers.owner) == []
    assert (await callers.owner.get(f"/api/policies/logs/{own['id']}")).status == 404
    assert (await callers.owner.delete(f"/api/policies/logs/{own['id']}")).status == 404
    opened = {"name": "Rules", "logging": {"days": 7, "admins_read": True}}
    assert (await callers.owner.put(f"/api/policies/{policy['id']}", opened)).status == 200
    # Members are told.
    (seen,) = (await callers.member.get("/api/policies")).json()["items"]
    assert seen["logging"]["admins_read"] is True
    await chat(server, key, "seen by admins")
    (shared,) = await listed(callers.owner)
    assert shared["snippet"] == "seen by admins"
    assert await listed(callers.viewer) == []
    assert await listed(callers.foreign_owner) == []
    path = f"/api/policies/logs/{shared['id']}"
    for stranger in (callers.viewer, callers.foreign_owner):
        assert (await stranger.get(path)).status == 404
    assert (await callers.owner.get(path)).status == 200
    assert (await callers.member.get(path)).status == 200
    read = [row for row in await outbox(server) if row["action"] == "request_log.read"]
    assert [row["actor_id"] for row in read] == [str(callers.owner_id)]
    assert "seen by admins" not in json.dumps(read)
    assert (await callers.member.delete(path)).status == 204
    assert (await callers.member.get(path)).status == 404


async def test_a_list_is_filtered_and_paged(server: Server, key: Client, callers: Callers, upstream: Upstream) -> None:
    await make(callers, logging={})
    for n in range(3):
        await chat(server, key, f"question {n}")
    await chat(server, key, "another", model="gpt-4o-mini")
    upstream.plan(Refuse(400, "no"))
    await chat(server, key, "refused")
    assert len(await listed(callers.member, "?q=QUESTION")) == 3
    assert [row["snippet"] for row in await listed(callers.member, "?model=gpt-4o-mini")] == ["another"]
    assert [row["snippet"] for row in await listed(callers.member, "?failed=true")] == ["refused"]
    mine = (await callers.member.get("/api/keys")).json()["items"][0]["id"]
    assert len(await listed(callers.member, f"?key={mine}")) == 5
    page = (await callers.member.get("/api/policies/logs?limit=3")).json()
    rest = (await callers.member.get(f"/api/policies/logs?limit=3&cursor={page['next']}")).json()
    assert (len(page["items"]), len(rest["items"]), rest["next"]) == (3, 2, None)


async def test_chats_are_kept_nowhere_else_and_a_key_may_be_left_out(
    server: Server, key: Client, callers: Callers, upstream: Upstream
) -> None:
    await make(callers, logging={"admins_read": True})
    mine = (await callers.member.get("/api/keys")).json()["items"][0]["id"]
    made = await callers.member.post("/api/chats", {"model": "gpt-4o"})
    path = f"/api/chats/{made.json()['id']}/turns"
    turn = await callers.member.post(path, {"content": [{"type": "text", "text": "in private"}]})
    await callers.member.get(f"/api/runs/{turn.json()['run_id']}/events")
    await settled(server)
    assert await listed(callers.owner) == []
    await make(callers, name="Key", api_key_id=mine, logging={"is_active": False})
    await chat(server, key, "left out")
    assert await listed(callers.member) == []


async def test_what_is_relayed_as_it_is_is_kept_as_a_body_without_personal_data(
    server: Server, key: Client, callers: Callers, upstream: Upstream
) -> None:
    await make(callers, logging={})
    assert (await chat(server, key, "to ada@example.org", unheard_of=1)).status == 200
    (row,) = await listed(callers.member)
    whole = (await callers.member.get(f"/api/policies/logs/{row['id']}")).json()
    assert "unheard_of" in whole["request"]["relayed"]
    assert "[REDACTED:EMAIL]" in whole["request"]["relayed"]
    assert whole["response"] is None
