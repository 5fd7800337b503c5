"""Versions, vaults and chain keys under another key-encryption key."""

import asyncio
from uuid import UUID

from radiant.foundation.credentials import rekey_store as store
from radiant.foundation.credentials.access_log import chain_context
from radiant.foundation.credentials.envelope import Place
from radiant.foundation.credentials.vaults import KeyPerVault
from radiant.infra.db import Database, Row
from radiant.infra.kms import CannotOpen, Kms, Sealed, rewrap_bytes
from radiant.infra.rekeying import BATCH, Rekeyed, SealedPlace

_FIRST = UUID(int=0)

CHAIN_KEYS = SealedPlace(
    "keys of the access log", store.CHAINS_DUE, store.CHAINS_PUT, lambda row: chain_context(row["tenant_id"])
)


class Versions:
    """Data keys of versions. Vaults that share a key move to the present one; those with keys of their own keep them, and
    KMS turns what is inside."""

    def __init__(self, keys: KeyPerVault) -> None:
        self._keys = keys

    async def rekey(self, database: Database, kms: Kms) -> Rekeyed:
        """See infra/rekeying. What is stored from now on is under the present key already."""
        result, after = Rekeyed("versions of credentials"), (_FIRST, 0)
        present = await kms.settle()
        if self._keys == "shared":
            async with database.system("rekey").tx() as tx:
                await store.move_vaults(tx, present)
        while True:
            async with database.system("rekey").tx() as tx:
                rows = await store.versions_due(tx, after, BATCH)
            anew = await asyncio.gather(*(self._wrap(kms, row, result) for row in rows))
            pairs = [(row, sealed) for row, sealed in zip(rows, anew, strict=True) if sealed is not None]
            async with database.system("rekey").tx() as tx:
                result.done += await store.put_versions(
                    tx,
                    [row["credential_id"] for row, _ in pairs],
                    [row["version"] for row, _ in pairs],
                    [sealed.kek for _, sealed in pairs],
                    [sealed.wrapped for _, sealed in pairs],
                    [row["wrapped_key"] for row, _ in pairs],
                )
            if len(rows) < BATCH:
                return result
            after = rows[-1]["credential_id"], rows[-1]["version"]

    async def _wrap(self, kms: Kms, row: Row, result: Rekeyed) -> Sealed | None:
        place = Place(row["tenant_id"], row["vault_id"], row["credential_id"], row["version"])
        sealed = Sealed(row["kek_id"], "", row["wrapped_key"], b"")
        try:
            return await rewrap_bytes(kms.under(row["encryption_key_arn"]), sealed, place.context())
        except CannotOpen:
            result.failed.append(f"{place.credential_id} version {place.version}")
            return None
