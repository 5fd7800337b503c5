"""Arithmetic of ranking, on arrays of one value a text."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Places = NDArray[np.int64]

# Okapi BM25 (Robertson and Zaragoza, 2009) with the usual constants.
_K1, _B = 1.2, 0.75

# Cosine below which a text does not answer a question, by embedding model. Of PrecisionMemBench's published cases.
_FLOORS = {"all-minilm-l6-v2": 0.35, "text-embedding-3-small": 0.3, "text-embedding-3-large": 0.3}
_FLOOR = 0.35


def floor_of(model: str | None) -> float:
    """The cosine that a result must have, where it has no better reason."""
    return _FLOORS.get(model or "", _FLOOR)


def bm25(
    counts: Sequence[tuple[Places, Floats]], lengths: Floats, eligible: NDArray[np.bool_],
    all_of: tuple[int, Sequence[float]] | None = None,
) -> Floats:  # fmt: skip
    """BM25 of every text. `counts`: for each term of the query, the places of texts that hold it and how often;
    document frequencies and the mean length are those of the eligible texts. Where these were chosen from more by the
    terms themselves, `all_of` tells how many there are and how many hold each term."""
    total = int(eligible.sum())
    score = np.zeros(len(lengths))
    if not total:
        return score
    norm = _K1 * (1 - _B + _B * lengths / max(float(lengths[eligible].mean()), 1e-9))
    for number, (places, frequency) in enumerate(counts):
        holding: float = int(eligible[places].sum())
        if holding:
            weight = idf(holding, total) if all_of is None else idf(all_of[1][number], all_of[0])
            score[places] += weight * frequency * (_K1 + 1) / (frequency + norm[places])
    return score


def idf(holding: float, total: int) -> float:
    """How much a term tells that `holding` of `total` texts have."""
    return float(np.log1p((total - holding + 0.5) / (holding + 0.5)))


NOISE = 1e-6
"""What sums and vectors differ by from one way of adding them up to another: it tells nothing."""


def z(score: Floats, eligible: NDArray[np.bool_]) -> Floats:
    """Standard scores within a query, so that scores of different kinds can be added; all 0 where all are equal."""
    of = score[eligible]
    spread = float(of.std()) if len(of) else 0.0
    return (score - float(of.mean())) / spread if spread > NOISE else np.zeros(len(score))


def around(values: Floats, *neighbours: Places) -> Floats:
    """The sum of each value and its neighbours'; `neighbours`: places of one neighbour of each, -1 for none."""
    padded = np.append(values, 0.0)
    total = values.copy()
    for places in neighbours:
        total += padded[places]
    return total


def further(neighbours: Places) -> Places:
    """One step further in the same direction."""
    return np.where(neighbours >= 0, neighbours[neighbours], -1)


def legs(
    terms: Sequence[tuple[Places, Floats, int]], words: Floats, cosine: Floats, near: Sequence[Places],
    window: Sequence[Places], eligible: NDArray[np.bool_], total: int | None,
) -> dict[str, Floats]:  # fmt: skip
    """Standard scores of texts by themselves and with their neighbours, by words and by meaning, among the eligible ones.

    `terms`: for each the places that hold it, how often, and how many of all texts do; `words`: lengths; `cosine`: NaN
    without a vector; `near`, `window`: neighbours whose meaning, whose words count (`around`); `total`: of how many these
    are the likeliest, None where these are all."""
    all_alone = all_windows = None
    if total is not None:
        all_alone = total, [held for _, _, held in terms]
        # Of the texts of a window one holds it, as if they had nothing to do with each other.
        all_windows = total, [total * (1 - (1 - min(held / total, 1)) ** (len(window) + 1)) for _, _, held in terms]
    alone: list[tuple[Places, Floats]] = []
    wide: list[tuple[Places, Floats]] = []
    for places, counts, _ in terms:
        dense = np.bincount(places, counts, len(words)).astype(np.float64)
        summed = around(dense, *window)
        alone.append((held := np.flatnonzero(dense), dense[held]))
        wide.append((held := np.flatnonzero(summed), summed[held]))
    known = ~np.isnan(cosine)
    filled = np.where(known, cosine, 0.0)
    number = around(known.astype(np.float64), *near)
    mean = around(filled, *near) / np.maximum(number, 1)
    return {
        "words": z(bm25(alone, words, eligible, all_alone), eligible),
        "nearby words": z(bm25(wide, around(words, *window), eligible, all_windows), eligible),
        "meaning": np.where(known, z(filled, eligible & known), 0.0),
        "nearby meaning": np.where(number > 0, z(mean, eligible & (number > 0)), 0.0),
    }


def relevance(total: Floats, eligible: NDArray[np.bool_]) -> Floats:
    """From 0 for the median of the eligible ones to 1 for the best."""
    of = total[eligible]
    top, base = (float(of.max()), float(np.median(of))) if len(of) else (0.0, 0.0)
    return np.where(total >= top - NOISE, 1.0, np.clip((total - base) / max(top - base, NOISE), 0, 1))
