"""SQL of what an answer was given of documents."""

from typing import Any
from uuid import UUID

from radiant.infra.db import Row, Tx


async def note(tx: Tx, message_id: UUID, cited: dict[str, Any]) -> None:
    """Keep with the answer what it was given."""
    await tx.run(
        "update messages set cited = $4::jsonb where tenant_id = $1 and user_id = $2 and id = $3",
        tx.tenant_id, tx.user_id, message_id, cited,
    )  # fmt: skip


async def of_message(tx: Tx, message_id: UUID) -> Row | None:
    """A message of the person's, and what it was given."""
    return await tx.one_or_none(
        "select id, cited from messages where tenant_id = $1 and user_id = $2 and id = $3",
        tx.tenant_id, tx.user_id, message_id,
    )  # fmt: skip
