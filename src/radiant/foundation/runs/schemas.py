"""Shapes of runs."""

from dataclasses import dataclass
from typing import Any, Literal

RunState = Literal["queued", "running", "done", "failed", "cancelled"]


@dataclass(frozen=True, slots=True)
class RunEvent:
    """One numbered event of a run; `seq` rises and may skip."""

    seq: int
    kind: str
    data: dict[str, Any]

    @property
    def is_last(self) -> bool:
        """Whether the run ended with it."""
        return self.kind in ("done", "failed")
