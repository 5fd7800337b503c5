"""Every kind of answer of the real application carries an id and the security headers."""

import pytest

from tests.kit.fixtures import Callers
from tests.kit.server import Answer, Client
from tests.kit.upstream import Upstream

ASK = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hello?"}]}


def is_guarded_as_data(answer: Answer) -> bool:
    """What the doors answer is no page, and is not taken for one."""
    assert answer.headers["X-Request-Id"]
    return answer.headers["X-Content-Type-Options"] == "nosniff"


def is_guarded(answer: Answer) -> bool:
    assert answer.headers["X-Request-Id"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert "Server" not in answer.headers or "/" not in answer.headers["Server"]
    return "script-src 'self'" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("path", "status"),
    [("/api/session", 200), ("/api/nothing", 404), ("/api/chats/0", 404), ("/api/chats?limit=0", 422)],
)
async def test_answers_of_the_api(callers: Callers, path: str, status: int) -> None:
    answer = await callers.member.get(path)
    assert answer.status == status
    assert is_guarded(answer)


async def test_answers_to_nobody_and_the_page(callers: Callers) -> None:
    refused = await callers.nobody.get("/api/chats")
    assert refused.status == 401
    assert is_guarded(refused)
    assert is_guarded(await callers.nobody.get("/"))
    assert is_guarded(await callers.nobody.get("/assets/nothing.js"))


async def test_answers_of_the_door_whole_streamed_and_refused(key: Client, upstream: Upstream) -> None:
    assert is_guarded_as_data(await key.post("/v1/chat/completions", ASK))
    streamed = await key.post("/v1/chat/completions", {**ASK, "stream": True})
    assert streamed.headers["Content-Type"].startswith("text/event-stream")
    assert is_guarded_as_data(streamed)
    refused = await key.post("/v1/chat/completions", {**ASK, "model": "gpt-17"})
    assert refused.status == 404
    assert is_guarded_as_data(refused)
    assert is_guarded_as_data(await key.post("/v1/nothing", ASK))


async def test_a_body_larger_than_any_upload_is_refused_at_the_door_too(key: Client) -> None:
    async def pieces():
        for _ in range(27):
            yield b" " * 2**20

    answer = await key.send("POST", "/v1/chat/completions", data=pieces())
    assert answer.status == 413
    assert is_guarded_as_data(answer)
