"""API keys: made, shown once, revoked."""

import secrets
import string
from datetime import datetime
from uuid import UUID

from radiant.foundation.identity import api_keys_store as store
from radiant.foundation.identity import trail
from radiant.foundation.identity.callers import Caller, Role
from radiant.foundation.identity.schemas import ApiKey, MadeApiKey, NewApiKey
from radiant.foundation.identity.sessions import KEY_PREFIX, hash_token
from radiant.foundation.tenants import plans
from radiant.infra.db import Database, Tx
from radiant.kit.clock import Clock, utc_now
from radiant.kit.errors import Forbidden, Invalid, NotFound
from radiant.kit.ids import ApiKeyId, UserId, uuid7

_ALPHABET = string.ascii_letters + string.digits
_LENGTH = 43  # 256 bits in base 62


async def make(
    database: Database, caller: Caller, new: NewApiKey, clock: Clock = utc_now,
    *, holder: tuple[UserId, Role] | None = None,
) -> MadeApiKey:  # fmt: skip
    """A new key of the caller's, or of a service account (`holder`: its id and role). Its scopes are no wider than the
    caller's own. Raises Forbidden, Invalid, LimitReached."""
    user_id, role = holder or (caller.user_id, caller.role)
    if role < Role.MEMBER:
        raise Forbidden("a viewer makes no keys; ask an admin for the role member")
    if "admin" in new.scopes and role < Role.ADMIN:
        raise Forbidden("scopes: admin takes the role admin")
    if not set(new.scopes) <= caller.scopes:
        raise Forbidden("scopes: a key makes no key that may do more than itself")
    if new.expires_at is not None and new.expires_at <= clock():
        raise Invalid("expires_at: lies in the past")
    async with database.tenant(caller.tenant_id, user_id).tx() as tx:
        await plans.require_key(tx, tx.tenant_id)
        return await _make(tx, caller, new)


async def _make(tx: Tx, caller: Caller, new: NewApiKey) -> MadeApiKey:
    secret = KEY_PREFIX + "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))
    key_id = ApiKeyId(uuid7())
    await store.insert(tx, key_id, new, secret[:10], hash_token(secret))
    await trail.record(tx, caller, "key.made", target=("api_key", key_id), name=new.name, scopes=new.scopes)
    key = await store.get(tx, key_id)
    assert key is not None
    return MadeApiKey(**key.model_dump(), secret=secret)


async def revoke(database: Database, caller: Caller, key_id: ApiKeyId) -> None:
    """Revoke a key: one's own, or any as an admin. Raises NotFound."""
    async with caller.db(database).tx() as tx:
        owner = None if caller.role >= Role.ADMIN else caller.user_id
        if not await store.revoke(tx, key_id, owner):
            raise NotFound("there is no such key")
        await trail.record(tx, caller, "key.revoked", target=("api_key", key_id))


async def page(
    database: Database, caller: Caller, *, everybody: bool, before: tuple[datetime, UUID] | None, limit: int
) -> list[ApiKey]:
    """The caller's keys; everybody's for an admin who asks."""
    if everybody:
        caller.require_role(Role.ADMIN)
    async with caller.db(database).tx() as tx:
        return await store.page(tx, None if everybody else caller.user_id, before, limit)
