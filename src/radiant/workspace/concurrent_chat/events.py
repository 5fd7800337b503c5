"""One stream of everything that happens in a session: the session itself, and the answers of all its panes.

Each event carries the whole position of its reader: how far each answer was read. Whoever comes back with it, to
whichever process, goes on exactly there, also with answers that began or ended meanwhile.

A reader holds a bounded queue and, per live answer, a place in the run's own events. One that takes nothing for half a
minute is let go; it may come back with its position.
"""

import asyncio
import base64
import binascii
import contextlib
import struct
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec

from radiant.foundation.runs.hub import RunHub
from radiant.foundation.runs.schemas import RunEvent
from radiant.http.sse import frame
from radiant.infra.changes import Changes
from radiant.infra.db import AWAY, Row, TenantDb
from radiant.kit.errors import NotFound
from radiant.kit.ids import PaneId, PanesId, RunId
from radiant.kit.page import BadCursor
from radiant.workspace.concurrent_chat import service, turns_store

_QUEUED = 64
_AT_ONCE = 32
_PATIENCE_SECONDS = 30.0
_ENDED = 2**32 - 1
# A row that was made before this may still have been invisible when it was looked for: no transaction lasts longer.
_UNSEEN = timedelta(seconds=90)
# So many answers a reader is brought at most, so many of them at once; what it missed longer ago it finds in the chats.
_MOST_KNOWN, _MOST_AT_ONCE = 200, 32
_STALE = timedelta(days=1)
_HEAD, _PLACE = struct.Struct(">Q"), struct.Struct(">16sI")


@dataclass(slots=True)
class Position:
    """How far a session was read. `since`: answers that began later and are not in `read` were not seen; `read`: the
    last event's number by run, `_ENDED` where it was the last of all."""

    since: datetime
    read: dict[RunId, int] = field(default_factory=dict[RunId, int])

    def encode(self) -> str:
        """An opaque text."""
        places = (_PLACE.pack(run_id.bytes, seq) for run_id, seq in self.read.items())
        data = _HEAD.pack(round(self.since.timestamp() * 1_000_000)) + b"".join(places)
        return base64.urlsafe_b64encode(data).decode().rstrip("=")

    @classmethod
    def decode(cls, text: str) -> "Position":
        """Raises BadCursor."""
        try:
            data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
            since = datetime.fromtimestamp(_HEAD.unpack(data[: _HEAD.size])[0] / 1_000_000, UTC)
            places = list(_PLACE.iter_unpack(data[_HEAD.size :]))
        except (binascii.Error, ValueError, struct.error, OverflowError, OSError) as error:
            raise BadCursor(_NOT_OURS) from error
        if len(places) > 2 * _MOST_KNOWN:
            raise BadCursor(_NOT_OURS)
        return cls(since, {RunId(UUID(bytes=run_id)): seq for run_id, seq in places})


_NOT_OURS = "after: not one of ours; leave it out to start with what is live"
_Item = tuple[RunId, PaneId, RunEvent]


