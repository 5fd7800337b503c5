"""A worker that rotates a PostgreSQL role's password and is killed at a given moment.

`python -m tests.foundation.credentials.dying APP_DSN SYSTEM_DSN JOB_IDS MOMENT`; JOB_IDS as JSON. A moment is a step of the
rotator, before it or after it: `before apply`, `after verify` …, or `promoted`: after the vault has, before it is noted.
"""

import asyncio
import json
import os
import signal
import sys
from typing import Any

import structlog

from radiant.foundation.credentials import rotations_store
from radiant.foundation.credentials.access_log import AccessLog
from radiant.foundation.credentials.postgres import PostgresRotator
from radiant.foundation.credentials.rotations import ROTATE, Rotations
from radiant.foundation.credentials.service import Credentials
from radiant.infra.db import open_database
from radiant.infra.http1.addresses import Resolver
from radiant.infra.jobs import Job
from radiant.infra.kms import LocalKms
from tests.foundation.credentials.conftest import KEY


def die() -> None:
    """As an operating system that is short of memory does it."""
    os.kill(os.getpid(), signal.SIGKILL)


class Dying(PostgresRotator):
    """Dies before or after one of its steps."""

    def __init__(self, moment: str) -> None:
        super().__init__(Resolver())
        when, _, step = moment.partition(" ")
        if when in ("before", "after"):
            done = getattr(self, step)

            async def dying(*args: Any) -> Any:
                if when == "before":
                    die()
                await done(*args)
                die()

            setattr(self, step, dying)


async def main(app: str, system: str, ids: str, moment: str) -> None:
    """Until killed."""
    database = await open_database(app, system, max_size=4)
    kms = LocalKms(KEY)
    log = AccessLog(database, kms)
    service = Rotations(database, Credentials(database, kms, log), log, {"postgres": Dying(moment)})
    if moment == "promoted":
        noted = rotations_store.reach_state

        async def reach_state(tx: Any, rotation_id: Any, state: str, *rest: Any) -> None:
            if state == "current":
                die()
            await noted(tx, rotation_id, state, *rest)

        rotations_store.reach_state = reach_state
    await service.rotate(Job(1, ROTATE, json.loads(ids), None, None, 1))


if __name__ == "__main__":
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    asyncio.run(main(*sys.argv[1:]))
