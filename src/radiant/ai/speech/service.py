"""A call of a model that hears or speaks: resolved, admitted against budgets, asked, fallen back from, settled.

Every call leaves one row in the ledger, with what it cost by the minute or the character (F21.8), whatever happens to it.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from types import TracebackType
from typing import Literal, TypeVar

import msgspec
import structlog

from radiant.ai.inference.metered import INTERNAL, Labels
from radiant.ai.inference.model import Model
from radiant.ai.inference.models import ModelNotFound, ModelUnavailable, Target
from radiant.ai.inference.service import Inference
from radiant.ai.policies.problems import PolicyViolation
from radiant.ai.providers.errors import UpstreamBadRequest, UpstreamError
from radiant.ai.providers.provider import Connection
from radiant.ai.providers.retry import Retries
from radiant.ai.serving.problems import ServingProblem
from radiant.ai.speech.names import hears_streams_alone
from radiant.ai.speech.speech import Heard, Hearer, Listen, Listening, Say, Sound, Speaker, Spoken, Transcript, Voice
from radiant.foundation.identity.callers import Caller
from radiant.foundation.usage.meter import Meter, Ticket
from radiant.foundation.usage.schemas import NewCall, Outcome
from radiant.infra.db import Database
from radiant.kit.errors import Invalid, Problem, Unavailable
from radiant.kit.ids import DecisionId, uuid7
from radiant.kit.money import ZERO

log = structlog.get_logger()
T = TypeVar("T")
Task = Literal["transcription", "speech"]

AUTO = "auto"
_DOES: Mapping[Task, str] = {"transcription": "hear", "speech": "speak"}
_MILLION = Decimal(1_000_000)
# How much of a stream is reserved before it is known how long it will be.
_FIRST_SECONDS = 60.0
# What each provider is asked for where nobody named a model: ElevenLabs' is the specification's.
_USUAL = frozenset({"eleven_multilingual_v2", "scribe_v1", "nova-3", "aura-2", "whisper-1", "tts-1"})
# What sends a call on to the next model, where the caller left the choice to us.
_NEXT = (UpstreamError, ServingProblem, ModelUnavailable)


class NoSpeechModel(Unavailable):
    """Nothing that hears, or speaks, can be used."""

    slug = "no-speech-model"


class OtherTask(Invalid):
    """The model does something else."""

    slug = "model-does-something-else"


@dataclass(slots=True)
class Bill:
    """What a call came to. `cost` in dollars, times in milliseconds."""

    model: Model
    decision_id: DecisionId
    headers: Mapping[str, str]
    cost: Decimal = ZERO
    first_ms: int | None = None
    duration_ms: int = 0


@dataclass(slots=True)
class HeardIt:
    """A transcript, and what it came to."""

    transcript: Transcript
    bill: Bill


class SpeakingIt:
    """Speech under way: `async with` it, iterate `pieces` once; `bill` is whole behind the block. Raises UpstreamError,
    ServingProblem in mid-speech."""

    def __init__(
        self, stack: contextlib.AsyncExitStack, bill: Bill, first: Spoken | None, rest: AsyncGenerator[Spoken]
    ) -> None:
        self.bill = bill
        self._stack = stack
        self._first = first
        self._rest = rest

    async def pieces(self) -> AsyncGenerator[Spoken]:
        """The sound as it comes."""
        if self._first is not None:
            yield self._first
            async for piece in self._rest:
                yield piece

    async def __aenter__(self) -> "SpeakingIt":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.__aexit__(kind, error, trace)


class ListeningIt:
    """A stream that is being heard: `async with` it, send and iterate at once; `bill` is whole behind the block."""

    def __init__(self, stack: contextlib.AsyncExitStack, bill: Bill, listening: Listening, rate: int) -> None:
        self.bill = bill
        self.sent = 0
        """Samples."""
        self._stack = stack
        self._listening = listening
        self._rate = rate

    @property
    def seconds(self) -> float:
        """How much was sent."""
        return self.sent / self._rate

    async def send(self, pcm: bytes) -> None:
        """The next sound. Raises UpstreamError."""
        self.sent += len(pcm) // 2
        self.bill.cost = hearing_cost(self.bill.model, self.seconds)
        await self._listening.send(pcm)

    async def finalize(self) -> None:
        """Make what was sent so far final."""
        await self._listening.finalize()

    async def close(self) -> None:
        """No more is sent."""
        await self._listening.close()

    def __aiter__(self) -> AsyncIterator[Heard]:
        return aiter(self._listening)

    async def __aenter__(self) -> "ListeningIt":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.__aexit__(kind, error, trace)


def hearing_cost(model: Model, seconds: float) -> Decimal:
    """Dollars for so much sound; nothing where the price is not known."""
    return (model.minute_price or ZERO) * Decimal(str(round(seconds, 3))) / 60


def speaking_cost(model: Model, characters: int) -> Decimal:
    """Dollars for so many characters; nothing where the price is not known."""
    return (model.character_price or ZERO) * characters / _MILLION


@dataclass(slots=True)
class Speech:
    """Made once by a root. `hearers` and `speakers` by the name of the provider."""

    database: Database
    inference: Inference
    meter: Meter
    hearers: Mapping[str, Hearer]
    speakers: Mapping[str, Speaker]

    async def transcribe(
        self, caller: Caller, name: str, sound: Sound, how: Listen, labels: Labels = INTERNAL
    ) -> HeardIt:
        """What is said in a recording, by the model of that name, or `auto`: by the best that can be had.

        Raises the problems of resolving, OtherTask, NoSpeechModel, PolicyViolation, BudgetExceeded, RateLimited,
        UpstreamError, ServingProblem.
        """

        async def attempt(target: Target) -> HeardIt:
            hearer = self.hearers[target.model.provider]
            asked = msgspec.structs.replace(how, model=target.model.upstream_id)
            worth = hearing_cost(target.model, sound.duration)
            async with self._billed(caller, target, "transcription", worth, labels) as bill:
                heard = await self._asked(target, lambda key: hearer.transcribe(sound, asked, key))
                # Measured, whatever the provider says (F21.2).
                transcript = msgspec.structs.replace(heard, duration=round(sound.duration, 6))
                bill.cost = worth
            return HeardIt(transcript, bill)

        return await self._first(caller, name, "transcription", attempt, streams=False)

    async def listen(self, caller: Caller, name: str, how: Listen, labels: Labels = INTERNAL) -> ListeningIt:
        """Begin to hear a stream of `how.rate`. Raises as `transcribe` does."""

        async def attempt(target: Target) -> ListeningIt:
            asked = msgspec.structs.replace(how, model=target.model.upstream_id)
            worth = hearing_cost(target.model, _FIRST_SECONDS)
            async with contextlib.AsyncExitStack() as stack:
                bill = await stack.enter_async_context(self._billed(caller, target, "transcription", worth, labels))
                hearer = self.hearers[target.model.provider]
                listening = await self._asked(target, lambda key: stack.enter_async_context(hearer.listen(asked, key)))
                return ListeningIt(stack.pop_all(), bill, listening, how.rate)

        # That one hears no streams says nothing of the next one.
        return await self._first(caller, name, "transcription", attempt, final=())

    async def speak(
        self, caller: Caller, name: str, what: Say, labels: Labels = INTERNAL,
        voices: Mapping[str, Mapping[str, str]] = {},
    ) -> SpeakingIt:  # fmt: skip
        """Begin to say it; returns with the first sound, so that a failure before it has its own status. `voices`: what
        the voice is called elsewhere, by provider. Raises as `transcribe` does."""

        async def attempt(target: Target) -> SpeakingIt:
            voice = voices.get(target.model.provider, {}).get(what.voice, what.voice)
            asked = msgspec.structs.replace(what, model=target.model.upstream_id, voice=voice)
            worth = speaking_cost(target.model, len(what.text))
            async with contextlib.AsyncExitStack() as stack:
                bill = await stack.enter_async_context(self._billed(caller, target, "speech", worth, labels))
                began = time.perf_counter()
                pieces, first = await self._asked(target, lambda key: self._begin(target, asked, key))
                stack.push_async_callback(pieces.aclose)
                bill.first_ms = round((time.perf_counter() - began) * 1000)
                # Who was asked to say a text wants to be paid for it, however much of it is listened to.
                bill.cost = worth
                return SpeakingIt(stack.pop_all(), bill, first, pieces)

        return await self._first(caller, name, "speech", attempt)

    async def _begin(self, target: Target, what: Say, key: Connection) -> tuple[AsyncGenerator[Spoken], Spoken | None]:
        pieces = self.speakers[target.model.provider].speak(what, key)
        try:
            first = await anext(pieces, None)
        except BaseException:
            await pieces.aclose()
            raise
        return pieces, first

    async def all_voices(self, caller: Caller) -> Sequence[tuple[Model, Sequence[Voice]]]:
        """The voices of every model that the caller can use; of one that cannot be asked now, none."""

        async def of(model: Model) -> tuple[Model, Sequence[Voice]]:
            try:
                target = await self.inference.target(caller, model.id)
                return model, await self.speakers[model.provider].voices(target.connection)
            except _NEXT as error:
                log.info("speech.no_voices", model=model.id, error=error.slug)
                return model, ()

        return await asyncio.gather(*map(of, await self.models(caller, "speech")))

    async def models(self, caller: Caller, task: Task) -> Sequence[Model]:
        """Those that the caller can use, the best first: the usual one of each provider, the cheapest before others; then
        what providers have besides; then those that run here."""
        rules = self.inference.policies.known(caller) or await self.inference.policies.of(caller)
        able = self.hearers if task == "transcription" else self.speakers
        found = [
            model
            for model in await self.inference.models.all(caller.db(self.database))
            if model.task == task
            and model.unavailable is None
            and model.provider in able
            and rules.why_not(model) is None
        ]
        return sorted(found, key=lambda model: (model.local, model.id not in _USUAL, _price(model, task)))

    async def targets(self, caller: Caller, name: str, task: Task, *, streams: bool = True) -> Sequence[Target]:
        """Who may be asked for it, in order; where nobody is named, of those that hear streams
        alone none but for `streams`. Raises as `transcribe` does."""
        if name != AUTO:
            target = await self.inference.target(caller, name)
            able = self.hearers if task == "transcription" else self.speakers
            if target.model.task != task or target.model.provider not in able:
                raise OtherTask(
                    f"model: {target.model.id} does not {_DOES[task]}; {await self._instead(caller, task)}",
                    param="model",
                )
            return [target]
        names = [model.id for model in await self.models(caller, task) if streams or not hears_streams_alone(model.id)]
        if not names:
            raise NoSpeechModel(
                f"nothing that can {_DOES[task]} is at hand: connect Deepgram, ElevenLabs or OpenAI under Settings,"
                " Providers, or install a model of this kind with `radiant models`"
            )
        found: list[Target] = []
        for each in names:
            with contextlib.suppress(ModelNotFound, ModelUnavailable, PolicyViolation):
                found.append(await self.inference.target(caller, each))
        if not found:
            raise NoSpeechModel(f"nothing that can {_DOES[task]} is at hand any more; ask again in a moment")
        return found

    async def _instead(self, caller: Caller, task: Task) -> str:
        names = [model.id for model in await self.models(caller, task)]
        return f"these can: {', '.join(names)}, or auto" if names else "none that is connected or installed does"

    async def _first(
        self, caller: Caller, name: str, task: Task, attempt: Callable[[Target], Awaitable[T]],
        final: tuple[type[Problem], ...] = (UpstreamBadRequest,), *, streams: bool = True,
    ) -> T:  # fmt: skip
        """`final`: what no other model would make better."""
        *others, last = await self.targets(caller, name, task, streams=streams)
        for target in others:
            try:
                return await attempt(target)
            except _NEXT as error:
                if isinstance(error, final):
                    raise
                log.info("speech.next", model=target.model.id, error=error.slug)
        return await attempt(last)

    async def _asked(self, target: Target, ask: Callable[[Connection], Awaitable[T]]) -> T:
        """Ask by one of the keys; again, or by another, where that is safe. Raises UpstreamError."""
        if target.model.local:
            return await ask(target.connection)
        total = target.connection.timeouts.total
        deadline = None if total is None else asyncio.get_running_loop().time() + total
        retries: Retries | None = None
        while True:
            try:
                async with await self.inference.upstreams.enter(target.keys, target.model.upstream_id) as lease:
                    answered = await ask(lease.listening())
                    lease.succeeded()
                    return answered
            except UpstreamError as error:
                retries = retries or Retries(len(target.keys), deadline)
                await retries.after(error)

    @contextlib.asynccontextmanager
    async def _billed(
        self, caller: Caller, target: Target, task: Task, worth: Decimal, labels: Labels
    ) -> AsyncGenerator[Bill]:
        model = target.model
        decision_id = DecisionId(uuid7())
        ticket = await self.meter.admit(
            caller.tenant_id,
            NewCall(
                user_id=caller.user_id, provider=model.provider, model=model.id, reserved=worth, kind=task,
                api_key_id=caller.api_key_id, run_id=labels.run_id, decision_id=decision_id,
                request_id=labels.request_id or caller.request_id, route=labels.route, protocol=labels.protocol,
                tags=labels.tags, streamed=labels.streamed,
            ),
        )  # fmt: skip
        bill = Bill(model, decision_id, ticket.headers)
        began = time.perf_counter()
        try:
            yield bill
        except BaseException as error:
            _finish(ticket, bill, began, error)
            raise
        _finish(ticket, bill, began, None)


def _finish(ticket: Ticket, bill: Bill, began: float, error: BaseException | None) -> None:
    bill.duration_ms = round((time.perf_counter() - began) * 1000)
    kind: str | None = None
    cut = isinstance(error, (asyncio.CancelledError, GeneratorExit))
    if isinstance(error, Problem):
        kind, error.accounted = error.slug, True
    elif error is not None and not cut:
        kind = "internal"
    ticket.finish(
        Outcome(
            cost=bill.cost, input_tokens=0, output_tokens=0, first_token_ms=bill.first_ms, duration_ms=bill.duration_ms,
            stop_reason="cancelled" if cut else None, error_kind=kind,
        )
    )  # fmt: skip


def _price(model: Model, task: Task) -> Decimal:
    price = model.minute_price if task == "transcription" else model.character_price
    return Decimal("Infinity") if price is None else price
