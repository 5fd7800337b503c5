"""A turn through HTTP: ask, follow, stop, retry, edit; what is kept, and what a reader gets."""

import asyncio
import json
from typing import Any

import pytest

from radiant.infra.db import Database
from tests.kit.fixtures import Callers
from tests.kit.server import Client, Server
from tests.kit.upstream import Drop, FailMidway, Refuse, Say, Upstream

MODEL = "gpt-4o"


async def chat_of(client: Client, **options: Any) -> str:
    answer = await client.post("/api/chats", {"model": MODEL, **options})
    assert answer.status == 201, answer.body
    return answer.json()["id"]


def words(text: str) -> list[dict[str, str]]:
    return [{"type": "text", "text": text}]


async def ask(client: Client, chat_id: str, text: str, **options: Any) -> dict[str, Any]:
    headers = {"Idempotency-Key": options.pop("key")} if "key" in options else {}
    answer = await client.post(f"/api/chats/{chat_id}/turns", {"content": words(text), **options}, headers=headers)
    assert answer.status == 201, answer.body
    return answer.json()


async def events(client: Client, run_id: str, after: int = 0, until: int | None = None) -> list[tuple[int, str, Any]]:
    """Events of a run past `after`, to its end or until so many came."""
    return await sse(client, f"/api/runs/{run_id}/events?after={after}", until)


async def sse(client: Client, path: str, until: int | None = None) -> list[tuple[int, str, Any]]:
    """Numbered server-sent events, to their end or until so many came."""
    found: list[tuple[int, str, Any]] = []
    async with client.http.get(client.base_url + path, headers=client.headers) as response:
        assert response.status == 200
        fields: dict[str, str] = {}
        async for raw in response.content:
            line = raw.decode().rstrip("\n")
            if line:
                name, _, value = line.partition(": ")
                fields[name] = value
                continue
            if "event" in fields:
                found.append((int(fields["id"]), fields["event"], json.loads(fields["data"])))
            fields = {}
            if until is not None and len(found) >= until:
                break
    return found


def text_of(found: list[tuple[int, str, Any]]) -> str:
    return "".join(data["text"] for _, kind, data in found if kind == "text")


async def message_of(client: Client, chat_id: str, message_id: str) -> dict[str, Any]:
    chat = (await client.get(f"/api/chats/{chat_id}")).json()
    return next(message for message in chat["messages"] if message["id"] == message_id)


async def test_an_answer_streams_and_is_kept_with_what_it_took(callers: Callers, upstream: Upstream) -> None:
    chat_id = await chat_of(callers.member, system_prompt="Be brief.")
    upstream.plan(Say("It is Paris.", input_tokens=9, output_tokens=4))
    turn = await ask(callers.member, chat_id, "What is the capital of France?")
    found = await events(callers.member, turn["run_id"])
    assert [kind for _, kind, _ in found if kind != "text"] == ["started", "usage", "done"]
    assert text_of(found) == "It is Paris."
    message = await message_of(callers.member, chat_id, turn["assistant_message"]["id"])
    assert message["content"] == words("It is Paris.")
    assert (message["status"], message["stop_reason"], message["model"]) == ("complete", "end", MODEL)
    assert (message["input_tokens"], message["output_tokens"]) == (9, 4)
    assert float(message["cost"]) > 0
    assert message["duration_ms"] >= message["first_token_ms"] >= 0
    assert found[-1][2]["message"] == message
    sent = upstream.requests[-1].body["messages"]
    assert [item["role"] for item in sent] == ["system", "user"]
    title = (await callers.member.get("/api/chats")).json()["items"][0]["title"]
    assert title == "What is the capital of France?"


async def test_the_next_turn_carries_the_conversation(callers: Callers, upstream: Upstream) -> None:
    chat_id = await chat_of(callers.member)
    first = await ask(callers.member, chat_id, "One?")
    await events(callers.member, first["run_id"])
    second = await ask(callers.member, chat_id, "Two?")
    await events(callers.member, second["run_id"])
    sent = upstream.requests[-1].body["messages"]
    assert [item["role"] for item in sent] == ["user", "assistant", "user"]


