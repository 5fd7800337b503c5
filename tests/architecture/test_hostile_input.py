"""Whatever is sent to whatever route, the answer is a clear refusal or a success: never a 500, never a hang."""

from typing import Any

import pytest

from tests.architecture.test_routes import ROUTES, _filled, _things_of
from tests.kit.fixtures import Callers
from tests.kit.upstream import Upstream

_TEXTS = ["\x00", "a\x00b", "\ud800", "x" * 500_000, "'; drop table users; --", "\u202e", "🙂" * 1000, "", " "]
_VALUES: list[Any] = [None, True, 0, -1, 2**70, 1e308, [], {}, [[]], {"$ne": None}, *_TEXTS[:2], "x" * 10_000]
_FIELDS = {
    "name", "title", "email", "role", "status", "scopes", "expires_at", "model", "system_prompt", "pinned", "content",
    "leaf_message_id", "parent_id", "preferences", "current_password", "new_password", "password", "api_key",
    "base_url", "shared", "slug", "plan", "owner_email", "tenant",
}  # fmt: skip
_RAW = [
    b"", b"{", b"null", b"[]", b'"text"', b"\xff\xfe", b'{"a":' * 2000, b"[" * 100_000, b'{"name": NaN}',
    b'{"name": "\\ud800"}', b'{"content": [{"type": "text", "text": "\\u0000"}]}', b'{"content": [{"type": "other"}]}',
    b'{"content": [{"type": "image", "asset_id": "x"}]}',
]  # fmt: skip
_QUERIES = [
    "limit=-1", "limit=1e9", "limit=abc", "cursor=%00", "cursor=AAAA", "cursor=" + "A" * 3000, "search=%00",
    "search=%F0%28%8C%28", "days=0", "days=99999999999999999999", "after=-5", "after=99999999999999999999",
    "all=maybe", "expires=1&signature=%C3%A9", "a=" + "b" * 5000,
]  # fmt: skip
CHANGING = [route for route in ROUTES if route[0] != "GET" and route[1] != "/api/profile"]
READING = [route for route in ROUTES if route[0] == "GET"]


async def _send(callers: Callers, method: str, path: str, **options: Any) -> None:
    url = callers.operator.base_url + path
    async with callers.operator.http.request(
        method, url, headers=callers.operator.headers | options.pop("headers", {}), **options
    ) as answer:
        assert answer.status < 500 or answer.status in (502, 503), (
            method,
            path,
            str(options)[:200],
            await answer.text(),
        )
        if answer.status >= 400:
            assert answer.headers["Content-Type"] == "application/problem+json", (method, path, answer.status)


@pytest.mark.parametrize(("method", "path"), CHANGING)
async def test_bodies_of_every_kind_are_refused_or_taken(
    callers: Callers, upstream: Upstream, method: str, path: str
) -> None:
    filled = _filled(path, await _things_of(callers.operator, callers))
    json = {"Content-Type": "application/json"}
    for raw in _RAW:
        await _send(callers, method, filled, data=raw, headers=json)
    if "/session" in path or path.endswith("/password"):
        return  # each try counts as a guess; the shapes above suffice
    for value in _VALUES:
        await _send(callers, method, filled, json=dict.fromkeys(_FIELDS, value))
    for field in sorted(_FIELDS):
        await _send(callers, method, filled, json={field: "a\x00b"})


@pytest.mark.parametrize(("method", "path"), READING)
async def test_queries_of_every_kind_are_refused_or_taken(
    callers: Callers, upstream: Upstream, method: str, path: str
) -> None:
    filled = _filled(path, await _things_of(callers.operator, callers))
    for query in _QUERIES:
        if "after=999" in query and path.endswith("/events"):
            continue  # waits for an event that never comes, as asked
        await _send(callers, method, f"{filled}?{query}")


DOORS = ["/v1/chat/completions", "/v1/messages", "/v1/embeddings", "/v1/responses", "/v1/completions",
         "/v1/messages/count_tokens", "/v1/moderations", "/v1/rerank", "/v1/images/generations", "/v1/files", "/v1/batches", "/v1/messages/batches"]  # fmt: skip


@pytest.mark.parametrize("path", DOORS)
async def test_the_door_answers_every_body_in_its_own_form(
    callers: Callers, upstream: Upstream, server: Any, path: str
) -> None:
    key = await server.with_key(callers.tenant.id, callers.member_id)
    bodies: list[bytes] = [
        *_RAW,
        b'{"model": "gpt-4o", "messages": [{"role": "user", "content": "\\u0000"}], "max_tokens": 5}',
    ]
    for raw in bodies:
        answer = await key.send("POST", path, data=raw, headers={"Content-Type": "application/json"})
        assert answer.status < 500, (path, raw[:80], answer.body)
        if answer.status >= 400:
            assert "error" in answer.json()
    fields = ["model", "messages", "max_tokens", "temperature", "stop", "tools", "tool_choice", "response_format",
              "stream", "system", "thinking", "input", "dimensions", "encoding_format", "metadata", "user",
              "previous_response_id", "instructions", "reasoning", "text", "include", "store", "background",
              "prompt", "suffix", "best_of", "logprobs", "query", "documents", "top_n", "n", "input_file_id", "endpoint", "completion_window", "requests"]  # fmt: skip
    good = {
        "model": "gpt-4o",
        "messages": [{"role": "user", "content": "x"}],
        "max_tokens": 5,
        "input": "x",
        "prompt": "x",
    }
    for field in fields:
        for value in _VALUES:
            answer = await key.post(path, good | {field: value})
            assert answer.status < 500, (path, field, str(value)[:60], answer.body)
