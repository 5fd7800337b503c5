"""Events of calls, made from what the ledger noted in the transaction that settled them, and those that were noted
beside the calls."""

from collections.abc import Sequence

from radiant.foundation.metrics import store
from radiant.foundation.metrics.topics import NOTHING, Told
from radiant.foundation.usage import noted
from radiant.infra.db import Database
from radiant.infra.events import Event

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


async def keep_noted(database: Database, told: Told, events: Sequence[Event]) -> None:
    """A sink of the outbox: refused requests, other requests and jobs become events; a second delivery does
    nothing."""
    for event in events:
        if event.topic == noted.TOPIC and event.tenant_id is not None:
            async with database.system("metrics events").tx() as tx:
                await store.keep(tx, event.tenant_id, event.payload["events"], told)
