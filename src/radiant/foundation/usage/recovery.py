"""What dead processes left: their journals are written to the end, their open calls settled, their leases freed."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import structlog

from radiant.foundation.usage import drain
from radiant.foundation.usage import ledger_store as store
from radiant.foundation.usage.journal import DeadReader, Position
from radiant.foundation.usage.writer import BATCH, charge, place, write
from radiant.infra.db import Database

log = structlog.get_logger()


async def take_over(database: Database, root: Path) -> int:
    """Finish the journals in that folder whose processes died on this machine; how many there were. See
    `drain.take_over`."""

    async def finish(journal_id: UUID, reader: DeadReader) -> None:
        async def bring(before: Position, frames: list[bytes], after: Position) -> Position:
            return (await write(database, journal_id, before, frames, after)).position

        await drain.write_rest(reader, await place(database, journal_id), BATCH, bring)
        calls = await end(database, journal_id)
        log.info("usage.calls_abandoned", journal=str(journal_id), calls=calls)

    return await drain.take_over(root, finish)


async def end(database: Database, journal_id: UUID) -> int:
    """Close the book of a journal that is in the ledger to its end; how many of its calls were still open."""
    async with database.system("usage recovery").tx() as tx:
        calls, due = await store.settle_open(tx, journal_id)
        await charge(tx, str(journal_id), due)
        await store.free_leases(tx, str(journal_id))
        await store.forget(tx, journal_id)
    return calls


async def give_up(database: Database, silent_for: timedelta) -> int:
    """Settle the open calls of processes that were not heard of for so long, wherever they ran, and free their
    leases; how many calls. Should one come back, its journal puts right what it knows better."""
    system = database.system("usage reconciler")
    async with system.tx() as tx:
        journals: Sequence[UUID] = await store.silent(tx, silent_for)
        ownerless: Sequence[str] = await store.ownerless(tx, silent_for)
        calls = await store.settle_without_journal(tx, silent_for)
    for journal_id in journals:
        async with system.tx() as tx:
            if not await store.lock_silent(tx, journal_id, silent_for):
                continue
            settled, due = await store.settle_open(tx, journal_id)
            await charge(tx, str(journal_id), due)
            await store.free_leases(tx, str(journal_id))
            calls += settled
    for holder in ownerless:
        async with system.tx() as tx:
            await store.free_leases(tx, holder)
    return calls
