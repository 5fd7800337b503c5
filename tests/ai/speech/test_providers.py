"""Deepgram, ElevenLabs and OpenAI's speech by their APIs."""

import asyncio
import json
from contextlib import aclosing
from pathlib import Path
from typing import Any

import msgspec
import pytest

from radiant.ai.providers.chat import ChatRequest, EmbeddingRequest
from radiant.ai.providers.errors import (
    AddressRefused,
    CutStream,
    MalformedStream,
    UpstreamBadCredentials,
    UpstreamBadRequest,
    UpstreamBroken,
    UpstreamError,
    UpstreamOverloaded,
    UpstreamQuotaExhausted,
    UpstreamRateLimited,
    UpstreamTimeout,
    UpstreamUnreachable,
)
from radiant.ai.providers.provider import Connection, Secret, Timeouts
from radiant.ai.providers.speech_only import SpeechOnly
from radiant.ai.providers.vendors import vendors
from radiant.ai.speech.deepgram import Deepgram
from radiant.ai.speech.elevenlabs import DEFAULT_VOICE, ElevenLabs
from radiant.ai.speech.names import BadSpeechRequest
from radiant.ai.speech.openai_speech import OpenAISpeech
from radiant.ai.speech.sending import parts_of
from radiant.ai.speech.speech import Ended, Listen, Part, Say, Sound, SoundFormat, Started
from radiant.infra.httpclient import HttpClient
from tests.kit.speech_upstream import Cut, Hang, Raw, Refuse, SpeechUpstream

WORDS = ["it", "was", "the", "best", "of", "times"]
VENDORS = ["deepgram", "elevenlabs", "openai"]
_CLASSES: dict[str, Any] = {"deepgram": Deepgram, "elevenlabs": ElevenLabs, "openai": OpenAISpeech}
_EARS = {"deepgram": "nova-3", "elevenlabs": "scribe_v1", "openai": "whisper-1"}
_MOUTHS = {"deepgram": ("aura-2", "aura-2-thalia-en"), "elevenlabs": ("eleven_multilingual_v2", DEFAULT_VOICE),
           "openai": ("tts-1", "alloy")}  # fmt: skip


def at(speech: SpeechUpstream, vendor: str, *, key: str = "the-key", **timeouts: float) -> Connection:
    return Connection(vendor, speech.url, Secret(key), allow_private=True, timeouts=Timeouts(**timeouts))


def adapter(vendor: str, http: HttpClient, retries: int = 0) -> Any:
    return _CLASSES[vendor](http, retries=retries)


def say(vendor: str, text: str = "abc", **more: Any) -> Say:
    model, voice = _MOUTHS[vendor]
    return Say(**{"model": model, "voice": voice, "text": text, **more})


async def said(vendor: str, http: HttpClient, what: Say, connection: Connection) -> bytes:
    async with aclosing(adapter(vendor, http).speak(what, connection)) as pieces:
        return b"".join([piece.data async for piece in pieces])


# --- recordings ---


@pytest.mark.parametrize("vendor", VENDORS)
async def test_a_recording_is_heard_with_its_words(vendor: str, http: HttpClient, speech: SpeechUpstream, sound: Sound):
    heard = await adapter(vendor, http).transcribe(sound, Listen(model=_EARS[vendor]), at(speech, vendor))
    assert heard.text == "it was the best of times"
    assert [word.word for word in heard.words] == WORDS
    assert [(word.start, word.end) for word in heard.words][:2] == [(0.0, 0.4), (0.5, 0.9)]
    assert heard.language == "en"
    assert heard.raw
    assert heard.duration in (3.25, 1.0)


