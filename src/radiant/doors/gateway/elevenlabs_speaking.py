"""WS /v1/text-to-speech/{voice}/stream-input and /multi-stream-input: ElevenLabs' speech from text that comes in pieces,
by any model that speaks. https://elevenlabs.io/docs/api-reference/text-to-speech/v-1-text-to-speech-voice-id-stream-input"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import msgspec

from radiant.ai.inference.metered import Labels
from radiant.ai.speech.speech import Say, Spoken, Timing
from radiant.doors.gateway.elevenlabs import DEFAULT_MODEL, LONGEST_TEXT, PREFIX, check_voice, format_of, settings_of
from radiant.doors.gateway.openai_request import BadRequest
from radiant.doors.gateway.saying import Sayer, Words
from radiant.doors.gateway.sound_socket import REFUSED, SoundSocket
from radiant.kit.errors import NotFound, Problem
from radiant.kit.together import together

ONE, SEVERAL = "/stream-input", "/multi-stream-input"
# Characters before something is said, from the first time to the last.
_SCHEDULE = (120, 160, 250, 290)
# Who wants to trigger it earlier needs so many.
_LEAST_TRIGGERED = 20
_MOST_CONTEXTS = 5


class _Generation(msgspec.Struct):
    chunk_length_schedule: list[int] = []


class _Message(msgspec.Struct):
    text: str | None = None
    voice_settings: dict[str, Any] | None = None
    generation_config: _Generation | None = None
    try_trigger_generation: bool = False
    flush: bool = False
    context_id: str | None = None
    contextId: str | None = None
    close_context: bool = False
    close_socket: bool = False


@asynccontextmanager
async def speak_input(socket: SoundSocket) -> AsyncGenerator[Callable[[], Awaitable[None]]]:
    """Looks whether there is such a model before the socket opens. Raises as `Speech.targets` does, BadRequest."""
    voice, _, way = socket.path.removeprefix(PREFIX).partition("/")
    if f"/{way}" not in (ONE, SEVERAL):
        raise NotFound(f"{socket.path}: there is no such endpoint")
    check_voice(voice)
    query = socket.query()
    how = Say(
        model="", voice=voice, text="", format=format_of(query.text("output_format", "mp3_44100_128")),
        language=query.text("language_code") or None, timed=query.flag("sync_alignment"),
    )  # fmt: skip
    name = query.text("model_id", DEFAULT_MODEL)
    labels = await socket.labels()
    await socket.engine.speech.targets(socket.caller, name, "speech")
    inputs = _Inputs(
        socket, name, how, labels, several=f"/{way}" == SEVERAL, at_once=query.flag("auto_mode"),
        patience=query.whole("inactivity_timeout", 20, 1, 180),
    )  # fmt: skip
    yield inputs.run


class _Context:
    """One text: of a socket for several, what goes by a name."""

    def __init__(self, sayer: Sayer, schedule: Sequence[int], *, at_once: bool) -> None:
        self.sayer = sayer
        self.words = Words()
        self._schedule = schedule
        self._said = 0
        self._at_once = at_once

    async def add(self, message: _Message) -> None:
        """More text; what of it can be said is."""
        self.words.add(message.text or "")
        least = self._schedule[min(self._said, len(self._schedule) - 1)]
        if message.flush or self._at_once or len(self.words) > LONGEST_TEXT:
            ready = self.words.rest()
        elif message.try_trigger_generation and len(self.words) >= _LEAST_TRIGGERED:
            ready = self.words.sentences(_LEAST_TRIGGERED)
        else:
            ready = self.words.sentences(least)
        if ready:
            self._said += 1
            await self.sayer.say(ready)

    async def end(self) -> None:
        """Say what is left."""
        await self.sayer.say(self.words.rest())


class _Inputs:
    def __init__(
        self, socket: SoundSocket, name: str, how: Say, labels: Labels, *, several: bool, at_once: bool, patience: int
    ) -> None:
        self._socket, self._name, self._how, self._labels = socket, name, how, labels
        self._several, self._at_once, self._patience = several, at_once, patience
        self._contexts: dict[str | None, _Context] = {}
        self._late = f"input_timeout_exceeded: nothing came for {patience} seconds; a space keeps the socket open"

    async def run(self) -> None:
        """Until the client has sent all and was told all."""
        async with self._socket.telling(_error), together() as group:
            while await self._take(group):
                pass
        await self._socket.hang_up()

    async def _take(self, group: asyncio.TaskGroup) -> bool:
        data = await self._socket.receive(self._patience, self._late)
        try:
            message = msgspec.json.decode(data, type=_Message)
        except msgspec.DecodeError as error:
            raise BadRequest(f"a message is a JSON object with a text: {error}") from error
        name = (message.context_id or message.contextId) if self._several else None
        if message.close_socket and self._several:
            for each in list(self._contexts):
                await self._end(each)
            return False
        if message.text == "" and not self._several:
            await self._end(None)
            return False
        context = self._contexts.get(name)
        if message.close_context and self._several:
            if context is not None:
                context.words.rest()
                await context.sayer.drop()
                await self._end(name)
            return True
        if context is None:
            context = self._begin(group, name, message)
        await context.add(message)
        return True

    def _begin(self, group: asyncio.TaskGroup, name: str | None, message: _Message) -> _Context:
        if len(self._contexts) >= _MOST_CONTEXTS:
            raise BadRequest(f"context_id: at most {_MOST_CONTEXTS} at once; close one", "context_id")
        settings, speed = settings_of(message.voice_settings)
        how = msgspec.structs.replace(self._how, settings=settings, speed=speed)
        sayer = Sayer(self._socket, self._name, how, self._labels, partial(self._deliver, name))
        asked = message.generation_config.chunk_length_schedule if message.generation_config else ()
        context = self._contexts[name] = _Context(sayer, asked or _SCHEDULE, at_once=self._at_once)
        group.create_task(sayer.run())
        return context

    async def _end(self, name: str | None) -> None:
        context = self._contexts.pop(name, None)
        if context is None:
            await self._final(name)
            return
        await context.end()
        await context.sayer.then(partial(self._final, name))
        await context.sayer.end()

    async def _deliver(self, name: str | None, piece: Spoken) -> None:
        alignment = _alignment(piece.timing)
        told = {"audio": piece.data, "isFinal": None, "normalizedAlignment": alignment, "alignment": alignment}
        await self._socket.send(told | self._of(name))

    async def _final(self, name: str | None) -> None:
        await self._socket.send({"audio": None, "isFinal": True} | self._of(name))

    def _of(self, name: str | None) -> dict[str, str | None]:
        return {"contextId": name} if self._several else {}


def _error(problem: Problem) -> dict[str, Any]:
    return {"message": problem.detail, "error": problem.slug.replace("-", "_"), "code": REFUSED}


def _alignment(timing: Timing | None) -> dict[str, Any] | None:
    """In milliseconds from the start of the piece."""
    if timing is None or not timing.characters:
        return None
    first = timing.starts[0]
    return {
        "chars": timing.characters,
        "charStartTimesMs": [round((start - first) * 1000) for start in timing.starts],
        "charDurationsMs": [round((end - start) * 1000) for start, end in zip(timing.starts, timing.ends, strict=True)],
    }
