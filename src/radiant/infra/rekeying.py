"""Data keys under another key-encryption key, while everything serves: what was sealed is not touched.

Each slice that keeps sealed JSON offers a `SealedPlace`; the roots list them. A run can be stopped and begun again at any
moment, since what is left is found by the key that each row names.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, LiteralString, Protocol
from uuid import UUID

from radiant.infra.db import Database, Row
from radiant.infra.kms import CannotOpen, Context, Kms, reseal

BATCH = 200


@dataclass(slots=True)
class Rekeyed:
    """How many data keys of a place were wrapped anew, and what does not open, by id."""

    place: str
    done: int = 0
    failed: list[str] = field(default_factory=list[str])


class Place(Protocol):
    """Where sealed values are kept."""

    async def rekey(self, database: Database, kms: Kms) -> Rekeyed:
        """Wrap anew whatever is under another key than the present one. Raises KmsError."""
        ...


@dataclass(frozen=True, slots=True)
class SealedPlace:
    """A column of what `infra/kms.seal` made. System transactions."""

    name: str
    due: LiteralString
    """Rows under another key than $1, after the id $2, at most $3, in order: id, sealed and what the context needs."""
    put: LiteralString
    """Write $2::jsonb[] to the rows of $1::uuid[] whose wrapped key is still that of $3::text[]."""
    context: Callable[[Row], Context]

    async def rekey(self, database: Database, kms: Kms) -> Rekeyed:
        """See Place."""
        result, after = Rekeyed(self.name), None
        while True:
            async with database.system("rekey").tx() as tx:
                rows = await tx.all(self.due, kms.key_id, after, BATCH)
            anew = await asyncio.gather(*(self._wrap(kms, row, result) for row in rows))
            pairs = [(row, sealed) for row, sealed in zip(rows, anew, strict=True) if sealed is not None]
            async with database.system("rekey").tx() as tx:
                result.done += await tx.run(
                    self.put,
                    [row["id"] for row, _ in pairs],
                    [sealed for _, sealed in pairs],
                    [row["sealed"]["key"] for row, _ in pairs],
                )
            if len(rows) < BATCH:
                return result
            after = rows[-1]["id"]

    async def _wrap(self, kms: Kms, row: Row, result: Rekeyed) -> dict[str, Any] | None:
        try:
            return await reseal(kms, row["sealed"], self.context(row))
        except CannotOpen:
            row_id: UUID = row["id"]
            result.failed.append(str(row_id))
            return None


async def rekey_all(database: Database, kms: Kms, places: list[Place], pause_seconds: float = 1.0) -> list[Rekeyed]:
    """Every place, and once more: what another process was sealing under the former key is in the database by then.

    Raises KmsError, after which it may be begun again.
    """
    first = [await place.rekey(database, kms) for place in places]
    await asyncio.sleep(pause_seconds)
    for result, place in zip(first, places, strict=True):
        again = await place.rekey(database, kms)
        result.done += again.done
        result.failed = again.failed
    return first