async def test_deepgram_is_told_what_to_do(http: HttpClient, speech: SpeechUpstream, sound: Sound):
    how = Listen(
        model="nova-3", language="en-US", diarize=True, terms=["RADIANT", "voilà & co"], more={"numerals": "true"}
    )
    heard = await Deepgram(http).transcribe(sound, how, at(speech, "deepgram"))
    [request] = speech.requests
    assert request.query == {
        "model": "nova-3", "smart_format": "true", "language": "en-US", "diarize": "true", "keyterm": "RADIANT",
        "numerals": "true",
    }  # fmt: skip
    assert request.headers["Content-Type"] == "audio/wav"
    assert request.body == sound.original.read_bytes()
    assert heard.words[0].shown == "It"
    assert heard.words[0].speaker == 0


async def test_older_models_of_deepgram_are_told_keywords_and_find_the_language(
    http: HttpClient, speech: SpeechUpstream, sound: Sound
):
    await Deepgram(http).transcribe(sound, Listen(model="nova-2", terms=["RADIANT"]), at(speech, "deepgram"))
    assert speech.requests[0].query == {
        "model": "nova-2", "smart_format": "true", "keywords": "RADIANT", "detect_language": "true",
    }  # fmt: skip


async def test_elevenlabs_and_openai_get_a_form(http: HttpClient, speech: SpeechUpstream, sound: Sound):
    how = Listen(model="scribe_v1", language="de-AT", diarize=True)
    await ElevenLabs(http).transcribe(sound, how, at(speech, "elevenlabs"))
    how = Listen(model="gpt-4o-transcribe", language="de", prompt="Minutes.", terms=["RADIANT"])
    await OpenAISpeech(http).transcribe(sound, how, at(speech, "openai"))
    first, second = speech.requests
    assert first.fields == {
        "model_id": "scribe_v1", "timestamps_granularity": "word", "language_code": "de", "diarize": "true",
        "tag_audio_events": "false",
    }  # fmt: skip
    assert first.headers["xi-api-key"] == "the-key"
    assert "Authorization" not in first.headers
    assert second.fields == {
        "model": "gpt-4o-transcribe", "response_format": "json", "language": "de", "prompt": "Minutes. RADIANT",
    }  # fmt: skip
    assert first.body == second.body == sound.original.read_bytes()


async def test_of_a_film_and_of_what_is_larger_than_its_sound_the_sound_is_sent(
    http: HttpClient, speech: SpeechUpstream, sound: Sound
):
    film = msgspec.structs.replace(sound, media_type="video/mp4")
    await Deepgram(http).transcribe(film, Listen(model="nova-3"), at(speech, "deepgram"))
    assert speech.requests[0].headers["Content-Type"] == "audio/wav"
    assert speech.requests[0].body[44:] == bytes(32_000)


@pytest.mark.parametrize(
    "how",
    [
        Listen(model="nova-3", more={"callback": "https://elsewhere.example"}),
        Listen(model="nova-3?callback=x"),
        Listen(model="nova-3", language="en&callback=x"),
    ],
)
async def test_f21_7_what_would_make_deepgram_call_elsewhere_is_refused(
    how: Listen, http: HttpClient, speech: SpeechUpstream, sound: Sound
):
    with pytest.raises(BadSpeechRequest):
        await Deepgram(http).transcribe(sound, how, at(speech, "deepgram"))
    assert speech.requests == []


# --- failures ---


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize(
    ("status", "problem"),
    [
        (400, UpstreamBadRequest),
        (401, UpstreamBadCredentials),
        (402, UpstreamQuotaExhausted),
        (403, UpstreamBadCredentials),
        (413, UpstreamBadRequest),
        (429, UpstreamRateLimited),
        (500, UpstreamBroken),
        (503, UpstreamOverloaded),
        (504, UpstreamTimeout),
    ],
)
async def test_each_refusal_has_its_own_error(
    vendor: str, status: int, problem: type[UpstreamError], http: HttpClient, speech: SpeechUpstream, sound: Sound
):
    speech.plan(Refuse(status, vendor), Refuse(status, vendor))
    with pytest.raises(problem):
        await adapter(vendor, http).transcribe(sound, Listen(model=_EARS[vendor]), at(speech, vendor))
    with pytest.raises(problem):
        await said(vendor, http, say(vendor), at(speech, vendor))


