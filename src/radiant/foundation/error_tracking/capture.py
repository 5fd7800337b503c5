"""RADIANT's own exceptions: what is logged with a traceback, by structlog or by the standard library, is taken in.

So every place that reports a bug to the log reports it here, and none needs to know of this slice. Looking is cheap and
done at once; the rest is for a task. Reporting raises nothing and waits for nothing.
"""

import asyncio
import contextlib
import linecache
import logging
import time
import traceback
from collections import Counter, deque
from pathlib import Path
from types import TracebackType
from typing import Any
from uuid import UUID

import structlog

from radiant import __version__
from radiant.foundation.error_tracking.grouping import group
from radiant.foundation.error_tracking.occurrence import Frame, Occurrence, Raised, affected_by, bound
from radiant.foundation.error_tracking.scrub import Scrubber
from radiant.foundation.error_tracking.spool import Spool
from radiant.infra import telemetry
from radiant.kit.errors import Problem
from radiant.kit.ids import TenantId, UserId, parse_uuid, uuid7

log = structlog.get_logger()

_MOST_WAITING, _MOST_FRAMES, _CONTEXT_LINES = 500, 60, 3
# Of one kind, so many a minute are taken whole: a storm says nothing new.
_A_MINUTE = 60
_ROOT = str(Path(__file__).parents[3]) + "/"
_SEVERITIES = {"critical": "critical", "error": "error", "warning": "warning"}
# Facts of a log event that have a place of their own.
_OWN = {"event", "exc_info", "level", "timestamp", "request_id", "tenant", "user", "process"}


class _Seen:
    """What is remembered of an exception until the task has time for it; no frame is kept alive by it."""

    __slots__ = ("at", "chain", "facts", "severity")

    def __init__(self, error: BaseException, facts: dict[str, Any], severity: str) -> None:
        self.at = time.time()
        self.chain = [_raised(each) for each in _causes(error)]
        self.facts = facts
        self.severity = severity


def _causes(error: BaseException) -> list[BaseException]:
    chain: list[BaseException] = []
    seen: BaseException | None = error
    while seen is not None and seen not in chain and len(chain) < 10:
        chain.append(seen)
        seen = seen.__cause__ or (None if seen.__suppress_context__ else seen.__context__)
    return chain[::-1]


def _raised(error: BaseException) -> tuple[Raised, str]:
    kind = type(error)
    return (
        Raised(type=kind.__name__, message=_words(error), module=kind.__module__, frames=_frames(error.__traceback__)),
        _code(error),
    )


def _words(error: BaseException) -> str:
    try:
        return str(error)
    except Exception as failed:  # noqa: BLE001 - whatever an exception's own text raises, it is still an exception
        return f"<its text raised {type(failed).__name__}>"


def _code(error: BaseException) -> str:
    if isinstance(error, Problem):
        return error.slug
    for name in ("sqlstate", "code"):
        given = getattr(error, name, None)
        if isinstance(given, str | int) and not isinstance(given, bool):
            return str(given)
    return ""


def _frames(trace: TracebackType | None) -> list[Frame]:
    """Where it was, without values: source lines are read by the task."""
    frames: deque[Frame] = deque(maxlen=_MOST_FRAMES)
    for frame, number in traceback.walk_tb(trace):
        module = str(frame.f_globals.get("__name__", ""))
        frames.append(
            Frame(
                function=frame.f_code.co_qualname, module=module, file=frame.f_code.co_filename, number=number,
                in_app=module.partition(".")[0] == "radiant",
            )
        )  # fmt: skip
    return list(frames)


def _with_source(frame: Frame) -> None:
    """Reads files, so not on the loop."""
    lines = linecache.getlines(frame.file)
    at = (frame.number or 0) - 1
    if 0 <= at < len(lines):
        frame.line = lines[at].rstrip("\n")
        frame.before = [line.rstrip("\n") for line in lines[max(0, at - _CONTEXT_LINES) : at]]
        frame.after = [line.rstrip("\n") for line in lines[at + 1 : at + 1 + _CONTEXT_LINES]]
    frame.file = frame.file.removeprefix(_ROOT)


