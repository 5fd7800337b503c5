"""Texts that come in pieces over a socket, said one after the other; what is not said yet can be dropped."""

import asyncio
import contextlib
import re
from collections.abc import Awaitable, Callable
from typing import TypeAlias

import msgspec

from radiant.ai.inference.metered import Labels
from radiant.ai.speech.speech import Say, Spoken
from radiant.doors.gateway.sound_socket import SoundSocket

# Where a sentence ends, or a line.
_END = re.compile(r"[.!?…。！？]+[\"'”’)\]]*(?=\s)|\n")
# So many texts wait at most; who sends more waits with them.
_MOST_WAITING = 32


class Words:
    """What was sent and is not yet said."""

    def __init__(self) -> None:
        self._text = ""

    def __len__(self) -> int:
        return len(self._text)

    def add(self, text: str) -> None:
        """More of it."""
        self._text += text

    def sentences(self, least: int) -> str:
        """The whole sentences, once they have `least` characters; else nothing."""
        end = max((found.end() for found in _END.finditer(self._text)), default=0)
        return self._cut(end) if end >= least else ""

    def rest(self) -> str:
        """All of it."""
        return self._cut(len(self._text))

    def _cut(self, end: int) -> str:
        text, self._text = self._text[:end].strip(), self._text[end:]
        return text


Deliver: TypeAlias = Callable[[Spoken], Awaitable[None]]
Then: TypeAlias = Callable[[], Awaitable[None]]


class Sayer:
    """Says what it is given by the model `name`, as `how` has it; each text is a call of its own. `run` beside it."""

    def __init__(self, socket: SoundSocket, name: str, how: Say, labels: Labels, deliver: Deliver) -> None:
        self._socket, self._name, self._how, self._labels, self._deliver = socket, name, how, labels, deliver
        self._waiting: asyncio.Queue[Say | Then | None] = asyncio.Queue(_MOST_WAITING)
        self._saying: asyncio.Task[None] | None = None

    async def say(self, text: str) -> None:
        """Next, say this."""
        if text.strip():
            await self._waiting.put(msgspec.structs.replace(self._how, text=text))

    async def then(self, act: Then) -> None:
        """Do that, once all before it is said."""
        await self._waiting.put(act)

    async def end(self) -> None:
        """No more comes."""
        await self._waiting.put(None)

    async def drop(self) -> None:
        """Say none of it, and stop in mid-word."""
        with contextlib.suppress(asyncio.QueueEmpty):
            while True:
                self._waiting.get_nowait()
        if self._saying is not None:
            self._saying.cancel()
            await asyncio.wait([self._saying])

    async def run(self) -> None:
        """Until the end. Raises as `Speech.speak` does."""
        while (item := await self._waiting.get()) is not None:
            if not isinstance(item, Say):
                await item()
                continue
            self._saying = saying = asyncio.create_task(self._say(item))
            try:
                await asyncio.wait([saying])
            except asyncio.CancelledError:
                saying.cancel()
                await asyncio.wait([saying])
                raise
            self._saying = None
            if not saying.cancelled():
                saying.result()

    async def _say(self, what: Say) -> None:
        speech = self._socket.engine.speech
        async with (
            await speech.speak(self._socket.caller, self._name, what, self._labels) as speaking,
            contextlib.aclosing(speaking.pieces()) as pieces,
        ):
            async for piece in pieces:
                await self._deliver(piece)
