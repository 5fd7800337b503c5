"""A result written anew from a table of claims. The writer may use its rows alone and names them with each sentence; each
sentence is held against its rows, and what they do not bear out is taken out. What was written must then stand up to
the best of the answers before a judge that sees both orders; if it loses, that answer is taken, by best_of's way.
"""

import json
from collections.abc import Sequence

from radiant.workspace.merging import best_of, claims, quoting
from radiant.workspace.merging.claims import Claim
from radiant.workspace.merging.consensus import as_shown, claims_of, text_weights
from radiant.workspace.merging.judging import SYNTHESIS, compare
from radiant.workspace.merging.panel import bare
from radiant.workspace.merging.replies import Draft, structured
from radiant.workspace.merging.schemas import Judgement, MergeClaim, Sentence
from radiant.workspace.merging.work import Outcome, Work

_SYSTEM = f"""You write one answer to a question from a table of claims. Use nothing but its rows: every sentence states \
what one or several rows state, and names their ids. Where rows oppose each other, follow those with more support, or say \
that it is disputed. Do not mention the table, the answers or any model. Write in the language of the question.
{quoting.RULE}"""
# A synthesis that keeps fewer of its sentences is none.
_KEPT = 0.5


async def decide(work: Work) -> Outcome:
    """The synthesis of the usable answers, or the best of them."""
    among = work.usable
    if not among:
        return Outcome("none_usable", "gates")
    rows = await claims_of(work, among)
    for claim in as_shown(rows, ()):
        work.emit("claim", claim.model_dump(mode="json"))
    written = await write(work, rows)
    kept = [sentence for sentence in written if sentence.supported]
    if not kept or len(kept) < _KEPT * len(written):
        work.notes.append("nothing_written" if not written else "unsupported")
        return await _best_instead(work, rows, [], "the synthesis was not borne out")
    result = " ".join(sentence.text for sentence in kept)
    judgements = await _stands(work, result)
    if judgements and judgements[0].verdict == "b":
        work.notes.append("lost_to_the_best")
        return await _best_instead(work, rows, judgements, "the synthesis lost")
    for sentence in kept:
        work.emit("text", {"text": sentence.text + " "})
    used = {number for sentence in kept for number in sentence.claims}
    confidence = len(kept) / len(written) * _support(rows, used, len(among))
    return Outcome(
        "decided", "claims then judge" if judgements else "claims", result, None, confidence,
        text_weights(among, kept), [], as_shown(rows, list(used)), judgements, written,
    )  # fmt: skip


def _support(rows: Sequence[Claim], used: set[int], count: int) -> float:
    return sum(len(rows[number].supporters) for number in used) / (len(used) * count) if used else 0.0


async def write(work: Work, rows: Sequence[Claim]) -> list[Sentence]:
    """What the writer makes of the table, each sentence checked; nothing where there is no writer."""
    if work.writer_model is None or not rows or work.out_of_budget():
        return []
    table = [
        {"id": number, "claim": row.text, "support": len(row.supporters), "against": len(row.opposers)}
        for number, row in enumerate(rows)
    ]
    user = quoting.question_and_answers(
        work.prompt, [("table of claims", json.dumps(table, ensure_ascii=False))], work.models
    )
    draft = await structured(work.asker, work.writer_model, "writer", _SYSTEM, user, Draft)
    return (
        []
        if draft is None
        else [checked(one.text, one.claims, rows, work.prompt[-4000:]) for one in draft.sentences if one.text.strip()]
    )


def checked(text: str, cited: Sequence[int], rows: Sequence[Claim], question: str = "") -> Sentence:
    """A sentence with those of its rows that there are, marked unsupported where they do not bear it out."""
    there = [number for number in dict.fromkeys(cited) if 0 <= number < len(rows)]
    given = [text for number in there for text in (rows[number].text, *rows[number].sources.values())]
    positions = sorted({position for number in there for position in rows[number].supporters})
    return Sentence(
        text=" ".join(text.split())[:2000], claims=there, positions=positions,
        supported=bool(there) and claims.bears_out(text, given, question),
    )  # fmt: skip


async def _stands(work: Work, result: str) -> list[Judgement]:
    """The judge's word on the synthesis (a) and the best answer (b), who wrote neither."""
    if work.judge_model is None or work.out_of_budget():
        work.notes.append("no_judge")
        return []
    if work.writer_model is not None and bare(work.judge_model) == bare(work.writer_model):
        work.notes.append("judge_is_writer")
        return []
    best = best_of.by_record(work, work.usable)[0]
    return [await compare(work, work.judge_model, (SYNTHESIS, result), (best.position, best.text))]


async def _best_instead(work: Work, rows: Sequence[Claim], judgements: list[Judgement], why: str) -> Outcome:
    outcome = await best_of.decide(work)
    outcome.decided_by = f"{why}: {outcome.decided_by}"[:100]
    outcome.judgements = [*judgements, *outcome.judgements]
    outcome.claims = shown = as_shown(rows, ())
    _mark(shown, outcome)
    return outcome


def _mark(shown: Sequence[MergeClaim], outcome: Outcome) -> None:
    """Claims of the answer that was taken are what the result rests on."""
    for claim in shown:
        claim.used = outcome.chosen in claim.supporters
