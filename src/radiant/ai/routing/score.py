"""Who can take a request, and who should: hard filters, then the specification's four terms. Pure.

Each term lies in 0..1 and is relative to the candidates: the cheapest, the fastest, the best and the most reliable
have 1. A tenth of a cent and a fifth of a second matter to nobody, so they are added on both sides of the ratios.
"""

import functools
import math
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from radiant.ai.catalog.models import Pace
from radiant.ai.routing.needs import Level, Needs, TaskType, lack
from radiant.ai.routing.problems import NoModelFits
from radiant.ai.routing.statistics import Known, View, expected_latency
from radiant.kit.money import cost_at, plain, rate_of

CAUTION = 0.5
"""Standard deviations between the expected quality and its bounds. More would favour whatever was tried before, good or
not: with 1, one order of prompts in eight ended more than a point under the best single model."""

_COST_MATTERS, _LATENCY_MATTERS = 0.001, 200.0
# So far below the best, a quality or a reliability counts as nothing.
_QUALITY_SPAN, _RELIABILITY_SPAN = 0.5, 0.2
# What an answer takes where none was seen, in milliseconds: to begin with, a token, and to load a model that is cold.
_REMOTE, _LOCAL = (700.0, 12.0), (300.0, 50.0)
_LOADING = 8000.0


class Weights(msgspec.Struct, frozen=True):
    """How much each term counts."""

    cost: float = 0.25
    latency: float = 0.25
    quality: float = 0.35
    reliability: float = 0.15


# What a level makes of the weights, before they are set to sum up to one. Of the specification's own they are
# 0.5, 0.2, 0.15, 0.15 and 0.05, 0.1, 0.7, 0.15.
_LEVELS: dict[Level, Weights] = {
    "economy": Weights(2.0, 0.8, 3 / 7, 1.0),
    "balanced": Weights(1.0, 1.0, 1.0, 1.0),
    "premium": Weights(0.2, 0.4, 2.0, 1.0),
}


def weights_of(base: Weights, level: Level) -> Weights:
    """The weights as a level moves them; they sum up to one."""
    by = _LEVELS[level]
    moved = Weights(
        base.cost * by.cost, base.latency * by.latency, base.quality * by.quality, base.reliability * by.reliability
    )
    total = moved.cost + moved.latency + moved.quality + moved.reliability
    return Weights(moved.cost / total, moved.latency / total, moved.quality / total, moved.reliability / total)


