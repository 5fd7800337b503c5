"""Use without being shown: our own parts ask for a value by reference and hand it to whoever needs it.

A value is kept in this process for half a minute at most, and forgotten as soon as a rotation, an expiry that was set, a
deletion or a switch is heard (infra/changes). Each time it is read anew is a lease, and one row of the access log.
"""

from uuid import UUID

from radiant.foundation.credentials.access_log import AccessLog, Entry
from radiant.foundation.credentials.actor import Actor
from radiant.foundation.credentials.service import Credentials, Opened
from radiant.infra.changes import Changes, Kept
from radiant.infra.secrets import SecretRef
from radiant.kit.clock import Clock, utc_now
from radiant.kit.ids import TenantId

_MOST, _LARGEST_KEPT = 4000, 16 * 1024
_Key = tuple[TenantId, UUID, str]


class Leases:
    """One per process; the `Secrets` of infra/secrets."""

    def __init__(self, credentials: Credentials, log: AccessLog, changes: Changes, clock: Clock = utc_now) -> None:
        self._credentials = credentials
        self._log = log
        self._clock = clock
        self._kept: Kept[_Key, Opened] = Kept(changes, most=_MOST)
        changes.subscribe("stored_credentials", self._changed)

    def _changed(self, tenant_id: TenantId | None) -> None:
        self._kept.forget(None if tenant_id is None else lambda key, _: key[0] == tenant_id)

    async def lease(self, tenant_id: TenantId, ref: SecretRef, purpose: str) -> str:
        """See Secrets. Raises as `Credentials.open` does, and Invalid where it has no such field."""
        opened = await self.value(tenant_id, ref.credential_id, purpose)
        return opened.value.secret(opened.kind, ref.field)

    async def value(self, tenant_id: TenantId, credential_id: UUID, purpose: str) -> Opened:
        """The same, whole: for who needs more than one field. Raises as `Credentials.open` does."""
        key = (tenant_id, credential_id, purpose)
        kept = self._kept.get(key)
        if kept is not None and (kept.expires_at is None or kept.expires_at > self._clock()):
            return kept
        if kept is not None:
            self._kept.forget(lambda other, _: other == key)
        opened = await self._kept.read(key, lambda: self._read(tenant_id, credential_id, purpose))
        if len(opened.value.pack()) > _LARGEST_KEPT:
            self._kept.forget(lambda other, _: other == key)
        return opened

    async def _read(self, tenant_id: TenantId, credential_id: UUID, purpose: str) -> Opened:
        actor = Actor.job(tenant_id, "lease")
        entry = Entry("use", credential_id=credential_id, detail={"purpose": purpose})
        async with self._log.attempt(actor, entry):
            return await self._credentials.open(actor, entry, "use")

    async def bind(self, actor: Actor, ref: SecretRef, purpose: str) -> Opened:
        """Whether the actor may have something use that credential, and that it can: asked before a reference is kept.
        The value, to be tried and not to be kept. Raises as `Credentials.open` does, and Invalid."""
        entry = Entry("bind", credential_id=ref.credential_id, detail={"purpose": purpose})
        async with self._log.attempt(actor, entry):
            opened = await self._credentials.open(actor, entry, "use")
            opened.value.secret(opened.kind, ref.field)
            return opened
