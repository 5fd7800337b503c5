"""Chunked transfer coding (RFC 9112, 7.1), taken off a body as it arrives.

Beside httptools' parser, because of a stream of tokens each chunk is best passed on as it came: `opening_of` helps to
tell in half a microsecond whether what arrived is just that.
"""

from functools import lru_cache

from radiant.infra.http1.errors import BadHttp

# A chunk's size with what may follow it on its line, and all trailers together.
_MOST_LINE = 4096
_MOST_TRAILERS = 64 * 2**10
_MOST_DIGITS = 16
_HEX = frozenset(b"0123456789abcdefABCDEF")

_SIZE, _DATA, _END, _TRAILERS, _DONE = range(5)


@lru_cache(maxsize=4096)
def opening_of(length: int) -> bytes | None:
    """The line with its size, plainly spelt, by which a chunk begins that has so many bytes with its frame. What
    begins with it, ends with CR LF and is as long, is one whole chunk and not the last."""
    for digits in range(1, _MOST_DIGITS):
        size = length - digits - 4
        if size > 0 and len(line := b"%x\r\n" % size) == digits + 2:
            return line
    return None


class Chunks:
    """State between two reads. `between`: the next byte begins a chunk; `surplus`: something follows the end."""

    __slots__ = ("_left", "_rest", "_state", "_trailers", "between", "surplus")

    def __init__(self) -> None:
        self._state = _SIZE
        self._left: int = 0
        self._trailers = 0
        self._rest: bytes = b""
        self.between = True
        self.surplus = False

    @property
    def ended(self) -> bool:
        """Whether the body is whole."""
        return self._state == _DONE

    def feed(self, data: bytes, into: list[bytes]) -> None:
        """Put what the chunks in `data` hold into `into`. Raises BadHttp."""
        self._feed(data, into)
        self.between = self._state == _SIZE and not self._rest

    def _feed(self, data: bytes, into: list[bytes]) -> None:
        if self._rest:
            data, self._rest = self._rest + data, b""
        at, size = 0, len(data)
        while at < size:
            if self._state == _DATA:
                piece = data[at : at + self._left]
                into.append(piece)
                at += len(piece)
                self._left -= len(piece)
                if not self._left:
                    self._state = _END
                continue
            if self._state == _DONE:
                self.surplus = True
                return
            end = data.find(b"\n", at)
            if end < 0:
                if size - at > _MOST_LINE:
                    raise BadHttp("a line of a chunked body is too long")
                self._rest = data[at:]
                return
            line = data[at:end]
            at = end + 1
            if line[-1:] != b"\r" or len(line) > _MOST_LINE:
                raise BadHttp("a line of a chunked body is not one")
            self._line(line[:-1])

    def _line(self, line: bytes) -> None:
        if self._state == _END:
            if line:
                raise BadHttp("a chunk is longer than it says")
            self._state = _SIZE
        elif self._state == _SIZE:
            digits = line.partition(b";")[0]
            if not 0 < len(digits) <= _MOST_DIGITS or not _HEX.issuperset(digits):
                raise BadHttp("a chunk has no size")
            if b"\r" in line:
                raise BadHttp("a chunk's extension holds a line break")
            self._left = int(digits, 16)
            self._state = _DATA if self._left else _TRAILERS
        elif line:
            self._trailers += len(line)
            if self._trailers > _MOST_TRAILERS:
                raise BadHttp("the trailers of a body are too long")
        else:
            self._state = _DONE
