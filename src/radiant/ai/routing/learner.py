"""The learned router: from prompts with scores of models to the expected score of each model on a new prompt.

The estimate is each model's mean plus a weighted sum of three deviations from it (stacking: Wolpert, 1992; Breiman,
1996), whose weights come from predictions of rows that were held out:

- ridge regression over hashed tf-idf text and surface figures;
- groups: where rows say which workload they come from (a benchmark, an application, a key), how likely the prompt
  belongs to each, by ridge regression and a softmax, times the models' means there;
- boosted trees over surface figures and the groups' means, fitted to what sets the models apart.

No text is kept, and predicting needs numpy alone.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from radiant.ai.routing.prompt import Floats, Ints, Prompt
from radiant.ai.routing.sparse import Rows, Vocabulary, apply, learn_vocabulary, pack, ridge, unpack
from radiant.ai.routing.trees import Trees, boost

_FORMAT = 1
_PENALTY, _GROUP_PENALTY = 6.0, 1.0
_TREES, _RATE, _SMOOTHING = 60, 0.1, 20.0
_SHRINK = 5.0  # rows of the overall mean that a group begins with


@dataclass(frozen=True, slots=True)
class Row:
    """A prompt and what is known of models on it, score 0..1 by name. `group`: the workload it came from."""

    prompt: Prompt
    scores: dict[str, float]
    group: str | None = None


@dataclass(frozen=True, slots=True)
class Expected:
    """For each model in the learner's order, float32 [models]: its score, and the standard deviation of that estimate."""

    score: Floats
    deviation: Floats


@dataclass(frozen=True, slots=True)
class _Parts:
    """What one fit yields. `weights`: [width, models + groups]; `means`: [groups, models], deviations from `base`."""

    vocabulary: Vocabulary
    base: Floats
    weights: Floats
    means: Floats
    sharpness: float
    trees: Trees

    def deviations(self, prompt: Prompt) -> Floats:
        """[3, models]: ridge, groups, trees."""
        text, surface = apply(self.vocabulary, self.weights, prompt)
        models = len(self.base)
        by_group = (
            _softmax(text[models:] * self.sharpness) @ self.means if len(self.means) else np.zeros_like(self.base)
        )
        return np.stack((text[:models], by_group, self.trees(np.concatenate((surface, by_group)))))


class Learner:
    """A fitted router."""

    def __init__(self, models: Sequence[str], parts: _Parts, blend: Floats, error: Floats) -> None:
        self.models = tuple(models)
        self._parts, self._blend, self._error = parts, blend, error

    def predict(self, prompt: Prompt) -> Expected:
        """Expected score of every model. The deviation adds how far the parts disagree to what each mean is unsure of."""
        deviations = self._parts.deviations(prompt)
        score = np.clip(self._parts.base + self._blend @ deviations, 0, 1)
        return Expected(score, np.sqrt(deviations.var(0) + self._error**2))

    def to_bytes(self) -> bytes:
        """An .npz archive of plain arrays (no pickle)."""
        parts, into = self._parts, io.BytesIO()
        np.savez_compressed(
            into,
            format=np.array(_FORMAT), models=np.array(self.models), blend=self._blend, error=self._error,
            allow_pickle=False, **pack(parts.vocabulary), base=parts.base, weights=parts.weights.astype(np.float16),
            means=parts.means, sharpness=np.array(parts.sharpness, np.float32),
            feature=parts.trees.feature, above=parts.trees.above, leaves=parts.trees.leaves,
        )  # fmt: skip
        return into.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> "Learner":
        """Raises ValueError where the bytes are of another format."""
        with np.load(io.BytesIO(data), allow_pickle=False) as of:
            if int(of["format"]) != _FORMAT:
                raise ValueError(f"a learned router of format {int(of['format'])}, not {_FORMAT}")
            parts = _Parts(
                unpack(of),
                of["base"], of["weights"].astype(np.float32), of["means"], float(of["sharpness"]),
                Trees(of["feature"], of["above"], of["leaves"]),
            )  # fmt: skip
            return cls([str(name) for name in of["models"]], parts, of["blend"], of["error"])


