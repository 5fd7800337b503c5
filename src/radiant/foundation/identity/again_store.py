"""SQL of whom work that outlives its request is done for."""

from uuid import UUID

from radiant.infra.db import Row, Tx


async def creator(tx: Tx, api_key_id: UUID | None) -> Row | None:
    """The role and scopes by which the person may call; None where they or that key of theirs no longer may."""
    return await tx.one_or_none(
        "select u.role, k.scopes from users u left join api_keys k on k.tenant_id = u.tenant_id and k.id = $3"
        " where u.tenant_id = $1 and u.id = $2 and u.status = 'active' and ($3::uuid is null or (k.id is not null"
        " and k.revoked_at is null and (k.expires_at is null or k.expires_at > current_timestamp)))",
        tx.tenant_id, tx.user_id, api_key_id,
    )  # fmt: skip
