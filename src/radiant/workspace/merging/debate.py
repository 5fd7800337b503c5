"""Rounds between the models: each sees the others' answers, without names and shuffled, and says what it holds now,
whether it changed, and why. It stops when nobody changes, or the rounds or the money are used up.

What counts is a vote over all rounds, later ones weighing more, never the last speaker: at equal cost debates do not
reliably beat a vote, and models give way to what is said firmly (Huang et al., 2024; Smit et al., 2024). If no round
was held, the vote of the first answers stands.
"""

import asyncio
import random
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from radiant.workspace.merging import answers, claims, consensus, likeness, quoting
from radiant.workspace.merging.asking import Bill
from radiant.workspace.merging.replies import Turn, structured
from radiant.workspace.merging.schemas import MergeCluster, Sentence
from radiant.workspace.merging.shapley import shapley, shares
from radiant.workspace.merging.store import Stored
from radiant.workspace.merging.work import Candidate, Outcome, Work

_SYSTEM = f"""You answered a question, and so did others. Read their answers, and look for evidence and errors, in yours \
too. Change yours only for new evidence or an error that you found, never because others are many or sure. Give your \
whole answer as you hold it now, whether what it says changed, and why.
{quoting.RULE}"""


@dataclass(slots=True)
class Held:
    """What a model holds in a round. `value`: in canonical form, or the number of its cluster."""

    position: int
    text: str
    value: str | None = None


async def decide(work: Work) -> Outcome:
    """The vote after the debate of the usable answers."""
    debaters = [one for one in work.usable if one.copy_of is None]
    if not debaters:
        return Outcome("none_usable", "gates")
    rounds = [[Held(one.position, one.text, one.value) for one in debaters]]
    for number in range(1, work.rounds + 1):
        if len(debaters) < 2 or work.out_of_budget():
            break
        turns = await _round(work, number, debaters, rounds[-1])
        if turns is None:
            break
        rounds.append([held for held, _ in turns])
        if not any(changed for _, changed in turns):
            break
    if work.kind == "text":
        _number(rounds)
    return await _voted(work, debaters, rounds)


async def _round(
    work: Work, number: int, debaters: Sequence[Candidate], before: Sequence[Held]
) -> list[tuple[Held, bool]] | None:
    """What each holds now, and whether it changed; who says nothing usable holds on. None where nobody spoke."""
    spoke = 0

    async def speak(one: Candidate, mine: Held) -> tuple[Held, bool]:
        nonlocal spoke
        others = [held for held in before if held.position != one.position]
        random.Random(work.seed * 1009 + number * 101 + one.position).shuffle(others)  # noqa: S311
        shown = [
            ("your answer", mine.text),
            *((f"answer {x}", o.text) for x, o in zip(quoting.LETTERS, others, strict=False)),
        ]
        user = quoting.question_and_answers(work.prompt, [(name, text[:20_000]) for name, text in shown], work.models)
        bill = Bill()
        reply = await structured(work.asker, one.model, "debate", _SYSTEM, user, Turn, bill)
        if reply is not None and not reply.answer.strip():
            reply = None
        held = mine if reply is None else Held(one.position, reply.answer.strip()[:100_000])
        spoke += reply is not None
        stored.append(
            Stored(
                round=number, position=one.position, model=one.model, response=held.text,
                reason=None if reply is None else reply.reason[:2000],
                error=_SILENT if reply is None else None, tokens=bill.tokens, cost=bill.cost, latency_ms=bill.latency_ms,
            )
        )  # fmt: skip
        return held, reply is not None and reply.changed

    stored: list[Stored] = []
    turns = await asyncio.gather(*(speak(one, mine) for one, mine in zip(debaters, before, strict=True)))
    if not spoke:
        work.notes.append("nobody_debated")
        return None
    values = _values(work, [held for held, _ in turns])
    for (held, _), value in zip(turns, values, strict=True):
        held.value = value
    if work.kind != "text":
        was = {held.position: held.value for held in before}
        # What it says decides whether it changed, where that can be read.
        turns = [(held, held.value != was[held.position]) for held, _ in turns]
    told = {held.position: (held, changed) for held, changed in turns}
    stored = [
        replace(one, answer=told[one.position][0].value, changed=told[one.position][1]) for one in stored
    ]  # fmt: skip
    if work.keep_turns is not None:
        await work.keep_turns(stored)
    work.emit(
        "round",
        {
            "round": number,
            "turns": [
                {"position": one.position, "answer": one.answer, "changed": one.changed, "reason": one.reason,
                 "failed": one.error is not None}
                for one in sorted(stored, key=lambda one: one.position)
            ],
        },
    )  # fmt: skip
    return turns


