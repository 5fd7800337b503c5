"""The vault's parts, made together by each root that needs them."""

from collections.abc import Sequence
from dataclasses import dataclass

from radiant.foundation.credentials.access_log import AccessLog
from radiant.foundation.credentials.leases import Leases
from radiant.foundation.credentials.reveals import Reveals
from radiant.foundation.credentials.service import Credentials, FindUses
from radiant.foundation.credentials.trail import Trail
from radiant.foundation.credentials.vaults import Vaults
from radiant.infra.changes import Changes
from radiant.runtime import Runtime


@dataclass(frozen=True, slots=True)
class Vault:
    """One of each, a process."""

    log: AccessLog
    vaults: Vaults
    credentials: Credentials
    reveals: Reveals
    leases: Leases
    trail: Trail


def make_vault(runtime: Runtime, changes: Changes, uses: Sequence[FindUses] = ()) -> Vault:
    """Over the runtime's database and keys; `uses` find what takes credentials by reference."""
    database, kms = runtime.database, runtime.kms
    log = AccessLog(database, kms)
    credentials = Credentials(database, kms, log, uses)
    return Vault(
        log=log,
        vaults=Vaults(database, kms, log, runtime.settings.vault_keys),
        credentials=credentials,
        reveals=Reveals(database, credentials, log),
        leases=Leases(credentials, log, changes),
        trail=Trail(database, log),
    )
