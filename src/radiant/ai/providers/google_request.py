"""Neutral request -> body of Gemini's generateContent (Gemini API v1beta and Vertex AI, reference of 2026-10).

Sources: ai.google.dev/api/generate-content, /gemini-api/docs/thought-signatures, /gemini-api/docs/thinking.
"""

import base64
import mimetypes
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from radiant.ai.providers.anthropic_request import system_words
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
from radiant.ai.providers.signatures import SKIP, of_google, split_call
from radiant.ai.providers.vendors import Vendor

Json = dict[str, Any]

# Ids that we gave to calls which came without one; the model never saw them.
OWN_ID = "call_"
# Tokens of thought for models that take a budget, and levels for those that take a level.
_BUDGETS = {"minimal": 1024, "low": 2048, "medium": 8192, "high": 16384, "xhigh": 24576, "max": 24576}
_LEVELS = {"minimal": "minimal", "low": "low", "medium": "medium", "high": "high", "xhigh": "high", "max": "high"}
_LEAST_BUDGET = 128


def content_body(request: ChatRequest, vendor: Vendor) -> Json:
    """The body. Raises UpstreamBadRequest for arguments that are no JSON object, for a result whose call is not in
    the conversation, and for a system message with pictures."""
    system = [{"text": part.text} for each in request.messages if each.role == "system" for part in system_words(each)]
    body: Json = {"contents": _contents(request.messages)}
    if system:
        body["systemInstruction"] = {"parts": system}
    if request.tools:
        body["tools"] = [{"functionDeclarations": [_declaration(tool) for tool in request.tools]}]
        body["toolConfig"] = {"functionCallingConfig": _calling(request)}
    if config := _config(request, vendor):
        body["generationConfig"] = config
    return body


def _declaration(tool: Any) -> Json:
    out: Json = {"name": tool.name, "parametersJsonSchema": tool.parameters}
    if tool.description:
        out["description"] = tool.description
    return out


def _calling(request: ChatRequest) -> Json:
    choice = request.tool_choice
    if isinstance(choice, NamedTool):
        return {"mode": "ANY", "allowedFunctionNames": [choice.name]}
    if choice == "auto":
        # VALIDATED: free to choose, and bound to the schema where it calls.
        return {"mode": "VALIDATED" if any(tool.strict for tool in request.tools) else "AUTO"}
    return {"mode": {"required": "ANY", "none": "NONE"}[choice]}


def _config(request: ChatRequest, vendor: Vendor) -> Json:
    named = {
        "maxOutputTokens": request.max_tokens,
        "temperature": request.temperature,
        "topP": request.top_p,
        "seed": request.seed,
        "presencePenalty": request.presence_penalty,
        "frequencyPenalty": request.frequency_penalty,
        "stopSequences": list(request.stop) or None,
    }
    config: Json = {name: value for name, value in named.items() if value is not None}
    if request.response_format is not None:
        config["responseMimeType"] = "application/json"
    if isinstance(request.response_format, JsonSchema):
        config["responseJsonSchema"] = request.response_format.schema
    if thinking := _thinking(request, vendor):
        config["thinkingConfig"] = thinking
    return config


def _thinking(request: ChatRequest, vendor: Vendor) -> Json:
    effort = request.reasoning_effort
    if effort is None:
        return {}
    always = request.model.startswith(tuple(vendor.always_thinking))
    if request.model.startswith(tuple(vendor.budget_thinking)):
        if effort == "none":
            return {"thinkingBudget": _LEAST_BUDGET if always else 0}
        return {"thinkingBudget": _BUDGETS[effort], "includeThoughts": True}
    if effort == "none":
        return {"thinkingLevel": "low" if always else "minimal"}
    level = _LEVELS[effort]
    return {"thinkingLevel": "low" if level == "minimal" and always else level, "includeThoughts": True}


def _contents(messages: Sequence[Message]) -> list[Json]:
    """Turns of user and model, neighbours of one role joined; results of tools first in theirs."""
    names = {part.id: part.name for each in messages for part in each.parts if isinstance(part, ToolCallPart)}
    turns: list[Json] = []
    for message in messages:
        if message.role == "system":
            continue
        role = "model" if message.role == "assistant" else "user"
        parts = _model_parts(message.parts) if role == "model" else _user_parts(message.parts, names)
        if not parts:
            continue
        if turns and turns[-1]["role"] == role:
            turns[-1]["parts"] += parts
        else:
            turns.append({"role": role, "parts": parts})
    for turn in turns:
        if turn["role"] == "user":
            turn["parts"].sort(key=_results_first)
    return turns


def _results_first(part: Json) -> bool:
    return "functionResponse" not in part


def _model_parts(parts: Sequence[Part]) -> list[Json]:
    out: list[Json] = []
    calls = 0
    for part in parts:
        match part:
            case TextPart(text) if text:
                out.append({"text": text})
            case ToolCallPart(call_id, name, arguments):
                bare, signature = split_call(call_id)
                call: Json = {"name": name, "args": _object(name, arguments)}
                if not bare.startswith(OWN_ID):
                    call["id"] = bare
                out.append({"functionCall": call})
                # Of calls made at once only the first is signed. Where another model made it there is nothing to sign.
                if signature or not calls:
                    out[-1]["thoughtSignature"] = signature or SKIP
                calls += 1
            case ReasoningPart(_, signature) if of_google(signature):
                # It came with a part of its own at the end of a text, or of a thought that need not go back.
                out.append({"text": "", "thoughtSignature": of_google(signature)})
            case _:
                pass
    return out


def _user_parts(parts: Sequence[Part], names: Mapping[str, str]) -> list[Json]:
    out: list[Json] = []
    for part in parts:
        match part:
            case TextPart(text) if text:
                out.append({"text": text})
            case ImagePart() | DocumentPart():
                out.append(_inline(part))
            case ImageUrlPart(url):
                kind = mimetypes.guess_type(url.partition("?")[0])[0] or "image/jpeg"
                out.append({"fileData": {"mimeType": kind, "fileUri": url}})
            case ToolResultPart():
                out.append(_result(part, names))
            case _:
                pass
    return out


def _inline(part: ImagePart | DocumentPart) -> Json:
    return {"inlineData": {"mimeType": part.media_type, "data": base64.b64encode(part.data).decode()}}


def _result(part: ToolResultPart, names: Mapping[str, str]) -> Json:
    name = names.get(part.call_id)
    if name is None:
        raise UpstreamBadRequest(
            f"the result of the call {part.call_id[:40]!r} stands in this conversation without its call",
            provider="google",
        )
    response: Json = {
        "name": name,
        "response": {"error": part.text} if part.is_error else {"output": part.text},
    }
    bare = split_call(part.call_id)[0]
    if not bare.startswith(OWN_ID):
        response["id"] = bare
    if part.media:
        response["parts"] = [_inline(item) for item in part.media]
    return {"functionResponse": response}


def _object(name: str, arguments: str) -> Json:
    try:
        return msgspec.json.decode(arguments or "{}", type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise UpstreamBadRequest(
            f"the arguments of the call of {name!r} in this conversation are not a JSON object", provider="google"
        ) from error
