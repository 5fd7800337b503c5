"""The body of POST /v1/responses, read into the neutral form (OpenAI's Responses API, reference 2026-10)."""

import base64
import binascii
from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from radiant.ai.providers.chat import (
    ChatRequest,
    DocumentPart,
    ImagePart,
    ImageUrlPart,
    JsonObject,
    JsonSchema,
    Message,
    NamedTool,
    Part,
    ReasoningEffort,
    ReasoningPart,
    ResponseFormat,
    Role,
    TextPart,
    Tool,
    ToolCallPart,
    ToolChoice,
    ToolResultPart,
)
from radiant.doors.gateway.openai_request import (
    BadRequest,
    UnknownPart,
    document_of_url,
    image_of_url,
    in_range,
    offered,
)

Item = dict[str, Any]
# Before the sealed thinking of a model that does not speak this protocol, so that it is known again.
_SEAL = "radiant1."
_REASONING_CONTENT = "reasoning.encrypted_content"


class _Content(msgspec.Struct):
    type: str
    text: str | None = None
    refusal: str | None = None
    image_url: str | None = None
    file_data: str | None = None
    filename: str | None = None


class _Summary(msgspec.Struct):
    text: str = ""


class _Item(msgspec.Struct):
    type: str | None = None
    role: Literal["user", "assistant", "system", "developer"] | None = None
    content: str | list[_Content] | None = None
    call_id: str | None = None
    name: str | None = None
    arguments: str | None = None
    output: str | list[_Content] | None = None
    summary: list[_Summary] | None = None
    encrypted_content: str | None = None
    namespace: str | None = None


class _WireTool(msgspec.Struct):
    type: str
    name: str | None = None
    description: str | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = None
    tools: "list[_WireTool] | None" = None
    """Of a namespace."""


class _Format(msgspec.Struct):
    type: Literal["text", "json_object", "json_schema"] = "text"
    name: str = "answer"
    schema: dict[str, Any] | None = None
    strict: bool | None = None


class _Text(msgspec.Struct):
    format: _Format | None = None
    verbosity: Literal["low", "medium", "high"] | None = None


class _Reasoning(msgspec.Struct):
    effort: ReasoningEffort | None = None
    summary: str | None = None


class _Choice(msgspec.Struct):
    type: str
    name: str | None = None


class ResponsesBody(msgspec.Struct):
    """POST /v1/responses. `input`: items, or a text that the user says."""

    model: str
    input: str | list[Item] | None = None
    instructions: str | None = None
    tools: list[_WireTool] | None = None
    tool_choice: Literal["auto", "none", "required"] | _Choice | None = None
    parallel_tool_calls: bool | None = None
    text: _Text | None = None
    reasoning: _Reasoning | None = None
    max_output_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    include: list[str] | None = None
    metadata: dict[str, str] | None = None
    store: bool | None = None
    previous_response_id: str | None = None
    stream: bool | None = None
    background: bool | None = None
    truncation: Literal["auto", "disabled"] | None = None
    user: str | None = None
    max_tool_calls: int | None = None
    top_logprobs: int | None = None

    def items(self) -> list[Item]:
        """What the user sends, as items. Raises BadRequest."""
        if isinstance(self.input, str):
            content = [{"type": "input_text", "text": self.input}]
            return [{"type": "message", "role": "user", "content": content}]
        return self.input or []

    def to_request(self, before: Sequence[Item] = ()) -> ChatRequest:
        """The neutral request, its model still empty; `before`: the items of the responses that it goes on from.
        Raises BadRequest."""
        self._refuse_what_is_not_there()
        in_range("max_output_tokens", self.max_output_tokens, 1, 10_000_000)
        in_range("temperature", self.temperature, 0, 2)
        in_range("top_p", self.top_p, 0, 1)
        turns = _messages(before, "previous_response_id") + _messages(self.items(), "input")
        if not turns:
            raise BadRequest("input: give a text or at least one item", "input")
        if self.instructions:
            turns.insert(0, Message.of("system", self.instructions))
        reasoning = self.reasoning or _Reasoning()
        return ChatRequest(
            model="",
            messages=turns,
            tools=(tools := _tools(self.tools or (), "tools")),
            tool_choice=offered(_choice(self.tool_choice), tools),
            parallel_tool_calls=self.parallel_tool_calls,
            response_format=self._format(),
            max_tokens=self.max_output_tokens,
            temperature=self.temperature,
            top_p=self.top_p,
            reasoning_effort=reasoning.effort,
            user=self.user,
        )

    @property
    def verbosity(self) -> str | None:
        """How much the answer should say, where that is not what every model does anyway."""
        asked = self.text.verbosity if self.text else None
        return None if asked == "medium" else asked

    def _refuse_what_is_not_there(self) -> None:
        for name in self.include or ():
            if name != _REASONING_CONTENT:
                raise BadRequest(f"include: {name!r} is not offered by this model; {_REASONING_CONTENT} is", "include")
        if self.top_logprobs:
            raise BadRequest("top_logprobs: not offered by this model", "top_logprobs")
        if self.truncation == "auto":
            raise BadRequest(
                "truncation: 'auto' is not offered by this model; shorten the input yourself", "truncation"
            )

    def _format(self) -> ResponseFormat | None:
        form = self.text.format if self.text else None
        if form is None or form.type == "text":
            return None
        if form.type == "json_object":
            return JsonObject()
        if form.schema is None:
            raise BadRequest("text.format.schema: missing", "text.format.schema")
        return JsonSchema(form.name, form.schema, form.strict is not False)


