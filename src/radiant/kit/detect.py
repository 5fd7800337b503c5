"""Finds personal data and secrets in a text. By shape and check digit alone: no model, no dictionary of names.

Patterns are bounded, so the time is linear in the text. What is found twice counts once, the longest first.
"""

import ipaddress
import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from radiant.kit import checks

PiiType = Literal["email", "phone", "iban", "card", "ip", "national_id"]
PII_TYPES: tuple[PiiType, ...] = ("email", "phone", "iban", "card", "ip", "national_id")


@dataclass(frozen=True, slots=True)
class Finding:
    """A piece of a text and what it is."""

    start: int
    end: int
    label: str


Finder = Callable[[str], Iterable[Finding]]

_EMAIL = re.compile(
    r"(?<![\w.%+-])[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9-]{0,62}\.){1,6}[A-Za-z]{2,24}(?![\w-])", re.ASCII
)
_PHONE = re.compile(
    r"(?<![\w+])\+[1-9](?:[ ./()-]{0,2}\d){6,14}(?!\d)"
    r"|(?<![\w./-])(?:\(\d{2,5}\) ?|0\d{1,4}[ /-]|\d{3}[ .-])\d{3,4}[ .-]\d{3,4}(?![\w-]|\.\d)"
)
_IBAN_START = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{2}\d{2}")
_CARD = re.compile(r"(?<![\d.-])\d(?:[ -]?\d){12,18}(?![\d-]|\.\d)")
_IPV4 = re.compile(r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w]|\.\d)")
_IPV6 = re.compile(r"(?<![\w:.])[0-9A-Fa-f:]{2,39}(?![\w:])")
_SSN = re.compile(r"(?<![\w-])(?!000|666|9\d\d)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\w-])")
_NINO = re.compile(
    r"(?<!\w)(?!BG|GB|NK|KN|TN|NT|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d{2} ?\d{2} ?\d{2} ?[A-D](?!\w)"
)
_ELEVEN = re.compile(r"(?<![\w.-])\d{2} ?\d{3} ?\d{3} ?\d{3}(?![\w-]|\.\d)")
_FRENCH = re.compile(
    r"(?<![\w.-])[12] ?\d{2} ?(?:0[1-9]|1[0-2]|[2-9]\d) ?(?:\d{2}|2[AB]) ?\d{3} ?\d{3} ?\d{2}(?![\w-])"
)
_SPANISH = re.compile(r"(?<!\w)(?:\d{8}|[XYZ]\d{7})-?[A-Z](?!\w)")
_ITALIAN = re.compile(r"(?<!\w)[A-Z]{6}[0-9LMNP-V]{2}[A-EHLMPR-T][0-9LMNP-V]{2}[A-Z][0-9LMNP-V]{3}[A-Z](?!\w)")


def _bare(text: str) -> str:
    return re.sub(r"[ -]", "", text)


def _emails(text: str) -> Iterator[Finding]:
    if "@" in text:
        yield from (Finding(*match.span(), "EMAIL") for match in _EMAIL.finditer(text))


def _phones(text: str) -> Iterator[Finding]:
    yield from (Finding(*match.span(), "PHONE") for match in _PHONE.finditer(text))


def _ibans(text: str) -> Iterator[Finding]:
    for match in _IBAN_START.finditer(text):
        length = checks.iban_length(match[0][:2].upper())
        if length is None:
            continue
        found, at = "", match.start()
        while at < len(text) and len(found) < length:
            if text[at].isascii() and text[at].isalnum():
                found += text[at].upper()
            elif text[at] != " " or text[at - 1] == " ":
                break
            at += 1
        if len(found) == length and not text[at : at + 1].isalnum() and checks.iban(found):
            yield Finding(match.start(), at, "IBAN")


def _cards(text: str) -> Iterator[Finding]:
    for match in _CARD.finditer(text):
        if checks.card(_bare(match[0])):
            yield Finding(*match.span(), "CARD")


def _addresses(text: str) -> Iterator[Finding]:
    for match in _IPV4.finditer(text):
        if all(int(part) <= 255 for part in match[0].split(".")):
            yield Finding(*match.span(), "IP")
    if "::" in text or text.count(":") >= 7:
        for match in _IPV6.finditer(text):
            # "::" alone and words such as "dead::" are code more often than addresses.
            if match[0].count(":") >= 2 and sum(map(str.isalnum, match[0])) >= 3:
                try:
                    ipaddress.IPv6Address(match[0])
                except ValueError:
                    continue
                yield Finding(*match.span(), "IP")


_NATIONAL: Sequence[tuple[re.Pattern[str], Callable[[str], bool]]] = (
    (_SSN, lambda _: True),
    (_NINO, lambda _: True),
    (_ELEVEN, lambda text: checks.german_tax_id(text) or checks.polish_number(text)),
    (_FRENCH, checks.french_number),
    (_SPANISH, checks.spanish_number),
    (_ITALIAN, checks.italian_code),
)


