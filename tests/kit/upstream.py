"""Upstreams for tests: loopback servers that speak the OpenAI and the Anthropic protocol, well and badly.

    async with openai_upstream() as upstream:
        upstream.plan(Refuse(429, retry_after=0.01), Say("Hello"))
        ... call upstream.url ...
        assert upstream.requests[0].body["model"] == "m"

Each request takes what `upstream.answering` makes of its body, if that is set and says anything; else the next planned
behaviour; when none is left, `upstream.default` (a plain `Say`).
`upstream.gone` is set when a client went away in mid-answer.
"""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.kit.upstream_endpoints import endpoint


@dataclass(frozen=True)
class Call:
    """A tool call that the model makes; its arguments are streamed in two pieces."""

    name: str
    arguments: str = "{}"
    id: str = "call_1"


@dataclass(frozen=True)
class Say:
    """A good answer. `gap`: seconds between events; `cut_after`: abort the connection after so many events;
    `held`: the last ten events wait for it; `bytes_at_once`: write the stream in pieces of that size, whatever they
    cut; `stop`: "end", "length", "tool_calls", "content_filter", "stop_sequence", or a word that the protocol does
    not know."""

    text: str = "Hello from upstream."
    reasoning: str = ""
    signature: str = "sig"
    calls: Sequence[Call] = ()
    stop: str = "end"
    input_tokens: int = 12
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    output_tokens: int = 5
    reasoning_tokens: int = 0
    before: float = 0.0
    gap: float = 0.0
    cut_after: int | None = None
    held: asyncio.Event | None = None
    bytes_at_once: int | None = None
    line_end: str = "\n"
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Refuse:
    """An error answer. `body` None: the protocol's own error object with `message`, `type`, `code`."""

    status: int
    message: str = "no"
    type: str = "invalid_request_error"
    code: str | None = None
    retry_after: float | None = None
    body: bytes | None = None
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class FailMidway:
    """Some words, then an error event inside the stream."""

    text: str = "Half of"
    type: str = "overloaded_error"
    message: str = "Overloaded"


@dataclass(frozen=True)
class Raw:
    """These bytes as an event stream (or as `content_type`), then the end."""

    chunks: Sequence[bytes]
    content_type: str = "text/event-stream"
    gap: float = 0.0


@dataclass(frozen=True)
class Hang:
    """Take the request and never answer."""


@dataclass(frozen=True)
class Drop:
    """Close the connection without an answer."""


Behaviour = Say | Refuse | FailMidway | Raw | Hang | Drop


@dataclass(frozen=True)
class Received:
    """A request as it came."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: Any


@dataclass
class Upstream:
    """A running server. `url` is a base URL as it would stand in a connection."""

    url: str
    requests: list[Received] = field(default_factory=list)
    default: Behaviour = field(default_factory=Say)
    key: str | None = None
    models: Sequence[str] = ("big", "small")
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    dimensions: int = 8
    by_model: dict[str, "Behaviour"] = field(default_factory=dict)
    answering: Callable[[Any], "Behaviour | None"] | None = None
    _plan: deque[Behaviour] = field(default_factory=deque)

    def plan(self, *behaviours: Behaviour) -> None:
        """What the next requests get, one each."""
        self._plan.extend(behaviours)

    def next(self, body: Any = None) -> Behaviour:
        """The behaviour for this request: what `answering` says, the next planned one, or the model's own."""
        if self.answering is not None and body and (found := self.answering(body)) is not None:
            return found
        model = body.get("model") if isinstance(body, dict) else None
        return self._plan.popleft() if self._plan else self.by_model.get(model or "", self.default)


def _words(text: str) -> list[str]:
    words = text.split(" ")
    return [word if last else f"{word} " for word, last in zip(words, [False] * (len(words) - 1) + [True], strict=True)]


def _event(data: Any, name: str = "") -> str:
    head = f"event: {name}\n" if name else ""
    text = data if isinstance(data, str) else json.dumps(data)
    return f"{head}data: {text}\n\n"


# --- OpenAI -------------------------------------------------------------------------------------------

_OPENAI_STOP = {"end": "stop", "stop_sequence": "stop"}


def likely(text: str, others: int = 0) -> dict[str, Any]:
    """The probability of a text that is one token, and those of others."""
    token = {"token": text, "logprob": -0.25, "bytes": list(text.encode())}
    return {**token, "top_logprobs": [{**token, "logprob": -0.25 - n} for n in range(others)]}


