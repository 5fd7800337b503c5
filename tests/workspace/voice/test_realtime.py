"""Spoken conversations, over a real socket, with providers on loopback that speak the real protocols."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest

from radiant.workspace.voice import answering
from tests.kit.fixtures import Callers
from tests.kit.server import Client, Server
from tests.kit.speech_upstream import SpeechUpstream, speech_upstream
from tests.kit.upstream import Say, Upstream
from tests.workspace.voice.kit import SESSIONS, connect
from tests.workspace.voice.talking import LOUD, PATIENCE, Talk, talking


@pytest.fixture(autouse=True)
def patient_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that once said what it played is not believed to play on, however slow this machine is."""
    monkeypatch.setattr(answering, "_STALE", 600.0)


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


async def asked(talk: Talk, hearer: SpeechUpstream, text: str, at: float) -> None:
    """Say something, and pause."""
    await hearer.starts(at)
    await hearer.tells(text, at)


async def barges_in(talk: Talk, hearer: SpeechUpstream, at: float) -> dict[str, Any]:
    """Speak over the answer, for as long as it takes to be noticed."""

    async def speak() -> None:
        while True:
            await hearer.starts(at)
            for _ in range(5):
                await talk.socket.send_bytes(LOUD)
                await asyncio.sleep(0.02)

    speaking = asyncio.create_task(speak())
    try:
        return await talk.until("interrupted")
    finally:
        speaking.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await speaking


async def test_speech_over_an_answer_stops_it_and_the_chat_keeps_what_was_heard(
    server: Server, callers: Callers, voices: SpeechUpstream, upstream: Upstream
) -> None:
    me, held = callers.member, asyncio.Event()
    said = "One two three four. Five six seven eight. " + "and so it goes on and on"
    upstream.plan(Say(said, held=held))
    async with talking(me, **CHOSEN) as talk:
        await asked(talk, voices, "count for me", 0.1)
        await talk.until("speaking", text="Five six seven eight.")
        await talk.until_sound(1)
        # All of the first sentence, 19 characters, and half of the second one's 21.
        await talk.play(1, (19 + 11) * 1000 / 24)
        told = await barges_in(talk, voices, 9.0)
        assert told["heard_text"] == "One two three four. Five six"
        assert told["heard_ms"] == round((19 + 11) * 1000 / 24)
        timings = await talk.until("timings", turn=1)
        assert timings["cancel_ms"] >= 100, "it held for a moment"
        async with asyncio.timeout(PATIENCE):
            await upstream.gone.wait()
        turn = await until_finished(me, talk.session_id, 1)
        assert (turn["interrupted"], turn["heard_ms"]) == (True, told["heard_ms"])
        answer = (await messages_of(me, talk))[1]
        assert text_of(answer) == "One two three four. Five six"
        assert (answer["status"], answer["stop_reason"]) == ("stopped", "interrupted")
        assert len(server.app.state.runs) == 0
        # The next turn knows what was heard, and that no more was.
        upstream.requests.clear()
        await voices.tells("stop and tell me a joke", 9.0)
        await talk.play_out(2)
        (request,) = [one for one in upstream.requests if one.path.endswith("/chat/completions")]
        asked_of = str(request.body["messages"])
        assert "One two three four. Five six" in asked_of
        assert "The person interrupted here" in asked_of
        assert "seven" not in asked_of
        await talk.end()
    turns = await turns_of(me, talk.session_id)
    assert [turn["interrupted"] for turn in turns] == [True, False]


async def test_an_answer_is_cut_too_that_was_written_before_its_sound_was_played(
    callers: Callers, voices: SpeechUpstream
) -> None:
    me = callers.member
    async with talking(me, **CHOSEN) as talk:
        await asked(talk, voices, "hello", 0.1)
        await talk.until_sound(1)
        await talk.play(1, 1)
        await talk.until("spoken", turn=1)
        assert text_of((await messages_of(me, talk))[1]) == "Good morning. The sky is blue today."
        await talk.play(1, 13 * 1000 / 24 + 1)
        await talk.say("interrupt")
        told = await talk.until("interrupted", turn=1)
        assert told["heard_text"] == "Good morning."
        await until_finished(me, talk.session_id, 1)
        answer = (await messages_of(me, talk))[1]
        assert (text_of(answer), answer["stop_reason"]) == ("Good morning.", "interrupted")
        await talk.end()


