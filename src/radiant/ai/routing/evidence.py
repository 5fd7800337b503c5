"""What was learned of models' answers, as it is kept and handed on: sums that processes and the database add up."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from radiant.ai.routing.needs import TaskType
from radiant.infra.db import Row

NOWHERE = -1
"""The neighbourhood of a prompt of which it is not known. Nothing is learned of it."""


class Key(NamedTuple):
    """What a correction is about. `place`: "" for all prompts, "task:<type>", "cell:<number>"."""

    tenant: str | None
    model: str
    place: str


class Evidence(NamedTuple):
    """Sums of what was learned about one key; adding two is adding their members."""

    precision: float
    information: float


Sums = dict[Key, Evidence]


@dataclass(frozen=True, slots=True)
class Seen:
    """A prompt as the estimator sees it. It is kept with the decision, so that feedback needs no text."""

    task: TaskType
    difficulty: float = 0.0
    cell: int = NOWHERE


def sums_of(rows: Sequence[Row], tenant: str | None) -> Sums:
    """From rows of a table of evidence, all of one tenant or of nobody."""
    return {Key(tenant, row["model"], row["place"]): Evidence(row["precision"], row["information"]) for row in rows}
