"""What a caller knows of a right answer, put to the test."""

import re
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from fractions import Fraction

from radiant.kit.linear import found_by
from radiant.workspace.merging import answers
from radiant.workspace.reasoning.schemas import (
    Check,
    CodeCheck,
    Evidence,
    ExpressionCheck,
    PatternCheck,
    ValueCheck,
    Verdict,
    whole,
)
from radiant.workspace.tools.base import BadArguments
from radiant.workspace.tools.compute.calculator import evaluate, literals
from radiant.workspace.tools.compute.code_check import Checked, code_in

RunTests = Callable[[str, str, float], Awaitable[Checked]]
"""Run code, then tests, for so many seconds."""

_TEST_SECONDS = 10.0
_EXPRESSION = re.compile(r"[\d\s.,+\-*/x×·÷−–()^%]+")


async def put(checks: Sequence[Check], answer: str, run_tests: RunTests | None) -> list[Evidence]:
    """Evidence of each check, as verifier `checks` (or `tests`)."""
    found: list[Evidence] = []
    for check in checks:
        match check:
            case ExpressionCheck():
                verdict, detail = _expression(check, answer)
            case ValueCheck():
                verdict, detail = _value(check, answer)
            case PatternCheck():
                verdict, detail = _pattern(check, answer)
            case CodeCheck():
                verdict, detail = await _tests(check, answer, run_tests)
        found.append(
            Evidence(verifier="tests" if isinstance(check, CodeCheck) else "checks", verdict=verdict, detail=detail)
        )
    return found


def exact(text: str) -> Fraction | None:
    """The exact value of an arithmetic expression; None where it has none."""
    try:
        value = evaluate(text)
    except BadArguments:
        return None
    return value if isinstance(value, Fraction) else None


def expression_in(answer: str) -> str:
    """The expression that an answer gives: its last line's, without what it is said to equal."""
    lines = [line.strip() for line in answer.strip().strip("`").splitlines() if line.strip()]
    line = lines[-1] if lines else ""
    line = re.sub(r"^\W*(?:the )?(?:final )?answer\W*(?:is)?\W*", "", line, flags=re.IGNORECASE).strip("`$ .")
    return line.partition("=")[0].replace("\\times", "*").replace("\\div", "/").strip()


def _expression(check: ExpressionCheck, answer: str) -> tuple[Verdict, str]:
    expression, goal = expression_in(answer), exact(check.equals)
    if goal is None:
        return "inconclusive", f"{check.equals} is no arithmetic"
    value = exact(expression) if expression and _EXPRESSION.fullmatch(expression) else None
    if value is None:
        return "refuted", f"{expression[:100] or 'the answer'} is no arithmetic expression"
    if value != goal:
        return "refuted", f"{expression} = {value}, not {goal}"
    if check.uses is not None:
        wanted = Counter(exact(one) for one in check.uses)
        used = Counter(literals(expression))
        if used != wanted:
            return "refuted", f"{expression} uses {_listed(used)}, not {_listed(wanted)}"
    return "confirmed", f"{expression} = {value}" + ("" if check.uses is None else ", with the numbers that were given")


def _listed(numbers: Counter[Fraction | None] | Counter[Fraction]) -> str:
    return " ".join(sorted(str(one) for one in numbers.elements())) or "no number"


def _value(check: ValueCheck, answer: str) -> tuple[Verdict, str]:
    goal, within = exact(check.equals), exact(check.within or "0")
    if goal is None or within is None:
        return "inconclusive", f"{check.equals} is no number"
    said = answers.number(answer)
    value = Fraction(said) if said is not None else exact(answer)
    if value is None:
        return "refuted", "the answer names no number"
    if abs(value - goal) <= within:
        return "confirmed", f"{value} is {goal}" + (f" within {within}" if within else "")
    return "refuted", f"{value} is not {goal}"


def _pattern(check: PatternCheck, answer: str) -> tuple[Verdict, str]:
    if found_by(whole(check.pattern))(answer.strip()):
        return "confirmed", "it has the form that was asked for"
    return "refuted", f"it has not the form {check.pattern[:100]}"


async def _tests(check: CodeCheck, answer: str, run_tests: RunTests | None) -> tuple[Verdict, str]:
    if run_tests is None:
        return "inconclusive", "no sandbox is here to run the tests in"
    checked = await run_tests(code_in(answer) or answer, check.tests, _TEST_SECONDS)
    if checked.passed is None:
        return "inconclusive", checked.detail
    return ("confirmed" if checked.passed else "refuted"), checked.detail
