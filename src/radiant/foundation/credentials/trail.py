"""The access log as people read it: of vaults whose trail is theirs to read."""

from uuid import UUID

from radiant.foundation.audit.service import Verdict
from radiant.foundation.credentials import access, access_log_store, vaults_store
from radiant.foundation.credentials.access_log import AccessLog, Entry
from radiant.foundation.credentials.actor import Actor
from radiant.foundation.credentials.schemas import AccessEntry
from radiant.infra.db import Database
from radiant.kit.errors import Forbidden


class TrailClosed(Forbidden):
    """The caller reads the trail of no vault."""

    slug = "trail-closed"


class Trail:
    """One per process."""

    def __init__(self, database: Database, log: AccessLog) -> None:
        self._database = database
        self._log = log

    async def page(
        self, actor: Actor, vault_id: UUID | None, credential_id: UUID | None, before: int | None, limit: int, *,
        access_type: str | None = None, success: bool | None = None,
    ) -> list[AccessEntry]:  # fmt: skip
        """Entries, the newest first: of one vault, or of all whose trail the actor may read; an admin reads also what is
        of no vault, such as attempts on what never was. Raises NoSuchVault, NotInThisVault, TrailClosed."""
        entry = Entry("read_trail", vault_id=vault_id, credential_id=credential_id)
        async with self._log.seen(actor, entry), actor.db(self._database).tx() as tx:
            vaults: list[UUID] | None = None
            if vault_id is not None:
                await access.reach(tx, actor, vault_id, "trail")
                vaults = [vault_id]
            elif not actor.is_admin:
                vaults = await vaults_store.with_trail(tx, actor.user_id, actor.api_key_id)
                if not vaults:
                    raise TrailClosed("the trail is for owners, managers and auditors of a vault")
            rows = await access_log_store.page(tx, vaults, credential_id, access_type, success, before, limit)
        return [AccessEntry.model_validate(dict(row)) for row in rows]

    async def verify(self, actor: Actor) -> Verdict:
        """Whether the workspace's chain is whole. Raises TrailClosed, ValueUnreadable, KeyServiceAway."""
        async with self._log.seen(actor, Entry("read_trail")), actor.db(self._database).tx() as tx:
            if not actor.is_admin and not await vaults_store.with_trail(tx, actor.user_id, actor.api_key_id):
                raise TrailClosed("the trail is for owners, managers and auditors of a vault")
        return await self._log.verify(actor.tenant_id)
