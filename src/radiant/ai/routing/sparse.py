"""Prompts' hashed features as rows of a sparse matrix, weighted by tf-idf, and ridge regression over them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from radiant.ai.routing.prompt import BUCKETS, Floats, Ints, Prompt, standardised

_SURFACE_SCALE = 0.07
_CHUNK = 1 << 17  # numbers held at once while multiplying: what a cache holds


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Which buckets count, and how much. `column`: int32 [2 * BUCKETS], -1 where a bucket was seen in less than two
    prompts; `idf`: float32 [columns]; `mean`, `deviation`: float32 [len(SURFACE)]."""

    column: Ints
    idf: Floats
    mean: Floats
    deviation: Floats

    def surface(self, prompt: Prompt) -> Floats:
        """Standardised surface figures, float32 [len(SURFACE)]."""
        return standardised(prompt.surface, self.mean, self.deviation)

    def row(self, prompt: Prompt) -> tuple[Ints, Floats]:
        """Columns and values; words and windows each have length 1 (as vectors), so neither drowns the other."""
        columns = self.column[prompt.buckets]
        known = columns >= 0
        split = int(np.count_nonzero(known[: prompt.words]))
        columns = columns[known]
        values = prompt.weights[known] * self.idf[columns]
        for part in (values[:split], values[split:]):
            part /= np.sqrt(part @ part) + 1e-9
        return columns, values


def pack(vocabulary: Vocabulary) -> dict[str, NDArray[Any]]:
    """Its arrays by name, as small as they get."""
    return {
        "kept": np.flatnonzero(vocabulary.column >= 0).astype(np.int32),
        "idf": vocabulary.idf.astype(np.float16),
        "mean": vocabulary.mean,
        "deviation": vocabulary.deviation,
    }


def unpack(arrays: Mapping[str, NDArray[Any]]) -> Vocabulary:
    """What `pack` gave."""
    column = np.full(2 * BUCKETS, -1, np.int32)
    column[arrays["kept"]] = np.arange(len(arrays["kept"]), dtype=np.int32)
    return Vocabulary(
        column,
        arrays["idf"].astype(np.float32),
        arrays["mean"].astype(np.float32),
        arrays["deviation"].astype(np.float32),
    )


def learn_vocabulary(prompts: Sequence[Prompt]) -> Vocabulary:
    """Count in how many prompts each bucket occurs."""
    seen = np.bincount(np.concatenate([prompt.buckets for prompt in prompts]), minlength=2 * BUCKETS)
    kept = np.flatnonzero(seen > 1)
    column = np.full(2 * BUCKETS, -1, np.int32)
    column[kept] = np.arange(len(kept), dtype=np.int32)
    idf = np.log((1 + len(prompts)) / (1 + seen[kept])) + 1
    surface = np.stack([prompt.surface for prompt in prompts])
    return Vocabulary(column, idf.astype(np.float32), surface.mean(0), surface.std(0) + np.float32(1e-3))


class Rows:
    """A sparse matrix [prompts, width] in both orders; the surface part is dense."""

    def __init__(self, vocabulary: Vocabulary, prompts: Sequence[Prompt]) -> None:
        rows = [vocabulary.row(prompt) for prompt in prompts]
        self._starts = np.cumsum([0, *(len(columns) for columns, _ in rows)])
        self._columns = np.concatenate([columns for columns, _ in rows])
        self._values = np.concatenate([values for _, values in rows])
        self._text = len(vocabulary.idf)
        self.surface = np.stack([vocabulary.surface(prompt) for prompt in prompts])
        of = np.repeat(np.arange(len(rows), dtype=np.int32), np.diff(self._starts))
        order = np.argsort(self._columns, kind="stable")
        self._t_rows, self._t_values = of[order], self._values[order]
        self._t_starts = np.searchsorted(self._columns[order], np.arange(self._text + 1))

    def times(self, weights: Floats) -> Floats:
        """[prompts, width] @ [width, targets]."""
        text, surface = weights[: self._text], weights[self._text :]
        return _gathered(text, self._columns, self._values, self._starts) + (self.surface * _SURFACE_SCALE) @ surface

    def transposed_times(self, values: Floats) -> Floats:
        """[width, prompts] @ [prompts, targets]."""
        text = _gathered(values, self._t_rows, self._t_values, self._t_starts)
        return np.concatenate((text, (self.surface * _SURFACE_SCALE).T @ values))


def _gathered(source: Floats, index: Ints, values: Floats, starts: NDArray[np.int64]) -> Floats:
    """Row i of the result: the sum over k in starts[i] .. starts[i+1] of values[k] * source[index[k]]."""
    rows, targets = len(starts) - 1, source.shape[1]
    result = np.zeros((rows, targets), np.float32)
    first: int = 0
    while first < rows:
        until = starts.item(first) + _CHUNK // targets
        last = int((starts <= until).sum()) - 1
        last = min(rows, max(last, first + 1))
        begin, end = starts.item(first), starts.item(last)
        if end > begin:
            parts = source[index[begin:end]] * values[begin:end, None]
            filled = np.flatnonzero(np.diff(starts[first : last + 1]))
            result[first + filled] = np.add.reduceat(parts, starts[first + filled] - begin, axis=0)
        first = last
    return result


def ridge(rows: Rows, targets: Floats, known: Floats, penalty: float, rounds: int = 8) -> Floats:
    """Weights float32 [width, targets] that minimise |known * (rows @ weights - targets)|² + penalty * |weights|²,
    by conjugate gradients on all targets at once (Hestenes and Stiefel, 1952). Stopping early only shrinks more."""
    residual = rows.transposed_times(known * targets)
    weights = np.zeros_like(residual)
    direction = residual.copy()
    size = np.einsum("ij,ij->j", residual, residual)
    for _ in range(rounds):
        curved = rows.transposed_times(known * rows.times(direction)) + penalty * direction
        step = size / (np.einsum("ij,ij->j", direction, curved) + 1e-12)
        weights += step * direction
        residual -= step * curved
        before, size = size, np.einsum("ij,ij->j", residual, residual)
        direction = residual + (size / (before + 1e-12)) * direction
    return weights


def apply(vocabulary: Vocabulary, weights: Floats, prompt: Prompt) -> tuple[Floats, Floats]:
    """(row @ weights, standardised surface) of one prompt."""
    columns, values = vocabulary.row(prompt)
    surface = vocabulary.surface(prompt)
    return values @ weights[columns] + (surface * _SURFACE_SCALE) @ weights[len(vocabulary.idf) :], surface
