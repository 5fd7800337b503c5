"""Tools for sessions of tests."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from radiant.workspace.tools.base import ToolResult, ToolType, Use
from tests.kit.server import Server


@dataclass(slots=True)
class Scripted:
    """A tool that says what it is told to, and notes what it was called with."""

    name: str
    says: Any = "done"
    side_effects: bool = False
    type: ToolType = "webhook"
    description: str = "For a test."
    parameters: Mapping[str, Any] = field(default_factory=lambda: {"type": "object"})
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    async def call(self, arguments: Mapping[str, Any], use: Use) -> ToolResult:
        self.calls.append((str(use.call_id), dict(arguments)))
        if isinstance(self.says, Exception):
            raise self.says
        if isinstance(self.says, float):
            await asyncio.sleep(self.says)
            return ToolResult("late")
        return self.says if isinstance(self.says, ToolResult) else ToolResult(self.says)


class Added:
    """Built-in tools for as long as a test lasts."""

    def __init__(self, fixed: dict[str, Any]) -> None:
        self._fixed = fixed
        self._names: list[str] = []

    def append(self, tool: Any) -> None:
        self._fixed[tool.name] = tool
        self._names.append(tool.name)

    def clear(self) -> None:
        for name in self._names:
            self._fixed.pop(name, None)


@pytest.fixture
async def tools(server: Server) -> AsyncIterator[Added]:
    added = Added(server.app.state.toolbox._fixed)
    yield added
    added.clear()
