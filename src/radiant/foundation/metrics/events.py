"""Events of calls, made from what the ledger noted in the transaction that settled them."""

from radiant.foundation.metrics import store
from radiant.infra.db import Database

_BATCH = 2000


async def emit_due(database: Database) -> int:
    """Make the events that are due, a batch at a time; of how many notes. May be killed at any moment: note, events
    and the mark of their hour change in one transaction."""
    total = 0
    while True:
        async with database.system("metrics events").tx() as tx:
            done = await store.emit(tx, _BATCH)
        total += done
        if done < _BATCH:
            return total
