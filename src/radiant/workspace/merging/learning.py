"""What people's labels and judges' verdicts teach: how good models are, by kind of answer and together with one another,
for the posterior; how good a confidence is, for the score; and which answer was better, for the Brain."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from radiant.ai.routing import history
from radiant.ai.routing.problems import NoSuchDecision
from radiant.ai.routing.schemas import Thumbs
from radiant.foundation.identity.callers import Caller
from radiant.infra.db import Database, Row, Tx
from radiant.workspace.merging import store
from radiant.workspace.merging.posterior import AGREES_RIGHT, AGREES_WRONG, Agreement, Agreements, unknown_pair
from radiant.workspace.merging.schemas import Judgement
from radiant.workspace.merging.work import Candidate

# What is supposed of a pair before it was seen, in sightings; of a model's own record, that of the Brain.
_PAIR, _OWN = 4.0, 20.0


async def known(tx: Tx, kind: str, candidates: Sequence[Candidate]) -> Agreements:
    """How the candidates' models agree, by the tenant's labels; their records are moved by these too."""
    models = sorted({one.model for one in candidates})
    rows = {(row["model"], row["other"]): row for row in await store.agreements(tx, kind, models)}
    for one in candidates:
        if (own := rows.get((one.model, one.model))) is not None:
            seen = own["of_right"] + own["of_wrong"]
            one.record = (own["of_right"] + _OWN * one.record) / (seen + _OWN)
    pairs = {key: _pair(row) for key, row in rows.items() if key[0] != key[1]}
    return lambda lead, other: pairs.get((lead, other)) or unknown_pair(lead, other)


def _pair(row: Row) -> Agreement:
    return Agreement(
        (row["same_right"] + _PAIR * AGREES_RIGHT) / (row["of_right"] + _PAIR),
        (row["same_wrong"] + _PAIR * AGREES_WRONG) / (row["of_wrong"] + _PAIR),
    )


def lessons(values: Sequence[tuple[str, str | None]], right: str | None, wrong: str | None) -> list[dict[str, Any]]:
    """What a label says of models and of pairs of them. `values`: each model's answer; `right`: the one that is, where
    that is known; else only those that said `wrong` are known."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for model, value in values:
        if value is None or (right is None and value != wrong):
            continue
        is_right = right is not None and value == right
        for other, said in values:
            if other != model and said is None:
                continue
            row = found.setdefault(
                (model, other),
                {"model": model, "other": other, "of_right": 0, "same_right": 0, "of_wrong": 0, "same_wrong": 0},
            )
            if row["of_right"] + row["of_wrong"]:
                continue  # a model that answered twice is counted once
            kind = "right" if is_right else "wrong"
            row[f"of_{kind}"] = 1
            row[f"same_{kind}"] = int(said == value)
    return list(found.values())


async def tell_brain(
    database: Database, caller: Caller, judge: str, judgements: Sequence[Judgement], decisions: Mapping[int, UUID | None],
    catch_up: Callable[[], Awaitable[None]],
) -> None:  # fmt: skip
    """Let routing know which of two answers a judge preferred, where both were calls of this caller's."""
    pairs: list[tuple[UUID, UUID]] = []
    for one in judgements:
        a, b = decisions.get(one.a), decisions.get(one.b)
        if a is not None and b is not None and a != b and one.verdict != "tie":
            pairs.append((a, b) if one.verdict == "a" else (b, a))
    if pairs:
        await history.hear_judge(database, caller, judge, pairs, catch_up)


async def tell_thumbs(
    database: Database, caller: Caller, decision: UUID, good: bool, catch_up: Callable[[], Awaitable[None]]
) -> None:
    """Let routing know what a person says of an answer that was taken as it is."""
    try:
        await history.hear(database, caller, Thumbs(decision_id=decision, up=good), catch_up)
    except NoSuchDecision:
        return  # kept no longer, or made by a program
