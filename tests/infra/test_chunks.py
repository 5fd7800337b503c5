"""Chunks are taken off a body as httptools takes them off, however they are cut; what is not HTTP is refused."""

import itertools

import pytest
from httptools import HttpResponseParser
from hypothesis import given
from hypothesis import strategies as st

from radiant.infra.http1.chunks import Chunks, opening_of
from radiant.infra.http1.errors import BadHttp

PIECES = st.lists(st.binary(min_size=1, max_size=300), max_size=12)
SPELT = st.sampled_from(["%x", "%X", "0%x", "%x;name=value"])


def _framed(piece: bytes, spelt: str = "%x") -> bytes:
    return (spelt % len(piece)).encode() + b"\r\n" + piece + b"\r\n"


def _cut(data: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[a:b] for a, b in itertools.pairwise(edges) if a < b]


def is_one(data: bytes) -> bool:
    """As the connection tells."""
    opening = opening_of(len(data))
    return opening is not None and data.startswith(opening) and data.endswith(b"\r\n")


class _Heard:
    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.complete = False

    def on_body(self, body: bytes) -> None:
        self.pieces.append(body)

    def on_message_complete(self) -> None:
        self.complete = True


@given(pieces=PIECES, spelt=SPELT, places=st.lists(st.integers(0, 5000), max_size=20),
       trailers=st.sampled_from([b"", b"Server-Timing: 1\r\nX: y\r\n"]))  # fmt: skip
def test_what_comes_out_is_what_httptools_finds(
    pieces: list[bytes], spelt: str, places: list[int], trailers: bytes
) -> None:
    body = b"".join(_framed(piece, spelt) for piece in pieces) + b"0\r\n" + trailers + b"\r\n"
    heard = _Heard()
    parser = HttpResponseParser(heard)
    parser.feed_data(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + body)
    chunks, found = Chunks(), []
    for part in _cut(body, places):
        assert not chunks.ended
        chunks.feed(part, found)
    assert heard.complete
    assert chunks.ended
    assert not chunks.surplus
    assert b"".join(found) == b"".join(heard.pieces) == b"".join(pieces)


@given(piece=st.binary(min_size=1, max_size=5000))
def test_one_whole_chunk_is_known_by_its_frame(piece: bytes) -> None:
    chunk = _framed(piece)
    assert is_one(chunk)
    for other in (chunk[:-1], chunk + b"\n", chunk + chunk, b"0" + chunk, chunk[:-2] + b"xx", b" " + chunk[1:]):
        assert not is_one(other)
    chunks, found = Chunks(), []
    chunks.feed(chunk, found)
    assert (b"".join(found), chunks.between) == (piece, True)


@given(data=st.binary(max_size=40))
def test_whatever_passes_for_one_chunk_is_one(data: bytes) -> None:
    if is_one(data):
        chunks, found = Chunks(), []
        chunks.feed(data, found)
        assert chunks.between
        assert data == _framed(b"".join(found))


def test_a_chunk_is_not_looked_for_inside_another() -> None:
    chunks, found = Chunks(), []
    chunks.feed(b"20\r\n5\r\nhello\r\n", found)
    assert not chunks.between
    chunks.feed(b"x" * (32 - 10) + b"\r\n", found)
    assert chunks.between
    assert len(b"".join(found)) == 32


def test_what_follows_the_end_is_noticed() -> None:
    chunks = Chunks()
    chunks.feed(b"0\r\n\r\nHTTP/1.1 200 OK\r\n", [])
    assert chunks.ended
    assert chunks.surplus


@pytest.mark.parametrize(
    "body",
    [
        b"5\r\nhello!\r\n", b"-5\r\nhello\r\n", b"+5\r\nhello\r\n", b"0x5\r\nhello\r\n", b"5_0\r\n", b"\r\n", b"5\nhello",
        b";x\r\n", b"5\rx\r\nhello", b"1" * 17 + b"\r\n", b"5" + b" " * 5000, b"5;" + b"x" * 5000 + b"\r\n",
        b"0\r\n" + b"x: y\r\n" * 20_000, b" 5\r\nhello\r\n", b"5 \r\nhello\r\n",
    ],
)  # fmt: skip
def test_what_is_no_chunk_is_refused(body: bytes) -> None:
    with pytest.raises(BadHttp):
        Chunks().feed(body, [])
