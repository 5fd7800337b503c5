"""Speech by the models that run here: Whisper hears, Kokoro speaks, with no key and no network."""

import asyncio
import base64
import os
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, TypeAlias

from radiant.ai.providers.errors import UpstreamBadRequest
from radiant.ai.providers.provider import Connection
from radiant.ai.serving.host import Host
from radiant.ai.speech import local_wire
from radiant.ai.speech.embedded_listening import EmbeddedListening, Hear, plain, words_of
from radiant.ai.speech.local_wire import PROVIDER, Line
from radiant.ai.speech.pieces import dip
from radiant.ai.speech.speech import HEARD_RATE, Listen, Say, Sound, SoundFormat, Spoken, Timing, Transcript, Voice
from radiant.infra.httpclient import HttpClient

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from radiant.ai.speech.speech import Listening

HEARER = "whisper-base"
SPEAKER = "kokoro-82m"
SPOKEN_RATE = 24_000

Encode: TypeAlias = Callable[[AsyncIterable[bytes], int, SoundFormat], AsyncGenerator[bytes]]
"""PCM (s16le, mono), its rate, the format asked for -> the file's bytes as they come."""

# A recording is heard in pieces, each with a turn of its own on the model: flat memory, and others get their turn.
_PIECE = 240.0


class EmbeddedHearer:
    """A `Hearer`. The connection is ignored: where the model is, the host knows."""

    def __init__(self, http: HttpClient, host: Host) -> None:
        self._http = http
        self._host = host

    async def transcribe(self, sound: Sound, how: Listen, connection: Connection) -> Transcript:
        """A whole recording, of any length. Raises UpstreamError, ServingProblem."""
        size = await asyncio.to_thread(os.path.getsize, sound.pcm)
        total = size / 2 / HEARD_RATE
        lines: list[Line] = []
        spoken: dict[str, float] = {}
        start = 0.0
        # Less than a hundredth of a second is no sound.
        while total - start >= 0.01:
            end = total if total - start <= _PIECE else await asyncio.to_thread(dip, sound.pcm, start + _PIECE)
            body = _body(how) | {"path": str(sound.pcm), "from": start, "to": end, "words": how.words}
            async for line in self._lines(how.model, body):
                if line.kind == "language":
                    spoken[line.language] = spoken.get(line.language, 0.0) + line.probability * (end - start)
                else:
                    lines.append(_later(line, start))
            start = end
        language = how.language or max(spoken, key=lambda each: spoken[each], default=None)
        return _transcript(lines, language if lines else how.language, sound.duration or total, how)

    def listen(self, how: Listen, connection: Connection) -> "AbstractAsyncContextManager[Listening]":
        """A stream; partial results are decoded anew from the open utterance, final ones at its end."""
        return EmbeddedListening(self._hear(how), how)

    def _hear(self, how: Listen) -> Hear:
        async def hear(pcm: bytes, language: str | None, *, words: bool) -> list[Line]:
            encoded = base64.b64encode(pcm).decode()
            body = _body(how) | {"pcm": encoded, "quick": True, "words": words, "language": language}
            return [line async for line in self._lines(how.model, body)]

        return hear

    async def _lines(self, model: str, body: dict[str, Any]) -> AsyncGenerator[Line]:
        async with (
            self._host.lease(model) as endpoint,
            aclosing(local_wire.transcribe(self._http, endpoint, body)) as lines,
        ):
            async for line in lines:
                yield line


