"""What a person's preferences are, and the person's say over them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from radiant.foundation.identity.callers import Caller
from radiant.infra.db import Database, Row, TenantDb, Tx
from radiant.kit.clock import utc_now
from radiant.kit.errors import NotFound
from radiant.kit.ids import uuid7
from radiant.workspace.memory.schemas import Forget as ForgetMemories
from radiant.workspace.memory.service import Memory
from radiant.workspace.personalization import evidence, patterns, store
from radiant.workspace.personalization.confidence import fade, interval, mean, passes, weigh
from radiant.workspace.personalization.evidence import EACH, Said, canonical, signal_of
from radiant.workspace.personalization.schemas import (
    Evidence,
    ForgottenLearning,
    PastValue,
    Preference,
    PreferenceChange,
    PreferenceEdit,
)


class NoSuchPreference(NotFound):
    """Nothing is known under that key."""

    slug = "no-such-preference"


def faded(row: Row, now: datetime) -> tuple[float, float]:
    """Evidence for and against, as it is by now: all of it fades alike."""
    left = fade(row["lasting"], now - row["weighed_at"])
    return row["evidence_for"] * left, row["evidence_against"] * left


def holds(row: Row, now: datetime) -> bool:
    """Whether it is brought up: the person said that it is right, or the evidence does."""
    return row["confirmed"] or row["locked"] or passes(*faded(row, now))


def preference_of(row: Row, now: datetime) -> Preference:
    """As it is by now."""
    support, against = faded(row, now)
    low, high = interval(support, against)
    return Preference(
        confidence=mean(support, against), low=low, interval=(low, high), applied=holds(row, now),
        **{name: row[name] for name in (
            "id", "preference_key", "preference_value", "evidence", "locked", "confirmed", "lasting", "learned_from",
            "updated_at", "created_at",
        )},
    )  # fmt: skip


async def preferences(
    db: TenantDb, search: str | None, after: tuple[float, UUID] | None, limit: int
) -> tuple[list[Preference], tuple[float, UUID] | None]:
    """A page, the surest first, and where the next one begins."""
    now = utc_now()
    async with db.tx() as tx:
        rows = await store.page(tx, search, after, limit)
    last = rows[-1] if len(rows) == limit else None
    return [preference_of(row, now) for row in rows], (last["confidence"], last["id"]) if last else None


async def _found(tx: Tx, key: str) -> Row:
    row = await store.get(tx, key)
    if row is None:
        raise NoSuchPreference(f"nothing is known under {key!r}; GET /api/personalization/preferences lists the keys")
    return row


async def _said(db: TenantDb, key: str, said: Said, *, new: bool = False, keep: bool = False) -> Preference:
    """Take the person's word for it. `new`: where nothing is known it is made; `keep`: of the value that is there."""
    now = utc_now()
    async with db.tx() as tx:
        row = await store.get(tx, key) if new else await _found(tx, key)
        if keep:
            assert row is not None
            said = Said(said.what, said.why, row["preference_value"], said.locked, said.confirmed, said.sign, said.kind)
        await evidence.say(tx, row, key, said, now)
        return preference_of(await _found(tx, key), now)


async def update_preference(db: TenantDb, key: str, edit: PreferenceEdit) -> Preference:
    """The person's own value: it holds, and nothing that is said elsewhere changes it."""
    said = Said("edited", "You wrote it", edit.value, locked=True, confirmed=True)
    return await _said(db, key, said, new=True)


async def confirm(db: TenantDb, key: str) -> Preference:
    """It is right. Raises NoSuchPreference."""
    said = Said("confirmed", "You said that it is right", None, locked=False, confirmed=True, kind="explicit")
    return await _said(db, key, said, keep=True)


async def reject(db: TenantDb, key: str) -> Preference:
    """It is wrong: it is not brought up again unless much speaks for it. Raises NoSuchPreference."""
    said = Said("rejected", "You said that it is wrong", None, locked=False, confirmed=False, sign=-1)
    return await _said(db, key, said, keep=True)


