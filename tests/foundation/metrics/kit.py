"""Events for tests of metrics, and calls in the ledger without a gateway in between."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from radiant.foundation.metrics.events import keep_noted
from radiant.foundation.metrics.topics import NOTHING, Told
from radiant.infra.db import Database, TenantDb
from radiant.infra.events import Event
from radiant.kit.ids import uuid7

NOW = datetime.now(UTC).replace(microsecond=0)


def event(name: str = "cost", value: Any = 1, *, type_: str = "billing", **more: Any) -> dict[str, Any]:
    """An event as it is sent."""
    return {"event_id": str(uuid7()), "metric_type": type_, "metric_name": name, "value": value, **more}


def body(events: Sequence[Any]) -> bytes:
    """A batch as it is sent."""
    return json.dumps({"events": events}, default=str).encode()


async def call(owner: Any, tenant_id: UUID, user_id: UUID | None, **facts: Any) -> UUID:
    """A settled call in the ledger; `facts` are its columns."""
    row = {
        "id": uuid7(), "tenant_id": tenant_id, "user_id": user_id, "provider": "openai", "model": "gpt-4o",
        "state": "settled", "ended": "answered", "cost": Decimal("0.000001234"), "input_tokens": 10,
        "output_tokens": 5, "duration_ms": 1200, "first_token_ms": 300, "created_at": NOW, "settled_at": NOW,
    } | facts  # fmt: skip
    names = ", ".join(row)
    places = ", ".join(f"${place}" for place in range(1, len(row) + 1))
    await owner.execute(f"insert into usage_ledger ({names}) values ({places})", *row.values())
    return row["id"]


async def rows(db: TenantDb, period_type: str = "hourly", dimension: str = "") -> dict[tuple[Any, ...], dict[str, Any]]:
    """Roll-ups as the tenant sees them, by metric type, value (or person) and beginning."""
    async with db.tx() as tx:
        found = await tx.all(
            "select * from aggregated_metrics where tenant_id = $1 and period_type = $2 and dimension = $3"
            " order by period_start", tx.tenant_id, period_type, dimension,
        )  # fmt: skip
    return {(row["metric_type"], row["user_id"] or row["value"], row["period_start"]): dict(row) for row in found}


async def deliver(db: Database, told: Told = NOTHING) -> None:
    """All of the outbox to the sink of events beside the calls, as the worker does; each time all of it again."""
    async with db.system("test").tx() as tx:
        rows = await tx.all("select id, tenant_id, topic, payload, created_at from outbox order by id")
    await keep_noted(db, told, [Event(*row.values()) for row in rows])
