"""Which pairs a judge compares, and what their verdicts come to.

Each pair is judged in both orders; a verdict that turns with the order is a tie. Abilities are Bradley and Terry's (1952),
with the difference of the answers' lengths as a covariate, since judges like length (Dubois et al., 2024): what an answer
wins by being longer is not its own. All are drawn to 0 by a normal prior, so that few verdicts say little.
"""

import math
import random
from collections.abc import Sequence
from typing import Literal, NamedTuple

Side = Literal["a", "b", "tie"]
ALL_PAIRS = 4
_ROUNDS_BEYOND = 3
_SPREAD, _LENGTH_SPREAD = 1.0, 0.5


class Verdict(NamedTuple):
    """Of two answers by their places."""

    a: int
    b: int
    winner: Side


def pairs(count: int, seed: int = 0) -> list[tuple[int, int]]:
    """All pairs of four and fewer; of more, each answer meets three others, drawn with `seed`."""
    if count <= ALL_PAIRS:
        return [(a, b) for a in range(count) for b in range(a + 1, count)]
    draw = random.Random(seed)  # noqa: S311
    order = list(range(count))
    draw.shuffle(order)
    found: list[tuple[int, int]] = []
    for step in range(1, _ROUNDS_BEYOND + 1):
        for at in range(count):
            a, b = sorted((order[at], order[(at + step) % count]))
            if (a, b) not in found and sum(a in pair for pair in found) < _ROUNDS_BEYOND + 1:
                found.append((a, b))
    return found


def both_orders(forward: Side | None, backward: Side | None) -> Side:
    """Of `a` shown first and of `b` shown first, each as "a" or "b" was preferred; what is not the same both times, or
    was not said, is a tie."""
    return forward if forward is not None and forward == backward else "tie"


def abilities(verdicts: Sequence[Verdict], lengths: Sequence[int]) -> list[float]:
    """Each answer's ability in logits, at equal length. Newton's method on the penalised likelihood."""
    count = len(lengths)
    size = count + 1
    logs = [math.log(max(length, 1)) for length in lengths]
    x = [0.0] * size
    for _ in range(50):
        spreads = [_SPREAD] * count + [_LENGTH_SPREAD]
        gradient = [-value / spread**2 for value, spread in zip(x, spreads, strict=True)]
        curvature = [[(1 / spreads[i] ** 2 if i == j else 0.0) for j in range(size)] for i in range(size)]
        for a, b, winner in verdicts:
            longer = logs[a] - logs[b]
            row = ((a, 1.0), (b, -1.0), (count, longer))
            p = 1 / (1 + math.exp(-(x[a] - x[b] + x[count] * longer)))
            off = {"a": 1.0, "b": 0.0, "tie": 0.5}[winner] - p
            for i, u in row:
                gradient[i] += off * u
                for j, v in row:
                    curvature[i][j] += p * (1 - p) * u * v
        step = _solve(curvature, gradient)
        x = [value + move for value, move in zip(x, step, strict=True)]
        if max(map(abs, step)) < 1e-9:
            break
    return x[:count]


def _solve(matrix: list[list[float]], vector: list[float]) -> list[float]:
    """Gauss with pivots; the matrix is positive definite."""
    size = len(vector)
    rows = [[*row, value] for row, value in zip(matrix, vector, strict=True)]
    for at in range(size):
        pivot = max(range(at, size), key=lambda i: abs(rows[i][at]))
        rows[at], rows[pivot] = rows[pivot], rows[at]
        for below in range(at + 1, size):
            factor = rows[below][at] / rows[at][at]
            if factor:
                rows[below] = [value - factor * top for value, top in zip(rows[below], rows[at], strict=True)]
    solution = [0.0] * size
    for at in reversed(range(size)):
        rest = sum(rows[at][j] * solution[j] for j in range(at + 1, size))
        solution[at] = (rows[at][size] - rest) / rows[at][at]
    return solution
