"""`python -m tests.workspace.collaboration.child <json>`: rooms in a process of their own, so that a test can kill it. Prints
its address; runs until it is killed or its input ends."""

import asyncio
import json
import socket
import sys
from typing import Any

import uvicorn

from radiant.http.sockets import MAX_MESSAGE, sockets_for
from radiant.infra.changes import Changes
from radiant.infra.db import open_database
from radiant.runtime import Addresses
from radiant.workspace.collaboration.rooms import Rooms
from radiant.workspace.collaboration.sockets import Sockets
from radiant.workspace.collaboration.tickets import Tickets


async def _nothing(*_: Any) -> None:
    """No HTTP here."""


async def main(orders: dict[str, str]) -> None:
    """Serve rooms."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    where = Addresses(orders["owner"], orders["app"], orders["system"])
    database = await open_database(where.app, where.system, max_size=4)
    tickets = Tickets(where.app_secret)
    async with (
        Changes(where.app, database.system("changes")) as changes,
        Rooms(database, changes, tickets, where.app, address) as rooms,
        Sockets(rooms, tickets) as sockets,
    ):
        config = uvicorn.Config(
            _nothing, ws=sockets_for(sockets.open), ws_max_size=MAX_MESSAGE, ws_per_message_deflate=False,
            log_config=None, lifespan="off", timeout_graceful_shutdown=1,
        )  # fmt: skip
        server = uvicorn.Server(config)
        server.install_signal_handlers = lambda: None  # type: ignore[attr-defined,method-assign]
        serving = asyncio.create_task(server.serve([listener]))
        while not server.started:
            await asyncio.sleep(0.01)
        print(address, flush=True)
        await asyncio.to_thread(sys.stdin.read)
        server.should_exit = True
        await serving
    await database.close()


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
