"""What all learned parts together see of a prompt. They bring numpy, fastText and their coefficients along, so a process
imports this when the first prompt is to be routed (`service.Brain`), in a thread."""

import msgspec

from radiant.ai.routing.classify import classify
from radiant.ai.routing.needs import TaskType
from radiant.ai.routing.prompt import features


class Glance(msgspec.Struct, frozen=True):
    """What a prompt is about. `language`: ISO 639-1, "" where it could as well be another."""

    task: TaskType
    confidence: float
    language: str


class Reader:
    """Ready once it is made: the models are loaded then."""

    def __init__(self) -> None:
        self.look("Hello")

    def look(self, text: str) -> Glance:
        """The prompt, read once for all."""
        found = classify(text, features(text))
        return Glance(found.task_type, found.confidence, found.language or "")
