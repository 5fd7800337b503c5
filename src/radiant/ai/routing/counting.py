"""Brings what came of calls, and what people said of them, into the statistics. Runs in a worker every second or two;
a call is counted once, in the transaction that marks it so. A call that named its model is of no known task ("any")."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from radiant.ai.routing import history_store as store
from radiant.ai.routing.learning import learn
from radiant.ai.routing.statistics import Figures, fading
from radiant.infra.db import Database, Row, Tx
from radiant.kit.clock import utc_now

_BATCH, _LEDGER_BATCHES = 2000, 10
_Key = tuple[UUID | None, str, str]
"""Whose figures (None: all tenants'), of which model and task."""


class _Sums:
    """Figures of all tenants and of each, as they change."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self._figures: dict[_Key, Figures] = {}

    async def read(self, tx: Tx, keys: Iterable[tuple[UUID, str, str]]) -> None:
        """What there is of these."""
        wanted = sorted(set(keys))
        for tenant_id, model, task in wanted:
            self._figures[tenant_id, model, task] = Figures()
            self._figures[None, model, task] = Figures()
        ids = [tenant_id for tenant_id, _, _ in wanted]
        for row in await store.figures(tx, ids, [model for _, model, _ in wanted], [task for _, _, task in wanted]):
            self._figures[row["tenant_id"], row["model"], row["task_type"]] = Figures.of_row(row, self.now)

    def of(self, tenant_id: UUID, model: str, task: str) -> tuple[Figures, Figures]:
        """A tenant's own and everybody's."""
        return self._figures[tenant_id, model, task], self._figures[None, model, task]

    async def write(self, tx: Tx) -> None:
        """Keep them."""
        rows = [
            {"tenant_id": tenant_id, "model": model, "task_type": task, **_as_json(figures)}
            for (tenant_id, model, task), figures in self._figures.items()
        ]
        await store.put_figures(tx, rows, self.now)


def _as_json(figures: Figures) -> dict[str, Any]:
    return {
        "successes": figures.successes, "failures": figures.failures, "unknown": figures.unknown,
        "latency": figures.latency.to_bytes().hex(), "input_tokens": figures.input_tokens,
        "output_tokens": figures.output_tokens, "cost": str(figures.cost), "ratings": figures.ratings,
    }  # fmt: skip


async def count(database: Database) -> int:
    """Count what is not counted yet, a batch at a time; how many calls and opinions that were."""
    total = 0
    while done := await _count_batch(database):
        total += done
    return total


async def _count_batch(database: Database) -> int:
    async with database.system("routing statistics").tx() as tx:
        if not await store.alone(tx):
            return 0
        calls = [*await store.uncounted(tx, _BATCH), *await store.uncounted_calls(tx, _LEDGER_BATCHES)]
        said = await store.unheard(tx, _BATCH)
        if not calls and not said:
            return 0
        sums = _Sums(utc_now())
        await sums.read(tx, [key for row in (*calls, *said) for key in _keys(row)])
        for row in calls:
            weight = fading((sums.now - row["ended_at"]).total_seconds())
            for figures in sums.of(row["tenant_id"], row["model"], row["task_type"]):
                figures.count(row, weight)
        for row in said:
            _hear(sums, row)
        if said:
            await learn(tx, said)
            await store.rate(tx, [row["decision_id"] for row in said])
        await sums.write(tx)
    return len(calls) + len(said)


def _keys(row: Row) -> Iterable[tuple[UUID, str, str]]:
    yield row["tenant_id"], row["model"], row["task_type"]
    if (other := row.get("other_model")) is not None:
        yield row["tenant_id"], other, row["other_task_type"]


def _hear(sums: _Sums, row: Row) -> None:
    """How many opinions there are; said again, it is the same one. What they teach is `learning`'s."""
    if row["before"] is not None:
        return
    for model, task, at in (
        (row["model"], row["task_type"], row["created_at"]),
        (row["other_model"], row["other_task_type"], row["other_created_at"]),
    ):
        if model is not None:
            for figures in sums.of(row["tenant_id"], model, task):
                figures.ratings += fading((sums.now - at).total_seconds())
