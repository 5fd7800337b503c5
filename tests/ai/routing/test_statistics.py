"""What is known of models: figures that fade, are blended, and tell an unknown end from a failure."""

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from radiant.ai.routing.statistics import HALF_LIFE_SECONDS, Figures, View, blended, expected_latency, fading
from radiant.kit.sketch import Sketch


def call(**said: Any) -> Any:
    return {
        "success": True, "latency_ms": 1000, "input_tokens": 10, "output_tokens": 20, "cost": Decimal("0.01"),
    } | said  # fmt: skip


def counted(*calls: Any) -> Figures:
    figures = Figures()
    for each in calls:
        figures.count(each, 1.0)
    return figures


def test_a_sketch_tells_percentiles_within_two_percent_and_survives_being_written() -> None:
    numbers = random.Random(7)
    values = sorted(numbers.lognormvariate(7, 1) for _ in range(20_000))
    sketch = Sketch()
    for value in values:
        sketch.add(value)
    again = Sketch.of_bytes(sketch.to_bytes())
    for q in (0.01, 0.5, 0.95, 0.99):
        exact = values[int(q * len(values))]
        assert sketch.quantile(q) == pytest.approx(exact, rel=0.025)
        assert again.quantile(q) == sketch.quantile(q)
    assert len(sketch.to_bytes()) < 2500
    assert Sketch.of_bytes(None).quantile(0.5) is None


def test_joined_sketches_are_the_sketch_of_both() -> None:
    one, other, both = Sketch(), Sketch(), Sketch()
    for value in range(1, 1000):
        (one if value % 3 else other).add(value)
        both.add(value)
    one.join(other)
    assert one.quantile(0.95) == both.quantile(0.95)
    one.fade(0.5)
    assert one.weight == pytest.approx(both.weight / 2)
    assert one.quantile(0.95) == both.quantile(0.95)


def test_f11_16_failed_calls_latency_counts_nowhere_and_an_unknown_end_is_no_failure() -> None:
    figures = counted(
        call(), call(success=False, latency_ms=90_000, cost=None), call(success=None, latency_ms=70_000), call()
    )
    assert (figures.successes, figures.failures, figures.unknown) == (2, 1, 1)
    assert figures.latency.quantile(0.95) == pytest.approx(1000, rel=0.03)
    assert figures.cost == Decimal("0.02")
    known = blended("chat", figures, None)
    assert known.own_calls == 3
    certain = blended("chat", counted(call(), call(success=False), call()), None)
    assert known.reliability == certain.reliability


def test_a_call_of_a_week_ago_weighs_half() -> None:
    assert fading(HALF_LIFE_SECONDS) == 0.5
    assert fading(-5) == 1
    now = datetime(2026, 1, 8, tzinfo=UTC)
    row: Any = {
        "successes": 4.0, "failures": 2.0, "unknown": 0.0, "input_tokens": 8.0, "output_tokens": 8.0,
        "cost": Decimal(4), "ratings": 2.0, "latency_sketch": None,
        "updated_at": now - timedelta(days=7),
    }  # fmt: skip
    figures = Figures.of_row(row, now)
    assert (figures.successes, figures.failures, figures.cost, figures.ratings) == (2, 1, 2, 1)


def test_f11_7_a_new_tenant_knows_what_others_saw_and_its_own_calls_take_over() -> None:
    bad = Figures(failures=500.0, successes=500.0)
    nobody = blended("chat", None, None)
    new = blended("chat", None, bad)
    assert new.reliability < 0.8 < nobody.reliability
    assert new.own_calls == 0
    own = blended("chat", Figures(successes=400.0), bad)
    assert own.reliability > 0.95
    view = View({}, {("m", "chat"): bad})
    assert view.of("m", "chat") == new
    assert view.of("m", "code") == blended("code", None, None)


def test_calls_of_no_known_task_stand_in_for_what_is_missing_and_no_longer() -> None:
    named = Figures(failures=100.0)
    nothing, few, enough = (blended("chat", Figures(successes=calls), None, [named]) for calls in (0.0, 4.0, 10.0))
    assert nothing.reliability == blended("chat", Figures(failures=10.0), None).reliability
    assert few.reliability == blended("chat", Figures(successes=4.0, failures=6.0), None).reliability
    assert enough == blended("chat", Figures(successes=10.0), None)
    assert (nothing.calls, nothing.own_calls, nothing.cost) == (0, 0, None)
    # The tenant's own before everybody's.
    both = blended("chat", None, None, [Figures(successes=7.0), named])
    assert both.reliability == blended("chat", Figures(successes=7.0, failures=3.0), None).reliability
    slow = counted(*[call(latency_ms=9000)] * 50)
    view = View({("m", "any"): slow}, {})
    assert view.of("m", "code").latency_p50 == view.of("m", "any").latency_p50
    assert view.of("m", "code").latency_weight == pytest.approx(10)


def test_f11_10_nothing_known_divides_by_nothing() -> None:
    known = blended("vision", None, None)
    assert (known.latency_p50, known.cost, known.calls) == (None, None, 0)
    assert 0 < known.reliability_low < known.reliability < known.reliability_high <= 1
    assert expected_latency(known, 1234) == 1234


def test_latency_leaves_its_prior_as_calls_come() -> None:
    few, many = (blended("chat", counted(*[call(latency_ms=4000)] * n), None) for n in (1, 100))
    assert 1000 < expected_latency(few, 1000) < expected_latency(many, 1000) < 4100
    assert expected_latency(many, 1000) == pytest.approx(4000, rel=0.1)
