"""Folders, files of chats, and links by which anybody may read one."""

import asyncio
import json
from typing import Any

import aiohttp
import pytest
import structlog

from tests.kit.fixtures import Callers
from tests.kit.server import Client
from tests.kit.upstream import Say, Upstream
from tests.workspace.turns.test_turns import ask, chat_of, events, words

PNG = bytes.fromhex("89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489") + bytes(40)


async def folders(client: Client) -> dict[str, int]:
    return {each["folder"]: each["chats"] for each in (await client.get("/api/chats/folders")).json()["items"]}


async def said(client: Client, upstream: Upstream, question: str, answer: str, **options: Any) -> dict[str, Any]:
    """A chat with one turn; it and the turn."""
    chat_id = await chat_of(client, **options)
    upstream.plan(Say(answer))
    turn = await ask(client, chat_id, question)
    await events(client, turn["run_id"])
    return {"id": chat_id, "turn": turn}


async def share(client: Client, chat_id: str, **options: Any) -> str:
    """The token of a new link."""
    made = await client.post(f"/api/chats/{chat_id}/share", options)
    assert made.status == 201, made.body
    return made.json()["url"].rpartition("/shared/")[2]


async def test_chats_lie_in_folders(callers: Callers) -> None:
    first, second, third = [await chat_of(callers.member, title=f"Chat {n}") for n in range(3)]
    for chat_id, folder in ((first, "Tea"), (second, " Tea "), (third, "coffee")):
        changed = await callers.member.patch(f"/api/chats/{chat_id}", {"folder": folder})
        assert changed.json()["folder"] == folder.strip()
    assert await folders(callers.member) == {"coffee": 1, "Tea": 2}
    listed = (await callers.member.get("/api/chats?folder=Tea")).json()["items"]
    assert [(item["id"], item["folder"]) for item in listed] == [(second, "Tea"), (first, "Tea")]
    found = (await callers.member.get("/api/chats?folder=Tea&search=chat%200")).json()["items"]
    assert [item["id"] for item in found] == [first]
    # Another change leaves it there; null takes it out.
    assert (await callers.member.patch(f"/api/chats/{first}", {"pinned": True})).json()["folder"] == "Tea"
    assert (await callers.member.patch(f"/api/chats/{first}", {"folder": None})).json()["folder"] is None
    await callers.member.delete(f"/api/chats/{second}")
    assert await folders(callers.member) == {"coffee": 1}
    assert await folders(callers.owner) == {}
    assert (await callers.member.patch(f"/api/chats/{first}", {"folder": "x" * 101})).status == 422


async def test_a_chat_is_exported_as_it_is_shown_or_whole(callers: Callers, upstream: Upstream) -> None:
    chat = await said(callers.member, upstream, "One?", "First answer.", title='A "chat": Ünïcode/..')
    upstream.plan(Say("Second answer."))
    message = chat["turn"]["assistant_message"]["id"]
    again = await callers.member.post(f"/api/chats/{chat['id']}/messages/{message}/retry", {})
    await events(callers.member, again.json()["run_id"])
    path = f"/api/chats/{chat['id']}/export"
    text = await callers.member.get(path)
    assert text.headers["Content-Type"] == "text/markdown; charset=utf-8"
    assert text.headers[
        "Content-Disposition"
    ] == "attachment; filename*=UTF-8''A%20%20chat%20%20%C3%9Cn%C3%AFcode.md" or (
        text.headers["Content-Disposition"].endswith("%C3%9Cn%C3%AFcode.md")
    )
    assert "/" not in text.headers["Content-Disposition"].partition("''")[2]
    body = text.body.decode()
    assert body.splitlines()[0] == '# A "chat": Ünïcode/..'
    assert [line for line in body.splitlines() if line and not line.startswith("#")] == ["One?", "Second answer."]
    whole = json.loads((await callers.member.get(f"{path}?format=json")).body)
    assert [m["role"] for m in whole["messages"]] == ["user", "assistant", "assistant"]
    assert whole["messages"][1]["content"] == words("First answer.")
    assert whole["leaf_message_id"] == again.json()["assistant_message"]["id"]
    assert (await callers.member.get(f"{path}?format=pdf")).status == 422
    assert (await callers.owner.get(path)).status == 404


