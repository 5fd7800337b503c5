"""`python -m tests.workspace.documents.child <json>`: a worker that reads documents, in small batches, until it is killed."""

import asyncio
import json
import sys
from pathlib import Path

from radiant.infra.db import open_database
from radiant.infra.jobs import Registry
from radiant.infra.jobs_worker import run_worker
from radiant.infra.objects import LocalObjects
from radiant.workspace.documents import indexing
from radiant.workspace.documents.jobs import Reader


async def main(orders: dict[str, str]) -> None:
    """Serve what waits."""
    indexing.BATCH = 20
    database = await open_database(orders["app"], orders["system"])
    objects = LocalObjects(Path(orders["objects"]), secret=b"link secret of the tests")
    registry = Registry()
    Reader(database, objects, lambda: None).register(registry)
    await run_worker(orders["system"], registry, asyncio.Event())


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
