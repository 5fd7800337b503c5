"""A merge under way: its answers, what is known of their models, and what a strategy makes of them."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

from radiant.kit.errors import Problem
from radiant.workspace.merging import answers, check, likeness
from radiant.workspace.merging.answers import Kind
from radiant.workspace.merging.asking import Asker
from radiant.workspace.merging.gates import gate
from radiant.workspace.merging.panel import Panel, bare
from radiant.workspace.merging.posterior import SHIPPED, Agreement, Cluster, Voter
from radiant.workspace.merging.schemas import Judgement, MergeClaim, MergeCluster, Sentence, Verdict

RunCode = Callable[[str, str], Awaitable[bool | None]]
"""Whether an answer's code does what the prompt asks; None where that cannot be told. Filled by who has a sandbox."""


@dataclass(slots=True)
class Candidate:
    """An answer. `record`: probability that its model is right in this class; `passes`: a checker's word, if there is."""

    position: int
    model: str
    text: str = ""
    given: bool = False
    tokens: int | None = None
    latency_ms: int | None = None
    cost: Decimal | None = None
    message_id: UUID | None = None
    decision_id: UUID | None = None
    error: Problem | None = None
    record: float = 0.5
    value: str | None = None
    slips: bool = False
    copy_of: int | None = None
    gates: list[str] = field(default_factory=list[str])
    ability: float | None = None
    passes: bool | None = None

    @property
    def usable(self) -> bool:
        """Whether there is anything to merge."""
        return self.error is None and bool(self.text.strip())


@dataclass(slots=True)
class Outcome:
    """What a strategy decided. `weights`: by position; `decided_by`: what settled it; `confidence`: 0..1, uncalibrated,
    None where nothing can be said."""

    decision: Verdict
    decided_by: str
    result: str | None = None
    chosen: int | None = None
    confidence: float | None = None
    weights: dict[int, Decimal] = field(default_factory=dict[int, Decimal])
    clusters: list[MergeCluster] = field(default_factory=list[MergeCluster])
    claims: list[MergeClaim] = field(default_factory=list[MergeClaim])
    judgements: list[Judgement] = field(default_factory=list[Judgement])
    provenance: list[Sentence] = field(default_factory=list[Sentence])
    votes: bool = False
    """The confidence is a posterior over votes."""


@dataclass(slots=True)
class Work:
    """`emit`: tells who follows the run; `agreements`: of two models (leading, other), as labels have them."""

    prompt: str
    candidates: list[Candidate]
    panel: Panel
    asker: Asker
    emit: Callable[[str, dict[str, Any]], None]
    agreements: Callable[[str, str], Agreement]
    judge_model: str | None = None
    writer_model: str | None = None
    rounds: int = 2
    seed: int = 0
    kind: Kind = "text"
    notes: list[str] = field(default_factory=list[str])
    keep_turns: Callable[[list[Any]], Awaitable[None]] | None = None
    run_code: RunCode | None = None

    @property
    def usable(self) -> list[Candidate]:
        """Answers that there are, and that no gate kept out."""
        return [one for one in self.candidates if one.usable and not one.gates]

    @property
    def models(self) -> list[str]:
        """Of all candidates."""
        return [one.model for one in self.candidates]

    def examine(self, constants: Sequence[int] = ()) -> None:
        """Gates, copies, typed answers, arithmetic: all that needs no model. Computes for some milliseconds. `constants`:
        positions of answers that their models give whatever is asked."""
        # It reads numpy and fastText, which no start of a process should wait for.
        from radiant.ai.routing.classify import language

        there = [one for one in self.candidates if one.usable]
        # Where all give what they always give, the question is much like those before.
        if len(constants) == len(there):
            constants = ()
        texts = [one.text for one in there]
        for one, why, copied in zip(there, gate(self.prompt, texts, language), likeness.copies(texts), strict=True):
            one.gates = [*why, *(["constant"] if one.position in constants else [])]
            one.copy_of = None if copied is None else there[copied].position
        seen: dict[str, int] = {}
        for one in there:
            # The same model asked twice is one voice where it says the same.
            first = seen.setdefault(bare(one.model) + "\0" + answers.plain(one.text[:2000]), one.position)
            if one.copy_of is None and first != one.position:
                one.copy_of = first
        typed = answers.typed(self.prompt, [one.text for one in self.usable])
        self.kind = typed.kind
        for one, value in zip(self.usable, typed.values, strict=True):
            one.value = value
            one.slips = bool(check.slips(one.text))
        same: dict[tuple[str, str], int] = {}
        for one in self.usable:
            first = (
                same.setdefault((bare(one.model), one.value), one.position) if one.value is not None else one.position
            )
            if one.copy_of is None and first != one.position:
                one.copy_of = first

    def voters(self, among: Sequence[Candidate]) -> list[Voter]:
        """As the posterior hears them."""
        there = {one.position for one in among}
        return [
            Voter(one.model, one.value, one.record, one.slips, len(one.text), one.copy_of in there)
            for one in among
        ]  # fmt: skip

    def clusters(self, among: Sequence[Candidate]) -> list[MergeCluster]:
        """What typed answers amount to, the likeliest first."""
        found: list[Cluster] = SHIPPED.clusters(self.voters(among), self.agreements)
        return [
            MergeCluster(value=c.value, members=[among[m].position for m in c.members], probability=c.probability)
            for c in found
        ]

    def out_of_budget(self) -> bool:
        """Whether no further call may be begun; says so once."""
        if self.asker.spent and "max_cost" not in self.notes:
            self.notes.append("max_cost")
        return self.asker.spent
