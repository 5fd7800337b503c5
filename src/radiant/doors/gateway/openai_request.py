"""OpenAI's request bodies, read into the neutral forms (Chat Completions and Embeddings, API reference 2026-10)."""

import base64
import binascii
import re
from collections.abc import Sequence
from typing import Any, Literal, TypeVar

import msgspec

from radiant.ai.providers.chat import (
    ChatRequest,
    DocumentPart,
    EmbeddingRequest,
    ImagePart,
    ImageUrlPart,
    JsonObject,
    JsonSchema,
    Message,
    NamedTool,
    Part,
    ReasoningEffort,
    ResponseFormat,
    TextPart,
    Tool,
    ToolCallPart,
    ToolChoice,
    ToolResultPart,
)
from radiant.kit.errors import Problem
from radiant.kit.text import shorten

_DATA_URL = re.compile(r"^data:([a-zA-Z0-9.+/-]+);base64,")
IMAGE_TYPES = ("image/png", "image/jpeg", "image/gif", "image/webp")
DOCUMENT_TYPES = ("application/pdf", "text/plain")
MAX_STOPS = 16
T = TypeVar("T")


class BadRequest(Problem):
    """The body is not one of the protocol's, or asks for what cannot be done. `param` names the field."""

    status, slug = 400, "bad-request"

    def __init__(self, detail: str, param: str | None = None) -> None:
        super().__init__(detail)
        self.param = param


class UnknownPart(BadRequest):
    """A piece of a message that we have no word for; an upstream of the client's own protocol may."""


def decode(body: bytes, kind: type[T]) -> T:
    """The body as `kind`. Raises BadRequest that names the field."""
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        text, _, path = str(error).partition(" - at `")
        field = path.rstrip("`").removeprefix("$").removeprefix(".") or None
        raise BadRequest(f"{field}: {text}" if field else text, field) from error
    except msgspec.DecodeError as error:
        raise BadRequest(f"the body is not JSON: {error}") from error
    except RecursionError as error:
        raise BadRequest("the body is nested too deeply") from error
    except UnicodeDecodeError as error:
        raise BadRequest("the body is not UTF-8") from error


class _ImageUrl(msgspec.Struct):
    url: str


class _File(msgspec.Struct):
    file_data: str | None = None
    filename: str | None = None
    file_id: str | None = None


class _WirePart(msgspec.Struct):
    type: str
    text: str | None = None
    refusal: str | None = None
    image_url: _ImageUrl | None = None
    file: _File | None = None


class _WireFunction(msgspec.Struct):
    name: str
    arguments: str = "{}"


class _WireToolCall(msgspec.Struct):
    id: str
    function: _WireFunction
    type: Literal["function"] = "function"


class _WireMessage(msgspec.Struct):
    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: str | list[_WirePart] | None = None
    tool_calls: list[_WireToolCall] | None = None
    tool_call_id: str | None = None


class _WireToolFunction(msgspec.Struct):
    name: str
    description: str | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = None


class _WireTool(msgspec.Struct):
    function: _WireToolFunction
    type: Literal["function"] = "function"


class _WireSchema(msgspec.Struct):
    schema: dict[str, Any]
    name: str = "answer"
    strict: bool | None = None


class _WireFormat(msgspec.Struct):
    type: Literal["text", "json_object", "json_schema"]
    json_schema: _WireSchema | None = None


class _WireChoiceFunction(msgspec.Struct):
    name: str


class _WireChoice(msgspec.Struct):
    function: _WireChoiceFunction
    type: Literal["function"] = "function"


class _StreamOptions(msgspec.Struct):
    include_usage: bool | None = None


