"""ElevenLabs: voices (POST /text-to-speech/{voice}/stream, with times of characters where asked), recordings (POST
/speech-to-text), streams (`elevenlabs_live`).

Read: its API reference and official SDK 2.78; run: that SDK against the loopback server that our tests use.
"""

import base64
import binascii
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, aclosing
from typing import Any

import msgspec

from radiant.ai.providers.errors import CutStream, MalformedStream, UpstreamBadRequest
from radiant.ai.providers.provider import Connection
from radiant.ai.providers.retry import RETRIES, retried
from radiant.ai.providers.speech_only import key_headers
from radiant.ai.providers.wire import Deadline, begin, call_json, next_chunk
from radiant.ai.speech import elevenlabs_live
from radiant.ai.speech.media import check_format
from radiant.ai.speech.names import checked_language, checked_model, checked_voice, hears_streams_alone, only
from radiant.ai.speech.sending import multipart, posted, recording, sound_of, written
from radiant.ai.speech.speech import (
    Listen,
    Listening,
    Say,
    Sound,
    SoundFormat,
    Spoken,
    Timing,
    Transcript,
    Voice,
    Word,
)
from radiant.infra.http1.addresses import Resolver
from radiant.infra.httpclient import HttpClient

DEFAULT_MODEL = "eleven_multilingual_v2"
DEFAULT_VOICE = "EXAVITQu4vr4xnSDxMaL"
DEFAULT_SETTINGS: Mapping[str, Any] = {"stability": 0.5, "similarity_boost": 0.75}
"""The specification's own (21.3)."""
MOST_BYTES = 500 * 10**6
_MOST_LINE = 2**24
_SETTINGS = frozenset({"stability", "similarity_boost", "style", "use_speaker_boost", "speed"})
_MORE = frozenset({
    "seed", "previous_text", "next_text", "apply_text_normalization", "apply_language_text_normalization",
    "pronunciation_dictionary_locators",
})  # fmt: skip
_HEARS_MORE = frozenset({"num_speakers", "tag_audio_events", "seed", "temperature", "diarization_threshold"})
_PCM = (8_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
# Models that take a language; the others refuse one.
_TAKES_LANGUAGE = ("eleven_flash_v2_5", "eleven_turbo_v2_5", "eleven_v3")
# ISO 639-3, as it says what it heard, where BCP 47 has a shorter name.
_SHORT = {
    "eng": "en", "deu": "de", "fra": "fr", "spa": "es", "ita": "it", "por": "pt", "nld": "nl", "pol": "pl", "rus": "ru",
    "jpn": "ja", "zho": "zh", "cmn": "zh", "kor": "ko", "hin": "hi", "ara": "ar", "tur": "tr", "swe": "sv", "ukr": "uk",
    "ces": "cs", "dan": "da", "fin": "fi", "nor": "no", "ell": "el", "heb": "he", "hun": "hu", "ron": "ro", "vie": "vi",
}  # fmt: skip


class _Alignment(msgspec.Struct):
    characters: list[str]
    character_start_times_seconds: list[float]
    character_end_times_seconds: list[float]


class _Piece(msgspec.Struct):
    audio_base64: str = ""
    alignment: _Alignment | None = None


class _Voice(msgspec.Struct):
    voice_id: str
    name: str = ""
    description: str | None = None
    preview_url: str | None = None
    labels: dict[str, str | None] | None = None


class _Voices(msgspec.Struct):
    voices: list[_Voice]


class _Word(msgspec.Struct):
    text: str
    start: float | None = None
    end: float | None = None
    type: str = "word"
    speaker_id: str | None = None


class _Heard(msgspec.Struct):
    text: str
    language_code: str | None = None
    words: list[_Word] = []


class ElevenLabs:
    """A `Speaker` and a `Hearer`."""

    def __init__(self, http: HttpClient, *, resolver: Resolver | None = None, retries: int = RETRIES) -> None:
        self._http = http
        self._resolver = resolver or Resolver()
        self.retries = retries

    async def speak(self, what: Say, connection: Connection) -> AsyncGenerator[Spoken]:
        """The sound as it comes. Raises UpstreamError, BadSpeechRequest, UnwritableFormat."""
        check_format(what.format)
        voice = checked_voice(what.voice or DEFAULT_VOICE)
        asked = _format(what.format)
        rate = what.format.rate if what.format.rate in _PCM else 48_000
        body = msgspec.json.encode(_body(what))
        path = f"/text-to-speech/{voice}/stream"
        name = asked or f"pcm_{rate}"
        if what.timed:
            said = self._timed(f"{path}/with-timestamps?output_format={name}", body, connection)
        else:
            said = self._plain(f"{path}?output_format={name}", body, connection)
        said = said if asked else written(said, rate, what.format)
        async with aclosing(said):
            async for piece in said:
                yield piece

    async def _plain(self, path: str, body: bytes, connection: Connection) -> AsyncGenerator[Spoken]:
        sound = sound_of(self._http, path, connection, _headers(connection), body, self.retries)
        async with aclosing(sound):
            async for data in sound:
                yield Spoken(data=data)

    async def _timed(self, path: str, body: bytes, connection: Connection) -> AsyncGenerator[Spoken]:
        """Lines of JSON, each a piece of sound and when its characters are said."""
        deadline = Deadline(connection.timeouts.total)
        provider = connection.provider
        response = await retried(
            lambda: begin(self._http, "POST", path, connection, _headers(connection), body, deadline),
            deadline.at, self.retries,
        )  # fmt: skip
        rest = b""
        try:
            while chunk := await next_chunk(response, connection, deadline):
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    if line.strip():
                        yield _piece(line, provider)
                if len(rest) > _MOST_LINE:
                    raise MalformedStream(f"{provider} sent a line without an end", provider=provider)
            if rest.strip():
                yield _last(rest, provider)
            response.finish()
        finally:
            response.close()

    async def voices(self, connection: Connection) -> Sequence[Voice]:
        """The voices of the account. Raises UpstreamError."""
        deadline = Deadline(connection.timeouts.total)
        headers = _headers(connection)
        found = await call_json(self._http, "GET", "/voices", connection, headers, None, _Voices, deadline)
        return [
            Voice(
                id=one.voice_id, name=one.name, language=(one.labels or {}).get("language"),
                description=one.description or ", ".join(value for value in (one.labels or {}).values() if value),
                preview_url=one.preview_url,
            )
            for one in found.voices
        ]  # fmt: skip

    async def transcribe(self, sound: Sound, how: Listen, connection: Connection) -> Transcript:
        """A whole recording. Raises UpstreamError, BadSpeechRequest."""
        only(how.more, _HEARS_MORE)
        if hears_streams_alone(how.model):
            raise UpstreamBadRequest(
                f"{how.model} hears streams; choose scribe_v1 for a recording", provider=connection.provider
            )
        fields = [("model_id", checked_model(how.model)), ("timestamps_granularity", "word" if how.words else "none")]
        if language := checked_language(how.language):
            fields.append(("language_code", language.partition("-")[0].lower()))
        if how.diarize:
            fields.append(("diarize", "true"))
        # Laughter and the like, in brackets, are no words of anybody's.
        fields += {"tag_audio_events": "false", **how.more}.items()
        data, media_type = await recording(sound, MOST_BYTES, connection.provider)
        body, content_type = multipart(fields, data, media_type)
        headers = {**key_headers(connection), "Content-Type": content_type}
        answer, text = await posted(self._http, "/speech-to-text", connection, headers, body, _Heard, self.retries)
        code = answer.language_code
        speakers = dict[str, int]()
        words = [
            Word(
                word=one.text, start=one.start or 0.0, end=one.end or one.start or 0.0, shown=one.text,
                speaker=speakers.setdefault(one.speaker_id, len(speakers)) if one.speaker_id else None,
            )
            for one in answer.words
            if one.type == "word"
        ]  # fmt: skip
        return Transcript(
            text=answer.text.strip(), words=words, language=_SHORT.get(code, code) if code else how.language,
            duration=sound.duration, raw=msgspec.json.decode(text),
        )  # fmt: skip

    def listen(self, how: Listen, connection: Connection) -> AbstractAsyncContextManager[Listening]:
        """A stream. Raises UpstreamBadRequest for a model that hears whole recordings alone, UpstreamError."""
        if not hears_streams_alone(how.model):
            raise UpstreamBadRequest(
                f"{how.model} hears whole recordings; choose scribe_v2_realtime for a stream",
                provider=connection.provider,
            )
        return elevenlabs_live.listen(self._resolver, how, connection)


def _headers(connection: Connection) -> dict[str, str]:
    return {**key_headers(connection), "Content-Type": "application/json"}


def _body(what: Say) -> dict[str, Any]:
    only(what.settings, _SETTINGS)
    only(what.more, _MORE)
    settings = {**DEFAULT_SETTINGS, **what.settings}
    if what.speed != 1.0:
        settings.setdefault("speed", what.speed)
    model = checked_model(what.model or DEFAULT_MODEL)
    body: dict[str, Any] = {**what.more, "text": what.text, "model_id": model, "voice_settings": settings}
    language = checked_language(what.language)
    if language and model.startswith(_TAKES_LANGUAGE):
        body["language_code"] = language.partition("-")[0].lower()
    return body


def _format(to: SoundFormat) -> str | None:
    """Its own name of that format, None where it has none and PCM is written here."""
    match to.container:
        case "pcm" if to.rate in _PCM:
            return f"pcm_{to.rate}"
        case "mp3" if to.rate in (22_050, 24_000) and to.bitrate == 32_000:
            return "mp3_22050_32"
        case "mp3":
            return f"mp3_44100_{_nearest(to.bitrate)}"
        case "opus":
            return f"opus_48000_{_nearest(to.bitrate)}"
        case "ulaw" | "alaw" if to.rate == 8_000:
            return f"{to.container}_8000"
        case _:
            return None


def _nearest(bitrate: int | None) -> int:
    """In thousands of bits a second."""
    wanted = 128 if bitrate is None else bitrate / 1000
    return min((32, 64, 96, 128, 192), key=lambda one: abs(one - wanted))


def _piece(line: bytes, provider: str) -> Spoken:
    try:
        piece = msgspec.json.decode(line, type=_Piece)
        data = base64.b64decode(piece.audio_base64, validate=True)
    except (msgspec.DecodeError, UnicodeDecodeError, binascii.Error) as error:
        raise MalformedStream(f"{provider} sent something else: {error}", provider=provider) from error
    told = piece.alignment
    if told is None:
        return Spoken(data=data)
    starts, ends = told.character_start_times_seconds, told.character_end_times_seconds
    if not len(told.characters) == len(starts) == len(ends):
        raise MalformedStream(f"{provider} sent times that fit no text", provider=provider)
    return Spoken(data=data, timing=Timing(characters=told.characters, starts=starts, ends=ends))


def _last(line: bytes, provider: str) -> Spoken:
    try:
        return _piece(line, provider)
    except MalformedStream as error:
        raise CutStream(f"{provider} ended in mid-answer", provider=provider) from error