async def test_elevenlabs_used_up_characters_are_no_wrong_key(http: HttpClient, speech: SpeechUpstream):
    speech.plan(Refuse(401, "elevenlabs", "quota_exceeded", "This request exceeds your quota."))
    with pytest.raises(UpstreamQuotaExhausted):
        await said("elevenlabs", http, say("elevenlabs"), at(speech, "elevenlabs"))


async def test_deepgrams_own_words_are_passed_on_and_never_the_key(
    http: HttpClient, speech: SpeechUpstream, sound: Sound
):
    speech.plan(Refuse(400, message="Bad Request: the-key is no audio"))
    with pytest.raises(UpstreamBadRequest, match="is no audio") as caught:
        await Deepgram(http).transcribe(sound, Listen(model="nova-3"), at(speech, "deepgram"))
    assert "the-key" not in caught.value.detail


@pytest.mark.parametrize("vendor", VENDORS)
async def test_what_passes_is_tried_again(vendor: str, http: HttpClient, speech: SpeechUpstream, sound: Sound):
    speech.plan(Refuse(503, vendor))
    heard = await adapter(vendor, http, 1).transcribe(sound, Listen(model=_EARS[vendor]), at(speech, vendor))
    assert heard.text
    assert len(speech.requests) == 2


@pytest.mark.parametrize("vendor", VENDORS)
async def test_an_answer_that_was_cut_is_a_cut_stream(
    vendor: str, http: HttpClient, speech: SpeechUpstream, sound: Sound
):
    speech.plan(Cut(), Cut())
    with pytest.raises(CutStream):
        await adapter(vendor, http).transcribe(sound, Listen(model=_EARS[vendor]), at(speech, vendor))
    with pytest.raises(CutStream):
        await said(vendor, http, say(vendor), at(speech, vendor))


@pytest.mark.parametrize("vendor", VENDORS)
async def test_an_answer_that_is_none_is_malformed(vendor: str, http: HttpClient, speech: SpeechUpstream, sound: Sound):
    speech.plan(Raw(b"<html>", "text/html"), Raw(b'{"ok": true}'))
    with pytest.raises(MalformedStream):
        await adapter(vendor, http).transcribe(sound, Listen(model=_EARS[vendor]), at(speech, vendor))
    with pytest.raises(MalformedStream):
        await said(vendor, http, say(vendor), at(speech, vendor))


@pytest.mark.parametrize("vendor", VENDORS)
async def test_silence_is_a_timeout(vendor: str, http: HttpClient, speech: SpeechUpstream, sound: Sound):
    speech.plan(Hang(), Hang())
    with pytest.raises(UpstreamTimeout):
        await adapter(vendor, http).transcribe(sound, Listen(model=_EARS[vendor]), at(speech, vendor, first=0.2))
    with pytest.raises(UpstreamTimeout):
        await said(vendor, http, say(vendor), at(speech, vendor, idle=0.2))


@pytest.mark.parametrize("vendor", VENDORS)
async def test_whoever_stops_listening_hangs_up_on_the_upstream(vendor: str, http: HttpClient, speech: SpeechUpstream):
    speech.plan(Hang())
    async with asyncio.timeout(60):
        async with aclosing(adapter(vendor, http).speak(say(vendor), at(speech, vendor))) as pieces:
            assert (await anext(pieces)).data
        await speech.gone.wait()


# --- voices ---


