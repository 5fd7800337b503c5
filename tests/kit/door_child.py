"""`python -m tests.kit.door_child <json>`: the application without a port, so that a test can kill the process that
works on batches and responses, on the `merge` that a person (`tenant`, `user`) begins in it, or on `memories` of theirs. What it needs to know
stands in the argument; it runs until it is killed or its input ends."""

import asyncio
import json
import sys
from pathlib import Path
from uuid import UUID

from radiant.app import App
from radiant.config import Settings
from radiant.foundation.identity.callers import Caller, Role
from radiant.infra.db import open_database
from radiant.infra.kms import LocalKms
from radiant.infra.objects import LocalObjects
from radiant.kit.ids import TenantId, UserId
from radiant.runtime import Addresses, Runtime
from radiant.workspace.memory.schemas import NewMemory
from radiant.workspace.merging.schemas import NewMerge


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
        if "merge" in orders:
            made = await app.state.merging.merge(_person(orders), NewMerge.model_validate_json(orders["merge"]), None)
            print(made.model_dump_json(), flush=True)
        for number in range(int(orders.get("memories", 0))):
            new = NewMemory(content=f"The box with number {number} stands in aisle {number % 7}.")
            (added,) = await app.state.memory.add(_person(orders), [new])
            print(added.memory.id, flush=True)
        await asyncio.to_thread(sys.stdin.read)


def _person(orders: dict[str, str]) -> Caller:
    return Caller(
        tenant_id=TenantId(UUID(orders["tenant"])), user_id=UserId(UUID(orders["user"])), role=Role.MEMBER,
        is_operator=False, kind="user", scopes=frozenset({"inference", "write"}),
    )  # fmt: skip


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