class Option(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """A model as routing sees it. Prices in dollars per million tokens, None where unknown; `priors`: quality in 0..1
    by task, and overall; `pace`: how fast it runs here, where that was measured; `warm`: it needs not be loaded first;
    `excluded`: why it cannot be used, if so."""

    id: str
    provider: str
    capabilities: frozenset[str]
    context_length: int | None = None
    max_output_tokens: int | None = None
    input_price: Decimal | None = None
    output_price: Decimal | None = None
    priors: Mapping[str, float] = {}
    local: bool = False
    pace: Pace | None = None
    warm: bool = True
    excluded: str | None = None

    @property
    def free(self) -> bool:
        """Whether it is known to cost nothing."""
        return self.input_price == 0 and self.output_price == 0

    @functools.cached_property
    def rates(self) -> tuple[int, int] | None:
        """Of input and output, for `money.cost_at`; None where one is unknown."""
        if self.input_price is None or self.output_price is None:
            return None
        return rate_of(self.input_price), rate_of(self.output_price)


class Worth(msgspec.Struct, frozen=True):
    """How likely a model's answer is a good one: the estimate, its bounds, and on how many opinions it rests besides
    the catalogue's."""

    mean: float
    low: float
    high: float
    evidence: float


Judge = Callable[[Sequence[Option]], Sequence[Worth]]
"""What each candidate's answer to the request at hand is worth."""


Sized = Callable[[Option], Needs]
"""What the request asks of a model, in tokens as the model counts them."""


class Bounds(msgspec.Struct, frozen=True, kw_only=True):
    """What a choice may come to at most, in dollars and milliseconds. Zero is a bound."""

    max_cost: Decimal | None = None
    max_latency_ms: int | None = None


class Estimated(msgspec.Struct, frozen=True):
    """What a model is expected to do with a request. Cost in dollars, None where its prices are not known."""

    option: Option
    cost: Decimal | None
    latency_ms: int
    quality: Worth
    reliability: float
    input_tokens: int = 0


class Scored(msgspec.Struct, frozen=True):
    """The same with its terms, each in 0..1, and their weighted sum."""

    estimated: Estimated
    terms: Weights
    score: float

    @property
    def id(self) -> str:
        """The model's."""
        return self.estimated.option.id


class Refused(msgspec.Struct, frozen=True):
    """A model that cannot take the request, and why. `estimated`: where money or time alone are in the way."""

    id: str
    why: str
    estimated: Estimated | None = None
    resting: bool = False


def estimated(option: Option, needs: Needs, task: TaskType, known: Known, how_good: Worth) -> Estimated:
    """What the model is expected to do with the request."""
    output = int(min(needs.output_tokens, option.max_output_tokens or needs.output_tokens, known.output_tokens))
    rates = option.rates
    cost = None if rates is None else cost_at((needs.input_tokens, rates[0]), (output, rates[1]))
    latency = expected_latency(known, _unseen_latency(option, needs.input_tokens, output))
    if option.local and not option.warm:
        latency += _LOADING if option.pace is None else 1000 * option.pace.load
    return Estimated(option, cost, round(latency), how_good, known.reliability, needs.input_tokens)


def _unseen_latency(option: Option, read: int, written: int) -> float:
    """Milliseconds that an answer takes where none was seen."""
    if option.pace is not None:
        return _LOCAL[0] + 1000 * (read / option.pace.read + written / option.pace.write)
    begin, each = _LOCAL if option.local else _REMOTE
    return begin + each * written


def beyond(found: Estimated, bounds: Bounds) -> str | None:
    """Why the model lies beyond the bounds, or None. What has no known price keeps to no budget."""
    if bounds.max_cost is not None:
        if found.cost is None:
            return "its price is not known, so it keeps to no budget"
        if found.cost > bounds.max_cost:
            return f"costs about ${plain(found.cost)}; at most ${plain(bounds.max_cost)} was asked for"
    if bounds.max_latency_ms is not None and found.latency_ms > bounds.max_latency_ms:
        return f"takes about {found.latency_ms} ms; at most {bounds.max_latency_ms} ms was asked for"
    return None


def sift(
    options: Sequence[Option], sized: Sized, task: TaskType, bounds: Bounds, view: View, judge: Judge,
    resting: Callable[[Option], str | None],
) -> tuple[list[Estimated], list[Refused]]:  # fmt: skip
    """The models that can take the request, and the others with why they cannot."""
    able: list[Option] = []
    fit: list[Estimated] = []
    refused: list[Refused] = []
    for option in options:
        if why := option.excluded or lack(option.capabilities, option.context_length, sized(option)):
            refused.append(Refused(option.id, why))
        elif (why := resting(option)) is not None:
            refused.append(Refused(option.id, why, resting=True))
        else:
            able.append(option)
    for option, how_good in zip(able, judge(able), strict=True):
        found = estimated(option, sized(option), task, view.of(option.id, task), how_good)
        if (why := beyond(found, bounds)) is not None:
            refused.append(Refused(option.id, why, found))
        else:
            fit.append(found)
    return fit, refused


def scored(fit: Sequence[Estimated], weights: Weights) -> list[Scored]:
    """The candidates, the best first; of equals the first by name."""
    if not fit:
        return []
    cheapest = min((float(one.cost) for one in fit if one.cost is not None), default=0.0) + _COST_MATTERS
    fastest = min(one.latency_ms for one in fit) + _LATENCY_MATTERS
    best = max(one.quality.low for one in fit)
    surest = max(one.reliability for one in fit)
    found: list[Scored] = []
    for one in fit:
        terms = Weights(
            0.0 if one.cost is None else cheapest / (float(one.cost) + _COST_MATTERS),
            fastest / (one.latency_ms + _LATENCY_MATTERS),
            max(0.0, 1 - (best - one.quality.low) / _QUALITY_SPAN),
            max(0.0, 1 - (surest - one.reliability) / _RELIABILITY_SPAN),
        )
        score = (
            weights.cost * terms.cost
            + weights.latency * terms.latency
            + weights.quality * terms.quality
            + weights.reliability * terms.reliability
        )
        found.append(Scored(one, terms, score))
    return sorted(found, key=lambda item: (-item.score, item.id))


def preferring(ranked: list[Scored], provider: str | None, margin: float) -> list[Scored]:
    """The same, with the preferred provider's best in front where it is no further behind than the margin."""
    if not ranked or provider is None:
        return ranked
    for at, item in enumerate(ranked):
        if ranked[0].score - item.score > margin:
            break
        if item.estimated.option.provider == provider:
            return [item, *ranked[:at], *ranked[at + 1 :]]
    return ranked


def confidence(ranked: Sequence[Scored], weights: Weights) -> float:
    """How likely the first is better than the second, given how little is known of their qualities."""
    if len(ranked) < 2:
        return 1.0
    first, second = ranked[0], ranked[1]
    spread = math.hypot(_spread(first), _spread(second)) * weights.quality / _QUALITY_SPAN
    if not spread:
        return 1.0 if first.score > second.score else 0.5
    return 0.5 * (1 + math.erf((first.score - second.score) / spread / math.sqrt(2)))


def _spread(item: Scored) -> float:
    return (item.estimated.quality.high - item.estimated.quality.low) / 2 / CAUTION


def none_fits(refused: Sequence[Refused]) -> NoModelFits:
    """The problem that says of each model why not, and which would do for more money or time."""
    instead = [one.estimated for one in refused if one.estimated is not None]
    extra: dict[str, Any] = {"candidates": [{"model": one.id, "why": one.why} for one in refused]}
    hint = "connect a provider under Settings, Providers, or ask for less"
    if priced := [one for one in instead if one.cost is not None]:
        cheapest = min(priced, key=lambda one: (one.cost, one.latency_ms))
        assert cheapest.cost is not None
        extra["cheapest"] = {
            "model": cheapest.option.id, "provider": cheapest.option.provider,
            "estimated_cost": plain(cheapest.cost), "estimated_latency_ms": cheapest.latency_ms,
        }  # fmt: skip
        hint = (
            f"the cheapest that would do is {cheapest.option.id}, at about ${plain(cheapest.cost)} and"
            f" {cheapest.latency_ms} ms"
        )
    return NoModelFits(f"no model can take this request; {hint}", **extra)
