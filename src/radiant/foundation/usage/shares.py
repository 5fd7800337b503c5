"""A process's share of a budget, of a limit's window, or of slots: drawn from the database, checked in memory.

Whatever a share holds was taken from the sum in the database first, so all processes together never have more than
there is, whenever one of them dies. Amounts are whole numbers: nano-dollars, tokens, requests, slots.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from radiant.foundation.usage.journal import Position

# Nothing more is asked of the database for so long after it had no room.
_REFUSED_SECONDS = 0.5
# How often a refused draw is tried again while other processes hold shares that may be idle.
_AGAIN_AFTER = (0.1, 0.2, 0.4)
_BUSY_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Drawn:
    """What a draw brought. `room`: what was left in the database; `others`: other processes hold something that they
    may give back."""

    granted: int
    room: int
    others: bool = False


class Source(Protocol):
    """Where a share is drawn from. Both raise what the database raises."""

    @property
    def owes(self) -> bool:
        """What was used beyond the share is to be told the others (by giving a negative amount)."""
        ...

    async def draw(self, share: "Share", needs: Sequence[int], extra: int) -> Drawn:
        """Draw what `grant` says."""
        ...

    async def give(self, share: "Share", amount: int | None) -> None:
        """Give that much back, or with None everything."""
        ...


def grant(room: int, have: int, needs: Sequence[int], extra: int) -> int:
    """How much to draw for callers who wait: what all of them need and, far from the end, at most an eighth of the
    rest besides; near the end exactly what those need who still fit, so that nothing lies about in pieces."""
    missing = sum(needs) - have
    if missing <= 0:
        return 0
    if missing <= room:
        return missing + min(extra, (room - missing) // 8)
    drawn, fits = -have, False
    for need in needs:
        if drawn + need <= room:
            drawn, fits = drawn + need, True
    return max(drawn, 0) if fits else 0


class Share:
    """What this process may still take in one period (`start` to `ends`, Unix seconds) without asking."""

    __slots__ = (
        "_asked", "_extra", "_lock", "_next", "_refused_need", "_refused_until", "avail", "drawn_at", "ends", "lasts",
        "open", "room", "source", "start", "tight", "touched", "until", "used_at",
    )  # fmt: skip

    def __init__(self, source: Source, start: float, ends: float, lasts: float) -> None:
        self.source = source
        self.start = start
        self.ends = ends
        # A draw may be used for that many seconds without a renewal (by the monotonic clock).
        self.lasts = lasts
        self.until = 0.0
        self.avail = 0
        # Calls under way that took from it, and where the journal was when the last of them ended.
        self.open = 0
        self.touched = Position()
        self.room = 0
        self.tight = False
        self.used_at = self.drawn_at = 0.0
        self._extra = 0
        self._refused_until = 0.0
        self._refused_need = 0
        self._asked: list[int] = []
        self._next: asyncio.Future[Drawn] | None = None
        self._lock = asyncio.Lock()

    @property
    def wanted(self) -> bool:
        """Somebody waits for a draw."""
        return self._next is not None or self._lock.locked()

    @property
    def left(self) -> int:
        """What is left for everybody, as far as this process knows."""
        left = self.room + self.avail
        return left if left > 0 else 0

    def has(self, need: int, now: float) -> bool:
        """Whether that much may be taken; what takes nothing always may. `now`: monotonic."""
        return need == 0 or (need <= self.avail and now < self.until)

    def take(self, need: int, now: float) -> None:
        """Take it."""
        self.avail -= need
        self.open += 1
        self.used_at = now

    def put(self, amount: int, touched: Position) -> None:
        """A call ended: give back what it took and did not use (negative: it used more)."""
        self.avail += amount
        self.open -= 1
        self.touched = touched
        self._refused_until = 0.0

    def reconsider(self) -> None:
        """The bound was changed, or others gave back: ask again."""
        self._refused_until = 0.0

    async def ensure(self, need: int) -> bool:
        """Draw until `need` may be taken; False where there is no room. Raises what the database raises."""
        pauses = iter(_AGAIN_AFTER)
        while True:
            now = time.monotonic()
            if self.has(need, now):
                return True
            if now < self._refused_until and need >= self._refused_need:
                return False
            drawn = await self._draw(need)
            if self.has(need, time.monotonic()) or drawn.room >= need:
                # Where there is room and others were faster, the caller looks again.
                return True
            pause = next(pauses, None) if drawn.others else None
            if pause is None:
                self._refused_until, self._refused_need = time.monotonic() + _REFUSED_SECONDS, need
                return False
            await asyncio.sleep(pause)

    async def _draw(self, need: int) -> Drawn:
        """Join the next draw: whoever waits at the same time shares one."""
        self._asked.append(need)
        if self._next is None:
            self._next = asyncio.ensure_future(self._draw_together())
            self._next.add_done_callback(_retrieve)
        return await asyncio.shield(self._next)

    async def _draw_together(self) -> Drawn:
        async with self._lock:
            self._next = None
            needs, self._asked = self._asked, []
            began = time.monotonic()
            drawn = await self.source.draw(self, needs, self._wish(sum(needs), began))
            self.avail += drawn.granted
            self.room = drawn.room
            self.tight = drawn.granted < sum(needs) * 2
            self.until = began + self.lasts
            self.drawn_at = self.used_at = began
            return drawn

    def _wish(self, needed: int, now: float) -> int:
        busy = now - self.drawn_at < _BUSY_SECONDS
        self._extra = max(4 * needed, 2 * self._extra if busy else 0)
        return self._extra

    async def give_idle(self, after: float) -> None:
        """Give back what was not used for so many seconds. Raises what the database raises; what was being given back
        is then not used again."""
        owed = self.avail < 0 and self.source.owes
        if self.wanted or not (owed or (self.avail > 0 and time.monotonic() - self.used_at >= after)):
            return
        async with self._lock:
            idle, self.avail = self.avail, 0
            await self.source.give(self, idle)
            self.room += idle
            self.reconsider()

    async def close(self, written: Position) -> bool:
        """Give everything back, lease and all, once no call is under way and all of them are in the ledger; whether
        the share may be forgotten."""
        if self.open or self.wanted or self.touched > written:
            return False
        async with self._lock:
            self.avail = min(self.avail, 0)
            await self.source.give(self, None)
            self.avail = 0
            self.until = 0.0
        return not (self.open or self.wanted)


def _retrieve(task: "asyncio.Future[Drawn]") -> None:
    # Whoever asked may have gone away; the failure is then nobody's.
    if not task.cancelled():
        task.exception()
