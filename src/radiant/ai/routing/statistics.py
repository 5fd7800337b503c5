"""What is known of each model by how its calls went, per task: all tenants' figures, which name nobody, and a tenant's
own. Pure; the newest calls weigh most, and a call of a week ago half as much as one of today."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Literal

import msgspec

from radiant.ai.routing.calibration import Shifts
from radiant.ai.routing.evidence import Sums
from radiant.ai.routing.needs import TASKS, TaskType
from radiant.infra.db import Row
from radiant.kit.money import ZERO, nano
from radiant.kit.sketch import Sketch

HALF_LIFE_SECONDS = 7 * 86_400.0
Place = TaskType | Literal["any"]
ANY: Place = "any"
"""The place of calls whose task nobody knows, since they named their model and were not read."""
PLACES: tuple[Place, ...] = (*TASKS, ANY)
Key = tuple[str, Place]
"""Model and place."""

# How many calls a prior is worth: what all tenants saw beside a tenant's own, and what nobody saw at all.
_OTHERS_WEIGHT = 20.0
# Calls that named their model stand in where fewer than so many of the task itself are known.
_ENOUGH = 10.0
_PRIOR_WEIGHT = 20.0
_PRIOR_RELIABILITY = 0.97
_LATENCY_PRIOR_WEIGHT = 3.0
# Tokens of an answer where nobody has had one yet.
_PRIOR_OUTPUT: dict[Place, float] = {
    "chat": 300, "code": 500, "analysis": 600, "creative": 700, "vision": 250, "audio": 200, "any": 300,
}  # fmt: skip


def fading(seconds: float) -> float:
    """What a call of so long ago weighs."""
    return 0.5 ** (max(0.0, seconds) / HALF_LIFE_SECONDS)


@dataclass(slots=True)
class Figures:
    """Weighted sums over calls. Latency, tokens and cost are of those that succeeded; `unknown`: of those nobody knows
    whether they did. `ratings`: how many opinions there are of answers."""

    successes: float = 0.0
    failures: float = 0.0
    unknown: float = 0.0
    input_tokens: float = 0.0
    output_tokens: float = 0.0
    cost: Decimal = ZERO
    ratings: float = 0.0
    latency: Sketch = field(default_factory=Sketch)

    @property
    def calls(self) -> float:
        """Those of which it is known how they ended."""
        return self.successes + self.failures

    @classmethod
    def of_row(cls, row: Row, now: datetime) -> "Figures":
        """From a row of a table of statistics, faded since it was written."""
        figures = cls(
            row["successes"], row["failures"], row["unknown"], row["input_tokens"], row["output_tokens"], row["cost"],
            row["ratings"], Sketch.of_bytes(row["latency_sketch"]),
        )  # fmt: skip
        figures.fade(fading((now - row["updated_at"]).total_seconds()))
        return figures

    def fade(self, factor: float) -> None:
        """Let everything weigh that much of what it did."""
        for name in ("successes", "failures", "unknown", "input_tokens", "output_tokens", "ratings"):
            setattr(self, name, getattr(self, name) * factor)
        self.cost = nano(self.cost * Decimal(factor))
        self.latency.fade(factor)

    def count(self, call: Row, weight: float) -> None:
        """Add a call: a row of the history."""
        if call["success"] is None:
            self.unknown += weight
        elif not call["success"]:
            self.failures += weight
        else:
            self.successes += weight
            self.input_tokens += weight * (call["input_tokens"] or 0)
            self.output_tokens += weight * (call["output_tokens"] or 0)
            self.cost = nano(self.cost + (call["cost"] or ZERO) * Decimal(weight))
            if call["latency_ms"] is not None:
                self.latency.add(call["latency_ms"], weight)


class Known(msgspec.Struct, frozen=True):
    """What is known of a model and a task: the tenant's own figures, and as many of everybody's as matter beside
    them. `latency_p50` None: nothing yet."""

    calls: float
    own_calls: float
    reliability: float
    reliability_low: float
    reliability_high: float
    latency_p50: float | None
    latency_p95: float | None
    latency_weight: float
    output_tokens: float
    ratings: float
    cost: Decimal | None
    """Of a call, on average."""


def blended(task: Place, own: Figures | None, everybody: Figures | None, named: Sequence[Figures | None] = ()) -> Known:
    """The more a tenant knows by itself, the less what others know counts.

    `named`: figures of calls whose task is not known, the tenant's own first. They stand in for what is missing from
    ten calls of the task.
    """
    own, others = own or Figures(), everybody or Figures()
    # The tenant's own calls are among everybody's.
    share = min(1.0, _OTHERS_WEIGHT / others.calls) if others.calls else 0.0
    joined = [(own, 1.0), (others, share)]
    missing = _ENOUGH - own.calls - share * others.calls
    for figures in named:
        if figures is not None and figures.calls and missing > 0:
            joined.append((figures, min(1.0, missing / figures.calls)))
            missing -= figures.calls
    successes = sum(part * figures.successes for figures, part in joined)
    failures = sum(part * figures.failures for figures, part in joined)
    calls = successes + failures + _PRIOR_WEIGHT
    reliability = (successes + _PRIOR_WEIGHT * _PRIOR_RELIABILITY) / calls
    deviation = 1.96 * math.sqrt(reliability * (1 - reliability) / (calls + 1))
    latency = Sketch()
    for figures, part in joined:
        latency.join(figures.latency, part)
    output = sum(part * figures.output_tokens for figures, part in joined)
    rated = min(1.0, _OTHERS_WEIGHT / others.ratings) if others.ratings else 0.0
    of_task = own.successes + share * others.successes
    cost = own.cost + Decimal(share) * others.cost
    return Known(
        calls=others.calls,
        own_calls=own.calls,
        reliability=reliability,
        reliability_low=max(0.0, reliability - deviation),
        reliability_high=min(1.0, reliability + deviation),
        latency_p50=latency.quantile(0.5),
        latency_p95=latency.quantile(0.95),
        latency_weight=latency.weight,
        output_tokens=(output + _PRIOR_OUTPUT[task]) / (successes + 1),
        ratings=own.ratings + rated * others.ratings,
        cost=nano(cost / Decimal(of_task)) if of_task > 0.01 else None,
    )


def expected_latency(known: Known, prior_ms: float) -> float:
    """Milliseconds: what was seen, and the prior as long as little was."""
    if known.latency_p50 is None:
        return prior_ms
    seen = known.latency_weight / (known.latency_weight + _LATENCY_PRIOR_WEIGHT)
    return math.exp(seen * math.log(max(known.latency_p50, 1.0)) + (1 - seen) * math.log(max(prior_ms, 1.0)))


class View:
    """The figures and the evidence as one tenant's routing sees them: its own, and everybody's."""

    __slots__ = ("_everybody", "_known", "_own", "learned", "own_learned", "shifts")

    def __init__(
        self, own: Mapping[Key, Figures], everybody: Mapping[Key, Figures], own_learned: Sums | None = None,
        learned: Sums | None = None, shifts: Shifts | None = None,
    ) -> None:  # fmt: skip
        self._own = own
        self._everybody = everybody
        self.own_learned: Sums = {} if own_learned is None else own_learned
        self.learned: Sums = {} if learned is None else learned
        self.shifts: Shifts = {} if shifts is None else shifts
        self._known: dict[Key, Known] = {}

    @property
    def asked(self) -> list[Key]:
        """The models and places that were asked for."""
        return list(self._known)

    def of(self, model: str, place: Place) -> Known:
        """What is known of a model and a task, or of its calls of no known task."""
        key = (model, place)
        known = self._known.get(key)
        if known is None:
            elsewhere = (model, ANY)
            named = () if place == ANY else (self._own.get(elsewhere), self._everybody.get(elsewhere))
            known = self._known[key] = blended(place, self._own.get(key), self._everybody.get(key), named)
        return known


NOTHING_KNOWN = View({}, {})
