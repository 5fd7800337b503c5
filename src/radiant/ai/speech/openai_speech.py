"""OpenAI's speech: POST /audio/transcriptions and /audio/speech, of OpenAI and of whatever else speaks its protocol."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import AbstractAsyncContextManager, aclosing
from typing import Any

import msgspec

from radiant.ai.providers.errors import UpstreamBadRequest
from radiant.ai.providers.provider import Connection
from radiant.ai.providers.retry import RETRIES
from radiant.ai.providers.speech_only import key_headers
from radiant.ai.speech.media import check_format
from radiant.ai.speech.names import checked_language, checked_model, checked_voice, only
from radiant.ai.speech.sending import multipart, parts_of, posted, recording, sound_of, written
from radiant.ai.speech.speech import Listen, Listening, Say, Sound, Spoken, Transcript, Voice, Word
from radiant.infra.httpclient import HttpClient

MOST_BYTES = 25 * 10**6
_MOST_CHARACTERS = 4096
_RATE = 24_000
_MORE, _HEARS_MORE = frozenset({"instructions"}), frozenset({"temperature"})
_VOICES = ("alloy", "ash", "ballad", "coral", "echo", "fable", "nova", "onyx", "sage", "shimmer", "verse")
_LANGUAGES = {"english": "en", "german": "de", "french": "fr", "spanish": "es", "italian": "it", "portuguese": "pt",
              "dutch": "nl", "polish": "pl", "russian": "ru", "japanese": "ja", "chinese": "zh", "korean": "ko",
              "hindi": "hi", "arabic": "ar", "turkish": "tr", "swedish": "sv", "ukrainian": "uk"}  # fmt: skip


class _Word(msgspec.Struct):
    word: str
    start: float
    end: float


class _Heard(msgspec.Struct):
    text: str
    language: str | None = None
    words: list[_Word] | None = None


class OpenAISpeech:
    """A `Hearer` and a `Speaker`."""

    def __init__(self, http: HttpClient, *, retries: int = RETRIES) -> None:
        self._http = http
        self.retries = retries

    async def transcribe(self, sound: Sound, how: Listen, connection: Connection) -> Transcript:
        """A whole recording; words by models of the Whisper kind. Raises UpstreamError, BadSpeechRequest."""
        only(how.more, _HEARS_MORE)
        model = checked_model(how.model)
        timed = how.words and "whisper" in model
        fields = [("model", model), ("response_format", "verbose_json" if timed else "json")]
        if timed:
            fields.append(("timestamp_granularities[]", "word"))
        if language := checked_language(how.language):
            fields.append(("language", language.partition("-")[0].lower()))
        if prompt := " ".join([how.prompt, ", ".join(how.terms)]).strip():
            fields.append(("prompt", prompt))
        fields += how.more.items()
        data, media_type = await recording(sound, MOST_BYTES, connection.provider)
        body, content_type = multipart(fields, data, media_type)
        headers = {**key_headers(connection), "Content-Type": content_type}
        answer, text = await posted(
            self._http, "/audio/transcriptions", connection, headers, body, _Heard, self.retries
        )
        heard = answer.language
        return Transcript(
            text=answer.text.strip(),
            words=[Word(word=one.word.strip(), start=one.start, end=one.end) for one in answer.words or ()],
            language=_LANGUAGES.get(heard.lower(), heard) if heard else how.language,
            duration=sound.duration,
            raw=msgspec.json.decode(text),
        )

    def listen(self, how: Listen, connection: Connection) -> AbstractAsyncContextManager[Listening]:
        """Raises UpstreamBadRequest: this protocol has recordings alone."""
        provider = connection.provider
        raise UpstreamBadRequest(f"{how.model} hears whole recordings; choose another for a stream", provider=provider)

    async def speak(self, what: Say, connection: Connection) -> AsyncGenerator[Spoken]:
        """The sound as it comes. Raises UpstreamError, BadSpeechRequest, UnwritableFormat."""
        check_format(what.format)
        only(what.more, _MORE)
        texts = parts_of(what.text, _MOST_CHARACTERS)
        container = what.format.container
        native = container in ("mp3", "aac") or (container in ("opus", "flac") and len(texts) == 1)
        native = native and (container != "flac" or what.format.rate == _RATE)
        said = self._said(texts, container if native else "pcm", what, connection)
        said = said if native else written(said, _RATE, what.format)
        async with aclosing(said):
            async for piece in said:
                yield piece

    async def _said(
        self, texts: Sequence[str], container: str, what: Say, connection: Connection
    ) -> AsyncGenerator[Spoken]:
        body: dict[str, Any] = {
            **what.more, "model": checked_model(what.model), "voice": checked_voice(what.voice or _VOICES[0]),
            "response_format": container,
        }  # fmt: skip
        if what.speed != 1.0:
            body["speed"] = what.speed
        headers = {**key_headers(connection), "Content-Type": "application/json"}
        for text in texts:
            sent = msgspec.json.encode({**body, "input": text})
            async with aclosing(
                sound_of(self._http, "/audio/speech", connection, headers, sent, self.retries)
            ) as sound:
                async for data in sound:
                    yield Spoken(data=data)

    async def voices(self, connection: Connection) -> Sequence[Voice]:
        """OpenAI's own; the protocol has no list. Other servers may have others."""
        return [Voice(id=name, name=name.capitalize()) for name in _VOICES]
