"""Calls of models that a session makes: within its budget, written to its log once, in a form of JSON where one is wanted."""

import asyncio
import contextlib
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Generic, TypeVar

import msgspec

from radiant.ai.inference.chosen import UnsupportedByModel
from radiant.ai.inference.metered import Labels
from radiant.ai.inference.models import Target
from radiant.ai.inference.service import Inference
from radiant.ai.providers.chat import (
    ChatRequest,
    Fold,
    JsonSchema,
    Message,
    NamedTool,
    ReasoningPart,
    TextPart,
    Tool,
    ToolCallPart,
)
from radiant.ai.providers.errors import UpstreamError
from radiant.ai.routing.needs import level_of
from radiant.ai.routing.problems import NoModelFits
from radiant.foundation.identity.callers import Caller
from radiant.kit.errors import Problem
from radiant.kit.ids import RunId
from radiant.kit.money import ZERO, plain
from radiant.workspace.merging.replies import read_reply
from radiant.workspace.reasoning.journal import Journal
from radiant.workspace.reasoning.purse import OutOfBudget, Purse

Form = TypeVar("Form", bound=msgspec.Struct)

_MOST_CHARACTERS = 100_000
_MOST_TOKENS = 4096
_CALL_SECONDS = 300.0
_TRIES = 3
_PAUSE_SECONDS = 0.5
ANSWER_TOOL = "give_answer"
_NOT_THE_FORM = "That was not in the form that was asked for. Reply again: nothing but the JSON object of the schema."


class NoAnswer(Problem):
    """The model was not done in time, or ended without a word."""

    status, slug = 504, "no-answer-in-time"


class UnreadableReply(Problem):
    """The model's reply is not in the form, nor was it when asked again; `text`: what it said."""

    status, slug = 502, "unreadable-reply"

    def __init__(self, detail: str, text: str) -> None:
        super().__init__(detail)
        self.text = text


class Wanted(msgspec.Struct):
    """A call of a tool that the model asks for; `arguments`: JSON, as it wrote it."""

    id: str
    name: str
    arguments: str


class Said(msgspec.Struct):
    """What a call gave. `error`: the members of the problem that it ended in."""

    model: str
    text: str = ""
    reasoning: str = ""
    calls: list[Wanted] = []
    input_tokens: int = 0
    output_tokens: int = 0
    cost: str = "0"
    duration_ms: int = 0
    error: dict[str, Any] | None = None

    @property
    def message(self) -> Message:
        """As the assistant's message."""
        parts: list[TextPart | ToolCallPart] = [TextPart(self.text)] if self.text or not self.calls else []
        parts += [ToolCallPart(call.id, call.name, call.arguments) for call in self.calls]
        return Message("assistant", parts)


@dataclass(slots=True)
class Bill:
    """What the calls of one step came to."""

    model: str | None = None
    input_tokens: int = 0
    output_tokens: int = 0
    cost: Decimal = ZERO
    duration_ms: int = 0

    def add(self, said: Said) -> None:
        """One more."""
        self.model = said.model or self.model
        self.input_tokens += said.input_tokens
        self.output_tokens += said.output_tokens
        self.cost += Decimal(said.cost)
        self.duration_ms += said.duration_ms

    def take(self, other: "Bill") -> None:
        """Those of another bill too."""
        self.model = other.model or self.model
        self.input_tokens += other.input_tokens
        self.output_tokens += other.output_tokens
        self.cost += other.cost
        self.duration_ms += other.duration_ms

    def columns(self) -> dict[str, Any]:
        """As a step keeps it."""
        return {
            "model_used": self.model, "input_tokens": self.input_tokens, "output_tokens": self.output_tokens,
            "cost": plain(self.cost), "duration_ms": self.duration_ms,
        }  # fmt: skip


@dataclass(slots=True)
class Reply(Generic[Form]):
    """A reply in its form, and what it came to."""

    value: Form
    said: Said
    bill: Bill = field(default_factory=Bill)


