"""/api/runs: follow and cancel."""

from collections.abc import AsyncGenerator
from typing import Annotated

import msgspec
from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import StreamingResponse

from radiant.foundation.identity.dependencies import AnyCaller, Db
from radiant.foundation.runs.hub import RunHub
from radiant.foundation.runs.schemas import RunEvent
from radiant.http.sse import EventStream, frame
from radiant.kit.ids import RunId

router = APIRouter(prefix="/api/runs", tags=["runs"])


def hub_of(request: Request) -> RunHub:
    """The hub of this process."""
    return request.app.state.runs


async def _frames(events: AsyncGenerator[RunEvent]) -> AsyncGenerator[bytes]:
    try:
        async for event in events:
            yield frame(msgspec.json.encode(event.data, enc_hook=str), event=event.kind, id=event.seq)
    finally:
        await events.aclose()


@router.get("/{run_id}/events", response_class=StreamingResponse)
async def follow(
    request: Request,
    db: Db,
    caller: AnyCaller,
    run_id: RunId,
    after: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0,
    last_event_id: Annotated[str | None, Header()] = None,
) -> EventStream:
    """The run's numbered events as they come, from past `after` or the Last-Event-ID header."""
    if last_event_id is not None and last_event_id.isdigit():
        after = max(after, min(int(last_event_id), 2**31 - 1))
    return EventStream(_frames(await hub_of(request).follow(db, run_id, after)))


@router.post("/{run_id}/cancel", status_code=202)
async def cancel(request: Request, db: Db, caller: AnyCaller, run_id: RunId) -> dict[str, str]:
    """Ask a run to stop; what was said is kept."""
    await hub_of(request).cancel(db, run_id)
    return {"status": "stopping"}
