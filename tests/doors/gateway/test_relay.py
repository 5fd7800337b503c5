"""The relay: what passes unchanged, how streams end, what a slow or vanished client and a strange upstream do."""

import asyncio
import json
import time
from typing import Any

import pytest

from radiant.infra.db import Database
from tests.kit.fixtures import Callers
from tests.kit.raw_server import Peer, raw_server
from tests.kit.server import Client, Server
from tests.kit.upstream import FailMidway, Raw, Refuse, Say, Upstream

ASK: dict[str, Any] = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hello?"}]}
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


def _framed(text: str) -> bytes:
    data = text.encode()
    return b"%x\r\n%s\r\n" % (len(data), data)


def _words(count: int, *, usage: bool = True) -> list[bytes]:
    def chunk(delta: dict[str, Any], finish: str | None = None, **more: Any) -> str:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        return f"data: {json.dumps({'id': 'c', 'choices': [choice], **more})}\n\n"

    frames = [chunk({"content": "word "}) for _ in range(count)]
    frames.append(chunk({}, "stop"))
    if usage:
        counts = {"prompt_tokens": 3, "completion_tokens": count}
        frames.append(f"data: {json.dumps({'id': 'c', 'choices': [], 'usage': counts})}\n\n")
    frames.append("data: [DONE]\n\n")
    return [_framed(frame) for frame in frames]


async def _ledger(server: Server, db: Database) -> list[dict[str, Any]]:
    await server.app.state.meter.flush()
    async with db.system("test").tx() as tx:
        rows = await tx.all("select * from usage_ledger order by created_at, id")
    return [dict(row) for row in rows]


async def _connect(callers: Callers, url: str) -> None:
    answer = await callers.operator.put("/api/providers/openai", {"api_key": "k", "base_url": url, "shared": True})
    assert answer.status == 200, answer.body


