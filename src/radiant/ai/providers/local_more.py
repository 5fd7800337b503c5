"""What llama.cpp's own server does besides chat: it counts a prompt exactly, and goes on from a plain text."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import msgspec

from radiant.ai.providers.chat import ChatRequest, Done, Event, TextDelta
from radiant.ai.providers.errors import CutStream, MalformedStream
from radiant.ai.providers.openai_answer import STOP_REASONS, WireUsage
from radiant.ai.providers.openai_request import chat_body
from radiant.ai.providers.provider import Connection
from radiant.ai.providers.vendors import LOCAL
from radiant.ai.providers.wire import Deadline, call_events, call_json, drain
from radiant.infra.httpclient import HttpClient


class _Prompt(msgspec.Struct):
    prompt: str


class _Tokens(msgspec.Struct):
    tokens: list[msgspec.Raw]


class _Choice(msgspec.Struct):
    text: str = ""
    finish_reason: str | None = None


class _Chunk(msgspec.Struct):
    choices: list[_Choice] = []
    usage: WireUsage | None = None


_decode = msgspec.json.Decoder(_Chunk).decode


def _headers(connection: Connection) -> dict[str, str]:
    key = connection.api_key.reveal() if connection.api_key else ""
    return {"content-type": "application/json", "authorization": f"Bearer {key}"}


async def count_tokens(http: HttpClient, request: ChatRequest, connection: Connection) -> int:
    """Tokens of the prompt as the model's own template and vocabulary make them. Raises UpstreamError."""
    deadline = Deadline(connection.timeouts.total)
    body = chat_body(request, LOCAL)
    asked = {name: body[name] for name in ("messages", "tools") if name in body}
    headers = _headers(connection)
    written = await call_json(http, "POST", "/apply-template", connection, headers, asked, _Prompt, deadline)
    text = {"content": written.prompt, "add_special": True, "parse_special": True}
    return len((await call_json(http, "POST", "/tokenize", connection, headers, text, _Tokens, deadline)).tokens)


async def complete(http: HttpClient, request: ChatRequest, connection: Connection) -> AsyncGenerator[Event, None]:
    """What follows the text of the request's only message, as it comes. Raises UpstreamError."""
    deadline = Deadline(connection.timeouts.total)
    body: dict[str, Any] = {
        "model": request.model, "prompt": request.messages[0].text, "stream": True,
        "stream_options": {"include_usage": True},
    }  # fmt: skip
    for name in ("max_tokens", "temperature", "top_p", "seed", "presence_penalty", "frequency_penalty"):
        if (value := getattr(request, name)) is not None:
            body[name] = value
    if request.stop:
        body["stop"] = list(request.stop)
    finish: str | None = None
    async with aclosing(call_events(http, "/completions", connection, _headers(connection), body, deadline)) as events:
        async for event in events:
            if event.data == b"[DONE]":
                break
            try:
                chunk = _decode(event.data)
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                raise MalformedStream(f"the local server sent no chunk: {error}", provider="local") from error
            for choice in chunk.choices:
                if choice.text:
                    yield TextDelta(choice.text)
                finish = choice.finish_reason or finish
            if chunk.usage is not None:
                yield chunk.usage.neutral()
        await drain(events)
    if finish is None:
        raise CutStream("local ended in mid-answer", provider="local")
    yield Done(STOP_REASONS.get(finish, "end"))
