"""Every attempt on the vault, in a chain per tenant that can be added to and not be changed unseen (F15.3, 8, 10, 11).

hash = HMAC-SHA-256(chain key, previous hash ‖ canonical JSON of the entry). The chain key is random, one per tenant, sealed
by the KMS: whoever can write the table, the owner of the database among them, cannot make an entry that verifies. What is
cut off the end shows against a head that was exported (`heads`).

A change is recorded in the transaction that makes it; what changes nothing (a value shown, a refusal) is recorded apart,
and whoever waits for it is told once it is committed. Entries that wait while a transaction is under way are written
together by the next, so a tenant's chain takes many a second.
"""

import asyncio
import contextlib
import hashlib
import hmac
import json
import os
from collections import OrderedDict, defaultdict
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from radiant.foundation.audit.service import Verdict
from radiant.foundation.credentials import access_log_store as store
from radiant.foundation.credentials.actor import Actor
from radiant.foundation.credentials.envelope import KeyServiceAway, ValueUnreadable
from radiant.infra.db import Database, Row, Tx
from radiant.infra.kms import CannotOpen, Context, Kms, KmsError, open_sealed, seal
from radiant.kit.clock import Clock, utc_now
from radiant.kit.errors import Problem
from radiant.kit.ids import TenantId, uuid7

_AT_ONCE, _KEYS_KEPT, _VERIFIED_AT_ONCE = 500, 10_000, 1000
_MOST_TEXT = 1000
_UNWRITTEN = "the access log cannot be written, so nothing was done: {}; try again"


@dataclass(slots=True)
class Entry:
    """What is known of an attempt; filled while it goes on. Never a value."""

    access_type: str
    credential_id: UUID | None = None
    vault_id: UUID | None = None
    version: int | None = None
    reason: str | None = None
    detail: dict[str, Any] = field(default_factory=dict[str, Any])
    success: bool = True
    failure: str | None = None
    written: bool = False

    def failed(self, error: Exception) -> None:
        """Say why it came to nothing: by the name of the failure, which repeats nothing of what was given."""
        self.success = False
        self.failure = (error.slug if isinstance(error, Problem) else type(error).__name__)[:100]


@dataclass(slots=True)
class _Waiting:
    actor: Actor
    entry: Entry
    at: datetime
    done: "asyncio.Future[None]"


class AccessLog:
    """One per process."""

    def __init__(self, database: Database, kms: Kms, clock: Clock = utc_now) -> None:
        self._database = database
        self._kms = kms
        self._clock = clock
        self._keys: OrderedDict[TenantId, bytes] = OrderedDict()
        self._waiting: dict[TenantId, list[_Waiting]] = defaultdict(list)
        self._writers: dict[TenantId, asyncio.Task[None]] = {}

    @contextlib.asynccontextmanager
    async def attempt(self, actor: Actor, entry: Entry) -> AsyncIterator[Entry]:
        """Around everything that touches a credential. What fails is recorded as a failure and raised on; what succeeds
        is recorded before the block is left, unless `note` did so in its transaction. Raises KeyServiceAway where the
        chain's key cannot be had: nothing happens unrecorded."""
        await self._key(actor.tenant_id)
        try:
            yield entry
        except Exception as error:
            entry.failed(error)
            await self.record(actor, entry)
            raise
        if not entry.written:
            await self.record(actor, entry)

    @contextlib.asynccontextmanager
    async def seen(self, actor: Actor, entry: Entry) -> AsyncIterator[None]:
        """Around what shows no value and changes nothing: only refusals and failures are recorded."""
        try:
            yield
        except Exception as error:
            entry.failed(error)
            await self.record(actor, entry)
            raise

    async def ready(self, tenant_id: TenantId) -> None:
        """Have the chain's key at hand: before a transaction that `note`s, since it may ask the KMS."""
        await self._key(tenant_id)

    async def note(self, tx: Tx, actor: Actor, entry: Entry) -> None:
        """Record in this transaction, as the last thing that it does: the chain is locked until it ends."""
        await self._append(tx, await self._key(actor.tenant_id), [(actor, entry, self._clock())])
        entry.written = True

    async def note_all(self, tx: Tx, actor: Actor, entries: Sequence[Entry]) -> None:
        """The same for several."""
        at = self._clock()
        if entries:
            await self._append(tx, await self._key(actor.tenant_id), [(actor, entry, at) for entry in entries])

    async def record(self, actor: Actor, entry: Entry) -> None:
        """Record in a transaction of its own, shared with whatever else waits. Returns once it is committed; raises what
        writing raised."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[actor.tenant_id].append(_Waiting(actor, entry, self._clock(), done))
        if actor.tenant_id not in self._writers:
            self._writers[actor.tenant_id] = asyncio.create_task(self._write(actor.tenant_id))
        await done

    async def _write(self, tenant_id: TenantId) -> None:
        try:
            while batch := self._waiting.pop(tenant_id, None):
                for start in range(0, len(batch), _AT_ONCE):
                    await self._write_batch(tenant_id, batch[start : start + _AT_ONCE])
        finally:
            del self._writers[tenant_id]

    async def _write_batch(self, tenant_id: TenantId, batch: list[_Waiting]) -> None:
        try:
            key = await self._key(tenant_id)
            async with self._database.tenant(tenant_id).tx() as tx:
                await self._append(tx, key, [(each.actor, each.entry, each.at) for each in batch])
        except Exception as error:  # noqa: BLE001 (told to everyone who waits)
            for each in batch:
                if not each.done.done():
                    each.done.set_exception(error)
            return
        for each in batch:
            if not each.done.done():
                each.done.set_result(None)

    async def _append(self, tx: Tx, key: bytes, entries: Sequence[tuple[Actor, Entry, datetime]]) -> None:
        await store.lock_chain(tx)
        seq, previous = await store.head(tx)
        rows: list[dict[str, Any]] = []
        for actor, entry, at in entries:
            seq += 1
            row = _row(actor, entry, seq, at)
            hash_ = entry_hash(key, previous, tx.tenant_id, row)
            rows.append(row | {"prev_hash": previous, "hash": hash_})
            previous = hash_
        await store.append(tx, [[row[name] for row in rows] for name in _COLUMNS])

    async def verify(self, tenant_id: TenantId) -> Verdict:
        """Recompute a tenant's chain. Raises ValueUnreadable where its key does not open."""
        key = self._keys.get(tenant_id) or await self._read_key(tenant_id)
        after, previous = 0, bytes(32)
        while True:
            async with self._database.tenant(tenant_id).tx() as tx:
                rows = await store.chain(tx, after, _VERIFIED_AT_ONCE)
            if rows and key is None:
                return Verdict(after, after + 1, (after, previous))
            for row in rows:
                assert key is not None
                if not _fits(key, row, after + 1, previous, tenant_id):
                    return Verdict(after, after + 1, (after, previous))
                after, previous = row["seq"], row["hash"]
            if len(rows) < _VERIFIED_AT_ONCE:
                return Verdict(after, None, (after, previous))

    async def _key(self, tenant_id: TenantId) -> bytes:
        """The tenant's chain key, made the first time."""
        kept = self._keys.get(tenant_id) or await self._read_key(tenant_id)
        if kept is not None:
            return kept
        try:
            fresh = await seal(self._kms, os.urandom(32), chain_context(tenant_id))
        except KmsError as error:
            raise KeyServiceAway(_UNWRITTEN.format(error)) from error
        async with self._database.tenant(tenant_id).tx() as tx:
            await store.put_chain_key(tx, fresh)
        # Another process may have been first.
        made = await self._read_key(tenant_id)
        assert made is not None
        return made

    async def _read_key(self, tenant_id: TenantId) -> bytes | None:
        async with self._database.tenant(tenant_id).tx() as tx:
            sealed = await store.chain_key(tx)
        if sealed is None:
            return None
        try:
            key = await open_sealed(self._kms, sealed, chain_context(tenant_id))
        except KmsError as error:
            raise KeyServiceAway(_UNWRITTEN.format(error)) from error
        except CannotOpen as error:
            raise ValueUnreadable(
                f"the key of the access log does not open ({error}), so nothing was done; bring back the master key"
            ) from error
        self._keys[tenant_id] = key
        if len(self._keys) > _KEYS_KEPT:
            self._keys.popitem(last=False)
        return key


