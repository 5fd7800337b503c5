"""Sessions of Think Tank through HTTP: what is planned, solved, verified, kept; the flaws of section 18 by their numbers."""

import asyncio
import json
from typing import Any

from tests.kit.fixtures import Callers
from tests.kit.upstream import Hang, Refuse, Say, Upstream
from tests.workspace.reasoning.kit import (
    MODEL,
    answer,
    asked,
    begin,
    derived,
    followed,
    form_of,
    plan,
    read,
    script,
    solution,
    solved,
    steer,
    tool_results,
    until,
    use,
)

FARM = "A farm has 3 barns with 4 horses each and 5 cows. How many animals are there?"
FARM_PLAN = plan(
    ("a", "How many horses are in 3 barns with 4 horses each?"),
    ("b", "How many cows are there?"),
    ("c", "How many animals are there in total?", ["a", "b"]),
)


def farm(asked: dict[str, Any], body: Any) -> Any:
    question = asked["question"]
    if "horses" in question:
        return answer("12", "3 * 4 = 12")
    if "cows" in question:
        return answer("5", "5 cows are named.")
    return answer("17", "12 + 5 = 17")


def by_itself(asked: dict[str, Any], body: Any) -> Any:
    question = asked["question"]
    return derived("12" if "horses" in question else "5" if "cows" in question else "17")


FARM_SCRIPT = {"draft": FARM_PLAN, "answer": farm, "derived": by_itself, "solution": solution("17")}


async def test_a_problem_is_taken_apart_solved_verified_and_put_together(callers: Callers, upstream: Upstream) -> None:
    script(upstream, FARM_SCRIPT)
    session, found = await solved(callers.member, FARM)
    assert (session["status"], session["solution_found"], session["answer"]) == ("completed", True, "17"), session
    assert session["strategy"] == "stepwise"
    assert [node["id"] for node in session["nodes"]] == ["n1", "n2", "n3"]
    assert {node["state"] for node in session["nodes"]} == {"verified"}
    assert session["nodes"][2]["depends_on"] == ["n1", "n2"]
    kinds = [step["step_type"] for step in session["steps"]]
    assert kinds[0] == "decompose" and kinds[-2:] == ["synthesize", "verify"]
    assert found[0][1] == "started" and found[-1][1] == "ended"
    assert [seq for seq, _, _ in found] == sorted({seq for seq, _, _ in found})


async def test_f18_1_a_result_that_is_wrong_is_mended_or_marked(callers: Callers, upstream: Upstream) -> None:
    tries: list[dict[str, Any]] = []

    def slipping(asked: dict[str, Any], body: Any) -> Any:
        tries.append(asked)
        return answer("12", "3 * 4 = 12") if "wrong_before" in asked else answer("13", "3 * 4 = 13")

    one = plan(("a", "How many horses are in 3 barns with 4 horses each?"), complexity="low")
    script(upstream, {"draft": one, "answer": slipping, "derived": by_itself})
    session, _ = await solved(callers.member, FARM)
    assert (session["answer"], session["nodes"][0]["state"]) == ("12", "verified")
    assert "13" in tries[1]["wrong_before"][0] and "12" in tries[1]["wrong_before"][0]
    verified = [step for step in session["steps"] if step["step_type"] == "verify"]
    assert [step["verdict"] for step in verified][:2] == ["refuted", "confirmed"]
    assert verified[1]["verifier"] == "derivation"
    script(upstream, {"draft": one, "answer": answer("13", "3 * 4 = 13"), "derived": by_itself})
    session, _ = await solved(callers.member, FARM)
    assert (session["status"], session["solution_found"]) == ("partial", False)
    assert {node["state"] for node in session["nodes"]} == {"failed"}
    assert "could not be solved" in session["error"]["detail"]


async def test_f18_2_tools_run_and_what_they_computed_is_evidence(callers: Callers, upstream: Upstream) -> None:
    def with_tool(asked: dict[str, Any], body: Any) -> Any:
        results = tool_results(body)
        return answer("354,294", "The calculator says so.") if results else use("calculator", expression="2 * 3**11")

    one = plan(("a", "What is twice 3 to the 11th?", [], "easy", ["calculator"]), complexity="low")
    script(upstream, {"draft": one, "answer": with_tool, "derived": derived("354294")})
    session, found = await solved(callers.member, "What is twice 3 to the 11th?", tools=["calculator"])
    execute = next(step for step in session["steps"] if step["step_type"] == "execute")
    assert execute["tool_calls"][0]["tool"] == "calculator"
    assert execute["tool_calls"][0]["arguments"] == {"expression": "2 * 3**11"}
    assert "354294" in execute["tool_calls"][0]["text"]
    assert session["solution_found"], session
    evidence = [one["verifier"] for step in session["steps"] for one in step["evidence"]]
    assert "tool" in evidence
    assert [kind for _, kind, _ in found if kind.startswith("tool_")] == ["tool_begun", "tool_ended"]
    offered = [t["function"]["name"] for r in upstream.requests for t in r.body.get("tools", [])]
    assert set(offered) == {"calculator", "give_answer"}


