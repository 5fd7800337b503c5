"""Shapes of canvases. Positions and sizes in pixels of the canvas; offsets in a text in UTF-16 units, as browsers count."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints, model_validator

from radiant.kit.ids import ChatId, UserId
from radiant.kit.money import Dollars
from radiant.kit.schema import Strict
from radiant.workspace.collaboration.schemas import LineHunk, Role

ArtifactType = Literal["code", "markdown", "mermaid", "html", "svg", "json", "table"]
CanvasType = Literal["general", "document", "code", "diagram", "dashboard", "research", "presentation"]
ProvenanceKind = Literal["chat", "pane", "merge", "reasoning", "model", "person"]
SourceKind = Literal["message", "pane", "merge", "reasoning"]
ProposalStatus = Literal["open", "applied", "rejected", "failed"]
ExportFormat = Literal["markdown", "html", "pdf", "png", "zip", "json"]

MOST_BODY = 1_000_000
MOST_ARTIFACTS = 500
MOST_TITLE = 200

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^\x00]*$")]
Title = Annotated[str, StringConstraints(strip_whitespace=True, max_length=MOST_TITLE, pattern=r"^[^\x00]*$")]
Body = Annotated[str, StringConstraints(max_length=MOST_BODY, pattern=r"^[^\x00]*$")]
Language = Annotated[str, StringConstraints(strip_whitespace=True, to_lower=True, max_length=50)]
ModelName = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^\x00]+$")
]
Short = Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\x00]*$")]


class Position(Strict):
    """Where the upper left corner is."""

    x: int = Field(ge=-1_000_000, le=1_000_000)
    y: int = Field(ge=-1_000_000, le=1_000_000)


class Size(Strict):
    """How large it is."""

    width: int = Field(ge=1, le=100_000)
    height: int = Field(ge=1, le=100_000)


class Provenance(Strict):
    """Where words come from; what is not known is left out. `by`: whose name it was done in."""

    kind: ProvenanceKind
    run_id: Short | None = None
    message_id: Short | None = None
    session_id: Short | None = None
    model: Short | None = None
    provider: Short | None = None
    prompt_hash: Short | None = None
    prompt: Annotated[str, StringConstraints(max_length=2000, pattern=r"^[^\x00]*$")] | None = None
    strategy: Short | None = None
    cost_nano: int | None = Field(default=None, ge=0, le=10**15)
    decision_id: Short | None = None
    by: Short | None = None
    at: datetime | None = None


class Span(BaseModel):
    """A part of a body, and the id of where it comes from (in the canvas's `provenance`)."""

    start: int
    end: int
    provenance_id: str


class NewArtifact(Strict):
    """An artifact to be made. Without a position it is put where there is room."""

    type: ArtifactType
    title: Title = ""
    content: Body = ""
    language: Language | None = None
    position: Position | None = None
    size: Size = Size(width=400, height=300)
    provenance: Provenance | None = None


class ArtifactChange(Strict):
    """What can be changed. `version`: the one that was read; a newer one wins, and the answer 409 names it."""

    version: int = Field(ge=1, le=2**31 - 1)
    content: Body | None = None
    title: Title | None = None
    language: Language | None = None
    position: Position | None = None
    size: Size | None = None
    z_index: int | None = Field(default=None, ge=-1_000_000, le=1_000_000)
    is_collapsed: bool | None = None


class Artifact(BaseModel):
    """An artifact as it is now. `problem`: why its content is not what its type says, as may be while somebody types."""

    id: UUID
    type: ArtifactType
    title: str
    content: str
    language: str | None
    position: Position
    size: Size
    z_index: int
    is_collapsed: bool
    version: int
    spans: list[Span] = []
    problem: str | None = None
    metadata: dict[str, Any] = {}
    created_by: UserId | None = None
    created_at: datetime
    updated_at: datetime


class DeletedArtifact(BaseModel):
    """An artifact that was removed and can be had back for 30 days."""

    id: UUID
    type: ArtifactType
    title: str
    content: str
    deleted_by: UserId | None
    deleted_at: datetime


class ImportedArtifact(NewArtifact):
    """An artifact of a file."""

    z_index: int = Field(default=0, ge=-1_000_000, le=1_000_000)
    is_collapsed: bool = False
    spans: list[Span] = Field(default=[], max_length=10_000)


class NewCanvas(Strict):
    """A canvas to be made; its type chooses what is on it at first, unless `artifacts` are brought along."""

    canvas_name: Name | None = None
    canvas_type: CanvasType = "general"
    chat_id: ChatId | None = None
    artifacts: list[NewArtifact] | None = Field(default=None, max_length=100)


class CanvasChange(Strict):
    """A new name. `version`: the canvas's that was read, where nobody's newer change may be overwritten."""

    canvas_name: Name
    version: int | None = Field(default=None, ge=1, le=2**31 - 1)


class CanvasSummary(BaseModel):
    """A canvas in the list. `user_id`: its owner."""

    id: UUID
    canvas_name: str
    canvas_type: str
    chat_id: ChatId | None
    room_id: UUID | None
    user_id: UserId
    role: Role
    shared: bool
    version: int
    is_published: bool
    published_url: str | None
    artifact_count: int
    created_at: datetime
    updated_at: datetime


class Canvas(CanvasSummary):
    """A canvas with what is on it, the lowest first. `provenance`: by the ids that spans name."""

    artifacts: list[Artifact] = []
    provenance: dict[str, Provenance] = {}


class Template(BaseModel):
    """What a new canvas of that type begins with."""

    canvas_type: CanvasType
    name: str
    description: str
    artifacts: list[NewArtifact]


class VersionSummary(BaseModel):
    """A version of an artifact. `created_by`: the one person who made it; `authors`: everybody, where it was several."""

    version: int
    name: str
    created_by: UserId | None
    created_by_name: str | None
    authors: list[UserId] = []
    models: list[str] = []
    length: int
    created_at: datetime


class ArtifactVersion(VersionSummary):
    """A version with what it says."""

    content: str
    spans: list[Span] = []


class NamedVersion(Strict):
    """A name for what the artifact says now, by which it is kept."""

    name: Name


class Difference(BaseModel):
    """What changed between two versions, in runs of lines."""

    from_version: int
    to_version: int
    hunks: list[LineHunk]


class FromMessage(Strict):
    """An answer of a chat."""

    kind: Literal["message"]
    chat_id: ChatId
    message_id: UUID


class FromPane(Strict):
    """A pane's last answer, or the one that is named."""

    kind: Literal["pane"]
    pane_id: UUID
    message_id: UUID | None = None


class FromMerge(Strict):
    """A merge's result."""

    kind: Literal["merge"]
    merge_id: UUID


class FromReasoning(Strict):
    """A Think Tank session's answer."""

    kind: Literal["reasoning"]
    session_id: UUID


class Putting(Strict):
    """What is to be put on the canvas. `as`: `artifacts` parts fenced blocks from the words around them."""

    source: Annotated[FromMessage | FromPane | FromMerge | FromReasoning, Field(discriminator="kind", alias="from")]
    form: Literal["document", "artifacts"] = Field(default="artifacts", alias="as")


class PutResult(BaseModel):
    """The artifacts that were made or brought up to date."""

    artifacts: list[Artifact]


class Selection(Strict):
    """The part of the text, as the asker saw it. `text`: what it says, by which it is found again where others typed."""

    start: int = Field(ge=0, le=10_000_000, alias="from")
    end: int = Field(ge=0, le=10_000_000, alias="to")
    text: Body | None = None

    @model_validator(mode="after")
    def _order(self) -> "Selection":
        if self.end < self.start:
            raise ValueError("to: must not be before from")
        return self


class NewProposal(Strict):
    """What a model is asked to make of a part of an artifact; without a selection, of all of it."""

    instruction: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4000)]
    selection: Selection | None = None
    model: ModelName = "auto"


