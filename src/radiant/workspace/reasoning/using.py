"""Calls of tools that a session makes: those that the plan allows and no others, each at most once where it has effects, and
those only after a person said so. What a tool answers is data.

A call that was under way when its process died is made again where that does no harm: it has no effects, or whoever is called
knows it by its id (`Idempotency-Key` of a webhook). Of any other a person is asked again.
"""

import asyncio
import json
import time
import uuid
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Protocol
from uuid import UUID

import msgspec

from radiant.ai.providers import chat
from radiant.foundation.identity.callers import Caller
from radiant.kit.errors import Problem
from radiant.kit.text import quoted
from radiant.workspace.reasoning.asking import Wanted
from radiant.workspace.reasoning.journal import Journal
from radiant.workspace.reasoning.purse import Parked, Purse
from radiant.workspace.reasoning.schemas import Options
from radiant.workspace.tools.base import Tool, ToolFailed, ToolResult, Use

_SECONDS = 60.0
_TO_MODEL = 8000
_AT_ONCE = 4


class Toolbox(Protocol):
    """The tools that there are, for whom they are."""

    async def offered(self, caller: Caller, names: Sequence[str] | None) -> list[Tool]:
        """Those that the caller may use; of `names` alone, all of which there must be. Raises Invalid."""
        ...

    async def call(self, tool: Tool, arguments: Mapping[str, Any], use: Use) -> ToolResult:
        """Call it. Raises ToolFailed."""
        ...


class Cited(msgspec.Struct):
    """As `base.Citation`."""

    source: str
    title: str = ""
    quote: str = ""


class Used(msgspec.Struct):
    """A call that ended. `error`: why it has no result; `result`: what the model is told."""

    call_id: UUID
    tool: str
    arguments: dict[str, Any]
    text: str = ""
    data: Any = None
    error: str | None = None
    citations: list[Cited] = []
    duration_ms: int = 0
    type: str = ""

    def told(self) -> str:
        """For the model: data, cut to size."""
        if self.error is not None:
            return quoted({"error": self.error})
        told: dict[str, Any] = {"result": self.text[:_TO_MODEL]}
        if self.citations:
            told["sources"] = [msgspec.to_builtins(one) for one in self.citations[:20]]
        return quoted(told)

    def kept(self) -> dict[str, Any]:
        """As a step keeps it."""
        found = msgspec.to_builtins(self)
        return {
            name: found[name] for name in ("call_id", "tool", "arguments", "text", "error", "citations", "duration_ms")
        }


class Using:
    """Of one session while it is worked on."""

    def __init__(
        self, toolbox: Toolbox, caller: Caller, journal: Journal, purse: Purse, options: Options, tools: Sequence[Tool]
    ) -> None:
        self._toolbox = toolbox
        self._caller = caller
        self._journal = journal
        self._purse = purse
        self._bases = tuple(options.documents)
        self._tools = {tool.name: tool for tool in tools}
        self._places = asyncio.Semaphore(_AT_ONCE)

    @property
    def names(self) -> Collection[str]:
        """Of all tools that the session may use."""
        return self._tools.keys()

    def described(self) -> list[dict[str, str]]:
        """For who plans: names and what they are for."""
        return [{"name": tool.name, "for": tool.description.partition("\n")[0][:200]} for tool in self._tools.values()]

    def offered(self, names: Collection[str]) -> list[chat.Tool]:
        """Those, as a model is told of them."""
        return [
            chat.Tool(tool.name, tool.description, dict(tool.parameters))
            for name, tool in self._tools.items()
            if name in names
        ]

    async def call(self, key: str, node: str, allowed: Collection[str], wanted: Wanted) -> Used:
        """Make a call that a model asks for; what goes wrong is its result. Raises Parked, Lost, OutOfBudget."""
        if (before := self._journal.found("tool_ended", key)) is not None:
            return msgspec.convert(before["used"], Used)
        call_id = uuid.uuid5(self._journal.session_id, key)
        tool = self._tools.get(wanted.name)
        arguments = _read(wanted.arguments)
        used = Used(call_id, wanted.name[:100], arguments or {})
        if tool is None or wanted.name not in allowed:
            used.error = f"the plan does not allow {wanted.name!r} here; use one of: {', '.join(allowed) or 'none'}"
        elif arguments is None:
            used.error = "the arguments are no JSON object"
        elif tool.side_effects and not await self._allowed(call_id, node, used, again=False):
            used.error = "the person refused this call"
        elif self._is_unsure(key, tool) and not await self._allowed(
            uuid.uuid5(call_id, "again"), node, used, again=True
        ):
            used.error = (
                "the server stopped while this call was under way: it may have taken effect, and was not made again"
            )
        else:
            used.type = tool.type
            await self._run(key, node, tool, used)
        await self._journal.write("tool_ended", key, {"node_id": node, "used": msgspec.to_builtins(used)})
        return used

    def _is_unsure(self, key: str, tool: Tool) -> bool:
        """Whether a call was under way when a process died, and may have taken effect: webhooks are told by the call's id."""
        return tool.side_effects and tool.type != "webhook" and self._journal.found("tool_begun", key) is not None

    async def _allowed(self, ask_id: UUID, node: str, used: Used, *, again: bool) -> bool:
        """What a person said of a call. Raises Parked where they have not yet."""
        for said in self._journal.steering:
            if said["kind"] == "tool" and said["call_id"] == str(ask_id):
                return said["allow"]
        asked = {
            "kind": "tool", "call_id": str(ask_id), "node_id": node, "tool": used.tool, "arguments": used.arguments,
            "again": again,
        }  # fmt: skip
        await self._journal.write("waiting", str(ask_id), asked)
        raise Parked

    async def _run(self, key: str, node: str, tool: Tool, used: Used) -> None:
        self._purse.check()
        begun = {"node_id": node, "call_id": str(used.call_id), "tool": tool.name, "arguments": used.arguments}
        await self._journal.write("tool_begun", key, begun)
        began = time.perf_counter()
        seconds = max(0.05, min(_SECONDS, self._purse.seconds_left))
        try:
            async with self._places, asyncio.timeout(seconds):
                use = Use(self._caller, used.call_id, seconds, self._bases)
                result = await self._toolbox.call(tool, used.arguments, use)
            used.text, used.data = result.text, result.data
            used.citations = [Cited(one.source, one.title, one.quote) for one in result.citations]
        except TimeoutError:
            used.error = f"{tool.name} was not done after {seconds:.0f} s"
        except (ToolFailed, Problem) as problem:
            used.error = problem.detail
        used.duration_ms = round((time.perf_counter() - began) * 1000)


def _read(text: str) -> dict[str, Any] | None:
    try:
        found = json.loads(text or "{}", strict=False)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None  # pyright: ignore[reportUnknownVariableType]
