"""The log: what all rooms of this process wrote in the last tenth of a second goes to Postgres in one transaction.

Only when that has committed are its writers told that it is saved. While the database is away all of it is kept and
tried again; nothing is acknowledged, and a room whose backlog grows past its bound turns its writers away (`room`).
Rows are of one author each: what they wrote within a batch is merged, since a letter alone costs more than it says.
"""

import asyncio
import contextlib
import itertools
from collections.abc import Awaitable, Callable
from uuid import UUID

import asyncpg
import structlog
from pycrdt import merge_updates

from radiant.infra.db import AWAY, SystemDb
from radiant.workspace.collaboration import log_store as store
from radiant.workspace.collaboration.problems import RoomClosed
from radiant.workspace.collaboration.room import GONE, Batch, Room

log = structlog.get_logger()

SECONDS, BYTES = 0.1, 64 * 1024
# Merging takes more than its share of time for many at once.
_MERGED_AT_ONCE = 200
_PAUSES = (0.1, 0.5, 1.0, 2.0, 5.0)

OnWritten = Callable[[Room, int], Awaitable[None]]
OnFailed = Callable[[Room], Awaitable[None]]


class Log:
    """One per process: an async context manager. `on_written(room, before)` is told the number before the batch, or -1
    where another process wrote too; `on_failed(room)` that what a room wrote cannot be kept at all."""

    def __init__(self, system: SystemDb, on_written: OnWritten, on_failed: OnFailed) -> None:
        self._system = system
        self._on_written, self._on_failed = on_written, on_failed
        self._dirty: dict[UUID, Room] = {}
        self._bytes = 0
        self._some = asyncio.Event()
        self._hurry = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._ending = False

    def note(self, room: Room, more: int) -> None:
        """The room has something to write; nothing in bytes: somebody waits for it."""
        self._dirty[room.id] = room
        self._bytes += more
        self._some.set()
        if self._bytes >= BYTES or not more:
            self._hurry.set()

    async def __aenter__(self) -> "Log":
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._task is not None
        self._ending = True
        self._some.set()
        self._hurry.set()
        await self._task

    async def _run(self) -> None:
        while True:
            await self._some.wait()
            if not self._dirty and self._ending:
                return
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(SECONDS):
                    await self._hurry.wait()
            self._some.clear()
            self._hurry.clear()
            rooms, self._dirty, self._bytes = list(self._dirty.values()), {}, 0
            batches = [batch for room in rooms if (batch := room.take()) is not None]
            await self._write(batches)
            if self._ending:
                self._some.set()
                self._hurry.set()

    async def _write(self, batches: list[Batch]) -> None:
        for attempt in itertools.count():
            try:
                await self._append(batches)
                return
            except AWAY as error:
                if not _is_away(error):
                    await self._apart(batches, error)
                    return
                log.warning("collaboration.not_kept", rooms=len(batches), error=repr(error))
                if self._ending and attempt >= len(_PAUSES):
                    await self._give_up(batches, error)
                    return
            except Exception as error:
                log.error("bug", what="the log of rooms", exc_info=error)
                await self._apart(batches, error)
                return
            await asyncio.sleep(_PAUSES[min(attempt, len(_PAUSES) - 1)])

    async def _apart(self, batches: list[Batch], error: Exception) -> None:
        """One of them cannot be written: it must not keep the others."""
        if len(batches) == 1:
            await self._give_up(batches, error)
            return
        for batch in batches:
            await self._write([batch])

    async def _give_up(self, batches: list[Batch], error: Exception) -> None:
        for batch in batches:
            log.error("collaboration.not_kept_at_all", room=str(batch.room.id), bytes=batch.bytes, error=repr(error))
            batch.room.backlog -= batch.bytes
            self._fail(batch, error)
            await self._on_failed(batch.room)

    def _fail(self, batch: Batch, error: Exception) -> None:
        for future in batch.waiting:
            if not future.done():
                future.set_exception(error)

    async def _append(self, batches: list[Batch]) -> None:
        tenants: list[UUID] = []
        rooms: list[UUID] = []
        users: list[UUID] = []
        models: list[str | None] = []
        data: list[bytes] = []
        for batch in batches:
            for written in batch.written:
                for update in merged(written.updates):
                    tenants.append(batch.room.tenant_id)
                    rooms.append(batch.room.id)
                    users.append(written.author.user_id)
                    models.append(written.author.model)
                    data.append(update)
        numbers: dict[UUID, tuple[int, int]] = {}
        if data:
            async with self._system.tx() as tx:
                rows = await store.append(tx, tenants, rooms, users, models, data)
            numbers = {row["room_id"]: (row["before"], row["after"]) for row in rows}
        for batch in batches:
            room = batch.room
            if batch.written and room.id not in numbers:
                self._fail(batch, RoomClosed("the room was deleted while this was written"))
                room.backlog -= batch.bytes
                room.close(GONE, "this room was deleted")
                continue
            before, after = numbers.get(room.id, (room.seq, room.seq))
            room.rows += after - before
            room.row_bytes += batch.bytes
            room.kept(batch)
            if after != before:
                await self._note(room, before, after)

    async def _note(self, room: Room, before: int, after: int) -> None:
        alone = before == room.seq
        if alone:
            room.seq = after
        await self._on_written(room, before if alone else -1)


def _is_away(error: Exception) -> bool:
    if not isinstance(error, asyncpg.PostgresError):
        return True
    return (error.sqlstate or "")[:2] in ("08", "53", "57", "40", "55")


def merged(updates: list[bytes]) -> list[bytes]:
    """Few updates that say the same."""
    if len(updates) == 1:
        return updates
    try:
        return [
            part[0] if len(part) == 1 else merge_updates(*part)
            for part in (updates[at : at + _MERGED_AT_ONCE] for at in range(0, len(updates), _MERGED_AT_ONCE))
        ]
    except ValueError:
        # They were applied one by one; so they are kept.
        return updates