def _openai_events(say: Say, model: str, others: int | None = None) -> list[str]:
    """`others`: as asked for by top_logprobs; None: no logprobs."""

    def chunk(delta: dict[str, Any], finish: str | None = None) -> str:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        if others is not None and (word := delta.get("content")):
            choice["logprobs"] = {"content": [likely(word, others)], "refusal": None}
        return _event(
            {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": model, "choices": [choice]}
        )

    events = [chunk({"role": "assistant", "content": ""})]
    events += [chunk({"reasoning_content": word}) for word in _words(say.reasoning) if word]
    events += [chunk({"content": word}) for word in _words(say.text) if word]
    for index, call in enumerate(say.calls):
        half = len(call.arguments) // 2
        first = {"name": call.name, "arguments": call.arguments[:half]}
        events.append(chunk({"tool_calls": [{"index": index, "id": call.id, "type": "function", "function": first}]}))
        events.append(chunk({"tool_calls": [{"index": index, "function": {"arguments": call.arguments[half:]}}]}))
    events.append(chunk({}, _OPENAI_STOP.get(say.stop, say.stop)))
    usage = _openai_usage(say)
    events.append(_event({"id": "chatcmpl-1", "object": "chat.completion.chunk", "choices": [], "usage": usage}))
    events.append(_event("[DONE]"))
    return events


def _openai_whole(say: Say, model: str) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": say.text or None, "refusal": None}
    if say.reasoning:
        message["reasoning_content"] = say.reasoning
    if say.calls:
        message["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call in say.calls
        ]
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": model,
        "choices": [{"index": 0, "message": message, "finish_reason": _OPENAI_STOP.get(say.stop, say.stop)}],
        "usage": _openai_usage(say),
    }


def _openai_usage(say: Say) -> dict[str, Any]:
    return {
        "prompt_tokens": say.input_tokens,
        "completion_tokens": say.output_tokens,
        "total_tokens": say.input_tokens + say.output_tokens,
        "prompt_tokens_details": {"cached_tokens": say.cache_read_tokens},
        "completion_tokens_details": {"reasoning_tokens": say.reasoning_tokens},
    }


async def _openai(request: web.Request, upstream: Upstream) -> web.StreamResponse:
    body = await _receive(request, upstream)
    if upstream.key is not None and request.headers.get("Authorization") != f"Bearer {upstream.key}":
        message = f"Incorrect API key provided: {request.headers.get('Authorization')}"
        return _error({"message": message, "type": "invalid_request_error", "code": "invalid_api_key"}, 401)
    behaviour = upstream.next(body)
    if isinstance(behaviour, Refuse):
        return _refuse(behaviour, {"message": behaviour.message, "type": behaviour.type, "code": behaviour.code})
    if not isinstance(behaviour, Say | FailMidway):
        return await _misbehave(request, behaviour)
    if request.path.endswith("/models"):
        return web.json_response(
            {"object": "list", "data": [{"id": name, "object": "model"} for name in upstream.models]}
        )
    if request.path.endswith("/embeddings"):
        return web.json_response(_embeddings(body, upstream.dimensions))
    if isinstance(behaviour, Say) and (served := endpoint(request, body, behaviour)):
        whole, events = served
        if body and body.get("stream") and events:
            return await _send(request, upstream, events, behaviour)
        return await _whole(request, upstream, whole, behaviour)
    if not request.path.endswith("/chat/completions"):
        return _error({"message": f"no such path {request.path}", "type": "invalid_request_error", "code": None}, 404)
    if not body.get("stream"):
        if isinstance(behaviour, FailMidway):
            return _error({"message": behaviour.message, "type": behaviour.type, "code": None}, 529)
        return await _whole(request, upstream, _openai_whole(behaviour, body["model"]), behaviour)
    if isinstance(behaviour, FailMidway):
        events = _openai_events(Say(behaviour.text), body["model"])[:-3]
        events.append(_event({"error": {"message": behaviour.message, "type": behaviour.type, "code": None}}))
        return await _send(request, upstream, events, Say())
    others = body.get("top_logprobs", 0) if body.get("logprobs") else None
    return await _send(request, upstream, _openai_events(behaviour, body["model"], others), behaviour)


