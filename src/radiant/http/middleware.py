"""Bare ASGI middleware: a request id, one wide event a request, security headers, a limit on bodies."""

import contextlib
import re
import time
from collections.abc import Awaitable, Callable, Sequence

import structlog
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from radiant.http.problem import bug, send_problem
from radiant.kit.errors import Problem
from radiant.kit.ids import uuid7

log = structlog.get_logger()
_GIVEN_ID = re.compile(rb"[A-Za-z0-9_.:-]{1,64}")

# Of links that are a right by themselves: no log knows them.
_RIGHT = re.compile(r"^((?:/api)?/shared/)[^/]+")

CONTENT_SECURITY_POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:;"
    " frame-src 'self'; font-src 'self'; media-src 'self' blob:; connect-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none';"
    " form-action 'self'"
)
_SECURITY_HEADERS: Sequence[tuple[bytes, bytes]] = (
    (b"content-security-policy", CONTENT_SECURITY_POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(self), geolocation=(), payment=()"),
)


class RequestContext:
    """Gives each request an id (the caller's X-Request-Id where it is sane), logs it, sets security headers; tells
    `on_request` its scope, the template of its route, its status and seconds.

    A bug is answered here and not further out, so that its answer has the id and the headers too.
    """

    def __init__(
        self, app: ASGIApp, on_request: Callable[[Scope, str, int, float], Awaitable[None]] | None = None
    ) -> None:
        self._app = app
        self._on_request = on_request

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = next((value for name, value in scope["headers"] if name == b"x-request-id"), b"")
        request_id = given.decode() if _GIVEN_ID.fullmatch(given) else f"req_{uuid7().hex}"
        scope["radiant.request_id"] = request_id
        started = time.perf_counter()
        status = 0

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = list(message.get("headers", ()))
                have = {name.lower() for name, _ in headers}
                headers.append((b"x-request-id", request_id.encode()))
                headers.extend(pair for pair in _SECURITY_HEADERS if pair[0] not in have)
                message = {**message, "headers": headers}
            await send(message)

        try:
            await self._app(scope, receive, send_with_headers)
        except Exception as error:
            log.error("bug", request_id=request_id, path=_path(scope), **_whose(scope), exc_info=error)
            if status:
                raise
            await send_problem(bug(request_id), request_id, send_with_headers)
        finally:
            seconds = time.perf_counter() - started
            if self._on_request is not None:
                route = getattr(scope.get("route"), "path", "")
                await self._on_request(scope, route, status or 500, seconds)
            log.info(
                "request",
                method=scope["method"],
                path=_path(scope),
                status=status,
                ms=round(seconds * 1000, 1),
                request_id=request_id,
                **_whose(scope),
            )


def _path(scope: Scope) -> str:
    return _RIGHT.sub(r"\1…", scope["path"])


def _whose(scope: Scope) -> dict[str, str | None]:
    caller = scope.get("radiant.caller")
    return {
        "tenant": str(caller.tenant_id) if caller else None,
        "user": str(caller.user_id) if caller else None,
    }


class ReadYourWrites:
    """Holds the answer to a change until this process has heard of it: what is kept in memory is not older than what
    the caller was told. A route that changes nothing, though its method is POST, says so by `changes_nothing`."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD", "OPTIONS"):
            await self._app(scope, receive, send)
            return

        async def send_when_heard(message: Message) -> None:
            heeded = message["type"] == "http.response.start" and message["status"] < 400
            if heeded and not scope.get("radiant.changes_nothing"):
                await scope["app"].state.changes.caught_up()
            await send(message)

        await self._app(scope, receive, send_when_heard)


def changes_nothing(request: Request) -> None:
    """Say that this request changes nothing that is kept in memory."""
    request.scope["radiant.changes_nothing"] = True


class ContentTooLarge(Problem):
    """The body is larger than this server takes."""

    status, slug = 413, "content-too-large"


class _TooLarge(Exception):
    pass


class BodyLimit:
    """Refuses a body past `limit` bytes with 413, by its Content-Length or while it arrives."""

    def __init__(self, app: ASGIApp, limit: int) -> None:
        self._app = app
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        length = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
        if length.isdigit() and int(length) > self._limit:
            await self._refuse(scope, send)
            return
        received, started = 0, False

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            if message["type"] == "http.request":
                received += len(message.get("body", b""))
                if received > self._limit:
                    raise _TooLarge
            return message

        async def watched(message: Message) -> None:
            nonlocal started
            # Whoever parses the body may take our exception for a malformed one: what it answers then is not sent.
            if started or received <= self._limit:
                started = True
                await send(message)

        with contextlib.suppress(_TooLarge):
            await self._app(scope, counted, watched)
        if received > self._limit and not started:
            await self._refuse(scope, send)

    async def _refuse(self, scope: Scope, send: Send) -> None:
        problem = ContentTooLarge(f"the body is larger than {self._limit} bytes; send less")
        await send_problem(problem, scope.get("radiant.request_id", ""), send)
