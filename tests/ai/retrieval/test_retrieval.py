"""Terms and scores."""

import numpy as np
import pytest

from radiant.ai.retrieval import scores
from radiant.ai.retrieval.terms import language_of, overlap, query_terms, same_figures, terms


def test_words_are_stemmed_in_their_language_and_function_words_left_out():
    assert terms("The cats were running", "en") == ["cat", "run"]
    assert terms("Die Häuser der Großmütter", "de") == terms("das Haus der Großmutter", "de")
    assert terms("C++ and C# differ from C", "en") == ["c++", "c#", "differ", "c"]
    assert terms("東京で寿司", "en") == ["東京", "京で", "で寿", "寿司"]
    assert language_of("Wir sind gestern mit dem Zug nach Hamburg gefahren.") == "de"
    assert language_of("ok") == "en"


def test_a_question_is_stemmed_in_every_language_that_the_texts_are_in():
    (forms,) = query_terms("Geschichten?", ["de", "en"])
    assert set(forms) == {*terms("Geschichten", "de"), *terms("Geschichten", "en")}


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("at 5 pm", "at 5 p.m.", True),
        ("at 5 pm", "at 6 pm", False),
        ("I like it", "I don't like it", False),
        ("on 2026-01-02", "on 2026-01-03", False),
    ],
)
def test_figures_tell_texts_apart_that_mean_nearly_the_same(one: str, other: str, same: bool):
    assert same_figures(one, other) is same
    assert overlap("a red box", "the red boxes", "en") == 1


def test_bm25_is_okapis():
    """Against the formula written out: two of three texts hold the term, of lengths 2, 4 and 6."""
    lengths, everyone = np.array([2.0, 4.0, 6.0]), np.ones(3, bool)
    found = scores.bm25([(np.array([0, 2]), np.array([1.0, 2.0]))], lengths, everyone)
    weight = np.log(1 + (3 - 2 + 0.5) / (2 + 0.5))
    assert found == pytest.approx(
        [weight * 2.2 / (1 + 1.2 * (0.25 + 0.75 * 0.5)), 0, weight * 2 * 2.2 / (2 + 1.2 * (0.25 + 0.75 * 1.5))]
    )


def test_standard_scores_are_of_the_eligible_alone_and_0_where_all_are_equal():
    found = scores.z(np.array([1.0, 3.0, 100.0]), np.array([True, True, False]))
    assert found[:2].tolist() == [-1, 1]
    assert scores.z(np.ones(3), np.ones(3, bool)).tolist() == [0, 0, 0]
    before, after = np.array([-1, 0, 1]), np.array([1, 2, -1])
    assert scores.around(np.array([1.0, 2.0, 4.0]), before, after).tolist() == [3, 7, 6]
    assert scores.further(before).tolist() == [-1, -1, 0] and scores.further(after).tolist() == [2, -1, -1]
