"""The neutral events, written as responses: the whole object, and the events of its stream in their full order."""

import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Any

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
from radiant.doors.gateway.responses_request import Item, ResponsesBody, joined, namespaces, sealed
from radiant.http.sse import frame
from radiant.kit.ids import uuid7

Response = dict[str, Any]
Keep = Callable[[Response], Awaitable[None]]
# By what the functions of namespaces are called at the model, their namespaces.
Spaces = Mapping[str, str]
_INCOMPLETE: dict[StopReason, str] = {"length": "max_output_tokens", "content_filter": "content_filter"}


def skeleton(id: str, model: str, asked: ResponsesBody, fields: dict[str, Any], *, stored: bool) -> Response:
    """The response before it says anything; `fields`: the body as it was sent, much of which is given back."""
    reasoning = asked.reasoning
    return {
        "id": id,
        "object": "response",
        "created_at": int(time.time()),
        "status": "in_progress",
        "background": False,
        "completed_at": None,
        "error": None,
        "incomplete_details": None,
        "instructions": asked.instructions,
        "max_output_tokens": asked.max_output_tokens,
        "max_tool_calls": asked.max_tool_calls,
        "model": model,
        "output": list[Item](),
        "parallel_tool_calls": asked.parallel_tool_calls is not False,
        "previous_response_id": asked.previous_response_id,
        "prompt_cache_key": fields.get("prompt_cache_key"),
        "reasoning": {
            "effort": reasoning.effort if reasoning else None,
            "summary": reasoning.summary if reasoning else None,
        },
        "safety_identifier": fields.get("safety_identifier"),
        "service_tier": "default",
        "store": stored,
        "temperature": asked.temperature if asked.temperature is not None else 1.0,
        "text": fields.get("text") or {"format": {"type": "text"}},
        "tool_choice": fields.get("tool_choice") or "auto",
        "tools": fields.get("tools") or [],
        "top_logprobs": 0,
        "top_p": asked.top_p if asked.top_p is not None else 1.0,
        "truncation": asked.truncation or "disabled",
        "usage": None,
        "user": asked.user,
        "metadata": asked.metadata or {},
    }


def usage_body(usage: Usage | None) -> dict[str, Any]:
    """`usage`, with its details."""
    usage = usage or Usage()
    return {
        "input_tokens": usage.input_tokens,
        "input_tokens_details": {
            "cached_tokens": usage.cache_read_tokens,
            "cache_write_tokens": usage.cache_write_tokens,
        },
        "output_tokens": usage.output_tokens,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
        "total_tokens": usage.input_tokens + usage.output_tokens,
    }


def ended(base: Response, output: Sequence[Item], stop: StopReason, usage: Usage | None) -> Response:
    """The response when the model is done."""
    reason = _INCOMPLETE.get(stop)
    return {
        **base,
        "status": "incomplete" if reason else "completed",
        "completed_at": None if reason else int(time.time()),
        "incomplete_details": {"reason": reason} if reason else None,
        "output": list(output),
        "usage": usage_body(usage),
    }


def broken(base: Response, output: Sequence[Item], failed: Failed) -> Response:
    """The response where it failed."""
    code = "rate_limit_exceeded" if failed.status == 429 else "server_error"
    return {**base, "status": "failed", "error": {"code": code, "message": failed.detail}, "output": list(output)}


def _message(id: str, text: str, status: str) -> Item:
    content = [{"type": "output_text", "text": text, "annotations": list[Any](), "logprobs": list[Any]()}]
    return {"id": id, "type": "message", "role": "assistant", "status": status, "content": content}


def _reasoning(id: str, part: ReasoningPart, status: str) -> Item:
    summary = [{"type": "summary_text", "text": part.text}] if part.text else []
    item: Item = {"id": id, "type": "reasoning", "summary": summary, "status": status}
    if (seal := sealed(part)) is not None:
        item["encrypted_content"] = seal
    return item


def _call(id: str, call: ToolCallPart, status: str, spaces: Spaces) -> Item:
    item: Item = {
        "id": id, "type": "function_call", "call_id": call.id, "name": call.name, "arguments": call.arguments or "{}",
        "status": status,
    }  # fmt: skip
    if (space := spaces.get(call.name)) is not None:
        item |= {"name": call.name.removeprefix(joined(space, "")), "namespace": space}
    return item