@pytest.mark.parametrize(
    ("to", "asked"),
    [
        (SoundFormat(container="mp3"), "mp3_44100_128"),
        (SoundFormat(container="mp3", bitrate=60_000), "mp3_44100_64"),
        (SoundFormat(container="mp3", rate=22_050, bitrate=32_000), "mp3_22050_32"),
        (SoundFormat(container="opus", rate=48_000), "opus_48000_128"),
        (SoundFormat(container="pcm", rate=16_000), "pcm_16000"),
        (SoundFormat(container="ulaw", rate=8_000), "ulaw_8000"),
        (SoundFormat(container="wav", rate=24_000), "pcm_24000"),
        (SoundFormat(container="flac", rate=16_000), "pcm_16000"),
        (SoundFormat(container="pcm", rate=11_025), "pcm_48000"),
    ],
)
async def test_elevenlabs_is_asked_for_the_format_or_for_pcm(
    to: SoundFormat, asked: str, http: HttpClient, speech: SpeechUpstream
):
    data = await said("elevenlabs", http, say("elevenlabs", format=to), at(speech, "elevenlabs"))
    [request] = speech.requests
    assert request.path == f"/v1/text-to-speech/{DEFAULT_VOICE}/stream"
    assert request.query == {"output_format": asked}
    assert json.loads(request.body) == {
        "text": "abc", "model_id": "eleven_multilingual_v2",
        "voice_settings": {"stability": 0.5, "similarity_boost": 0.75},
    }  # fmt: skip
    start = {"wav": b"RIFF", "flac": b"fLaC", "mp3": b"<mp3", "opus": b"<opus", "ulaw": b"<ulaw"}.get(
        to.container, b"\0"
    )
    assert data.startswith(start)


async def test_the_settings_of_a_voice_are_the_callers_where_given(http: HttpClient, speech: SpeechUpstream):
    what = say("elevenlabs", model="eleven_flash_v2_5", language="de-AT", speed=1.1, settings={"stability": 0.2})
    await said("elevenlabs", http, what, at(speech, "elevenlabs"))
    body = json.loads(speech.requests[0].body)
    assert body["voice_settings"] == {"stability": 0.2, "similarity_boost": 0.75, "speed": 1.1}
    assert body["language_code"] == "de"


@pytest.mark.parametrize("container", ["pcm", "flac"])
async def test_when_each_character_is_said_is_told_by_elevenlabs(
    container: Any, http: HttpClient, speech: SpeechUpstream
):
    what = say("elevenlabs", "hallo", format=SoundFormat(container=container, rate=16_000), timed=True)
    async with aclosing(ElevenLabs(http).speak(what, at(speech, "elevenlabs"))) as pieces:
        timings = [piece.timing async for piece in pieces if piece.timing is not None]
    assert "".join(letter for timing in timings for letter in timing.characters) == "hallo"
    assert [start for timing in timings for start in timing.starts] == pytest.approx([0, 0.1, 0.2, 0.3, 0.4])
    assert not any(timing.estimated for timing in timings)


@pytest.mark.parametrize("line", [b"{", b'{"audio_base64": "***"}\n', b'{"audio_base64": "", "alignment": {}}\n'])
async def test_times_that_are_none_are_malformed(line: bytes, http: HttpClient, speech: SpeechUpstream):
    speech.plan(Raw(line))
    with pytest.raises((MalformedStream, CutStream)):
        await said("elevenlabs", http, say("elevenlabs", timed=True), at(speech, "elevenlabs"))


@pytest.mark.parametrize(
    ("to", "asked"),
    [
        (SoundFormat(container="mp3"), {"encoding": "mp3", "bit_rate": "48000"}),
        (SoundFormat(container="opus"), {"encoding": "opus", "container": "ogg"}),
        (SoundFormat(container="ulaw", rate=8_000), {"encoding": "mulaw", "sample_rate": "8000", "container": "none"}),
        (
            SoundFormat(container="wav", rate=16_000),
            {"encoding": "linear16", "sample_rate": "16000", "container": "none"},
        ),
        (
            SoundFormat(container="pcm", rate=44_100),
            {"encoding": "linear16", "sample_rate": "48000", "container": "none"},
        ),
    ],
)
async def test_deepgram_is_asked_for_the_format_or_for_pcm(
    to: SoundFormat, asked: dict[str, str], http: HttpClient, speech: SpeechUpstream
):
    assert await said("deepgram", http, say("deepgram", voice="thalia-en", format=to), at(speech, "deepgram"))
    assert speech.requests[0].query == {"model": "aura-2-thalia-en", **asked}


