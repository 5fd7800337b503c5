"""/api/groups and /api/service-accounts."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from radiant.foundation.identity import groups, service_accounts
from radiant.foundation.identity.dependencies import AdminCaller, Databases
from radiant.foundation.identity.schemas import (
    Group,
    GroupChange,
    GroupMember,
    MadeApiKey,
    NewApiKey,
    NewGroup,
    NewServiceAccount,
    User,
)
from radiant.http.pages import Cursor, Limit, PageOf
from radiant.kit.errors import Invalid
from radiant.kit.ids import UserId, parse_uuid
from radiant.kit.page import decode_cursor, encode_cursor, moment

router = APIRouter(prefix="/api", tags=["people"])
GroupCursor = Annotated[str | None, Query(description="`next` of the page before", max_length=2000)]


def _named(cursor: str | None) -> tuple[str, UUID] | None:
    if cursor is None:
        return None
    name, id_text = decode_cursor(cursor, 2)
    found = parse_uuid(id_text)
    if found is None or "\x00" in name:
        raise Invalid("cursor: this is not a `next` of a page")
    return name, found


@router.get("/groups")
async def list_groups(
    databases: Databases, caller: AdminCaller, cursor: GroupCursor = None, limit: Limit = 50
) -> PageOf[Group]:
    """Groups by name."""
    items = await groups.page(databases, caller, _named(cursor), limit)
    last = encode_cursor(items[-1].name.lower(), str(items[-1].id)) if len(items) == limit else None
    return PageOf(items=items, next=last)


@router.post("/groups", status_code=201)
async def make_group(databases: Databases, caller: AdminCaller, new: NewGroup) -> Group:
    """Make a group."""
    return await groups.make(databases, caller, new)


@router.get("/groups/{group_id}")
async def get_group(databases: Databases, caller: AdminCaller, group_id: UUID) -> Group:
    """One group."""
    return await groups.one(databases, caller, group_id)


@router.patch("/groups/{group_id}")
async def change_group(databases: Databases, caller: AdminCaller, group_id: UUID, change: GroupChange) -> Group:
    """Rename a group."""
    return await groups.change(databases, caller, group_id, change)


@router.delete("/groups/{group_id}", status_code=204)
async def delete_group(databases: Databases, caller: AdminCaller, group_id: UUID) -> None:
    """Take a group away; its people stay."""
    await groups.delete(databases, caller, group_id)


@router.get("/groups/{group_id}/members")
async def list_members(
    databases: Databases, caller: AdminCaller, group_id: UUID, cursor: GroupCursor = None, limit: Limit = 50
) -> PageOf[GroupMember]:
    """Who is in a group."""
    items = await groups.members(databases, caller, group_id, _named(cursor), limit)
    last = encode_cursor(items[-1].email, str(items[-1].id)) if len(items) == limit else None
    return PageOf(items=items, next=last)


@router.put("/groups/{group_id}/members/{user_id}", status_code=204)
async def add_member(databases: Databases, caller: AdminCaller, group_id: UUID, user_id: UserId) -> None:
    """Put somebody in."""
    await groups.add(databases, caller, group_id, user_id)


@router.delete("/groups/{group_id}/members/{user_id}", status_code=204)
async def remove_member(databases: Databases, caller: AdminCaller, group_id: UUID, user_id: UserId) -> None:
    """Take somebody out."""
    await groups.take_out(databases, caller, group_id, user_id)


def _position(cursor: str | None) -> tuple[datetime, UUID] | None:
    return moment(*decode_cursor(cursor, 2)) if cursor is not None else None


@router.get("/service-accounts")
async def list_accounts(
    databases: Databases, caller: AdminCaller, cursor: Cursor = None, limit: Limit = 50
) -> PageOf[User]:
    """Service accounts. They are changed and removed as people are, under /api/users."""
    items = await service_accounts.page(databases, caller, _position(cursor), limit)
    last = encode_cursor(items[-1].created_at.isoformat(), str(items[-1].id)) if len(items) == limit else None
    return PageOf(items=items, next=last)


@router.post("/service-accounts", status_code=201)
async def make_account(databases: Databases, caller: AdminCaller, new: NewServiceAccount) -> User:
    """Make a service account."""
    return await service_accounts.make(databases, caller, new)


@router.post("/service-accounts/{user_id}/keys", status_code=201)
async def make_account_key(
    databases: Databases, caller: AdminCaller, user_id: UserId, new: NewApiKey
) -> MadeApiKey:  # fmt: skip
    """Make a key of a service account's; the secret is shown here and never again."""
    return await service_accounts.make_key(databases, caller, user_id, new)
