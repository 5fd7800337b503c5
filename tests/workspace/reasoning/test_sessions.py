"""Sessions of Think Tank through HTTP: what is planned, solved, verified, kept; the flaws of section 18 by their numbers."""

import asyncio
from typing import Any

from tests.kit.fixtures import Callers
from tests.kit.upstream import Upstream
from tests.workspace.reasoning.kit import (
    MODEL,
    answer,
    asked,
    begin,
    derived,
    followed,
    plan,
    read,
    script,
    solution,
    solved,
    steer,
    tool_results,
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
