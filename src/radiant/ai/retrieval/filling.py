"""Makes the vectors of rows beside everything else, for whichever slice has some (`Shelf`).

The rows are the queue: each says when its vector is due (`app.wakes`, migration 0056, tells at once), and is claimed under
a lease, so whoever dies while it makes some loses none. A model that is away is asked again later. What was not heard of
is found by looking now and then.
"""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol
from uuid import UUID

import structlog

from radiant.ai.retrieval.embedding import Embedder, Vector
from radiant.foundation.identity.callers import Caller, Role
from radiant.infra.changes import Changes
from radiant.infra.db import AWAY, Database, Row, Tx
from radiant.kit.errors import Problem
from radiant.kit.ids import TenantId, UserId

log = structlog.get_logger()

_LEASE, _LATER = timedelta(seconds=60), timedelta(seconds=30)
_AT_ONCE = 32
# Between looks while notices are heard, and while they are not.
_LOOK_SECONDS, _DEAF_SECONDS = 15.0, 2.0
# The largest that an approximate index takes.
_MOST_DIMENSIONS = 4000
_INDEX_AFTER = 2000


@dataclass(frozen=True, slots=True)
class Due:
    """A row whose vector is due. `user_id`: whose call it is; `text`: what is embedded; `row`: what the shelf read."""

    id: UUID
    tenant_id: TenantId
    user_id: UserId
    model: str
    text: str
    row: Row


class Shelf(Protocol):
    """Rows with vectors: a table with `embedding`, `embedding_model`, and a column that says when one is due."""

    table: str
    """Its name, as `app.ensure_ann_index` takes it."""
    due: str
    """The column that `app.wakes` was called with."""

    async def claim(self, tx: Tx, limit: int, lease: timedelta) -> Sequence[Due]:
        """Rows that are due, whoever's, now due again only after the lease. System transaction; skips locked rows."""
        ...

    async def begin(self, caller: Caller, due: Sequence[Due]) -> None:
        """What one person's rows need that waits for no vector; may do nothing."""
        ...

    async def put(self, caller: Caller, model: str, due: Sequence[Due], vectors: Sequence[Vector]) -> None:
        """Keep the vectors (of length 1) of one person's rows, and do what follows from it."""
        ...

    async def put_off(self, tx: Tx, ids: Sequence[UUID], delay: timedelta) -> None:
        """They are due again after `delay`. System transaction."""
        ...


class Filling:
    """One per process and shelf, made by a root: `async with Filling(database, changes, embedder, shelf)`."""

    def __init__(self, database: Database, changes: Changes, embedder: Embedder, shelf: Shelf) -> None:
        self._system = database.system(f"vectors of {shelf.table}")
        self._changes = changes
        self._embedder = embedder
        self._shelf = shelf
        self._wanted = asyncio.Event()
        self._working = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None
        self._made: dict[tuple[str, int], int] = defaultdict(int)
        changes.subscribe(f"{shelf.table}.{shelf.due}", lambda _: self._wanted.set())

    async def __aenter__(self) -> "Filling":
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._task is not None
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def settle(self) -> None:
        """Make all that is due now."""
        async with self._working:
            while await self._step():
                pass

    async def _run(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_SECONDS if self._changes.live else _DEAF_SECONDS):
                    await self._wanted.wait()
            self._wanted.clear()
            try:
                await self.settle()
            except AWAY as error:
                log.warning("vectors.away", table=self._shelf.table, error=repr(error))
                await asyncio.sleep(_DEAF_SECONDS)

    async def _step(self) -> bool:
        """Make some; whether there may be more."""
        async with self._system.tx() as tx:
            claimed = await self._shelf.claim(tx, _AT_ONCE, _LEASE)
        groups: dict[tuple[TenantId, UserId, str], list[Due]] = defaultdict(list)
        for each in claimed:
            groups[each.tenant_id, each.user_id, each.model].append(each)
        for (tenant_id, user_id, model), group in groups.items():
            await self._make(_caller(tenant_id, user_id), model, group)
        return len(claimed) == _AT_ONCE

    async def _make(self, caller: Caller, model: str, due: list[Due]) -> None:
        await self._shelf.begin(caller, due)
        try:
            vectors = await self._embedder.many(caller, model, [each.text for each in due])
        except Problem as error:
            log.warning("vectors.none", table=self._shelf.table, model=model, count=len(due), error=error.slug)
            async with self._system.tx() as tx:
                await self._shelf.put_off(tx, [each.id for each in due], _LATER)
            return
        await self._shelf.put(caller, model, due, vectors)
        await self._ensure_index(model, len(vectors[0]), len(due))

    async def _ensure_index(self, model: str, dimension: int, count: int) -> None:
        self._made[model, dimension] += count
        if dimension <= _MOST_DIMENSIONS and self._made[model, dimension] >= _INDEX_AFTER:
            self._made[model, dimension] = 0
            async with self._system.tx() as tx:
                await tx.value(
                    "select app.ensure_ann_index($1::text::regclass, $2, $3)", self._shelf.table, model, dimension
                )


def _caller(tenant_id: TenantId, user_id: UserId) -> Caller:
    """The person whose rows they are: the calls are theirs."""
    return Caller(
        tenant_id=tenant_id, user_id=user_id, role=Role.MEMBER, is_operator=False, kind="user",
        scopes=frozenset({"inference"}),
    )  # fmt: skip
