"""Choosing another model than the best now and then, so that routing learns of those that it does not choose."""

from collections.abc import Sequence
from typing import NamedTuple


class Choice(NamedTuple):
    """Number of the model taken, and the probability with which it was: to be logged with the decision."""

    taken: int
    propensity: float


def choose(best: int, worth_trying: Sequence[int], rate: float, random: float) -> Choice:
    """Take `best`, or with probability `rate` any of `worth_trying` (of which `best` may be one), all alike.

    `random`: uniform in [0, 1). Sensible candidates: those whose upper bound reaches the best one's lower bound.
    """
    others = [index for index in worth_trying if index != best]
    if not others or rate <= 0:
        return Choice(best, 1.0)
    if random >= rate:
        return Choice(best, 1 - rate)
    return Choice(others[int(random / rate * len(others))], rate / len(others))
