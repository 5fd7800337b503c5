"""Gradient boosting with symmetric trees whose leaves hold one value for each target, in numpy alone.

Every node of one level asks the same question (as CatBoost's trees do: Prokhorenkova et al., 2018), so a tree of depth
d is d questions and 2**d leaves, and all trees are evaluated at once. Sums for each bin, node and target come from one
matrix product a level.
"""

from dataclasses import dataclass

import numpy as np

from radiant.ai.routing.prompt import Floats, Ints

_BINS = 16
_DEPTH = 4


@dataclass(frozen=True, slots=True)
class Trees:
    """`feature`, `above`: [trees, depth], a question is x[feature] > above; `leaves`: float32 [trees, 2**depth, targets]."""

    feature: Ints
    above: Floats
    leaves: Floats

    def __call__(self, x: Floats) -> Floats:
        """[features] -> [targets]."""
        yes = x[self.feature] > self.above
        leaf = np.zeros(len(yes), np.int64)
        for level in range(yes.shape[1]):
            leaf += yes[:, level] * (1 << level)
        return self.leaves[np.arange(len(leaf)), leaf].sum(0)


def boost(x: Floats, targets: Floats, known: Floats, *, trees: int, rate: float, smoothing: float) -> Trees:
    """Fit to `targets` where `known` is 1; all [rows, …]. `smoothing`: rows of zero that each leaf begins with."""
    if known.all():
        known = known[:, :1]  # one count serves all targets
    rows, features = x.shape
    edges: Floats = np.quantile(x, np.linspace(0, 1, _BINS + 1)[1:-1], axis=0).astype(np.float32).T
    binned = np.zeros((rows, features), np.int64)
    hot = np.zeros((rows, features * _BINS), np.float32)
    for feature in range(features):
        binned[:, feature] = edges[feature].searchsorted(x[:, feature], side="left")
        hot[np.arange(rows), feature * _BINS + binned[:, feature]] = 1
    residual = targets * known
    chosen, above = np.zeros((trees, _DEPTH), np.int32), np.zeros((trees, _DEPTH), np.float32)
    leaves = np.zeros((trees, 1 << _DEPTH, targets.shape[1]), np.float32)
    for tree in range(trees):
        leaf = np.zeros(rows, np.int64)
        for level in range(_DEPTH):
            inside = np.eye(1 << level, dtype=np.float32)[leaf]
            sums = _by_bin(hot, inside, residual, features)
            counts = _by_bin(hot, inside, known, features)
            left, n_left = sums.cumsum(1)[:, :-1], counts.cumsum(1)[:, :-1]
            right, n_right = sums.sum(1, keepdims=True) - left, counts.sum(1, keepdims=True) - n_left
            gain = (left**2 / (n_left + smoothing) + right**2 / (n_right + smoothing)).sum((2, 3))
            at = int(gain.argmax())
            feature, cut = divmod(at, _BINS - 1)
            chosen[tree, level], above[tree, level] = feature, edges[feature, cut]
            leaf += (binned[:, feature] > cut) << level
        inside = np.eye(1 << _DEPTH, dtype=np.float32)[leaf]
        leaves[tree] = rate * (inside.T @ residual) / (inside.T @ known + smoothing)
        residual -= leaves[tree][leaf] * known
    return Trees(chosen, above, leaves)


def _by_bin(hot: Floats, inside: Floats, values: Floats, features: int) -> Floats:
    """Sums [features, bins, nodes, targets]."""
    nodes, targets = inside.shape[1], values.shape[1]
    columns = (inside[:, :, None] * values[:, None, :]).reshape(len(values), nodes * targets)
    return (hot.T @ columns).reshape(features, _BINS, nodes, targets)
