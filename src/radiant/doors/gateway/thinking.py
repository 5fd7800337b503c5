"""`model: "think-tank"`: a session of Think Tank as a model, for any client; `think-tank:NAME` has the model of that name take
every step. Its steps are the answer's reasoning, its solution the text.

The session is the caller's own, and stands on their page. Tools that have effects are left out, since nobody is there to be
asked; sampling parameters have no meaning here and are passed over; what would change the kind of answer is refused.
"""

import contextlib
import itertools
from collections.abc import AsyncGenerator, Sequence
from typing import Any
from uuid import UUID

from radiant.ai.inference.chosen import Answer, UnsupportedByModel
from radiant.ai.inference.metered import Receipt
from radiant.ai.providers.chat import ChatRequest, Done, Event, Message, ReasoningDelta, TextDelta, TextPart, Usage
from radiant.doors.gateway.lanes import Engine
from radiant.foundation.identity.callers import Caller
from radiant.kit.errors import Problem
from radiant.kit.ids import DecisionId
from radiant.workspace.reasoning import events
from radiant.workspace.reasoning.schemas import MAX_PROBLEM, NewSession, Session

THINK_TANK = "think-tank"
_PROVIDER = "radiant"


class NotSolved(Problem):
    """The session ended without a solution."""

    status, slug = 502, "not-solved"


def is_think_tank(model: str) -> bool:
    """Whether that names it."""
    return model == THINK_TANK or model.startswith(THINK_TANK + ":")


async def think(engine: Engine, caller: Caller, model: str, request: ChatRequest, beyond: Sequence[str]) -> Answer:
    """Begin a session for what the conversation asks. `beyond`: fields of the request that only some providers know. Raises
    UnsupportedByModel, and what beginning a session does."""
    _refuse(model, request, beyond)
    tools = await engine.thinking.tools_without_effects(caller)
    pinned = model.partition(":")[2] or None
    made = await engine.thinking.begin(
        caller, NewSession(problem=_problem(request.messages), model=pinned, tools=tools), None
    )
    receipt = Receipt()
    return Answer(
        model, _PROVIDER, DecisionId(made.id), THINK_TANK, _told(engine, caller, made.id, receipt), receipt,
        {"x-radiant-think-tank-session": str(made.id)},
    )  # fmt: skip


def _refuse(model: str, request: ChatRequest, beyond: Sequence[str]) -> None:
    lacking = {
        "tools": bool(request.tools), "response_format": request.response_format is not None, "stop": bool(request.stop),
        "logprobs": request.logprobs is not None, **dict.fromkeys(beyond, True),
    }  # fmt: skip
    if names := [name for name, asked in lacking.items() if asked]:
        raise UnsupportedByModel(f"{model} has no {', '.join(names)}; leave that out, or name another model")
    for message in request.messages:
        if any(not isinstance(part, TextPart) for part in message.parts):
            raise UnsupportedByModel(f"{model} reads text alone; leave pictures, documents and calls of tools out")


def _problem(messages: Sequence[Message]) -> str:
    """The conversation as one problem: the last question, after what was said before it."""
    said = [message for message in messages if message.text.strip()]
    if not said:
        raise UnsupportedByModel("messages: say what the problem is")
    if len(said) == 1:
        return said[0].text[:MAX_PROBLEM]
    before = "\n\n".join(f"{message.role}: {message.text}" for message in said[:-1])
    last = said[-1].text[:MAX_PROBLEM]
    room = MAX_PROBLEM - len(last) - 100
    return f"{last}\n\nSaid before:\n\n{before[-room:]}" if room > 0 else last


async def _told(engine: Engine, caller: Caller, session_id: UUID, receipt: Receipt) -> AsyncGenerator[Event]:
    """The session's steps as reasoning, then its solution; a client that goes away ends it."""
    db = caller.db(engine.database)
    ended = False
    try:
        async with contextlib.aclosing(events.follow(db, engine.thinking.changes, session_id, 0)) as following:
            async for _, kind, data in following:
                if words := _words(kind, data):
                    yield ReasoningDelta(words + "\n")
        ended = True
        session = await engine.thinking.get(caller, session_id)
        usage = _usage(session)
        receipt.usage, receipt.cost = usage, session.total_cost
        yield usage
        if session.solution is None:
            why = session.error.detail if session.error is not None else f"it is {session.status}"
            raise NotSolved(f"no solution was found: {why}; see session {session_id}")
        yield TextDelta(_solution(session))
        yield Done("end")
    finally:
        if not ended:
            await engine.thinking.cancel(caller, session_id)


def _words(kind: str, data: dict[str, Any]) -> str:
    match kind:
        case "planned":
            lines = (f"{node['id']}: {node['question']}" for node in itertools.islice(data["nodes"], 40))
            return "Plan\n" + "\n".join(lines)
        case "tool_begun":
            return f"{data['node_id']}: {data['tool']}"
        case "node_ended":
            result = data["result"]
            by = f", {result['basis']}" if result.get("basis") else ""
            return f"{data['node_id']}: {result['answer'] or result['error']} ({result['state']}{by})"
        case _:
            return ""


def _solution(session: Session) -> str:
    """With what it rests on, where it is not to be relied on."""
    if session.solution_found or session.solution is None:
        return session.solution or ""
    why = session.error.detail if session.error is not None else session.basis
    return f"{session.solution}\n\n(Not verified: {why}.)"


def _usage(session: Session) -> Usage:
    inside = sum(step.input_tokens for step in session.steps)
    out = sum(step.output_tokens for step in session.steps)
    # What the ledger has besides: calls that were cut off.
    return Usage(input_tokens=max(inside, session.total_tokens - out), output_tokens=out)
