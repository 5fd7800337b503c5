"""/api/usage."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import AwareDatetime

from radiant.foundation.identity.callers import Caller, Role
from radiant.foundation.identity.dependencies import AnyCaller, Db
from radiant.foundation.usage import service
from radiant.foundation.usage.meter import Meter
from radiant.foundation.usage.schemas import Call, CallFilter, State, UsageSummary
from radiant.http.pages import Cursor, Limit, PageOf
from radiant.kit.page import decode_cursor, encode_cursor, moment

router = APIRouter(prefix="/api/usage", tags=["usage"])

Person = Annotated[UUID | None, Query(description="of this person; others than oneself for an admin alone")]
Key = Annotated[UUID | None, Query(description="made with this API key")]
ModelName = Annotated[str | None, Query(max_length=200, pattern=r"^[^\x00]*$")]
Tag = Annotated[str | None, Query(max_length=400, description="name:value")]
Since = Annotated[AwareDatetime | None, Query(description="made at this moment or later")]
Until = Annotated[AwareDatetime | None, Query(description="made before this moment")]
ErrorKind = Annotated[str | None, Query(max_length=50, pattern=r"^[^\x00]*$", description="slug of the failure")]


def _whose(caller: Caller, user_id: UUID | None) -> UUID | None:
    """Whose calls may be seen: an admin's wish, and one's own otherwise."""
    if user_id is not None and user_id != caller.user_id:
        caller.require_role(Role.ADMIN)
    return user_id if caller.role >= Role.ADMIN else caller.user_id


async def _catch_up(request: Request) -> None:
    """What has just ended is counted too."""
    meter: Meter | None = getattr(request.app.state, "meter", None)
    if meter is not None:
        await meter.flush()


@router.get("")
async def summary(
    request: Request,
    db: Db,
    caller: AnyCaller,
    days: Annotated[int, Query(ge=1, le=366)] = 30,
    user_id: Person = None,
    api_key_id: Key = None,
    model: ModelName = None,
    tag: Tag = None,
) -> UsageSummary:
    """What was used in the last days: the workspace's for an admin, one's own otherwise."""
    of = CallFilter(user_id=_whose(caller, user_id), api_key_id=api_key_id, model=model, tags=service.tag_filter(tag))
    await _catch_up(request)
    return await service.summary(db, days, of)


@router.get("/calls")
async def list_calls(
    request: Request,
    db: Db,
    caller: AnyCaller,
    user_id: Person = None,
    api_key_id: Key = None,
    model: ModelName = None,
    state: State | None = None,
    error_kind: ErrorKind = None,
    tag: Tag = None,
    provider: ModelName = None,
    start: Since = None,
    end: Until = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> PageOf[Call]:
    """Calls, the newest first; `state=reserved` are those under way now."""
    of = CallFilter(
        user_id=_whose(caller, user_id), api_key_id=api_key_id, model=model, state=state, error_kind=error_kind,
        tags=service.tag_filter(tag), provider=provider, start=start, end=end,
    )  # fmt: skip
    before = moment(*decode_cursor(cursor, 2)) if cursor is not None else None
    await _catch_up(request)
    items = await service.calls(db, of, before, limit)
    last = items[-1] if len(items) == limit else None
    return PageOf(items=items, next=encode_cursor(last.created_at.isoformat(), str(last.id)) if last else None)
