"""Panes that share one conversation, and the best of several answers."""

from typing import Any

import pytest

from radiant.ai.routing.counting import count
from radiant.infra.db import Database
from tests.kit.fixtures import Callers
from tests.kit.server import Client
from tests.kit.upstream import Refuse, Say, Upstream
from tests.workspace.concurrent_chat.panes import (
    BASE,
    MODEL,
    ask,
    at_rest,
    chat,
    mode,
    problem_of,
    read,
    session_of,
    shown,
    words,
)


async def together(client: Client, panes: int, upstream: Upstream) -> tuple[dict[str, Any], dict[str, Any], list[str]]:
    """A synchronized session after its first turn: it, the turn, and what each pane's chat said."""
    made = await session_of(client, panes)
    await mode(client, made, "synchronized")
    upstream.plan(*(Say(f"Answer {n}.") for n in range(panes)))
    turn = await ask(client, made, "First?")
    await at_rest(client, made)
    said = [(await shown(client, each["chat_id"]))[-1][1] for each in turn["started"]]
    assert sorted(said) == [f"Answer {n}." for n in range(panes)]
    return made, turn, said


async def common(client: Client, session: dict[str, Any], **chosen: Any) -> dict[str, Any]:
    answer = await client.post(f"{BASE}/{session['id']}/common", chosen)
    assert answer.status == 200, answer.body
    return answer.json()


async def test_f19_5_synchronized_panes_go_on_from_the_chosen_answer(callers: Callers, upstream: Upstream) -> None:
    made, turn, said = await together(callers.member, 3, upstream)
    chosen = turn["started"][1]
    found = await common(callers.member, made, turn=1, message_id=chosen["assistant_message"]["id"])
    assert found["sync"]["cursor"] == 1
    assert found["last_turn"]["common"]
    history = [("user", "First?"), ("assistant", said[1])]
    for pane in found["panes"]:
        assert await shown(callers.member, pane["chat_id"]) == history
        # Nothing was lost: each pane's own answer is a branch beside it.
        answers = [m["content"][0]["text"] for m in (await chat(callers.member, pane["chat_id"]))["messages"][1:]]
        assert set(answers) >= {
            said[1],
            said[made["panes"].index(next(p for p in made["panes"] if p["id"] == pane["id"]))],
        }
    upstream.requests.clear()
    second = await ask(callers.member, made, "Second?")
    await at_rest(callers.member, made)
    assert (second["turn"], len(upstream.requests)) == (2, 3)
    for request in upstream.requests:
        assert [item["content"] for item in request.body["messages"]] == ["First?", said[1], "Second?"]


async def test_f19_5_a_turn_without_a_chosen_answer_is_refused(callers: Callers, upstream: Upstream) -> None:
    made, _, _ = await together(callers.member, 2, upstream)
    path = f"{BASE}/{made['id']}/turns"
    answer = await callers.member.post(path, {"content": words("Second?")})
    assert (answer.status, problem_of(answer)) == (409, "no-common-answer")
    assert "/common" in answer.json()["detail"]
    assert (await read(callers.member, made))["sync"]["cursor"] == 0
    # In another mode nothing needs to be chosen.
    await mode(callers.member, made, "broadcast")
    assert (await callers.member.post(path, {"content": words("Second?")})).status == 201
    await at_rest(callers.member, made)
    await mode(callers.member, made, "synchronized")
    assert (await callers.member.post(path, {"content": words("Third?")})).status == 201
    await at_rest(callers.member, made)


async def test_while_a_turn_is_being_answered_the_next_waits(callers: Callers, upstream: Upstream) -> None:
    made = await session_of(callers.member, 2)
    await mode(callers.member, made, "synchronized")
    upstream.default = Say("word " * 300, gap=0.01)
    turn = await ask(callers.member, made, "First?")
    answer = await callers.member.post(f"{BASE}/{made['id']}/turns", {"content": words("Second?")})
    assert (answer.status, problem_of(answer)) == (409, "no-common-answer")
    early = {"turn": 1, "message_id": turn["started"][0]["assistant_message"]["id"]}
    assert (await callers.member.post(f"{BASE}/{made['id']}/common", early)).status == 409
    await callers.member.post(f"{BASE}/{made['id']}/stop")
    await at_rest(callers.member, made)


