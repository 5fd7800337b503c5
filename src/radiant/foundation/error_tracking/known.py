"""What the doors need to know of projects and settings, kept in memory: they take errors while the database is away."""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass
from typing import Generic, TypeVar
from uuid import UUID

from radiant.foundation.error_tracking import projects_store, settings_store
from radiant.foundation.error_tracking.scrub import Scrubber
from radiant.infra.changes import Changes, Kept
from radiant.infra.db import AWAY, Database
from radiant.kit.errors import Unavailable
from radiant.kit.ids import TenantId

_MOST = 10_000
# A database that says nothing is away.
_ASK_SECONDS = 2.0
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Sender:
    """A project as the door sees it; `None` stands for a key that is none."""

    project_id: int
    tenant_id: TenantId | None
    is_active: bool
    counts_transactions: bool
    keep_variables: bool
    events_per_minute: int

    @property
    def owner_id(self) -> UUID:
        """Whose it is."""
        return self.tenant_id or UUID(int=0)


class _Last(Generic[V]):
    """What was known last, by key: for when nothing can be asked."""

    def __init__(self) -> None:
        self._values: OrderedDict[object, V] = OrderedDict()

    def note(self, key: object, value: V) -> V:
        self._values[key] = value
        self._values.move_to_end(key)
        while len(self._values) > _MOST:
            self._values.popitem(last=False)
        return value

    def get(self, key: object) -> V | None:
        return self._values.get(key)


class Known:
    """One per process, made by a root."""

    def __init__(self, database: Database, changes: Changes) -> None:
        self._database = database
        self._senders: Kept[str, Sender | bool] = Kept(changes, most=_MOST)
        self._scrubbers: Kept[UUID, Scrubber] = Kept(changes, most=_MOST)
        self._last_senders: _Last[Sender] = _Last()
        self._last_scrubbers: _Last[Scrubber] = _Last()
        changes.subscribe("error_projects", lambda _: self._senders.forget())
        changes.subscribe("tenants", lambda _: self._senders.forget())
        changes.subscribe("error_settings", lambda _: self._scrubbers.forget())

    async def sender(self, public_key: str) -> Sender | None:
        """The project of a key, None where it is none. Raises Unavailable where it is not known and cannot be asked."""
        try:
            async with asyncio.timeout(_ASK_SECONDS):
                found = await self._senders.read(public_key, lambda: self._read_sender(public_key))
        except AWAY as error:
            last = self._last_senders.get(public_key)
            if last is None:
                raise Unavailable(
                    "the database that knows projects does not answer; send it again later",
                    headers={"Retry-After": "30"},
                ) from error
            found = last
        return found if isinstance(found, Sender) else None

    async def _read_sender(self, public_key: str) -> Sender | bool:
        async with self._database.system("who sends errors").tx() as tx:
            row = await projects_store.by_key(tx, public_key)
        if row is None:
            return False
        return self._last_senders.note(
            public_key,
            Sender(
                project_id=row["id"], tenant_id=row["tenant_id"], is_active=row["is_active"],
                counts_transactions=row["transactions"] == "count", keep_variables=row["keep_variables"],
                events_per_minute=row["events_per_minute"],
            ),
        )  # fmt: skip

    async def scrubber(self, owner_id: UUID) -> Scrubber:
        """What takes out what an owner wants taken out. Raises Unavailable where that is not known."""
        try:
            async with asyncio.timeout(_ASK_SECONDS):
                return await self._scrubbers.read(owner_id, lambda: self._read_scrubber(owner_id))
        except AWAY as error:
            last = self._last_scrubbers.get(owner_id)
            if last is None:
                # Without the owner's own patterns something might be kept that must not be.
                raise Unavailable(
                    "the database that knows what to take out of errors does not answer; send it again later",
                    headers={"Retry-After": "30"},
                ) from error
            return last

    async def _read_scrubber(self, owner_id: UUID) -> Scrubber:
        async with self._database.system("what to take out of errors").tx() as tx:
            row = await settings_store.read(tx, owner_id)
        return self._last_scrubbers.note(owner_id, Scrubber(row["scrub_patterns"] if row else ()))
