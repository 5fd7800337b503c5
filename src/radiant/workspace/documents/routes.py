"""/api/documents: knowledge bases of a person or of the workspace, their documents, and search among them."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, File, Form, Query, Request, Response, UploadFile
from fastapi.responses import StreamingResponse
from pydantic import TypeAdapter, ValidationError

from radiant.foundation.identity.dependencies import AnyCaller, Db, MemberCaller
from radiant.http.pages import Cursor, Limit, PageOf
from radiant.http.sse import EventStream
from radiant.kit.page import NOT_OURS, BadCursor, decode_cursor, encode_cursor, moment
from radiant.kit.schema import Metadata
from radiant.workspace.documents import events
from radiant.workspace.documents.citing import Citing
from radiant.workspace.documents.problems import BadUpload
from radiant.workspace.documents.schemas import (
    Base,
    BaseChange,
    Cited,
    Document,
    DocumentChange,
    DocumentQuery,
    DocumentText,
    FoundPassages,
    NewBase,
    NewText,
    Order,
    Owner,
    Passage,
    State,
)
from radiant.workspace.documents.service import Documents

router = APIRouter(prefix="/api/documents", tags=["documents"])

_CHUNK = 256 * 1024
_Text = Annotated[str | None, Query(max_length=200, pattern=r"^[^\x00]*$")]
_MOST_METADATA = 100_000
_METADATA = TypeAdapter[Metadata](Metadata)


def documents_of(request: Request) -> Documents:
    """The documents that the root made."""
    return request.app.state.documents


@router.post("/bases", status_code=201, operation_id="create_base")
async def create_base(request: Request, caller: MemberCaller, new: NewBase) -> Base:
    """A knowledge base of the caller's, or of the whole workspace."""
    return await documents_of(request).create_base(caller, new)


@router.get("/bases", operation_id="list_bases")
async def list_bases(
    request: Request, caller: AnyCaller, owner: Owner | None = None, search: _Text = None, cursor: Cursor = None,
    limit: Limit = 50,
) -> PageOf[Base]:  # fmt: skip
    """Bases that the caller may read, the newest first."""
    before = moment(*decode_cursor(cursor, 2)) if cursor is not None else None
    items = await documents_of(request).bases(caller, owner, search, before, limit)
    last = items[-1] if len(items) == limit else None
    return PageOf(items=items, next=encode_cursor(last.created_at.isoformat(), str(last.id)) if last else None)


@router.get("/bases/{base_id}", operation_id="read_base")
async def read_base(request: Request, caller: AnyCaller, base_id: UUID) -> Base:
    """A base and how much is in it."""
    return await documents_of(request).get_base(caller, base_id)


@router.patch("/bases/{base_id}", operation_id="change_base")
async def change_base(request: Request, caller: MemberCaller, base_id: UUID, change: BaseChange) -> Base:
    """Name, description or embedding model; another model makes new vectors while search goes on."""
    return await documents_of(request).change_base(caller, base_id, change)


@router.delete("/bases/{base_id}", status_code=204, operation_id="delete_base")
async def delete_base(request: Request, caller: MemberCaller, base_id: UUID) -> None:
    """Delete a base with all that is in it, originals too."""
    await documents_of(request).delete_base(caller, base_id)


async def _chunks(upload: UploadFile) -> AsyncIterator[bytes]:
    while chunk := await upload.read(_CHUNK):
        yield chunk


async def _pieces(text: str) -> AsyncIterator[bytes]:
    for at in range(0, len(text), _CHUNK):
        yield text[at : at + _CHUNK].encode()


@router.post("/bases/{base_id}/documents", status_code=202, operation_id="upload_document")
async def upload_document(
    request: Request, response: Response, caller: MemberCaller, base_id: UUID,
    file: Annotated[UploadFile | None, File()] = None,
    metadata: Annotated[str | None, Form(max_length=_MOST_METADATA, description="a JSON object")] = None,
) -> Document:  # fmt: skip
    """Add a file, which is read in the background. One of the same name gets a new version, which takes the old one's
    place once it is read; with the same bytes there is nothing to do (200)."""
    if file is None:
        await documents_of(request).get_base(caller, base_id)
        raise BadUpload("file: send a form (multipart/form-data) with a file")
    given = _metadata(metadata)
    document, new = await documents_of(request).add(
        caller, base_id, _chunks(file), file.filename or "", file.content_type or "", given
    )
    response.status_code = 202 if new else 200
    return document


def _metadata(text: str | None) -> Metadata | None:
    if text is None:
        return None
    try:
        return _METADATA.validate_json(text)
    except ValidationError as error:
        raise BadUpload(f"metadata: give a JSON object; {error.errors()[0]['msg']}") from error


@router.post("/bases/{base_id}/texts", status_code=202, operation_id="add_text")
async def add_text(request: Request, response: Response, caller: MemberCaller, base_id: UUID, new: NewText) -> Document:
    """Add a text, as `upload_document` does a file."""
    document, fresh = await documents_of(request).add(
        caller, base_id, _pieces(new.text), new.name, "text/plain", new.metadata
    )
    response.status_code = 202 if fresh else 200
    return document


