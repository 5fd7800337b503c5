"""Sessions of panes, as a page drives them."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.kit.server import Answer, Client

MODEL = "gpt-4o"
BASE = "/api/concurrent-chat/sessions"


def words(text: str) -> list[dict[str, str]]:
    return [{"type": "text", "text": text}]


def problem_of(answer: Answer) -> str:
    """The slug of a problem, whose detail says something."""
    body = answer.json()
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    assert len(body["detail"]) > 10
    return body["type"].rpartition("/")[2]


async def session_of(client: Client, panes: Any = 2, **options: Any) -> dict[str, Any]:
    """A session whose panes ask MODEL."""
    if isinstance(panes, int):
        panes = [{"model": MODEL}] * panes
    answer = await client.post(BASE, {"panes": panes, **options})
    assert answer.status == 201, answer.body
    return answer.json()


async def read(client: Client, session: dict[str, Any]) -> dict[str, Any]:
    return (await client.get(f"{BASE}/{session['id']}")).json()


async def ask(client: Client, session: dict[str, Any], text: str, **options: Any) -> dict[str, Any]:
    answer = await client.post(f"{BASE}/{session['id']}/turns", {"content": words(text), **options})
    assert answer.status == 201, answer.body
    return answer.json()


async def mode(client: Client, session: dict[str, Any], name: str, **options: Any) -> dict[str, Any]:
    answer = await client.put(f"{BASE}/{session['id']}/sync", {"mode": name, **options})
    assert answer.status == 200, answer.body
    return answer.json()


async def at_rest(client: Client, session: dict[str, Any]) -> dict[str, Any]:
    """The session once nothing is being written."""
    for _ in range(500):
        found = await read(client, session)
        if all(pane["status"] in ("idle", "failed") for pane in found["panes"]):
            return found
        await asyncio.sleep(0.02)
    raise AssertionError("it never came to rest")


async def chat(client: Client, chat_id: str) -> dict[str, Any]:
    return (await client.get(f"/api/chats/{chat_id}")).json()


async def shown(client: Client, chat_id: str) -> list[tuple[str, str]]:
    """Role and words of the branch that the chat shows."""
    found = await chat(client, chat_id)
    by_id = {message["id"]: message for message in found["messages"]}
    at, branch = found["leaf_message_id"], []
    while at is not None:
        message = by_id[at]
        branch.append((message["role"], "".join(part.get("text", "") for part in message["content"])))
        at = message["parent_id"]
    return branch[::-1]


@dataclass
class Heard:
    """What came over a session's stream."""

    sessions: list[dict[str, Any]] = field(default_factory=list)
    runs: list[dict[str, Any]] = field(default_factory=list)
    cursor: str = ""
    count: int = 0

    def text(self, run_id: str) -> str:
        return "".join(e["data"]["text"] for e in self.runs if e["run_id"] == run_id and e["kind"] == "text")

    def ended(self) -> set[str]:
        return {e["run_id"] for e in self.runs if e["kind"] in ("done", "failed")}


@asynccontextmanager
async def stream(
    client: Client, session: dict[str, Any], after: str = ""
) -> AsyncIterator[AsyncIterator[tuple[str, str, Any]]]:
    """The session's events: (id, event, data)."""
    headers = client.headers | ({"Last-Event-ID": after} if after else {})
    async with client.http.get(f"{client.base_url}{BASE}/{session['id']}/events", headers=headers) as response:
        assert response.status == 200, await response.read()

        async def events() -> AsyncIterator[tuple[str, str, Any]]:
            fields: dict[str, str] = {}
            while raw := await response.content.readline():
                line = raw.decode().rstrip("\n")
                if line:
                    name, _, value = line.partition(": ")
                    fields[name] = value
                elif "event" in fields:
                    yield fields["id"], fields["event"], json.loads(fields["data"])
                    fields = {}

        yield events()


async def hear(
    client: Client, session: dict[str, Any], heard: Heard, *, runs: set[str] | None = None, events: int | None = None
) -> Heard:
    """Listen on from where `heard` is, until those runs ended or so many events came."""
    async with asyncio.timeout(30):
        async with stream(client, session, heard.cursor) as found:
            async for cursor, kind, data in found:
                heard.cursor = cursor
                heard.count += 1
                (heard.sessions if kind == "session" else heard.runs).append(data)
                if events is not None and kind == "run":
                    events -= 1
                    if events <= 0:
                        return heard
                if runs is not None and runs <= heard.ended():
                    return heard
    return heard


async def looked(client: Client, session: dict[str, Any]) -> Heard:
    """Who has seen the session as it is now, and misses nothing that begins from now on."""
    async with stream(client, session) as found:
        cursor, _, data = await anext(found)
        return Heard(sessions=[data], cursor=cursor)
