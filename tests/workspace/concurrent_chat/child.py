"""`python -m tests.workspace.concurrent_chat.child <json>`: a second process of the application over the tests' database.
It prints its address and serves until it is killed or its input ends."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from radiant.infra.db import open_database
from tests.kit.fixtures import models_root
from tests.kit.postgres import Dsns
from tests.kit.server import Client, serving


async def main(orders: dict[str, str]) -> None:
    dsns = Dsns(orders["owner"], orders["app"], orders["system"])
    database = await open_database(dsns.app, dsns.system)
    async with serving(database, dsns, Path(orders["folder"]), models_root()) as server:
        sys.stdout.write(server.base_url + "\n")
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.read)


@asynccontextmanager
async def second_process(dsns: Dsns, folder: Path) -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    """A running one and its address; it is killed at the end."""
    orders = {"owner": dsns.owner, "app": dsns.app, "system": dsns.system, "folder": str(folder)}
    pipe = asyncio.subprocess.PIPE
    command = (sys.executable, "-m", "tests.workspace.concurrent_chat.child", json.dumps(orders))
    process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe)
    try:
        assert process.stdout is not None
        address = (await asyncio.wait_for(process.stdout.readline(), 60)).decode().strip()
        yield process, address
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


def at(address: str, client: Client) -> Client:
    """The same caller at another process."""
    return Client(address, client.http, client.headers)


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
