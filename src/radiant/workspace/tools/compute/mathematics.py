"""The processes that do symbolic maths and units, from the side of who asks."""

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import Mapping
from itertools import count
from typing import Any, cast

from radiant.workspace.tools.base import BadArguments, ToolFailed
from radiant.workspace.tools.compute.spare import Spare, end

SECONDS = 10.0
_MEGABYTES = 1024
_START = 60.0
_MOST_ANSWER = 2**22


class Mathematics:
    """Made once by a root. A process is started when first needed, serves one order at a time, is killed at the order's time
    limit, and dies when idle. `slots`: how many children of this host may compute at once."""

    def __init__(self, slots: asyncio.Semaphore) -> None:
        self._slots = slots
        self._spare = Spare[asyncio.subprocess.Process]()
        self._ids = count(1)

    async def ask(self, of: str, order: Mapping[str, Any], seconds: float) -> dict[str, Any]:
        """The answer of an order for `of`, "symbolic" or "units". Raises BadArguments with what was refused, ToolFailed."""
        seconds = max(0.1, min(seconds, SECONDS))
        async with self._slots:
            process = self._spare.take() or await self._start()
            line = {**order, "id": next(self._ids), "of": of, "seconds": seconds}
            answered = False
            try:
                async with asyncio.timeout(seconds):
                    answer = await _exchange(process, line)
                answered = True
            except TimeoutError as error:
                raise ToolFailed(f"it took longer than {seconds:g} seconds; ask for something simpler") from error
            except (ConnectionError, ValueError) as error:
                raise ToolFailed(
                    "it took more memory than it may, or broke the library; ask for something simpler"
                ) from error
            finally:
                if answered:
                    self._spare.keep(process)
                else:
                    self._spare.end(process)
        if "refused" in answer:
            raise BadArguments(str(answer["refused"]))
        return {name: value for name, value in answer.items() if name != "id"}

    async def _start(self) -> asyncio.subprocess.Process:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-I", "-m", "radiant.workspace.tools.compute_child", str(_MEGABYTES),
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
            env={"PATH": os.defpath}, start_new_session=True, limit=_MOST_ANSWER,
        )  # fmt: skip
        try:
            async with asyncio.timeout(_START):
                await _exchange(process, {"id": 0, "of": "ready"})
        except (TimeoutError, ConnectionError, ValueError) as error:
            await end(process)
            raise ToolFailed("the process for symbolic maths and units did not start", again=True) from error
        except asyncio.CancelledError:
            self._spare.end(process)
            raise
        return process

    async def close(self) -> None:
        """End what is idle. Calls under way end with whoever made them."""
        await self._spare.close()


async def _exchange(process: asyncio.subprocess.Process, line: Mapping[str, Any]) -> dict[str, Any]:
    """One order and its answer. Raises ConnectionError where the process ended, ValueError where it says too much."""
    assert process.stdin is not None
    assert process.stdout is not None
    with contextlib.suppress(ConnectionError):
        process.stdin.write(json.dumps(line).encode() + b"\n")
        await process.stdin.drain()
    answer = await process.stdout.readline()
    if not answer.endswith(b"\n"):
        raise ConnectionResetError("the process ended")
    return cast(dict[str, Any], json.loads(answer))
