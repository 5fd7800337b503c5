"""A stream of PCM at any rate, made into one at the rate that models here hear."""

from typing import Any

from radiant.ai.speech.speech import HEARD_RATE

LOWEST, HIGHEST = 8_000, 48_000
_TAPS = 63


class Resampler:
    """PCM (s16le, mono) at `rate` -> the same at HEARD_RATE, piece by piece without clicks between them.

    What the new rate cannot hold is filtered out first; in between it is interpolated, which is exact enough for
    speech below the filter. Raises ValueError for a rate that is not within LOWEST and HIGHEST.
    """

    def __init__(self, rate: int) -> None:
        import numpy as np

        if not LOWEST <= rate <= HIGHEST:
            raise ValueError(f"rate: from {LOWEST} to {HIGHEST}, and not {rate}")
        self._numpy: Any = np
        self._step = rate / HEARD_RATE
        self._odd = b""
        self._kernel: Any = None
        if rate > HEARD_RATE:
            places = np.arange(_TAPS) - _TAPS // 2
            kernel = np.sinc(places * 0.9 / self._step) * np.hamming(_TAPS)
            self._kernel = kernel / kernel.sum()
        self._history: Any = np.zeros(_TAPS - 1 if self._kernel is not None else 0)
        self._before = 0.0
        # Where the next sample lies, counted from the sample before this piece.
        self._at = 1.0

    def feed(self, pcm: bytes) -> bytes:
        """What the next piece, of any size, adds."""
        np = self._numpy
        data, self._odd = self._odd + pcm, b""
        if len(data) % 2:
            data, self._odd = data[:-1], data[-1:]
        if self._step == 1.0 or not data:
            return data
        samples = np.frombuffer(data, dtype="<i2").astype(np.float64)
        if self._kernel is not None:
            whole = np.concatenate([self._history, samples])
            self._history = whole[-(_TAPS - 1) :]
            samples = np.convolve(whole, self._kernel, mode="valid")
        line = np.concatenate([[self._before], samples])
        places = np.arange(self._at, len(line) - 1 + 1e-9, self._step)
        made = np.interp(places, np.arange(len(line)), line)
        following = self._at + len(places) * self._step
        self._at, self._before = following - (len(line) - 1), float(line[-1])
        return np.clip(np.rint(made), -32768, 32767).astype("<i2").tobytes()
