"""What is said in one go, and how it is written out for the voice."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radiant.ai.serving.espeak import speakable
from radiant.ai.serving.phrases import FIRST_WORDS, MOST_CHARACTERS, phrases_of


def said(text: str) -> list[str]:
    return [phrase.text for phrase in phrases_of(text)]


def test_the_first_phrase_is_short_and_the_others_are_sentences():
    text = (
        "The answer to this question is longer than anybody would like to wait for. It has a second sentence. And more!"
    )
    first, second, *others = said(text)
    assert len(first.split()) <= FIRST_WORDS
    assert second.endswith("wait for.")
    assert others == ["It has a second sentence.", "And more!"]


def test_it_is_cut_where_one_pauses():
    assert said("Well, of course this is a rather long sentence to begin with.")[0] == "Well, of course this"
    assert said("In the beginning, there was nothing but a command line and a cursor.")[0] == "In the beginning,"


@pytest.mark.parametrize(
    "text",
    [
        "Dr. Brown met Mrs. Jones.", "Mr. J. Smith left.", "It costs 3.14 or 1,000.50 now.", "See e.g. this one.",
        "We left at 5 p.m. on foot.", "No. 5 is alive.",
    ],
)  # fmt: skip
def test_a_point_that_ends_nothing_cuts_nothing(text: str):
    assert said(text) == [text]


def test_lines_are_sentences_and_a_long_one_is_cut_between_words():
    assert said("One\nTwo\n\nThree") == ["One", "Two", "Three"]
    long = said("word " * 200)
    assert all(len(piece) <= MOST_CHARACTERS and not piece.startswith("ord") for piece in long)


@given(st.text(alphabet=st.sampled_from("ab. ,;:!?…\n\"'(—。1é"), max_size=600))
def test_nothing_is_lost_said_twice_or_too_long(text: str):
    phrases = phrases_of(text)
    at = 0
    for phrase in phrases:
        assert not text[at : phrase.start].strip()
        assert phrase.text == text[phrase.start : phrase.end] != ""
        assert len(phrase.text) <= MOST_CHARACTERS
        at = phrase.end
    assert not text[at:].strip()


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("It cost $5.20.", "It cost 5 dollars and 20 cents."),
        ("€1 or £2.01?", "1 euro or 2 pounds and 1 penny?"),
        ("$3.50 million", "3.50 million dollars"),
        ("at 10:30 and 9:05 and 8:00", "at 10 30 and 9 oh 5 and 8"),
        ("Dr. Brown vs. Mr. White", "doctor Brown versus mister White"),
        ("St. Paul lives in Baker St.", "Saint Paul lives in Baker street."),
        ("No. 5? No.", "number 5? No."),
        ("**bold** `code` 👍🏽 \x00end", "bold code end"),
        ("1.2.3 and 12:34:56", "1.2.3 and 12:34:56"),
        ("👍", ""),
    ],
)
def test_what_is_written_short_is_said_long(written: str, spoken: str):
    assert speakable(written) == spoken
