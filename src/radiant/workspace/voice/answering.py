"""One turn of a conversation: its answer is read as it streams, said sentence by sentence, and sent as it is played."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Protocol
from uuid import UUID

from radiant.ai.speech.service import Speech
from radiant.ai.speech.speech import Say, SoundFormat
from radiant.foundation.identity.callers import Caller
from radiant.foundation.runs.schemas import RunEvent
from radiant.kit.errors import Problem
from radiant.kit.ids import RunId
from radiant.kit.money import ZERO
from radiant.workspace.voice.names import VOICES, labels
from radiant.workspace.voice.realtime_wire import SPOKEN_RATE
from radiant.workspace.voice.sentences import Piece, Sentences, heard_of

_MS_BYTES = SPOKEN_RATE * 2 // 1000
_CHUNK = 100 * _MS_BYTES
AHEAD_MS = 6000.0
"""Sound that is made before it is sent: the next sentence is begun while there is less."""
LEAD_MS = 3000.0
"""Sound that is sent before it is played."""
_STALE = 5.0
"""Seconds after which a client that says nothing is believed to play on."""
_LOOK = 0.1
_LONGEST_PIECE_MS = 180_000.0
_MOST_FAILURES = 2


class Out(Protocol):
    """The client. One that has gone is told nothing, and that is no failure."""

    async def tell(self, kind: str, **more: Any) -> None:
        """A message."""
        ...

    async def sound(self, turn: int, pcm: bytes) -> None:
        """Sound of a turn's answer."""
        ...


@dataclass(slots=True)
class Manner:
    """Who speaks, and how."""

    model: str
    voice: str
    language: str | None


