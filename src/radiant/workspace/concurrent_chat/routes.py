"""/api/concurrent-chat: sessions of panes, turns of several models, one stream of all their answers."""

from typing import Annotated

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import StreamingResponse

from radiant.foundation.identity.dependencies import AnyCaller, Databases, Db, MemberCaller
from radiant.foundation.runs.routes import hub_of
from radiant.http.idempotency import IdempotencyKey
from radiant.http.pages import Cursor, ItemsOf, Limit, PageOf
from radiant.http.sse import EventStream
from radiant.kit.ids import PaneId, PanesId
from radiant.kit.page import decode_cursor, encode_cursor, moment
from radiant.workspace.concurrent_chat import best, common, service
from radiant.workspace.concurrent_chat.events import Position, Reader
from radiant.workspace.concurrent_chat.schemas import (
    Best,
    BestKept,
    Common,
    NewPanesTurn,
    NewSession,
    Pane,
    PaneChange,
    PaneEdit,
    PaneRetry,
    PanesSession,
    PanesTurn,
    PaneToAdd,
    SessionChange,
    SessionSummary,
    Stop,
    Stopped,
    SyncChange,
)
from radiant.workspace.concurrent_chat.turns import PaneTurns

router = APIRouter(prefix="/api/concurrent-chat/sessions", tags=["concurrent chat"])
_SESSION = "/{concurrent_session_id}"
_PANE = _SESSION + "/panes/{pane_id}"


def pane_turns_of(request: Request) -> PaneTurns:
    """The turns of panes that the root made."""
    return request.app.state.pane_turns


