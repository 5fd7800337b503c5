"""What of the request log is text: read, and written back where something had to be taken out of it."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from radiant.ai.policies import logs_store as store
from radiant.infra.db import Tx


class RequestLogTexts:
    """Of request_logs: what was asked and what was answered."""

    async def read(self, tx: Tx, ids: Sequence[UUID]) -> dict[UUID, Any]:
        """By the entry's id. System transaction."""
        return {row["id"]: [row["request"], row["response"]] for row in await store.texts(tx, list(ids))}

    async def rewrite(self, tx: Tx, row_id: UUID, texts: Any) -> None:
        """Write them back. System transaction."""
        await store.rewrite(tx, row_id, texts[0], texts[1])
