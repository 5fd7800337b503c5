"""SQL of guardrails."""

from typing import Any
from uuid import UUID

from radiant.ai.policies.guard_schemas import NewGuardrail
from radiant.infra.db import Row, Tx

SEALED_DUE = (
    "select id as id, tenant_id, secret as sealed from guardrails where secret ->> 'kek' <> $1"
    " and ($2::uuid is null or id > $2) order by id limit $3"
)
SEALED_PUT = (
    "update guardrails t set secret = d.sealed from unnest($1::uuid[], $2::jsonb[], $3::text[]) as d(id, sealed, key)"
    " where t.id = d.id and t.secret ->> 'key' = d.key"
)


async def active(tx: Tx, policy_ids: list[UUID]) -> list[Row]:
    """Those that are switched on under any of the policies, each policy's in order."""
    return await tx.all(
        "select id, policy_id, name, kind, stage, action, settings, secret, updated_at from guardrails"
        " where tenant_id = $1 and policy_id = any ($2::uuid[]) and is_active order by policy_id, position",
        tx.tenant_id, policy_ids,
    )  # fmt: skip


async def of_policy(tx: Tx, policy_id: UUID) -> list[Row]:
    """All of a policy, in order."""
    return await tx.all(
        "select id, policy_id, position, name, kind, stage, action, settings, is_active from guardrails"
        " where tenant_id = $1 and policy_id = $2 order by position",
        tx.tenant_id, policy_id,
    )  # fmt: skip


async def lock_policy(tx: Tx, policy_id: UUID) -> bool:
    """Hold the policy, so that positions stay what they are; False where there is none."""
    found = await tx.value(
        "select id from policies where tenant_id = $1 and id = $2 for update", tx.tenant_id, policy_id
    )
    return found is not None


async def insert(
    tx: Tx, guardrail_id: UUID, policy_id: UUID, position: int, new: NewGuardrail, secret: dict[str, Any] | None
) -> None:
    """Put a guardrail at the end of its policy's."""
    await tx.run(
        "insert into guardrails (id, tenant_id, policy_id, position, name, kind, stage, action, settings, is_active,"
        " secret) values ($2, $1, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        tx.tenant_id, guardrail_id, policy_id, position, new.name, new.kind, new.stage, new.action, new.settings,
        new.is_active, secret,
    )  # fmt: skip


async def update(tx: Tx, policy_id: UUID, guardrail_id: UUID, new: NewGuardrail) -> bool:
    """Replace what a guardrail does, but for its kind; False where there is none of that kind."""
    return await tx.run(
        "update guardrails set name = $4, stage = $6, action = $7, settings = $8, is_active = $9,"
        " updated_at = current_timestamp where tenant_id = $1 and policy_id = $2 and id = $3 and kind = $5",
        tx.tenant_id, policy_id, guardrail_id, new.name, new.kind, new.stage, new.action, new.settings, new.is_active,
    ) == 1  # fmt: skip


async def set_secret(tx: Tx, policy_id: UUID, guardrail_id: UUID, secret: dict[str, Any]) -> bool:
    """Replace with what requests to a webhook are signed; False where there is no such webhook."""
    return await tx.run(
        "update guardrails set secret = $4, updated_at = current_timestamp"
        " where tenant_id = $1 and policy_id = $2 and id = $3 and kind = 'webhook'",
        tx.tenant_id, policy_id, guardrail_id, secret,
    ) == 1  # fmt: skip


async def order(tx: Tx, policy_id: UUID, guardrail_ids: list[UUID]) -> None:
    """Number the guardrails of a policy by their places in the list."""
    await tx.run(
        "update guardrails g set position = o.place - 1 from unnest($3::uuid[]) with ordinality o (id, place)"
        " where g.tenant_id = $1 and g.policy_id = $2 and g.id = o.id",
        tx.tenant_id, policy_id, guardrail_ids,
    )  # fmt: skip


async def delete(tx: Tx, policy_id: UUID, guardrail_id: UUID) -> bool:
    """Delete a guardrail; False where there is none."""
    return await tx.run(
        "delete from guardrails where tenant_id = $1 and policy_id = $2 and id = $3",
        tx.tenant_id, policy_id, guardrail_id,
    ) == 1  # fmt: skip
