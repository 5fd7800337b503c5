"""Server-sent events from bytes, however they are cut (WHATWG HTML, 9.2.6)."""

import re
from dataclasses import dataclass

_LINE_END = re.compile(rb"\r\n|\r|\n")
_BOM = b"\xef\xbb\xbf"


class SseTooLarge(ValueError):
    """A line or an event exceeds its bound: not a stream that we can hold."""


@dataclass(frozen=True, slots=True)
class SseEvent:
    """One event: its name ("" where none was given) and its data, lines joined by a newline."""

    event: str
    data: bytes


class SseParser:
    """Feed it bytes, it gives whole events. What is unfinished at the end of the stream is dropped, as the
    standard says: an event counts from its blank line on."""

    __slots__ = ("_after_cr", "_data", "_event", "_line", "_max", "_size", "_started")

    def __init__(self, *, max_bytes: int = 8 * 2**20) -> None:
        self._max = max_bytes
        self._line = bytearray()
        self._data: list[bytes] = []
        self._size = 0
        self._event = ""
        self._after_cr = False
        self._started = False

    def feed(self, chunk: bytes) -> list[SseEvent]:
        """The events that these bytes complete. Raises SseTooLarge."""
        if not chunk:
            return []
        if self._after_cr:
            self._after_cr = False
            if chunk[0] == 0x0A:
                chunk = chunk[1:]
        if chunk.endswith(b"\r"):
            self._after_cr = True
        lines = _LINE_END.split(chunk) if b"\r" in chunk else chunk.split(b"\n")
        rest = lines.pop()
        events: list[SseEvent] = []
        for line in lines:
            if self._line:
                self._line += line
                line = bytes(self._line)
                self._line.clear()
            self._take(line, events)
        self._line += rest
        if len(self._line) > self._max:
            raise SseTooLarge(f"a line of more than {self._max} bytes")
        return events

    def _take(self, line: bytes, events: list[SseEvent]) -> None:
        if not self._started:
            self._started = True
            line = line.removeprefix(_BOM)
        if not line:
            if self._data:
                events.append(SseEvent(self._event, b"\n".join(self._data)))
            self._data, self._event, self._size = [], "", 0
            return
        field, _, value = line.partition(b":")
        if value.startswith(b" "):
            value = value[1:]
        if field == b"data":
            self._size += len(value) + 1
            if self._size > self._max:
                raise SseTooLarge(f"an event of more than {self._max} bytes")
            self._data.append(value)
        elif field == b"event":
            self._event = value.decode("utf-8", "replace")
        # Comments (an empty field name), id and retry mean nothing to us.