async def unlock(db: TenantDb, key: str) -> Preference:
    """What is said from now on changes it again. Raises NoSuchPreference."""
    said = Said("edited", "You let it be learnt again", None, locked=False, confirmed=True, kind=None)
    return await _said(db, key, said, keep=True)


async def forget(db: TenantDb, keys: Sequence[str] | None) -> int:
    """Delete them with evidence, history and what is told of them; that something was forgotten stays. How many."""
    now = utc_now()
    async with db.tx() as tx:
        deleted = await store.forget(tx, keys)
        if keys is None:
            await store.forget_changes(tx)
        gone = [store.NewChange(uuid7(), None, "forgotten", None, None, f"You had {deleted} forgotten")]
        await store.put_changes(tx, gone if deleted else [], now)
    return deleted


async def forget_everything(database: Database, caller: Caller, memory: Memory) -> ForgottenLearning:
    """Nothing of what was learnt, or told to be remembered, is left; what is said from now on is learnt anew."""
    db = caller.db(database)
    preferences = await forget(db, None)
    async with db.tx() as tx:
        counted = await patterns.forget(tx)
    return ForgottenLearning(
        preferences=preferences, patterns=counted, memories=await memory.forget(caller, ForgetMemories(all=True))
    )


async def delete(db: TenantDb, key: str) -> None:
    """Forget one. Raises NoSuchPreference."""
    if not await forget(db, [key]):
        raise NoSuchPreference(f"nothing is known under {key!r}")


async def evidence_of(db: TenantDb, key: str) -> list[Evidence]:
    """What speaks for a preference and against it, the latest first. Raises NoSuchPreference."""
    now = utc_now()
    async with db.tx() as tx:
        row = await _found(tx, key)
        rows = await store.evidence(tx, [row["id"]], EACH)
    belief = weigh([signal_of(each) for each in rows], row["lasting"], now)
    counted: Mapping[int, float] = {}
    if belief is not None and belief.value == canonical(row["preference_value"]):
        counted = belief.counted
    found = [
        Evidence.model_validate({**dict(each), "counts_now": counted.get(place, 0.0)})
        for place, each in enumerate(rows)
    ]
    return found[::-1]


async def history(db: TenantDb, key: str, before: tuple[datetime, UUID] | None, limit: int) -> list[PastValue]:
    """Values that held, the latest first. Raises NoSuchPreference."""
    async with db.tx() as tx:
        row = await _found(tx, key)
        return [PastValue.model_validate(dict(each)) for each in await store.history(tx, row["id"], before, limit)]


async def timeline(
    db: TenantDb, before: tuple[datetime, UUID] | None, limit: int
) -> tuple[list[PreferenceChange], tuple[datetime, UUID] | None]:
    """What happened, the latest first, and where the next page begins."""
    async with db.tx() as tx:
        rows = await store.changes(tx, before, limit)
    last = rows[-1] if len(rows) == limit else None
    return [PreferenceChange.model_validate(dict(row)) for row in rows], (last["at"], last["id"]) if last else None


async def export(db: TenantDb) -> dict[str, Any]:
    """All of it: settings, preferences with evidence and history, patterns."""
    now = utc_now()
    async with db.tx() as tx:
        settings = await store.settings(tx)
        rows = await store.page(tx, None, None, _MOST_EXPORTED)
        signals = await store.evidence(tx, [row["id"] for row in rows], EACH)
        past = await store.all_history(tx)
        counted = await patterns.patterns(tx, None, _MOST_EXPORTED)
    by_id: dict[UUID, dict[str, Any]] = {
        row["id"]: {**preference_of(row, now).model_dump(mode="json"), "signals": [], "past": []} for row in rows
    }
    for each in signals:
        by_id[each["preference_id"]]["signals"].append({k: v for k, v in each.items() if k != "preference_id"})
    for each in past:
        if (of := by_id.get(each["preference_id"])) is not None:
            of["past"].append({k: v for k, v in each.items() if k != "preference_id"})
    return {
        "exported_at": now, "settings": settings.model_dump(), "preferences": list(by_id.values()),
        "patterns": [one.model_dump(mode="json") for one in counted],
    }  # fmt: skip


# More than anybody has; each is a few hundred bytes.
_MOST_EXPORTED = 100_000
