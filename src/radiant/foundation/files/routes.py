"""/api/files: upload, read, delete; /api/objects: signed links of the local store."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Query, Request, UploadFile
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from radiant.foundation.files import service
from radiant.foundation.files.schemas import Asset
from radiant.foundation.identity.dependencies import Db, MemberCaller
from radiant.foundation.identity.requests import database_of, settings_of
from radiant.http.ranges import part_of
from radiant.infra.objects import LocalObjects, ObjectMissing, ObjectStore
from radiant.kit.errors import NotFound
from radiant.kit.ids import AssetId

router = APIRouter(prefix="/api", tags=["files"])
_CHUNK = 256 * 1024
# A file is shown in the page's origin: nothing in it may run, whatever a browser makes of it.
_SANDBOX = {"Content-Security-Policy": "default-src 'none'; sandbox", "Cache-Control": "private, max-age=3600"}


def objects_of(request: Request) -> ObjectStore:
    """The object store that the root opened."""
    return request.app.state.objects


class FileInfo(BaseModel):
    """A stored file."""

    id: UUID
    name: str
    media_type: str
    bytes: int
    url: str
    created_at: datetime


async def _chunks(upload: UploadFile) -> AsyncIterator[bytes]:
    while chunk := await upload.read(_CHUNK):
        yield chunk


@router.post("/files", status_code=201)
async def upload(request: Request, db: Db, caller: MemberCaller, file: UploadFile) -> FileInfo:
    """Store a file of the caller's."""
    most = settings_of(request).max_upload_mb * 1024 * 1024
    asset = await service.save(
        db,
        objects_of(request),
        _chunks(file),
        name=file.filename or "",
        claimed_type=file.content_type or "",
        limit=await service.room(database_of(request), caller.tenant_id, most),
    )
    return FileInfo(
        id=asset.id, name=asset.name, media_type=asset.media_type, bytes=asset.bytes,
        url=f"/api/files/{asset.id}", created_at=asset.created_at,
    )  # fmt: skip


def _disposition(asset: Asset) -> str:
    kind = "inline" if asset.may_be_shown else "attachment"
    return f"{kind}; filename*=UTF-8''{quote(asset.name or str(asset.id))}"


@router.get(
    "/files/{asset_id}", response_class=StreamingResponse, responses={206: {"description": "The part asked for."}}
)
async def read(request: Request, db: Db, asset_id: AssetId) -> StreamingResponse:
    """The bytes of a file that the caller may see, or the part of them that the header Range asks for."""
    asset = await service.get(db, asset_id)
    # A file never changes, so its id tells which one a part belongs to.
    tag = f'"{asset.id}"'
    asked = request.headers.get("range") if request.headers.get("if-range", tag) == tag else None
    part = part_of(asked, asset.bytes)
    start, end = part or (0, asset.bytes)
    headers = {
        "Content-Disposition": _disposition(asset), "Content-Length": str(end - start), "Accept-Ranges": "bytes",
        "ETag": tag, **_SANDBOX,
    }  # fmt: skip
    if part is not None:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{asset.bytes}"
    stream = await service.open_stream(objects_of(request), asset, start=start, end=end if part else None)
    return StreamingResponse(stream, 206 if part else 200, headers, asset.media_type)


@router.delete("/files/{asset_id}", status_code=204)
async def delete(db: Db, caller: MemberCaller, asset_id: AssetId) -> None:
    """Remove a file of the caller's."""
    await service.delete(db, asset_id)


@router.get("/objects/{key:path}", response_class=StreamingResponse)
async def follow_link(
    request: Request, key: str, expires: Annotated[str, Query()] = "", signature: Annotated[str, Query()] = ""
) -> StreamingResponse:
    """An object by a signed link, which stands for the right to read it until it expires."""
    objects = objects_of(request)
    if not isinstance(objects, LocalObjects):
        raise NotFound("there is no such object")
    try:
        stream = await objects.get(objects.check_link("GET", key, expires, signature))
    except ObjectMissing as error:
        raise NotFound("there is no such object") from error
    headers = {"Content-Disposition": "attachment", **_SANDBOX}
    return StreamingResponse(stream, media_type="application/octet-stream", headers=headers)
