"""The neutral events, written in Anthropic's form: whole messages, events of a stream, errors."""

from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any, Literal

import msgspec

from radiant.ai.providers.chat import (
    Completion,
    Done,
    Event,
    Failed,
    Part,
    ReasoningDelta,
    ReasoningPart,
    StopReason,
    TextDelta,
    TextPart,
    ToolCallDelta,
    ToolCallPart,
    Usage,
)
from radiant.http.sse import frame
from radiant.kit.errors import Problem

_STOP: dict[StopReason, str] = {
    "end": "end_turn",
    "stop_sequence": "stop_sequence",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "content_filter": "refusal",
}
_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    503: "overloaded_error",
    504: "timeout_error",
}


def _error_type(status: int) -> str:
    return _TYPES.get(status, "invalid_request_error" if status < 500 else "api_error")


def error_body(problem: Problem, request_id: str) -> dict[str, Any]:
    """`{"type": "error", …}`."""
    error = {"type": _error_type(problem.status), "message": problem.detail}
    return {"type": "error", "error": error, "request_id": request_id}


def usage_body(usage: Usage | None) -> dict[str, Any]:
    """`usage`: Anthropic counts cached tokens apart from `input_tokens`."""
    usage = usage or Usage()
    return {
        "input_tokens": usage.input_tokens - usage.cache_read_tokens - usage.cache_write_tokens,
        "output_tokens": usage.output_tokens,
        "cache_read_input_tokens": usage.cache_read_tokens,
        "cache_creation_input_tokens": usage.cache_write_tokens,
    }


def _tool_input(arguments: str) -> dict[str, Any]:
    """The arguments as an object; what a model wrote that is none is handed on under `_unparsed`."""
    try:
        return msgspec.json.decode(arguments or "{}", type=dict[str, Any])
    except msgspec.DecodeError:
        return {"_unparsed": arguments}


def _block(part: Part) -> dict[str, Any]:
    match part:
        case TextPart(text):
            return {"type": "text", "text": text}
        case ToolCallPart(call_id, name, arguments):
            return {"type": "tool_use", "id": call_id, "name": name, "input": _tool_input(arguments)}
        case ReasoningPart(_, signature, True):
            return {"type": "redacted_thinking", "data": signature}
        case ReasoningPart(text, signature):
            return {"type": "thinking", "thinking": text, "signature": signature}
        case _:
            raise TypeError(f"an answer holds no {type(part).__name__}")


def message_body(id: str, model: str, completion: Completion) -> dict[str, Any]:
    """A message."""
    return {
        "id": id,
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": [_block(part) for part in completion.parts],
        "stop_reason": _STOP[completion.stop_reason],
        "stop_sequence": None,
        "usage": usage_body(completion.usage),
    }


def _event(kind: str, **members: Any) -> bytes:
    return frame(msgspec.json.encode({"type": kind, **members}), event=kind)


_Kind = Literal["text", "thinking", "redacted", "tool"]


class _Blocks:
    """The content block that is open. Anthropic's blocks follow one another; a part of another kind closes it."""

    def __init__(self) -> None:
        self.index = -1
        self._open: tuple[_Kind, int] | None = None

    def switch(self, kind: _Kind, key: int, start: dict[str, Any]) -> list[bytes]:
        """Frames that make the block (kind, key) the open one."""
        if self._open == (kind, key):
            return []
        frames = self.close()
        self.index += 1
        self._open = (kind, key)
        return [*frames, _event("content_block_start", index=self.index, content_block=start)]

    def delta(self, **delta: Any) -> bytes:
        """A delta of the open block."""
        return _event("content_block_delta", index=self.index, delta=delta)

    def close(self) -> list[bytes]:
        """Frames that close the open block, if any."""
        if self._open is None:
            return []
        self._open = None
        return [_event("content_block_stop", index=self.index)]


def failed_frame(failed: Failed) -> bytes:
    """The last event of a stream that broke."""
    return _event("error", error={"type": _error_type(failed.status), "message": failed.detail})


async def stream(id: str, model: str, events: AsyncIterator[Event]) -> AsyncGenerator[bytes]:
    """The frames of a streamed message. A failure ends it with an `error` event."""
    message = {
        "id": id, "type": "message", "role": "assistant", "model": model, "content": list[Any](),
        "stop_reason": None, "stop_sequence": None, "usage": usage_body(None),
    }  # fmt: skip
    yield _event("message_start", message=message)
    blocks = _Blocks()
    usage: Usage | None = None
    stop: StopReason = "end"
    async for event in events:
        match event:
            case Usage():
                usage = event
            case Done(stop_reason):
                stop = stop_reason
            case Failed():
                yield failed_frame(event)
                return
            case TextDelta() | ReasoningDelta() | ToolCallDelta():
                for item in _content(blocks, event):
                    yield item
    for item in blocks.close():
        yield item
    yield _event("message_delta", delta={"stop_reason": _STOP[stop], "stop_sequence": None}, usage=usage_body(usage))
    yield _event("message_stop")


def _content(blocks: _Blocks, event: TextDelta | ReasoningDelta | ToolCallDelta) -> list[bytes]:
    match event:
        case TextDelta(text):
            frames = blocks.switch("text", 0, {"type": "text", "text": ""})
            return [*frames, blocks.delta(type="text_delta", text=text)]
        case ReasoningDelta(_, signature, True):
            frames = blocks.switch("redacted", blocks.index, {"type": "redacted_thinking", "data": signature})
            return [*frames, *blocks.close()]
        case ReasoningDelta(text, signature):
            frames = blocks.switch("thinking", 0, {"type": "thinking", "thinking": "", "signature": ""})
            if text:
                frames.append(blocks.delta(type="thinking_delta", thinking=text))
            if signature:
                frames += [blocks.delta(type="signature_delta", signature=signature), *blocks.close()]
            return frames
        case ToolCallDelta(index, call_id, name, arguments):
            start = {"type": "tool_use", "id": call_id, "name": name, "input": dict[str, Any]()}
            frames = blocks.switch("tool", index, start)
            return [*frames, blocks.delta(type="input_json_delta", partial_json=arguments)] if arguments else frames
