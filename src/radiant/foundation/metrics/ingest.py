"""Takes batches of events from outside: what is acknowledged is committed, what is bad is set aside row by row.

An event id counts once in seven days, whatever time a repetition claims; older events are refused, since nobody could
tell whether they are repetitions.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, cast
from uuid import UUID

import msgspec

from radiant.foundation.metrics import store
from radiant.foundation.metrics.schemas import NewEvent, Received, Refused
from radiant.foundation.metrics.topics import NOTHING, Told
from radiant.infra.db import TenantDb, Tx
from radiant.kit.clock import Clock, utc_now
from radiant.kit.errors import Invalid, TooManyRequests

MOST_EVENTS = 1000
MOST_BYTES = 2 * 2**20
WINDOW = timedelta(days=7)
_AHEAD = timedelta(minutes=10)
_WHOLE = {"requests", "input_tokens", "output_tokens", "cache_read_tokens"}
_LONGEST_MS = Decimal(10**9)
_MOST_VALUE = Decimal(10**12)
# Dollars: what a roll-up can hold of a hundred thousand such events.
_MOST_COST = Decimal(10**6)
_MOST_DIMENSIONS, _NAME, _TEXT = 20, 100, 200
_SHOWN_BYTES = 4096


class Busy(TooManyRequests):
    """As many batches are under way as this process takes on at once; nothing of this one was taken."""

    slug = "metrics-busy"


class _Batch(msgspec.Struct):
    events: list[msgspec.Raw]


@dataclass(frozen=True, slots=True)
class _Bad:
    index: int
    event: Any
    reason: str

    @property
    def event_id(self) -> str | None:
        """As it was sent."""
        given = cast("dict[str, object]", self.event).get("event_id") if isinstance(self.event, dict) else None
        return str(given)[:_TEXT] if given is not None else None


# A body that nests without end is no JSON of ours either.
_NO_JSON = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_decode_batch = msgspec.json.Decoder(_Batch).decode
_decode_event = msgspec.json.Decoder(NewEvent).decode
_decode_any = msgspec.json.Decoder().decode


_Good = dict[UUID, tuple[int, NewEvent]]


def read_batch(body: bytes, now: datetime) -> tuple[_Good, int, list[_Bad]]:
    """The good events of a batch by their ids, with their places; how many said again what another of the batch says;
    and the bad ones.

    Raises Invalid where it is no batch.
    """
    try:
        raws = _decode_batch(body).events
    except _NO_JSON as error:
        raise Invalid(f'send {{"events": […]}} as JSON: {error}') from error
    if not 1 <= len(raws) <= MOST_EVENTS:
        raise Invalid(f"events: a batch holds 1 to {MOST_EVENTS}, this one {len(raws)}; split it")
    good: _Good = {}
    bad: list[_Bad] = []
    for index, raw in enumerate(raws):
        try:
            event = _decode_event(raw)
            reason = _reason(event, now)
        except _NO_JSON as error:
            bad.append(_Bad(index, _shown(raw), str(error)))
            continue
        if reason is not None:
            bad.append(_Bad(index, _shown(raw), reason))
        else:
            good.setdefault(event.event_id, (index, event))
    return good, len(raws) - len(bad) - len(good), bad


def _shown(raw: msgspec.Raw) -> Any:
    """A bad event as it is kept: as it was sent, or its beginning."""
    data = bytes(raw)
    if len(data) <= _SHOWN_BYTES:
        try:
            return _decode_any(data)
        except _NO_JSON:
            pass
    return data[:_SHOWN_BYTES].decode(errors="replace")


def _reason(event: NewEvent, now: datetime) -> str | None:
    """Why an event cannot be taken, and what to do."""
    name, value, at = event.metric_name, event.value, event.recorded_at
    if not 1 <= len(name) <= _NAME or "\0" in name:
        return f"metric_name: 1 to {_NAME} characters"
    if not value.is_finite() or value < 0:
        return "value: a number from 0 up"
    most = _MOST_COST if name == "cost" else _LONGEST_MS if name.endswith("_ms") else _MOST_VALUE
    if value >= most:
        return f"value: less than {most:,}"
    if name in _WHOLE and value != int(value):
        return f"value: {name} are counted in whole numbers"
    if at is not None:
        if at.tzinfo is None:
            return "recorded_at: with its zone, as 2026-11-26T20:00:00Z"
        if at < now - WINDOW:
            return f"recorded_at: not older than {WINDOW.days} days; whether it is a repetition is known no longer"
        if at > now + _AHEAD:
            return "recorded_at: in the future; look at the sender's clock"
    return _of_dimensions(event.dimensions)


def _of_dimensions(dimensions: Mapping[str, str]) -> str | None:
    if len(dimensions) > _MOST_DIMENSIONS:
        return f"dimensions: at most {_MOST_DIMENSIONS}"
    for name, text in dimensions.items():
        if not 1 <= len(name) <= _NAME or len(text) > _TEXT or "\0" in name or "\0" in text:
            return f"dimensions: names of 1 to {_NAME} characters, values of at most {_TEXT}, none with NUL"
    return None


class Ingest:
    """One per process. `at_once` batches are written at a time, `waiting` more wait; further ones are refused. `told`:
    what sinks hear of them."""

    def __init__(
        self, *, at_once: int = 3, waiting: int = 13, told: Told = NOTHING, clock: Clock = utc_now
    ) -> None:  # fmt: skip
        self._told = told
        self._clock = clock
        self._writing = asyncio.Semaphore(at_once)
        self._room = at_once + waiting

    async def receive(self, db: TenantDb, body: bytes) -> Received:
        """Store a batch. Raises Invalid, Busy; what the database raises, and then nothing of it was taken."""
        if self._room <= 0:
            raise Busy("too many batches at once; send this one again, a little later", headers={"Retry-After": "1"})
        self._room -= 1
        try:
            now = self._clock()
            good, repeated, bad = read_batch(body, now)
            async with self._writing, db.tx() as tx:
                bad += await self._strangers(tx, good)
                events = [event for _, event in good.values()]
                accepted = await store.insert(tx, *_columns(events, now), told=self._told) if good else 0
                if bad:
                    await store.set_aside(tx, [one.event for one in bad], [one.reason for one in bad])
        finally:
            self._room += 1
        refused = [Refused(index=one.index, event_id=one.event_id, reason=one.reason) for one in bad]
        return Received(accepted=accepted, duplicates=repeated + len(good) - accepted, refused=refused)

    @staticmethod
    async def _strangers(tx: Tx, good: _Good) -> list[_Bad]:
        """Take out the events of people whom the tenant does not have."""
        named = {event.user_id for _, event in good.values() if event.user_id is not None}
        if not named:
            return []
        strangers = named - await store.people(tx, sorted(named))
        found = [(index, event) for index, event in good.values() if event.user_id in strangers]
        for _, event in found:
            del good[event.event_id]
        return [_Bad(index, msgspec.to_builtins(event), "user_id: nobody of this workspace") for index, event in found]


def _columns(events: Sequence[NewEvent], now: datetime) -> tuple[Any, ...]:
    encode = msgspec.json.encode
    nothing = "{}"
    return (
        [event.event_id for event in events],
        [event.user_id for event in events],
        [event.metric_type for event in events],
        [event.metric_name for event in events],
        [event.value for event in events],
        [encode(event.dimensions).decode() if event.dimensions else nothing for event in events],
        [(event.recorded_at or now).astimezone(UTC) for event in events],
    )
