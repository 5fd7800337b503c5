"""Replay of a changed policy over logged decisions."""

import numpy as np
import pytest

from radiant.ai.routing.replay import Logged, Replayed, Unsupported, replay

TRUTH = {"a": 0.6, "b": 0.8}
BOTH = frozenset(TRUTH)


def _log(
    count: int, seed: int, explored: float = 0.2, changed: str = "b", expected: dict[str, float] | None = None
) -> list[Logged]:
    random = np.random.default_rng(seed)
    decisions: list[Logged] = []
    for _ in range(count):
        model = "b" if random.random() < explored else "a"
        value = float(random.random() < TRUTH[model])
        propensity = explored if model == "b" else 1 - explored
        decisions.append(Logged(model, propensity, value, {changed: 1.0}, BOTH, expected))
    return decisions


def test_the_changed_policys_value_lies_in_its_interval_as_often_as_it_says() -> None:
    for expected in (None, {"a": 0.5, "b": 0.7}):
        inside = 0
        for seed in range(200):
            found = replay(_log(1500, seed, expected=expected))
            assert isinstance(found, Replayed)
            inside += found.low <= 0.8 <= found.high
        assert inside >= 180


def test_estimates_narrow_the_interval_where_they_are_good() -> None:
    random = np.random.default_rng(0)
    decisions: list[Logged] = []
    for _ in range(2000):
        easy = random.random() < 0.5
        values = {"a": 0.95 if easy else 0.2, "b": 0.99 if easy else 0.4}
        model = "b" if random.random() < 0.2 else "a"
        value = float(random.random() < values[model])
        decisions.append(Logged(model, 0.2 if model == "b" else 0.8, value, {"b": 1.0}, BOTH, values))
    robust = replay(decisions)
    plain = replay([Logged(one.model, one.propensity, one.value, one.changed, BOTH) for one in decisions])
    assert isinstance(robust, Replayed)
    assert isinstance(plain, Replayed)
    assert (robust.method, plain.method) == ("doubly robust", "self-normalised")
    assert robust.high - robust.low < plain.high - plain.low


def test_the_same_policy_is_worth_what_was_seen() -> None:
    decisions = [Logged("a", 1.0, float(i % 2), {"a": 1.0}, frozenset({"a"})) for i in range(100)]
    found = replay(decisions)
    assert isinstance(found, Replayed)
    assert found.value == pytest.approx(found.logged) == pytest.approx(0.5)
    assert found.effective_samples == pytest.approx(100)


def test_nothing_is_said_of_models_that_were_never_possible() -> None:
    decisions = [Logged("a", 1.0, 1.0, {"c": 1.0}, frozenset({"a"})) for _ in range(500)]
    found = replay(decisions)
    assert isinstance(found, Unsupported)
    assert "never possible" in found.reason


def test_nothing_is_said_of_a_handful_of_matching_decisions() -> None:
    found = replay(_log(500, 0, explored=0.01))
    assert isinstance(found, Unsupported)
    assert found.effective_samples < 30


def test_nothing_is_said_without_decisions() -> None:
    assert isinstance(replay([]), Unsupported)
