"""/api/audit."""

from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel

from radiant.foundation.audit import service, store
from radiant.foundation.identity.dependencies import AdminCaller, Db
from radiant.http.pages import Cursor, Limit, PageOf
from radiant.kit.page import NOT_OURS, BadCursor, decode_cursor, encode_cursor

router = APIRouter(prefix="/api/audit", tags=["audit"])


class Entry(BaseModel):
    """Who did what."""

    id: UUID
    seq: int
    at: datetime
    actor_kind: str
    actor_id: UUID | None
    actor_email: str | None
    action: str
    target_kind: str
    target_id: str
    detail: dict[str, Any]
    ip: str | None
    request_id: str


class Verification(BaseModel):
    """Whether the chain is whole, and if not, from which entry on."""

    whole: bool
    first_broken: int | None


@router.get("")
async def list_entries(db: Db, caller: AdminCaller, cursor: Cursor = None, limit: Limit = 50) -> PageOf[Entry]:
    """The workspace's trail, the newest first."""
    before: int | None = None
    if cursor is not None:
        (text,) = decode_cursor(cursor, 1)
        if not text.isdigit() or len(text) > 18:
            raise BadCursor(NOT_OURS)
        before = int(text)
    async with db.tx() as tx:
        rows = await store.page(tx, before, limit)
    items = [Entry.model_validate(dict(row)) for row in rows]
    return PageOf(items=items, next=encode_cursor(str(items[-1].seq)) if len(items) == limit else None)


@router.get("/verification")
async def verify(db: Db, caller: AdminCaller) -> Verification:
    """Recompute the chain."""
    broken = await service.first_broken(db)
    return Verification(whole=broken is None, first_broken=broken)
