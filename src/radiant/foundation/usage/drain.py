"""Brings journals into the database: that of this process as it grows, and what dead ones left."""

import asyncio
import contextlib
import os
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path
from uuid import UUID

import structlog

from radiant.foundation.usage.journal import DeadReader, Journal, Position, dead_journals
from radiant.infra.db import AWAY

log = structlog.get_logger()

_LONGEST_PAUSE = 5.0

Write = Callable[[Position, list[bytes], Position], Awaitable[Position]]
"""Writes the frames between two places in one transaction; where the tables are then."""


class Behind(Exception):
    """The database does not take what the journal holds, or not fast enough."""


class Drain:
    """Writes what a journal notes, `batch` frames a transaction, at most `every` seconds later. `name` stands in the
    log; `traced`: with the traceback of what is no fault of the database."""

    def __init__(
        self, journal: Journal, write: Write, *, batch: int, name: str, every: float = 0.2, traced: bool = True
    ) -> None:
        self._journal = journal
        self._write = write
        self._batch = batch
        self._name = name
        self._every = every
        self._traced = traced
        self._wake = asyncio.Event()
        self._hurry = asyncio.Event()
        self._progress = asyncio.Condition()
        self._failure: Exception | None = None
        self.written = Position()
        """How far the tables are."""

    def noted(self) -> None:
        """Something was appended."""
        if not self._wake.is_set():
            self._wake.set()

    async def flush(self, seconds: float) -> None:
        """Everything noted until now is in the tables. Raises Behind."""
        target = self._journal.position
        try:
            async with asyncio.timeout(seconds):
                while self.written < target:
                    self._hurry.set()
                    self._wake.set()
                    async with self._progress:
                        await self._progress.wait()
                    if self.written < target and self._failure is not None:
                        raise Behind("the database does not take it just now") from self._failure
        except TimeoutError as error:
            raise Behind("the database is far behind") from error

    async def run(self) -> None:
        """Write until this is cancelled."""
        pause = self._every
        while True:
            await self._wake.wait()
            self._wake.clear()
            self._hurry.clear()
            try:
                await self._round()
                self._failure, pause = None, self._every
            except AWAY as error:
                self._failed(error)
                pause = min(pause * 2, _LONGEST_PAUSE)
            except Exception as error:
                log.error(
                    "journal.writer_failed", journal=self._name, error=repr(error), exc_info=self._traced and error
                )
                self._failed(error)
                pause = _LONGEST_PAUSE
            async with self._progress:
                self._progress.notify_all()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._hurry.wait()

    def _failed(self, error: Exception) -> None:
        if self._failure is None:
            log.warning("journal.behind", journal=self._name, error=repr(error))
        self._failure = error
        self._wake.set()

    async def _round(self) -> None:
        """Write what is there now. What comes meanwhile is for the next round: under a steady load there is always
        more, and few large transactions cost a third of many small ones."""
        target = self._journal.position
        sync = asyncio.create_task(self._journal.sync())
        try:
            while self.written < target:
                frames, after = self._journal.read(self.written, self._batch)
                if not frames:
                    break
                self.written = await self._write(self.written, frames, after)
                if sync.done():
                    # Files go as soon as they may: a round of many batches would gather them.
                    await self._journal.forget(self.written)
        finally:
            await sync
        await self._journal.forget(self.written)


async def take_over(root: Path, finish: Callable[[UUID, DeadReader], Awaitable[None]]) -> int:
    """Have `finish` write to the end the journals in that folder whose processes died on this machine, the oldest
    first; how many there were. May be cut off at any moment and begun again. Raises what the database raises."""
    left = await asyncio.to_thread(lambda: list(dead_journals(root)))
    found = len(left)
    try:
        while left:
            journal_id, folder, lock = left[0]
            try:
                await finish(journal_id, DeadReader(folder))
            except AWAY:
                raise
            except Exception as error:
                # Kept for whoever looks; the others must not wait for it.
                log.error("journal.not_taken_over", journal=str(folder), exc_info=error)
            else:
                log.info("journal.taken_over", journal=str(folder))
                await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
            left.pop(0)
            os.close(lock)
    finally:
        for _, _, lock in left:
            os.close(lock)
    return found


async def write_rest(reader: DeadReader, position: Position, batch: int, write: Write) -> None:
    """Write what a dead process left behind `position`."""
    while True:
        frames, after = await asyncio.to_thread(reader.read, position, batch)
        if not frames:
            return
        position = await write(position, frames, after)
