"""/api/metrics, and /metrics for Prometheus."""

import asyncio
import hmac
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import StreamingResponse

from radiant.foundation.identity.dependencies import AdminCaller, Databases, Db
from radiant.foundation.identity.requests import bearer_of, person_of, settings_of
from radiant.foundation.metrics import export, prometheus, read_store, service, store
from radiant.foundation.metrics.ingest import MOST_BYTES, Ingest
from radiant.foundation.metrics.schemas import (
    Aggregate,
    Group,
    MetricType,
    Overview,
    PeriodType,
    Received,
    Requests,
    Spend,
)
from radiant.foundation.usage.schemas import CallFilter
from radiant.http.middleware import ContentTooLarge
from radiant.http.pages import Cursor, PageOf
from radiant.kit.clock import utc_now
from radiant.kit.page import NOT_OURS, BadCursor, decode_cursor, encode_cursor

router = APIRouter(prefix="/api/metrics", tags=["metrics"])
prometheus_router = APIRouter(include_in_schema=False)

_EVENT: dict[str, Any] = {
    "type": "object",
    "required": ["event_id", "metric_type", "metric_name", "value"],
    "properties": {
        "event_id": {"type": "string", "format": "uuid", "description": "counts once in seven days"},
        "metric_type": {"enum": ["api_request", "token_usage", "model_inference", "billing"]},
        "metric_name": {"type": "string", "maxLength": 100},
        "value": {"type": "number", "minimum": 0},
        "dimensions": {"type": "object", "additionalProperties": {"type": "string"}},
        "user_id": {"type": "string", "format": "uuid"},
        "recorded_at": {"type": "string", "format": "date-time", "description": "now unless given"},
    },
}
_BATCH = {
    "type": "object",
    "required": ["events"],
    "properties": {"events": {"type": "array", "maxItems": 1000, "items": _EVENT}},
}


Start = Annotated[datetime | None, Query(description="with its zone; 30 days before the end unless given")]
End = Annotated[datetime | None, Query(description="with its zone; now unless given")]
_DAYS = 30


def _exposition(request: Request) -> prometheus.Exposition:
    return request.app.state.exposition


def _ingest(request: Request) -> Ingest:
    return request.app.state.metrics_ingest


@router.post(
    "/events",
    openapi_extra={"requestBody": {"required": True, "content": {"application/json": {"schema": _BATCH}}}},
)
async def receive_events(
    request: Request, db: Db, _: AdminCaller, ingest: Annotated[Ingest, Depends(_ingest)]
) -> Received:
    """Take up to 1,000 events from outside. What is accepted is committed; what is bad is set aside, row by row."""
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > MOST_BYTES:
            raise ContentTooLarge(f"a batch has at most {MOST_BYTES} bytes; send fewer events at once")
    received = await ingest.receive(db, bytes(body))
    _exposition(request).count_events(received)
    return received


def _after(cursor: str | None) -> tuple[datetime, str, str] | None:
    if cursor is None:
        return None
    at, metric_type, group = decode_cursor(cursor, 3)
    try:
        return datetime.fromisoformat(at), metric_type, group
    except ValueError as error:
        raise BadCursor(NOT_OURS) from error


@router.get("/aggregated")
async def read_aggregated(
    db: Db,
    _: AdminCaller,
    period_type: PeriodType,
    start: Start = None,
    end: End = None,
    metric_type: MetricType | None = None,
    group_by: Group | None = None,
    cursor: Cursor = None,
    limit: Annotated[int, Query(ge=1, le=1000, description="rows a page")] = 500,
) -> PageOf[Aggregate]:
    """Roll-ups of periods (UTC) that lie wholly between start and end: for all, or for each model, person, provider or
    key."""
    first, last = service.between(start, end, _DAYS, utc_now())
    async with db.tx() as tx:
        items = await read_store.aggregated(
            tx, period_type, first, last, metric_type, group_by, _after(cursor), limit
        )  # fmt: skip
    row = items[-1] if len(items) == limit else None
    following = encode_cursor(row.period_start.isoformat(), row.metric_type, row.group or "") if row else None
    return PageOf(items=items, next=following)


@router.get("/overview")
async def read_overview(db: Db, _: AdminCaller, start: Start = None, end: End = None) -> Overview:
    """A time at a glance, beside the one before it; a few seconds behind."""
    return await service.overview(db, *service.between(start, end, _DAYS, utc_now()))


@router.get("/spend")
async def read_spend(
    db: Db, _: AdminCaller, start: Start = None, end: End = None, group_by: Group | None = None
) -> Spend:
    """What calls cost, by the ledger: exact. `month.forecast`: at the pace of the last seven days."""
    now = utc_now()
    return await service.spend(db, *service.between(start, end, _DAYS, now), group_by, now)


@router.get("/requests")
async def read_requests(
    db: Db,
    _: AdminCaller,
    start: Start = None,
    end: End = None,
    limit: Annotated[int, Query(ge=1, le=500, description="the most frequent")] = 100,
) -> list[Requests]:
    """Requests that were refused, other requests of the API, and jobs: what there was besides calls of models."""
    first, last = service.between(start, end, _DAYS, utc_now())
    async with db.tx() as tx:
        return await read_store.requests(tx, first, last, limit)


@router.get("/export")
async def export_calls(
    db: Db,
    _: AdminCaller,
    format: Literal["csv", "parquet"] = "csv",
    start: Start = None,
    end: End = None,
    model: Annotated[str | None, Query(max_length=200)] = None,
    user_id: UUID | None = None,
    api_key_id: UUID | None = None,
) -> StreamingResponse:
    """Calls as a file, the newest first, as long as it takes."""
    first, last = service.between(start, end, _DAYS, utc_now())
    of = CallFilter(model=model, user_id=user_id, api_key_id=api_key_id, start=first, end=last)
    if format == "parquet":
        await asyncio.to_thread(export.arrow)
    rows = export.as_csv(db, of) if format == "csv" else export.as_parquet(db, of)
    media = "text/csv; charset=utf-8" if format == "csv" else "application/vnd.apache.parquet"
    name = f"calls-{first:%Y-%m-%d}-{last:%Y-%m-%d}.{format}"
    return StreamingResponse(rows, media_type=media, headers={"content-disposition": f'attachment; filename="{name}"'})


@prometheus_router.get("/metrics")
async def expose(request: Request, database: Databases) -> Response:
    """What this process counts, for who shows RADIANT_METRICS_TOKEN as a bearer token, and for the operator."""
    token = settings_of(request).metrics_token
    given = bearer_of(request) or ""
    if token is None or not hmac.compare_digest(given.encode(), token.get_secret_value().encode()):
        (await person_of(request)).require_operator()
    async with database.system("prometheus").tx() as tx:
        behind = await store.behind(tx)
    text = _exposition(request).text(behind.total_seconds())
    return Response(text, headers={"content-type": prometheus.CONTENT_TYPE})
