"""All tools that compute, as who offers them to models sees them."""

import re
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from radiant.workspace.merging.best_of import run_checks
from radiant.workspace.merging.work import Candidate, Work
from tests.workspace.tools.compute.kit import ask, computing, named

_CALLS: dict[str, tuple[dict[str, Any], str]] = {
    "calculator": ({"expression": "17 * 23"}, "391"),
    "symbolic": ({"operation": "expand", "expression": "(x + 1)*(x - 1)"}, "x**2 - 1"),
    "units": ({"expression": "2 hours", "unit": "s"}, "7200 second"),
    "python": ({"code": "sum(range(18))"}, "153"),
    "python_libraries": ({"code": "import numpy as np\nint(np.arange(18).sum())"}, "153"),
}


async def test_f18_2_tools_run_and_their_results_are_computed() -> None:
    async with computing() as compute:
        if not await compute._jail.works():
            pytest.skip(f"this host has no jail: {compute._jail.why_not}")
        assert [tool.name for tool in compute.tools()] == list(_CALLS)
        for name, (arguments, text) in _CALLS.items():
            assert (await ask(compute, name, **arguments)).text == text


async def test_each_tool_says_what_it_is_in_a_schema_that_fits_its_calls() -> None:
    async with computing() as compute:
        for tool in compute.tools():
            assert re.fullmatch(r"[a-z][a-z0-9_]{0,63}", tool.name)
            assert tool.type == "compute"
            assert tool.side_effects is False
            assert 100 < len(tool.description) < 1000
            assert "Example" in tool.description
            assert tool.parameters["additionalProperties"] is False
            assert all(one.get("description") for one in tool.parameters["properties"].values())
            Draft202012Validator.check_schema(dict(tool.parameters))
            check = Draft202012Validator(dict(tool.parameters))
            assert check.is_valid(_CALLS[tool.name][0])
            assert not check.is_valid({**_CALLS[tool.name][0], "more": 1})
            assert not check.is_valid({})


async def test_a_merge_of_code_runs_the_questions_own_examples() -> None:
    answers = [Candidate(0, "a", "```python\ndef twice(x):\n    return x + x\n```"),
               Candidate(1, "b", "```python\ndef twice(x):\n    return x ** 2\n```"), Candidate(2, "c", "no code")]  # fmt: skip
    async with computing() as compute:
        work = Work.__new__(Work)
        work.prompt, work.kind = "Write twice.\n>>> twice(3)\n6\n", "code"
        work.run_code = compute.code_check.stated
        await run_checks(work, answers)
        assert [one.passes for one in answers] == [True, False, None]
        assert named(compute, "python").name == "python"
