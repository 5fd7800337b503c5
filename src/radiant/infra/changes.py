"""What a process keeps in memory of the database, and when to forget it.

Triggers (`app.notifies`, migration 0025) notify the channel `radiant_changes` with "table tenant", or "table tenant row" where somebody
wants to know which row. A process listens
on one connection and tells its subscribers. While that connection is away nothing is heard: `Kept` then believes what
it has for a second only, and in quiet times for half a minute, which bounds the harm of a connection that died unseen.
"""

import asyncio
import contextlib
import time
from collections import OrderedDict, defaultdict
from collections.abc import Awaitable, Callable, Hashable, Iterator
from typing import Generic, TypeVar
from uuid import UUID

from radiant.infra.db import SystemDb
from radiant.infra.events import listen
from radiant.kit.ids import TenantId, uuid7

CHANNEL = "radiant_changes"
_HEARD_SECONDS, _DEAF_SECONDS = 30.0, 1.0

OnRow = Callable[[], None]
OnChange = Callable[[TenantId | None], None]
K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Changes:
    """One per process, made by a root: `async with Changes(dsn, database.system("changes")) as changes`."""

    def __init__(self, dsn: str | None, system: SystemDb | None) -> None:
        self._dsn = dsn
        self._system = system
        self._subscribers: dict[str, list[OnChange]] = defaultdict(list)
        self._watchers: dict[str, set[OnRow]] = {}
        self._task: asyncio.Task[None] | None = None
        self._echoes: dict[str, asyncio.Future[None]] = {}
        self.live = False

    @classmethod
    def never(cls) -> "Changes":
        """Nothing is ever heard, so nothing is believed: for tests, and for tools that run once."""
        return cls(None, None)

    def subscribe(self, table: str, on_change: OnChange) -> None:
        """Call `on_change` with the tenant whose rows of `table` changed; None: any tenant's may have."""
        self._subscribers[table].append(on_change)

    @contextlib.contextmanager
    def watching(self, table: str, row: UUID, on_row: OnRow) -> Iterator[None]:
        """Call `on_row` while inside, when that row changed or may have."""
        key = f"{table} {row}"
        watchers = self._watchers.setdefault(key, set())
        watchers.add(on_row)
        try:
            yield
        finally:
            watchers.discard(on_row)
            if not watchers:
                self._watchers.pop(key, None)

    @property
    def believed_for(self) -> float:
        """Seconds that something read from the database may be believed without another look."""
        if self._dsn is None:
            return 0.0
        return _HEARD_SECONDS if self.live else _DEAF_SECONDS

    async def caught_up(self) -> None:
        """Return once everything that was committed before has been heard: whoever changed a row sees it changed.

        While nothing is heard, everything is forgotten instead.
        """
        if self._system is None or not self.live:
            self._all_changed()
            return
        echo = f"={uuid7().hex}"
        heard = self._echoes[echo] = asyncio.get_running_loop().create_future()
        try:
            async with self._system.tx() as tx:
                await tx.one("select pg_notify('radiant_changes', $1)", echo)
            async with asyncio.timeout(_DEAF_SECONDS):
                await heard
        except TimeoutError:
            self._all_changed()
        finally:
            del self._echoes[echo]

    def _heard(self, payload: str) -> None:
        if not payload:
            self.live = True
            self._all_changed()
            return
        if payload.startswith("="):
            echo = self._echoes.get(payload)
            if echo is not None and not echo.done():
                echo.set_result(None)
            return
        table, _, rest = payload.partition(" ")
        tenant, _, row = rest.partition(" ")
        for on_row in tuple(self._watchers.get(f"{table} {row}", ())):
            on_row()
        tenant_id = TenantId(UUID(tenant)) if tenant else None
        for on_change in self._subscribers.get(table, ()):
            on_change(tenant_id)

    def _lost(self) -> None:
        self.live = False
        self._all_changed()

    def _all_changed(self) -> None:
        for subscribers in self._subscribers.values():
            for on_change in subscribers:
                on_change(None)
        for watchers in self._watchers.values():
            for on_row in tuple(watchers):
                on_row()

    async def __aenter__(self) -> "Changes":
        if self._dsn is not None:
            self._task = asyncio.create_task(listen(self._dsn, CHANNEL, self._heard, on_lost=self._lost))
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task


class Kept(Generic[K, V]):
    """Values read from the database, kept by key until they change, are old, or are more than `most`.

    Callers that miss the same key at once share one read. A value that was being read when a change was heard is
    given to those who waited and not kept.
    """

    def __init__(self, changes: Changes, *, most: int = 10_000, clock: Callable[[], float] = time.monotonic) -> None:
        self._changes = changes
        self._most = most
        self._clock = clock
        self._values: OrderedDict[K, tuple[V, float]] = OrderedDict()
        self._reading: dict[K, asyncio.Future[V]] = {}
        self._age = 0

    def get(self, key: K) -> V | None:
        """The value, if it is here and may be believed."""
        found = self._values.get(key)
        return None if found is None or found[1] <= self._clock() else found[0]

    async def read(self, key: K, read: Callable[[], Awaitable[V]]) -> V:
        """The value, read by `read` where it is not here. Raises what `read` raises, which is not kept."""
        if (value := self.get(key)) is not None:
            return value
        if (reading := self._reading.get(key)) is not None:
            return await asyncio.shield(reading)
        future = asyncio.ensure_future(self._read(key, read, self._age))
        self._reading[key] = future
        future.add_done_callback(lambda done: self._was_read(key, done))
        return await asyncio.shield(future)

    def _was_read(self, key: K, done: "asyncio.Future[V]") -> None:
        if self._reading.get(key) is done:
            del self._reading[key]
        if not done.cancelled():
            done.exception()  # seen, though all who waited may have gone away

    async def _read(self, key: K, read: Callable[[], Awaitable[V]], age: int) -> V:
        began = self._clock()
        value = await read()
        if age == self._age:
            # Should nothing be heard any more, everything is forgotten: until then this holds.
            self._values[key] = value, began + self._changes.believed_for
            self._values.move_to_end(key)
            while len(self._values) > self._most:
                self._values.popitem(last=False)
        return value

    def forget(self, which: Callable[[K, V], bool] | None = None) -> None:
        """Forget those, or everything; what is being read at this moment will not be kept."""
        self._age += 1
        self._reading.clear()
        if which is None:
            self._values.clear()
            return
        for key in [key for key, (value, _) in self._values.items() if which(key, value)]:
            del self._values[key]
