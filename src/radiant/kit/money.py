"""Money is Decimal US dollars to nine places (nano-dollars), as numeric(20,9) keeps it. Never float."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Annotated

from pydantic import PlainSerializer

NANO = Decimal("0.000000001")
ZERO = Decimal(0)
_RATE_PLACES = 12
# tokens x dollars a million x 10^12, in nano-dollars.
_ONE = 10 ** (_RATE_PLACES + 6 - 9)
_HALF = _ONE // 2


def nano(amount: Decimal) -> Decimal:
    """`amount` rounded to a whole number of nano-dollars."""
    return amount.quantize(NANO, rounding=ROUND_HALF_UP)


def plain(amount: Decimal) -> str:
    """`amount` in digits: no exponent, no trailing zeros."""
    return f"{amount.normalize():f}"


def plain_nano(nanos: int) -> str:
    """The same of whole nano-dollars, none below zero."""
    whole, rest = divmod(nanos, 10**9)
    return f"{whole}.{rest:09d}".rstrip("0") if rest else str(whole)


Dollars = Annotated[Decimal, PlainSerializer(plain, return_type=str, when_used="json-unless-none")]
"""Dollars in an answer."""


def rate_of(price_per_million: Decimal | None) -> int:
    """A price per million tokens as a whole number, for `cost_at`; an unknown price costs nothing. Exact for prices of
    up to twelve places."""
    return 0 if price_per_million is None else int(price_per_million.scaleb(_RATE_PLACES))


def cost_at(*tokens_and_rates: tuple[int, int]) -> Decimal:
    """Dollars for tokens at rates, each term rounded to nano-dollars, half of one up. By whole numbers: a tenth of the
    time that decimal ones take."""
    total = 0
    for tokens, rate in tokens_and_rates:
        if tokens:
            total += (tokens * rate + _HALF) // _ONE
    return Decimal(total).scaleb(-9)
