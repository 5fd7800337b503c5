"""The learned router."""

import numpy as np
import pytest

from radiant.ai.routing.learner import Learner, Row, fit
from radiant.ai.routing.prompt import features
from radiant.ai.routing.trees import boost

_SUMS = ["add the numbers {} and {}", "what is {} plus {}", "total of {} items and {} more"]
_VERSES = ["a poem about {} birds and {} trees", "rhyme with {} lines, {} words", "verse of {} feet, {} stanzas"]


def _rows(count: int, seed: int, *, whole: bool = True) -> list[Row]:
    """Model "reckoner" is right on sums, "poet" on verses, nine times of ten; without `whole` one of them is seen."""
    random = np.random.default_rng(seed)
    rows: list[Row] = []
    for _ in range(count):
        verse = bool(random.random() < 0.5)
        text = str(random.choice(_VERSES if verse else _SUMS)).format(*random.integers(1, 99, 2))
        good, bad = float(random.random() < 0.9), float(random.random() < 0.3)
        scores = {"poet": good if verse else bad, "reckoner": bad if verse else good}
        if not whole:
            del scores[str(random.choice(["poet", "reckoner"]))]
        rows.append(Row(features(text), scores, "verses" if verse else "sums"))
    return rows


@pytest.fixture(scope="module")
def learner() -> Learner:
    return fit(_rows(300, 0), ["reckoner", "poet"])


def _share_right(learner: Learner) -> float:
    fresh = _rows(100, 1)
    poet = learner.models.index("poet")
    return float(
        np.mean([(learner.predict(row.prompt).score.argmax() == poet) == (row.group == "verses") for row in fresh])
    )


def test_each_prompt_goes_to_the_model_that_is_better_at_it(learner: Learner) -> None:
    assert _share_right(learner) == 1


def test_it_learns_from_the_chosen_models_outcomes_alone() -> None:
    assert _share_right(fit(_rows(400, 2, whole=False), ["reckoner", "poet"])) >= 0.95


def test_scores_are_probabilities_with_an_uncertainty(learner: Learner) -> None:
    expected = learner.predict(features("an entirely unheard-of question"))
    assert ((expected.score >= 0) & (expected.score <= 1)).all()
    assert (expected.deviation > 0).all()


def test_it_comes_back_from_bytes_without_pickle(learner: Learner) -> None:
    data = learner.to_bytes()
    assert b"pickle" not in data
    again = Learner.from_bytes(data)
    prompt = features("what is 3 plus 4")
    assert again.models == learner.models
    # Weights are kept at half precision.
    assert np.allclose(again.predict(prompt).score, learner.predict(prompt).score, atol=0.01)


def test_the_same_rows_give_the_same_learner(learner: Learner) -> None:
    again = fit(_rows(300, 0), ["reckoner", "poet"])
    assert np.array_equal(again.predict(features("rhyme")).score, learner.predict(features("rhyme")).score)


def test_trees_learn_an_interaction_and_leave_unknown_values_out() -> None:
    random = np.random.default_rng(0)
    x = random.uniform(-1, 1, (800, 3)).astype(np.float32)
    y = np.stack((np.sign(x[:, 0] * x[:, 1]), np.zeros(800)), axis=1).astype(np.float32)
    known = np.ones_like(y)
    known[400:, 0], y[400:, 0] = 0, 100
    trees = boost(x, y, known, trees=40, rate=0.2, smoothing=5)
    assert trees(np.array([0.6, 0.6, 0], np.float32))[0] > 0.5
    assert trees(np.array([0.6, -0.6, 0], np.float32))[0] < -0.5
