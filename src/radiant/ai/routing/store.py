"""SQL of rules, settings, and what a tenant's routing knows."""

from typing import Any
from uuid import UUID

from radiant.infra.db import Row, Tx

# --- rules ---


async def rules(tx: Tx) -> list[Row]:
    """The tenant's own rules and the platform's, in the order in which they are asked."""
    return await tx.all(
        "select id, tenant_id is null as of_platform, name, priority, conditions, target_model, fallback_models,"
        " is_active, created_at, updated_at from brain_routing_rules where tenant_id = $1 or tenant_id is null"
        " order by tenant_id is null, priority, created_at, id",
        tx.tenant_id,
    )


async def lock_rules(tx: Tx, tenant_id: UUID | None) -> list[Row]:
    """The ids and priorities of a tenant's rules or the platform's, and which look for a pattern, held against others who change them."""
    return await tx.all(
        "select id, priority, conditions ? 'pattern' as has_pattern from brain_routing_rules where tenant_id is not distinct from $1::uuid"
        " order by id for update",
        tenant_id,
    )


async def insert_rule(
    tx: Tx, tenant_id: UUID | None, rule_id: UUID, name: str, priority: int, conditions: dict[str, Any],
    target_model: str, fallback_models: list[str], *, is_active: bool,
) -> bool:  # fmt: skip
    """Store a rule; False where there is one of that name."""
    return await tx.run(
        "insert into brain_routing_rules (id, tenant_id, name, priority, conditions, target_model, fallback_models,"
        " is_active) values ($2, $1, $3, $4, $5, $6, $7, $8) on conflict (tenant_id, name) do nothing",
        tenant_id, rule_id, name, priority, conditions, target_model, fallback_models, is_active,
    ) == 1  # fmt: skip


async def update_rule(
    tx: Tx, tenant_id: UUID | None, rule_id: UUID, name: str, priority: int | None, conditions: dict[str, Any],
    target_model: str, fallback_models: list[str], *, is_active: bool,
) -> bool:  # fmt: skip
    """Replace what a rule says, and its priority where one is given; False where there is none."""
    return await tx.run(
        "update brain_routing_rules set name = $3, priority = coalesce($4, priority), conditions = $5,"
        " target_model = $6, fallback_models = $7, is_active = $8, updated_at = current_timestamp"
        " where tenant_id is not distinct from $1::uuid and id = $2",
        tenant_id, rule_id, name, priority, conditions, target_model, fallback_models, is_active,
    ) == 1  # fmt: skip


async def delete_rule(tx: Tx, tenant_id: UUID | None, rule_id: UUID) -> bool:
    """Delete a rule; False where there is none."""
    return await tx.run(
        "delete from brain_routing_rules where tenant_id is not distinct from $1::uuid and id = $2", tenant_id, rule_id
    ) == 1  # fmt: skip


async def order_rules(tx: Tx, tenant_id: UUID | None, order: list[UUID], step: int) -> None:
    """Give rules the priorities of their places."""
    await tx.run(
        "update brain_routing_rules r set priority = o.place * $3, updated_at = current_timestamp"
        " from unnest($2::uuid[]) with ordinality as o(id, place)"
        " where r.tenant_id is not distinct from $1::uuid and r.id = o.id",
        tenant_id, order, step,
    )  # fmt: skip


async def missing_people(tx: Tx, users: list[UUID], groups: list[UUID]) -> list[UUID]:
    """Which of these are no people and no groups of the tenant."""
    rows = await tx.all(
        "select id from unnest($2::uuid[]) as given(id)"
        " where not exists (select from users u where u.tenant_id = $1 and u.id = given.id)"
        " union all select id from unnest($3::uuid[]) as given(id)"
        " where not exists (select from groups g where g.tenant_id = $1 and g.id = given.id)",
        tx.tenant_id, users, groups,
    )  # fmt: skip
    return [row["id"] for row in rows]


# --- settings, and what else a decision asks for ---


async def settings(tx: Tx) -> Row | None:
    """How the tenant wants models to be chosen."""
    return await tx.one_or_none(
        "select weights, preferred_provider, preferred_margin, exploration, sticky from brain_settings"
        " where tenant_id = $1",
        tx.tenant_id,
    )


async def put_settings(
    tx: Tx, weights: dict[str, float] | None, preferred_provider: str | None, preferred_margin: float | None,
    exploration: float | None, sticky: bool | None,
) -> None:  # fmt: skip
    """Keep them in place of what there was."""
    await tx.run(
        "insert into brain_settings (tenant_id, weights, preferred_provider, preferred_margin, exploration, sticky)"
        " values ($1, $2, $3, $4, $5, $6) on conflict (tenant_id) do update set weights = excluded.weights,"
        " preferred_provider = excluded.preferred_provider, preferred_margin = excluded.preferred_margin,"
        " exploration = excluded.exploration, sticky = excluded.sticky, updated_at = current_timestamp",
        tx.tenant_id, weights, preferred_provider, preferred_margin, exploration, sticky,
    )  # fmt: skip


async def plan(tx: Tx) -> str:
    """The tenant's plan."""
    return await tx.value("select plan from tenants where id = $1", tx.tenant_id)


async def groups_of(tx: Tx, user_id: UUID) -> list[UUID]:
    """The groups that a person is in."""
    rows = await tx.all(
        "select group_id from group_members where tenant_id = $1 and user_id = $2", tx.tenant_id, user_id
    )
    return [row["group_id"] for row in rows]


async def all_groups(tx: Tx) -> dict[UUID, frozenset[UUID]]:
    """Who is in which groups."""
    rows = await tx.all(
        "select user_id, array_agg(group_id) as groups from group_members where tenant_id = $1 group by user_id",
        tx.tenant_id,
    )
    return {row["user_id"]: frozenset(row["groups"]) for row in rows}


async def model_of_conversation(tx: Tx, user_id: UUID, conversation: str) -> str | None:
    """The model that a person's conversation had last."""
    return await tx.value(
        "select selected_model from brain_routing_history where tenant_id = $1 and user_id = $2 and conversation = $3"
        " and success is not false order by created_at desc limit 1",
        tx.tenant_id, user_id, conversation,
    )  # fmt: skip


async def everybody(tx: Tx) -> list[Row]:
    """All tenants' figures, which name nobody."""
    return await tx.all(
        "select model, task_type, successes, failures, unknown, latency_sketch, input_tokens, output_tokens, cost,"
        " ratings, updated_at from brain_model_statistics"
    )


async def own(tx: Tx) -> list[Row]:
    """The tenant's own figures."""
    return await tx.all(
        "select model, task_type, successes, failures, unknown, latency_sketch, input_tokens, output_tokens, cost,"
        " ratings, updated_at from brain_tenant_statistics where tenant_id = $1",
        tx.tenant_id,
    )


async def evidence(tx: Tx) -> list[Row]:
    """What all tenants' answers taught, which names nobody."""
    return await tx.all("select model, place, precision, information, updated_at from brain_model_evidence")


async def own_evidence(tx: Tx) -> list[Row]:
    """What the tenant's own answers taught."""
    return await tx.all(
        "select model, place, precision, information, updated_at from brain_tenant_evidence where tenant_id = $1",
        tx.tenant_id,
    )
