"""What a decision is: a request as it was read, what the rules said of it, and the models to be tried."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec

from radiant.ai.routing.conditions import Situation
from radiant.ai.routing.evidence import NOWHERE, Seen
from radiant.ai.routing.needs import Level, Needs, TaskType
from radiant.ai.routing.rules import Ready
from radiant.ai.routing.score import Bounds, Refused, Scored, Weights, beyond
from radiant.kit.money import plain as digits

if TYPE_CHECKING:
    from radiant.ai.routing.schemas import ChosenBy

# So many candidates of a decision are kept for a replay.
_KEPT_CANDIDATES = 16
_TRIES = 3


class Read(msgspec.Struct, frozen=True):
    """A request as it was read. `tokens`: of its prompt, by family of tokenizers; none where it was not read or the
    caller said how many there are. `conversation`: a digest of who talks and what the conversation is called, ""
    where it has no name; `goes_on`: something was answered in it already; `named`: the caller named it."""

    task: TaskType
    confidence: float
    language: str
    text: str
    difficulty: float = 0.0
    cell: int = NOWHERE
    tokens: Mapping[str, int] = {}
    conversation: str = ""
    goes_on: bool = False
    named: bool = False

    def input_tokens(self, needs: Needs) -> int:
        """Of the prompt, as rules count them: by OpenAI's present tokenizer, where it was read."""
        return self.tokens.get("o200k", needs.input_tokens)

    @property
    def seen(self) -> Seen:
        """What of it decides how good an answer is."""
        return Seen(self.task, self.difficulty, self.cell)

    @property
    def place(self) -> Mapping[str, Any]:
        """Where it lies among prompts, as the ledger is told; nothing where that is not known."""
        return {} if self.cell == NOWHERE else {"difficulty": round(self.difficulty, 4), "cell": self.cell}


class Matched(msgspec.Struct, frozen=True):
    """What a rule said: the first condition that does not hold, or why none of its models can take the request, or
    neither: then `models` answer."""

    rule: Ready
    unmet: str | None
    why: str | None
    models: tuple[str, ...] = ()


