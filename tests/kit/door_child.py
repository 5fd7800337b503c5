"""`python -m tests.kit.door_child <json>`: the application without a port, so that a test can kill the process that
works on batches and responses. What it needs to know stands in the argument; it runs until it is killed or its input ends."""

import asyncio
import json
import sys
from pathlib import Path

from radiant.app import App
from radiant.config import Settings
from radiant.infra.db import open_database
from radiant.infra.kms import LocalKms
from radiant.infra.objects import LocalObjects
from radiant.runtime import Addresses, Runtime


async def main(orders: dict[str, str]) -> None:
    """Serve what waits."""
    folder = Path(orders["folder"])
    settings = Settings(data_dir=folder, models_dir=Path(orders["models"]), models="none", port=1)

    async def open_runtime(_: Settings) -> Runtime:
        return Runtime(
            settings,
            Addresses(orders["owner"], orders["app"], orders["system"]),
            await open_database(orders["app"], orders["system"]),
            LocalKms(bytes(range(32))),
            LocalObjects(Path(orders["objects"]), secret=b"link secret of the tests"),
        )

    app = App(settings, open_runtime)
    async with app.router.lifespan_context(app):
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
