"""A spoken conversation: what is heard becomes turns of a chat, answers are spoken, and speech stops them.

One at a time: a turn is taken when the speaker pauses (or says so), the answer before it having been stopped and cut
to what was heard of it. While sound plays, speech must hold for a moment and must not be the answer's own echo;
before it, only words stop an answer."""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
import structlog

from radiant.ai.speech.service import ListeningIt, Speech
from radiant.ai.speech.speech import Ended, Finalized, Heard, Listen, Part, Started, Word
from radiant.foundation.identity.callers import Caller
from radiant.foundation.runs.hub import RunHub
from radiant.infra.db import Database, Tx
from radiant.kit.errors import Problem
from radiant.kit.ids import ChatId, uuid7
from radiant.kit.money import ZERO
from radiant.workspace.chats import messages_store
from radiant.workspace.chats.schemas import NewTurn, TextContent
from radiant.workspace.turns.service import Begun, Turns
from radiant.workspace.turns.service import Manner as TurnManner
from radiant.workspace.voice import store, turns_store
from radiant.workspace.voice.answering import Answering, Manner, Out
from radiant.workspace.voice.names import labels
from radiant.workspace.voice.realtime_wire import Start
from radiant.workspace.voice.sentences import bare, is_echo

log = structlog.get_logger()

HOLD = 0.1
"""Seconds that speech lasts before it stops a sounding answer; the hearer's voice activity has waited before."""
_QUIET = 300
"""Below this level of 32768 is silence, whatever the hearer noticed."""
_ECHO_LASTS = 0.7
"""Seconds of the stream behind the sound of an answer in which its echo may begin."""
_FINAL_WAIT = 3.0
"""Seconds that a commit waits for a hearer that does not say when it has told all."""
_MOST_BREAKS, _BREAKS_SECONDS = 3, 60.0
_AT_THE_END = 2**31 - 1
_SPOKEN = (
    "This is a spoken conversation: your answer is read aloud as it comes. Answer in a few short, plain sentences;"
    " no headings, lists, tables or links, and code only where it is asked for."
)


@dataclass(frozen=True, slots=True)
class Services:
    """What a conversation needs of the house."""

    database: Database
    speech: Speech
    turns: Turns
    runs: RunHub


@dataclass(frozen=True, slots=True)
class _Sounded:
    """Where in the stream that is heard an answer sounded, and what it said."""

    start: float
    end: float
    text: str


