"""Votes and trees, replans, budgets, and models that fail."""

import asyncio
import json
from typing import Any

import pytest

from tests.kit.fixtures import Callers
from tests.kit.upstream import Refuse, Say, Upstream
from tests.workspace.reasoning.kit import (
    answer,
    asked,
    begin,
    derived,
    followed,
    form_of,
    plan,
    read,
    script,
    solved,
    steer,
)
from tests.workspace.reasoning.test_sessions import FARM, FARM_SCRIPT, farm

GAME = "Use the numbers 4, 5, 6 and 10, each once, with + - * / to make 24."
CHECK = [{"type": "expression", "equals": "24", "uses": ["4", "5", "6", "10"]}]


def in_turn(*replies: Any) -> Any:
    """The next one each time, the last for ever."""
    left = list(replies)
    return lambda asked, body: left.pop(0) if len(left) > 1 else left[0]


async def test_the_first_of_many_answers_that_passes_the_check_is_taken(callers: Callers, upstream: Upstream) -> None:
    wrong = derived("4 + 5 + 6 + 10 = 24")
    script(upstream, {"derived": in_turn(wrong, derived("(5 - 4) * 24"), wrong, derived("(10 - 4) * (5 - 1)"), wrong,
                                         wrong, derived("(5 * 6) - (10 - 4) = 24"))})  # fmt: skip
    session, _ = await solved(callers.member, GAME, strategy="vote", samples=25, checks=CHECK)
    assert (session["solution_found"], session["answer"]) == (True, "(5 * 6) - (10 - 4) = 24"), session
    assert session["confidence"] == 0.99
    assert len(upstream.requests) == 10
    states = [node["state"] for node in session["nodes"]]
    assert states.count("verified") >= 1 and states.count("skipped") == 15
    refuted = [step for step in session["steps"] if step["verdict"] == "refuted"]
    assert len(refuted) >= 6


async def test_a_wrong_answer_is_never_called_verified_however_many_give_it(
    callers: Callers, upstream: Upstream
) -> None:
    script(upstream, {"derived": derived("4 * 6 = 24")})
    session, _ = await solved(callers.member, GAME, strategy="vote", samples=7, checks=CHECK)
    assert (session["status"], session["solution_found"]) == ("partial", False)
    assert not any(node["verifiers"] for node in session["nodes"])
    assert "none of 7 answers" in session["error"]["detail"]


async def test_most_of_many_answers_is_the_result_with_a_confidence_that_knows_they_are_of_one_model(
    callers: Callers, upstream: Upstream
) -> None:
    script(upstream, {"derived": in_turn(derived("17"), derived("17"), derived("16"), derived("17"), derived("17"))})
    session, _ = await solved(callers.member, FARM, strategy="vote", samples=5)
    assert session["answer"] == "17"
    assert 0.4 < session["confidence"] < 0.95
    assert "4 of 5 answers say so" in session["basis"]
    script(upstream, {"derived": in_turn(*(derived(str(n)) for n in (15, 16, 17, 18, 19)))})
    session, _ = await solved(callers.member, FARM, strategy="vote", samples=5)
    assert not session["solution_found"]


async def test_a_tree_grows_by_the_best_steps_and_ends_at_an_answer_that_stands(
    callers: Callers, upstream: Upstream
) -> None:
    def propose(asked: dict[str, Any], body: Any) -> Any:
        if not asked["steps"]:
            return {"steps": [{"step": "5 * 6 = 30, left 30 4 10", "answer": ""}, {"step": "4 + 5 = 9", "answer": ""},
                              {"step": "10 * 6 = 61", "answer": ""}]}  # fmt: skip
        if "30" in asked["steps"][0]:
            return {"steps": [{"step": "10 - 4 = 6, and 30 - 6 = 24", "answer": "5 * 6 - (10 - 4)"}]}
        return {"steps": [{"step": "9 + 6 = 15", "answer": ""}]}

    script(upstream, {"proposed": propose, "values": {"values": [9, 2]}})
    session, _ = await solved(callers.member, GAME, strategy="tree", samples=3, checks=CHECK)
    assert (session["solution_found"], session["answer"]) == (True, "5 * 6 - (10 - 4)"), session
    # The slip was dropped before anything was asked about it.
    assert not any("61" in node["question"] for node in session["nodes"])
    assert [node["id"] for node in session["nodes"]][:2] == ["t1_1_1", "t1_1_2"]
    script(upstream, {"proposed": {"steps": []}})
    session, _ = await solved(callers.member, GAME, strategy="tree", samples=3, checks=CHECK)
    assert session["status"] == "partial" and not session["solution_found"]