def chain_context(tenant_id: TenantId) -> Context:
    """What a sealed chain key is bound to."""
    return {"purpose": "credential-trail", "tenant": str(tenant_id)}


_HASHED = (
    "id", "seq", "credential_id", "vault_id", "version", "accessed_by", "access_type", "access_reason", "source_ip",
    "user_agent", "success", "failure", "actor_kind", "api_key_id", "request_id", "detail", "created_at",
)  # fmt: skip
_COLUMNS = (*_HASHED, "prev_hash", "hash")


def _row(actor: Actor, entry: Entry, seq: int, at: datetime) -> dict[str, Any]:
    return {
        "id": uuid7(),
        "seq": seq,
        "credential_id": entry.credential_id,
        "vault_id": entry.vault_id,
        "version": entry.version,
        "accessed_by": actor.user_id,
        "access_type": entry.access_type,
        "access_reason": _text(entry.reason),
        "source_ip": actor.ip[:45] if actor.ip else None,
        "user_agent": _text(actor.user_agent),
        "success": entry.success,
        "failure": entry.failure,
        "actor_kind": actor.kind,
        "api_key_id": actor.api_key_id,
        "request_id": actor.request_id,
        "detail": _storable(entry.detail),
        "created_at": at,
    }


def _text(text: str | None) -> str | None:
    # Postgres keeps no NUL and no half of a pair; what is hashed is what is kept.
    return text.replace("\x00", "").encode(errors="replace").decode()[:_MOST_TEXT] if text else None


def _storable(detail: dict[str, Any]) -> dict[str, Any]:
    text = json.dumps(detail, default=str, ensure_ascii=False).replace("\\u0000", "")
    return json.loads(text.encode(errors="replace"))


def entry_hash(key: bytes, previous: bytes, tenant_id: TenantId, row: Any) -> bytes:
    """The hash of one entry, which has the log's columns."""
    members = {name: row[name] for name in _HASHED} | {
        "tenant_id": tenant_id,
        "created_at": row["created_at"].astimezone(UTC).isoformat(),
    }
    canonical = json.dumps(members, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)
    return hmac.new(key, previous + canonical.encode(), hashlib.sha256).digest()


def _fits(key: bytes, row: Row, seq: int, previous: bytes, tenant_id: TenantId) -> bool:
    expected = entry_hash(key, previous, tenant_id, row)
    return row["seq"] == seq and row["prev_hash"] == previous and hmac.compare_digest(row["hash"], expected)
