"""SQL of alerts and actions, which are jobs of the platform. All of it in system transactions."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from radiant.infra.db import Row, Tx


async def group(tx: Tx, group_id: UUID) -> Row | None:
    """A group with its owner's settings. System transaction."""
    return await tx.one_or_none(
        "select p.*, s.alert_emails, s.alert_webhook, s.alert_topic_arn, s.webhook_secret, s.actions_enabled"
        " from error_patterns p join error_settings s on s.owner_id = p.owner_id where p.id = $1",
        group_id,
    )


async def log(tx: Tx, log_id: UUID) -> Row | None:
    """An error. System transaction."""
    return await tx.one_or_none("select * from error_logs where id = $1", log_id)


async def latest_log(tx: Tx, owner_id: UUID, group_id: UUID) -> Row | None:
    """The latest error of a group. System transaction."""
    return await tx.one_or_none(
        "select l.* from error_logs l join error_patterns p on p.owner_id = l.owner_id and p.id = l.pattern_id"
        " where l.owner_id = $1 and (p.id = $2 or p.merged_into = $2) order by l.created_at desc limit 1",
        owner_id, group_id,
    )  # fmt: skip


async def readers(tx: Tx, tenant_id: UUID | None, addresses: list[str]) -> list[str]:
    """Those addresses that still are an active member's (of the platform: an operator's). System transaction."""
    rows = await tx.all(
        "select distinct lower(email) as email from users where lower(email) = any($2) and status = 'active'"
        " and case when $1::uuid is null then is_operator else tenant_id = $1 end order by 1",
        tenant_id, addresses,
    )  # fmt: skip
    return [row["email"] for row in rows]


async def begin_action(
    tx: Tx, tenant_id: UUID | None, owner_id: UUID, group_id: UUID, action: dict[str, Any], most: int, within: timedelta
) -> UUID | None:
    """Note that an action begins; None where as many began within that time. System transaction."""
    # The group's row keeps two workers from counting at once.
    await tx.one("select id from error_patterns where owner_id = $1 and id = $2 for no key update", owner_id, group_id)
    return await tx.value(
        "insert into error_actions (tenant_id, pattern_id, action) select $1, $3, $4"
        " where (select count(*) from error_actions where owner_id = $2 and pattern_id = $3"
        "  and started_at > current_timestamp - $6::interval) < $5 returning id",
        tenant_id, owner_id, group_id, action, most, within,
    )  # fmt: skip


async def end_action(tx: Tx, action_id: UUID, succeeded: bool, detail: str) -> None:
    """Note what came of it. System transaction."""
    await tx.run(
        "update error_actions set succeeded = $2, detail = $3, finished_at = current_timestamp where id = $1",
        action_id, succeeded, detail,
    )  # fmt: skip