class Capture:
    """One per process, made by a root: `async with Capture(spool, "api")`."""

    def __init__(self, spool: Spool, process: str) -> None:
        self._spool = spool
        self._process = process
        self._waiting: deque[_Seen] = deque(maxlen=_MOST_WAITING)
        self._wake = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self._handler = _Handler(self)
        self._counts: Counter[str] = Counter()
        self._mark = f"_radiant_seen_{id(self)}"
        self._minute = 0
        self._scrubber = Scrubber()

    def see(self, error: BaseException, facts: dict[str, Any], severity: str = "error") -> None:
        """Remember an exception. From whatever thread; raises nothing."""
        with contextlib.suppress(Exception):
            if isinstance(error, asyncio.CancelledError | KeyboardInterrupt | SystemExit) or self._too_often(error):
                return
            # What we log, a library that it was raised through may log again.
            if getattr(error, self._mark, False):
                return
            with contextlib.suppress(AttributeError):
                setattr(error, self._mark, True)
            self._waiting.append(_Seen(error, facts, severity))
            if self._loop is not None and not self._loop.is_closed():
                self._loop.call_soon_threadsafe(self._wake.set)

    def _too_often(self, error: BaseException) -> bool:
        minute = int(time.monotonic() // 60)
        if minute != self._minute:
            self._minute = minute
            self._counts.clear()
        place = deque(traceback.walk_tb(error.__traceback__), maxlen=1)
        where = f"{place[0][0].f_code.co_filename}:{place[0][1]}" if place else ""
        key = f"{type(error).__name__}:{where}"
        self._counts[key] += 1
        return self._counts[key] > _A_MINUTE or len(self._counts) > 10_000

    async def settle(self) -> None:
        """What was seen until now is in the spool."""
        while self._waiting:
            batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), 20))]
            kept = await asyncio.to_thread(self._occurrences, batch)
            for each in kept:
                with contextlib.suppress(Problem):
                    await self._spool.accept([each])

    def _occurrences(self, batch: list[_Seen]) -> list[Occurrence]:
        return [self._occurrence(seen) for seen in batch]

    def _occurrence(self, seen: _Seen) -> Occurrence:
        chain = [raised for raised, _ in seen.chain]
        for raised in chain:
            for frame in raised.frames:
                _with_source(frame)
        last, code = seen.chain[-1]
        facts = seen.facts
        tenant, person = _id(facts.get("tenant")), _id(facts.get("user"))
        kept = Occurrence(
            id=uuid7(), at=seen.at, message=last.message or last.type, type=last.type,
            code=next((code for _, code in reversed(seen.chain) if code), code),
            severity=_SEVERITIES.get(seen.severity, "error"),  # type: ignore[arg-type]
            tenant_id=TenantId(tenant) if tenant else None, user_id=UserId(person) if person else None,
            of_platform=True, chain=chain, request_id=str(facts.get("request_id", "")), service=self._process,
            function=str(facts.get("event", "")), release=__version__, affected=affected_by(None, str(person)) if person else b"",
            tags={str(name): str(value)[:200] for name, value in facts.items() if name not in _OWN},
        )  # fmt: skip
        return finished(kept, self._scrubber)

    async def _work(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            try:
                await self.settle()
            except Exception as error:  # noqa: BLE001 - told without its traceback, which would be an error to take in
                log.warning("errors.not_taken", error=repr(error))

    async def __aenter__(self) -> "Capture":
        self._loop = asyncio.get_running_loop()
        self._task = asyncio.create_task(self._work())
        telemetry.watchers.append(self.see)
        logging.getLogger().addHandler(self._handler)
        return self

    async def __aexit__(self, *_: object) -> None:
        logging.getLogger().removeHandler(self._handler)
        telemetry.watchers.remove(self.see)
        assert self._task is not None
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        await self.settle()


def finished(kept: Occurrence, scrubber: Scrubber) -> Occurrence:
    """Bounded, scrubbed, grouped: ready for the spool."""
    bound(kept)
    scrubber.occurrence(kept)
    group(kept)
    return kept


def _id(given: object) -> UUID | None:
    return parse_uuid(given) if isinstance(given, str) else None


class _Handler(logging.Handler):
    """What libraries log with a traceback: asyncio's tasks that nobody awaited, uvicorn, pgqueuer."""

    def __init__(self, capture: Capture) -> None:
        super().__init__(logging.ERROR)
        self._capture = capture

    def emit(self, record: logging.LogRecord) -> None:
        """See logging.Handler."""
        error = record.exc_info[1] if record.exc_info else None
        if error is not None:
            level = "critical" if record.levelno >= logging.CRITICAL else "error"
            self._capture.see(error, {"event": record.name}, level)
