"""/api/usage."""

from typing import Annotated

from fastapi import APIRouter, Query

from radiant.foundation.identity.callers import Role
from radiant.foundation.identity.dependencies import AnyCaller, Db
from radiant.foundation.usage import service
from radiant.foundation.usage.schemas import UsageSummary

router = APIRouter(prefix="/api/usage", tags=["usage"])


@router.get("")
async def summary(db: Db, caller: AnyCaller, days: Annotated[int, Query(ge=1, le=366)] = 30) -> UsageSummary:
    """What was used in the last days: the workspace's for an admin, one's own otherwise."""
    return await service.summary(db, days, None if caller.role >= Role.ADMIN else caller.user_id)
