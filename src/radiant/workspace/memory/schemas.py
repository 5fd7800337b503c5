"""Shapes of memories. Times are aware; importance, confidence, strength and similarity are 0 to 1."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, BeforeValidator, Field, StringConstraints, model_validator

from radiant.kit.schema import Metadata, Strict

State = Literal["current", "superseded", "needs_review", "expired"]
Outcome = Literal["added", "repeated", "superseded", "review"]
Right = Literal["read", "write", "manage"]
What = Literal["added", "superseded", "changed", "merged", "restored", "forgotten", "expired"]
Because = Literal["words", "meaning", "nearby", "speaker", "time", "fact", "alias", "pinned", "related"]

DEFAULT_STORE = "default"
FACT_OF = "fact_of"
"""The relationship from an extracted fact to the memory that it was extracted from."""
MOST_AT_ONCE = 1000
MAX_CONTENT = 100_000


def _text_of(value: object) -> object:
    return str(value) if isinstance(value, UUID) else value


_NO_NUL = r"^[^\x00]*$"
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=_NO_NUL)]
Reference = Annotated[Name, BeforeValidator(_text_of)]
StoreName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100, pattern=_NO_NUL)]
Kind = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=50)]
Share = Annotated[float, Field(ge=0, le=1)]
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_CONTENT, pattern=_NO_NUL)]
Source = Annotated[str, StringConstraints(max_length=100, pattern=_NO_NUL)]
Names = Annotated[list[Name], Field(max_length=50)]


class Span(Strict):
    """Where in its message a memory was found, in characters."""

    start: int = Field(ge=0, le=10**9)
    end: int = Field(ge=0, le=10**9)

    @model_validator(mode="after")
    def _forward(self) -> "Span":
        if self.end < self.start:
            raise ValueError("span: end is before start")
        return self


class Slot(Strict):
    """What a memory says, so that a contradiction can be told: `attribute` of `subject` is `value`. `qualifier` narrows
    it (the favourite *film*); `polarity` -1 denies it; `single`: there can be but one value at a time."""

    subject: Name
    attribute: Name
    qualifier: Annotated[str, StringConstraints(strip_whitespace=True, max_length=200, pattern=_NO_NUL)] = ""
    value: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000, pattern=_NO_NUL)]
    polarity: Literal[1, -1] = 1
    single: bool = True


class NewStore(Strict):
    """A store to get, or to make. `embedding_model`: changes it, and what is in it is embedded anew."""

    store_name: StoreName = DEFAULT_STORE
    embedding_model: Name | None = None


class Store(BaseModel):
    """A store of the caller's. `former_model`: what some of its vectors are of still, while new ones are made."""

    id: UUID
    store_name: str
    embedding_model: str
    former_model: str | None
    total_memories: int
    last_accessed: datetime | None
    created_at: datetime


class Memory(BaseModel):
    """A memory. `evidence`: how often it was said; `embedded`: it is found by meaning already."""

    id: UUID
    store_id: UUID
    store_name: str
    content: str
    memory_type: str
    source: str | None
    importance: float
    metadata: dict[str, Any]
    pinned: bool
    scope: list[str]
    aliases: list[str]
    speaker: str | None
    said_at: datetime | None
    happened_at: datetime | None
    conversation: str | None
    message_id: str | None
    span: Span | None
    slot: Slot | None
    confidence: float
    learned: bool
    learned_from: list[str]
    state: State
    valid_from: datetime
    valid_to: datetime | None
    superseded_by: UUID | None
    evidence: int
    embedded: bool
    access_count: int
    last_accessed: datetime | None
    expires_at: datetime | None
    created_at: datetime
    updated_at: datetime


class MemoryText(Strict):
    """What is given of a memory over HTTP. `facts_of`: memories that it was extracted from, whose rank it raises."""

    store_name: StoreName = DEFAULT_STORE
    content: Words
    type: Kind = "fact"
    source: Source | None = None
    importance: Share = 0.5
    metadata: Metadata = {}
    expires_at: AwareDatetime | None = None
    pinned: bool = False
    scope: Names = []
    aliases: Names = []
    speaker: Name | None = None
    said_at: AwareDatetime | None = None
    happened_at: AwareDatetime | None = None
    conversation: Reference | None = None
    message_id: Reference | None = None
    span: Span | None = None
    slot: Slot | None = None
    facts_of: list[UUID] = Field(default=[], max_length=100)


class NewMemory(MemoryText):
    """The same with what the program itself says: that it was learnt, from what, and how sure it is."""

    learned: bool = False
    learned_from: list[str] = Field(default=[], max_length=1000)
    confidence: Share | None = None


