"""The processes that `radiant up` starts: each dies with it, is started again when it falls, and is stopped in order."""

import asyncio
import ctypes
import faulthandler
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

_PR_SET_PDEATHSIG = 1
_KEEP_LOG_BYTES = 10_000_000
_RESTARTS = 5
_RESTART_WINDOW = 60.0
_STOP_SECONDS = 15.0

# Loaded before the fork: the child of a fork must not load anything.
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def _die_with_parent() -> None:
    if _libc is not None:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def end_within(seconds: float, loop: asyncio.AbstractEventLoop) -> None:
    """End this process after so long, should it not have ended by itself; what hangs is written to its log."""

    def end() -> None:
        print(f"still here {seconds:g} s after it was told to end; what hangs:", file=sys.stderr)  # noqa: T201
        for task in asyncio.all_tasks(loop):
            task.print_stack(file=sys.stderr)
        faulthandler.dump_traceback()
        os._exit(1)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()


@dataclass(slots=True)
class Child:
    """One process: `radiant <verb>` with these environment variables, its output in a file or shown."""

    verb: str
    environment: dict[str, str]
    log_file: Path | None
    process: subprocess.Popen[bytes] | None = None
    starts: list[float] = field(default_factory=list[float])

    def start(self) -> None:
        """Start it."""
        self.starts.append(time.monotonic())
        output: IO[bytes] | None = None
        if self.log_file is not None:
            self.log_file.parent.mkdir(parents=True, exist_ok=True)
            if self.log_file.exists() and self.log_file.stat().st_size > _KEEP_LOG_BYTES:
                self.log_file.replace(self.log_file.with_suffix(".log.1"))
            output = self.log_file.open("ab")
        try:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "radiant", self.verb],
                env=os.environ | self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,  # Ctrl-C reaches us alone, and we stop them in order
                preexec_fn=_die_with_parent,
            )
        finally:
            if output is not None:
                output.close()

    def exited(self) -> int | None:
        """Its exit code, or None while it runs."""
        return self.process.poll() if self.process is not None else None

    def falls_too_often(self) -> bool:
        """Whether it fell five times within a minute."""
        recent = [at for at in self.starts if time.monotonic() - at < _RESTART_WINDOW]
        return len(recent) > _RESTARTS

    def stop(self) -> None:
        """SIGTERM, and SIGKILL if that is not heard."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def tail(self, lines: int = 15) -> str:
        """The end of its log."""
        if self.log_file is None or not self.log_file.exists():
            return ""
        return "\n".join(self.log_file.read_text(errors="replace").splitlines()[-lines:])


class FellTooOften(Exception):
    """A process does not stay up; the message holds the end of its log."""


def supervise(
    children: list[Child], stopping: Callable[[], bool], say: Callable[[str], None], look: Callable[[], None]
) -> None:
    """Keep the children up until `stopping`; `look` sees to what is not a child. Raises FellTooOften and what it raises."""
    while not stopping():
        look()
        for child in children:
            code = child.exited()
            if code is None:
                continue
            if child.falls_too_often():
                raise FellTooOften(f"{child.verb} keeps falling (exit {code}):\n{child.tail()}")
            say(f"{child.verb} ended (exit {code}); starting it again")
            child.start()
        time.sleep(0.2)
