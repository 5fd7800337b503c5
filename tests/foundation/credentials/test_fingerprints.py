"""Stored values are found in texts by keyed marks, in whatever form they stand there."""

import base64
import json
import re
import secrets
import time
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radiant.foundation.credentials.fingerprints import Fingerprinter, Marks, Print, replaced

KEY = Fingerprinter(bytes(range(32)))
VALUE = 's3cr3t/Pa+ss w"ord-ÄÖ-9f8e7d6c'
PEM = "-----BEGIN PRIVATE KEY-----\n" + "\n".join(
    base64.b64encode(secrets.token_bytes(48)).decode() for _ in range(20)
) + "\n-----END PRIVATE KEY-----\n"  # fmt: skip


def found(text: bytes, prints: list[Print]) -> list[tuple[int, int]]:
    known = Marks(each.mark for each in prints)
    return [
        (place.at, place.at + each.length)
        for place in KEY.places(text, known)
        for each in prints
        if each.mark == place.mark and KEY.digest(text[place.at : place.at + each.length]) == each.digest
    ]


@pytest.mark.parametrize(
    "shown",
    [
        VALUE.encode(),
        json.dumps({"password": VALUE}).encode(),
        json.dumps({"password": VALUE}, ensure_ascii=False).encode(),
        quote(VALUE, safe="").encode(),
        re.sub("%..", lambda match: match[0].lower(), quote(VALUE, safe="")).encode(),
        VALUE.encode().hex().encode(),
        VALUE.encode().hex().upper().encode(),
        base64.b64encode(VALUE.encode()),
        base64.urlsafe_b64encode(b"u:" + VALUE.encode()),
        base64.b64encode(b"user:" + VALUE.encode() + b"!"),
        base64.b64encode(b"a:" + VALUE.encode() + b"and more"),
    ],
)
def test_a_value_is_found_in_every_form(shown: bytes) -> None:
    prints = KEY.prints(VALUE.encode())
    text = b"x=" + shown + b"&y=2"
    spans = found(text, prints)
    assert spans
    cleaned = replaced(text, spans, b"[credential]")
    assert b"[credential]" in cleaned
    assert not found(cleaned, prints)


def test_a_line_of_a_key_is_found_and_its_frame_is_not() -> None:
    prints = KEY.prints(PEM.encode())
    assert found(b"loading " + PEM.splitlines()[5].encode() + b" failed", prints)
    assert not found(b"-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC", prints)
    assert len(prints) <= 64


@pytest.mark.parametrize("plain", [b"short", b"aaaaaaaaaaaa", b"", b"12121212"])
def test_what_is_too_plain_to_be_told_from_text_is_not_looked_for(plain: bytes) -> None:
    assert not [each for each in KEY.prints(plain) if each.form == "plain"]


@given(st.binary(min_size=8, max_size=400).filter(lambda value: len(set(value[:200])) > 6), st.binary(max_size=9))
def test_binary_values_are_found_in_base64_whatever_stands_before(value: bytes, before: bytes) -> None:
    assert found(base64.b64encode(before + value), KEY.prints(value))


@given(st.text(min_size=9, max_size=300))
def test_a_text_without_the_value_holds_none(text: str) -> None:
    assert VALUE in text or not found(text.encode(), KEY.prints(VALUE.encode()))


def test_prints_tell_nothing_without_the_key() -> None:
    other = Fingerprinter(bytes(32))
    assert not {each.digest for each in KEY.prints(VALUE.encode())} & {
        each.digest for each in other.prints(VALUE.encode())
    }
    assert all(each.mark < 2**24 and len(each.digest) == 16 for each in KEY.prints(VALUE.encode()))


def test_looking_is_linear_in_the_text() -> None:
    known = Marks(each.mark for number in range(300) for each in KEY.prints(f"value number {number} of many".encode()))
    text = b"the quick brown fox jumps over the lazy dog, said 4711. " * 4000

    def seconds(part: bytes) -> float:
        began = time.process_time()
        KEY.places(part, known)
        return time.process_time() - began

    small, large = min(seconds(text[:22_400]) for _ in range(5)), min(seconds(text) for _ in range(5))
    assert large < 40 * small + 0.01
