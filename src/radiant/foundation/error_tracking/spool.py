"""Where every error goes first: a bounded journal on disk, from which one task writes batches into the database.

What was taken is there after a kill -9, and waits while the database is away; then it is written in the order in which
it came. Taking costs a copy into memory. A spool that is full takes nothing more and says so.
"""

import asyncio
import contextlib
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from uuid import UUID

import structlog

from radiant.foundation.error_tracking import spool_store as store
from radiant.foundation.error_tracking.occurrence import Kept, encode
from radiant.foundation.error_tracking.writer import BATCH, place, write
from radiant.foundation.usage import drain
from radiant.foundation.usage.drain import Behind, Drain
from radiant.foundation.usage.journal import DeadReader, Journal, JournalFull, Position
from radiant.infra.db import AWAY, Database
from radiant.kit.errors import TooManyRequests, Unavailable

log = structlog.get_logger()

SEGMENT_BYTES = 2 * 2**20
_LOOK_SECONDS, _FLUSH_SECONDS = 30.0, 20.0
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
        # Its failures are told without their tracebacks: those would be errors to take in.
        self._drain = Drain(self._journal, self._write, batch=BATCH, name="errors", traced=False)
        self._tasks: list[asyncio.Task[None]] = []
        self._making: asyncio.Task[None] | None = None
        self.refused = 0
        """How many were not taken, for want of room."""

    @property
    def waiting_bytes(self) -> int:
        """What is not in the database yet."""
        here = self._journal.position
        return (here.segment - self._drain.written.segment) * self._segment + here.offset - self._drain.written.offset

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
        self._drain.noted()
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
        try:
            await self._drain.flush(_FLUSH_SECONDS)
        except Behind as error:
            raise Unavailable(f"errors wait: {error}") from error

    async def _write(self, before: Position, frames: list[bytes], after: Position) -> Position:
        return await write(self._database, self._journal.id, before, frames, after)

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
        self._tasks = [asyncio.create_task(self._drain.run()), asyncio.create_task(self._look_for_ever())]
        return self

    async def __aexit__(self, *_: object) -> None:
        with contextlib.suppress(Unavailable):
            await self.flush()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._making is not None:
            await self._making
        empty = self._drain.written == self._journal.position
        if empty:
            with contextlib.suppress(*AWAY):
                async with self._database.system("error spool").tx() as tx:
                    await store.forget(tx, self._journal.id)
        await self._journal.close(remove=empty)


async def take_over(database: Database, root: Path) -> int:
    """Write to the end what processes left that died on this machine, the oldest first; how many spools there were. See
    `drain.take_over`."""

    async def finish(spool_id: UUID, reader: DeadReader) -> None:
        await drain.write_rest(reader, await place(database, spool_id), BATCH, partial(write, database, spool_id))
        async with database.system("error spool").tx() as tx:
            await store.forget(tx, spool_id)

    return await drain.take_over(root, finish)
