"""Spoken conversations, over a real socket, with providers on loopback that speak the real protocols."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from radiant.workspace.voice import answering
from radiant.workspace.voice.realtime import Realtime
from tests.kit.fixtures import Callers
from tests.kit.server import Client, Server
from tests.kit.speech import clips
from tests.kit.speech_upstream import Refuse as RefuseSpeech
from tests.kit.speech_upstream import SpeechUpstream, speech_upstream
from tests.kit.upstream import Refuse, Say, Upstream
from tests.workspace.voice.kit import SESSIONS, VOICE, begin, connect, loudness, opus
from tests.workspace.voice.talking import LOUD, PATIENCE, Talk, headers_of, talking


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


async def refused(talk: Talk) -> tuple[str, int]:
    """The problem that ended it, and the code it was closed with."""
    error = await talk.until("error", fatal=True)
    async with asyncio.timeout(PATIENCE):
        closed = await talk.socket.receive()
    return error["type_slug"], closed.data


@contextlib.asynccontextmanager
async def opened(client: Client) -> AsyncIterator[Talk]:
    """A socket on which nothing was said."""
    url = f"{client.base_url}{VOICE}/realtime"
    async with client.http.ws_connect(url, headers=headers_of(client)) as socket:
        yield Talk(socket, "")


async def test_a_provider_that_breaks_is_told_and_the_conversation_goes_on(
    callers: Callers, voices: SpeechUpstream, elevenlabs: SpeechUpstream, upstream: Upstream
) -> None:
    me = callers.member
    async with talking(me, **CHOSEN) as talk:
        # Who hears hangs up: somebody listens again.
        await (await voices.live()).close(code=1011, message=b"NET-0000")
        assert (await talk.until("error"))["fatal"] is False
        async with asyncio.timeout(PATIENCE):
            again = await voices.streams.get()
        voices._live = again
        await asked(talk, voices, "hello", 0.1)
        await talk.play_out(1)
        # Who speaks refuses: the answer is there to be read.
        elevenlabs.plan(*[RefuseSpeech(400, style="elevenlabs")] * 8)
        await talk.say("text", text="Once more.")
        assert (await talk.until("error"))["fatal"] is False
        assert (await talk.until("spoken", turn=2))["duration_ms"] == 0
        elevenlabs._plan.clear()
        # Who answers refuses: the question stays.
        upstream.plan(*[Refuse(400)] * 8)
        await talk.say("text", text="And this?")
        await talk.until("error")
        await talk.until("spoken", turn=3)
        await talk.end()
    kept = await messages_of(me, talk)
    assert [text_of(message) for message in kept if message["role"] == "user"] == ["hello", "Once more.", "And this?"]
    assert [message["status"] for message in kept if message["role"] == "assistant"] == [
        "complete",
        "complete",
        "failed",
    ]


async def test_a_client_that_vanishes_leaves_no_run_and_no_stream(
    server: Server, callers: Callers, voices: SpeechUpstream, upstream: Upstream
) -> None:
    me, held = callers.member, asyncio.Event()
    upstream.plan(Say("One two three four. Five six seven eight nine ten eleven and so on", held=held))
    voices.gone.clear()
    async with talking(me, **CHOSEN) as talk:
        await asked(talk, voices, "count", 0.1)
        await talk.until_sound(1)
        await talk.play(1, 19 * 1000 / 24 + 1)
        assert talk.socket._response.connection is not None
        talk.socket._response.connection.transport.abort()
    async with asyncio.timeout(PATIENCE):
        await upstream.gone.wait()
        await voices.gone.wait()
        while len(server.app.state.realtime):
            await asyncio.sleep(0.02)
    assert len(server.app.state.runs) == 0
    turn = await until_finished(me, talk.session_id, 1)
    assert turn["interrupted"] is True
    assert (await messages_of(me, talk))[1]["stop_reason"] == "interrupted"
    # The session may be gone on with.
    assert (await me.get(f"{SESSIONS}/{talk.session_id}")).json()["ended_at"] is None
    async with talking(me, session=talk.session_id, **CHOSEN) as again:
        assert again.of("ready")[0]["chat_id"] == talk.of("ready")[0]["chat_id"]
        await again.say("text", text="Go on.")
        assert (await again.until("turn"))["turn"] == 2
        await again.play_out(2)
        await again.end()


async def test_nobody_else_gets_into_a_conversation(callers: Callers, voices: SpeechUpstream, server: Server) -> None:
    session = await begin(callers.member, "realtime")
    for stranger in (callers.owner, callers.foreign_owner):
        async with opened(stranger) as talk:
            await talk.say("start", session_id=session)
            assert await refused(talk) == ("no-such-voice-session", 1008)
        assert (await stranger.get(f"{SESSIONS}/{session}/turns")).status == 404
    for client, headers, status in (
        (callers.nobody, {}, 401),
        (callers.member, {**callers.member.headers, "Origin": "https://evil.example.com"}, 403),
        (callers.member, callers.member.headers, 403),
        (callers.viewer, headers_of(callers.viewer), 403),
        (callers.nobody, {"Authorization": "Bearer rad_wrong"}, 401),
        (await server.with_key(callers.tenant.id, callers.member_id, "read"), None, 403),
    ):
        with pytest.raises(aiohttp.WSServerHandshakeError) as failed:
            await client.http.ws_connect(
                f"{client.base_url}{VOICE}/realtime", headers=client.headers if headers is None else headers
            )
        assert failed.value.status == status


async def test_a_program_talks_by_its_key(callers: Callers, voices: SpeechUpstream, server: Server) -> None:
    program = await server.with_key(callers.tenant.id, callers.member_id, "read", "write")
    async with talking(program, **CHOSEN) as talk:
        await talk.say("text", text="Hello.")
        await talk.play_out(1)
        await talk.end()


async def test_what_is_no_conversation_is_refused_with_a_reason(callers: Callers, voices: SpeechUpstream) -> None:
    me = callers.member
    session = await begin(me, "realtime")
    over = await begin(me, "realtime")
    await me.post(f"{SESSIONS}/{over}/end")
    cases: list[tuple[dict[str, Any], str]] = [
        ({"type": "commit"}, "bad-realtime-message"),
        ({"type": "start"}, "bad-realtime-message"),
        ({"type": "start", "session_id": session, "rate": 7999}, "bad-realtime-message"),
        ({"type": "start", "session_id": session, "voice_id": "../x"}, "bad-realtime-message"),
        ({"type": "start", "session_id": session, "format": "mp3"}, "bad-realtime-message"),
        ({"type": "start", "session_id": session, "hear_model": "eleven_multilingual_v2"}, "model-does-something-else"),
        ({"type": "start", "session_id": over}, "voice-session-ended"),
        ({"type": "start", "session_id": await begin(me, "stt")}, "voice-session-of-another-type"),
    ]
    for message, slug in cases:
        async with opened(me) as talk:
            await talk.socket.send_json(message)
            assert await refused(talk) == (slug, 1008), message
    async with talking(me, session=session, **CHOSEN) as talk:
        async with opened(me) as second:
            await second.say("start", session_id=session)
            assert await refused(second) == ("voice-session-busy", 1008)
        await talk.socket.send_bytes(bytes(256 * 2**10 + 2))
        assert await refused(talk) == ("bad-realtime-message", 1008)


@pytest.mark.parametrize("container", ["ogg", "webm"])
async def test_a_microphone_that_is_recorded_as_opus_is_heard(
    callers: Callers, voices: SpeechUpstream, container: str
) -> None:
    clip = clips()[0]
    recorded = await asyncio.to_thread(opus, clip.pcm, container)
    async with talking(callers.member, **CHOSEN, format="opus", rate=48_000) as talk:
        for start in range(0, len(recorded), 700):
            await talk.socket.send_bytes(recorded[start : start + 700])
        async with asyncio.timeout(PATIENCE):
            # What waits in the decoder comes with the next sound.
            while len(voices.sound) < 0.9 * len(clip.pcm):
                await asyncio.sleep(0.02)
        await voices.tells("how is the weather", 0.1)
        await talk.play_out(1)
        await talk.end()
    (asked,) = [request for request in voices.requests if request.path == "/v1/listen"]
    assert asked.query["sample_rate"] == "16000"
    assert loudness(bytes(voices.sound)) == pytest.approx(loudness(clip.pcm), rel=0.2)


async def test_what_is_no_opus_ends_the_conversation_with_the_reason(callers: Callers, voices: SpeechUpstream) -> None:
    async with talking(callers.member, **CHOSEN, format="opus") as talk:
        await talk.socket.send_bytes(b"GIF89a" + bytes(5000))
        assert await refused(talk) == ("broken-sound", 1008)


async def test_who_sends_nothing_is_hung_up_and_so_is_who_talks_on_and_on(
    server: Server, callers: Callers, voices: SpeechUpstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    realtime = server.app.state.realtime
    monkeypatch.setattr(realtime, "silent_seconds", 0.2)
    async with opened(callers.member) as talk:
        assert await refused(talk) == ("conversation-silent", 1008)
    monkeypatch.setattr(realtime, "silent_seconds", 60.0)
    monkeypatch.setattr(realtime, "longest_seconds", 0.2)
    async with opened(callers.member) as talk:
        assert await refused(talk) == ("conversation-too-long", 1008)


async def test_pages_of_turns_go_on_where_they_ended(callers: Callers, voices: SpeechUpstream) -> None:
    me = callers.member
    async with talking(me, **CHOSEN) as talk:
        for number in range(1, 4):
            await talk.say("text", text=f"Question {number}.")
            await talk.play_out(number)
            await until_finished(me, talk.session_id, number)
        await talk.end()
    first = (await me.get(f"{SESSIONS}/{talk.session_id}/turns?limit=2")).json()
    assert [turn["number"] for turn in first["items"]] == [3, 2]
    rest = (await me.get(f"{SESSIONS}/{talk.session_id}/turns?limit=2&cursor={first['next']}")).json()
    assert ([turn["number"] for turn in rest["items"]], rest["next"]) == ([1], None)
    assert (await me.get(f"{SESSIONS}/{talk.session_id}/turns?cursor=x")).status == 422


async def test_a_server_that_stops_says_so(server: Server, callers: Callers, voices: SpeechUpstream) -> None:
    realtime = Realtime(server.app.state.realtime.services)
    server.app.state.realtime, before = realtime, server.app.state.realtime
    try:
        async with talking(callers.member, **CHOSEN) as talk:
            leaving = asyncio.create_task(realtime.__aexit__())
            async with asyncio.timeout(PATIENCE):
                closed = await talk.socket.receive()
                await leaving
            assert (closed.type, closed.data) == (aiohttp.WSMsgType.CLOSE, 1012)
            assert len(realtime) == 0
    finally:
        server.app.state.realtime = before
