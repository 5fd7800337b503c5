"""A server that says what bytes it is told to, over loopback: for clients that must bear anything."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

Handler = Callable[["Peer"], Awaitable[None]]


@dataclass
class Peer:
    """One connection, seen from the server. `number` counts connections from 0."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    number: int

    async def request(self) -> bytes:
        """The next request, head and body; b"" where the client ended."""
        try:
            head = await self.reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError):
            return b""
        length = 0
        for line in head.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        return head + await self.reader.readexactly(length)

    async def say(self, *pieces: bytes, gap: float = 0.0) -> None:
        """Write the pieces, each on its own."""
        for piece in pieces:
            self.writer.write(piece)
            await self.writer.drain()
            await asyncio.sleep(gap)

    def reset(self) -> None:
        """End with a reset instead of an orderly end."""
        self.writer.transport.abort()


@dataclass
class RawServer:
    """A running one: its port, how many connections came, how many are there."""

    port: int
    connections: int = 0
    open: int = 0
    requests: list[bytes] = field(default_factory=list[bytes])

    def url(self, path: str = "/", scheme: str = "http", host: str = "127.0.0.1") -> str:
        """An address of this server."""
        return f"{scheme}://{host}:{self.port}{path}"

    async def all_gone(self, seconds: float = 5.0) -> None:
        """Wait until every connection is closed."""
        async with asyncio.timeout(seconds):
            while self.open:
                await asyncio.sleep(0.005)


@asynccontextmanager
async def raw_server(
    handler: Handler, *, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1"
) -> AsyncIterator[RawServer]:
    """Serve with `handler`, called for each connection; it is closed when that returns."""
    tasks: set[asyncio.Task[None]] = set()
    writers: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = Peer(reader, writer, running.connections)
        running.connections += 1
        running.open += 1
        try:
            await handler(peer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            running.open -= 1
            writer.close()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        task = asyncio.get_running_loop().create_task(serve(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    running = RawServer(0)
    server = await asyncio.start_server(connected, host, 0, ssl=tls, limit=2**22)
    running.port = server.sockets[0].getsockname()[1]
    try:
        yield running
    finally:
        # What the kernel accepted for us is to be closed, too.
        await asyncio.sleep(0.002)
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for writer in writers:
            writer.transport.abort()
        # Sockets are closed in the loop's next rounds.
        for _ in range(3):
            await asyncio.sleep(0)


def saying(*pieces: bytes, gap: float = 0.0, after: Handler | None = None) -> Handler:
    """A handler that answers every request of a connection with `pieces`; `after` the first, where given."""

    async def handle(peer: Peer) -> None:
        while await peer.request():
            await peer.say(*pieces, gap=gap)
            if after is not None:
                await after(peer)
                return

    return handle


async def end(_peer: Peer) -> None:
    """For `after`: nothing more, the connection is closed."""


async def stay(peer: Peer) -> None:
    """For `after`: say nothing, wait until the client goes."""
    await peer.reader.read()
