"""What a confidence is worth: the share of labelled results of its class that were good where it was as high.

Isotonic regression by pooling adjacent violators (Ayer et al., 1955). A class is a strategy with a kind of answer; under
200 labels it says nothing, and the score is null.
"""

from collections.abc import Sequence
from typing import NamedTuple

from radiant.workspace.merging.posterior import SHIPPED

LEAST_LABELS = 200
MOST_LABELS = 5000
UNCALIBRATED = "uncalibrated"
# The class that the shipped coefficients were fitted on: posterior over votes on numbers.
_SHIPPED_CLASS = ("consensus", "number")


class Quality(NamedTuple):
    """`score`: a probability, or None; `basis`: how it was come by, or why there is none."""

    score: float | None
    basis: str


def quality_of(
    strategy: str, kind: str, confidence: float | None, votes: bool, labels: Sequence[tuple[float, bool]]
) -> Quality:
    """The score of a result. `votes`: its confidence is a posterior over several answers; `labels`: confidences of the
    tenant's own results of the class, and whether they were good."""
    if confidence is None:
        return Quality(None, UNCALIBRATED)
    if len(labels) >= LEAST_LABELS:
        return Quality(isotonic(labels, confidence), f"isotonic over {len(labels)} labels of this class")
    if votes and (strategy, kind) == _SHIPPED_CLASS and SHIPPED.labels >= LEAST_LABELS:
        return Quality(confidence, f"posterior fitted on {SHIPPED.labels} labels of GSM8K")
    return Quality(None, UNCALIBRATED)


def isotonic(labels: Sequence[tuple[float, bool]], at: float) -> float:
    """The fitted step function at a confidence: never falling, with one good and one bad label added to each step."""
    blocks: list[list[float]] = []  # good, count, highest confidence
    for confidence, good in sorted(labels):
        if blocks and blocks[-1][2] == confidence:
            blocks[-1][0] += good
            blocks[-1][1] += 1
        else:
            blocks.append([float(good), 1.0, confidence])
        while len(blocks) > 1 and blocks[-2][0] * blocks[-1][1] >= blocks[-1][0] * blocks[-2][1]:
            good_too, count, highest = blocks.pop()
            blocks[-1][0] += good_too
            blocks[-1][1] += count
            blocks[-1][2] = highest
    for good, count, highest in blocks:
        if at <= highest:
            return (good + 1) / (count + 2)
    return (blocks[-1][0] + 1) / (blocks[-1][1] + 2)