def fit(rows: Sequence[Row], models: Sequence[str]) -> Learner:
    """Learn from rows that may each know some of the models' scores only. Seconds for thousands of rows; the same rows
    give the same learner."""
    names = sorted({row.group for row in rows if row.group is not None})
    group = np.array([names.index(row.group) if row.group is not None else -1 for row in rows], np.int32)
    scores = np.array([[row.scores.get(model, np.nan) for model in models] for row in rows], np.float32)
    prompts = [row.prompt for row in rows]
    held_out = np.zeros((len(rows), 3, len(models)), np.float32)
    base = np.zeros_like(scores)
    # Few rows: more folds, or the parts that need many would be judged by what they do with half of few.
    folds = min(max(8000 // max(len(rows), 1), 2), 5)
    fold = np.random.default_rng(0).permutation(len(rows)) % folds
    for number in range(folds):
        learn, rest = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
        parts = _fit([prompts[i] for i in learn], scores[learn], group[learn], len(names))
        base[rest] = parts.base
        held_out[rest] = [parts.deviations(prompts[i]) for i in rest]
    known = np.isfinite(scores)
    blend = _blend(held_out, scores - base, known)
    error = np.nanstd(scores - base, axis=0) / np.sqrt(known.sum(0) + 1)
    return Learner(models, _fit(prompts, scores, group, len(names)), blend, error.astype(np.float32))


def _fit(prompts: Sequence[Prompt], scores: Floats, group: Ints, groups: int) -> _Parts:
    known = np.isfinite(scores).astype(np.float32)
    base = (np.nansum(scores, 0) + 0.5) / (known.sum(0) + 1)
    deviation = np.nan_to_num(scores - base).astype(np.float32)
    vocabulary = learn_vocabulary(prompts)
    matrix = Rows(vocabulary, prompts)
    weights = ridge(matrix, deviation, known, _PENALTY)
    means, sharpness = np.zeros((0, scores.shape[1]), np.float32), 1.0
    by_group = np.zeros_like(deviation)
    if groups:
        labelled = (group >= 0).astype(np.float32)[:, None]
        member = np.eye(groups, dtype=np.float32)[group] * labelled
        to_group = ridge(matrix, member, labelled, _GROUP_PENALTY)
        weights = np.concatenate((weights, to_group), axis=1)
        means = (member.T @ deviation) / (member.T @ known + _SHRINK)
        sharpness = 12.0
        by_group = _softmax(matrix.times(to_group) * sharpness) @ means
    # What all models share (how hard the prompt is) says nothing about which to take: it is taken out.
    seen = known.sum(1, keepdims=True)
    apart = (deviation - deviation.sum(1, keepdims=True) / (seen + 1)) * known
    trees = boost(
        np.concatenate((matrix.surface, by_group), axis=1), apart, known,
        trees=_TREES, rate=_RATE, smoothing=_SMOOTHING,
    )  # fmt: skip
    return _Parts(vocabulary, base.astype(np.float32), weights, means.astype(np.float32), sharpness, trees)


def _softmax(x: Floats) -> Floats:
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def _blend(parts: Floats, target: Floats, known: np.ndarray) -> Floats:
    """Weights >= 0 [parts] of least squares on what sets the models apart, by projected gradient."""

    def apart(values: Floats) -> Floats:
        masked = np.where(known, np.nan_to_num(values), 0)
        return np.where(known, masked - masked.sum(-1, keepdims=True) / np.maximum(known.sum(-1, keepdims=True), 1), 0)

    x = np.stack([apart(parts[:, j]).ravel() for j in range(parts.shape[1])], axis=1)
    y = apart(target).ravel()
    gram, moment = x.T @ x, x.T @ y
    weights = np.full(parts.shape[1], 1 / 3, np.float32)
    step = 1 / (np.linalg.eigvalsh(gram)[-1] + 1e-9)
    for _ in range(500):
        weights = np.maximum(weights - step * (gram @ weights - moment), 0)
    return weights.astype(np.float32)
