"""A loopback server that speaks Amazon Bedrock, well and badly: see `tests.kit.upstream`.

Converse's binary frames are written by hand here, CRCs and all (docs.aws.amazon.com/AmazonS3/latest/API/
RESTSelectObjectAppendix.html describes the framing; shapes are those of botocore's bedrock-runtime model, 1.44).
A request is let in by a bearer key, or by a Signature Version 4 that botocore computes again from what arrived.
"""

import asyncio
import base64
import binascii
import json
import re
import struct
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

from aiohttp import web
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.kit import upstream as kit
from tests.kit.upstream import FailMidway, Refuse, Say, Upstream

ACCESS_KEY = "AKIDEXAMPLE012345"
_AUTH = re.compile(
    r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d+)/([^/]+)/([^/]+)/aws4_request, SignedHeaders=([^,]+), Signature=(\w+)"
)
_STOP = {
    "end": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "content_filter": "guardrail_intervened",
}
_EXCEPTIONS = {
    "overloaded_error": "serviceUnavailableException",
    "rate_limit_error": "throttlingException",
    "invalid_request_error": "validationException",
}


def frame(payload: bytes, **headers: str) -> bytes:
    """One message of an AWS event stream; `headers` by their names without the colon, _ for -."""
    packed = b""
    for name, value in headers.items():
        key = f":{name.replace('_', '-')}".encode()
        packed += struct.pack("!B", len(key)) + key + struct.pack("!BH", 7, len(value)) + value.encode()
    prelude = struct.pack("!II", 16 + len(packed) + len(payload), len(packed))
    start = prelude + struct.pack("!I", binascii.crc32(prelude))
    message = start + packed + payload
    return message + struct.pack("!I", binascii.crc32(message))


def event(kind: str, **members: Any) -> bytes:
    """An event with its payload, padded as Bedrock pads them."""
    payload = json.dumps({**members, "p": "abcdefghij"}).encode()
    return frame(payload, event_type=kind, content_type="application/json", message_type="event")


def exception(kind: str, message: str) -> bytes:
    """An exception in mid-stream."""
    return frame(
        json.dumps({"message": message}).encode(),
        exception_type=kind,
        content_type="application/json",
        message_type="exception",
    )


def usage(say: Say) -> dict[str, int]:
    """Cached tokens stand beside the input."""
    return {
        "inputTokens": say.input_tokens - say.cache_read_tokens - say.cache_write_tokens,
        "outputTokens": say.output_tokens,
        "totalTokens": say.input_tokens + say.output_tokens,
        "cacheReadInputTokens": say.cache_read_tokens,
        "cacheWriteInputTokens": say.cache_write_tokens,
    }


def _events(say: Say) -> list[bytes]:
    events = [event("messageStart", role="assistant")]
    index = 0

    def deltas(pieces: Sequence[dict[str, Any]]) -> None:
        nonlocal index
        for piece in pieces:
            events.append(event("contentBlockDelta", contentBlockIndex=index, delta=piece))
        events.append(event("contentBlockStop", contentBlockIndex=index))
        index += 1

    if say.reasoning:
        thoughts: list[dict[str, Any]] = [{"reasoningContent": {"text": word}} for word in kit._words(say.reasoning)]
        deltas([*thoughts, {"reasoningContent": {"signature": say.signature}}])
    if say.text:
        deltas([{"text": word} for word in kit._words(say.text)])
    for call in say.calls:
        start = {"toolUse": {"toolUseId": call.id, "name": call.name}}
        events.append(event("contentBlockStart", contentBlockIndex=index, start=start))
        half = len(call.arguments) // 2
        deltas([{"toolUse": {"input": piece}} for piece in (call.arguments[:half], call.arguments[half:])])
    events.append(event("messageStop", stopReason=_STOP.get(say.stop, say.stop)))
    events.append(event("metadata", usage=usage(say), metrics={"latencyMs": 5}))
    return events


def _signed_well(request: web.Request, body: bytes, upstream: Upstream) -> bool:
    """Whether botocore comes to the same signature over what arrived."""
    match = _AUTH.fullmatch(request.headers.get("Authorization", ""))
    if match is None:
        return False
    access, _, region, service, signed, signature = match.groups()
    headers = {name: request.headers.get(name, "") for name in signed.split(";")}
    url = f"http://{request.headers['Host']}{request.raw_path}"
    seen = AWSRequest(method=request.method, url=url, data=body, headers=headers)
    seen.context["timestamp"] = request.headers["X-Amz-Date"]
    auth = SigV4Auth(Credentials(access, upstream.key), service, region)
    return (
        access == ACCESS_KEY
        and auth.signature(auth.string_to_sign(seen, auth.canonical_request(seen)), seen) == signature
    )


