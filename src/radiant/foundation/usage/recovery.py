"""What dead processes left: their journals are written to the end, their open calls settled, their leases freed."""

import asyncio
import os
import shutil
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import asyncpg
import structlog

from radiant.foundation.usage import ledger_store as store
from radiant.foundation.usage.journal import DeadReader, dead_journals
from radiant.foundation.usage.writer import BATCH, charge, place, write
from radiant.infra.db import Database

log = structlog.get_logger()

# What a database that is away raises.
AWAY = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)


async def take_over(database: Database, root: Path) -> int:
    """Finish the journals in that folder whose processes died on this machine; how many there were.

    May be cut off at any moment and begun again. Raises what the database raises.
    """
    found = await asyncio.to_thread(lambda: list(dead_journals(root)))
    left = list(found)
    try:
        while left:
            journal_id, folder, lock = left[0]
            try:
                calls = await _finish(database, journal_id, folder)
            except AWAY:
                raise
            except Exception as error:
                # Kept for whoever looks; the others must not wait for it.
                log.error("usage.journal_not_taken_over", journal=str(folder), exc_info=error)
            else:
                log.info("usage.journal_taken_over", journal=str(journal_id), abandoned=calls)
                await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
            left.pop(0)
            os.close(lock)
    finally:
        for _, _, lock in left:
            os.close(lock)
    return len(found)


async def _finish(database: Database, journal_id: UUID, folder: Path) -> int:
    reader = DeadReader(folder)
    position = await place(database, journal_id)
    while True:
        frames, after = await asyncio.to_thread(reader.read, position, BATCH)
        if not frames:
            break
        position = (await write(database, journal_id, position, frames, after)).position
    return await end(database, journal_id)


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
