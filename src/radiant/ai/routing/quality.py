"""How well each model would answer a prompt: what the catalogue says, corrected by what came of earlier answers.

    logit P(model m answers x well) = prior(m, task) + own(m) + own(m, task) + own(m, neighbourhood)
                                      + tenant(m, task) + tenant(m, neighbourhood) - difficulty(x)

Each correction is a Gaussian that starts at 0 with a standard deviation of its own and is updated by every outcome
(assumed-density filtering, as Glicko and TrueSkill do: Glickman, 1999; Herbrich et al., 2006). A pairwise preference is
the same with the other model's ability in the place of the difficulty (Bradley and Terry, 1952). So a score, a thumb, a
verdict and a preference are one kind of evidence, and the tenant's own comes in as it grows.

A correction is kept as two sums (precision, information), so processes and the database add what they learn.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from radiant.ai.routing.difficulty import Difficulty
from radiant.ai.routing.prompt import Floats, Prompt

CAUTION = 0.5
"""Standard deviations between the expected quality and its lower bound. More would favour whatever was tried before,
good or not: with 1, one order of prompts in eight ended more than a point under the best single model."""

# Standard deviations of the corrections before any evidence, in logits: overall, per task, per neighbourhood, the
# tenant's per task and per neighbourhood. Small: a catalogue's figure is worth many outcomes, or luck would move it.
_SPREAD = np.array([0.05, 0.03, 0.15, 0.3, 0.3])
_UNKNOWN = 0.5  # quality of a model of which the catalogue says nothing
_EDGE = 0.03  # predictions nearer to 0 or 1 are taken for this: one surprise must not outweigh all else


class Key(NamedTuple):
    """What a correction is about. `place`: "" for all prompts, "task:<type>", "cell:<number>"."""

    tenant: str | None
    model: str
    place: str


class Evidence(NamedTuple):
    """Sums of what was learned about one key; adding two is adding their members."""

    precision: float
    information: float


class Lesson(NamedTuple):
    """An addition to the evidence of a key."""

    key: Key
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Seen:
    """A prompt as the estimator sees it; keep it with the decision, so that feedback needs no text."""

    task: str
    difficulty: float
    cell: int


@dataclass(frozen=True, slots=True)
class Estimate:
    """For each candidate, float64 [models]: probability of a good answer, its lower and upper bound, and which share
    of what the prior leaves open the evidence has settled (0 none, 1 all)."""

    mean: Floats
    lower: Floats
    upper: Floats
    weight: Floats


class Quality:
    """The estimator. `priors`: quality 0..1 by model and task type, from the catalogue."""

    def __init__(
        self,
        priors: Mapping[str, Mapping[str, float]],
        difficulty: Difficulty,
        evidence: Mapping[Key, Evidence] | None = None,
    ) -> None:
        self._priors = priors
        self._difficulty = difficulty
        self._evidence = dict(evidence or {})

    def see(self, prompt: Prompt, task: str) -> Seen:
        """Place a prompt: how hard it is and what it is near to."""
        difficulty, cell = self._difficulty(prompt)
        return Seen(task, difficulty, cell)

    def estimate(
        self,
        models: Sequence[str],
        seen: Seen,
        tenant: str | None = None,
        learned: Mapping[str, float] | None = None,
    ) -> Estimate:
        """Every candidate's quality on a prompt. `learned`: a learned router's expected scores, which stand in for the
        catalogue's prior and the difficulty where they are given."""
        abilities, variances, left = self._abilities(models, seen, tenant, learned or {})
        deviation = np.sqrt(variances)
        at = abilities - seen.difficulty
        mean = _logistic(at / np.sqrt(1 + math.pi / 8 * variances))
        lower, upper = _logistic(at - CAUTION * deviation), _logistic(at + CAUTION * deviation)
        return Estimate(mean, lower, upper, 1 - left)

    def learn(
        self,
        model: str,
        score: float,
        seen: Seen,
        tenant: str | None = None,
        *,
        trust: float = 1.0,
        learned: Mapping[str, float] | None = None,
    ) -> list[Lesson]:
        """Take in an outcome, score 0..1. `trust` in (0, 1]: what it is worth beside a checked answer (a thumb less, a
        judge between). Returns what was added, for the database; lessons of others come in by `add`.

        A model's outcome on a prompt does not depend on why it was chosen once the prompt is known, so propensities
        are for comparing policies (`replay`) and not needed here.
        """
        ((means, variances, ability),) = self._corrections([model], seen, tenant, learned or {})
        expected = _probability(ability - seen.difficulty, float(variances.sum()))
        lessons = _lessons(_keys(model, seen, tenant), means, variances, 0.0, score, expected, trust)
        self.add(lessons)
        return lessons

    def prefer(
        self,
        winner: str,
        loser: str,
        seen: Seen,
        tenant: str | None = None,
        *,
        trust: float = 1.0,
        drawn: bool = False,
    ) -> list[Lesson]:
        """Take in that one answer was preferred to another's on the same prompt, or that neither was."""
        (means, variances, ability), (other_means, other_variances, other_ability) = self._corrections(
            [winner, loser], seen, tenant, {}
        )
        spread = float(variances.sum() + other_variances.sum())
        expected = _probability(ability - other_ability, spread)
        score = 0.5 if drawn else 1.0
        lessons = [
            *_lessons(
                _keys(winner, seen, tenant), means, variances, float(other_variances.sum()), score, expected, trust
            ),
            *_lessons(
                _keys(loser, seen, tenant), other_means, other_variances, float(variances.sum()),
                1 - score, 1 - expected, trust,
            ),
        ]  # fmt: skip
        self.add(lessons)
        return lessons

    def add(self, lessons: Sequence[Lesson]) -> None:
        """Take in what another process learned."""
        for key, evidence in lessons:
            before = self._evidence.get(key, _NONE)
            self._evidence[key] = Evidence(
                before.precision + evidence.precision, before.information + evidence.information
            )

    def _abilities(
        self, models: Sequence[str], seen: Seen, tenant: str | None, learned: Mapping[str, float]
    ) -> tuple[Floats, Floats, Floats]:
        """Ability, its variance, and the share of the prior's variance that is left; [models] each."""
        corrections = self._corrections(models, seen, tenant, learned)
        variances = np.array([float(variances.sum()) for _, variances, _ in corrections])
        before = float((_SPREAD[: 3 if tenant is None else 5] ** 2).sum())
        return np.array([ability for _, _, ability in corrections]), variances, variances / before

    def _corrections(
        self, models: Sequence[str], seen: Seen, tenant: str | None, learned: Mapping[str, float]
    ) -> list[tuple[Floats, Floats, float]]:
        """For each model: means and variances of its corrections, and its ability."""
        keys = [key for model in models for key in _keys(model, seen, tenant)]
        sums = np.array([self._evidence.get(key, _NONE) for key in keys]).reshape(len(models), -1, 2)
        variances = 1 / (1 / _SPREAD[: sums.shape[1]] ** 2 + sums[:, :, 0])
        means = variances * sums[:, :, 1]
        abilities = [
            self._prior(model, seen, learned) + float(own) for model, own in zip(models, means.sum(1), strict=True)
        ]
        return list(zip(means, variances, abilities, strict=True))

    def _prior(self, model: str, seen: Seen, learned: Mapping[str, float]) -> float:
        if model in learned:
            return _logit(learned[model]) + seen.difficulty
        of = self._priors.get(model, {})
        return _logit(of.get(seen.task, of.get("chat", _UNKNOWN)))


