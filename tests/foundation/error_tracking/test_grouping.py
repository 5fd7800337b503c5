"""Which errors are the same one, and what is left of a message in its template."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radiant.foundation.error_tracking.grouping import VERSION, group, template_of
from radiant.foundation.error_tracking.occurrence import Frame, Occurrence, Raised
from radiant.foundation.error_tracking.reports import frames_of_text
from radiant.kit.ids import uuid7


@pytest.mark.parametrize(
    ("message", "template"),
    [
        ("user 17 of 4 is gone", "user <num> of <num> is gone"), ("took 12ms, 3.5 s, -7", "took <num>ms, <num> s, <num>"),
        ("http2 and v2 stay, utf8 too", "http2 and v2 stay, utf8 too"), ("at 0xDEADbeef", "at <hex>"),
        ("commit 9f86d081884c7d65", "commit <hex>"), ("the facade decade", "the facade decade"),
        ("01a204fa-5bf7-74a5-889a-d39cb4a4b580 is gone", "<uuid> is gone"), ("on 2026-11-26T20:30:00.123Z", "on <date>"),
        ("at 20:30:26 of 1/12/2026", "at <date> of <date>"), ("Thu, 26 Nov 2026 20:30:26 GMT", "<date>"),
        ("from 10.0.0.7:5432 and ::1", "from <ip> and <ip>"), ("from fe80::1ff:fe23:4567:890a", "from <ip>"),
        ("mail of a.b@example.org", "mail of <email>"), ("GET https://h/a?b=1 failed", "GET <url> failed"),
        ("no 'Alice' in \"Wonder land\"", "no <str> in <str>"), ("it doesn't, don't", "it doesn't, don't"),
        ("job req_01a219a8b9c7 failed", "job <id> failed"), ("a\n  b\t c", "a b c"), ("[EMAIL] wrote", "<taken> wrote"),
    ],
)  # fmt: skip
def test_values_are_taken_out_and_words_stay(message: str, template: str) -> None:
    assert template_of(message) == template


@given(st.text(max_size=300))
def test_a_template_of_a_template_is_itself_and_is_bounded(message: str) -> None:
    once = template_of(message)
    assert len(once) <= 1000
    assert template_of(once) == once or "<" in message or any(mark in message for mark in "'\"`[")


@given(st.integers(min_value=0), st.integers(min_value=0))
def test_numbers_tell_nothing_apart(one: int, other: int) -> None:
    assert template_of(f"user {one} is gone") == template_of(f"user {other} is gone")


def key_of(
    message: str = "m", frames: list[Frame] | None = None, kind: str = "E", given: list[str] | None = None
) -> bytes:
    kept = Occurrence(
        id=uuid7(), at=0.0, message=message, type=kind, given_fingerprint=given or [],
        chain=[Raised(type=kind, message=message, frames=frames)] if frames is not None else [],
    )  # fmt: skip
    group(kept)
    assert (kept.grouping_version, len(kept.fingerprint)) == (VERSION, 32)
    return kept.fingerprint


def frame(function: str, number: int = 1, line: str = "x()", *, own: bool = True, file: str = "") -> Frame:
    return Frame(function=function, module="" if file else "shop.cart", file=file, number=number, line=line, in_app=own)


def test_line_numbers_messages_and_libraries_tell_nothing_apart_where_there_is_a_stack() -> None:
    here = key_of("a", [frame("library", own=False), frame("pay")])
    assert key_of("b", [frame("another library", own=False), frame("pay", 99)]) == here
    assert key_of("a", [frame("pay"), frame("refund")]) != here
    assert key_of("a", [frame("pay", line="y()")]) != here
    assert key_of("a", [frame("pay")], kind="F") != here


def test_libraries_alone_tell_where_the_program_has_no_frame_and_recursion_counts_once() -> None:
    assert key_of("a", [frame("f", own=False)]) != key_of("a", [frame("g", own=False)])
    assert key_of("a", [frame("f")] * 3) == key_of("a", [frame("f")] * 50)


def test_without_a_stack_the_message_tells() -> None:
    assert key_of("user 1 is gone", []) == key_of("user 2 is gone", [])
    assert key_of("user 1 is gone") == key_of("user 2 is gone")
    assert key_of("user 1 is gone") != key_of("disk full")


def test_a_bundles_hash_in_a_files_name_tells_nothing_apart() -> None:
    one = key_of("a", [frame("f", file="https://h/assets/chat-AbCd1234.js")])
    assert key_of("a", [frame("f", file="https://h/assets/chat-XyZw9876.js")]) == one
    assert key_of("a", [frame("f", file="https://h/assets/shop-XyZw9876.js")]) != one


def test_what_the_client_says_goes_before_and_default_stands_for_what_it_would_be() -> None:
    frames = [frame("f")]
    assert key_of("a", frames, given=["cart"]) == key_of("b", [frame("g")], given=["cart"])
    assert key_of("a", frames, given=["{{ default }}"]) == key_of("a", frames)
    assert key_of("a", frames, given=["{{ default }}", "x"]) != key_of("a", frames)
    assert key_of("a", frames, given=["{{default}}", "x"]) == key_of("b", frames, given=["{{ default }}", "x"])


def test_stacks_are_read_as_browsers_write_them() -> None:
    chrome = (
        "TypeError: x\n    at walk (https://h/assets/a.js:10:20)\n    at async https://h/b.js:1:2\n    at <anonymous>"
    )
    firefox = "walk@https://h/assets/a.js:10:20\n@https://h/b.js:1:2\n"
    for text in (chrome, firefox):
        frames = frames_of_text(text)
        last = frames[-1]
        assert (last.function, last.file, last.number, last.column) == ("walk", "https://h/assets/a.js", 10, 20)
        assert last.in_app
    assert frames_of_text("no stack at all") == []
