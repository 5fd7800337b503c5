"""/mcp: the Model Context Protocol over streamable HTTP, without sessions. An API key with the scope `memory` or
`documents`, each for its own tools, or the session of a browser."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from radiant.foundation.identity.callers import Caller
from radiant.foundation.identity.requests import bearer_of, known_keys_of, origin_of, person_of
from radiant.http.problem import PlainProblem

router = APIRouter(prefix="/mcp", tags=["mcp"], include_in_schema=False)


async def _tooled(request: Request) -> Caller:
    secret = bearer_of(request)
    if secret is None:
        return await person_of(request)
    caller = await known_keys_of(request).verify(secret, origin_of(request))
    request.scope["radiant.caller"] = caller
    if "documents" not in caller.scopes:
        caller.require_scope("memory")
    return caller


class _Passed(Response):
    """The request goes on to another application, which answers it."""

    def __init__(self, application: ASGIApp) -> None:
        super().__init__()
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._application(scope, receive, send)


@router.post("")
async def serve(request: Request, _: Annotated[Caller, Depends(_tooled)]) -> Response:
    """One message of an MCP client."""
    return _Passed(request.app.state.mcp)


@router.get("")
@router.delete("")
async def refuse() -> Response:
    """There is no stream to listen to and no session to end: clients take this for an answer."""
    raise PlainProblem(405, "method-not-allowed", "/mcp takes POST alone: it keeps no sessions and sends no notices")
