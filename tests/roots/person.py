"""The first person of an installation, at its HTTP API."""

import asyncio
import json
import re
import subprocess
import time
from collections.abc import Callable
from typing import Any

import aiohttp

from tests.kit.server import PASSWORD, Client
from tests.roots.home import Home

EMAIL = "admin@radiant.localhost"


def one_time_password(home: Home) -> str | None:
    """What the present `up` printed as such."""
    found = re.search(r"^ +password +(\S+)", home.err.read_text(), re.MULTILINE)
    return found[1] if found else None


async def sign_in(home: Home, http: aiohttp.ClientSession, password: str, *, first: bool = False) -> Client:
    """A browser of the first person; with `first` it exchanges the one-time password for PASSWORD."""
    client = Client(home.url, http)
    answer = await client.post("/api/session", {"email": EMAIL, "password": password})
    assert answer.status == 200, answer.body
    cookie = answer.headers["Set-Cookie"].split(";")[0]
    client.headers = {"Cookie": cookie, "X-CSRF-Token": answer.json()["csrf_token"]}
    if first:
        change = {"current_password": password, "new_password": PASSWORD}
        answer = await client.put("/api/profile/password", change)
        assert answer.status == 204, answer.body
    return client


async def ask(client: Client, model: str, text: str) -> tuple[str, str]:
    """Ask in a new chat: (chat, run)."""
    chat = await client.post("/api/chats", {"model": model})
    assert chat.status == 201, chat.body
    chat_id = chat.json()["id"]
    turn = await client.post(f"/api/chats/{chat_id}/turns", {"content": [{"type": "text", "text": text}]})
    assert turn.status == 201, turn.body
    return chat_id, turn.json()["run_id"]


async def read_some(client: Client, run_id: str, pieces: int) -> str:
    """The first so many pieces of text of a run that goes on."""
    said: list[str] = []
    async with client.http.get(f"{client.base_url}/api/runs/{run_id}/events", headers=client.headers) as response:
        assert response.status == 200
        kind = ""
        async for raw in response.content:
            line = raw.decode().rstrip("\n")
            if line.startswith("event: "):
                kind = line.removeprefix("event: ")
            elif line.startswith("data: ") and kind == "text":
                said.append(json.loads(line.removeprefix("data: "))["text"])
                if len(said) == pieces:
                    break
            else:
                assert kind not in ("done", "failed"), line
    return "".join(said)


async def the_answer(client: Client, chat_id: str) -> dict[str, Any]:
    """The last message of a chat."""
    answer = await client.get(f"/api/chats/{chat_id}")
    assert answer.status == 200, answer.body
    return answer.json()["messages"][-1]


async def soon(look: Callable[[], Any], seconds: float) -> Any:
    """What `look` gives once it is true; an unreachable server counts as not yet."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            if found := await look():
                return found
            why = "it was not so"
        except (OSError, aiohttp.ClientError) as error:
            why = repr(error)
        assert time.monotonic() < deadline, f"not within {seconds} s: {why}"
        await asyncio.sleep(0.1)


async def run_line(home: Home, line: str) -> str:
    """Paste that line into a shell; what it wrote."""
    environment = home.full_environment() | {"PATH": str(home.folder / "bin")}
    done = await asyncio.to_thread(
        subprocess.run, ["bash", "-c", line], env=environment, capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def content_of(answer: str) -> str:
    """What the small model said."""
    document = json.loads(answer)
    assert document["model"] == "smollm2-135m-instruct", document
    assert document["usage"]["completion_tokens"] > 0
    return document["choices"][0]["message"]["content"]
