"""SQL of settings: one row an owner."""

from typing import Any
from uuid import UUID

from radiant.foundation.error_tracking.schemas import ErrorSettingsGiven
from radiant.infra.db import Row, Tx
from radiant.kit.ids import TenantId

SEALED_DUE = (
    "select owner_id as id, webhook_secret as sealed from error_settings where webhook_secret ->> 'kek' <> $1"
    " and ($2::uuid is null or owner_id > $2) order by owner_id limit $3"
)
SEALED_PUT = (
    "update error_settings t set webhook_secret = d.sealed from unnest($1::uuid[], $2::jsonb[], $3::text[]) as d(id, sealed, key)"
    " where t.owner_id = d.id and t.webhook_secret ->> 'key' = d.key"
)


async def read(tx: Tx, owner_id: UUID) -> Row | None:
    """An owner's settings, None where they were never changed."""
    return await tx.one_or_none("select * from error_settings where owner_id = $1", owner_id)


async def write(tx: Tx, tenant_id: TenantId | None, new: ErrorSettingsGiven, sealed: dict[str, Any] | None) -> None:
    """Replace them. `sealed`: a new signing secret; None leaves the old one."""
    await tx.run(
        "insert into error_settings as s (tenant_id, scrub_patterns, alert_on, alert_minutes, alert_emails, alert_webhook,"
        " alert_topic_arn, actions_enabled, webhook_secret) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
        " on conflict (owner_id) do update set scrub_patterns = excluded.scrub_patterns, alert_on = excluded.alert_on,"
        " alert_minutes = excluded.alert_minutes, alert_emails = excluded.alert_emails,"
        " alert_webhook = excluded.alert_webhook, alert_topic_arn = excluded.alert_topic_arn,"
        " actions_enabled = excluded.actions_enabled, updated_at = current_timestamp,"
        " webhook_secret = coalesce(excluded.webhook_secret, s.webhook_secret)",
        tenant_id, new.scrub_patterns, sorted(set(new.alert_on)), new.alert_minutes,
        [address.lower() for address in new.alert_emails], new.alert_webhook, new.alert_topic_arn,
        new.actions_enabled, sealed,
    )  # fmt: skip


async def strangers(tx: Tx, addresses: list[str], *, of_platform: bool) -> list[str]:
    """Those addresses that are no active member's (of the platform: no operator's)."""
    rows = await tx.all(
        "select a from unnest($1::text[]) a where not exists (select from users u where lower(u.email) = lower(a)"
        " and u.status = 'active' and (u.is_operator or not $2))",
        addresses, of_platform,
    )  # fmt: skip
    return [row["a"] for row in rows]
