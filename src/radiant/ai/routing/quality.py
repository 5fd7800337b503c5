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
from radiant.ai.routing.evidence import Evidence, Key, Seen, Sums
from radiant.ai.routing.needs import TaskType
from radiant.ai.routing.prompt import Floats, Prompt
from radiant.ai.routing.score import CAUTION

# Standard deviations of the corrections before any evidence, in logits: overall, per task, per neighbourhood, the
# tenant's per task and per neighbourhood. Small: a catalogue's figure is worth many outcomes, or luck would move it.
_SPREAD = np.array([0.05, 0.03, 0.15, 0.3, 0.3])
_UNKNOWN = 0.5  # quality of a model of which the catalogue says nothing
# For so many tasks, neighbourhoods and sets of models it is kept what they come to.
_MOST_FOUND = 512
_EDGE = 0.03  # predictions nearer to 0 or 1 are taken for this: one surprise must not outweigh all else


class Lesson(NamedTuple):
    """An addition to the evidence of a key."""

    key: Key
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Estimate:
    """For each candidate, float64 [models]: probability of a good answer, its lower and upper bound, and which share
    of what the prior leaves open the evidence has settled (0 none, 1 all)."""

    mean: Floats
    lower: Floats
    upper: Floats
    weight: Floats


def see(prompt: Prompt, task: TaskType, difficulty: Difficulty) -> Seen:
    """Place a prompt: how hard it is and what it is near to."""
    return Seen(task, *difficulty(prompt))


