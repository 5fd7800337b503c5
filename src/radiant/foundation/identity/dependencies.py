"""What routes ask for: the verified caller, and the database as that caller may see it."""

from typing import Annotated

from fastapi import Depends, Request

from radiant.foundation.identity.callers import Caller, Role
from radiant.foundation.identity.requests import database_of, person_of, verify
from radiant.infra.db import Database, TenantDb


async def _writer(caller: Annotated[Caller, Depends(person_of)]) -> Caller:
    caller.require_role(Role.MEMBER)
    return caller


async def _admin(caller: Annotated[Caller, Depends(person_of)]) -> Caller:
    caller.require_role(Role.ADMIN)
    return caller


async def _operator(caller: Annotated[Caller, Depends(person_of)]) -> Caller:
    caller.require_operator()
    return caller


async def _db(request: Request, caller: Annotated[Caller, Depends(person_of)]) -> TenantDb:
    return caller.db(database_of(request))


# Anyone signed in, even with a one-time password; anyone; member and up; admin and up; the platform's operator.
FreshCaller = Annotated[Caller, Depends(verify)]
AnyCaller = Annotated[Caller, Depends(person_of)]
MemberCaller = Annotated[Caller, Depends(_writer)]
AdminCaller = Annotated[Caller, Depends(_admin)]
OperatorCaller = Annotated[Caller, Depends(_operator)]
Db = Annotated[TenantDb, Depends(_db)]
Databases = Annotated[Database, Depends(database_of)]
"""Both pools: for services that touch what the application role may not."""