async def test_f19_5_the_only_answer_becomes_common_by_itself(callers: Callers, upstream: Upstream) -> None:
    made = await session_of(callers.member, 3)
    await mode(callers.member, made, "synchronized")
    upstream.plan(Say("The only one."))
    upstream.default = Refuse(400, "no")
    await ask(callers.member, made, "First?")
    await at_rest(callers.member, made)
    upstream.default = Say("Well.")
    await ask(callers.member, made, "Second?")
    found = await at_rest(callers.member, made)
    assert found["sync"]["cursor"] == 1
    for pane in found["panes"]:
        branch = await shown(callers.member, pane["chat_id"])
        assert [text for _, text in branch] == ["First?", "The only one.", "Second?", "Well."]


async def test_a_text_made_of_the_answers_becomes_common_and_a_late_pane_has_it_too(
    callers: Callers, upstream: Upstream
) -> None:
    made, _, _ = await together(callers.member, 2, upstream)
    added = (await callers.member.post(f"{BASE}/{made['id']}/panes", {"model": MODEL})).json()
    found = await common(callers.member, made, turn=1, text="Both in one.")
    history = [("user", "First?"), ("assistant", "Both in one.")]
    assert len(found["panes"]) == 3
    for pane in added["panes"]:
        assert await shown(callers.member, pane["chat_id"]) == history
    # Chosen otherwise, all follow again.
    again = await common(callers.member, made, turn=1, text="Otherwise.")
    for pane in again["panes"]:
        assert (await shown(callers.member, pane["chat_id"]))[-1] == ("assistant", "Otherwise.")


async def test_a_common_answer_must_be_one_of_the_turn(callers: Callers, upstream: Upstream) -> None:
    made, turn, _ = await together(callers.member, 2, upstream)
    path = f"{BASE}/{made['id']}/common"
    message = turn["started"][0]["assistant_message"]["id"]
    nobodys = "01a204fa-5bf7-74a5-889a-d39cb4a4b580"
    cases: list[tuple[dict[str, Any], int]] = [
        ({"turn": 2, "message_id": message}, 404),
        ({"turn": 1, "message_id": turn["started"][0]["user_message"]["id"]}, 404),
        ({"turn": 1, "message_id": nobodys}, 404),
        ({"turn": 1, "text": "x", "merge_id": nobodys}, 404),
        ({"turn": 1}, 422),
        ({"turn": 1, "text": "x", "message_id": message}, 422),
        ({"turn": 1, "merge_id": nobodys, "message_id": message}, 422),
    ]
    for body, status in cases:
        answer = await callers.member.post(path, body)
        assert (answer.status, body) == (status, body)
    await common(callers.member, made, turn=1, message_id=message)
    await ask(callers.member, made, "Second?")
    await at_rest(callers.member, made)
    late = await callers.member.post(path, {"turn": 1, "message_id": message})
    assert (late.status, problem_of(late)) == (409, "turn-is-past")
    await mode(callers.member, made, "broadcast")
    other = await callers.member.post(path, {"turn": 2, "text": "x"})
    assert (other.status, problem_of(other)) == (409, "not-synchronized")


async def test_the_best_of_several_answers_is_evidence_for_the_brain(
    callers: Callers, upstream: Upstream, db: Database, owner: Any
) -> None:
    made = await session_of(callers.member, [{"model": MODEL}, {"model": "gpt-4o-mini"}, {"model": "gpt-4.1"}])
    await mode(callers.member, made, "broadcast")
    turn = await ask(callers.member, made, "Which is best?")
    await at_rest(callers.member, made)
    path = f"{BASE}/{made['id']}/best"
    chosen = turn["started"][1]["assistant_message"]["id"]
    kept = await callers.member.post(path, {"message_id": chosen})
    assert kept.status == 200, kept.body
    assert kept.json()["preferred_to"] == 2
    decision = (await chat(callers.member, turn["started"][1]["chat_id"]))["messages"][-1]["decision_id"]
    assert kept.json()["decision_id"] == decision
    rows = await owner.fetch("select decision_id, other_id, value, kind from brain_feedback")
    assert len(rows) == 2
    for row in rows:
        assert row["kind"] == "pair"
        assert str(row["decision_id"] if row["value"] == 1 else row["other_id"]) == decision
    # Said again, of another, it replaces what was said of the pair.
    other = turn["started"][0]["assistant_message"]["id"]
    await callers.member.post(path, {"message_id": other})
    assert await owner.fetchval("select count(*) from brain_feedback") == 3
    await callers.member.post(path, {"message_id": chosen})
    # The Brain has learned: what won is held to be better than what lost.
    await count(db)
    learned = {
        row["model"]: row["information"]
        for row in await owner.fetch(
            "select model, sum(information) as information from brain_tenant_evidence group by 1"
        )
    }
    assert learned["gpt-4o-mini"] > 0 > learned["gpt-4.1"]


