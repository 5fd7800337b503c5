"""Events of the Messages API -> neutral events."""

from collections.abc import Iterator
from typing import Any

import msgspec

from radiant.ai.providers.chat import (
    Done,
    Event,
    ReasoningDelta,
    StopReason,
    TextDelta,
    ToolCallDelta,
    Usage,
)
from radiant.ai.providers.errors import ContextTooLong, MalformedStream, UpstreamBroken
from radiant.ai.providers.failures import failure_in_stream
from radiant.ai.providers.provider import Connection

STOP_REASONS: dict[str, StopReason] = {
    "end_turn": "end",
    # A server tool paused its turn; we send none, so for us it is an end.
    "pause_turn": "end",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "stop_sequence": "stop_sequence",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}


class _OutputDetails(msgspec.Struct):
    thinking_tokens: int | None = None


class WireUsage(msgspec.Struct):
    """Counts, as messages and their events report them."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    output_tokens_details: _OutputDetails | None = None


def neutral(usage: WireUsage, counts: dict[str, int]) -> Usage:
    """The counts in our words. They are cumulative, and each event repeats only some of them: `counts` keeps what an
    answer told before. Cached tokens stand beside `input_tokens` there, and inside it here."""
    seen = {
        "plain": usage.input_tokens,
        "output": usage.output_tokens,
        "written": usage.cache_creation_input_tokens,
        "read": usage.cache_read_input_tokens,
        "thought": usage.output_tokens_details.thinking_tokens if usage.output_tokens_details else None,
    }
    counts.update({name: count for name, count in seen.items() if count is not None})
    read, written = counts.get("read", 0), counts.get("written", 0)
    return Usage(
        input_tokens=counts.get("plain", 0) + read + written,
        output_tokens=counts.get("output", 0),
        cache_read_tokens=read,
        cache_write_tokens=written,
        reasoning_tokens=counts.get("thought", 0),
    )


class _Message(msgspec.Struct):
    usage: WireUsage | None = None


class _Block(msgspec.Struct):
    type: str
    id: str = ""
    name: str = ""
    text: str = ""
    thinking: str = ""
    signature: str = ""
    data: str = ""


class _Delta(msgspec.Struct):
    type: str = ""
    text: str = ""
    thinking: str = ""
    signature: str = ""
    partial_json: str = ""
    stop_reason: str | None = None


class _Event(msgspec.Struct):
    type: str
    index: int = 0
    message: _Message | None = None
    content_block: _Block | None = None
    delta: _Delta | None = None
    usage: WireUsage | None = None
    error: Any = None


_decode = msgspec.json.Decoder(_Event).decode


class Answer:
    """The state of one streamed answer."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._counts: dict[str, int] = {}
        self._calls: dict[int, int] = {}
        self._stop_reason: str | None = None
        self.finished = False

    def feed(self, data: bytes) -> Iterator[Event]:
        """The neutral events of one event. Sets `finished` at message_stop."""
        provider = self._connection.provider
        try:
            event = _decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise MalformedStream(
                f"{provider} sent an event that is none of its protocol: {error}", provider=provider
            ) from error
        match event.type:
            case "error":
                raise failure_in_stream(self._connection, {"error": event.error})
            case "message_start" if event.message is not None:
                if event.message.usage is not None:
                    yield neutral(event.message.usage, self._counts)
            case "content_block_start" if event.content_block is not None:
                yield from self._begin(event.index, event.content_block)
            case "content_block_delta" if event.delta is not None:
                yield from self._more(event.index, event.delta)
            case "message_delta":
                if event.usage is not None:
                    yield neutral(event.usage, self._counts)
                if event.delta is not None and event.delta.stop_reason is not None:
                    self._stop_reason = event.delta.stop_reason
            case "message_stop":
                self.finished = True
                yield self._done()
            case _:
                # ping, content_block_stop, and kinds that may be added to the protocol at any time.
                pass

    def _begin(self, index: int, block: _Block) -> Iterator[Event]:
        match block.type:
            case "text" if block.text:
                yield TextDelta(block.text)
            case "thinking" if block.thinking or block.signature:
                yield ReasoningDelta(block.thinking, block.signature)
            case "redacted_thinking":
                yield ReasoningDelta("", block.data, redacted=True)
            case "tool_use":
                self._calls[index] = len(self._calls)
                yield ToolCallDelta(self._calls[index], block.id, block.name)
            case _:
                pass

    def _more(self, index: int, delta: _Delta) -> Iterator[Event]:
        match delta.type:
            case "text_delta" if delta.text:
                yield TextDelta(delta.text)
            case "thinking_delta" if delta.thinking:
                yield ReasoningDelta(delta.thinking)
            case "signature_delta":
                yield ReasoningDelta("", delta.signature)
            case "input_json_delta" if index in self._calls and delta.partial_json:
                yield ToolCallDelta(self._calls[index], arguments=delta.partial_json)
            case _:
                pass

    def _done(self) -> Done:
        provider = self._connection.provider
        if self._stop_reason == "model_context_window_exceeded" and not self._counts.get("output"):
            raise ContextTooLong(f"{provider}: the conversation fills the model's whole context", provider=provider)
        reason = STOP_REASONS.get(self._stop_reason or "")
        if reason is None:
            raise UpstreamBroken(
                f"{provider} stopped for a reason of its own: {(self._stop_reason or 'none')[:80]}", provider=provider
            )
        return Done(reason)
