"""Failures rendered once, as RFC 9457 problem+json."""

from typing import Any

import msgspec
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import Send

from radiant.kit.errors import Problem


def request_id(request: HTTPConnection) -> str:
    """The id that this request is logged under and its answer names."""
    return request.scope.get("radiant.request_id", "")


def problem_body(problem: Problem, request_id: str) -> dict[str, Any]:
    """The problem document of an expected failure."""
    return {
        "type": f"https://radiant.dev/problems/{problem.slug}",
        "title": problem.name(),
        "status": problem.status,
        "detail": problem.detail,
        "request_id": request_id,
        **problem.extra,
    }


def problem_response(request: HTTPConnection, problem: Problem) -> Response:
    """The problem as a response."""
    return Response(
        msgspec.json.encode(problem_body(problem, request_id(request)), enc_hook=str),
        problem.status,
        headers=problem.headers,
        media_type="application/problem+json",
    )


class PlainProblem(Problem):
    """A failure that the framework found."""

    def __init__(self, status: int, slug: str, detail: str, **extra: Any) -> None:
        super().__init__(detail, **extra)
        self.status = status  # type: ignore[misc]
        self.slug = slug  # type: ignore[misc]


def bug(request_id: str) -> Problem:
    """What is told of a failure that nobody expected."""
    return PlainProblem(
        500, "internal", f"something went wrong on our side; the operator finds it under request {request_id}"
    )


async def send_problem(problem: Problem, request_id: str, send: Send) -> None:
    """The problem as an answer of bare ASGI."""
    body = msgspec.json.encode(problem_body(problem, request_id), enc_hook=str)
    headers = [(b"content-type", b"application/problem+json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": problem.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
