"""Server-sent events: the frames, and a response that pings and stops when the client is gone."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator

from starlette.responses import StreamingResponse

PING = b": ping\n\n"
PING_SECONDS = 15.0


def frame(data: str | bytes, *, event: str | None = None, id: int | str | None = None) -> bytes:
    """One event. `data` and `id` hold no bare line break (JSON never does)."""
    head = b""
    if id is not None:
        head += f"id: {id}\n".encode()
    if event is not None:
        head += b"event: " + event.encode() + b"\n"
    body = data.encode() if isinstance(data, str) else data
    return head + b"data: " + body + b"\n\n"


async def with_pings(frames: AsyncGenerator[bytes], seconds: float = PING_SECONDS) -> AsyncIterator[bytes]:
    """`frames`, with a comment in each silence, so that proxies keep the connection and a dead one is noticed."""
    pending: asyncio.Task[bytes] | None = None
    try:
        while True:
            pending = pending or asyncio.ensure_future(anext(frames))
            done, _ = await asyncio.wait({pending}, timeout=seconds)
            if not done:
                yield PING
                continue
            try:
                item = pending.result()
            except StopAsyncIteration:
                return
            finally:
                pending = None
            yield item
    finally:
        if pending is not None:
            pending.cancel()
            with contextlib.suppress(asyncio.CancelledError, StopAsyncIteration):
                await pending
        await frames.aclose()


class EventStream(StreamingResponse):
    """A text/event-stream response; closing it closes the generator."""

    def __init__(self, frames: AsyncGenerator[bytes], *, headers: dict[str, str] | None = None) -> None:
        super().__init__(
            with_pings(frames),
            media_type="text/event-stream",
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"} | (headers or {}),
        )
