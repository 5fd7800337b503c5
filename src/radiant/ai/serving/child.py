"""One subprocess that serves one model on a loopback port of its own.

The child is told what to do by one line of JSON on its standard input (so that no key stands in the list of
processes), answers with one line `{"port": …}` when it can serve, and ends when that input ends. It also asks the
kernel for a SIGKILL at its parent's death, so that nothing outlives a kill -9.
"""

import asyncio
import contextlib
import os
import secrets
import sys
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import msgspec
import structlog

from radiant.ai.serving.problems import ModelLoadFailed

log = structlog.get_logger()

# Of our environment a child gets what Python and the loader need: no keys of providers, and no LLAMA_ARG_…,
# by which the environment would change what the server does.
_PASSED_ON = ("PATH", "HOME", "TMPDIR", "VIRTUAL_ENV", "LANG", "LC_", "LD_", "PYTHON", "COVERAGE_")
LONGEST_START = 300.0
GRACE = 3.0
_KEPT_LINES = 30


class _Ready(msgspec.Struct):
    port: int


class Running(Protocol):
    """A model's process that serves."""

    api_key: str

    @property
    def pid(self) -> int:
        """Its process id."""
        ...

    @property
    def alive(self) -> bool:
        """Whether it has not ended, as far as is known."""
        ...

    @property
    def base_url(self) -> str:
        """Where it speaks OpenAI's protocol."""
        ...

    def last_words(self) -> str:
        """The end of its log."""
        ...

    async def wait(self) -> int:
        """Its exit code, once it has ended."""
        ...

    async def healthy(self) -> bool:
        """Whether it answers."""
        ...

    async def stop(self) -> None:
        """End it. Safe to call twice."""
        ...

    def kill(self) -> None:
        """End it at once, without waiting."""
        ...


class Child:
    """A running model process. Made by `start_child`."""

    def __init__(self, model_id: str, process: asyncio.subprocess.Process, api_key: str) -> None:
        self.model_id = model_id
        self.api_key = api_key
        self.port = 0
        self._process = process
        self._last_lines: deque[str] = deque(maxlen=_KEPT_LINES)
        self._log_reader = asyncio.create_task(self._read_log(), name=f"log of {model_id}")

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it has not ended, as far as is known."""
        return self._process.returncode is None

    @property
    def base_url(self) -> str:
        """Where it speaks OpenAI's protocol."""
        return f"http://127.0.0.1:{self.port}/v1"

    def last_words(self) -> str:
        """The end of its log."""
        return "\n".join(self._last_lines)

    async def wait(self) -> int:
        """Its exit code, negative for a signal, once it has ended."""
        return await self._process.wait()

    async def healthy(self) -> bool:
        """Whether it answers GET /health within 5 seconds."""
        writer: asyncio.StreamWriter | None = None
        try:
            async with asyncio.timeout(5.0):
                reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
                writer.write(b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                return (await reader.readline()).split(b" ")[1:2] == [b"200"]
        except (TimeoutError, OSError):
            return False
        finally:
            if writer is not None:
                writer.close()

    async def stop(self) -> None:
        """End it: politely, then by SIGKILL after GRACE seconds. Safe to call twice."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            async with asyncio.timeout(GRACE):
                await self._process.wait()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()
        finally:
            self._log_reader.cancel()
            await asyncio.gather(self._log_reader, return_exceptions=True)

    def kill(self) -> None:
        """End it at once, without waiting."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()

    async def ready(self) -> None:
        """Wait until it serves. Raises ModelLoadFailed."""
        assert self._process.stdout is not None
        try:
            async with asyncio.timeout(LONGEST_START):
                line = await self._process.stdout.readline()
        except TimeoutError as error:
            raise ModelLoadFailed(
                f"{self.model_id} did not load within {LONGEST_START:.0f} seconds", model_id=self.model_id
            ) from error
        try:
            self.port = msgspec.json.decode(line, type=_Ready).port
        except msgspec.DecodeError as error:
            code = await self._process.wait()
            await asyncio.wait([self._log_reader], timeout=1.0)
            log.error("model.load_failed", model=self.model_id, exit_code=code, log=self.last_words())
            raise ModelLoadFailed(
                f"{self.model_id} could not be loaded (its process ended with {code}); the server's log has the reason",
                model_id=self.model_id,
            ) from error

    async def _read_log(self) -> None:
        assert self._process.stderr is not None
        while line := await self._process.stderr.readline():
            self._last_lines.append(line.decode("utf-8", "replace").rstrip()[:500])


async def start_child(model_id: str, module: str, orders: Mapping[str, Any], *, command: Sequence[str] = ()) -> Child:
    """Start `python -m module`, or another command, with these orders and wait until it serves. Raises
    ModelLoadFailed."""
    api_key = secrets.token_urlsafe(24)
    process = await asyncio.create_subprocess_exec(
        # -P: not the folder that we happen to stand in, which could hold a package of our name.
        *(command or (sys.executable, "-P", "-m", module)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={name: value for name, value in os.environ.items() if name.startswith(_PASSED_ON)},
        limit=2**20,
        # A Ctrl-C in the terminal is for us; we end our children in order.
        start_new_session=True,
    )
    child = Child(model_id, process, api_key)
    try:
        assert process.stdin is not None
        with contextlib.suppress(ConnectionError):
            process.stdin.write(msgspec.json.encode({**orders, "model_id": model_id, "api_key": api_key}) + b"\n")
            await process.stdin.drain()
        await child.ready()
    except BaseException:
        child.kill()
        await child.stop()
        raise
    return child
