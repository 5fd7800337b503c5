"""Which WebSocket under /v1 is whose."""

from starlette.types import Receive, Scope, Send

from radiant.doors.gateway import deepgram_live, deepgram_speaking, elevenlabs, elevenlabs_hearing, elevenlabs_speaking
from radiant.doors.gateway.call import Protocol
from radiant.doors.gateway.lanes import Engine
from radiant.doors.gateway.sound_socket import SoundSocket, Talk, hearing, serve

_TALKS: dict[str, tuple[Protocol, Talk]] = {
    deepgram_live.PATH: ("deepgram", hearing(deepgram_live.Live)),
    deepgram_speaking.PATH: ("deepgram", deepgram_speaking.speak_live),
    elevenlabs_hearing.PATH: ("elevenlabs", hearing(elevenlabs_hearing.Live)),
}


def _talk(path: str) -> tuple[Protocol, Talk] | None:
    if path.startswith(elevenlabs.PREFIX):
        return "elevenlabs", elevenlabs_speaking.speak_input
    return _TALKS.get(path)


def takes(path: str) -> bool:
    """Whether there is one at that path."""
    return _talk(path) is not None


async def talk(engine: Engine, scope: Scope, receive: Receive, send: Send) -> None:
    """One socket, at a path that `takes` takes."""
    found = _talk(scope["path"])
    assert found is not None
    protocol, how = found
    await serve(SoundSocket(engine, scope, receive, send, protocol), how)
