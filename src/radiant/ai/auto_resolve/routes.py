"""/api/auto-resolve."""

from fastapi import APIRouter, Request

from radiant.ai.auto_resolve import service
from radiant.ai.auto_resolve.schemas import Resolution, Resolved, ResolveRequest
from radiant.ai.inference.routes import inference_of
from radiant.foundation.identity.dependencies import AnyCaller, Databases, Db, MemberCaller
from radiant.http.pages import Cursor, Limit, PageOf
from radiant.kit.page import decode_cursor, encode_cursor, moment

router = APIRouter(prefix="/api/auto-resolve", tags=["auto-resolve"])


@router.post("")
async def resolve(request: Request, database: Databases, caller: MemberCaller, asked: ResolveRequest) -> Resolved:
    """Name the best model for a prompt; with `execute` its answer comes along."""
    return await service.resolve(inference_of(request), database, caller, asked)


@router.get("")
async def list_resolutions(
    request: Request, db: Db, caller: AnyCaller, cursor: Cursor = None, limit: Limit = 50
) -> PageOf[Resolution]:
    """One's own requests, the newest first, with what they came to."""
    del caller
    before = moment(*decode_cursor(cursor, 2)) if cursor is not None else None
    # What has just ended is filled in.
    await request.app.state.meter.flush()
    items = await service.resolutions(db, before, limit)
    last = items[-1] if len(items) == limit else None
    return PageOf(items=items, next=encode_cursor(last.created_at.isoformat(), str(last.id)) if last else None)
