"""/api/users, /api/keys, /api/tenant and /api/tenants."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from radiant.foundation.identity import api_keys, trail, users, users_store
from radiant.foundation.identity.dependencies import AdminCaller, AnyCaller, Databases, Db, OperatorCaller
from radiant.foundation.identity.schemas import (
    ApiKey,
    Email,
    Invited,
    MadeApiKey,
    NewApiKey,
    NewUser,
    OneTimePassword,
    User,
    UserChange,
)
from radiant.foundation.tenants import store as tenants_store
from radiant.foundation.tenants.schemas import NewTenant, OperatorTenantChange, Tenant, TenantChange
from radiant.http.pages import Cursor, Limit, PageOf
from radiant.kit.errors import NotFound
from radiant.kit.ids import ApiKeyId, TenantId, UserId
from radiant.kit.page import decode_cursor, encode_cursor, moment

router = APIRouter(prefix="/api", tags=["people"])


def _position(cursor: str | None) -> tuple[datetime, UUID] | None:
    return moment(*decode_cursor(cursor, 2)) if cursor is not None else None


def _next(items: list[User] | list[ApiKey], limit: int) -> str | None:
    return encode_cursor(items[-1].created_at.isoformat(), str(items[-1].id)) if len(items) == limit else None


@router.get("/users")
async def list_users(db: Db, caller: AdminCaller, cursor: Cursor = None, limit: Limit = 50) -> PageOf[User]:
    """People of the workspace."""
    async with db.tx() as tx:
        items = await users_store.page(tx, _position(cursor), limit, kind="person")
    return PageOf(items=items, next=_next(items, limit))


@router.post("/users", status_code=201)
async def invite(databases: Databases, caller: AdminCaller, new: NewUser) -> Invited:
    """Invite somebody; the one-time password is shown here and never again."""
    return await users.invite(databases, caller, new)


@router.patch("/users/{user_id}")
async def change_user(databases: Databases, caller: AdminCaller, user_id: UserId, change: UserChange) -> User:
    """Change somebody's name, role or status."""
    return await users.change(databases, caller, user_id, change)


@router.post("/users/{user_id}/password")
async def reset_password(databases: Databases, caller: AdminCaller, user_id: UserId) -> OneTimePassword:
    """Give somebody a new one-time password."""
    return OneTimePassword(one_time_password=await users.reset_password(databases, caller, user_id))


@router.delete("/users/{user_id}", status_code=204)
async def remove_user(databases: Databases, caller: AdminCaller, user_id: UserId) -> None:
    """Remove somebody and what was theirs alone."""
    await users.remove(databases, caller, user_id)


@router.get("/keys")
async def list_keys(
    databases: Databases,
    caller: AnyCaller,
    everybody: Annotated[bool, Query(alias="all")] = False,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> PageOf[ApiKey]:
    """The caller's keys, or everybody's for an admin."""
    items = await api_keys.page(databases, caller, everybody=everybody, before=_position(cursor), limit=limit)
    return PageOf(items=items, next=_next(items, limit))


@router.post("/keys", status_code=201)
async def make_key(databases: Databases, caller: AnyCaller, new: NewApiKey) -> MadeApiKey:
    """Make a key; the secret is shown here and never again."""
    return await api_keys.make(databases, caller, new)


@router.delete("/keys/{key_id}", status_code=204)
async def revoke_key(databases: Databases, caller: AnyCaller, key_id: ApiKeyId) -> None:
    """Revoke a key at once."""
    await api_keys.revoke(databases, caller, key_id)


@router.get("/tenant")
async def own_tenant(db: Db) -> Tenant:
    """The caller's workspace."""
    async with db.tx() as tx:
        tenant = await tenants_store.get(tx, tx.tenant_id)
    if tenant is None:
        raise NotFound("the workspace is gone")
    return tenant


@router.patch("/tenant")
async def rename_tenant(db: Db, caller: AdminCaller, change: TenantChange) -> Tenant:
    """Rename the caller's workspace."""
    async with db.tx() as tx:
        tenant = await tenants_store.rename(tx, change)
        await trail.record(tx, caller, "tenant.changed", target=("tenant", caller.tenant_id), name=change.name)
    if tenant is None:
        raise NotFound("the workspace is gone")
    return tenant


class TenantOrder(NewTenant):
    """A workspace to be made, with its first owner."""

    owner_email: Email


class MadeTenant(Tenant):
    """A new workspace and its owner."""

    owner: Invited


@router.get("/tenants")
async def list_tenants(
    databases: Databases, caller: OperatorCaller, cursor: Cursor = None, limit: Limit = 50
) -> PageOf[Tenant]:
    """All workspaces."""
    after = decode_cursor(cursor, 1)[0] if cursor else ""
    async with databases.system("operator").tx() as tx:
        items = await tenants_store.page(tx, after, limit)
    return PageOf(items=items, next=encode_cursor(items[-1].slug) if len(items) == limit else None)


@router.post("/tenants", status_code=201)
async def make_tenant(databases: Databases, caller: OperatorCaller, new: TenantOrder) -> MadeTenant:
    """Make a workspace; its owner's one-time password is shown here and never again."""
    tenant, owner = await users.make_tenant(databases, new, caller)
    return MadeTenant(**tenant.model_dump(), owner=owner)


@router.patch("/tenants/{tenant_id}")
async def change_tenant(
    databases: Databases, caller: OperatorCaller, tenant_id: TenantId, change: OperatorTenantChange
) -> Tenant:
    """Rename, suspend or change the plan of a workspace."""
    async with databases.system("operator").tx() as tx:
        tenant = await tenants_store.change(tx, tenant_id, change)
        if tenant is None:
            raise NotFound("there is no such workspace")
        await trail.record(
            tx, caller, "tenant.changed", target=("tenant", tenant_id), **change.model_dump(exclude_none=True)
        )
    return tenant
