"""Sessions of voice, over HTTP, with providers on loopback that speak the real protocols."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from radiant.foundation.files.service import remove_deleted_objects
from tests.kit.fixtures import Callers
from tests.kit.server import Client, Server
from tests.kit.speech_upstream import Raw, Refuse, SpeechUpstream, speech_upstream
from tests.workspace.voice.kit import SESSIONS, VOICE, begin, connect, hear, tone


@pytest.fixture
async def deepgram(callers: Callers) -> AsyncIterator[SpeechUpstream]:
    async with speech_upstream() as running:
        await connect(callers.operator, running)
        yield running


@pytest.fixture
async def elevenlabs(callers: Callers) -> AsyncIterator[SpeechUpstream]:
    async with speech_upstream() as running:
        await connect(callers.operator, running, "elevenlabs")
        yield running


async def ledger(server: Server, callers: Callers) -> list[dict[str, Any]]:
    await server.app.state.meter.flush()
    return (await callers.owner.get("/api/usage/calls?limit=50")).json()["items"]


async def test_a_recording_is_heard_and_kept_with_its_words(callers: Callers, deepgram: SpeechUpstream) -> None:
    me = callers.member
    session = await begin(me, language="en", title="Interview")
    answer = await hear(me, session, tone(1.5), "first-take.wav")
    assert answer.status == 201, answer.body
    heard = answer.json()
    assert heard["transcription"] == deepgram.words
    assert [word["word"] for word in heard["word_timestamps"]] == deepgram.words.split()
    assert heard["name"] == "first-take.wav"
    assert (heard["model"], heard["provider"], heard["media_type"]) == ("nova-3", "deepgram", "audio/wav")
    assert deepgram.requests[-1].body == tone(1.5), "the provider gets what was sent"
    sound = await me.get(f"/api/files/{heard['asset_id']}")
    assert sound.body == tone(1.5)
    (listed,) = (await me.get(f"{SESSIONS}/{session}/transcriptions")).json()["items"]
    assert listed == heard == (await me.get(f"{VOICE}/transcriptions/{heard['id']}")).json()
    captions = await me.get(f"{VOICE}/transcriptions/{heard['id']}/captions?format=srt")
    assert captions.body.startswith(b"1\n00:00:00,")
    assert (await me.get(f"{VOICE}/transcriptions/{heard['id']}/captions")).body.startswith(b"WEBVTT")


async def test_f21_1_a_link_is_made_when_it_is_read_and_only_the_key_is_kept(
    callers: Callers, deepgram: SpeechUpstream, owner: Any
) -> None:
    session = await begin(callers.member)
    heard = (await hear(callers.member, session, tone(0.5))).json()
    kept = await owner.fetchval("select audio_url from voice_transcriptions")
    assert kept == f"{callers.tenant.id}/files/{heard['asset_id']}"
    link = (await callers.member.get(f"{VOICE}/transcriptions/{heard['id']}/audio")).json()
    path = link["url"][link["url"].index("/api/objects/") :]
    assert (await callers.nobody.get(path)).body == tone(0.5)
    assert link["media_type"] == "audio/wav"


async def test_f21_2_durations_are_measured(
    callers: Callers, deepgram: SpeechUpstream, elevenlabs: SpeechUpstream
) -> None:
    session = await begin(callers.member, "realtime")
    heard = (await hear(callers.member, session, tone(1.5))).json()
    assert heard["duration_ms"] == 1500, "whatever the provider says of it"
    asked = {"text": "Twelve words.", "output_format": "pcm", "model": "eleven_multilingual_v2"}
    said = (await callers.member.post(f"{SESSIONS}/{session}/synthesis", asked)).json()
    # The upstream says a thousand samples a character.
    assert said["duration_ms"] == round(13 * 1000 / 24_000 * 1000)
    assert said["character_count"] == 13


async def test_f21_3_the_language_is_used_and_totals_and_end_are_filled(
    callers: Callers, deepgram: SpeechUpstream, elevenlabs: SpeechUpstream
) -> None:
    me = callers.member
    session = await begin(me, "realtime", language="de")
    heard = (await hear(me, session, tone(1.0), model="nova-3")).json()
    assert deepgram.requests[-1].query["language"] == "de"
    asked = {"text": "Guten Tag.", "output_format": "pcm", "model": "eleven_multilingual_v2"}
    said = (await me.post(f"{SESSIONS}/{session}/synthesis", asked)).json()
    read = (await me.get(f"{SESSIONS}/{session}")).json()
    assert read["total_duration_ms"] == heard["duration_ms"] + said["duration_ms"]
    assert float(read["total_cost"]) == pytest.approx(float(heard["cost"]) + float(said["cost"]))
    assert (read["transcriptions"], read["synthesis"], read["ended_at"]) == (1, 1, None)
    ended = (await me.post(f"{SESSIONS}/{session}/end")).json()
    assert ended["ended_at"] is not None
    assert (await me.post(f"{SESSIONS}/{session}/end")).json()["ended_at"] == ended["ended_at"]
    refused = await hear(me, session, tone(0.2))
    assert (refused.status, refused.json()["type"].rpartition("/")[2]) == (409, "voice-session-ended")


async def test_f21_4_a_video_session_hears_the_sound_of_a_video_and_a_realtime_one_does_both(
    callers: Callers, deepgram: SpeechUpstream
) -> None:
    for kind in ("video", "realtime"):
        assert (await hear(callers.member, await begin(callers.member, kind), tone(0.3))).status == 201
    other = await hear(callers.member, await begin(callers.member, "tts"), tone(0.3))
    assert (other.status, other.json()["type"].rpartition("/")[2]) == (409, "voice-session-of-another-type")


@pytest.mark.parametrize(
    ("data", "slug"),
    [(b"", "no-sound"), (b"GIF89a" + bytes(500), "not-sound"), (b"#EXTM3U\nhttp://127.0.0.1/x", "not-sound")],
)
async def test_f21_5_what_is_not_sound_is_refused_before_anybody_is_paid(
    callers: Callers, deepgram: SpeechUpstream, data: bytes, slug: str
) -> None:
    session = await begin(callers.member)
    asked = len(deepgram.requests)
    answer = await hear(callers.member, session, data, "fine.wav")
    assert (answer.status, answer.json()["type"].rpartition("/")[2]) == (422, slug)
    assert len(deepgram.requests) == asked


async def test_f21_6_an_odd_duration_is_rounded_and_nothing_that_was_paid_for_is_lost(
    callers: Callers, deepgram: SpeechUpstream
) -> None:
    session = await begin(callers.member)
    # 7 samples more than a second: 1000.4375 ms.
    answer = await hear(callers.member, session, tone(16_007 / 16_000))
    assert (answer.status, answer.json()["duration_ms"]) == (201, 1000)


@pytest.mark.parametrize("field", ["voice_id", "output_format", "input_format", "language"])
async def test_f21_7_ids_and_formats_that_would_lead_elsewhere_are_refused(callers: Callers, field: str) -> None:
    for value in ("../../v1/user", "a/b", "a?b=c", "a#b", "a b", "%2e%2e"):
        answer = await callers.member.post(SESSIONS, {"session_type": "tts", field: value})
        assert answer.status == 422, (field, value)
        answer = await callers.member.post(f"{SESSIONS}/{await begin(callers.member, 'tts')}/synthesis", {
            "text": "x", **({field: value} if field in ("voice_id", "output_format") else {"extra": value}),
        })  # fmt: skip
        assert answer.status == 422, (field, value)


async def test_f21_8_what_hearing_costs_is_in_the_row_in_the_session_and_in_the_ledger(
    server: Server, callers: Callers, deepgram: SpeechUpstream
) -> None:
    session = await begin(callers.member)
    heard = (await hear(callers.member, session, tone(6.0), model="nova-3")).json()
    # 0.0077 dollars a minute (Deepgram's own price list).
    assert float(heard["cost"]) == pytest.approx(0.00077)
    (call,) = await ledger(server, callers)
    assert (call["kind"], call["model"], call["provider"]) == ("transcription", "nova-3", "deepgram")
    assert float(call["cost"]) == pytest.approx(0.00077)


async def test_a_text_is_said_with_the_specifications_voice_and_settings(
    server: Server, callers: Callers, elevenlabs: SpeechUpstream
) -> None:
    session = await begin(callers.member, "tts")
    answer = await callers.member.post(f"{SESSIONS}/{session}/synthesis", {"text": "Good day.", "output_format": "pcm"})
    assert answer.status == 201, answer.body
    said = answer.json()
    request = elevenlabs.requests[-1]
    assert "/text-to-speech/EXAVITQu4vr4xnSDxMaL" in request.path
    assert b'"eleven_multilingual_v2"' in request.body or said["model"] != "eleven_multilingual_v2"
    assert (said["voice_id"], said["media_type"]) == ("EXAVITQu4vr4xnSDxMaL", "audio/pcm")
    sound = await callers.member.get(f"/api/files/{said['asset_id']}")
    assert len(sound.body) == 9 * 2000
    (call,) = await ledger(server, callers)
    assert (call["kind"], float(call["cost"])) == ("speech", pytest.approx(float(said["cost"])))


async def test_a_provider_that_fails_is_passed_over_and_named_alone_it_is_told(
    callers: Callers, deepgram: SpeechUpstream, elevenlabs: SpeechUpstream
) -> None:
    session = await begin(callers.member)
    deepgram.plan(*[Refuse(402)] * 6)
    failed = await hear(callers.member, session, tone(0.4), model="nova-3")
    assert failed.status >= 400
    assert failed.headers["content-type"].startswith("application/problem+json")
    assert (await callers.member.get(f"{SESSIONS}/{session}")).json()["transcriptions"] == 0
    heard = await hear(callers.member, session, tone(0.4))
    assert heard.status == 201, heard.body
    assert heard.json()["transcription"] == "it was the best of times"


async def test_an_answer_that_is_none_loses_nothing_and_says_so(callers: Callers, deepgram: SpeechUpstream) -> None:
    session = await begin(callers.member)
    deepgram.plan(Raw(b"<html>busy</html>", "text/html"))
    answer = await hear(callers.member, session, tone(0.4), model="nova-3")
    assert answer.status in (502, 503)
    assert "deepgram" in answer.json()["detail"]


async def test_without_anybody_who_hears_the_refusal_says_what_to_do(callers: Callers) -> None:
    answer = await hear(callers.member, await begin(callers.member), tone(0.4))
    assert answer.status == 503
    assert "Settings" in answer.json()["detail"]
    assert (await callers.member.get(f"{VOICE}/models")).json() == {"hear": [], "speak": []}


async def test_a_chat_model_is_not_asked_to_hear(callers: Callers, deepgram: SpeechUpstream, upstream: Any) -> None:
    answer = await hear(callers.member, await begin(callers.member), tone(0.4), model="gpt-4o")
    assert answer.status == 422
    assert "nova-3" in answer.json()["detail"]


async def test_a_session_goes_with_its_texts_and_its_sound(
    server: Server, callers: Callers, deepgram: SpeechUpstream, owner: Any
) -> None:
    session = await begin(callers.member)
    asset = (await hear(callers.member, session, tone(0.4))).json()["asset_id"]
    assert (await callers.member.delete(f"{SESSIONS}/{session}")).status == 204
    assert (await callers.member.get(f"/api/files/{asset}")).status == 404
    assert await owner.fetchval("select count(*) from voice_transcriptions") == 0
    assert await remove_deleted_objects(server.app.state.database, server.app.state.objects) == 1


async def test_sessions_are_their_persons_alone_even_to_owners(callers: Callers, deepgram: SpeechUpstream) -> None:
    session = await begin(callers.member)
    heard = (await hear(callers.member, session, tone(0.4))).json()
    for stranger in (callers.owner, callers.foreign_owner):
        assert (await stranger.get(f"{SESSIONS}/{session}")).status == 404
        assert (await stranger.get(f"{VOICE}/transcriptions/{heard['id']}/audio")).status == 404
        assert (await hear(stranger, session, tone(0.4))).status == 404
        assert (await stranger.get(SESSIONS)).json()["items"] == []


async def test_pages_go_on_where_they_ended(callers: Callers) -> None:
    made = [await begin(callers.member, title=str(number)) for number in range(5)]
    seen: list[str] = []
    cursor: str | None = None
    while cursor is not None or not seen:
        page = (await callers.member.get(f"{SESSIONS}?limit=2" + (f"&cursor={cursor}" if cursor else ""))).json()
        seen += [item["id"] for item in page["items"]]
        cursor = page["next"]
    assert seen == made[::-1]


async def test_many_recordings_at_once_are_all_counted(callers: Callers, deepgram: SpeechUpstream) -> None:
    session = await begin(callers.member)
    answers = await asyncio.gather(*(hear(callers.member, session, tone(0.5), model="nova-3") for _ in range(4)))
    assert [answer.status for answer in answers] == [201] * 4
    read = (await callers.member.get(f"{SESSIONS}/{session}")).json()
    assert (read["transcriptions"], read["total_duration_ms"]) == (4, 2000)


async def test_another_persons_chat_is_not_named(callers: Callers) -> None:
    chat: Client = callers.owner
    chat_id = (await chat.post("/api/chats", {"title": "Mine"})).json()["id"]
    answer = await callers.member.post(SESSIONS, {"session_type": "stt", "chat_id": chat_id})
    assert answer.status == 404
