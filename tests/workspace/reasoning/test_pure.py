"""Plans, verifiers, confidences and purses, without a server."""

import asyncio
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radiant.workspace.reasoning import checks, plans, verifying
from radiant.workspace.reasoning.confidence import along, calibrated, rated
from radiant.workspace.reasoning.nodes import bounded
from radiant.workspace.reasoning.plans import BadPlan, Draft, DraftNode
from radiant.workspace.reasoning.purse import OutOfBudget, Parked, Purse
from radiant.workspace.reasoning.schemas import (
    Budget,
    CodeCheck,
    Evidence,
    ExpressionCheck,
    Node,
    PatternCheck,
    PlannedNode,
    ValueCheck,
)
from radiant.workspace.reasoning.steering import Steered
from radiant.workspace.reasoning.verifying import Answer, Computation, Quote
from radiant.workspace.tools.compute.code_check import Checked


def node(id: str, *depends_on: str, **more: Any) -> PlannedNode:
    return PlannedNode(id=id, question=f"What is {id}?", depends_on=list(depends_on), **more)


@given(st.lists(st.tuples(st.integers(0, 39), st.integers(0, 39)), max_size=80))
def test_a_plan_is_refused_exactly_where_it_has_a_cycle(edges: list[tuple[int, int]]) -> None:
    nodes = [node(f"q{n}", *{f"q{a}" for a, b in edges if b == n}) for n in range(40)]
    reach = {n: {a for a, b in edges if b == n} for n in range(40)}
    for _ in range(40):
        for n in reach:
            reach[n] |= {far for near in reach[n] for far in reach[near]}
    cyclic = any(n in reach[n] for n in reach)
    if cyclic:
        with pytest.raises(BadPlan, match="wait for each other"):
            plans.check(nodes, 40, ())
        return
    plans.check(nodes, 40, ())
    order = plans.order(nodes)
    assert all(order.index(f"q{a}") < order.index(f"q{b}") for a, b in edges)


@pytest.mark.parametrize(
    ("draft", "says"),
    [
        (Draft([]), "1 to 5"),
        (Draft([DraftNode(f"n{n}", "What?") for n in range(6)]), "this one has 6"),
        (Draft([DraftNode("a", "What?"), DraftNode("a", "Who?")]), "same id"),
        (Draft([DraftNode("a", "What?", ["b"])]), "not in the plan"),
        (Draft([DraftNode("a", "  ")]), "asks nothing"),
        (Draft([DraftNode("a", "x", ["b"]), DraftNode("b", "y", ["a"])]), "wait for each other"),
    ],
)
def test_what_a_model_drafts_badly_is_said(draft: Draft, says: str) -> None:
    with pytest.raises(BadPlan, match=says):
        plans.drafted(draft, 5, ())


def test_tools_that_there_are_not_are_left_out_of_a_draft() -> None:
    (one,) = plans.drafted(
        Draft([DraftNode("a", "x", [], "impossible", ["calculator", "teleport"])]), 5, {"calculator"}
    )
    assert (one.tools, one.difficulty) == (["calculator"], "medium")


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        ("(10 - 4) * (5 - 1)", "refuted"),
        ("5 * 6 - (10 - 4)", "confirmed"),
        ("The answer is: 5 * 6 - (10 - 4) = 24.", "confirmed"),
        ("5 × 6 − (10 − 4)", "confirmed"),
        ("4 * 6 = 24", "refuted"),
        ("5 * 6 - (10 - 4) * 1", "refuted"),
        ("56 - 10 * 4 + 8", "refuted"),
        ("24", "refuted"),
        ("", "refuted"),
        ("__import__('os').system('true')", "refuted"),
        ("5 * 6 - (10 - 4) if True else 0", "refuted"),
        ("9**9**9**9", "refuted"),
    ],
)
async def test_an_expression_has_to_be_one_of_the_numbers_and_worth_the_goal(answer: str, verdict: str) -> None:
    (found,) = await checks.put([ExpressionCheck(equals="24", uses=["4", "5", "6", "10"])], answer, None)
    assert (found.verifier, found.verdict) == ("checks", verdict), found.detail


async def test_values_patterns_and_tests_are_checked() -> None:
    async def run(code: str, tests: str, seconds: float) -> Checked:
        return Checked("return n" in code and "assert" in tests and seconds > 0, "ran")

    said = await checks.put(
        [ValueCheck(equals="1/3", within="0.01"), PatternCheck(pattern=r"\d+ cows"), CodeCheck(tests="assert f(1) == 1")],
        "```python\ndef f(n):\n    return n\n```", run,
    )  # fmt: skip
    assert [one.verdict for one in said] == ["refuted", "refuted", "confirmed"]
    assert [one.verifier for one in said] == ["checks", "checks", "tests"]
    near = await checks.put([ValueCheck(equals="1/3", within="0.01")], "About 0.333.", None)
    assert near[0].verdict == "confirmed"
    assert (await checks.put([PatternCheck(pattern=r"\d+ cows")], "5 cows", None))[0].verdict == "confirmed"
    assert (await checks.put([CodeCheck(tests="assert 1")], "x", None))[0].verdict == "inconclusive"
    with pytest.raises(ValueError, match="RE2"):
        PatternCheck(pattern=r"(a)\1")


