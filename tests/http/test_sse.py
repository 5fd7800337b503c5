"""Server-sent events: the frames, the pings in silence, the end with the client."""

import asyncio
from collections.abc import AsyncGenerator

import pytest

from radiant.http.sse import PING, EventStream, frame, with_pings


def test_a_frame_is_what_the_standard_says() -> None:
    assert frame("{}") == b"data: {}\n\n"
    assert frame(b"[1]", event="text", id=7) == b"id: 7\nevent: text\ndata: [1]\n\n"
    assert frame("ä") == "data: ä\n\n".encode()


async def test_frames_pass_in_order_and_silence_is_filled_with_pings() -> None:
    async def frames() -> AsyncGenerator[bytes]:
        yield b"one"
        await asyncio.sleep(0.25)
        yield b"two"

    found = [item async for item in with_pings(frames(), 0.1)]
    assert found == [b"one", PING, PING, b"two"]
    assert PING.startswith(b":")
    assert PING.endswith(b"\n\n")


async def test_no_ping_where_there_is_no_silence() -> None:
    async def frames() -> AsyncGenerator[bytes]:
        for number in range(20):
            await asyncio.sleep(0.01)
            yield b"%d" % number

    assert [item async for item in with_pings(frames(), 0.5)] == [b"%d" % number for number in range(20)]


async def test_a_failure_of_the_source_is_not_swallowed() -> None:
    async def frames() -> AsyncGenerator[bytes]:
        yield b"one"
        raise RuntimeError("cut")

    with pytest.raises(RuntimeError, match="cut"):
        async for _ in with_pings(frames(), 0.1):
            pass


async def test_a_client_that_goes_away_in_a_silence_closes_the_source() -> None:
    closed = asyncio.Event()

    async def frames() -> AsyncGenerator[bytes]:
        try:
            yield b"one"
            await asyncio.Event().wait()
        finally:
            closed.set()

    asked = asyncio.Event()

    async def receive() -> dict[str, str]:
        await asked.wait()
        return {"type": "http.disconnect"}

    async def send(message: dict[str, object]) -> None:
        if message.get("body"):
            asked.set()

    stream = EventStream(frames())
    assert stream.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert stream.headers["cache-control"] == "no-store"
    assert stream.headers["x-accel-buffering"] == "no"
    scope = {"type": "http", "asgi": {"spec_version": "2.3"}, "method": "GET"}
    await asyncio.wait_for(stream(scope, receive, send), 5)  # type: ignore[arg-type]
    await asyncio.wait_for(closed.wait(), 5)