_NONE = Evidence(0.0, 0.0)


def _keys(model: str, seen: Seen, tenant: str | None) -> list[Key]:
    task, cell = f"task:{seen.task}", f"cell:{seen.cell}"
    shared = [Key(None, model, ""), Key(None, model, task), Key(None, model, cell)]
    return shared if tenant is None else [*shared, Key(tenant, model, task), Key(tenant, model, cell)]


def _lessons(
    keys: Sequence[Key], means: Floats, variances: Floats, others: float, score: float, expected: float, trust: float
) -> list[Lesson]:
    """One outcome, shared out among the corrections that made its expectation. `others`: variance of what else did."""
    expected = min(max(expected, _EDGE), 1 - _EDGE)
    sharpness = expected * (1 - expected)
    noise = 1 / (trust * sharpness) + others + variances.sum() - variances
    # The outcome in logits, by one Newton step from the expectation (the working response of logistic regression).
    seen = means + (score - expected) / sharpness
    precision = 1 / noise
    return [
        Lesson(key, Evidence(float(p), float(p * value))) for key, p, value in zip(keys, precision, seen, strict=True)
    ]


def _logistic(x: Floats) -> Floats:
    return 1 / (1 + np.exp(-x))


def _probability(logit: float, variance: float) -> float:
    """Of a good outcome, the logit being uncertain: a Gaussian through a logistic curve (MacKay, 1992)."""
    return 1 / (1 + math.exp(-logit / math.sqrt(1 + math.pi / 8 * variance)))


def _logit(p: float) -> float:
    p = min(max(p, _EDGE), 1 - _EDGE)
    return math.log(p / (1 - p))
