"""Brings what came of calls, and what people said of them, into the statistics. Runs in a worker every second or two;
a decision is counted once, in the transaction that marks it so."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from radiant.ai.routing import history_store as store
from radiant.ai.routing.learning import learn
from radiant.ai.routing.statistics import Figures, fading
from radiant.infra.db import Database, Row, Tx
from radiant.kit.clock import utc_now

_BATCH = 2000
_Own = tuple[UUID, str, str]


class _Sums:
    """Figures of all tenants and of each, as they change."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.own: dict[_Own, Figures] = {}
        self.everybody: dict[tuple[str, str], Figures] = {}

    async def read(self, tx: Tx, keys: Iterable[_Own]) -> None:
        """What there is of these, held until the transaction ends."""
        wanted = sorted(set(keys))
        shared = sorted({(model, task) for _, model, task in wanted})
        self.own = {key: Figures() for key in wanted}
        self.everybody = {key: Figures() for key in shared}
        for row in await store.everybodys(tx, [key[0] for key in shared], [key[1] for key in shared]):
            self.everybody[row["model"], row["task_type"]] = Figures.of_row(row, self.now)
        ids, models, tasks = ([key[place] for key in wanted] for place in range(3))
        for row in await store.tenants(tx, ids, models, tasks):  # type: ignore[arg-type]
            self.own[row["tenant_id"], row["model"], row["task_type"]] = Figures.of_row(row, self.now)

    def of(self, tenant_id: UUID, model: str, task: str) -> tuple[Figures, Figures]:
        """A tenant's own and everybody's."""
        return self.own[tenant_id, model, task], self.everybody[model, task]

    async def write(self, tx: Tx) -> None:
        """Keep them."""
        shared = [
            {"model": model, "task_type": task, **_as_json(figures)}
            for (model, task), figures in self.everybody.items()
        ]
        own = [
            {"tenant_id": tenant_id, "model": model, "task_type": task, **_as_json(figures)}
            for (tenant_id, model, task), figures in self.own.items()
        ]
        await store.put_everybodys(tx, shared, self.now)
        await store.put_tenants(tx, own, self.now)


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
        calls = await store.uncounted(tx, _BATCH)
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


def _keys(row: Row) -> Iterable[_Own]:
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
