"""What goes over the sockets of rooms, in bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radiant.workspace.collaboration import wire
from radiant.workspace.collaboration.wire import Malformed, Presence

NUMBERS = st.integers(0, 2**53)
PRESENCES = st.lists(st.builds(Presence, NUMBERS, NUMBERS, st.binary(max_size=50)), max_size=8)


@given(NUMBERS, st.binary(max_size=10))
def test_a_number_is_read_as_it_was_written(value: int, before: bytes) -> None:
    written = wire.uint(value)
    assert wire.read_uint(before + written + b"\x80", len(before)) == (value, len(before) + len(written))


@given(st.text())
def test_a_text_is_counted_in_bytes(text: str) -> None:
    written = wire.string(text)
    assert wire.read_string(written, 0) == (text, len(written))
    assert wire.read_uint(written, 0)[0] == len(text.encode())


@given(PRESENCES)
def test_presences_are_read_as_they_were_written(said: list[Presence]) -> None:
    assert wire.read_awareness(wire.awareness(said), 1) == said


@given(st.binary(max_size=200))
def test_whatever_comes_is_read_or_malformed(data: bytes) -> None:
    for read in (wire.read_uint, wire.read_chunk, wire.read_string, wire.read_awareness):
        try:
            read(data, 0)
        except Malformed as error:
            assert str(error)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "does not end"), (b"\x80\x80", "does not end"), (b"\xff" * 12 + b"\x01", "past"),
        (b"\x05abc", "5 bytes are announced and 3 are there"),
    ],
)  # fmt: skip
def test_what_is_malformed_is_told_in_words(data: bytes, says: str) -> None:
    with pytest.raises(Malformed, match=says):
        wire.read_chunk(data, 0)


def test_a_count_that_cannot_be_is_refused_before_anything_is_made() -> None:
    with pytest.raises(Malformed, match="announced"):
        wire.read_awareness(wire.chunk(wire.uint(2**40)), 0)


@pytest.mark.parametrize(
    ("state", "fits"),
    [(b"null", True), (b'{"user":{}}', True), (b"[]", False), (b"1", False), (b"{", False), (b"[" * 2000, False)],
)
def test_a_presence_is_an_object_or_nothing(state: bytes, fits: bool) -> None:
    assert wire.is_object(state) is fits


@pytest.mark.parametrize("size", [0, 125, 126, 65535, 65536])
def test_a_frame_says_how_long_it_is(size: int) -> None:
    made = wire.frame(b"x" * size)
    assert made[0] == 0x82
    head = 2 if size < 126 else 4 if size < 65536 else 10
    assert len(made) == head + size
    if head > 2:
        assert int.from_bytes(made[2:head], "big") == size
