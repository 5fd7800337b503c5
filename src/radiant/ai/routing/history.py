"""Decisions as people see them, and what they say of answers."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from uuid import UUID

from radiant.ai.routing import history_store as store
from radiant.ai.routing.history_store import DecisionFilter
from radiant.ai.routing.problems import NoSuchDecision
from radiant.ai.routing.schemas import Decision, FeedbackKept, Preference, Score, Thumbs, Verdict
from radiant.foundation.identity.callers import Caller
from radiant.infra.db import Database, TenantDb
from radiant.kit.ids import uuid7

_ON_ITS_WAY = 0.5


async def decisions(
    db: TenantDb, of: DecisionFilter, before: tuple[datetime, UUID] | None, limit: int
) -> list[Decision]:
    """Decisions, the newest first."""
    async with db.tx() as tx:
        return [Decision.model_validate(dict(row)) for row in await store.page(tx, of, before, limit)]


async def hear(
    database: Database, caller: Caller, said: Thumbs | Score | Verdict | Preference,
    catch_up: Callable[[], Awaitable[None]],
) -> FeedbackKept:  # fmt: skip
    """Keep what the caller says of an answer that was theirs. Raises NoSuchDecision.

    `catch_up`: brings into the history what has just ended.
    """
    judge, other, comment = "", None, said.comment
    match said:
        case Thumbs():
            decision, kind, value = said.decision_id, "thumbs", float(said.up)
        case Score():
            decision, kind, value = said.decision_id, "score", said.score
        case Verdict():
            decision, kind, value, judge = said.decision_id, "judge", said.score, said.judge
        case Preference():
            # One row a pair, whichever was chosen: said the other way round, it replaces itself.
            decision, other = sorted((said.chosen, said.rejected))
            kind, value = "pair", float(decision == said.chosen)
    named = [decision] if other is None else [decision, other]
    db = caller.db(database)
    await _must_be_theirs(db, caller, named, catch_up)
    async with db.tx() as tx:
        await store.put_feedback(tx, uuid7(), decision, kind, value, judge, other, comment)
    return FeedbackKept(decision_id=decision, kind=kind, value=value)


async def hear_judge(
    database: Database, caller: Caller, judge: str, preferred: Sequence[tuple[UUID, UUID]],
    catch_up: Callable[[], Awaitable[None]],
) -> int:  # fmt: skip
    """Keep which of two of the caller's answers a model preferred, the better one first; of how many that could be.

    What is in no history is passed over.
    """
    await catch_up()
    async with caller.db(database).tx() as tx:
        named = {decision for pair in preferred for decision in pair}
        theirs = await store.decided(tx, caller.user_id, list(named))
        rows = _pairs([pair for pair in preferred if theirs.issuperset(pair)])
        if rows:
            await store.put_pairs(tx, judge, rows)
    return len(rows)


def _pairs(preferred: Sequence[tuple[UUID, UUID]]) -> list[tuple[UUID, UUID, UUID, float]]:
    """Rows for `put_pairs`, one for each two: they are kept in the order of their ids, whichever is the better one."""
    found = {(min(pair), max(pair)): pair[0] for pair in preferred}
    return [(uuid7(), first, other, float(better == first)) for (first, other), better in found.items()]


async def prefer(
    database: Database, caller: Caller, chosen: UUID, rejected: list[UUID], catch_up: Callable[[], Awaitable[None]]
) -> int:
    """Keep that the caller prefers one answer to each of the others, all theirs; how many pairs. Raises NoSuchDecision."""
    db = caller.db(database)
    await _must_be_theirs(db, caller, [chosen, *rejected], catch_up)
    async with db.tx() as tx:
        await store.put_pairs(tx, "", _pairs([(chosen, other) for other in rejected]))
    return len(rejected)


async def _must_be_theirs(
    db: TenantDb, caller: Caller, named: list[UUID], catch_up: Callable[[], Awaitable[None]]
) -> None:
    if await _theirs(db, caller, named):
        return
    await catch_up()
    if not await _theirs(db, caller, named):
        # Made by another process a moment ago, it may be on its way.
        await asyncio.sleep(_ON_ITS_WAY)
    if missing := [each for each in named if not await _theirs(db, caller, [each])]:
        raise NoSuchDecision(f"there is no decision {missing[0]} that was made for you")


async def _theirs(db: TenantDb, caller: Caller, decisions: list[UUID]) -> bool:
    async with db.tx() as tx:
        return await store.decided(tx, caller.user_id, decisions) == set(decisions)
