"""Shapes of the neural engine."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field, StringConstraints, model_validator

from radiant.kit.ids import ChatId, MessageId
from radiant.kit.schema import Strict
from radiant.workspace.personalization.confidence import EvidenceKind, Lasting

Key = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100, pattern=r"^[^\x00-\x1f]+$")]
Value = str | bool | int | float | list[str]
What = Literal["learned", "raised", "lowered", "superseded", "edited", "confirmed", "rejected", "forgotten"]
PatternType = Literal["hour_of_week", "task_type", "tool", "model", "length", "language"]
Text = Annotated[str, StringConstraints(max_length=100_000, pattern=r"^[^\x00]*$")]


class LearningSettings(Strict):
    """`learning_enabled`: what is said teaches; `recall_enabled`: what is known is brought up in chats."""

    learning_enabled: bool = True
    recall_enabled: bool = True


class Preference(BaseModel):
    """What a person prefers. `confidence`: that the value is right, 0..1; `interval`: its 10 and 90 % quantiles, of which
    `low` is the first; `evidence`: signals that are kept; `applied`: brought up in chats; `learned_from`: messages."""

    id: UUID
    preference_key: str
    preference_value: Any
    confidence: float
    low: float
    interval: tuple[float, float]
    evidence: int
    applied: bool
    locked: bool
    confirmed: bool
    lasting: Lasting
    learned_from: list[str]
    updated_at: datetime
    created_at: datetime


class PreferenceEdit(Strict):
    """What the person says it is."""

    value: Annotated[Value, Field(union_mode="left_to_right")]

    @model_validator(mode="after")
    def _bounded(self) -> "PreferenceEdit":
        words = self.value if isinstance(self.value, list) else [self.value]
        text = "".join(word for word in words if isinstance(word, str))
        if len(words) > 100 or len(text) > 2000 or "\x00" in text:
            raise ValueError("at most 100 items and 2000 characters, none of them a zero character")
        if not words or (isinstance(self.value, str) and not self.value.strip()):
            raise ValueError("say what it is; to be rid of the preference, delete it")
        return self


class Evidence(BaseModel):
    """A signal. `weight` before it fades; `counts_now`: what is left of it in the confidence, 0 where another of the same
    conversation counts, or where it is of a value that is gone."""

    id: UUID
    sign: Literal[1, -1]
    weight: float
    kind: EvidenceKind
    value: Any
    session: str
    message_id: MessageId | None
    quote: str
    at: datetime
    counts_now: float


class PastValue(BaseModel):
    """A value that held."""

    id: UUID
    preference_value: Any
    confidence: float | None
    learned_from: list[str]
    valid_from: datetime
    valid_to: datetime


class Snapshot(BaseModel):
    """A preference at a moment."""

    value: Any
    confidence: float


class PreferenceChange(BaseModel):
    """What happened. Of what was forgotten neither key nor value is kept."""

    at: datetime
    what: What
    preference_key: str | None
    before: Snapshot | None
    after: Snapshot | None
    why: str


class PatternData(BaseModel):
    """`count` of `total` that could have been; `interval`: of the share, 95 %; `lift`: the share over what evenly spread
    would be."""

    count: int
    total: int
    share: float
    interval: tuple[float, float]
    lift: float


class Pattern(BaseModel):
    """What a person does more often than evenly. `shown`: seen five times, and the lift is no chance."""

    id: UUID
    pattern_type: PatternType
    pattern_key: str
    pattern_data: PatternData
    occurrence_count: int
    last_occurred: datetime
    shown: bool


class SaidMessage(Strict):
    """A message to be learnt from. Only what the person says teaches; the rest is read for what it answers."""

    role: Literal["system", "user", "assistant", "tool"]
    content: Text
    id: MessageId | None = None
    at: AwareDatetime | None = None


class Conversation(Strict):
    """A conversation. `chat_id`: one's chat that it is from."""

    messages: list[SaidMessage] = Field(min_length=1, max_length=200)
    chat_id: ChatId | None = None


class Learned(BaseModel):
    """What a conversation taught. `rejected_spans`: items whose quote is not in the message that they cite."""

    preferences: list[str] = []
    memories: list[UUID] = []
    patterns: int = 0
    rejected_spans: int = 0


class AppliedPreference(BaseModel):
    """A preference that was brought up, as it is now."""

    id: UUID
    preference_key: str
    preference_value: Any


class AppliedMemory(BaseModel):
    """A memory that was brought up, as it is now."""

    id: UUID
    content: str


class Applied(BaseModel):
    """What was brought up for an answer, as far as it is still known. Tokens are an estimate."""

    message_id: MessageId | None = None
    preferences: list[AppliedPreference] = []
    memories: list[AppliedMemory] = []
    tokens: int = 0


class ForgetLearning(Strict):
    """Everything, or these preferences."""

    everything: Literal[True] | None = None
    preferences: list[Key] | None = Field(default=None, min_length=1, max_length=1000)

    @model_validator(mode="after")
    def _one(self) -> "ForgetLearning":
        if (self.everything is None) == (self.preferences is None):
            raise ValueError("say either everything: true or preferences: [keys]")
        return self


class ForgottenLearning(BaseModel):
    """How many of each are gone."""

    preferences: int = 0
    patterns: int = 0
    memories: int = 0
