"""Durable jobs in Postgres, on pgqueuer: enqueued in the caller's transaction, taken with SKIP LOCKED.

A job names ids and is idempotent. A worker beats for the jobs that it holds; when it dies, the beat stops and another
worker takes them again after `lease`. A job that keeps failing (or keeps killing its worker) ends as `failed` in the
table pgqueuer, its traceback in pgqueuer_log, and can be enqueued again.
"""

import json
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Literal

import asyncpg
import structlog

from radiant.infra.db import Tx
from radiant.kit.ids import TenantId, UserId

log = structlog.get_logger()
# asyncpg carries no types of its own.
_asyncpg: Any = asyncpg

LEASE = timedelta(seconds=30)
INSERT = (
    "insert into pgqueuer (priority, entrypoint, payload, execute_after, dedupe_key, headers, status)"
    " values ($1, $2, $3, now() + $4::interval, $5, $6, 'queued') on conflict do nothing"
)


@dataclass(frozen=True, slots=True)
class Job:
    """What a handler gets: ids, on whose behalf, and the how-manieth try this is (from 1, kills counted)."""

    id: int
    name: str
    ids: dict[str, str]
    tenant_id: TenantId | None
    user_id: UserId | None
    attempt: int


Handler = Callable[[Job], Awaitable[None]]
Ending = Literal["done", "failed", "gave_up"]
"""`failed`: it is tried again; `gave_up`: it is not."""


@dataclass(frozen=True, slots=True)
class Kind:
    """How jobs of one name are served."""

    handler: Handler
    attempts: int
    timeout: float
    concurrency: int
    gave_up: Handler | None = None


@dataclass(slots=True)
class Registry:
    """Which handler serves which job; filled by the composition roots."""

    kinds: dict[str, Kind] = field(default_factory=dict[str, Kind])
    schedules: dict[str, str] = field(default_factory=dict[str, str])
    on_end: Callable[[Job, Ending], Awaitable[None]] | None = None
    """Hears of each try that ended; what it raises goes to the log."""

    def handle(
        self, name: str, handler: Handler, *, attempts: int = 5, timeout: float = 600, concurrency: int = 0,
        gave_up: Handler | None = None,
    ) -> None:  # fmt: skip
        """Serve jobs of that name. `timeout` is in seconds; `concurrency` bounds all workers together, 0 does not.
        `gave_up` gets a job that will not be tried again, so that whoever waits for it hears of it; it is called until
        it returns, and may be called twice.

        Raises ValueError on a name that is taken.
        """
        if name in self.kinds:
            raise ValueError(f"two handlers for the job {name}")
        self.kinds[name] = Kind(handler, attempts, timeout, concurrency, gave_up)

    def every(self, cron: str, name: str) -> None:
        """Enqueue that job by a cron expression in UTC. One still waiting is not doubled."""
        self.schedules[name] = cron


async def enqueue(
    tx: Tx,
    name: str,
    *,
    delay: timedelta = timedelta(0),
    priority: int = 0,
    once: str | None = None,
    person: UserId | None = None,
    **ids: uuid.UUID | str | int,
) -> bool:
    """Enqueue in the caller's transaction, for its tenant: the job exists if and only if that commits.

    `once`: nothing happens (False) while a job of the same key waits or runs. `person`: on whose behalf.
    """
    tenant = str(tx.tenant_id)
    headers = {"tenant_id": tenant, "user_id": str(person) if person else None}
    # Keys are per tenant, so that one cannot hold up another's.
    key = f"{tenant}/{name}/{once}" if once is not None else None
    return await tx.run(INSERT, priority, name, _payload(ids), delay, key, headers) == 1


async def enqueue_for_platform(
    tx: Tx,
    name: str,
    *,
    delay: timedelta = timedelta(0),
    priority: int = 0,
    once: str | None = None,
    **ids: uuid.UUID | str | int,
) -> bool:
    """The same from a system transaction, for no tenant (roll-ups, retention, reconcilers)."""
    key = f"/{name}/{once}" if once is not None else None
    return await tx.run(INSERT, priority, name, _payload(ids), delay, key, {}) == 1


async def enqueue_each_for_platform(tx: Tx, name: str, ids: Sequence[Mapping[str, uuid.UUID | str | int]]) -> int:
    """One job for each of `ids`, by one statement, for no tenant; one of the same ids that waits is not doubled. How
    many were enqueued."""
    payloads = [_payload(dict(each)) for each in ids]
    return await tx.run(
        "insert into pgqueuer (priority, entrypoint, payload, execute_after, dedupe_key, headers, status)"
        " select 0, $1, p, now(), '/' || $1 || '/' || convert_from(p, 'UTF8'), '{}', 'queued' from unnest($2::bytea[]) p"
        " on conflict do nothing",
        name, payloads,
    )  # fmt: skip


async def retry_failed(tx: Tx, job_id: int) -> bool:
    """Queue a job again that failed for good, with all its tries anew; False where it is no such job. System
    transaction."""
    queued = await tx.value(
        "with again as (update pgqueuer set status = 'queued', attempts = 0, execute_after = now(), updated = now()"
        "  where id = $1 and status = 'failed' returning id),"
        " forgotten as (delete from pgqueuer_log l using again where l.job_id = again.id and l.status = 'picked')"
        " select count(*) from again",
        job_id,
    )
    return queued == 1


def _payload(ids: dict[str, uuid.UUID | str | int]) -> bytes:
    return json.dumps({name: str(value) for name, value in ids.items()}).encode()
