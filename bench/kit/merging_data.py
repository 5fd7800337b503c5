"""GSM8K's recorded solutions as merging sees them (`../shared/bench-data/gsm8k-recorded-solutions.jsonl.gz`, MIT)."""

import gzip
import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from bench.kit.figures import NoData
from bench.kit.routing_data import SHARED

from radiant.workspace.merging import answers, check
from radiant.workspace.merging.posterior import (
    AGREES_RIGHT,
    AGREES_WRONG,
    FEATURES,
    Agreement,
    Agreements,
    Posterior,
    Voter,
    rows_of,
)

GSM8K = SHARED / "gsm8k-recorded-solutions.jsonl.gz"
# What a pair is taken for before it was seen, in sightings.
_PSEUDO = 4.0
_PENALTY = 1.0


@dataclass(slots=True)
class Problem:
    """A question, the right answer, and each model's solution with what it says; `right`: as it was judged."""

    question: str
    truth: str
    solutions: dict[str, str]
    values: dict[str, str | None]
    slips: dict[str, bool]
    right: dict[str, bool]


def read(path: Path = GSM8K) -> list[Problem]:
    """Raises NoData."""
    if not path.exists():
        raise NoData(f"{path} is not there")
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as lines:
        rows = [json.loads(line) for line in lines]
    found: list[Problem] = []
    for row in rows:
        models = [name for name, value in row.items() if isinstance(value, dict)]
        solutions = {name: row[name]["solution"] for name in models}
        found.append(
            Problem(
                row["question"],
                answers.number(row["ground_truth"]) or "",
                solutions,
                {name: answers.number(text) for name, text in solutions.items()},
                {name: bool(check.slips(text)) for name, text in solutions.items()},
                {name: bool(row[name]["is_correct"]) for name in models},
            )
        )
    return found


def fold_of(problem: Problem, count: int, salt: str = "") -> int:
    """By a hash of the question."""
    return int.from_bytes(hashlib.sha256((salt + problem.question).encode()).digest()[:4], "big") % count


@dataclass(slots=True)
class Records:
    """What is known of models, as a workspace's labels tell it."""

    right: dict[str, float]
    pairs: dict[tuple[str, str], Agreement]

    def agreements(self) -> Agreements:
        """Of any two."""
        return lambda lead, other: self.pairs.get((lead, other), Agreement(AGREES_RIGHT, AGREES_WRONG))


def records(problems: Sequence[Problem]) -> Records:
    """Who was right how often, and how often each said the same as another that was right, or wrong."""
    models = list(problems[0].values)
    right = {m: (sum(p.right[m] for p in problems) + 1) / (len(problems) + 2) for m in models}
    pairs: dict[tuple[str, str], Agreement] = {}
    for lead in models:
        for other in models:
            if lead == other:
                continue
            same = {True: [0, 0], False: [0, 0]}
            for problem in problems:
                counts = same[problem.values[lead] == problem.truth]
                counts[0] += problem.values[lead] == problem.values[other]
                counts[1] += 1
            pairs[lead, other] = Agreement(
                (same[True][0] + _PSEUDO * AGREES_RIGHT) / (same[True][1] + _PSEUDO),
                (same[False][0] + _PSEUDO * AGREES_WRONG) / (same[False][1] + _PSEUDO),
            )
    return Records(right, pairs)


def voters(problem: Problem, known: Records, models: Iterable[str] | None = None) -> list[Voter]:
    """As the product makes them of answers."""
    return [
        Voter(m, problem.values[m], known.right[m], problem.slips[m], len(problem.solutions[m]))
        for m in (problem.values if models is None else models)
    ]


def fit(problems: Sequence[Problem], known: Records) -> Posterior:
    """Conditional logistic regression over the clusters and none of them, by Newton's method."""
    examples: list[tuple[np.ndarray, np.ndarray]] = []
    for problem in problems:
        rows = rows_of(voters(problem, known), known.agreements())
        examples.append((np.array([row for *_, row in rows]), np.array([v == problem.truth for v, *_ in rows], float)))
    weights = np.zeros(len(FEATURES))
    for _ in range(60):
        gradient, curvature = -_PENALTY * weights, _PENALTY * np.eye(len(FEATURES))
        for x, truth in examples:
            scores = np.append(x @ weights, 0.0)
            p = np.exp(scores - scores.max())
            p = (p / p.sum())[:-1]
            gradient += x.T @ (truth - p)
            curvature += x.T @ (np.diag(p) - np.outer(p, p)) @ x
        step = np.linalg.solve(curvature, gradient)
        weights = weights + step
        if np.abs(step).max() < 1e-8:
            break
    return Posterior(tuple(weights.tolist()), len(problems))
