"""F15.6: schedules are written in one form, and come when they should."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radiant.foundation.credentials.schedule import after_failure, next_rotation, parse
from radiant.kit.errors import Invalid

NOW = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)
ONE = UUID("0190b0a0-0000-7000-8000-000000000001")


@pytest.mark.parametrize("text", ["", "30", "0d", "30D", "d", "30d at 24:00", "12h at 03:00", "30d at 3:00", "731d", "99999w", "cron: 0 3 * * *", "P30D", " 30d", "30d\n"])  # fmt: skip
def test_f15_6_a_schedule_that_is_written_otherwise_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match="rotation_schedule"):
        parse(text)


@pytest.mark.parametrize(
    ("text", "earliest", "latest"),
    [
        ("12h", timedelta(hours=12), timedelta(hours=13, minutes=12)),
        ("30d", timedelta(days=30), timedelta(days=30, hours=1)),
        ("2w", timedelta(days=14), timedelta(days=14, hours=1)),
        # The day on which the interval is over, at that hour, be it before or after this one.
        ("30d at 03:00", timedelta(days=30, hours=-9), timedelta(days=30, hours=-8)),
        ("1d at 23:30", timedelta(days=1, hours=11.5), timedelta(days=1, hours=12.5)),
    ],
)
def test_f15_6_the_next_rotation_comes_when_the_interval_is_over(
    text: str, earliest: timedelta, latest: timedelta
) -> None:
    due = next_rotation(parse(text), NOW, ONE, NOW)
    assert NOW + earliest <= due <= NOW + latest


def test_f15_6_what_was_missed_comes_at_once_and_once() -> None:
    schedule = parse("1d at 03:00")
    assert next_rotation(schedule, NOW - timedelta(days=90), ONE, NOW) == NOW
    assert next_rotation(schedule, NOW, ONE, NOW) > NOW + timedelta(hours=12)


@given(st.uuids(), st.sampled_from(["1h", "1d", "1d at 00:00", "52w"]))
def test_f15_6_it_is_always_later_than_the_last_one(credential: UUID, text: str) -> None:
    assert next_rotation(parse(text), NOW, credential, NOW) > NOW


def test_f15_6_credentials_of_one_day_are_not_rotated_in_one_minute() -> None:
    due = {
        next_rotation(parse("30d"), NOW, UUID(int=number), NOW).replace(second=0, microsecond=0)
        for number in range(200)
    }
    assert len(due) > 40


def test_f15_6_a_failure_is_followed_by_longer_and_longer_pauses() -> None:
    hours = [(after_failure(failures, NOW) - NOW) / timedelta(hours=1) for failures in (1, 2, 3, 6, 500)]
    assert hours == [1, 2, 4, 24, 24]