_SILENT = {"slug": "no-turn", "title": "No turn", "detail": "it gave no usable reply in this round and holds on"}


def _values(work: Work, held: Sequence[Held]) -> list[str | None]:
    if work.kind == "text":
        return [None] * len(held)
    typed = answers.typed(work.prompt, [one.text for one in held])
    return list(typed.values) if typed.kind == work.kind else [None] * len(held)


def _number(rounds: Sequence[Sequence[Held]]) -> None:
    """Free words: what says about the same is one value, a number."""
    every = [held for turn in rounds for held in turn]
    reads = [likeness.read(held.text) for held in every]
    rarity = likeness.rarities(reads)
    heads: list[int] = []
    for at, held in enumerate(every):
        head = next(
            (
                head for head in heads
                if likeness.relation(reads[head], reads[at], likeness.alike(reads[head], reads[at], rarity)) == "same"
            ),
            None,
        )  # fmt: skip
        if head is None:
            heads.append(at)
            head = at
        held.value = str(heads.index(head))


async def _voted(work: Work, debaters: Sequence[Candidate], rounds: Sequence[Sequence[Held]]) -> Outcome:
    total = sum(range(1, len(rounds) + 1))
    record = {one.position: one.record for one in debaters}

    def tally(positions: Sequence[int]) -> dict[str, float]:
        votes: dict[str, float] = {}
        for number, turn in enumerate(rounds, 1):
            for held in turn:
                if held.value is not None and held.position in positions:
                    votes[held.value] = votes.get(held.value, 0.0) + number / total * record[held.position]
        return votes

    everybody = [one.position for one in debaters]
    votes = tally(everybody)
    if not votes:
        return Outcome("no_consensus", "no answer of that kind")
    mass = sum(votes.values())
    order = sorted(votes, key=lambda value: -votes[value])
    wording = {held.value: held.text for turn in rounds for held in turn}
    found = [
        MergeCluster(
            value=wording[value][:300] if work.kind == "text" else value,
            members=[held.position for held in rounds[-1] if held.value == value], probability=votes[value] / mass,
        )
        for value in order
    ]  # fmt: skip
    for cluster in found:
        work.emit("cluster", cluster.model_dump(mode="json"))
    by = "vote over the rounds" if len(rounds) > 1 else "vote of the first answers"
    if len(order) > 1 and votes[order[0]] - votes[order[1]] < 1e-9:
        first = await consensus.decide(work)
        first.decided_by = f"a tie in the debate: {first.decided_by}"[:100]
        return first
    best = order[0]
    found[0].chosen = True
    # Its first wording, by the best of those who hold it: what is said later is said of the others' answers.
    speaker = min(
        (
            (number, -record[held.position], held)
            for number, turn in enumerate(rounds)
            for held in turn
            if held.value == best
        ),
        key=lambda one: one[:2],
    )[2]

    def worth(coalition: Collection[int]) -> float:
        return tally([everybody[place] for place in coalition]).get(best, 0.0) / mass

    values = await asyncio.to_thread(shapley, len(everybody), worth, work.seed)
    weights = dict(zip(everybody, shares(values), strict=True))
    supporters = [position for position in everybody if weights[position] > 0]
    provenance = [
        Sentence(text=text, claims=[], positions=supporters)
        for text in claims.sentences(speaker.text) or [speaker.text[:1000]]
    ]
    work.emit("text", {"text": speaker.text})
    is_first = any(one.position == speaker.position and one.text == speaker.text for one in debaters)
    return Outcome(
        "decided", by, speaker.text, speaker.position if is_first else None, votes[best] / mass, weights, found,
        provenance=provenance,
    )  # fmt: skip
