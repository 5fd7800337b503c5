"""What tokens cost, by whole numbers, is what decimal arithmetic says."""

from decimal import ROUND_HALF_UP, Decimal

from hypothesis import given
from hypothesis import strategies as st

from radiant.kit.money import cost_at, plain, plain_nano, rate_of

PRICES = st.decimals(min_value=0, max_value=10_000, places=9)
NANO = Decimal("0.000000001")


@given(terms=st.lists(st.tuples(st.integers(0, 2**31), st.one_of(st.none(), PRICES)), max_size=4))
def test_tokens_at_rates_cost_what_decimals_say(terms: list[tuple[int, Decimal | None]]) -> None:
    said = sum(((price or Decimal(0)) * tokens / 10**6).quantize(NANO, ROUND_HALF_UP) for tokens, price in terms)
    assert cost_at(*((tokens, rate_of(price)) for tokens, price in terms)) == said


@given(nanos=st.integers(0, 10**19))
def test_nano_dollars_are_spelt_as_dollars_are(nanos: int) -> None:
    assert plain_nano(nanos) == plain(Decimal(nanos).scaleb(-9))
