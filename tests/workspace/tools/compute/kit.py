"""A call of a tool by nobody in particular, and the eight probes of a sandbox."""

import os
import socket
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import Mock

from radiant.foundation.identity.callers import Caller
from radiant.kit.ids import uuid7
from radiant.workspace.tools.base import Tool, ToolResult, Use
from radiant.workspace.tools.compute import Compute


def use(seconds: float = 30.0) -> Use:
    """Tools that compute do not look at who calls."""
    return Use(caller=Mock(spec=Caller), call_id=uuid7(), seconds=seconds)


@asynccontextmanager
async def computing() -> AsyncIterator[Compute]:
    """The tools; their processes end with the block."""
    compute = Compute()
    try:
        yield compute
    finally:
        await compute.close()


def named(compute: Compute, name: str) -> Tool:
    """The tool of that name."""
    return next(tool for tool in compute.tools() if tool.name == name)


async def ask(compute: Compute, name: str, seconds: float = 30.0, **arguments: Any) -> ToolResult:
    """Call it."""
    return await named(compute, name).call(arguments, use(seconds))


@dataclass(frozen=True, slots=True)
class Probe:
    """`code` tries to do what a sandbox must stop; `leaked` tells from what it said, and from the host, whether it did."""

    name: str
    code: str
    leaked: Callable[[str], bool]


@asynccontextmanager
async def probes() -> AsyncIterator[list[Probe]]:
    """The eight of goals.md. While they run there is a secret in a file and in the environment, and a listener on loopback."""
    secret = f"secret-{os.getpid()}-{os.urandom(6).hex()}"
    with tempfile.TemporaryDirectory() as folder, socket.socket() as listener:
        file, written, spawned = Path(folder, "secret"), Path(folder, "written"), Path(folder, "spawned")
        file.write_text(secret)
        file.chmod(0o644)
        Path(folder).chmod(0o777)
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        listener.settimeout(0.2)
        port = listener.getsockname()[1]
        os.environ["RADIANT_PROBE_SECRET"] = secret
        inner = "\nprint('started')\n"
        try:
            yield [
                Probe("read a host file", f"print(open({str(file)!r}).read())", lambda said: secret in said),
                Probe(
                    "write a host file", f"open({str(written)!r}, 'w').write('x')\nprint('done')", lambda _: written.exists()
                ),
                Probe(
                    "connect to loopback",
                    f"import socket\nsocket.create_connection(('127.0.0.1', {port}), 1).send(b'x')\nprint('connected')",
                    lambda said: "connected" in said or _accepted(listener),
                ),
                Probe("read the environment", "import os\nprint(dict(os.environ))", lambda said: secret in said),
                Probe(
                    "spawn a process",
                    f"import subprocess\nsubprocess.run(['/bin/sh', '-c', 'touch {spawned}'])\n"
                    "subprocess.run(['/bin/sh', '-c', 'echo'])\nprint('ran it')",
                    lambda said: spawned.exists() or "ran it" in said,
                ),
                Probe("loop for ever", f"{inner}while True: pass", lambda said: "stopped after" not in said.replace(
                    "feed time limit exceeded", "stopped after")),
                Probe("take 1.5 GB", "x = 'a' * 1_500_000_000\nprint('taken', len(x))", lambda said: "taken" in said),
                Probe(
                    "fork bomb",
                    "import os\nfor _ in range(200):\n    if os.fork() == 0:\n        import time\n        time.sleep(3)\nprint('forked')",
                    lambda said: "forked" in said,
                ),
            ]  # fmt: skip
        finally:
            del os.environ["RADIANT_PROBE_SECRET"]


def _accepted(listener: socket.socket) -> bool:
    try:
        listener.accept()
    except TimeoutError:
        return False
    return True


async def said_by(call: Awaitable[ToolResult]) -> str:
    """What a program's caller gets to read, whichever way it ended."""
    from radiant.workspace.tools.base import ToolFailed

    try:
        return (await call).text
    except ToolFailed as failed:
        return failed.detail