@dataclass(slots=True)
class Answering:
    """A turn from its question to the end of its sound. `spoke_until`: when the question had been said, by the clock of
    time.perf_counter; all of `times` are milliseconds since then."""

    id: UUID
    number: int
    question_id: UUID
    question: str
    answer_id: UUID
    run_id: RunId
    spoke_until: float
    times: dict[str, int]
    split: Sentences = field(default_factory=Sentences)
    pieces: list[Piece] = field(default_factory=list[Piece])
    all_read: bool = False
    all_said: bool = False
    all_sent: bool = False
    over: bool = False
    interrupted: bool = False
    sent_ms: float = 0.0
    played_ms: float = 0.0
    heard_text: str | None = None
    cost: Decimal = ZERO
    said: int = 0
    """Characters that somebody was paid to say."""
    model: str = ""
    provider: str = ""
    voice: str = ""
    task: "asyncio.Task[None] | None" = None
    settled: asyncio.Event = field(default_factory=asyncio.Event)
    """All that is kept of it is kept."""
    _made_ms: float = 0.0
    _chunks: deque[tuple[int, bytes]] = field(default_factory=deque[tuple[int, bytes]])
    _changed: asyncio.Event = field(default_factory=asyncio.Event)
    _first_sound: float = 0.0
    _reported: float = 0.0

    def note(self, stage: str) -> None:
        """That stage is reached, if it was not before."""
        self.times.setdefault(stage, max(0, round((time.perf_counter() - self.spoke_until) * 1000)))

    # --- what was played ---

    @property
    def sounds(self) -> bool:
        """Whether the client has sound of it that was not played."""
        return not self.over and self.sent_ms > 0

    @property
    def played(self) -> bool:
        """Whether all of it was sent and played: nobody can interrupt it any more."""
        return self.all_sent and self.playhead() >= self.sent_ms - 1

    def report(self, ms: float) -> None:
        """The client has played so much."""
        self.played_ms = max(self.played_ms, min(ms, self.sent_ms))
        self._reported = time.perf_counter()
        self._wake()

    def playhead(self) -> float:
        """Milliseconds that were played: as the client says; of one that never says, by the clock."""
        if self._reported:
            return self.played_ms
        return min(self.sent_ms, self._elapsed())

    def _elapsed(self) -> float:
        return (time.perf_counter() - self._first_sound) * 1000 if self._first_sound else 0.0

    def _may_be_sent(self) -> float:
        now = time.perf_counter()
        if self._reported and now - self._reported < _STALE:
            return self.played_ms + LEAD_MS
        return max(self.played_ms, self._elapsed()) + LEAD_MS

    def heard(self) -> str:
        """What was heard of the answer."""
        return heard_of(self.split.text, self.pieces, self.playhead())

    def lately(self) -> str:
        """What has been said, for whoever looks for its echo."""
        return " ".join(piece.text for piece in self.pieces if piece.ms)[-1500:]

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    # --- its three works ---

    async def read(self, out: Out, events: Any) -> None:
        """Follow the run."""
        event: RunEvent
        async with aclosing(events):
            async for event in events:
                match event.kind:
                    case "started":
                        model = event.data["model"]
                        await out.tell("answer", turn=self.number, message_id=self.answer_id, model=model)
                    case "text":
                        self.note("first_token")
                        await out.tell("delta", turn=self.number, text=event.data["text"])
                        self._take(self.split.feed(event.data["text"]))
                    case "failed":
                        await out.tell("error", type_slug=event.data["slug"], detail=event.data["detail"], fatal=False)
                    case _:
                        pass
        self._take(self.split.end())
        self.all_read = True
        self._wake()

    def _take(self, pieces: Sequence[Piece]) -> None:
        if pieces:
            self.note("first_sentence")
            self.pieces += pieces
            self._wake()

    async def speak(self, out: Out, speech: Speech, caller: Caller, manner: Manner) -> None:
        """Say each piece as soon as it is there, and not too far ahead."""
        at = failures = 0
        while True:
            await self._until(lambda at=at: at < len(self.pieces) or self.all_read)
            if at >= len(self.pieces) or failures >= _MOST_FAILURES:
                break
            await self._until(lambda: self._made_ms - self.sent_ms < AHEAD_MS)
            try:
                await self._say(at, speech, caller, manner)
                failures = 0
            except Problem as problem:
                failures += 1
                await out.tell("error", type_slug=problem.slug, detail=problem.detail, fatal=False)
            self.pieces[at].whole = True
            at += 1
        self.all_said = True
        self._wake()

    async def _say(self, at: int, speech: Speech, caller: Caller, manner: Manner) -> None:
        piece = self.pieces[at]
        what = Say(
            model="", voice=manner.voice, text=piece.text, format=SoundFormat(container="pcm", rate=SPOKEN_RATE),
            language=manner.language,
        )  # fmt: skip
        rest = b""
        async with await speech.speak(caller, manner.model, what, labels(caller, streamed=True), VOICES) as speaking:
            self.model, self.provider = speaking.bill.model.id, speaking.bill.model.provider
            self.voice = VOICES.get(self.provider, {}).get(manner.voice, manner.voice)
            self.cost += speaking.bill.cost
            self.said += len(piece.text)
            async with aclosing(speaking.pieces()) as sound:
                async for spoken in sound:
                    data = rest + spoken.data
                    data, rest = (data[:-1], data[-1:]) if len(data) % 2 else (data, b"")
                    ms = len(data) / _MS_BYTES
                    if piece.ms + ms > _LONGEST_PIECE_MS:
                        # Nobody takes three minutes for a sentence; what comes is not to fill the memory.
                        return
                    piece.ms += ms
                    self._made_ms += ms
                    self._chunks += ((at, data[begin : begin + _CHUNK]) for begin in range(0, len(data), _CHUNK))
                    self._wake()

    async def send(self, out: Out) -> None:
        """Send the sound in order, a little before it is played; until all was played."""
        told = -1
        while True:
            await self._until(lambda: bool(self._chunks) or self.all_said)
            if not self._chunks:
                break
            while self.sent_ms >= self._may_be_sent():
                await self._look()
            at, pcm = self._chunks.popleft()
            if at != told:
                told = at
                await out.tell("speaking", turn=self.number, text=self.pieces[at].text)
            self.note("first_audio")
            self._first_sound = self._first_sound or time.perf_counter()
            self.sent_ms += len(pcm) / _MS_BYTES
            await out.sound(self.number, pcm)
            self._wake()
        self.all_sent = True
        await out.tell("spoken", turn=self.number, duration_ms=round(self.sent_ms))
        await out.tell("timings", turn=self.number, **self.stages())
        await self._played_out()

    async def _played_out(self) -> None:
        while self.played_ms < self.sent_ms - 1:
            quiet = time.perf_counter() - max(self._reported, self._first_sound)
            if (self._reported and quiet < _STALE) or self._elapsed() < self.sent_ms + (
                1000 * _STALE if self._reported else 0
            ):
                await self._look()
            else:
                # It does not say; by the clock it was played.
                break
        if not self._reported:
            self.played_ms = self.sent_ms

    async def _look(self) -> None:
        changed = self._changed
        try:
            async with asyncio.timeout(_LOOK):
                await changed.wait()
        except TimeoutError:
            pass

    async def _until(self, it_is: Callable[[], bool]) -> None:
        while not it_is():
            await self._changed.wait()

    def stages(self) -> dict[str, int | None]:
        """The times of each stage, in milliseconds."""
        names = ("speech_end", "transcript_final", "first_token", "first_sentence", "first_audio", "cancel")
        return {f"{name}_ms": self.times.get(name) for name in names}
