"""Batches, and responses in the background, are run beside the API."""

import contextlib
from collections.abc import AsyncGenerator
from functools import partial

from radiant.doors.gateway import batches_run, batches_store, responses_background
from radiant.doors.gateway.lanes import Engine
from radiant.infra.jobs import Registry
from radiant.infra.jobs_beside import JobsBeside

_BATCHES_AT_ONCE = 4
# Each is one call, as a client's own would be. Of their own number, so that no batch keeps them waiting.
_RESPONSES_AT_ONCE = 64


@contextlib.asynccontextmanager
async def work_beside(engine: Engine, dsn: str) -> AsyncGenerator[None]:
    """While the block lasts. `dsn` is the system role's."""
    batches, answers = Registry(), Registry()
    batches_run.register(batches, engine)
    responses_background.register(answers, engine)
    take_up = partial(batches_store.take_up_expired, job=batches_run.JOB)
    database = engine.database
    async with (
        JobsBeside(database, dsn, batches, engine.batch_waits, at_once=_BATCHES_AT_ONCE, first=take_up),
        JobsBeside(database, dsn, answers, engine.response_waits, at_once=_RESPONSES_AT_ONCE),
    ):
        yield
