"""Whatever is sent to whatever route, the answer is a clear refusal or a success: never a 500, never a hang."""

from typing import Any

import pytest

from tests.architecture.test_routes import ROUTES, _filled, _things_of, by_area
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
# By what they are about, so that the things which their paths name are made once for many. What deletes comes last.
CHANGING = by_area(route for route in ROUTES if route[0] != "GET" and route[1] != "/api/profile")
READING = by_area(route for route in ROUTES if route[0] == "GET")


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


@pytest.mark.parametrize("area", CHANGING)
async def test_bodies_of_every_kind_are_refused_or_taken(callers: Callers, upstream: Upstream, area: str) -> None:
    ids = await _things_of(callers.operator, callers)
    json = {"Content-Type": "application/json"}
    for method, path in CHANGING[area]:
        filled = _filled(path, ids)
        for raw in _RAW:
            await _send(callers, method, filled, data=raw, headers=json)
        if "/session" in path or path.endswith("/password"):
            continue  # each try counts as a guess; the shapes above suffice
        for value in _VALUES:
            await _send(callers, method, filled, json=dict.fromkeys(_FIELDS, value))
        for field in sorted(_FIELDS):
            await _send(callers, method, filled, json={field: "a\x00b"})


@pytest.mark.parametrize("area", READING)
async def test_queries_of_every_kind_are_refused_or_taken(callers: Callers, upstream: Upstream, area: str) -> None:
    ids = await _things_of(callers.operator, callers)
    for method, path in READING[area]:
        for query in _QUERIES:
            if "after=999" in query and path.endswith("/events"):
                continue  # waits for an event that never comes, as asked
            await _send(callers, method, f"{_filled(path, ids)}?{query}")


_SAMPLING = "model stream max_tokens temperature stop metadata user"
# Each endpoint of the door, and the fields that it reads.
DOORS = {
    "/v1/chat/completions": f"{_SAMPLING} messages tools tool_choice response_format n",
    "/v1/messages": f"{_SAMPLING} messages system tools tool_choice thinking",
    "/v1/messages/count_tokens": "model messages system tools thinking",
    "/v1/embeddings": "model input dimensions encoding_format user",
    "/v1/responses": "model input stream temperature tools tool_choice metadata user previous_response_id instructions"
    " reasoning text include store background max_output_tokens conversation",
    "/v1/completions": f"{_SAMPLING} prompt suffix best_of logprobs n",
    "/v1/moderations": "model input",
    "/v1/rerank": "model query documents top_n return_documents",
    "/v1/images/generations": "model prompt n stream size",
    "/v1/files": "purpose file",
    "/v1/batches": "input_file_id endpoint completion_window metadata",
    "/v1/messages/batches": "requests",
}


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
    good = {
        "model": "gpt-4o", "messages": [{"role": "user", "content": "x"}], "max_tokens": 5, "input": "x", "prompt": "x",
        "query": "x", "documents": ["x"], "input_file_id": "file-x", "endpoint": "/v1/embeddings",
        "requests": [{"custom_id": "x", "params": {}}],
    }  # fmt: skip
    if path == "/v1/images/generations":
        good["model"] = "gpt-image-1"
    for field in DOORS[path].split():
        for value in _VALUES:
            answer = await key.post(path, good | {field: value})
            assert answer.status < 500, (path, field, str(value)[:60], answer.body)


# Not a thing's name, and worse.
_NAMES = [
    "x",
    "%00",
    "resp_%00",
    "file-%00",
    "batch_x",
    "msgbatch_" + "0" * 32,
    "..%2f..",
    "x" * 5000,
    "%ff",
    "%F0%9F%99%82",
]


@pytest.mark.parametrize("under", ["/v1/responses", "/v1/files", "/v1/batches", "/v1/messages/batches", "/v1/models"])
async def test_names_of_every_kind_are_not_found(callers: Callers, server: Any, under: str) -> None:
    key = await server.with_key(callers.tenant.id, callers.member_id)
    for name in _NAMES:
        for rest in ("", "/content" if under == "/v1/files" else "/cancel", "/x/y"):
            for method in ("GET", "DELETE", "POST"):
                answer = await key.send(method, f"{under}/{name}{rest}")
                assert answer.status in (400, 404, 405), (method, under, name[:40], rest, answer.status, answer.body)
                assert "error" in answer.json()
    for query in ("limit=-1", "limit=x", "limit=99999999999999999999", "after=%00", "after=x", "order=x", "after_id=%ff",
                  "a=1&" * 200):  # fmt: skip
        answer = await key.get(f"{under}?{query}")
        assert answer.status < 500, (under, query[:40], answer.body)
