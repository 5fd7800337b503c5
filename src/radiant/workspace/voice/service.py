"""Sessions of voice: recordings heard, texts said, with their sound, their cost and their totals (section 21)."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

import msgspec
import structlog

from radiant.ai.speech import captions
from radiant.ai.speech.media import MEDIA_TYPES, SoundUnreadable, decode, look
from radiant.ai.speech.service import AUTO, HeardIt, Speech
from radiant.ai.speech.speech import Listen, Say, Sound, SoundFormat, Spoken, Transcript, Word
from radiant.foundation.files import service as files
from radiant.foundation.files.schemas import Asset
from radiant.foundation.identity.callers import Caller
from radiant.infra.db import Database, Row, Tx
from radiant.infra.objects import ObjectStore, own_key
from radiant.infra.temporary import temporary_folder
from radiant.kit.clock import Clock, utc_now
from radiant.kit.ids import uuid7
from radiant.workspace.voice import store, turns_store, videos_store
from radiant.workspace.voice.kept import asset_of, read_file, written
from radiant.workspace.voice.lasting import RECORDING, ask_for
from radiant.workspace.voice.names import DEFAULT_VOICE, VOICES, labels
from radiant.workspace.voice.problems import NoSound, NoSuchRecording, NoSuchSession, OtherSession, SessionEnded
from radiant.workspace.voice.schemas import (
    AudioLink,
    NewSynthesis,
    NewVoiceSession,
    SoundKind,
    Synthesis,
    Transcription,
    VoiceModel,
    VoiceModels,
    VoiceOfModel,
    VoiceSession,
    VoiceTurn,
)

log = structlog.get_logger()

LINK_LASTS = timedelta(minutes=15)
# What may be added to a session of which type.
_HEARS, _SPEAKS = frozenset({"stt", "realtime", "video"}), frozenset({"tts", "realtime"})


@dataclass(frozen=True, slots=True)
class AskedLong:
    """A long recording that is to be heard, and how."""

    name: str
    media_type: str
    seconds: float
    model: str
    language: str | None


@dataclass(slots=True)
class Voice:
    """Made once by a root. `most_bytes` of one recording."""

    database: Database
    objects: ObjectStore
    speech: Speech
    most_bytes: int
    work_waits: asyncio.Event = field(default_factory=asyncio.Event)
    """Set where a job was left to be done beside."""
    long_seconds: float = 180.0
    clock: Clock = utc_now

    # --- sessions ---

    async def create(self, caller: Caller, new: NewVoiceSession) -> VoiceSession:
        """Begin one. Raises NoSuchSession where its chat is not the caller's."""
        session_id = uuid7()
        async with caller.db(self.database).tx() as tx:
            if new.chat_id is not None and not await store.chat_exists(tx, new.chat_id):
                raise NoSuchSession(f"chat_id: you have no chat {new.chat_id}")
            await store.insert(tx, session_id, new.model_dump())
            return await _session(tx, session_id)

    async def get(self, caller: Caller, session_id: UUID) -> VoiceSession:
        """One of the caller's. Raises NoSuchSession."""
        async with caller.db(self.database).tx() as tx:
            return await _session(tx, session_id)

    async def some(
        self, caller: Caller, session_type: str | None, before: tuple[datetime, UUID] | None, limit: int
    ) -> list[VoiceSession]:
        """The caller's, the newest first."""
        async with caller.db(self.database).tx() as tx:
            return [VoiceSession(**row) for row in await store.some(tx, session_type, before, limit)]

    async def end(self, caller: Caller, session_id: UUID) -> VoiceSession:
        """End it; again does nothing. Raises NoSuchSession."""
        async with caller.db(self.database).tx() as tx:
            await store.end(tx, session_id)
            return await _session(tx, session_id)

    async def delete(self, caller: Caller, session_id: UUID) -> None:
        """Take it away with its texts and its sound. Raises NoSuchSession."""
        async with caller.db(self.database).tx() as tx:
            if not await store.delete(tx, session_id):
                raise NoSuchSession("you have no such session")

    async def open_for(self, caller: Caller, session_id: UUID, types: frozenset[str], what: str) -> VoiceSession:
        """A session of the caller's to which more is added. Raises NoSuchSession, SessionEnded, OtherSession."""
        session = await self.get(caller, session_id)
        if session.ended_at is not None:
            raise SessionEnded("this session is over; begin another one")
        if session.session_type not in types:
            raise OtherSession(f"in a session of type {session.session_type} nothing is {what}; begin another one")
        return session

    # --- hearing ---

    async def transcribe(
        self, caller: Caller, session_id: UUID, given: AsyncIterator[bytes], name: str, model: str = AUTO,
        language: str | None = None,
    ) -> Transcription:  # fmt: skip
        """Hear a recording and keep both; one that is longer than `long_seconds` is kept, and heard by a job. Raises NoSuchSession, SessionEnded, OtherSession, NoSound, FileTooLarge, the
        problems of `media` and those of `Speech.transcribe`."""
        session = await self.open_for(caller, session_id, _HEARS, "heard")
        db = caller.db(self.database)
        limit = await files.room(self.database, caller.tenant_id, self.most_bytes)
        async with temporary_folder("voice") as folder:
            original = folder / "original"
            if not await written(original, given, limit):
                raise NoSound("file: it is empty; send a recording")
            sound = await decode(original, folder / "pcm")
            if sound.duration > self.long_seconds:
                media_type = sound.media_type
                asset = await files.save(
                    db, self.objects, read_file(original), name=name, claimed_type=media_type, purpose="voice", limit=limit
                )  # fmt: skip
                asked = AskedLong(
                    files.clean_name(name), media_type, sound.duration, model, language or session.language
                )
                return await self._later(caller, session_id, asset, asked)
            how = Listen(model="", language=language or session.language)
            heard = await self.speech.transcribe(caller, model, sound, how, labels(caller, streamed=False))
            asset = await files.save(
                db,
                self.objects,
                read_file(original),
                name=name,
                claimed_type=sound.media_type,
                purpose="voice",
                limit=limit,
            )
        facts = _heard(heard, sound, asset, files.clean_name(name))
        try:
            async with db.tx() as tx:
                await self._count(tx, session_id, facts["duration_ms"], facts["cost"])
                row = await store.insert_transcription(tx, uuid7(), session_id, facts)
        except BaseException:
            await _undone(self, caller, asset)
            raise
        return _transcription(row)

    async def _later(
        self, caller: Caller, session_id: UUID, asset: Asset, asked: "AskedLong"
    ) -> Transcription:  # fmt: skip
        transcription_id = uuid7()
        new = {
            "name": asked.name, "audio_url": asset.key, "media_type": asked.media_type,
            "duration_ms": round(asked.seconds * 1000), "asked_model": asked.model, "asked_language": asked.language,
        }  # fmt: skip
        try:
            async with caller.db(self.database).tx() as tx:
                if not await videos_store.insert_long(tx, transcription_id, session_id, new, "queued", None):
                    raise NoSuchSession("the session was deleted meanwhile")
                await ask_for(tx, caller, RECORDING, transcription_id)
        except BaseException:
            await _undone(self, caller, asset)
            raise
        self.work_waits.set()
        return await self.transcription(caller, transcription_id)

    async def transcription(self, caller: Caller, transcription_id: UUID) -> Transcription:
        """One of the caller's. Raises NoSuchRecording."""
        async with caller.db(self.database).tx() as tx:
            row = await store.transcription(tx, transcription_id)
        if row is None:
            raise NoSuchRecording("you have no such transcription")
        return _transcription(row)

    async def transcriptions(
        self, caller: Caller, session_id: UUID, before: tuple[datetime, UUID] | None, limit: int
    ) -> list[Transcription]:
        """Of a session, the newest first. Raises NoSuchSession."""
        async with caller.db(self.database).tx() as tx:
            await _session(tx, session_id)
            return [_transcription(row) for row in await store.transcriptions(tx, session_id, before, limit)]

    async def captions(self, caller: Caller, transcription_id: UUID, form: Literal["srt", "vtt"]) -> str:
        """What was heard as captions. Raises NoSuchRecording."""
        found = await self.transcription(caller, transcription_id)
        transcript = Transcript(
            text=found.transcription,
            words=[msgspec.convert(word, Word) for word in found.word_timestamps],
            duration=found.duration_ms / 1000,
        )
        return captions.srt(transcript) if form == "srt" else captions.vtt(transcript)

    # --- speaking ---

    async def synthesize(self, caller: Caller, session_id: UUID, new: NewSynthesis) -> Synthesis:
        """Say a text and keep both. Raises NoSuchSession, SessionEnded, OtherSession and those of `Speech.speak`."""
        session = await self.open_for(caller, session_id, _SPEAKS, "said")
        kind: SoundKind = new.output_format or session.output_format or "mp3"
        what = Say(
            model="", voice=new.voice_id or session.voice_id or DEFAULT_VOICE, text=new.text,
            format=SoundFormat(container=kind), speed=new.speed, language=session.language, settings=new.settings,
        )  # fmt: skip
        db = caller.db(self.database)
        limit = await files.room(self.database, caller.tenant_id, self.most_bytes)
        async with temporary_folder("voice") as folder:
            path = folder / "said"
            async with await self.speech.speak(
                caller, new.model, what, labels(caller, streamed=False), VOICES
            ) as speaking:
                told = await _spoken(path, speaking.pieces())
            bill = speaking.bill
            seconds = told if told is not None else await _measured(path, what.format)
            asset = await files.save(
                db, self.objects, read_file(path), name=f"speech.{kind}", claimed_type=MEDIA_TYPES[kind], purpose="voice",
                limit=limit,
            )  # fmt: skip
        facts: dict[str, Any] = {
            "input_text": new.text, "audio_url": asset.key, "duration_ms": round(seconds * 1000),
            "voice_id": VOICES.get(bill.model.provider, {}).get(what.voice, what.voice),
            "character_count": len(new.text), "cost": bill.cost, "model": bill.model.id,
            "provider": bill.model.provider, "media_type": MEDIA_TYPES[kind],
        }  # fmt: skip
        try:
            async with db.tx() as tx:
                await self._count(tx, session_id, facts["duration_ms"], facts["cost"])
                row = await store.insert_synthesis(tx, uuid7(), session_id, facts)
        except BaseException:
            await _undone(self, caller, asset)
            raise
        return _synthesis(row)

    async def syntheses(
        self, caller: Caller, session_id: UUID, before: tuple[datetime, UUID] | None, limit: int
    ) -> list[Synthesis]:
        """Of a session, the newest first. Raises NoSuchSession."""
        async with caller.db(self.database).tx() as tx:
            await _session(tx, session_id)
            return [_synthesis(row) for row in await store.syntheses(tx, session_id, before, limit)]

    # --- conversations ---

    async def turns(self, caller: Caller, session_id: UUID, before: int | None, limit: int) -> list[VoiceTurn]:
        """Of a session, the newest first. Raises NoSuchSession."""
        async with caller.db(self.database).tx() as tx:
            await _session(tx, session_id)
            return [VoiceTurn(**row) for row in await turns_store.some(tx, session_id, before, limit)]

    # --- sound ---

    async def transcription_audio(self, caller: Caller, transcription_id: UUID) -> AudioLink:
        """A link to what was heard, signed now (F21.1). Raises NoSuchRecording."""
        async with caller.db(self.database).tx() as tx:
            return await self._link(caller, await store.transcription(tx, transcription_id))

    async def synthesis_audio(self, caller: Caller, synthesis_id: UUID) -> AudioLink:
        """A link to what was said, signed now (F21.1). Raises NoSuchRecording."""
        async with caller.db(self.database).tx() as tx:
            return await self._link(caller, await store.synthesis(tx, synthesis_id))

    async def _link(self, caller: Caller, row: Row | None) -> AudioLink:
        if row is None or row["audio_url"] is None:
            raise NoSuchRecording("you have no such recording")
        key = own_key(caller.tenant_id, row["audio_url"])
        url = await self.objects.link("GET", key, LINK_LASTS)
        return AudioLink(url=url, media_type=row["media_type"] or "", expires_at=self.clock() + LINK_LASTS)

    # --- who hears and speaks ---

    async def models(self, caller: Caller) -> VoiceModels:
        """What the caller can use."""
        hear, speak = await self.speech.models(caller, "transcription"), await self.speech.models(caller, "speech")
        shown = [
            [
                VoiceModel(
                    id=model.id, display_name=model.display_name, provider=model.provider, local=model.local,
                    minute_price=model.minute_price, character_price=model.character_price,
                )
                for model in each
            ]
            for each in (hear, speak)
        ]  # fmt: skip
        return VoiceModels(hear=shown[0], speak=shown[1])

    async def voices(self, caller: Caller) -> list[VoiceOfModel]:
        """Of every model that speaks."""
        return [
            VoiceOfModel(
                id=voice.id, name=voice.name, model=model.id, language=voice.language, description=voice.description,
                preview_url=voice.preview_url,
            )
            for model, voices in await self.speech.all_voices(caller)
            for voice in voices
        ]  # fmt: skip

    async def _count(self, tx: Tx, session_id: UUID, duration_ms: int, cost: Decimal) -> None:
        if not await store.add_to_totals(tx, session_id, duration_ms, cost):
            raise NoSuchSession("the session was deleted meanwhile")


