"""/api/budgets and /api/limits: an admin writes them, members read those that bind them."""

from uuid import UUID

from fastapi import APIRouter

from radiant.foundation.identity.dependencies import AdminCaller, AnyCaller, Databases
from radiant.foundation.usage import bounds_service as service
from radiant.foundation.usage.bounds_schemas import (
    Budget,
    BudgetChange,
    Limit,
    LimitChange,
    NewBudget,
    NewLimit,
)
from radiant.http.pages import ItemsOf

router = APIRouter(prefix="/api", tags=["budgets and limits"])


@router.get("/budgets")
async def list_budgets(database: Databases, caller: AnyCaller) -> ItemsOf[Budget]:
    """Budgets with their burn-down."""
    return ItemsOf(items=await service.budgets(database, caller))


@router.post("/budgets", status_code=201)
async def make_budget(database: Databases, caller: AdminCaller, new: NewBudget) -> Budget:
    """Bound what calls may cost from now on."""
    return await service.make_budget(database, caller, new)


@router.patch("/budgets/{budget_id}")
async def change_budget(database: Databases, caller: AdminCaller, budget_id: UUID, change: BudgetChange) -> Budget:
    """Raise, lower, warn, switch off."""
    return await service.change_budget(database, caller, budget_id, change)


@router.delete("/budgets/{budget_id}", status_code=204)
async def delete_budget(database: Databases, caller: AdminCaller, budget_id: UUID) -> None:
    """Delete a budget; the ledger stays."""
    await service.delete_budget(database, caller, budget_id)


@router.get("/limits")
async def list_limits(database: Databases, caller: AnyCaller) -> ItemsOf[Limit]:
    """Rate limits."""
    return ItemsOf(items=await service.limits(database, caller))


@router.post("/limits", status_code=201)
async def make_limit(database: Databases, caller: AdminCaller, new: NewLimit) -> Limit:
    """Bound requests or tokens in a time, or calls at once."""
    return await service.make_limit(database, caller, new)


@router.patch("/limits/{limit_id}")
async def change_limit(database: Databases, caller: AdminCaller, limit_id: UUID, change: LimitChange) -> Limit:
    """Raise, lower, switch off."""
    return await service.change_limit(database, caller, limit_id, change)


@router.delete("/limits/{limit_id}", status_code=204)
async def delete_limit(database: Databases, caller: AdminCaller, limit_id: UUID) -> None:
    """Delete a limit."""
    await service.delete_limit(database, caller, limit_id)
