"""The ledger as people read it, and what keeps it whole."""

from datetime import datetime, timedelta
from uuid import UUID

from radiant.foundation.usage import recovery, store
from radiant.foundation.usage.bounds import BudgetExceeded
from radiant.foundation.usage.schemas import Call, CallFilter, UsageSummary
from radiant.infra.db import Database, TenantDb
from radiant.kit.errors import Invalid

__all__ = ["BudgetExceeded", "calls", "settle_abandoned", "summary", "tag_filter"]


async def settle_abandoned(database: Database, older_than: timedelta) -> int:
    """Settle calls whose process was not heard of for so long, at the estimate and marked so; how many there were.

    Where another process runs on the machine of one that died, that one settles them at once (`recovery.take_over`).
    """
    return await recovery.give_up(database, older_than)


def tag_filter(tag: str | None) -> dict[str, str] | None:
    """The tag that `name:value` names. Raises Invalid."""
    if tag is None:
        return None
    name, colon, value = tag.partition(":")
    if not name or not colon or "\0" in tag:
        raise Invalid("tag: write it as name:value")
    return {name: value}


async def summary(db: TenantDb, days: int, of: CallFilter) -> UsageSummary:
    """What those calls of the last `days` came to."""
    async with db.tx() as tx:
        return UsageSummary(
            total=await store.totals(tx, days, of),
            by_model=await store.by_model(tx, days, of),
            by_day=await store.by_day(tx, days, of),
        )


async def calls(db: TenantDb, of: CallFilter, before: tuple[datetime, UUID] | None, limit: int) -> list[Call]:
    """Calls, the newest first; those under way with the state reserved."""
    async with db.tx() as tx:
        return await store.calls(tx, of, before, limit)