class ProposedHunk(BaseModel):
    """A change of a part of `base_text`."""

    id: int
    start: int = Field(serialization_alias="from")
    end: int = Field(serialization_alias="to")
    old: str
    new: str


class Proposal(BaseModel):
    """What a model proposes. `base_text`: the artifact's content that it was asked about; `hunks` are places in it."""

    id: UUID
    canvas_id: UUID
    artifact_id: UUID
    asked_by: UserId | None
    model: str
    instruction: str
    selection_start: int
    selection_end: int
    base_text: str
    proposed_text: str
    hunks: list[ProposedHunk]
    accepted: list[int]
    status: ProposalStatus
    undone: bool
    provenance_id: str
    tokens: int
    cost: Dollars | None
    error: dict[str, Any] | None
    created_at: datetime
    decided_at: datetime | None


class Accepting(Strict):
    """The hunks that are taken; all of them, unless named."""

    hunks: list[Annotated[int, Field(ge=0, le=100_000)]] | None = Field(default=None, max_length=10_000)


class Publication(BaseModel):
    """A fixed copy that whoever has its address may read. `url` is told once, when it is made."""

    id: UUID
    canvas_id: UUID
    canvas_version: int
    published_by: UserId | None
    published_at: datetime
    revoked_at: datetime | None
    url: str | None = None
