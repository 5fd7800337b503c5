"""Failures are rendered once, as RFC 9457, with the request's id and without what is nobody's business."""

import json
import re
from typing import Annotated

import pytest
from fastapi import FastAPI
from pydantic import AfterValidator, BaseModel, Field, ValidationError

from radiant.http.handlers import field_errors
from tests.http.asgi import LIMIT, Reply, call, small_app

ITEM = json.dumps({"name": "a", "count": 1}).encode()
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def app() -> FastAPI:
    return small_app()


def is_problem(reply: Reply, status: int, slug: str) -> bool:
    assert reply.headers["content-type"] == "application/problem+json", reply.body
    body = reply.json()
    assert set(body) >= {"type", "title", "status", "detail", "request_id"}
    assert body["request_id"] == reply.headers["x-request-id"]
    assert body["status"] == reply.status == status, body
    assert body["title"].lower().replace(" ", "-") == slug
    return body["type"].rpartition("/")[2] == slug


async def test_an_expected_failure_carries_its_detail_its_members_and_its_headers(app: FastAPI) -> None:
    reply = await call(app, "GET", "/api/taken")
    assert is_problem(reply, 409, "conflict")
    assert reply.headers["retry-after"] == "3"
    assert (reply.json()["detail"], reply.json()["hint"], reply.json()["title"]) == (
        "that is taken",
        "another",
        "Conflict",
    )


async def test_an_unknown_path_is_404_and_a_wrong_method_405_that_names_the_right_one(app: FastAPI) -> None:
    assert is_problem(await call(app, "GET", "/api/nothing"), 404, "not-found")
    reply = await call(app, "DELETE", "/api/taken")
    assert is_problem(reply, 405, "method-not-allowed")
    assert reply.headers["allow"] == "GET"


async def test_what_is_wrong_with_a_body_is_named_by_field_and_never_repeated(app: FastAPI) -> None:
    body = json.dumps({"count": "s3cret"}).encode()
    reply = await call(app, "POST", "/api/items", [body], JSON)
    assert is_problem(reply, 422, "invalid")
    assert [error["field"] for error in reply.json()["errors"]] == ["name", "count"]
    assert "name: " in reply.json()["detail"]
    assert b"s3cret" not in reply.body


def test_a_fault_is_told_in_the_words_of_who_found_it() -> None:
    def even(number: int) -> int:
        if number % 2:
            raise ValueError("must be even")
        return number

    class Pair(BaseModel):
        name: str = Field(pattern=r"^[^\x00]*$")
        count: Annotated[int, AfterValidator(even)]

    with pytest.raises(ValidationError) as refused:
        Pair.model_validate({"name": "a\x00", "count": 3})
    assert field_errors(refused.value.errors()) == [
        {"field": "name", "message": "holds the character NUL, which cannot be kept"},
        {"field": "count", "message": "must be even"},
    ]


@pytest.mark.parametrize("body", [b"{", b"", b"[]", b'"text"', b"\xff\xfe", b"null"])
async def test_a_body_that_is_no_such_object_is_422(app: FastAPI, body: bytes) -> None:
    assert is_problem(await call(app, "POST", "/api/items", [body], JSON), 422, "invalid")


async def test_an_id_that_is_none_names_nothing(app: FastAPI) -> None:
    assert is_problem(await call(app, "GET", "/api/items/x"), 404, "not-found")


async def test_a_body_that_is_too_large_is_refused_by_its_length(app: FastAPI) -> None:
    reply = await call(app, "POST", "/api/items", [b" " * (LIMIT + 1)], JSON)
    assert is_problem(reply, 413, "content-too-large")
    assert str(LIMIT) in reply.json()["detail"]


async def test_a_body_that_is_too_large_is_refused_while_it_arrives(app: FastAPI) -> None:
    reply = await call(app, "POST", "/api/items", [b" " * 300] * 4, JSON)
    assert is_problem(reply, 413, "content-too-large")


async def test_a_length_that_lies_does_not_help(app: FastAPI) -> None:
    headers = {**JSON, "Content-Length": "10"}
    reply = await call(app, "POST", "/api/items", [b" " * 600, b" " * 600], headers)
    assert is_problem(reply, 413, "content-too-large")


async def test_a_body_of_exactly_the_limit_passes(app: FastAPI) -> None:
    padded = ITEM + b" " * (LIMIT - len(ITEM))
    assert (await call(app, "POST", "/api/items", [padded], JSON)).status == 200
    assert (await call(app, "POST", "/api/items", [padded[:500], padded[500:]], JSON)).status == 200


async def test_a_bug_hides_its_cause_and_names_the_request(app: FastAPI) -> None:
    reply = await call(app, "GET", "/api/bug", headers={"X-Request-Id": "abc-1"})
    assert is_problem(reply, 500, "internal")
    assert b"hunter2" not in reply.body
    assert b"RuntimeError" not in reply.body
    assert "abc-1" in reply.json()["detail"]


@pytest.mark.parametrize("given", ["abc", "A.b_c:1-2", "x" * 64])
async def test_a_sane_request_id_is_kept(app: FastAPI, given: str) -> None:
    reply = await call(app, "GET", "/api/items/1", headers={"X-Request-Id": given})
    assert reply.headers["x-request-id"] == given


@pytest.mark.parametrize("given", ["", "x" * 65, "a b", "a\r\nSet-Cookie: b", "a\n", "é", '"', "<script>"])
async def test_any_other_is_replaced(app: FastAPI, given: str) -> None:
    reply = await call(app, "GET", "/api/items/1", headers={"X-Request-Id": given})
    assert re.fullmatch(r"req_[0-9a-f]{32}", reply.headers["x-request-id"])


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/items/1", 200),
        ("GET", "/api/taken", 409),
        ("GET", "/api/nothing", 404),
        ("DELETE", "/api/taken", 405),
        ("POST", "/api/items", 422),
        ("GET", "/api/bug", 500),
    ],
)
async def test_every_answer_carries_the_security_headers(app: FastAPI, method: str, path: str, status: int) -> None:
    reply = await call(app, method, path)
    assert reply.status == status
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert reply.headers["referrer-policy"] == "same-origin"
    policy = reply.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "script-src 'self';" in policy
    assert "frame-ancestors 'none'" in policy
    assert "cross-origin-opener-policy" in reply.headers


async def test_the_refusal_of_a_large_body_carries_them_too(app: FastAPI) -> None:
    reply = await call(app, "POST", "/api/items", [b" " * (LIMIT + 1)], JSON)
    assert reply.headers["x-content-type-options"] == "nosniff"
