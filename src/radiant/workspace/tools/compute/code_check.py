"""Whether a program passes tests: those that somebody gives, or the examples that a prompt states itself."""

import ast
import doctest
import re
import textwrap
from dataclasses import dataclass

from radiant.workspace.tools.base import ToolFailed
from radiant.workspace.tools.compute.jail import Jail
from radiant.workspace.tools.compute.programs import SECONDS, Programs

_LONGEST, _MOST_TESTS = 50_000, 50
# Examples that a prompt states are small.
_SECONDS_OF_EXAMPLES = 5.0
_FENCE = re.compile(r"```([\w+#.-]*)[^\n]*\n(.*?)(?:```|\Z)", re.DOTALL)
_PYTHON = ("python", "py", "python3", "")
_ASSERT = re.compile(r"^[ \t>*-]*`?(assert\b.*?)`?[ \t]*$", re.MULTILINE)
_INDENTED_DEF = re.compile(r"^[ \t]*(?:def|class|import|from|async def)\b", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Checked:
    """`passed`: None where it could not be told, and `detail` says why; where it did not pass, `detail` is the test that
    failed and how."""

    passed: bool | None
    detail: str


class CodeCheck:
    """Made once by a root. Monty first, for it takes a millisecond; where that fails, the jail has the last word, for it is
    the whole of Python. A program that sets out to look into its own sandbox can pass what it does not do."""

    def __init__(self, programs: Programs, jail: Jail) -> None:
        self._programs = programs
        self._jail = jail

    async def run(self, code: str, tests: str, seconds: float = SECONDS) -> Checked:
        """Run `tests`, statements such as `assert f(2) == 4`, after the code and among its names."""
        if not tests.strip():
            return Checked(None, "there are no tests")
        if len(code) > _LONGEST or len(tests) > _LONGEST:
            return Checked(None, f"programs and tests to check may have {_LONGEST:,} characters")
        try:
            ast.parse(tests)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            return Checked(None, f"the tests are not Python: {error}")
        try:
            done = await self._programs.run(code, tests, min(seconds, 2.0))
            if done.error is None:
                return Checked(True, "all tests passed")
            if not await self._jail.works():
                # What Monty lacks is not the program's fault.
                return Checked(None if done.doubtful else False, done.error)
            ran = await self._jail.run(code, tests, seconds)
        except ToolFailed as failed:
            return Checked(None, failed.detail)
        if ran.error is None:
            return Checked(True, "all tests passed")
        return Checked(False, f"{ran.test}\n{ran.error}" if ran.test else ran.error)

    async def stated(self, prompt: str, answer: str) -> bool | None:
        """Whether the code in an answer does what the prompt's own examples say; None where it states none, where there is
        no code, or where it could not be told. What merging takes for `run_code`."""
        tests, code = stated_tests(prompt), code_in(answer)
        if not tests or code is None:
            return None
        return (await self.run(code, tests, _SECONDS_OF_EXAMPLES)).passed


def code_in(text: str) -> str | None:
    """The Python of an answer: its fenced blocks, or all of it where it has none and is Python."""
    blocks = [body for language, body in _FENCE.findall(text[:_LONGEST]) if language.lower() in _PYTHON]
    parsed = [block for block in map(textwrap.dedent, blocks) if _parses(block)]
    if parsed:
        # The program, and not how it is called or tried after it.
        defining = [block for block in parsed if _INDENTED_DEF.search(block)]
        return "\n\n".join(defining or parsed)
    return text if not blocks and _INDENTED_DEF.search(text) and _parses(text) else None


def stated_tests(prompt: str) -> str:
    """The examples that a prompt states as asserts or as doctests, as statements; empty where it states none."""
    prompt = prompt[:_LONGEST]
    found: dict[str, None] = {}
    for _, block in _FENCE.findall(prompt):
        found |= dict.fromkeys(_asserts(textwrap.dedent(block)))
    if not found:
        for line in _ASSERT.findall(prompt):
            found |= dict.fromkeys(_asserts(line))
    found |= dict.fromkeys(_examples(prompt))
    return "\n".join(list(found)[:_MOST_TESTS])


def _parses(code: str) -> bool:
    try:
        return bool(ast.parse(code).body)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False


def _asserts(block: str) -> list[str]:
    """The asserts of a block at its outermost level, or within functions named test_…, which are called."""
    try:
        body = ast.parse(block).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    return [ast.unparse(node) for node in body if isinstance(node, ast.Assert)]


def _examples(prompt: str) -> list[str]:
    """The doctests of a prompt as statements: `>>> f(2)` with `4` below it is `assert f(2) == 4`."""
    # A prompt in a block of code ends an example's output by its fence or by the docstring's end.
    text = re.sub(r"^[ \t]*(?:```.*|'''|\"\"\")[ \t]*$", "", prompt, flags=re.MULTILINE)
    try:
        found = doctest.DocTestParser().get_examples(text)
    except ValueError:
        return []
    statements: list[str] = []
    stated = 0
    for example in found:
        source, want = example.source.strip(), example.want.strip()
        statement = _statement(source, want) if want else source
        if statement is None or not _parses(statement):
            continue
        stated += bool(want)
        statements.append(statement)
    # Without anything to compare with, they are examples of how to call it.
    return statements if stated else []


def _statement(source: str, want: str) -> str | None:
    if example_error := re.search(r"^Traceback[^\n]*\n(?:.*\n)?\s*([A-Za-z_.]+)(?::|$)", want + "\n", re.DOTALL):
        body = textwrap.indent(source, "    ")
        return f"try:\n{body}\nexcept {example_error[1]}:\n    pass\nelse:\n    raise AssertionError('no {example_error[1]}')"
    try:
        node = ast.parse(source, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print" and not node.keywords:
        shown = ", ".join(ast.unparse(one) for one in node.args)
        return f"assert ' '.join(str(one) for one in [{shown}]) == {want!r}"
    try:
        ast.literal_eval(want)
    except (SyntaxError, ValueError, RecursionError, MemoryError, TypeError):
        return f"assert repr({source}) == {want!r}"
    return f"assert ({source}) == ({want})"