@pytest.mark.parametrize(
    ("question", "text", "answer", "verifier", "verdict"),
    [
        ("What is 17 * 23?", "17 * 23 = 391", "391", "recomputed", "confirmed"),
        ("What is 17 * 23?", "I guess.", "390", "recomputed", "refuted"),
        ("Compute (4 + 5) * 6.", "", "54", "recomputed", "confirmed"),
        ("How many legs have 3 dogs?", "3 * 4 = 13", "13", "arithmetic", "refuted"),
        ("How many legs have 3 dogs?", "3 * 4 = 12", "12", "arithmetic", "confirmed"),
    ],
)
def test_arithmetic_is_recomputed(question: str, text: str, answer: str, verifier: str, verdict: str) -> None:
    found = verifying.computed(question, Answer(text, answer), ())
    assert (verifier, verdict) in [(one.verifier, one.verdict) for one in found], found


def test_a_computation_that_is_listed_is_held_to_its_value() -> None:
    wrong = Answer("", "13", computations=[Computation("3 * 4", "13")])
    assert verifying.computed("How many?", wrong, ())[0].verdict == "refuted"
    rounded = Answer("", "0.33", computations=[Computation("1 / 3", "0.33")])
    assert verifying.computed("How many?", rounded, ())[0].verdict == "confirmed"
    assert verifying.cited(Answer("", "x", citations=[Quote("s", "never said")]), ())[0].verdict == "refuted"


def test_what_is_slip_free_alone_is_not_called_verified_and_what_is_refuted_never_is() -> None:
    holds = Evidence(verifier="arithmetic", verdict="confirmed", detail="2 equations hold")
    agrees = Evidence(verifier="derivation", verdict="confirmed", detail="came to 12 too")
    wrong = Evidence(verifier="arithmetic", verdict="refuted", detail="3 * 4 is 12")
    assert rated([holds])[0] < 0.5 < rated([holds, agrees])[0]
    assert rated([agrees, wrong])[0] == 0.05
    assert rated([])[1] == "the model's word alone"


def test_a_solution_is_as_sure_as_the_path_it_rests_on() -> None:
    nodes = [
        Node(**node("a").model_dump(), state="verified", confidence=0.9),
        Node(**node("b", "a").model_dump(), state="answered", confidence=0.35),
        Node(**node("c", "a").model_dump(), state="verified", confidence=0.8),
        Node(**node("d").model_dump(), state="verified", confidence=0.1),
    ]
    assert along(nodes, ["c"]) == pytest.approx(0.72)
    assert along(nodes, ["b", "c"]) == pytest.approx(0.9 * 0.35 * 0.8)
    assert along(nodes, ["b"]) <= 0.35


def test_confidences_are_calibrated_once_there_are_labels() -> None:
    assert calibrated(0.8, [(0.8, True)] * 199) == (0.8, "shipped shares")
    value, how = calibrated(0.8, [(0.8, n % 2 == 0) for n in range(400)])
    assert value == pytest.approx(0.5, abs=0.01) and "400" in how


async def test_calls_in_flight_count_against_a_budget_before_they_have_ended() -> None:
    purse = Purse(Budget(tokens=100), 0.0, 16)
    most = 0
    going = 0

    async def call() -> None:
        nonlocal most, going
        async with purse.call():
            going += 1
            most = max(most, going)
            await asyncio.sleep(0)
            purse.spend(30, Decimal("0.01"))
            going -= 1

    made = await asyncio.gather(*(call() for _ in range(12)), return_exceptions=True)
    assert sum(isinstance(one, OutOfBudget) for one in made) == 8
    assert purse.tokens == 120 and most <= 3
    purse.held = True
    with pytest.raises(Parked):
        purse.check()
    with pytest.raises(OutOfBudget, match="seconds"):
        Purse(Budget(seconds=10), 11.0, 1).check()


def test_what_people_said_adds_up() -> None:
    said = [{"kind": "pause"}, {"kind": "retry", "node_id": "a", "model": "m"}, {"kind": "constraint", "text": "short"},
            {"kind": "plan", "nodes": [node("a").model_dump()], "revision": 0}, {"kind": "approve"},
            {"kind": "resume", "failed": ["a", "b"]}, {"kind": "tool", "call_id": "x", "allow": True}]  # fmt: skip
    heard = Steered.of(said)
    assert (heard.approved, heard.paused, heard.edits, heard.resumed) == (True, False, 1, 2)
    assert heard.retries == {"a": 2, "b": 1} and heard.models == {"a": "m"} and heard.constraints == ["short"]


def test_inputs_are_cut_so_that_they_stay_small_together() -> None:
    assert sum(map(len, bounded({str(n): "x" * 50_000 for n in range(30)}).values())) < 21_000
    assert bounded({"a": "short"}) == {"a": "short"}
