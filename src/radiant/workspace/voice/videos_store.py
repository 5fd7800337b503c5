"""SQL of videos, their scenes, and long recordings: one function, one statement."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from radiant.infra.db import Row, Tx

_VIDEO = (
    "select v.id, v.session_id, v.name, v.video_url, v.media_type, v.duration_ms, v.width, v.height, v.has_sound,"
    " v.has_pictures, v.widest_gap_ms, v.status, v.stage, v.done_ms, v.error, v.asked_model, v.asked_language,"
    " v.created_at, (select count(*) from video_frames f where f.tenant_id = v.tenant_id and f.video_id = v.id)"
    " as frames, (select t.id from voice_transcriptions t where t.tenant_id = v.tenant_id and t.video_id = v.id)"
    " as transcription_id from voice_videos v where v.tenant_id = $1 and v.user_id = $2"
)
_FRAME = (
    "select id, at_ms, frame_url, score, width, height from video_frames"
    " where tenant_id = $1 and user_id = $2 and video_id = $3"
)


async def insert(tx: Tx, video_id: UUID, session_id: UUID, new: dict[str, Any]) -> None:
    """A video that is to be worked on."""
    await tx.run(
        "insert into voice_videos (tenant_id, user_id, id, session_id, name, video_url, media_type, duration_ms, width,"
        " height, has_sound, has_pictures, widest_gap_ms, asked_model, asked_language)"
        " values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
        tx.tenant_id, tx.user_id, video_id, session_id, new["name"], new["video_url"], new["media_type"],
        new["duration_ms"], new["width"], new["height"], new["has_sound"], new["has_pictures"], new["widest_gap_ms"],
        new["asked_model"], new["asked_language"],
    )  # fmt: skip


async def get(tx: Tx, video_id: UUID) -> Row | None:
    """A video."""
    return await tx.one_or_none(_VIDEO + " and v.id = $3", tx.tenant_id, tx.user_id, video_id)


async def some(tx: Tx, session_id: UUID, before: tuple[datetime, UUID] | None, limit: int) -> Sequence[Row]:
    """Of a session, the newest first."""
    at, id_ = before or (None, None)
    return await tx.all(
        _VIDEO + " and v.session_id = $3 and ($4::timestamptz is null or (v.created_at, v.id) < ($4, $5::uuid))"
        " order by v.created_at desc, v.id desc limit $6",
        tx.tenant_id, tx.user_id, session_id, at, id_, limit,
    )  # fmt: skip


async def delete(tx: Tx, video_id: UUID) -> bool:
    """Take a video away with its pictures and words; whether there was one."""
    return bool(
        await tx.run(
            "delete from voice_videos where tenant_id = $1 and user_id = $2 and id = $3",
            tx.tenant_id, tx.user_id, video_id,
        )
    )  # fmt: skip


async def take(tx: Tx, video_id: UUID, worker: UUID) -> bool:
    """That worker works on it; False where nobody waits for it any more."""
    return bool(
        await tx.run(
            "update voice_videos set status = 'working', worker = $4 where tenant_id = $1 and user_id = $2 and id = $3"
            " and status in ('queued', 'working')",
            tx.tenant_id, tx.user_id, video_id, worker,
        )
    )  # fmt: skip


async def progress(tx: Tx, video_id: UUID, worker: UUID, stage: str, done_ms: int) -> None:
    """So much of that stage is done."""
    await tx.run(
        "update voice_videos set stage = $5, done_ms = least($6, duration_ms) where tenant_id = $1 and user_id = $2"
        " and id = $3 and status = 'working' and worker = $4",
        tx.tenant_id, tx.user_id, video_id, worker, stage, done_ms,
    )  # fmt: skip


async def wanted(tx: Tx, video_id: UUID, worker: UUID) -> bool:
    """Whether somebody waits for it still, and for that worker."""
    return await tx.value(
        "select exists (select from voice_videos where tenant_id = $1 and user_id = $2 and id = $3"
        " and status = 'working' and worker = $4)",
        tx.tenant_id, tx.user_id, video_id, worker,
    )  # fmt: skip


async def end(tx: Tx, video_id: UUID, status: str, error: dict[str, Any] | None = None) -> bool:
    """The work on it and on its words is over; False where it was already."""
    ended = await tx.value(
        "with ended as (update voice_videos set status = $4::text, error = $5::jsonb,"
        "  stage = case when $4::text = 'done' then 'done' else stage end,"
        "  done_ms = case when $4::text = 'done' then duration_ms else done_ms end"
        "  where tenant_id = $1 and user_id = $2 and id = $3 and status in ('queued', 'working') returning id),"
        " words as (update voice_transcriptions t set status = $4::text, error = $5::jsonb from ended where t.tenant_id = $1"
        "  and t.user_id = $2 and t.video_id = ended.id and t.status in ('queued', 'working'))"
        " select count(*) from ended",
        tx.tenant_id, tx.user_id, video_id, status, error,
    )  # fmt: skip
    return ended == 1


async def note_fault(tx: Tx, video_id: UUID, error: dict[str, Any]) -> None:
    """What went wrong in a try that is followed by another."""
    await tx.run(
        "update voice_videos set error = $4 where tenant_id = $1 and user_id = $2 and id = $3",
        tx.tenant_id, tx.user_id, video_id, error,
    )  # fmt: skip


async def again(tx: Tx, video_id: UUID) -> bool:
    """It waits to be worked on again, from its stage on; False where it is not over, or is done."""
    return bool(
        await tx.run(
            "update voice_videos set status = 'queued', error = null where tenant_id = $1 and user_id = $2 and id = $3"
            " and status in ('failed', 'cancelled')",
            tx.tenant_id, tx.user_id, video_id,
        )
    )  # fmt: skip


# --- pictures ---


async def clear_frames(tx: Tx, video_id: UUID) -> None:
    """Pictures of a try that did not end."""
    await tx.run(
        "delete from video_frames where tenant_id = $1 and user_id = $2 and video_id = $3",
        tx.tenant_id, tx.user_id, video_id,
    )  # fmt: skip


async def insert_frame(tx: Tx, frame_id: UUID, video_id: UUID, frame: dict[str, Any]) -> bool:
    """A picture of a scene; False where the video is gone, or nobody waits for it."""
    return bool(
        await tx.run(
            "insert into video_frames (tenant_id, user_id, id, video_id, at_ms, frame_url, score, width, height)"
            " select $1, $2, $3, v.id, $5, $6, $7, $8, $9 from voice_videos v where v.tenant_id = $1 and v.user_id = $2"
            " and v.id = $4 and v.status = 'working' for share on conflict do nothing",
            tx.tenant_id, tx.user_id, frame_id, video_id, frame["at_ms"], frame["frame_url"], frame["score"],
            frame["width"], frame["height"],
        )
    )  # fmt: skip


async def frames(tx: Tx, video_id: UUID, after_ms: int, limit: int) -> Sequence[Row]:
    """The pictures behind a moment, in order."""
    return await tx.all(
        _FRAME + " and at_ms > $4 order by at_ms limit $5", tx.tenant_id, tx.user_id, video_id, after_ms, limit
    )


# --- long recordings ---


async def insert_long(
    tx: Tx, transcription_id: UUID, session_id: UUID, new: dict[str, Any], status: str, video_id: UUID | None
) -> bool:
    """A recording that is to be heard; False where its session, or its video, is gone."""
    return bool(
        await tx.run(
            "insert into voice_transcriptions (tenant_id, user_id, id, session_id, name, audio_url, media_type,"
            " duration_ms, asked_model, asked_language, status, video_id)"
            " select $1, $2, $3, s.id, $5, $6, $7, $8, $9, $10, $11, $12 from voice_sessions s where s.tenant_id = $1"
            " and s.user_id = $2 and s.id = $4 and ($12::uuid is null or exists (select from voice_videos v"
            " where v.tenant_id = $1 and v.user_id = $2 and v.id = $12)) on conflict do nothing",
            tx.tenant_id, tx.user_id, transcription_id, session_id, new["name"], new["audio_url"], new["media_type"],
            new["duration_ms"], new["asked_model"], new["asked_language"], status, video_id,
        )
    )  # fmt: skip


async def take_long(tx: Tx, transcription_id: UUID, worker: UUID) -> Row | None:
    """That worker hears it; None where nobody waits for it any more."""
    return await tx.one_or_none(
        "update voice_transcriptions set status = 'working', worker = $4 where tenant_id = $1 and user_id = $2"
        " and id = $3 and status in ('queued', 'working') returning session_id, audio_url, asked_model, asked_language",
        tx.tenant_id, tx.user_id, transcription_id, worker,
    )  # fmt: skip


async def wanted_long(tx: Tx, transcription_id: UUID, worker: UUID) -> bool:
    """Whether somebody waits for it still, and for that worker."""
    return await tx.value(
        "select exists (select from voice_transcriptions where tenant_id = $1 and user_id = $2 and id = $3"
        " and status = 'working' and worker = $4)",
        tx.tenant_id, tx.user_id, transcription_id, worker,
    )  # fmt: skip


async def end_long(tx: Tx, transcription_id: UUID, status: str, error: dict[str, Any] | None) -> bool:
    """It is not heard any further; False where that was so already."""
    return bool(
        await tx.run(
            "update voice_transcriptions set status = $4, error = $5 where tenant_id = $1 and user_id = $2 and id = $3"
            " and status in ('queued', 'working')",
            tx.tenant_id, tx.user_id, transcription_id, status, error,
        )
    )  # fmt: skip


async def note_long_fault(tx: Tx, transcription_id: UUID, error: dict[str, Any]) -> None:
    """What went wrong in a try that is followed by another."""
    await tx.run(
        "update voice_transcriptions set error = $4 where tenant_id = $1 and user_id = $2 and id = $3",
        tx.tenant_id, tx.user_id, transcription_id, error,
    )  # fmt: skip


async def again_long(tx: Tx, transcription_id: UUID) -> bool:
    """It waits to be heard again, from where it was left; False where it is not over, is done, or is a video's."""
    return bool(
        await tx.run(
            "update voice_transcriptions set status = 'queued', error = null where tenant_id = $1 and user_id = $2"
            " and id = $3 and video_id is null and status in ('failed', 'cancelled')",
            tx.tenant_id, tx.user_id, transcription_id,
        )
    )  # fmt: skip