async def test_f18_3_a_solution_is_found_only_where_it_is_earned(callers: Callers, upstream: Upstream) -> None:
    sure = answer("Because of the sea breeze that comes in every afternoon, when the land is warm; it cools the whole of "
                  "the coast down, the more so the longer the day is, and stops at dusk.", self_confidence=1.0)  # fmt: skip
    one = plan(("a", "Why is the coast cooler?"), complexity="low")
    script(upstream, {"draft": one, "answer": sure})
    session, _ = await solved(callers.member, "Why is the coast cooler?")
    node = session["nodes"][0]
    assert (session["status"], session["solution_found"], node["state"]) == ("completed", False, "answered")
    assert session["confidence"] == node["confidence"] == 0.35
    assert "word alone" in node["basis"]
    reason = next(step for step in session["steps"] if step["step_type"] == "reason")
    assert (reason["self_confidence"], reason["confidence"]) == (1.0, None)
    bar, _ = await solved(callers.member, "Why is the coast cooler?", stop_at=0.3)
    assert bar["solution_found"]
    script(upstream, FARM_SCRIPT)
    earned, _ = await solved(callers.member, FARM)
    assert earned["solution_found"] and abs(earned["confidence"] - 0.82**3) < 1e-6


async def test_f18_4_the_cost_is_the_ledgers_by_the_catalogues_prices(callers: Callers, upstream: Upstream) -> None:
    script(upstream, FARM_SCRIPT)
    session, _ = await solved(callers.member, FARM)
    listed = (await callers.owner.get("/api/usage/calls?limit=100")).json()["items"]
    ours = [call for call in listed if call["run_id"] == session["id"]]
    assert len(ours) == len(upstream.requests) > 5
    assert sum(float(call["cost"]) for call in ours) == float(session["total_cost"]) > 0
    tokens = sum(call["input_tokens"] + call["output_tokens"] for call in ours)
    assert tokens == session["total_tokens"]
    assert abs(sum(float(step["cost"]) for step in session["steps"]) - float(session["total_cost"])) < 1e-9
    assert all(step["tokens_used"] == step["input_tokens"] + step["output_tokens"] for step in session["steps"])


async def test_f18_5_a_sub_problem_sees_what_it_depends_on_and_no_more(callers: Callers, upstream: Upstream) -> None:
    seen: dict[str, Any] = {}

    def noting(asked: dict[str, Any], body: Any) -> Any:
        seen[asked["question"]] = asked.get("known", {})
        return farm(asked, body) if "horses" not in asked["question"] else answer("12 " + "x" * 9000, "3 * 4 = 12")

    script(upstream, FARM_SCRIPT | {"answer": noting})
    await solved(callers.member, FARM)
    horses, cows, total = (seen[question] for question in list(seen)[:3])
    assert horses == {} == cows
    assert set(total) == {"n1", "n2"}
    assert len(total["n1"]) <= 4100 and total["n2"] == "5"


async def test_f18_6_replies_are_held_to_a_schema_and_what_has_not_the_form_is_asked_for_again(
    callers: Callers, upstream: Upstream
) -> None:
    said: list[str] = []

    def mumbling(asked: dict[str, Any], body: Any) -> Any:
        said.append(body["messages"][-1]["content"])
        return "Well, {twelve} I think." if len(said) == 1 else answer("12", "3 * 4 = 12")

    one = plan(("a", "How many horses are in 3 barns with 4 horses each?"), complexity="low")
    script(upstream, {"draft": one, "answer": mumbling, "derived": by_itself})
    session, _ = await solved(callers.member, FARM)
    assert session["answer"] == "12"
    assert "not in the form" in said[1]
    schema = next(r.body["response_format"]["json_schema"] for r in upstream.requests if "response_format" in r.body)
    assert schema["strict"] is True and schema["schema"]["additionalProperties"] is False


async def test_f18_10_a_reply_that_never_gets_the_form_is_a_typed_failure_that_keeps_its_text(
    callers: Callers, upstream: Upstream
) -> None:
    one = plan(("a", "How many horses are in 3 barns with 4 horses each?"), complexity="low")
    script(upstream, {"draft": one, "answer": "I would say {twelve}, roughly.", "derived": by_itself})
    session, _ = await solved(callers.member, FARM)
    assert session["status"] == "partial"
    failed = [step for step in session["steps"] if step["error"]]
    assert "had not the form" in failed[0]["error"]
    assert failed[0]["reasoning"] == "I would say {twelve}, roughly."