def _new(kind: str) -> str:
    return f"{kind}_{uuid7().hex}"


def _item(part: Part, status: str, spaces: Spaces) -> Item:
    match part:
        case TextPart(text):
            return _message(_new("msg"), text, status)
        case ReasoningPart():
            return _reasoning(_new("rs"), part, status)
        case ToolCallPart():
            return _call(_new("fc"), part, status, spaces)
        case _:
            raise TypeError(f"an answer holds no {type(part).__name__}")


def response_body(base: Response, completion: Completion) -> Response:
    """A whole response."""
    last = "incomplete" if completion.stop_reason in _INCOMPLETE else "completed"
    count, spaces = len(completion.parts), namespaces(base["tools"])
    items = [_item(part, last if i == count - 1 else "completed", spaces) for i, part in enumerate(completion.parts)]
    return ended(base, items, completion.stop_reason, completion.usage)


def error_frame(failed: Failed, number: int = 0) -> bytes:
    """The last event of a relayed stream that broke."""
    code = failed.slug.replace("-", "_")
    event = {"type": "error", "sequence_number": number, "code": code, "message": failed.detail, "param": None}
    return frame(msgspec.json.encode(event), event="error")


class _Growing:
    """An item that is being said."""

    __slots__ = ("id", "index", "kind", "name", "pieces", "redacted", "reference", "signature", "spaces")

    def __init__(self, kind: str, index: int, spaces: Spaces) -> None:
        self.kind = kind
        self.index = index
        self.spaces = spaces
        self.id = _new({"text": "msg", "reasoning": "rs", "call": "fc"}[kind])
        self.pieces: list[str] = []
        self.name = self.reference = self.signature = ""
        self.redacted = False

    def item(self, status: str) -> Item:
        """As it stands."""
        text = "".join(self.pieces)
        if self.kind == "text":
            return _message(self.id, text, status)
        if self.kind == "reasoning":
            return _reasoning(self.id, ReasoningPart(text, self.signature, self.redacted), status)
        return _call(self.id, ToolCallPart(self.reference, self.name, text), status, self.spaces)