class Asker:
    """Of one session while it is worked on."""

    def __init__(self, inference: Inference, caller: Caller, journal: Journal, purse: Purse) -> None:
        self._inference = inference
        self._caller = caller
        self._journal = journal
        self._purse = purse
        self._run = RunId(journal.session_id)
        # By model's name: how it takes a form, once it was found out.
        self._ways: dict[str, str] = {}

    async def _target(self, model: str) -> Target:
        return await self._inference.target(self._caller, model)

    async def takes_tools(self, model: str) -> bool:
        """Whether the model may be given tools: what routing chooses from may. Raises the problems of resolving."""
        return level_of(model) is not None or "tools" in (await self._target(model)).model.capabilities

    async def spread(self, model: str) -> float | None:
        """The temperature for answers that are to differ; None for models that may not be told how to sample."""
        if level_of(model) is None and "reasoning" in (await self._target(model)).model.capabilities:
            return None
        return 0.8

    async def ask(self, key: str, node: str | None, what: str, model: str, request: ChatRequest) -> Said:
        """A whole answer, written under the key. Raises OutOfBudget, Lost, NoAnswer, UnsupportedByModel, NoModelFits,
        and the problems of a call; those of before are raised again from the log, as SaidBefore."""
        if (before := self._journal.found("call_ended", key)) is not None:
            return _again(before)
        async with self._purse.call():
            told = {"key": key, "node_id": node, "what": what, "model": model}
            await self._journal.write("call_begun", None, told)
            said, problem = await self._tried(model, request)
            self._purse.spend(said.input_tokens + said.output_tokens, Decimal(said.cost))
            # One that the session's time cut off has no result, and is made anew once there is more.
            cut = isinstance(problem, NoAnswer) and self._purse.seconds_left <= 0
            await self._journal.write("call_ended", None if cut else key, told | msgspec.to_builtins(said))
            if cut:
                raise OutOfBudget("seconds")
        if problem is not None:
            raise problem
        return said

    async def _tried(self, model: str, request: ChatRequest) -> tuple[Said, Problem | None]:
        """What was said, and the problem that it ended in. What is only busy is asked again."""
        total = Said(model)
        for attempt in range(_TRIES):
            said, problem = await self._heard(model, request)
            said.input_tokens += total.input_tokens
            said.output_tokens += total.output_tokens
            said.cost = plain(Decimal(said.cost) + Decimal(total.cost))
            said.duration_ms += total.duration_ms
            total = said
            if not (isinstance(problem, UpstreamError) and problem.retryable) or said.text or attempt == _TRIES - 1:
                return said, problem
            pause = min(problem.retry_after or _PAUSE_SECONDS * 2**attempt, 20.0)
            if pause >= self._purse.seconds_left:
                return said, problem
            await asyncio.sleep(pause)
        raise AssertionError

    async def _heard(self, model: str, request: ChatRequest) -> tuple[Said, Problem | None]:
        said, spoken, answer = Said(model), Fold(), None
        problem: Problem | None = None
        began = time.perf_counter()
        try:
            async with asyncio.timeout(max(0.05, min(_CALL_SECONDS, self._purse.seconds_left))):
                answer = await self._inference.open(self._caller, model, request, Labels(run_id=self._run))
                said.model = answer.model
                async with contextlib.aclosing(answer.events) as events:
                    async for event in events:
                        spoken.add(event)
        except TimeoutError:
            problem = NoAnswer(f"{said.model} was not done in time; give more seconds, or choose another model")
        except Problem as error:
            problem = error
        parts = spoken.partial()
        said.text = _clean("".join(part.text for part in parts if isinstance(part, TextPart)))
        said.reasoning = _clean("".join(part.text for part in parts if isinstance(part, ReasoningPart)))
        said.calls = [
            Wanted(part.id, part.name, _clean(part.arguments)) for part in parts if isinstance(part, ToolCallPart)
        ]
        said.duration_ms = round((time.perf_counter() - began) * 1000)
        if answer is not None:
            usage = answer.receipt.usage
            said.input_tokens, said.output_tokens = usage.input_tokens, usage.output_tokens
            said.cost = plain(answer.receipt.cost)
        if problem is None and not (said.text.strip() or said.calls):
            problem = NoAnswer(f"{said.model} ended without a word")
        if problem is not None:
            said.error = problem.summary() | {"kind": type(problem).__name__}
        return said, problem

    async def structured(
        self, key: str, node: str | None, what: str, model: str, messages: Sequence[Message], form: type[Form],
        *, temperature: float | None = None,
    ) -> Reply[Form]:  # fmt: skip
        """A reply in that form, by the model's own mechanism: a JSON schema (a grammar, where it runs here), else the
        arguments of a tool, else words; asked once more where it is not. Raises UnreadableReply, and what `ask` does."""
        bill, text = Bill(), ""
        for attempt in range(2):
            said = await self._in_form(f"{key}/{attempt}", node, what, model, messages, form, temperature)
            bill.add(said)
            text = given(said)
            if (value := read_reply(text, form)) is not None:
                return Reply(value, said, bill)
            messages = [
                *messages, Message.of("assistant", text[:4000] or "(nothing)"), Message.of("user", _NOT_THE_FORM)
            ]  # fmt: skip
        raise UnreadableReply(f"{bill.model}'s reply had not the form of a {form.__name__.lower()}, twice", text)

    async def _in_form(
        self, key: str, node: str | None, what: str, model: str, messages: Sequence[Message], form: type[Form],
        temperature: float | None,
    ) -> Said:  # fmt: skip
        schema = schema_of(form)
        for way in ("schema", "tool", "words"):
            known = self._ways.get(model)
            if known is not None and known != way:
                continue
            request = ChatRequest(
                model="", messages=messages if way == "schema" else _told(messages, schema),
                max_tokens=_MOST_TOKENS, temperature=temperature,
                response_format=JsonSchema(form.__name__.lower(), schema) if way == "schema" else None,
                tools=[Tool(ANSWER_TOOL, "Give the answer.", schema)] if way == "tool" else (),
                tool_choice=NamedTool(ANSWER_TOOL) if way == "tool" else "auto",
            )  # fmt: skip
            try:
                said = await self.ask(f"{key}/{way}", node, what, model, request)
            except (UnsupportedByModel, NoModelFits):
                if way == "words":
                    raise
                continue
            self._ways[model] = way
            return said
        raise AssertionError


