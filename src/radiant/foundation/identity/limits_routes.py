"""/api/tenant/limits, and the operator's figures for one workspace."""

from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from radiant.foundation.identity import trail
from radiant.foundation.identity.dependencies import AdminCaller, Databases, OperatorCaller
from radiant.foundation.tenants import plans, plans_store
from radiant.infra.db import Tx
from radiant.kit.errors import NotFound
from radiant.kit.ids import TenantId
from radiant.kit.schema import Strict

router = APIRouter(prefix="/api", tags=["people"])
Figure = Annotated[int | None, Field(ge=-1, le=2**53)]


class LimitUse(BaseModel):
    """What there may be of something (null: without limit), and what there is."""

    limit: Literal["seats", "keys", "storage_bytes"]
    allowed: int | None
    used: int


class LimitUses(BaseModel):
    """Every limit of a workspace."""

    items: list[LimitUse]


class OwnLimits(Strict):
    """A workspace's own figures: null for what its plan says, -1 for no limit."""

    seats: Figure = None
    keys: Figure = None
    storage_bytes: Figure = None


async def _uses(tx: Tx, tenant_id: TenantId) -> LimitUses:
    found = await plans.uses(tx, tenant_id)
    return LimitUses.model_validate(
        {"items": [{"limit": name, "allowed": use.allowed, "used": use.used} for name, use in found.items()]}
    )


@router.get("/tenant/limits")
async def own_limits(databases: Databases, caller: AdminCaller) -> LimitUses:
    """What the workspace may have, and has."""
    async with databases.system("limits").tx() as tx:
        return await _uses(tx, caller.tenant_id)


@router.put("/tenants/{tenant_id}/limits")
async def set_limits(
    databases: Databases, caller: OperatorCaller, tenant_id: TenantId, change: OwnLimits
) -> LimitUses:  # fmt: skip
    """Set a workspace's own figures in place of its plan's. What is there already stays."""
    async with databases.system("limits").tx() as tx:
        if not await plans_store.set_own(tx, tenant_id, change.model_dump(exclude_none=True)):
            raise NotFound("there is no such workspace")
        await trail.record(
            tx, caller, "tenant.changed", target=("tenant", tenant_id), limits=change.model_dump(exclude_none=True)
        )
        return await _uses(tx, tenant_id)
