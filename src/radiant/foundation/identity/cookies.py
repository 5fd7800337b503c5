"""The session's cookie, and what is told to the page that gets it."""

from fastapi import Request, Response

from radiant.foundation.identity import second_factor_store, sessions, users_store
from radiant.foundation.identity.requests import COOKIE, session_lifetime, settings_of
from radiant.foundation.identity.schemas import Session
from radiant.foundation.tenants import store as tenants_store
from radiant.infra.db import TenantDb
from radiant.kit.errors import Unauthenticated


def set_session_cookie(request: Request, response: Response, token: str) -> None:
    """Hand the session to the browser: out of reach of scripts and of other sites."""
    response.set_cookie(
        COOKIE, token, max_age=int(session_lifetime(request).total_seconds()), httponly=True, samesite="lax", path="/",
        secure=request.url.scheme == "https" or settings_of(request).base_url.startswith("https:"),
    )  # fmt: skip


async def session_of(db: TenantDb, token: str, method: sessions.Method, *, second_factor: bool = False) -> Session:
    """Who is signed in by that token. Raises Unauthenticated when they are gone."""
    async with db.tx() as tx:
        user = await users_store.get(tx, tx.user_id)
        tenant = await tenants_store.get(tx, tx.tenant_id)
        must_enrol = not second_factor and (await second_factor_store.overview(tx))["required"]
    if user is None or tenant is None:
        raise Unauthenticated("the session has ended; sign in again")
    if method != "password":
        # The one-time password is changed by whoever signs in with it.
        user = user.model_copy(update={"must_change_password": False})
    return Session(
        user=user, tenant=tenant, csrf_token=sessions.csrf_token(token), method=method, must_enrol=must_enrol
    )
