"""Anthropic's request body, read into the neutral form (Messages API, version 2023-06-01)."""

from typing import Any, Literal

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
    MAX_STOPS,
    BadRequest,
    UnknownPart,
    document_part,
    image_part,
    offered,
)


class _Source(msgspec.Struct):
    type: str
    media_type: str | None = None
    data: str | None = None
    url: str | None = None


class _CacheControl(msgspec.Struct):
    type: Literal["ephemeral"] = "ephemeral"
    ttl: CacheMark | None = None


def _mark(cache: _CacheControl | None) -> CacheMark | None:
    return None if cache is None else cache.ttl or "5m"


class _Block(msgspec.Struct):
    type: str
    text: str | None = None
    source: _Source | None = None
    id: str | None = None
    name: str | None = None
    input: dict[str, Any] | None = None
    tool_use_id: str | None = None
    content: "str | list[_Block] | None" = None
    is_error: bool | None = None
    thinking: str | None = None
    signature: str | None = None
    data: str | None = None
    title: str | None = None
    cache_control: _CacheControl | None = None


class _WireMessage(msgspec.Struct):
    role: Literal["user", "assistant", "system"]
    content: str | list[_Block]


class _WireTool(msgspec.Struct):
    name: str
    type: str | None = None
    description: str | None = None
    input_schema: dict[str, Any] | None = None
    strict: bool | None = None
    cache_control: _CacheControl | None = None


class _WireChoice(msgspec.Struct):
    type: Literal["auto", "any", "tool", "none"]
    name: str | None = None
    disable_parallel_tool_use: bool | None = None


class _Thinking(msgspec.Struct):
    type: Literal["enabled", "disabled", "adaptive"]
    budget_tokens: int | None = None


class _OutputFormat(msgspec.Struct):
    type: Literal["json_schema"]
    schema: dict[str, Any]


class _OutputConfig(msgspec.Struct):
    format: _OutputFormat | None = None
    effort: ReasoningEffort | None = None


class _Metadata(msgspec.Struct):
    user_id: str | None = None


class MessagesBody(msgspec.Struct):
    """POST /v1/messages."""

    model: str
    messages: list[_WireMessage]
    max_tokens: int
    system: str | list[_Block] | None = None
    stop_sequences: list[str] | None = None
    stream: bool | None = None
    temperature: float | None = None
    top_p: float | None = None
    tools: list[_WireTool] | None = None
    tool_choice: _WireChoice | None = None
    thinking: _Thinking | None = None
    output_config: _OutputConfig | None = None
    metadata: _Metadata | None = None

    def to_request(self) -> ChatRequest:
        """The neutral request, its model still empty. Raises BadRequest."""
        if not self.messages:
            raise BadRequest("messages: give at least one", "messages")
        if not 1 <= self.max_tokens <= 10_000_000:
            raise BadRequest("max_tokens: must be at least 1", "max_tokens")
        for name, value in (("temperature", self.temperature), ("top_p", self.top_p)):
            if value is not None and not 0 <= value <= 1:
                raise BadRequest(f"{name}: must lie between 0 and 1", name)
        if len(self.stop_sequences or ()) > MAX_STOPS:
            raise BadRequest(f"stop_sequences: at most {MAX_STOPS}", "stop_sequences")
        choice = self.tool_choice
        return ChatRequest(
            model="",
            messages=[*self._system(), *(_message(i, message) for i, message in enumerate(self.messages))],
            tools=(tools := [_tool(i, tool) for i, tool in enumerate(self.tools or ())]),
            tool_choice=offered(_choice(choice), tools),
            parallel_tool_calls=False if choice and choice.disable_parallel_tool_use else None,
            response_format=self._format(),
            max_tokens=self.max_tokens,
            temperature=self.temperature,
            top_p=self.top_p,
            stop=self.stop_sequences or (),
            reasoning_effort=self._effort(),
            user=self.metadata.user_id if self.metadata else None,
        )

    def _system(self) -> list[Message]:
        if not self.system:
            return []
        if isinstance(self.system, str):
            return [Message.of("system", self.system)]
        return [Message("system", [_part(f"system[{i}]", block) for i, block in enumerate(self.system)])]

    def _effort(self) -> ReasoningEffort | None:
        if self.output_config and self.output_config.effort:
            return self.output_config.effort
        if self.thinking is None or self.thinking.type == "adaptive":
            return None
        if self.thinking.type == "disabled":
            return "none"
        budget = self.thinking.budget_tokens or 0
        if budget < 1024:
            raise BadRequest("thinking.budget_tokens: at least 1024", "thinking.budget_tokens")
        return "low" if budget < 4096 else "medium" if budget < 16384 else "high"

    def _format(self) -> ResponseFormat | None:
        if self.output_config and self.output_config.format:
            return JsonSchema("answer", self.output_config.format.schema)
        return None


