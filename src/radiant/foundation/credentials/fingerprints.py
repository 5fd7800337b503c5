"""Keyed fingerprints of stored values: enough to find a value in a text, too little to know one.

Of each form in which a value may turn up (as it is, in JSON, percent-encoded, hex, base64 at each of its three offsets) two
marks are kept: 24 bits of its first eight bytes, and 128 bits of BLAKE2b over its first 256, both keyed. A text is looked
through once: the short mark of every eight bytes (tabulation hashing, Zobrist 1970, in numpy), and the long one only where
a short one is known.
"""

import base64
import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, quote_plus

import numpy as np

WINDOW = 8
_MOST_BYTES = 256
# Of one value: a long key of many lines is recognised by its first ones.
_MOST_FORMS = 64
_SHORTEST_LINE = 16
# What is this plain is in every other text.
_FEWEST_DIFFERENT = 5
_BITS = 24


@dataclass(frozen=True, slots=True)
class Print:
    """What is kept of one form: `mark` of 24 bits, `length` in bytes, `digest` of 16 bytes."""

    form: str
    mark: int
    length: int
    digest: bytes


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a text a mark was seen: byte and mark."""

    at: int
    mark: int


class Fingerprinter:
    """By a secret of 32 bytes."""

    def __init__(self, secret: bytes) -> None:
        seed = hashlib.shake_256(b"radiant windows\0" + secret).digest(WINDOW * 256 * 4)
        self._table = (np.frombuffer(seed, dtype="<u4") & (2**_BITS - 1)).reshape(WINDOW, 256)
        self._key = hashlib.sha256(b"radiant fingerprints\0" + secret).digest()

    def prints(self, value: bytes) -> list[Print]:
        """Those of every form; none of a value that is too short or too plain to be told from ordinary text."""
        found: dict[bytes, Print] = {}
        for name, form in forms(value):
            probe = form[:_MOST_BYTES]
            if len(probe) < WINDOW or len(set(probe)) < _FEWEST_DIFFERENT:
                continue
            digest = self.digest(probe)
            found.setdefault(digest, Print(name, int(self._marks(probe[:WINDOW])[0]), len(probe), digest))
            if len(found) == _MOST_FORMS:
                break
        return list(found.values())

    def digest(self, data: bytes) -> bytes:
        """16 bytes, keyed."""
        return hashlib.blake2b(data, key=self._key, digest_size=16).digest()

    def places(self, text: bytes, known: "Marks") -> list[Place]:
        """Where a known mark stands; in time linear in the text."""
        if len(text) < WINDOW:
            return []
        marks = self._marks(text)
        return [Place(int(at), int(marks[at])) for at in np.flatnonzero(known.hold(marks))]

    def _marks(self, data: bytes) -> Any:
        read = np.frombuffer(data, dtype=np.uint8)
        windows = len(read) - WINDOW + 1
        marks = self._table[0][read[:windows]]
        for offset in range(1, WINDOW):
            marks ^= self._table[offset][read[offset : offset + windows]]
        return marks


class Marks:
    """A set of marks as a bit map: 2 MB, however many there are."""

    def __init__(self, marks: Iterable[int]) -> None:
        self._bits = np.zeros(2**_BITS // 8, dtype=np.uint8)
        given = np.fromiter(marks, dtype=np.uint32)
        np.bitwise_or.at(self._bits, given >> 3, (1 << (given & 7)).astype(np.uint8))

    def hold(self, marks: Any) -> Any:
        """Of each whether it is in the set."""
        return (self._bits[marks >> 3] >> (marks & 7).astype(np.uint8)) & 1


def forms(value: bytes) -> Iterator[tuple[str, bytes]]:
    """The forms in which a value may stand in a text, each by its name."""
    head = value[: _MOST_BYTES * 2]
    try:
        text = value.decode()
    except UnicodeDecodeError:
        text = ""
    if text:
        yield "plain", value
        yield "json", json.dumps(text[: _MOST_BYTES * 2])[1:-1].encode()
        yield "json", json.dumps(text[: _MOST_BYTES * 2], ensure_ascii=False)[1:-1].encode()
        for spelled in (quote(head, safe=""), quote_plus(head)):
            yield "url", spelled.encode()
            yield "url", re.sub("%[0-9A-F]{2}", lambda match: match[0].lower(), spelled).encode()
    yield "hex", head.hex().encode()
    yield "hex", head.hex().upper().encode()
    for skipped in range(3):
        core = _base64_core(head, skipped)
        yield "base64", core
        yield "base64", core.translate(bytes.maketrans(b"+/", b"-_"))
    if "\n" in text:
        for line in text.splitlines():
            line = line.strip()
            # The frame of a PEM file is no secret.
            if len(line) >= _SHORTEST_LINE and not line.startswith("-----"):
                yield "line", line.encode()


def _base64_core(value: bytes, skipped: int) -> bytes:
    """What base64 makes of `value` after `skipped` other bytes, without the characters that its neighbours decide."""
    encoded = base64.b64encode(bytes(skipped) + value).rstrip(b"=")
    return encoded[(0, 2, 3)[skipped] : len(encoded) - ((skipped + len(value)) % 3 > 0)]


def replaced(text: bytes, spans: Sequence[tuple[int, int]], by: bytes) -> bytes:
    """`text` with each span (from, to; they may overlap) replaced."""
    pieces: list[bytes] = []
    at = 0
    for start, end in sorted(spans):
        if start >= at:
            pieces += (text[at:start], by)
        at = max(at, end)
    return b"".join([*pieces, text[at:]])
