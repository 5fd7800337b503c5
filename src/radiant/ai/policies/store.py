"""SQL of policies."""

from uuid import UUID

from radiant.ai.policies.schemas import PolicySettings
from radiant.infra.db import Row, Tx


async def binding(tx: Tx, api_key_id: UUID | None) -> list[Row]:
    """The active policies of a call: the tenant's, then the key's."""
    return await tx.all(
        "select id, api_key_id, name, allowed_models, denied_models, aliases, parameters, required_tags, cache, logging from policies"
        " where tenant_id = $1 and is_active and (api_key_id is null or api_key_id = $2)"
        " order by api_key_id nulls first",
        tx.tenant_id, api_key_id,
    )  # fmt: skip


async def seen_by(tx: Tx, user_id: UUID | None, policy_id: UUID | None) -> list[Row]:
    """Policies: all, or those that bind one person's calls; or just one."""
    return await tx.all(
        "select p.id, p.api_key_id, k.name as key_name, u.email as key_owner, p.name, p.is_active, p.allowed_models,"
        " p.denied_models, p.aliases, p.parameters, p.required_tags, p.cache, p.logging, p.created_at, p.updated_at from policies p"
        " left join api_keys k on k.tenant_id = p.tenant_id and k.id = p.api_key_id"
        " left join users u on u.tenant_id = k.tenant_id and u.id = k.user_id"
        " where p.tenant_id = $1 and ($3::uuid is null or p.id = $3)"
        " and ($2::uuid is null or p.api_key_id is null or k.user_id = $2)"
        " order by p.api_key_id is not null, p.name",
        tx.tenant_id, user_id, policy_id,
    )  # fmt: skip


async def has_key(tx: Tx, api_key_id: UUID) -> bool:
    """Whether the key is this tenant's."""
    return await tx.value(
        "select exists (select from api_keys where tenant_id = $1 and id = $2)", tx.tenant_id, api_key_id
    )


async def insert(tx: Tx, policy_id: UUID, api_key_id: UUID | None, new: PolicySettings) -> bool:
    """Store a policy; False where there is one of that name, for that key, or for the tenant."""
    return await tx.run(
        "insert into policies (id, tenant_id, api_key_id, name, is_active, allowed_models, denied_models, aliases,"
        " parameters, required_tags, cache, logging)"
        " values ($2, $1, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"
        " on conflict do nothing",
        tx.tenant_id, policy_id, api_key_id, new.name, new.is_active, new.allowed_models, new.denied_models,
        new.aliases, new.parameters.model_dump(exclude_none=True), [tag.model_dump() for tag in new.required_tags],
        new.cache.model_dump() if new.cache else None, new.logging.model_dump() if new.logging else None,
    ) == 1  # fmt: skip


async def update(tx: Tx, policy_id: UUID, new: PolicySettings) -> bool:
    """Replace what a policy says; False where there is none."""
    return await tx.run(
        "update policies set name = $3, is_active = $4, allowed_models = $5, denied_models = $6, aliases = $7,"
        " parameters = $8, required_tags = $9, cache = $10, logging = $11, updated_at = current_timestamp where tenant_id = $1 and id = $2",
        tx.tenant_id, policy_id, new.name, new.is_active, new.allowed_models, new.denied_models, new.aliases,
        new.parameters.model_dump(exclude_none=True), [tag.model_dump() for tag in new.required_tags],
        new.cache.model_dump() if new.cache else None, new.logging.model_dump() if new.logging else None,
    ) == 1  # fmt: skip


async def delete(tx: Tx, policy_id: UUID) -> bool:
    """Delete a policy with its guardrails."""
    return await tx.run("delete from policies where tenant_id = $1 and id = $2", tx.tenant_id, policy_id) == 1
