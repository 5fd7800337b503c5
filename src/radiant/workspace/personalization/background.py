"""Learns beside the API, whose models it uses, from what was said in chats: some seconds after the last word, and soon
after a stop. What waits is told by the messages themselves, so nothing is lost, and nothing learnt twice."""

import asyncio
import time
from collections import OrderedDict
from datetime import timedelta
from typing import Generic, TypeVar
from uuid import UUID

import structlog

from radiant.foundation.identity.callers import Caller, role_of
from radiant.infra.db import Database, Row
from radiant.workspace.personalization import learning_store
from radiant.workspace.personalization.learning import Learning

log = structlog.get_logger()
K = TypeVar("K")

_LOOK_EVERY = 15.0
# Chats that are taken at once, and for how long: no other process learns from them meanwhile.
_AT_ONCE, _LEASE = 50, timedelta(minutes=30)
# Seconds between counts of one person's patterns, and before a chat that failed is tried again.
_COUNT_EVERY = 3600.0
_REST = 600.0


class _Lately(Generic[K]):
    """What was done lately, by key; the oldest go first."""

    def __init__(self, seconds: float, most: int = 10_000) -> None:
        self._seconds = seconds
        self._most = most
        self._at: OrderedDict[K, float] = OrderedDict()

    def __contains__(self, key: K) -> bool:
        return time.monotonic() - self._at.get(key, float("-inf")) < self._seconds

    def keys(self) -> list[K]:
        """All of them."""
        return [key for key in self._at if key in self]

    def add(self, key: K) -> None:
        self._at.pop(key, None)
        self._at[key] = time.monotonic()
        if len(self._at) > self._most:
            self._at.popitem(last=False)


class LearnBeside:
    """Made once by a root: `async with LearnBeside(database, learning)`."""

    def __init__(self, database: Database, learning: Learning) -> None:
        self._database = database
        self._learning = learning
        self._counted = _Lately[tuple[UUID, UUID]](_COUNT_EVERY)
        self._failed = _Lately[UUID](_REST)
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "LearnBeside":
        self._task = asyncio.create_task(self._serve())
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._task is not None
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _serve(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_EVERY)
            try:
                await self.look()
            except Exception as error:
                log.warning("learning.look_failed", exc_info=error)

    async def look(self) -> int:
        """Learn from what waits; from how many chats."""
        async with self._database.system("learning").tx() as tx:
            rows = await learning_store.waiting(tx, self._failed.keys(), _AT_ONCE, _LEASE)
        learnt = 0
        for row in rows:
            learnt += await self._learn(row)
            async with self._database.system("learning").tx() as tx:
                await learning_store.release(tx, row["chat_id"])
        return learnt

    async def _learn(self, row: Row) -> bool:
        person = (row["tenant_id"], row["user_id"])
        caller = Caller(
            tenant_id=row["tenant_id"], user_id=row["user_id"], role=role_of(row["role"]), is_operator=False,
            kind="user", scopes=frozenset(("inference", "read", "write")),
        )  # fmt: skip
        try:
            await self._learning.learn_chat(caller, row["chat_id"], count=person not in self._counted)
        except Exception as error:
            self._failed.add(row["chat_id"])
            log.error("learning.failed", chat=str(row["chat_id"]), exc_info=error)
            return False
        self._counted.add(person)
        return True
