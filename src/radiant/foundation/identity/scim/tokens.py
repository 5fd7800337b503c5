"""The token by which a tenant's identity provider writes here: one, shown once, kept as a hash."""

import secrets
from dataclasses import dataclass
from datetime import datetime

from radiant.foundation.identity import trail
from radiant.foundation.identity.callers import Caller, Role
from radiant.foundation.identity.scim import store
from radiant.foundation.identity.scim.errors import ScimUnauthenticated
from radiant.foundation.identity.sessions import Origin, hash_token
from radiant.infra.db import Database
from radiant.kit.errors import NotFound
from radiant.kit.ids import TenantId

PREFIX = "scim_"


@dataclass(frozen=True, slots=True)
class TokenInfo:
    """A token, without its secret."""

    prefix: str
    created_at: datetime
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True)
class Provisioner:
    """An identity provider, proven by its token: the one place from which SCIM's tenant comes."""

    tenant_id: TenantId
    origin: Origin


async def info(database: Database, caller: Caller) -> TokenInfo | None:
    """The tenant's token. Takes an admin."""
    caller.require_role(Role.ADMIN)
    async with caller.db(database).tx() as tx:
        row = await store.token(tx)
    return TokenInfo(**dict(row)) if row is not None else None


async def make(database: Database, caller: Caller) -> str:
    """A new token; one there was is void. Takes an owner, since it decides who is in."""
    caller.require_role(Role.OWNER)
    token = PREFIX + secrets.token_urlsafe(32)
    async with database.system("scim token").tx() as tx:
        await store.save_token(tx, caller.tenant_id, hash_token(token), token[:10], caller.user_id)
        await trail.record(tx, caller, "scim.token_made", target=("tenant", caller.tenant_id))
    return token


async def revoke(database: Database, caller: Caller) -> None:
    """Take the token away. Takes an owner. Raises NotFound."""
    caller.require_role(Role.OWNER)
    async with database.system("scim token").tx() as tx:
        if not await store.delete_token(tx, caller.tenant_id):
            raise NotFound("there is no token")
        await trail.record(tx, caller, "scim.token_revoked", target=("tenant", caller.tenant_id))


async def verify(database: Database, authorization: str, origin: Origin) -> Provisioner:
    """Who holds that token. Raises ScimUnauthenticated."""
    scheme, _, token = authorization.partition(" ")
    tenant_id = None
    if scheme.lower() == "bearer" and token.strip().startswith(PREFIX):
        async with database.system("scim").tx() as tx:
            tenant_id = await store.tenant_of(tx, hash_token(token.strip()))
    if tenant_id is None:
        raise ScimUnauthenticated(
            "send the workspace's SCIM token as Authorization: Bearer scim_…", headers={"WWW-Authenticate": "Bearer"}
        )
    return Provisioner(tenant_id, origin)
