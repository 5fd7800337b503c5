"""What people said to a session while it was worked on, added up."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from radiant.workspace.reasoning.schemas import PlannedNode


@dataclass(slots=True)
class Steered:
    """`edited`: the latest plan of a person's, and `edits`, how many there were; `retries`: how often a node was to be solved
    anew; `models`: by which model, where one was named; `resumed`: how often an ended session was let go on."""

    approved: bool = False
    paused: bool = False
    cancelled: bool = False
    edited: list[PlannedNode] | None = None
    edits: int = 0
    constraints: list[str] = field(default_factory=list[str])
    retries: Counter[str] = field(default_factory=Counter[str])
    models: dict[str, str] = field(default_factory=dict[str, str])
    resumed: int = 0

    @classmethod
    def of(cls, said: Iterable[Mapping[str, Any]]) -> "Steered":
        """In the order in which it was said."""
        found = cls()
        for one in said:
            match one["kind"]:
                case "approve":
                    found.approved = True
                case "plan":
                    found.edited = [PlannedNode.model_validate(node) for node in one["nodes"]]
                    found.edits += 1
                case "constraint":
                    found.constraints.append(one["text"])
                case "retry":
                    found.retries[one["node_id"]] += 1
                    if one["model"] is not None:
                        found.models[one["node_id"]] = one["model"]
                    found.paused, found.cancelled = False, False
                    found.resumed += 1
                case "pause":
                    found.paused = True
                case "resume":
                    found.paused, found.cancelled = False, False
                    found.resumed += 1
                    # What failed before is tried anew.
                    found.retries.update(one.get("failed", ()))
                case "cancel":
                    found.cancelled = True
                case _:
                    pass  # a tool's call is decided where it is made
        return found
