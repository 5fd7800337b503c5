"""How sure a preference is: a Beta distribution over signals that fade, and when another value takes its place.

Pure. Every figure follows from the signals alone, so it does not matter in which order they are learnt. Rules and weights:
docs/explanation/personalization.md; measured by `./radiant bench personalization`.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

EvidenceKind = Literal["user_edit", "explicit", "accepted", "rejected", "behaviour", "inference"]
Lasting = Literal["identity", "preference", "mood"]

WEIGHTS: Mapping[EvidenceKind, float] = {
    "user_edit": 20.0,
    "explicit": 3.0,
    "accepted": 1.0,
    "rejected": 1.0,
    "behaviour": 0.5,
    "inference": 0.25,
}
HALF_LIFE: Mapping[Lasting, timedelta] = {
    "identity": timedelta(days=730),
    "preference": timedelta(days=90),
    "mood": timedelta(days=14),
}
# A value of which so few of the last signals speak is dropped.
_LAST, _FEW = 4, 1
# Brought up from here on: so likely is the value right at the pessimistic end.
APPLIED_FROM, PESSIMISM = 0.6, 0.1


@dataclass(frozen=True, slots=True)
class Signal:
    """That `value` (canonical JSON) holds (1) or does not (-1). `session`: the conversation that it is from."""

    value: str
    sign: int
    kind: EvidenceKind
    session: str
    at: datetime

    @property
    def weight(self) -> float:
        """Before it fades."""
        return WEIGHTS[self.kind]


@dataclass(frozen=True, slots=True)
class Held:
    """A value that held for a while and was superseded. `confidence` as it was just before."""

    value: str
    since: datetime
    until: datetime
    confidence: float


@dataclass(frozen=True, slots=True)
class Belief:
    """What the signals come to. `counted`: by the signal's place, what it weighs now."""

    value: str
    since: datetime
    support: float
    against: float
    counted: Mapping[int, float]
    past: Sequence[Held]

    @property
    def confidence(self) -> float:
        """How likely the value is right: the distribution's mean."""
        return mean(self.support, self.against)


def mean(support: float, against: float) -> float:
    """Of Beta(1 + support, 1 + against)."""
    return (1 + support) / (2 + support + against)


def passes(support: float, against: float) -> bool:
    """Whether the 10 % quantile reaches 0.6."""
    return share_below(APPLIED_FROM, 1 + support, 1 + against) <= PESSIMISM


def interval(support: float, against: float) -> tuple[float, float]:
    """The 10 % and 90 % quantiles."""
    a, b = 1 + support, 1 + against
    return quantile(PESSIMISM, a, b), quantile(1 - PESSIMISM, a, b)


def fade(lasting: Lasting, age: timedelta) -> float:
    """What is left of a weight after `age`."""
    return 0.5 ** (max(age, timedelta(0)) / HALF_LIFE[lasting])


def weigh(signals: Sequence[Signal], lasting: Lasting, now: datetime) -> Belief | None:
    """The value that holds by these signals, oldest first; None where none ever spoke for one."""
    current: str | None = None
    since, began = now, 0
    past: list[Held] = []
    for place, signal in enumerate(signals):
        if current is None:
            if signal.sign > 0:
                current, since, began = signal.value, signal.at, place
            continue
        window = range(max(began, place + 1 - _LAST), place + 1)
        successor = _successor(signals, window, current) or _said_anew(signals, began, place, current, lasting)
        if successor is None:
            continue
        before = _count(signals, range(began, place), current, lasting, signal.at)
        past.append(Held(current, since, signal.at, before.confidence))
        current, since = successor, signal.at
        # What spoke for it among the last signals made it hold; what came before spoke of the value that is gone.
        began = next(n for n in window if signals[n].value == successor and signals[n].sign > 0)
    if current is None:
        return None
    found = _count(signals, range(began, len(signals)), current, lasting, now)
    return Belief(current, since, found.support, found.against, found.counted, past)


def speaks(signal: Signal, value: str) -> int:
    """1 for the value, -1 against it, 0 where it says nothing of it: that another one does not hold."""
    if signal.value == value:
        return signal.sign
    return -1 if signal.sign > 0 else 0


def _successor(signals: Sequence[Signal], window: range, current: str) -> str | None:
    """The value that takes over by the last signals: few of them support the old one, and they weigh less."""
    said = [(speaks(signals[n], current), signals[n]) for n in window]
    contrary = [signal for spoken, signal in said if spoken < 0]
    support = [signal for spoken, signal in said if spoken > 0]
    if len(support) > _FEW or len(contrary) < _LAST - 2:
        return None
    values: dict[str, float] = {}
    for signal in contrary:
        if signal.value != current:
            values[signal.value] = values.get(signal.value, 0.0) + signal.weight
    if not values:
        return None
    best = max(values, key=lambda value: values[value])
    return best if values[best] > sum(signal.weight for signal in support) else None


def _said_anew(signals: Sequence[Signal], began: int, place: int, current: str, lasting: Lasting) -> str | None:
    """A value that the person states takes over at once where the old one rests on no more than that."""
    signal = signals[place]
    if signal.kind not in ("explicit", "user_edit") or speaks(signal, current) >= 0 or signal.value == current:
        return None
    before = _count(signals, range(began, place), current, lasting, signal.at)
    return signal.value if before.support - before.against <= signal.weight else None


@dataclass(frozen=True, slots=True)
class _Count:
    support: float
    against: float
    counted: Mapping[int, float]

    @property
    def confidence(self) -> float:
        return mean(self.support, self.against)


def _count(signals: Sequence[Signal], places: range, value: str, lasting: Lasting, now: datetime) -> _Count:
    """Of a session and a sign the heaviest counts alone: saying it ten times in a row is saying it once."""
    heaviest: dict[tuple[str, int], tuple[float, int]] = {}
    for place in places:
        signal = signals[place]
        if spoken := speaks(signal, value):
            weight = signal.weight * fade(lasting, now - signal.at)
            key = (signal.session, spoken)
            if key not in heaviest or weight >= heaviest[key][0]:
                heaviest[key] = (weight, place)
    totals = {1: 0.0, -1: 0.0}
    counted: dict[int, float] = {}
    for (_, spoken), (weight, place) in heaviest.items():
        totals[spoken] += weight
        counted[place] = weight
    return _Count(totals[1], totals[-1], counted)


def quantile(p: float, a: float, b: float) -> float:
    """The value below which a share `p` of Beta(a, b) lies, to 1e-6."""
    low, high = 0.0, 1.0
    for _ in range(20):
        middle = (low + high) / 2
        low, high = (middle, high) if share_below(middle, a, b) < p else (low, middle)
    return (low + high) / 2


def share_below(x: float, a: float, b: float) -> float:
    """The share of Beta(a, b) below `x`: the regularised incomplete beta function, by its continued fraction (DLMF 8.17.22)
    in Lentz's way."""
    if x <= 0 or x >= 1:
        return float(x >= 1)
    if x > (a + 1) / (a + b + 2):
        return 1 - share_below(1 - x, b, a)
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x))
    tiny = 1e-300
    c, d = 1.0, 1 / _away(1 - (a + b) * x / (a + 1), tiny)
    fraction = d
    for m in range(1, 300):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for term in (even, odd):
            d = 1 / _away(1 + term * d, tiny)
            c = _away(1 + term / c, tiny)
            fraction *= c * d
        if abs(c * d - 1) < 1e-10:
            break
    return front * fraction / a


def _away(value: float, tiny: float) -> float:
    """Not zero."""
    return value if abs(value) > tiny else tiny