@pytest.mark.parametrize("at", [0, 1, 2, 7, 20])
async def test_a_reader_that_comes_back_gets_what_it_missed_and_nothing_twice(
    callers: Callers, upstream: Upstream, at: int
) -> None:
    chat_id = await chat_of(callers.member)
    said = " ".join(f"word{n}" for n in range(40))
    upstream.plan(Say(said, gap=0.01))
    turn = await ask(callers.member, chat_id, "Count.")
    first = await events(callers.member, turn["run_id"], until=at) if at else []
    last = first[-1][0] if first else 0
    rest = await events(callers.member, turn["run_id"], after=last)
    assert text_of(first + rest) == said
    again = await events(callers.member, turn["run_id"])
    assert again == first + rest


async def test_two_readers_see_the_same(callers: Callers, upstream: Upstream) -> None:
    chat_id = await chat_of(callers.member)
    upstream.plan(Say("a b c d e f g h", gap=0.01))
    turn = await ask(callers.member, chat_id, "Go.")
    one, two = await asyncio.gather(*(events(callers.member, turn["run_id"]) for _ in range(2)))
    assert one == two


async def test_stop_keeps_what_was_said_and_ends_the_upstream(callers: Callers, upstream: Upstream) -> None:
    chat_id = await chat_of(callers.member)
    upstream.plan(Say("word " * 500, gap=0.01))
    turn = await ask(callers.member, chat_id, "Talk.")
    started = await events(callers.member, turn["run_id"], until=5)
    assert (await callers.member.post(f"/api/runs/{turn['run_id']}/cancel")).status == 202
    found = await events(callers.member, turn["run_id"])
    await asyncio.wait_for(upstream.gone.wait(), 5)
    message = await message_of(callers.member, chat_id, turn["assistant_message"]["id"])
    assert message["status"] == "stopped"
    assert message["content"][0]["text"] == text_of(found)
    assert text_of(found).startswith(text_of(started))
    assert found[-1][1] == "done"


async def test_closing_the_page_does_not_stop_the_answer(callers: Callers, upstream: Upstream) -> None:
    chat_id = await chat_of(callers.member)
    upstream.plan(Say("still going on", gap=0.05))
    turn = await ask(callers.member, chat_id, "Talk.")
    await events(callers.member, turn["run_id"], until=1)
    await asyncio.sleep(0.6)
    message = await message_of(callers.member, chat_id, turn["assistant_message"]["id"])
    assert message["content"] == words("still going on")


@pytest.mark.parametrize(("behaviour", "said"), [(Refuse(500, "boom"), ""), (Drop(), ""), (FailMidway(), "Half of")])
async def test_f0_8_a_failure_is_kept_as_one_beside_what_was_said(
    callers: Callers, upstream: Upstream, behaviour: Any, said: str
) -> None:
    chat_id = await chat_of(callers.member)
    upstream.default = behaviour
    turn = await ask(callers.member, chat_id, "Hello?")
    found = await events(callers.member, turn["run_id"])
    assert found[-1][1] == "failed"
    message = await message_of(callers.member, chat_id, turn["assistant_message"]["id"])
    assert message["status"] == "failed"
    assert message["error"]["slug"].startswith("upstream-")
    assert "".join(part["text"] for part in message["content"]) == said


async def test_retry_makes_a_sibling_perhaps_of_another_model(callers: Callers, upstream: Upstream) -> None:
    chat_id = await chat_of(callers.member)
    turn = await ask(callers.member, chat_id, "Hello?")
    await events(callers.member, turn["run_id"])
    path = f"/api/chats/{chat_id}/messages/{turn['assistant_message']['id']}/retry"
    answer = await callers.member.post(path, {"model": "gpt-4o-mini"})
    assert answer.status == 201
    await events(callers.member, answer.json()["run_id"])
    sibling = answer.json()["assistant_message"]
    assert sibling["parent_id"] == turn["assistant_message"]["parent_id"]
    assert upstream.requests[-1].body["model"] == "gpt-4o-mini"
    chat = (await callers.member.get(f"/api/chats/{chat_id}")).json()
    assert chat["leaf_message_id"] == sibling["id"]
    assert len(chat["messages"]) == 3


