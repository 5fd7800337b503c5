"""The load: requests over kept connections, as fast as they are answered, so many at a time."""

import asyncio
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

PROMPT = "Say hello to the bench. " * 14


@dataclass(slots=True)
class Outcome:
    """Seconds of each request; `failed` counts what was no whole 200."""

    seconds: list[float] = field(default_factory=list)
    first: list[float] = field(default_factory=list)
    failed: int = 0
    wall: float = 0.0
    last_failure: bytes = b""

    def p(self, share: float) -> float:
        """A percentile, in milliseconds."""
        ordered = sorted(self.seconds)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000 if ordered else float("nan")


@dataclass(frozen=True, slots=True)
class Door:
    """Where and as whom to ask. `headers` beside the usual ones."""

    port: int
    key: str
    model: str
    headers: dict[str, str] = field(default_factory=dict)

    def request(self, number: int, *, stream: bool, run: str) -> bytes:
        """The bytes of one request."""
        body = json.dumps(
            {
                "model": self.model,
                "messages": [{"role": "user", "content": PROMPT}],
                "max_tokens": 64,
                "user": f"{run}-{number}",
                **({"stream": True} if stream else {}),
            }
        ).encode()
        lines = {
            "host": f"127.0.0.1:{self.port}",
            "authorization": f"Bearer {self.key}",
            "content-type": "application/json",
            "content-length": str(len(body)),
            "x-request-id": f"{run}-{number}",
            **self.headers,
        }
        head = "POST /v1/chat/completions HTTP/1.1\r\n" + "".join(
            f"{name}: {value}\r\n" for name, value in lines.items()
        )
        return head.encode() + b"\r\n" + body


class _Client(asyncio.Protocol):
    def __init__(self) -> None:
        self._data = bytearray()
        self._waiter: asyncio.Future[bool] | None = None
        self._head = b""
        self._need = -1
        self.first = 0.0
        self.lost = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def connection_lost(self, _: Exception | None) -> None:
        self.lost = True
        self._finish(whole=False)

    def ask(self, request: bytes) -> "asyncio.Future[bool]":
        """Whether the answer was a whole 200."""
        self._data.clear()
        self._head, self._need, self.first = b"", -1, 0.0
        self._waiter = asyncio.get_running_loop().create_future()
        if self.lost:
            self._finish(whole=False)
        else:
            self._transport.write(request)
        return self._waiter if self._waiter is not None else _done(value=False)

    def data_received(self, data: bytes) -> None:
        if not self.first:
            self.first = time.perf_counter()
        self._data += data
        if not self._head:
            end = self._data.find(b"\r\n\r\n")
            if end < 0:
                return
            self._head = bytes(self._data[:end]).lower()
            at = self._head.find(b"content-length:")
            if at >= 0:
                self._need = end + 4 + int(self._head[at + 15 :].split(b"\r\n", 1)[0])
        if len(self._data) >= self._need if self._need >= 0 else self._data.endswith(b"0\r\n\r\n"):
            self._finish(whole=self._head.startswith(b"http/1.1 200") and self._right())

    def _right(self) -> bool:
        return self._need >= 0 or b"[DONE]" in self._data

    @property
    def answer(self) -> bytes:
        """What came."""
        return bytes(self._data)

    def _finish(self, *, whole: bool) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(whole)
        self._waiter = None

    def close(self) -> None:
        self._transport.close()


def _done(*, value: bool) -> "asyncio.Future[bool]":
    future: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
    future.set_result(value)
    return future


async def run(door: Door, count: int, *, at_once: int, stream: bool, name: str) -> Outcome:
    """`count` requests, `at_once` at a time."""
    outcome, numbers = Outcome(), iter(range(count))
    began = time.perf_counter()
    await asyncio.gather(*(_worker(door, numbers, outcome, stream=stream, name=name) for _ in range(at_once)))
    outcome.wall = time.perf_counter() - began
    return outcome


async def _worker(door: Door, numbers: Iterator[int], outcome: Outcome, *, stream: bool, name: str) -> None:
    loop = asyncio.get_running_loop()
    client: _Client | None = None
    for number in numbers:
        if client is None or client.lost:
            try:
                _, client = await loop.create_connection(_Client, "127.0.0.1", door.port)
            except OSError:
                outcome.failed += 1
                await asyncio.sleep(0.01)
                continue
        request = door.request(number, stream=stream, run=name)
        began = time.perf_counter()
        if await client.ask(request):
            outcome.seconds.append(time.perf_counter() - began)
            outcome.first.append(client.first - began)
        else:
            outcome.failed += 1
            outcome.last_failure = client.answer[:600]
    if client is not None:
        client.close()
