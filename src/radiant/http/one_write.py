"""uvicorn's HTTP protocol where a microsecond counts: an answer's head and first piece in one write, and sending without
a task.

uvicorn writes a head as soon as it is known, so that an answer of two hundred bytes costs two system calls and two
packets. (Measured: a twelfth of the CPU of a relayed call.)
"""

import asyncio
from collections.abc import Callable
from typing import Any

from starlette.types import Message, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

_HEAD = b"HTTP/1.1 "


class _Transport:
    """Holds a head back until what follows it, or until the loop's next turn."""

    __slots__ = ("_held", "_inner", "_loop")

    def __init__(self, inner: asyncio.Transport) -> None:
        self._inner = inner
        self._loop = asyncio.get_running_loop()
        self._held: bytes | None = None

    def write(self, data: bytes) -> None:
        """As a transport's."""
        if self._held is not None:
            data, self._held = self._held + data, None
        elif data.startswith(_HEAD):
            self._held = data
            self._loop.call_soon(self._flush)
            return
        self._inner.write(data)

    def _flush(self) -> None:
        held, self._held = self._held, None
        if held is not None:
            self._inner.write(held)

    def close(self) -> None:
        """As a transport's: what was written is sent first."""
        self._flush()
        self._inner.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


class OneWriteProtocol(HttpToolsProtocol):
    """For `uvicorn.Config(http=…)`."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """As a protocol's."""
        super().connection_made(_Transport(transport))  # type: ignore[arg-type]


def sender_now(send: Send) -> Callable[[Message], bool] | None:
    """A function that sends a message at once and gives True, or gives False where the client is behind and `send` must
    be awaited; None where the server is another one. It may be called outside of any task."""
    cycle = getattr(send, "__self__", None)
    if not isinstance(cycle, RequestResponseCycle):
        return None

    def send_now(message: Message) -> bool:
        if cycle.flow.write_paused:
            return False
        # It only ever waits for a client that is behind.
        coroutine = cycle.send(message)  # type: ignore[arg-type]
        try:
            coroutine.send(None)
        except StopIteration:
            return True
        raise RuntimeError("the server waited for a client that is not behind")

    return send_now
