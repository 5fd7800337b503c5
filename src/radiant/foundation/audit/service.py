"""Chains what the outbox brings: each entry's hash covers the one before, so a change or a gap shows.

hash = SHA-256(previous hash ‖ canonical JSON of the entry). Whoever can rewrite the whole table can rebuild the chain;
export its head elsewhere to notice even that.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid5

from radiant.foundation.audit import store
from radiant.foundation.identity.trail import TOPIC
from radiant.infra.db import Database, Row, SystemDb, TenantDb
from radiant.infra.events import Event
from radiant.kit.ids import TenantId

_NAMESPACE = UUID("7c1f2f5e-4f0e-5d0a-9f0e-2a4d3b1c0a11")
_BATCH = 1000


def entry_hash(prev_hash: bytes, seq: int, at: datetime, entry: dict[str, Any]) -> bytes:
    """The hash of one entry."""
    members = {
        "seq": seq,
        "at": at.astimezone(UTC).isoformat(),
        "id": str(entry["id"]),
        **{
            name: entry[name]
            for name in ("actor_kind", "action", "target_kind", "target_id", "detail", "ip", "request_id")
        },
        "actor_id": str(entry["actor_id"]) if entry["actor_id"] else None,
    }
    canonical = json.dumps(members, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)
    return hashlib.sha256(prev_hash + canonical.encode()).digest()


async def chain_events(database: Database, events: Sequence[Event]) -> None:
    """A sink of the outbox: write each audit event as the next entry of its chain; a second delivery does nothing."""
    for event in events:
        if event.topic == TOPIC:
            await _chain(database, event)


async def _chain(database: Database, event: Event) -> None:
    entry = {**event.payload, "id": uuid5(_NAMESPACE, f"{event.id}:{event.created_at.isoformat()}")}
    async with database.system("audit sink").tx() as tx:
        await store.lock_chain(tx, event.tenant_id)
        if await store.has(tx, entry["id"]):
            return
        seq, prev_hash = await store.head(tx, event.tenant_id)
        hash_ = entry_hash(prev_hash, seq + 1, event.created_at, entry)
        await store.append(tx, event.tenant_id, seq + 1, event.created_at, entry, prev_hash, hash_)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What verifying a chain found: how many entries are whole from the first on, the number of the first that was
    changed or follows a gap (None: all are whole), and the last whole entry's number and hash."""

    entries: int
    first_broken: int | None
    head: tuple[int, bytes]

    @property
    def whole(self) -> bool:
        """Whether nothing is wrong with it."""
        return self.first_broken is None


async def first_broken(db: TenantDb) -> int | None:
    """The number of the first entry that was changed, or that follows a gap; None where the chain is whole."""
    return (await _verify(db, db.tenant_id)).first_broken


async def verify(database: Database, tenant_id: TenantId | None) -> Verdict:
    """The chain of any tenant, one that was deleted too, or the platform's own (None)."""
    return await _verify(database.system("verify the trail"), tenant_id)


async def _verify(db: TenantDb | SystemDb, tenant_id: TenantId | None) -> Verdict:
    after, prev_hash = 0, bytes(32)
    while True:
        async with db.tx() as tx:
            rows = await store.chain(tx, tenant_id, after, _BATCH)
        for row in rows:
            if not _fits(row, after + 1, prev_hash):
                return Verdict(after, after + 1, (after, prev_hash))
            after, prev_hash = row["seq"], row["hash"]
        if len(rows) < _BATCH:
            return Verdict(after, None, (after, prev_hash))


def _fits(row: Row, seq: int, prev_hash: bytes) -> bool:
    expected = entry_hash(prev_hash, row["seq"], row["at"], dict(row))
    return row["seq"] == seq and row["prev_hash"] == prev_hash and row["hash"] == expected
