"""Events of calls, made from what the ledger noted in the transaction that settled them."""

from radiant.foundation.metrics import store
from radiant.foundation.metrics.topics import NOTHING, Told
from radiant.infra.db import Database

# As many calls as one message to a sink names.
_BATCH = 500


async def emit_due(database: Database, told: Told = NOTHING) -> int:
    """Make the events that are due, a batch at a time; of how many notes. May be killed at any moment: note, events
    and the mark of their hour change in one transaction."""
    total = 0
    while True:
        async with database.system("metrics events").tx() as tx:
            done = await store.emit(tx, _BATCH, told)
        total += done
        if done < _BATCH:
            return total
