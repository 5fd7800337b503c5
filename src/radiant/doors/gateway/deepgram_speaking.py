"""WS /v1/speak: Deepgram's speech from text that comes in pieces, by any model that speaks.
https://developers.deepgram.com/reference/text-to-speech/speak-streaming"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager

import msgspec

from radiant.ai.speech.speech import Container, Say, SoundFormat, Spoken
from radiant.doors.gateway.deepgram import LONGEST_TEXT, model_of
from radiant.doors.gateway.openai_request import BadRequest
from radiant.doors.gateway.saying import Sayer, Words
from radiant.doors.gateway.sound_socket import SoundSocket
from radiant.kit.text import quoted
from radiant.kit.together import together

PATH = "/v1/speak"
_SILENT_SECONDS = 60 * 60.0
_LATE = "nothing came for an hour"
_CONTAINERS: Mapping[str, Container] = {"linear16": "pcm", "mulaw": "ulaw", "alaw": "alaw"}
# Whole sentences are said before anybody flushes, once there is so much.
_LEAST = 40


class _Message(msgspec.Struct):
    type: str = ""
    text: str = ""


@asynccontextmanager
async def speak_live(socket: SoundSocket) -> AsyncGenerator[Callable[[], Awaitable[None]]]:
    """Looks whether there is such a model before the socket opens. Raises as `Speech.targets` does, BadRequest."""
    query = socket.query()
    encoding = query.text("encoding", "linear16")
    if encoding not in _CONTAINERS:
        raise BadRequest(f"encoding: one of {', '.join(_CONTAINERS)}", "encoding")
    rate = query.whole("sample_rate", 24_000 if encoding == "linear16" else 8_000, 8_000, 48_000)
    speed = query.number("speed", 1.0, 0.7, 1.5)
    name, voice = model_of(query)
    labels = await socket.labels()
    await socket.engine.speech.targets(socket.caller, name, "speech")
    how = Say(
        model="", voice=voice, text="", format=SoundFormat(container=_CONTAINERS[encoding], rate=rate), speed=speed
    )

    async def deliver(piece: Spoken) -> None:
        if piece.data:
            await socket.send(piece.data)

    speaking = _Speaking(socket, name, Sayer(socket, name, how, labels, deliver))
    yield speaking.run


class _Speaking:
    def __init__(self, socket: SoundSocket, name: str, sayer: Sayer) -> None:
        self._socket, self._name, self._sayer = socket, name, sayer
        self._words = Words()
        self._flushed = 0

    async def run(self) -> None:
        """Until the client closes it."""
        await self._socket.send({
            "type": "Metadata", "request_id": self._socket.request_id, "model_name": self._name, "model_version": "",
            "model_uuid": self._name,
        })  # fmt: skip
        async with together() as group:
            group.create_task(self._sayer.run())
            group.create_task(self._take())
        await self._socket.hang_up()

    async def _take(self) -> None:
        while True:
            data = await self._socket.receive(_SILENT_SECONDS, _LATE)
            try:
                message = msgspec.json.decode(data, type=_Message)
            except msgspec.DecodeError as error:
                raise BadRequest(f"DATA-0000: a message is a JSON object with a type: {error}") from error
            match message.type:
                case "Speak":
                    await self._speak(message.text)
                case "Flush":
                    await self._sayer.say(self._words.rest())
                    await self._sayer.then(self._told("Flushed"))
                case "Clear":
                    self._words.rest()
                    await self._sayer.drop()
                    await self._told("Cleared")()
                case "Close":
                    await self._sayer.say(self._words.rest())
                    await self._sayer.end()
                    return
                case _:
                    raise BadRequest(f"there is no message of type {quoted(message.type)}")

    async def _speak(self, text: str) -> None:
        if len(text) > LONGEST_TEXT:
            raise BadRequest(f"text: at most {LONGEST_TEXT} characters a message", "text")
        self._words.add(text)
        whole = self._words.sentences(_LEAST)
        await self._sayer.say(whole or (self._words.rest() if len(self._words) > LONGEST_TEXT else ""))

    def _told(self, kind: str) -> Callable[[], Awaitable[None]]:
        number, self._flushed = self._flushed, self._flushed + 1

        async def tell() -> None:
            await self._socket.send({"type": kind, "sequence_id": number})

        return tell
