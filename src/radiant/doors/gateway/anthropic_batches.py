"""/v1/messages/batches: Anthropic's form of batches, over the same tables and work."""

import re
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import msgspec

from radiant.doors.gateway import batches_store as store
from radiant.doors.gateway.batches_run import JOB, MOST_LINES, WINDOW, answered_lines, unanswered
from radiant.doors.gateway.batches_store import Batch
from radiant.doors.gateway.call import Call, MethodNotAllowed
from radiant.doors.gateway.lanes import Engine
from radiant.doors.gateway.openai_files import limit_asked
from radiant.doors.gateway.openai_request import BadRequest, decode
from radiant.foundation.identity.callers import Caller, Role
from radiant.infra.db import TenantDb
from radiant.infra.jobs import enqueue
from radiant.kit.clock import utc_now
from radiant.kit.errors import Conflict, NotFound
from radiant.kit.ids import parse_uuid, uuid7
from radiant.kit.text import shorten

_PREFIX = "msgbatch_"
_CUSTOM_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_UNDONE = {"cancelled": "canceled", "expired": "expired"}
Json = dict[str, Any]


class _Request(msgspec.Struct):
    custom_id: str
    params: Json


class _NewBatch(msgspec.Struct):
    requests: list[_Request]

    def lines(self) -> list[tuple[int, str, Json]]:
        """Number, custom_id and body of each request. Raises BadRequest."""
        if not 1 <= len(self.requests) <= MOST_LINES:
            raise BadRequest(f"requests: give 1 to {MOST_LINES}", "requests")
        seen: set[str] = set()
        for i, request in enumerate(self.requests):
            where = f"requests[{i}]"
            if not _CUSTOM_ID.fullmatch(request.custom_id):
                raise BadRequest(f"{where}.custom_id: 1 to 64 letters, digits, _ and -", where)
            if request.custom_id in seen:
                raise BadRequest(f"{where}.custom_id: another request has the same", where)
            if request.params.get("stream"):
                raise BadRequest(f"{where}.params.stream: not in a batch", where)
            seen.add(request.custom_id)
        return [(i, request.custom_id, request.params) for i, request in enumerate(self.requests, 1)]


def _id_of(name: str | None) -> UUID | None:
    return parse_uuid(name.removeprefix(_PREFIX)) if name and name.startswith(_PREFIX) else None


def _body(call: Call, batch: Batch) -> Json:
    name = f"{_PREFIX}{batch.id.hex}"
    ended = batch.finished_at is not None
    open_lines = batch.total - batch.completed - batch.failed
    undone = _UNDONE.get(batch.status)
    status = "ended" if ended else "canceling" if batch.status == "cancelling" else "in_progress"
    host = call.headers.get(b"host", b"localhost").decode("latin-1")
    results = f"{call.scheme}://{host}/v1/messages/batches/{name}/results"
    return {
        "id": name,
        "type": "message_batch",
        "processing_status": status,
        "request_counts": {
            "processing": 0 if ended else open_lines,
            "succeeded": batch.completed,
            "errored": batch.failed + (open_lines if ended and undone is None else 0),
            "canceled": open_lines if undone == "canceled" else 0,
            "expired": open_lines if undone == "expired" else 0,
        },
        "ended_at": batch.finished_at.isoformat() if batch.finished_at else None,
        "created_at": batch.created_at.isoformat(),
        "expires_at": batch.expires_at.isoformat(),
        "archived_at": None,
        "cancel_initiated_at": batch.cancelling_at.isoformat() if batch.cancelling_at else None,
        "results_url": results if ended else None,
    }


