"""The catalogue's figures of quality as a refit corrected them. Pure."""

import math
from collections.abc import Mapping

from radiant.ai.routing.needs import TASKS

Shifts = Mapping[str, Mapping[str, float]]
"""By model, in logits: of all tasks (""), and besides of a task."""

# As `quality` reads what the catalogue does not say, or says too surely.
_UNKNOWN, _EDGE = 0.5, 0.03


def recalibrated(priors: Mapping[str, float], shifts: Mapping[str, float] | None) -> Mapping[str, float]:
    """A model's figures, 0..1 by task and overall, moved by its shifts."""
    if not shifts:
        return priors
    overall = priors.get("overall", _UNKNOWN)
    whole = shifts.get("", 0.0)
    moved = {task: _moved(priors.get(task, overall), whole + shifts.get(task, 0.0)) for task in TASKS}
    return {**moved, "overall": _moved(overall, whole)}


def _moved(quality: float, shift: float) -> float:
    quality = min(max(quality, _EDGE), 1 - _EDGE)
    return 1 / (1 + (1 / quality - 1) * math.exp(-shift))
