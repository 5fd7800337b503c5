"""Percentiles within one percent however they are put together, and how many different ones there are."""

import math
import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radiant.kit.distinct import Distinct
from radiant.kit.sketch import Sketch


@given(st.lists(st.floats(1, 1e9), min_size=1, max_size=300), st.integers(1, 10))
def test_f12_3_percentiles_of_joined_parts_are_those_of_the_whole(values: list[float], parts: int) -> None:
    joined, whole = Sketch(0.01), Sketch(0.01)
    for part in range(parts):
        sketch = Sketch(0.01)
        for value in values[part::parts]:
            sketch.add(value)
            whole.add(value)
        joined.join(Sketch.of_bytes(sketch.to_bytes(), 0.01))
    ordered = sorted(values)
    for q in (0.5, 0.95, 0.99, 1.0):
        exact = ordered[max(0, math.ceil(q * len(ordered)) - 1)]
        assert joined.quantile(q) == whole.quantile(q)
        assert joined.quantile(q) == pytest.approx(exact, rel=0.0101)


def test_few_are_counted_exactly_and_the_order_leaves_no_trace() -> None:
    one, other = Distinct(), Distinct()
    for number in range(4000):
        one.add(number.to_bytes(4, "big"))
        other.add((3999 - number).to_bytes(4, "big"))
        one.add(b"again")
    other.add(b"again")
    assert len(one) == 4001
    assert one.to_bytes() == other.to_bytes()


@pytest.mark.parametrize("many", [5_000, 40_000, 300_000])
def test_many_are_counted_within_two_percent_and_joined_without_counting_twice(many: int) -> None:
    chance = random.Random(many)
    things = [chance.randbytes(16) for _ in range(many)]
    cuts = sorted(chance.randrange(many) for _ in range(5))
    joined = Distinct()
    for begin, end in pairwise([0, *cuts, many]):
        part = Distinct()
        # Each part overlaps the one before it.
        for thing in things[max(0, begin - 500) : end]:
            part.add(thing)
        joined.join(Distinct.of_bytes(part.to_bytes()))
    assert len(joined) == pytest.approx(many, rel=0.02)
    assert len(joined.to_bytes()) <= 32 * 1024 + 1
