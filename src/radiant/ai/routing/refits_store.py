"""SQL of refits, and of the decisions that they are fitted to."""

from datetime import datetime
from typing import Any

from radiant.infra.db import Row, Tx


async def judged(tx: Tx, days: int, of_tenant: int, limit: int) -> list[Row]:
    """Decisions that somebody judged in the last days, the newest first, whoever's they were: of each tenant so many at
    most. System transaction."""
    return await tx.all(
        "select model, task, difficulty, cell, rating, propensity, created_at from (select h.selected_model as model,"
        "  coalesce(h.task_type, 'chat') as task, coalesce(h.difficulty, 0) as difficulty, coalesce(h.cell, -1) as cell,"
        "  h.rating, h.propensity, h.created_at, h.id,"
        "  row_number() over (partition by h.tenant_id order by h.created_at desc, h.id desc) as place"
        "  from brain_routing_history h where h.rating is not null"
        "  and h.created_at > current_timestamp - make_interval(days => $1)) as newest"
        " where place <= $2 order by created_at desc, id desc limit $3",
        days, of_tenant, limit,
    )  # fmt: skip


async def evidence(tx: Tx) -> list[Row]:
    """What all tenants' answers taught. System transaction."""
    return await tx.all("select model, place, precision, information, updated_at from brain_model_evidence")


async def newest(tx: Tx) -> datetime | None:
    """When the last one was made. System transaction."""
    return await tx.value("select max(created_at) from brain_refits")


async def shifts(tx: Tx) -> dict[str, dict[str, float]]:
    """Those in force; none where none is."""
    return await tx.value("select shifts from brain_refits where is_active") or {}


async def insert(
    tx: Tx, shifts: dict[str, dict[str, float]], judged: int, held_out: int, loss_before: float, loss_after: float,
    gain_low: float,
) -> int:  # fmt: skip
    """Keep one, not in force; its version. System transaction."""
    return await tx.value(
        "insert into brain_refits (shifts, judged, held_out, loss_before, loss_after, gain_low)"
        " values ($1, $2, $3, $4, $5, $6) returning version",
        shifts, judged, held_out, loss_before, loss_after, gain_low,
    )  # fmt: skip


async def exists(tx: Tx, version: int) -> bool:
    """Whether there is such a version. System transaction."""
    return await tx.value("select exists (select from brain_refits where version = $1)", version)


async def deactivate(tx: Tx) -> None:
    """Put none in force. System transaction."""
    await tx.run("update brain_refits set is_active = false where is_active")


async def activate(tx: Tx, version: int) -> None:
    """Put one in force where none is. System transaction."""
    await tx.run("update brain_refits set is_active = true where version = $1", version)


async def page(tx: Tx, limit: int) -> list[dict[str, Any]]:
    """The newest, and the one in force wherever it stands."""
    rows = await tx.all(
        "select version, created_at, judged, held_out, loss_before, loss_after, gain_low, is_active, shifts"
        " from brain_refits where is_active or version in"
        " (select version from brain_refits order by version desc limit $1) order by version desc",
        limit,
    )
    return [dict(row) for row in rows]
