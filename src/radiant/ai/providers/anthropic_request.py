"""Neutral request -> body of POST /v1/messages."""

import base64
from collections.abc import Sequence
from typing import Any

import msgspec

from radiant.ai.providers.chat import (
    ChatRequest,
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
from radiant.ai.providers.vendors import Vendor

Json = dict[str, Any]

# The protocol demands a limit; every model in service allows this much.
DEFAULT_MAX_TOKENS = 8192
# Tokens of thought for models that take a budget, and not an effort.
_BUDGETS = {"minimal": 1024, "low": 2048, "medium": 8192, "high": 16384, "xhigh": 24576, "max": 31999}
_EFFORTS = {"minimal": "low", "low": "low", "medium": "medium", "high": "high", "xhigh": "xhigh", "max": "max"}


def message_body(request: ChatRequest, vendor: Vendor) -> Json:
    """The body. Seeds and penalties have no word here; temperature and top_p only with older models, for newer
    ones refuse them. Raises UpstreamBadRequest for a tool call whose arguments are not a JSON object."""
    system, messages = _split(request.messages)
    limit = request.max_tokens if request.max_tokens is not None else DEFAULT_MAX_TOKENS
    body: Json = {"model": request.model, "messages": messages, "max_tokens": limit, "stream": True}
    config: Json = {}
    _add_thinking(body, config, request, vendor)
    if sampling_allowed(request, vendor) and "thinking" not in body:
        # Newer 4.x models take one of the two, not both.
        if request.temperature is not None:
            body["temperature"] = min(1.0, request.temperature)
        elif request.top_p is not None:
            body["top_p"] = request.top_p
    if request.stop:
        body["stop_sequences"] = list(request.stop)
    if request.user is not None:
        body["metadata"] = {"user_id": request.user}
    if request.tools:
        body["tools"] = [_tool(tool.name, tool.description, tool.parameters, tool.strict) for tool in request.tools]
        body["tool_choice"] = _tool_choice(request)
    if isinstance(request.response_format, JsonSchema):
        config["format"] = {"type": "json_schema", "schema": request.response_format.schema}
    elif request.response_format is not None:
        system.append("Answer with one JSON object and nothing else.")
    if config:
        body["output_config"] = config
    if system:
        body["system"] = "\n\n".join(system)
    return body


def sampling_allowed(request: ChatRequest, vendor: Vendor) -> bool:
    """Whether this model still takes temperature and top_p."""
    return request.model.startswith(tuple(vendor.takes_sampling))


def _add_thinking(body: Json, config: Json, request: ChatRequest, vendor: Vendor) -> None:
    effort = request.reasoning_effort
    if effort is None:
        return
    if request.model.startswith(tuple(vendor.budget_thinking)):
        if effort != "none":
            budget = _BUDGETS[effort]
            body["thinking"] = {"type": "enabled", "budget_tokens": budget}
            # The budget counts towards the limit and must be smaller: the answer keeps what it was given.
            body["max_tokens"] += budget
        return
    if effort == "none":
        if request.model.startswith(tuple(vendor.always_thinking)):
            config["effort"] = "low"
        else:
            body["thinking"] = {"type": "disabled"}
        return
    body["thinking"] = {"type": "adaptive", "display": "summarized"}
    config["effort"] = _EFFORTS[effort]


def _tool(name: str, description: str, parameters: Json, strict: bool | None) -> Json:
    tool: Json = {"name": name, "input_schema": parameters}
    if description:
        tool["description"] = description
    if strict:
        tool["strict"] = True
    return tool


def _tool_choice(request: ChatRequest) -> Json:
    choice = request.tool_choice
    if isinstance(choice, NamedTool):
        out: Json = {"type": "tool", "name": choice.name}
    else:
        out = {"type": {"auto": "auto", "none": "none", "required": "any"}[choice]}
    if request.parallel_tool_calls is False and choice != "none":
        out["disable_parallel_tool_use"] = True
    return out


def _split(messages: Sequence[Message]) -> tuple[list[str], list[Json]]:
    """System texts apart; the rest as alternating turns, neighbours of one role joined."""
    system: list[str] = []
    turns: list[Json] = []
    for message in messages:
        if message.role == "system":
            if message.text:
                system.append(message.text)
            continue
        role = "assistant" if message.role == "assistant" else "user"
        blocks = [block for part in message.parts for block in _block(part, role)]
        if not blocks:
            continue
        if turns and turns[-1]["role"] == role:
            turns[-1]["content"] += blocks
        else:
            turns.append({"role": role, "content": blocks})
    for turn in turns:
        # Results of tools must come before anything else in their turn.
        turn["content"].sort(key=_results_first)
    return system, turns


def _results_first(block: Json) -> bool:
    return block["type"] != "tool_result"


def _block(part: Part, role: str) -> list[Json]:
    match part:
        case TextPart(text):
            # An empty block of text is refused.
            return [{"type": "text", "text": text}] if text.strip() else []
        case ImagePart(media_type, data):
            source = {"type": "base64", "media_type": media_type, "data": base64.b64encode(data).decode()}
            return [{"type": "image", "source": source}]
        case ImageUrlPart(url):
            return [{"type": "image", "source": {"type": "url", "url": url}}]
        case ToolCallPart(call_id, name, arguments):
            return [{"type": "tool_use", "id": call_id, "name": name, "input": _object(name, arguments)}]
        case ToolResultPart(call_id, text, is_error):
            block: Json = {"type": "tool_result", "tool_use_id": call_id, "content": text}
            return [{**block, "is_error": True} if is_error else block]
        case ReasoningPart(text, signature, redacted):
            # Thinking without its signature is another provider's: it cannot be given back.
            if not signature or role != "assistant":
                return []
            if redacted:
                return [{"type": "redacted_thinking", "data": signature}]
            return [{"type": "thinking", "thinking": text, "signature": signature}]


def _object(name: str, arguments: str) -> Json:
    try:
        return msgspec.json.decode(arguments or "{}", type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise UpstreamBadRequest(
            f"the arguments of the call of {name!r} in this conversation are not a JSON object", provider="anthropic"
        ) from error
