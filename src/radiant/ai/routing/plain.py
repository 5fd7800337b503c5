"""Simple forms of what learns: the task of a prompt by whole words, tokens by length, quality by the catalogue's prior
and what people said, the draw of an
exploration, the estimator of a replay. Each stands behind the signature that its successor has."""

import math
import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from radiant.ai.routing.needs import TaskType


class Classified(msgspec.Struct, frozen=True):
    """What a prompt is about. `language`: ISO 639-1, "" where it is not known."""

    task_type: TaskType
    confidence: float
    language: str


_WORDS: dict[TaskType, re.Pattern[str]] = {
    "code": re.compile(
        r"```|\b(?:code|function|debug|python|javascript|typescript|rust|sql|regex|compile[rd]?|exception|traceback"
        r"|refactor|unit tests?|algorithm|def|class|import)\b",
        re.I,
    ),
    "analysis": re.compile(
        r"\b(?:analy[sz]e|analysis|statistics|compare|evaluate|trend|data ?set|correlation|summar(?:y|i[sz]e)|solve"
        r"|calculate|prove)\b",
        re.I,
    ),
    "creative": re.compile(
        r"\b(?:story|poem|novel|lyrics|slogan|creative|imagine|character|fiction|haiku|screenplay)\b", re.I
    ),
}
_LANGUAGES = {
    "de": frozenset(["der", "die", "das", "und", "ist", "nicht", "ich", "ein", "eine", "mit", "für", "auf", "wie"]),
    "en": frozenset(["the", "and", "is", "of", "to", "a", "in", "that", "it", "for", "with", "you", "what", "how"]),
    "es": frozenset(["el", "la", "los", "las", "y", "es", "de", "que", "en", "un", "una", "por", "para", "como"]),
    "fr": frozenset(["le", "la", "les", "et", "est", "de", "que", "un", "une", "pour", "dans", "vous", "je", "avec"]),
}
_READ = 4000


def classify(text: str) -> Classified:
    """The task and the language of a prompt, by words alone."""
    text = text[:_READ]
    counts: dict[TaskType, int] = {task: len(pattern.findall(text)) for task, pattern in _WORDS.items()}
    task: TaskType = max(counts, key=lambda name: counts[name])
    best, all_ = counts[task], sum(counts.values())
    if not best:
        return Classified("chat", 0.5, _language(text))
    return Classified(task, best / (all_ + 1), _language(text))


def _language(text: str) -> str:
    words = text.lower().split()
    counts = {name: sum(word in known for word in words) for name, known in _LANGUAGES.items()}
    best = max(counts, key=lambda name: counts[name])
    return best if counts[best] else ""


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


class Choice(NamedTuple):
    """The place of the model taken, and the probability with which it was."""

    place: int
    propensity: float


def choose(best: int, worth_trying: Sequence[int], rate: float, random: float) -> Choice:
    """Take `best`, or with probability `rate` any of `worth_trying`, all alike. `random`: uniform in [0, 1)."""
    others = [index for index in worth_trying if index != best]
    if not others or rate <= 0:
        return Choice(best, 1.0)
    if random >= rate:
        return Choice(best, 1 - rate)
    return Choice(others[int(random / rate * len(others))], rate / len(others))


LEAST_SAMPLES, LEAST_COVERED = 30.0, 0.95


class Logged(msgspec.Struct, frozen=True, kw_only=True):
    """A decision: the model taken, with which probability, what came of it, with which probability the changed rules
    take each model, and which could have been taken."""

    model: str
    propensity: float
    value: float
    changed: Mapping[str, float]
    possible: frozenset[str]


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """What the changed rules would have come to, with an interval of 95 %, and what was logged. `effective_samples`:
    how many decisions of equal weight would say as much."""

    value: float
    low: float
    high: float
    logged: float
    effective_samples: float


class Unsupported(msgspec.Struct, frozen=True, kw_only=True):
    """Why the log cannot tell."""

    reason: str
    effective_samples: float


def replay(decisions: Sequence[Logged]) -> Replayed | Unsupported:
    """The mean value under the changed rules by inverse propensity, weights set to sum up to one."""
    if not decisions:
        return Unsupported(reason="no decision was logged", effective_samples=0.0)
    weights = [one.changed.get(one.model, 0.0) / one.propensity for one in decisions]
    total = sum(weights)
    effective = total**2 / sum(weight**2 for weight in weights) if total else 0.0
    covered = sum(
        share for one in decisions for name, share in one.changed.items() if name in one.possible
    ) / len(decisions)  # fmt: skip
    if covered < LEAST_COVERED:
        return Unsupported(
            reason=f"in {1 - covered:.0%} of the decisions the changed rules take models that were never possible",
            effective_samples=effective,
        )
    if effective < LEAST_SAMPLES:
        return Unsupported(
            reason=f"the decisions are worth {effective:.0f} of the changed rules'; at least {LEAST_SAMPLES:.0f} are"
            " needed: wait, or explore more",
            effective_samples=effective,
        )  # fmt: skip
    value = sum(weight * one.value for weight, one in zip(weights, decisions, strict=True)) / total
    spread = sum((weight * (one.value - value)) ** 2 for weight, one in zip(weights, decisions, strict=True))
    error = 1.96 * math.sqrt(spread) / total
    logged = sum(one.value for one in decisions) / len(decisions)
    return Replayed(value=value, low=value - error, high=value + error, logged=logged, effective_samples=effective)
