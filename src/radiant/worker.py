"""The worker process: jobs, the sinks of the outbox, and what keeps the house in order."""

import asyncio
import contextlib
import signal
import time
from datetime import timedelta
from functools import partial
from pathlib import Path

import structlog

from radiant.ai.inference.acts import acts
from radiant.ai.routing.counting import count
from radiant.ai.routing.refits import refit_priors
from radiant.ai.serving.packs import ModelStore
from radiant.aws import AwsParts, make_aws
from radiant.config import Settings
from radiant.credential_life import WorkOfLife, make_work
from radiant.foundation.audit.service import chain_events
from radiant.foundation.credentials.heads import Heads
from radiant.foundation.credentials.secrets_manager import SecretsManager
from radiant.foundation.credentials.service import purge_due
from radiant.foundation.error_tracking import groups_store, writer
from radiant.foundation.error_tracking.actions import Actions
from radiant.foundation.error_tracking.alerts import Alerts
from radiant.foundation.error_tracking.capture import Capture
from radiant.foundation.error_tracking.spool import Spool
from radiant.foundation.files.service import remove_deleted_objects
from radiant.foundation.metrics.events import emit_due, keep_noted
from radiant.foundation.metrics.rollup import roll_up
from radiant.foundation.metrics.sinks.cloudwatch import CloudWatch
from radiant.foundation.metrics.sinks.otlp import Otlp, read_headers
from radiant.foundation.metrics.topics import Told
from radiant.foundation.runs.hub import OnAbandoned, end_abandoned
from radiant.foundation.usage import noted
from radiant.foundation.usage.service import settle_abandoned
from radiant.infra.changes import Changes
from radiant.infra.db import Database
from radiant.infra.events import OutboxReader, Sink, emit_for, forget_sinks
from radiant.infra.httpclient import HttpClient
from radiant.infra.jobs import Ending, Job, Registry
from radiant.infra.jobs_worker import run_worker
from radiant.kit.ids import uuid7
from radiant.periodic import every
from radiant.processes import end_within
from radiant.runtime import Runtime, heads_store, mailer_of, open_runtime
from radiant.vault import Vault, make_vault
from radiant.workspace.documents import jobs as documents_jobs
from radiant.workspace.merging import service as merging
from radiant.workspace.turns import service as turns

log = structlog.get_logger()

_RETENTION_BATCH = 5000
# Under way at the end, a job gets so long and goes back to the queue. Whoever starts us kills us after 15 seconds, and
# containers after 10; where nobody is left to do it (`up` was killed), we do.
_GRACE_SECONDS, _END_SECONDS = 7.0, 12.0
# Who keeps what a dead process had written, by the kind of its run.
_ABANDONED: dict[str, OnAbandoned] = {turns.KIND: turns.keep_abandoned, merging.KIND: merging.keep_abandoned}


def registry(runtime: Runtime, alerts: Alerts, vault: Vault, life: WorkOfLife, aws: AwsParts) -> Registry:
    """Which handler serves which job."""
    jobs = Registry(on_end=partial(_tell, runtime.database))
    life.register(jobs)
    aws.register(jobs)

    async def retention(_: Job) -> None:
        while True:
            async with runtime.database.system("retention").tx() as tx:
                rows = await tx.all("select of_table, deleted from app.apply_retention($1)", _RETENTION_BATCH)
            if all(row["deleted"] < _RETENTION_BATCH for row in rows):
                return

    async def partitions(_: Job) -> None:
        async with runtime.database.system("partitions").tx() as tx:
            await tx.value("select app.create_month_partitions()")
            await tx.value("select app.drop_month_partitions()")
        deleted = _RETENTION_BATCH
        while deleted == _RETENTION_BATCH:
            async with runtime.database.system("partitions").tx() as tx:
                deleted = await tx.value("select app.delete_events_past_plan($1)", _RETENTION_BATCH)

    async def refit(_: Job) -> None:
        await refit_priors(runtime.database)

    async def purge_credentials(_: Job) -> None:
        await purge_due(runtime.database, vault.log)

    async def tell_heads(_: Job) -> None:
        await heads.tell()

    heads = Heads(runtime.database, runtime.settings.trail_heads_file, heads_store(runtime.settings))
    jobs.handle("purge credentials", purge_credentials, timeout=3600, concurrency=1)
    jobs.every("23 * * * *", "purge credentials")
    jobs.handle("trail heads", tell_heads, timeout=3600, concurrency=1)
    jobs.every("31 * * * *", "trail heads")
    jobs.handle("retention", retention, timeout=3600, concurrency=1)
    jobs.every("17 * * * *", "retention")
    jobs.handle("partitions", partitions, timeout=3600, concurrency=1)
    jobs.every("7 3 * * *", "partitions")
    jobs.handle("routing refit", refit, timeout=600, concurrency=1)
    jobs.every("41 3 * * *", "routing refit")
    reader = documents_jobs.Reader(runtime.database, runtime.objects, partial(_tessdata, runtime.settings))
    reader.register(jobs)
    jobs.handle(writer.ALERT, alerts.handle, timeout=60, concurrency=4)
    jobs.handle(writer.ACT, Actions(runtime.database, alerts, acts(runtime.database)).handle, timeout=60, concurrency=1)
    return jobs


def _tessdata(settings: Settings) -> Path | None:
    """The folder of a model that reads pictures, where one is installed."""
    store = ModelStore(settings.model_folder, folder=settings.models_from)
    for status in store.models():
        if status.model.task == "text_recognition" and status.installed:
            return store.path(status.model.id, status.model.file[0].name).parent
    return None