class Quality:
    """The estimator. `priors`: quality 0..1 by model and task type or "overall", from the catalogue. `shared` and `own`:
    what was learned, of all tenants together and of each; they are read where they lie, and learning adds to them."""

    def __init__(
        self, priors: Mapping[str, Mapping[str, float]], shared: Sums | None = None, own: Sums | None = None
    ) -> None:
        self._priors = priors
        self._shared = {} if shared is None else shared
        self._own = {} if own is None else own
        self._found: dict[tuple[object, ...], tuple[Floats, Floats, Floats, Floats]] = {}

    def estimate(
        self,
        models: Sequence[str],
        seen: Seen,
        tenant: str | None = None,
        learned: Mapping[str, float] | None = None,
    ) -> Estimate:
        """Every candidate's quality on a prompt. `learned`: a learned router's expected scores, which stand in for the
        catalogue's prior and the difficulty where they are given."""
        if learned:
            found = self._abilities(models, seen, tenant, learned)
        else:
            key = tenant, seen.task, seen.cell, *models
            found = self._found.get(key)
            if found is None:
                if len(self._found) >= _MOST_FOUND:
                    self._found.clear()
                found = self._found[key] = self._abilities(models, seen, tenant, {})
        ability, flatter, caution, weight = found
        at = ability - seen.difficulty
        return Estimate(_logistic(at / flatter), _logistic(at - caution), _logistic(at + caution), weight)

    def _abilities(
        self, models: Sequence[str], seen: Seen, tenant: str | None, learned: Mapping[str, float]
    ) -> tuple[Floats, Floats, Floats, Floats]:
        """What an estimate needs besides the difficulty: abilities in logits, by what uncertainty flattens them, how
        far the bounds lie off, and the evidence's weight."""
        spread, means, each = self._corrections(models, seen, tenant)
        variances = each.sum(1)
        abilities = self._priors_of(models, seen, learned) + means.sum(1)
        flatter, caution = np.sqrt(1 + math.pi / 8 * variances), CAUTION * np.sqrt(variances)
        return abilities, flatter, caution, 1 - variances / (spread**2).sum()

    def learn(
        self,
        model: str,
        score: float,
        seen: Seen,
        tenant: str | None = None,
        *,
        trust: float = 1.0,
        before: float | None = None,
        learned: Mapping[str, float] | None = None,
    ) -> list[Lesson]:
        """Take in an outcome, score 0..1. `trust` in (0, 1]: what it is worth beside a checked answer (a thumb less, a
        judge between). `before`: the score that this one takes the place of. Returns what was added, for the database;
        lessons of others come in by `add`.

        A model's outcome on a prompt does not depend on why it was chosen once the prompt is known, so propensities
        are for comparing policies (`replay`) and not needed here.
        """
        _, (means,), (variances,) = self._corrections([model], seen, tenant)
        ability = float(self._priors_of([model], seen, learned or {})[0] + means.sum())
        expected = _probability(ability - seen.difficulty, float(variances.sum()))
        lessons = _lessons(_keys(model, seen, tenant), means, variances, 0.0, score, expected, trust, before)
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
        turned: bool = False,
    ) -> list[Lesson]:
        """Take in that one answer was preferred to another's on the same prompt, or that neither was. `turned`: before,
        the same two were said to be the other way round."""
        _, both, each = self._corrections([winner, loser], seen, tenant)
        (means, other_means), (variances, other_variances) = both, each
        ability, other_ability = self._priors_of([winner, loser], seen, {}) + both.sum(1)
        expected = _probability(float(ability - other_ability), float(each.sum()))
        score, before = 0.5 if drawn else 1.0, 0.0 if turned else None
        rest, other_rest = float(variances.sum()), float(other_variances.sum())
        lessons = [
            *_lessons(_keys(winner, seen, tenant), means, variances, other_rest, score, expected, trust, before),
            *_lessons(
                _keys(loser, seen, tenant), other_means, other_variances, rest, 1 - score, 1 - expected, trust,
                None if before is None else 1 - before,
            ),
        ]  # fmt: skip
        self.add(lessons)
        return lessons

    def add(self, lessons: Sequence[Lesson]) -> None:
        """Take in what another process learned."""
        self._found.clear()
        for key, evidence in lessons:
            sums = self._shared if key.tenant is None else self._own
            before = sums.get(key, _NONE)
            sums[key] = Evidence(before.precision + evidence.precision, before.information + evidence.information)

    def _corrections(self, models: Sequence[str], seen: Seen, tenant: str | None) -> tuple[Floats, Floats, Floats]:
        """Their standard deviations before any evidence; of each model means and variances, [models, corrections]."""
        spread = _SPREAD[: 3 if tenant is None else 5]
        known: list[float] = []
        for model in models:
            for key in _keys(model, seen, tenant):
                known += (self._shared if key.tenant is None else self._own).get(key, _NONE)
        sums = np.array(known).reshape(len(models), len(spread), 2)
        variances = 1 / (1 / spread**2 + sums[:, :, 0])
        return spread, variances * sums[:, :, 1], variances

    def _priors_of(self, models: Sequence[str], seen: Seen, learned: Mapping[str, float]) -> Floats:
        return np.array([self._prior(model, seen, learned) for model in models])

    def _prior(self, model: str, seen: Seen, learned: Mapping[str, float]) -> float:
        if model in learned:
            return _logit(learned[model]) + seen.difficulty
        of = self._priors.get(model, {})
        return _logit(of.get(seen.task, of.get("overall", _UNKNOWN)))


_NONE = Evidence(0.0, 0.0)


def _keys(model: str, seen: Seen, tenant: str | None) -> list[Key]:
    task, cell = f"task:{seen.task}", f"cell:{seen.cell}"
    shared = [Key(None, model, ""), Key(None, model, task), Key(None, model, cell)]
    return shared if tenant is None else [*shared, Key(tenant, model, task), Key(tenant, model, cell)]


def _lessons(
    keys: Sequence[Key], means: Floats, variances: Floats, others: float, score: float, expected: float, trust: float,
    before: float | None,
) -> list[Lesson]:  # fmt: skip
    """One outcome, shared out among the corrections that made its expectation. `others`: variance of what else did."""
    expected = min(max(expected, _EDGE), 1 - _EDGE)
    sharpness = expected * (1 - expected)
    noise = 1 / (trust * sharpness) + others + variances.sum() - variances
    # The outcome in logits, by one Newton step from the expectation (the working response of logistic regression).
    seen = means + (score - expected) / sharpness
    precision = 1 / noise
    if before is not None:
        # It is known as well as it was; what the former score would teach now is taken back.
        information = precision * (score - before) / sharpness
        return [Lesson(key, Evidence(0.0, float(value))) for key, value in zip(keys, information, strict=True)]
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
