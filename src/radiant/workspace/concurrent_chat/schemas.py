"""Shapes of sessions of panes."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints, model_validator

from radiant.kit.ids import ChatId, MessageId, PaneId, PanesId, RunId
from radiant.kit.schema import Strict
from radiant.workspace.chats.schemas import ChatParameters, ChosenDocuments, Content, Message, ModelName

MOST_PANES = 16
DEFAULT_MAX_PANES = 4
DEFAULT_PANES = 2

SyncMode = Literal["independent", "synchronized", "broadcast"]
LayoutType = Literal["horizontal", "vertical", "grid"]
PaneStatus = Literal["idle", "queued", "streaming", "failed"]
Name = Annotated[str, StringConstraints(strip_whitespace=True, max_length=100)]
SystemPrompt = Annotated[str, Field(max_length=100_000)]
PaneIds = Annotated[list[PaneId], Field(min_length=1, max_length=MOST_PANES)]
MaxPanes = Annotated[int, Field(ge=1, le=MOST_PANES)]


class Layout(BaseModel):
    """How panes lie. `sizes`: percent by pane, together 100."""

    type: LayoutType
    sizes: dict[PaneId, float]


class Sync(BaseModel):
    """How panes go together. `shared_context`: a text that every pane's model is given before its own system prompt;
    `cursor`: the last turn whose answer became common, 0 for none."""

    mode: SyncMode
    shared_context: str | None
    cursor: int


class Pane(BaseModel):
    """A pane. `chat_id` is null once its chat was deleted: its next question starts another. `run_id`: its live run."""

    id: PaneId
    pane_index: int
    chat_id: ChatId | None
    model: str
    system_prompt: str
    parameters: ChatParameters
    status: PaneStatus
    run_id: RunId | None
    last_activity: datetime


class LastTurn(BaseModel):
    """The newest turn. `questions`: by pane, the question's message in its chat; `common`: whether an answer of it
    became common."""

    turn: int
    mode: SyncMode
    questions: dict[PaneId, MessageId]
    common: bool


class SessionSummary(BaseModel):
    """A session in the list. `models`: of its panes, in their order."""

    id: PanesId
    name: str | None
    type: LayoutType
    mode: SyncMode
    is_active: bool
    models: list[str]
    created_at: datetime
    updated_at: datetime


class PanesSession(BaseModel):
    """A session with everything of it but what is said."""

    id: PanesId
    name: str | None
    layout: Layout
    max_panes: int
    is_active: bool
    documents: list[UUID]
    sync: Sync
    panes: list[Pane]
    last_turn: LastTurn | None
    created_at: datetime
    updated_at: datetime


class NewPane(Strict):
    """A pane to be made. `chat_id`: a chat that it is to show, else it gets one of its own; `model`: else the chat's."""

    model: ModelName | None = None
    system_prompt: SystemPrompt | None = None
    parameters: ChatParameters = ChatParameters()
    chat_id: ChatId | None = None


class PaneToAdd(NewPane):
    """A pane to be added, at the end or at the place `pane_index`."""

    pane_index: int | None = Field(default=None, ge=0, lt=MOST_PANES)


class PaneChange(Strict):
    """What can be changed of a pane. `parameters` replace those before."""

    model: ModelName | None = None
    system_prompt: SystemPrompt | None = None
    parameters: ChatParameters | None = None
    chat_id: ChatId | None = None
    pane_index: int | None = Field(default=None, ge=0, lt=MOST_PANES)


class NewLayout(Strict):
    """How panes are to lie at first."""

    type: LayoutType = "horizontal"


class NewSession(Strict):
    """A session to be made. `panes`: how many, or what each is to be; `documents`: as in `SessionChange`."""

    name: Name | None = None
    panes: int | Annotated[list[NewPane], Field(max_length=10 * MOST_PANES)] = DEFAULT_PANES
    layout: NewLayout = NewLayout()
    max_panes: MaxPanes = DEFAULT_MAX_PANES
    sync_mode: SyncMode = "independent"
    documents: ChosenDocuments = []


class LayoutChange(Strict):
    """`sizes`: of every pane, in percent; together about 100."""

    type: LayoutType | None = None
    sizes: dict[PaneId, Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]] | None = Field(
        default=None, max_length=MOST_PANES
    )


class SessionChange(Strict):
    """What can be changed of a session. `documents`: the knowledge bases that the questions of all its panes are looked up
    in."""

    name: Name | None = None
    layout: LayoutChange | None = None
    max_panes: MaxPanes | None = None
    is_active: bool | None = None
    documents: ChosenDocuments | None = None


class SyncChange(Strict):
    """How panes are to go together from now on. `shared_context`: left out, it stays; null or "": there is none."""

    mode: SyncMode
    shared_context: str | None = Field(default=None, max_length=100_000)


class NewPanesTurn(Strict):
    """A question to panes: the chosen ones, or where they go together, all."""

    content: list[Content] = Field(min_length=1, max_length=30)
    pane_ids: PaneIds | None = None


class PaneRetry(Strict):
    """Another answer to the question that `message_id` answers (or is), perhaps of another model."""

    message_id: MessageId
    model: ModelName | None = None


class PaneEdit(Strict):
    """The question `message_id`, asked otherwise: a branch of its own."""

    message_id: MessageId
    content: list[Content] = Field(min_length=1, max_length=30)


class Started(BaseModel):
    """A pane that answers."""

    pane_id: PaneId
    chat_id: ChatId
    run_id: RunId
    user_message: Message
    assistant_message: Message


class RefusedPane(BaseModel):
    """A pane that could not start. `error`: {slug, title, detail}."""

    pane_id: PaneId
    error: dict[str, Any]


class PanesTurn(BaseModel):
    """What came of a question: who answers, and who could not start."""

    turn: int
    started: list[Started]
    refused: list[RefusedPane]


class Stop(Strict):
    """Which panes are to stop; left out, all."""

    pane_ids: PaneIds | None = None


class Stopped(BaseModel):
    """The panes that were writing."""

    stopped: list[PaneId]


class Common(Strict):
    """The answer that becomes everybody's: one of the turn's, or a text made of them (`merge_id`: by which merge)."""

    turn: int = Field(ge=1, le=2**31 - 1)
    message_id: MessageId | None = None
    text: str | None = Field(default=None, min_length=1, max_length=400_000)
    merge_id: UUID | None = None

    @model_validator(mode="after")
    def _one(self) -> "Common":
        if (self.message_id is None) == (self.text is None):
            raise ValueError("give message_id, an answer of the turn, or text, and not both")
        if self.merge_id is not None and self.text is None:
            raise ValueError("merge_id goes with text")
        return self


class Best(Strict):
    """The answer that is the best of its turn."""

    message_id: MessageId


class BestKept(BaseModel):
    """What the Brain was told: the decision that won, and how many others it was preferred to."""

    decision_id: UUID
    preferred_to: int