async def test_an_edited_question_is_a_branch_of_its_own(callers: Callers, upstream: Upstream) -> None:
    chat_id = await chat_of(callers.member)
    first = await ask(callers.member, chat_id, "One?")
    await events(callers.member, first["run_id"])
    second = await ask(callers.member, chat_id, "Two?")
    await events(callers.member, second["run_id"])
    edited = await ask(callers.member, chat_id, "Two, better?", parent_id=first["assistant_message"]["id"])
    await events(callers.member, edited["run_id"])
    sent = [item["content"] for item in upstream.requests[-1].body["messages"]]
    assert sent[-1] == "Two, better?"
    assert "Two?" not in sent
    anew = await ask(callers.member, chat_id, "Other start?", parent_id=None)
    await events(callers.member, anew["run_id"])
    assert len(upstream.requests[-1].body["messages"]) == 1
    # Going back to the first branch finds its end.
    change = {"leaf_message_id": first["user_message"]["id"]}
    chat = (await callers.member.patch(f"/api/chats/{chat_id}", change)).json()
    assert chat["leaf_message_id"] == edited["assistant_message"]["id"]


async def test_one_idempotency_key_asks_once(callers: Callers, upstream: Upstream) -> None:
    chat_id = await chat_of(callers.member)
    turns = await asyncio.gather(*(ask(callers.member, chat_id, "Once?", key="k") for _ in range(5)))
    assert len({turn["run_id"] for turn in turns}) == 1
    await events(callers.member, turns[0]["run_id"])
    assert len(upstream.requests) == 1
    other = await callers.member.post(
        f"/api/chats/{chat_id}/turns", {"content": words("Other?")}, headers={"Idempotency-Key": "k"}
    )
    assert other.json()["type"].endswith("/idempotency-mismatch")


async def test_a_question_after_an_unfinished_answer_waits(callers: Callers, upstream: Upstream) -> None:
    chat_id = await chat_of(callers.member)
    upstream.plan(Say("word " * 200, gap=0.01))
    turn = await ask(callers.member, chat_id, "Talk.")
    answer = await callers.member.post(f"/api/chats/{chat_id}/turns", {"content": words("And?")})
    assert (answer.status, answer.json()["type"].rpartition("/")[2]) == (409, "still-answering")
    await callers.member.post(f"/api/runs/{turn['run_id']}/cancel")


async def test_f0_14_a_cut_answer_is_marked(callers: Callers, upstream: Upstream) -> None:
    chat_id = await chat_of(callers.member)
    upstream.plan(Say("Half", stop="length"))
    turn = await ask(callers.member, chat_id, "Talk.")
    await events(callers.member, turn["run_id"])
    assert (await message_of(callers.member, chat_id, turn["assistant_message"]["id"]))["stop_reason"] == "length"


async def test_a_picture_goes_along_and_nobody_elses(callers: Callers, upstream: Upstream) -> None:
    import aiohttp

    png = bytes.fromhex("89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489") + bytes(40)
    form = aiohttp.FormData()
    form.add_field("file", png, filename="dot.png", content_type="image/png")
    uploaded = (await callers.member.send("POST", "/api/files", data=form)).json()
    picture = {"type": "image", "asset_id": uploaded["id"]}
    chat_id = await chat_of(callers.member)
    body = {"content": [*words("What?"), picture]}
    turn = (await callers.member.post(f"/api/chats/{chat_id}/turns", body)).json()
    await events(callers.member, turn["run_id"])
    parts = upstream.requests[-1].body["messages"][0]["content"]
    assert parts[1]["image_url"]["url"].startswith("data:image/png;base64,")
    shown = await callers.member.get(uploaded["url"])
    assert (shown.status, shown.body, shown.headers["Content-Type"]) == (200, png, "image/png")
    assert "sandbox" in shown.headers["Content-Security-Policy"]
    theirs = await chat_of(callers.foreign_owner)
    answer = await callers.foreign_owner.post(f"/api/chats/{theirs}/turns", body)
    assert answer.status == 404
    assert (await callers.owner.get(uploaded["url"])).status == 404


