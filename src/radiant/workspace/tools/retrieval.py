"""`memory_search` and `document_search`: what is known of the person, and what their documents say."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from radiant.workspace.documents.schemas import DocumentQuery, FoundPassage
from radiant.workspace.documents.service import Documents
from radiant.workspace.memory.schemas import Query
from radiant.workspace.memory.service import Memory
from radiant.workspace.tools.base import Citation, ToolResult, ToolType, Use

_PARAMETERS: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "query": {
            "type": "string", "minLength": 1, "maxLength": 20_000, "pattern": r"[^\s]", "description": "A question or a few words.",
        },
        "limit": {"type": "integer", "minimum": 1, "maximum": 50, "default": 5},
    },
    "required": ["query"],
    "additionalProperties": False,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class MemorySearch:
    """Also what the person's groups have in common."""

    memory: Memory
    name: str = "memory_search"
    type: ToolType = "retrieval"
    description: str = (
        "Find what the person told before that fits a question: facts, preferences, events, people, projects."
    )
    side_effects: bool = False
    parameters: Mapping[str, Any] = field(default_factory=lambda: _PARAMETERS)

    async def call(self, arguments: Mapping[str, Any], use: Use) -> ToolResult:
        """Raises the problems of memory."""
        query = Query(query=arguments["query"].replace("\x00", " "), limit=arguments.get("limit", 5), groups=True)
        found = (await self.memory.search(use.caller, query)).results
        lines: list[str] = []
        for number, result in enumerate(found, 1):
            when = result.memory.happened_at or result.memory.said_at or result.memory.created_at
            lines.append(f"[{number}] ({when:%Y-%m-%d}) {result.memory.content}")
        data = [
            result.memory.model_dump(
                mode="json", include={"id", "content", "memory_type", "state", "speaker", "importance"}
            )
            | {"score": result.score}
            for result in found
        ]
        citations = [
            Citation(f"memory:{result.memory.id}", result.memory.memory_type, result.memory.content[:1000])
            for result in found
        ]
        return ToolResult("\n".join(lines) or "Nothing is remembered that fits.", data, tuple(citations))


@dataclass(frozen=True, slots=True)
class DocumentSearch:
    """In the knowledge bases of the use, or all that the caller may read."""

    documents: Documents
    name: str = "document_search"
    type: ToolType = "retrieval"
    description: str = (
        "Find passages of the person's and their workspace's documents that answer a question, with pages to cite."
    )
    side_effects: bool = False
    parameters: Mapping[str, Any] = field(default_factory=lambda: _PARAMETERS)

    async def call(self, arguments: Mapping[str, Any], use: Use) -> ToolResult:
        """Raises the problems of documents."""
        query = DocumentQuery(
            query=arguments["query"].replace("\x00", " "), limit=arguments.get("limit", 5), base_ids=list(use.bases)
        )
        found = (await self.documents.search(use.caller, query)).results
        text = "\n\n".join(f"[{n}] {_title(one)}\n{one.passage.text}" for n, one in enumerate(found, 1))
        data = [
            {
                "document_id": str(one.document.id), "title": one.document.title or one.document.name, "base": one.base_name,
                "pages": [one.passage.first_page, one.passage.last_page], "text": one.passage.text, "score": one.score,
            }
            for one in found
        ]  # fmt: skip
        return ToolResult(text or "No document says anything that fits.", data, tuple(_cited(one) for one in found))


def _title(one: FoundPassage) -> str:
    title, first, last = one.document.title or one.document.name, one.passage.first_page, one.passage.last_page
    if first is None:
        return title
    return f"{title}, p. {first}" if last in (None, first) else f"{title}, p. {first}-{last}"


def _cited(one: FoundPassage) -> Citation:
    start = one.passage.start
    quote = one.passage.text[max(one.quote.start - start, 0) : one.quote.end - start]
    return Citation(f"document:{one.document.id}", _title(one), quote or one.passage.text[:300])
