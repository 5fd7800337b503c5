"""Ranks models for a request: hard filters first, then the specification's weights over cost, latency, quality and
reliability, relative to the candidates. What the Brain learns comes with section 11's own issue; here quality is the
catalogue's prior, and local models stand in for latency and reliability by being warm or not."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, get_args

import msgspec

from radiant.kit.errors import Problem

# Estimates of a prompt err on the high side, by a third in English. What may fit is let through: the model itself has
# the last word.
_LEAST = 0.7

Level = Literal["economy", "balanced", "premium"]

# cost, latency, quality, reliability (specification, 11.3); the level moves weight between cost and quality.
_WEIGHTS: dict[Level, tuple[float, float, float, float]] = {
    "economy": (0.50, 0.20, 0.15, 0.15),
    "balanced": (0.25, 0.25, 0.35, 0.15),
    "premium": (0.05, 0.10, 0.70, 0.15),
}


class NoModelFits(Problem):
    """No model passes the filters; `candidates` says of each why."""

    status, slug = 422, "no-model-fits"


class Needs(msgspec.Struct, frozen=True):
    """What a request asks of a model. Tokens are estimates."""

    capabilities: frozenset[str]
    input_tokens: int
    output_tokens: int


class Candidate(msgspec.Struct, frozen=True):
    """A model as routing sees it. `cost`: dollars that this request would take, None if unknown; `quality` in 0..1;
    `readiness` in 0..1: 1 answers at once. `excluded`: why it cannot be used, if so."""

    id: str
    capabilities: frozenset[str]
    context_length: int | None
    cost: Decimal | None
    quality: float
    readiness: float
    excluded: str | None = None


@dataclass(frozen=True, slots=True)
class Ranked:
    """A model that would do, with its score and why."""

    id: str
    score: float
    reason: str


def level_of(model: str) -> Level | None:
    """The level that `auto`, `auto:economy`, … names, or None where `model` is no such name."""
    if model == "auto":
        return "balanced"
    prefix, _, level = model.partition(":")
    return level if prefix == "auto" and level in get_args(Level) else None  # type: ignore[return-value]


def lack(capabilities: frozenset[str], context_length: int | None, needs: Needs) -> str | None:
    """What a model with these lacks for the request, or None."""
    if not needs.capabilities <= capabilities:
        return f"has no {' or '.join(sorted(needs.capabilities - capabilities))}"
    if context_length is not None and needs.input_tokens * _LEAST >= context_length:
        return f"holds {context_length} tokens; the prompt has about {needs.input_tokens}"
    return None


def obstacle(candidate: Candidate, needs: Needs) -> str | None:
    """Why this model cannot take the request, or None."""
    return candidate.excluded or lack(candidate.capabilities, candidate.context_length, needs)


def rank(candidates: Sequence[Candidate], needs: Needs, level: Level) -> list[Ranked]:
    """Models that would do, the best first. Raises NoModelFits with each one's obstacle."""
    obstacles = {candidate.id: obstacle(candidate, needs) for candidate in candidates}
    fitting = [candidate for candidate in candidates if obstacles[candidate.id] is None]
    if not fitting:
        raise NoModelFits(
            "no model can take this request; connect a provider under Settings, Providers, or ask for less",
            candidates=[{"model": name, "why": why} for name, why in obstacles.items()],
        )
    costs = [float(candidate.cost) if candidate.cost is not None else None for candidate in fitting]
    known = [cost for cost in costs if cost is not None]
    low, high = min(known, default=0.0), max(known, default=0.0)
    by_cost, by_latency, by_quality, by_reliability = _WEIGHTS[level]
    ranked: list[Ranked] = []
    for candidate, cost in zip(fitting, costs, strict=True):
        cheapness = 0.0 if cost is None else 1.0 if high == low else 1 - (cost - low) / (high - low)
        score = (
            by_cost * cheapness
            + by_latency * candidate.readiness
            + by_quality * candidate.quality
            + by_reliability * 1.0
        )
        reason = (
            f"{level}: quality {candidate.quality:.2f}, cheapness {cheapness:.2f}, readiness {candidate.readiness:.2f}"
        )
        ranked.append(Ranked(candidate.id, score, reason))
    return sorted(ranked, key=lambda item: (-item.score, item.id))
