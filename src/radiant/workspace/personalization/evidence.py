"""Signals go in, and preferences follow from them: the one place where a preference is written."""

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from radiant.infra.db import Row, Tx
from radiant.kit.ids import uuid7
from radiant.workspace.personalization import store
from radiant.workspace.personalization.confidence import (
    WEIGHTS,
    Belief,
    EvidenceKind,
    Held,
    Lasting,
    Signal,
    mean,
    weigh,
)

# Signals of one preference that are looked at: those of so many conversations weigh whatever there was before.
EACH = 500
_SOURCES = 20
_LEAST = 0.005


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """That a preference has this value (sign 1), or has not (-1). `asked`: the person asked to be treated so from now on,
    which needs no second word. `quote`: verbatim from the message."""

    key: str
    value: Any
    kind: EvidenceKind
    session: str
    at: datetime
    sign: int = 1
    lasting: Lasting = "preference"
    message_id: UUID | None = None
    quote: str = ""
    asked: bool = False


def canonical(value: Any) -> str:
    """The value as signals are compared by."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def signal_of(row: Row) -> Signal:
    """A row of evidence."""
    return Signal(canonical(row["value"]), row["sign"], row["kind"], row["session"], row["at"])


async def observe(tx: Tx, seen: Sequence[Observation], now: datetime) -> list[str]:
    """Keep signals and weigh what they are of anew; the keys that they are of. What speaks only against something that is
    not known teaches nothing."""
    if not seen:
        return []
    first = {one.key: one for one in reversed(seen) if one.sign > 0}
    await store.make(
        tx, [uuid7() for _ in first], list(first), [canonical(one.value) for one in first.values()],
        [one.lasting for one in first.values()],
    )  # fmt: skip
    known = await store.locked_by_key(tx, list({one.key for one in seen}))
    heaviest: dict[tuple[str, str, int, str], Observation] = {}
    for one in seen:
        place = (one.key, one.session, one.sign, canonical(one.value))
        if one.key in known and (place not in heaviest or WEIGHTS[one.kind] >= WEIGHTS[heaviest[place].kind]):
            heaviest[place] = one
    await store.put_evidence(
        tx,
        [
            store.NewEvidence(
                uuid7(), known[one.key]["id"], canonical(one.value), one.sign, one.kind, WEIGHTS[one.kind], one.session,
                one.message_id, one.quote[:1000], one.at,
            )
            for one in heaviest.values()
        ],
    )  # fmt: skip
    asked = {(one.key, canonical(one.value)) for one in seen if one.asked}
    await _weigh(tx, known, now, asked)
    return sorted(known)


async def _weigh(tx: Tx, known: dict[str, Row], now: datetime, asked: set[tuple[str, str]]) -> None:
    """Write what follows from the evidence, what is superseded, and what changed."""
    by_preference: dict[UUID, list[Row]] = defaultdict(list)
    for row in await store.evidence(tx, [row["id"] for row in known.values()], EACH):
        by_preference[row["preference_id"]].append(row)
    weighed: list[store.Weighed] = []
    superseded: list[store.Superseded] = []
    changes: list[store.NewChange] = []
    for key, row in known.items():
        rows = by_preference[row["id"]]
        belief = weigh([signal_of(each) for each in rows], row["lasting"], now)
        if belief is None or row["locked"]:
            continue
        value = json.loads(belief.value)
        turned = belief.value != canonical(row["preference_value"]) and not _is_new(row)
        confirmed = (row["confirmed"] and not turned) or (key, belief.value) in asked
        weighed.append(
            store.Weighed(
                row["id"], belief.value, belief.confidence, belief.support, belief.against, False, confirmed, belief.since,
                _sources(rows, belief),
            )
        )  # fmt: skip
        if turned:
            superseded.append(_superseded(row, belief, now))
        if change := _change(row, value, belief, turned=turned):
            changes.append(change)
    await store.put_weighed(tx, weighed, now)
    await store.put_history(tx, superseded)
    await store.put_changes(tx, changes, now)


def _is_new(row: Row) -> bool:
    """Made in this transaction: nothing was weighed yet."""
    return row["weighed_at"] == row["created_at"]


def _superseded(row: Row, belief: Belief, now: datetime) -> store.Superseded:
    held = belief.past[-1] if belief.past else Held("", row["valid_from"], now, row["confidence"])
    return store.Superseded(
        row["id"], canonical(row["preference_value"]), row["confidence"], ",".join(row["learned_from"]), row["valid_from"],
        max(held.until, row["valid_from"]),
    )  # fmt: skip


def _sources(rows: Sequence[Row], belief: Belief) -> str:
    """The messages that speak for the value, the latest last."""
    found = [
        str(row["message_id"]) for row in rows
        if row["message_id"] is not None and row["sign"] > 0 and canonical(row["value"]) == belief.value
    ]  # fmt: skip
    return ",".join(list(dict.fromkeys(found))[-_SOURCES:])


def _change(row: Row, value: Any, belief: Belief, *, turned: bool) -> store.NewChange | None:
    before = {"value": row["preference_value"], "confidence": round(row["confidence"], 4)}
    after = {"value": value, "confidence": round(belief.confidence, 4)}
    if _is_new(row):
        return store.NewChange(
            uuid7(), row["id"], "learned", None, after, "You said so, or it follows from what you said"
        )
    if turned:
        return store.NewChange(
            uuid7(), row["id"], "superseded", before, after, "What you said lately speaks for another"
        )
    moved = belief.confidence - row["confidence"]
    if abs(moved) < _LEAST:
        return None
    if moved > 0:
        return store.NewChange(uuid7(), row["id"], "raised", before, after, "More speaks for it")
    return store.NewChange(
        uuid7(), row["id"], "lowered", before, after, "Something speaks against it, or it is long ago"
    )


@dataclass(frozen=True, slots=True)
class Said:
    """What a person says of a preference by hand."""

    what: str
    why: str
    value: Any
    locked: bool
    confirmed: bool
    sign: int = 1
    kind: EvidenceKind | None = "user_edit"


async def say(tx: Tx, row: Row | None, key: str, said: Said, now: datetime) -> None:
    """The person's own word: it holds at once, whatever the evidence. `row`: the preference, None where there is none."""
    same = canonical(said.value)
    if row is None:
        await store.make(tx, [uuid7()], [key], [canonical(said.value)], ["preference"])
        row = await store.get(tx, key)
        assert row is not None
        before = None
    else:
        before = {"value": row["preference_value"], "confidence": round(row["confidence"], 4)}
    if said.kind is not None:
        # Each time a session of its own: it counts again.
        new = store.NewEvidence(
            uuid7(), row["id"], same, said.sign, said.kind, WEIGHTS[said.kind], f"by hand {now.isoformat()}",
            None, "", now,
        )  # fmt: skip
        await store.put_evidence(tx, [new])
    rows = await store.evidence(tx, [row["id"]], EACH)
    signals = [signal_of(each) for each in rows]
    belief = weigh(signals, row["lasting"], now)
    if belief is not None and belief.value == same:
        support, against, since = belief.support, belief.against, belief.since
    else:
        # Its own word alone: what there is was said of another value.
        support, against, since = (WEIGHTS[said.kind] if said.kind and said.sign > 0 else 0.0), 0.0, now
    turned = before is not None and canonical(row["preference_value"]) != same
    after = {"value": said.value, "confidence": round(mean(support, against), 4)}
    await store.put_weighed(
        tx,
        [
            store.Weighed(
                row["id"], same, mean(support, against), support, against, said.locked, said.confirmed,
                since if turned or before is None else row["valid_from"], ",".join(row["learned_from"]),
            )
        ],
        now,
    )  # fmt: skip
    if turned:
        await store.put_history(
            tx,
            [
                store.Superseded(
                    row["id"], canonical(row["preference_value"]), row["confidence"], ",".join(row["learned_from"]),
                    row["valid_from"], max(now, row["valid_from"]),
                )
            ],
        )  # fmt: skip
    await store.put_changes(tx, [store.NewChange(uuid7(), row["id"], said.what, before, after, said.why)], now)
