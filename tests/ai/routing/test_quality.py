"""Quality: priors, difficulty, evidence."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from radiant.ai.routing.difficulty import shipped
from radiant.ai.routing.evidence import Key, Seen
from radiant.ai.routing.explore import choose
from radiant.ai.routing.prompt import features
from radiant.ai.routing.quality import Quality, see

PRIORS = {"large": {"chat": 0.8, "code": 0.8}, "small": {"chat": 0.6, "code": 0.5}}
MODELS = ["large", "small"]
SEEN = Seen("chat", 0.0, 3)


def _quality() -> Quality:
    return Quality(PRIORS)


def test_f11_12_without_evidence_the_catalogues_prior_decides() -> None:
    estimate = _quality().estimate([*MODELS, "unheard of"], SEEN)
    assert estimate.mean[0] == pytest.approx(0.8, abs=0.02)
    assert estimate.lower.argmax() == 0
    assert (estimate.weight == 0).all()
    assert estimate.mean[2] == pytest.approx(0.5)


def test_easy_prompts_see_models_nearly_equal_and_hard_ones_apart() -> None:
    quality = _quality()
    gaps = [np.ptp(quality.estimate(MODELS, Seen("chat", difficulty, 0)).mean) for difficulty in (-3.0, 0.0, 1.0)]
    assert gaps[0] < gaps[1] < gaps[2]


def test_a_proof_is_harder_than_a_greeting() -> None:
    difficulty = shipped()
    hard, _ = difficulty(
        features("Prove that the polynomial ring Z_8[x] has zero divisors and find all units.\nAnswer:")
    )
    easy, _ = difficulty(features("which city is the capital of France?"))
    assert hard > easy


def test_alike_prompts_lie_in_one_neighbourhood() -> None:
    difficulty = shipped()
    sums = [
        see(features(f"Tom has {n} apples and buys {n + 3} more. How many apples are left?"), "analysis", difficulty)
        for n in (4, 9)
    ]
    other = see(
        features("from typing import List\n\ndef below(xs: List[int], t: int) -> bool:\n    pass"), "code", difficulty
    )
    assert sums[0].cell == sums[1].cell != other.cell
    assert other.task == "code"


def test_f11_12_outcomes_correct_the_prior_for_their_task_and_neighbourhood_most() -> None:
    quality = _quality()
    for _ in range(60):
        quality.learn("small", 1.0, SEEN)
        quality.learn("large", 0.0, SEEN)
    here = quality.estimate(MODELS, SEEN)
    elsewhere = quality.estimate(MODELS, Seen("code", 0.0, 9))
    assert here.lower.argmax() == 1
    before = _quality().estimate(MODELS, Seen("code", 0.0, 9))
    assert before.mean[1] < elsewhere.mean[1] < here.mean[1]
    assert here.weight[1] > elsewhere.weight[1] > 0


def test_a_tenants_own_outcomes_count_for_it_beyond_what_all_learn() -> None:
    quality = _quality()
    for _ in range(40):
        quality.learn("small", 1.0, SEEN, "mine")
    mine, other = quality.estimate(MODELS, SEEN, "mine"), quality.estimate(MODELS, SEEN, "other")
    assert mine.mean[1] > other.mean[1] > _quality().estimate(MODELS, SEEN, "other").mean[1]


@given(st.lists(st.tuples(st.sampled_from(MODELS), st.floats(0, 1)), max_size=25))
def test_bounds_hold_the_mean_and_narrow_with_evidence(outcomes: list[tuple[str, float]]) -> None:
    quality = _quality()
    weight = np.zeros(2)
    for model, score in outcomes:
        quality.learn(model, score, SEEN)
        estimate = quality.estimate(MODELS, SEEN)
        assert (estimate.lower <= estimate.mean).all()
        assert (estimate.mean <= estimate.upper).all()
        assert (estimate.weight >= weight).all()
        weight = estimate.weight


def test_a_preference_raises_one_and_lowers_the_other_and_a_draw_brings_them_together() -> None:
    quality, before = _quality(), _quality().estimate(MODELS, SEEN).mean
    quality.prefer("small", "large", SEEN)
    after = quality.estimate(MODELS, SEEN).mean
    assert after[1] > before[1]
    assert after[0] < before[0]
    drawn = _quality()
    drawn.prefer("small", "large", SEEN, drawn=True)
    assert np.ptp(drawn.estimate(MODELS, SEEN).mean) < np.ptp(before)


def test_a_thumb_that_is_trusted_less_moves_less() -> None:
    full, half = _quality(), _quality()
    full.learn("small", 1.0, SEEN)
    half.learn("small", 1.0, SEEN, trust=0.5)
    assert full.estimate(MODELS, SEEN).mean[1] > half.estimate(MODELS, SEEN).mean[1]


def test_what_is_said_again_replaces_what_was_said_before() -> None:
    quality, once = _quality(), _quality()
    quality.learn("small", 0.0, SEEN, "mine")
    quality.learn("small", 1.0, SEEN, "mine", before=0.0)
    once.learn("small", 1.0, SEEN, "mine")
    found, expected = (each.estimate(MODELS, SEEN, "mine") for each in (quality, once))
    assert np.allclose(found.mean, expected.mean, atol=0.01)
    assert np.allclose(found.weight, expected.weight, atol=0.01)
    for _ in range(50):
        quality.learn("small", 0.0, SEEN, "mine", before=1.0)
        quality.learn("small", 1.0, SEEN, "mine", before=0.0)
    again = quality.estimate(MODELS, SEEN, "mine")
    assert np.allclose(again.mean, expected.mean, atol=0.03), "and saying it a hundred times makes it no more"
    turned = _quality()
    turned.prefer("small", "large", SEEN)
    turned.prefer("large", "small", SEEN, turned=True)
    assert np.ptp(turned.estimate(MODELS, SEEN).mean) > np.ptp(_quality().estimate(MODELS, SEEN).mean)


def test_lessons_are_sums_that_another_process_can_add() -> None:
    here, there = _quality(), _quality()
    lessons = list(
        itertools.chain(
            here.learn("small", 1.0, SEEN, "mine"),
            here.prefer("small", "large", SEEN),
            here.learn("large", 0.0, Seen("code", 0.4, 5)),
        )
    )
    there.add(lessons[::-1])
    for tenant in (None, "mine"):
        assert np.allclose(here.estimate(MODELS, SEEN, tenant).mean, there.estimate(MODELS, SEEN, tenant).mean)
    assert lessons[0].key == Key(None, "small", "")


def test_a_learned_score_takes_the_place_of_the_prior() -> None:
    estimate = _quality().estimate(MODELS, Seen("chat", 1.3, 0), learned={"small": 0.9})
    assert estimate.mean[1] == pytest.approx(0.9, abs=0.02)


def test_a_better_model_than_its_prior_says_is_found_by_logged_exploration() -> None:
    random, quality = np.random.default_rng(0), _quality()
    truth, taken = {"large": 0.6, "small": 0.8}, []
    for _ in range(6000):
        estimate = quality.estimate(MODELS, SEEN)
        choice = choose(int(estimate.lower.argmax()), [0, 1], 0.02, random.random())
        quality.learn(MODELS[choice.taken], float(random.random() < truth[MODELS[choice.taken]]), SEEN)
        taken.append(choice.taken)
    assert np.mean(taken[-1000:]) > 0.9


@given(st.integers(0, 4), st.sets(st.integers(0, 4)), st.floats(0, 0.5))
def test_the_propensities_of_all_choices_sum_to_one(best: int, worth: set[int], rate: float) -> None:
    found: dict[int, float] = {}
    for random in np.linspace(0, 0.9999, 2001):
        choice = choose(best, sorted(worth), rate, float(random))
        found[choice.taken] = choice.propensity
    if rate == 0 or rate > 0.01:
        assert sum(found.values()) == pytest.approx(1)
