"""/api/voice: sessions, recordings heard, texts said, their sound, models and voices."""

from collections.abc import AsyncIterator
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, File, Form, Request, Response, UploadFile, WebSocket

from radiant.foundation.identity.dependencies import AnyCaller, MemberCaller
from radiant.http.pages import Cursor, ItemsOf, Limit, PageOf
from radiant.kit.page import NOT_OURS, BadCursor, decode_cursor, encode_cursor, moment
from radiant.workspace.voice.problems import NoSound
from radiant.workspace.voice.schemas import (
    AudioLink,
    Language,
    ModelName,
    NewSynthesis,
    NewVoiceSession,
    SessionType,
    Synthesis,
    Transcription,
    VoiceModels,
    VoiceOfModel,
    VoiceSession,
    VoiceTurn,
)
from radiant.workspace.voice.service import Voice

router = APIRouter(prefix="/api/voice", tags=["voice"])

_CHUNK = 256 * 1024
_CAPTIONS = {"srt": "application/x-subrip; charset=utf-8", "vtt": "text/vtt; charset=utf-8"}


def voice_of(request: Request) -> Voice:
    """What the root made."""
    return request.app.state.voice


@router.get("/models", operation_id="list_voice_models")
async def list_models(request: Request, caller: AnyCaller) -> VoiceModels:
    """Models that hear and models that speak, the best first."""
    return await voice_of(request).models(caller)


@router.get("/voices", operation_id="list_voices")
async def list_voices(request: Request, caller: AnyCaller) -> ItemsOf[VoiceOfModel]:
    """Voices of every model that the caller can use."""
    return ItemsOf(items=await voice_of(request).voices(caller))


@router.post("/sessions", status_code=201, operation_id="create_voice_session")
async def create(request: Request, caller: MemberCaller, new: NewVoiceSession) -> VoiceSession:
    """Begin a session: stt hears, tts speaks, realtime does both."""
    return await voice_of(request).create(caller, new)


@router.get("/sessions", operation_id="list_voice_sessions")
async def list_sessions(
    request: Request, caller: AnyCaller, session_type: SessionType | None = None, cursor: Cursor = None,
    limit: Limit = 50,
) -> PageOf[VoiceSession]:  # fmt: skip
    """The caller's, the newest first."""
    before = moment(*decode_cursor(cursor, 2)) if cursor is not None else None
    items = await voice_of(request).some(caller, session_type, before, limit)
    return PageOf(items=items, next=_next(items, limit))


def _next(items: "list[VoiceSession] | list[Transcription] | list[Synthesis]", limit: int) -> str | None:
    last = items[-1] if len(items) == limit else None
    return encode_cursor(last.created_at.isoformat(), str(last.id)) if last else None


@router.get("/sessions/{voice_session_id}", operation_id="read_voice_session")
async def read(request: Request, caller: AnyCaller, voice_session_id: UUID) -> VoiceSession:
    """A session with its totals."""
    return await voice_of(request).get(caller, voice_session_id)


@router.post("/sessions/{voice_session_id}/end", operation_id="end_voice_session")
async def end(request: Request, caller: MemberCaller, voice_session_id: UUID) -> VoiceSession:
    """Nothing more is added to it."""
    return await voice_of(request).end(caller, voice_session_id)


@router.delete("/sessions/{voice_session_id}", status_code=204, operation_id="delete_voice_session")
async def delete(request: Request, caller: MemberCaller, voice_session_id: UUID) -> None:
    """Delete it, with texts and sound."""
    await voice_of(request).delete(caller, voice_session_id)


async def _chunks(upload: UploadFile) -> AsyncIterator[bytes]:
    while chunk := await upload.read(_CHUNK):
        yield chunk


@router.post("/sessions/{voice_session_id}/transcriptions", status_code=201, operation_id="transcribe")
async def transcribe(
    request: Request, response: Response, caller: MemberCaller, voice_session_id: UUID,
    file: Annotated[UploadFile | None, File()] = None,
    model: Annotated[ModelName, Form()] = "auto",
    language: Annotated[Language | None, Form()] = None,
) -> Transcription:  # fmt: skip
    """Hear a recording: of any usual container, sound or video, told by its bytes. A long one is heard by a job, and
    answered with 202 and a `status`."""
    if file is None:
        await voice_of(request).get(caller, voice_session_id)
        raise NoSound("file: send a form (multipart/form-data) with a recording")
    heard = await voice_of(request).transcribe(
        caller, voice_session_id, _chunks(file), file.filename or "", model, language
    )
    response.status_code = 201 if heard.status == "done" else 202
    return heard


