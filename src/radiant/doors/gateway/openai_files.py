"""/v1/files: what batches read and write. A file is its person's alone."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException
from starlette.requests import Request
from starlette.types import Message

from radiant.doors.gateway.call import Call, MethodNotAllowed
from radiant.doors.gateway.lanes import Engine
from radiant.doors.gateway.openai_request import BadRequest
from radiant.foundation.files import service as files
from radiant.foundation.files import store
from radiant.foundation.files.schemas import Asset
from radiant.infra.db import TenantDb
from radiant.kit.errors import NotFound
from radiant.kit.ids import AssetId, UserId, parse_uuid
from radiant.kit.text import shorten

PURPOSES = ["batch", "batch_output"]
_MOST_BYTES = 200 * 2**20
_PREFIX = "file-"


def file_name(asset_id: UUID) -> str:
    """The id as clients know it."""
    return f"{_PREFIX}{asset_id.hex}"


def asset_of(name: str) -> AssetId | None:
    """The id that a client's name for a file spells."""
    found = parse_uuid(name.removeprefix(_PREFIX)) if name.startswith(_PREFIX) else None
    return AssetId(found) if found else None


def _body(asset: Asset) -> dict[str, Any]:
    return {
        "id": file_name(asset.id), "object": "file", "bytes": asset.bytes,
        "created_at": int(asset.created_at.timestamp()), "filename": asset.name, "purpose": asset.purpose,
        "status": "processed", "status_details": None, "expires_at": None,
    }  # fmt: skip


async def own_file(db: TenantDb, name: str) -> Asset:
    """The person's file of that name. Raises NotFound, the same for what is absent and what is another's."""
    asset_id = asset_of(name)
    found: Asset | None = None
    if asset_id is not None:
        async with db.tx() as tx:
            found = await store.find(tx, asset_id)
    if found is None or found.user_id != db.user_id or found.purpose not in PURPOSES:
        raise NotFound(f"there is no file {shorten(name, 80)!r} of yours")
    return found


def limit_asked(call: Call, most: int, default: int) -> int:
    """`limit`. Raises BadRequest."""
    limit = call.query().get("limit", str(default))
    if not limit.isdecimal() or not 1 <= int(limit[:9]) <= most:
        raise BadRequest(f"limit: must lie between 1 and {most}", "limit")
    return int(limit)


def page_asked(call: Call, most: int, default: int) -> tuple[int, str | None]:
    """`limit` and `after`. Raises BadRequest."""
    return limit_asked(call, most, default), call.query().get("after")


async def all_files(engine: Engine, call: Call) -> None:
    """POST and GET /v1/files."""
    caller = await call.identify(engine.keys)
    db = caller.db(engine.database)
    if call.method == "POST":
        await _upload(engine, call, db)
        return
    if call.method != "GET":
        raise MethodNotAllowed(f"{call.path} does not take {call.method}")
    limit, after = page_asked(call, 10_000, 100)
    query = call.query()
    order, purpose = query.get("order", "desc"), query.get("purpose")
    if order not in ("asc", "desc"):
        raise BadRequest("order: asc or desc", "order")
    after_id = asset_of(after) if after else None
    if after and after_id is None:
        raise BadRequest("after: there is no such file", "after")
    wanted = [purpose] if purpose in PURPOSES else [] if purpose else PURPOSES
    async with db.tx() as tx:
        found = await store.own_of_purpose(
            tx, UserId(tx.user_id), wanted, after_id, limit + 1, newest_first=order == "desc"
        )
    data = [_body(asset) for asset in found[:limit]]
    ends = {"first_id": data[0]["id"] if data else None, "last_id": data[-1]["id"] if data else None}
    await call.answer_json({"object": "list", "data": data, **ends, "has_more": len(found) > limit})


async def one_file(engine: Engine, call: Call) -> None:
    """GET and DELETE /v1/files/{id}, GET …/content."""
    caller = await call.identify(engine.keys)
    name, _, rest = call.path.removeprefix("/v1/files/").partition("/")
    wanted = {"": ("GET", "DELETE"), "content": ("GET",)}.get(rest)
    if wanted is None:
        raise NotFound(f"{call.path}: there is no such endpoint")
    if call.method not in wanted:
        raise MethodNotAllowed(f"{call.path} does not take {call.method}")
    db = caller.db(engine.database)
    asset = await own_file(db, name)
    if rest == "content":
        await call.answer(await files.read_bytes(engine.objects, asset))
    elif call.method == "DELETE":
        await files.delete(db, asset.id)
        await call.answer_json({"id": name, "object": "file", "deleted": True})
    else:
        await call.answer_json(_body(asset))


async def _upload(engine: Engine, call: Call, db: TenantDb) -> None:
    body = await call.body()

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    request = Request({"type": "http", "headers": list(call.header_list)}, receive)
    try:
        form = await request.form(max_files=1, max_fields=20)
    except MultiPartException as error:
        raise BadRequest(f"the form cannot be read: {error.message}") from error
    try:
        given, purpose = form.get("file"), form.get("purpose")
        if not isinstance(given, UploadFile):
            raise BadRequest("file: send the file in a form (multipart/form-data)", "file")
        if purpose != "batch":
            raise BadRequest("purpose: only files for batches are kept here; say batch", "purpose")
        asset = await files.save(
            db, engine.objects, _pieces(given), name=given.filename or "", claimed_type="application/jsonl",
            purpose="batch", limit=await files.room(engine.database, db.tenant_id, _MOST_BYTES),
        )  # fmt: skip
    finally:
        await form.close()
    await call.answer_json(_body(asset))


async def _pieces(given: UploadFile) -> AsyncIterator[bytes]:
    while piece := await given.read(256 * 1024):
        yield piece