async def resume_of_video(tx: Tx, video_id: UUID) -> UUID | None:
    """The words of a video are being heard (again); whose id that is, None where nothing was heard of it yet."""
    return await tx.value(
        "update voice_transcriptions set status = 'working', error = null where tenant_id = $1 and user_id = $2"
        " and video_id = $3 and status <> 'done' returning id",
        tx.tenant_id, tx.user_id, video_id,
    )  # fmt: skip


async def heard_until(tx: Tx, transcription_id: UUID) -> int:
    """Up to where it was heard, in milliseconds."""
    return await tx.value(
        "select coalesce(max(end_ms), 0) from voice_pieces where tenant_id = $1 and user_id = $2"
        " and transcription_id = $3",
        tx.tenant_id, tx.user_id, transcription_id,
    )  # fmt: skip


async def insert_piece(
    tx: Tx, transcription_id: UUID, start_ms: int, end_ms: int, heard: dict[str, Any], cost: Decimal
) -> bool:
    """What was heard of a piece; False where nobody waits for it any more."""
    return bool(
        await tx.run(
            "insert into voice_pieces (tenant_id, user_id, transcription_id, start_ms, end_ms, heard, cost)"
            " select $1, $2, t.id, $4, $5, $6, $7 from voice_transcriptions t where t.tenant_id = $1 and t.user_id = $2"
            " and t.id = $3 and t.status = 'working' for share on conflict do nothing",
            tx.tenant_id, tx.user_id, transcription_id, start_ms, end_ms, heard, cost,
        )
    )  # fmt: skip


