"""Where every error goes first: a bounded journal on disk, from which one task writes batches into the database.

What was taken is there after a kill -9, and waits while the database is away; then it is written in the order in which
it came. Taking costs a copy into memory. A spool that is full takes nothing more and says so.
"""

import asyncio
import contextlib
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import structlog

from radiant.foundation.error_tracking import spool_store as store
from radiant.foundation.error_tracking.occurrence import Kept, encode
from radiant.foundation.error_tracking.writer import BATCH, place, write
from radiant.foundation.usage.journal import DeadReader, Journal, JournalFull, Position, dead_journals
from radiant.foundation.usage.recovery import AWAY
from radiant.infra.db import Database
from radiant.kit.errors import TooManyRequests, Unavailable

log = structlog.get_logger()

SEGMENT_BYTES = 2 * 2**20
_EVERY, _LONGEST_PAUSE, _LOOK_SECONDS, _FLUSH_SECONDS = 0.2, 5.0, 30.0, 20.0
RETRY_AFTER = 30


class SpoolFull(TooManyRequests):
    """Nothing more is taken until the database has caught up."""

    slug = "error-spool-full"


class Spool:
    """One per process, made by a root: `async with Spool(database, folder, most_bytes) as spool`."""

    def __init__(self, database: Database, root: Path, most_bytes: int, segment_bytes: int = SEGMENT_BYTES) -> None:
        self._database = database
        self._root = root
        self._most = most_bytes
        self._segment = segment_bytes
        self._journal = Journal(root, segment_bytes)
        self._written = Position()
        self._wake = asyncio.Event()
        self._hurry = asyncio.Event()
        self._progress = asyncio.Condition()
        self._failure: BaseException | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._making: asyncio.Task[None] | None = None
        self.refused = 0
        """How many were not taken, for want of room."""

    @property
    def waiting_bytes(self) -> int:
        """What is not in the database yet."""
        here = self._journal.position
        return (here.segment - self._written.segment) * self._segment + here.offset - self._written.offset

    def take(self, kept: Kept) -> bool:
        """Note it; False where there is no room. Raises nothing, waits for nothing."""
        payload = encode(kept)
        if self.waiting_bytes + len(payload) + 16 > self._most:
            self.refused += 1
            return False
        if not self._journal.append(payload):
            # The next file is being made; whoever can wait comes again.
            self.refused += 1
            self._prepare()
            return False
        self._wake.set()
        return True

    def _prepare(self) -> None:
        if self._making is None or self._making.done():
            self._making = asyncio.create_task(self._make_room())

    async def _make_room(self) -> None:
        with contextlib.suppress(JournalFull):
            await self._journal.make_room()

    async def accept(self, kept: Sequence[Kept]) -> None:
        """Note each, waiting for a file that is being made. Returned from, they are kept. Raises SpoolFull."""
        for each in kept:
            if self.take(each):
                continue
            if self._making is not None:
                await asyncio.shield(self._making)
                self.refused -= 1
                if self.take(each):
                    continue
            raise SpoolFull(
                f"{self._most} bytes of errors wait for the database already; send them again later",
                headers={"Retry-After": str(RETRY_AFTER)},
            )

    async def flush(self) -> None:
        """Everything that was taken until now is in the tables. Raises Unavailable."""
        target = self._journal.position
        try:
            async with asyncio.timeout(_FLUSH_SECONDS):
                while self._written < target:
                    self._hurry.set()
                    self._wake.set()
                    async with self._progress:
                        await self._progress.wait()
                    if self._written < target and self._failure is not None:
                        raise Unavailable("the database does not take errors just now") from self._failure
        except TimeoutError as error:
            raise Unavailable("the database is far behind with errors") from error

    async def _write_for_ever(self) -> None:
        pause = _EVERY
        while True:
            await self._wake.wait()
            self._wake.clear()
            self._hurry.clear()
            try:
                await self._write()
                self._failure, pause = None, _EVERY
            except AWAY as error:
                if self._failure is None:
                    log.warning("errors.spooling", error=repr(error))
                self._failure, pause = error, min(pause * 2, _LONGEST_PAUSE)
                self._wake.set()
            except Exception as error:  # noqa: BLE001 - told without its traceback, which would be an error to take in
                log.error("errors.writer_failed", error=repr(error))
                self._failure, pause = error, _LONGEST_PAUSE
                self._wake.set()
            async with self._progress:
                self._progress.notify_all()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._hurry.wait()

    async def _write(self) -> None:
        target = self._journal.position
        sync = asyncio.create_task(self._journal.sync())
        try:
            while self._written < target:
                frames, after = self._journal.read(self._written, BATCH)
                if not frames:
                    break
                self._written = await write(self._database, self._journal.id, self._written, frames, after)
        finally:
            await sync
        await self._journal.forget(self._written)

    async def _look_for_ever(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            try:
                await take_over(self._database, self._root)
            except AWAY as error:
                log.info("errors.spools_wait", error=repr(error))
            except Exception as error:  # noqa: BLE001 - tried again
                log.error("errors.spools_not_taken_over", error=repr(error))

    async def __aenter__(self) -> "Spool":
        with contextlib.suppress(*AWAY):
            # What came before is written before.
            await take_over(self._database, self._root)
        await self._journal.open()
        self._tasks = [asyncio.create_task(self._write_for_ever()), asyncio.create_task(self._look_for_ever())]
        return self

    async def __aexit__(self, *_: object) -> None:
        with contextlib.suppress(Unavailable):
            await self.flush()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._making is not None:
            await self._making
        empty = self._written == self._journal.position
        if empty:
            with contextlib.suppress(*AWAY):
                async with self._database.system("error spool").tx() as tx:
                    await store.forget(tx, self._journal.id)
        await self._journal.close(remove=empty)


async def take_over(database: Database, root: Path) -> int:
    """Write to the end what processes left that died on this machine, the oldest first; how many spools there were.

    May be cut off at any moment and begun again. Raises what the database raises.
    """
    found = await asyncio.to_thread(lambda: list(dead_journals(root)))
    left = list(found)
    try:
        while left:
            spool_id, folder, lock = left[0]
            reader = DeadReader(folder)
            position = await place(database, spool_id)
            while True:
                frames, after = await asyncio.to_thread(reader.read, position, BATCH)
                if not frames:
                    break
                position = await write(database, spool_id, position, frames, after)
            async with database.system("error spool").tx() as tx:
                await store.forget(tx, spool_id)
            log.info("errors.spool_taken_over", spool=str(spool_id))
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
            left.pop(0)
            os.close(lock)
    finally:
        for _, _, lock in left:
            os.close(lock)
    return len(found)
