"""Python as a tool, in its two sandboxes: Monty for what needs no library, CPython in a jail for what does."""

from collections.abc import Mapping
from typing import Any

from radiant.workspace.tools.base import ToolFailed, ToolResult, ToolType, Use
from radiant.workspace.tools.compute.arguments import known_only, text_of, whole_of
from radiant.workspace.tools.compute.jail import Jail
from radiant.workspace.tools.compute.output import bounded
from radiant.workspace.tools.compute.programs import SECONDS, Programs

LONGEST = 20_000


def _parameters(example: str) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {
            "code": {
                "type": "string", "minLength": 1, "maxLength": LONGEST,
                "description": f"The program, whole: nothing is kept between calls. For example {example}",
            },
            "seconds": {
                "type": "integer", "minimum": 1, "maximum": int(SECONDS),
                "description": "After how many seconds it is stopped; 10 if not given.",
            },
        },
        "required": ["code"],
        "additionalProperties": False,
    }  # fmt: skip


def _order(given: Mapping[str, Any], use: Use) -> tuple[str, float]:
    known_only(given, ("code", "seconds"))
    seconds = whole_of(given, "seconds", 1, int(SECONDS), int(SECONDS))
    return text_of(given, "code", LONGEST), min(seconds, use.seconds)


def _result(output: str, value: str | None, error: str | None) -> ToolResult:
    """Raises ToolFailed with the error, and with what was printed before it."""
    if error is not None:
        raise ToolFailed(bounded(error + (f"\n\nprinted before:\n{output}" if output else "")))
    parts = [output.rstrip("\n")] if output else []
    if value is not None:
        parts.append(f"value: {value}" if output else value)
    text = "\n".join(parts) or "(it ran, and printed nothing)"
    return ToolResult(bounded(text), {"output": output, "value": value})


class Python:
    """Small programs, as a tool."""

    name = "python"
    type: ToolType = "compute"
    description = (
        "Runs a small Python program in a sandbox and gives back what it printed and the value of its last line. The language "
        "with classes, and of the standard library math, json, re, datetime, collections, itertools, functools, random and "
        "dataclasses; no other imports, no files, no network, no input. At most 20,000 characters, 10 seconds, 256 MB; output "
        "is cut at 20,000 characters. Example: sum(n for n in range(1000) if n % 3 == 0)"
    )
    parameters: Mapping[str, Any] = _parameters("print(sorted([3, 1, 2]))")
    side_effects = False

    def __init__(self, programs: Programs) -> None:
        self._programs = programs

    async def call(self, arguments: Mapping[str, Any], use: Use) -> ToolResult:
        """Raises BadArguments; ToolFailed with the traceback of a program that failed."""
        code, seconds = _order(arguments, use)
        done = await self._programs.run(code, seconds=seconds)
        return _result(done.output, done.value, done.error)


class PythonLibraries:
    """Programs that need numpy and such, as a tool; not offered where the host has no jail."""

    name = "python_libraries"
    type: ToolType = "compute"
    parameters: Mapping[str, Any] = _parameters("import numpy as np; np.linalg.solve([[2, 1], [1, 3]], [1, 2])")
    side_effects = False

    def __init__(self, jail: Jail) -> None:
        self._jail = jail

    @property
    def description(self) -> str:
        """What a model reads; the packages by name once they have been looked for."""
        packages = ", ".join(self._jail.packages) or "numpy, sympy, mpmath and, where installed, scipy and pandas"
        return (
            f"Runs a Python program with the whole standard library and {packages} in a closed sandbox, and gives back what it "
            "printed and the value of its last line. No network, no processes or threads, no files but in /tmp, no input; "
            "where the host does not allow such a sandbox, it says so. At most 20,000 characters, 10 seconds, 1 GB; output "
            "is cut at 20,000 characters. For plain Python use python, which is faster. Example: import numpy as np; "
            "np.polyfit([0, 1, 2], [1, 3, 5], 1)"
        )

    async def call(self, arguments: Mapping[str, Any], use: Use) -> ToolResult:
        """Raises BadArguments; ToolFailed with the traceback of a program that failed, or where the host has no sandbox."""
        code, seconds = _order(arguments, use)
        ran = await self._jail.run(code, seconds=seconds)
        return _result(ran.output, ran.value, ran.error)
