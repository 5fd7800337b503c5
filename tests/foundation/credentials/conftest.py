"""A vault over the test's database, by service and over HTTP."""

from dataclasses import dataclass
from typing import Any

import pytest

from radiant.foundation.credentials.access_log import AccessLog
from radiant.foundation.credentials.actor import Actor
from radiant.foundation.credentials.reveals import Reveals
from radiant.foundation.credentials.schemas import NewCredential, NewVault
from radiant.foundation.credentials.service import Credentials
from radiant.foundation.credentials.vaults import Vaults
from radiant.infra.db import Database
from radiant.infra.kms import Kms, LocalKms
from radiant.kit.ids import TenantId, UserId
from tests.kit.fixtures import Callers
from tests.kit.people import Tenant

KEY = bytes(range(32))


@dataclass(slots=True)
class Made:
    """The services over one database and keeper of keys, with a vault that `actor` owns."""

    database: Database
    kms: Kms
    log: AccessLog
    vaults: Vaults
    credentials: Credentials
    reveals: Reveals
    actor: Actor
    vault_id: Any = None

    async def store(self, name: str = "stripe", value: str | None = "sk-live-0123456789", **more: Any) -> Any:
        """A credential's id."""
        new = NewCredential(name=name, type=more.pop("type", "api_key"), value=value, **more)
        return (await self.credentials.store(self.actor, self.vault_id, new)).id


def person(tenant_id: TenantId, user_id: UserId, *, admin: bool = False) -> Actor:
    """Somebody signed in."""
    return Actor(tenant_id, "user", user_id, is_admin=admin, ip="10.0.0.1", user_agent="test", request_id="req_1")


async def made(database: Database, kms: Kms, tenant: Tenant, **options: Any) -> Made:
    """See Made."""
    log = AccessLog(database, kms)
    credentials = Credentials(database, kms, log, options.pop("uses", ()))
    vaults = Vaults(database, kms, log, options.pop("keys", "shared"))
    parts = Made(
        database, kms, log, vaults, credentials, Reveals(database, credentials, log), person(tenant.id, tenant.user_id)
    )
    parts.vault_id = (await vaults.create(parts.actor, NewVault(name="main", **options))).id
    return parts


@pytest.fixture
async def vault(db: Database, tenant: Tenant) -> Made:
    return await made(db, LocalKms(KEY), tenant)


@dataclass(slots=True)
class Web:
    """A vault of our owner's with one credential, over HTTP."""

    callers: Callers
    vault_id: str
    credential_id: str

    def path(self, rest: str = "") -> str:
        """Of the credential."""
        return f"/api/credentials/{self.credential_id}{rest}"


SECRET = "sk-live-3f9a8c7b6d5e4f3a2b1c"


@pytest.fixture
async def web(callers: Callers) -> Web:
    vault = (await callers.owner.post("/api/credentials/vaults", {"name": "main"})).json()
    new = {"name": "stripe", "type": "api_key", "value": SECRET}
    stored = await callers.owner.post(f"/api/credentials/vaults/{vault['id']}/credentials", new)
    assert stored.status == 201, stored.body
    return Web(callers, vault["id"], stored.json()["id"])
