"""/api/session, /api/sessions, /api/profile."""

from typing import Any

from fastapi import APIRouter, Request, Response

from radiant.foundation.identity import sessions, sessions_store, trail, users, users_store
from radiant.foundation.identity.cookies import session_of, set_session_cookie
from radiant.foundation.identity.dependencies import AnyCaller, Databases, Db, FreshCaller
from radiant.foundation.identity.requests import COOKIE, check_same_site, origin_of, session_lifetime
from radiant.foundation.identity.schemas import (
    Confirmation,
    PasswordChange,
    ProfileChange,
    Session,
    SessionInfo,
    SignIn,
    User,
)
from radiant.http.pages import ItemsOf
from radiant.kit.errors import Invalid, NotFound, Unauthenticated
from radiant.kit.ids import SessionId

router = APIRouter(prefix="/api", tags=["identity"])
_PREFERENCES_BYTES = 20_000


@router.get("/session")
async def current(request: Request, databases: Databases, caller: FreshCaller) -> Session:
    """Who is signed in."""
    return await session_of(
        caller.db(databases), request.cookies.get(COOKIE, ""), caller.method, second_factor=not caller.must_enrol
    )


@router.post("/session")
async def sign_in(request: Request, response: Response, databases: Databases, form: SignIn) -> Session:
    """Sign in."""
    check_same_site(request)
    opened = await sessions.sign_in(databases, form, origin_of(request), session_lifetime(request))
    set_session_cookie(request, response, opened.token)
    return await session_of(databases.tenant(opened.tenant_id, opened.user_id), opened.token, "password")


@router.delete("/session", status_code=204)
async def sign_out(response: Response, databases: Databases, caller: FreshCaller) -> None:
    """Sign out."""
    if caller.session_id is None:
        raise Invalid("an API key has no session to end")
    async with caller.db(databases).tx() as tx:
        await sessions_store.delete(tx, caller.session_id)
        await trail.record(tx, caller, "session.closed", target=("session", caller.session_id))
    response.delete_cookie(COOKIE, path="/")


@router.get("/sessions")
async def list_sessions(db: Db, caller: AnyCaller) -> ItemsOf[SessionInfo]:
    """Where the caller is signed in."""
    async with db.tx() as tx:
        rows = await sessions_store.list_own(tx)
    items = [SessionInfo.model_validate({**row, "current": row["id"] == caller.session_id}) for row in rows]
    return ItemsOf(items=items)


@router.delete("/sessions/{session_id}", status_code=204)
async def end_session(db: Db, caller: AnyCaller, session_id: SessionId) -> None:
    """Sign another device out."""
    async with db.tx() as tx:
        if not await sessions_store.delete(tx, session_id):
            raise NotFound("there is no such session")
        await trail.record(tx, caller, "session.ended", target=("session", session_id))


@router.patch("/profile")
async def change_profile(db: Db, change: ProfileChange) -> User:
    """Change one's own name and preferences."""
    if change.preferences is not None and len(str(change.preferences)) > _PREFERENCES_BYTES:
        raise Invalid(f"preferences: more than {_PREFERENCES_BYTES} bytes")
    async with db.tx() as tx:
        user = await users_store.change_profile(tx, change)
    if user is None:
        raise Unauthenticated("the session has ended; sign in again")
    return user


@router.put("/profile/password", status_code=204)
async def change_password(databases: Databases, caller: FreshCaller, form: PasswordChange) -> None:
    """Change one's own password; the other sessions end."""
    await users.change_password(databases, caller, form)


@router.get("/profile/export")
async def export(response: Response, db: Db, caller: AnyCaller) -> dict[str, Any]:
    """Everything kept about the caller, by table."""
    async with db.tx() as tx:
        content = await users_store.export_person(tx)
        await trail.record(tx, caller, "user.exported", target=("user", caller.user_id))
    response.headers["Content-Disposition"] = 'attachment; filename="radiant-export.json"'
    return content


@router.delete("/profile", status_code=204)
async def delete_profile(response: Response, databases: Databases, caller: AnyCaller, form: Confirmation) -> None:
    """Delete one's own account and everything that was one's own."""
    await users.confirm(databases, caller, form.password)
    await users.remove(databases, caller, caller.user_id)
    response.delete_cookie(COOKIE, path="/")
