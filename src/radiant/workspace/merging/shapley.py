"""Who a result is owed to, in shares that add up to 1: Shapley values of votes, and supported sentences of texts."""

import random
from collections.abc import Callable, Collection, Sequence
from decimal import Decimal
from itertools import combinations
from math import comb

_EXACT = 6
_PERMUTATIONS = 400
_PLACES = Decimal("0.00000001")
Worth = Callable[[Collection[int]], float]
"""What a coalition of players comes to by itself; the empty one should come to 0."""


def shapley(players: int, worth: Worth, seed: int = 0) -> list[float]:
    """Each player's mean addition to `worth` over all orders in which they could come: exact for six players and
    fewer, else over 400 orders drawn with `seed` (Castro et al., 2009)."""
    known: dict[frozenset[int], float] = {}

    def of(coalition: frozenset[int]) -> float:
        if coalition not in known:
            known[coalition] = worth(sorted(coalition))
        return known[coalition]

    if players <= _EXACT:
        return [
            sum(
                (of(frozenset((*others, player))) - of(frozenset(others))) / (players * comb(players - 1, size))
                for size in range(players)
                for others in combinations([other for other in range(players) if other != player], size)
            )
            for player in range(players)
        ]
    sums, order, draw = [0.0] * players, list(range(players)), random.Random(seed)  # noqa: S311
    for _ in range(_PERMUTATIONS):
        draw.shuffle(order)
        here, before = frozenset[int](), of(frozenset())
        for player in order:
            here |= {player}
            sums[player] += of(here) - before
            before = of(here)
    return [total / _PERMUTATIONS for total in sums]


def shares(values: Sequence[float]) -> list[Decimal]:
    """The same as parts of 1 to eight places; what is below zero counts nothing. All nothing: nobody has a part, unless
    there is one alone."""
    positive = [max(value, 0.0) for value in values]
    total = sum(positive)
    if total <= 0:
        return [Decimal(len(values) == 1)] * len(values)
    parts = [Decimal(value / total).quantize(_PLACES) for value in positive]
    # Rounding's rest goes to the largest.
    parts[parts.index(max(parts))] += 1 - sum(parts)
    return parts
