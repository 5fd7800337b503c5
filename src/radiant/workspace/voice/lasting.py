"""Work on videos and on long recordings, as durable jobs: pictures of the scenes, then words, piece by piece. What was
finished is in rows, so whoever takes the job up again goes on from there; what the person cancels or deletes stops at once
in this process, and within a second in another."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import structlog

from radiant.ai.inference.models import ModelUnavailable
from radiant.ai.providers.errors import UpstreamBadRequest, UpstreamError
from radiant.ai.serving.problems import ServingProblem
from radiant.ai.speech import pieces
from radiant.ai.speech.media import NoSound, decode
from radiant.ai.speech.service import HeardIt, Speech
from radiant.ai.speech.speech import Listen
from radiant.ai.speech.video import Picture, Probed, scenes
from radiant.foundation.files import service as files
from radiant.foundation.identity.again import caller_again
from radiant.foundation.identity.callers import Caller
from radiant.infra.db import Database, Row, TenantDb, Tx
from radiant.infra.jobs import Job, Registry, enqueue
from radiant.infra.objects import ObjectMissing, ObjectStore, ObjectStoreError, own_key
from radiant.infra.temporary import temporary_folder
from radiant.kit.errors import Problem
from radiant.kit.ids import uuid7
from radiant.kit.money import ZERO
from radiant.workspace.voice import store, videos_store
from radiant.workspace.voice.kept import read_file, written
from radiant.workspace.voice.names import labels

log = structlog.get_logger()

VIDEO, RECORDING = "work on video", "hear recording"
_ATTEMPTS = 5
_LONGEST = 6 * 3600.0
# A cancel by another process is seen that late; one by this process at once.
_LOOK_EVERY = 1.0
# Tried again; everything else that is expected is told at once.
_MAY_PASS = (UpstreamError, ServingProblem, ModelUnavailable, files.FileNotReadable)
_MOST_PICTURES = 120


class WorkGaveUp(Problem):
    """It was begun several times, and each time something gave way."""

    status, slug = 503, "work-gave-up"


class NobodyAsks(Problem):
    """Whoever asked for it may no longer."""

    status, slug = 403, "asker-may-no-longer"


async def ask_for(tx: Tx, caller: Caller, kind: str, id_: UUID) -> None:
    """Have a video worked on, or a recording heard, once the transaction is committed."""
    await enqueue(tx, kind, person=caller.user_id, id=id_, api_key_id=str(caller.api_key_id or ""))


@dataclass(slots=True)
class Lasting:
    """Made once by a root, of a process that has models. `piece_ms`: how much is heard at once, about."""

    database: Database
    objects: ObjectStore
    speech: Speech
    piece_ms: int = pieces.PIECE_MS
    _under_way: dict[UUID, asyncio.Task[None]] = field(default_factory=dict[UUID, asyncio.Task[None]])

    def register(self, jobs: Registry) -> None:
        """Serve the jobs: two of a kind at once, of all processes together."""
        jobs.handle(VIDEO, self.video, attempts=_ATTEMPTS, timeout=_LONGEST, concurrency=2, gave_up=self.gave_up)
        jobs.handle(
            RECORDING, self.recording, attempts=_ATTEMPTS, timeout=_LONGEST, concurrency=2, gave_up=self.gave_up
        )

    def stop(self, id_: UUID) -> None:
        """Nobody waits for it any more: what this process does for it ends, its children too."""
        if (task := self._under_way.get(id_)) is not None:
            task.cancel()

    # --- jobs ---

    async def video(self, job: Job) -> None:
        """Work on a video."""
        db, video_id = self._of(job)
        worker = uuid7()
        async with db.tx() as tx:
            if not await videos_store.take(tx, video_id, worker):
                return
        work = _Work(
            db, video_id, worker, videos_store.wanted, videos_store.end, videos_store.note_fault
        )  # fmt: skip
        await self._brought_to_an_end(job, work, lambda caller: self._video(caller, work))

    async def recording(self, job: Job) -> None:
        """Hear a long recording."""
        db, transcription_id = self._of(job)
        worker = uuid7()
        async with db.tx() as tx:
            row = await videos_store.take_long(tx, transcription_id, worker)
        if row is None:
            return
        work = _Work(
            db, transcription_id, worker, videos_store.wanted_long, videos_store.end_long, videos_store.note_long_fault
        )
        await self._brought_to_an_end(job, work, lambda caller: self._recording(caller, work, row))

    async def gave_up(self, job: Job) -> None:
        """Say so, where it waits for nothing else."""
        db, id_ = self._of(job)
        said = WorkGaveUp(f"it was begun {_ATTEMPTS} times without coming to an end; try it again later").summary()
        async with db.tx() as tx:
            end = videos_store.end if job.name == VIDEO else videos_store.end_long
            await end(tx, id_, "failed", said)

    def _of(self, job: Job) -> tuple[TenantDb, UUID]:
        assert job.tenant_id is not None
        return self.database.tenant(job.tenant_id, job.user_id), UUID(job.ids["id"])

    async def _brought_to_an_end(self, job: Job, work: "_Work", do: Callable[[Caller], Awaitable[None]]) -> None:
        key = job.ids.get("api_key_id")
        caller = await caller_again(work.db, UUID(key) if key else None)
        if caller is None:
            await work.failed(NobodyAsks("whoever asked for this, or their key, may no longer call models"))
            return
        task = asyncio.ensure_future(do(caller))
        self._under_way[work.id] = task
        try:
            while not task.done():
                await asyncio.wait({task}, timeout=_LOOK_EVERY)
                if not task.done() and not await work.still_wanted():
                    return
        finally:
            task.cancel()
            await asyncio.wait({task})
            if self._under_way.get(work.id) is task:
                del self._under_way[work.id]
        if task.cancelled():
            return
        try:
            task.result()
        except _MAY_PASS as problem:
            final = isinstance(problem, UpstreamBadRequest) or job.attempt >= _ATTEMPTS
            await (work.failed(problem) if final else work.faulty(problem))
            if not final:
                raise
        except Problem as problem:
            await work.failed(problem)

    # --- the work ---

    async def _video(self, caller: Caller, work: "_Work") -> None:
        async with work.db.tx() as tx:
            row = await videos_store.get(tx, work.id)
        if row is None:
            return
        async with temporary_folder("video") as folder:
            original = folder / "original"
            await self.fetch(work.db, row["video_url"], original)
            if row["stage"] == "pictures":
                if row["has_pictures"]:
                    await self._pictures(work, row, original, folder)
                await _note(work, "sound", 0)
            if row["has_sound"]:
                await self._words(caller, work, row, original, folder)
        async with work.db.tx() as tx:
            await videos_store.end(tx, work.id, "done")

    async def _pictures(self, work: "_Work", row: Row, original: Path, folder: Path) -> None:
        async with work.db.tx() as tx:
            await videos_store.clear_frames(tx, work.id)
        told = _Seldom()

        async def at(seconds: float) -> None:
            if told.now():
                await _note(work, "pictures", round(seconds * 1000))

        probed = Probed(
            format="", codec="", sound_codec="", duration=row["duration_ms"] / 1000, width=row["width"],
            height=row["height"], sound=row["has_sound"], pictures=True, widest_gap=row["widest_gap_ms"] / 1000,
        )  # fmt: skip
        for picture in await scenes(original, probed, folder, most_pictures(probed.duration), at):
            if not await self._keep(work, row["name"], folder, picture):
                return

    async def _keep(self, work: "_Work", name: str, folder: Path, picture: Picture) -> bool:
        at_ms = round(picture.at * 1000)
        asset = await files.save(
            work.db, self.objects, read_file(folder / picture.file), name=f"{name or 'video'} {at_ms} ms.jpg",
            claimed_type="image/jpeg", purpose="voice",
        )  # fmt: skip
        frame = {
            "at_ms": at_ms, "frame_url": asset.key, "score": min(1.0, picture.score), "width": picture.width,
            "height": picture.height,
        }  # fmt: skip
        kept = False
        try:
            async with work.db.tx() as tx:
                kept = await videos_store.insert_frame(tx, uuid7(), work.id, frame)
        finally:
            if not kept:
                await files.delete(work.db, asset.id)
        return kept

    async def _words(self, caller: Caller, work: "_Work", row: Row, original: Path, folder: Path) -> None:
        try:
            sound = await decode(original, folder / "pcm")
        except NoSound:
            # Its sound is an empty one: there is nothing to be heard.
            return
        duration_ms = round(sound.duration * 1000)
        async with work.db.tx() as tx:
            transcription_id = await videos_store.resume_of_video(tx, work.id)
            if transcription_id is None:
                transcription_id = uuid7()
                new = {
                    "name": row["name"], "audio_url": None, "media_type": row["media_type"],
                    "duration_ms": duration_ms, "asked_model": row["asked_model"],
                    "asked_language": row["asked_language"],
                }  # fmt: skip
                if not await videos_store.insert_long(tx, transcription_id, row["session_id"], new, "working", work.id):
                    return
        asked = row["asked_model"], row["asked_language"]

        async def at(done_ms: int) -> None:
            await _note(work, "sound", done_ms)

        await self._heard(caller, work.db, transcription_id, row["session_id"], sound.pcm, duration_ms, asked, at)

    async def _recording(self, caller: Caller, work: "_Work", row: Row) -> None:
        async with temporary_folder("voice") as folder:
            original = folder / "original"
            await self.fetch(work.db, row["audio_url"], original)
            sound = await decode(original, folder / "pcm")
            duration_ms = round(sound.duration * 1000)
            asked = row["asked_model"], row["asked_language"]

            async def at(_: int) -> None:
                pass

            await self._heard(caller, work.db, work.id, row["session_id"], sound.pcm, duration_ms, asked, at)

    async def _heard(
        self, caller: Caller, db: TenantDb, transcription_id: UUID, session_id: UUID, pcm: Path, total_ms: int,
        asked: tuple[str | None, str | None], at: Callable[[int], Awaitable[None]],
    ) -> None:  # fmt: skip
        """Hear it from where it was left, a piece at a time: memory stays flat however long it is."""
        model, language = asked
        how = Listen(model="", language=language)
        async with db.tx() as tx:
            start = await videos_store.heard_until(tx, transcription_id)
        while start < total_ms:
            end = await asyncio.to_thread(pieces.next_end, pcm, start, total_ms, self.piece_ms)
            piece = await asyncio.to_thread(pieces.piece, pcm, start, end, pcm.parent)
            heard = None
            if piece is not None:
                heard = await self.speech.transcribe(
                    caller, model or "auto", piece, how, labels(caller, streamed=False)
                )
            facts, cost = _facts(heard, start), heard.bill.cost if heard else ZERO
            async with db.tx() as tx:
                if not await videos_store.insert_piece(tx, transcription_id, start, end, facts, cost):
                    return
                await videos_store.note_heard(tx, transcription_id, end)
                await store.add_to_totals(tx, session_id, end - start, cost)
            await at(end)
            start = end
        async with db.tx() as tx:
            whole = _joined(await videos_store.pieces(tx, transcription_id), total_ms)
            await videos_store.finish_long(tx, transcription_id, whole)
            await videos_store.forget_pieces(tx, transcription_id)

    async def fetch(self, db: TenantDb, key: str, to: Path) -> None:
        """A file of the handle's tenant, into a file here. Raises FileNotReadable."""
        try:
            await written(to, await self.objects.get(own_key(db.tenant_id, key)))
        except (ObjectMissing, ObjectStoreError) as error:
            raise files.FileNotReadable("the file cannot be read just now") from error