class ChatBody(msgspec.Struct):
    """POST /v1/chat/completions."""

    model: str
    messages: list[_WireMessage]
    stream: bool | None = None
    stream_options: _StreamOptions | None = None
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    stop: str | list[str] | None = None
    seed: int | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    tools: list[_WireTool] | None = None
    tool_choice: Literal["auto", "none", "required"] | _WireChoice | None = None
    parallel_tool_calls: bool | None = None
    response_format: _WireFormat | None = None
    reasoning_effort: ReasoningEffort | None = None
    user: str | None = None
    n: int | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = None
    functions: list[Any] | None = None
    audio: dict[str, Any] | None = None

    @property
    def wants_usage(self) -> bool:
        """Whether a streamed answer ends in a chunk of usage."""
        return bool(self.stream_options and self.stream_options.include_usage)

    def to_request(self) -> ChatRequest:
        """The neutral request, its model still empty. Raises BadRequest."""
        self._refuse_what_is_not_there()
        in_range("temperature", self.temperature, 0, 2)
        in_range("top_p", self.top_p, 0, 1)
        in_range("presence_penalty", self.presence_penalty, -2, 2)
        in_range("frequency_penalty", self.frequency_penalty, -2, 2)
        in_range("top_logprobs", self.top_logprobs, 0, 20)
        limit = self.max_completion_tokens if self.max_completion_tokens is not None else self.max_tokens
        in_range("max_tokens", limit, 1, 10_000_000)
        stop = [self.stop] if isinstance(self.stop, str) else self.stop or []
        if len(stop) > MAX_STOPS:
            raise BadRequest(f"stop: at most {MAX_STOPS}", "stop")
        return ChatRequest(
            model="",
            messages=[_message(i, message) for i, message in enumerate(self.messages)],
            tools=(tools := [_tool(tool) for tool in self.tools or ()]),
            tool_choice=offered(_choice(self.tool_choice), tools),
            parallel_tool_calls=self.parallel_tool_calls,
            response_format=_format(self.response_format),
            max_tokens=limit,
            temperature=self.temperature,
            top_p=self.top_p,
            stop=stop,
            seed=self.seed,
            presence_penalty=self.presence_penalty,
            frequency_penalty=self.frequency_penalty,
            reasoning_effort=self.reasoning_effort,
            user=self.user,
            logprobs=(self.top_logprobs or 0) if self.logprobs else None,
        )

    def _refuse_what_is_not_there(self) -> None:
        if not self.messages:
            raise BadRequest("messages: give at least one", "messages")
        if self.n is not None and self.n != 1:
            raise BadRequest("n: one answer a request; send several requests for several answers", "n")
        if self.top_logprobs and not self.logprobs:
            raise BadRequest("top_logprobs: needs logprobs to be true", "top_logprobs")
        if self.functions:
            raise BadRequest("functions: superseded; use tools", "functions")
        if self.audio:
            raise BadRequest("audio: not offered on this endpoint", "audio")


def in_range(name: str, value: float | None, low: float, high: float) -> None:
    """Raises BadRequest where a number lies outside."""
    if value is not None and not low <= value <= high:
        raise BadRequest(f"{name}: must lie between {low} and {high}", name)


def offered(choice: ToolChoice, tools: Sequence[Tool]) -> ToolChoice:
    """The choice. Raises BadRequest where it forces a tool that is not there."""
    forced = choice == "required" or isinstance(choice, NamedTool)
    if forced and not tools:
        raise BadRequest(
            "tool_choice: asks for a call of a tool, and there are no tools; give some in tools", "tool_choice"
        )
    if isinstance(choice, NamedTool) and choice.name not in [tool.name for tool in tools]:
        raise BadRequest(f"tool_choice: no tool in tools is named {shorten(choice.name, 60)!r}", "tool_choice")
    return choice


def image_part(where: str, media_type: str, data: str) -> ImagePart:
    """A picture given as base64. Raises BadRequest."""
    if media_type not in IMAGE_TYPES:
        raise BadRequest(f"{where}: {media_type} is not one of {', '.join(IMAGE_TYPES)}", where)
    try:
        return ImagePart(media_type, base64.b64decode(data, validate=True))
    except (binascii.Error, ValueError) as error:
        raise BadRequest(f"{where}: not base64", where) from error


def image_of_url(where: str, url: str) -> ImagePart | ImageUrlPart:
    """A picture given as a data: URL or an address that the upstream fetches. Raises BadRequest."""
    match = _DATA_URL.match(url)
    if match:
        return image_part(where, match[1].lower(), url[match.end() :])
    if url.startswith(("https://", "http://")):
        return ImageUrlPart(url)
    raise BadRequest(f"{where}: give an http(s) address or data:image/…;base64,…", where)


def document_part(where: str, media_type: str, data: str, title: str) -> DocumentPart:
    """A document given as base64. Raises BadRequest."""
    if media_type not in DOCUMENT_TYPES:
        raise BadRequest(f"{where}: {media_type} is not one of {', '.join(DOCUMENT_TYPES)}", where)
    try:
        return DocumentPart(media_type, base64.b64decode(data, validate=True), title)
    except (binascii.Error, ValueError) as error:
        raise BadRequest(f"{where}: not base64", where) from error