async def test_f18_7_what_is_independent_runs_together_and_a_failure_ends_in_a_state(
    callers: Callers, upstream: Upstream
) -> None:
    def slow(asked: dict[str, Any], body: Any) -> Any:
        return Say(json.dumps(farm(asked, body)), before=0.3)

    script(upstream, FARM_SCRIPT | {"answer": slow})
    session, found = await solved(callers.member, FARM)
    order = [(kind, data.get("node_id")) for _, kind, data in found if kind in ("node_started", "node_ended")]
    assert {order[0], order[1]} == {("node_started", "n1"), ("node_started", "n2")}
    assert order.index(("node_started", "n3")) > order.index(("node_ended", "n2"))
    script(upstream, {"draft": Refuse(400, "no such thing")})
    session, found = await solved(callers.member, FARM)
    assert (session["status"], found[-1][1]) == ("failed", "ended")
    assert "no such thing" in session["error"]["detail"]
    assert session["completed_at"] is not None


async def test_f18_8_every_step_says_its_model_its_time_and_its_cost(callers: Callers, upstream: Upstream) -> None:
    script(upstream, FARM_SCRIPT)
    session, _ = await solved(callers.member, FARM)
    assert session["complexity"] == "medium"
    asked_of = [step for step in session["steps"] if step["tokens_used"]]
    assert asked_of and all(step["model_used"] == MODEL and step["duration_ms"] > 0 for step in asked_of)
    assert session["total_steps"] == len(session["steps"])
    assert [step["step_number"] for step in session["steps"]] == list(range(1, len(session["steps"]) + 1))


async def test_f18_9_a_plan_that_is_too_long_is_made_anew_never_cut(callers: Callers, upstream: Upstream) -> None:
    long = plan(*((f"q{n}", f"How many cows are there in field {n}?") for n in range(5)))
    heard: list[str] = []

    def planning(asked: dict[str, Any], body: Any) -> Any:
        heard.append(body["messages"][-1]["content"])
        return long if len(heard) == 1 else FARM_PLAN

    script(upstream, FARM_SCRIPT | {"draft": planning})
    session, _ = await solved(callers.member, FARM, max_steps=3)
    assert "1 to 3 sub-problems" in heard[1]
    assert (len(session["nodes"]), session["solution_found"]) == (3, True)
    script(upstream, FARM_SCRIPT | {"draft": long, "answer": answer("17", "12 + 5 = 17"), "derived": derived("17")})
    session, _ = await solved(callers.member, FARM, max_steps=3)
    assert len(session["nodes"]) == 1
    assert any("taken as one step" in note for note in session["notes"])


async def test_f18_11_the_whole_problem_is_kept(callers: Callers, upstream: Upstream) -> None:
    script(upstream, FARM_SCRIPT)
    problem = FARM + " " + "The farm is large. " * 500
    session, _ = await solved(callers.member, problem)
    assert session["problem"] == problem
    assert session["problem_summary"] == problem[:300]


async def test_a_plan_can_be_looked_at_edited_and_approved_before_it_runs(callers: Callers, upstream: Upstream) -> None:
    script(upstream, FARM_SCRIPT)
    member = callers.member
    session_id = await begin(member, FARM, review_plan=True)
    session = await until(member, session_id, "waiting")
    assert [one["kind"] for one in session["asks"]] == ["plan"]
    assert not any(step["step_type"] == "reason" for step in session["steps"])
    nodes = [{"id": "h", "question": "How many horses are in 3 barns with 4 horses each?", "difficulty": "easy"},
             {"id": "t", "question": "How many animals in total?", "depends_on": ["h"], "difficulty": "easy"}]  # fmt: skip
    cycle = [nodes[0] | {"depends_on": ["t"]}, nodes[1]]
    refused = await member.post(
        f"/api/reasoning/sessions/{session_id}/steer", {"kind": "plan", "nodes": cycle, "revision": 0}
    )
    assert refused.status == 422 and "wait for each other" in refused.json()["detail"]
    late = await member.post(
        f"/api/reasoning/sessions/{session_id}/steer", {"kind": "plan", "nodes": nodes, "revision": 7}
    )
    assert late.status == 409
    edited = await steer(member, session_id, kind="plan", nodes=nodes, revision=0)
    assert [node["id"] for node in edited["nodes"]] == ["h", "t"] and edited["plan_revision"] == 1
    # Twice, as a double click does; one after the other the second could come after the end.
    await asyncio.gather(*(steer(member, session_id, kind="approve") for _ in range(2)))
    await followed(member, session_id)
    session = await read(member, session_id)
    assert (session["status"], [node["id"] for node in session["nodes"]]) == ("completed", ["h", "t"])
    assert len(asked_for(upstream, "draft")) == 1