class CountBody(MessagesBody, kw_only=True):
    """POST /v1/messages/count_tokens: the same, and nothing will be said."""

    max_tokens: int = 1


def _part(where: str, block: _Block) -> Part:
    cache = _mark(block.cache_control)
    match block.type:
        case "text" if block.text is not None:
            return TextPart(block.text, cache)
        case "image" if block.source is not None:
            return msgspec.structs.replace(_image(where, block.source), cache=cache)
        case "document" if block.source is not None:
            return msgspec.structs.replace(_document(where, block.source, block.title or ""), cache=cache)
        case "tool_use" if block.id and block.name and block.input is not None:
            return ToolCallPart(block.id, block.name, msgspec.json.encode(block.input).decode(), cache)
        case "tool_result" if block.tool_use_id:
            text, media = _result(where, block)
            return ToolResultPart(block.tool_use_id, text, bool(block.is_error), tuple(media), cache)
        case "thinking" if block.thinking is not None:
            return ReasoningPart(block.thinking, block.signature or "")
        case "redacted_thinking" if block.data is not None:
            return ReasoningPart("", block.data, redacted=True)
        case "text" | "image" | "document" | "tool_use" | "tool_result" | "thinking" | "redacted_thinking":
            raise BadRequest(f"{where}: a {block.type} block lacks its content", where)
        case other:
            raise UnknownPart(f"{where}.type: {other!r} is not taken here", where)


def _image(where: str, source: _Source) -> ImagePart | ImageUrlPart:
    if source.type == "base64" and source.media_type and source.data is not None:
        return image_part(f"{where}.source", source.media_type, source.data)
    if source.type == "url" and source.url and source.url.startswith(("https://", "http://")):
        return ImageUrlPart(source.url)
    raise BadRequest(f"{where}.source: give base64 with its media_type, or a url", f"{where}.source")


def _document(where: str, source: _Source, title: str) -> DocumentPart:
    if source.type == "base64" and source.media_type and source.data is not None:
        return document_part(f"{where}.source", source.media_type, source.data, title)
    if source.type == "text" and source.data is not None:
        return DocumentPart("text/plain", source.data.encode(), title)
    raise UnknownPart(f"{where}.source: give base64 with its media_type, or text", f"{where}.source")


def _result(where: str, block: _Block) -> tuple[str, list[ImagePart | DocumentPart]]:
    if block.content is None or isinstance(block.content, str):
        return block.content or "", []
    text, media = "", list[ImagePart | DocumentPart]()
    for i, inner in enumerate(block.content):
        part = _part(f"{where}.content[{i}]", inner)
        if isinstance(part, TextPart):
            text += part.text
        elif isinstance(part, ImagePart | DocumentPart):
            media.append(part)
        else:
            raise BadRequest(f"{where}.content[{i}]: results are text, images and documents by value", where)
    return text, media


def _message(index: int, message: _WireMessage) -> Message:
    role: Role = message.role
    if isinstance(message.content, str):
        return Message.of(role, message.content)
    parts = [_part(f"messages[{index}].content[{i}]", block) for i, block in enumerate(message.content)]
    if not parts:
        raise BadRequest(f"messages[{index}].content: empty", f"messages[{index}].content")
    return Message(role, parts)


def _tool(index: int, tool: _WireTool) -> Tool:
    if tool.type not in (None, "custom") or tool.input_schema is None:
        raise UnknownPart(f"tools[{index}]: {tool.type or 'a tool without input_schema'} is not taken here", "tools")
    return Tool(tool.name, tool.description or "", tool.input_schema, tool.strict, _mark(tool.cache_control))


def _choice(choice: _WireChoice | None) -> ToolChoice:
    if choice is None or choice.type == "auto":
        return "auto"
    if choice.type == "none":
        return "none"
    if choice.type == "any":
        return "required"
    if not choice.name:
        raise BadRequest("tool_choice.name: missing", "tool_choice")
    return NamedTool(choice.name)