@pytest.mark.parametrize("vendor", ["deepgram", "openai"])
async def test_a_long_text_is_said_in_parts_that_are_one_file(vendor: str, http: HttpClient, speech: SpeechUpstream):
    text = "A sentence of some length. " * 170
    what = say(vendor, text, format=SoundFormat(container="wav", rate=24_000))
    data = await said(vendor, http, what, at(speech, vendor))
    assert data.count(b"RIFF") == 1
    assert len(speech.requests) > 1
    letters = sum(
        len(json.loads(request.body).get("text") or json.loads(request.body)["input"]) for request in speech.requests
    )
    assert len(data) == 44 + letters * 2000


def test_parts_of_a_text_are_cut_behind_sentences_and_words_and_lose_none():
    text = "One sentence. Another one! " + "x" * 50 + " and some words more"
    parts = parts_of(text, 30)
    assert parts[0] == "One sentence. Another one!"
    assert all(0 < len(part) <= 30 for part in parts)
    assert "".join(parts).replace(" ", "") == text.replace(" ", "")
    assert parts_of("  ", 30) == []


@pytest.mark.parametrize("voice", ["../voices", "a/b", "a?x=1", "a%2Fb", "", "ü", "x" * 200, "a\r\nb"])
@pytest.mark.parametrize("vendor", VENDORS)
async def test_f21_7_a_voice_that_is_no_id_never_enters_an_address(
    vendor: str, voice: str, http: HttpClient, speech: SpeechUpstream
):
    if not voice and vendor != "deepgram":
        # The default one.
        await said(vendor, http, say(vendor, voice=voice), at(speech, vendor))
        return
    with pytest.raises(BadSpeechRequest, match="voice"):
        await said(vendor, http, say(vendor, voice=voice), at(speech, vendor))
    assert speech.requests == []


@pytest.mark.parametrize("vendor", VENDORS)
async def test_voices_are_listed(vendor: str, http: HttpClient, speech: SpeechUpstream):
    voices = await adapter(vendor, http).voices(at(speech, vendor))
    expected = {"deepgram": "aura-2-thalia-en", "elevenlabs": DEFAULT_VOICE, "openai": "alloy"}[vendor]
    assert expected in [voice.id for voice in voices]


# --- streams ---


async def test_a_stream_is_heard_part_by_part(http: HttpClient, speech: SpeechUpstream):
    heard: list[Any] = []
    how = Listen(model="nova-3", rate=8_000, language="en", terms=["RADIANT"])
    async with asyncio.timeout(60), Deepgram(http).listen(how, at(speech, "deepgram")) as stream:
        await stream.send(b"")
        await stream.send(bytes(1_601))
        await stream.send(bytes(1_599))
        await stream.finalize()
        await stream.close()
        heard = [one async for one in stream]
    assert isinstance(heard[0], Started)
    assert [(part.final, part.ended) for part in heard if isinstance(part, Part)] == [(False, False), (True, True)]
    assert [word.word for word in heard[2].words] == WORDS
    assert heard[-1] == Ended(at=2.9)
    assert (speech.control, len(speech.sound)) == (["Finalize", "CloseStream"], 3_200)
    assert speech.requests[0].query == {
        "model": "nova-3", "smart_format": "true", "language": "en", "keyterm": "RADIANT", "encoding": "linear16",
        "sample_rate": "8000", "channels": "1", "interim_results": "true", "endpointing": "300",
        "utterance_end_ms": "1000", "vad_events": "true",
    }  # fmt: skip


async def test_whoever_leaves_a_stream_hangs_up_at_once(http: HttpClient, speech: SpeechUpstream):
    async with asyncio.timeout(60):
        async with Deepgram(http).listen(Listen(model="nova-3"), at(speech, "deepgram")) as stream:
            await stream.send(bytes(320))
        await speech.gone.wait()
    assert speech.control == []


