"""How likely each answer is right, by who gives it.

Answers that say the same are one cluster. Its score is linear in five things: the record of its best supporter (logit);
for every other supporter, how much likelier it agrees with that one where that one is right than where it is wrong (log
ratio, as Dawid and Skene, 1979, weigh raters); for every dissenter the same of disagreeing; the share of its supporters
whose arithmetic does not hold; how long they are. A softmax over the clusters and "none of them" makes probabilities.
So a voter that is often wrong never counts against what it says, and two that copy one another's mistakes count once.

The coefficients ship in `data/posterior.json`, written by `bench/kit/train_merging.py`.
"""

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import NamedTuple

FEATURES = ("record", "support", "dissent", "slips", "length", "bias")
# Of a pair of which nothing is known.
AGREES_RIGHT, AGREES_WRONG = 0.5, 0.1
UNKNOWN_RECORD = 0.5
_EDGE = 0.02
_USUAL_LENGTH = 300


class Agreement(NamedTuple):
    """How often a model says the same as another where that one is right, and where it is wrong."""

    right: float
    wrong: float


Agreements = Callable[[str, str], Agreement]
"""Of the other model (second) with the leading one (first)."""


def unknown_pair(_lead: str, _other: str) -> Agreement:
    """Nothing is known of any two."""
    return Agreement(AGREES_RIGHT, AGREES_WRONG)


@dataclass(frozen=True, slots=True)
class Voter:
    """One answer. `value`: what it says, in canonical form; None: nothing of the kind. `record`: probability that its
    model is right in this class of task. `copy`: another voter's answer over again, which is no voice of its own."""

    model: str
    value: str | None
    record: float = UNKNOWN_RECORD
    slips: bool = False
    length: int = _USUAL_LENGTH
    copy: bool = False


@dataclass(frozen=True, slots=True)
class Cluster:
    """`members`: places of the voters, copies among them."""

    value: str
    members: tuple[int, ...]
    probability: float


@dataclass(frozen=True, slots=True)
class Posterior:
    """Fitted coefficients, in the order of FEATURES; `labels`: of how many judged questions; `source`: which."""

    weights: tuple[float, ...]
    labels: int = 0
    source: str = ""

    def clusters(self, voters: Sequence[Voter], agreements: Agreements = unknown_pair) -> list[Cluster]:
        """What the voters say, the likeliest first. Probabilities add up to 1 with that of "none of them"."""
        rows = rows_of(voters, agreements)
        scores = [sum(w * x for w, x in zip(self.weights, row, strict=True)) for _, _, row in rows]
        top = max([0.0, *scores])
        total = math.exp(-top) + sum(math.exp(score - top) for score in scores)
        found = [
            Cluster(value, members, math.exp(score - top) / total)
            for (value, members, _), score in zip(rows, scores, strict=True)
        ]
        return sorted(found, key=lambda cluster: (-cluster.probability, cluster.members))


def rows_of(
    voters: Sequence[Voter], agreements: Agreements = unknown_pair
) -> list[tuple[str, tuple[int, ...], tuple[float, ...]]]:
    """Each cluster's value, members and FEATURES."""
    by_value: dict[str, list[int]] = {}
    for place, voter in enumerate(voters):
        if voter.value is not None:
            by_value.setdefault(voter.value, []).append(place)
    heard = [place for place, voter in enumerate(voters) if not voter.copy]
    found: list[tuple[str, tuple[int, ...], tuple[float, ...]]] = []
    for value, members in by_value.items():
        voices = [place for place in members if not voters[place].copy] or members[:1]
        lead = max(voices, key=lambda place: (voters[place].record, -place))
        model = voters[lead].model
        with_it = [agreements(model, voters[place].model) for place in voices if place != lead]
        against = [
            agreements(model, voters[place].model)
            for place in heard
            if place not in members and voters[place].value is not None
        ]
        length = sum(voters[place].length for place in voices) / len(voices)
        row = (
            _logit(voters[lead].record),
            sum(math.log(_inside(pair.right) / _inside(pair.wrong)) for pair in with_it),
            sum(math.log((1 - _inside(pair.right)) / (1 - _inside(pair.wrong))) for pair in against),
            sum(voters[place].slips for place in voices) / len(voices),
            min(max(math.log(max(length, 1.0) / _USUAL_LENGTH), -1.5), 1.5),
            1.0,
        )
        found.append((value, tuple(members), row))
    return found


def _inside(p: float) -> float:
    return min(max(p, _EDGE), 1 - _EDGE)


def _logit(p: float) -> float:
    p = _inside(p)
    return math.log(p / (1 - p))


def load(text: str) -> Posterior:
    """Coefficients as `bench/kit/train_merging.py` writes them."""
    data = json.loads(text)
    return Posterior(tuple(data["weights"][name] for name in FEATURES), data["labels"], data["source"])


SHIPPED = load(resources.files("radiant.workspace.merging.data").joinpath("posterior.json").read_text("utf-8"))