def most_pictures(seconds: float) -> int:
    """How many pictures are kept of a video of that length."""
    return min(_MOST_PICTURES, 8 + round(seconds / 10))


@dataclass(slots=True)
class _Work:
    """What is worked on, and how that is said."""

    db: TenantDb
    id: UUID
    worker: UUID
    wanted: Callable[[Tx, UUID, UUID], Awaitable[bool]]
    end: Callable[[Tx, UUID, str, dict[str, Any] | None], Awaitable[bool]]
    note_fault: Callable[[Tx, UUID, dict[str, Any]], Awaitable[None]]

    async def still_wanted(self) -> bool:
        async with self.db.tx() as tx:
            return await self.wanted(tx, self.id, self.worker)

    async def failed(self, problem: Problem) -> None:
        log.info("voice.work_failed", id=str(self.id), error=problem.slug)
        async with self.db.tx() as tx:
            await self.end(tx, self.id, "failed", problem.summary())

    async def faulty(self, problem: Problem) -> None:
        async with self.db.tx() as tx:
            await self.note_fault(tx, self.id, problem.summary())


async def _note(work: _Work, stage: str, done_ms: int) -> None:
    async with work.db.tx() as tx:
        await videos_store.progress(tx, work.id, work.worker, stage, done_ms)


class _Seldom:
    """True at most once a second."""

    def __init__(self) -> None:
        self._at = float("-inf")

    def now(self) -> bool:
        if time.monotonic() - self._at < 1.0:
            return False
        self._at = time.monotonic()
        return True


