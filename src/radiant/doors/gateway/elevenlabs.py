"""ElevenLabs' endpoints, by any model that speaks or hears: /v1/text-to-speech/{voice}, /stream, /with-timestamps,
/stream/with-timestamps; /v1/speech-to-text; /v1/voices. https://elevenlabs.io/docs/api-reference"""

import contextlib
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from starlette.datastructures import UploadFile

from radiant.ai.speech.media import MEDIA_TYPES
from radiant.ai.speech.service import SpeakingIt
from radiant.ai.speech.speech import Container, Listen, Say, SoundFormat, Spoken, Timing, Word
from radiant.doors.gateway.call import Call, MethodNotAllowed
from radiant.doors.gateway.lanes import Engine, unless_gone
from radiant.doors.gateway.openai_request import BadRequest, decode
from radiant.doors.gateway.sound import form_of, heads_of, labels_of, recording, send_sound, text_of
from radiant.kit.errors import NotFound
from radiant.kit.text import quoted

PREFIX = "/v1/text-to-speech/"
DEFAULT_MODEL = "eleven_multilingual_v2"
LONGEST_TEXT = 10_000
"""Characters of one request."""
_VOICE = re.compile(r"[A-Za-z0-9_.:-]{1,100}")
_FORMAT = re.compile(r"(mp3|pcm|opus|wav|ulaw|alaw)_(\d{4,5})(?:_(\d{1,3}))?")
_WAYS = ("", "stream", "with-timestamps", "stream/with-timestamps")


class _Asked(msgspec.Struct):
    text: str
    model_id: str = DEFAULT_MODEL
    language_code: str | None = None
    voice_settings: dict[str, Any] | None = None
    seed: int | None = None
    previous_text: str | None = None
    next_text: str | None = None
    apply_text_normalization: str | None = None


def format_of(name: str) -> SoundFormat:
    """mp3_44100_128, pcm_16000 … Raises BadRequest (F21.5)."""
    found = _FORMAT.fullmatch(name)
    rate = int(found[2]) if found else 0
    if found is None or not 8000 <= rate <= 48000:
        raise BadRequest(
            f"output_format: {quoted(name)} is none; say codec_rate_kbit, as in mp3_44100_128, pcm_16000, opus_48000_64,"
            " ulaw_8000", "output_format",
        )  # fmt: skip
    containers: Mapping[str, Container] = {
        "mp3": "mp3", "pcm": "pcm", "opus": "opus", "wav": "wav", "ulaw": "ulaw", "alaw": "alaw",
    }  # fmt: skip
    return SoundFormat(container=containers[found[1]], rate=rate, bitrate=int(found[3]) * 1000 if found[3] else None)


def check_voice(voice: str) -> None:
    """Raises BadRequest (F21.7)."""
    if not _VOICE.fullmatch(voice):
        raise BadRequest("voice_id: letters, digits and _.:- only; GET /v1/voices lists them", "voice_id")


def settings_of(given: Mapping[str, Any] | None) -> tuple[dict[str, Any], float]:
    """The voice's settings, and among them how fast. Raises BadRequest."""
    settings = dict(given or {})
    speed = settings.pop("speed", None)
    if speed is not None and (not isinstance(speed, (int, float)) or not 0.5 <= speed <= 2):
        raise BadRequest("voice_settings.speed: from 0.5 to 2", "voice_settings.speed")
    return settings, float(speed or 1)


async def text_to_speech(engine: Engine, call: Call) -> None:
    """POST /v1/text-to-speech/{voice}…"""
    voice, _, way = call.path.removeprefix(PREFIX).partition("/")
    if way not in _WAYS:
        raise NotFound(f"{call.path}: there is no such endpoint")
    if call.method != "POST":
        raise MethodNotAllowed(f"{call.path} does not take {call.method}")
    caller = await call.identify(engine.keys)
    check_voice(voice)
    asked = decode(await call.body(), _Asked)
    if not asked.text.strip():
        raise BadRequest("text: give a text to say", "text")
    if len(asked.text) > LONGEST_TEXT:
        raise BadRequest(f"text: at most {LONGEST_TEXT} characters; say it in pieces", "text")
    written = format_of(call.query().get("output_format", "mp3_44100_128"))
    settings, speed = settings_of(asked.voice_settings)
    more = {"seed": asked.seed, "previous_text": asked.previous_text, "next_text": asked.next_text}
    what = Say(
        model="", voice=voice, text=asked.text, format=written, speed=speed, language=asked.language_code,
        settings=settings, timed=way.endswith("with-timestamps"),
        more={name: value for name, value in more.items() if value is not None},
    )  # fmt: skip
    labels = await labels_of(engine, call, caller, streamed=way.startswith("stream"))
    async with await unless_gone(call, engine.speech.speak(caller, asked.model_id, what, labels)) as speaking:
        told = {**heads_of(speaking.bill), "character-cost": str(len(asked.text)), "request-id": call.request_id}
        match way:
            case "with-timestamps":
                await call.answer_json(await _whole(speaking), headers=told)
            case "stream/with-timestamps":
                await call.begin_bytes("application/json", told)
                async with contextlib.aclosing(speaking.pieces()) as pieces:
                    async for piece in pieces:
                        await call.send_events(msgspec.json.encode(_timed(piece)) + b"\n")
                await call.end_events()
            case _:
                await send_sound(call, speaking, MEDIA_TYPES[written.container], {"request-id": call.request_id})