def _national_ids(text: str) -> Iterator[Finding]:
    for pattern, right in _NATIONAL:
        for match in pattern.finditer(text):
            bare = match[0] if pattern is _SSN else _bare(match[0])
            if right(bare):
                yield Finding(*match.span(), "ID")


_PII: dict[PiiType, Finder] = {
    "email": _emails, "phone": _phones, "iban": _ibans, "card": _cards, "ip": _addresses, "national_id": _national_ids,
}  # fmt: skip

_SHAPES = re.compile(
    r"(?<![A-Za-z0-9_-])(?:"
    r"(?:AKIA|ASIA)[A-Z0-9]{16}"
    r"|gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9_]{22,255}|glpat-[A-Za-z0-9_-]{20,64}"
    r"|xox[abeoprs]-[A-Za-z0-9-]{10,250}|xapp-[A-Za-z0-9-]{10,250}"
    r"|sk-(?:ant-|proj-|svcacct-|or-v1-)?[A-Za-z0-9_-]{20,250}|rad_[A-Za-z0-9]{43}"
    r"|[sr]k_(?:live|test)_[A-Za-z0-9]{16,250}|whsec_[A-Za-z0-9+/=]{24,100}"
    r"|AIza[A-Za-z0-9_-]{35}|ya29\.[A-Za-z0-9_-]{20,500}|GOCSPX-[A-Za-z0-9_-]{28}"
    r"|hf_[A-Za-z0-9]{30,64}|gsk_[A-Za-z0-9]{40,64}|xai-[A-Za-z0-9]{60,100}|npm_[A-Za-z0-9]{36}"
    r"|pypi-[A-Za-z0-9_-]{50,250}|dop_v1_[a-f0-9]{64}|SG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}"
    r"|(?:fw|r8|tgp_v1|jina|pcsk|ntn|lin_api|lsv2_[a-z]{2}|sk)_[A-Za-z0-9_]{20,200}|sntry[su]_[A-Za-z0-9+/=_]{40,300}"
    r"|(?:csk|pplx|nvapi|pa|tvly)-[A-Za-z0-9_-]{20,200}|dapi[a-f0-9]{32}|ABSK[A-Za-z0-9+/]{60,300}={0,2}"
    r"|hv[sbr]\.[A-Za-z0-9_-]{24,300}"
    r"|eyJ[A-Za-z0-9_-]{10,2000}\.eyJ[A-Za-z0-9_-]{10,4000}\.[A-Za-z0-9_-]{10,1000}"
    r")(?![A-Za-z0-9_])"
)
_NAMED = re.compile(
    r"(?:api[_-]?key|access[_-]?key|secret(?:[_-]?key)?|private[_-]?key|auth[_-]?token|token|passw(?:or)?d|passwd|pwd"
    r"|credentials?|connection[_-]?string)"
    r"[\"']?\s{0,3}(?::=|=>|[:=]|\bis\b)\s{0,3}[\"'`]?([^\s\"'`,;<>{}\[\]]{10,200})",
    re.IGNORECASE,
)
_BEGIN = re.compile(r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY(?: BLOCK)?-----")
_END = re.compile(r"-----END [A-Z ]{0,30}PRIVATE KEY(?: BLOCK)?-----")
_LONGEST_KEY = 16_000
_LEAST_ENTROPY = 3.0


def entropy(text: str) -> float:
    """Bits a character, by how often each one occurs."""
    return -sum(n / len(text) * math.log2(n / len(text)) for n in Counter(text).values())


def _private_keys(text: str) -> Iterator[Finding]:
    at = 0
    while (begin := _BEGIN.search(text, at)) is not None:
        end = _END.search(text, begin.end(), begin.end() + _LONGEST_KEY)
        # Half a key is a secret too.
        at = end.end() if end is not None else min(len(text), begin.end() + _LONGEST_KEY)
        yield Finding(begin.start(), at, "PRIVATE_KEY")


def secrets(text: str) -> list[Finding]:
    """Keys and tokens of known shapes, private keys, and what looks random beside a word such as password."""
    found = [Finding(*match.span(), "SECRET") for match in _SHAPES.finditer(text)]
    if "-----BEGIN" in text:
        found += _private_keys(text)
    for match in _NAMED.finditer(text):
        value = match[1]
        mixed = any(map(str.isdigit, value)) and any(map(str.isalpha, value))
        if mixed and entropy(value) >= _LEAST_ENTROPY:
            found.append(Finding(*match.span(1), "SECRET"))
    return settled(found)


def pii(types: Sequence[PiiType]) -> Finder:
    """A finder of those kinds of personal data."""
    finders = [_PII[kind] for kind in types]

    def find(text: str) -> list[Finding]:
        return settled([finding for finder in finders for finding in finder(text)])

    return find


def settled(found: Iterable[Finding]) -> list[Finding]:
    """Findings in order, none over another: the longest wins."""
    kept: list[Finding] = []
    for finding in sorted(found, key=lambda each: (each.start - each.end, each.start)):
        if all(finding.end <= other.start or finding.start >= other.end for other in kept):
            kept.append(finding)
    return sorted(kept, key=lambda each: each.start)
