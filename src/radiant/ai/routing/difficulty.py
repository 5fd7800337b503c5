"""How hard a prompt is, and which neighbourhood it lies in, before anything else is known.

Difficulty is the item's parameter of a Rasch model explained by features of the item (Rasch, 1960; the linear logistic
test model of Fischer, 1973): logit P(model m answers x well) = ability(m) - difficulty(x). Its coefficients and the
centres of the neighbourhoods (spherical k-means) ship in `data/difficulty.npz`, written by
`bench/kit/train_difficulty.py`, which says from which data.
"""

import io
from dataclasses import dataclass

import numpy as np

from radiant.ai.routing.data import read
from radiant.ai.routing.prompt import BUCKETS, Floats, Places, Prompt, standardised

FOLDED = 1 << 12
"""Length of a folded text vector: words in its first half, windows in its second."""

_DATA = read("difficulty.npz")
_SHIFT = (2 * BUCKETS // FOLDED).bit_length() - 1


@dataclass(frozen=True, slots=True)
class Difficulty:
    """`idf`, `text`: float32 [FOLDED]; `surface`, `mean`, `deviation`: [len(SURFACE)]; `centres`: [FOLDED, cells]."""

    idf: Floats
    text: Floats
    surface: Floats
    mean: Floats
    deviation: Floats
    centres: Floats

    def __call__(self, prompt: Prompt) -> tuple[float, int]:
        """(difficulty in logits, 0 for a usual prompt; the number of its neighbourhood)."""
        places, values = fold(prompt, self.idf)
        surface = standardised(prompt.surface, self.mean, self.deviation)
        hardness = self.text[places] @ values + self.surface @ surface
        return float(hardness), int((values @ self.centres[places]).argmax())


def fold(prompt: Prompt, idf: Floats) -> tuple[Places, Floats]:
    """Hashed text in FOLDED numbers, of length 1 as a vector: where they are not zero, and what they are there. (A
    product with whole vectors would read a megabyte of centres.)"""
    sums = np.bincount(prompt.buckets >> _SHIFT, prompt.weights)
    places = sums.nonzero()[0]
    values = sums[places].astype(np.float32) * idf[places]
    return places, values / (np.sqrt(values @ values) + np.float32(1e-9))


def shipped() -> Difficulty:
    """The one that comes with the package."""
    with np.load(io.BytesIO(_DATA), allow_pickle=False) as of:
        centres = of["centres"].astype(np.float32) * of["centre_scale"].astype(np.float32)[:, None]
        idf, text, surface, mean, deviation = (
            of[name].astype(np.float32) for name in ("idf", "text", "surface", "mean", "deviation")
        )
        return Difficulty(idf, text, surface, mean, deviation, np.ascontiguousarray(centres.T))