def sealed(part: ReasoningPart) -> str | None:
    """What a client must send back so that the model that thought it takes it; None where it would not anyway."""
    if not part.signature:
        return None
    packed = msgspec.json.encode([part.text, part.signature, part.redacted])
    return _SEAL + base64.b64encode(packed).decode()


def is_sealed_here(item: Item) -> bool:
    """Whether a reasoning item was made here, so that no vendor of this protocol can read it."""
    return item.get("type") == "reasoning" and str(item.get("encrypted_content") or _SEAL).startswith(_SEAL)


def _unsealed(where: str, text: str) -> ReasoningPart | None:
    if not text.startswith(_SEAL):
        # Another vendor's: the model that is asked now could not read it.
        return None
    try:
        packed = base64.b64decode(text[len(_SEAL) :], validate=True)
        thought, signature, redacted = msgspec.json.decode(packed, type=tuple[str, str, bool])
    except (binascii.Error, ValueError, msgspec.DecodeError) as error:
        raise BadRequest(f"{where}.encrypted_content: not as it was given", where) from error
    return ReasoningPart(thought, signature, redacted)


def _messages(items: Sequence[Item], field: str) -> list[Message]:
    out: list[Message] = []
    for i, raw in enumerate(items):
        where = f"{field}[{i}]"
        try:
            item = msgspec.convert(raw, _Item)
        except msgspec.ValidationError as error:
            raise BadRequest(f"{where}: {error}", where) from error
        role, parts = _turn(where, item)
        if not parts:
            continue
        if role == "assistant" and out and out[-1].role == "assistant":
            out[-1] = Message("assistant", [*out[-1].parts, *parts])
        else:
            out.append(Message(role, parts))
    return out


def _turn(where: str, item: _Item) -> tuple[Role, list[Part]]:
    match item.type or "message":
        case "message":
            if item.role is None or item.content is None:
                raise BadRequest(f"{where}: a message has a role and content", where)
            return "system" if item.role == "developer" else item.role, _content(where, item.content)
        case "function_call":
            if not item.call_id or not item.name:
                raise BadRequest(f"{where}: a function_call has a call_id and a name", where)
            return "assistant", [ToolCallPart(item.call_id, joined(item.namespace, item.name), item.arguments or "{}")]
        case "function_call_output":
            if not item.call_id or item.output is None:
                raise BadRequest(f"{where}: a function_call_output has a call_id and an output", where)
            return "tool", [_result(where, item.call_id, item.output)]
        case "reasoning":
            part = _unsealed(where, item.encrypted_content or "")
            return "assistant", [part] if part else []
        case other:
            raise UnknownPart(
                f"{where}.type: {other!r} is not taken by this model; messages, function calls and their outputs, and"
                " reasoning are",
                where,
            )


