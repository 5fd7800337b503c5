"""Secrets by reference: what stands in place of a key, and who gives the key for it. The vault does; the roots wire it."""

from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from radiant.kit.ids import TenantId


@dataclass(frozen=True, slots=True)
class SecretRef:
    """A credential of the vault, and which field of it; without one the field that its type is about."""

    credential_id: UUID
    field: str | None = None


class Secrets(Protocol):
    """Who keeps them."""

    async def lease(self, tenant_id: TenantId, ref: SecretRef, purpose: str) -> str:
        """The plain value, for this use and not to be kept: ask again each time, it costs nothing while it is unchanged.
        `purpose` stands in the access log. Raises Problems that say why it is not served (expired, off, deleted, away).
        """
        ...
