"""What a tool is, for those who make one and for those who call it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Protocol
from uuid import UUID

from radiant.foundation.identity.callers import Caller
from radiant.kit.errors import Problem

ToolType = Literal["compute", "retrieval", "http", "search", "sql", "mcp", "webhook"]


@dataclass(frozen=True, slots=True)
class Citation:
    """Where a part of a result comes from. `source`: `document:ID`, `memory:ID`, or an address; `quote`: the words there."""

    source: str
    title: str = ""
    quote: str = ""


@dataclass(frozen=True, slots=True)
class ToolResult:
    """`text`: what a model reads, as data; `data`: the same in JSON, where it has a structure."""

    text: str
    data: Any = None
    citations: tuple[Citation, ...] = ()


class ToolFailed(Problem):
    """The tool was called and has no result: `detail` says why, to the model and to the person. `again`: the same call
    may succeed later (a time-out, a peer that is down)."""

    status, slug = 502, "tool-failed"

    def __init__(self, detail: str, *, again: bool = False) -> None:
        super().__init__(detail)
        self.again = again


class BadArguments(ToolFailed):
    """The arguments do not fit the tool's schema, or make no sense to it."""

    status: ClassVar[int] = 422
    slug = "bad-arguments"


@dataclass(frozen=True, slots=True)
class Use:
    """One call. `call_id`: the same when a call is made again after a crash, so that it can be told by who is called;
    `seconds`: how long it may take; `bases`: the knowledge bases it may look into, none: all that the caller may read."""

    caller: Caller
    call_id: UUID
    seconds: float = 30.0
    bases: tuple[UUID, ...] = ()


class Tool(Protocol):
    """`name`: what models call it by, `[a-z][a-z0-9_]{0,63}`; `parameters`: a JSON Schema of an object; `side_effects`:
    it changes something outside of RADIANT, so a person is asked before each call."""

    @property
    def name(self) -> str: ...
    @property
    def type(self) -> ToolType: ...
    @property
    def description(self) -> str: ...
    @property
    def parameters(self) -> Mapping[str, Any]: ...
    @property
    def side_effects(self) -> bool: ...

    async def call(self, arguments: Mapping[str, Any], use: Use) -> ToolResult:
        """Raises ToolFailed, and the problems of what it stands on. Cancelling it ends its work."""
        ...
