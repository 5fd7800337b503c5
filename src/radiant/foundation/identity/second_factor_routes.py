"""/api/profile/second-factor, /api/profile/totp and the second step of /api/session."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field

from radiant.foundation.identity.cookies import session_of, set_session_cookie
from radiant.foundation.identity.dependencies import AdminCaller, AnyCaller, Databases, FreshCaller
from radiant.foundation.identity.requests import check_same_site, origin_of, session_lifetime
from radiant.foundation.identity.schemas import Confirmation, Session
from radiant.foundation.identity.second_factor import SecondFactors
from radiant.kit.ids import UserId
from radiant.kit.schema import Strict

router = APIRouter(prefix="/api", tags=["identity"])


def factors_of(request: Request) -> SecondFactors:
    """The service that the root made."""
    return request.app.state.second_factors


Service = Annotated[SecondFactors, Depends(factors_of)]


class SecondStep(Strict):
    """The challenge of the first step, and a one-time or recovery code."""

    challenge: str = Field(min_length=1, max_length=100)
    code: str = Field(min_length=1, max_length=100)


class Code(Strict):
    """A one-time code."""

    code: str = Field(min_length=1, max_length=100)


class SecondFactorOverview(BaseModel):
    """What the caller has; `required`: the workspace asks for one of them."""

    totp: bool
    recovery_codes_left: int
    passkeys: int
    required: bool


class TotpEnrolment(BaseModel):
    """A secret for an authenticator app; `picture` is a data: address of its QR code."""

    secret: str
    uri: str
    picture: str


class RecoveryCodes(BaseModel):
    """Shown once; each works once."""

    codes: list[str]


class SecondFactorPolicy(Strict):
    """Whether everybody who signs in by password needs a second factor."""

    required: bool


@router.post("/session/second-factor")
async def second_step(
    request: Request, response: Response, databases: Databases, factors: Service, form: SecondStep
) -> Session:
    """Finish a sign-in by a code."""
    check_same_site(request)
    opened = await factors.finish(form.challenge, form.code, origin_of(request), session_lifetime(request))
    set_session_cookie(request, response, opened.token)
    db = databases.tenant(opened.tenant_id, opened.user_id)
    return await session_of(db, opened.token, "password", second_factor=True)


@router.get("/profile/second-factor")
async def overview(factors: Service, caller: FreshCaller) -> SecondFactorOverview:
    """What the caller has."""
    return SecondFactorOverview.model_validate(await factors.overview(caller), from_attributes=True)


@router.post("/profile/totp")
async def begin_totp(factors: Service, caller: FreshCaller, form: Confirmation) -> TotpEnrolment:
    """A new secret, in force once its first code came."""
    return TotpEnrolment.model_validate(await factors.begin(caller, form.password), from_attributes=True)


@router.post("/profile/totp/confirm")
async def confirm_totp(factors: Service, caller: FreshCaller, form: Code) -> RecoveryCodes:
    """Put the secret in force by its first code; sessions without a second factor end."""
    return RecoveryCodes(codes=await factors.confirm(caller, form.code))


@router.delete("/profile/totp", status_code=204)
async def remove_totp(factors: Service, caller: AnyCaller, form: Confirmation) -> None:
    """Take one's own one-time codes away."""
    await factors.remove(caller, form.password)


@router.post("/profile/recovery-codes")
async def new_recovery_codes(factors: Service, caller: AnyCaller, form: Confirmation) -> RecoveryCodes:
    """Ten new recovery codes in place of the old."""
    return RecoveryCodes(codes=await factors.new_recovery_codes(caller, form.password))


@router.delete("/users/{user_id}/second-factor", status_code=204)
async def reset(factors: Service, caller: AdminCaller, user_id: UserId) -> None:
    """Take away what somebody lost: app, recovery codes, passkeys."""
    await factors.reset(caller, user_id)


@router.put("/tenant/second-factor", status_code=204)
async def require(factors: Service, caller: AdminCaller, policy: SecondFactorPolicy) -> None:
    """Ask everybody for a second factor, or no longer."""
    await factors.require(caller, policy.required)
