"""/v1/batches: many requests in a file, answered when there is room. `batches_run` does the work."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from radiant.doors.gateway import batches_store as store
from radiant.doors.gateway.batches_run import ENDPOINTS, JOB, WINDOW
from radiant.doors.gateway.batches_store import Batch
from radiant.doors.gateway.call import Call, MethodNotAllowed
from radiant.doors.gateway.lanes import Engine
from radiant.doors.gateway.openai_files import file_name, own_file, page_asked
from radiant.doors.gateway.openai_request import BadRequest, decode
from radiant.foundation.identity.callers import Caller, Role
from radiant.infra.db import TenantDb
from radiant.infra.jobs import enqueue
from radiant.kit.clock import utc_now
from radiant.kit.errors import NotFound
from radiant.kit.ids import parse_uuid, uuid7
from radiant.kit.text import shorten

_PREFIX = "batch_"


class _NewBatch(msgspec.Struct):
    input_file_id: str
    endpoint: str
    completion_window: str = "24h"
    metadata: dict[str, str] | None = None

    def check(self) -> Mapping[str, str]:
        """The metadata. Raises BadRequest."""
        if self.endpoint not in ENDPOINTS:
            raise BadRequest(f"endpoint: one of {', '.join(ENDPOINTS)}", "endpoint")
        if self.completion_window != "24h":
            raise BadRequest("completion_window: 24h", "completion_window")
        metadata = self.metadata or {}
        if len(metadata) > 16 or any(len(k) > 64 or len(v) > 512 for k, v in metadata.items()):
            raise BadRequest("metadata: at most 16 pairs, names of 64 and values of 512 characters", "metadata")
        return metadata


def _id_of(name: str | None) -> UUID | None:
    return parse_uuid(name.removeprefix(_PREFIX)) if name and name.startswith(_PREFIX) else None


def _seconds(at: datetime | None) -> int | None:
    return None if at is None else int(at.timestamp())


def _body(batch: Batch) -> dict[str, Any]:
    ended = _seconds(batch.finished_at)
    errors = {"object": "list", "data": batch.errors} if batch.errors else None
    return {
        "id": f"{_PREFIX}{batch.id.hex}",
        "object": "batch",
        "endpoint": batch.endpoint,
        "errors": errors,
        "input_file_id": file_name(batch.input_file_id) if batch.input_file_id else None,
        "completion_window": "24h",
        "status": batch.status,
        "output_file_id": file_name(batch.output_file_id) if batch.output_file_id else None,
        "error_file_id": file_name(batch.error_file_id) if batch.error_file_id else None,
        "created_at": _seconds(batch.created_at),
        "in_progress_at": _seconds(batch.in_progress_at),
        "expires_at": _seconds(batch.expires_at),
        "finalizing_at": ended if batch.status == "completed" else None,
        "completed_at": ended if batch.status == "completed" else None,
        "failed_at": ended if batch.status == "failed" else None,
        "expired_at": ended if batch.status == "expired" else None,
        "cancelling_at": _seconds(batch.cancelling_at),
        "cancelled_at": ended if batch.status == "cancelled" else None,
        "request_counts": {"total": batch.total, "completed": batch.completed, "failed": batch.failed},
        "metadata": batch.metadata or None,
    }


async def all_batches(engine: Engine, call: Call) -> None:
    """POST and GET /v1/batches."""
    caller = await call.identify(engine.keys)
    db = caller.db(engine.database)
    if call.method == "POST":
        await _create(engine, call, caller, db)
        return
    if call.method != "GET":
        raise MethodNotAllowed(f"{call.path} does not take {call.method}")
    limit, after = page_asked(call, 100, 20)
    after_id = _id_of(after)
    if after and after_id is None:
        raise BadRequest("after: there is no such batch", "after")
    async with db.tx() as tx:
        found = await store.page(tx, "openai", after_id, limit + 1)
    data = [_body(batch) for batch in found[:limit]]
    ends = {"first_id": data[0]["id"] if data else None, "last_id": data[-1]["id"] if data else None}
    await call.answer_json({"object": "list", "data": data, **ends, "has_more": len(found) > limit})


async def _create(engine: Engine, call: Call, caller: Caller, db: TenantDb) -> None:
    caller.require_role(Role.MEMBER)
    asked = decode(await call.body(), _NewBatch)
    metadata = asked.check()
    asset = await own_file(db, asked.input_file_id)
    if asset.purpose != "batch":
        raise BadRequest("input_file_id: give a file that was uploaded for a batch", "input_file_id")
    batch_id = uuid7()
    async with db.tx() as tx:
        await store.insert(tx, batch_id, caller.api_key_id, asked.endpoint, asset.id, metadata, utc_now() + WINDOW)
        await enqueue(tx, JOB, person=caller.user_id, once=str(batch_id), batch_id=batch_id)
    engine.batch_waits.set()
    await call.answer_json(_body(await _found(db, batch_id, "")))


async def _found(db: TenantDb, batch_id: UUID | None, name: str) -> Batch:
    found: Batch | None = None
    if batch_id is not None:
        async with db.tx() as tx:
            found = await store.find(tx, batch_id)
    if found is None or found.protocol != "openai":
        raise NotFound(f"there is no batch {shorten(name, 80)!r} of yours")
    return found


async def one_batch(engine: Engine, call: Call) -> None:
    """GET /v1/batches/{id}, POST …/cancel."""
    caller = await call.identify(engine.keys)
    name, _, rest = call.path.removeprefix("/v1/batches/").partition("/")
    wanted = {"": "GET", "cancel": "POST"}.get(rest)
    if wanted is None:
        raise NotFound(f"{call.path}: there is no such endpoint")
    if call.method != wanted:
        raise MethodNotAllowed(f"{call.path} does not take {call.method}")
    db = caller.db(engine.database)
    batch = await _found(db, _id_of(name), name)
    if rest == "cancel":
        async with db.tx() as tx:
            await store.cancel(tx, batch.id)
        engine.batch_waits.set()
        batch = await _found(db, batch.id, name)
    await call.answer_json(_body(batch))
