"""Reserve before a call, settle after it: a crash in between leaves a reservation, never an uncounted call."""

from datetime import timedelta
from uuid import UUID

from radiant.foundation.usage import recovery, store
from radiant.foundation.usage.bounds import BudgetExceeded
from radiant.foundation.usage.schemas import NewCall, Outcome, Reservation, UsageSummary
from radiant.infra.db import Database, TenantDb
from radiant.kit.ids import UserId, uuid7
from radiant.kit.money import plain


async def reserve(db: TenantDb, call: NewCall) -> Reservation:
    """Admit a call and take its estimate from the budgets. Raises BudgetExceeded, and then nothing is taken."""
    reservation = Reservation(uuid7())
    async with db.tx() as tx:
        if call.reserved > 0:
            due, taken = await store.reserve(tx, call.user_id, call.api_key_id, call.reserved)
            if taken < due:
                raise BudgetExceeded(
                    f"a budget has no room for this call, estimated at ${plain(call.reserved)};"
                    " choose a cheaper model, ask for fewer tokens, or have an admin raise the budget"
                )
        await store.insert(tx, reservation.id, call)
    return reservation


async def settle(db: TenantDb, reservation: Reservation, outcome: Outcome) -> None:
    """Write how the call ended; a second time does nothing."""
    async with db.tx() as tx:
        settled = await store.settle(tx, reservation.id, outcome)
        if settled is not None and (settled["reserved_cost"] or settled["cost"]):
            await store.release(tx, settled)


async def settle_abandoned(database: Database, older_than: timedelta) -> int:
    """Settle calls whose process was not heard of for so long, at the estimate and marked so; how many there were.

    A process that dies on a machine where another one starts is settled by that one, at once (`recovery.take_over`).
    """
    async with database.system("usage reconciler").tx() as tx:
        rows = await store.abandoned(tx, older_than, 500)
    for row in rows:
        outcome = Outcome(
            cost=row["reserved_cost"], input_tokens=0, output_tokens=0, estimated=True, error_kind="abandoned"
        )
        await settle(database.tenant(row["tenant_id"]), Reservation(UUID(str(row["id"]))), outcome)
    return len(rows) + await recovery.give_up(database, older_than)


async def summary(db: TenantDb, days: int, user_id: UserId | None) -> UsageSummary:
    """What a person, or with None the whole workspace, used in the last `days`."""
    async with db.tx() as tx:
        return UsageSummary(
            total=await store.totals(tx, days, user_id),
            by_model=await store.by_model(tx, days, user_id),
            by_day=await store.by_day(tx, days, user_id),
        )