def _content(where: str, content: str | list[_Content]) -> list[Part]:
    if isinstance(content, str):
        return [TextPart(content)]
    return [_part(f"{where}.content[{i}]", part) for i, part in enumerate(content)]


def _part(where: str, part: _Content) -> Part:
    match part.type:
        case "input_text" | "output_text" | "text" if part.text is not None:
            return TextPart(part.text)
        case "refusal" if part.refusal is not None:
            return TextPart(part.refusal)
        case "input_image" if part.image_url is not None:
            return image_of_url(f"{where}.image_url", part.image_url)
        case "input_file" if part.file_data is not None:
            return document_of_url(f"{where}.file_data", part.file_data, part.filename or "")
        case "input_image" | "input_file":
            raise UnknownPart(f"{where}: give the {part.type[6:]} itself, as data:…;base64,…", where)
        case "input_text" | "output_text" | "text" | "refusal":
            raise BadRequest(f"{where}.{part.type}: missing", where)
        case other:
            raise UnknownPart(f"{where}.type: {other!r} is not taken by this model", where)


def _result(where: str, call_id: str, output: str | list[_Content]) -> ToolResultPart:
    if isinstance(output, str):
        return ToolResultPart(call_id, output)
    parts = [_part(f"{where}.output[{i}]", part) for i, part in enumerate(output)]
    if any(isinstance(part, ImageUrlPart) for part in parts):
        raise BadRequest(f"{where}.output: a tool's picture is given by value (data:image/…;base64,…)", where)
    text = "".join(part.text for part in parts if isinstance(part, TextPart))
    media = tuple(part for part in parts if isinstance(part, ImagePart | DocumentPart))
    return ToolResultPart(call_id, text, media=media)


def joined(namespace: str | None, name: str) -> str:
    """What a function of a namespace is called at a model that knows no namespaces."""
    return f"{namespace}__{name}" if namespace else name


def namespaces(tools: Sequence[dict[str, Any]]) -> dict[str, str]:
    """By what the functions of namespaces are called (see `joined`), the namespace of each. `tools` as they were asked
    for, and found right."""
    return {
        joined(tool["name"], each["name"]): tool["name"]
        for tool in tools if tool["type"] == "namespace" for each in tool.get("tools") or ()
    }  # fmt: skip


def _tools(given: Sequence[_WireTool], field: str, namespace: str | None = None) -> list[Tool]:
    tools: list[Tool] = []
    for i, tool in enumerate(given):
        where = f"{field}[{i}]"
        if tool.type not in ("function", "namespace") or (namespace and tool.type == "namespace"):
            raise BadRequest(
                f"{where}.type: {tool.type!r} is not offered by this model; functions and namespaces of functions are",
                f"{where}.type",
            )
        if not tool.name:
            raise BadRequest(f"{where}.name: missing", f"{where}.name")
        if tool.type == "namespace":
            tools += _tools(tool.tools or (), f"{where}.tools", tool.name)
            continue
        empty = {"type": "object", "properties": dict[str, Any]()}
        name = joined(namespace, tool.name)
        tools.append(Tool(name, tool.description or "", tool.parameters or empty, tool.strict))
    return tools


def _choice(choice: Literal["auto", "none", "required"] | _Choice | None) -> ToolChoice:
    if not isinstance(choice, _Choice):
        return choice or "auto"
    if choice.type != "function" or not choice.name:
        raise BadRequest(f"tool_choice: {choice.type!r} is not offered by this model; name a function", "tool_choice")
    return NamedTool(choice.name)
