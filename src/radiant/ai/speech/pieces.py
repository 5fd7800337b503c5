"""A long recording in pieces that are heard one by one: cut where nobody speaks, so that no word is in two of them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from radiant.ai.speech.media import wav_header
from radiant.ai.speech.speech import HEARD_RATE, Sound, Word

PIECE_MS = 90_000
"""How much of a recording is heard at once, about."""
_LOOK_BACK = 20.0
_DIP = 0.4
# Of 32767: below it there is not even noise.
_NOTHING = 24
_PER_MS = HEARD_RATE // 1000


def dip(pcm: Path, limit: float) -> float:
    """The middle of the quietest moment in the last seconds before `limit`, where no word is cut in two."""
    import numpy as np

    first = int((limit - _LOOK_BACK) * HEARD_RATE)
    sound: Any = np.fromfile(pcm, dtype="<i2", offset=first * 2, count=int(_LOOK_BACK * HEARD_RATE))
    power = np.abs(sound.astype(np.float32))
    width = int(_DIP * HEARD_RATE)
    sums = np.concatenate([[0.0], np.cumsum(power, dtype=np.float64)])
    quietest = int(np.argmin(sums[width:] - sums[:-width]))
    return (first + quietest + width // 2) / HEARD_RATE


def next_end(pcm: Path, start_ms: int, total_ms: int, piece_ms: int) -> int:
    """Where the piece that begins at `start_ms` ends: the same whenever it is asked, so that work can be taken up."""
    if total_ms - start_ms <= piece_ms:
        return total_ms
    return max(start_ms + 1000, round(dip(pcm, (start_ms + piece_ms) / 1000) * 1000))


def piece(pcm: Path, start_ms: int, end_ms: int, folder: Path) -> Sound | None:
    """That piece as a recording of its own, in files of `folder` that the next one overwrites; None where it is silent."""
    import numpy as np

    first = start_ms * _PER_MS
    sound: Any = np.fromfile(pcm, dtype="<i2", offset=first * 2, count=end_ms * _PER_MS - first)
    if not sound.size or int(np.abs(sound.astype(np.int32)).max()) < _NOTHING:
        return None
    data = sound.tobytes()
    raw, file = folder / "piece.pcm", folder / "piece.wav"
    raw.write_bytes(data)
    file.write_bytes(wav_header(HEARD_RATE, int(sound.size)) + data)
    return Sound(original=file, media_type="audio/wav", pcm=raw, duration=sound.size / HEARD_RATE)


def later(words: Sequence[Word], by: float) -> list[Word]:
    """The same words, that many seconds later."""
    import msgspec

    return [
        msgspec.structs.replace(word, start=round(word.start + by, 3), end=round(word.end + by, 3)) for word in words
    ]
