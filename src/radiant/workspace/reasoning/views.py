"""A session as people see it: its row, its steps, and what its log says of plan and nodes."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from radiant.infra.db import Row
from radiant.kit.money import ZERO
from radiant.workspace.reasoning import plans
from radiant.workspace.reasoning.schemas import Asked, Node, Options, PlannedNode, Session, Step

FOLDED = ["planned", "steered", "waiting", "node_started", "node_ended"]
ENDED = ("completed", "partial", "failed", "cancelled")


class Fold:
    """What the log says, event by event."""

    def __init__(self) -> None:
        self.nodes: dict[str, Node] = {}
        self.revision = -1
        self.constraints: list[str] = []
        self.approved = False
        self.decided: dict[str, bool] = {}
        self.steered = 0
        self._asked: dict[str, Asked] = {}

    def add(self, kind: str, data: Mapping[str, Any]) -> None:
        """The next event."""
        match kind:
            case "planned":
                self._plan([PlannedNode.model_validate(node) for node in data["nodes"]])
            case "steered":
                self._steer(data)
            case "waiting":
                asked = Asked.model_validate(data)
                self._asked[str(asked.call_id or asked.kind)] = asked
            case "node_started":
                if (node := self.nodes.get(data["node_id"])) is not None:
                    node.state, node.attempts, node.error = "running", data["attempt"], None
            case "node_ended":
                if (node := self.nodes.get(data["node_id"])) is not None:
                    result = data["result"]
                    node.state, node.answer, node.confidence = result["state"], result["answer"], result["confidence"]
                    node.basis, node.verifiers, node.error = result["basis"], result["verifiers"], result["error"]
            case _:
                pass

    def _plan(self, planned: Sequence[PlannedNode]) -> None:
        self.revision += 1
        before, self.nodes = self.nodes, {}
        changed: list[str] = []
        for node in planned:
            held = before.get(node.id)
            if held is not None and plans.as_planned(held) == plans.as_planned(node):
                self.nodes[node.id] = held
            else:
                self.nodes[node.id] = Node(**node.model_dump())
                changed.append(node.id)
        self._reset(changed)

    def _reset(self, changed: Sequence[str]) -> None:
        for name in plans.resting_on(list(self.nodes.values()), changed):
            held = self.nodes[name]
            self.nodes[name] = Node(**plans.as_planned(held), attempts=held.attempts)

    def _steer(self, said: Mapping[str, Any]) -> None:
        self.steered += 1
        match said["kind"]:
            case "plan":
                self._plan([PlannedNode.model_validate(node) for node in said["nodes"]])
            case "approve":
                self.approved = True
            case "constraint":
                self.constraints.append(said["text"])
            case "retry":
                self._reset([name for name in [said["node_id"]] if name in self.nodes])
            case "resume":
                self._reset([name for name in said.get("failed", ()) if name in self.nodes])
            case "tool":
                self._asked.pop(said["call_id"], None)
                self.decided[said["call_id"]] = said["allow"]
            case _:
                pass

    @property
    def asks(self) -> list[Asked]:
        """What is still asked of the person."""
        return [one for one in self._asked.values() if not (one.kind == "plan" and self.approved)]

    @property
    def failed(self) -> list[str]:
        """Nodes that failed."""
        return [node.id for node in self.nodes.values() if node.state == "failed"]


def folded(events: Sequence[Row]) -> Fold:
    """All of a log's events of FOLDED kinds."""
    fold = Fold()
    for row in events:
        fold.add(row["kind"], row["data"])
    return fold


def session(row: Row, steps: Sequence[Row], fold: Fold) -> Session:
    """The whole of it."""
    ended = row["status"] in ENDED
    costs: dict[str, Decimal] = {}
    for one in steps:
        if one["node_id"] is not None:
            costs[one["node_id"]] = costs.get(one["node_id"], ZERO) + one["cost"]
    for node in fold.nodes.values():
        node.cost = costs.get(node.id, ZERO)
        if ended and node.state in ("pending", "running"):
            node.state = "skipped"
    return Session(
        **{name: row[name] for name in _OF_ROW},
        problem=row["problem"],
        options=Options.model_validate(row["options"]),
        last_event=row["last_seq"],
        nodes=list(fold.nodes.values()),
        plan_revision=max(fold.revision, 0),
        constraints=fold.constraints,
        asks=[] if ended else fold.asks,
        steps=[Step.model_validate(dict(one)) for one in steps],
    )


_OF_ROW = (
    "id", "problem_summary", "domain", "strategy", "complexity", "status", "solution_found", "avg_confidence", "total_steps",
    "total_tokens", "total_cost", "created_at", "completed_at", "solution", "answer", "confidence", "basis", "notes", "error",
    "good",
)  # fmt: skip