async def test_f0_5_a_foreign_chat_run_and_message_are_not_found(callers: Callers, upstream: Upstream) -> None:
    chat_id = await chat_of(callers.member)
    turn = await ask(callers.member, chat_id, "Mine.")
    await events(callers.member, turn["run_id"])
    retry = f"/api/chats/{chat_id}/messages/{turn['assistant_message']['id']}/retry"
    for stranger in (callers.owner, callers.foreign_owner):
        assert (await stranger.get(f"/api/chats/{chat_id}")).status == 404
        assert (await stranger.post(f"/api/chats/{chat_id}/turns", {"content": words("x")})).status == 404
        assert (await stranger.post(retry)).status == 404
        assert (await stranger.get(f"/api/runs/{turn['run_id']}/events")).status == 404
        assert (await stranger.post(f"/api/runs/{turn['run_id']}/cancel")).status == 404
        assert (await stranger.patch(f"/api/chats/{chat_id}", {"title": "x"})).status == 404
        assert (await stranger.delete(f"/api/chats/{chat_id}")).status == 404
        own = await chat_of(stranger)
        foreign_parent = {"content": words("x"), "parent_id": turn["user_message"]["id"]}
        assert (await stranger.post(f"/api/chats/{own}/turns", foreign_parent)).status == 404


async def test_f0_6_a_turn_that_cannot_start_leaves_nothing_behind(
    callers: Callers, upstream: Upstream, db: Database
) -> None:
    chat_id = await chat_of(callers.member)
    missing = {"type": "image", "asset_id": "01a204fa-5bf7-74a5-889a-d39cb4a4b580"}
    answer = await callers.member.post(f"/api/chats/{chat_id}/turns", {"content": [missing]})
    assert answer.status == 404
    empty = await callers.member.post(f"/api/chats/{chat_id}/turns", {"content": words("   ")})
    assert empty.status == 422
    async with db.system("test").tx() as tx:
        assert await tx.value("select count(*) from messages") == 0
        assert await tx.value("select count(*) from runs") == 0


async def test_a_run_whose_process_died_is_ended_with_what_was_written(
    callers: Callers, upstream: Upstream, db: Database, server: Server
) -> None:
    from radiant.foundation.runs.hub import end_abandoned
    from radiant.workspace.turns import service

    chat_id = await chat_of(callers.member)
    upstream.plan(Say("one two three four five six seven eight", gap=0.1))
    turn = await ask(callers.member, chat_id, "Talk.")
    seen = await events(callers.member, turn["run_id"], until=5)
    await asyncio.sleep(0.3)
    async with db.system("test").tx() as tx:
        await tx.run("update runs set lease_until = current_timestamp - interval '1 second'")
    assert await end_abandoned(db, {service.KIND: service.keep_abandoned}) == 1
    message = await message_of(callers.member, chat_id, turn["assistant_message"]["id"])
    assert message["status"] == "failed"
    assert message["error"]["slug"] == "interrupted"
    assert text_of(seen) in message["content"][0]["text"]
    async with db.system("test").tx() as tx:
        rows = await tx.all("select seq, kind from run_events order by seq desc limit 1")
    assert rows[0]["kind"] == "failed"
    assert rows[0]["seq"] > 100_000


async def test_a_viewer_asks_nothing(callers: Callers) -> None:
    assert (await callers.viewer.post("/api/chats", {})).status == 403
    assert (await callers.viewer.get("/api/chats")).status == 200


async def test_usage_counts_what_was_asked(callers: Callers, upstream: Upstream, server: Server) -> None:
    chat_id = await chat_of(callers.member)
    turn = await ask(callers.member, chat_id, "Hello?")
    await events(callers.member, turn["run_id"])
    await server.app.state.meter.flush()
    own = (await callers.member.get("/api/usage?days=7")).json()
    assert own["total"]["requests"] == 1
    assert own["by_model"][0]["model"] == MODEL
    assert len(own["by_day"]) == 7
    assert (await callers.foreign_owner.get("/api/usage")).json()["total"]["requests"] == 0
    assert (await callers.owner.get("/api/usage")).json()["total"]["requests"] == 1
