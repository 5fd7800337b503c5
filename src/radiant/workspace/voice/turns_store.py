"""SQL of turns that were spoken: one function, one statement."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from radiant.infra.db import Row, Tx


async def insert(tx: Tx, turn_id: UUID, session_id: UUID, turn: dict[str, Any]) -> int:
    """A turn that was taken; its number in the session."""
    return await tx.value(
        "insert into voice_turns (tenant_id, user_id, id, session_id, number, kind, question_id, answer_id,"
        " speech_end_ms, transcript_final_ms)"
        " values ($1, $2, $3, $4, (select coalesce(max(number), 0) + 1 from voice_turns"
        "  where tenant_id = $1 and user_id = $2 and session_id = $4), $5, $6, $7, $8, $9) returning number",
        tx.tenant_id, tx.user_id, turn_id, session_id, turn["kind"], turn["question_id"], turn["answer_id"],
        turn["speech_end_ms"], turn["transcript_final_ms"],
    )  # fmt: skip


async def finish(tx: Tx, turn_id: UUID, turn: dict[str, Any]) -> None:
    """How it went."""
    await tx.run(
        "update voice_turns set spoken_ms = $4, heard_ms = $5, interrupted = $6, first_token_ms = $7,"
        " first_sentence_ms = $8, first_audio_ms = $9, cancel_ms = $10, ended_at = clock_timestamp()"
        " where tenant_id = $1 and user_id = $2 and id = $3",
        tx.tenant_id, tx.user_id, turn_id, turn["spoken_ms"], turn["heard_ms"], turn["interrupted"],
        turn["first_token_ms"], turn["first_sentence_ms"], turn["first_audio_ms"], turn["cancel_ms"],
    )  # fmt: skip


async def some(tx: Tx, session_id: UUID, before: int | None, limit: int) -> Sequence[Row]:
    """Of a session, the newest first."""
    return await tx.all(
        "select id, session_id, number, kind, question_id, answer_id, spoken_ms, heard_ms, interrupted, speech_end_ms,"
        " transcript_final_ms, first_token_ms, first_sentence_ms, first_audio_ms, cancel_ms, created_at, ended_at"
        " from voice_turns where tenant_id = $1 and user_id = $2 and session_id = $3"
        " and ($4::integer is null or number < $4) order by number desc limit $5",
        tx.tenant_id, tx.user_id, session_id, before, limit,
    )  # fmt: skip
