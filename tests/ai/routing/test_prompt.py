"""Features of a prompt."""

import time

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from radiant.ai.routing.prompt import BUCKETS, SURFACE, features


@given(st.text(max_size=400))
def test_any_text_has_features_in_their_ranges(text: str) -> None:
    prompt = features(text)
    assert prompt.surface.shape == (len(SURFACE),)
    assert np.isfinite(prompt.surface).all()
    assert (np.diff(prompt.buckets) > 0).all()
    assert (prompt.buckets[: prompt.words] < BUCKETS).all()
    assert (prompt.buckets[prompt.words :] >= BUCKETS).all()
    assert (prompt.weights >= 1).all()


def test_a_lone_surrogate_and_a_nul_are_text_too() -> None:
    assert len(features("\ud800 \x00").buckets)


def test_words_do_not_depend_on_where_they_stand_or_on_their_case() -> None:
    def words(text: str) -> set[int]:
        prompt = features(text)
        return set(prompt.buckets[: prompt.words].tolist())

    assert words("sort") <= words("please SORT this")
    assert not words("sort") <= words("please resort to this")


def test_each_chinese_character_is_a_word_also_beside_latin_ones() -> None:
    def words(text: str) -> set[int]:
        prompt = features(text)
        return set(prompt.buckets[: prompt.words].tolist())

    assert words("诗") <= words("用Python写诗吧")
    assert words("python") <= words("用Python写诗吧")


def test_a_long_prompt_is_known_by_its_head_and_its_tail() -> None:
    filler = "lorem ipsum " * 20_000
    a, b = features("begin " + filler + " finish"), features("begin " + filler + filler + " finish")
    assert np.array_equal(a.buckets, b.buckets)
    assert a.surface[SURFACE.index("bytes")] < b.surface[SURFACE.index("bytes")]


def test_features_of_two_kilobytes_take_a_fraction_of_a_millisecond() -> None:
    text = ("Sort the list of 12 numbers, then write it down: def f(x): return x + 1\n" * 30)[:2048]
    spent: list[float] = []
    for _ in range(300):
        started = time.perf_counter()
        features(text)
        spent.append(time.perf_counter() - started)
    # 0.2 ms on an idle core; a shared one is given room. The bench holds the goal.
    assert np.percentile(spent, 10) < 0.6e-3
