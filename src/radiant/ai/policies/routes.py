"""/api/policies: an admin writes them, members read those that bind them."""

from uuid import UUID

from fastapi import APIRouter

from radiant.ai.policies import service
from radiant.ai.policies.schemas import NewPolicy, Policy, PolicySettings
from radiant.foundation.identity.dependencies import AdminCaller, AnyCaller, Databases
from radiant.http.pages import ItemsOf

router = APIRouter(prefix="/api/policies", tags=["policies"])


@router.get("")
async def list_policies(database: Databases, caller: AnyCaller) -> ItemsOf[Policy]:
    """The workspace's first, then those of keys."""
    return ItemsOf(items=await service.policies(database, caller))


@router.post("", status_code=201)
async def make_policy(database: Databases, caller: AdminCaller, new: NewPolicy) -> Policy:
    """Bind the calls of the workspace or of one key from now on."""
    return await service.make_policy(database, caller, new)


@router.get("/{policy_id}")
async def get_policy(database: Databases, caller: AnyCaller, policy_id: UUID) -> Policy:
    """One policy."""
    return await service.policy(database, caller, policy_id)


@router.put("/{policy_id}")
async def change_policy(database: Databases, caller: AdminCaller, policy_id: UUID, new: PolicySettings) -> Policy:
    """Replace what it says; whom it binds stays."""
    return await service.change_policy(database, caller, policy_id, new)


@router.delete("/{policy_id}", status_code=204)
async def delete_policy(database: Databases, caller: AdminCaller, policy_id: UUID) -> None:
    """Delete a policy with its guardrails: its calls are free of it at once."""
    await service.delete_policy(database, caller, policy_id)
