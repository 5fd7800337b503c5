"""/api/chats/{id}/turns and retries."""

from fastapi import APIRouter, Request

from radiant.foundation.identity.dependencies import MemberCaller
from radiant.http.idempotency import IdempotencyKey
from radiant.kit.ids import ChatId, MessageId
from radiant.workspace.chats.schemas import NewTurn, Retry, Turn
from radiant.workspace.turns.service import Turns

router = APIRouter(prefix="/api/chats", tags=["turns"])


def turns_of(request: Request) -> Turns:
    """The turns that the root made."""
    return request.app.state.turns


@router.post("/{chat_id}/turns", status_code=201)
async def ask(
    request: Request, caller: MemberCaller, chat_id: ChatId, new: NewTurn, idempotency_key: IdempotencyKey = None
) -> Turn:
    """Ask; the answer streams from /api/runs/{run_id}/events."""
    return await turns_of(request).ask(caller, chat_id, new, idempotency_key)


@router.post("/{chat_id}/messages/{message_id}/retry", status_code=201)
async def retry(
    request: Request, caller: MemberCaller, chat_id: ChatId, message_id: MessageId, retry: Retry | None = None
) -> Turn:
    """Answer the same question again, perhaps with another model."""
    return await turns_of(request).retry(caller, chat_id, message_id, retry or Retry())
