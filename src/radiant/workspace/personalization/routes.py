"""/api/personalization: what is known of the caller, why, and their say over it. Nobody else sees it, admins neither."""

import json
from collections.abc import Callable
from typing import Annotated, TypeVar
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response

from radiant.foundation.identity.dependencies import AnyCaller, Databases, Db, MemberCaller
from radiant.http.pages import Cursor, ItemsOf, Limit, PageOf
from radiant.kit.errors import Invalid, NotFound
from radiant.kit.ids import ChatId, MessageId
from radiant.kit.page import NOT_OURS, BadCursor, decode_cursor, encode_cursor, moment
from radiant.workspace.memory.routes import engine_of
from radiant.workspace.memory.schemas import Found
from radiant.workspace.memory.schemas import Query as Wanted
from radiant.workspace.personalization import patterns, service, store
from radiant.workspace.personalization.applying import Recall
from radiant.workspace.personalization.learning import Learning
from radiant.workspace.personalization.schemas import (
    Applied,
    Conversation,
    Evidence,
    ForgetLearning,
    ForgottenLearning,
    Key,
    Learned,
    LearningSettings,
    PastValue,
    Pattern,
    Preference,
    PreferenceChange,
    PreferenceEdit,
)

T = TypeVar("T")
router = APIRouter(prefix="/api/personalization", tags=["personalization"])

PreferenceKey = Annotated[Key, Path()]


def learning_of(request: Request) -> Learning:
    """The learning that the root made."""
    return request.app.state.learning


def recall_of(request: Request) -> Recall:
    """What brings things up, as the root made it."""
    return request.app.state.recall


def _after(cursor: str | None, number: Callable[[str], T]) -> tuple[T, UUID] | None:
    if cursor is None:
        return None
    at, row_id = decode_cursor(cursor, 2)
    try:
        return number(at), UUID(row_id)
    except ValueError as error:
        raise BadCursor(NOT_OURS) from error


@router.post("/learn", operation_id="learn_from_conversation")
async def learn_from_conversation(request: Request, caller: MemberCaller, conversation: Conversation) -> Learned:
    """Learn from what the person says in a conversation. A message of a chat is learnt from once, whoever asks."""
    return await learning_of(request).learn_from_conversation(caller, conversation)


@router.get("/memories", operation_id="get_relevant_memories")
async def get_relevant_memories(
    request: Request,
    caller: MemberCaller,
    query: Annotated[str, Query(min_length=1, max_length=20_000, pattern=r"^[^\x00]*\S[^\x00]*$")],
    limit: Annotated[int, Query(ge=1, le=100)] = 5,
) -> Found:
    """What is remembered that answers a query; nothing where nothing fits."""
    return await engine_of(request).search(caller, Wanted(query=query, limit=limit))


@router.get("/preferences", operation_id="get_preferences")
async def get_preferences(
    db: Db,
    search: Annotated[str | None, Query(max_length=200, pattern=r"^[^\x00]*$")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> PageOf[Preference]:
    """What is known, the surest first; `search` looks in keys and values."""
    items, following = await service.preferences(db, (search or "").strip() or None, _after(cursor, float), limit)
    return PageOf(items=items, next=encode_cursor(repr(following[0]), str(following[1])) if following else None)


@router.put("/preferences/{preference_key}", operation_id="update_preference")
async def update_preference(
    db: Db, caller: MemberCaller, preference_key: PreferenceKey, edit: PreferenceEdit
) -> Preference:
    """Say what it is, whether it is known already or not. It is locked: what is said elsewhere does not change it."""
    return await service.update_preference(db, preference_key, edit)


@router.delete("/preferences/{preference_key}", status_code=204)
async def delete_preference(db: Db, caller: MemberCaller, preference_key: PreferenceKey) -> None:
    """ForgetLearning it, with its evidence and its history."""
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


@router.get("/patterns")
async def list_patterns(db: Db, cursor: Cursor = None, limit: Limit = 50) -> PageOf[Pattern]:
    """What the person does more, or less, often than evenly, the most frequent first; `shown`: that it is no chance. Hours
    of the week count from Monday, 0 o'clock UTC."""
    async with db.tx() as tx:
        items = await patterns.patterns(tx, _after(cursor, int), limit)
    last = items[-1] if len(items) == limit else None
    return PageOf(items=items, next=encode_cursor(str(last.occurrence_count), str(last.id)) if last else None)


@router.delete("/patterns/{pattern_id}", status_code=204)
async def delete_pattern(db: Db, caller: MemberCaller, pattern_id: UUID) -> None:
    """Forget a pattern, and count it no more."""
    async with db.tx() as tx:
        if not await patterns.hide(tx, pattern_id):
            raise NotFound("there is no such pattern")


@router.get("/applied")
async def applied(
    request: Request, caller: AnyCaller, chat_id: ChatId | None = None, message_id: MessageId | None = None
) -> Applied:
    """What was brought up for an answer, or for the last one of a chat."""
    if (chat_id is None) == (message_id is None):
        raise Invalid("name either a message_id or a chat_id")
    return await recall_of(request).applied(caller, chat_id, message_id)


@router.get("/settings")
async def get_settings(db: Db, caller: AnyCaller) -> LearningSettings:
    """Whether what is said teaches, and whether what is known is brought up."""
    del caller
    async with db.tx() as tx:
        return await store.settings(tx)


@router.put("/settings")
async def change_settings(db: Db, caller: MemberCaller, new: LearningSettings) -> LearningSettings:
    """Switch either on or off. What is said while learning is off is never learnt."""
    async with db.tx() as tx:
        await store.put_settings(tx, new)
    return new


@router.get("/timeline")
async def timeline(db: Db, cursor: Cursor = None, limit: Limit = 50) -> PageOf[PreferenceChange]:
    """What became of preferences, and why, the latest first."""
    before = moment(*decode_cursor(cursor, 2)) if cursor is not None else None
    items, following = await service.timeline(db, before, limit)
    return PageOf(items=items, next=encode_cursor(following[0].isoformat(), str(following[1])) if following else None)


@router.get("/export", response_class=Response)
async def export(db: Db, caller: AnyCaller) -> Response:
    """All of it as a JSON file; memories are at /api/memory/export."""
    del caller
    text = json.dumps(await service.export(db), ensure_ascii=False, indent=1, default=str)
    headers = {"Content-Disposition": 'attachment; filename="personalization.json"', "Cache-Control": "no-store"}
    return Response(text + "\n", media_type="application/json", headers=headers)


@router.post("/forget")
async def forget(
    request: Request, database: Databases, caller: MemberCaller, what: ForgetLearning
) -> ForgottenLearning:
    """Forget these preferences; or everything: preferences, evidence, history, patterns and all memories."""
    if what.preferences is not None:
        return ForgottenLearning(preferences=await service.forget(caller.db(database), what.preferences))
    return await service.forget_everything(database, caller, engine_of(request))
