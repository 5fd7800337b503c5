"""What is known of each model by how its calls went, per task: all tenants' figures, which name nobody, and a tenant's
own. Pure; the newest calls weigh most, and a call of a week ago half as much as one of today."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

import msgspec

from radiant.ai.routing.evidence import Sums
from radiant.ai.routing.needs import TaskType
from radiant.infra.db import Row
from radiant.kit.money import ZERO, nano
from radiant.kit.sketch import Sketch

HALF_LIFE_SECONDS = 7 * 86_400.0
Key = tuple[str, str]
"""Model and task."""

# How many calls a prior is worth: what all tenants saw beside a tenant's own, and what nobody saw at all.
_OTHERS_WEIGHT = 20.0
_PRIOR_WEIGHT = 20.0
_PRIOR_RELIABILITY = 0.97
_LATENCY_PRIOR_WEIGHT = 3.0
# Tokens of an answer where nobody has had one yet.
_PRIOR_OUTPUT: dict[TaskType, float] = {
    "chat": 300, "code": 500, "analysis": 600, "creative": 700, "vision": 250, "audio": 200,
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


def blended(task: TaskType, own: Figures | None, everybody: Figures | None) -> Known:
    """The more a tenant knows by itself, the less what others know counts."""
    own, others = own or Figures(), everybody or Figures()
    own_calls = own.successes + own.failures
    seen = others.successes + others.failures
    # The tenant's own calls are among everybody's.
    share = min(1.0, _OTHERS_WEIGHT / seen) if seen else 0.0
    successes = own.successes + share * others.successes
    failures = own.failures + share * others.failures
    calls = successes + failures + _PRIOR_WEIGHT
    reliability = (successes + _PRIOR_WEIGHT * _PRIOR_RELIABILITY) / calls
    deviation = 1.96 * math.sqrt(reliability * (1 - reliability) / (calls + 1))
    latency = Sketch()
    latency.join(own.latency)
    latency.join(others.latency, min(1.0, _OTHERS_WEIGHT / others.latency.weight) if others.latency.weight else 0.0)
    prior = _PRIOR_OUTPUT[task]
    output = own.output_tokens + share * others.output_tokens
    rated = min(1.0, _OTHERS_WEIGHT / others.ratings) if others.ratings else 0.0
    cost = own.cost + Decimal(share) * others.cost
    return Known(
        calls=others.successes + others.failures,
        own_calls=own_calls,
        reliability=reliability,
        reliability_low=max(0.0, reliability - deviation),
        reliability_high=min(1.0, reliability + deviation),
        latency_p50=latency.quantile(0.5),
        latency_p95=latency.quantile(0.95),
        latency_weight=latency.weight,
        output_tokens=(output + prior) / (successes + 1),
        ratings=own.ratings + rated * others.ratings,
        cost=nano(cost / Decimal(successes)) if successes > 0.01 else None,
    )


def expected_latency(known: Known, prior_ms: float) -> float:
    """Milliseconds: what was seen, and the prior as long as little was."""
    if known.latency_p50 is None:
        return prior_ms
    seen = known.latency_weight / (known.latency_weight + _LATENCY_PRIOR_WEIGHT)
    return math.exp(seen * math.log(max(known.latency_p50, 1.0)) + (1 - seen) * math.log(max(prior_ms, 1.0)))


class View:
    """The figures and the evidence as one tenant's routing sees them: its own, and everybody's."""

    __slots__ = ("_everybody", "_known", "_own", "learned", "own_learned")

    def __init__(
        self, own: Mapping[Key, Figures], everybody: Mapping[Key, Figures], own_learned: Sums | None = None,
        learned: Sums | None = None,
    ) -> None:  # fmt: skip
        self._own = own
        self._everybody = everybody
        self.own_learned: Sums = {} if own_learned is None else own_learned
        self.learned: Sums = {} if learned is None else learned
        self._known: dict[tuple[str, TaskType], Known] = {}

    @property
    def asked(self) -> list[tuple[str, TaskType]]:
        """The models and tasks that were asked for."""
        return list(self._known)

    def of(self, model: str, task: TaskType) -> Known:
        """What is known of a model and a task."""
        key = (model, task)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = blended(task, self._own.get(key), self._everybody.get(key))
        return known


NOTHING_KNOWN = View({}, {})
