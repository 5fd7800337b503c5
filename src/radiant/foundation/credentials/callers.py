"""Who asks. What is refused before a service is reached (a role, a key's scope, a page of another site) is an attempt too,
and recorded as one."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request

from radiant.foundation.credentials.access_log import AccessLog, Entry
from radiant.foundation.credentials.actor import Actor
from radiant.foundation.identity.callers import Caller, Role
from radiant.foundation.identity.requests import person_of
from radiant.kit.errors import Forbidden

_READS = ("GET", "HEAD")


async def _caller(request: Request) -> Caller:
    try:
        caller = await person_of(request)
        if request.method not in _READS:
            caller.require_role(Role.MEMBER)
    except Forbidden as error:
        known: Caller | None = request.scope.get("radiant.caller")
        if known is not None:
            log: AccessLog = request.app.state.access_log
            await log.record(Actor.of(known), _refused(request, error))
        raise
    return caller


def _refused(request: Request, error: Forbidden) -> Entry:
    route: str = request.scope["route"].path
    entry = Entry(
        "refused", credential_id=_id(request, "credential_id"), vault_id=_id(request, "vault_id"),
        detail={"asked": f"{request.method} {route}"},
    )  # fmt: skip
    entry.failed(error)
    return entry


def _id(request: Request, name: str) -> UUID | None:
    try:
        return UUID(request.path_params.get(name, ""))
    except ValueError:
        return None


VaultCaller = Annotated[Caller, Depends(_caller)]
"""Anyone who is known, to read; a member and up, to change."""