async def _session(tx: Tx, session_id: UUID) -> VoiceSession:
    row = await store.get(tx, session_id)
    if row is None:
        raise NoSuchSession("you have no such session")
    return VoiceSession(**row)


def _heard(heard: HeardIt, sound: Sound, asset: Asset, name: str) -> dict[str, Any]:
    transcript, bill = heard.transcript, heard.bill
    confidence = transcript.confidence
    return {
        "name": name, "audio_url": asset.key, "transcription": transcript.text.replace("\x00", ""),
        "confidence": None if confidence is None else Decimal(str(round(min(max(confidence, 0.0), 1.0), 8))),
        # Rounded: a fraction of a millisecond must not lose what was paid for (F21.6).
        "duration_ms": round(sound.duration * 1000),
        "word_timestamps": [msgspec.to_builtins(word) for word in transcript.words],
        "language": transcript.language, "model": bill.model.id, "provider": bill.model.provider,
        "media_type": sound.media_type, "cost": bill.cost,
    }  # fmt: skip


def _transcription(row: Row) -> Transcription:
    return Transcription(**dict(row), asset_id=asset_of(row["audio_url"]))


def _synthesis(row: Row) -> Synthesis:
    return Synthesis(**dict(row), asset_id=asset_of(row["audio_url"]))


async def _undone(voice: Voice, caller: Caller, asset: Asset) -> None:
    """Sound without a row is nobody's to find."""
    await files.delete(caller.db(voice.database), asset.id)


async def _spoken(path: Path, pieces: AsyncGenerator[Spoken]) -> float | None:
    """Write it; how many seconds it lasts, where every piece told."""
    seconds: float | None = 0.0
    file = await asyncio.to_thread(path.open, "wb")
    try:
        async with contextlib.aclosing(pieces):
            async for piece in pieces:
                await asyncio.to_thread(file.write, piece.data)
                seconds = None if seconds is None or piece.duration is None else seconds + piece.duration
    finally:
        await asyncio.to_thread(file.close)
    return seconds


async def _measured(path: Path, written: SoundFormat) -> float:
    """How long it lasts: never guessed from the words (F21.2)."""
    if written.container == "pcm":
        return (await asyncio.to_thread(path.stat)).st_size / 2 / written.rate
    try:
        return (await look(path)).duration
    except SoundUnreadable as problem:
        # It was paid for: it is kept, though nothing is known of it.
        log.warning("voice.unreadable_speech", container=written.container, detail=problem.detail)
        return 0.0
