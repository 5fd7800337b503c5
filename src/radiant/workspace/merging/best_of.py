"""The best of the answers: gates, then a checker where the task has one, then a judge that is none of the candidates.

The judge sees pairs in both orders without names; a verdict that turns with the order is a tie (`tournament`). Where no
judge can be had, or all its verdicts are ties, the records of the models and their agreement decide, and it is said so.
"""

import math
from collections.abc import Sequence
from decimal import Decimal

from radiant.workspace.merging import claims, likeness
from radiant.workspace.merging.judging import compare_all, verdicts
from radiant.workspace.merging.schemas import Judgement, Sentence
from radiant.workspace.merging.tournament import abilities, pairs
from radiant.workspace.merging.work import Candidate, Outcome, Work

# Abilities nearer than this are the same.
_NOTHING = 0.05


async def decide(work: Work) -> Outcome:
    """The best of the usable answers."""
    for one in work.candidates:
        if one.usable:
            work.emit("gate", {"position": one.position, "passed": not one.gates, "reasons": one.gates})
    among = [one for one in work.usable if one.copy_of is None] or work.usable
    if not among:
        return Outcome("none_usable", "gates")
    await run_checks(work, among)
    checked = [one for one in among if one.passes] or [one for one in among if one.passes is None and not one.slips]
    decided_by: list[str] = []
    if checked and len(checked) < len(among):
        among, decided_by = checked, ["checks"]
    judgements: list[Judgement] = []
    if len(among) > 1:
        judgements = await judge(work, among)
    settled = {round(one.ability or 0.0, 3) for one in among}
    if judgements and len(settled) > 1:
        decided_by.append("judge")
        ranked = sorted(among, key=lambda one: -(one.ability or 0.0))
        if (ranked[0].ability or 0.0) - (ranked[1].ability or 0.0) < _NOTHING:
            decided_by.append("record and agreement")
            top = [one for one in ranked if (ranked[0].ability or 0.0) - (one.ability or 0.0) < _NOTHING]
            ranked = by_record(work, top) + ranked[len(top) :]
    else:
        if len(among) > 1:
            decided_by.append("record and agreement")
        elif not decided_by:
            decided_by.append("gates")
        ranked = by_record(work, among)
    return taken(work, ranked, " then ".join(decided_by), judgements)


def taken(work: Work, ranked: Sequence[Candidate], decided_by: str, judgements: list[Judgement]) -> Outcome:
    """The first of these, as it is."""
    best = ranked[0]
    confidence = best.record
    if len(ranked) > 1 and best.ability is not None:
        confidence = 1 / (1 + math.exp((ranked[1].ability or 0.0) - best.ability))
    weights = {one.position: Decimal(int(one.position == best.position)) for one in work.candidates}
    provenance = [
        Sentence(text=text, claims=[], positions=[best.position])
        for text in claims.sentences(best.text) or [best.text[:1000]]
    ]
    return Outcome(
        "decided",
        decided_by,
        best.text,
        best.position,
        confidence,
        weights,
        judgements=judgements,
        provenance=provenance,
    )


async def run_checks(work: Work, among: Sequence[Candidate]) -> None:
    """Code is run where there is a sandbox to run it in; arithmetic was recomputed already."""
    if work.kind != "code" or work.run_code is None:
        return
    for one in among:
        one.passes = await work.run_code(work.prompt, one.text)


async def judge(work: Work, among: Sequence[Candidate]) -> list[Judgement]:
    """Verdicts over the pairs of these, and their abilities. None where there is no judge."""
    if work.judge_model is None:
        work.notes.append("no_judge")
        return []
    place = {one.position: at for at, one in enumerate(among)}
    chosen = [(among[a], among[b]) for a, b in pairs(len(among), work.seed)]
    judgements = await compare_all(
        work, work.judge_model, [((a.position, a.text), (b.position, b.text)) for a, b in chosen]
    )
    heard = verdicts(judgements, place)
    if not heard:
        work.notes.append("judge_unusable")
        return judgements
    for one, ability in zip(among, abilities(heard, [len(one.text) for one in among]), strict=True):
        one.ability = ability
    return judgements


def by_record(work: Work, among: Sequence[Candidate]) -> list[Candidate]:
    """By what they say (typed answers: the posterior), their models' records, and how much others agree."""
    probability = {
        position: cluster.probability
        for cluster in (work.clusters([one for one in among if one.value is not None]) if work.kind != "text" else [])
        for position in cluster.members
    }
    reads = [likeness.read(one.text) for one in among]
    rarity = likeness.rarities(reads)
    agreement = {
        one.position: sum(likeness.alike(reads[at], other, rarity) for k, other in enumerate(reads) if k != at)
        for at, one in enumerate(among)
    }
    return sorted(
        among,
        key=lambda one: (
            -probability.get(one.position, 0.0), -round(one.record, 2), -agreement[one.position], one.position
        ),
    )  # fmt: skip
