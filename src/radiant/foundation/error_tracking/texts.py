"""What of an error is text: read, and written back where something had to be taken out of it."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from radiant.foundation.error_tracking import texts_store as store
from radiant.infra.db import Tx

_COLUMNS = ("error_message", "stack_trace", "context", "source_function", "pattern_name", "message_pattern")


class ErrorTexts:
    """Of error_logs, each row with its group's own words."""

    async def read(self, tx: Tx, ids: Sequence[UUID]) -> dict[UUID, Any]:
        """By the error's id. System transaction."""
        rows = await store.texts(tx, list(ids))
        return {row["id"]: {name: row[name] for name in _COLUMNS} for row in rows}

    async def rewrite(self, tx: Tx, row_id: UUID, texts: Any) -> None:
        """Write them back, cut to what their columns hold. System transaction."""
        await store.rewrite(
            tx, row_id, texts["error_message"], texts["stack_trace"], texts["context"],
            (texts["source_function"] or "")[:200] or None, (texts["pattern_name"] or "")[:100], texts["message_pattern"],
        )  # fmt: skip