async def all_message_batches(engine: Engine, call: Call) -> None:
    """POST and GET /v1/messages/batches."""
    caller = await call.identify(engine.keys)
    db = caller.db(engine.database)
    if call.method == "POST":
        await _create(engine, call, caller, db)
        return
    if call.method != "GET":
        raise MethodNotAllowed(f"{call.path} does not take {call.method}")
    limit = limit_asked(call, 1000, 20)
    query = call.query()
    after, before = query.get("after_id"), query.get("before_id")
    given = after or before
    at = _id_of(given)
    if given and at is None:
        raise BadRequest("after_id, before_id: there is no such batch", "after_id")
    async with db.tx() as tx:
        if before and not after:
            found = await store.page_before(tx, "anthropic", at, limit + 1)
            page = found[:limit][::-1]
        else:
            found = await store.page(tx, "anthropic", at, limit + 1)
            page = found[:limit]
    data = [_body(call, batch) for batch in page]
    ends = {"first_id": data[0]["id"] if data else None, "last_id": data[-1]["id"] if data else None}
    await call.answer_json({"data": data, "has_more": len(found) > limit, **ends})


async def _create(engine: Engine, call: Call, caller: Caller, db: TenantDb) -> None:
    caller.require_role(Role.MEMBER)
    lines = decode(await call.body(), _NewBatch).lines()
    batch_id = uuid7()
    async with db.tx() as tx:
        await store.insert(
            tx, batch_id, caller.api_key_id, "/v1/messages", None, {}, utc_now() + WINDOW, protocol="anthropic"
        )
        await store.begin(tx, batch_id, lines)
        await enqueue(tx, JOB, person=caller.user_id, once=str(batch_id), batch_id=batch_id)
    engine.batch_waits.set()
    await call.answer_json(_body(call, await _found(db, batch_id, "")))


async def _found(db: TenantDb, batch_id: UUID | None, name: str) -> Batch:
    found: Batch | None = None
    if batch_id is not None:
        async with db.tx() as tx:
            found = await store.find(tx, batch_id)
    if found is None or found.protocol != "anthropic":
        raise NotFound(f"there is no batch {shorten(name, 80)!r} of yours")
    return found


async def one_message_batch(engine: Engine, call: Call) -> None:
    """GET and DELETE /v1/messages/batches/{id}, POST …/cancel, GET …/results."""
    caller = await call.identify(engine.keys)
    name, _, rest = call.path.removeprefix("/v1/messages/batches/").partition("/")
    wanted = {"": ("GET", "DELETE"), "cancel": ("POST",), "results": ("GET",)}.get(rest)
    if wanted is None:
        raise NotFound(f"{call.path}: there is no such endpoint")
    if call.method not in wanted:
        raise MethodNotAllowed(f"{call.path} does not take {call.method}")
    db = caller.db(engine.database)
    batch = await _found(db, _id_of(name), name)
    ended = batch.finished_at is not None
    if rest == "cancel":
        async with db.tx() as tx:
            await store.cancel(tx, batch.id)
        engine.batch_waits.set()
        await call.answer_json(_body(call, await _found(db, batch.id, name)))
    elif rest == "results":
        if not ended:
            raise NotFound("this batch has no results yet; ask again when its processing_status is ended")
        await call.answer(b"".join([line async for line in _results(db, batch)]))
    elif call.method == "DELETE":
        if not ended:
            raise Conflict("cancel the batch first, and delete it when it has ended")
        async with db.tx() as tx:
            await store.delete(tx, batch.id)
        await call.answer_json({"id": name, "type": "message_batch_deleted"})
    else:
        await call.answer_json(_body(call, batch))


async def _results(db: TenantDb, batch: Batch) -> AsyncIterator[bytes]:
    async for line in answered_lines(db, batch):
        result: Json
        if line.status_code == 200:
            result = {"type": "succeeded", "message": line.answer}
        else:
            result = {"type": "errored", "error": line.answer}
        yield msgspec.json.encode({"custom_id": line.custom_id, "result": result}) + b"\n"
    message = "; ".join(str(error.get("message")) for error in batch.errors) or "the request was not made"
    failed = {"type": "error", "error": {"type": "api_error", "message": message}}
    kind = _UNDONE.get(batch.status)
    for line in await unanswered(db, batch):
        result = {"type": kind} if kind else {"type": "errored", "error": failed}
        yield msgspec.json.encode({"custom_id": line.custom_id, "result": result}) + b"\n"
