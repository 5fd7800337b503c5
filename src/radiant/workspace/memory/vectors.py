"""Makes the vectors of memories beside everything else. The rows are the queue (`embed_due`): whoever dies while it
makes some loses none, since their lease runs out. A model that is away is asked again later; words find them meanwhile."""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import structlog

from radiant.ai.retrieval.embedding import Embedder, written
from radiant.ai.retrieval.terms import overlap, same_figures
from radiant.foundation.identity.callers import Caller, Role
from radiant.infra.db import AWAY, Database, Row
from radiant.kit.errors import Problem
from radiant.kit.ids import TenantId, UserId
from radiant.workspace.memory import adding, store, vectors_store

log = structlog.get_logger()

_LEASE, _LATER = timedelta(seconds=60), timedelta(seconds=30)
_AT_ONCE = 32
_LOOK_SECONDS = 2.0
# What says nearly the same: by meaning and by words, and with the same figures.
_ALIKE, _SHARED = 0.92, 0.6
# The largest that an approximate index takes.
_MOST_DIMENSIONS = 4000
_INDEX_AFTER = 2000


class Vectors:
    """One per process, made by a root: `async with Vectors(database, embedder) as vectors`."""

    def __init__(self, database: Database, embedder: Embedder) -> None:
        self._database = database
        self._embedder = embedder
        self._wanted = asyncio.Event()
        self._working = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None
        self._made: dict[tuple[str, int], int] = defaultdict(int)
        self._counts: dict[tuple[TenantId, UserId], dict[UUID, int]] = {}

    async def __aenter__(self) -> "Vectors":
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._task is not None
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        await self._embedder.close()
        with contextlib.suppress(*AWAY):
            await self.flush()

    def wake(self) -> None:
        """Something is due."""
        self._wanted.set()

    def count(self, caller: Caller, ids: Sequence[UUID]) -> None:
        """Note that memories were found; written within a few seconds, beside the next searches."""
        counts = self._counts.setdefault((caller.tenant_id, caller.user_id), {})
        for id_ in ids:
            counts[id_] = counts.get(id_, 0) + 1

    async def settle(self) -> None:
        """Make all that is due now, and write what was counted."""
        async with self._working:
            await self.flush()
            while await self._step():
                pass

    async def flush(self) -> None:
        """Write how often memories were found: one statement a person (F13.2)."""
        counts, self._counts = self._counts, {}
        for (tenant_id, user_id), found in counts.items():
            async with self._database.tenant(tenant_id, user_id).tx() as tx:
                await store.found(tx, list(found), list(found.values()))

    async def _run(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wanted.wait(), _LOOK_SECONDS)
            self._wanted.clear()
            try:
                await self.settle()
            except AWAY as error:
                log.warning("memory.vectors_away", error=repr(error))
                await asyncio.sleep(_LOOK_SECONDS)

    async def _step(self) -> bool:
        """Make some; whether there may be more."""
        async with self._database.system("memory vectors").tx() as tx:
            rows = await vectors_store.claim(tx, _AT_ONCE, _LEASE)
        groups: dict[tuple[TenantId, UserId, str], list[Row]] = defaultdict(list)
        for row in rows:
            groups[row["tenant_id"], row["user_id"], row["model"]].append(row)
        for (tenant_id, user_id, model), group in groups.items():
            await self._make(_caller(tenant_id, user_id), model, group)
        return len(rows) == _AT_ONCE

    async def _make(self, caller: Caller, model: str, rows: list[Row]) -> None:
        await self._index(caller, [row for row in rows if row["words"] is None])
        texts = [f"{row['speaker']}: {row['content']}" if row["speaker"] else row["content"] for row in rows]
        try:
            vectors = await self._embedder.many(caller, model, texts)
        except Problem as error:
            log.warning("memory.no_vectors", model=model, count=len(rows), error=error.slug)
            async with self._database.system("memory vectors").tx() as tx:
                await vectors_store.put_off(tx, [row["id"] for row in rows], _LATER)
            return
        dimension = len(vectors[0])
        async with caller.db(self._database).tx() as tx:
            await vectors_store.put_vectors(
                tx, model, [row["id"] for row in rows], [row["content"] for row in rows],
                [written(vector) for vector in vectors], dimension,
            )  # fmt: skip
            for store_id in sorted({row["store_id"] for row in rows}):
                await vectors_store.finish_change(tx, store_id)
        await self._fold(caller, [row["id"] for row in rows])
        await self._ensure_index(model, dimension, len(rows))

    async def _index(self, caller: Caller, rows: list[Row]) -> None:
        """Bring memories into the postings that came in by section 13's table."""
        if not rows:
            return
        indexed = await asyncio.to_thread(
            lambda: [(row["id"], adding.index(row["content"], row["speaker"])) for row in rows]
        )
        async with caller.db(self._database).tx() as tx:
            await adding.put_terms(tx, indexed)
            await vectors_store.put_words(
                tx, [id_ for id_, _ in indexed], [each.language for _, each in indexed],
                [each.words for _, each in indexed],
            )  # fmt: skip

    async def _fold(self, caller: Caller, ids: list[UUID]) -> None:
        """What says nearly the same as an older one, with the same figures, is evidence of it."""
        async with caller.db(self._database).tx() as tx:
            pairs = [
                (row["id"], row["other_id"])
                for row in await vectors_store.alike(tx, ids, _ALIKE)
                if same_figures(row["content"], row["other"])
                and overlap(row["content"], row["other"], row["language"] or "en") >= _SHARED
            ]
            if not pairs:
                return
            # Not into one that itself gives way here.
            going = {id_ for id_, _ in pairs}
            pairs = [(id_, other) for id_, other in pairs if other not in going]
            folded = await vectors_store.fold(tx, [id_ for id_, _ in pairs], [other for _, other in pairs])
            await store.put_events(
                tx,
                [
                    {"memory_id": row["id"], "other_id": row["kept"], "what": "merged", "why": "it says the same"}
                    for row in folded
                ],
            )

    async def _ensure_index(self, model: str, dimension: int, count: int) -> None:
        self._made[model, dimension] += count
        if dimension <= _MOST_DIMENSIONS and self._made[model, dimension] >= _INDEX_AFTER:
            self._made[model, dimension] = 0
            async with self._database.system("memory vectors").tx() as tx:
                await vectors_store.ensure_index(tx, model, dimension)


def _caller(tenant_id: TenantId, user_id: UserId) -> Caller:
    """The person whose memories they are: the calls are theirs."""
    return Caller(
        tenant_id=tenant_id, user_id=user_id, role=Role.MEMBER, is_operator=False, kind="user",
        scopes=frozenset({"inference"}),
    )  # fmt: skip
