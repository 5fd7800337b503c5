"""Sessions, panes and how they go together: whole or not at all, in bounds, one source."""

import asyncio
from typing import Any

import pytest

from tests.kit.fixtures import Callers
from tests.kit.upstream import Upstream
from tests.workspace.concurrent_chat.panes import BASE, MODEL, ask, at_rest, chat, problem_of, read, session_of

NOBODYS = "01a204fa-5bf7-74a5-889a-d39cb4a4b580"


def indexes(session: dict[str, Any]) -> list[int]:
    return [pane["pane_index"] for pane in session["panes"]]


def total(session: dict[str, Any]) -> float:
    return sum(session["layout"]["sizes"].values())


async def test_f19_1_a_session_that_cannot_be_made_whole_leaves_nothing(callers: Callers, owner: Any) -> None:
    panes = [{"model": MODEL}, {"chat_id": NOBODYS}]
    answer = await callers.member.post(BASE, {"panes": panes})
    assert (answer.status, problem_of(answer)) == (404, "not-found")
    for table in ("concurrent_sessions", "concurrent_panes", "concurrent_sync_state", "chats"):
        assert await owner.fetchval(f"select count(*) from {table}") == 0


async def test_f19_1_a_session_comes_with_its_panes_chats_and_sync_state(callers: Callers, owner: Any) -> None:
    made = await session_of(callers.member, 3, name="Three", layout={"type": "grid"})
    assert (made["name"], made["layout"]["type"], made["max_panes"], made["is_active"]) == ("Three", "grid", 4, True)
    assert made["sync"] == {"mode": "independent", "shared_context": None, "cursor": 0}
    assert indexes(made) == [0, 1, 2]
    assert all(pane["status"] == "idle" and pane["run_id"] is None for pane in made["panes"])
    assert len({pane["chat_id"] for pane in made["panes"]}) == 3
    assert (await chat(callers.member, made["panes"][0]["chat_id"]))["model"] == MODEL
    assert await owner.fetchval("select count(*) from concurrent_sync_state") == 1
    assert await read(callers.member, made) == made
    assert (await callers.member.get(f"{BASE}/{made['id']}/panes")).json()["items"] == made["panes"]


@pytest.mark.parametrize(("panes", "most"), [(0, 4), (5, 4), (-1, 4), (17, 16), ([], 4), ([{}] * 3, 2)])
async def test_f19_2_no_panes_or_more_than_the_most_are_refused(callers: Callers, panes: Any, most: int) -> None:
    answer = await callers.member.post(BASE, {"panes": panes, "max_panes": most})
    assert (answer.status, problem_of(answer)) == (422, "wrong-number-of-panes")
    assert f"1 to {most}" in answer.json()["detail"]


async def test_f19_2_a_session_is_full_at_its_most_and_never_has_less_room_than_panes(callers: Callers) -> None:
    made = await session_of(callers.member, 2, max_panes=2)
    answer = await callers.member.post(f"{BASE}/{made['id']}/panes", {})
    assert (answer.status, problem_of(answer)) == (409, "too-many-panes")
    assert (await callers.member.patch(f"{BASE}/{made['id']}", {"max_panes": 1})).status == 409
    assert (await callers.member.patch(f"{BASE}/{made['id']}", {"max_panes": 3})).status == 200
    assert (await callers.member.post(f"{BASE}/{made['id']}/panes", {})).status == 201
    for most in (0, 17):
        assert (await callers.member.post(BASE, {"max_panes": most})).status == 422


async def test_f19_3_ids_are_stable_gaps_close_and_the_last_pane_stays(callers: Callers, owner: Any) -> None:
    made = await session_of(callers.member, 4)
    first, second, third, fourth = (pane["id"] for pane in made["panes"])
    left = (await callers.member.delete(f"{BASE}/{made['id']}/panes/{second}")).json()
    assert [pane["id"] for pane in left["panes"]] == [first, third, fourth]
    assert indexes(left) == [0, 1, 2]
    added = (await callers.member.post(f"{BASE}/{made['id']}/panes", {"model": "gpt-4o-mini", "pane_index": 1})).json()
    new = added["panes"][1]
    assert new["id"] not in {first, second, third, fourth}
    assert ([pane["id"] for pane in added["panes"]], indexes(added)) == (
        [first, new["id"], third, fourth],
        [0, 1, 2, 3],
    )
    for pane in (first, third, fourth):
        assert (await callers.member.delete(f"{BASE}/{made['id']}/panes/{pane}")).status == 200
    answer = await callers.member.delete(f"{BASE}/{made['id']}/panes/{new['id']}")
    assert (answer.status, problem_of(answer)) == (409, "last-pane")
    assert [pane["id"] for pane in (await read(callers.member, made))["panes"]] == [new["id"]]
    # The chats of removed panes are chats still.
    assert await owner.fetchval("select count(*) from chats where deleted_at is null") == 5
    assert (await callers.member.delete(f"{BASE}/{made['id']}/panes/{second}")).status == 404