@dataclass(slots=True)
class Plan:
    """Models to be tried, in this order, and how they were chosen."""

    needs: Needs
    level: Level
    read: Read
    bounds: Bounds
    weights: Weights
    preferred: str | None
    ranked: list[Scored]
    """By score, all that can take the request."""
    refused: list[Refused]
    situation: Situation
    order: list[Scored]
    chosen_by: "ChosenBy"
    reason: str
    confidence: float
    propensity: float = 1.0
    possible: frozenset[str] = frozenset()
    """The models that could have been chosen, where chance had a say."""
    rule: Ready | None = None
    asked: list[Matched] = field(default_factory=list[Matched])

    @property
    def tries(self) -> int:
        """How many models are tried at most: of a rule all that it names."""
        return max(_TRIES, len(self.asked[-1].models) if self.rule is not None else 0)

    def reason_of(self, at: int, failed: str | None) -> str:
        """Why the model at that place is tried."""
        if at == 0 and failed is None:
            return self.reason
        return f"{failed or 'what came before'} failed; {self.order[at].id} is next"

    def facts(self, at: int, reason: str, *, first: bool) -> Mapping[str, Any]:
        """What the ledger is told of the choice at that place. `first`: nothing was tried before."""
        found = self.order[at].estimated
        asked = self.needs.asked
        facts: dict[str, Any] = {
            "task": self.read.task, "level": self.level, "by": self.chosen_by if first else "fallback",
            "reason": reason, "position": 0 if first else max(at, 1), "latency": found.latency_ms,
            "confidence": round(self.confidence, 6),
        }  # fmt: skip
        if found.cost is not None:
            facts["cost"] = digits(found.cost)
        facts |= self.read.place
        if self.read.conversation:
            facts["conversation"] = self.read.conversation
        if asked is not None and asked.resolve is not None:
            facts["resolve"] = asked.resolve
        if not first:
            return facts
        facts["propensity"] = self.propensity
        if self.rule is not None:
            facts["rule"], facts["rule_name"] = str(self.rule.id), self.rule.name
        facts["replay"] = {
            "in": self.situation.input_tokens, "can": sorted(self.needs.capabilities), "lang": self.read.language,
            "plan": self.situation.plan, "prefer": asked.preferred_provider if asked else None,
            "possible": sorted(self.possible or {self.order[0].id}),
            "among": [
                [
                    one.id, one.estimated.option.provider,
                    None if one.estimated.cost is None else round(float(one.estimated.cost), 9),
                    one.estimated.latency_ms, round(one.estimated.quality.low, 4), round(one.estimated.reliability, 4),
                ]
                for one in self.ranked[:_KEPT_CANDIDATES]
            ],
        }  # fmt: skip
        return facts

    def follow_rule(self, matched: Matched, by_id: Mapping[str, Scored]) -> None:
        """The models that a rule names come first."""
        chosen = [by_id[model] for model in matched.models]
        first = chosen[0]
        self.order = in_front(self.ranked, chosen)
        self.chosen_by, self.rule, self.confidence = "rule", matched.rule, 1.0
        told = "" if first.id == matched.rule.models[0] else f", since {matched.rule.models[0]} cannot take this"
        self.reason = f"the rule {matched.rule.name!r} chooses {first.id}{told}"

    def why_best(self, margin: float) -> str:
        """Why the first by score is that, in a sentence. `margin`: see `score.preferring`."""
        best, among = self.ranked[0], len(self.ranked)
        figures = _figures(best)
        if among == 1:
            return f"{best.id} alone can take this {self.read.task} request: {figures}"
        top = max(self.ranked, key=lambda one: one.score)
        if top is not best:
            return (
                f"{best.id} is of {self.preferred}, which is preferred, and no more than {margin:g} behind {top.id}:"
                f" {figures}"
            )
        return f"{best.id} scores best of {among} for {self.read.task} ({self.level}): {figures}"

    def why_next(self, one: Scored, tried: str) -> str:
        """Why that model is to follow the one that was tried and failed, in a sentence."""
        return f"{one.id} is the best that is left for {self.read.task} after {tried}: {_figures(one)}"


def _figures(one: Scored) -> str:
    found = one.estimated
    return f"quality {found.quality.mean:.2f}, {_money(found.cost)}, {found.latency_ms / 1000:.1f} s"


def in_front(ranked: Sequence[Scored], chosen: Sequence[Scored]) -> list[Scored]:
    """The chosen, then the others as they were."""
    ids = {one.id for one in chosen}
    return [*chosen, *(one for one in ranked if one.id not in ids)]


def ask(
    asked: Sequence[Ready], situation: Situation, by_id: Mapping[str, Scored], refused: Mapping[str, str]
) -> list[Matched]:
    """What each rule says, until one decides."""
    found: list[Matched] = []
    for rule in asked:
        if (unmet := rule.when.unmet(situation)) is not None:
            found.append(Matched(rule, unmet, None))
            continue
        bounds = Bounds(max_cost=rule.when.conditions.max_cost, max_latency_ms=rule.when.conditions.max_latency_ms)
        can: list[str] = []
        whys: list[str] = []
        for model in rule.models:
            one = by_id.get(model)
            why = refused.get(model, "is not among the models here") if one is None else None
            if one is not None and rule.when.bounded:
                why = beyond(one.estimated, bounds)
            if why is None:
                can.append(model)
            else:
                whys.append(f"{model} {why}")
        found.append(Matched(rule, None, None if can else "; ".join(whys), tuple(can)))
        if can:
            break
    return found


def _money(amount: Decimal | None) -> str:
    if amount is None:
        return "an unknown price"
    return "no cost" if not amount else f"about ${digits(amount.quantize(Decimal('0.000001')))}"