async def test_a_link_shows_the_branch_as_it_was_and_nothing_else(callers: Callers, upstream: Upstream) -> None:
    chat = await said(
        callers.member, upstream, "One?", "First answer.", title="Shared", system_prompt="Secret instruction."
    )
    made = (await callers.member.post(f"/api/chats/{chat['id']}/share")).json()
    token = made["url"].rpartition("/shared/")[2]
    assert len(token) >= 43
    assert made["expires_at"] is None
    shown = await callers.nobody.get(f"/api/shared/{token}")
    assert shown.status == 200
    assert (shown.headers["Cache-Control"], shown.headers["X-Robots-Tag"]) == ("no-store", "noindex, nofollow")
    assert shown.headers["Referrer-Policy"] == "no-referrer"
    body = shown.json()
    assert body["title"] == "Shared"
    assert [(m["role"], m["content"]) for m in body["messages"]] == [
        ("user", words("One?")), ("assistant", words("First answer.")),
    ]  # fmt: skip
    assert body["messages"][1]["model"] == "gpt-4o"
    text = shown.body.decode()
    private = [str(callers.tenant.id), str(callers.member_id), "example.org", chat["id"], "Secret instruction."]
    assert [each for each in private if each in text] == []
    # What is said and renamed later is not shared.
    later = await ask(callers.member, chat["id"], "Two?")
    await events(callers.member, later["run_id"])
    await callers.member.patch(f"/api/chats/{chat['id']}", {"title": "Renamed"})
    assert (await callers.nobody.get(f"/api/shared/{token}")).json() == body
    # The address is told once; what is kept opens nothing.
    kept = (await callers.member.get(f"/api/chats/{chat['id']}/share")).json()
    assert (kept["id"], kept["url"]) == (made["id"], None)


async def test_a_link_leads_nowhere_once_it_is_replaced_taken_back_or_over(
    callers: Callers, upstream: Upstream, owner: Any
) -> None:
    chat = await said(callers.member, upstream, "One?", "Answer.")
    path = f"/api/chats/{chat['id']}"

    async def opens(token: str) -> bool:
        answer = await callers.nobody.get(f"/api/shared/{token}")
        assert answer.status == 200 or answer.json()["type"].endswith("/not-shared")
        return answer.status == 200

    first = await share(callers.member, chat["id"])
    second = await share(callers.member, chat["id"])
    assert (await opens(first), await opens(second)) == (False, True)
    assert (await callers.member.delete(f"{path}/share")).status == 204
    assert not await opens(second)
    assert (await callers.member.delete(f"{path}/share")).status == 404
    assert (await callers.member.get(f"{path}/share")).status == 404
    third = await share(callers.member, chat["id"], expires_in_days=1)
    assert await opens(third)
    await owner.execute("update chat_shares set expires_at = current_timestamp - interval '1 second'")
    assert not await opens(third)
    assert (await callers.member.get(f"{path}/share")).status == 404
    fourth = await share(callers.member, chat["id"])
    await callers.member.delete(path)
    assert not await opens(fourth)
    await callers.member.post(f"{path}/restore")
    assert await opens(fourth)
    await owner.execute("update users set status = 'disabled' where id = $1", callers.member_id)
    assert not await opens(fourth)
    await owner.execute("update users set status = 'active' where id = $1", callers.member_id)
    await owner.execute("delete from chats")
    assert not await opens(fourth)
    assert not await opens("x" * 43)
    assert (await callers.nobody.get("/api/shared/short")).status == 404


async def test_no_log_knows_the_link(callers: Callers, upstream: Upstream) -> None:
    chat = await said(callers.member, upstream, "One?", "Answer.")
    token = await share(callers.member, chat["id"])
    with structlog.testing.capture_logs() as logs:
        await callers.nobody.get(f"/api/shared/{token}")
        await callers.nobody.get(f"/shared/{token}")
        # A request is logged when its answer has gone.
        for _ in range(100):
            if sum(entry["event"] == "request" for entry in logs) == 2:
                break
            await asyncio.sleep(0.02)
    paths = [entry["path"] for entry in logs if entry["event"] == "request"]
    assert paths == ["/api/shared/…", "/shared/…"]
    assert token not in str(logs)


