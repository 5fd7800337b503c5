"""Results within a budget of tokens."""

from collections.abc import Iterable
from typing import Protocol, TypeVar


class Sized(Protocol):
    """Whatever says how many tokens it takes."""

    tokens: int


R = TypeVar("R", bound=Sized)


def packed(results: Iterable[R], budget: int | None) -> list[R]:
    """As many of the best as fit; one that does not is left out, and a shorter one may still fit. No budget: all."""
    if budget is None:
        return list(results)
    kept: list[R] = []
    for result in results:
        if result.tokens <= budget:
            kept.append(result)
            budget -= result.tokens
    return kept
