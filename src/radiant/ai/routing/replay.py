"""What a changed policy would have been worth, from decisions logged under the present one (off-policy evaluation).

A decision counts as much as the new policy would take its choice more often than the old did. Estimators: self-normalised
inverse propensity (Swaminathan and Joachims, 2015) and, where every decision carries estimates of all models' values,
doubly robust (Dudík et al., 2011). Where the log holds too little of what the new policy would do, no value is given.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal

import numpy as np

from radiant.ai.routing.prompt import Floats

LEAST_SAMPLES = 30.0
"""Effective samples under which nothing is said."""
LEAST_COVERED = 0.95
"""Share of the new policy's choices that the old one must have been able to make."""
_Z = NormalDist().inv_cdf(0.975)


@dataclass(frozen=True, slots=True)
class Logged:
    """A decision: the model taken, the probability with which it was, what came of it (any figure: quality, cost), and
    the probability with which the changed policy takes each model. `possible`: which models the old policy could have
    taken. `expected`: estimates of the figure by model, if there are any."""

    model: str
    propensity: float
    value: float
    changed: Mapping[str, float]
    possible: frozenset[str]
    expected: Mapping[str, float] | None = None


@dataclass(frozen=True, slots=True)
class Replayed:
    """The value of the changed policy with its 95 % interval, and that of the logged one."""

    value: float
    low: float
    high: float
    logged: float
    effective_samples: float
    method: Literal["self-normalised", "doubly robust"]


@dataclass(frozen=True, slots=True)
class Unsupported:
    """Why the log cannot tell."""

    reason: str
    effective_samples: float


def replay(decisions: Sequence[Logged]) -> Replayed | Unsupported:
    """Value of the changed policy over logged decisions."""
    if not decisions:
        return Unsupported("no decision was logged", 0.0)
    weights = np.array([one.changed.get(one.model, 0.0) / one.propensity for one in decisions])
    values = np.array([one.value for one in decisions])
    total = float(weights.sum())
    effective = total**2 / float((weights**2).sum()) if total else 0.0
    covered = float(np.mean([sum(p for name, p in one.changed.items() if name in one.possible) for one in decisions]))
    if covered < LEAST_COVERED:
        return Unsupported(
            f"in {1 - covered:.0%} of the decisions the changed policy takes models that were never possible", effective
        )
    if effective < LEAST_SAMPLES:
        return Unsupported(
            f"the logged decisions are worth {effective:.0f} of the changed policy's; at least {LEAST_SAMPLES:.0f} are"
            " needed: wait, or explore more",
            effective,
        )
    robust = _doubly_robust(decisions, weights, values)
    if robust is None:
        value = float(weights @ values) / total
        # Delta method for a ratio of means.
        error = math.sqrt(float(((weights * (values - value)) ** 2).sum())) / total
        method: Literal["self-normalised", "doubly robust"] = "self-normalised"
    else:
        value, error = float(robust.mean()), float(robust.std(ddof=1)) / math.sqrt(len(robust))
        method = "doubly robust"
    return Replayed(value, value - _Z * error, value + _Z * error, float(values.mean()), effective, method)


def _doubly_robust(decisions: Sequence[Logged], weights: Floats, values: Floats) -> Floats | None:
    """Each decision's estimate, or None where one lacks an estimate of a model that it needs."""
    direct, own = np.zeros(len(decisions)), np.zeros(len(decisions))
    for i, one in enumerate(decisions):
        expected = one.expected
        if expected is None or one.model not in expected or not one.changed.keys() <= expected.keys():
            return None
        direct[i] = sum(p * expected[name] for name, p in one.changed.items())
        own[i] = expected[one.model]
    return direct + weights * (values - own)
