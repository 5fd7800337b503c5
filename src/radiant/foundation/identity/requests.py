"""Who a request is from, and what the root left for it: settings, database, known keys."""

import hmac
from datetime import timedelta
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection, Request
from starlette.websockets import WebSocket

from radiant.config import Settings
from radiant.foundation.identity import sessions
from radiant.foundation.identity.callers import Caller, PasswordChangeRequired, SecondFactorMissing
from radiant.foundation.identity.known_keys import KnownKeys
from radiant.http.problem import request_id
from radiant.infra.db import Database
from radiant.kit.errors import Forbidden, Unauthenticated

COOKIE = "radiant_session"
_SAFE = {"GET", "HEAD", "OPTIONS"}


class BadOrigin(Forbidden):
    """A change that another site asked for, or without the CSRF token."""

    slug = "csrf"


def settings_of(request: HTTPConnection) -> Settings:
    """The settings that the root read."""
    return request.app.state.settings


def database_of(request: HTTPConnection) -> Database:
    """The database that the root opened."""
    return request.app.state.database


def known_keys_of(request: HTTPConnection) -> KnownKeys:
    """The keys that this process knows."""
    return request.app.state.known_keys


def origin_of(request: HTTPConnection) -> sessions.Origin:
    """Where the request comes from."""
    return sessions.Origin(
        ip=request.client.host if request.client else None,
        user_agent=request.headers.get("user-agent", ""),
        request_id=request_id(request),
    )


def session_lifetime(request: HTTPConnection) -> timedelta:
    """How long an unused session lives."""
    return timedelta(days=settings_of(request).session_days)


def check_same_site(request: HTTPConnection) -> None:
    """Raises BadOrigin where a browser says that another site asked (Origin or Fetch Metadata)."""
    if request.headers.get("sec-fetch-site") in {"cross-site", "same-site"}:
        raise BadOrigin("this was asked for by a page of another site")
    origin = request.headers.get("origin")
    if origin is None:
        return
    hosts = {request.headers.get("host", ""), urlsplit(settings_of(request).base_url).netloc}
    if urlsplit(origin).netloc not in hosts:
        raise BadOrigin(f"this was asked for by a page of {origin}; set RADIANT_PUBLIC_URL if that is this server")


def bearer_of(request: HTTPConnection) -> str | None:
    """The API key of the request: Authorization: Bearer, or x-api-key as Anthropic's clients send it."""
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and secret.strip():
        return secret.strip()
    return request.headers.get("x-api-key")


async def verify(request: Request) -> Caller:
    """The caller, whatever they may do. Raises Unauthenticated, BadOrigin."""
    database, origin = database_of(request), origin_of(request)
    secret = bearer_of(request)
    token = request.cookies.get(COOKIE)
    if secret is not None:
        caller = await known_keys_of(request).verify(secret, origin)
        request.scope["radiant.caller"] = caller
        caller.require_scope("read" if request.method in _SAFE else "write")
    elif token:
        if request.method not in _SAFE:
            check_same_site(request)
            given = request.headers.get("x-csrf-token", "")
            if not hmac.compare_digest(given.encode(), sessions.csrf_token(token).encode()):
                raise BadOrigin("the X-CSRF-Token header must carry csrf_token of GET /api/session")
        caller = await sessions.verify_session(database, token, origin, session_lifetime(request))
    else:
        raise Unauthenticated("sign in, or send an API key as Authorization: Bearer rad_…")
    request.scope["radiant.caller"] = caller
    return caller


async def person_of(request: Request) -> Caller:
    """The caller, once nothing is left for them to do before they may use the place. Raises as `verify` does, and
    PasswordChangeRequired, SecondFactorMissing."""
    caller = await verify(request)
    _must_be_ready(caller)
    return caller


async def person_of_socket(socket: WebSocket) -> Caller:
    """Who opens a WebSocket: by an API key that may write, or by the cookie, which a browser sends along with the page's
    Origin: any page may open a socket anywhere, and there is no other sign of which page did. Raises as `person_of`."""
    secret, token = bearer_of(socket), socket.cookies.get(COOKIE)
    if secret is not None:
        caller = await known_keys_of(socket).verify(secret, origin_of(socket))
        caller.require_scope("write")
    elif token:
        if socket.headers.get("origin") is None:
            raise BadOrigin("a socket that is opened by a cookie names its page as Origin")
        check_same_site(socket)
        caller = await sessions.verify_session(database_of(socket), token, origin_of(socket), session_lifetime(socket))
    else:
        raise Unauthenticated("sign in, or send an API key as Authorization: Bearer rad_…")
    _must_be_ready(caller)
    return caller


def _must_be_ready(caller: Caller) -> None:
    if caller.must_change_password:
        raise PasswordChangeRequired("change the one-time password first: PUT /api/profile/password")
    if caller.must_enrol:
        raise SecondFactorMissing("add a second factor first: POST /api/profile/totp, or a passkey")
