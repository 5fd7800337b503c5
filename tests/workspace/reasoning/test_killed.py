"""A process that dies at any event of a session: the next one goes on, asks nothing twice that was answered, and comes to the same."""

import asyncio
import json
import socket
from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from radiant.foundation.identity.callers import ALL_SCOPES, Caller, Role
from radiant.workspace.reasoning import store
from radiant.workspace.reasoning.schemas import NewSession
from radiant.workspace.reasoning.service import Thinking
from tests.kit.fixtures import Callers
from tests.kit.server import Server
from tests.kit.upstream import Upstream
from tests.workspace.reasoning.conftest import Added, Scripted
from tests.workspace.reasoning.kit import (
    MODEL,
    answer,
    asked,
    derived,
    form_of,
    plan,
    read,
    script,
    solution,
    tool_results,
    use,
)

PARK = "A park has 3 rows of 4 oaks. Plant an elm. How many trees are there then?"
# Of a process of this machine that is gone.
DEAD = f"{socket.gethostname()}/{2**22 - 3}/1"


APPEND, TAKE_UP = store.append, Thinking.take_up_abandoned


def _answers(given: dict[str, Any], body: Any) -> Any:
    if "Plant" in given["question"]:
        return answer("1", "It stands.") if tool_results(body) else use("plant", kind="elm")
    return answer("12", "3 * 4 = 12") if "oaks" in given["question"] else answer("13", "12 + 1 = 13")


def _derives(given: dict[str, Any], body: Any) -> Any:
    question = given["question"]
    return derived("1" if "Plant" in question else "12" if "oaks" in question else "13")


SCRIPT: Mapping[str, Any] = {
    "draft": plan(
        ("a", "How many oaks are in 3 rows of 4?"),
        ("b", "Plant an elm. How many were planted?", [], "easy", ["plant"]),
        ("c", "How many trees are there?", ["a", "b"]),
    ),
    "answer": _answers,
    "derived": _derives,
    "solution": solution("13"),
}


def _caller(callers: Callers) -> Caller:
    return Caller(
        tenant_id=callers.tenant.id, user_id=callers.member_id, role=Role.MEMBER, is_operator=False, kind="user",
        scopes=ALL_SCOPES,
    )  # fmt: skip


def _thinking(server: Server, owner: str, after_write: Any = lambda _: None) -> Thinking:
    state = server.app.state
    return Thinking(
        state.database, state.changes, state.inference, state.toolbox, None, state.meter.flush, owner, after_write
    )  # fmt: skip


def _outcome(session: Mapping[str, Any]) -> Any:
    nodes = [(node["id"], node["state"], node["answer"], node["confidence"]) for node in session["nodes"]]
    steps = Counter((step["step_type"], step["node_id"], step["verdict"], step["result"]) for step in session["steps"])
    return session["status"], session["answer"], session["solution_found"], session["confidence"], nodes, steps


@pytest.fixture(autouse=True)
def _left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server of the tests takes up nothing by itself."""

    async def nothing(_: Thinking) -> int:
        return 0

    monkeypatch.setattr(Thinking, "take_up_abandoned", nothing)


async def _allow(server: Server, callers: Callers, session: Mapping[str, Any]) -> None:
    """The person allows what is asked, and the process that heard it dies at once."""
    async with server.app.state.database.tenant(callers.tenant.id, callers.member_id).tx() as tx:
        for one in session["asks"]:
            said = {"kind": "tool", "call_id": one["call_id"], "allow": True}
            await APPEND(tx, session["id"], None, "steered", None, said)
        await store.go_on(tx, session["id"], DEAD, timedelta(0))


async def _finish(server: Server, callers: Callers, session_id: str, dying: dict[str, Any], after: Any) -> None:
    """Processes take it up one after another, until it has ended; the one that is to die does."""
    for life in range(20):
        session = await read(callers.member, session_id)
        if session["status"] == "waiting":
            await _allow(server, callers, session)
        elif session["status"] != "running":
            return
        mortal = not dying["dead"]
        if mortal:
            thinking = _thinking(server, DEAD, after)
        else:
            thinking = _thinking(server, f"{socket.gethostname()}/later/{life}")
        await TAKE_UP(thinking)
        await _rest(callers, session_id, lambda: mortal and dying["dead"])  # noqa: B023
        await _end(thinking, killed=dying["dead"] and mortal)
    raise AssertionError(session)


async def _end(thinking: Thinking, *, killed: bool) -> None:
    with pytest.MonkeyPatch.context() as patch:
        if killed:
            # It is gone: nothing of it tidies up.
            patch.setattr(store, "renew", _no)
        await asyncio.sleep(0.05)
        await thinking.__aexit__()


async def _rest(callers: Callers, session_id: str, over: Any = lambda: False) -> None:
    for _ in range(600):
        if over() or (await read(callers.member, session_id))["status"] != "running":
            return
        await asyncio.sleep(0.01)


async def test_a_death_at_each_event_in_turn_leads_to_the_same_end(
    callers: Callers, upstream: Upstream, server: Server, tools: Added, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant = Scripted("plant", "It stands.", side_effects=True)
    tools.append(plant)
    script(upstream, SCRIPT)
    buried = asyncio.Event()
    dying = {"at": 0, "written": 0, "dead": False}

    async def writes(tx: Any, session_id: Any, owner: str | None, *rest: Any) -> int | None:
        if dying["dead"] and owner == DEAD:
            # It writes nothing more.
            await buried.wait()
            raise ConnectionError("the process is gone")
        return await APPEND(tx, session_id, owner, *rest)

    monkeypatch.setattr(store, "append", writes)

    def after(_: str) -> None:
        dying["written"] += 1
        if dying["written"] == dying["at"]:
            dying["dead"] = True

    try:
        wanted: Any = None
        for at in range(60):
            dying.update(at=at, written=0, dead=False)
            plant.calls.clear()
            upstream.requests.clear()
            first = _thinking(server, DEAD, after)
            made = await first.begin(_caller(callers), NewSession(problem=PARK, model=MODEL), None)
            session_id = str(made.id)
            await _rest(callers, session_id, lambda: dying["dead"])
            await _end(first, killed=dying["dead"])
            await _finish(server, callers, session_id, dying, after)
            session = await read(callers.member, session_id)
            outcome = _outcome(session)
            wanted = wanted or outcome
            if outcome != wanted:
                print(at, outcome, wanted, flush=True)
                raise AssertionError(at)

            assert len({call_id for call_id, _ in plant.calls}) == 1
            questions = Counter(
                (form_of(r.body), json.dumps(asked(r.body)), len(r.body["messages"])) for r in upstream.requests
            )
            # Asked twice is at most what was under way in the moment of death.
            assert sum(count - 1 for count in questions.values()) <= 2, (at, questions)
            ledger = (await callers.owner.get("/api/usage/calls?limit=200")).json()["items"]
            ours = [call for call in ledger if call["run_id"] == session_id]
            assert sum(call["input_tokens"] + call["output_tokens"] for call in ours) == session["total_tokens"]
            assert len(ours) == len(upstream.requests)
            if at and not dying["dead"]:
                break
        else:
            raise AssertionError("it never came to its end without a death")
        assert at > 30
    finally:
        buried.set()


async def _no(*_: Any) -> bool:
    return True
