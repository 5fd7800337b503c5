"""A loopback server that speaks the Gemini API and Vertex AI, well and badly: see `tests.kit.upstream`.

Shapes as in Google's reference of generateContent, streamGenerateContent, batchEmbedContents, models.list and
google.rpc.Status (ai.google.dev/api, cloud.google.com/vertex-ai/docs/reference/rest, read October 2026). A wrong key is
a 400 with API_KEY_INVALID there, as the real API says it.
"""

import base64
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

from aiohttp import web

from tests.kit import upstream as kit
from tests.kit.upstream import FailMidway, Refuse, Say, Upstream

_STOP = {"end": "STOP", "tool_calls": "STOP", "length": "MAX_TOKENS", "content_filter": "SAFETY"}
_CODES = {"overloaded_error": (503, "UNAVAILABLE"), "rate_limit_error": (429, "RESOURCE_EXHAUSTED")}


def usage(say: Say) -> dict[str, Any]:
    """usageMetadata: thoughts stand beside the candidates."""
    return {
        "promptTokenCount": say.input_tokens,
        "cachedContentTokenCount": say.cache_read_tokens,
        "candidatesTokenCount": say.output_tokens - say.reasoning_tokens,
        "thoughtsTokenCount": say.reasoning_tokens,
        "totalTokenCount": say.input_tokens + say.output_tokens,
    }


def _events(say: Say, model: str) -> list[str]:
    def chunk(parts: Sequence[dict[str, Any]], finish: str | None = None) -> str:
        candidate: dict[str, Any] = {"content": {"parts": list(parts), "role": "model"}, "index": 0}
        if finish:
            candidate["finishReason"] = finish
        return kit._event(
            {"candidates": [candidate], "usageMetadata": usage(say), "modelVersion": model, "responseId": "r1"}
        )

    signature = base64.b64encode(say.signature.encode()).decode()
    events = [chunk([]), chunk([{"text": ""}])]
    events += [chunk([{"text": word, "thought": True}]) for word in kit._words(say.reasoning) if word]
    events += [chunk([{"text": word}]) for word in kit._words(say.text) if word]
    for number, call in enumerate(say.calls):
        part: dict[str, Any] = {"functionCall": {"name": call.name, "args": kit.json.loads(call.arguments)}}
        if call.id:
            part["functionCall"]["id"] = call.id
        if number == 0:
            part["thoughtSignature"] = signature
        events.append(chunk([part]))
    last = [{"text": "", "thoughtSignature": signature}] if say.reasoning and not say.calls else []
    events.append(chunk(last, _STOP.get(say.stop, say.stop)))
    return events


def error(status: int, message: str, name: str, details: Sequence[dict[str, Any]] = ()) -> dict[str, Any]:
    """google.rpc.Status as the API writes it."""
    body: dict[str, Any] = {"code": status, "message": message, "status": name}
    if details:
        body["details"] = list(details)
    return {"error": body}


INVALID_KEY = {
    "@type": "type.googleapis.com/google.rpc.ErrorInfo",
    "reason": "API_KEY_INVALID",
    "domain": "googleapis.com",
    "metadata": {"service": "generativelanguage.googleapis.com"},
}


async def _google(request: web.Request, upstream: Upstream) -> web.StreamResponse:
    body = await kit._receive(request, upstream)
    if request.path == "/token":
        # The token endpoint of a service account (RFC 7523).
        return web.json_response({"access_token": upstream.key, "expires_in": 3599, "token_type": "Bearer"})
    if upstream.key is not None:
        bearer = request.headers.get("Authorization", "")
        if bearer and bearer != f"Bearer {upstream.key}":
            return web.json_response(error(401, "Request had invalid credentials.", "UNAUTHENTICATED"), status=401)
        if not bearer and request.headers.get("x-goog-api-key") != upstream.key:
            document = error(400, "API key not valid.", "INVALID_ARGUMENT", [INVALID_KEY])
            return web.json_response(document, status=400)
    behaviour = upstream.next()
    if isinstance(behaviour, Refuse):
        return kit._refuse(behaviour, error(behaviour.status, behaviour.message, behaviour.type)["error"])
    if not isinstance(behaviour, Say | FailMidway):
        return await kit._misbehave(request, behaviour)
    path = request.path
    if path == "/v1beta1/publishers/google/models":
        return web.json_response({"publisherModels": [{"name": "publishers/google/models/gemini-3.8-flash"}]})
    if path.endswith("/models"):
        methods = ["generateContent", "countTokens"]
        models = [
            {"name": f"models/{name}", "inputTokenLimit": 1_048_576, "supportedGenerationMethods": methods}
            for name in upstream.models
        ]
        models.append({"name": "models/imagen", "supportedGenerationMethods": ["predict"]})
        return web.json_response({"models": models})
    if path.endswith(":batchEmbedContents"):
        vectors = [{"values": [float(len(one["content"]["parts"][0]["text"])), 1.0]} for one in body["requests"]]
        return web.json_response({"embeddings": vectors})
    if path.endswith(":predict"):
        rows = [
            {"embeddings": {"values": [float(len(one["content"])), 1.0], "statistics": {"token_count": 3}}}
            for one in body["instances"]
        ]
        return web.json_response({"predictions": rows})
    if path.endswith(":countTokens"):
        return web.json_response({"totalTokens": 1})
    if path.endswith(":streamRawPredict"):
        model = path.rpartition("/")[2].partition(":")[0]
        assert isinstance(behaviour, Say)
        return await kit._send(request, upstream, kit._anthropic_events(behaviour, model), behaviour)
    if not path.endswith(":streamGenerateContent") or request.query.get("alt") != "sse":
        return web.json_response(error(404, f"no such path {path}", "NOT_FOUND"), status=404)
    model = path.rpartition("/")[2].partition(":")[0]
    if isinstance(behaviour, FailMidway):
        events = _events(Say(behaviour.text), model)[:-1]
        code, name = _CODES.get(behaviour.type, (500, "INTERNAL"))
        return await kit._send(request, upstream, [*events, kit._event(error(code, behaviour.message, name))], Say())
    return await kit._send(request, upstream, _events(behaviour, model), behaviour)


def google_upstream() -> AbstractAsyncContextManager[Upstream]:
    """A server of Gemini's protocol; `url` is its address without a version. `key` stands for API key and token."""
    return kit._serve(_google, "")
