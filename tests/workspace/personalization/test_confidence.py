"""Confidence follows from signals alone."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radiant.workspace.personalization.confidence import (
    EvidenceKind,
    Signal,
    interval,
    mean,
    passes,
    quantile,
    share_below,
    weigh,
)

NOW = datetime(2026, 11, 27, tzinfo=UTC)


def signals(values: str, kind: EvidenceKind = "accepted", gap: float = 1.0) -> list[Signal]:
    """One a session and day, the last one today."""
    last = len(values) - 1
    return [Signal(v, 1, kind, str(n), NOW - timedelta(days=(last - n) * gap)) for n, v in enumerate(values)]


def test_the_beta_distribution_is_that_of_the_tables() -> None:
    assert share_below(0.6, 2, 3) == pytest.approx(0.8208)
    assert quantile(0.1, 4, 1) == pytest.approx(0.1**0.25, abs=2e-6)
    assert quantile(0.5, 7, 7) == pytest.approx(0.5, abs=2e-6)
    assert interval(20, 0)[0] == pytest.approx(0.1 ** (1 / 21), abs=2e-6)


@given(st.floats(0, 500), st.floats(0, 500))
def test_intervals_are_in_order_and_passing_is_their_lower_end(support: float, against: float) -> None:
    low, high = interval(support, against)
    assert 0 <= low <= high <= 1
    if abs(low - 0.6) > 1e-4:
        assert passes(support, against) == (low >= 0.6)


def test_f13_3_age_wears_it_down() -> None:
    old = [Signal("a", 1, "explicit", "s", NOW - timedelta(days=90))]
    preference, identity, mood = (weigh(old, lasting, NOW) for lasting in ("preference", "identity", "mood"))
    assert preference is not None and identity is not None and mood is not None
    assert preference.support == pytest.approx(1.5)
    assert identity.confidence > preference.confidence > mood.confidence > 0.5


def test_f13_3_evidence_against_lowers_it() -> None:
    before = weigh(signals("aaaa"), "preference", NOW)
    against = [*signals("aaaa"), Signal("a", -1, "rejected", "x", NOW)]
    after = weigh(against, "preference", NOW)
    assert before is not None and after is not None
    assert after.value == "a" and after.confidence < before.confidence


def test_f13_3_at_most_one_of_the_last_four_supports_it_and_another_takes_its_place() -> None:
    still = weigh(signals("aaaaaaabb"), "preference", NOW)
    assert still is not None and still.value == "a" and still.past == []
    gone = weigh(signals("aaaaaaabbb"), "preference", NOW)
    assert gone is not None and gone.value == "b" and [held.value for held in gone.past] == ["a"]


def test_f13_12_the_new_value_is_as_sure_as_its_own_evidence() -> None:
    old = weigh(signals("aaaaaaaaaa", "explicit"), "preference", NOW)
    weak = [*signals("aaaaaaaaaa", "explicit"), *signals("bbbb", "inference", gap=0)]
    new = weigh([Signal(s.value, 1, s.kind, f"{n}", s.at) for n, s in enumerate(weak)], "preference", NOW)
    assert old is not None and new is not None
    assert (old.value, new.value) == ("a", "b")
    assert new.confidence <= mean(1.0, 0) < old.confidence
    one = weigh([*signals("a", "explicit"), Signal("b", 1, "inference", "z", NOW)], "preference", NOW)
    assert one is not None and one.value == "a"


def test_a_session_counts_once_for_each_sign_and_by_its_heaviest() -> None:
    same = [Signal("a", 1, kind, "s", NOW) for kind in ("inference", "explicit", "behaviour", "explicit")]
    belief = weigh(same, "preference", NOW)
    assert belief is not None and belief.support == 3 and len(belief.counted) == 1


def test_a_persons_new_word_takes_over_where_the_old_rests_on_no_more() -> None:
    belief = weigh(signals("ab", "explicit"), "preference", NOW)
    assert belief is not None and belief.value == "b"
