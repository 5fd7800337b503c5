"""What a session comes to, by whichever strategy."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from radiant.workspace.reasoning.schemas import Evidence


@dataclass(slots=True)
class Ending:
    """What a session comes to. `short_of`: why it is partial."""

    solution: str | None = None
    answer: str | None = None
    evidence: Sequence[Evidence] = ()
    confidence: float = 0.0
    basis: str | None = None
    verified: bool = False
    notes: list[str] = field(default_factory=list[str])
    short_of: str | None = None
