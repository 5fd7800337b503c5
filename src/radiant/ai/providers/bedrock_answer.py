"""Events of ConverseStream (Amazon's binary event stream) -> neutral events."""

from collections.abc import Iterator
from typing import Any

import msgspec

from radiant.ai.providers.chat import Done, Event, ReasoningDelta, StopReason, TextDelta, ToolCallDelta, Usage
from radiant.ai.providers.errors import ContextTooLong, MalformedStream, UpstreamBroken
from radiant.ai.providers.failures import failure_in_stream
from radiant.ai.providers.provider import Connection

_STOP_REASONS: dict[str, StopReason] = {
    "end_turn": "end",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "stop_sequence": "stop_sequence",
    "tool_use": "tool_calls",
    "content_filtered": "content_filter",
    "guardrail_intervened": "content_filter",
}


class _ToolUse(msgspec.Struct, rename="camel"):
    tool_use_id: str = ""
    name: str = ""
    input: Any = None


class _ReasoningText(msgspec.Struct):
    text: str = ""
    signature: str = ""


class _Reasoning(msgspec.Struct, rename="camel"):
    text: str = ""
    signature: str = ""
    redacted_content: str = ""
    reasoning_text: _ReasoningText | None = None
    """Of an answer that is not streamed."""


class _Delta(msgspec.Struct, rename="camel"):
    """A delta of the stream; a block of an answer that is not streamed has the same members."""

    text: str = ""
    tool_use: _ToolUse | None = None
    reasoning_content: _Reasoning | None = None


class _Usage(msgspec.Struct, rename="camel"):
    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_input_tokens: int = 0
    cache_write_input_tokens: int = 0


class _Payload(msgspec.Struct, rename="camel"):
    content_block_index: int = 0
    start: _Delta | None = None
    delta: _Delta | None = None
    stop_reason: str = ""
    usage: _Usage | None = None


class _Message(msgspec.Struct):
    content: list[_Delta]


class _Output(msgspec.Struct):
    message: _Message


class Whole(msgspec.Struct, rename="camel"):
    """The answer of Converse."""

    output: _Output
    stop_reason: str
    usage: _Usage | None = None


_decode = msgspec.json.Decoder(_Payload).decode


class Answer:
    """The state of one answer. `feed` takes bytes however they are cut; `eventstream` is botocore's module."""

    def __init__(self, connection: Connection, eventstream: Any, *, single_call: bool = False) -> None:
        self._connection = connection
        self._parser_error: type[Exception] = eventstream.ParserError
        self._single_call = single_call
        self._buffer = eventstream.EventStreamBuffer()
        self._calls: dict[int, int] = {}
        self._stop_reason: str | None = None
        self._usage: Usage | None = None
        self._whole_frames = 0

    @property
    def finished(self) -> bool:
        """Whether the model said that it was done."""
        return self._stop_reason is not None

    @property
    def begun(self) -> bool:
        """Whether any frame came whole."""
        return self._whole_frames > 0

    def feed(self, data: bytes) -> Iterator[Event]:
        """The events that these bytes complete. Raises MalformedStream, and the error that a frame may be."""
        provider = self._connection.provider
        self._buffer.add_data(data)
        try:
            for frame in self._buffer:
                self._whole_frames += 1
                yield from self._frame(frame.headers, frame.payload)
        except (self._parser_error, msgspec.DecodeError, UnicodeDecodeError) as error:
            raise MalformedStream(
                f"{provider} sent what is no event of its protocol: {error}", provider=provider
            ) from error

    def _frame(self, headers: dict[str, Any], payload: bytes) -> Iterator[Event]:
        kind = headers.get(":message-type")
        if kind == "exception":
            words = msgspec.json.decode(payload, type=dict[str, Any]) if payload else {}
            error = {"type": str(headers.get(":exception-type", "")), "message": words.get("message", "")}
            raise failure_in_stream(self._connection, {"error": error})
        if kind == "error":
            error = {"type": str(headers.get(":error-code", "")), "message": str(headers.get(":error-message", ""))}
            raise failure_in_stream(self._connection, {"error": error})
        event = _decode(payload)
        match headers.get(":event-type"):
            case "contentBlockStart" if event.start is not None and event.start.tool_use is not None:
                call = event.start.tool_use
                yield from self._begin(event.content_block_index, call.tool_use_id, call.name)
            case "contentBlockDelta" if event.delta is not None:
                yield from self._more(event.content_block_index, event.delta)
            case "messageStop":
                self._stop_reason = event.stop_reason
            case "metadata" if event.usage is not None:
                self._usage = _neutral(event.usage)
            case _:
                # messageStart, contentBlockStop, and kinds that may be added at any time.
                pass

    def whole(self, answer: Whole) -> Iterator[Event]:
        """The events of an answer that was not streamed."""
        for index, block in enumerate(answer.output.message.content):
            if block.tool_use is not None:
                yield from self._begin(index, block.tool_use.tool_use_id, block.tool_use.name)
                arguments = msgspec.json.encode(block.tool_use.input or {}).decode()
                block.tool_use.input = arguments
            yield from self._more(index, block)
        self._stop_reason = answer.stop_reason
        if answer.usage is not None:
            self._usage = _neutral(answer.usage)
        yield from self.end()

    def _begin(self, index: int, call_id: str, name: str) -> Iterator[Event]:
        if self._single_call and self._calls:
            return
        self._calls[index] = len(self._calls)
        yield ToolCallDelta(self._calls[index], call_id, name)

    def _more(self, index: int, delta: _Delta) -> Iterator[Event]:
        if delta.text:
            yield TextDelta(delta.text)
        if delta.tool_use is not None and index in self._calls and delta.tool_use.input:
            yield ToolCallDelta(self._calls[index], arguments=str(delta.tool_use.input))
        if (thought := delta.reasoning_content) is not None:
            inner = thought.reasoning_text or _ReasoningText(thought.text, thought.signature)
            if thought.redacted_content:
                yield ReasoningDelta("", thought.redacted_content, redacted=True)
            elif inner.text or inner.signature:
                yield ReasoningDelta(inner.text, inner.signature)

    def end(self) -> Iterator[Event]:
        """The last events. Call once, when `finished` and nothing more comes."""
        if self._usage is not None:
            yield self._usage
        provider = self._connection.provider
        said = self._stop_reason or ""
        if said == "model_context_window_exceeded" and not (self._usage and self._usage.output_tokens):
            raise ContextTooLong(f"{provider}: the conversation fills the model's whole context", provider=provider)
        reason = _STOP_REASONS.get(said)
        if reason is None:
            # malformed_model_output, malformed_tool_use.
            raise UpstreamBroken(f"{provider} stopped for a reason of its own: {said[:80]}", provider=provider)
        yield Done(reason)


def _neutral(usage: _Usage) -> Usage:
    """Cached tokens stand beside `inputTokens` there, and inside it here."""
    read, written = usage.cache_read_input_tokens, usage.cache_write_input_tokens
    return Usage(
        input_tokens=usage.input_tokens + read + written,
        output_tokens=usage.output_tokens,
        cache_read_tokens=read,
        cache_write_tokens=written,
    )
