"""The words of a request, which each family of tokenizers counts in its own way, and what else of it takes tokens."""

from collections.abc import Iterator

from radiant.ai.providers.chat import (
    ChatRequest,
    DocumentPart,
    ImagePart,
    ImageUrlPart,
    Part,
    ReasoningPart,
    TextPart,
    ToolCallPart,
    ToolResultPart,
)

# English text has about four characters a token; three errs on the safe side, as a reservation should.
_CHARACTERS_PER_TOKEN = 3
TOKENS_PER_MESSAGE = 6
TOKENS_PER_IMAGE = 1600


def text_tokens(characters: int) -> int:
    """Tokens of a text of that length in whatever family, rounded up."""
    return -(-characters // _CHARACTERS_PER_TOKEN)


def pdf_tokens(data: bytes) -> int:
    """Of a PDF: a page is some 50 kB and up to 3,000 tokens of text and picture."""
    return 3000 * (1 + len(data) // 50_000)


def words_of(request: ChatRequest) -> tuple[str, int]:
    """All its words, and about how many tokens the rest takes."""
    found: list[str] = []
    rest = TOKENS_PER_MESSAGE * len(request.messages)
    for message in request.messages:
        for part in message.parts:
            for piece in _pieces(part):
                if isinstance(piece, str):
                    found.append(piece)
                else:
                    rest += piece
    for tool in request.tools:
        found += tool.name, tool.description, str(tool.parameters)
    return "\n".join(found), rest


def _pieces(part: Part) -> Iterator[str | int]:
    match part:
        case TextPart(text) | ReasoningPart(text):
            yield text
        case ToolCallPart(_, name, arguments):
            yield from (name, arguments)
        case ToolResultPart(_, text, media=media):
            yield text
            for piece in media:
                yield from _pieces(piece)
        case DocumentPart(media_type, data):
            yield part.as_text() if media_type.startswith("text/") else pdf_tokens(data)
        case ImagePart() | ImageUrlPart():
            yield TOKENS_PER_IMAGE