async def test_an_interrupted_answer_of_which_nothing_was_heard_keeps_nothing(
    callers: Callers, voices: SpeechUpstream, upstream: Upstream
) -> None:
    me = callers.member
    async with talking(me, **CHOSEN) as talk:
        await asked(talk, voices, "hello", 0.1)
        await talk.play(1, 0)
        await talk.until_sound(1)
        await talk.play(1, 0)
        await talk.say("text", text="Never mind.")
        told = await talk.until("interrupted", turn=1)
        assert (told["heard_text"], told["heard_ms"]) == ("", 0)
        await talk.play_out(2)
        await talk.end()
    question, answer, second, _ = await messages_of(me, talk)
    assert [text_of(each) for each in (question, answer, second)] == ["hello", "", "Never mind."]
    assert (await turns_of(me, talk.session_id))[1]["kind"] == "typed"


async def test_the_echo_of_an_answer_and_noise_neither_stop_it_nor_are_turns(
    callers: Callers, voices: SpeechUpstream
) -> None:
    me = callers.member
    async with talking(me, **CHOSEN) as talk:
        await asked(talk, voices, "hello", 0.1)
        await talk.until_sound(1)
        await talk.play(1, 1)
        await talk.until("spoken", turn=1)
        # Its own voice by the loudspeaker, without a level of speech; then a door that is shut.
        await voices.starts(2.0)
        await voices.tells("the sky is blue", 2.0, final=False)
        await voices.tells("the sky is blue today", 2.0)
        await voices.starts(5.0)
        await voices.tells("", 5.0)
        # What comes next on the same stream is heard behind it.
        await voices.tells("and tomorrow", 6.0)
        await talk.until("turn", turn=2)
        assert [final["text"] for final in talk.of("final")] == ["hello", "and tomorrow"]
        await talk.play_out(2)
        await talk.end()
    assert [turn["text"] for turn in talk.of("turn")] == ["hello", "and tomorrow"]
    assert [told["turn"] for told in talk.of("interrupted")] == [1], "words of the person's own do stop it"


async def test_a_start_without_a_sound_behind_it_does_not_hold(callers: Callers, voices: SpeechUpstream) -> None:
    async with talking(callers.member, **CHOSEN) as talk:
        await asked(talk, voices, "hello", 0.1)
        await talk.until_sound(1)
        await talk.play(1, 1)
        await voices.starts(2.0)
        await talk.until("speech_started", at=2.0)
        await talk.socket.send_bytes(bytes(3200))
        await talk.play_out(1)
        assert talk.of("interrupted") == []
        await talk.end()


async def test_push_to_talk_is_a_turn_when_it_is_let_go_and_not_before(
    callers: Callers, voices: SpeechUpstream
) -> None:
    async with talking(callers.member, **CHOSEN, hands_free=False) as talk:
        await voices.tells("first half,", 0.1)
        await talk.until("final")
        await talk.say("commit")
        async with asyncio.timeout(PATIENCE):
            while "Finalize" not in voices.control:
                await asyncio.sleep(0.01)
        await voices.tells("second half", 2.0)
        live = await voices.live()
        await live.send_json({
            "type": "Results", "channel_index": [0, 1], "start": 3.0, "duration": 0.0, "is_final": True,
            "from_finalize": True, "channel": {"alternatives": [{"transcript": "", "confidence": 0.0, "words": []}]},
        })  # fmt: skip
        turn = await talk.until("turn")
        assert turn["text"] == "first half, second half"
        await talk.play_out(1)
        await talk.end()


async def test_what_is_no_prose_is_not_read_out(callers: Callers, voices: SpeechUpstream, upstream: Upstream) -> None:
    upstream.plan(Say("# Answer\nSee **this** [page](https://example.com/x).\n```python\nprint(1)\n```\nThat is all."))
    async with talking(callers.member, **CHOSEN) as talk:
        await talk.say("text", text="Show me.")
        await talk.play_out(1)
        await talk.end()
    assert [said["text"] for said in talk.of("speaking")] == ["Answer", "See this page.", "That is all."]
    assert "print(1)" in text_of((await messages_of(callers.member, talk))[1])
