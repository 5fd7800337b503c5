"""A model that was chosen for a request, and its answer under way."""

from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from radiant.ai.inference.metered import Labels, Receipt
from radiant.ai.inference.models import Target
from radiant.ai.providers.chat import Event
from radiant.ai.routing.needs import Needs
from radiant.kit.errors import Problem
from radiant.kit.ids import DecisionId


class UnsupportedByModel(Problem):
    """The model cannot do what the request asks."""

    status, slug = 400, "unsupported-by-model"


class Chosen(msgspec.Struct, frozen=True):
    """A model to be tried for a request: by its name, or for a reason of routing's."""

    target: Target
    needs: Needs
    route: str
    reason: str
    decision: Mapping[str, Any] | None = None
    """What routing wants to find in the ledger."""


def labelled(labels: Labels, chosen: Chosen) -> Labels:
    """The labels, with how the model was chosen."""
    if labels.route == chosen.route and chosen.decision is None:
        return labels
    return msgspec.structs.replace(labels, route=chosen.route, decision=chosen.decision)


@dataclass(slots=True)
class Answer:
    """An answer under way. Iterate `events` once and close it; `receipt` is whole when it ended."""

    model: str
    provider: str
    decision_id: DecisionId
    reason: str
    events: AsyncGenerator[Event]
    receipt: Receipt
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    """What is left of the limits."""