class _Writer:
    """Turns neutral events into the frames of a stream. Text and thinking end where another kind begins; calls stay
    open to the end, since their arguments may come in turns."""

    def __init__(self, base: Response) -> None:
        self._base = base
        self._spaces = namespaces(base["tools"])
        self._number = 0
        self._items: list[_Growing] = []
        self._said: _Growing | None = None
        self._calls: dict[int, _Growing] = {}
        self._done: dict[int, Item] = {}

    @property
    def output(self) -> list[Item]:
        """The items, those that are not done as far as they came."""
        return [self._done.get(item.index) or item.item("incomplete") for item in self._items]

    def event(self, kind: str, **members: Any) -> bytes:
        """One frame, numbered."""
        body = {"type": kind, "sequence_number": self._number, **members}
        self._number += 1
        return frame(msgspec.json.encode(body), event=kind)

    def begin(self) -> list[bytes]:
        """What comes before anything is said."""
        return [self.event(f"response.{name}", response=self._base) for name in ("created", "in_progress")]

    def add(self, event: TextDelta | ReasoningDelta | ToolCallDelta) -> list[bytes]:
        """The frames of more of the answer."""
        match event:
            case TextDelta(text):
                if not text:
                    return []
                frames, item = self._saying("text")
                item.pieces.append(text)
                where = self._where(item, content_index=0)
                return [*frames, self.event("response.output_text.delta", **where, delta=text, logprobs=[])]
            case ReasoningDelta(text, signature, redacted):
                return self._think(text, signature, redacted)
            case ToolCallDelta(index, call_id, name, arguments):
                return self._call(index, call_id, name, arguments)

    def _think(self, text: str, signature: str, redacted: bool) -> list[bytes]:
        frames = self._close() if redacted else []
        more, item = self._saying("reasoning")
        frames += more
        if text:
            where = self._where(item, summary_index=0)
            if not item.pieces:
                part = {"type": "summary_text", "text": ""}
                frames.append(self.event("response.reasoning_summary_part.added", **where, part=part))
            item.pieces.append(text)
            frames.append(self.event("response.reasoning_summary_text.delta", **where, delta=text))
        if signature:
            item.signature, item.redacted = signature, redacted
            frames += self._close()
        return frames

    def _call(self, index: int, call_id: str, name: str, arguments: str) -> list[bytes]:
        frames: list[bytes] = []
        item = self._calls.get(index)
        if item is None:
            frames = self._close()
            item = self._calls[index] = self._started("call")
            item.reference, item.name = call_id, name
            frames.append(self._added(item, {**item.item("in_progress"), "arguments": ""}))
        if arguments:
            item.pieces.append(arguments)
            where = self._where(item)
            frames.append(self.event("response.function_call_arguments.delta", **where, delta=arguments))
        return frames

    def _saying(self, kind: str) -> tuple[list[bytes], _Growing]:
        """The open text or thought, begun where none is."""
        if self._said is not None and self._said.kind == kind:
            return [], self._said
        frames = self._close()
        item = self._said = self._started(kind)
        empty = item.item("in_progress")
        if kind == "reasoning":
            return [*frames, self._added(item, empty)], item
        frames.append(self._added(item, {**empty, "content": []}))
        where = self._where(item, content_index=0)
        frames.append(self.event("response.content_part.added", **where, part=empty["content"][0]))
        return frames, item

    def _started(self, kind: str) -> _Growing:
        item = _Growing(kind, len(self._items), self._spaces)
        self._items.append(item)
        return item

    def _where(self, item: _Growing, **more: int) -> dict[str, Any]:
        return {"item_id": item.id, "output_index": item.index, **more}

    def _added(self, item: _Growing, body: Item) -> bytes:
        return self.event("response.output_item.added", output_index=item.index, item=body)

    def _close(self, status: str = "completed") -> list[bytes]:
        """End the open text or thought."""
        item, self._said = self._said, None
        return [] if item is None else self._finish(item, status)

    def _finish(self, item: _Growing, status: str) -> list[bytes]:
        body = self._done[item.index] = item.item(status)
        frames: list[bytes] = []
        if item.kind == "text":
            where, part = self._where(item, content_index=0), body["content"][0]
            frames.append(self.event("response.output_text.done", **where, text=part["text"], logprobs=[]))
            frames.append(self.event("response.content_part.done", **where, part=part))
        elif item.kind == "call":
            named = {"name": body["name"], "arguments": body["arguments"]}
            frames.append(self.event("response.function_call_arguments.done", **self._where(item), **named))
        elif item.pieces:
            where, part = self._where(item, summary_index=0), body["summary"][0]
            frames.append(self.event("response.reasoning_summary_text.done", **where, text=part["text"]))
            frames.append(self.event("response.reasoning_summary_part.done", **where, part=part))
        frames.append(self.event("response.output_item.done", output_index=item.index, item=body))
        return frames

    def close_all(self, stop: StopReason) -> list[bytes]:
        """End whatever is open; the last of it is not whole where the answer was cut."""
        status = "incomplete" if stop in _INCOMPLETE else "completed"
        frames = self._close(status)
        for item in self._calls.values():
            frames += self._finish(item, status if item is self._items[-1] else "completed")
        return frames


async def stream(base: Response, events: AsyncIterator[Event], keep: Keep) -> AsyncGenerator[bytes]:
    """The frames of a streamed response. `keep` gets the finished response before the client learns of its end; a
    failure ends the stream with `response.failed`."""
    writer = _Writer(base)
    for item in writer.begin():
        yield item
    usage: Usage | None = None
    stop: StopReason = "end"
    async for event in events:
        match event:
            case Usage():
                usage = event
            case Done(stop_reason):
                stop = stop_reason
            case Failed():
                response = broken(base, writer.output, event)
                await keep(response)
                yield writer.event("response.failed", response=response)
                return
            case TextDelta() | ReasoningDelta() | ToolCallDelta():
                for item in writer.add(event):
                    yield item
    for item in writer.close_all(stop):
        yield item
    response = ended(base, writer.output, stop, usage)
    await keep(response)
    yield writer.event(f"response.{response['status']}", response=response)
