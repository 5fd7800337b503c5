"""A model compares two answers, in both orders, without knowing whose they are."""

import asyncio
from collections.abc import Mapping, Sequence

from radiant.workspace.merging import quoting
from radiant.workspace.merging.replies import Compared, structured
from radiant.workspace.merging.schemas import Judgement
from radiant.workspace.merging.tournament import Side, Verdict, both_orders
from radiant.workspace.merging.work import Work

SYNTHESIS = -1
_SYSTEM = f"""You compare two answers to one question and say which one helps the person who asked more.
Judge correctness first, then completeness, then clearness. Length is no merit, and neither is a confident tone. Say "tie" \
where neither is better.
{quoting.RULE}"""
_SIDES: Mapping[str, Side] = {"first": "a", "second": "b", "tie": "tie"}
_TURNED: Mapping[str, Side] = {"first": "b", "second": "a", "tie": "tie"}


async def compare(work: Work, judge: str, a: tuple[int, str], b: tuple[int, str]) -> Judgement:
    """Of two answers (position and text), each shown first once."""

    async def say(first: str, second: str) -> Compared | None:
        user = quoting.question_and_answers(
            work.prompt, [("first answer", first), ("second answer", second)], work.models
        )
        return await structured(work.asker, judge, "judge", _SYSTEM, user, Compared)

    forward, backward = await asyncio.gather(say(a[1], b[1]), say(b[1], a[1]))
    orders: list[Side | None] = [
        None if forward is None else _SIDES[forward.winner],
        None if backward is None else _TURNED[backward.winner],
    ]
    found = Judgement(
        a=a[0], b=b[0], orders=list(orders), verdict=both_orders(*orders),
        reasons=[reply.reason[:1000] for reply in (forward, backward) if reply is not None and reply.reason],
    )  # fmt: skip
    work.emit("judgement", found.model_dump(mode="json"))
    return found


async def compare_all(
    work: Work, judge: str, pairs: Sequence[tuple[tuple[int, str], tuple[int, str]]]
) -> list[Judgement]:
    """Several pairs side by side. Once the budget is spent, no more are begun."""
    if work.out_of_budget():
        return []
    return list(await asyncio.gather(*(compare(work, judge, a, b) for a, b in pairs)))


def verdicts(judgements: Sequence[Judgement], place: Mapping[int, int]) -> list[Verdict]:
    """Those of which anything was said, by places instead of positions."""
    return [
        Verdict(place[one.a], place[one.b], one.verdict)
        for one in judgements
        if any(order is not None for order in one.orders)
    ]