def asked_for(upstream: Upstream, form: str) -> list[Any]:
    """The bodies of requests for that form."""
    return [r.body for r in upstream.requests if form_of(r.body) == form]


async def test_a_constraint_is_kept_to_by_all_that_begins_after_it(callers: Callers, upstream: Upstream) -> None:
    script(upstream, FARM_SCRIPT)
    session_id = await begin(callers.member, FARM, review_plan=True)
    await until(callers.member, session_id, "waiting")
    await steer(callers.member, session_id, kind="constraint", text="Count no calves.")
    await until(callers.member, session_id, "waiting")
    await steer(callers.member, session_id, kind="approve")
    await followed(callers.member, session_id)
    session = await read(callers.member, session_id)
    assert session["constraints"] == ["Count no calves."]
    told = [asked(r.body) for r in upstream.requests if "question" in asked(r.body) and "problem" in asked(r.body)]
    assert told and all(one["constraints"] == ["Count no calves."] for one in told)


async def test_a_node_is_solved_anew_by_another_model_and_what_rests_on_it_too(
    callers: Callers, upstream: Upstream
) -> None:
    script(upstream, FARM_SCRIPT)
    session, _ = await solved(callers.member, FARM)
    before = len(upstream.requests)

    def more(asked: dict[str, Any], body: Any) -> Any:
        if "cows" in asked["question"]:
            return answer("6", "There are 6 cows.")
        return answer("18", "12 + 6 = 18") if "total" in asked["question"] else farm(asked, body)

    def again(asked: dict[str, Any], body: Any) -> Any:
        return derived("6" if "cows" in asked["question"] else "18")

    script(upstream, FARM_SCRIPT | {"answer": more, "derived": again, "solution": solution("18")})
    await steer(callers.member, session["id"], kind="retry", node_id="n2", model="gpt-4.1")
    await followed(callers.member, session["id"], session["last_event"])
    retried = await read(callers.member, session["id"])
    assert (retried["status"], retried["answer"]) == ("completed", "18")
    assert [node["answer"] for node in retried["nodes"]] == ["12", "6", "18"]
    questions = [asked(r.body).get("question", "") for r in upstream.requests[before:]]
    assert not any("horses are in" in question for question in questions)
    models = {r.body["model"] for r in upstream.requests[before:] if "cows" in asked(r.body).get("question", "")}
    assert "gpt-4.1" in models


async def test_a_session_is_paused_and_goes_on_where_it_was(callers: Callers, upstream: Upstream) -> None:
    held = asyncio.Event()

    def holding(asked: dict[str, Any], body: Any) -> Any:
        return Say(json.dumps(farm(asked, body)), held=held)

    script(upstream, FARM_SCRIPT | {"answer": holding})
    session_id = await begin(callers.member, FARM)
    await _asked(upstream, 3)
    await steer(callers.member, session_id, kind="pause")
    held.set()
    session = await until(callers.member, session_id, "paused")
    calls = len(upstream.requests)
    assert not any(node["id"] == "n3" and node["state"] != "pending" for node in session["nodes"])
    await steer(callers.member, session_id, kind="resume")
    await followed(callers.member, session_id)
    session = await read(callers.member, session_id)
    assert (session["status"], session["answer"]) == ("completed", "17")
    questions = [asked(body)["question"] for body in asked_for(upstream, "answer")]
    assert len(questions) == len(set(questions)) and calls < len(upstream.requests)


async def _asked(upstream: Upstream, count: int) -> None:
    for _ in range(200):
        if len(upstream.requests) >= count:
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"{len(upstream.requests)} requests")


async def test_a_session_is_cancelled_at_once_and_keeps_what_it_has(callers: Callers, upstream: Upstream) -> None:
    def stuck(asked: dict[str, Any], body: Any) -> Any:
        return answer("12", "3 * 4 = 12") if "horses" in asked["question"] else Hang()

    script(upstream, FARM_SCRIPT | {"answer": stuck})
    session_id = await begin(callers.member, FARM)
    await _asked(upstream, 4)
    cancelled = (await callers.member.post(f"/api/reasoning/sessions/{session_id}/cancel")).json()
    assert cancelled["status"] == "cancelled", cancelled
    assert cancelled["nodes"][0]["answer"] == "12"
    again = (await callers.member.post(f"/api/reasoning/sessions/{session_id}/cancel")).json()
    assert again["status"] == "cancelled"
    assert (await callers.member.delete(f"/api/reasoning/sessions/{session_id}")).status == 204
    assert (await callers.member.get(f"/api/reasoning/sessions/{session_id}")).status == 404
