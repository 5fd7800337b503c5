"""The /v1 endpoints, as plain ASGI routes: an API key with the scope `inference`, errors in each protocol's own form."""

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from typing import Any, Literal, TypeVar

import msgspec
import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from radiant.ai.inference.model import Model
from radiant.ai.inference.service import Answer, Inference
from radiant.ai.providers.chat import ChatRequest, Event, Failed, fold
from radiant.doors.gateway import anthropic_answer, openai_answer
from radiant.doors.gateway.anthropic_request import MessagesBody
from radiant.doors.gateway.openai_request import ChatBody, EmbeddingsBody, decode
from radiant.foundation.identity.callers import Caller
from radiant.foundation.identity.dependencies import bearer_of, database_of, known_keys_of, origin_of
from radiant.http.problem import request_id
from radiant.http.sse import EventStream
from radiant.kit.errors import NotFound, Problem, Unauthenticated
from radiant.kit.ids import uuid7

log = structlog.get_logger()

Protocol = Literal["openai", "anthropic"]
T = TypeVar("T")


class Bug(Problem):
    """Something went wrong on our side."""

    status, slug = 500, "internal"


def _inference(request: Request) -> Inference:
    return request.app.state.inference


async def _caller(request: Request) -> Caller:
    secret = bearer_of(request)
    if secret is None:
        raise Unauthenticated("send an API key: Authorization: Bearer rad_… (or x-api-key)")
    caller = await known_keys_of(request).verify(secret, origin_of(request))
    caller.require_scope("inference")
    request.scope["radiant.caller"] = caller
    return caller


