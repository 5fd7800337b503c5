"""Heads of the trails, told elsewhere: what is cut off the end of a chain shows against the head that was told before.

One line of JSON a chain: {"at", "chain": "audit" or "credentials", "tenant" (null: the platform's), "seq", "hash"}.
"""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal
from uuid import UUID

import structlog

from radiant.foundation.audit import service as audit
from radiant.foundation.audit import store as audit_store
from radiant.foundation.credentials import access_log_store
from radiant.foundation.credentials.access_log import AccessLog
from radiant.infra.db import Database, Tx
from radiant.infra.objects import ObjectKey, ObjectStore
from radiant.kit.clock import Clock, utc_now
from radiant.kit.errors import Problem
from radiant.kit.ids import TenantId, uuid7

log = structlog.get_logger()
_PAGE = 500
ChainName = Literal["audit", "credentials"]


@dataclass(frozen=True, slots=True)
class Head:
    """The last entry of a chain."""

    at: str
    chain: ChainName
    tenant: str | None
    seq: int
    hash: str


@dataclass(frozen=True, slots=True)
class Checked:
    """A chain that was verified; `fault` says what is wrong, None: nothing."""

    chain: ChainName
    tenant: str | None
    entries: int
    fault: str | None


async def chains(database: Database) -> AsyncIterator[tuple[ChainName, TenantId | None]]:
    """Every chain that there is."""
    yield "audit", None
    async for tenant_id in _tenants(database, audit_store.chains):
        yield "audit", tenant_id
    async for tenant_id in _tenants(database, access_log_store.tenants):
        yield "credentials", tenant_id


async def _tenants(
    database: Database, page_of: Callable[[Tx, UUID | None, int], Awaitable[list[UUID]]]
) -> AsyncIterator[TenantId]:
    after: UUID | None = None
    while True:
        async with database.system("trails").tx() as tx:
            page = await page_of(tx, after, _PAGE)
        for tenant_id in page:
            yield TenantId(tenant_id)
        if len(page) < _PAGE:
            return
        after = page[-1]


class Heads:
    """Tells heads, each once: to a file, to an object store (an object each time), or to the log where neither is set."""

    def __init__(
        self, database: Database, file: Path | None, objects: ObjectStore | None = None, clock: Clock = utc_now
    ) -> None:
        self._database = database
        self._file = file
        self._objects = objects
        self._clock = clock
        self._told: dict[tuple[ChainName, TenantId | None], int] = {}

    async def tell(self) -> None:
        """Tell every head that moved since this process told it."""
        heads: list[Head] = []
        async for chain, tenant_id in chains(self._database):
            async with self._database.system("trails").tx() as tx:
                if chain == "credentials" and tenant_id is not None:
                    row = await access_log_store.head_of(tx, tenant_id)
                    seq, hash_ = (row["seq"], row["hash"]) if row else (0, b"")
                else:
                    seq, hash_ = await audit_store.head(tx, tenant_id)
            if seq and self._told.get((chain, tenant_id)) != seq:
                tenant = str(tenant_id) if tenant_id else None
                heads.append(Head(self._clock().isoformat(), chain, tenant, seq, hash_.hex()))
                self._told[chain, tenant_id] = seq
        if not heads:
            return
        if self._file is not None:
            await asyncio.to_thread(_append, self._file, heads)
        if self._objects is not None:
            key = ObjectKey(f"trail-heads/{self._clock():%Y-%m-%d/%H-%M-%S}-{uuid7()}.jsonl")
            await self._objects.put(key, _lines(heads), limit=2**30)
        if self._file is None and self._objects is None:
            for head in heads:
                log.info("trail.head", **{name: value for name, value in asdict(head).items() if name != "at"})


async def _lines(heads: list[Head]) -> AsyncIterator[bytes]:
    for head in heads:
        yield json.dumps(asdict(head)).encode() + b"\n"


def _append(path: Path, heads: list[Head]) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "w") as handle:
        handle.writelines(json.dumps(asdict(head)) + "\n" for head in heads)
        handle.flush()
        os.fsync(handle.fileno())


def read_heads(path: Path) -> Iterator[Head]:
    """What was told to a file. Blocks. Raises ValueError on a line that is none of ours."""
    with path.open() as lines:
        for number, line in enumerate(lines, 1):
            try:
                yield Head(**json.loads(line))
            except (TypeError, ValueError) as error:
                raise ValueError(f"{path}, line {number}: not a head") from error


async def verify_all(database: Database, access_log: AccessLog) -> AsyncIterator[Checked]:
    """Recompute every chain of every tenant, and the platform's."""
    async for chain, tenant_id in chains(database):
        tenant = str(tenant_id) if tenant_id else None
        try:
            if chain == "credentials" and tenant_id is not None:
                verdict = await access_log.verify(tenant_id)
            else:
                verdict = await audit.verify(database, tenant_id)
        except Problem as problem:
            yield Checked(chain, tenant, 0, problem.detail)
            continue
        fault = None if verdict.whole else f"entry {verdict.first_broken} was changed, or follows a gap"
        yield Checked(chain, tenant, verdict.entries, fault)


async def verify_head(database: Database, head: Head) -> Checked:
    """Whether what was told before is still so: an end that was cut off, or a chain that was made anew, is not."""
    tenant_id = TenantId(UUID(head.tenant)) if head.tenant else None
    async with database.system("trails").tx() as tx:
        if head.chain == "credentials" and tenant_id is not None:
            found = await access_log_store.hash_at(tx, tenant_id, head.seq)
        else:
            found = await audit_store.hash_at(tx, tenant_id, head.seq)
    fault = None
    if found is None:
        fault = f"entry {head.seq}, told at {head.at}, is gone"
    elif found.hex() != head.hash:
        fault = f"entry {head.seq} is another than was told at {head.at}"
    return Checked(head.chain, head.tenant, head.seq, fault)
