"""SQL of an error's texts. System transactions."""

from typing import Any
from uuid import UUID

from radiant.infra.db import Row, Tx


async def texts(tx: Tx, ids: list[UUID]) -> list[Row]:
    """What is text of these errors and their groups. System transaction."""
    return await tx.all(
        "select l.id, l.error_message, l.stack_trace, l.context, l.source_function, p.pattern_name, p.message_pattern"
        " from error_logs l left join error_patterns p on p.owner_id = l.owner_id and p.id = l.pattern_id"
        " where l.id = any($1)",
        ids,
    )


async def rewrite(
    tx: Tx, log_id: UUID, message: str, stack: str | None, context: dict[str, Any] | None, function: str | None,
    group_name: str, group_message: str | None,
) -> None:  # fmt: skip
    """Replace them, in the error and in its group. System transaction."""
    await tx.run(
        "with rewritten as (update error_logs set error_message = $2, stack_trace = $3, context = $4,"
        "  source_function = $5 where id = $1 returning owner_id, pattern_id)"
        " update error_patterns p set pattern_name = $6, message_pattern = $7 from rewritten r"
        " where p.owner_id = r.owner_id and p.id = r.pattern_id",
        log_id, message, stack, context, function, group_name, group_message,
    )  # fmt: skip
