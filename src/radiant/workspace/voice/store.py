"""SQL of voice: one function, one statement. Row level security leaves each person their own."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from radiant.infra.db import Row, Tx

_SESSION = (
    "select s.id, s.session_type, s.title, s.input_format, s.output_format, s.language, s.voice_id, s.chat_id,"
    " s.total_duration_ms, s.total_cost, s.created_at, s.ended_at,"
    " (select count(*) from voice_transcriptions t where t.tenant_id = s.tenant_id and t.session_id = s.id)"
    " as transcriptions,"
    " (select count(*) from voice_synthesis y where y.tenant_id = s.tenant_id and y.session_id = s.id) as synthesis"
    " from voice_sessions s where s.tenant_id = $1 and s.user_id = $2"
)
_TRANSCRIPTION = (
    "select id, session_id, name, coalesce(transcription, '') as transcription, confidence::float8 as confidence,"
    " coalesce(duration_ms, 0) as duration_ms, coalesce(word_timestamps, '[]') as word_timestamps, language, model,"
    " provider, media_type, coalesce(cost, 0) as cost, audio_url, created_at, status, done_ms, error, video_id"
    " from voice_transcriptions"
    " where tenant_id = $1 and user_id = $2"
)
_SYNTHESIS = (
    "select id, session_id, input_text, voice_id, coalesce(duration_ms, 0) as duration_ms,"
    " coalesce(character_count, 0) as character_count, coalesce(cost, 0) as cost, model, provider, media_type,"
    " audio_url, created_at from voice_synthesis where tenant_id = $1 and user_id = $2"
)
_NEWEST = (
    " and session_id = $3 and ($4::timestamptz is null or (created_at, id) < ($4, $5::uuid))"
    " order by created_at desc, id desc limit $6"
)


async def insert(tx: Tx, session_id: UUID, new: dict[str, Any]) -> None:
    """A session."""
    await tx.run(
        "insert into voice_sessions (tenant_id, user_id, id, session_type, title, input_format, output_format, language,"
        " voice_id, chat_id) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        tx.tenant_id, tx.user_id, session_id, new["session_type"], new["title"], new["input_format"],
        new["output_format"], new["language"], new["voice_id"], new["chat_id"],
    )  # fmt: skip


async def chat_exists(tx: Tx, chat_id: UUID) -> bool:
    """Whether the person has that chat."""
    return await tx.value(
        "select exists (select from chats where tenant_id = $1 and user_id = $2 and id = $3 and deleted_at is null)",
        tx.tenant_id, tx.user_id, chat_id,
    )  # fmt: skip


async def get(tx: Tx, session_id: UUID) -> Row | None:
    """A session."""
    return await tx.one_or_none(_SESSION + " and s.id = $3", tx.tenant_id, tx.user_id, session_id)


async def some(tx: Tx, session_type: str | None, before: tuple[datetime, UUID] | None, limit: int) -> Sequence[Row]:
    """Sessions, the newest first."""
    at, id_ = before or (None, None)
    return await tx.all(
        _SESSION + " and ($3::text is null or s.session_type = $3)"
        " and ($4::timestamptz is null or (s.created_at, s.id) < ($4, $5::uuid))"
        " order by s.created_at desc, s.id desc limit $6",
        tx.tenant_id, tx.user_id, session_type, at, id_, limit,
    )  # fmt: skip


async def delete(tx: Tx, session_id: UUID) -> bool:
    """Take a session away with all that was said in it; whether there was one."""
    return bool(
        await tx.run(
            "delete from voice_sessions where tenant_id = $1 and user_id = $2 and id = $3",
            tx.tenant_id, tx.user_id, session_id,
        )
    )  # fmt: skip


async def end(tx: Tx, session_id: UUID) -> None:
    """The session is over; from the first time that this was said."""
    await tx.run(
        "update voice_sessions set ended_at = greatest(current_timestamp, created_at)"
        " where tenant_id = $1 and user_id = $2 and id = $3 and ended_at is null",
        tx.tenant_id, tx.user_id, session_id,
    )  # fmt: skip


async def add_to_totals(tx: Tx, session_id: UUID, duration_ms: int, cost: Decimal) -> bool:
    """So much more was heard or said; False where the session is gone."""
    return bool(
        await tx.run(
            "update voice_sessions set total_duration_ms ="
            " least(total_duration_ms::bigint + $4, 2147483647)::integer, total_cost = total_cost + $5"
            " where tenant_id = $1 and user_id = $2 and id = $3",
            tx.tenant_id, tx.user_id, session_id, duration_ms, cost,
        )
    )  # fmt: skip


async def give_chat(tx: Tx, session_id: UUID, chat_id: UUID) -> None:
    """The chat that the session's turns are kept in."""
    await tx.run(
        "update voice_sessions set chat_id = $4 where tenant_id = $1 and user_id = $2 and id = $3",
        tx.tenant_id, tx.user_id, session_id, chat_id,
    )  # fmt: skip