def _embeddings(body: Any, dimensions: int) -> dict[str, Any]:
    inputs = [body["input"]] if isinstance(body["input"], str) else body["input"]
    size = body.get("dimensions") or dimensions
    data = [
        {"object": "embedding", "index": index, "embedding": [float(len(text) + place) for place in range(size)]}
        for index, text in enumerate(inputs)
    ]
    # Out of order, as the protocol allows.
    return {
        "object": "list",
        "data": data[::-1],
        "model": body["model"],
        "usage": {"prompt_tokens": 7, "total_tokens": 7},
    }


# --- Anthropic ----------------------------------------------------------------------------------------

_ANTHROPIC_STOP = {
    "end": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "content_filter": "refusal",
}


def _anthropic_events(say: Say, model: str) -> list[str]:
    events: list[str] = []

    def add(kind: str, **members: Any) -> None:
        events.append(_event({"type": kind, **members}, kind))

    def block(start: dict[str, Any], deltas: Sequence[dict[str, Any]]) -> None:
        index = blocks[0]
        blocks[0] += 1
        add("content_block_start", index=index, content_block=start)
        for delta in deltas:
            add("content_block_delta", index=index, delta=delta)
        add("content_block_stop", index=index)

    blocks = [0]
    plain = say.input_tokens - say.cache_read_tokens - say.cache_write_tokens
    usage = {
        "input_tokens": plain,
        "cache_read_input_tokens": say.cache_read_tokens,
        "cache_creation_input_tokens": say.cache_write_tokens,
        "output_tokens": 1,
    }
    message = {"id": "msg_1", "type": "message", "role": "assistant", "model": model, "content": [], "usage": usage}
    add("message_start", message={**message, "stop_reason": None, "stop_sequence": None})
    add("ping")
    if say.reasoning:
        deltas: list[dict[str, Any]] = [{"type": "thinking_delta", "thinking": word} for word in _words(say.reasoning)]
        deltas.append({"type": "signature_delta", "signature": say.signature})
        block({"type": "thinking", "thinking": "", "signature": ""}, deltas)
    if say.text:
        block({"type": "text", "text": ""}, [{"type": "text_delta", "text": word} for word in _words(say.text)])
    for call in say.calls:
        half = len(call.arguments) // 2
        pieces = ["", call.arguments[:half], call.arguments[half:]]
        start = {"type": "tool_use", "id": call.id, "name": call.name, "input": {}}
        block(start, [{"type": "input_json_delta", "partial_json": piece} for piece in pieces])
    details = {"thinking_tokens": say.reasoning_tokens}
    add(
        "message_delta",
        delta={"stop_reason": _ANTHROPIC_STOP.get(say.stop, say.stop), "stop_sequence": None},
        usage={"output_tokens": say.output_tokens, "output_tokens_details": details},
    )
    add("message_stop")
    return events


def _anthropic_whole(say: Say, model: str) -> dict[str, Any]:
    content: list[dict[str, Any]] = []
    if say.reasoning:
        content.append({"type": "thinking", "thinking": say.reasoning, "signature": say.signature})
    if say.text:
        content.append({"type": "text", "text": say.text})
    content += [
        {"type": "tool_use", "id": call.id, "name": call.name, "input": json.loads(call.arguments)}
        for call in say.calls
    ]
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": content,
        "stop_reason": _ANTHROPIC_STOP.get(say.stop, say.stop),
        "stop_sequence": None,
        "usage": {
            "input_tokens": say.input_tokens - say.cache_read_tokens - say.cache_write_tokens,
            "cache_read_input_tokens": say.cache_read_tokens,
            "cache_creation_input_tokens": say.cache_write_tokens,
            "output_tokens": say.output_tokens,
            "output_tokens_details": {"thinking_tokens": say.reasoning_tokens},
        },
    }


async def _anthropic(request: web.Request, upstream: Upstream) -> web.StreamResponse:
    body = await _receive(request, upstream)
    if upstream.key is not None and request.headers.get("x-api-key") != upstream.key:
        return _error({"type": "authentication_error", "message": "invalid x-api-key"}, 401)
    behaviour = upstream.next()
    if isinstance(behaviour, Refuse):
        return _refuse(behaviour, {"type": behaviour.type, "message": behaviour.message})
    if not isinstance(behaviour, Say | FailMidway):
        return await _misbehave(request, behaviour)
    if request.path.endswith("/v1/models"):
        models = [{"type": "model", "id": name, "display_name": name} for name in upstream.models]
        return web.json_response({"data": models, "has_more": False, "first_id": None, "last_id": None})
    if request.path.endswith("/v1/messages/count_tokens"):
        return web.json_response({"input_tokens": 77})
    if not request.path.endswith("/v1/messages"):
        return _error({"type": "not_found_error", "message": request.path}, 404)
    if not body.get("stream"):
        if isinstance(behaviour, FailMidway):
            return _error({"type": behaviour.type, "message": behaviour.message}, 529)
        return await _whole(request, upstream, _anthropic_whole(behaviour, body["model"]), behaviour)
    if isinstance(behaviour, FailMidway):
        events = _anthropic_events(Say(behaviour.text), body["model"])[:-3]
        error = {"type": behaviour.type, "message": behaviour.message}
        events.append(_event({"type": "error", "error": error}, "error"))
        return await _send(request, upstream, events, Say())
    return await _send(request, upstream, _anthropic_events(behaviour, body["model"]), behaviour)


