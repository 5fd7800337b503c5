"""A stream heard by Whisper, which knows no streams: voice activity cuts it into utterances, and the open one is
decoded again and again."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Protocol

from radiant.ai.serving.problems import ServingProblem
from radiant.ai.speech.local_wire import Line
from radiant.ai.speech.resampling import Resampler
from radiant.ai.speech.speech import HEARD_RATE, Ended, Finalized, Heard, Listen, Part, Started, Word
from radiant.ai.speech.voice_activity import FRAME, FRAME_SECONDS, VoiceActivity
from radiant.kit.errors import Problem

_FIRST_PARTIAL = 0.5
_NEXT_PARTIAL = 0.6
_LONGEST = 24.0
"""Seconds of an utterance; one that goes on longer is cut at its quietest moment of the last _LOOK_BACK."""
_LOOK_BACK = 6.0
# Sound before the speech was noticed, so that no first consonant is missing; and frames of silence behind it.
_BEFORE = round(0.35 / FRAME_SECONDS)
_MOST_WAITING = 90.0
"""Seconds of utterances that wait to be decoded; `send` waits then."""
_FRAMES_AT_ONCE = 16
# Of a language heard in so little nobody can be sure.
_TOO_SHORT_TO_TELL = 1.0
_SURE = 0.7


class Hear(Protocol):
    """PCM of HEARD_RATE, its language if it is known -> what is heard. Raises UpstreamError, ServingProblem."""

    async def __call__(self, pcm: bytes, language: str | None, *, words: bool) -> list[Line]: ...


@dataclass(slots=True)
class _Utterance:
    """`start`: of its first frame, in seconds of the stream; `ended` where the speaker paused behind it, at
    `silent_from`."""

    pcm: bytearray
    start: float
    heard: int = 0
    """Bytes that the last partial result is of."""
    ended: bool = False
    silent_from: float = 0.0
    asked: bool = False
    """It was closed by `finalize`."""

    @property
    def seconds(self) -> float:
        return len(self.pcm) / 2 / HEARD_RATE


class EmbeddedListening:
    """A `Listening`. `async with` it; leaving stops the decoding that is under way."""

    def __init__(self, hear: Hear, how: Listen, *, make: Callable[[], VoiceActivity] | None = None) -> None:
        self._hear = hear
        self._how = how
        self._make = make or (lambda: VoiceActivity(end_silence=how.end_silence))
        self._resampler = Resampler(how.rate)
        self._before: deque[bytes] = deque(maxlen=_BEFORE)
        self._open: _Utterance | None = None
        self._waiting: deque[_Utterance] = deque()
        self._events: asyncio.Queue[Heard | Problem | None] = asyncio.Queue()
        self._changed = asyncio.Condition()
        self._feeding = asyncio.Lock()
        self._closed = False
        self._failure: Problem | None = None
        self._language: str | None = how.language.split("-")[0].lower() if how.language else None
        self._worker: asyncio.Task[None] | None = None
        self._voice: VoiceActivity | None = None

    async def __aenter__(self) -> "EmbeddedListening":
        self._voice = await asyncio.to_thread(self._make)
        self._worker = asyncio.create_task(self._work(), name="hear a stream")
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._worker is not None
        self._worker.cancel()
        await asyncio.gather(self._worker, return_exceptions=True)

    # --- Listening -----------------------------------------------------------------------------------

    async def send(self, pcm: bytes) -> None:
        """The next sound. Waits while more than _MOST_WAITING seconds are undecoded. Raises what decoding raised."""
        async with self._feeding:
            await self._until_there_is_room()
            assert self._voice is not None
            for place, judged in enumerate(self._voice.feed(self._resampler.feed(pcm)), 1):
                self._take(judged.pcm)
                if judged.turned is not None:
                    self._turn(speaking=judged.turned.speaking, at=judged.turned.at)
                elif self._open is not None and self._open.seconds >= _LONGEST:
                    self._cut()
                if place % _FRAMES_AT_ONCE == 0:
                    await self._tell()
                    await asyncio.sleep(0)
            await self._tell()

    async def finalize(self) -> None:
        """Close the open utterance; what follows without a silence is a new one."""
        async with self._feeding:
            assert self._voice is not None
            # Where nobody speaks, an empty one: it is told behind all that waits.
            asked = self._open or _Utterance(bytearray(), self._voice.at)
            asked.asked = True
            self._waiting.append(asked)
            if self._open is not None:
                self._open = _Utterance(bytearray(), self._voice.at)
            await self._tell()

    async def close(self) -> None:
        """No more is sent."""
        async with self._feeding:
            if self._open is not None:
                assert self._voice is not None
                self._open.ended, self._open.silent_from = True, self._voice.at
                self._waiting.append(self._open)
                self._open = None
            self._closed = True
            await self._tell()

    async def __aiter__(self) -> AsyncIterator[Heard]:
        while (event := await self._events.get()) is not None:
            if isinstance(event, Problem):
                raise event
            yield event

    # --- what comes in -------------------------------------------------------------------------------

    def _take(self, frame: bytes) -> None:
        if self._open is not None:
            self._open.pcm += frame
        else:
            self._before.append(frame)

    def _turn(self, *, speaking: bool, at: float) -> None:
        assert self._voice is not None
        if speaking:
            pcm = bytearray(b"".join(self._before))
            self._before.clear()
            self._open = _Utterance(pcm, max(0.0, self._voice.at - len(pcm) / 2 / HEARD_RATE))
            self._events.put_nowait(Started(at))
        elif self._open is not None:
            self._open.ended, self._open.silent_from = True, at
            self._waiting.append(self._open)
            # The silence behind it may have the beginning of the next one in it.
            tail = bytes(self._open.pcm[-_BEFORE * FRAME * 2 :])
            self._before.extend(tail[place : place + FRAME * 2] for place in range(0, len(tail), FRAME * 2))
            self._open = None

    def _cut(self) -> None:
        import numpy as np

        assert self._open is not None
        pcm = self._open.pcm
        frames = len(pcm) // 2 // FRAME
        first = frames - round(_LOOK_BACK / FRAME_SECONDS)
        sound = np.frombuffer(bytes(pcm[first * FRAME * 2 : frames * FRAME * 2]), dtype="<i2")
        power = np.abs(sound.astype(np.float32)).reshape(-1, FRAME).mean(axis=1)
        at = (first + int(np.argmin(power)) + 1) * FRAME * 2
        start = self._open.start
        self._waiting.append(_Utterance(bytearray(pcm[:at]), start))
        self._open = _Utterance(bytearray(pcm[at:]), start + at / 2 / HEARD_RATE)

    async def _until_there_is_room(self) -> None:
        async with self._changed:
            await self._changed.wait_for(
                lambda: self._failure is not None or sum(each.seconds for each in self._waiting) < _MOST_WAITING
            )
        if self._failure is not None:
            raise self._failure

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    # --- what is heard -------------------------------------------------------------------------------

    async def _work(self) -> None:
        try:
            while True:
                async with self._changed:
                    await self._changed.wait_for(lambda: self._waiting or self._closed or self._partial_is_due())
                    utterance = self._waiting.popleft() if self._waiting else None
                    if utterance is None and self._closed:
                        break
                    self._changed.notify_all()
                if utterance is not None:
                    await self._finish(utterance)
                elif self._open is not None:
                    await self._guess(self._open)
        except Problem as problem:
            self._failure = problem
            self._events.put_nowait(problem)
            await self._tell()
        self._events.put_nowait(None)

    def _partial_is_due(self) -> bool:
        if self._open is None:
            return False
        wanted = _NEXT_PARTIAL if self._open.heard else _FIRST_PARTIAL
        return (len(self._open.pcm) - self._open.heard) / 2 / HEARD_RATE >= wanted

    async def _guess(self, utterance: _Utterance) -> None:
        """A partial result. One that fails is no failure of the stream: the final one may succeed."""
        pcm = bytes(utterance.pcm)
        utterance.heard = len(pcm)
        try:
            lines = await self._hear(pcm, self._language, words=False)
        except ServingProblem:
            return
        if any(line.kind == "language" and line.probability < _SURE for line in lines):
            # A guess in the wrong language is worse than a later one.
            return
        # It may have been closed meanwhile: its final result is told next, and replaces this one.
        if text := _text_of(lines, self._how):
            self._events.put_nowait(Part(text=text, start=utterance.start, duration=len(pcm) / 2 / HEARD_RATE))

    async def _finish(self, utterance: _Utterance) -> None:
        lines: list[Line] = []
        # A finalize may have left nothing but a breath.
        if utterance.seconds >= 0.1:
            lines = await self._hear(bytes(utterance.pcm), self._language, words=self._how.words)
        for line in lines:
            sure = line.probability >= _SURE and utterance.seconds >= _TOO_SHORT_TO_TELL
            if line.kind == "language" and self._how.language is None and sure:
                self._language = line.language
        spoken = [line for line in lines if line.kind == "segment"]
        words = [word for line in spoken for word in words_of(line, utterance.start)]
        end = words[-1].end if words else utterance.silent_from or utterance.start + utterance.seconds
        if text := _text_of(lines, self._how):
            self._events.put_nowait(
                Part(
                    text=text, start=utterance.start, duration=max(0.0, end - utterance.start), words=words,
                    confidence=spoken[0].confidence, final=True, ended=utterance.ended,
                )
            )  # fmt: skip
        if utterance.ended:
            self._events.put_nowait(Ended(end))
        if utterance.asked:
            self._events.put_nowait(Finalized())


def words_of(line: Line, by: float = 0.0) -> list[Word]:
    """As everybody writes them: bare, and with their punctuation; `by` seconds later."""
    found: list[Word] = []
    for word in line.words:
        shown = word.word.strip()
        bare = shown.strip("\"'“”‘’«»¿¡.,;:!?…()[]{}—-。、，！？").lower()
        found.append(
            Word(word=bare or shown, start=word.start + by, end=word.end + by, confidence=word.probability, shown=shown)
        )
    return found


def plain(text: str) -> str:
    """Without punctuation and capitals, for whoever asked for no formatting."""
    return " ".join(bare for each in text.split() if (bare := each.strip('"“”.,;:!?…()[]—').lower()))


def _text_of(lines: list[Line], how: Listen) -> str:
    text = " ".join(line.text.strip() for line in lines if line.kind == "segment").strip()
    return text if how.smart_format else plain(text)