def document_of_url(where: str, url: str, title: str) -> DocumentPart:
    """A document given as a data: URL. Raises BadRequest."""
    match = _DATA_URL.match(url)
    if match is None:
        raise UnknownPart(f"{where}: give the file itself, as data:application/pdf;base64,…", where)
    return document_part(where, match[1].lower(), url[match.end() :], title)


def _file(where: str, file: _File) -> DocumentPart:
    return document_of_url(f"{where}.file_data", file.file_data or "", file.filename or "")


def _part(where: str, part: _WirePart) -> Part:
    match part.type:
        case "text" if part.text is not None:
            return TextPart(part.text)
        case "refusal" if part.refusal is not None:
            return TextPart(part.refusal)
        case "image_url" if part.image_url is not None:
            return image_of_url(f"{where}.image_url.url", part.image_url.url)
        case "file" if part.file is not None:
            return _file(f"{where}.file", part.file)
        case "text" | "refusal" | "image_url" | "file":
            raise BadRequest(f"{where}.{part.type}: missing", where)
        case other:
            raise UnknownPart(f"{where}.type: {other!r} is not taken here; text, image_url and file are", where)


def _message(index: int, message: _WireMessage) -> Message:
    where = f"messages[{index}]"
    parts: list[Part] = []
    if isinstance(message.content, str):
        parts = [TextPart(message.content)]
    elif message.content is not None:
        parts = [_part(f"{where}.content[{i}]", part) for i, part in enumerate(message.content)]
    if message.role == "tool":
        if not message.tool_call_id:
            raise BadRequest(f"{where}.tool_call_id: missing", where)
        text = "".join(part.text for part in parts if isinstance(part, TextPart))
        media = [part for part in parts if isinstance(part, ImagePart | DocumentPart)]
        if any(isinstance(part, ImageUrlPart) for part in parts):
            raise BadRequest(f"{where}.content: a tool's picture is given by value (data:image/…;base64,…)", where)
        return Message("tool", [ToolResultPart(message.tool_call_id, text, media=tuple(media))])
    if message.role == "assistant":
        calls = message.tool_calls or []
        parts += [ToolCallPart(call.id, call.function.name, call.function.arguments) for call in calls]
        return Message("assistant", parts)
    if message.content is None:
        raise BadRequest(f"{where}.content: missing", f"{where}.content")
    return Message("system" if message.role == "developer" else message.role, parts)


def _tool(tool: _WireTool) -> Tool:
    function = tool.function
    empty = {"type": "object", "properties": dict[str, Any]()}
    return Tool(function.name, function.description or "", function.parameters or empty, function.strict)


def _choice(choice: Literal["auto", "none", "required"] | _WireChoice | None) -> ToolChoice:
    if isinstance(choice, _WireChoice):
        return NamedTool(choice.function.name)
    return choice or "auto"


def _format(form: _WireFormat | None) -> ResponseFormat | None:
    if form is None or form.type == "text":
        return None
    if form.type == "json_object":
        return JsonObject()
    if form.json_schema is None:
        raise BadRequest("response_format.json_schema: missing", "response_format")
    return JsonSchema(form.json_schema.name, form.json_schema.schema, form.json_schema.strict is not False)


class EmbeddingsBody(msgspec.Struct):
    """POST /v1/embeddings."""

    model: str
    input: str | list[Any]
    encoding_format: Literal["float", "base64"] | None = None
    dimensions: int | None = None
    user: str | None = None

    def to_request(self) -> EmbeddingRequest:
        """The neutral request, its model still empty. Raises BadRequest."""
        inputs = [self.input] if isinstance(self.input, str) else self.input
        if not inputs or len(inputs) > 2048:
            raise BadRequest("input: give 1 to 2048 texts", "input")
        texts = [text for text in inputs if isinstance(text, str)]
        if len(texts) != len(inputs):
            raise BadRequest("input: give texts; token ids belong to one model's own vocabulary", "input")
        if any(not text for text in texts):
            raise BadRequest("input: an empty text has no embedding", "input")
        in_range("dimensions", self.dimensions, 1, 100_000)
        return EmbeddingRequest(model="", inputs=texts, dimensions=self.dimensions)
