"""Simple forms of what learns: tokens by length, quality by the catalogue's prior
and what people said, the draw of an
exploration, the estimator of a replay. Each stands behind the signature that its successor has."""

import math
from collections.abc import Mapping

import msgspec

from radiant.ai.routing.needs import TaskType


def tokens(text: str, provider: str = "") -> int:
    """About how many tokens a text has for that provider's models, on the high side."""
    del provider
    return -(-len(text) // 3)


class Quality(msgspec.Struct, frozen=True):
    """How good a model's answers are, in 0..1: the estimate, its confidence bounds, and by how many answers."""

    mean: float
    low: float
    high: float
    evidence: float


_UNKNOWN = 0.5
_PRIOR_WEIGHT = 10.0


def quality(priors: Mapping[str, float], task: TaskType, ratings: float, ratings_sum: float) -> Quality:
    """The catalogue's prior, moved by what was said of the model's answers to such tasks."""
    prior = priors.get(task, priors.get("overall", _UNKNOWN))
    weight = _PRIOR_WEIGHT + ratings
    mean = (prior * _PRIOR_WEIGHT + ratings_sum) / weight
    deviation = math.sqrt(mean * (1 - mean) / (weight + 1))
    return Quality(mean, max(0.0, mean - deviation), min(1.0, mean + deviation), ratings)
