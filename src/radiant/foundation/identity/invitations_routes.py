"""/api/invitations, /api/invitation (of whoever holds the link) and /api/password-reset."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from radiant.foundation.identity.cookies import session_of, set_session_cookie
from radiant.foundation.identity.dependencies import AdminCaller, Databases
from radiant.foundation.identity.invitations import Invitations
from radiant.foundation.identity.password_reset import PasswordResets
from radiant.foundation.identity.requests import check_same_site, origin_of, session_lifetime
from radiant.foundation.identity.schemas import (
    AcceptedInvitation,
    ForgottenPassword,
    Invitation,
    InvitationLook,
    InvitationToken,
    MadeInvitation,
    NewUser,
    PasswordByMail,
    Session,
    WaysToSignIn,
)
from radiant.http.pages import Cursor, Limit, PageOf
from radiant.kit.page import decode_cursor, encode_cursor, moment

router = APIRouter(prefix="/api", tags=["people"])


def invitations_of(request: Request) -> Invitations:
    """The service that the root made."""
    return request.app.state.invitations


def resets_of(request: Request) -> PasswordResets:
    """The service that the root made."""
    return request.app.state.password_resets


Service = Annotated[Invitations, Depends(invitations_of)]
Resets = Annotated[PasswordResets, Depends(resets_of)]


def _position(cursor: str | None) -> tuple[datetime, UUID] | None:
    return moment(*decode_cursor(cursor, 2)) if cursor is not None else None


@router.get("/invitations")
async def list_invitations(
    invitations: Service, caller: AdminCaller, cursor: Cursor = None, limit: Limit = 50
) -> PageOf[Invitation]:
    """Open invitations."""
    items = await invitations.page(caller, _position(cursor), limit)
    last = encode_cursor(items[-1].created_at.isoformat(), str(items[-1].id)) if len(items) == limit else None
    return PageOf(items=items, next=last)


@router.post("/invitations", status_code=201)
async def invite_by_link(invitations: Service, caller: AdminCaller, new: NewUser) -> MadeInvitation:
    """Invite somebody; the link is shown here and never again, and mailed where mail is set up."""
    return await invitations.make(caller, new)


@router.post("/invitations/{invitation_id}/resend")
async def resend(invitations: Service, caller: AdminCaller, invitation_id: UUID) -> MadeInvitation:
    """A new link in place of the old."""
    return await invitations.resend(caller, invitation_id)


@router.delete("/invitations/{invitation_id}", status_code=204)
async def revoke(invitations: Service, caller: AdminCaller, invitation_id: UUID) -> None:
    """Take an invitation back."""
    await invitations.revoke(caller, invitation_id)


@router.post("/invitation/look")
async def look(request: Request, invitations: Service, form: InvitationToken) -> InvitationLook:
    """What one is invited to."""
    check_same_site(request)
    return await invitations.look(form.token, origin_of(request))


@router.post("/invitation/accept")
async def accept(
    request: Request, response: Response, databases: Databases, invitations: Service, form: AcceptedInvitation
) -> Session:
    """Make the account, and sign in to it."""
    check_same_site(request)
    opened = await invitations.accept(form, origin_of(request), session_lifetime(request))
    set_session_cookie(request, response, opened.token)
    return await session_of(databases.tenant(opened.tenant_id, opened.user_id), opened.token, "invitation")


@router.get("/sign-in/ways")
async def ways(resets: Resets) -> WaysToSignIn:
    """What the page offers before anybody is known."""
    return WaysToSignIn(password_reset=resets.offered)


@router.post("/password-reset", status_code=202)
async def forgotten(request: Request, resets: Resets, form: ForgottenPassword) -> None:
    """Send a link by mail; the answer is the same for every address."""
    check_same_site(request)
    await resets.ask(form.email, origin_of(request))


@router.post("/password-reset/finish", status_code=204)
async def finish_reset(request: Request, resets: Resets, form: PasswordByMail) -> None:
    """Set the new password; every session of the account ends."""
    check_same_site(request)
    await resets.finish(form.token, form.new_password, origin_of(request))
