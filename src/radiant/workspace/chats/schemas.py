"""Shapes of chats."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field, StringConstraints

from radiant.ai.providers.chat import ReasoningEffort
from radiant.kit.ids import AssetId, ChatId, MessageId, RunId
from radiant.kit.money import Dollars
from radiant.kit.schema import Strict

MAX_TEXT = 400_000
MOST_BASES = 20
Title = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)]
FolderName = Annotated[str, StringConstraints(strip_whitespace=True, max_length=100)]
ChosenDocuments = Annotated[
    list[UUID], Field(max_length=MOST_BASES), AfterValidator(lambda bases: list(dict.fromkeys(bases)))
]
"""The knowledge bases that questions are looked up in."""
ModelName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class TextContent(Strict):
    """Words."""

    type: Literal["text"]
    text: str = Field(max_length=MAX_TEXT)


class ImageContent(Strict):
    """An uploaded picture."""

    type: Literal["image"]
    asset_id: AssetId


Content = Annotated[TextContent | ImageContent, Field(discriminator="type")]


class NewChat(Strict):
    """A chat to be made. `documents`: as in `ChatChange`."""

    title: Title = ""
    model: ModelName = "auto"
    system_prompt: str = Field(default="", max_length=100_000)
    documents: ChosenDocuments = []


class ChatChange(Strict):
    """What can be changed of a chat. `folder`: null or "" takes it out of its folder. `memory`: whether it is learnt from,
    and told what is known of the person. `documents`: the knowledge bases that its questions are looked up in."""

    title: Title | None = None
    model: ModelName | None = None
    system_prompt: str | None = Field(default=None, max_length=100_000)
    pinned: bool | None = None
    folder: FolderName | None = None
    leaf_message_id: MessageId | None = None
    memory: bool | None = None
    documents: ChosenDocuments | None = None


class ChatSummary(BaseModel):
    """A chat in the list; `snippet` shows where a search was found."""

    id: ChatId
    title: str
    model: str
    pinned: bool
    folder: str | None
    created_at: datetime
    updated_at: datetime
    snippet: str | None = None


class Folder(BaseModel):
    """A folder and how many chats are in it."""

    folder: str
    chats: int


class Message(BaseModel):
    """A message of the tree. Cost in dollars, times in milliseconds. `recalled`: how many preferences and memories were
    brought up for it; `cited`: how many passages of documents it was given; `left_out`: the chosen documents
    could not be looked up in time, and it was answered without them."""

    id: MessageId
    parent_id: MessageId | None
    role: Literal["system", "user", "assistant", "tool"]
    content: list[dict[str, Any]]
    reasoning: str
    status: Literal["streaming", "complete", "stopped", "failed"]
    stop_reason: str | None
    model: str | None
    run_id: RunId | None
    decision_id: UUID | None
    input_tokens: int | None
    output_tokens: int | None
    cost: Dollars | None
    first_token_ms: int | None
    duration_ms: int | None
    error: dict[str, Any] | None
    created_at: datetime
    recalled: int = 0
    cited: int = 0
    left_out: bool = False


class Chat(ChatSummary):
    """A chat with every message of its tree, the oldest first."""

    system_prompt: str
    leaf_message_id: MessageId | None
    memory: bool
    documents: list[UUID] = []
    messages: list[Message] = []


class ChatParameters(Strict):
    """How a model is to speak; what is left out, or null, is as the model has it."""

    temperature: float | None = Field(default=None, ge=0, le=2)
    top_p: float | None = Field(default=None, gt=0, le=1)
    max_tokens: int | None = Field(default=None, ge=1, le=10_000_000)
    reasoning_effort: ReasoningEffort | None = None
    seed: int | None = Field(default=None, ge=-(2**63), le=2**63 - 1)
    stop: list[Annotated[str, StringConstraints(min_length=1, max_length=200)]] | None = Field(
        default=None, max_length=4
    )


class NewTurn(Strict):
    """A question. `parent_id`: the message that it follows; absent: the chat's last; null: it starts the chat anew."""

    content: list[Content] = Field(min_length=1, max_length=30)
    parent_id: MessageId | None = None
    model: ModelName | None = None


class Retry(Strict):
    """Another answer, perhaps of another model."""

    model: ModelName | None = None


class Turn(BaseModel):
    """A turn that started: its run, the question and the answer to come."""

    run_id: RunId
    user_message: Message
    assistant_message: Message


class NewShare(Strict):
    """A link to be made. Without an end it holds until it is taken back."""

    expires_in_days: int | None = Field(default=None, ge=1, le=3650)


class Share(BaseModel):
    """A link by which anybody may read a chat as it was then. `url` is told once, when it is made."""

    id: UUID
    url: str | None = None
    created_at: datetime
    expires_at: datetime | None


class SharedText(BaseModel):
    """Words."""

    type: Literal["text"] = "text"
    text: str


class SharedImage(BaseModel):
    """A picture, which the link alone opens."""

    type: Literal["image"] = "image"
    url: str


class SharedMessage(BaseModel):
    """A question or an answer."""

    role: Literal["user", "assistant"]
    content: list[SharedText | SharedImage]
    model: str | None
    created_at: datetime


class SharedChat(BaseModel):
    """A chat as whoever has its link reads it."""

    title: str
    messages: list[SharedMessage]
    shared_at: datetime
