"""/api/policies/logs: what was asked through keys, where a policy says that it is kept."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from radiant.ai.policies import logs
from radiant.ai.policies.schemas import RequestLog, WholeRequestLog
from radiant.foundation.identity.dependencies import AnyCaller, Databases, MemberCaller
from radiant.http.pages import Cursor, Limit, PageOf
from radiant.kit.page import decode_cursor, encode_cursor, moment

router = APIRouter(prefix="/api/policies/logs", tags=["policies"])


@router.get("")
async def list_logs(
    database: Databases,
    caller: AnyCaller,
    key: UUID | None = None,
    model: Annotated[str | None, Query(max_length=200)] = None,
    failed: bool | None = None,
    q: Annotated[str | None, Query(max_length=200, description="words in the question or the answer")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> PageOf[RequestLog]:
    """One's own, and for admins what its policy opens to them."""
    before = moment(*decode_cursor(cursor, 2)) if cursor else None
    found = await logs.logs(
        database, caller, api_key_id=key, model=model, failed=failed, words=q or None, before=before, limit=limit + 1
    )
    items = found[:limit]
    more = len(found) > limit
    after = encode_cursor(items[-1].created_at.isoformat(), str(items[-1].id)) if more else None
    return PageOf(items=items, next=after)


@router.get("/{log_id}")
async def get_log(database: Databases, caller: AnyCaller, log_id: UUID) -> WholeRequestLog:
    """One with its question and answer. An admin who reads another's is in the trail."""
    return await logs.whole_log(database, caller, log_id)


@router.delete("/{log_id}", status_code=204)
async def delete_log(database: Databases, caller: MemberCaller, log_id: UUID) -> None:
    """Delete one before its time."""
    await logs.delete_log(database, caller, log_id)