# --- both ---------------------------------------------------------------------------------------------


async def _receive(request: web.Request, upstream: Upstream) -> Any:
    text = await request.read()
    form = request.content_type == "application/x-www-form-urlencoded"
    body = text.decode() if form else json.loads(text) if text else None
    upstream.requests.append(Received(request.method, request.path, dict(request.headers), body))
    return body


def _error(error: dict[str, Any], status: int) -> web.Response:
    return web.json_response({"type": "error", "error": error}, status=status)


def _refuse(refuse: Refuse, error: dict[str, Any]) -> web.Response:
    headers = dict(refuse.headers)
    if refuse.retry_after is not None:
        headers["Retry-After"] = str(refuse.retry_after)
    body = refuse.body if refuse.body is not None else json.dumps({"type": "error", "error": error}).encode()
    return web.Response(status=refuse.status, body=body, headers=headers, content_type=refuse.content_type)


async def _misbehave(request: web.Request, behaviour: Raw | Hang | Drop) -> web.StreamResponse:
    if isinstance(behaviour, Hang):
        await asyncio.Event().wait()
    if isinstance(behaviour, Raw):
        response = web.StreamResponse(headers={"Content-Type": behaviour.content_type})
        await response.prepare(request)
        for chunk in behaviour.chunks:
            await response.write(chunk)
            await asyncio.sleep(behaviour.gap)
        return response
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def _whole(request: web.Request, upstream: Upstream, body: dict[str, Any], say: Say) -> web.StreamResponse:
    """The same answer in one piece; as late as its stream would have ended."""
    try:
        await asyncio.sleep(say.before + say.gap * len(_words(say.text)))
    except asyncio.CancelledError:
        upstream.gone.set()
        raise
    if say.cut_after is not None:
        assert request.transport is not None
        request.transport.abort()
    return web.json_response(body)


async def _send(request: web.Request, upstream: Upstream, events: list[str], say: Say) -> web.StreamResponse:
    await asyncio.sleep(say.before)
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream; charset=utf-8", **say.headers})
    await response.prepare(request)
    try:
        if say.bytes_at_once is not None:
            stream = "".join(events).replace("\n", say.line_end).encode()
            for start in range(0, len(stream), say.bytes_at_once):
                await response.write(stream[start : start + say.bytes_at_once])
                await asyncio.sleep(say.gap)
            return response
        for number, event in enumerate(events):
            if number == say.cut_after:
                assert request.transport is not None
                # What was written should arrive before the end does.
                await asyncio.sleep(0.02)
                request.transport.abort()
                return response
            if say.held is not None and number == len(events) - 10:
                await say.held.wait()
            await response.write(event.replace("\n", say.line_end).encode())
            await asyncio.sleep(say.gap)
    except (asyncio.CancelledError, ConnectionError):
        upstream.gone.set()
        raise
    return response


@asynccontextmanager
async def _serve(handler: Any, path: str) -> AsyncIterator[Upstream]:
    app = web.Application(client_max_size=64 * 2**20)
    upstream = Upstream("")

    async def handle(request: web.Request) -> web.StreamResponse:
        return await handler(request, upstream)

    app.router.add_route("*", "/{path:.*}", handle)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    upstream.url = f"http://127.0.0.1:{port}{path}"
    try:
        yield upstream
    finally:
        await runner.cleanup()


def openai_upstream() -> AbstractAsyncContextManager[Upstream]:
    """An async context manager of an `Upstream` that speaks OpenAI's protocol."""
    return _serve(_openai, "/v1")


def anthropic_upstream() -> AbstractAsyncContextManager[Upstream]:
    """An async context manager of an `Upstream` that speaks the Messages API."""
    return _serve(_anthropic, "")
