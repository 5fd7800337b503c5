"""DDSketch (Masson, Rim and Lee 2019) with weights that may fade: percentiles within one or two percent, in a few
hundred bytes. Sketches of hours or tenants are joined by adding; averages of percentiles would be wrong."""

import math
import struct

# A weight that has faded so far says nothing any more.
_LEAST = 1e-4
_MOST = 1e12
_BIN = struct.Struct("<hf")


def log_gamma(accuracy: float) -> float:
    """How far apart the bins of that accuracy are, in natural logarithms: a value from 1 up is in the bin
    1 + floor(ln(value) / log_gamma)."""
    return math.log((1 + accuracy) / (1 - accuracy))


class Sketch:
    """Of numbers from 0 to 10^12; what is under 1 counts as 0, what is over as 10^12. Only sketches of one accuracy are
    joined, and read as they were written."""

    __slots__ = ("_bins", "_log_gamma", "_most", "weight")

    def __init__(self, accuracy: float = 0.02) -> None:
        self._log_gamma = log_gamma(accuracy)
        self._most = 1 + int(math.log(_MOST) / self._log_gamma)
        self._bins: dict[int, float] = {}
        self.weight = 0.0

    def add(self, value: float, weight: float = 1.0) -> None:
        """Count a number."""
        self.count(0 if value < 1 else 1 + int(math.log(value) / self._log_gamma), weight)

    def count(self, key: int, weight: float) -> None:
        """Count what lies in a bin."""
        key = min(key, self._most)
        self._bins[key] = self._bins.get(key, 0.0) + weight
        self.weight += weight

    def join(self, other: "Sketch", share: float = 1.0) -> None:
        """Count all that another has, each for `share` of its weight."""
        for key, weight in other._bins.items():
            self._bins[key] = self._bins.get(key, 0.0) + weight * share
        self.weight += other.weight * share

    def fade(self, factor: float) -> None:
        """Let all that was counted until now weigh that much of what it did."""
        self._bins = {key: left for key, weight in self._bins.items() if (left := weight * factor) >= _LEAST}
        self.weight = sum(self._bins.values())

    def quantile(self, q: float) -> float | None:
        """The number below which that share of the weight lies; None where nothing was counted."""
        if not self._bins:
            return None
        rest = q * self.weight
        key = 0
        for key in sorted(self._bins):
            rest -= self._bins[key]
            if rest <= 0:
                break
        return 0.0 if key == 0 else 2 * math.exp(key * self._log_gamma) / (math.exp(self._log_gamma) + 1)

    def to_bytes(self) -> bytes:
        """As `of_bytes` reads it."""
        return b"".join(_BIN.pack(key, weight) for key, weight in sorted(self._bins.items()))

    @classmethod
    def of_bytes(cls, data: bytes | None, accuracy: float = 0.02) -> "Sketch":
        """The sketch that was written so; an empty one of None."""
        sketch = cls(accuracy)
        for key, weight in _BIN.iter_unpack(data or b""):
            sketch._bins[key] = weight
        sketch.weight = sum(sketch._bins.values())
        return sketch
