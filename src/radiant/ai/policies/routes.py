"""/api/policies: an admin writes them, members read those that bind them."""

from uuid import UUID

from fastapi import APIRouter, Request

from radiant.ai.policies import guard_service, service
from radiant.ai.policies.guard_schemas import Guardrail, NewGuardrail, Order
from radiant.ai.policies.schemas import CacheFigures, NewPolicy, Policy, PolicySettings, Purged
from radiant.foundation.identity.dependencies import AdminCaller, AnyCaller, Databases
from radiant.http.pages import ItemsOf
from radiant.infra.kms import Kms

router = APIRouter(prefix="/api/policies", tags=["policies"])


def kms_of(request: Request) -> Kms:
    """What seals secrets; made by the root."""
    return request.app.state.kms


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


@router.get("/{policy_id}/guardrails")
async def list_guardrails(database: Databases, caller: AdminCaller, policy_id: UUID) -> ItemsOf[Guardrail]:
    """In the order in which they are asked."""
    return ItemsOf(items=await guard_service.guardrails(database, caller, policy_id))


@router.post("/{policy_id}/guardrails", status_code=201)
async def make_guardrail(
    request: Request, database: Databases, caller: AdminCaller, policy_id: UUID, new: NewGuardrail
) -> Guardrail:
    """Put one at the end. The signing secret of a webhook is shown this once."""
    return await guard_service.make_guardrail(database, kms_of(request), caller, policy_id, new)


@router.put("/{policy_id}/guardrails")
async def order_guardrails(
    database: Databases, caller: AdminCaller, policy_id: UUID, order: Order
) -> ItemsOf[Guardrail]:
    """Ask them in another order."""
    return ItemsOf(items=await guard_service.order_guardrails(database, caller, policy_id, order.guardrails))


@router.put("/{policy_id}/guardrails/{guardrail_id}")
async def change_guardrail(
    database: Databases, caller: AdminCaller, policy_id: UUID, guardrail_id: UUID, new: NewGuardrail
) -> Guardrail:
    """Replace what it does; its kind stays."""
    return await guard_service.change_guardrail(database, caller, policy_id, guardrail_id, new)


@router.post("/{policy_id}/guardrails/{guardrail_id}/secret")
async def renew_secret(
    request: Request, database: Databases, caller: AdminCaller, policy_id: UUID, guardrail_id: UUID
) -> Guardrail:
    """A new signing secret of a webhook, shown this once."""
    return await guard_service.renew_secret(database, kms_of(request), caller, policy_id, guardrail_id)


@router.delete("/{policy_id}/guardrails/{guardrail_id}", status_code=204)
async def delete_guardrail(database: Databases, caller: AdminCaller, policy_id: UUID, guardrail_id: UUID) -> None:
    """Delete a guardrail."""
    await guard_service.delete_guardrail(database, caller, policy_id, guardrail_id)


@router.get("/{policy_id}/cache")
async def cache_figures(database: Databases, caller: AdminCaller, policy_id: UUID) -> CacheFigures:
    """How much is kept, and how often it was used."""
    return await service.cache_figures(database, caller, policy_id)


@router.delete("/{policy_id}/cache")
async def purge_cache(database: Databases, caller: AdminCaller, policy_id: UUID) -> Purged:
    """Forget every answer that was kept under the policy."""
    return Purged(entries=await service.purge_cache(database, caller, policy_id))
