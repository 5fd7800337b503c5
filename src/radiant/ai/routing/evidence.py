"""What was learned of models' answers, as it is kept and handed on: sums that processes and the database add up."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from radiant.ai.routing.needs import TaskType
from radiant.infra.db import Row
from radiant.kit.clock import utc_now

HALF_LIFE_SECONDS = 90 * 86_400.0
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


def faded(evidence: Evidence, seconds: float) -> Evidence:
    """What it is worth so long after: models change behind their names."""
    left = 0.5 ** (max(0.0, seconds) / HALF_LIFE_SECONDS)
    return Evidence(evidence.precision * left, evidence.information * left)


def sums_of(rows: Sequence[Row], tenant: str | None, now: datetime | None = None) -> Sums:
    """From rows of a table of evidence, all of one tenant or of nobody, as they are at the beginning of the day (UTC):
    all processes have the same, whenever in the day they read."""
    today = (now or utc_now()).astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return {
        Key(tenant, row["model"], row["place"]): faded(
            Evidence(row["precision"], row["information"]), (today - row["updated_at"]).total_seconds()
        )
        for row in rows
    }


class Growing:
    """Rows of both tables of evidence while it is added to. Each sum is as of a moment of its own, that of its newest
    opinion."""

    def __init__(self) -> None:
        self.shared: Sums = {}
        self.own: Sums = {}
        self._moments: dict[Key, datetime] = {}

    def put(self, key: Key, row: Row) -> None:
        """As the database has it."""
        self._of(key)[key] = Evidence(row["precision"], row["information"])
        self._moments[key] = row["updated_at"]

    def age(self, model: str, place: str, tenant: str, at: datetime) -> None:
        """Bring everybody's and a tenant's sum to that moment, if it is later than theirs."""
        for key in (Key(None, model, place), Key(tenant, model, place)):
            before = self._moments.get(key, at)
            sums = self._of(key)
            if before < at and key in sums:
                sums[key] = faded(sums[key], (at - before).total_seconds())
            self._moments[key] = max(before, at)

    def rows(self) -> list[dict[str, str | float | None]]:
        """For the database: all but what lies nowhere."""
        return [
            {
                "tenant_id": key.tenant, "model": key.model, "place": key.place, "precision": sums.precision,
                "information": sums.information, "updated_at": self._moments[key].isoformat(),
            }
            for of in (self.shared, self.own)
            for key, sums in of.items()
            if key.place != f"cell:{NOWHERE}"
        ]  # fmt: skip

    def _of(self, key: Key) -> Sums:
        return self.shared if key.tenant is None else self.own
