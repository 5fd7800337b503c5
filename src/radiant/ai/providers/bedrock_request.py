"""Neutral request -> body of Bedrock's Converse and ConverseStream (API reference of bedrock-runtime, 2026-10)."""

import base64
import hashlib
import re
from collections.abc import Sequence
from typing import Any

import msgspec

from radiant.ai.providers.anthropic_request import sampling_allowed, system_words, thinking_of
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
    ToolCallPart,
    ToolResultPart,
)
from radiant.ai.providers.errors import UpstreamBadRequest
from radiant.ai.providers.provider import Connection
from radiant.ai.providers.signatures import bare_id, of_anthropic
from radiant.ai.providers.vendors import vendors

Json = dict[str, Any]

_TOOL_ID = re.compile(r"[a-zA-Z0-9_.:-]{1,64}")
_NOT_IN_A_NAME = re.compile(r"[^a-zA-Z0-9 ()\[\]-]+")
_NOVA = {"minimal": "low", "low": "low", "medium": "medium", "high": "high", "xhigh": "high", "max": "high"}
_OSS = {"minimal": "low", "low": "low", "medium": "medium", "high": "high", "xhigh": "high", "max": "high"}
PROVIDER = "bedrock"


def converse_body(request: ChatRequest, connection: Connection) -> Json:
    """The body, of both calls alike. Raises UpstreamBadRequest for what Converse has no word for: pictures by
    address, an effort of reasoning of a model that knows none, tools that must not be called."""
    claude = _claude(request)
    system: list[Json] = []
    for message in request.messages:
        if message.role == "system":
            for part in system_words(message):
                system += [{"text": part.text}, *_point(part.cache)]
    body: Json = {"messages": _turns(request.messages)}
    inference: Json = {}
    if request.max_tokens is not None:
        inference["maxTokens"] = request.max_tokens
    extra: Json = {}
    output: Json = {}
    _add_reasoning(inference, extra, output, request, claude)
    if claude is None:
        both = {"temperature": request.temperature, "topP": request.top_p}
        inference |= {name: value for name, value in both.items() if value is not None}
    elif sampling_allowed(claude, vendors()["anthropic"]) and "thinking" not in extra:
        if request.temperature is not None:
            inference["temperature"] = min(1.0, request.temperature)
        elif request.top_p is not None:
            inference["topP"] = request.top_p
    if request.stop:
        inference["stopSequences"] = list(request.stop)
    if request.tools:
        _add_tools(body, extra, request, claude)
    if isinstance(request.response_format, JsonSchema):
        schema = msgspec.json.encode(request.response_format.schema).decode()
        name = {"schema": schema, "name": request.response_format.name}
        output["textFormat"] = {"type": "json_schema", "structure": {"jsonSchema": name}}
    elif request.response_format is not None:
        system.append({"text": "Answer with one JSON object and nothing else."})
    guardrail = connection.settings.get("guardrail_id")
    if guardrail:
        version = connection.settings.get("guardrail_version") or "DRAFT"
        body["guardrailConfig"] = {"guardrailIdentifier": guardrail, "guardrailVersion": version}
    members = {
        "system": system,
        "inferenceConfig": inference,
        "additionalModelRequestFields": extra,
        "outputConfig": output,
    }
    return body | {name: value for name, value in members.items() if value}


def _claude(request: ChatRequest) -> ChatRequest | None:
    """The request under the model's own name where it is one of Anthropic's, else None."""
    _, found, name = request.model.partition("anthropic.")
    return msgspec.structs.replace(request, model=name) if found else None


def _add_reasoning(
    inference: Json, extra: Json, output: Json, request: ChatRequest, claude: ChatRequest | None
) -> None:
    effort = request.reasoning_effort
    if effort is None:
        return
    if claude is not None:
        thinking, word, more = thinking_of(claude, vendors()["anthropic"])
        if thinking:
            extra["thinking"] = thinking
        if word:
            output["effort"] = word
        if more:
            inference["maxTokens"] = inference.get("maxTokens", 8192) + more
    elif effort == "none":
        return
    elif "nova-2" in request.model:
        extra["reasoningConfig"] = {"type": "enabled", "maxReasoningEffort": _NOVA[effort]}
    elif "openai." in request.model:
        extra["reasoning_effort"] = _OSS[effort]
    else:
        raise UpstreamBadRequest(
            f"reasoning_effort: {request.model} has none on Bedrock; leave it out", provider=PROVIDER
        )


