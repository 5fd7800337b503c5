"""How soon a preference is learnt and dropped, on simulated streams of signals (goals.md, Memory).

    ./radiant bench personalization [--quick] [--json]

Two values; a signal every three days, 60 a stream, a fifth of them wrong; in half of the streams the truth flips half-way.
After each signal the belief in the first value is scored by its squared distance from the truth (Brier). Beside it: the
draft's GREATEST(old, new), an exponential average, and the Beta distribution without superseding. No model is called.
"""

import argparse
import random
import statistics
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from bench.kit.figures import Figure, at_most, report

from radiant.workspace.personalization.confidence import Signal, fade, mean, weigh

_SIGNALS, _NOISE, _EVERY = 60, 0.2, timedelta(days=3)
_BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
Belief = Callable[[Sequence[Signal]], float]


def ours(signals: Sequence[Signal]) -> float:
    """The product's own."""
    found = weigh(signals, "preference", signals[-1].at)
    assert found is not None
    return found.confidence if found.value == "a" else 1 - found.confidence


def greatest(signals: Sequence[Signal]) -> float:
    """Confidence can only rise (F13.3)."""
    return 0.8 if any(signal.value == "a" for signal in signals) else 0.5


def average(signals: Sequence[Signal]) -> float:
    """Three tenths of what is new."""
    belief = 0.5
    for signal in signals:
        belief += 0.3 * ((signal.value == "a") - belief)
    return belief


def beta(signals: Sequence[Signal]) -> float:
    """Faded evidence alone."""
    totals = {"a": 0.0, "b": 0.0}
    for signal in signals:
        totals[signal.value] += signal.weight * fade("preference", signals[-1].at - signal.at)
    return mean(totals["a"], totals["b"])


@dataclass(slots=True)
class Scored:
    """`dropped`: contrary signals until the old value was no longer believed, the median; infinite where never."""

    brier: float
    dropped: float


def streams(count: int, *, flips: bool) -> list[tuple[list[Signal], list[bool]]]:
    """Signals, and whether the first value was true at each."""
    chance = random.Random(13)
    made: list[tuple[list[Signal], list[bool]]] = []
    for _ in range(count):
        truth = [not flips or n < _SIGNALS // 2 for n in range(_SIGNALS)]
        says = [true == (chance.random() >= _NOISE) for true in truth]
        signals = [
            Signal("a" if said else "b", 1, "accepted", str(n), _BEGAN + n * _EVERY) for n, said in enumerate(says)
        ]
        made.append((signals, truth))
    return made


def scored(belief: Belief, made: Sequence[tuple[list[Signal], list[bool]]]) -> Scored:
    """Over all streams."""
    total, steps = 0.0, 0
    dropped: list[float] = []
    for signals, truth in made:
        contrary, gone = 0, float("inf")
        for n, true in enumerate(truth):
            believed = belief(signals[: n + 1])
            total, steps = total + (believed - true) ** 2, steps + 1
            if not true and gone == float("inf"):
                contrary += signals[n].value == "b"
                if believed < 0.5:
                    gone = contrary
        if not truth[-1]:
            dropped.append(gone)
    return Scored(total / steps, statistics.median(dropped) if dropped else float("nan"))


def main() -> int:
    """Print the figures; 1 where a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    count = 200 if options.quick else 2000
    stable, flipping = streams(count, flips=False), streams(count, flips=True)
    own_stable, own_flipping = scored(ours, stable), scored(ours, flipping)
    figures = [
        at_most("Brier, stable", own_stable.brier, 0.08),
        at_most("Brier, a flip half-way", own_flipping.brier, 0.10),
        at_most("contrary signals until dropped, median", own_flipping.dropped, 3),
    ]
    rules: dict[str, Belief] = {"GREATEST(old, new)": greatest, "average, 0.3": average, "Beta, 90 days": beta}
    for name, rule in rules.items():
        flipped = scored(rule, flipping)
        figures += [
            Figure(f"{name}: Brier, stable", scored(rule, stable).brier),
            Figure(f"{name}: Brier, a flip half-way", flipped.brier),
            Figure(f"{name}: until dropped, median", flipped.dropped),
        ]
    return report(figures, as_json=options.json)


if __name__ == "__main__":
    sys.exit(main())
