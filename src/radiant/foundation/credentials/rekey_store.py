"""SQL of wrapping data keys anew. System transactions."""

from collections.abc import Sequence
from uuid import UUID

from radiant.infra.db import Row, Tx

CHAINS_DUE = (
    "select tenant_id as id, tenant_id, sealed from credential_trail_keys where sealed ->> 'kek' <> $1"
    " and ($2::uuid is null or tenant_id > $2) order by tenant_id limit $3"
)
CHAINS_PUT = (
    "update credential_trail_keys t set sealed = d.sealed from unnest($1::uuid[], $2::jsonb[], $3::text[])"
    " as d(id, sealed, key) where t.tenant_id = d.id and t.sealed ->> 'key' = d.key"
)


async def move_vaults(tx: Tx, key_id: str) -> None:
    """Vaults name that key from now on. System transaction."""
    await tx.run("update credential_vaults set encryption_key_arn = $1 where encryption_key_arn <> $1", key_id)


async def versions_due(tx: Tx, after: tuple[UUID, int], limit: int) -> list[Row]:
    """Versions under another key than their vault names, in the order of their ids. System transaction."""
    return await tx.all(
        "select v.tenant_id, c.vault_id, v.credential_id, v.version, v.kek_id, v.wrapped_key, t.encryption_key_arn"
        " from credential_versions v"
        " join stored_credentials c on c.tenant_id = v.tenant_id and c.id = v.credential_id"
        " join credential_vaults t on t.tenant_id = c.tenant_id and t.id = c.vault_id"
        " where v.kek_id <> t.encryption_key_arn and (v.credential_id, v.version) > ($1, $2)"
        " order by v.credential_id, v.version limit $3",
        after[0], after[1], limit,
    )  # fmt: skip


async def put_versions(
    tx: Tx, ids: Sequence[UUID], versions: Sequence[int], keks: Sequence[str], wrapped: Sequence[bytes],
    before: Sequence[bytes],
) -> int:  # fmt: skip
    """Write data keys that were wrapped anew, where they are still what they were; how many. System transaction."""
    return await tx.run(
        "update credential_versions v set kek_id = d.kek, wrapped_key = d.wrapped"
        " from unnest($1::uuid[], $2::integer[], $3::text[], $4::bytea[], $5::bytea[])"
        " as d(id, version, kek, wrapped, before)"
        " where v.credential_id = d.id and v.version = d.version and v.wrapped_key = d.before",
        ids, versions, keks, wrapped, before,
    )  # fmt: skip