def _add_tools(body: Json, extra: Json, request: ChatRequest, claude: ChatRequest | None) -> None:
    tools: list[Json] = []
    for tool in request.tools:
        spec: Json = {"name": tool.name, "inputSchema": {"json": tool.parameters}}
        if tool.description:
            spec["description"] = tool.description
        if tool.strict:
            spec["strict"] = True
        tools += [{"toolSpec": spec}, *_point(tool.cache)]
    config: Json = {"tools": tools}
    choice = request.tool_choice
    if isinstance(choice, NamedTool):
        config["toolChoice"] = {"tool": {"name": choice.name}}
    elif choice == "required":
        config["toolChoice"] = {"any": {}}
    elif choice == "auto":
        config["toolChoice"] = {"auto": {}}
    else:
        used = any(isinstance(p, ToolCallPart | ToolResultPart) for each in request.messages for p in each.parts)
        if not used:
            # Not offered, they are not called; Converse demands them only where the conversation used some.
            return
        if claude is None:
            raise UpstreamBadRequest(
                "tool_choice: Bedrock has no 'none' for this model once tools were used; leave the choice out",
                provider=PROVIDER,
            )
        extra["tool_choice"] = {"type": "none"}
    body["toolConfig"] = config


def _point(cache: CacheMark | None) -> list[Json]:
    if cache is None:
        return []
    return [{"cachePoint": {"type": "default", "ttl": "1h"} if cache == "1h" else {"type": "default"}}]


def _turns(messages: Sequence[Message]) -> list[Json]:
    turns: list[Json] = []
    documents: dict[str, int] = {}
    for message in messages:
        if message.role == "system":
            continue
        role = "assistant" if message.role == "assistant" else "user"
        blocks = [block for part in message.parts for block in _blocks(part, role, documents)]
        if not blocks:
            continue
        if turns and turns[-1]["role"] == role:
            turns[-1]["content"] += blocks
        else:
            turns.append({"role": role, "content": blocks})
    for turn in turns:
        if turn["role"] == "user" and any("toolResult" in block for block in turn["content"]):
            turn["content"].sort(key=_results_first)
    return turns


def _results_first(block: Json) -> bool:
    return "toolResult" not in block and "cachePoint" not in block


def _blocks(part: Part, role: str, documents: dict[str, int]) -> list[Json]:
    match part:
        case TextPart(text, cache):
            return [{"text": text}, *_point(cache)] if text.strip() else []
        case ImagePart() | DocumentPart():
            return [_inline(part, documents), *_point(part.cache)]
        case ImageUrlPart():
            raise UpstreamBadRequest(
                "Bedrock fetches no pictures: send this one by value (data:image/…;base64,…)", provider=PROVIDER
            )
        case ToolCallPart(call_id, name, arguments, cache):
            call = {"toolUseId": _tool_id(call_id), "name": name, "input": _object(name, arguments)}
            return [{"toolUse": call}, *_point(cache)]
        case ToolResultPart(call_id, text, is_error):
            content: list[Json] = [{"text": text}] if text.strip() or not part.media else []
            content += [_inline(item, documents) for item in part.media]
            result: Json = {"toolUseId": _tool_id(call_id), "content": content}
            if is_error:
                result["status"] = "error"
            return [{"toolResult": result}, *_point(part.cache)]
        case ReasoningPart(text, signature, redacted):
            if not of_anthropic(signature) or role != "assistant":
                return []
            if redacted:
                return [{"reasoningContent": {"redactedContent": signature}}]
            return [{"reasoningContent": {"reasoningText": {"text": text, "signature": signature}}}]


def _inline(part: ImagePart | DocumentPart, documents: dict[str, int]) -> Json:
    data = base64.b64encode(part.data).decode()
    if isinstance(part, ImagePart):
        return {"image": {"format": part.media_type.removeprefix("image/"), "source": {"bytes": data}}}
    name = " ".join(_NOT_IN_A_NAME.sub(" ", part.title).split())[:180] or "document"
    # Names must differ within a request.
    documents[name] = seen = documents.get(name, 0) + 1
    kind = "txt" if part.media_type.startswith("text/") else "pdf"
    return {"document": {"format": kind, "name": name if seen == 1 else f"{name} {seen}", "source": {"bytes": data}}}


def _tool_id(call_id: str) -> str:
    """The id as Bedrock takes it; another protocol's longer one by its hash, the same for call and result."""
    bare = bare_id(call_id)
    if _TOOL_ID.fullmatch(bare):
        return bare
    return f"id_{hashlib.sha256(bare.encode()).hexdigest()[:32]}"


def _object(name: str, arguments: str) -> Json:
    try:
        return msgspec.json.decode(arguments or "{}", type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise UpstreamBadRequest(
            f"the arguments of the call of {name!r} in this conversation are not a JSON object", provider=PROVIDER
        ) from error
