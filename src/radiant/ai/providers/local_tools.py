"""Tools for small local models, whose calls llama.cpp does not recognise: they write JSON into their text.

A forced call is bound by a grammar, so it always comes out well formed. Where the model may choose, an answer that
begins like a call is held back until its end, and becomes a call if it is one; any other text streams as it comes.
"""

import re
import secrets
from collections.abc import Collection, Iterator, Sequence
from typing import Any, cast

import msgspec

from radiant.ai.providers.chat import (
    ChatRequest,
    Done,
    Event,
    JsonSchema,
    Message,
    NamedTool,
    TextDelta,
    Tool,
    ToolCallDelta,
)
from radiant.ai.providers.errors import UpstreamBadRequest

_BEGINNINGS = ("{", "[", "```", "<tool_call>")
_TAGGED = re.compile(r"<tool_call>(.*?)(?:</tool_call>|$)", re.DOTALL)
_FENCED = re.compile(r"```(?:json)?\s*\n(.*?)(?:```|$)", re.DOTALL)


def prepare(request: ChatRequest) -> tuple[ChatRequest, "ToolReader | None"]:
    """The request as the local server understands it, and what reads its answer; None: nothing to read. Raises
    UpstreamBadRequest."""
    if not request.tools:
        return request, None
    if request.tool_choice == "none":
        return msgspec.structs.replace(request, tools=(), tool_choice="auto"), None
    if request.logprobs is not None:
        raise UpstreamBadRequest(
            "embedded models give no logprobs of an answer that may call tools: leave out one of the two",
            provider="local",
        )
    names = {tool.name for tool in request.tools}
    if request.tool_choice == "auto":
        return request, ToolReader(names, forced=False)
    tools = request.tools
    if isinstance(request.tool_choice, NamedTool):
        wanted = request.tool_choice.name
        tools = [tool for tool in tools if tool.name == wanted] or tools
    bound = msgspec.structs.replace(
        request,
        messages=[Message.of("system", _rules(tools)), *request.messages],
        tools=(),
        tool_choice="auto",
        response_format=JsonSchema("tool_call", {"anyOf": [_call_schema(tool) for tool in tools]}),
    )
    return bound, ToolReader(names, forced=True)


def _rules(tools: Sequence[Tool]) -> str:
    listed = "\n".join(msgspec.json.encode(tool).decode() for tool in tools)
    return f'Call one of these functions. Answer with {{"name": …, "arguments": {{…}}}} alone.\n{listed}'


def _call_schema(tool: Tool) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {"name": {"const": tool.name}, "arguments": tool.parameters},
        "required": ["name", "arguments"],
        "additionalProperties": False,
    }


class ToolReader:
    """Events of the server -> events with its calls made out."""

    def __init__(self, names: Collection[str], *, forced: bool) -> None:
        self._names = names
        self._forced = forced
        self._held: str | None = ""
        """Text that may yet turn out to be a call; None once it is known to be none."""

    def feed(self, event: Event) -> Iterator[Event]:
        """What to pass on for this event."""
        if self._held is None or not isinstance(event, TextDelta | Done):
            yield event
            return
        if isinstance(event, TextDelta):
            self._held += event.text
            if not self._forced and not _may_be_call(self._held.lstrip()):
                yield TextDelta(self._held)
                self._held = None
            return
        calls = read_calls(self._held, self._names) if event.stop_reason != "length" else []
        for index, (name, arguments) in enumerate(calls):
            yield ToolCallDelta(index, f"call_{secrets.token_hex(8)}", name, arguments)
        if not calls and self._held:
            yield TextDelta(self._held)
        yield Done("tool_calls") if calls else event


def _may_be_call(text: str) -> bool:
    return not text or any(text.startswith(start) or start.startswith(text) for start in _BEGINNINGS)


def read_calls(text: str, names: Collection[str]) -> list[tuple[str, str]]:
    """Name and arguments (JSON) of each call that `text` consists of; none if it is anything else."""
    pieces = _TAGGED.findall(text) or _FENCED.findall(text) or [text]
    calls: list[tuple[str, str]] = []
    for piece in pieces:
        try:
            found: Any = msgspec.json.decode(piece.strip())
        except msgspec.DecodeError:
            return []
        for item in cast("list[Any]", found) if isinstance(found, list) else [found]:
            call = cast("dict[str, Any]", item) if isinstance(item, dict) else {}
            name, arguments = call.get("name"), call.get("arguments", call.get("parameters"))
            if name not in names or not isinstance(arguments, dict):
                return []
            calls.append((str(name), msgspec.json.encode(arguments).decode()))
    return calls
