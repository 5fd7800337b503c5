"""A session's log. What was done once is written under a key before anything rests on it, and is read back when the session
is resumed: the work is gone through again from its beginning, and what is in the log is not done again."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from radiant.infra.db import TenantDb
from radiant.workspace.reasoning import store

_BATCH = 500
# Between two events of a session that is worked on, in seconds; more, and it waited for somebody or its process was gone.
_LONGEST_GAP = 60.0


class Lost(Exception):
    """The session was deleted, or another process works on it now."""


class Journal:
    """Of one session, while this process works on it. `after_write`: told of each kind of event that was committed."""

    def __init__(
        self, db: TenantDb, session_id: UUID, owner: str, after_write: Callable[[str], None] = lambda _: None
    ) -> None:
        self.db = db
        self.session_id = session_id
        self._owner = owner
        self._after_write = after_write
        self._known: dict[tuple[str, str], dict[str, Any]] = {}
        self._seen = 0
        self._reading = asyncio.Lock()
        self.steering: list[dict[str, Any]] = []
        """What people said, in order."""
        self.worked_seconds = 0.0
        """Since it was begun, or a person last let it go on after its end, without the time that nobody worked on it."""
        self._last: datetime | None = None

    @property
    def seen(self) -> int:
        """The number of the last event that was read."""
        return self._seen

    async def read(self) -> None:
        """All that was written before this process took the session up."""
        async with self._reading:
            while True:
                async with self.db.tx() as tx:
                    rows = await store.events_after(tx, self.session_id, self._seen, _BATCH)
                for row in rows:
                    self._seen = row["seq"]
                    if row["key"] is not None:
                        self._known.setdefault((row["kind"], row["key"]), row["data"])
                    if row["kind"] == "steered":
                        self.steering.append(row["data"])
                    if self._last is not None:
                        self.worked_seconds += min((row["created_at"] - self._last).total_seconds(), _LONGEST_GAP)
                    self._last = row["created_at"]
                    if row["kind"] == "steered" and row["data"].get("goes_on"):
                        self.worked_seconds = 0.0
                if len(rows) < _BATCH:
                    return

    async def hear(self) -> None:
        """What people said since: nobody else writes while this process works on it."""
        async with self._reading:
            async with self.db.tx() as tx:
                rows = await store.steered_after(tx, self.session_id, self._seen)
            for row in rows:
                self._seen = row["seq"]
                self.steering.append(row["data"])

    def found(self, kind: str, key: str) -> dict[str, Any] | None:
        """What was written under the key."""
        return self._known.get((kind, key))

    async def write(
        self, kind: str, key: str | None, data: dict[str, Any], steps: dict[str, dict[str, Any]] | None = None
    ) -> bool:
        """Commit an event and the steps that it makes, by their keys; False where it was written before. Raises Lost."""
        if key is not None and (kind, key) in self._known:
            return False
        async with self.db.tx() as tx:
            seq = await store.append(tx, self.session_id, self._owner, kind, key, data)
            if seq is None:
                raise Lost
            if seq:
                for step_key, step in (steps or {}).items():
                    await store.insert_step(tx, self.session_id, step_key, step)
        if key is not None:
            self._known[kind, key] = data
        self._after_write(kind)
        return bool(seq)
