"""Sessions of Think Tank through HTTP, with models whose words are scripted by what they are asked for."""

import asyncio
import json
from collections.abc import Callable, Mapping
from types import FunctionType
from typing import Any

from tests.kit.server import Client
from tests.kit.upstream import Behaviour, Call, Say, Upstream
from tests.workspace.turns.test_turns import sse

MODEL, OTHER = "gpt-4o", "gpt-4.1"
Words = dict[str, Any] | str | Behaviour | None
Script = Words | Callable[[dict[str, Any], Any], Words]


def form_of(body: Any) -> str:
    """What is wanted: draft, answer, derived, solution, proposed, values."""
    wanted = body.get("response_format", {}).get("json_schema", {}).get("name")
    if wanted is None and body.get("tools"):
        return "answer"
    return wanted or "words"


def asked(body: Any) -> dict[str, Any]:
    """The JSON that the model was given to work on."""
    user = next(message["content"] for message in body["messages"] if message["role"] == "user")
    text = user if isinstance(user, str) else "".join(part.get("text", "") for part in user)
    return json.JSONDecoder().raw_decode(text)[0]


def script(upstream: Upstream, by_form: Mapping[str, Script]) -> None:
    """Replies by form; a function is given what was asked, and the whole body."""

    def answering(body: Any) -> Behaviour | None:
        said = by_form.get(form_of(body))
        if isinstance(said, FunctionType):
            said = said(asked(body), body)
        if isinstance(said, dict):
            said = json.dumps(said)
        return Say(said) if isinstance(said, str) else said

    upstream.answering = answering


def plan(*nodes: tuple[Any, ...], complexity: str = "medium") -> dict[str, Any]:
    """(id, question, depends_on?, difficulty?, tools?) of each."""
    drafts = [
        {
            "id": id_, "question": question, "depends_on": list(rest[0]) if rest else [],
            "difficulty": rest[1] if len(rest) > 1 else "easy", "tools": list(rest[2]) if len(rest) > 2 else [],
        }
        for id_, question, *rest in nodes
    ]  # fmt: skip
    return {"nodes": drafts, "complexity": complexity}


def answer(text: str, reasoning: str = "", **more: Any) -> dict[str, Any]:
    base = {"computations": [], "citations": [], "self_confidence": 0.9, "changes_plan": ""}
    return {"reasoning": reasoning or f"It is {text}.", "answer": text, **base, **more}


def derived(text: str) -> dict[str, Any]:
    return {"reasoning": f"By myself: {text}.", "answer": text}


def solution(text: str, words: str = "") -> dict[str, Any]:
    return {"solution": words or f"All in all: {text}.", "answer": text, "self_confidence": 0.9}


def use(name: str, **arguments: Any) -> Say:
    """The model asks for a tool."""
    return Say("", calls=[Call(name, json.dumps(arguments))], stop="tool_calls")


def tool_results(body: Any) -> list[str]:
    return [message["content"] for message in body["messages"] if message["role"] == "tool"]


async def begin(client: Client, problem: str, **options: Any) -> str:
    headers = {"Idempotency-Key": options.pop("key")} if "key" in options else {}
    body = {"problem": problem, "model": MODEL, **options}
    made = await client.post("/api/reasoning/sessions", body, headers=headers)
    assert made.status == 201, made.body
    return made.json()["id"]


async def followed(client: Client, session_id: str, after: int = 0) -> list[tuple[int, str, Any]]:
    """The events until the session ends."""
    return await sse(client, f"/api/reasoning/sessions/{session_id}/events?after={after}")


async def read(client: Client, session_id: str) -> dict[str, Any]:
    found = await client.get(f"/api/reasoning/sessions/{session_id}")
    assert found.status == 200, found.body
    return found.json()


async def solved(client: Client, problem: str, **options: Any) -> tuple[dict[str, Any], list[tuple[int, str, Any]]]:
    """The session when it has ended, and its events."""
    session_id = await begin(client, problem, **options)
    found = await followed(client, session_id)
    return await read(client, session_id), found


async def steer(client: Client, session_id: str, **said: Any) -> dict[str, Any]:
    answered = await client.post(f"/api/reasoning/sessions/{session_id}/steer", said)
    assert answered.status == 200, answered.body
    return answered.json()


async def until(client: Client, session_id: str, status: str) -> dict[str, Any]:
    """The session once it is in that state."""
    session: dict[str, Any] = {}
    for _ in range(200):
        session = await read(client, session_id)
        if session["status"] == status:
            return session
        await asyncio.sleep(0.05)
    raise AssertionError(f"{session['status']}, not {status}: {session['error']}")