async def test_where_a_step_fails_there_is_another_plan_that_keeps_what_is_known(
    callers: Callers, upstream: Upstream
) -> None:
    second = {"nodes": [
        {"id": "x", "question": "How many cows are there?", "depends_on": [], "difficulty": "easy", "tools": []},
        {"id": "y", "question": "How many animals are there in total?", "depends_on": ["n1", "x"], "difficulty": "easy", "tools": []},
    ], "complexity": "medium"}  # fmt: skip
    first = plan(("a", "How many horses are in 3 barns with 4 horses each?"), ("b", "Guess the cows."),
                 ("c", "How many animals are there in total?", ["a", "b"]))  # fmt: skip
    told: list[Any] = []

    def planning(asked: dict[str, Any], body: Any) -> Any:
        told.append(asked)
        return first if len(told) == 1 else second

    def stuck(asked: dict[str, Any], body: Any) -> Any:
        return answer("9", "4 + 4 = 9") if "Guess" in asked["question"] else farm(asked, body)

    script(upstream, FARM_SCRIPT | {"draft": planning, "answer": stuck})
    session, _ = await solved(callers.member, FARM)
    assert (session["status"], session["answer"]) == ("completed", "17"), session
    assert [node["id"] for node in session["nodes"]] == ["n1", "r1n1", "r1n2"]
    assert told[1]["answered"][0]["answer"] == "12" and "4 + 4" in told[1]["went_wrong"]
    assert len([body for body in (r.body for r in upstream.requests) if form_of(body) == "answer"
                and "horses are in" in asked(body)["question"]]) == 1  # fmt: skip


@pytest.mark.parametrize(
    ("budget", "limit"),
    [({"tokens": 40}, "tokens"), ({"steps": 3}, "steps"), ({"cost": "0.0002"}, "cost"), ({"seconds": 1}, "seconds")],
)
async def test_a_budget_ends_it_as_partial_after_the_call_in_flight_at_most_and_more_lets_it_go_on(
    callers: Callers, upstream: Upstream, budget: dict[str, Any], limit: str
) -> None:
    slow = 0.4 if limit == "seconds" else 0.0

    def slowly(script: Any) -> Any:
        return lambda asked, body: Say(json.dumps(script(asked, body) if callable(script) else script), before=slow)

    script(upstream, {form: slowly(words) for form, words in FARM_SCRIPT.items()})
    session, found = await solved(callers.member, FARM, budget=budget)
    assert (session["status"], session["error"]["slug"]) == ("partial", "out-of-budget"), session
    assert limit in session["error"]["detail"]
    if limit == "tokens":
        # Each call is of 17 tokens.
        assert 40 <= session["total_tokens"] <= 40 + 17
    if limit == "cost":
        one = float(session["total_cost"]) / len(upstream.requests)
        assert float(session["total_cost"]) <= 0.0002 + one
    assert found[-1][1] == "ended"
    before = len(upstream.requests)
    await steer(callers.member, session["id"], kind="resume", budget={"tokens": 10_000})
    await followed(callers.member, session["id"], session["last_event"])
    more = await read(callers.member, session["id"])
    assert (more["status"], more["answer"]) == ("completed", "17")
    assert len(upstream.requests) > before
    # What the time cut off before it said a word came to nothing.
    assert limit == "seconds" or more["total_tokens"] == 17 * len(upstream.requests)


async def test_a_budget_of_nothing_asks_nothing(callers: Callers, upstream: Upstream) -> None:
    script(upstream, FARM_SCRIPT)
    for budget in ({"tokens": 0}, {"cost": 0}, {"steps": 0}, {"seconds": 0}):
        session, _ = await solved(callers.member, FARM, budget=budget)
        assert (session["status"], session["error"]["slug"]) == ("partial", "out-of-budget")
    assert upstream.requests == []