@router.get("/sessions/{voice_session_id}/transcriptions", operation_id="list_transcriptions")
async def list_transcriptions(
    request: Request, caller: AnyCaller, voice_session_id: UUID, cursor: Cursor = None, limit: Limit = 50
) -> PageOf[Transcription]:
    """What was heard in it, the newest first."""
    before = moment(*decode_cursor(cursor, 2)) if cursor is not None else None
    items = await voice_of(request).transcriptions(caller, voice_session_id, before, limit)
    return PageOf(items=items, next=_next(items, limit))


@router.websocket("/realtime")
async def realtime(socket: WebSocket) -> None:
    """A spoken conversation; docs/reference/voice-realtime.md has its messages."""
    await socket.app.state.realtime.serve(socket)


def _number(cursor: str) -> int:
    (text,) = decode_cursor(cursor, 1)
    if not text.isdecimal() or len(text) > 9:
        raise BadCursor(NOT_OURS)
    return int(text)


@router.get("/sessions/{voice_session_id}/turns", operation_id="list_voice_turns")
async def list_turns(
    request: Request, caller: AnyCaller, voice_session_id: UUID, cursor: Cursor = None, limit: Limit = 50
) -> PageOf[VoiceTurn]:
    """Turns of a spoken conversation, the newest first."""
    before = _number(cursor) if cursor is not None else None
    items = await voice_of(request).turns(caller, voice_session_id, before, limit)
    return PageOf(items=items, next=encode_cursor(str(items[-1].number)) if len(items) == limit else None)


@router.get("/transcriptions/{transcription_id}", operation_id="read_transcription")
async def read_transcription(request: Request, caller: AnyCaller, transcription_id: UUID) -> Transcription:
    """What was heard once."""
    return await voice_of(request).transcription(caller, transcription_id)


@router.get("/transcriptions/{transcription_id}/captions", operation_id="read_captions", response_class=Response)
async def read_captions(
    request: Request, caller: AnyCaller, transcription_id: UUID, format: Literal["srt", "vtt"] = "vtt"
) -> Response:
    """The same as captions: SubRip or WebVTT."""
    text = await voice_of(request).captions(caller, transcription_id, format)
    headers = {"Content-Disposition": f'attachment; filename="captions.{format}"'}
    return Response(text, media_type=_CAPTIONS[format], headers=headers)


@router.get("/transcriptions/{transcription_id}/audio", operation_id="link_transcription_audio")
async def transcription_audio(request: Request, caller: AnyCaller, transcription_id: UUID) -> AudioLink:
    """Where its sound can be read for a quarter of an hour."""
    return await voice_of(request).transcription_audio(caller, transcription_id)


@router.post("/sessions/{voice_session_id}/synthesis", status_code=201, operation_id="synthesize")
async def synthesize(request: Request, caller: MemberCaller, voice_session_id: UUID, new: NewSynthesis) -> Synthesis:
    """Say a text, and keep the sound."""
    return await voice_of(request).synthesize(caller, voice_session_id, new)


@router.get("/sessions/{voice_session_id}/synthesis", operation_id="list_synthesis")
async def list_synthesis(
    request: Request, caller: AnyCaller, voice_session_id: UUID, cursor: Cursor = None, limit: Limit = 50
) -> PageOf[Synthesis]:
    """What was said in it, the newest first."""
    before = moment(*decode_cursor(cursor, 2)) if cursor is not None else None
    items = await voice_of(request).syntheses(caller, voice_session_id, before, limit)
    return PageOf(items=items, next=_next(items, limit))


@router.get("/synthesis/{synthesis_id}/audio", operation_id="link_synthesis_audio")
async def synthesis_audio(request: Request, caller: AnyCaller, synthesis_id: UUID) -> AudioLink:
    """Where its sound can be read for a quarter of an hour."""
    return await voice_of(request).synthesis_audio(caller, synthesis_id)