class EmbeddedSpeaker:
    """A `Speaker`. Of the connection nothing is used. Without `encode` it writes PCM of SPOKEN_RATE alone."""

    def __init__(self, http: HttpClient, host: Host, encode: Encode | None = None) -> None:
        self._http = http
        self._host = host
        self._encode = encode

    async def speak(self, what: Say, connection: Connection) -> AsyncGenerator[Spoken]:
        """The sound, phrase by phrase. Raises UpstreamError (a bad request: no text, no such voice), ServingProblem."""
        plain = what.format.container == "pcm" and what.format.rate == SPOKEN_RATE
        if plain:
            async with aclosing(self._phrases(what)) as phrases:
                async for spoken in phrases:
                    yield spoken
            return
        if self._encode is None:
            raise UpstreamBadRequest(
                f"format: the local voice writes pcm at {SPOKEN_RATE}, and not {what.format.container}",
                provider=PROVIDER,
            )
        timings: list[Timing] = []
        async with (
            aclosing(self._phrases(what)) as phrases,
            aclosing(_noting(phrases, timings)) as pcm,
            aclosing(self._encode(pcm, SPOKEN_RATE, what.format)) as written,
        ):
            async for data in written:
                yield Spoken(data=data, timing=_joined(timings))
        if (left := _joined(timings)) is not None:
            yield Spoken(data=b"", timing=left)

    async def voices(self, connection: Connection) -> Sequence[Voice]:
        """The voices that this release carries; the model is loaded for that."""
        async with self._host.lease(SPEAKER) as endpoint:
            found = await local_wire.voices(self._http, endpoint)
        return [Voice(id=v.id, name=v.name, language=v.language, description=v.description) for v in found]

    async def _phrases(self, what: Say) -> AsyncGenerator[Spoken]:
        body = {"text": what.text, "voice": what.voice, "speed": what.speed, "language": what.language}
        at, begun = 0.0, 0
        async with (
            self._host.lease(what.model) as endpoint,
            aclosing(local_wire.speak(self._http, endpoint, body)) as frames,
        ):
            async for frame, sound in frames:
                timing: Timing | None = None
                if what.timed:
                    end = frame.end + len(what.text[frame.end :]) - len(what.text[frame.end :].lstrip())
                    timing = _spread(what.text[begun:end], at, frame.duration)
                    begun = end
                at += frame.duration
                yield Spoken(data=sound, timing=timing, duration=frame.duration)


async def _noting(phrases: AsyncGenerator[Spoken], timings: list[Timing]) -> AsyncGenerator[bytes]:
    async for spoken in phrases:
        if spoken.timing is not None:
            timings.append(spoken.timing)
        yield spoken.data


def _joined(timings: list[Timing]) -> Timing | None:
    """All that were noted since, as one; the list is empty then."""
    if not timings:
        return None
    whole = Timing(
        characters=[each for timing in timings for each in timing.characters],
        starts=[each for timing in timings for each in timing.starts],
        ends=[each for timing in timings for each in timing.ends],
        estimated=True,
    )
    timings.clear()
    return whole


def _spread(text: str, start: float, duration: float) -> Timing:
    """The model does not tell when it says what, so each character takes as long as any other of its phrase."""
    step = duration / max(1, len(text))
    edges = [start + place * step for place in range(len(text) + 1)]
    return Timing(characters=list(text), starts=edges[:-1], ends=edges[1:], estimated=True)


def _body(how: Listen) -> dict[str, Any]:
    # Whisper knows languages, and not their regions.
    language = how.language.split("-")[0].lower() if how.language else None
    return {"language": language, "prompt": how.prompt, "terms": ", ".join(how.terms)[:2000]}


def _later(line: Line, by: float) -> Line:
    for word in line.words:
        word.start += by
        word.end += by
    line.start += by
    line.end += by
    return line


def _transcript(lines: Sequence[Line], language: str | None, duration: float, how: Listen) -> Transcript:
    text = " ".join(stripped for line in lines if (stripped := line.text.strip()))
    weight = sum(line.end - line.start for line in lines)
    confidence = sum(line.confidence * (line.end - line.start) for line in lines) / weight if weight else None
    segments = [
        {"id": place, "start": line.start, "end": line.end, "text": line.text.strip(), "confidence": line.confidence}
        for place, line in enumerate(lines)
    ]
    return Transcript(
        text=text if how.smart_format else plain(text),
        words=[word for line in lines for word in words_of(line)],
        language=language,
        confidence=confidence,
        duration=duration,
        raw={"model": how.model, "segments": segments},
    )
