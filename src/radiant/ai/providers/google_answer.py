"""Pieces of a generateContent answer -> neutral events."""

import secrets
from collections.abc import Iterator
from typing import Any

import msgspec

from radiant.ai.providers.chat import Done, Event, ReasoningDelta, StopReason, TextDelta, ToolCallDelta, Usage
from radiant.ai.providers.errors import MalformedStream, UpstreamBroken
from radiant.ai.providers.failures import failure_in_stream
from radiant.ai.providers.google_request import OWN_ID
from radiant.ai.providers.provider import Connection
from radiant.ai.providers.signatures import google_thought, sign_call

_STOP_REASONS: dict[str, StopReason] = {
    "STOP": "end",
    "MAX_TOKENS": "length",
    "SAFETY": "content_filter",
    "RECITATION": "content_filter",
    "LANGUAGE": "content_filter",
    "BLOCKLIST": "content_filter",
    "PROHIBITED_CONTENT": "content_filter",
    "SPII": "content_filter",
    "IMAGE_SAFETY": "content_filter",
    "IMAGE_PROHIBITED_CONTENT": "content_filter",
    "IMAGE_RECITATION": "content_filter",
}


class _Call(msgspec.Struct):
    name: str = ""
    id: str = ""
    args: dict[str, Any] | None = None


class _Blob(msgspec.Struct, rename="camel"):
    mime_type: str = ""


class _Part(msgspec.Struct, rename="camel"):
    text: str | None = None
    thought: bool = False
    thought_signature: str = ""
    function_call: _Call | None = None
    inline_data: _Blob | None = None


class _Content(msgspec.Struct):
    parts: list[_Part] | None = None


class _Candidate(msgspec.Struct, rename="camel"):
    index: int = 0
    content: _Content | None = None
    finish_reason: str | None = None
    finish_message: str = ""


class _Feedback(msgspec.Struct, rename="camel"):
    block_reason: str | None = None


class _Usage(msgspec.Struct, rename="camel"):
    prompt_token_count: int = 0
    cached_content_token_count: int = 0
    candidates_token_count: int = 0
    thoughts_token_count: int = 0
    tool_use_prompt_token_count: int = 0


class Chunk(msgspec.Struct, rename="camel"):
    """One event of the stream; the answer that is not streamed has the same shape."""

    candidates: list[_Candidate] | None = None
    prompt_feedback: _Feedback | None = None
    usage_metadata: _Usage | None = None
    error: Any = None


_decode = msgspec.json.Decoder(Chunk).decode


class Answer:
    """The state of one streamed answer. `single_call`: only the first call of a tool is wanted, for which the
    protocol has no word."""

    def __init__(self, connection: Connection, *, single_call: bool = False) -> None:
        self._connection = connection
        self._single_call = single_call
        self._finish: str | None = None
        self._why = ""
        self._calls = 0
        self._usage: Usage | None = None

    @property
    def finished(self) -> bool:
        """Whether the model said that it was done."""
        return self._finish is not None

    def feed(self, data: bytes) -> Iterator[Event]:
        """The events of one chunk. Raises MalformedStream, and the error that the chunk may be."""
        provider = self._connection.provider
        try:
            chunk = _decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise MalformedStream(
                f"{provider} sent an event that is no chunk of an answer: {error}", provider=provider
            ) from error
        if chunk.error is not None:
            raise failure_in_stream(self._connection, {"error": chunk.error})
        if chunk.usage_metadata is not None:
            self._usage = _neutral(chunk.usage_metadata)
        if chunk.prompt_feedback is not None and chunk.prompt_feedback.block_reason:
            # The prompt itself was blocked: there is no candidate, and this is the whole answer.
            self._finish = "SAFETY"
        for candidate in chunk.candidates or ():
            if candidate.index:
                continue
            for part in (candidate.content.parts if candidate.content else None) or ():
                yield from self._part(part)
            if candidate.finish_reason and candidate.finish_reason != "FINISH_REASON_UNSPECIFIED":
                self._finish, self._why = candidate.finish_reason, candidate.finish_message

    def _part(self, part: _Part) -> Iterator[Event]:
        if part.function_call is not None:
            if self._single_call and self._calls:
                return
            call = part.function_call
            call_id = call.id or f"{OWN_ID}{secrets.token_hex(8)}"
            arguments = msgspec.json.encode(call.args or {}).decode()
            signed = sign_call(call_id, part.thought_signature)
            yield ToolCallDelta(self._calls, signed, call.name, arguments)
            self._calls += 1
            return
        if part.inline_data is not None:
            raise MalformedStream(
                f"{self._connection.provider} answered with {part.inline_data.mime_type} where words were asked for",
                provider=self._connection.provider,
            )
        if part.text:
            yield ReasoningDelta(part.text) if part.thought else TextDelta(part.text)
        if part.thought_signature:
            yield ReasoningDelta("", google_thought(part.thought_signature))

    def end(self) -> Iterator[Event]:
        """The last events. Call once, when `finished` and nothing more comes."""
        if self._usage is not None:
            yield self._usage
        reason = _STOP_REASONS.get(self._finish or "")
        if reason is None:
            # MALFORMED_FUNCTION_CALL, UNEXPECTED_TOOL_CALL, MALFORMED_RESPONSE, OTHER: no answer, and worth a retry.
            why = f" ({self._why[:120]})" if self._why else ""
            raise UpstreamBroken(
                f"{self._connection.provider} stopped for a reason of its own: {(self._finish or '')[:80]}{why}",
                provider=self._connection.provider,
            )
        yield Done("tool_calls" if reason == "end" and self._calls else reason)


def _neutral(usage: _Usage) -> Usage:
    """Thoughts stand beside the candidates there, and inside the output here."""
    return Usage(
        input_tokens=usage.prompt_token_count + usage.tool_use_prompt_token_count,
        output_tokens=usage.candidates_token_count + usage.thoughts_token_count,
        cache_read_tokens=usage.cached_content_token_count,
        reasoning_tokens=usage.thoughts_token_count,
    )
