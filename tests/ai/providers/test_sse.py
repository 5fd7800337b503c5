"""Bytes -> events, however they are cut."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radiant.ai.providers.sse import SseEvent, SseParser, SseTooLarge


def parse(*chunks: bytes, max_bytes: int = 2**20) -> list[SseEvent]:
    parser = SseParser(max_bytes=max_bytes)
    return [event for chunk in chunks for event in parser.feed(chunk)]


def test_events_are_told_apart_by_blank_lines_and_named_by_their_event_field():
    assert parse(b"event: a\ndata: 1\n\ndata:2\n\n") == [SseEvent("a", b"1"), SseEvent("", b"2")]


def test_several_data_lines_are_joined_and_one_leading_space_is_dropped():
    assert parse(b"data:  x\ndata: y\ndata\n\n") == [SseEvent("", b" x\ny\n")]


def test_comments_unknown_fields_and_a_byte_order_mark_mean_nothing():
    assert parse(b"\xef\xbb\xbfdata: 1\n: ping\nid: 7\nretry: 5\nother: z\n\n") == [SseEvent("", b"1")]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_all_three_line_ends_are_understood(end: bytes):
    assert parse(b"event: a", end, b"data: 1", end, end, b"data: 2", end, end) == [
        SseEvent("a", b"1"),
        SseEvent("", b"2"),
    ]


def test_an_event_without_data_or_without_its_blank_line_is_no_event():
    assert parse(b"event: a\n\n", b"data: 1\n") == []


def test_a_line_or_an_event_without_end_is_refused_before_it_fills_the_memory():
    with pytest.raises(SseTooLarge):
        parse(*[b"data: " + b"x" * 50] * 10, max_bytes=100)
    with pytest.raises(SseTooLarge):
        parse(*[b"data: " + b"x" * 50 + b"\n"] * 10, max_bytes=100)


line = st.one_of(
    st.binary(max_size=12).filter(lambda raw: b"\r" not in raw and b"\n" not in raw),
    st.sampled_from([b"data: x", b"data:", b"data: {}", b"event: e", b": c", b"", b"", b"id: 1"]),
)


@given(
    lines=st.lists(line, max_size=20),
    ends=st.lists(st.sampled_from([b"\n", b"\r\n", b"\r"]), min_size=20, max_size=20),
    cuts=st.lists(st.integers(0, 400), max_size=30),
)
def test_any_cutting_of_the_same_bytes_gives_the_same_events(lines: list[bytes], ends: list[bytes], cuts: list[int]):
    stream = b"".join(text + end for text, end in zip(lines, ends, strict=False))
    places = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    pieces = [stream[start:stop] for start, stop in pairwise(places)]
    whole = parse(stream)
    assert parse(*pieces) == whole
    assert parse(*(bytes([byte]) for byte in stream)) == whole