def _facts(heard: HeardIt | None, start_ms: int) -> dict[str, Any]:
    if heard is None:
        return {"text": "", "words": []}
    transcript, model = heard.transcript, heard.bill.model
    return {
        "text": transcript.text.replace("\x00", ""),
        "words": [msgspec.to_builtins(word) for word in pieces.later(transcript.words, start_ms / 1000)],
        "language": transcript.language, "confidence": transcript.confidence, "model": model.id,
        "provider": model.provider,
    }  # fmt: skip


def _joined(rows: "list[Row] | Any", total_ms: int) -> dict[str, Any]:
    """All that was heard as one: text, words, and what most of it says of the rest."""
    languages, models = Counter[str](), Counter[tuple[str, str]]()
    weight, sure, cost = 0, 0.0, Decimal(0)
    texts: list[str] = []
    words: list[dict[str, Any]] = []
    for row in rows:
        heard, length = row["heard"], row["end_ms"] - row["start_ms"]
        cost += row["cost"]
        if text := heard["text"].strip():
            texts.append(text)
        words += heard["words"]
        if heard.get("language"):
            languages[heard["language"]] += length
        if heard.get("model"):
            models[heard["model"], heard["provider"]] += length
        if heard.get("confidence") is not None:
            weight, sure = weight + length, sure + heard["confidence"] * length
    model, provider = models.most_common(1)[0][0] if models else (None, None)
    confidence = min(max(sure / weight, 0.0), 1.0) if weight else None
    return {
        "transcription": " ".join(texts), "word_timestamps": words, "duration_ms": total_ms, "cost": cost,
        "confidence": None if confidence is None else Decimal(str(round(confidence, 8))),
        "language": languages.most_common(1)[0][0] if languages else None, "model": model, "provider": provider,
    }  # fmt: skip
