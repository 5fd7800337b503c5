"""/api/sso."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from starlette.responses import RedirectResponse

from radiant.foundation.identity.cookies import set_session_cookie
from radiant.foundation.identity.dependencies import AdminCaller, FreshCaller
from radiant.foundation.identity.requests import COOKIE, origin_of, session_lifetime, settings_of
from radiant.foundation.identity.sso import FLOW, FlowBroken, Sso
from radiant.foundation.identity.sso_schemas import SignedOut, SsoChange, SsoSettings, SsoState, SsoWorkspace
from radiant.kit.errors import Problem

router = APIRouter(prefix="/api/sso", tags=["sso"])
_COOKIE = "radiant_sso"


def sso_of(request: Request) -> Sso:
    """The service that the root made."""
    return request.app.state.sso


Service = Annotated[Sso, Depends(sso_of)]


def _at_sign_in(request: Request, problem: Problem) -> Response:
    """The page's sign-in with what went wrong, for a browser; programs get the problem itself."""
    if "text/html" not in request.headers.get("accept", ""):
        raise problem
    response = RedirectResponse(f"/?sign_in_problem={problem.slug}", 303)
    response.delete_cookie(_COOKIE, path="/api/sso")
    return response


@router.get("")
async def settings(sso: Service, caller: AdminCaller) -> SsoState:
    """The workspace's identity provider, and the address to enter there."""
    return SsoState(connection=await sso.settings(caller), redirect_uri=sso.redirect_uri)


@router.put("")
async def save(sso: Service, caller: AdminCaller, change: SsoChange) -> SsoSettings:
    """Ask the issuer for its metadata and keep the settings; owners alone."""
    return await sso.save(caller, change)


@router.delete("", status_code=204)
async def delete(sso: Service, caller: AdminCaller) -> None:
    """Take the identity provider away; owners alone."""
    await sso.delete(caller)


@router.get("/workspaces/{slug}")
async def workspace(sso: Service, slug: str) -> SsoWorkspace:
    """Whether that workspace has an identity provider."""
    return await sso.workspace(slug)


@router.get("/workspaces/{slug}/start", status_code=303, response_class=RedirectResponse)
async def start(
    request: Request, sso: Service, slug: str, path: Annotated[str | None, Query(max_length=2000)] = None
) -> Response:
    """Send the browser to the identity provider."""
    try:
        begun = await sso.begin(slug, path, origin_of(request))
    except Problem as problem:
        return _at_sign_in(request, problem)
    response = RedirectResponse(begun.url, 303, headers={"Cache-Control": "no-store"})
    # Lax: the provider sends the browser back by a link.
    response.set_cookie(
        _COOKIE, begun.cookie, max_age=int(FLOW.total_seconds()), httponly=True, samesite="lax", path="/api/sso",
        secure=request.url.scheme == "https" or settings_of(request).base_url.startswith("https:"),
    )  # fmt: skip
    return response


@router.get("/callback", status_code=303, response_class=RedirectResponse)
async def callback(request: Request, sso: Service) -> Response:
    """Where the identity provider sends the browser back to."""
    answer = {name: value for name, value in request.query_params.items() if len(value) <= 4000}
    try:
        if len(request.query_params.multi_items()) != len(answer):
            raise FlowBroken("the identity provider's answer says something twice, or too much")
        finished = await sso.finish(answer, request.cookies.get(_COOKIE), origin_of(request), session_lifetime(request))
    except Problem as problem:
        return _at_sign_in(request, problem)
    response = RedirectResponse(finished.path, 303, headers={"Cache-Control": "no-store"})
    set_session_cookie(request, response, finished.signed_in.token)
    response.delete_cookie(_COOKIE, path="/api/sso")
    return response


@router.post("/sign-out")
async def sign_out(response: Response, sso: Service, caller: FreshCaller) -> SignedOut:
    """End the session here, and tell where the identity provider ends its own."""
    url = await sso.sign_out(caller)
    response.delete_cookie(COOKIE, path="/")
    return SignedOut(url=url)
