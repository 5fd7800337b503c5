"""Bodies that were compressed, undone piece by piece: a small one that would become large is noticed while it does."""

import zlib
from collections.abc import Callable, Iterator
from typing import Any

import brotli as untyped

from radiant.kit.errors import Problem

# It carries no types of its own.
brotli: Any = untyped

_BrotliError: type[Exception] = brotli.error
_PIECE = 64 * 2**10


class BadEncoding(Problem):
    """The body is not compressed the way that its header says."""

    status, slug = 400, "bad-encoding"


class UnknownEncoding(Problem):
    """A way of compressing that is not known here."""

    status, slug = 415, "unknown-encoding"


class InflatesTooFar(Problem):
    """The body is larger than is taken, once it is undone."""

    status, slug = 413, "content-too-large"


def _by_zlib(window: int) -> Callable[[bytes], Iterator[bytes]]:
    def pieces(data: bytes) -> Iterator[bytes]:
        machine = zlib.decompressobj(window)
        while data and not machine.eof:
            yield machine.decompress(data, _PIECE)
            data = machine.unconsumed_tail
        if not machine.eof:
            raise zlib.error("it ends too early")

    return pieces


def _by_brotli(data: bytes) -> Iterator[bytes]:
    machine = brotli.Decompressor()
    piece: bytes = machine.process(data, output_buffer_limit=_PIECE)
    while not machine.is_finished():
        if not piece:
            raise _BrotliError("it ends too early")
        yield piece
        piece = machine.process(b"", output_buffer_limit=_PIECE)
    yield piece


def _by_deflate(data: bytes) -> Iterator[bytes]:
    # "deflate" is zlib's form by the standard, and the bare one by habit.
    bare = len(data) < 2 or (data[0] & 0x0F) != 8 or (data[0] * 256 + data[1]) % 31 != 0
    return _by_zlib(-zlib.MAX_WBITS if bare else zlib.MAX_WBITS)(data)


_WAYS: dict[str, Callable[[bytes], Iterator[bytes]]] = {
    "gzip": _by_zlib(16 + zlib.MAX_WBITS), "x-gzip": _by_zlib(16 + zlib.MAX_WBITS), "deflate": _by_deflate,
    "br": _by_brotli,
}  # fmt: skip


def inflate(data: bytes, encoding: str, limit: int) -> bytes:
    """`data` as it was before. Raises InflatesTooFar past `limit` bytes, BadEncoding, UnknownEncoding."""
    encoding = encoding.strip().lower()
    if encoding in ("", "identity"):
        return data
    way = _WAYS.get(encoding)
    if way is None:
        raise UnknownEncoding(f"Content-Encoding: {encoding[:40]!r} is not known here; send gzip, deflate, br or none")
    pieces: list[bytes] = []
    size = 0
    try:
        for piece in way(data):
            size += len(piece)
            if size > limit:
                raise InflatesTooFar(f"the body is larger than {limit} bytes once it is undone; send less at a time")
            pieces.append(piece)
    except (zlib.error, _BrotliError) as error:
        raise BadEncoding(f"the body is no {encoding}, or not all of it") from error
    return b"".join(pieces)
