"""Who asked for work that outlives its request, as they may call now."""

from collections.abc import Iterable
from uuid import UUID

from radiant.foundation.identity import again_store as store
from radiant.foundation.identity.callers import Caller, role_of
from radiant.infra.db import TenantDb
from radiant.kit.ids import ApiKeyId


async def caller_again(
    db: TenantDb, api_key_id: UUID | None, of_person: Iterable[str] = ("inference",)
) -> Caller | None:
    """Whoever asked for it, by that key of theirs, or with the scopes `of_person` where they did without one; None where
    they, or the key, no longer may."""
    async with db.tx() as tx:
        row = await store.creator(tx, api_key_id)
    if row is None or db.user_id is None:
        return None
    return Caller(
        tenant_id=db.tenant_id, user_id=db.user_id, role=role_of(row["role"]), is_operator=False,
        kind="api_key" if api_key_id else "user", scopes=frozenset(row["scopes"] or of_person),
        api_key_id=ApiKeyId(api_key_id) if api_key_id else None,
    )  # fmt: skip