def _alignment(timing: Timing | None) -> dict[str, Any] | None:
    if timing is None:
        return None
    return {
        "characters": timing.characters,
        "character_start_times_seconds": timing.starts,
        "character_end_times_seconds": timing.ends,
    }


def _timed(piece: Spoken) -> dict[str, Any]:
    alignment = _alignment(piece.timing)
    return {"audio_base64": piece.data, "alignment": alignment, "normalized_alignment": alignment}


async def _whole(speaking: SpeakingIt) -> dict[str, Any]:
    data: list[bytes] = []
    characters: list[str] = []
    starts: list[float] = []
    ends: list[float] = []
    async with contextlib.aclosing(speaking.pieces()) as pieces:
        async for piece in pieces:
            data.append(piece.data)
            if piece.timing is not None:
                characters += piece.timing.characters
                starts += piece.timing.starts
                ends += piece.timing.ends
    timing = Timing(characters=characters, starts=starts, ends=ends) if characters else None
    return _timed(Spoken(data=b"".join(data), timing=timing))


async def speech_to_text(engine: Engine, call: Call) -> None:
    """POST /v1/speech-to-text."""
    caller = await call.identify(engine.keys)
    async with form_of(call) as form:
        given = form.get("file")
        if not isinstance(given, UploadFile):
            raise BadRequest("file: send the recording in a form; nothing is fetched from elsewhere", "file")
        if not (name := text_of(form, "model_id")):
            raise BadRequest("model_id: name one, as scribe_v1, or auto", "model_id")
        if (granularity := text_of(form, "timestamps_granularity", "word")) not in ("none", "word"):
            raise BadRequest("timestamps_granularity: none or word", "timestamps_granularity")
        terms = [str(term) for term in form.getlist("keyterms")]
        if len(terms) > 100:
            raise BadRequest("keyterms: at most 100", "keyterms")
        how = Listen(
            model="", language=text_of(form, "language_code") or None, diarize=text_of(form, "diarize") == "true",
            words=granularity == "word", terms=terms,
        )  # fmt: skip
        data = await given.read()
    labels = await labels_of(engine, call, caller, streamed=False)
    async with recording(data) as sound:
        heard = await unless_gone(call, engine.speech.transcribe(caller, name, sound, how, labels))
    transcript = heard.transcript
    body = {
        "language_code": transcript.language or "", "language_probability": 1.0 if transcript.language else 0.0,
        "text": transcript.text, "words": words_of(transcript.words), "transcription_id": call.request_id,
        "audio_duration_secs": transcript.duration,
    }  # fmt: skip
    await call.answer_json(body, headers=heads_of(heard.bill))


def words_of(words: Sequence[Word]) -> list[dict[str, Any]]:
    """Words in ElevenLabs' form, with what is between them."""
    told: list[dict[str, Any]] = []
    for word in words:
        if told:
            told.append({"text": " ", "start": told[-1]["end"], "end": word.start, "type": "spacing", "logprob": 0.0})
        logprob = math.log(min(max(word.confidence, 1e-6), 1.0)) if word.confidence is not None else 0.0
        speaker = f"speaker_{word.speaker}" if word.speaker is not None else None
        told.append({
            "text": word.shown or word.word, "start": word.start, "end": word.end, "type": "word", "logprob": logprob,
            "speaker_id": speaker,
        })  # fmt: skip
    return told


async def voices(engine: Engine, call: Call) -> None:
    """GET /v1/voices: of every model that the caller can use."""
    caller = await call.identify(engine.keys)
    found = await engine.speech.all_voices(caller)
    body = [
        {
            "voice_id": voice.id, "name": voice.name, "category": "premade", "description": voice.description,
            "preview_url": voice.preview_url, "labels": {"language": voice.language or "", "model": model.id},
            "available_for_tiers": [], "settings": None, "samples": None, "high_quality_base_model_ids": [model.id],
        }
        for model, many in found
        for voice in many
    ]  # fmt: skip
    await call.answer_json({"voices": body, "has_more": False, "total_count": len(body)})
