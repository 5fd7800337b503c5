"""SQL of runs."""

from datetime import timedelta
from typing import Any

from radiant.foundation.runs.schemas import RunEvent, RunState
from radiant.infra.db import Row, Tx
from radiant.kit.ids import RunId

# The event that ends a dead run is numbered past anything that a reader may have seen and that was not yet written.
CRASH_GAP = 100_000


async def insert(tx: Tx, run_id: RunId, kind: str, owner: str, lease: timedelta, input: dict[str, Any]) -> None:
    """A run that is about to start in this process."""
    await tx.run(
        "insert into runs (id, tenant_id, user_id, kind, state, input, lease_owner, lease_until, started_at)"
        " values ($1, $2, $3, $4, 'running', $5, $6, current_timestamp + $7::interval, current_timestamp)",
        run_id, tx.tenant_id, tx.user_id, kind, input, owner, lease,
    )  # fmt: skip


async def append(tx: Tx, run_id: RunId, events: list[RunEvent]) -> None:
    """Write events; those written before are left alone."""
    await tx.run(
        "insert into run_events (tenant_id, user_id, run_id, seq, kind, data)"
        " select $1, $2, $3, * from unnest($4::int[], $5::text[], $6::jsonb[])"
        " on conflict (run_id, seq) do nothing",
        tx.tenant_id, tx.user_id, run_id, [e.seq for e in events], [e.kind for e in events], [e.data for e in events],
    )  # fmt: skip


async def renew(tx: Tx, run_id: RunId, owner: str, lease: timedelta) -> bool | None:
    """Keep the lease: True where a cancel was asked for, None where the run is no longer ours."""
    row = await tx.one_or_none(
        "update runs set lease_until = current_timestamp + $5::interval"
        " where tenant_id = $1 and user_id = $2 and id = $3 and lease_owner = $4 and state = 'running'"
        " returning cancel_requested_at is not null as cancel",
        tx.tenant_id, tx.user_id, run_id, owner, lease,
    )  # fmt: skip
    return row["cancel"] if row else None


async def finish(tx: Tx, run_id: RunId, state: RunState, error: dict[str, Any] | None) -> bool:
    """End a run, once."""
    touched = await tx.run(
        "update runs set state = $4, error = $5, finished_at = current_timestamp, lease_until = null"
        " where tenant_id = $1 and user_id = $2 and id = $3 and state in ('queued', 'running')",
        tx.tenant_id, tx.user_id, run_id, state, error,
    )  # fmt: skip
    return touched == 1


async def get(tx: Tx, run_id: RunId) -> Row | None:
    """A run of the caller's."""
    return await tx.one_or_none(
        "select id, kind, state, lease_owner, lease_until, cancel_requested_at, created_at, finished_at from runs"
        " where tenant_id = $1 and user_id = $2 and id = $3",
        tx.tenant_id, tx.user_id, run_id,
    )  # fmt: skip


async def events_after(tx: Tx, run_id: RunId, after: int, limit: int) -> list[RunEvent]:
    """Events past `after`, in order."""
    rows = await tx.all(
        "select seq, kind, data from run_events where tenant_id = $1 and user_id = $2 and run_id = $3 and seq > $4"
        " order by seq limit $5",
        tx.tenant_id, tx.user_id, run_id, after, limit,
    )  # fmt: skip
    return [RunEvent(row["seq"], row["kind"], row["data"]) for row in rows]


async def request_cancel(tx: Tx, run_id: RunId) -> bool:
    """Ask the process that runs it to stop; False where there is no such run."""
    touched = await tx.run(
        "update runs set cancel_requested_at = coalesce(cancel_requested_at, current_timestamp)"
        " where tenant_id = $1 and user_id = $2 and id = $3",
        tx.tenant_id, tx.user_id, run_id,
    )  # fmt: skip
    return touched == 1


async def last_seq(tx: Tx, run_id: RunId) -> int:
    """The number of the last event written; 0 for none."""
    return await tx.value(
        "select coalesce(max(seq), 0) from run_events where tenant_id = $1 and user_id = $2 and run_id = $3",
        tx.tenant_id, tx.user_id, run_id,
    )  # fmt: skip


async def expired(tx: Tx, dead_owners: list[str], limit: int) -> list[Row]:
    """Runs whose process stopped renewing or is known to be gone. System transaction."""
    return await tx.all(
        "select id, tenant_id, user_id, kind from runs where state = 'running'"
        " and (lease_until < current_timestamp or lease_owner = any($1::text[])) order by created_at limit $2",
        dead_owners, limit,
    )  # fmt: skip


async def owners(tx: Tx) -> list[str]:
    """The processes that hold running runs. System transaction."""
    rows = await tx.all("select distinct lease_owner from runs where state = 'running' and lease_owner is not null")
    return [row["lease_owner"] for row in rows]
