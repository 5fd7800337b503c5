"""Tools that compute: exact arithmetic, symbolic maths, units, and Python in sandboxes."""

import asyncio
import os
from collections.abc import Sequence

from radiant.workspace.tools.base import Tool
from radiant.workspace.tools.compute.calculator import Calculator
from radiant.workspace.tools.compute.code_check import CodeCheck
from radiant.workspace.tools.compute.jail import Jail
from radiant.workspace.tools.compute.mathematics import Mathematics
from radiant.workspace.tools.compute.programs import Programs
from radiant.workspace.tools.compute.python import Python, PythonLibraries
from radiant.workspace.tools.compute.symbolic import Symbolic
from radiant.workspace.tools.compute.units import Units


class Compute:
    """Made once by a root, in the loop that it serves; nothing is read or started before it is needed. As many children
    compute at once as this host has processors, two at least."""

    def __init__(self) -> None:
        most = max(2, os.cpu_count() or 1)
        slots = asyncio.Semaphore(most)
        self._mathematics = Mathematics(slots)
        self._programs = Programs(most)
        self._jail = Jail(slots)
        self.units = Units(self._mathematics)
        self.code_check = CodeCheck(self._programs, self._jail)
        self._tools: tuple[Tool, ...] = (
            Calculator(), Symbolic(self._mathematics), self.units, Python(self._programs),
        )  # fmt: skip
        self._with_libraries = PythonLibraries(self._jail)

    def tools(self) -> Sequence[Tool]:
        """All there are. `python_libraries` is left out once it is known that this host has no jail for it."""
        return self._tools if self._jail.known_not_to_work else (*self._tools, self._with_libraries)

    async def close(self) -> None:
        """End the processes that are kept ready."""
        await asyncio.gather(self._mathematics.close(), self._programs.close(), self._jail.close())
