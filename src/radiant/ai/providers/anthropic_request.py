"""Neutral request -> body of POST /v1/messages."""

import base64
from collections.abc import Sequence
from typing import Any

import msgspec

from radiant.ai.providers.chat import (
    CacheMark,
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
    Tool,
    ToolCallPart,
    ToolResultPart,
)
from radiant.ai.providers.errors import UpstreamBadRequest
from radiant.ai.providers.signatures import bare_id, of_anthropic
from radiant.ai.providers.vendors import Vendor

Json = dict[str, Any]

# The protocol demands a limit; every model in service allows this much.
DEFAULT_MAX_TOKENS = 8192
# Tokens of thought for models that take a budget, and not an effort.
_BUDGETS = {"minimal": 1024, "low": 2048, "medium": 8192, "high": 16384, "xhigh": 24576, "max": 31999}
_EFFORTS = {"minimal": "low", "low": "low", "medium": "medium", "high": "high", "xhigh": "xhigh", "max": "max"}


def message_body(request: ChatRequest, vendor: Vendor) -> Json:
    """The body. Seeds and penalties have no word here; temperature and top_p only with older models, for newer
    ones refuse them. Raises UpstreamBadRequest for a tool call whose arguments are not a JSON object, and for a
    system message with pictures."""
    system, messages = _split(request.messages)
    limit = request.max_tokens if request.max_tokens is not None else DEFAULT_MAX_TOKENS
    body: Json = {"model": request.model, "messages": messages, "max_tokens": limit, "stream": True}
    config: Json = {}
    thinking, effort, more = thinking_of(request, vendor)
    if thinking:
        body["thinking"] = thinking
        body["max_tokens"] += more
    if effort:
        config["effort"] = effort
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
        body["tools"] = [_tool(tool) for tool in request.tools]
        body["tool_choice"] = _tool_choice(request)
    if isinstance(request.response_format, JsonSchema):
        config["format"] = {"type": "json_schema", "schema": request.response_format.schema}
    elif request.response_format is not None:
        system.append(TextPart("Answer with one JSON object and nothing else."))
    if config:
        body["output_config"] = config
    if system:
        marked = any(part.cache for part in system)
        body["system"] = [_text(part) for part in system] if marked else "\n\n".join(part.text for part in system)
    return body


def sampling_allowed(request: ChatRequest, vendor: Vendor) -> bool:
    """Whether this model still takes temperature and top_p."""
    return request.model.startswith(tuple(vendor.takes_sampling))


def thinking_of(request: ChatRequest, vendor: Vendor) -> tuple[Json | None, str | None, int]:
    """What an effort of reasoning is to this model: its `thinking`, its `effort`, and by how many tokens the limit
    of the answer grows, since a budget counts towards it."""
    effort = request.reasoning_effort
    if effort is None:
        return None, None, 0
    if request.model.startswith(tuple(vendor.budget_thinking)):
        if effort == "none":
            return None, None, 0
        return {"type": "enabled", "budget_tokens": _BUDGETS[effort]}, None, _BUDGETS[effort]
    if effort == "none":
        if request.model.startswith(tuple(vendor.always_thinking)):
            return None, "low", 0
        return {"type": "disabled"}, None, 0
    return {"type": "adaptive", "display": "summarized"}, _EFFORTS[effort], 0


def _tool(tool: Tool) -> Json:
    out: Json = {"name": tool.name, "input_schema": tool.parameters}
    if tool.description:
        out["description"] = tool.description
    if tool.strict:
        out["strict"] = True
    return _marked(out, tool.cache)


def _tool_choice(request: ChatRequest) -> Json:
    choice = request.tool_choice
    if isinstance(choice, NamedTool):
        out: Json = {"type": "tool", "name": choice.name}
    else:
        out = {"type": {"auto": "auto", "none": "none", "required": "any"}[choice]}
    if request.parallel_tool_calls is False and choice != "none":
        out["disable_parallel_tool_use"] = True
    return out


def _split(messages: Sequence[Message]) -> tuple[list[TextPart], list[Json]]:
    """System texts apart; the rest as alternating turns, neighbours of one role joined."""
    system: list[TextPart] = []
    turns: list[Json] = []
    for message in messages:
        if message.role == "system":
            system += system_words(message)
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


def system_words(message: Message) -> list[TextPart]:
    """The words of a system message. Raises UpstreamBadRequest where it holds anything else."""
    words = [part for part in message.parts if isinstance(part, TextPart)]
    if len(words) != len(message.parts):
        raise UpstreamBadRequest(
            "a system message holds words alone here; move pictures and documents to the user's", provider="anthropic"
        )
    return [part for part in words if part.text]


def _results_first(block: Json) -> bool:
    return block["type"] != "tool_result"


def _marked(block: Json, cache: CacheMark | None) -> Json:
    if cache == "1h":
        block["cache_control"] = {"type": "ephemeral", "ttl": "1h"}
    elif cache is not None:
        block["cache_control"] = {"type": "ephemeral"}
    return block


def _text(part: TextPart) -> Json:
    return _marked({"type": "text", "text": part.text}, part.cache)


def _inline(part: ImagePart | DocumentPart) -> Json:
    if isinstance(part, ImagePart):
        data = base64.b64encode(part.data).decode()
        block: Json = {"type": "image", "source": {"type": "base64", "media_type": part.media_type, "data": data}}
        return _marked(block, part.cache)
    if part.media_type.startswith("text/"):
        words = part.data.decode("utf-8", "replace")
        source = {"type": "text", "media_type": "text/plain", "data": words}
    else:
        data = base64.b64encode(part.data).decode()
        source = {"type": "base64", "media_type": part.media_type, "data": data}
    block = {"type": "document", "source": source}
    if part.title:
        block["title"] = part.title
    return _marked(block, part.cache)


def _block(part: Part, role: str) -> list[Json]:
    match part:
        case TextPart(text):
            # An empty block of text is refused.
            return [_text(part)] if text.strip() else []
        case ImagePart() | DocumentPart():
            return [_inline(part)]
        case ImageUrlPart(url):
            return [_marked({"type": "image", "source": {"type": "url", "url": url}}, part.cache)]
        case ToolCallPart(call_id, name, arguments):
            call = {"type": "tool_use", "id": bare_id(call_id), "name": name, "input": _object(name, arguments)}
            return [_marked(call, part.cache)]
        case ToolResultPart(call_id, text, is_error):
            block: Json = {"type": "tool_result", "tool_use_id": bare_id(call_id), "content": text}
            if part.media:
                words = [{"type": "text", "text": text}] if text.strip() else []
                block["content"] = [*words, *(_inline(item) for item in part.media)]
            if is_error:
                block["is_error"] = True
            return [_marked(block, part.cache)]
        case ReasoningPart(text, signature, redacted):
            # Thinking without its signature, or with another provider's, cannot be given back.
            if not of_anthropic(signature) or role != "assistant":
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
