"""Failures that the framework meets, rendered as problems too."""

from collections.abc import Sequence
from typing import Any

import asyncpg
import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from radiant.http.problem import PlainProblem, problem_response, request_id
from radiant.kit.errors import Problem

log = structlog.get_logger()

_TITLES = {404: "Not found", 405: "Method not allowed", 413: "Content too large", 415: "Unsupported media type"}


def _holds_nul(error: Any) -> bool:
    return error["type"] == "string_pattern_mismatch" and "\x00" in str(error["input"])


def _said(message: str) -> str:
    """As our own validators put it."""
    return message.removeprefix("Value error, ").removeprefix("Assertion failed, ")


def field_errors(errors: Sequence[Any]) -> list[dict[str, str]]:
    """`{field, message}` of each pydantic error; the input itself is not echoed, it may be a secret."""
    return [
        {
            "field": ".".join(str(part) for part in error["loc"] if part not in ("body", "query", "path")) or "body",
            "message": "holds the character NUL, which cannot be kept" if _holds_nul(error) else _said(error["msg"]),
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
            return problem_response(request, PlainProblem(404, "not-found", "there is nothing of that id here"))
        summary = "; ".join(f"{item['field']}: {item['message']}" for item in fields[:5])
        return problem_response(request, PlainProblem(422, "invalid", summary, errors=fields))

    async def plain(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        slug = _TITLES.get(error.status_code, "Request failed").lower().replace(" ", "-")
        response = problem_response(request, PlainProblem(error.status_code, slug, str(error.detail)))
        response.headers.update(error.headers or {})
        return response

    async def unstorable(request: Request, error: Exception) -> Response:
        return problem_response(
            request, PlainProblem(422, "invalid", "a text holds the character NUL, which cannot be kept")
        )

    app.add_exception_handler(Problem, expected)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, plain)
    app.add_exception_handler(asyncpg.CharacterNotInRepertoireError, unstorable)
