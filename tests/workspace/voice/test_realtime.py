"""Spoken conversations, over a real socket, with providers on loopback that speak the real protocols."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.kit.fixtures import Callers
from tests.kit.server import Client
from tests.kit.speech_upstream import SpeechUpstream, speech_upstream
from tests.kit.upstream import Say, Upstream
from tests.workspace.voice.kit import SESSIONS, connect
from tests.workspace.voice.talking import LOUD, PATIENCE, Talk, talking


@pytest.fixture
async def deepgram(callers: Callers) -> AsyncIterator[SpeechUpstream]:
    async with speech_upstream() as running:
        running.scripted = True
        await connect(callers.operator, running)
        yield running


@pytest.fixture
async def elevenlabs(callers: Callers) -> AsyncIterator[SpeechUpstream]:
    async with speech_upstream() as running:
        await connect(callers.operator, running, "elevenlabs")
        yield running


@pytest.fixture
async def voices(deepgram: SpeechUpstream, elevenlabs: SpeechUpstream, upstream: Upstream) -> SpeechUpstream:
    """Who hears, who speaks and who answers; the one who hears."""
    upstream.default = Say("Good morning. The sky is blue today.")
    return deepgram


CHOSEN: dict[str, Any] = {"hear_model": "nova-3", "speak_model": "eleven_multilingual_v2", "model": "gpt-4o"}


async def turns_of(client: Client, session: str) -> list[dict[str, Any]]:
    """The turns that are kept, the oldest first."""
    answer = await client.get(f"{SESSIONS}/{session}/turns")
    assert answer.status == 200, answer.body
    return answer.json()["items"][::-1]


async def messages_of(client: Client, talk: Talk) -> list[dict[str, Any]]:
    """The chat's messages."""
    chat_id = talk.of("ready")[0]["chat_id"]
    return (await client.get(f"/api/chats/{chat_id}")).json()["messages"]


def text_of(message: dict[str, Any]) -> str:
    return "".join(part["text"] for part in message["content"])


async def until_finished(client: Client, session: str, number: int) -> dict[str, Any]:
    """The turn of that number, once all of it is kept."""
    async with asyncio.timeout(PATIENCE):
        while True:
            for turn in await turns_of(client, session):
                if turn["number"] == number and turn["ended_at"] is not None:
                    return turn
            await asyncio.sleep(0.02)


async def test_f21_4_realtime_hears_answers_and_speaks_sentence_by_sentence(
    callers: Callers, voices: SpeechUpstream
) -> None:
    me = callers.member
    async with talking(me, **CHOSEN) as talk:
        await talk.socket.send_bytes(LOUD)
        await voices.starts(0.1)
        await voices.tells("how is the", 0.1, final=False)
        await voices.tells("how is the weather", 0.1)
        done = await talk.play_out(1)
        await talk.end()
    (started,) = talk.of("speech_started")
    assert started["at"] == 0.1
    assert talk.of("partial")[0]["text"] == "how is the"
    assert [final["text"] for final in talk.of("final")] == ["how is the weather"]
    assert talk.of("turn")[0]["text"] == "how is the weather"
    assert "".join(delta["text"] for delta in talk.of("delta")) == "Good morning. The sky is blue today."
    assert [said["text"] for said in talk.of("speaking")] == ["Good morning.", "The sky is blue today."]
    # A thousand samples a character, at 24 kHz.
    assert len(talk.sound[1]) == 2000 * len("Good morning.The sky is blue today.")
    assert done["duration_ms"] == round(len(talk.sound[1]) / 48)
    question, answer = await messages_of(me, talk)
    assert (text_of(question), question["id"]) == ("how is the weather", talk.of("turn")[0]["message_id"])
    assert (text_of(answer), answer["id"]) == (
        "Good morning. The sky is blue today.",
        talk.of("answer")[0]["message_id"],
    )
    assert (answer["status"], answer["stop_reason"]) == ("complete", "end")
    (turn,) = await turns_of(me, talk.session_id)
    assert (turn["number"], turn["kind"], turn["interrupted"]) == (1, "spoken", False)
    assert (turn["question_id"], turn["answer_id"]) == (question["id"], answer["id"])
    assert turn["heard_ms"] == turn["spoken_ms"] == done["duration_ms"]
    for stage in ("transcript_final_ms", "first_token_ms", "first_sentence_ms", "first_audio_ms"):
        assert turn[stage] is not None, stage
    assert turn["cancel_ms"] is None
    read = (await me.get(f"{SESSIONS}/{talk.session_id}")).json()
    assert (read["transcriptions"], read["synthesis"]) == (1, 1)
    assert read["ended_at"] is not None
    assert float(read["total_cost"]) > 0
    assert read["total_duration_ms"] >= done["duration_ms"]
