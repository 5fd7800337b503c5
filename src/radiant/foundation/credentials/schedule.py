"""When a credential is rotated: `rotation_schedule`, in one spelling.

`12h`, `30d`, `2w`: every so many hours, days or weeks after the last rotation; days and weeks may name an hour of UTC,
`30d at 03:00`. From an hour to two years.
"""

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from uuid import UUID

from radiant.kit.errors import Invalid

_SPELLING = re.compile(r"([1-9]\d{0,4})(h|d|w)(?: at ([01]\d|2[0-3]):([0-5]\d))?")
_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
_LONGEST = timedelta(days=730)
# Of the interval; many credentials of one day must not be rotated in one minute.
_SPREAD, _MOST_SPREAD = 0.1, timedelta(hours=1)
_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Schedule:
    """Every `interval`, at an hour of UTC or whenever it is over."""

    interval: timedelta
    at: time | None = None


def parse(text: str) -> Schedule:
    """Read `rotation_schedule`. Raises Invalid, which says how it is written."""
    match = _SPELLING.fullmatch(text)
    if match is None or (match[2] == "h" and match[3] is not None):
        raise Invalid("rotation_schedule: write it as 12h, 30d, 2w or 30d at 03:00 (hours, days, weeks; UTC)")
    interval = int(match[1]) * _UNITS[match[2]]
    if interval > _LONGEST:
        raise Invalid("rotation_schedule: at most two years (730d)")
    return Schedule(interval, time(int(match[3]), int(match[4])) if match[3] else None)


def check(text: str | None) -> None:
    """Raises Invalid where that is no schedule; none at all is one."""
    if text is not None:
        parse(text)


def next_rotation(schedule: Schedule, last: datetime, credential_id: UUID, now: datetime) -> datetime:
    """The next time after `last`, never before `now`: what was missed is made up for once, and at once. Each credential
    comes a little later by a part of its own, at most a tenth of the interval and at most an hour."""
    due = last + schedule.interval
    if schedule.at is not None:
        day = datetime.combine(due.astimezone(UTC).date(), schedule.at, UTC)
        due = day if day > last else day + timedelta(days=1)
    return max(due + _own_part(credential_id) * min(schedule.interval * _SPREAD, _MOST_SPREAD), now)


def after_failure(failures: int, now: datetime) -> datetime:
    """When a rotation that failed is tried anew: an hour later, then two, four, at most a day."""
    return now + min(_FIRST_PAUSE * 2 ** min(max(failures - 1, 0), 10), _LONGEST_PAUSE)


def _own_part(credential_id: UUID) -> float:
    return int.from_bytes(hashlib.sha256(credential_id.bytes).digest()[:4], "big") / 2**32