async def note_heard(tx: Tx, transcription_id: UUID, done_ms: int) -> None:
    """So much of it was heard."""
    await tx.run(
        "update voice_transcriptions set done_ms = $4 where tenant_id = $1 and user_id = $2 and id = $3",
        tx.tenant_id, tx.user_id, transcription_id, done_ms,
    )  # fmt: skip


async def pieces(tx: Tx, transcription_id: UUID) -> Sequence[Row]:
    """All that was heard of it, in order."""
    return await tx.all(
        "select start_ms, end_ms, heard, cost from voice_pieces where tenant_id = $1 and user_id = $2"
        " and transcription_id = $3 order by start_ms",
        tx.tenant_id, tx.user_id, transcription_id,
    )  # fmt: skip


async def forget_pieces(tx: Tx, transcription_id: UUID) -> None:
    """They were joined."""
    await tx.run(
        "delete from voice_pieces where tenant_id = $1 and user_id = $2 and transcription_id = $3",
        tx.tenant_id, tx.user_id, transcription_id,
    )  # fmt: skip


async def finish_long(tx: Tx, transcription_id: UUID, heard: dict[str, Any]) -> bool:
    """All of it was heard; False where nobody waits for it any more."""
    return bool(
        await tx.run(
            "update voice_transcriptions set transcription = $4, confidence = $5, duration_ms = $6, word_timestamps = $7,"
            " language = $8, model = $9, provider = $10, cost = $11, done_ms = $6, status = 'done', error = null"
            " where tenant_id = $1 and user_id = $2 and id = $3 and status = 'working'",
            tx.tenant_id, tx.user_id, transcription_id, heard["transcription"], heard["confidence"],
            heard["duration_ms"], heard["word_timestamps"], heard["language"], heard["model"], heard["provider"],
            heard["cost"],
        )
    )  # fmt: skip


async def words_around(tx: Tx, video_id: UUID, from_s: float, to_s: float) -> str:
    """What is said in a video between two moments, in seconds."""
    return await tx.value(
        "select coalesce(string_agg(coalesce(w ->> 'shown', w ->> 'word'), ' ' order by (w ->> 'start')::float8), '')"
        " from voice_transcriptions t, jsonb_array_elements(t.word_timestamps) w where t.tenant_id = $1"
        " and t.user_id = $2 and t.video_id = $3 and (w ->> 'end')::float8 >= $4 and (w ->> 'start')::float8 <= $5",
        tx.tenant_id, tx.user_id, video_id, from_s, to_s,
    )  # fmt: skip
