"""What is known of models before they are asked: how good they are at this kind of task, by the Brain; which of them is to
judge, and which to write."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from radiant.ai.inference.service import Inference
from radiant.ai.providers.chat import ChatRequest, Message
from radiant.ai.routing.needs import Asked, Needs, TaskType
from radiant.ai.routing.score import Option
from radiant.foundation.identity.callers import Caller
from radiant.workspace.merging.posterior import UNKNOWN_RECORD

# Below, a model's verdicts and syntheses are noise.
_FIT = 0.5


def bare(model: str) -> str:
    """A model's name without its provider, to be compared."""
    return model.rpartition("/")[2].lower().strip()


@dataclass(slots=True)
class Panel:
    """`worth`: probability of a good answer to such a prompt by model; `options`: those that can be called now."""

    task: TaskType
    decision: Mapping[str, Any]
    worth: Mapping[str, float]
    options: Mapping[str, Option]

    def record(self, model: str) -> float:
        """Of a model that the Brain does not know: even odds."""
        return self.worth.get(model, UNKNOWN_RECORD)

    def pick(self, avoid: Collection[str]) -> str | None:
        """A model for judging or writing, none of `avoid`: the cheapest of those that are at least as good as all of
        them, else the best there is; None where none is fit."""
        barred = {bare(model) for model in avoid}
        fit = [name for name in self.options if bare(name) not in barred and self.worth[name] >= _FIT]
        if not fit:
            return None
        bar = max((self.worth[name] for name in avoid if name in self.worth), default=1.0)
        good = [name for name in fit if self.worth[name] >= bar]
        if good:
            return min(good, key=lambda name: (sum(self.options[name].rates or (1 << 62,)), -self.worth[name], name))
        return max(fit, key=lambda name: (self.worth[name], name))


async def panel_of(inference: Inference, caller: Caller, prompt: str) -> Panel:
    """Read the prompt as routing does, and look up its models."""
    request = ChatRequest(model="", messages=[Message.of("user", prompt)])
    brain = inference.brain
    read = await brain.read(caller, Needs(frozenset({"text"}), 0, 0, Asked(request=lambda: request)), "balanced")
    fleet = await brain.fleet(caller)
    options = list(fleet.options)
    judge = await brain.judge(caller, await brain.view(caller), fleet.options, read.seen)
    worths = dict(zip((option.id for option in options), (worth.mean for worth in judge(options)), strict=True))
    usable = {
        option.id: option
        for option in options
        if option.excluded is None and "text" in option.capabilities and fleet.resting(option) is None
    }
    decision = {
        "task": read.task, "by": "merge", "reason": "asked beside others, to be merged", "level": "balanced",
        **read.place,
    }  # fmt: skip
    return Panel(read.task, decision, worths, usable)
