"""A client of `WS /api/voice/realtime` for tests: what it is told is kept, and waited for."""

import asyncio
import contextlib
import struct
from collections import defaultdict
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from tests.kit.server import Client
from tests.workspace.voice.kit import VOICE, begin

PATIENCE = 60.0
LOUD = b"\x00\x20\x00\xe0" * 400
"""50 ms of noise at 16 kHz."""


@dataclass
class Talk:
    """One conversation."""

    socket: aiohttp.ClientWebSocketResponse
    session_id: str
    told: list[dict[str, Any]] = field(default_factory=list)
    sound: dict[int, bytearray] = field(default_factory=lambda: defaultdict(bytearray))

    async def say(self, kind: str, **more: Any) -> None:
        """A message."""
        await self.socket.send_json({"type": kind, **more})

    async def next(self) -> dict[str, Any] | None:
        """The next message; None for sound."""
        async with asyncio.timeout(PATIENCE):
            message = await self.socket.receive()
        if message.type == aiohttp.WSMsgType.BINARY:
            (turn,) = struct.unpack("<I", message.data[:4])
            self.sound[turn] += message.data[4:]
            return None
        assert message.type == aiohttp.WSMsgType.TEXT, (message, self.told)
        self.told.append(message.json())
        return self.told[-1]

    async def until(self, kind: str, **members: Any) -> dict[str, Any]:
        """Read on until such a message comes."""
        while True:
            message = await self.next()
            if message is not None and message["type"] == kind and members.items() <= message.items():
                return message

    async def until_sound(self, turn: int) -> None:
        """Read on until sound of that turn comes."""
        before = len(self.sound[turn])
        while len(self.sound[turn]) == before:
            await self.next()

    async def play(self, turn: int, ms: float) -> None:
        """So much was played."""
        await self.say("played", turn=turn, ms=ms)

    async def play_out(self, turn: int) -> dict[str, Any]:
        """Read to the end of that turn's sound, playing it at once; what was told of it at the end."""
        while True:
            message = await self.next()
            if message is None:
                await self.play(turn, len(self.sound[turn]) / 48)
            elif message["type"] == "spoken" and message["turn"] == turn:
                await self.play(turn, message["duration_ms"] + 1)
                return message

    def of(self, kind: str) -> list[dict[str, Any]]:
        """All of that kind so far."""
        return [message for message in self.told if message["type"] == kind]

    async def end(self) -> None:
        """End in good order."""
        await self.say("end")
        await self.until("ended")
        async with asyncio.timeout(PATIENCE):
            closed = await self.socket.receive()
        assert closed.type == aiohttp.WSMsgType.CLOSE, closed


def headers_of(client: Client) -> dict[str, str]:
    """What a browser sends along."""
    return {**client.headers, "Origin": client.base_url}


@contextlib.asynccontextmanager
async def talking(client: Client, session: str | None = None, **options: Any) -> AsyncIterator[Talk]:
    """A conversation that is ready; hung up at the end of the block."""
    session = session or await begin(client, "realtime")
    async with client.http.ws_connect(f"{client.base_url}{VOICE}/realtime", headers=headers_of(client)) as socket:
        talk = Talk(socket, session)
        await talk.say("start", **({"session_id": session, "rate": 16_000} | options))
        await talk.until("ready")
        yield talk
