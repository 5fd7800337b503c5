"""/api/health: whether this process can do its work. For load balancers and `radiant up`."""

from fastapi import APIRouter, Request
from pydantic import BaseModel

from radiant import __version__
from radiant.foundation.identity.requests import database_of
from radiant.kit.errors import Unavailable

router = APIRouter(prefix="/api/health", tags=["health"])


class Health(BaseModel):
    """All is well."""

    status: str
    version: str
    database: str


@router.get("")
async def health(request: Request) -> Health:
    """200 while the database answers, 503 otherwise."""
    try:
        async with database_of(request).system("health").tx() as tx:
            await tx.value("select 1")
    except Exception as error:
        raise Unavailable("the database does not answer", headers={"Retry-After": "5"}) from error
    return Health(status="ok", version=__version__, database="ok")