@dataclass(slots=True)
class Conversation:
    """Of one client, from `open` to `close`. `speaks`: who says the answers."""

    services: Services
    caller: Caller
    session_id: UUID
    chat_id: ChatId
    start: Start
    speaks: Manner
    out: Out
    turn: Answering | None = None
    ears: "asyncio.Task[None] | None" = None
    """Ends with the hearer: with its problem, where it breaks again and again."""
    _closed: bool = False
    _listening: ListeningIt | None = None
    _said: list[Part] = field(default_factory=list[Part])
    _marks: deque[tuple[float, float]] = field(default_factory=lambda: deque(maxlen=1500))
    _taking: asyncio.Lock = field(default_factory=asyncio.Lock)
    _opening: asyncio.Lock = field(default_factory=asyncio.Lock)
    _taken_until: float = 0.0
    _hold: "asyncio.Task[None] | None" = None
    _loudest: int | None = None
    _committed: "asyncio.TimerHandle | None" = None
    _committed_at: float = 0.0
    _sounded: _Sounded | None = None
    _sound_from: float = 0.0
    _costs: Decimal = ZERO
    _seconds: float = 0.0
    _before: float = 0.0
    """Seconds that were heard by streams that broke."""
    _counted: tuple[float, Decimal] = (0.0, ZERO)
    _breaks: list[float] = field(default_factory=list[float])
    _odd: bytes = b""
    _works: set["asyncio.Task[None]"] = field(default_factory=set["asyncio.Task[None]"])

    # --- hearing ---

    async def open(self) -> str:
        """Begin to listen; the model that does. Raises as `Speech.listen` does."""
        name = await self._open()
        self.ears = asyncio.create_task(self._listen())
        return name

    async def _open(self) -> str:
        how = Listen(
            model="", language=self.start.language, rate=self.start.rate, end_silence=self.start.end_silence_ms / 1000
        )
        caller, name = self.caller, self.start.hear_model
        self._listening = await self.services.speech.listen(caller, name, how, labels(caller, streamed=True))
        self._marks.clear()
        self._taken_until, self._sounded = 0.0, None
        return self._listening.bill.model.id

    async def hear(self, pcm: bytes) -> None:
        """Sound of the microphone."""
        async with self._opening:
            listening = self._listening
            if listening is None:
                return
            data = self._odd + pcm
            data, self._odd = (data[:-1], data[-1:]) if len(data) % 2 else (data, b"")
            if not data:
                return
            if self._loudest is not None:
                samples = memoryview(data).cast("h")
                self._loudest = max(self._loudest, max(samples), -min(samples))
            # Who broke is told of by whoever iterates.
            with contextlib.suppress(Problem):
                await listening.send(data)
            self._marks.append((listening.seconds, time.perf_counter()))

    async def _listen(self) -> None:
        """Until the conversation ends. Raises what the hearer raises when it breaks again and again."""
        while True:
            listening = self._listening
            assert listening is not None
            try:
                async for heard in listening:
                    await self._on(heard)
                return
            except Problem as problem:
                now = time.perf_counter()
                self._breaks = [*(at for at in self._breaks if now - at < _BREAKS_SECONDS), now]
                if len(self._breaks) > _MOST_BREAKS:
                    raise
                await self.out.tell("error", type_slug=problem.slug, detail=problem.detail, fatal=False)
                async with self._opening:
                    await self._leave(problem)
                    await self._open()

    async def _leave(self, problem: BaseException | None) -> None:
        listening, self._listening = self._listening, None
        if listening is not None:
            try:
                await listening.__aexit__(type(problem) if problem else None, problem, None)
            finally:
                self._costs += listening.bill.cost
                self._before += listening.seconds

    async def _on(self, heard: Heard) -> None:
        match heard:
            case Started(at):
                await self.out.tell("speech_started", at=round(at, 3))
                self._speech_began()
            case Part():
                await self._heard(heard)
            case Ended():
                if self.start.hands_free and self._said:
                    await self._take_said()
            case Finalized():
                await self._all_told()

    def _speech_began(self) -> None:
        turn = self.turn
        if turn is not None and turn.sounds and self._hold is None:
            self._hold = self._beside(self._holds(turn, time.perf_counter()))

    async def _holds(self, turn: Answering, began: float) -> None:
        self._loudest = 0
        try:
            await asyncio.sleep(HOLD)
            if self._loudest >= _QUIET and turn.sounds:
                self._hold = None
                await self._interrupt(turn, began)
        finally:
            self._loudest = None
            self._hold = None

    def _no_speech(self) -> None:
        if self._hold is not None:
            self._hold.cancel()

    async def _heard(self, part: Part) -> None:
        text = part.text.strip()
        if not bare(text):
            # A cough, a door: no turn, and nothing is stopped for it.
            if part.final:
                self._no_speech()
            if part.ended and self.start.hands_free and self._said:
                await self._take_said()
            return
        if not part.final and part.start + part.duration <= self._taken_until + 0.01:
            return
        if self._is_echo(part):
            self._no_speech()
            return
        if self.turn is not None and not self.turn.over:
            await self._interrupt(self.turn, time.perf_counter())
        if not part.final:
            await self.out.tell("partial", text=" ".join([*(each.text for each in self._said), text]))
            return
        self._said.append(part)
        await self.out.tell("final", text=text)
        if part.ended and self.start.hands_free:
            await self._take_said()

    def _is_echo(self, part: Part) -> bool:
        turn, sounded = self.turn, self._sounded
        if turn is not None and turn.sounds:
            return is_echo(part.text, turn.lately())
        return sounded is not None and part.start <= sounded.end + _ECHO_LASTS and is_echo(part.text, sounded.text)

    # --- turns ---

    async def commit(self) -> None:
        """What was said so far is a turn, once the hearer has told it all."""
        listening = self._listening
        if listening is None:
            return
        self._committed_at = time.perf_counter()
        if self._committed is not None:
            self._committed.cancel()
        loop = asyncio.get_running_loop()
        self._committed = loop.call_later(_FINAL_WAIT, lambda: self._beside(self._all_told()))
        with contextlib.suppress(Problem):
            await listening.finalize()
            if not self.start.hands_free:
                # The microphone is silent from here; so that the hearer knows.
                quiet = bytes(2 * round(self.start.rate * (self.start.end_silence_ms / 1000 + 0.2)))
                await listening.send(quiet)

    async def _all_told(self) -> None:
        waiting, self._committed = self._committed, None
        if waiting is not None:
            waiting.cancel()
            await self._take_said()

    async def _take_said(self) -> None:
        said, self._said = self._said, []
        if not said:
            return
        last = said[-1]
        end = last.words[-1].end if last.words else last.start + last.duration
        self._taken_until = max(self._taken_until, last.start + last.duration)
        spoke_until = self._committed_at if not self.start.hands_free else self._when(end)
        text = " ".join(part.text.strip() for part in said)
        await self._take(text, said, spoke_until, round((self._before + end) * 1000))

    def _when(self, at: float) -> float:
        """When that place of the stream was spoken."""
        return next((when for seconds, when in self._marks if seconds >= at), time.perf_counter())

    def typed(self, text: str) -> None:
        """A turn that was typed."""
        if text.strip():
            place = round(self._heard_seconds() * 1000)
            self._beside(self._take(text.strip(), (), time.perf_counter(), place))

    async def _take(self, text: str, said: Sequence[Part], spoke_until: float, place: int) -> None:
        async with self._taking:
            if self._closed:
                return
            before = self.turn
            if before is not None:
                await self._interrupt(before, time.perf_counter())
                await before.settled.wait()
            try:
                turn = await self._begin(text, said, spoke_until, place)
            except Problem as problem:
                await self.out.tell("error", type_slug=problem.slug, detail=problem.detail, fatal=False)
                return
            self.turn = turn
            turn.task = self._beside(self._answer(turn))

    async def _begin(self, text: str, said: Sequence[Part], spoke_until: float, place: int) -> Answering:
        services, caller = self.services, self.caller
        final = max(0, round((time.perf_counter() - spoke_until) * 1000))
        manner = TurnManner(shared=_SPOKEN, labels=labels(caller, streamed=True))
        new = NewTurn(content=[TextContent(type="text", text=text.replace("\x00", ""))], model=self.start.model)
        turn_id = uuid7()
        async with caller.db(services.database).tx() as tx:
            begun = await services.turns.begin(tx, self.chat_id, new, manner)
            number = await turns_store.insert(tx, turn_id, self.session_id, _new_row(begun, said, place, final))
            if said:
                await self._keep_heard(tx, said)
        turn = services.turns.start(caller, begun)
        times = {"speech_end": place, "transcript_final": final}
        return Answering(
            turn_id, number, turn.user_message.id, text, turn.assistant_message.id, turn.run_id, spoke_until, times
        )  # fmt: skip

    async def _keep_heard(self, tx: Tx, said: Sequence[Part]) -> None:
        """A transcription of what was said, with what listening cost since the last one."""
        listening = self._listening
        seconds, cost = self._heard_seconds(), self._heard_costs()
        counted_seconds, counted = self._counted
        sure = [part.confidence for part in said if part.confidence is not None]
        words: list[Word] = [word for part in said for word in part.words]
        facts: dict[str, Any] = {
            "name": "", "audio_url": None, "media_type": None,
            "transcription": " ".join(part.text.strip() for part in said).replace("\x00", ""),
            "confidence": Decimal(str(round(min(max(sum(sure) / len(sure), 0.0), 1.0), 8))) if sure else None,
            "duration_ms": round(max(0.0, seconds - counted_seconds) * 1000),
            "word_timestamps": [msgspec.to_builtins(word) for word in words], "language": self.start.language,
            "model": listening.bill.model.id if listening else None,
            "provider": listening.bill.model.provider if listening else None, "cost": max(ZERO, cost - counted),
        }  # fmt: skip
        await store.insert_transcription(tx, uuid7(), self.session_id, facts)
        await store.add_to_totals(tx, self.session_id, facts["duration_ms"], facts["cost"])
        self._counted = (seconds, cost)

    def _heard_seconds(self) -> float:
        return self._before + (self._listening.seconds if self._listening else 0.0)

    def _heard_costs(self) -> Decimal:
        return self._costs + (self._listening.bill.cost if self._listening else ZERO)

    # --- answers ---

    async def _answer(self, turn: Answering) -> None:
        services, db = self.services, self.caller.db(self.services.database)
        works: list[asyncio.Task[None]] = []
        try:
            await self.out.tell("turn", turn=turn.number, text=turn.question, message_id=turn.question_id)
            events = await services.runs.follow(db, turn.run_id, 0)
            works = [
                asyncio.create_task(turn.read(self.out, events)),
                asyncio.create_task(turn.speak(self.out, services.speech, self.caller, self.speaks)),
                asyncio.create_task(turn.send(self.out)),
            ]
            self._sound_from = self._place()
            await asyncio.gather(*works)
            turn.over = True
            self._was_said(turn)
        finally:
            for work in works:
                work.cancel()
            await asyncio.gather(*works, return_exceptions=True)
            if not turn.interrupted:
                # What stopped it is not the person: an end in good order, or a bug, which must not leave the next waiting.
                turn.over = True
                await self._settle(turn)

    def _place(self) -> float:
        return self._listening.seconds if self._listening else 0.0

    def _was_said(self, turn: Answering) -> None:
        self._sounded = _Sounded(self._sound_from, self._place(), turn.lately())

    async def interrupt(self) -> None:
        """Stop speaking."""
        if self.turn is not None:
            await self._interrupt(self.turn, time.perf_counter())

    async def _interrupt(self, turn: Answering, began: float) -> None:
        if turn.over or turn.played:
            return
        turn.over = turn.interrupted = True
        turn.heard_text = turn.heard()
        turn.played_ms = turn.playhead()
        self._was_said(turn)
        if turn.task is not None:
            turn.task.cancel()
        self._beside(self._stop(turn))
        turn.times["cancel"] = max(0, round((time.perf_counter() - began) * 1000))
        await self.out.tell(
            "interrupted", turn=turn.number, heard_ms=round(turn.played_ms), heard_text=turn.heard_text
        )  # fmt: skip
        await self.out.tell("timings", turn=turn.number, **turn.stages())

    async def _stop(self, turn: Answering) -> None:
        """End the run and the sound of an answer that was interrupted, and keep of it what was heard."""
        services, db = self.services, self.caller.db(self.services.database)
        try:
            await services.runs.cancel(db, turn.run_id)
            if turn.task is not None:
                await asyncio.gather(turn.task, return_exceptions=True)
            async with contextlib.aclosing(await services.runs.follow(db, turn.run_id, _AT_THE_END)) as events:
                async for _ in events:
                    pass
        finally:
            await self._settle(turn)

    async def _settle(self, turn: Answering) -> None:
        try:
            async with self.caller.db(self.services.database).tx() as tx:
                if turn.interrupted:
                    text = turn.heard_text or ""
                    await messages_store.cut(tx, turn.answer_id, [{"type": "text", "text": text}] if text else [])
                spoken_ms = round(turn.sent_ms)
                heard_ms = min(spoken_ms, round(turn.played_ms))
                row = {**turn.stages(), "spoken_ms": spoken_ms, "heard_ms": heard_ms, "interrupted": turn.interrupted}
                await turns_store.finish(tx, turn.id, row)
                if turn.said:
                    facts = {
                        "input_text": " ".join(piece.text for piece in turn.pieces if piece.ms), "audio_url": None,
                        "duration_ms": spoken_ms, "voice_id": turn.voice, "character_count": turn.said,
                        "cost": turn.cost, "model": turn.model, "provider": turn.provider, "media_type": None,
                    }  # fmt: skip
                    await store.insert_synthesis(tx, uuid7(), self.session_id, facts)
                    await store.add_to_totals(tx, self.session_id, spoken_ms, turn.cost)
        finally:
            turn.settled.set()

    def played(self, number: int, ms: float) -> None:
        """The client has played so much of that turn."""
        if self.turn is not None and self.turn.number == number and not self.turn.over:
            self.turn.report(ms)

    # --- the end ---

    def _beside(self, work: Any) -> "asyncio.Task[None]":
        task: asyncio.Task[None] = asyncio.get_running_loop().create_task(work)
        self._works.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: "asyncio.Task[None]") -> None:
        self._works.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("bug", what="a conversation's work", exc_info=error)

    async def close(self, *, ended: bool) -> None:
        """Stop what runs, and keep what was heard. `ended`: the person said so."""
        if self._committed is not None:
            self._committed.cancel()
        self._no_speech()
        async with self._taking:
            self._closed = True
            if self.ears is not None:
                self.ears.cancel()
                await asyncio.gather(self.ears, return_exceptions=True)
            if self.turn is not None:
                await self._interrupt(self.turn, time.perf_counter())
                await self.turn.settled.wait()
        await self._leave(None)
        async with self.caller.db(self.services.database).tx() as tx:
            if self._said:
                await self._keep_heard(tx, self._said)
            rest = max(ZERO, self._heard_costs() - self._counted[1])
            duration = round(max(0.0, self._heard_seconds() - self._counted[0]) * 1000)
            await store.add_to_totals(tx, self.session_id, duration, rest)
            if ended:
                await store.end(tx, self.session_id)
        for work in tuple(self._works):
            work.cancel()
        await asyncio.gather(*self._works, return_exceptions=True)


def _new_row(begun: Begun, said: Sequence[Part], place: int, final: int) -> dict[str, Any]:
    return {
        "kind": "spoken" if said else "typed", "question_id": begun.turn.user_message.id,
        "answer_id": begun.turn.assistant_message.id, "speech_end_ms": place, "transcript_final_ms": final,
    }  # fmt: skip
