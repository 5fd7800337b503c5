"""What goes over the sockets of rooms: lib0's numbers and strings, messages of the y-protocols and of Hocuspocus.

A message of Hocuspocus is the document's name and then what y-websocket sends alone, so both are a prefix (empty for
y-websocket) and a body. Bodies begin with a type:

    0 sync (0 step 1: a state vector; 1 step 2: an update; 2 update)      1 awareness      2 auth
    3 query awareness     5 stateless     7 close     8 sync status (1 saved, 0 refused)     9 ping, 10 pong

Types above 3 are Hocuspocus's own. Pure: bytes in, bytes out. Lengths count bytes, of strings in UTF-8 (pycrdt's own
encoder counts characters). Raises Malformed on what is none of it.
"""

import json
from collections.abc import Iterable
from typing import Any, NamedTuple

SYNC, AWARENESS, AUTH, QUERY_AWARENESS, STATELESS, CLOSE, SYNC_STATUS, PING, PONG = 0, 1, 2, 3, 5, 7, 8, 9, 10
STEP_1, STEP_2, UPDATE = 0, 1, 2
TOKEN, DENIED, AUTHENTICATED = 0, 1, 2

SAVED, REFUSED = bytes((SYNC_STATUS, 1)), bytes((SYNC_STATUS, 0))
_MOST = 2**53


class Malformed(ValueError):
    """These bytes are no message; the text says what is wrong."""


def uint(value: int) -> bytes:
    """lib0's varUint: seven bits a byte, the least first."""
    if value < 0x80:
        return bytes((value,))
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def read_uint(data: bytes, at: int) -> tuple[int, int]:
    """The number at `at`, and where it ends."""
    value = shift = 0
    try:
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                break
            shift += 7
    except IndexError:
        raise Malformed("a number does not end") from None
    if value > _MOST:
        raise Malformed("a number is past 2^53")
    return value, at


def chunk(data: bytes) -> bytes:
    """lib0's varUint8Array: the length, then the bytes."""
    return uint(len(data)) + data


def read_chunk(data: bytes, at: int) -> tuple[bytes, int]:
    """The bytes at `at`, and where they end."""
    length, at = read_uint(data, at)
    end = at + length
    if end > len(data):
        raise Malformed(f"{length} bytes are announced and {len(data) - at} are there")
    return data[at:end], end


def string(text: str) -> bytes:
    """lib0's varString."""
    return chunk(text.encode())


def read_string(data: bytes, at: int) -> tuple[str, int]:
    """The text at `at`, and where it ends."""
    raw, at = read_chunk(data, at)
    try:
        return raw.decode(), at
    except UnicodeDecodeError:
        raise Malformed("a text is not UTF-8") from None


def step_1(state_vector: bytes) -> bytes:
    """Ask for what is not in this state."""
    return bytes((SYNC, STEP_1)) + chunk(state_vector)


def step_2(update: bytes) -> bytes:
    """The answer. Of type 0: clients do not know Hocuspocus's type 4."""
    return bytes((SYNC, STEP_2)) + chunk(update)


def update(data: bytes) -> bytes:
    """An update."""
    return bytes((SYNC, UPDATE)) + chunk(data)


def authenticated(scope: str) -> bytes:
    """Let in; `scope` is read-write or readonly."""
    return bytes((AUTH, AUTHENTICATED)) + string(scope)


def stateless(said: str) -> bytes:
    """Words that are kept nowhere, for clients of Hocuspocus."""
    return bytes((STATELESS,)) + string(said)


def denied(reason: str) -> bytes:
    """Not let in."""
    return bytes((AUTH, DENIED)) + string(reason)


def close(reason: str) -> bytes:
    """This document is closed on this socket."""
    return bytes((CLOSE,)) + string(reason)


class Presence(NamedTuple):
    """What one client says of itself; `state` is JSON, `null` where it has gone."""

    client: int
    clock: int
    state: bytes


GONE = b"null"


def awareness(entries: Iterable[Presence]) -> bytes:
    """A message of awareness."""
    said = [uint(one.client) + uint(one.clock) + chunk(one.state) for one in entries]
    return bytes((AWARENESS,)) + chunk(uint(len(said)) + b"".join(said))


def read_awareness(data: bytes, at: int) -> list[Presence]:
    """The entries of a message of awareness, after its type."""
    payload, _ = read_chunk(data, at)
    count, at = read_uint(payload, 0)
    if count > len(payload):
        raise Malformed(f"{count} presences are announced in {len(payload)} bytes")
    entries: list[Presence] = []
    for _ in range(count):
        client, at = read_uint(payload, at)
        clock, at = read_uint(payload, at)
        state, at = read_chunk(payload, at)
        entries.append(Presence(client, clock, state))
    return entries


def is_object(state: bytes) -> bool:
    """Whether a presence is a JSON object, or null."""
    if state == GONE:
        return True
    try:
        said: Any = json.loads(state)
    except (ValueError, RecursionError):
        return False
    return isinstance(said, dict)


def frame(payload: bytes) -> bytes:
    """A whole WebSocket message of a server: binary, final, not masked. The same bytes serve every peer."""
    length = len(payload)
    if length < 126:
        return bytes((0x82, length)) + payload
    if length < 65536:
        return b"\x82\x7e" + length.to_bytes(2, "big") + payload
    return b"\x82\x7f" + length.to_bytes(8, "big") + payload
