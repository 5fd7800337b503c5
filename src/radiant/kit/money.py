"""Money is Decimal US dollars to nine places (nano-dollars), as numeric(20,9) keeps it. Never float."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Annotated

from pydantic import PlainSerializer

NANO = Decimal("0.000000001")
MILLION = Decimal(1_000_000)
ZERO = Decimal(0)


def nano(amount: Decimal) -> Decimal:
    """`amount` rounded to a whole number of nano-dollars."""
    return amount.quantize(NANO, rounding=ROUND_HALF_UP)


def plain(amount: Decimal) -> str:
    """`amount` in digits: no exponent, no trailing zeros."""
    return f"{amount.normalize():f}"


Dollars = Annotated[Decimal, PlainSerializer(plain, return_type=str, when_used="json-unless-none")]
"""Dollars in an answer."""


def token_cost(tokens: int, price_per_million: Decimal | None) -> Decimal:
    """Dollars for `tokens` at a price per million tokens; an unknown price costs nothing."""
    if price_per_million is None or not tokens:
        return ZERO
    return nano(price_per_million * tokens / MILLION)
