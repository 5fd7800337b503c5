"""Programs in Monty, an interpreter of Python written in Rust that has no way out: no files, no network, no processes, no
environment, and limits of its own on time, memory and depth. Each of its workers is a process apart.

It knows a part of Python: the language with classes, and of the standard library math, json, re, datetime, collections,
itertools and such. No other packages.
"""

import ast
import asyncio
import contextlib
import importlib
from dataclasses import dataclass
from typing import Any

from radiant.workspace.tools.base import ToolFailed
from radiant.workspace.tools.compute.output import MOST, bounded

SECONDS = 10.0
_MEMORY = 256 * 2**20
# A program that prints more is stopped; less is cut for whoever reads it.
_MOST_PRINTED = 2**20
_GRACE = 0.5
_WAIT = 30.0
# What Monty lacks shows as one of these; so may a mistake of the program.
_PERHAPS_LACKING = (
    "ImportError", "ModuleNotFoundError", "NotImplementedError", "SyntaxError", "AttributeError", "NameError", "TypeError",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Done:
    """What a program did. `value`: of its last expression, as `repr` has it; `error`: with its traceback;
    `doubtful`: the error may be of what Monty does not know of Python, rather than of the program."""

    output: str
    value: str | None = None
    error: str | None = None
    doubtful: bool = False


class Programs:
    """Made once by a root. Workers are started when first needed; `most`: how many at once."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._pool: Any = None
        self._stack = contextlib.AsyncExitStack()
        self._opening = asyncio.Lock()

    async def run(self, code: str, tests: str = "", seconds: float = SECONDS) -> Done:
        """Run a program, then `tests` among its names. Raises ToolFailed where no worker can be had."""
        seconds = max(0.05, min(seconds, SECONDS))
        monty = await asyncio.to_thread(importlib.import_module, "pydantic_monty")
        pool = await self._opened(monty)
        limits = {
            "max_feed_duration_secs": seconds,
            "max_memory": _MEMORY,
            "max_recursion_depth": 400,
            "max_suspensions": 1,
        }
        policy = {"sleep": "zero", "process_time": "zero"}

        async def feed() -> Any:
            async with pool.checkout(script_name="program.py", limits=limits, os_policy=policy) as session:
                value = await session.feed_run(_with_value(code), print_callback=printed)
                if tests:
                    await session.feed_run(tests + "\nNone", print_callback=printed)
            return value

        work = asyncio.ensure_future(feed())
        printed = _Printed(asyncio.get_running_loop(), work)
        try:
            value = await work
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if not printed.flooded or (task is not None and task.cancelling()):
                raise
            return Done(printed.text(), error="it was stopped, since it printed more than a program may")
        except monty.MontyCrashedError as error:
            why = (
                f"TimeoutError: it was stopped after {seconds:g} seconds"
                if error.timed_out
                else "it broke the interpreter"
            )
            return Done(printed.text(), error=why)
        except (monty.MontyRuntimeError, monty.MontySyntaxError) as error:
            kind = type(error.exception()).__name__
            return Done(printed.text(), error=_explained(error), doubtful=kind in _PERHAPS_LACKING)
        except monty.MontyError as error:
            return Done(printed.text(), error=f"{type(error).__name__}: {str(error)[:500]}")
        except TimeoutError as error:
            raise ToolFailed("all sandboxes are busy; try again in a moment", again=True) from error
        return Done(printed.text(), value=bounded(value) if isinstance(value, str) else None)

    async def _opened(self, monty: Any) -> Any:
        async with self._opening:
            if self._pool is None:
                try:
                    # It looks for its workers' binary on the disk.
                    pool = await asyncio.to_thread(
                        lambda: monty.AsyncMonty(
                            min_processes=1, max_processes=self._most, checkout_timeout=_WAIT,
                            feed_duration_limit_grace=_GRACE, max_checkouts_per_worker=500,
                        )
                    )  # fmt: skip
                    self._pool = await self._stack.enter_async_context(pool)
                except (OSError, RuntimeError, monty.MontyError) as error:
                    raise ToolFailed(f"the sandbox for Python cannot be started on this host: {error}") from error
            return self._pool

    async def close(self) -> None:
        """End the workers."""
        async with self._opening:
            self._pool = None
            await self._stack.aclose()


class _Printed:
    """What a program prints, as Monty's threads hand it over: the beginning is kept, a flood ends the work."""

    def __init__(self, loop: asyncio.AbstractEventLoop, work: asyncio.Future[Any]) -> None:
        self.flooded = False
        self._loop, self._work = loop, work
        self._parts: list[str] = []
        self._length = 0

    def __call__(self, _stream: str, text: str) -> None:
        if self._length <= MOST:
            self._parts.append(text[: MOST + 1])
        self._length += len(text)
        if self._length > _MOST_PRINTED and not self.flooded:
            self.flooded = True
            with contextlib.suppress(RuntimeError):  # The loop has ended meanwhile.
                self._loop.call_soon_threadsafe(self._work.cancel)

    def text(self) -> str:
        """It, cut where it is long."""
        return bounded("".join(self._parts))


def _explained(error: Any) -> str:
    """The traceback, without what was put before the last line to have its value."""
    told = bounded(error.display("traceback"), 4_000).replace("<python-input-0>", "<program>")
    if f"{_VALUE} = (" in told:
        lines = [line for line in told.replace(f"{_VALUE} = (", "").splitlines() if line.strip(" ~^")]
        told = "\n".join(lines)
    return told.replace("<python-input-1>", "<tests>")


_VALUE = "_value_of_the_last_line"


def _with_value(code: str) -> str:
    """The program, made to end in the text of its last expression: so no value, of whatever size, leaves the sandbox."""
    try:
        body = ast.parse(code).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        # Monty says what is wrong with it.
        return code
    if not body or not isinstance(last := body[-1], ast.Expr):
        return code + "\nNone"
    lines = code.splitlines(keepends=True)
    # Columns count bytes. Its lines stay where they are, for the traceback.
    place = len("".join(lines[: last.lineno - 1]).encode()) + last.col_offset
    stop = len("".join(lines[: (last.end_lineno or last.lineno) - 1]).encode()) + (last.end_col_offset or 0)
    source = code.encode()
    changed = source[:place] + f"{_VALUE} = (".encode() + source[place:stop] + b"\n)" + source[stop:]
    return changed.decode() + f"\nNone if {_VALUE} is None else repr({_VALUE})[:{MOST + 1}]"
