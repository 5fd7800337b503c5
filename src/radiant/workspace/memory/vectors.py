"""What `ai/retrieval/filling` needs to know of memories. Words find them until their vectors are made."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from radiant.ai.retrieval.embedding import Vector, written
from radiant.ai.retrieval.filling import Due
from radiant.ai.retrieval.terms import overlap, same_figures
from radiant.foundation.identity.callers import Caller
from radiant.infra.db import Database, Tx
from radiant.workspace.memory import adding, store, vectors_store

# What says nearly the same: by meaning and by words, and with the same figures.
_ALIKE, _SHARED = 0.92, 0.6


class MemoryShelf:
    """The memories whose vectors are due."""

    table = "memories"
    due = "embed_due"

    def __init__(self, database: Database) -> None:
        self._database = database

    async def claim(self, tx: Tx, limit: int, lease: timedelta) -> Sequence[Due]:
        """Those that are due, the newest first."""
        return [
            Due(
                row["id"], row["tenant_id"], row["user_id"], row["model"],
                f"{row['speaker']}: {row['content']}" if row["speaker"] else row["content"], row,
            )
            for row in await vectors_store.claim(tx, limit, lease)
        ]  # fmt: skip

    async def begin(self, caller: Caller, due: Sequence[Due]) -> None:
        """Bring memories into the postings that came in by section 13's table."""
        rows = [each.row for each in due if each.row["words"] is None]
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

    async def put(self, caller: Caller, model: str, due: Sequence[Due], vectors: Sequence[Vector]) -> None:
        """Keep the vectors, and let what says nearly the same as an older one be evidence of it."""
        ids = [each.id for each in due]
        async with caller.db(self._database).tx() as tx:
            await vectors_store.put_vectors(
                tx, model, ids, [each.row["content"] for each in due], [written(vector) for vector in vectors],
                len(vectors[0]),
            )  # fmt: skip
            for store_id in sorted({each.row["store_id"] for each in due}):
                await vectors_store.finish_change(tx, store_id)
            await _fold(tx, ids)

    async def put_off(self, tx: Tx, ids: Sequence[UUID], delay: timedelta) -> None:
        """Try again later."""
        await vectors_store.put_off(tx, ids, delay)


async def _fold(tx: Tx, ids: list[UUID]) -> None:
    """What says nearly the same as an older one, with the same figures, is evidence of it."""
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