@router.get("")
async def list_sessions(
    db: Db,
    caller: AnyCaller,
    search: Annotated[str | None, Query(max_length=200, pattern=r"^[^\x00]*$")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> PageOf[SessionSummary]:
    """The caller's sessions, the latest first, or those whose name or a chat's title holds the words."""
    del caller
    before = moment(*decode_cursor(cursor, 2)) if cursor is not None else None
    items = await service.sessions(db, (search or "").strip() or None, before, limit)
    last = items[-1] if len(items) == limit else None
    return PageOf(items=items, next=encode_cursor(last.updated_at.isoformat(), str(last.id)) if last else None)


@router.post("", status_code=201)
async def create_session(db: Db, caller: MemberCaller, new: NewSession) -> PanesSession:
    """Make a session; every pane has a chat of its own from the start."""
    del caller
    return await service.create_session(db, new)


@router.get(_SESSION)
async def get_session(db: Db, caller: AnyCaller, concurrent_session_id: PanesId) -> PanesSession:
    """A session with its panes."""
    del caller
    return await service.get_session(db, concurrent_session_id)


@router.patch(_SESSION)
async def change_session(
    db: Db, caller: MemberCaller, concurrent_session_id: PanesId, change: SessionChange
) -> PanesSession:
    """Change its name, layout, most panes, or whether it is in use."""
    del caller
    return await service.change_session(db, concurrent_session_id, change)


@router.delete(_SESSION, status_code=204)
async def delete_session(db: Db, caller: MemberCaller, concurrent_session_id: PanesId) -> None:
    """Delete a session. Its chats stay in the list of chats."""
    del caller
    await service.delete_session(db, concurrent_session_id)


@router.get(_SESSION + "/panes")
async def get_panes(db: Db, caller: AnyCaller, concurrent_session_id: PanesId) -> ItemsOf[Pane]:
    """Its panes in their order."""
    del caller
    return ItemsOf(items=await service.get_panes(db, concurrent_session_id))


@router.post(_SESSION + "/panes", status_code=201)
async def add_pane(
    db: Db, caller: MemberCaller, concurrent_session_id: PanesId, new: PaneToAdd | None = None
) -> PanesSession:
    """Add a pane."""
    del caller
    return await service.add_pane(db, concurrent_session_id, new or PaneToAdd())


@router.patch(_PANE)
async def update_pane_model(
    db: Db, caller: MemberCaller, concurrent_session_id: PanesId, pane_id: PaneId, change: PaneChange
) -> PanesSession:
    """Change a pane's model, how it is asked, its chat or its place."""
    del caller
    return await service.update_pane_model(db, concurrent_session_id, pane_id, change)


@router.delete(_PANE)
async def remove_pane(db: Db, caller: MemberCaller, concurrent_session_id: PanesId, pane_id: PaneId) -> PanesSession:
    """Remove a pane. Its chat stays in the list of chats; the last pane stays."""
    del caller
    return await service.remove_pane(db, concurrent_session_id, pane_id)


@router.put(_SESSION + "/sync")
async def set_sync_mode(
    db: Db, caller: MemberCaller, concurrent_session_id: PanesId, change: SyncChange
) -> PanesSession:
    """Let the panes go each their own way, be asked together, or share one conversation."""
    del caller
    return await service.set_sync_mode(db, concurrent_session_id, change)


@router.post(_SESSION + "/turns", status_code=201)
async def ask(
    request: Request,
    caller: MemberCaller,
    concurrent_session_id: PanesId,
    new: NewPanesTurn,
    idempotency_key: IdempotencyKey = None,
) -> PanesTurn:
    """Ask panes one question; the answers come by the session's events."""
    return await pane_turns_of(request).ask(caller, concurrent_session_id, new, idempotency_key)


@router.post(_PANE + "/retry", status_code=201)
async def retry(
    request: Request, caller: MemberCaller, concurrent_session_id: PanesId, pane_id: PaneId, retry: PaneRetry
) -> PanesTurn:
    """Answer a question again in one pane, perhaps with another model."""
    return await pane_turns_of(request).retry(caller, concurrent_session_id, pane_id, retry)


@router.post(_PANE + "/edit", status_code=201)
async def edit(
    request: Request, caller: MemberCaller, concurrent_session_id: PanesId, pane_id: PaneId, edit: PaneEdit
) -> PanesTurn:
    """Ask a question otherwise in one pane: a branch of its own."""
    return await pane_turns_of(request).edit(caller, concurrent_session_id, pane_id, edit)


@router.post(_SESSION + "/stop", status_code=202)
async def stop(
    request: Request, db: Db, caller: MemberCaller, concurrent_session_id: PanesId, stop: Stop | None = None
) -> Stopped:
    """Stop the panes, or all; what was said is kept."""
    del caller
    pane_ids = stop.pane_ids if stop is not None else None
    return Stopped(stopped=await pane_turns_of(request).stop(db, concurrent_session_id, pane_ids))


@router.post(_SESSION + "/common")
async def choose_common(db: Db, caller: MemberCaller, concurrent_session_id: PanesId, chosen: Common) -> PanesSession:
    """Let all panes go on from one answer, or from a text made of several."""
    del caller
    return await common.choose(db, concurrent_session_id, chosen)


@router.post(_SESSION + "/best")
async def choose_best(
    request: Request, database: Databases, caller: MemberCaller, concurrent_session_id: PanesId, chosen: Best
) -> BestKept:
    """Say which answer to a question is the best; the Brain learns from it."""
    return await best.choose(database, caller, concurrent_session_id, chosen, request.app.state.meter.flush)


@router.get(_SESSION + "/events", response_class=StreamingResponse)
async def follow(
    request: Request,
    db: Db,
    caller: AnyCaller,
    concurrent_session_id: PanesId,
    after: Annotated[str | None, Query(max_length=20_000)] = None,
    last_event_id: Annotated[str | None, Header(max_length=20_000)] = None,
) -> EventStream:
    """The session whenever it changes, and the events of all its panes, from past `after` or the Last-Event-ID header."""
    del caller
    cursor = last_event_id or after
    position = Position.decode(cursor) if cursor else None
    await service.get_session(db, concurrent_session_id)
    return EventStream(Reader(db, concurrent_session_id, hub_of(request), request.app.state.changes, position).frames())