async def test_fields_that_nobody_here_knows_pass_and_unknown_fields_come_back(key: Client, upstream: Upstream) -> None:
    strange = {"logprobs": True, "n": 2, "verbosity": "low", "brand_new": {"a": [1, 2.5, None]}, "seed": 7}
    content = [{"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}}]
    answer = await key.post(
        "/v1/chat/completions", ASK | strange | {"messages": [{"role": "user", "content": content}]}
    )
    assert answer.status == 200, answer.body
    sent = upstream.requests[-1].body
    assert {name: sent[name] for name in strange} == strange
    assert sent["messages"][0]["content"] == content


async def test_a_body_that_needs_no_change_is_sent_byte_for_byte(key: Client, callers: Callers) -> None:
    seen: list[bytes] = []

    async def handle(peer: Peer) -> None:
        while request := await peer.request():
            if request.startswith(b"GET"):
                await peer.say(b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n" + b'{"data":[]}')
                continue
            seen.append(request.split(b"\r\n\r\n", 1)[1])
            await peer.say(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}")

    body = '{ "messages":[{"role":"user","content":"Grüße \\u00e9"}],\n "model" : "gpt-4o", "x": 1.50 }'.encode()
    async with raw_server(handle) as raw:
        await _connect(callers, raw.url(""))
        answer = await key.send("POST", "/v1/chat/completions", data=body, headers={"Content-Type": "application/json"})
    assert answer.status == 200, answer.body
    assert answer.body == b"{}"
    assert seen == [body]


async def test_what_only_one_protocol_knows_is_refused_by_name_where_it_must_be_translated(
    server: Server, key: Client, callers: Callers
) -> None:
    from tests.kit.upstream import anthropic_upstream

    async with anthropic_upstream() as claude:
        put = {"api_key": "k", "base_url": claude.url, "shared": True}
        assert (await callers.operator.put("/api/providers/anthropic", put)).status == 200
        ask = ASK | {"model": "claude-sonnet-4"}
        assert (await key.post("/v1/chat/completions", ask)).status == 200
        for extra in ({"logprobs": True}, {"n": 2}, {"logit_bias": {"1": 5}}, {"web_search_options": {}}):
            answer = await key.post("/v1/chat/completions", ask | extra)
            assert answer.status == 400, (extra, answer.body)
            assert next(iter(extra)) in answer.json()["error"]["message"]
        kept = await key.post("/v1/chat/completions", ask | {"metadata": {"a": "b"}, "store": False})
        assert kept.status == 200, kept.body


@pytest.mark.parametrize("asked", [True, False])
async def test_usage_is_in_the_stream_only_where_it_was_asked_for_and_in_the_ledger_always(
    server: Server, key: Client, upstream: Upstream, db: Database, asked: bool
) -> None:
    upstream.plan(Say("One two.", input_tokens=11, output_tokens=3, cache_read_tokens=4))
    options = {"stream_options": {"include_usage": True}} if asked else {}
    answer = await key.post("/v1/chat/completions", ASK | {"stream": True} | options)
    assert (b"prompt_tokens" in answer.body) == asked
    assert answer.body.rstrip().endswith(b"data: [DONE]")
    (row,) = await _ledger(server, db)
    assert (row["input_tokens"], row["output_tokens"], row["cache_read_tokens"]) == (11, 3, 4)
    assert (row["state"], row["stop_reason"], row["estimated"], row["streamed"]) == ("settled", "end", False, True)
    assert row["first_token_ms"] is not None


async def test_streamed_and_whole_cost_the_same_to_the_nano_dollar(
    server: Server, key: Client, upstream: Upstream, db: Database
) -> None:
    say = Say("word " * 30, input_tokens=1234, output_tokens=567, cache_read_tokens=100, reasoning_tokens=50)
    upstream.plan(say, say)
    await key.post("/v1/chat/completions", ASK)
    await key.post("/v1/chat/completions", ASK | {"stream": True})
    whole, streamed = await _ledger(server, db)
    assert whole["cost"] == streamed["cost"] > 0
    same = ("input_tokens", "output_tokens", "cache_read_tokens", "reasoning_tokens", "stop_reason", "state")
    assert {name: whole[name] for name in same} == {name: streamed[name] for name in same}


async def test_an_upstream_that_keeps_the_connection_open_after_its_end_holds_nobody_up(
    server: Server, key: Client, callers: Callers, db: Database
) -> None:
    async def handle(peer: Peer) -> None:
        if (await peer.request()).startswith(b"GET"):
            await peer.say(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 11\r\n\r\n" + b'{"data":[]}')
            return
        await peer.say(HEAD, *_words(5), gap=0.01)
        await asyncio.sleep(30)

    async with raw_server(handle) as raw:
        await _connect(callers, raw.url(""))
        async with asyncio.timeout(5):
            answer = await key.post("/v1/chat/completions", ASK | {"stream": True})
    assert answer.body.count(b"word") == 5
    assert (await _ledger(server, db))[0]["output_tokens"] == 5


@pytest.mark.parametrize(
    "behaviour",
    [
        FailMidway(),
        Say("One two three four five.", cut_after=3),
        Raw([b'data: {"choices":[{"index":0,"delta":{"content":"Half"}}]}\n\n', b"data: {unfinished"]),
    ],
    ids=["an error event", "a cut connection", "an end in mid-event"],
)
async def test_a_stream_that_breaks_ends_in_an_error_event_and_is_estimated(
    server: Server, key: Client, upstream: Upstream, db: Database, behaviour: Any
) -> None:
    upstream.plan(behaviour)
    answer = await key.post("/v1/chat/completions", ASK | {"stream": True})
    assert answer.status == 200
    events = [line[6:] for line in answer.body.decode().splitlines() if line.startswith("data: ")]
    assert all(json.loads(event) is not None for event in events if event != "[DONE]")
    assert "error" in json.loads(events[-1])
    (row,) = await _ledger(server, db)
    assert row["state"] == "failed"
    assert row["estimated"]
    assert row["output_tokens"] > 0


async def test_a_client_that_leaves_near_the_end_is_accounted_to_the_token(
    server: Server, key: Client, upstream: Upstream, db: Database
) -> None:
    upstream.plan(Say("a b c d e f g h", gap=0.03, input_tokens=21, output_tokens=8))
    async with key.http.post(
        key.base_url + "/v1/chat/completions", json=ASK | {"stream": True}, headers=key.headers
    ) as response:
        await response.content.readany()
        await asyncio.sleep(0.1)
        response.close()
    for _ in range(100):
        await asyncio.sleep(0.05)
        rows = await _ledger(server, db)
        if rows[0]["state"] != "reserved":
            break
    (row,) = rows
    assert (row["input_tokens"], row["output_tokens"], row["estimated"]) == (21, 8, False)


async def test_a_client_that_reads_slowly_gets_everything_and_the_upstream_waits(
    server: Server, key: Client, callers: Callers
) -> None:
    words, progress = 60_000, [0]
    padding = "~" * 2000

    async def handle(peer: Peer) -> None:
        if (await peer.request()).startswith(b"GET"):
            await peer.say(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 11\r\n\r\n" + b'{"data":[]}')
            return
        await peer.say(HEAD)
        event = _framed(f'data: {{"choices":[{{"index":0,"delta":{{"content":"{padding}"}}}}]}}\n\n')
        for number in range(words):
            await peer.say(event)
            progress[0] = number
        await peer.say(*_words(1), b"0\r\n\r\n")

    async with raw_server(handle) as raw:
        await _connect(callers, raw.url(""))
        async with key.http.post(
            key.base_url + "/v1/chat/completions", json=ASK | {"stream": True}, headers=key.headers
        ) as response:
            await asyncio.sleep(0.5)
            # 120 MB are on their way; sockets (up to 37 MB a hop here) and our own bounded buffers hold some.
            assert progress[0] < words * 0.8
            size = 0
            async for piece in response.content.iter_any():
                size += piece.count(b"~")
            assert size == words * len(padding)


async def test_a_retry_before_the_first_word_is_one_call_and_one_row(
    server: Server, key: Client, upstream: Upstream, db: Database
) -> None:
    upstream.plan(Refuse(503, "busy"), Say("Here."))
    answer = await key.post("/v1/chat/completions", ASK | {"stream": True})
    assert b"Here." in answer.body
    assert len(upstream.requests) == 2
    (row,) = await _ledger(server, db)
    assert row["state"] == "settled"


@pytest.mark.parametrize(
    "refusal", [Refuse(429, "slow"), Refuse(429, "slow", retry_after=30), Refuse(401, "bad key"), Refuse(402, "pay")]
)
@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages"])
async def test_a_key_that_is_limited_or_refused_sends_the_call_to_the_next_at_once_relayed_or_translated(
    server: Server, callers: Callers, key: Client, upstream: Upstream, db: Database, path: str, refusal: Refuse
) -> None:
    second = {"api_key": "the-second-key", "base_url": upstream.url, "shared": True, "name": "second"}
    upstream.key = None
    assert (await callers.operator.put("/api/providers/openai", second)).status == 200
    upstream.requests.clear()
    upstream.plan(refusal, Say("Here."))
    began = time.monotonic()
    answer = await key.post(path, ASK | {"max_tokens": 9})
    assert answer.status == 200, answer.body
    assert b"Here." in answer.body
    assert time.monotonic() - began < 0.5
    first, then = [request.headers["Authorization"] for request in upstream.requests]
    assert first != then
    # And the next call does not ask the key that rests.
    assert (await key.post(path, ASK | {"max_tokens": 9})).status == 200
    assert upstream.requests[-1].headers["Authorization"] == then
    assert len(await _ledger(server, db)) == 2


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages"])
async def test_the_only_key_that_is_limited_is_waited_for_and_its_own_word_is_told_in_the_end(
    key: Client, upstream: Upstream, path: str
) -> None:
    upstream.plan(Refuse(429, "slow", retry_after=0.2), Say("Here."))
    assert b"Here." in (await key.post(path, ASK | {"max_tokens": 9})).body
    upstream.default = Refuse(429, "slow down, please", retry_after=0.01)
    answer = await key.post(path, ASK | {"max_tokens": 9})
    assert answer.status == 429
    assert b"slow down, please" in answer.body
    assert len(upstream.requests) == 5


async def test_tags_of_a_call_are_in_the_ledger_and_bad_ones_are_refused(
    server: Server, key: Client, upstream: Upstream, db: Database
) -> None:
    tagged = {"X-Radiant-Tags": "project=apollo, team=search"}
    assert (await key.post("/v1/chat/completions", ASK, headers=tagged)).status == 200
    (row,) = await _ledger(server, db)
    assert row["tags"] == {"project": "apollo", "team": "search"}
    for bad in ("novalue", "a b=c", "=x", ",".join(f"t{i}=x" for i in range(17)), "a=" + "x" * 300):
        answer = await key.post("/v1/chat/completions", ASK, headers={"X-Radiant-Tags": bad})
        assert answer.status == 400, bad
        assert "X-Radiant-Tags" in answer.json()["error"]["message"]


async def test_a_revoked_key_is_refused_at_the_very_next_call(
    server: Server, callers: Callers, key: Client, upstream: Upstream
) -> None:
    assert (await key.post("/v1/chat/completions", ASK)).status == 200
    listed = (await callers.member.get("/api/keys")).json()["items"]
    assert (await callers.member.delete(f"/api/keys/{listed[0]['id']}")).status == 204
    assert (await key.post("/v1/chat/completions", ASK)).status == 401


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_another_method_is_a_405_in_the_protocols_form(key: Client, method: str) -> None:
    answer = await key.send(method, "/v1/chat/completions")
    assert answer.status == 405
    assert answer.json()["error"]["code"] == "method_not_allowed"


async def test_the_page_asks_the_door_by_its_session_and_no_other_site_does(
    callers: Callers, upstream: Upstream
) -> None:
    assert (await callers.member.post("/v1/chat/completions", ASK)).status == 200
    cookie = {"Cookie": callers.member.headers["Cookie"]}
    without = await callers.nobody.post("/v1/chat/completions", ASK, headers=cookie)
    assert without.status == 403
    assert without.json()["error"]["code"] == "csrf"
    foreign = callers.member.headers | {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    assert (await callers.nobody.post("/v1/chat/completions", ASK, headers=foreign)).status == 403
    assert (await callers.viewer.post("/v1/chat/completions", ASK)).status == 403
    assert len(upstream.requests) == 1


async def test_azure_is_relayed_to_a_deployment_with_its_own_header(
    server: Server, callers: Callers, key: Client, db: Database
) -> None:
    from tests.kit.upstream import openai_upstream

    async with openai_upstream() as azure:
        settings = {"deployments": "my-gpt", "api_version": "2024-10-21"}
        put = {"api_key": "k", "base_url": azure.url, "settings": settings, "shared": True}
        answer = await callers.operator.put("/api/providers/azure", put)
        assert answer.status == 200, answer.body
        azure.requests.clear()
        ask = ASK | {"model": "azure/my-gpt", "logprobs": True, "max_tokens": 7}
        answer = await key.post("/v1/chat/completions", ask)
        assert answer.status == 200, answer.body
        (request,) = azure.requests
        assert request.path.endswith("/deployments/my-gpt/chat/completions")
        assert request.headers["api-key"] == "k"
        assert "Authorization" not in request.headers
        assert request.body["logprobs"] is True
        assert request.body["max_completion_tokens"] == 7


async def test_a_conversation_with_another_providers_signatures_is_translated(key: Client, upstream: Upstream) -> None:
    signed = "call_1__sig_0" + "A" * 60
    messages = [
        *ASK["messages"],
        {
            "role": "assistant",
            "tool_calls": [{"id": signed, "type": "function", "function": {"name": "f", "arguments": "{}"}}],
        },
        {"role": "tool", "tool_call_id": signed, "content": "42"},
    ]
    answer = await key.post("/v1/chat/completions", ASK | {"messages": messages})
    assert answer.status == 200, answer.body
    sent = upstream.requests[-1].body["messages"]
    assert sent[1]["tool_calls"][0]["id"] == sent[2]["tool_call_id"] == "call_1"


FORCED = {"type": "function", "function": {"name": "weather"}}


@pytest.mark.parametrize(
    ("path", "more"),
    [
        ("chat/completions", {"tool_choice": "required"}),
        ("chat/completions", {"tool_choice": FORCED}),
        ("messages", {"tool_choice": {"type": "any"}, "max_tokens": 5}),
        ("responses", {"tool_choice": "required", "input": "Hi"}),
    ],
)
@pytest.mark.parametrize("model", ["gpt-4o", "claude-sonnet-4"])
async def test_a_forced_call_of_no_tool_is_refused_and_not_dropped(
    key: Client, upstream: Upstream, claude: Upstream, path: str, more: dict[str, Any], model: str
) -> None:
    for each in (upstream, claude):
        # Where it is relayed, the upstream judges.
        each.plan(Refuse(400, "tool_choice is only allowed when tools are specified"))
    asked = {"model": model, "messages": [{"role": "user", "content": "Hi"}], **more}
    if path == "responses":
        del asked["messages"]
    answer = await key.post(f"/v1/{path}", asked)
    assert answer.status == 400
    message = answer.json()["error"]["message"]
    assert "there are no tools" in message or "only allowed when tools" in message


async def test_a_page_of_any_origin_may_ask_with_a_key(key: Client, upstream: Upstream) -> None:
    origin = {"Origin": "https://app.example.org"}
    asks = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,x-stainless-os"}
    for path in ("/v1/chat/completions", "/v1/files/file-1"):
        allowed = await key.send("OPTIONS", path, headers={**origin, **asks, "Authorization": ""})
        assert allowed.status == 204
        assert allowed.headers["Access-Control-Allow-Origin"] == "*"
        assert allowed.headers["Access-Control-Allow-Headers"] == "authorization,x-stainless-os"
        # With credentials no browser takes the star, so no session of the page comes along.
        assert "Access-Control-Allow-Credentials" not in allowed.headers
    for stream in (False, True):
        upstream.plan(Say("Hello."))
        body = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hi"}], "stream": stream}
        answer = await key.post("/v1/chat/completions", body, headers=origin)
        assert (answer.status, answer.headers["Access-Control-Allow-Origin"]) == (200, "*")
    refused = await key.post("/v1/chat/completions", {}, headers=origin)
    assert (refused.status, refused.headers["Access-Control-Allow-Origin"]) == (400, "*")
    plain = await key.post("/v1/chat/completions", {})
    assert "Access-Control-Allow-Origin" not in plain.headers
