"""All learned parts as routing uses them: what they see of a prompt, and what each model's answer to it is worth. They
bring numpy, fastText and their coefficients along, so a process imports this when the first prompt is to be routed
(`service.Brain`), in a thread."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence

import msgspec

from radiant.ai.routing.calibration import Shifts, recalibrated
from radiant.ai.routing.classify import classify
from radiant.ai.routing.difficulty import shipped
from radiant.ai.routing.evidence import NOWHERE, Seen, Sums
from radiant.ai.routing.needs import Needs, TaskType
from radiant.ai.routing.prompt import features
from radiant.ai.routing.quality import Quality
from radiant.ai.routing.score import Judge, Option, Sized, Worth
from radiant.ai.routing.statistics import View
from radiant.ai.routing.tokens import counts, family_of

# How many tenants' estimators are kept.
_ESTIMATORS = 2_000


class Glance(msgspec.Struct, frozen=True):
    """What a prompt is about. `language`: ISO 639-1, "" where it could as well be another; `difficulty` and `cell` as
    in `Seen`."""

    task: TaskType
    confidence: float
    language: str
    difficulty: float = 0.0
    cell: int = NOWHERE


class Reader:
    """Ready once it is made: the models are loaded then."""

    def __init__(self) -> None:
        self._difficulty = shipped()
        self._estimators: OrderedDict[str, tuple[tuple[Sequence[Option], Sums, Sums, Shifts], Quality]] = OrderedDict()
        self.look("Hello")
        self.count("Hello")

    def look(self, text: str) -> Glance:
        """The prompt, its features computed once for all."""
        if not text:
            return Glance("chat", 0.5, "")
        prompt = features(text)
        found = classify(text, prompt)
        return Glance(found.task_type, found.confidence, found.language or "", *self._difficulty(prompt))

    def count(self, text: str) -> dict[str, int]:
        """Its tokens by family of tokenizers."""
        return counts(text)

    def sized(self, needs: Needs, tokens: Mapping[str, int]) -> Sized:
        """What is asked of each model, if the prompt has so many tokens in each family."""
        by_family = {
            family: msgspec.structs.replace(needs, input_tokens=count, counted=True) for family, count in tokens.items()
        }
        return lambda option: by_family[family_of(option.id)] if by_family else needs

    def judge(self, view: View, options: Sequence[Option], tenant: str, seen: Seen) -> Judge:
        """What the answers of some of these models to such a prompt are worth, by what the tenant knows."""
        quality = self._estimator(view, options, tenant)

        def judge(able: Sequence[Option]) -> list[Worth]:
            ids = [option.id for option in able]
            found = quality.estimate(ids, seen, tenant)
            bounds = zip(ids, found.mean.tolist(), found.lower.tolist(), found.upper.tolist(), strict=True)
            return [Worth(mean, low, high, view.of(name, seen.task).ratings) for name, mean, low, high in bounds]

        return judge

    def _estimator(self, view: View, options: Sequence[Option], tenant: str) -> Quality:
        """The tenant's. It outlives views that tell of calls alone, for it keeps what it has worked out."""
        about = options, view.learned, view.own_learned, view.shifts
        kept = self._estimators.get(tenant)
        if kept is None or any(was is not now for was, now in zip(kept[0], about, strict=True)):
            priors: Mapping[str, Mapping[str, float]] = {
                option.id: recalibrated(option.priors, view.shifts.get(option.id)) for option in options
            }
            kept = self._estimators[tenant] = about, Quality(priors, view.learned, view.own_learned)
            self._estimators.move_to_end(tenant)
            if len(self._estimators) > _ESTIMATORS:
                self._estimators.popitem(last=False)
        return kept[1]
