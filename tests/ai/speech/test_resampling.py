"""PCM at any rate becomes PCM at 16 kHz, whatever the pieces."""

import math
import random
from array import array

import pytest

from radiant.ai.speech.resampling import Resampler


def tone(hertz: float, rate: int, seconds: float = 0.5) -> bytes:
    steps = range(int(rate * seconds))
    return array("h", [round(10_000 * math.sin(2 * math.pi * hertz * step / rate)) for step in steps]).tobytes()


def power(pcm: bytes, hertz: float, rate: int = 16_000) -> float:
    """How much of that tone is in it: 1 for all of `tone`'s."""
    samples = array("h", pcm)[400:-400]
    turn = [2 * math.pi * hertz * place / rate for place in range(len(samples))]
    sine = sum(s * math.sin(t) for s, t in zip(samples, turn, strict=True))
    cosine = sum(s * math.cos(t) for s, t in zip(samples, turn, strict=True))
    return 2 * math.hypot(sine, cosine) / len(samples) / 10_000


@pytest.mark.parametrize("rate", [8_000, 11_025, 16_000, 22_050, 24_000, 44_100, 48_000])
def test_f21_4_a_tone_stays_the_same_at_every_rate(rate: int):
    made = Resampler(rate).feed(tone(1_000, rate))
    assert len(made) / 2 == pytest.approx(8_000, abs=4)
    assert power(made, 1_000) == pytest.approx(1.0, abs=0.12)


def test_what_the_lower_rate_cannot_hold_does_not_come_back_as_another_tone():
    made = Resampler(48_000).feed(tone(11_000, 48_000))
    assert power(made, 5_000) < 0.02


@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100])
def test_pieces_of_any_size_make_the_same_sound(rate: int):
    sound = tone(700, rate)
    whole = Resampler(rate).feed(sound)
    resampler, made, at, choose = Resampler(rate), b"", 0, random.Random(7)
    while at < len(sound):
        size = choose.choice([1, 2, 3, 7, 640, 1999])
        made += resampler.feed(sound[at : at + size])
        at += size
    assert len(made) == len(whole)
    assert max(abs(a - b) for a, b in zip(array("h", made), array("h", whole), strict=True)) <= 1


@pytest.mark.parametrize("rate", [0, 7_999, 96_000])
def test_other_rates_are_refused(rate: int):
    with pytest.raises(ValueError, match="rate"):
        Resampler(rate)
