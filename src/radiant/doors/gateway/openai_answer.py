"""The neutral events, written in OpenAI's form: whole answers, chunks of a stream, errors."""

import base64
import struct
import time
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from typing import Any

import msgspec

from radiant.ai.providers.chat import (
    Completion,
    Done,
    EmbeddingResult,
    Event,
    Failed,
    ReasoningDelta,
    ReasoningPart,
    StopReason,
    TextDelta,
    TokenLogprob,
    ToolCallDelta,
    Usage,
)
from radiant.http.sse import frame
from radiant.kit.errors import Problem

_FINISH: dict[StopReason, str] = {
    "end": "stop",
    "stop_sequence": "stop",
    "length": "length",
    "tool_calls": "tool_calls",
    "content_filter": "content_filter",
}
_TYPES = {401: "authentication_error", 402: "insufficient_quota", 403: "permission_error", 429: "rate_limit_error"}
_CODES = {"unauthenticated": "invalid_api_key", "budget-exceeded": "insufficient_quota"}


def error_body(problem: Problem) -> dict[str, Any]:
    """`{"error": {...}}`."""
    fallback = "invalid_request_error" if problem.status < 500 else "server_error"
    return {
        "error": {
            "message": problem.detail,
            "type": _TYPES.get(problem.status, fallback),
            "param": getattr(problem, "param", None),
            "code": _CODES.get(problem.slug, problem.slug.replace("-", "_")),
        }
    }


def finish_of(reason: StopReason) -> str:
    """`finish_reason`."""
    return _FINISH[reason]


def usage_body(usage: Usage | None) -> dict[str, Any]:
    """`usage`, with its details."""
    usage = usage or Usage()
    return {
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.input_tokens + usage.output_tokens,
        "prompt_tokens_details": {"cached_tokens": usage.cache_read_tokens},
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
    }


def _logprobs_body(logprobs: Sequence[TokenLogprob]) -> dict[str, Any] | None:
    return {"content": logprobs, "refusal": None} if logprobs else None


def completion_body(id: str, model: str, completion: Completion) -> dict[str, Any]:
    """A chat.completion."""
    message: dict[str, Any] = {"role": "assistant", "content": completion.text or None, "refusal": None}
    reasoning = "".join(part.text for part in completion.parts if isinstance(part, ReasoningPart))
    if reasoning:
        message["reasoning_content"] = reasoning
    if completion.tool_calls:
        message["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call in completion.tool_calls
        ]
    elif message["content"] is None:
        message["content"] = ""
    choice = {
        "index": 0, "message": message, "logprobs": _logprobs_body(completion.logprobs),
        "finish_reason": _FINISH[completion.stop_reason],
    }  # fmt: skip
    return {
        "id": id,
        "object": "chat.completion",
        "created": int(time.time()),
        "model": model,
        "choices": [choice],
        "usage": usage_body(completion.usage),
    }


async def chunks(id: str, model: str, events: AsyncIterator[Event], *, with_usage: bool) -> AsyncGenerator[bytes]:
    """The frames of a streamed chat.completion, `[DONE]` included. A failure ends it with an error frame instead."""
    head = {"id": id, "object": "chat.completion.chunk", "created": int(time.time()), "model": model}

    def chunk(delta: dict[str, Any], finish: str | None = None, logprobs: Sequence[TokenLogprob] = ()) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": _logprobs_body(logprobs), "finish_reason": finish}
        body: dict[str, Any] = {**head, "choices": [choice]}
        if with_usage:
            body["usage"] = None
        return frame(msgspec.json.encode(body))

    usage: Usage | None = None
    yield chunk({"role": "assistant", "content": ""})
    async for event in events:
        match event:
            case TextDelta(text, logprobs):
                yield chunk({"content": text}, logprobs=logprobs)
            case ReasoningDelta(text):
                if text:
                    yield chunk({"reasoning_content": text})
            case ToolCallDelta(index, call_id, name, arguments):
                call: dict[str, Any] = {"index": index, "function": {"arguments": arguments}}
                if call_id or name:
                    call |= {"id": call_id, "type": "function"}
                    call["function"]["name"] = name
                yield chunk({"tool_calls": [call]})
            case Usage():
                usage = event
            case Done(stop_reason):
                yield chunk({}, _FINISH[stop_reason])
            case Failed():
                yield failed_frame(event)
                return
    if with_usage:
        yield frame(msgspec.json.encode({**head, "choices": [], "usage": usage_body(usage)}))
    yield frame(b"[DONE]")


def failed_frame(failed: Failed) -> bytes:
    """The last event of a stream that broke."""
    kind = _TYPES.get(failed.status, "invalid_request_error" if failed.status < 500 else "server_error")
    error = {"message": failed.detail, "type": kind, "param": None, "code": failed.slug.replace("-", "_")}
    return frame(msgspec.json.encode({"error": error}))


def embeddings_body(model: str, result: EmbeddingResult, *, as_base64: bool) -> dict[str, Any]:
    """A list of embeddings; base64 is little-endian float32, as the official SDK asks for."""

    def one(vector: list[float]) -> list[float] | str:
        return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode() if as_base64 else vector

    return {
        "object": "list",
        "model": model,
        "data": [
            {"object": "embedding", "index": i, "embedding": one(list(vector))}
            for i, vector in enumerate(result.vectors)
        ],
        "usage": {"prompt_tokens": result.input_tokens, "total_tokens": result.input_tokens},
    }