class Reader:
    """One reader of one session."""

    def __init__(
        self, db: TenantDb, session_id: PanesId, hub: RunHub, changes: Changes, after: Position | None
    ) -> None:
        self._db = db
        self._session_id = session_id
        self._hub = hub
        self._changes = changes
        self._position = after
        self._queue: asyncio.Queue[_Item | None] = asyncio.Queue(_QUEUED)
        self._look = True
        self._stalled = False
        self._at_once = asyncio.Semaphore(_MOST_AT_ONCE)
        self._following: dict[RunId, asyncio.Task[None]] = {}
        self._sent = b""

    async def frames(self) -> AsyncGenerator[bytes]:
        """Server-sent events, until the session is deleted or the reader is let go."""
        looking = asyncio.create_task(self._look_now_and_then())
        try:
            with self._changes.watching("concurrent_sessions", self._session_id, self._changed):
                while not self._stalled:
                    if self._look:
                        self._look = False
                        try:
                            told = await self._looked()
                        except NotFound:
                            return
                        except AWAY:
                            # The database is away: what is read goes on, and it is looked for again.
                            told = b""
                        if told:
                            yield told
                    item = await self._queue.get()
                    if self._stalled:
                        # What came after what was thrown away is for the next reader.
                        return
                    pieces: list[bytes] = []
                    while True:
                        if item is not None:
                            pieces.append(self._frame(*item))
                        if self._queue.empty() or len(pieces) >= _AT_ONCE:
                            break
                        item = self._queue.get_nowait()
                    if pieces:
                        yield b"".join(pieces)
        finally:
            looking.cancel()
            for task in self._following.values():
                task.cancel()

    def _changed(self) -> None:
        self._look = True
        # A full queue means that the loop comes by soon anyway.
        with contextlib.suppress(asyncio.QueueFull):
            self._queue.put_nowait(None)

    async def _look_now_and_then(self) -> None:
        """What was not heard is seen: after a second while this process hears nothing."""
        while True:
            await asyncio.sleep(max(1.0, self._changes.believed_for))
            self._changed()

    async def _looked(self) -> bytes:
        """The session, where it is another than was told last; answers that began are followed from now on."""
        async with self._db.tx() as tx:
            session = await service.read(tx, self._session_id)
            now: datetime = await turns_store.moment(tx)
            new = self._position is None or self._position.since < now - _STALE
            if new or self._position is None:
                self._position = Position(now - _UNSEEN)
            known = [run_id for run_id, seq in self._position.read.items() if seq != _ENDED]
            runs = await turns_store.runs_to_follow(tx, self._session_id, self._position.since, known, _MOST_KNOWN)
        position = self._position
        for row in runs:
            # Whoever comes anew begins with what is live.
            position.read.setdefault(row["run_id"], _ENDED if new and row["status"] != "streaming" else 0)
        self._forget(now, runs)
        told = b""
        data = session.model_dump_json().encode()
        if data != self._sent:
            self._sent = data
            told = frame(data, event="session", id=position.encode())
        for row in runs:
            run_id = RunId(row["run_id"])
            if position.read[run_id] != _ENDED and run_id not in self._following:
                following = self._follow(run_id, PaneId(row["pane_id"]), position.read[run_id])
                self._following[run_id] = asyncio.create_task(following)
        return told

    def _forget(self, now: datetime, runs: Sequence[Row]) -> None:
        """Leave out of the position what began so long ago that it could not be taken for new, and has ended."""
        assert self._position is not None
        position = self._position
        since = max(position.since, now - _UNSEEN)
        recent = {row["run_id"] for row in runs if row["created_at"] > since}
        position.read = {run: seq for run, seq in position.read.items() if seq != _ENDED or run in recent}
        position.since = since

    async def _follow(self, run_id: RunId, pane_id: PaneId, after: int) -> None:
        """Bring an answer's events into the queue, until it ends."""
        while True:
            try:
                async with (
                    self._at_once,
                    contextlib.aclosing(await self._hub.follow(self._db, run_id, after)) as events,
                ):
                    async for event in events:
                        await self._put((run_id, pane_id, event))
                        after = event.seq
                return
            except NotFound:
                return
            except AWAY:
                await asyncio.sleep(1)

    async def _put(self, item: _Item) -> None:
        try:
            self._queue.put_nowait(item)
        except asyncio.QueueFull:
            try:
                async with asyncio.timeout(_PATIENCE_SECONDS):
                    await self._queue.put(item)
            except TimeoutError:
                self._let_go()

    def _let_go(self) -> None:
        """The reader takes nothing: keep nothing for it, and end once it does."""
        self._stalled = True
        while not self._queue.empty():
            self._queue.get_nowait()
        self._queue.put_nowait(None)
        for task in self._following.values():
            task.cancel()

    def _frame(self, run_id: RunId, pane_id: PaneId, event: RunEvent) -> bytes:
        assert self._position is not None
        data = event.data
        if event.is_last:
            self._following.pop(run_id, None)
            if event.kind == "failed":
                data = {"next_best": None} | data
        self._position.read[run_id] = _ENDED if event.is_last else event.seq
        body = {"pane_id": pane_id, "run_id": run_id, "seq": event.seq, "kind": event.kind, "data": data}
        return frame(msgspec.json.encode(body, enc_hook=str), event="run", id=self._position.encode())