async def _tell(database: Database, job: Job, ending: Ending) -> None:
    """Note how a try of a tenant's job ended, for its metrics."""
    if job.tenant_id is None:
        return
    dimensions = {"what": job.name, "result": ending}
    event = noted.event(uuid7(), noted.JOBS, dimensions, time.time_ns() // 1000, job.user_id)
    async with database.system("jobs").tx() as tx:
        await emit_for(tx, job.tenant_id, noted.TOPIC, {"events": [event]})


# A service that is away is asked again for an hour and more before anything is set aside.
_OUTSIDE_ATTEMPTS = 120


async def _outside(runtime: Runtime, stack: contextlib.AsyncExitStack) -> dict[str, Sink]:
    """Sinks of metrics, as the settings name them."""
    settings = runtime.settings
    sinks: dict[str, Sink] = {}
    if settings.cloudwatch_namespace is not None:
        cloudwatch = CloudWatch(
            settings.cloudwatch_namespace, settings.cloudwatch_dimensions, endpoint_url=settings.aws_endpoint_url
        )
        sinks["cloudwatch"] = (await stack.enter_async_context(cloudwatch)).deliver
    if settings.otlp_endpoint is not None:
        http = await stack.enter_async_context(HttpClient())
        headers = read_headers(settings.otlp_headers.get_secret_value() if settings.otlp_headers else "")
        sinks["otlp"] = Otlp(runtime.database, http, settings.otlp_endpoint, headers).deliver
    await forget_sinks(
        runtime.database.system("outbox"), [name for name in ("cloudwatch", "otlp") if name not in sinks]
    )
    return sinks


def _inside(database: Database, told: Told) -> dict[str, Sink]:
    """Sinks that write what they hear into tables of ours."""
    return {"audit": partial(chain_events, database), "metrics": partial(keep_noted, database, told)}


async def _roll_up_gently(database: Database) -> None:
    """A busy hour is read again each time it is marked: a fifth of the time, at most."""
    began = time.monotonic()
    await roll_up(database)
    await asyncio.sleep(4 * (time.monotonic() - began))


async def work(settings: Settings, stop: asyncio.Event) -> None:
    """Run until `stop` is set."""
    async with contextlib.AsyncExitStack() as stack:
        runtime = await open_runtime(settings)
        stack.push_async_callback(runtime.close)
        database = runtime.database
        spool = await stack.enter_async_context(
            Spool(database, settings.data_dir / "errors", settings.error_spool_mb * 2**20)
        )
        await stack.enter_async_context(Capture(spool, "worker"))
        http = await stack.enter_async_context(HttpClient())
        mailer = mailer_of(settings)
        alerts = Alerts(
            database, runtime.kms, mailer, http, settings.base_url, aws_endpoint_url=settings.aws_endpoint_url
        )
        stack.callback(alerts.close)
        changes = await stack.enter_async_context(Changes(runtime.addresses.app, database.system("changes")))
        manager = SecretsManager(settings.aws_endpoint_url)
        stack.callback(manager.close)
        vault = make_vault(runtime, changes)
        life = make_work(runtime, vault, http, manager, mailer, spool)
        aws = make_aws(runtime, vault)
        stack.callback(aws.calls.close)
        await _work(runtime, alerts, vault, life, aws, await _outside(runtime, stack), stop)


async def _reopen_ignored(runtime: Runtime) -> None:
    async with runtime.database.system("ignored errors").tx() as tx:
        await groups_store.reopen_due(tx)


async def _work(
    runtime: Runtime, alerts: Alerts, vault: Vault, life: WorkOfLife, aws: AwsParts, outside: dict[str, Sink],
    stop: asyncio.Event,
) -> None:  # fmt: skip
    database = runtime.database
    stale = timedelta(seconds=2 * runtime.settings.request_timeout_s)
    system_dsn = runtime.addresses.system
    outbox = database.system("outbox")
    told = Told(sums="cloudwatch" in outside, calls="otlp" in outside)
    background = [
        asyncio.create_task(OutboxReader(outbox, system_dsn, _inside(database, told)).run()),
        asyncio.create_task(every(3, "runs", lambda: end_abandoned(database, _ABANDONED))),
        asyncio.create_task(every(1, "routing statistics", lambda: count(database))),
        asyncio.create_task(every(1, "metrics events", lambda: emit_due(database, told))),
        asyncio.create_task(every(5, "metrics roll-ups", lambda: _roll_up_gently(database))),
        asyncio.create_task(every(60, "usage", lambda: settle_abandoned(database, stale))),
        asyncio.create_task(every(60, "objects", lambda: remove_deleted_objects(database, runtime.objects))),
        asyncio.create_task(every(60, "ignored errors", lambda: _reopen_ignored(runtime))),
        *(asyncio.create_task(every(*each)) for each in (*life.periodic(), *aws.periodic())),
    ]
    if outside:
        reader = OutboxReader(outbox, system_dsn, outside, attempts=_OUTSIDE_ATTEMPTS)
        background.append(asyncio.create_task(reader.run()))
    try:
        await run_worker(system_dsn, registry(runtime, alerts, vault, life, aws), stop, grace=_GRACE_SECONDS)
    finally:
        for task in background:
            task.cancel()
        await asyncio.gather(*background, return_exceptions=True)


async def _end_after(stop: asyncio.Event) -> None:
    await stop.wait()
    end_within(_END_SECONDS, asyncio.get_running_loop())


async def main(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    ending = loop.create_task(_end_after(stop))
    with contextlib.suppress(asyncio.CancelledError):
        await work(settings, stop)
    ending.cancel()