def _json(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(msgspec.json.encode(body), status, headers=headers, media_type="application/json")


def _error(request: Request, protocol: Protocol, problem: Problem) -> Response:
    if protocol == "anthropic":
        body = anthropic_answer.error_body(problem, request_id(request))
    else:
        body = openai_answer.error_body(problem)
    # Clients of both protocols know 400 and 429; 422 and 402 are ours.
    status = {422: 400, 402: 429}.get(problem.status, problem.status)
    return _json(body, status, problem.headers)


def _endpoint(
    protocol: Protocol, handler: Callable[[Request], Awaitable[Response]]
) -> Callable[[Request], Coroutine[Any, Any, Response]]:
    """`handler`, its failures in the protocol's own form."""

    async def endpoint(request: Request) -> Response:
        try:
            return await handler(request)
        except Problem as problem:
            return _error(request, protocol, problem)
        except ClientDisconnect:
            return Response(status_code=499)
        except Exception as error:
            log.error("bug", request_id=request_id(request), path=request.url.path, exc_info=error)
            return _error(request, protocol, Bug(f"something went wrong on our side (request {request_id(request)})"))

    return endpoint


async def _unless_gone(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """The result of `work`, cancelled when the client goes away before it. Raises ClientDisconnect."""
    task = asyncio.ensure_future(work)
    gone = asyncio.ensure_future(_disconnected(request))
    try:
        await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
        raise ClientDisconnect
    finally:
        for pending in (task, gone):
            if not pending.done():
                pending.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await pending


async def _disconnected(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _headers(answer: Answer) -> dict[str, str]:
    return {
        "x-radiant-model": answer.model,
        "x-radiant-provider": answer.provider,
        "x-radiant-decision-id": str(answer.decision_id),
    }


async def _failures_as_events(answer: Answer) -> AsyncGenerator[Event]:
    """The answer's events; a failure in mid-stream becomes its last one, since the status is sent."""
    try:
        async with contextlib.aclosing(answer.events) as events:
            async for event in events:
                yield event
    except Problem as problem:
        yield Failed.of(problem)
    except Exception as error:
        log.error("bug", decision_id=str(answer.decision_id), exc_info=error)
        yield Failed.of(Bug("something went wrong on our side"))


async def _relay(
    answer: Answer, render: Callable[[AsyncGenerator[Event]], AsyncGenerator[bytes]]
) -> AsyncGenerator[bytes]:
    async with (
        contextlib.aclosing(_failures_as_events(answer)) as events,
        contextlib.aclosing(render(events)) as frames,
    ):
        async for item in frames:
            yield item


async def _whole(request: Request, caller: Caller, model: str, ask: ChatRequest) -> tuple[Answer, Any]:
    async def work() -> tuple[Answer, Any]:
        answer = await _inference(request).open(caller, model, ask)
        async with contextlib.aclosing(answer.events) as events:
            return answer, await fold(events)

    return await _unless_gone(request, work())


async def chat_completions(request: Request) -> Response:
    """POST /v1/chat/completions."""
    caller = await _caller(request)
    body = decode(await request.body(), ChatBody)
    ask = body.to_request()
    answer_id = f"chatcmpl-{uuid7().hex}"
    if not body.stream:
        answer, completion = await _whole(request, caller, body.model, ask)
        return _json(openai_answer.completion_body(answer_id, answer.model, completion), headers=_headers(answer))
    answer = await _unless_gone(request, _inference(request).open(caller, body.model, ask))
    frames = _relay(
        answer, lambda events: openai_answer.chunks(answer_id, answer.model, events, with_usage=body.wants_usage)
    )
    return EventStream(frames, headers=_headers(answer))


async def messages(request: Request) -> Response:
    """POST /v1/messages."""
    caller = await _caller(request)
    body = decode(await request.body(), MessagesBody)
    ask = body.to_request()
    answer_id = f"msg_{uuid7().hex}"
    if not body.stream:
        answer, completion = await _whole(request, caller, body.model, ask)
        return _json(anthropic_answer.message_body(answer_id, answer.model, completion), headers=_headers(answer))
    answer = await _unless_gone(request, _inference(request).open(caller, body.model, ask))
    frames = _relay(answer, lambda events: anthropic_answer.stream(answer_id, answer.model, events))
    return EventStream(frames, headers=_headers(answer))


async def embeddings(request: Request) -> Response:
    """POST /v1/embeddings."""
    caller = await _caller(request)
    body = decode(await request.body(), EmbeddingsBody)
    ask = body.to_request()
    model, result = await _unless_gone(request, _inference(request).embed(caller, body.model, ask))
    as_base64 = body.encoding_format == "base64"
    return _json(openai_answer.embeddings_body(model, result, as_base64=as_base64))


def _is_anthropic(request: Request) -> bool:
    return "anthropic-version" in request.headers


def _openai_model(model: Model) -> dict[str, Any]:
    return {"id": model.id, "object": "model", "created": int(time.time()), "owned_by": model.provider}


def _anthropic_model(model: Model) -> dict[str, Any]:
    return {"type": "model", "id": model.id, "display_name": model.display_name, "created_at": "2026-01-01T00:00:00Z"}


async def list_models(request: Request) -> Response:
    """GET /v1/models: those that the caller can use now, in the form that the client speaks."""
    caller = await _caller(request)
    found = await _inference(request).models.all(caller.db(database_of(request)))
    usable = [model for model in found if model.unavailable is None]
    if not _is_anthropic(request):
        auto = {"id": "auto", "object": "model", "created": int(time.time()), "owned_by": "radiant"}
        return _json({"object": "list", "data": [auto, *map(_openai_model, usable)]})
    data = [_anthropic_model(model) for model in usable]
    ends = {"first_id": data[0]["id"] if data else None, "last_id": data[-1]["id"] if data else None}
    return _json({"data": data, "has_more": False, **ends})


async def get_model(request: Request) -> Response:
    """GET /v1/models/{id}."""
    caller = await _caller(request)
    model = await _inference(request).models.resolve(caller.db(database_of(request)), request.path_params["model"])
    return _json(_anthropic_model(model) if _is_anthropic(request) else _openai_model(model))


async def unknown(request: Request) -> Response:
    """Anything else under /v1."""
    raise NotFound(f"{request.method} {request.url.path}: there is no such endpoint")


def _by_client(handler: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Coroutine[Any, Any, Response]]:
    forms = {protocol: _endpoint(protocol, handler) for protocol in ("openai", "anthropic")}

    async def endpoint(request: Request) -> Response:
        return await forms["anthropic" if _is_anthropic(request) else "openai"](request)

    return endpoint


routes = [
    Route("/v1/chat/completions", _endpoint("openai", chat_completions), methods=["POST"]),
    Route("/v1/embeddings", _endpoint("openai", embeddings), methods=["POST"]),
    Route("/v1/messages", _endpoint("anthropic", messages), methods=["POST"]),
    Route("/v1/models", _by_client(list_models), methods=["GET"]),
    Route("/v1/models/{model:path}", _by_client(get_model), methods=["GET"]),
    Route("/v1/{rest:path}", _by_client(unknown), methods=["GET", "POST", "PUT", "PATCH", "DELETE"]),
]
