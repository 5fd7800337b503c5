"""/api/voice: videos, their scenes, questions about their moments; and the long work on recordings."""

from collections.abc import AsyncIterator
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, File, Form, Request, UploadFile

from radiant.foundation.identity.dependencies import AnyCaller, MemberCaller
from radiant.http.pages import Cursor, Limit, PageOf
from radiant.kit.page import NOT_OURS, BadCursor, decode_cursor, encode_cursor, moment
from radiant.workspace.voice.problems import NoSound
from radiant.workspace.voice.schemas import AudioLink, Language, ModelName, Transcription
from radiant.workspace.voice.videos import Videos
from radiant.workspace.voice.videos_schemas import AskVideo, Video, VideoAnswer, VideoFrame

router = APIRouter(prefix="/api/voice", tags=["voice"])

_CHUNK = 256 * 1024


def videos_of(request: Request) -> Videos:
    """What the root made."""
    return request.app.state.videos


async def _chunks(upload: UploadFile) -> AsyncIterator[bytes]:
    while chunk := await upload.read(_CHUNK):
        yield chunk


@router.post("/sessions/{voice_session_id}/videos", status_code=202, operation_id="upload_video")
async def upload(
    request: Request, caller: MemberCaller, voice_session_id: UUID,
    file: Annotated[UploadFile | None, File()] = None,
    model: Annotated[ModelName, Form()] = "auto",
    language: Annotated[Language | None, Form()] = None,
) -> Video:  # fmt: skip
    """Take a video in: pictures of its scenes and its words are made by a job."""
    if file is None:
        await videos_of(request).voice.get(caller, voice_session_id)
        raise NoSound("file: send a form (multipart/form-data) with a video")
    return await videos_of(request).upload(
        caller, voice_session_id, _chunks(file), file.filename or "", model, language
    )


@router.get("/sessions/{voice_session_id}/videos", operation_id="list_videos")
async def list_videos(
    request: Request, caller: AnyCaller, voice_session_id: UUID, cursor: Cursor = None, limit: Limit = 50
) -> PageOf[Video]:
    """Of a session, the newest first."""
    before = moment(*decode_cursor(cursor, 2)) if cursor is not None else None
    items = await videos_of(request).some(caller, voice_session_id, before, limit)
    last = items[-1] if len(items) == limit else None
    return PageOf(items=items, next=encode_cursor(last.created_at.isoformat(), str(last.id)) if last else None)


@router.get("/videos/{video_id}", operation_id="read_video")
async def read(request: Request, caller: AnyCaller, video_id: UUID) -> Video:
    """A video, and how far the work on it is."""
    return await videos_of(request).get(caller, video_id)


@router.delete("/videos/{video_id}", status_code=204, operation_id="delete_video")
async def delete(request: Request, caller: MemberCaller, video_id: UUID) -> None:
    """Delete it, with its pictures and its words."""
    await videos_of(request).delete(caller, video_id)


@router.post("/videos/{video_id}/cancel", operation_id="cancel_video")
async def cancel(request: Request, caller: MemberCaller, video_id: UUID) -> Video:
    """Do no more with it; what was done stays."""
    return await videos_of(request).cancel(caller, video_id)


@router.post("/videos/{video_id}/retry", status_code=202, operation_id="retry_video")
async def retry(request: Request, caller: MemberCaller, video_id: UUID) -> Video:
    """Go on where the work was left."""
    return await videos_of(request).retry(caller, video_id)


@router.get("/videos/{video_id}/link", operation_id="link_video")
async def link(request: Request, caller: AnyCaller, video_id: UUID) -> AudioLink:
    """Where it can be read for a quarter of an hour."""
    return await videos_of(request).link(caller, video_id)


@router.get("/videos/{video_id}/frames", operation_id="list_video_frames")
async def list_frames(
    request: Request, caller: AnyCaller, video_id: UUID, cursor: Cursor = None, limit: Limit = 50
) -> PageOf[VideoFrame]:
    """Pictures of its scenes, in their order."""
    after = -1
    if cursor is not None:
        (text,) = decode_cursor(cursor, 1)
        if not text.isdecimal() or len(text) > 9:
            raise BadCursor(NOT_OURS)
        after = int(text)
    items = await videos_of(request).frames(caller, video_id, after, limit)
    return PageOf(items=items, next=encode_cursor(str(items[-1].at_ms)) if len(items) == limit else None)


@router.post("/videos/{video_id}/ask", status_code=201, operation_id="ask_video")
async def ask(request: Request, caller: MemberCaller, video_id: UUID, asked: AskVideo) -> VideoAnswer:
    """Ask about a moment; the answer streams from /api/runs/{run_id}/events, and stands in the session's chat."""
    return await videos_of(request).ask(caller, video_id, asked)


@router.post("/transcriptions/{transcription_id}/cancel", operation_id="cancel_transcription")
async def cancel_hearing(request: Request, caller: MemberCaller, transcription_id: UUID) -> Transcription:
    """Hear no more of a long recording; what was heard is kept for a retry."""
    return await videos_of(request).cancel_hearing(caller, transcription_id)


@router.post("/transcriptions/{transcription_id}/retry", status_code=202, operation_id="retry_transcription")
async def retry_hearing(request: Request, caller: MemberCaller, transcription_id: UUID) -> Transcription:
    """Go on hearing a long recording where it was left."""
    return await videos_of(request).retry_hearing(caller, transcription_id)
