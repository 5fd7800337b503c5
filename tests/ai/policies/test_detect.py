"""What is found in a text and, as much, what is not."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radiant.kit import checks
from radiant.kit.detect import PII_TYPES, Finding, pii, secrets, settled

find_pii = pii(PII_TYPES)


def found(text: str) -> list[tuple[str, str]]:
    return [(each.label, text[each.start : each.end]) for each in find_pii(text)]


@pytest.mark.parametrize(
    ("label", "value"),
    [
        ("EMAIL", "ada.lovelace+x@mail.example.co.uk"),
        ("EMAIL", "a@b.io"),
        ("PHONE", "+49 30 901820"),
        ("PHONE", "+1 (415) 555-2671"),
        ("PHONE", "(030) 901-8200"),
        ("PHONE", "415-555-2671"),
        ("PHONE", "+33123456789"),
        ("IBAN", "DE89370400440532013000"),
        ("IBAN", "GB29 NWBK 6016 1331 9268 19"),
        ("IBAN", "FR14 2004 1010 0505 0001 3M02 606"),
        ("CARD", "4111 1111 1111 1111"),
        ("CARD", "378282246310005"),
        ("CARD", "5555-5555-5555-4444"),
        ("IP", "192.168.17.254"),
        ("IP", "2001:db8::8a2e:370:7334"),
        ("ID", "536-22-1234"),
        ("ID", "QQ 12 34 56 C".replace("QQ", "AB")),
        ("ID", "86095742719"),
        ("ID", "1 85 05 78 006 084 91"),
        ("ID", "12345678Z"),
        ("ID", "X1234567L"),
        ("ID", "RSSMRA85T10A562S"),
        ("ID", "44051401359"),
    ],
)
def test_each_kind_is_found_alone_in_brackets_and_in_a_sentence(label: str, value: str) -> None:
    for text in (value, f"({value})", f"It is {value}, I think.", f"x: {value}\ny"):
        assert found(text) == [(label, value)], text


@pytest.mark.parametrize(
    "text",
    [
        "user@localhost is no address of mail",
        "@someone and some@",
        "version 1.2.3.4.5 of 10.20.30",
        "300.1.1.1",
        "4111 1111 1111 1112",
        "DE89370400440532013001",
        "XX89370400440532013000",
        "2024-11-22 10:20:30",
        "12:34:56",
        "std::vector::push",
        "000-12-3456 and 666-12-3456 and 900-12-3456",
        "12345678A",
        "RSSMRA85T10A562T",
        "order 12345678901",
        "3.14159265358979323846",
        "0000000000000000",
        "the years 1914-1918",
        "550e8400-e29b-41d4-a716-446655440000",
        "GB 123456 A",
    ],
)
def test_what_only_looks_like_it_is_left_alone(text: str) -> None:
    assert found(text) == []


SECRETS = [
    "AKIAIOSFODNN7EXAMPLE",
    "ghp_" + "aB3" * 12,
    "sk-ant-api03-" + "Zx9_" * 8,
    "sk-" + "a1B2" * 12,
    "rad_" + "a" * 43,
    "xoxb-123456789012-abcdefGHIJKL",
    "sk_live_" + "4eC39HqLyjWDarjtT1zdp7dc",
    "AIza" + "SyD-9tSrke72PouQMnMX-a7eZSW0jkFMBWY"[:35],
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N",
]


@pytest.mark.parametrize("value", SECRETS)
def test_keys_and_tokens_are_known_by_their_shapes(value: str) -> None:
    for text in (value, f"key={value}", f'{{"k": "{value}"}}', f"use {value}."):
        assert [text[each.start : each.end] for each in secrets(text)] == [value], text


def test_a_private_key_is_found_whole_and_half() -> None:
    key = "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\nIBAAK\n-----END RSA PRIVATE KEY-----"
    assert [(each.start, each.end) for each in secrets(f"a {key} b")] == [(2, 2 + len(key))]
    assert [(each.start, each.end) for each in secrets(f"a {key[:50]}")] == [(2, 52)]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("password: hunter2!xQz9", "hunter2!xQz9"),
        ("API_KEY='9f8a7b6c5d4e3f2a1b0c'", "9f8a7b6c5d4e3f2a1b0c"),
        ('"client_secret": "q8Zr-7Tn2mVx"', "q8Zr-7Tn2mVx"),
        ("the token is 7f3kQ9zX2b", "7f3kQ9zX2b"),
    ],
)
def test_what_looks_random_beside_a_word_for_secrets_is_one(text: str, value: str) -> None:
    assert [text[each.start : each.end] for each in secrets(text)] == [value]


@pytest.mark.parametrize(
    "text",
    [
        "password: correcthorsebattery",
        "token = get_token()",
        "the secret is out there",
        "api_key: aaaaaaaaaa1",
        "sk-learn",
    ],
)
def test_words_beside_it_are_none(text: str) -> None:
    assert secrets(text) == []


@given(st.text("0123456789", min_size=12, max_size=18))
def test_luhn_holds_for_one_check_digit_in_ten(digits: str) -> None:
    assert sum(checks.luhn(digits + str(check)) for check in range(10)) == 1


@given(st.text(max_size=300))
def test_findings_are_in_order_inside_the_text_and_apart(text: str) -> None:
    for findings in (find_pii(text), secrets(text)):
        ends = [0, *(each.end for each in findings)]
        assert all(before <= each.start < each.end <= len(text) for before, each in zip(ends, findings, strict=False))


def test_of_two_over_each_other_the_longest_stays() -> None:
    assert settled([Finding(0, 5, "a"), Finding(3, 20, "b"), Finding(21, 22, "c")]) == [
        Finding(3, 20, "b"), Finding(21, 22, "c"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "piece", ["a", "1", "a@", "a.", "1.", "1 ", "+1", ":", "A1", "-----BEGIN PRIVATE KEY-----", "password=", "eyJ", "("]
)
def test_the_time_is_linear_whatever_the_text(piece: str) -> None:
    def seconds(length: int) -> float:
        text = piece * (length // len(piece))
        began = time.thread_time()
        find_pii(text)
        secrets(text)
        return time.thread_time() - began

    seconds(1000)
    small = min(seconds(20_000) for _ in range(3))
    # Eight times the text: far below the 64 times of a square.
    assert min(seconds(160_000) for _ in range(2)) < max(small, 0.004) * 24
