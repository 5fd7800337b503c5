"""Error answers in the many shapes that vendors give them."""

import email.utils
import time
from typing import Any

import msgspec
import pytest

from radiant.ai.providers.errors import UpstreamBroken, UpstreamOverloaded, UpstreamRateLimited
from radiant.ai.providers.failures import failure_in_stream, failure_of
from radiant.ai.providers.health import LIMITED_REST
from radiant.ai.providers.provider import Connection, Secret
from radiant.ai.providers.retry import LONGEST_WAIT, wait_before

KEY = "sk-0123456789abcdef"
CONNECTION = Connection("somebody", "https://example.com/v1", Secret(KEY))


@pytest.mark.parametrize(
    "document",
    [
        {"error": {"message": "too hot", "type": "invalid_request_error"}},
        {"error": "too hot"},
        {"code": "bad", "error": "too hot"},
        {"object": "error", "message": "too hot", "code": 400},
        {"detail": "too hot"},
        [{"error": {"message": "too hot", "code": 400}}],
        "too hot",
    ],
)
def test_a_vendors_words_are_found_wherever_it_puts_them(document: Any):
    error = failure_of(CONNECTION, 400, {}, msgspec.json.encode(document))
    assert error.detail == "somebody cannot take this request: too hot"


@pytest.mark.parametrize("body", [b"", b"<html>", b"\xff\xfe", b"[]", b"{}", b'{"error": null}', b"17"])
def test_an_answer_without_words_is_still_an_error(body: bytes):
    assert failure_of(CONNECTION, 400, {}, body).detail == "somebody cannot take this request (HTTP 400)"


def test_a_key_that_a_vendor_quotes_is_struck_out_and_long_words_are_cut():
    error = failure_of(CONNECTION, 400, {}, msgspec.json.encode({"error": {"message": f"bad {KEY} " + "x " * 1000}}))
    assert KEY not in error.detail
    assert len(error.detail) < 600


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7.0),
        ({"retry-after": "0.25"}, 0.25),
        ({"retry-after-ms": "1500", "Retry-After": "2"}, 1.5),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "-4"}, None),
        ({"Retry-After": "99999999"}, None),
        ({}, None),
    ],
)
def test_retry_after_is_read_in_seconds_or_not_at_all(headers: dict[str, str], seconds: float | None):
    assert failure_of(CONNECTION, 429, headers, b"").retry_after == seconds


def test_retry_after_may_be_a_date():
    headers = {"Retry-After": email.utils.formatdate(time.time() + 30, usegmt=True)}
    retry_after = failure_of(CONNECTION, 429, headers, b"").retry_after
    assert retry_after is not None
    assert 27 < retry_after <= 31


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        ({"type": "overloaded_error"}, UpstreamOverloaded),
        ({"type": "rate_limit_error"}, UpstreamRateLimited),
        ({"code": "rate_limit_exceeded"}, UpstreamRateLimited),
        ({"code": 503}, UpstreamOverloaded),
        ({"code": 17}, UpstreamBroken),
        ("it broke", UpstreamBroken),
    ],
)
def test_an_error_in_mid_stream_says_by_itself_what_it_is(error: Any, expected: type[Exception]):
    assert type(failure_in_stream(CONNECTION, {"error": error})) is expected


def test_waits_grow_are_spread_and_end():
    error = UpstreamBroken("x", provider="p")
    assert [wait_before(retry, error, lambda: 1.0) for retry in range(3)] == [0.5, 1.0, None]
    assert wait_before(0, error, lambda: 0.0) == 0.25
    assert wait_before(0, error, retries=0) is None
    patient = UpstreamRateLimited("x", provider="p", retry_after=LONGEST_WAIT)
    assert wait_before(0, patient, lambda: 0.0) == LONGEST_WAIT
    assert wait_before(0, UpstreamRateLimited("x", provider="p", retry_after=LONGEST_WAIT + 1)) is None
    assert wait_before(0, UpstreamRateLimited("x", provider="p"), lambda: 0.0) == LIMITED_REST
