"""How a version is sealed: a data key of its own, AES-256-GCM, bound to where it is kept (F15.1, F15.4).

What the payload is bound to is the canonical form of purpose, tenant, vault, credential, version, the format and the key
that wrapped; the data key is wrapped for the same but the last, which rekeying changes. With AWS KMS that is the
encryption context, so it stands in CloudTrail and can stand in a key's policy.
"""

from dataclasses import dataclass
from uuid import UUID

from radiant.foundation.credentials.value import Value
from radiant.infra.kms import CannotOpen, Context, Kms, KmsError, Sealed, open_bytes, seal_bytes
from radiant.kit.errors import Unavailable
from radiant.kit.ids import TenantId


class KeyServiceAway(Unavailable):
    """The keeper of the key-encryption key does not answer, or refuses."""

    slug = "key-service-away"


class ValueUnreadable(Unavailable):
    """A stored value does not open: it was moved, damaged, or sealed under a key that is not here."""

    slug = "value-unreadable"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a version is kept: what its ciphertext is bound to."""

    tenant_id: TenantId
    vault_id: UUID
    credential_id: UUID
    version: int

    def context(self) -> Context:
        """As the KMS takes it."""
        return {
            "purpose": "credential",
            "tenant": str(self.tenant_id),
            "vault": str(self.vault_id),
            "credential": str(self.credential_id),
            "version": str(self.version),
        }


async def seal(kms: Kms, key_id: str, value: Value, place: Place) -> Sealed:
    """Seal for that place, under that key of the keeper's. Raises KeyServiceAway."""
    try:
        return await seal_bytes(kms.under(key_id), value.pack(), place.context())
    except KmsError as error:
        raise KeyServiceAway(f"nothing was stored: {error}; try again") from error


async def unseal(kms: Kms, sealed: Sealed, place: Place) -> Value:
    """What was sealed for that very place. Raises ValueUnreadable, KeyServiceAway."""
    try:
        return Value.unpack(await open_bytes(kms, sealed, place.context()))
    except CannotOpen as error:
        raise ValueUnreadable(
            f"the stored value does not open ({error}); store it anew, or bring back the key that it was sealed under"
        ) from error
    except KmsError as error:
        raise KeyServiceAway(f"the value cannot be opened just now: {error}; try again") from error
