"""Human speech for tests, and how far a transcript is from what was said."""

import re
import wave
from dataclasses import dataclass
from pathlib import Path

_FOLDER = Path(__file__).parent
_SAME = {"mr": "mister", "dr": "doctor", "mrs": "missus"}


@dataclass(frozen=True, slots=True)
class Clip:
    """PCM (s16le, mono, 16 kHz), and what is said in it."""

    name: str
    pcm: bytes
    said: str

    @property
    def seconds(self) -> float:
        return len(self.pcm) / 2 / 16_000


def read_wav(path: Path, rate: int = 16_000) -> bytes:
    """PCM of a file at that rate, mono."""
    with wave.open(str(path)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (rate, 1, 2)
        return file.readframes(file.getnframes())


def clips() -> list[Clip]:
    """All five, 25 seconds of one reader."""
    lines = (line.split(" ", 1) for line in (_FOLDER / "transcripts.txt").read_text().splitlines())
    return [Clip(name, read_wav(_FOLDER / f"{name}.wav"), said) for name, said in lines]


def words(text: str) -> list[str]:
    """Bare words, for comparing: small letters, no punctuation, hyphens as spaces."""
    bare = re.sub(r"[^\w\s']", " ", text.lower().replace("-", " "))
    return [_SAME.get(word, word) for word in bare.split()]


def errors(said: str, heard: str) -> int:
    """Words to be changed, added or left out to make one of the other (Levenshtein)."""
    left, right = words(said), words(heard)
    row = list(range(len(right) + 1))
    for place, word in enumerate(left, 1):
        before, row[0] = row[0], place
        for column, other in enumerate(right, 1):
            before, row[column] = row[column], min(row[column] + 1, row[column - 1] + 1, before + (word != other))
    return row[-1]
