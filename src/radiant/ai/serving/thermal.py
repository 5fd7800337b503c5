"""Keeps the catalogue's rows of self-hosted models as the host and the folder of models say: state and presence."""

import asyncio
import contextlib

import asyncpg
import structlog

from radiant.ai.catalog import store as catalog_store
from radiant.ai.serving.packs import ModelStore
from radiant.infra.db import Database

log = structlog.get_logger()


class ThermalStates:
    """Writes states as they change, apart from the requests that changed them. Of one model only the latest waits, so
    memory is bounded by the number of models."""

    def __init__(self, database: Database) -> None:
        self._system = database.system("thermal states")
        self._changed = asyncio.Event()
        self._states: dict[str, str] = {}

    def note(self, model_id: str, state: str) -> None:
        """Called by the host, on the loop."""
        self._states[model_id] = state
        self._changed.set()

    async def _write(self) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            states, self._states = self._states, {}
            try:
                async with self._system.tx() as tx:
                    for model_id, state in states.items():
                        await catalog_store.set_thermal_state(tx, model_id, state)
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                log.warning("thermal.not_written", states=states, error=str(error))

    async def __aenter__(self) -> "ThermalStates":
        self._writer = asyncio.create_task(self._write())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._writer.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._writer


async def note_installed(database: Database, store: ModelStore) -> None:
    """Write which models' files are here."""
    installed = await asyncio.to_thread(lambda: [item.model.id for item in store.models() if item.installed])
    async with database.system("installed models").tx() as tx:
        await catalog_store.mark_installed(tx, installed)
