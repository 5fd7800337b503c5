"""The vault's parts, made together by each root that needs them; every place with sealed values, for rekeying."""

from collections.abc import Sequence
from dataclasses import dataclass

from radiant.ai.policies import guard_service
from radiant.ai.providers import connections
from radiant.config import Settings
from radiant.foundation.aws_credentials import sessions as aws_sessions
from radiant.foundation.credentials import leaks, mirrors, rotations
from radiant.foundation.credentials import rekey as credentials_rekey
from radiant.foundation.credentials.access_log import AccessLog
from radiant.foundation.credentials.leaks import Fingerprints
from radiant.foundation.credentials.leases import Leases
from radiant.foundation.credentials.reveals import Reveals
from radiant.foundation.credentials.service import Credentials, FindUses
from radiant.foundation.credentials.trail import Trail
from radiant.foundation.credentials.vaults import Vaults
from radiant.foundation.error_tracking import settings as error_settings
from radiant.foundation.identity import second_factor, sso
from radiant.infra.changes import Changes
from radiant.infra.kms import KmsError, local_id, new_master_key, read_master_keys, write_master_keys
from radiant.infra.rekeying import Place, Rekeyed, rekey_all
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
    fingerprints: Fingerprints


def make_vault(runtime: Runtime, changes: Changes, uses: Sequence[FindUses] = ()) -> Vault:
    """Over the runtime's database and keys; `uses` find what takes credentials by reference."""
    database, kms = runtime.database, runtime.kms
    log, fingerprints = AccessLog(database, kms), Fingerprints(database, kms)
    own_uses = (rotations.uses, mirrors.uses)
    credentials = Credentials(database, kms, log, (*own_uses, *uses), remembers=fingerprints)
    return Vault(
        log=log,
        vaults=Vaults(database, kms, log, runtime.settings.vault_keys),
        credentials=credentials,
        reveals=Reveals(database, credentials, log),
        leases=Leases(credentials, log, changes),
        trail=Trail(database, log),
        fingerprints=fingerprints,
    )


def _places(settings: Settings) -> list[Place]:
    return [
        credentials_rekey.Versions(settings.vault_keys),
        credentials_rekey.CHAIN_KEYS,
        leaks.SEALED,
        aws_sessions.SEALED,
        connections.SEALED,
        guard_service.SEALED,
        error_settings.SEALED,
        second_factor.SEALED,
        *sso.SEALED,
    ]


async def rekey(runtime: Runtime) -> list[Rekeyed]:
    """Wrap every data key by the present key. Raises KmsError."""
    await runtime.kms.settle()
    return await rekey_all(runtime.database, runtime.kms, _places(runtime.settings))


class KeyElsewhere(KmsError):
    """The master key is in no file that this program keeps."""


def _key_file(settings: Settings) -> tuple[bytes, ...]:
    if settings.kms_key_id is not None:
        raise KeyElsewhere(
            "secrets are sealed by AWS KMS, which turns its keys itself; name another key by RADIANT_KMS_KEY_ID"
        )
    if settings.master_key is not None:
        raise KeyElsewhere(
            "the master key is RADIANT_MASTER_KEY: put the new key before the former, parted by a comma, in every process"
        )
    return read_master_keys(settings.key_file)


def make_master_key(settings: Settings) -> str:
    """Put a new master key before the former ones in the file; its name. Every process finds it there before it seals
    again, and where it meets a value that was sealed by it. Blocks. Raises KeyElsewhere, KmsError."""
    key = new_master_key()
    write_master_keys(settings.key_file, (key, *_key_file(settings)))
    return local_id(key)


def forget_former_keys(settings: Settings) -> list[str]:
    """Take all keys but the present one out of the file; their names. Once nothing is under them. Blocks.
    Raises KeyElsewhere, KmsError."""
    present, *former = _key_file(settings)
    if former:
        write_master_keys(settings.key_file, (present,))
    return [local_id(key) for key in former]