class Added(BaseModel):
    """What became of an added memory. `memory`: it, or the one that said so before."""

    memory: Memory
    outcome: Outcome
    superseded: list[UUID]


class Batch(Strict):
    """Several memories, in one transaction."""

    memories: list[MemoryText] = Field(min_length=1, max_length=MOST_AT_ONCE)


class AddedAll(BaseModel):
    """What became of each, in order."""

    results: list[Added]


class Changes(Strict):
    """What is changed of a memory; what is left out stays."""

    content: Words | None = None
    type: Kind | None = None
    importance: Share | None = None
    metadata: Metadata | None = None
    pinned: bool | None = None
    scope: Names | None = None
    aliases: Names | None = None
    expires_at: AwareDatetime | None = None
    slot: Slot | None = None


class MembersMay(Strict):
    """What whoever is in a group may do with its memory. Admins that are in the group may do everything."""

    members_may: Literal["read", "write"] = "write"


class GroupMemory(BaseModel):
    """A memory that a group has in common. `right`: what the caller may do with it; None where they are not in the group, so
    that they may set it up and take it away, and not look into it."""

    group_id: UUID
    name: str
    members_may: Literal["read", "write"]
    right: Right | None
    created_at: datetime


class InGroup(BaseModel):
    """The group whose memory it is."""

    id: UUID
    name: str


class Query(Strict):
    """What is looked for. `groups`: besides the caller's own, what their groups have in common. `min_similarity`: in place of the cut-offs; 0 gives the whole ranked list. `scope`: memories
    of one of these, and those of none. `pinned`: pinned ones come first, whatever is asked. `hops`: how far
    relationships are followed. `token_budget`: stop before the results hold more."""

    query: Annotated[str, StringConstraints(strip_whitespace=True, max_length=20_000, pattern=_NO_NUL)]
    store_name: StoreName | None = None
    limit: int = Field(default=5, ge=1, le=100)
    types: list[Kind] = Field(default=[], max_length=50)
    scope: Names | None = None
    as_of: AwareDatetime | None = None
    min_similarity: Share | None = None
    token_budget: int | None = Field(default=None, ge=1, le=1_000_000)
    hops: int = Field(default=0, ge=0, le=2)
    conversation: Reference | None = None
    pinned: bool = True
    groups: bool = False


class Reason(BaseModel):
    """Why a memory came back."""

    kind: Because
    detail: str


class Result(BaseModel):
    """A memory that was found; of a `group`, or the caller's own. `score` ranks within one answer; `similarity` is the
    cosine, null without a vector."""

    memory: Memory
    group: InGroup | None = None
    score: float
    similarity: float | None
    tokens: int
    why: list[Reason]


class Found(BaseModel):
    """What was found. `searched`: how many memories were looked at."""

    results: list[Result]
    tokens: int
    searched: int
    embedding_model: str | None


class NewRelationship(Strict):
    """From the memory of the path to another of the same store."""

    target_memory_id: UUID
    relationship_type: Kind
    strength: Share = 0.5


class Relationship(BaseModel):
    """An edge between two memories."""

    id: UUID
    source_memory_id: UUID
    target_memory_id: UUID
    relationship_type: str
    strength: float


class Related(BaseModel):
    """A memory that is reached over relationships; `strength` is their product."""

    memory: Memory
    strength: float
    depth: int
    relationship_type: str


class Node(BaseModel):
    """A memory in the graph."""

    id: UUID
    content: str
    memory_type: str
    importance: float
    pinned: bool


class Graph(BaseModel):
    """Memories that have relationships, and those."""

    nodes: list[Node]
    edges: list[Relationship]


class Happening(BaseModel):
    """What became of a memory, and its words before and after."""

    at: datetime
    what: What
    memory_id: UUID
    before: str | None
    after: str | None
    why: str


class MergeMemories(Strict):
    """Memories of one store to make one of: the first one stays, with `content` where it is given."""

    ids: list[UUID] = Field(min_length=2, max_length=100)
    content: Words | None = None


class Forget(Strict):
    """What to forget: a store's memories, all, or some."""

    store_name: StoreName | None = None
    all: bool = False
    ids: list[UUID] = Field(default=[], max_length=MOST_AT_ONCE)

    @model_validator(mode="after")
    def _one(self) -> "Forget":
        if (self.store_name is not None) + self.all + bool(self.ids) != 1:
            raise ValueError("give one of store_name, all: true and ids")
        return self


class Forgotten(BaseModel):
    """How many memories are gone."""

    forgotten: int


class ImportedMemories(BaseModel):
    """How many memories came in, and how many were there already."""

    added: int
    repeated: int
