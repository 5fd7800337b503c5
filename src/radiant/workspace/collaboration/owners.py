"""Which process has a room. It holds a session's advisory lock, on one connection for all its rooms, so the lock falls
with the process; where it is found is in `collaboration_owners`."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any
from uuid import UUID

import asyncpg
import structlog

from radiant.infra.db import AWAY, Database
from radiant.kit.ids import TenantId, uuid7
from radiant.workspace.collaboration import log_store as store
from radiant.workspace.collaboration.problems import RoomNotFound, RoomUnavailable
from radiant.workspace.collaboration.schemas import RoomId

log = structlog.get_logger()
# asyncpg carries no types of its own.
_asyncpg: Any = asyncpg

_PATIENCE, _PAUSE = 5.0, 0.1


class Owners:
    """One per process; `on_lost(room_id)` is told of a room that another process took while our connection was away."""

    def __init__(self, database: Database, dsn: str, address: str, on_lost: Callable[[RoomId], None]) -> None:
        self.process = uuid7()
        self._database = database
        self._dsn = dsn
        self._address = address
        self._on_lost = on_lost
        self._held: dict[RoomId, TenantId] = {}
        self._connection: Any = None
        self._turn = asyncio.Lock()
        self._again: asyncio.Task[None] | None = None
        self._ending = False

    async def claim(self, tenant_id: TenantId, room_id: RoomId) -> str | None:
        """None: the room is ours. Else the address of the process that has it. Raises RoomNotFound, RoomUnavailable."""
        deadline = asyncio.get_running_loop().time() + _PATIENCE
        while True:
            if await self._lock(room_id):
                self._held[room_id] = tenant_id
                async with self._database.tenant(tenant_id).tx() as tx:
                    said = await store.say_owner(tx, room_id, self.process, self._address)
                if said:
                    return None
                await self.release(room_id)
                raise RoomNotFound("there is no such room")
            async with self._database.tenant(tenant_id).tx() as tx:
                owner = await store.owner(tx, room_id)
            if owner is not None and owner["process"] != self.process:
                return owner["address"]
            if asyncio.get_running_loop().time() > deadline:
                raise RoomUnavailable("the process that has this room does not say where it is: try again")
            await asyncio.sleep(_PAUSE)

    async def release(self, room_id: RoomId) -> None:
        """Give a room back."""
        tenant_id = self._held.pop(room_id, None)
        if tenant_id is None:
            return
        with contextlib.suppress(*AWAY):
            async with self._database.tenant(tenant_id).tx() as tx:
                await store.forget_owner(tx, room_id, self.process)
            async with self._turn:
                if self._connection is not None:
                    await self._connection.fetchval("select pg_advisory_unlock($1)", _key(room_id))

    async def _lock(self, room_id: RoomId) -> bool:
        async with self._turn:
            connection = await self._connected()
            return bool(await connection.fetchval("select pg_try_advisory_lock($1)", _key(room_id)))

    async def _connected(self) -> Any:
        if self._connection is None or self._connection.is_closed():
            names = {"application_name": "radiant rooms"}
            self._connection = await _asyncpg.connect(
                self._dsn, timeout=10, command_timeout=30, server_settings=names, statement_cache_size=10
            )
            self._connection.add_termination_listener(self._fell)
        return self._connection

    def _fell(self, connection: Any) -> None:
        if connection is self._connection and not self._ending:
            self._connection = None
            self._again = asyncio.get_running_loop().create_task(self._take_back())

    async def _take_back(self) -> None:
        # What we have is ours until another says that it has it: rows that both write are numbered by the room's row.
        while self._held and not self._ending:
            try:
                for room_id, tenant_id in tuple(self._held.items()):
                    if not await self._lock(room_id):
                        log.warning("collaboration.room_lost", room=str(room_id), tenant=str(tenant_id))
                        self._held.pop(room_id, None)
                        self._on_lost(room_id)
                return
            except AWAY as error:
                log.warning("collaboration.locks_away", error=repr(error))
                await asyncio.sleep(0.5)

    async def close(self) -> None:
        """Give all back."""
        for room_id in tuple(self._held):
            await self.release(room_id)
        self._ending = True
        if self._again is not None:
            self._again.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._again
        if self._connection is not None:
            self._connection.terminate()


def _key(room_id: UUID) -> int:
    return int.from_bytes(room_id.bytes[8:], "big", signed=True) ^ int.from_bytes(room_id.bytes[:8], "big", signed=True)
