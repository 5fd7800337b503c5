"""From the messages of a branch to what a model is asked."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import msgspec

from radiant.ai.inference.estimate import input_tokens
from radiant.ai.providers.chat import ChatRequest, ImagePart, Message, Part, TextPart
from radiant.kit.ids import AssetId
from radiant.workspace.chats import schemas

# Share of a model's context that the prompt may take; the rest is for the answer.
_PROMPT_SHARE = 0.75

# What the model is told of an answer that was spoken, and stopped by the person.
_CUT_SHORT = "\n\n[The person interrupted here, and heard no more than this.]"
_NOT_HEARD = "[The person interrupted before they heard anything of this answer.]"

ReadImage = Callable[[AssetId], Awaitable[tuple[str, bytes] | None]]
"""Media type and bytes of an asset of the caller's, or None where it is gone."""


async def _parts(content: Sequence[dict[str, Any]], read_image: ReadImage) -> list[Part]:
    parts: list[Part] = []
    for item in content:
        if item["type"] == "text":
            parts.append(TextPart(item["text"]))
        elif item["type"] == "image":
            image = await read_image(AssetId(item["asset_id"]))
            parts.append(ImagePart(*image) if image else TextPart("[a picture that was deleted]"))
    return parts


async def assemble(
    system_prompt: str, path: Sequence[schemas.Message], read_image: ReadImage, context_length: int | None
) -> ChatRequest:
    """The request for the branch `path`, which ends in a question. Answers that said nothing are left out; where the
    branch outgrows the context, its oldest messages are."""
    system = [Message.of("system", system_prompt)] if system_prompt.strip() else []
    said: list[Message] = []
    for message in path:
        parts = await _parts(message.content, read_image)
        if message.role == "assistant" and message.stop_reason == "interrupted":
            parts.append(TextPart(_CUT_SHORT if parts else _NOT_HEARD))
        if parts and message.role in ("user", "assistant"):
            said.append(Message(message.role, parts))
    said = _alternate(said)
    budget = int(context_length * _PROMPT_SHARE) if context_length else None
    while budget and len(said) > 1 and input_tokens(ChatRequest(model="", messages=[*system, *said])) > budget:
        said = said[1:] if len(said) == 2 else said[2:]
    return ChatRequest(model="", messages=[*system, *said])


def with_found(request: ChatRequest, found: str) -> ChatRequest:
    """The request with what was found for its last question, before that question: what comes earlier stays as models keep
    it from turn to turn."""
    if not found or request.messages[-1].role != "user":
        return request
    *before, last = request.messages
    return msgspec.structs.replace(
        request, messages=[*before, Message("user", [TextPart(found + "\n\n"), *last.parts])]
    )


def spoken_as(request: ChatRequest, parameters: schemas.ChatParameters) -> ChatRequest:
    """The request, with the parameters that are given."""
    given = parameters.model_dump(exclude_none=True)
    return msgspec.structs.replace(request, **given) if given else request


def _alternate(messages: list[Message]) -> list[Message]:
    """Neighbours of one role joined: some models insist that user and assistant take turns."""
    joined: list[Message] = []
    for message in messages:
        if joined and joined[-1].role == message.role:
            joined[-1] = Message(message.role, [*joined[-1].parts, TextPart("\n\n"), *message.parts])
        else:
            joined.append(message)
    return joined