def _error(status: int, kind: str, message: str) -> web.Response:
    headers = {"x-amzn-ErrorType": f"{kind}:http://internal.amazon.com/coral/com.amazon.bedrock/"}
    return web.json_response({"message": message}, status=status, headers=headers)


async def _bedrock(request: web.Request, upstream: Upstream) -> web.StreamResponse:
    body = await kit._receive(request, upstream)
    bearer = upstream.key is None or request.headers.get("Authorization") == f"Bearer {upstream.key}"
    if not bearer and not _signed_well(request, await request.read(), upstream):
        return _error(403, "UnrecognizedClientException", "The security token included in the request is invalid.")
    behaviour = upstream.next()
    if isinstance(behaviour, Refuse):
        return kit._refuse(behaviour, {"message": behaviour.message, "__type": behaviour.type, "code": behaviour.type})
    if not isinstance(behaviour, Say | FailMidway):
        return await kit._misbehave(request, behaviour)
    path = request.path
    if path == "/foundation-models":
        rows = [
            {"modelId": name, "outputModalities": ["TEXT"], "inferenceTypesSupported": ["ON_DEMAND"]}
            for name in upstream.models
        ]
        rows.append({"modelId": "paint", "outputModalities": ["IMAGE"], "inferenceTypesSupported": ["ON_DEMAND"]})
        rows.append({"modelId": "far", "outputModalities": ["TEXT"], "inferenceTypesSupported": ["PROVISIONED"]})
        return web.json_response({"modelSummaries": rows})
    if path == "/inference-profiles":
        return web.json_response({"inferenceProfileSummaries": []})
    if path.endswith("/invoke"):
        if "texts" in body:
            return web.json_response({"embeddings": {"float": [[float(len(text))] for text in body["texts"]]}})
        return web.json_response({"embedding": [float(len(body["inputText"])), 1.0], "inputTextTokenCount": 3})
    if path.endswith("/converse") and isinstance(behaviour, Say):
        content: list[dict[str, Any]] = [{"text": behaviour.text}]
        for call in behaviour.calls:
            arguments = json.loads(call.arguments)
            content.append({"toolUse": {"toolUseId": call.id, "name": call.name, "input": arguments}})
        message = {"role": "assistant", "content": content}
        stop = _STOP.get(behaviour.stop, behaviour.stop)
        return web.json_response({"output": {"message": message}, "stopReason": stop, "usage": usage(behaviour)})
    if not path.endswith("/converse-stream"):
        return _error(404, "ResourceNotFoundException", f"no such path {path}")
    if isinstance(behaviour, FailMidway):
        failing = exception(_EXCEPTIONS.get(behaviour.type, "internalServerException"), behaviour.message)
        return await _send(request, upstream, [*_events(Say(behaviour.text))[:-3], failing], Say())
    return await _send(request, upstream, _events(behaviour), behaviour)


async def _send(request: web.Request, upstream: Upstream, events: list[bytes], say: Say) -> web.StreamResponse:
    await asyncio.sleep(say.before)
    response = web.StreamResponse(headers={"Content-Type": "application/vnd.amazon.eventstream"})
    await response.prepare(request)
    pieces = events
    if say.bytes_at_once is not None:
        stream = b"".join(events)
        pieces = [stream[start : start + say.bytes_at_once] for start in range(0, len(stream), say.bytes_at_once)]
    try:
        for number, piece in enumerate(pieces):
            if number == say.cut_after:
                assert request.transport is not None
                # What was written should arrive before the end does.
                await asyncio.sleep(0.02)
                request.transport.abort()
                return response
            await response.write(piece)
            await asyncio.sleep(say.gap)
    except (asyncio.CancelledError, ConnectionError):
        upstream.gone.set()
        raise
    return response


def bedrock_upstream() -> AbstractAsyncContextManager[Upstream]:
    """A server of Bedrock's protocol. `key`: the bearer key, and the secret of ACCESS_KEY."""
    return kit._serve(_bedrock, "")


def encoded(data: bytes) -> str:
    """Bytes as they stand in JSON."""
    return base64.b64encode(data).decode()