async def test_a_silent_stream_is_kept_alive(http: HttpClient, speech: SpeechUpstream, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("radiant.ai.speech.deepgram._KEEP_ALIVE", 0.02)
    async with asyncio.timeout(60), Deepgram(http).listen(Listen(model="nova-3"), at(speech, "deepgram")) as stream:
        while "KeepAlive" not in speech.control:
            await asyncio.sleep(0.01)
        await stream.close()
        assert [one async for one in stream] == []


@pytest.mark.parametrize(
    ("cut", "problem"),
    [
        (Cut(1011, "NET-0001"), CutStream),
        (Cut(1011, "internal"), UpstreamBroken),
        (Cut(1008, "DATA-0000"), UpstreamBadRequest),
        (Cut(1000, ""), CutStream),
    ],
)
async def test_a_stream_that_is_closed_says_why(
    cut: Cut, problem: type[UpstreamError], http: HttpClient, speech: SpeechUpstream
):
    speech.plan(cut)
    async with asyncio.timeout(60), Deepgram(http).listen(Listen(model="nova-3"), at(speech, "deepgram")) as stream:
        await stream.send(bytes(320))
        with pytest.raises(problem):
            async for _ in stream:
                pass
        with pytest.raises(UpstreamError):
            await stream.send(bytes(320))


async def test_a_stream_that_never_ends_its_answer_is_left(http: HttpClient, speech: SpeechUpstream):
    speech.plan(Hang())
    connection = at(speech, "deepgram", idle=0.2)
    async with asyncio.timeout(60), Deepgram(http).listen(Listen(model="nova-3"), connection) as stream:
        await stream.close()
        with pytest.raises(UpstreamTimeout):
            async for _ in stream:
                pass


@pytest.mark.parametrize(
    ("refusal", "problem"),
    [(401, UpstreamBadCredentials), (402, UpstreamQuotaExhausted), (429, UpstreamRateLimited), (302, UpstreamBroken)],
)
async def test_a_stream_that_is_refused_has_the_errors_of_any_call(
    refusal: int, problem: type[UpstreamError], http: HttpClient, speech: SpeechUpstream
):
    speech.plan(Refuse(refusal))
    with pytest.raises(problem):
        async with Deepgram(http).listen(Listen(model="nova-3"), at(speech, "deepgram")):
            pass


async def test_a_stream_goes_to_no_inner_address_unless_the_operator_says_so(http: HttpClient, speech: SpeechUpstream):
    inner = Connection("deepgram", speech.url, Secret("the-key"))
    with pytest.raises(AddressRefused):
        async with Deepgram(http).listen(Listen(model="nova-3"), inner):
            pass
    nobody = Connection("deepgram", "http://127.0.0.1:1/v1", Secret("the-key"), allow_private=True)
    with pytest.raises(UpstreamUnreachable):
        async with Deepgram(http).listen(Listen(model="nova-3"), nobody):
            pass
    assert speech.requests == []


@pytest.mark.parametrize("vendor", ["elevenlabs", "openai"])
async def test_who_hears_no_streams_says_so(vendor: str, http: HttpClient, speech: SpeechUpstream):
    with pytest.raises(UpstreamBadRequest, match="whole recordings"):
        async with adapter(vendor, http).listen(Listen(model=_EARS[vendor]), at(speech, vendor)):
            pass


# --- as providers ---


@pytest.mark.parametrize("vendor", ["deepgram", "elevenlabs"])
async def test_a_connection_is_tested_by_a_call_that_costs_nothing(
    vendor: str, http: HttpClient, speech: SpeechUpstream
):
    provider = SpeechOnly(http, vendors()[vendor])
    await provider.check(at(speech, vendor))
    assert [(request.method, request.path) for request in speech.requests] == [
        ("GET", f"/v1{vendors()[vendor].check_path}")
    ]
    with pytest.raises(UpstreamBadCredentials):
        await provider.check(at(speech, vendor, key="wrong"))
    assert await provider.list_models(at(speech, vendor)) == []


@pytest.mark.parametrize("vendor", ["deepgram", "elevenlabs"])
async def test_a_chat_with_what_hears_and_speaks_alone_is_refused_in_words(
    vendor: str, http: HttpClient, speech: SpeechUpstream
):
    provider = SpeechOnly(http, vendors()[vendor])
    with pytest.raises(UpstreamBadRequest, match="no models for chats"):
        async for _ in provider.stream(ChatRequest(model="m", messages=[]), at(speech, vendor)):
            pass
    with pytest.raises(UpstreamBadRequest, match="no models for embeddings"):
        await provider.embed(EmbeddingRequest(model="m", inputs=["x"]), at(speech, vendor))


async def test_a_recording_larger_than_the_provider_takes_is_refused_before_it_is_sent(
    tmp_path: Path, http: HttpClient, speech: SpeechUpstream, sound: Sound, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("radiant.ai.speech.openai_speech.MOST_BYTES", 1000)
    with pytest.raises(UpstreamBadRequest, match="at most"):
        await OpenAISpeech(http).transcribe(sound, Listen(model="whisper-1"), at(speech, "openai"))
    assert speech.requests == []


async def test_elevenlabs_hears_a_stream(http: HttpClient, speech: SpeechUpstream):
    how = Listen(model="scribe_v2_realtime", rate=32_000, language="en-GB", terms=["RADIANT"], end_silence=0.1)
    async with asyncio.timeout(60), ElevenLabs(http).listen(how, at(speech, "elevenlabs")) as stream:
        await stream.send(bytes(64_000))
        await stream.finalize()
        await stream.send(bytes(6_400))
        await stream.close()
        heard = [one async for one in stream]
    parts = [part for part in heard if isinstance(part, Part)]
    assert [(part.final, part.ended) for part in parts] == [(False, False), (True, True)] * 2
    assert [word.word for word in parts[1].words] == WORDS
    assert sum(isinstance(one, Started) for one in heard) == 2
    # 32,000 samples a second are none of its rates.
    assert abs(len(speech.sound) - 35_200) <= 8
    assert (speech.control, speech.requests[0].headers["xi-api-key"]) == (["commit", "commit"], "the-key")
    assert speech.requests[0].query == {
        "model_id": "scribe_v2_realtime", "audio_format": "pcm_16000", "commit_strategy": "vad",
        "vad_silence_threshold_secs": "0.3", "include_timestamps": "true", "keyterms": "RADIANT", "language_code": "en",
    }  # fmt: skip


async def test_a_stream_of_elevenlabs_ends_where_nothing_is_left_to_commit(http: HttpClient, speech: SpeechUpstream):
    how = Listen(model="scribe_v2_realtime")
    async with asyncio.timeout(60), ElevenLabs(http).listen(how, at(speech, "elevenlabs")) as stream:
        await stream.close()
        assert [one async for one in stream] == []


@pytest.mark.parametrize(("bad", "problem"), [(Cut(), UpstreamBroken), (Hang(), UpstreamTimeout)])
async def test_a_stream_of_elevenlabs_that_fails_says_why(
    bad: Cut | Hang, problem: type[UpstreamError], http: HttpClient, speech: SpeechUpstream
):
    speech.plan(bad)
    connection = at(speech, "elevenlabs", idle=0.2)
    how = Listen(model="scribe_v2_realtime")
    async with asyncio.timeout(60), ElevenLabs(http).listen(how, connection) as stream:
        await stream.send(bytes(3_200))
        await stream.close()
        with pytest.raises(problem):
            async for _ in stream:
                pass


async def test_models_of_elevenlabs_that_do_the_other_thing_say_which_does(
    http: HttpClient, speech: SpeechUpstream, sound: Sound
):
    with pytest.raises(UpstreamBadRequest, match="scribe_v2_realtime"):
        ElevenLabs(http).listen(Listen(model="scribe_v1"), at(speech, "elevenlabs"))
    with pytest.raises(UpstreamBadRequest, match="scribe_v1"):
        await ElevenLabs(http).transcribe(sound, Listen(model="scribe_v2_realtime"), at(speech, "elevenlabs"))