async def test_a_picture_is_served_through_the_link_alone(callers: Callers, upstream: Upstream) -> None:
    async def uploaded(data: bytes, name: str, kind: str) -> str:
        form = aiohttp.FormData()
        form.add_field("file", data, filename=name, content_type=kind)
        return (await callers.member.send("POST", "/api/files", data=form)).json()["id"]

    asset = await uploaded(PNG, "secret-name.png", "image/png")
    page = await uploaded(b"<script>alert(1)</script>", "page.html", "text/html")
    chat_id = await chat_of(callers.member)
    pictures = [{"type": "image", "asset_id": each} for each in (asset, page)]
    turn = (await callers.member.post(f"/api/chats/{chat_id}/turns", {"content": [*words("See?"), *pictures]})).json()
    await events(callers.member, turn["run_id"])
    token = await share(callers.member, chat_id)
    shown = (await callers.nobody.get(f"/api/shared/{token}")).json()["messages"][0]["content"]
    assert [part["type"] for part in shown] == ["text", "image", "image"]
    got = await callers.nobody.get(shown[1]["url"])
    assert (got.status, got.body, got.headers["Content-Type"]) == (200, PNG, "image/png")
    assert "sandbox" in got.headers["Content-Security-Policy"]
    assert got.headers["Cache-Control"] == "no-store"
    assert "secret-name" not in str(got.headers)
    assert (await callers.nobody.get(shown[2]["url"])).status == 404
    assert (await callers.nobody.get(f"/api/shared/{token}/pictures/2")).status == 404
    assert (await callers.nobody.get(f"/api/files/{asset}")).status == 401
    await callers.member.delete(f"/api/chats/{chat_id}/share")
    assert (await callers.nobody.get(shown[1]["url"])).status == 404


async def test_only_its_owner_shares_a_chat_and_only_one_with_words(callers: Callers, upstream: Upstream) -> None:
    empty = await chat_of(callers.member)
    answer = await callers.member.post(f"/api/chats/{empty}/share", {})
    assert (answer.status, answer.json()["type"].rpartition("/")[2]) == (409, "nothing-to-share")
    chat = await said(callers.member, upstream, "One?", "Answer.")
    await share(callers.member, chat["id"])
    for stranger in (callers.owner, callers.foreign_owner):
        for method in ("POST", "GET", "DELETE"):
            assert (await stranger.send(method, f"/api/chats/{chat['id']}/share")).status == 404
    assert (await callers.member.get(f"/api/chats/{chat['id']}/share")).status == 200


@pytest.mark.parametrize("table", ["chat_shares", "concurrent_turns", "concurrent_turn_questions", "concurrent_panes"])
async def test_a_persons_export_has_their_links_and_panes_and_no_hash(
    callers: Callers, upstream: Upstream, server: Any, table: str
) -> None:
    chat = await said(callers.member, upstream, "One?", "Answer.")
    await share(callers.member, chat["id"])
    base = "/api/concurrent-chat/sessions"
    session = (await callers.member.post(base, {"panes": [{"model": "gpt-4o"}]})).json()
    asked = {"content": words("Two?"), "pane_ids": [session["panes"][0]["id"]]}
    turn = (await callers.member.post(f"{base}/{session['id']}/turns", asked)).json()
    await events(callers.member, turn["started"][0]["run_id"])
    async with server.database.tenant(callers.tenant.id, callers.member_id).tx() as tx:
        rows = {row["table_name"]: row["content"] for row in await tx.all("select * from app.export_person()")}
    assert len(rows[table]) == 1
    assert "token_hash" not in rows[table][0]
    async with server.database.tenant(callers.tenant.id, callers.owner_id).tx() as tx:
        rows = {row["table_name"]: row["content"] for row in await tx.all("select * from app.export_person()")}
    assert rows[table] == []