async def test_f19_4_panes_added_at_once_get_a_place_each(callers: Callers) -> None:
    made = await session_of(callers.member, 1, max_panes=16)
    path = f"{BASE}/{made['id']}/panes"
    answers = await asyncio.gather(*(callers.member.post(path, {"model": f"m{n}"}) for n in range(20)))
    assert sorted(answer.status for answer in answers) == [201] * 15 + [409] * 5
    found = await read(callers.member, made)
    assert indexes(found) == list(range(16))
    assert total(found) == pytest.approx(100)


async def test_f19_4_additions_and_removals_at_once_leave_no_gap(callers: Callers) -> None:
    made = await session_of(callers.member, 8, max_panes=16)
    path = f"{BASE}/{made['id']}/panes"
    removals = [callers.member.delete(f"{path}/{pane['id']}") for pane in made["panes"][::2]]
    answers = await asyncio.gather(*removals, *(callers.member.post(path, {"pane_index": n}) for n in range(6)))
    assert {answer.status for answer in answers} == {200, 201}
    assert indexes(await read(callers.member, made)) == list(range(10))


async def test_f19_6_sizes_are_kept_by_pane_and_always_sum_to_100(callers: Callers) -> None:
    made = await session_of(callers.member, 3)
    assert total(made) == pytest.approx(100)
    one, two, three = (pane["id"] for pane in made["panes"])
    path = f"{BASE}/{made['id']}"
    sized = (await callers.member.patch(path, {"layout": {"sizes": {one: 60, two: 30, three: 10}}})).json()
    assert sized["layout"]["sizes"] == {one: 60, two: 30, three: 10}
    # A pane that comes takes an even part; the others keep their proportions, here and when one goes.
    added = (await callers.member.post(f"{path}/panes", {})).json()
    new = added["panes"][3]["id"]
    assert added["layout"]["sizes"] == pytest.approx({one: 45, two: 22.5, three: 7.5, new: 25})
    gone = (await callers.member.delete(f"{path}/panes/{one}")).json()
    assert total(gone) == pytest.approx(100)
    assert gone["layout"]["sizes"][two] == pytest.approx(3 * gone["layout"]["sizes"][three], rel=1e-3)
    turned = (await callers.member.patch(path, {"layout": {"type": "vertical"}})).json()
    assert (turned["layout"]["type"], turned["layout"]["sizes"]) == ("vertical", gone["layout"]["sizes"])
    for sizes in ({two: 100}, {two: 50, three: 20, new: 10}, {two: 50, three: 25, new: 25, one: 0}):
        assert (await callers.member.patch(path, {"layout": {"sizes": sizes}})).status in (404, 422)
    assert (await callers.member.patch(path, {"layout": {"type": "round"}})).status == 422


async def test_f19_8_a_panes_state_has_one_source(callers: Callers, owner: Any) -> None:
    made = await session_of(callers.member, 2)
    pane = made["panes"][1]
    change = {"model": "gpt-4o-mini", "system_prompt": "Be brief.", "parameters": {"temperature": 0.2, "stop": ["x"]}}
    changed = (await callers.member.patch(f"{BASE}/{made['id']}/panes/{pane['id']}", change)).json()["panes"][1]
    assert (changed["model"], changed["system_prompt"]) == ("gpt-4o-mini", "Be brief.")
    assert (changed["parameters"]["temperature"], changed["parameters"]["top_p"]) == (0.2, None)
    assert await owner.fetchval("select model from concurrent_panes where pane_index = 1") == "gpt-4o-mini"
    # What is kept of the layout names no model and no chat.
    kept = await owner.fetchval("select layout_config::text from concurrent_sessions")
    assert MODEL not in kept
    assert "chat" not in kept
    listed = (await callers.member.get(BASE)).json()["items"][0]
    assert listed["models"] == [MODEL, "gpt-4o-mini"]