@router.get("/bases/{base_id}/documents", operation_id="list_documents")
async def list_documents(
    request: Request, caller: AnyCaller, base_id: UUID, state: State | None = None, search: _Text = None,
    order: Order = "newest", cursor: Cursor = None, limit: Limit = 50,
) -> PageOf[Document]:  # fmt: skip
    """Documents of a base; `search`: in their names and titles. `order`: the newest, the last changed or the largest first,
    or by name, numbers in it by their value."""
    items = await documents_of(request).documents(
        caller, base_id, state, search, order, _after(order, cursor), limit
    )  # fmt: skip
    last = items[-1] if len(items) == limit else None
    return PageOf(items=items, next=_next(order, last) if last else None)


def _next(order: Order, last: Document) -> str:
    match order:
        case "newest":
            key = last.created_at.isoformat()
        case "changed":
            key = last.updated_at.isoformat()
        case "largest":
            key = str(last.bytes)
        case "name":
            key = last.name
    return encode_cursor(order, key, str(last.id))


def _after(order: Order, cursor: str | None) -> tuple[datetime | int | str, UUID] | None:
    if cursor is None:
        return None
    named, key, id_text = decode_cursor(cursor, 3)
    if named != order or "\x00" in key:
        raise BadCursor(NOT_OURS)
    try:
        match order:
            case "newest" | "changed":
                return moment(key, id_text)
            case "largest":
                return _whole(key), UUID(id_text)
            case "name":
                return key, UUID(id_text)
    except ValueError as error:
        raise BadCursor(NOT_OURS) from error


@router.get("/bases/{base_id}/events", operation_id="follow_base", response_class=StreamingResponse)
async def follow_base(request: Request, caller: AnyCaller, db: Db, base_id: UUID) -> EventStream:
    """Server-sent events `document`: a document each time that its state or progress changed; `base`: the base, when what is
    in it did, and at first; `deleted`: the base is gone."""
    await documents_of(request).get_base(caller, base_id)
    return EventStream(events.follow(db, request.app.state.changes, caller, base_id))


@router.get("/documents/{document_id}", operation_id="read_document")
async def read_document(request: Request, caller: AnyCaller, document_id: UUID) -> Document:
    """A document and how far it is."""
    return await documents_of(request).get(caller, document_id)


@router.patch("/documents/{document_id}", operation_id="change_document")
async def change_document(
    request: Request, caller: MemberCaller, document_id: UUID, change: DocumentChange
) -> Document:
    """Another name, other metadata."""
    return await documents_of(request).change(caller, document_id, change)


@router.delete("/documents/{document_id}", status_code=204, operation_id="delete_document")
async def delete_document(request: Request, caller: MemberCaller, document_id: UUID) -> None:
    """Delete a document with its passages, vectors, words and original."""
    await documents_of(request).delete(caller, document_id)


@router.post("/documents/{document_id}/retry", status_code=202, operation_id="retry_document")
async def retry_document(request: Request, caller: MemberCaller, document_id: UUID) -> Document:
    """Read again what could not be read."""
    return await documents_of(request).retry(caller, document_id)


@router.post("/documents/{document_id}/cancel", operation_id="cancel_document")
async def cancel_document(request: Request, caller: MemberCaller, document_id: UUID) -> Document:
    """Stop reading: back to the version before, where there is one."""
    return await documents_of(request).cancel(caller, document_id)


@router.get("/documents/{document_id}/file", operation_id="download_document", response_class=StreamingResponse)
async def download_document(request: Request, caller: AnyCaller, document_id: UUID) -> StreamingResponse:
    """The original, to be saved."""
    asset, stream, name = await documents_of(request).original(caller, document_id)
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}", "Content-Length": str(asset.bytes),
        "Content-Security-Policy": "default-src 'none'; sandbox", "Cache-Control": "private, no-store",
    }  # fmt: skip
    return StreamingResponse(stream, media_type=asset.media_type, headers=headers)


@router.get("/documents/{document_id}/text", operation_id="read_document_text")
async def read_document_text(
    request: Request, caller: AnyCaller, document_id: UUID, start: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0,
    end: Annotated[int | None, Query(ge=0, le=2**31 - 1)] = None,
) -> DocumentText:  # fmt: skip
    """What was read: characters from `start` up to `end` (not included), at most 100,000 at a time."""
    return await documents_of(request).text(caller, document_id, start, end)


@router.get("/documents/{document_id}/passages", operation_id="list_passages")
async def list_passages(
    request: Request, caller: AnyCaller, document_id: UUID, cursor: Cursor = None, limit: Limit = 50
) -> PageOf[Passage]:
    """What is found of it, in its order."""
    items = await documents_of(request).passages(caller, document_id, _number(cursor), limit)
    return PageOf(items=items, next=encode_cursor(str(items[-1].number)) if len(items) == limit else None)


def _number(cursor: str | None) -> int:
    if cursor is None:
        return 0
    (text,) = decode_cursor(cursor, 1)
    return min(_whole(text), 2**31 - 1)


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 18):
        raise BadCursor(NOT_OURS)
    return int(text)


@router.post("/search", operation_id="search_documents")
async def search_documents(request: Request, caller: AnyCaller, query: DocumentQuery) -> FoundPassages:
    """The passages that answer a question, and why each came back. Nothing comes back where nothing fits;
    `min_similarity: 0` gives the whole ranked list."""
    return await documents_of(request).search(caller, query)


@router.get("/cited", operation_id="read_cited")
async def read_cited(request: Request, caller: AnyCaller, message_id: UUID) -> Cited:
    """What an answer was given of documents, as its [n] name it; what was deleted since is left out."""
    citing: Citing = request.app.state.citing
    return await citing.cited(caller, message_id)
