"""What was heard, as subtitles."""

import itertools
import re

from hypothesis import given
from hypothesis import strategies as st

from radiant.ai.speech.captions import cues, srt, vtt
from radiant.ai.speech.speech import Transcript, Word


def spoken(text: str, *, pace: float = 0.4, start: float = 0.0, speaker: int | None = None) -> list[Word]:
    return [
        Word(word=word.strip(".,").lower(), shown=word, start=start + at * pace, end=start + at * pace + pace * 0.9,
             speaker=speaker)
        for at, word in enumerate(text.split())
    ]  # fmt: skip


def heard(words: list[Word]) -> Transcript:
    return Transcript(text=" ".join(word.shown or word.word for word in words), words=words, duration=60.0)


def test_a_sentence_is_a_cue_with_its_own_times():
    words = spoken("It was the best of times. It was the worst of times.")
    assert srt(heard(words)) == (
        "1\n00:00:00,000 --> 00:00:02,360\nIt was the best of times.\n\n"
        "2\n00:00:02,400 --> 00:00:04,760\nIt was the worst of times.\n"
    )


def test_vtt_has_its_head_and_its_points():
    written = vtt(heard(spoken("Good morning.", start=3_600.5)))
    assert written == "WEBVTT\n\n01:00:00.500 --> 01:00:01.260\nGood morning.\n"


def test_a_pause_and_another_speaker_begin_a_new_cue():
    words = [*spoken("Hello", speaker=0), *spoken("there", start=3.0, speaker=0), *spoken("Hi", start=3.4, speaker=1)]
    assert [cue.lines for cue in cues(heard(words))] == [["Hello"], ["there"], ["Hi"]]
    assert "<v Speaker 2>Hi" in vtt(heard(words))


def test_a_long_speech_without_a_stop_is_cut_into_cues_that_can_be_read():
    found = cues(heard(spoken("word " * 200)))
    assert all(len(cue.lines) <= 2 and max(map(len, cue.lines)) <= 46 for cue in found)
    assert all(cue.end - cue.start <= 7.5 for cue in found)


def test_what_looks_like_markup_or_an_arrow_breaks_nothing():
    words = spoken("<script> & --> 00:00:00")
    assert "&lt;script&gt; &amp; --&gt; 00:00:00" in vtt(heard(words))
    assert srt(heard(words)).count("-->") == 1


def test_lines_within_a_word_do_not_end_a_cue():
    words = [Word(word="a", shown="one\n\n2\n00:00:09,000 --> 00:00:10,000\nforged", start=0.0, end=1.0)]
    assert srt(heard(words)).count("\n\n") == 0


def test_a_text_without_times_is_one_cue_and_silence_is_none():
    assert vtt(Transcript(text="Only text", duration=4.0)).endswith("00:00:00.000 --> 00:00:04.000\nOnly text\n")
    assert cues(Transcript(text="  ")) == []
    assert vtt(Transcript(text="")) == "WEBVTT\n"


@given(st.lists(st.tuples(st.text(max_size=12), st.floats(0, 100), st.floats(0, 5)), max_size=30))
def test_whatever_the_words_cues_stand_in_order_and_do_not_overlap(given_words: list[tuple[str, float, float]]):
    words = [Word(word=text, start=start, end=start + length) for text, start, length in given_words]
    found = cues(Transcript(text="", words=words))
    assert all(cue.start <= cue.end for cue in found)
    assert all(before.end <= after.start for before, after in itertools.pairwise(found))
    assert len(re.findall("-->", srt(Transcript(text="", words=words)))) == len(found)
