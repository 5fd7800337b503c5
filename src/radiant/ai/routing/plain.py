"""Simple forms of what learns: the task of a prompt by whole words, tokens by length, quality by the catalogue's prior
and what people said, and the estimator of a replay. Each stands behind the signature that its successor has."""

import math
import re
from collections.abc import Mapping, Sequence

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


def quality(
    model: str, priors: Mapping[str, float], task: TaskType, ratings: float, ratings_sum: float, text: str
) -> Quality:
    """The catalogue's prior, moved by what was said of the model's answers to such tasks."""
    del model, text
    prior = priors.get(task, priors.get("overall", _UNKNOWN))
    weight = _PRIOR_WEIGHT + ratings
    mean = (prior * _PRIOR_WEIGHT + ratings_sum) / weight
    deviation = math.sqrt(mean * (1 - mean) / (weight + 1))
    return Quality(mean, max(0.0, mean - deviation), min(1.0, mean + deviation), ratings)


class Sample(msgspec.Struct, frozen=True):
    """One decision as a replay sees it: with what probability it was taken, whether the changed rules would take it
    too, and what came of it."""

    propensity: float
    same: bool
    reward: float


class Estimate(msgspec.Struct, frozen=True):
    """What the changed rules would have come to, with an interval of 95 %. `effective`: how many decisions of equal
    weight would say as much."""

    value: float
    low: float
    high: float
    effective: float


def replay(samples: Sequence[Sample]) -> Estimate | None:
    """The mean reward under the changed rules by inverse propensity, weights set to sum up to one; None where no
    decision speaks for them."""
    weights = [1 / sample.propensity if sample.same else 0.0 for sample in samples]
    total = sum(weights)
    if not total:
        return None
    value = sum(weight * sample.reward for weight, sample in zip(weights, samples, strict=True)) / total
    spread = sum(
        (weight * (sample.reward - value)) ** 2 for weight, sample in zip(weights, samples, strict=True) if weight
    )
    error = 1.96 * math.sqrt(spread) / total
    return Estimate(value, value - error, value + error, total**2 / sum(weight**2 for weight in weights))
