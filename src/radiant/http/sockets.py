"""uvicorn's WebSocket protocol with a short cut: a path that a door takes is served past ASGI, message by message.

ASGI wakes a task for each message in and encodes each message out for each receiver; a room of twenty sends the same
bytes to nineteen. Here a door gets each message as it comes, and writes whole frames to the transport, which uvloop
joins to one write a turn. The handshake, pings, limits and the close are uvicorn's and `websockets`'; other paths go
uvicorn's way.
"""

import asyncio
from collections.abc import Callable
from typing import Any, Protocol
from urllib.parse import unquote

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from radiant.kit.text import close_reason

MAX_MESSAGE = 2**20
"""Bytes; a larger one closes the socket with 1009."""
_CLOSE_SECONDS = 10.0


class Receiver(Protocol):
    """What a door does with a socket."""

    def received(self, data: bytes) -> None:
        """A binary message, whole."""
        ...

    def closed(self) -> None:
        """The connection has gone; called once."""
        ...


Door = Callable[["DirectSocket", str, str], Receiver | None]
"""Given the socket, its path and its query: who receives, or None where it is not the door's."""


class DirectSocket(WebSocketsSansIOProtocol):
    """Made for each connection."""

    door: Door

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._receiver: Receiver | None = None
        self._paused = False

    # --- what a door calls ---

    def write(self, frames: bytes) -> None:
        """Whole frames."""
        if not self.close_sent and not self.transport.is_closing():
            self.transport.write(frames)

    def buffered(self) -> int:
        """Bytes that wait for the client to read."""
        return self.transport.get_write_buffer_size()

    def end(self, code: int, reason: str) -> None:
        """Close with these. Who does not answer in ten seconds, and does not read, is cut off."""
        if self.close_sent or self.transport.is_closing():
            return
        self.conn.send_close(code, close_reason(reason))
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self.stop_keepalive()
        self.close_timer = asyncio.get_running_loop().call_later(_CLOSE_SECONDS, self.transport.abort)

    def pause(self, seconds: float) -> None:
        """Read nothing for so long."""
        if not self._paused:
            self._paused = True
            self.transport.pause_reading()
            asyncio.get_running_loop().call_later(seconds, self._resume)

    def _resume(self) -> None:
        self._paused = False
        if not self.transport.is_closing():
            self.transport.resume_reading()

    # --- what uvicorn's protocol calls ---

    def handle_connect(self, event: Any) -> None:
        """The request for a socket."""
        path, _, query = event.path.partition("?")
        receiver = self.door(self, unquote(path), query)
        if receiver is None:
            super().handle_connect(event)
            return
        response = self.conn.accept(event)
        self.handshake_initiated = self.handshake_complete = True
        self.conn.send_response(response)
        self.transport.write(b"".join(self.conn.data_to_send()))
        if response.status_code != 101:
            self.close_sent = True
            self.transport.close()
            receiver.closed()
            return
        self._receiver = receiver
        self.start_keepalive()

    def send_receive_event_to_app(self) -> None:
        """A message is whole."""
        if self._receiver is None:
            super().send_receive_event_to_app()
            return
        frames = self.frames
        data = frames[0] if len(frames) == 1 else b"".join(frames)
        self.frames = []
        if self.close_sent:
            return
        if self.curr_msg_data_type == "text":
            self.end(1003, "messages here are binary")
            return
        self._receiver.received(bytes(data))

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection has gone."""
        super().connection_lost(exc)
        receiver, self._receiver = self._receiver, None
        if receiver is not None:
            receiver.closed()


def sockets_for(door: Door) -> type[DirectSocket]:
    """For `uvicorn.Config(ws=…)`."""
    return type("SocketOfDoor", (DirectSocket,), {"door": staticmethod(door)})
