"""API keys that this process has seen, so that a call does not wait for the database to be recognised.

A revoked key, a disabled person and a suspended tenant are forgotten as soon as the change is heard (infra/changes);
should that connection have died unseen, after half a minute.
"""

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime

from radiant.foundation.identity import api_keys_store
from radiant.foundation.identity.callers import Caller, role_of
from radiant.foundation.identity.sessions import UNKNOWN_KEY, Origin
from radiant.infra.changes import Changes, Kept
from radiant.infra.db import Database
from radiant.kit.clock import Clock, utc_now
from radiant.kit.errors import Unauthenticated
from radiant.kit.ids import TenantId


@dataclass(frozen=True, slots=True)
class KnownKey:
    """What is known of a secret: whose it is, or that it is nobody's. `caller` has no address, no user agent and no request id."""

    caller: Caller | None
    expires_at: datetime | None = None


class KnownKeys:
    """One per process, made by a root."""

    def __init__(self, database: Database, changes: Changes, clock: Clock = utc_now) -> None:
        self._database = database
        self._clock = clock
        self._kept: Kept[bytes, KnownKey] = Kept(changes, most=20_000)
        for table in ("api_keys", "users", "tenants"):
            changes.subscribe(table, self._changed)

    def _changed(self, tenant_id: TenantId | None) -> None:
        # A secret that was nobody's may be somebody's now.
        self._kept.forget(
            None if tenant_id is None else lambda _, known: known.caller is None or known.caller.tenant_id == tenant_id
        )

    async def recognise(self, secret: str) -> Caller:
        """The person behind the key, without address and request id. Raises Unauthenticated."""
        digest = hashlib.sha256(secret.encode()).digest()
        known = self._kept.get(digest)
        if known is None:
            known = await self._kept.read(digest, lambda: self._look_up(digest))
        if known.caller is None or (known.expires_at is not None and known.expires_at <= self._clock()):
            raise Unauthenticated(UNKNOWN_KEY, headers={"WWW-Authenticate": "Bearer"})
        return known.caller

    async def verify(self, secret: str, origin: Origin) -> Caller:
        """The same, with where the request comes from, for what is written to the trail."""
        caller = await self.recognise(secret)
        return replace(caller, ip=origin.ip, user_agent=origin.user_agent, request_id=origin.request_id)

    async def _look_up(self, digest: bytes) -> KnownKey:
        async with self._database.system("verify key").tx() as tx:
            row = await api_keys_store.lookup(tx, digest)
            if row is not None and row["stale"]:
                await api_keys_store.touch(tx, row["id"])
        if row is None:
            return KnownKey(None)
        caller = Caller(
            tenant_id=row["tenant_id"],
            user_id=row["user_id"],
            role=role_of(row["role"]),
            is_operator=row["is_operator"],
            kind="api_key",
            scopes=frozenset(row["scopes"]),
            api_key_id=row["id"],
        )
        return KnownKey(caller, row["expires_at"])