async def test_what_is_only_busy_is_asked_again_and_what_refuses_is_told(callers: Callers, upstream: Upstream) -> None:
    def busy(asked: dict[str, Any], body: Any) -> Any:
        if "cows" in asked["question"] and not busy_before:
            busy_before.append(1)
            return Refuse(503, "come again", retry_after=0.01)
        return farm(asked, body)

    busy_before: list[int] = []
    script(upstream, FARM_SCRIPT | {"answer": busy})
    session, _ = await solved(callers.member, FARM)
    assert (session["status"], session["answer"], busy_before) == ("completed", "17", [1])


async def test_the_same_key_begins_one_session_and_another_problem_under_it_is_refused(
    callers: Callers, upstream: Upstream
) -> None:
    script(upstream, FARM_SCRIPT)
    both = await asyncio.gather(*(begin(callers.member, FARM, key="once") for _ in range(2)))
    assert both[0] == both[1]
    other = await callers.member.post(
        "/api/reasoning/sessions", {"problem": "Another."}, headers={"Idempotency-Key": "once"}
    )
    assert other.status == 422
    await followed(callers.member, both[0])


async def test_followers_resume_where_they_were_and_see_the_same(callers: Callers, upstream: Upstream) -> None:
    script(upstream, FARM_SCRIPT)
    session_id = await begin(callers.member, FARM)
    first, second = await asyncio.gather(followed(callers.member, session_id), followed(callers.member, session_id))
    assert first == second
    middle = first[len(first) // 2][0]
    assert await followed(callers.member, session_id, middle) == [one for one in first if one[0] > middle]


async def test_a_session_is_its_persons_alone(callers: Callers, upstream: Upstream) -> None:
    script(upstream, FARM_SCRIPT)
    session, _ = await solved(callers.member, FARM)
    path = f"/api/reasoning/sessions/{session['id']}"
    for stranger in (callers.owner, callers.foreign_owner):
        assert (await stranger.get(path)).status == 404
        assert (await stranger.get(path + "/events")).status == 404
        assert (await stranger.post(path + "/cancel")).status == 404
        assert (await stranger.post(path + "/steer", {"kind": "pause"})).status == 404
        assert (await stranger.post(path + "/chat")).status == 404
        assert (await stranger.post(path + "/feedback", {"good": True})).status == 404
        assert (await stranger.delete(path)).status == 404
        assert (await stranger.get("/api/reasoning/sessions")).json()["items"] == []
    assert (await callers.nobody.get(path)).status == 401
    assert (await callers.viewer.post("/api/reasoning/sessions", {"problem": FARM})).status == 403


async def test_a_list_is_searched_filtered_and_paged(callers: Callers, upstream: Upstream) -> None:
    script(upstream, FARM_SCRIPT)
    made = [(await solved(callers.member, f"{FARM} ({n})"))[0]["id"] for n in range(3)]
    first = (await callers.member.get("/api/reasoning/sessions?limit=2")).json()
    rest = (await callers.member.get(f"/api/reasoning/sessions?limit=2&cursor={first['next']}")).json()
    assert [one["id"] for one in first["items"] + rest["items"]] == made[::-1]
    found = (await callers.member.get("/api/reasoning/sessions?search=(1)")).json()["items"]
    assert [one["id"] for one in found] == [made[1]]
    assert (await callers.member.get("/api/reasoning/sessions?status=failed")).json()["items"] == []


async def test_a_solution_goes_on_in_a_chat_and_is_called_right_or_wrong(callers: Callers, upstream: Upstream) -> None:
    script(upstream, FARM_SCRIPT)
    session, _ = await solved(callers.member, FARM)
    path = f"/api/reasoning/sessions/{session['id']}"
    chat = (await callers.member.post(path + "/chat")).json()
    kept = (await callers.member.get(f"/api/chats/{chat['id']}")).json()
    assert [(m["role"], m["content"][0]["text"]) for m in kept["messages"]] == [
        ("user", FARM),
        ("assistant", session["solution"]),
    ]
    assert (await callers.member.post(path + "/feedback", {"good": True})).json()["good"] is True
    assert (await callers.member.post(path + "/feedback", {"good": False})).json()["good"] is False