def given(said: Said) -> str:
    """The answer that was given: by the tool for it, else in words."""
    return next((call.arguments for call in said.calls if call.name == ANSWER_TOOL), said.text)


_PROBLEMS: Mapping[str, type[Problem]] = {"UnsupportedByModel": UnsupportedByModel, "NoModelFits": NoModelFits}


class SaidBefore(Problem):
    """What a call of before the session was resumed ended in."""

    status, slug = 502, "call-failed"

    def __init__(self, summary: Mapping[str, Any]) -> None:
        super().__init__(str(summary["detail"]))
        self.slug = str(summary["slug"])  # pyright: ignore[reportAttributeAccessIssue]
        self.title = str(summary["title"])  # pyright: ignore[reportAttributeAccessIssue]


def _again(data: Mapping[str, Any]) -> Said:
    said = msgspec.convert({name: data[name] for name in Said.__struct_fields__ if name in data}, Said)
    if said.error is not None:
        kind = _PROBLEMS.get(said.error.get("kind", ""))
        raise kind(said.error["detail"]) if kind is not None else SaidBefore(said.error)
    return said


def _clean(text: str) -> str:
    return text[:_MOST_CHARACTERS].encode("utf-8", "replace").decode().replace("\x00", "\ufffd")


def _told(messages: Sequence[Message], schema: dict[str, Any]) -> Sequence[Message]:
    first, *rest = messages
    words = f"{first.text}\n\nReply with nothing but a JSON object of this schema:\n{json.dumps(schema)}"
    return [Message.of(first.role, words), *rest]


def schema_of(form: type[msgspec.Struct]) -> dict[str, Any]:
    """The JSON schema of a form in the strict subset that providers take: every member required, no others."""
    _, components = msgspec.json.schema_components([form])
    return _strict(components[form.__name__], components)


def _strict(schema: Mapping[str, Any], components: Mapping[str, Any]) -> dict[str, Any]:
    if "$ref" in schema:
        return _strict(components[schema["$ref"].rpartition("/")[2]], components)
    found: dict[str, Any] = {name: value for name, value in schema.items() if name in ("type", "enum", "description")}
    if schema.get("type") == "object":
        found["properties"] = {name: _strict(one, components) for name, one in schema["properties"].items()}
        found["required"] = list(schema["properties"])
        found["additionalProperties"] = False
    elif schema.get("type") == "array":
        found["items"] = _strict(schema["items"], components)
    return found
