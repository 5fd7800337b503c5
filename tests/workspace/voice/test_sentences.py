"""From an answer as it streams to what is said, and back from what was played to what was heard."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radiant.workspace.voice.sentences import Piece, Sentences, heard_of, is_echo, speakable


def pieces(text: str, at_once: int = 1) -> list[str]:
    """The pieces of a text that comes so many characters at once."""
    split = Sentences()
    found = [piece for at in range(0, len(text), at_once) for piece in split.feed(text[at : at + at_once])]
    return [piece.text for piece in found + split.end()]


@pytest.mark.parametrize(("text", "said"), [
    ("Hello there. How are you?", ["Hello there.", "How are you?"]),
    ("Well, that is fine, and so is this. Good.", ["Well, that is fine,", "and so is this.", "Good."]),
    ("Dr. Brown paid $5.20 at 10:30. He left.", ["Dr. Brown paid $5.20 at 10:30.", "He left."]),
    ("- one\n- two\n1. three", ["one", "two", "three"]),
    ("# Title\nText `x` and **bold** [link](https://e.org/a.b).", ["Title", "Text x and bold link."]),
    ("See https://example.com/a.b?c=d now.", ["See now."]),
    ("Before.\n```py\nx = 1. \ny\n```\nAfter.", ["Before.", "After."]),
    ("Before. ```x = 1```", ["Before."]),
    ("| a | b |\n|---|---|\n| 1 | 2 |", ["a, b", "1, 2"]),
    ("你好。再见！", ["你好。", "再见！"]),
    ("Great 🎉!", ["Great !"]),
    ("", []), ("...", []), ("```never closed. Really.", []),
])  # fmt: skip
@pytest.mark.parametrize("at_once", [1, 3, 1000])
def test_an_answer_is_said_in_sentences_without_its_marks(text: str, said: list[str], at_once: int) -> None:
    assert pieces(text, at_once) == said


def test_a_long_sentence_is_cut_at_a_clause_or_behind_a_word() -> None:
    found = pieces("word " * 200)
    assert max(map(len, found)) <= 240
    assert " ".join(found) == ("word " * 200).strip()


@given(st.text(alphabet="ab ,.!?\n`#*[]()|-1é你。", max_size=400), st.integers(1, 50))
def test_however_it_comes_the_same_is_kept_in_order_and_it_ends(text: str, at_once: int) -> None:
    split = Sentences()
    found = [piece for at in range(0, len(text), at_once) for piece in split.feed(text[at : at + at_once])]
    found += split.end()
    assert split.text == text
    ends = [place for piece in found for place in (piece.start, piece.end)]
    assert ends == sorted(ends)
    assert all(piece.text == speakable(text[piece.start : piece.end]) for piece in found)


def test_what_was_heard_is_whole_words_and_never_more() -> None:
    answer = "One two three. **Four** five six."
    said = [Piece(0, 14, "One two three.", 1400, True), Piece(15, 33, "Four five six.", 1400, True)]
    assert heard_of(answer, said, 0) == ""
    assert heard_of(answer, said, 699) == "One"
    assert heard_of(answer, said, 1400) == "One two three."
    assert heard_of(answer, said, 1400 + 1300) == "One two three. Four five"
    assert heard_of(answer, said, 2800) == answer
    # Of a sentence that is still being made, less is heard than its sound so far would say.
    said[1] = Piece(15, 33, "Four five six.", 100)
    assert heard_of(answer, said, 1500) == "One two three."


@given(st.floats(0, 5000), st.floats(0, 5000))
def test_who_hears_longer_hears_no_less(one: float, other: float) -> None:
    answer = "One two three. Four five six. Seven."
    said = [Piece(0, 14, "One two three.", 1400, True), Piece(15, 29, "Four five six.", 900, True)]
    shorter, longer = sorted((one, other))
    assert heard_of(answer, said, longer).startswith(heard_of(answer, said, shorter))


@pytest.mark.parametrize(("heard", "echo"), [
    ("the sky is blue", True), ("The sky is, blue today.", True), ("blue", True), ("sky is grey today I think", False),
    ("stop please", False), ("no wait", False), ("", False), ("is the sky blue over there", False),
])  # fmt: skip
def test_an_echo_repeats_what_is_said(heard: str, echo: bool) -> None:
    assert is_echo(heard, "Good morning. The sky is blue today.") is echo
