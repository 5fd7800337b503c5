"""Neutral request -> body of POST /chat/completions, with each vendor's quirks."""

import base64
from collections.abc import Sequence
from typing import Any

import msgspec

from radiant.ai.providers.chat import (
    ChatRequest,
    DocumentPart,
    ImagePart,
    ImageUrlPart,
    JsonSchema,
    Message,
    NamedTool,
    Part,
    ReasoningPart,
    TextPart,
    ToolCallPart,
    ToolResultPart,
)
from radiant.ai.providers.errors import UpstreamBadRequest
from radiant.ai.providers.signatures import bare_id
from radiant.ai.providers.vendors import Vendor

Json = dict[str, Any]


def chat_body(request: ChatRequest, vendor: Vendor) -> Json:
    """The body. Sampling parameters are left out for models that refuse them. Raises UpstreamBadRequest for a PDF
    where the vendor takes none."""
    body: Json = {
        **request.extra, "model": request.model, "messages": _messages(request.messages, vendor), "stream": True,
    }  # fmt: skip
    if vendor.stream_usage:
        body["stream_options"] = {"include_usage": True}
    if request.max_tokens is not None:
        body[vendor.max_tokens_field] = request.max_tokens
    if not request.model.startswith(tuple(vendor.fixed_sampling)):
        for field in ("temperature", "top_p", "presence_penalty", "frequency_penalty"):
            if (value := getattr(request, field)) is not None:
                body[field] = value
    if request.stop:
        body["stop"] = list(request.stop)
    if request.seed is not None and vendor.seed_field:
        body[vendor.seed_field] = request.seed
    if request.reasoning_effort is not None:
        body["reasoning_effort"] = request.reasoning_effort
    if request.user is not None:
        body["user"] = request.user
    if request.logprobs is not None:
        body["logprobs"] = True
        if request.logprobs:
            body["top_logprobs"] = request.logprobs
    _add_tools(body, request, vendor)
    _add_format(body, request, vendor)
    for field in vendor.drops:
        body.pop(field, None)
    return body


def _add_tools(body: Json, request: ChatRequest, vendor: Vendor) -> None:
    if not request.tools:
        return
    tools: list[Json] = []
    for tool in request.tools:
        function: Json = {"name": tool.name, "parameters": tool.parameters}
        if tool.description:
            function["description"] = tool.description
        if tool.strict is not None:
            function["strict"] = tool.strict
        tools.append({"type": "function", "function": function})
    body["tools"] = tools
    if isinstance(request.tool_choice, NamedTool):
        body["tool_choice"] = {"type": "function", "function": {"name": request.tool_choice.name}}
    elif request.tool_choice == "required":
        body["tool_choice"] = vendor.required_word
    else:
        body["tool_choice"] = request.tool_choice
    if request.parallel_tool_calls is not None:
        body["parallel_tool_calls"] = request.parallel_tool_calls


def _add_format(body: Json, request: ChatRequest, vendor: Vendor) -> None:
    wanted = request.response_format
    if wanted is None:
        return
    if not isinstance(wanted, JsonSchema):
        body["response_format"] = {"type": "json_object"}
    elif vendor.json_schema == "native":
        schema = {"name": wanted.name, "schema": wanted.schema, "strict": wanted.strict}
        body["response_format"] = {"type": "json_schema", "json_schema": schema}
    else:
        body["response_format"] = {"type": "json_object"}
        text = msgspec.json.encode(wanted.schema).decode()
        rule = {
            "role": "system",
            "content": f"Answer with one JSON object that fits this JSON Schema: {text}",
        }
        body["messages"] = [rule, *body["messages"]]


def _messages(messages: Sequence[Message], vendor: Vendor) -> list[Json]:
    out: list[Json] = []
    # Pictures that tools gave: a tool's message holds words alone, so they follow the last of the results.
    shown: list[Part] = []
    for message in messages:
        # Each result of a tool is a message of its own here, and must follow the calls at once.
        for part in message.parts:
            if isinstance(part, ToolResultPart):
                text = f"Error: {part.text}" if part.is_error else part.text
                out.append({"role": "tool", "tool_call_id": bare_id(part.call_id), "content": text})
                if part.media:
                    shown += [TextPart(f"What the tool gave for {bare_id(part.call_id)}:"), *part.media]
        rest = [part for part in message.parts if not isinstance(part, ToolResultPart | ReasoningPart)]
        if shown and (rest or message.role == "assistant"):
            out.append({"role": "user", "content": _content(shown, vendor)})
            shown = []
        if message.role == "assistant":
            out.append(_assistant(rest))
        elif rest:
            out.append({"role": "user" if message.role == "tool" else message.role, "content": _content(rest, vendor)})
    if shown:
        out.append({"role": "user", "content": _content(shown, vendor)})
    return out


def _assistant(parts: Sequence[Part]) -> Json:
    text = "".join(part.text for part in parts if isinstance(part, TextPart))
    calls = [
        {
            "id": bare_id(part.id),
            "type": "function",
            "function": {"name": part.name, "arguments": part.arguments or "{}"},
        }
        for part in parts
        if isinstance(part, ToolCallPart)
    ]
    message: Json = {"role": "assistant", "content": text if text or not calls else None}
    if calls:
        message["tool_calls"] = calls
    return message


def _content(parts: Sequence[Part], vendor: Vendor) -> str | list[Json]:
    if all(isinstance(part, TextPart) for part in parts):
        return "".join(part.text for part in parts if isinstance(part, TextPart))
    pieces: list[Json] = []
    for part in parts:
        if isinstance(part, TextPart):
            pieces.append({"type": "text", "text": part.text})
        elif isinstance(part, ImagePart):
            pieces.append({"type": "image_url", "image_url": {"url": _data_url(part)}})
        elif isinstance(part, ImageUrlPart):
            pieces.append({"type": "image_url", "image_url": {"url": part.url}})
        elif isinstance(part, DocumentPart):
            pieces.append(_document(part, vendor))
    return pieces


def _data_url(part: ImagePart | DocumentPart) -> str:
    return f"data:{part.media_type};base64,{base64.b64encode(part.data).decode()}"


def _document(part: DocumentPart, vendor: Vendor) -> Json:
    if part.media_type.startswith("text/"):
        return {"type": "text", "text": part.as_text()}
    if not vendor.documents:
        raise UpstreamBadRequest(
            f"{vendor.display_name} takes no documents of type {part.media_type}; send its text, or choose another model",
            provider=vendor.display_name,
        )
    return {"type": "file", "file": {"filename": part.title or "document.pdf", "file_data": _data_url(part)}}
