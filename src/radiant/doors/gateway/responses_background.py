"""The work of responses in the background: a job each, by the very way that one in the foreground takes, as its creator.

The job is written in the transaction that keeps the response, so it exists if and only if the client was told of it.
Whoever works on it beats for it; when the process dies, the next one takes it up after the lease (infra/jobs) and asks
the model again, `ATTEMPTS` times in all. A response always ends: completed, failed with a reason, or cancelled.
"""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import structlog

from radiant.doors.gateway import responses_kept
from radiant.doors.gateway import responses_store as store
from radiant.doors.gateway.inner import InnerCall
from radiant.doors.gateway.lanes import Engine
from radiant.doors.gateway.responses import responses
from radiant.doors.gateway.responses_kept import ATTEMPTS, JOB, LONGEST
from radiant.doors.gateway.responses_store import Work
from radiant.foundation.identity.again import caller_again
from radiant.infra.db import TenantDb
from radiant.infra.jobs import Job, Registry

log = structlog.get_logger()

# A cancel by another process is seen that late; one by this process at once.
_LOOK_EVERY = 2.0


def register(jobs: Registry, engine: Engine) -> None:
    """Serve responses in the background."""

    async def run(job: Job) -> None:
        await _work_off(engine, job)

    async def give_up(job: Job) -> None:
        db, name = _of_job(engine, job)
        async with db.tx() as tx:
            found = await store.find(tx, name)
        if found is not None:
            said = f"it was begun {ATTEMPTS} times, and each time the process that worked on it ended; ask again"
            await responses_kept.finish(db, name, _failed(found.answer, said))

    longest = LONGEST + timedelta(minutes=1)
    jobs.handle(JOB, run, attempts=ATTEMPTS, timeout=longest.total_seconds(), gave_up=give_up)


def _of_job(engine: Engine, job: Job) -> tuple[TenantDb, str]:
    assert job.tenant_id is not None
    return engine.database.tenant(job.tenant_id, job.user_id), job.ids["response_id"]


def _failed(answer: dict[str, Any], message: str) -> dict[str, Any]:
    return {**answer, "status": "failed", "error": {"code": "server_error", "message": message}}


async def _work_off(engine: Engine, job: Job) -> None:
    """Bring the response to its end, unless it has ended or was deleted meanwhile."""
    db, name = _of_job(engine, job)
    async with db.tx() as tx:
        work = await store.take(tx, name, job.attempt)
    if work is None:
        return
    key = work.work["api_key_id"]
    caller = await caller_again(db, UUID(key) if key else None)
    if caller is None:
        ended = _failed(work.answer, "its creator, or their key, may no longer call models")
    else:
        headers = {name.encode(): value.encode("latin-1") for name, value in work.work["headers"].items()}
        body = msgspec.json.encode(work.work["request"])
        inner = InnerCall(caller, "/v1/responses", body, "openai", headers)
        inner.request_id = work.work["request_id"]
        ended = await _answered(engine, db, name, work, inner)
    if ended is not None:
        await responses_kept.finish(db, name, ended)


async def _answered(
    engine: Engine, db: TenantDb, name: str, work: Work, inner: InnerCall
) -> dict[str, Any] | None:  # fmt: skip
    """How the response ended; None where that is not for us to say any more: it was cancelled, or another has it."""
    task = asyncio.ensure_future(inner.run(responses(engine, inner)))
    try:
        with responses_kept.held(db, name, task):
            async with asyncio.timeout(LONGEST.total_seconds()):
                while not task.done():
                    await asyncio.wait({task}, timeout=_LOOK_EVERY)
                    if not task.done() and not await _still_ours(db, name, work.attempts):
                        return None
    except TimeoutError:
        return _failed(work.answer, f"it took longer than {LONGEST.total_seconds() / 3600:.0f} h")
    finally:
        task.cancel()
        await asyncio.wait({task})
    if task.cancelled():
        return None
    if inner.status == 200:
        return {**inner.answered, "id": name, "background": True, "store": True}
    error: dict[str, Any] = inner.answered.get("error", {})
    return _failed(work.answer, str(error.get("message")))


async def _still_ours(db: TenantDb, name: str, attempt: int) -> bool:
    try:
        async with db.tx() as tx:
            return await store.is_worked_on(tx, name, attempt)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError) as error:
        # The answer is being paid for: it is not thrown away because the database is away for a moment.
        log.warning("responses.look_failed", error=str(error))
        return True
