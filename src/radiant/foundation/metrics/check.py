"""The proof that ledger, events and roll-ups agree to the nano-dollar (`radiant metrics check`)."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from radiant.foundation.metrics import check_store as store
from radiant.foundation.metrics.events import emit_due
from radiant.foundation.metrics.rollup import period, roll_up
from radiant.infra.db import Database


@dataclass(frozen=True, slots=True)
class Difference:
    """Two that should agree and do not, in one period of one tenant."""

    tenant_id: UUID
    start: datetime
    what: str
    one: str
    other: str


async def differences(database: Database, now: datetime, days: int) -> AsyncIterator[Difference]:
    """Work off what is due, then compare the last `days`: each hour's ledger with its events, its events with its
    roll-up, and each longer period with what it is made of. At most a hundred of each kind."""
    await emit_due(database)
    await roll_up(database)
    since = period("daily", now - timedelta(days=days))[0]
    # Each statement sees one moment of its own: what comes meanwhile is in all that it compares, or is due.
    for look in (store.calls_and_events, store.events_and_hours, store.shorter_and_longer):
        async with database.system("metrics check").tx() as tx:
            for row in await look(tx, since):
                yield Difference(row["tenant_id"], row["start"], row["what"], row["one"] or "-", row["other"] or "-")
