"""Shapes of knowledge bases, documents, passages, searches and citations."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints

from radiant.infra.db import Row
from radiant.kit.schema import Metadata, Strict

MAX_TEXT = 20_000_000
MOST_BASES, MOST_DOCUMENTS = 100, 1000

Owner = Literal["person", "tenant"]
Order = Literal["newest", "name", "largest", "changed"]
State = Literal["waiting", "reading", "embedding", "ready", "failed"]
_Plain = r"^[^\x00]*$"
BaseName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=_Plain)]
DocumentName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=255, pattern=_Plain)]
Description = Annotated[str, StringConstraints(max_length=4000, pattern=_Plain)]
Model = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=_Plain)]


class NewBase(Strict):
    """A base to be made."""

    name: BaseName
    description: Description = ""
    owner: Owner = "person"
    embedding_model: Model | None = None


class BaseChange(Strict):
    """What can be changed of a base. Another model makes new vectors in the background."""

    name: BaseName | None = None
    description: Description | None = None
    embedding_model: Model | None = None


class Base(BaseModel):
    """A knowledge base. `owner` person: theirs alone; tenant: read by all of the workspace. `embedded`: passages that have
    a vector of its model."""

    id: UUID
    name: str
    description: str
    owner: Owner
    embedding_model: str
    documents: int
    passages: int
    embedded: int
    bytes: int
    may_edit: bool
    created_by: UUID | None
    created_at: datetime
    updated_at: datetime


class WhyNot(BaseModel):
    """Why a document could not be read."""

    type: str
    title: str
    detail: str


class Document(BaseModel):
    """A document. `version`, `bytes`, `sha256`, `media_type` are of the newest upload; `pages`, `passages`, `title` and
    `language` of the version that was read last, which is found until the newest one is read."""

    id: UUID
    base_id: UUID
    name: str
    media_type: str
    bytes: int
    sha256: str
    version: int
    state: State
    progress: float
    pages: int
    passages: int
    embedded: int
    title: str | None
    language: str | None
    metadata: Metadata
    problem: WhyNot | None
    created_by: UUID | None
    created_at: datetime
    updated_at: datetime


class NewText(Strict):
    """A text to be kept as a document."""

    name: DocumentName
    text: Annotated[str, Field(min_length=1, max_length=MAX_TEXT)]
    metadata: Metadata = {}


class DocumentChange(Strict):
    """What can be changed of a document."""

    name: DocumentName | None = None
    metadata: Metadata | None = None


class DocumentText(BaseModel):
    """Characters [start, end) of a document's text, which has `total`."""

    text: str
    start: int
    end: int
    total: int


class Passage(BaseModel):
    """A passage: characters [start, end) of its document's text. Pages from 1, of what has pages; `headings`: that it
    stands under, the outermost first."""

    id: UUID
    number: int
    start: int
    end: int
    first_page: int | None
    last_page: int | None
    headings: list[str]
    text: str

    @classmethod
    def of(cls, row: Row) -> "Passage":
        """From a row of `passages_store`."""
        return cls(
            id=row["id"], number=row["number"], start=row["starts"], end=row["ends"], first_page=row["first_page"],
            last_page=row["last_page"], headings=row["headings"], text=row["content"],
        )  # fmt: skip


class DocumentQuery(Strict):
    """What is looked for. No bases and no documents named: in all that the caller may read. `min_similarity`: instead of
    the model's own floor; 0 gives the whole ranked list."""

    query: Annotated[str, Field(min_length=1, max_length=20_000)]
    base_ids: Annotated[list[UUID], Field(max_length=MOST_BASES)] = []
    document_ids: Annotated[list[UUID], Field(max_length=MOST_DOCUMENTS)] = []
    limit: int = Field(default=8, ge=1, le=50)
    token_budget: int | None = Field(default=None, ge=1, le=1_000_000)
    min_similarity: float | None = Field(default=None, ge=0, le=1)


class FoundDocument(BaseModel):
    """The document of a passage."""

    id: UUID
    base_id: UUID
    name: str
    title: str | None
    version: int
    media_type: str

    @classmethod
    def of(cls, row: Row) -> "FoundDocument":
        """From a row of `passages_store` that has its document."""
        return cls(
            id=row["document_id"], base_id=row["base_id"], name=row["name"], title=row["title"],
            version=row["version"], media_type=row["media_type"],
        )  # fmt: skip


class WhyFound(BaseModel):
    """Why a passage came back."""

    kind: Literal["words", "meaning", "nearby", "heading"]
    detail: str


class QuoteSpan(BaseModel):
    """Characters [start, end) of a document's text."""

    start: int
    end: int


class FoundPassage(BaseModel):
    """A passage that fits. `score`: 0 to 1 within the answer; `similarity`: the cosine, where both have a vector; `quote`:
    its best sentence."""

    passage: Passage
    document: FoundDocument
    base_name: str
    score: float
    similarity: float | None
    tokens: int
    why: list[WhyFound]
    quote: QuoteSpan


class FoundPassages(BaseModel):
    """The best first. `searched`: how many passages were looked at."""

    results: list[FoundPassage]
    searched: int
    tokens: int


class Citation(BaseModel):
    """What an answer was given as [n]."""

    n: int
    document: FoundDocument
    base_name: str
    passage: Passage
    quote: QuoteSpan
    gone: bool = False


class Cited(BaseModel):
    """What an answer was given; what was deleted since is left out."""

    items: list[Citation]
    tokens: int
