"""What a relay has to know of a body that it forwards: which model, streamed or not, about how large. The rest is for
the upstream to judge."""

import re
from collections.abc import Callable
from typing import Any

import msgspec

from radiant.ai.inference import estimate
from radiant.ai.providers.chat import ChatRequest
from radiant.ai.providers.wires import Fields
from radiant.ai.routing.needs import Asked, Needs
from radiant.doors.gateway.openai_request import BadRequest, UnknownPart, in_range, offered
from radiant.kit.text import shorten

# Anything that is no text would be counted by its base64 otherwise.
_MEDIA = re.compile(rb'"(?:image_url|image|input_image|file|input_file|input_audio|document)"')
# A look for these words costs a tenth of one for the names.
_MEDIA_WORDS = (b"image", b"file", b"audio", b"document")
_MOST_OUTPUT = 10_000_000
_TEXT = frozenset({"text"})
_PROMPTS = ("messages", "system", "input")
_IMAGE = re.compile(rb'"(?:image_url|image|input_image)"')


class _StreamOptions(msgspec.Struct):
    include_usage: bool | None = None


class _Format(msgspec.Struct):
    type: str = "text"


class _Message(msgspec.Struct):
    role: str


_ROLES = frozenset({"system", "developer", "user", "assistant", "tool", "function"})


class ChatHead(msgspec.Struct):
    """Of a chat completion."""

    model: str
    messages: list[_Message]
    stream: bool | None = None
    stream_options: _StreamOptions | None = None
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    n: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    tools: list[msgspec.Raw] | None = None
    tool_choice: Any = None
    response_format: _Format | None = None

    @property
    def wants_usage(self) -> bool:
        """Whether the client asked for a chunk of usage at the end of a stream."""
        return bool(self.stream_options and self.stream_options.include_usage)

    def needs(self, body: bytes, neutral: Callable[[], ChatRequest]) -> Needs:
        """What it asks of a model. Raises BadRequest on limits that are none."""
        limit = self.max_completion_tokens if self.max_completion_tokens is not None else self.max_tokens
        if not self.messages:
            raise BadRequest("messages: give at least one", "messages")
        for i, message in enumerate(self.messages):
            if message.role not in _ROLES:
                where = f"messages[{i}].role"
                raise BadRequest(
                    f"{where}: {shorten(message.role, 40)!r} is none of {', '.join(sorted(_ROLES))}", where
                )
        if limit is not None and not 1 <= limit <= _MOST_OUTPUT:
            in_range("max_tokens", limit, 1, _MOST_OUTPUT)
        if self.n is not None or self.temperature is not None or self.top_p is not None:
            in_range("n", self.n, 1, 128)
            in_range("temperature", self.temperature, 0, 2)
            in_range("top_p", self.top_p, 0, 1)
        if not self.tools and self.tool_choice not in (None, "auto", "none"):
            offered("required", ())
        schema = self.response_format is not None and self.response_format.type == "json_schema"
        return needs_of_body(body, limit, self.n or 1, neutral, tools=bool(self.tools), schema=schema)


class MessagesHead(msgspec.Struct):
    """Of a message, Anthropic's way."""

    model: str
    messages: list[_Message]
    max_tokens: int
    stream: bool | None = None
    tools: list[msgspec.Raw] | None = None

    def needs(self, body: bytes, neutral: Callable[[], ChatRequest]) -> Needs:
        """What it asks of a model. Raises BadRequest."""
        if not self.messages:
            raise BadRequest("messages: give at least one", "messages")
        in_range("max_tokens", self.max_tokens, 1, _MOST_OUTPUT)
        return needs_of_body(body, self.max_tokens, 1, neutral, tools=bool(self.tools), schema=False)


def needs_of_body(
    body: bytes, limit: int | None, answers: int, neutral: Callable[[], ChatRequest],
    *, tools: bool, schema: bool,
) -> Needs:  # fmt: skip
    """What a body asks of a model, read in full only where it holds pictures or documents. Raises BadRequest."""
    media = any(word in body for word in _MEDIA_WORDS)
    asked = Asked(request=neutral)
    if not (media or tools or schema):
        return Needs(_TEXT, estimate.text_tokens(len(body)), (limit or estimate.DEFAULT_OUTPUT) * answers, asked)
    capabilities = {"text"}
    tokens: int | None = None
    if media and _MEDIA.search(body):
        if _IMAGE.search(body):
            capabilities.add("vision")
        try:
            request = neutral()
        except BadRequest as error:
            # What we have no word for, the upstream may know.
            if not isinstance(error, UnknownPart) and (error.param or "").startswith(_PROMPTS):
                raise
        else:
            found = estimate.needs_of(request)
            asked = Asked(request=lambda: request)
            tokens, capabilities = found.input_tokens, set(found.capabilities)
    if tokens is None:
        tokens = estimate.text_tokens(len(body))
    if tools:
        capabilities.add("tools")
    if schema:
        capabilities.add("json_schema")
    return Needs(frozenset(capabilities), tokens, (limit or estimate.DEFAULT_OUTPUT) * answers, asked)


# Bookkeeping of the vendors': it changes no answer, and another one has no use for it.
_HARMLESS = frozenset({
    "metadata", "store", "service_tier", "prompt_cache_key", "prompt_cache_retention", "safety_identifier", "user",
    "stream_options", "context_management", "betas", "client_metadata",
})  # fmt: skip


def beyond(body: bytes, known: type[msgspec.Struct]) -> dict[str, Any]:
    """Fields that were sent and that the neutral form has no word for, but for those that change no answer."""
    names = {field.encode_name for field in msgspec.structs.fields(known)}
    return {
        name: value
        for name, value in msgspec.json.decode(body, type=dict[str, Any]).items()
        if name not in names and name not in _HARMLESS and value is not None
    }


_decode_fields = msgspec.json.Decoder(Fields).decode


def rewritten(body: bytes, model: str, upstream_id: str, change: Callable[[Fields], bool]) -> bytes:
    """The body with the upstream's own name of the model and what `change` does; the very same where nothing is."""
    fields = _decode_fields(body)
    changed = change(fields)
    if model != upstream_id:
        fields["model"] = msgspec.Raw(msgspec.json.encode(upstream_id))
        changed = True
    return msgspec.json.encode(fields) if changed else body
