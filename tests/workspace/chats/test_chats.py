"""The list of chats: pages, search, pins, deletion and its undo."""

import pytest

from tests.kit.fixtures import Callers
from tests.kit.upstream import Say, Upstream
from tests.workspace.turns.test_turns import ask, chat_of, events


async def test_a_chat_is_renamed_pinned_deleted_and_brought_back(callers: Callers) -> None:
    chat_id = await chat_of(callers.member, title="First")
    changed = (await callers.member.patch(f"/api/chats/{chat_id}", {"title": "Better", "pinned": True})).json()
    assert (changed["title"], changed["pinned"]) == ("Better", True)
    assert (await callers.member.delete(f"/api/chats/{chat_id}")).status == 204
    assert (await callers.member.get(f"/api/chats/{chat_id}")).status == 404
    assert (await callers.member.get("/api/chats")).json()["items"] == []
    assert (await callers.member.post(f"/api/chats/{chat_id}/restore")).json()["title"] == "Better"
    assert (await callers.member.post(f"/api/chats/{chat_id}/restore")).status == 404
    assert (await callers.member.get(f"/api/chats/{chat_id}")).status == 200


@pytest.mark.parametrize("search", ["", "&search=chat"])
async def test_pages_hold_pinned_ones_first_and_each_once(callers: Callers, search: str) -> None:
    made = [await chat_of(callers.member, title=f"Chat {n}") for n in range(7)]
    await callers.member.patch(f"/api/chats/{made[2]}", {"pinned": True})
    seen: list[str] = []
    pinned: list[str] = []
    cursor = ""
    while True:
        page = (await callers.member.get(f"/api/chats?limit=3{search}{cursor}")).json()
        seen += [item["id"] for item in page["items"]]
        pinned += [item["id"] for item in page["items"] if item["pinned"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert [seen[0]] == pinned == [made[2]]
    assert sorted(seen) == sorted(made)


async def test_search_finds_words_of_titles_and_of_messages(callers: Callers, upstream: Upstream) -> None:
    by_title = await chat_of(callers.member, title="Holiday in Lisbon")
    by_text = await chat_of(callers.member)
    upstream.plan(Say("The trams of Lisbon climb steep hills."))
    turn = await ask(callers.member, by_text, "Tell me of trams.")
    await events(callers.member, turn["run_id"])
    await chat_of(callers.member, title="Something else")
    found = (await callers.member.get("/api/chats?search=lisb")).json()["items"]
    assert {item["id"] for item in found} == {by_title, by_text}
    snippet = next(item["snippet"] for item in found if item["id"] == by_text)
    assert "Lisbon climb" in snippet
    assert (await callers.member.get("/api/chats?search=trams lisbon")).json()["items"][0]["id"] == by_text
    assert (await callers.owner.get("/api/chats?search=lisbon")).json()["items"] == []


async def test_search_takes_any_text_as_text(callers: Callers) -> None:
    await chat_of(callers.member, title="100% & 'quoted' (x|y) \\ :*")
    for words in ("%", "'", "&", "(x|y)", "\\", ":*", "' | 'a", "!!!", "<->", "\x00a"):
        answer = await callers.member.get("/api/chats", params={"search": words})
        assert answer.status in (200, 422), (words, answer.body)


async def test_bad_input_names_its_field(callers: Callers) -> None:
    answer = await callers.member.post("/api/chats", {"title": "x" * 300})
    assert answer.json()["errors"][0]["field"] == "title"
    answer = await callers.member.post("/api/chats", {"colour": "red"})
    assert answer.json()["errors"][0]["field"] == "colour"
    assert (await callers.member.get("/api/chats?limit=100000")).status == 422
    assert (await callers.member.get("/api/chats?cursor=x")).status == 422
    answer = await callers.member.send("POST", "/api/chats", data=b"{", headers={"Content-Type": "application/json"})
    assert answer.status == 422
