"""/api/reasoning/sessions: Think Tank."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.responses import StreamingResponse

from radiant.foundation.identity.dependencies import Db, MemberCaller
from radiant.http.idempotency import IdempotencyKey
from radiant.http.pages import Cursor, Limit, PageOf
from radiant.http.sse import EventStream
from radiant.kit.page import decode_cursor, encode_cursor, moment
from radiant.workspace.chats.schemas import Chat
from radiant.workspace.reasoning import events, report, store
from radiant.workspace.reasoning.schemas import (
    Feedback,
    MadeSession,
    NewSession,
    Session,
    SessionSummary,
    Status,
    Steering,
)
from radiant.workspace.reasoning.service import Thinking

router = APIRouter(prefix="/api/reasoning/sessions", tags=["reasoning"])


def thinking_of(request: Request) -> Thinking:
    """The sessions that the root made."""
    return request.app.state.thinking


@router.post("", status_code=201)
async def begin(
    request: Request, caller: MemberCaller, new: NewSession, idempotency_key: IdempotencyKey = None
) -> MadeSession:
    """Begin to solve a problem; followed at /api/reasoning/sessions/{id}/events."""
    return await thinking_of(request).begin(caller, new, idempotency_key)


@router.get("")
async def list_sessions(
    db: Db,
    status: Status | None = None,
    search: Annotated[str | None, Query(max_length=200, pattern=r"^[^\x00]*$")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> PageOf[SessionSummary]:
    """The caller's sessions, the newest first; `search` looks in problems and solutions."""
    before = moment(*decode_cursor(cursor, 2)) if cursor is not None else None
    async with db.tx() as tx:
        items = await store.page(tx, status, (search or "").strip() or None, before, limit)
    last = items[-1] if len(items) == limit else None
    return PageOf(items=items, next=encode_cursor(last.created_at.isoformat(), str(last.id)) if last else None)


@router.get("/{reasoning_session_id}")
async def read(request: Request, caller: MemberCaller, reasoning_session_id: UUID) -> Session:
    """Everything about a session: its plan, each sub-problem and what its answer rests on, each step with its cost."""
    return await thinking_of(request).get(caller, reasoning_session_id)


@router.get("/{reasoning_session_id}/events", response_class=StreamingResponse)
async def follow(
    request: Request,
    db: Db,
    caller: MemberCaller,
    reasoning_session_id: UUID,
    after: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0,
    last_event_id: Annotated[int | None, Header(ge=0, le=2**31 - 1)] = None,
) -> EventStream:
    """What happens, as server-sent events with numbers, from the beginning or past `after` (`Last-Event-ID`), until the
    session ends."""
    await thinking_of(request).must_be(caller, reasoning_session_id)
    start = after if last_event_id is None else last_event_id
    return EventStream(events.frames(db, request.app.state.changes, reasoning_session_id, start))


@router.post("/{reasoning_session_id}/steer")
async def steer(request: Request, caller: MemberCaller, reasoning_session_id: UUID, said: Steering) -> Session:
    """Edit or approve the plan, add a constraint, retry a node, allow a tool's call, pause, resume."""
    return await thinking_of(request).steer(caller, reasoning_session_id, said)


@router.post("/{reasoning_session_id}/cancel")
async def cancel(request: Request, caller: MemberCaller, reasoning_session_id: UUID) -> Session:
    """End a session; what it has so far is kept."""
    return await thinking_of(request).cancel(caller, reasoning_session_id)


@router.post("/{reasoning_session_id}/feedback")
async def label(request: Request, caller: MemberCaller, reasoning_session_id: UUID, feedback: Feedback) -> Session:
    """Say whether the solution is right: confidences are calibrated by it."""
    return await thinking_of(request).label(caller, reasoning_session_id, feedback)


@router.post("/{reasoning_session_id}/chat", status_code=201)
async def to_chat(request: Request, caller: MemberCaller, reasoning_session_id: UUID) -> Chat:
    """Begin a chat with the problem and the solution, to go on from there."""
    return await thinking_of(request).to_chat(caller, reasoning_session_id)


@router.get("/{reasoning_session_id}/report", response_class=Response)
async def export(
    request: Request, caller: MemberCaller, reasoning_session_id: UUID, format: Literal["markdown", "pdf"] = "markdown"
) -> Response:
    """The session as a report: solution, what it rests on, each sub-problem with its evidence, sources, cost."""
    session = await thinking_of(request).get(caller, reasoning_session_id)
    ending = "pdf" if format == "pdf" else "md"
    headers = {"Content-Disposition": f'attachment; filename="think-tank-{str(reasoning_session_id)[:8]}.{ending}"'}
    if format == "pdf":
        return Response(await report.pdf(session), media_type="application/pdf", headers=headers)
    return Response(await report.markdown(session), media_type="text/markdown; charset=utf-8", headers=headers)


@router.delete("/{reasoning_session_id}", status_code=204)
async def delete(request: Request, caller: MemberCaller, reasoning_session_id: UUID) -> None:
    """Delete a session that has ended."""
    await thinking_of(request).delete(caller, reasoning_session_id)
