"""At most one process that is kept ready, and left to die once nobody has wanted it for a while."""

import asyncio
import contextlib
import os
import signal
from typing import Generic, TypeVar

_IDLE = 120.0

P = TypeVar("P", bound=asyncio.subprocess.Process)


async def end(process: asyncio.subprocess.Process) -> None:
    """Kill it and its group, if it has not ended, and see it off. It leads a session of its own."""
    if process.stdin is not None:
        process.stdin.close()
    if process.returncode is None:
        # The group, since what has just begun does not yet die with its parent.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    for stream in (process.stdout, process.stderr):
        # The end of a process is told when its pipes are at their end, and a full buffer stops them before it.
        while stream is not None and await stream.read(2**16):
            pass
    await process.wait()


class Spare(Generic[P]):
    """Belongs to one event loop. `seconds`: how long an unused one stays."""

    def __init__(self, seconds: float = _IDLE) -> None:
        self._seconds = seconds
        self._kept: P | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._ending: set[asyncio.Task[None]] = set()
        self.closed = False

    @property
    def there(self) -> bool:
        """Whether one is kept that has not ended."""
        return self._kept is not None and self._kept.returncode is None

    def take(self) -> P | None:
        """The one that is kept, which is the caller's from now on."""
        process, self._kept = self._kept, None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if process is not None and process.returncode is not None:
            self.end(process)
            return None
        return process

    def keep(self, process: P) -> None:
        """Keep it; if there is one already, or this is closed, it is ended."""
        if self.closed or self.there or process.returncode is not None:
            self.end(process)
            return
        self._kept = process
        self._timer = asyncio.get_running_loop().call_later(self._seconds, self._retire)

    def _retire(self) -> None:
        if (process := self.take()) is not None:
            self.end(process)

    def end(self, process: P) -> None:
        """End it, without waiting."""
        task = asyncio.get_running_loop().create_task(end(process))
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    async def close(self) -> None:
        """End the one that is kept, and keep none from now on."""
        self.closed = True
        if (process := self.take()) is not None:
            self.end(process)
        await asyncio.gather(*self._ending)
