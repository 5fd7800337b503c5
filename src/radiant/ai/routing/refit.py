"""Fits what the catalogue's figures are off by, per model and task, to judged decisions: a logistic regression beside
what is expected already, whose coefficients are Gaussians around 0 (maximum a posteriori, by Newton's method).

Only what was chosen was judged. What a model does on a prompt does not depend on why it was chosen, once the prompt is
known, so fitting needs no propensities; trying the fit on held-out decisions weighs each by its inverse, so that what
is rarely chosen counts as if it were tried as often.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from radiant.ai.routing.calibration import Shifts
from radiant.ai.routing.needs import TaskType
from radiant.ai.routing.prompt import Floats

# Standard deviations, in logits: of a model's shift, and of what a task adds to it. Wider ones did harm on
# bench-data wherever the figures were fair to begin with.
_OF_MODEL, _OF_TASK = 0.2, 0.15
_ROUNDS = 12
_HELD_OUT = 0.2
# An inverse propensity beyond this tells more of luck than of the model.
_MOST_WEIGHT = 20.0
_Z = NormalDist().inv_cdf(0.99)


@dataclass(frozen=True, slots=True)
class Judged:
    """A decision with what was thought of it, 0..1; `expected`: what was expected of it, in logits, as things are now."""

    model: str
    task: TaskType
    rating: float
    propensity: float
    expected: float


@dataclass(frozen=True, slots=True)
class Fit:
    """`shifts` beside those in force; on the held-out decisions the surprise a decision (log loss, nats) without and with
    them, and the least that they gain, with 99 %."""

    shifts: Shifts
    judged: int
    held_out: int
    loss_before: float
    loss_after: float
    gain_low: float

    @property
    def better(self) -> bool:
        """Whether they foretell what came later better than chance explains."""
        return self.gain_low > 0


def refit(decisions: Sequence[Judged]) -> Fit:
    """From decisions, the oldest first: fitted to the first four fifths, tried on the rest. The same decisions give the
    same fit."""
    cut = len(decisions) - max(1, int(len(decisions) * _HELD_OUT))
    shifts = _shifts(decisions[:cut])
    rest = decisions[cut:]
    expected = np.array([one.expected for one in rest])
    moved = expected + [_of(shifts, one) for one in rest]
    rating = np.array([one.rating for one in rest])
    weight = np.minimum([1 / one.propensity for one in rest], _MOST_WEIGHT)
    weight /= weight.sum()
    before, after = (float(weight @ (np.logaddexp(0, x) - rating * x)) for x in (expected, moved))
    gains = np.logaddexp(0, expected) - np.logaddexp(0, moved) + rating * (moved - expected)
    error = math.sqrt(float(((weight * (gains - (before - after))) ** 2).sum()))
    return Fit(shifts, cut, len(rest), before, after, before - after - _Z * error)


def _of(shifts: Shifts, one: Judged) -> float:
    of_model = shifts.get(one.model, {})
    return of_model.get("", 0.0) + of_model.get(one.task, 0.0)


def _shifts(decisions: Sequence[Judged]) -> Shifts:
    """Two coefficients bear on each decision: its model's, and its model's with its task."""
    place: dict[tuple[str, str], int] = {}
    model = [place.setdefault((one.model, ""), len(place)) for one in decisions]
    task = [place.setdefault((one.model, one.task), len(place)) for one in decisions]
    penalty: Floats = np.array([1 / (_OF_TASK if name else _OF_MODEL) ** 2 for _, name in place])
    expected = np.array([one.expected for one in decisions])
    rating = np.array([one.rating for one in decisions])
    shift = np.zeros(len(place))
    for _ in range(_ROUNDS):
        good = 1 / (1 + np.exp(-(expected + shift[model] + shift[task])))
        slope, curve = -penalty * shift, np.diag(penalty)
        sharpness = good * (1 - good)
        for one in (model, task):
            np.add.at(slope, one, rating - good)
            for other in (model, task):
                np.add.at(curve, (one, other), sharpness)
        shift += np.linalg.solve(curve, slope)
    found: dict[str, dict[str, float]] = {}
    for (name, of_task), value in zip(place, shift.tolist(), strict=True):
        found.setdefault(name, {})[of_task] = round(value, 4)
    return found