async def insert_transcription(tx: Tx, transcription_id: UUID, session_id: UUID, heard: dict[str, Any]) -> Row:
    """What was heard."""
    return await tx.one(
        "insert into voice_transcriptions (tenant_id, user_id, id, session_id, name, audio_url, transcription, confidence,"
        " duration_ms, word_timestamps, language, model, provider, media_type, cost)"
        " values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)"
        " returning id, session_id, name, transcription, confidence::float8 as confidence, duration_ms, word_timestamps,"
        " language, model, provider, media_type, cost, audio_url, created_at, status, done_ms, error, video_id",
        tx.tenant_id, tx.user_id, transcription_id, session_id, heard["name"], heard["audio_url"],
        heard["transcription"], heard["confidence"], heard["duration_ms"], heard["word_timestamps"], heard["language"],
        heard["model"], heard["provider"], heard["media_type"], heard["cost"],
    )  # fmt: skip


async def transcription(tx: Tx, transcription_id: UUID) -> Row | None:
    """What was heard once."""
    return await tx.one_or_none(_TRANSCRIPTION + " and id = $3", tx.tenant_id, tx.user_id, transcription_id)


async def transcriptions(tx: Tx, session_id: UUID, before: tuple[datetime, UUID] | None, limit: int) -> Sequence[Row]:
    """Of a session, the newest first."""
    at, id_ = before or (None, None)
    return await tx.all(_TRANSCRIPTION + _NEWEST, tx.tenant_id, tx.user_id, session_id, at, id_, limit)


async def insert_synthesis(tx: Tx, synthesis_id: UUID, session_id: UUID, said: dict[str, Any]) -> Row:
    """What was said."""
    return await tx.one(
        "insert into voice_synthesis (tenant_id, user_id, id, session_id, input_text, audio_url, voice_id, duration_ms,"
        " character_count, cost, model, provider, media_type)"
        " values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)"
        " returning id, session_id, input_text, voice_id, duration_ms, character_count, cost, model, provider,"
        " media_type, audio_url, created_at",
        tx.tenant_id, tx.user_id, synthesis_id, session_id, said["input_text"], said["audio_url"], said["voice_id"],
        said["duration_ms"], said["character_count"], said["cost"], said["model"], said["provider"],
        said["media_type"],
    )  # fmt: skip


async def synthesis(tx: Tx, synthesis_id: UUID) -> Row | None:
    """What was said once."""
    return await tx.one_or_none(_SYNTHESIS + " and id = $3", tx.tenant_id, tx.user_id, synthesis_id)


async def syntheses(tx: Tx, session_id: UUID, before: tuple[datetime, UUID] | None, limit: int) -> Sequence[Row]:
    """Of a session, the newest first."""
    at, id_ = before or (None, None)
    return await tx.all(_SYNTHESIS + _NEWEST, tx.tenant_id, tx.user_id, session_id, at, id_, limit)
