"""A process that takes errors as fast as it can, says on stdout which it has acknowledged, and is killed.

`python -m tests.foundation.error_tracking.spooling APP_DSN SYSTEM_DSN FOLDER TENANT`; lines: the id of each."""

import asyncio
import os
import sys
import time
from pathlib import Path
from uuid import UUID

import structlog

from radiant.foundation.error_tracking.grouping import group
from radiant.foundation.error_tracking.occurrence import Occurrence, bound
from radiant.foundation.error_tracking.spool import Spool, SpoolFull
from radiant.infra.db import open_database
from radiant.kit.ids import TenantId, uuid7


async def main(app: str, system: str, folder: str, tenant: str) -> None:
    """Until killed."""
    database = await open_database(app, system, max_size=4)
    async with Spool(database, Path(folder), 64 * 2**20, segment_bytes=512 * 1024) as spool:
        os.write(1, b"ready\n")
        number = 0
        while True:
            number += 1
            kept = Occurrence(
                id=uuid7(),
                at=time.time(),
                message=f"{number % 5 * 'x'} broke {number}",
                tenant_id=TenantId(UUID(tenant)),
            )
            bound(kept)
            group(kept)
            try:
                await spool.accept([kept])
            except SpoolFull:
                await asyncio.sleep(0.05)
                continue
            os.write(1, f"{kept.id}\n".encode())
            await asyncio.sleep(0)


if __name__ == "__main__":
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    asyncio.run(main(*sys.argv[1:]))