async def test_f19_9_an_error_is_a_problem_and_never_a_list_and_16_panes_are_16(callers: Callers) -> None:
    made = await session_of(callers.member, 16, max_panes=16)
    assert (len(made["panes"]), made["max_panes"]) == (16, 16)
    refused = await callers.owner.get(f"{BASE}/{made['id']}/panes")
    assert (refused.status, problem_of(refused)) == (404, "no-such-session")
    assert "items" not in refused.json()


async def test_a_pane_moves_and_shows_another_chat(callers: Callers) -> None:
    made = await session_of(callers.member, 3)
    last = made["panes"][2]["id"]
    other = (await callers.member.post("/api/chats", {"model": "gpt-4o-mini", "system_prompt": "Known."})).json()["id"]
    path = f"{BASE}/{made['id']}/panes"
    moved = (await callers.member.patch(f"{path}/{last}", {"pane_index": 0, "chat_id": other})).json()
    assert [pane["id"] for pane in moved["panes"]] == [last, made["panes"][0]["id"], made["panes"][1]["id"]]
    assert moved["panes"][0]["chat_id"] == other
    added = (await callers.member.post(path, {"chat_id": other})).json()["panes"][3]
    assert (added["model"], added["system_prompt"]) == ("gpt-4o-mini", "Known.")
    assert (await callers.member.patch(f"{path}/{last}", {"chat_id": NOBODYS})).status == 404


async def test_a_chat_of_a_pane_is_listed_once_its_pane_is_gone_or_where_somebody_filed_it(
    callers: Callers, upstream: Upstream
) -> None:
    member = callers.member

    async def listed() -> set[str]:
        return {chat["id"] for chat in (await member.get("/api/chats")).json()["items"]}

    known = (await member.post("/api/chats", {"title": "Known"})).json()["id"]
    made = await session_of(member, [{"model": MODEL}, {"model": MODEL}, {"model": MODEL}, {"chat_id": known}])
    said, filed, silent, _ = [pane["chat_id"] for pane in made["panes"]]
    first = [made["panes"][n]["id"] for n in (0, 1)]
    await ask(member, made, "Herons?", pane_ids=first)
    await at_rest(member, made)
    assert await listed() == {known}
    assert {chat["id"] for chat in (await member.get("/api/chats?search=herons")).json()["items"]} == {said, filed}
    assert (await member.patch(f"/api/chats/{filed}", {"folder": "Birds"})).status == 200
    assert await listed() == {known, filed}
    assert (await member.delete(f"{BASE}/{made['id']}")).status == 204
    assert await listed() == {known, filed, said}
    assert silent not in await listed()


async def test_sessions_are_listed_found_renamed_and_deleted(callers: Callers) -> None:
    made = [await session_of(callers.member, 1, name=f"Session {n}") for n in range(5)]
    seen: list[str] = []
    cursor = ""
    while True:
        page = (await callers.member.get(f"{BASE}?limit=2{cursor}")).json()
        seen += [item["name"] for item in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert seen == [f"Session {n}" for n in (4, 3, 2, 1, 0)]
    path = f"{BASE}/{made[0]['id']}"
    changed = (await callers.member.patch(path, {"name": "Renamed", "is_active": False})).json()
    assert (changed["name"], changed["is_active"]) == ("Renamed", False)
    found = (await callers.member.get(f"{BASE}?search=RENAM")).json()["items"]
    assert [item["id"] for item in found] == [made[0]["id"]]
    assert (await callers.member.delete(path)).status == 204
    assert (await callers.member.get(path)).status == 404
    assert (await callers.member.delete(path)).status == 404
    assert (await callers.member.get(f"/api/chats/{made[0]['panes'][0]['chat_id']}")).status == 200


async def test_shared_context_stays_until_it_is_taken_back(callers: Callers) -> None:
    made = await session_of(callers.member, 1)
    path = f"{BASE}/{made['id']}/sync"
    first = (await callers.member.put(path, {"mode": "broadcast", "shared_context": "We sell tea."})).json()
    assert first["sync"] == {"mode": "broadcast", "shared_context": "We sell tea.", "cursor": 0}
    second = (await callers.member.put(path, {"mode": "independent"})).json()
    assert second["sync"]["shared_context"] == "We sell tea."
    third = (await callers.member.put(path, {"mode": "independent", "shared_context": None})).json()
    assert third["sync"]["shared_context"] is None
    assert (await callers.member.put(path, {"mode": "together"})).status == 422
