"""An answer's code against the examples that a prompt states, in a sandbox."""

from collections.abc import AsyncIterator

import pytest

from radiant.workspace.tools.compute import Compute
from radiant.workspace.tools.compute.code_check import code_in, stated_tests
from tests.workspace.tools.compute.kit import computing

_ASSERTS = "Write a function that adds one. Your code should pass these tests:\n\nassert one_more(1) == 2\nassert one_more(-1) == 0"
_DOCTEST = '''Complete this:

```python
def one_more(x):
    """The next number.

    >>> one_more(1)
    2
    >>> one_more("a")
    Traceback (most recent call last):
    TypeError: can only concatenate str
    >>> print(one_more(3), "!")
    4 !
    """
```
'''
_RIGHT = "Here it is:\n\n```python\ndef one_more(x):\n    return x + 1\n```\nIt adds one."
_WRONG = "```python\ndef one_more(x):\n    return x + 2\n```"


@pytest.fixture(scope="module")
async def compute() -> AsyncIterator[Compute]:
    async with computing() as made:
        yield made


@pytest.mark.parametrize("prompt", [_ASSERTS, _DOCTEST], ids=["asserts", "doctest"])
async def test_code_that_does_what_the_prompt_says_passes_and_other_code_does_not(
    compute: Compute, prompt: str
) -> None:
    stated = compute.code_check.stated
    assert await stated(prompt, _RIGHT) is True
    assert await stated(prompt, _WRONG) is False
    assert await stated(prompt, "```python\nraise SystemExit\n```") is False
    assert await stated(prompt, "```python\nimport sys\nsys.exit(0)\ndef one_more(x): ...\n```") is not True
    assert await stated(prompt, "```python\nwhile True: pass\ndef one_more(x): ...\n```") is not True


async def test_nothing_is_said_where_nothing_can_be_told(compute: Compute) -> None:
    stated = compute.code_check.stated
    assert await stated("Write a function that adds one.", _RIGHT) is None
    assert await stated(_ASSERTS, "Sorry, I cannot.") is None
    assert await stated(_ASSERTS, "```javascript\nfunction f(x) {}\n```") is None
    assert (await compute.code_check.run("x = 1", "assert (")).passed is None
    assert (await compute.code_check.run("x = 1", " ")).passed is None
    assert (await compute.code_check.run("x" * 60_000, "assert True")).passed is None


async def test_what_monty_does_not_know_is_decided_by_the_jail(compute: Compute) -> None:
    if not await compute._jail.works():
        pytest.skip(f"this host has no jail: {compute._jail.why_not}")
    code = "import numpy as np\nfrom fractions import Fraction\ndef total(x):\n    return int(np.sum(x))"
    assert (await compute.code_check.run(code, "assert total([1, 2]) == 3\nassert Fraction(1, 2) < 1")).passed is True
    failed = await compute.code_check.run(code, "assert total([1]) == 1\nassert total([1, 2]) == 4")
    assert failed.passed is False
    assert failed.detail.startswith("assert total([1, 2]) == 4")


async def test_a_failure_says_which_test_and_how(compute: Compute) -> None:
    checked = await compute.code_check.run("def f(x):\n    return x / 0", "assert f(1) == 1")
    assert checked.passed is False
    assert "ZeroDivisionError" in checked.detail


def test_the_examples_of_a_prompt_become_statements() -> None:
    assert stated_tests(_ASSERTS) == "assert one_more(1) == 2\nassert one_more(-1) == 0"
    lines = stated_tests(_DOCTEST).splitlines()
    assert lines[0] == "assert (one_more(1)) == (2)"
    assert "except TypeError:" in lines
    assert stated_tests(">>> import math\n>>> f(2)\n[1.0, 'a']\n") == "import math\nassert (f(2)) == ([1.0, 'a'])"
    assert stated_tests(">>> f(2)\n<object of f>\n") == "assert repr(f(2)) == '<object of f>'"
    assert stated_tests(">>> import math\n") == ""
    assert stated_tests("```\nassert f(\n    1,\n) == 2\n```") == "assert f(1) == 2"
    assert stated_tests("I assert that f works. assert f(") == ""


def test_the_code_of_an_answer_is_its_python() -> None:
    assert code_in(_RIGHT) == "def one_more(x):\n    return x + 1\n"
    assert code_in("def f(x):\n    return x") == "def f(x):\n    return x"
    assert code_in("1 + 1") is None
    assert code_in("```python\ndef f(): pass\n```\nand call it:\n```python\nf(input())\n```") == "def f(): pass\n"
    assert code_in("```js\nlet x\n```") is None
