"""Counts how often memories are found, beside the searches: one statement a person every few seconds (F13.2)."""

import asyncio
import contextlib
from collections.abc import Sequence
from uuid import UUID

import structlog

from radiant.foundation.identity.callers import Caller
from radiant.infra.db import AWAY, Database
from radiant.kit.ids import TenantId, UserId
from radiant.workspace.memory import store

log = structlog.get_logger()

_WRITE_SECONDS = 2.0


class Counts:
    """Made once by `Memory`, which enters and leaves it."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._found: dict[tuple[TenantId, UserId], dict[UUID, int]] = {}
        self._some = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "Counts":
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._task is not None
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        with contextlib.suppress(*AWAY):
            await self.flush()

    def count(self, caller: Caller, ids: Sequence[UUID]) -> None:
        """Note that memories were found."""
        if not ids:
            return
        counts = self._found.setdefault((caller.tenant_id, caller.user_id), {})
        for id_ in ids:
            counts[id_] = counts.get(id_, 0) + 1
        self._some.set()

    async def flush(self) -> None:
        """Write what was noted."""
        self._some.clear()
        counts, self._found = self._found, {}
        for (tenant_id, user_id), found in counts.items():
            async with self._database.tenant(tenant_id, user_id).tx() as tx:
                await store.found(tx, list(found), list(found.values()))

    async def _run(self) -> None:
        while True:
            await self._some.wait()
            await asyncio.sleep(_WRITE_SECONDS)
            try:
                await self.flush()
            except AWAY as error:
                log.warning("memory.counts_lost", error=repr(error))
