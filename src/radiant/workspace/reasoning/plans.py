"""A plan: sub-problems and what each needs of the others. Checked before it runs, whoever wrote it."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import Any

import msgspec

from radiant.kit.errors import Invalid
from radiant.workspace.reasoning.schemas import PlannedNode

_PLANNED = set(PlannedNode.model_fields)


class BadPlan(Invalid):
    """The plan cannot be run; `detail` names the node."""

    slug = "bad-plan"


class DraftNode(msgspec.Struct):
    """As a model writes a sub-problem."""

    id: str
    question: str
    depends_on: list[str] = []
    difficulty: str = "medium"
    tools: list[str] = []


class Draft(msgspec.Struct):
    """As a model writes a plan."""

    nodes: list[DraftNode]
    complexity: str = "medium"


def as_planned(node: PlannedNode) -> dict[str, Any]:
    """A node without what has become of it, as the log keeps a plan."""
    return node.model_dump(include=_PLANNED)


def check(nodes: Sequence[PlannedNode], most: int, tools: Collection[str]) -> None:
    """Raises BadPlan on none or too many nodes, a name twice, a missing node, a cycle, a tool that there is not."""
    if not 1 <= len(nodes) <= most:
        raise BadPlan(f"a plan has 1 to {most} sub-problems; this one has {len(nodes)}")
    names = [node.id for node in nodes]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise BadPlan(f"two sub-problems are called {twice[0]!r}; give each its own id")
    for node in nodes:
        for other in node.depends_on:
            if other not in names:
                raise BadPlan(f"{node.id} depends on {other!r}, which is not in the plan")
        if unknown := [tool for tool in node.tools if tool not in tools]:
            raise BadPlan(f"{node.id} is to use {unknown[0]!r}, which cannot be used here")
    try:
        order(nodes)
    except CycleError as error:
        raise BadPlan(f"sub-problems wait for each other: {' -> '.join(error.args[1])}") from error


def order(nodes: Iterable[PlannedNode]) -> list[str]:
    """Ids, each after those it depends on. Raises CycleError."""
    return list(TopologicalSorter({node.id: node.depends_on for node in nodes}).static_order())


def sinks(nodes: Sequence[PlannedNode]) -> list[str]:
    """Those that nothing else rests on: what the solution is made of."""
    used = {other for node in nodes for other in node.depends_on}
    return [node.id for node in nodes if node.id not in used]


def resting_on(nodes: Sequence[PlannedNode], changed: Collection[str]) -> set[str]:
    """`changed`, and all that rests on them."""
    found = set(changed)
    by_id = {node.id: node for node in nodes}
    for name in order(nodes):
        if found & set(by_id[name].depends_on):
            found.add(name)
    return found


def drafted(draft: Draft, most: int, tools: Collection[str]) -> list[PlannedNode]:
    """A model's plan as it can be run: ids in our form, unknown tools left out. Raises BadPlan, and on more nodes than
    `most`, which are never dropped in silence."""
    if not 1 <= len(draft.nodes) <= most:
        raise BadPlan(f"a plan has 1 to {most} sub-problems; this one has {len(draft.nodes)}")
    names = {node.id: f"n{at}" for at, node in enumerate(draft.nodes, 1)}
    if len(names) < len(draft.nodes):
        raise BadPlan("two sub-problems have the same id")
    nodes: list[PlannedNode] = []
    for node in draft.nodes:
        if missing := [other for other in node.depends_on if other not in names]:
            raise BadPlan(f"{node.id} depends on {missing[0]!r}, which is not in the plan")
        nodes.append(_planned(node, names, tools))
    check(nodes, most, tools)
    return nodes


def redrafted(
    draft: Draft, kept: Sequence[PlannedNode], revision: int, most: int, tools: Collection[str]
) -> list[PlannedNode]:
    """A later plan: what is kept, and a model's new nodes, which may rest on it. Raises BadPlan."""
    of_kept = {node.id for node in kept}
    # What it repeats of what is answered stays as it is.
    fresh = [node for node in draft.nodes if node.id not in of_kept]
    if not fresh:
        raise BadPlan("the new plan asks nothing new")
    names = {node.id: f"r{revision}n{at}" for at, node in enumerate(fresh, 1)} | {name: name for name in of_kept}
    new: list[PlannedNode] = []
    for node in fresh:
        if missing := [other for other in node.depends_on if other not in names]:
            raise BadPlan(f"{node.id} depends on {missing[0]!r}, which is not in the plan")
        new.append(_planned(node, names, tools))
    nodes = [*kept, *new]
    check(nodes, most, tools)
    return nodes


def _planned(node: DraftNode, names: Mapping[str, str], tools: Collection[str]) -> PlannedNode:
    if not node.question.strip():
        raise BadPlan(f"{node.id} asks nothing")
    return PlannedNode(
        id=names[node.id], question=node.question.strip()[:4000],
        depends_on=list(dict.fromkeys(names[other] for other in node.depends_on)),
        difficulty="easy" if node.difficulty == "easy" else "hard" if node.difficulty == "hard" else "medium",
        tools=[tool for tool in dict.fromkeys(node.tools) if tool in tools],
    )  # fmt: skip
