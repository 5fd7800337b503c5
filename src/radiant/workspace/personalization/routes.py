"""/api/personalization: what is known of the caller, why, and their say over it. Nobody else sees it, admins neither."""

import json
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response

from radiant.foundation.identity.dependencies import AnyCaller, Db, MemberCaller
from radiant.http.pages import Cursor, ItemsOf, Limit, PageOf
from radiant.kit.page import BadCursor, decode_cursor, encode_cursor, moment
from radiant.workspace.personalization import service, store
from radiant.workspace.personalization.schemas import (
    Change,
    Evidence,
    Forget,
    Forgotten,
    Key,
    PastValue,
    Preference,
    PreferenceEdit,
    Settings,
)

router = APIRouter(prefix="/api/personalization", tags=["personalization"])

PreferenceKey = Annotated[Key, Path()]


@router.get("/preferences")
async def get_preferences(
    db: Db,
    search: Annotated[str | None, Query(max_length=200, pattern=r"^[^\x00]*$")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> PageOf[Preference]:
    """What is known, the surest first; `search` looks in keys and values."""
    after: tuple[float, UUID] | None = None
    if cursor is not None:
        confidence, preference_id = decode_cursor(cursor, 2)
        try:
            after = float(confidence), UUID(preference_id)
        except ValueError as error:
            raise BadCursor("cursor: not one of ours; leave it out to start from the first page") from error
    items, following = await service.preferences(db, (search or "").strip() or None, after, limit)
    return PageOf(items=items, next=encode_cursor(repr(following[0]), str(following[1])) if following else None)


@router.put("/preferences/{preference_key}")
async def update_preference(
    db: Db, caller: MemberCaller, preference_key: PreferenceKey, edit: PreferenceEdit
) -> Preference:
    """Say what it is, whether it is known already or not. It is locked: what is said elsewhere does not change it."""
    return await service.update_preference(db, preference_key, edit)


@router.delete("/preferences/{preference_key}", status_code=204)
async def delete_preference(db: Db, caller: MemberCaller, preference_key: PreferenceKey) -> None:
    """Forget it, with its evidence and its history."""
    await service.delete(db, preference_key)


@router.post("/preferences/{preference_key}/confirm")
async def confirm_preference(db: Db, caller: MemberCaller, preference_key: PreferenceKey) -> Preference:
    """It is right."""
    return await service.confirm(db, preference_key)


@router.post("/preferences/{preference_key}/reject")
async def reject_preference(db: Db, caller: MemberCaller, preference_key: PreferenceKey) -> Preference:
    """It is wrong."""
    return await service.reject(db, preference_key)


@router.post("/preferences/{preference_key}/unlock")
async def unlock_preference(db: Db, caller: MemberCaller, preference_key: PreferenceKey) -> Preference:
    """Let it be learnt again."""
    return await service.unlock(db, preference_key)


@router.get("/preferences/{preference_key}/evidence")
async def preference_evidence(db: Db, caller: AnyCaller, preference_key: PreferenceKey) -> ItemsOf[Evidence]:
    """What speaks for it and against it, word for word, the latest first: the last 500 signals."""
    del caller
    return ItemsOf(items=await service.evidence_of(db, preference_key))


@router.get("/preferences/{preference_key}/history")
async def preference_history(
    db: Db, preference_key: PreferenceKey, cursor: Cursor = None, limit: Limit = 50
) -> PageOf[PastValue]:
    """Values that held before, the latest first."""
    before = moment(*decode_cursor(cursor, 2)) if cursor is not None else None
    items = await service.history(db, preference_key, before, limit)
    last = items[-1] if len(items) == limit else None
    return PageOf(items=items, next=encode_cursor(last.valid_to.isoformat(), str(last.id)) if last else None)


@router.get("/settings")
async def get_settings(db: Db, caller: AnyCaller) -> Settings:
    """Whether what is said teaches, and whether what is known is brought up."""
    del caller
    async with db.tx() as tx:
        return await store.settings(tx)


@router.put("/settings")
async def change_settings(db: Db, caller: MemberCaller, new: Settings) -> Settings:
    """Switch either on or off. What is said while learning is off is never learnt."""
    async with db.tx() as tx:
        await store.put_settings(tx, new)
    return new


@router.get("/timeline")
async def timeline(db: Db, cursor: Cursor = None, limit: Limit = 50) -> PageOf[Change]:
    """What became of preferences, and why, the latest first."""
    before = moment(*decode_cursor(cursor, 2)) if cursor is not None else None
    items, following = await service.timeline(db, before, limit)
    return PageOf(items=items, next=encode_cursor(following[0].isoformat(), str(following[1])) if following else None)


@router.get("/export", response_class=Response)
async def export(db: Db, caller: AnyCaller) -> Response:
    """All of it as a JSON file."""
    del caller
    text = json.dumps(await service.export(db), ensure_ascii=False, indent=1, default=str)
    headers = {"Content-Disposition": 'attachment; filename="personalization.json"', "Cache-Control": "no-store"}
    return Response(text + "\n", media_type="application/json", headers=headers)


@router.post("/forget")
async def forget(db: Db, caller: MemberCaller, what: Forget) -> Forgotten:
    """Forget these preferences, or everything that was learnt."""
    return Forgotten(preferences=await service.forget(db, what.preferences))
