"""Money is Decimal US dollars to nine places (nano-dollars), as numeric(20,9) keeps it. Never float."""

from decimal import ROUND_HALF_UP, Decimal

NANO = Decimal("0.000000001")
MILLION = Decimal(1_000_000)
ZERO = Decimal(0)


def nano(amount: Decimal) -> Decimal:
    """`amount` rounded to a whole number of nano-dollars."""
    return amount.quantize(NANO, rounding=ROUND_HALF_UP)


def token_cost(tokens: int, price_per_million: Decimal | None) -> Decimal:
    """Dollars for `tokens` at a price per million tokens; an unknown price costs nothing."""
    if price_per_million is None:
        return ZERO
    return nano(price_per_million * tokens / MILLION)
