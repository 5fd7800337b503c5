"""Who speaks when, told from the sound of people."""

import random
from array import array

from radiant.ai.speech.voice_activity import FRAME, Turned, VoiceActivity
from tests.kit.speech import clips

SECOND = bytes(32_000)


def turns(sound: bytes, piece: int = 3_200, **how: float) -> list[Turned]:
    voice = VoiceActivity(**how)
    return [
        judged.turned
        for start in range(0, len(sound), piece)
        for judged in voice.feed(sound[start : start + piece])
        if judged.turned is not None
    ]


def test_speech_begins_and_ends_where_somebody_speaks():
    clip = clips()[3]
    found = turns(SECOND + clip.pcm + SECOND, end_silence=0.7)
    assert [turned.speaking for turned in found] == [True, False]
    assert 0.9 < found[0].at < 2.0
    assert clip.seconds - 0.5 < found[1].at < clip.seconds + 1.3


def test_a_shorter_pause_ends_it_sooner():
    clip = clips()[0]
    sound = SECOND + clip.pcm + SECOND
    assert len(turns(sound, end_silence=0.1)) >= len(turns(sound, end_silence=1.0)) == 2


def test_the_pieces_do_not_matter():
    sound = SECOND + clips()[1].pcm + SECOND
    assert turns(sound, 200) == turns(sound, 50_000) == turns(sound, 3_201)


def test_silence_and_noise_are_nobody():
    noise = array("h", [random.Random(3).randint(-300, 300) for _ in range(FRAME)]).tobytes() * 100
    assert turns(SECOND * 3) == []
    assert turns(noise) == []


def test_it_keeps_less_than_a_frame():
    voice = VoiceActivity()
    for _ in range(50):
        list(voice.feed(bytes(1_000)))
    assert len(voice._rest) < FRAME * 2
