"""Sound of the telephone: companded to 8 bits a sample. ITU-T G.711."""

from collections.abc import Callable
from typing import Any, Literal, TypeAlias

Codec: TypeAlias = Literal["ulaw", "alaw"]


def expander(codec: Codec) -> Callable[[bytes], bytes]:
    """A function that makes PCM (s16le) of companded samples, one byte each."""
    import numpy as np

    codes = np.arange(256)
    if codec == "ulaw":
        codes = ~codes & 0xFF
        magnitude = (((codes & 0x0F) << 3) + 0x84 << ((codes >> 4) & 7)) - 0x84
        positive = codes & 0x80 == 0
    else:
        codes = codes ^ 0x55
        segment, step = (codes >> 4) & 7, (codes & 0x0F) << 4
        magnitude = np.where(segment == 0, step + 8, (step + 0x108) << np.maximum(segment - 1, 0))
        positive = codes & 0x80 != 0
    table: Any = np.where(positive, magnitude, -magnitude).astype("<i2")

    def expand(data: bytes) -> bytes:
        return table[np.frombuffer(data, dtype=np.uint8)].tobytes()

    return expand
