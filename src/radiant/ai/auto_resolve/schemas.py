"""Shapes of auto-resolve."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AliasChoices, BaseModel, Field, model_validator

from radiant.ai.routing.conditions import Strict
from radiant.ai.routing.needs import Level, TaskType
from radiant.ai.routing.schemas import Choice, ProviderName
from radiant.kit.money import Dollars


class Preferences(Strict):
    """What matters. Limits are hard; dollars and milliseconds."""

    max_cost: Annotated[
        Decimal | None, Field(ge=0, le=1_000_000, validation_alias=AliasChoices("max_cost", "maxCost"))
    ] = None
    max_latency_ms: Annotated[
        int | None, Field(ge=0, le=3_600_000, validation_alias=AliasChoices("max_latency_ms", "maxLatencyMs"))
    ] = None
    preferred_provider: Annotated[
        ProviderName | None, Field(validation_alias=AliasChoices("preferred_provider", "preferredProvider"))
    ] = None
    quality_level: Annotated[Level, Field(validation_alias=AliasChoices("quality_level", "qualityLevel"))] = "balanced"


class Words(Strict):
    """Text of a message."""

    type: Literal["text"] = "text"
    text: Annotated[str, Field(max_length=1_000_000)]


class Picture(Strict):
    """A picture, by an address that the model's provider fetches, or by a data: URL."""

    type: Literal["image_url"]
    url: Annotated[str, Field(min_length=1, max_length=20_000_000, pattern=r"^(?:https://|data:image/)[^\x00]+$")]


MessagePart = Annotated[Words | Picture, Field(discriminator="type")]


class AskedMessage(Strict):
    """One message of the conversation."""

    role: Literal["system", "user", "assistant"]
    content: Annotated[str, Field(max_length=1_000_000)] | Annotated[list[MessagePart], Field(min_length=1)]


class ResolveRequest(Strict):
    """A prompt, or messages. `execute`: answer, too."""

    prompt: Annotated[str | None, Field(min_length=1, max_length=1_000_000)] = None
    messages: Annotated[list[AskedMessage] | None, Field(min_length=1, max_length=1000)] = None
    preferences: Preferences = Preferences()
    max_tokens: Annotated[int | None, Field(ge=1, le=10_000_000)] = None
    execute: bool = False

    @model_validator(mode="after")
    def _one_of_two(self) -> "ResolveRequest":
        if (self.prompt is None) == (self.messages is None):
            raise ValueError("give prompt or messages, and not both")
        return self


class Said(BaseModel):
    """The answer, and what it came to."""

    text: str
    stop_reason: str | None
    input_tokens: int
    output_tokens: int
    cost: Dollars
    latency_ms: int


class Resolved(Choice):
    """The model, and why. `answer` and `decision_id` where it answered: the model is then the one that did."""

    id: UUID
    reason: str
    confidence: float
    task_type: TaskType
    fallbacks: list[Choice]
    decision_id: UUID | None = None
    answer: Said | None = None


class Resolution(BaseModel):
    """One request of the past. Tokens, cost, latency and success are known once a call has ended; of one that only
    named a model they never are."""

    id: UUID
    request_type: TaskType
    selected_model: str
    selection_reason: str | None
    user_preferences: dict[str, Any]
    quality_level: Level
    confidence: float | None
    decision_id: UUID | None
    input_tokens: int | None
    output_tokens: int | None
    cost: Dollars | None
    latency_ms: int | None
    success: bool | None
    created_at: datetime
