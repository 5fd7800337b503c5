"""/api/merging."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request

from radiant.foundation.identity.dependencies import Db, MemberCaller
from radiant.http.idempotency import IdempotencyKey
from radiant.http.pages import Cursor, Limit, PageOf
from radiant.kit.page import decode_cursor, encode_cursor, moment
from radiant.workspace.chats.schemas import Chat
from radiant.workspace.merging import store
from radiant.workspace.merging.schemas import Again, Feedback, MadeMerge, Merge, MergeSummary, NewMerge, Strategy
from radiant.workspace.merging.service import Merging

router = APIRouter(prefix="/api/merging", tags=["merging"])


def merging_of(request: Request) -> Merging:
    """The merges that the root made."""
    return request.app.state.merging


@router.post("", status_code=201)
async def merge(
    request: Request, caller: MemberCaller, new: NewMerge, idempotency_key: IdempotencyKey = None
) -> MadeMerge:
    """Merge answers that are brought along, of models that are asked, or both; followed at /api/runs/{run_id}/events."""
    return await merging_of(request).merge(caller, new, idempotency_key)


@router.get("")
async def list_merges(
    db: Db,
    strategy: Strategy | None = None,
    search: Annotated[str | None, Query(max_length=200, pattern=r"^[^\x00]*$")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> PageOf[MergeSummary]:
    """The caller's merges, the newest first; `search` looks in prompts and results."""
    before = moment(*decode_cursor(cursor, 2)) if cursor is not None else None
    async with db.tx() as tx:
        items = await store.page(tx, strategy, (search or "").strip() or None, before, limit)
    last = items[-1] if len(items) == limit else None
    return PageOf(items=items, next=encode_cursor(last.created_at.isoformat(), str(last.id)) if last else None)


@router.get("/{merge_id}")
async def read(request: Request, caller: MemberCaller, merge_id: UUID) -> Merge:
    """Everything about a merge: the answers, what they amount to, how it was decided, what each sentence rests on."""
    return await merging_of(request).get(caller, merge_id)


@router.post("/{merge_id}/chat", status_code=201)
async def to_chat(request: Request, caller: MemberCaller, merge_id: UUID) -> Chat:
    """Begin a chat with the prompt and the result, to go on from there."""
    return await merging_of(request).to_chat(caller, merge_id)


@router.delete("/{merge_id}", status_code=204)
async def delete(request: Request, caller: MemberCaller, merge_id: UUID) -> None:
    """Delete a merge that has ended."""
    await merging_of(request).delete(caller, merge_id)


@router.post("/{merge_id}/feedback")
async def label(request: Request, caller: MemberCaller, merge_id: UUID, feedback: Feedback) -> Merge:
    """Say whether the result is right or good: later scores and choices learn from it."""
    return await merging_of(request).label(caller, merge_id, feedback)


@router.post("/{merge_id}/again", status_code=201)
async def again(
    request: Request, caller: MemberCaller, merge_id: UUID, how: Again, idempotency_key: IdempotencyKey = None
) -> MadeMerge:
    """Merge the same answers by another strategy; no model is asked anew."""
    return await merging_of(request).again(caller, merge_id, how, idempotency_key)
