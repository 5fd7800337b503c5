"""What a request will cost before it runs, and what it cost where the upstream did not tell. Both are marked so."""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from radiant.ai.inference.model import Model
from radiant.ai.providers.chat import (
    ChatRequest,
    DocumentPart,
    ImagePart,
    ImageUrlPart,
    JsonSchema,
    Message,
    Part,
    ReasoningPart,
    TextPart,
    ToolCallPart,
    ToolResultPart,
    Usage,
)
from radiant.ai.routing.needs import Needs
from radiant.ai.routing.words import TOKENS_PER_IMAGE, TOKENS_PER_MESSAGE, pdf_tokens, text_tokens
from radiant.kit.money import cost_at

DEFAULT_OUTPUT = 4096


def _part_tokens(part: Part) -> int:
    match part:
        case TextPart(text) | ReasoningPart(text):
            return text_tokens(len(text))
        case ToolCallPart(_, name, arguments):
            return text_tokens(len(name) + len(arguments))
        case ToolResultPart(_, text, media=media):
            return text_tokens(len(text)) + sum(map(_part_tokens, media))
        case DocumentPart(media_type, data):
            return text_tokens(len(data)) if media_type.startswith("text/") else pdf_tokens(data)
        case ImagePart() | ImageUrlPart():
            return TOKENS_PER_IMAGE


def input_tokens(request: ChatRequest) -> int:
    """About how many tokens the prompt has."""
    messages = sum(TOKENS_PER_MESSAGE + sum(map(_part_tokens, message.parts)) for message in request.messages)
    tools = sum(
        text_tokens(len(tool.name) + len(tool.description) + len(str(tool.parameters))) for tool in request.tools
    )
    return messages + tools


def _all_parts(messages: Sequence[Message]) -> Iterator[Part]:
    for message in messages:
        for part in message.parts:
            yield part
            if isinstance(part, ToolResultPart):
                yield from part.media


def needs_of(request: ChatRequest) -> Needs:
    """What the request asks of a model."""
    capabilities = {"text"}
    for part in _all_parts(request.messages):
        if isinstance(part, ImagePart | ImageUrlPart):
            capabilities.add("vision")
        elif isinstance(part, DocumentPart) and not part.media_type.startswith("text/"):
            capabilities.add("documents")
    if request.tools:
        capabilities.add("tools")
    if isinstance(request.response_format, JsonSchema):
        capabilities.add("json_schema")
    return Needs(frozenset(capabilities), input_tokens(request), request.max_tokens or DEFAULT_OUTPUT)


def reservation(model: Model, needs: Needs) -> Decimal:
    """The most that the request should cost, in dollars."""
    output = min(needs.output_tokens, model.max_output_tokens or needs.output_tokens)
    rates = model.rates
    return cost_at((needs.input_tokens, rates[0]), (output, rates[1]))


def cost_of(model: Model, usage: Usage) -> Decimal:
    """What the tokens cost, in dollars. Cached tokens have prices of their own, the prompt's where none is known."""
    plain = usage.input_tokens - usage.cache_read_tokens - usage.cache_write_tokens
    rates = model.rates
    return cost_at(
        (max(plain, 0), rates[0]),
        (usage.output_tokens, rates[1]),
        (usage.cache_read_tokens, rates[2]),
        (usage.cache_write_tokens, rates[3]),
    )
