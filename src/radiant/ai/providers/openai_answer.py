"""Chunks of a chat completion -> neutral events."""

from collections.abc import Iterator, Sequence
from typing import Any, cast

import msgspec

from radiant.ai.providers.chat import (
    Done,
    Event,
    ReasoningDelta,
    StopReason,
    TextDelta,
    TokenLogprob,
    ToolCallDelta,
    Usage,
)
from radiant.ai.providers.errors import MalformedStream, UpstreamBroken
from radiant.ai.providers.failures import failure_in_stream
from radiant.ai.providers.provider import Connection

# What the vendors call the end. "model_length" is Mistral's, "eos" older servers'.
STOP_REASONS: dict[str, StopReason] = {
    "stop": "end",
    "eos": "end",
    "end_turn": "end",
    "length": "length",
    "model_length": "length",
    "max_tokens": "length",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "stop_sequence": "stop_sequence",
    "content_filter": "content_filter",
}


class _Function(msgspec.Struct):
    name: str | None = None
    arguments: Any = None


class _ToolCall(msgspec.Struct):
    index: int | None = None
    id: str | None = None
    function: _Function | None = None


class _Delta(msgspec.Struct):
    content: Any = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    refusal: str | None = None
    tool_calls: list[_ToolCall] | None = None


class _Logprobs(msgspec.Struct):
    content: list[TokenLogprob] | None = None


class _Choice(msgspec.Struct):
    index: int = 0
    delta: _Delta | None = None
    finish_reason: str | None = None
    # vLLM: the stop string that was met.
    stop_reason: Any = None
    # Read where it was asked for: some send it in forms of their own.
    logprobs: msgspec.Raw = msgspec.Raw(b"null")


class _PromptDetails(msgspec.Struct):
    cached_tokens: int | None = None
    cache_write_tokens: int | None = None


class _CompletionDetails(msgspec.Struct):
    reasoning_tokens: int | None = None


class WireUsage(msgspec.Struct):
    """Counts, as chat and embeddings report them."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    prompt_tokens_details: _PromptDetails | None = None
    completion_tokens_details: _CompletionDetails | None = None
    # DeepSeek's name for what it read from its cache.
    prompt_cache_hit_tokens: int | None = None

    def neutral(self) -> Usage:
        """The same, in our words. `prompt_tokens` is all of the prompt already."""
        prompt = self.prompt_tokens_details or _PromptDetails()
        completion = self.completion_tokens_details or _CompletionDetails()
        return Usage(
            input_tokens=self.prompt_tokens or 0,
            output_tokens=self.completion_tokens or 0,
            cache_read_tokens=prompt.cached_tokens or self.prompt_cache_hit_tokens or 0,
            cache_write_tokens=prompt.cache_write_tokens or 0,
            reasoning_tokens=completion.reasoning_tokens or 0,
        )


class _Chunk(msgspec.Struct):
    choices: list[_Choice] | None = None
    usage: WireUsage | None = None
    error: Any = None


_decode = msgspec.json.Decoder(_Chunk).decode


class Answer:
    """The state of one streamed answer. `feed` takes the data of an event; `end` is what to say at its end."""

    def __init__(self, connection: Connection, *, logprobs: bool = False) -> None:
        self._connection = connection
        self._wants_logprobs = logprobs
        self._finish: str | None = None
        self._stopped_by_string = False
        self._refused = False
        self._usage: Usage | None = None
        # Identifiers of tool calls in order, for servers that send no index.
        self._calls: list[str] = []

    @property
    def finished(self) -> bool:
        """Whether the model said that it was done."""
        return self._finish is not None

    def feed(self, data: bytes) -> Iterator[Event]:
        """The events of one chunk. Raises MalformedStream, and the error that the chunk may be."""
        try:
            chunk = _decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise MalformedStream(
                f"{self._connection.provider} sent an event that is no chunk of an answer: {error}",
                provider=self._connection.provider,
            ) from error
        if chunk.error is not None:
            raise failure_in_stream(self._connection, {"error": chunk.error})
        if chunk.usage is not None:
            self._usage = chunk.usage.neutral()
        for choice in chunk.choices or ():
            if choice.index:
                continue
            if choice.delta is not None:
                yield from self._delta(choice.delta, self._logprobs(choice) if self._wants_logprobs else ())
            if choice.finish_reason:
                self._finish = choice.finish_reason
                self._stopped_by_string = isinstance(choice.stop_reason, str)

    def _logprobs(self, choice: _Choice) -> Sequence[TokenLogprob]:
        try:
            found = msgspec.json.decode(choice.logprobs, type=_Logprobs | None)
        except msgspec.DecodeError as error:
            raise MalformedStream(
                f"{self._connection.provider} sent probabilities that are none: {error}",
                provider=self._connection.provider,
            ) from error
        return (found and found.content) or ()

    def _delta(self, delta: _Delta, logprobs: Sequence[TokenLogprob]) -> Iterator[Event]:
        if thought := delta.reasoning_content or delta.reasoning:
            yield ReasoningDelta(thought)
        if isinstance(delta.content, str) or logprobs:
            if delta.content or logprobs:
                yield TextDelta(delta.content or "", logprobs)
        elif delta.content:
            yield from _pieces(delta.content)
        if delta.refusal:
            self._refused = True
            yield TextDelta(delta.refusal)
        for call in delta.tool_calls or ():
            yield self._tool_call(call)

    def _tool_call(self, call: _ToolCall) -> ToolCallDelta:
        index = call.index
        if index is None:
            if call.id and call.id not in self._calls:
                self._calls.append(call.id)
            index = self._calls.index(call.id) if call.id else max(0, len(self._calls) - 1)
        elif len(self._calls) <= index:
            self._calls.append(call.id or "")
        function = call.function or _Function()
        arguments = function.arguments
        if arguments is not None and not isinstance(arguments, str):
            arguments = msgspec.json.encode(arguments).decode()
        return ToolCallDelta(index, call.id or "", function.name or "", arguments or "")

    def end(self) -> Iterator[Event]:
        """The last events. Call once, when `finished` and nothing more comes."""
        if self._usage is not None:
            yield self._usage
        finish = self._finish or ""
        reason = STOP_REASONS.get(finish)
        if reason is None:
            raise UpstreamBroken(
                f"{self._connection.provider} stopped for a reason of its own: {finish[:80]}",
                provider=self._connection.provider,
            )
        if reason == "end" and self._refused:
            reason = "content_filter"
        elif reason == "end" and self._calls:
            # Some servers (Ollama) say "stop" after a tool call.
            reason = "tool_calls"
        elif reason == "end" and self._stopped_by_string:
            reason = "stop_sequence"
        yield Done(reason)


def _pieces(content: Any) -> Iterator[Event]:
    """Content as a list of typed pieces, as Mistral's reasoning models send it."""
    if not isinstance(content, list):
        return
    for item in cast("list[Any]", content):
        if not isinstance(item, dict):
            continue
        piece = cast("dict[str, Any]", item)
        text = piece.get("text")
        if isinstance(text, str) and text:
            yield TextDelta(text)
        for thought in _pieces(piece.get("thinking")):
            if isinstance(thought, TextDelta):
                yield ReasoningDelta(thought.text)
