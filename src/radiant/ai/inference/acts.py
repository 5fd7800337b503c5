"""What error tracking may do by itself to what serves calls. The worker decides; each API process does it to its own
upstreams and models, told by a notification."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Mapping

import msgspec
import structlog

from radiant.ai.providers.health import Upstreams
from radiant.ai.serving.host import Host
from radiant.foundation.error_tracking.actions import Act, CannotAct
from radiant.foundation.error_tracking.schemas import ActionKind, ErrorAction
from radiant.infra import jobs
from radiant.infra.db import Database
from radiant.infra.events import listen

log = structlog.get_logger()
CHANNEL = "radiant_acts"


class _Told(msgspec.Struct):
    kind: str
    name: str
    seconds: float = 0.0


def acts(database: Database) -> Mapping[ActionKind, Act]:
    """Those that can be done here, for the worker."""

    async def tell(told: _Told) -> None:
        async with database.system("error actions").tx() as tx:
            await tx.value("select pg_notify('radiant_acts', $1)", msgspec.json.encode(told).decode())

    async def rest_provider(action: ErrorAction, tags: Mapping[str, str]) -> str:
        name = action.provider or tags.get("provider")
        if not name:
            raise CannotAct("no provider is named, by the action or by the error's tag `provider`")
        await tell(_Told("rest_provider", name, action.minutes * 60.0))
        return f"{name} is not asked for {action.minutes} minutes"

    async def restart_model(action: ErrorAction, tags: Mapping[str, str]) -> str:
        name = action.model or tags.get("model")
        if not name:
            raise CannotAct("no model is named, by the action or by the error's tag `model`")
        await tell(_Told("restart_model", name))
        return f"{name} is unloaded, and loaded anew by the next call"

    async def retry_job(_: ErrorAction, tags: Mapping[str, str]) -> str:
        job_id = tags.get("id", "")
        if not (tags.get("job") and job_id.isdigit()):
            raise CannotAct("the error is no job's")
        async with database.system("error actions").tx() as tx:
            if not await jobs.retry_failed(tx, int(job_id)):
                raise CannotAct(f"the job {job_id} has not failed for good: it is tried again by itself, or gone")
        return f"the job {job_id} is queued again"

    return {"rest_provider": rest_provider, "restart_model": restart_model, "retry_job": retry_job}


@contextlib.asynccontextmanager
async def obeying(dsn: str, upstreams: Upstreams, host: Host) -> AsyncGenerator[None]:
    """Do what is told, in an API process, until the block ends."""
    running: set[asyncio.Task[None]] = set()

    def heard(payload: str) -> None:
        try:
            told = msgspec.json.decode(payload, type=_Told) if payload else None
        except msgspec.DecodeError:
            return
        if told is None:
            return
        log.info("act", kind=told.kind, name=told.name)
        if told.kind == "rest_provider":
            upstreams.rest_provider(told.name, told.seconds)
        elif told.kind == "restart_model":
            task = asyncio.create_task(host.unload(told.name))
            running.add(task)
            task.add_done_callback(running.discard)

    task = asyncio.create_task(listen(dsn, CHANNEL, heard))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, *running, return_exceptions=True)