async def test_a_thumb_on_the_answer_of_a_named_model_is_heard(
    callers: Callers, upstream: Upstream, owner: Any
) -> None:
    made = await session_of(callers.member, 1)
    turn = await ask(callers.member, made, "Good?", pane_ids=[made["panes"][0]["id"]])
    await at_rest(callers.member, made)
    decision = (await chat(callers.member, turn["started"][0]["chat_id"]))["messages"][-1]["decision_id"]
    said = await callers.member.post("/api/routing/feedback", {"kind": "thumbs", "decision_id": decision, "up": True})
    assert said.status == 200, said.body
    row = await owner.fetchrow("select task_type, chosen_by, difficulty, cell, conversation from brain_routing_history")
    assert (row["task_type"], row["chosen_by"], row["conversation"]) == ("chat", "named", None)
    stranger = await callers.owner.post(
        "/api/routing/feedback", {"kind": "thumbs", "decision_id": decision, "up": True}
    )
    assert stranger.status == 404


async def test_best_takes_only_answers_to_one_question(callers: Callers, upstream: Upstream) -> None:
    made = await session_of(callers.member, 2)
    one, two = made["panes"]
    first = await ask(callers.member, made, "One?", pane_ids=[one["id"]])
    second = await ask(callers.member, made, "Two?", pane_ids=[two["id"]])
    await at_rest(callers.member, made)
    path = f"{BASE}/{made['id']}/best"
    for turn in (first, second):
        answer = await callers.member.post(path, {"message_id": turn["started"][0]["assistant_message"]["id"]})
        assert (answer.status, problem_of(answer)) == (409, "nothing-to-compare")
    question = first["started"][0]["user_message"]["id"]
    assert (await callers.member.post(path, {"message_id": question})).status == 404
    # Another answer of the same pane is one to the same question.
    again = {"message_id": question, "model": "gpt-4o-mini"}
    await callers.member.post(f"{BASE}/{made['id']}/panes/{one['id']}/retry", again)
    await at_rest(callers.member, made)
    answer = await callers.member.post(path, {"message_id": first["started"][0]["assistant_message"]["id"]})
    assert answer.json()["preferred_to"] == 1


@pytest.mark.parametrize("action", ["common", "best", "turns", "stop", "sync"])
async def test_another_member_of_the_workspace_reaches_nothing(
    callers: Callers, upstream: Upstream, action: str
) -> None:
    made, turn, _ = await together(callers.member, 2, upstream)
    message = turn["started"][0]["assistant_message"]["id"]
    bodies: dict[str, Any] = {
        "common": {"turn": 1, "message_id": message}, "best": {"message_id": message},
        "turns": {"content": words("Mine?")}, "stop": {}, "sync": {"mode": "broadcast"},
    }  # fmt: skip
    method = "PUT" if action == "sync" else "POST"
    for stranger in (callers.owner, callers.foreign_owner):
        answer = await stranger.send(method, f"{BASE}/{made['id']}/{action}", json=bodies[action])
        assert (answer.status, problem_of(answer)) == (404, "no-such-session")
        assert (await stranger.get(f"{BASE}/{made['id']}/events")).status == 404
        assert (await stranger.get(BASE)).json()["items"] == []
    before = await read(callers.member, made)
    assert (before["sync"]["mode"], before["last_turn"]["common"]) == ("synchronized", False)
