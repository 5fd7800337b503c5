"""What `ai/retrieval/filling` needs to know of passages. Words find them until their vectors are made."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from radiant.ai.retrieval.embedding import Vector, written
from radiant.ai.retrieval.filling import Due
from radiant.foundation.identity.callers import Caller
from radiant.infra.db import Database, Tx
from radiant.workspace.documents import passages_store


class PassageShelf:
    """The passages whose vectors are due."""

    table = "document_passages"
    due = "embed_due"

    def __init__(self, database: Database) -> None:
        self._database = database

    async def claim(self, tx: Tx, limit: int, lease: timedelta) -> Sequence[Due]:
        """Those that are due, the oldest first."""
        return [
            Due(row["id"], row["tenant_id"], row["user_id"], row["model"], row["content"], row)
            for row in await passages_store.claim(tx, limit, lease)
        ]

    async def begin(self, caller: Caller, due: Sequence[Due]) -> None:
        """Their words were indexed when they were read."""

    async def put(self, caller: Caller, model: str, due: Sequence[Due], vectors: Sequence[Vector]) -> None:
        """Keep the vectors, of bases that still have the model."""
        for base_id in sorted({each.row["base_id"] for each in due}):
            some = [(each, vector) for each, vector in zip(due, vectors, strict=True) if each.row["base_id"] == base_id]
            async with caller.db(self._database).tx() as tx:
                if not await passages_store.has_model(tx, base_id, model):
                    continue
                await passages_store.put_vectors(
                    tx, sorted({each.row["document_id"] for each, _ in some}), model, [each.id for each, _ in some],
                    [written(vector) for _, vector in some], len(vectors[0]),
                )  # fmt: skip
                await passages_store.finish_change(tx, base_id)

    async def put_off(self, tx: Tx, ids: Sequence[UUID], delay: timedelta) -> None:
        """Try again later."""
        await passages_store.put_off(tx, ids, delay)
