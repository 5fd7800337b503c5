"""/api/profile/passkeys and /api/session/passkey."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, StringConstraints

from radiant.foundation.identity.cookies import session_of, set_session_cookie
from radiant.foundation.identity.dependencies import (
    AnyCaller,
    Databases,
    FreshCaller,
    check_same_site,
    origin_of,
    session_lifetime,
)
from radiant.foundation.identity.passkeys import Passkey, PasskeyCredential, Passkeys
from radiant.foundation.identity.schemas import Confirmation, Session
from radiant.http.pages import ItemsOf

router = APIRouter(prefix="/api", tags=["identity"])
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]


def passkeys_of(request: Request) -> Passkeys:
    """The service that the root made."""
    return request.app.state.passkeys


Service = Annotated[Passkeys, Depends(passkeys_of)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NewPasskey(_Strict):
    """The authenticator's answer, and a name to know it by."""

    name: Name
    credential: PasskeyCredential


class PasskeyName(_Strict):
    """Another name, or none."""

    name: Name | None = None


class PasskeySignIn(_Strict):
    """The authenticator's answer."""

    credential: PasskeyCredential


@router.get("/profile/passkeys")
async def list_passkeys(passkeys: Service, caller: AnyCaller) -> ItemsOf[Passkey]:
    """The caller's passkeys."""
    return ItemsOf(items=await passkeys.list(caller))


@router.post("/profile/passkeys/options")
async def begin(passkeys: Service, caller: FreshCaller, form: Confirmation) -> dict[str, Any]:
    """Options for a new passkey, as the browser takes them."""
    return await passkeys.begin(caller, form.password)


@router.post("/profile/passkeys", status_code=201)
async def add(passkeys: Service, caller: FreshCaller, new: NewPasskey) -> Passkey:
    """Register a passkey; sessions without a second factor end."""
    return await passkeys.add(caller, new.name, new.credential)


@router.patch("/profile/passkeys/{passkey_id}")
async def rename(passkeys: Service, caller: AnyCaller, passkey_id: UUID, change: PasskeyName) -> Passkey:
    """Give a passkey another name."""
    return await passkeys.rename(caller, passkey_id, change.name)


@router.delete("/profile/passkeys/{passkey_id}", status_code=204)
async def delete(passkeys: Service, caller: AnyCaller, passkey_id: UUID) -> None:
    """Take a passkey away."""
    await passkeys.delete(caller, passkey_id)


@router.post("/session/passkey/options")
async def ask(request: Request, passkeys: Service) -> dict[str, Any]:
    """Options for signing in by a passkey, as the browser takes them."""
    check_same_site(request)
    return await passkeys.ask(origin_of(request))


@router.post("/session/passkey")
async def sign_in(
    request: Request, response: Response, databases: Databases, passkeys: Service, form: PasskeySignIn
) -> Session:
    """Sign in by a passkey."""
    check_same_site(request)
    opened = await passkeys.sign_in(form.credential, origin_of(request), session_lifetime(request))
    set_session_cookie(request, response, opened.token)
    db = databases.tenant(opened.tenant_id, opened.user_id)
    return await session_of(db, opened.token, "passkey", second_factor=True)
