"""POST /v1/audio/transcriptions, /v1/audio/speech: OpenAI's, by any model that hears or speaks."""

import contextlib
from collections.abc import Mapping
from typing import Any, Literal

import msgspec
from starlette.datastructures import UploadFile

from radiant.ai.speech import captions
from radiant.ai.speech.media import MEDIA_TYPES
from radiant.ai.speech.service import AUTO, HeardIt
from radiant.ai.speech.speech import Listen, Say, SoundFormat, Spoken, Transcript
from radiant.doors.gateway.call import Call
from radiant.doors.gateway.lanes import Engine, unless_gone
from radiant.doors.gateway.openai_request import BadRequest, decode, in_range
from radiant.doors.gateway.sound import form_of, heads_of, labels_of, recording, send_sound, text_of
from radiant.http.sse import frame

_FORMATS = ("json", "text", "srt", "verbose_json", "vtt")
_LONGEST_TEXT = 4096
# The names that OpenAI's clients know, as voices of others: by provider, of women, men, an Englishwoman, an Englishman.
_OTHERS: Mapping[str, tuple[str, str, str, str]] = {
    "local": ("af_heart", "am_michael", "bf_emma", "bm_george"),
    "elevenlabs": ("EXAVITQu4vr4xnSDxMaL", "nPczCjzI2devNBz1zQrb", "Xb7hH8MSUJpSbSDYk0k2", "JBFqnCBsd6RMkjVDRZzb"),
    "deepgram": ("aura-2-thalia-en", "aura-2-apollo-en", "aura-2-pandora-en", "aura-2-draco-en"),
}
_KINDS: Mapping[str, int] = {
    "alloy": 0, "coral": 0, "marin": 0, "nova": 0, "ash": 1, "cedar": 1, "echo": 1, "verse": 1, "sage": 2, "shimmer": 2,
    "ballad": 3, "fable": 3, "onyx": 3,
}  # fmt: skip
_VOICES = {provider: {name: ids[kind] for name, kind in _KINDS.items()} for provider, ids in _OTHERS.items()}


async def transcriptions(engine: Engine, call: Call) -> None:
    """POST /v1/audio/transcriptions."""
    caller = await call.identify(engine.keys)
    async with form_of(call) as form:
        given = form.get("file")
        if not isinstance(given, UploadFile):
            raise BadRequest("file: send the recording in a form (multipart/form-data)", "file")
        written = text_of(form, "response_format", "json")
        if written not in _FORMATS:
            raise BadRequest(f"response_format: one of {', '.join(_FORMATS)}", "response_format")
        granularities = [str(each) for each in form.getlist("timestamp_granularities[]")]
        how = Listen(
            model="", language=text_of(form, "language") or None, prompt=text_of(form, "prompt"),
            words=written in ("srt", "vtt", "verbose_json"),
        )  # fmt: skip
        name, streamed = text_of(form, "model", AUTO), text_of(form, "stream") == "true"
        data = await given.read()
    labels = await labels_of(engine, call, caller, streamed=streamed)
    async with recording(data) as sound:
        heard = await unless_gone(call, engine.speech.transcribe(caller, name, sound, how, labels))
    if streamed:
        await _send_streamed(call, heard)
        return
    await _send(call, heard, written, granularities)


async def _send(call: Call, heard: HeardIt, written: str, granularities: list[str]) -> None:
    transcript, heads = heard.transcript, heads_of(heard.bill)
    match written:
        case "text":
            await call.answer(f"{transcript.text}\n".encode(), headers=heads, media_type="text/plain; charset=utf-8")
        case "srt":
            await call.answer(
                captions.srt(transcript).encode(), headers=heads, media_type="application/x-subrip; charset=utf-8"
            )
        case "vtt":
            await call.answer(captions.vtt(transcript).encode(), headers=heads, media_type="text/vtt; charset=utf-8")
        case "verbose_json":
            await call.answer_json(_verbose(transcript, granularities), headers=heads)
        case _:
            usage = {"type": "duration", "seconds": round(transcript.duration)}
            await call.answer_json({"text": transcript.text, "usage": usage}, headers=heads)


async def _send_streamed(call: Call, heard: HeardIt) -> None:
    """The recording is heard as a whole, so its text comes as one piece."""
    text = heard.transcript.text
    await call.begin_events(heads_of(heard.bill))
    await call.send_events(frame(msgspec.json.encode({"type": "transcript.text.delta", "delta": text})))
    done = {"type": "transcript.text.done", "text": text}
    await call.end_events(frame(msgspec.json.encode(done)))


def _verbose(transcript: Transcript, granularities: list[str]) -> dict[str, Any]:
    body: dict[str, Any] = {
        "task": "transcribe",
        "language": transcript.language or "",
        "duration": round(transcript.duration, 3),
        "text": transcript.text,
    }
    if "word" in granularities:
        body["words"] = [
            {"word": word.shown or word.word, "start": word.start, "end": word.end} for word in transcript.words
        ]
    if not granularities or "segment" in granularities:
        body["segments"] = [_segment(number, cue) for number, cue in enumerate(captions.cues(transcript))]
    return body


def _segment(number: int, cue: captions.Cue) -> dict[str, Any]:
    return {
        "id": number, "seek": 0, "start": cue.start, "end": cue.end, "text": " ".join(cue.lines), "tokens": [],
        "temperature": 0.0, "avg_logprob": 0.0, "compression_ratio": 0.0, "no_speech_prob": 0.0,
    }  # fmt: skip


class _Voice(msgspec.Struct):
    id: str


class _Asked(msgspec.Struct):
    input: str
    voice: str | _Voice = "alloy"
    model: str = AUTO
    response_format: Literal["mp3", "opus", "aac", "flac", "wav", "pcm"] = "mp3"
    speed: float | None = None
    instructions: str | None = None
    stream_format: Literal["audio", "sse"] = "audio"


async def speech(engine: Engine, call: Call) -> None:
    """POST /v1/audio/speech."""
    caller = await call.identify(engine.keys)
    asked = decode(await call.body(), _Asked)
    if not asked.input.strip():
        raise BadRequest("input: give a text to say", "input")
    if len(asked.input) > _LONGEST_TEXT:
        raise BadRequest(f"input: at most {_LONGEST_TEXT} characters; say it in pieces", "input")
    in_range("speed", asked.speed, 0.25, 4)
    labels = await labels_of(engine, call, caller, streamed=True)
    voice = asked.voice if isinstance(asked.voice, str) else asked.voice.id
    what = Say(
        model="", voice=voice, text=asked.input, format=SoundFormat(container=asked.response_format),
        speed=asked.speed or 1.0, more={"instructions": asked.instructions} if asked.instructions else {},
    )  # fmt: skip
    async with await unless_gone(call, engine.speech.speak(caller, asked.model, what, labels, _VOICES)) as speaking:
        if asked.stream_format == "audio":
            await send_sound(call, speaking, MEDIA_TYPES[asked.response_format])
            return
        await call.begin_events(heads_of(speaking.bill))
        async with contextlib.aclosing(speaking.pieces()) as pieces:
            async for piece in pieces:
                await call.send_events(_delta(piece))
        usage = {"input_tokens": 0, "output_tokens": 0, "total_tokens": 0}
        await call.end_events(frame(msgspec.json.encode({"type": "speech.audio.done", "usage": usage})))


def _delta(piece: Spoken) -> bytes:
    return frame(msgspec.json.encode({"type": "speech.audio.delta", "audio": piece.data}))
