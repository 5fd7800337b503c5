"""Failures rendered once, as RFC 9457 problem+json."""

from collections.abc import Sequence
from typing import Any

import asyncpg
import msgspec
import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.types import Send

from radiant.kit.errors import Problem

log = structlog.get_logger()

_TITLES = {404: "Not found", 405: "Method not allowed", 413: "Content too large", 415: "Unsupported media type"}


def request_id(request: Request) -> str:
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


def problem_response(request: Request, problem: Problem) -> Response:
    """The problem as a response."""
    return Response(
        msgspec.json.encode(problem_body(problem, request_id(request)), enc_hook=str),
        problem.status,
        headers=problem.headers,
        media_type="application/problem+json",
    )


class _Plain(Problem):
    """A failure that the framework found."""

    def __init__(self, status: int, slug: str, detail: str, **extra: Any) -> None:
        super().__init__(detail, **extra)
        self.status = status  # type: ignore[misc]
        self.slug = slug  # type: ignore[misc]


def bug(request_id: str) -> Problem:
    """What is told of a failure that nobody expected."""
    return _Plain(
        500, "internal", f"something went wrong on our side; the operator finds it under request {request_id}"
    )


async def send_problem(problem: Problem, request_id: str, send: Send) -> None:
    """The problem as an answer of bare ASGI."""
    body = msgspec.json.encode(problem_body(problem, request_id), enc_hook=str)
    headers = [(b"content-type", b"application/problem+json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": problem.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def field_errors(errors: Sequence[Any]) -> list[dict[str, str]]:
    """`{field, message}` of each pydantic error; the input itself is not echoed, it may be a secret."""
    return [
        {
            "field": ".".join(str(part) for part in error["loc"] if part not in ("body", "query", "path")) or "body",
            "message": error["msg"],
        }
        for error in errors
    ]


def install_problem_handlers(app: FastAPI) -> None:
    """Render every failure of `app` that is expected as a problem; RequestContext renders the others."""

    async def expected(request: Request, error: Exception) -> Response:
        assert isinstance(error, Problem)
        if error.status >= 500:
            log.warning("problem", slug=error.slug, detail=error.detail, request_id=request_id(request))
        return problem_response(request, error)

    async def invalid(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        fields = field_errors(error.errors())
        if any(raw["loc"][0] == "path" for raw in error.errors()):
            # A malformed id names nothing.
            return problem_response(request, _Plain(404, "not-found", "there is nothing of that id here"))
        summary = "; ".join(f"{item['field']}: {item['message']}" for item in fields[:5])
        return problem_response(request, _Plain(422, "invalid", summary, errors=fields))

    async def plain(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        slug = _TITLES.get(error.status_code, "Request failed").lower().replace(" ", "-")
        response = problem_response(request, _Plain(error.status_code, slug, str(error.detail)))
        response.headers.update(error.headers or {})
        return response

    async def unstorable(request: Request, error: Exception) -> Response:
        return problem_response(request, _Plain(422, "invalid", "a text holds the character NUL, which cannot be kept"))

    app.add_exception_handler(Problem, expected)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, plain)
    app.add_exception_handler(asyncpg.CharacterNotInRepertoireError, unstorable)
