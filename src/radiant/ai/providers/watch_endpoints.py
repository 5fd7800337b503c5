"""Watches of what is forwarded at endpoints beyond chat and messages: completions, responses, pictures, rankings."""

from typing import Any

import msgspec

from radiant.ai.providers.chat import Event, TextDelta, Usage
from radiant.ai.providers.provider import Connection
from radiant.ai.providers.watch import Events, OpenAIWatch


class _TextChoice(msgspec.Struct):
    text: str = ""


class _TextChunk(msgspec.Struct):
    choices: list[_TextChoice] = []


_decode_text_chunk = msgspec.json.Decoder(_TextChunk).decode


class CompletionsWatch(OpenAIWatch):
    """Completions of the older kind, whose choices hold a text."""

    __slots__ = ()

    def characters(self) -> int:
        """Of the texts."""

        def read(data: bytes) -> list[Event]:
            try:
                return [TextDelta(choice.text) for choice in _decode_text_chunk(data).choices]
            except (msgspec.DecodeError, UnicodeDecodeError):
                return []

        return self._count(read)


class _InputDetails(msgspec.Struct):
    cached_tokens: int | None = None
    cache_write_tokens: int | None = None


class _OutputDetails(msgspec.Struct):
    reasoning_tokens: int | None = None


class _ResponseUsage(msgspec.Struct):
    input_tokens: int | None = None
    output_tokens: int | None = None
    total_tokens: int | None = None
    input_tokens_details: _InputDetails | None = None
    output_tokens_details: _OutputDetails | None = None

    def neutral(self) -> Usage:
        """In our words; of those that tell a total alone (rerank), that."""
        read = self.input_tokens_details or _InputDetails()
        wrote = self.output_tokens_details or _OutputDetails()
        told = self.input_tokens is not None or self.output_tokens is not None
        return Usage(
            input_tokens=(self.input_tokens if told else self.total_tokens) or 0,
            output_tokens=self.output_tokens or 0,
            cache_read_tokens=read.cached_tokens or 0,
            cache_write_tokens=read.cache_write_tokens or 0,
            reasoning_tokens=wrote.reasoning_tokens or 0,
        )


class _Incomplete(msgspec.Struct):
    reason: str | None = None


class _Response(msgspec.Struct):
    id: str = ""
    status: str | None = None
    usage: _ResponseUsage | None = None
    incomplete_details: _Incomplete | None = None

    def reason(self) -> str | None:
        if self.status == "incomplete":
            said = self.incomplete_details.reason if self.incomplete_details else None
            return "content_filter" if said == "content_filter" else "length"
        return {"completed": "end", "failed": "error", "cancelled": "cancelled"}.get(self.status or "")


class _ResponseEvent(msgspec.Struct):
    type: str = ""
    response: _Response | None = None
    delta: Any = None
    usage: _ResponseUsage | None = None


_decode_response = msgspec.json.Decoder(_Response).decode
_decode_response_event = msgspec.json.Decoder(_ResponseEvent).decode


class ResponsesWatch(Events):
    """Responses: the id comes with the first event, the counts with the last. `ends`: how the last one is called."""

    __slots__ = ("_ends", "response_id")

    def __init__(
        self,
        connection: Connection,
        ends: tuple[str, ...] = ("response.completed", "response.incomplete", "response.failed", "error"),
    ) -> None:
        super().__init__(connection)
        self._ends = tuple(end.encode() for end in ends)
        self.response_id = ""

    def feed(self, chunk: bytes) -> bytes:
        """Whole events, as they came."""
        whole = self._whole(chunk)
        if not self.response_id or any(end in whole for end in self._ends):
            for event in whole.splitlines():
                if event.startswith(b"data:"):
                    self._take(event[5:])
        return whole

    def _tells(self, chunk: bytes) -> bool:
        return not self.response_id or any(end in chunk for end in self._ends)

    def _take(self, data: bytes) -> None:
        try:
            event = _decode_response_event(data)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return
        if event.response is not None and event.response.id:
            self.response_id = event.response.id
        if event.type.encode() not in self._ends:
            return
        self.finished = True
        usage = event.usage or (event.response and event.response.usage)
        if usage:
            self.usage = usage.neutral()
        self.stop_reason = (event.response.reason() if event.response else None) or (
            "error" if event.type == "error" else "end"
        )

    def characters(self) -> int:
        """Of text, reasoning and tool calls."""

        def read(data: bytes) -> list[Event]:
            try:
                event = _decode_response_event(data)
            except (msgspec.DecodeError, UnicodeDecodeError):
                return []
            said = isinstance(event.delta, str) and event.type.endswith(".delta")
            return [TextDelta(event.delta)] if said else []

        return self._count(read)


def whole_response(body: bytes) -> tuple[Usage | None, str | None]:
    """Tokens and stop reason of a response, of pictures or of a ranking. Raises msgspec.DecodeError."""
    answer = _decode_response(body)
    return answer.usage and answer.usage.neutral(), answer.reason()


def response_id(body: bytes) -> str:
    """The id of a whole response, "" where it has none. Raises msgspec.DecodeError."""
    return _decode_response(body).id
