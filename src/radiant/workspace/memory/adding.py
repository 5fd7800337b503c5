"""How memories come in: read, set against what is there, written in one transaction; vectors come later."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from radiant.ai.retrieval.terms import language_of, terms
from radiant.infra.db import Row, Tx
from radiant.kit.ids import uuid7
from radiant.workspace.memory import relations_store, store
from radiant.workspace.memory.ladder import Entry, Ladder, Step, chain_of, same_words
from radiant.workspace.memory.problems import NoSuchMemory, OtherStore
from radiant.workspace.memory.schemas import FACT_OF, Added, NewMemory, Slot
from radiant.workspace.memory.statements import slot_of

# Of what a person says themselves, and of what was learnt, where nobody says how sure it is.
_TOLD, _LEARNED = 1.0, 0.5


@dataclass(frozen=True, slots=True)
class Indexed:
    """The words of a memory: its language and how often each term is in it."""

    language: str
    counts: Counter[str]
    words: int


def index(content: str, speaker: str | None) -> Indexed:
    """Who speaks is a word of what is said."""
    language = language_of(content)
    found = terms(f"{speaker} {content}" if speaker else content, language)
    return Indexed(language, Counter(found), len(found))


@dataclass(frozen=True, slots=True)
class Incoming:
    """A memory to add, read."""

    id: UUID
    new: NewMemory
    slot: Slot | None
    at: datetime
    indexed: Indexed


def read(memories: Sequence[NewMemory], now: datetime) -> list[Incoming]:
    """Everything that needs no database. Those without a time follow each other."""
    return [
        Incoming(
            uuid7(), new, new.slot or (None if _is_turn(new) else slot_of(new.content)),
            new.happened_at or new.said_at or now + timedelta(microseconds=place), index(new.content, new.speaker),
        )
        for place, new in enumerate(memories)
    ]  # fmt: skip


def _is_turn(new: NewMemory) -> bool:
    """Somebody said it, then: what is said twice was said twice."""
    return new.speaker is not None and new.said_at is not None and new.conversation is not None


def words_of(
    store_id: UUID, content: str, scope: Sequence[str], speaker: str | None, said_at: datetime | None,
    conversation: str | None, message_id: str | None,
) -> tuple[object, ...]:  # fmt: skip
    """What tells that it is said again: the words and the scopes; of a turn, also who, when and where."""
    same = (store_id, same_words(content), frozenset(scope))
    if speaker is None or said_at is None or conversation is None:
        return same
    return (*same, speaker, said_at, conversation, message_id)


async def add(tx: Tx, memories: Sequence[Incoming], model: str) -> list[Added]:
    """Add memories; what became of each, in order. Raises NoSuchMemory, OtherStore."""
    opened = {
        row["store_name"]: row for row in await store.open_stores(tx, [m.new.store_name for m in memories], model)
    }
    slots = {(m.slot.subject.lower(), m.slot.attribute.lower()) for m in memories if m.slot is not None}
    there = await store.known(
        tx, [row["id"] for row in opened.values()], [m.new.content for m in memories],
        [subject for subject, _ in slots], [attribute for _, attribute in slots],
    )  # fmt: skip
    ladder = Ladder.of(map(_entry_of, there))
    steps = [ladder.add(_entry(m, opened[m.new.store_name]["id"])) for m in memories]
    await _write(tx, memories, steps, ladder, opened)
    await _put_facts(tx, memories, steps, opened)
    kept = await store.get_many(tx, {step.entry.id for step in steps})
    return [
        Added(memory=kept[step.entry.id], outcome=step.outcome, superseded=[e.id for e in step.superseded])
        for step in steps
    ]


def _entry(incoming: Incoming, store_id: UUID) -> Entry:
    new, slot = incoming.new, incoming.slot
    chain, value = chain_of(store_id, slot) if slot is not None else (None, ())
    return Entry(
        id=incoming.id, chain=chain, value=value, valid_from=incoming.at, last_said=incoming.at,
        confidence=new.confidence,
        words=words_of(store_id, new.content, new.scope, new.speaker, new.said_at, new.conversation, new.message_id),
    )  # fmt: skip


def slot_of_row(row: Row) -> Slot | None:
    """The slot of a stored memory."""
    if row["slot_subject"] is None:
        return None
    return Slot.model_construct(**{name: row[f"slot_{name}"] for name in Slot.model_fields})


def _entry_of(row: Row) -> Entry:
    slot = slot_of_row(row)
    chain, value = chain_of(row["store_id"], slot) if slot is not None else (None, ())
    return Entry(
        id=row["id"], chain=chain, value=value, valid_from=row["valid_from"], last_said=row["last_said"],
        valid_to=row["valid_to"], status=row["status"], superseded_by=row["superseded_by"],
        words=words_of(
            row["store_id"], row["content"], row["scope"], row["speaker"], row["said_at"], row["conversation"],
            row["message_id"],
        ),
    )  # fmt: skip


async def _write(
    tx: Tx, memories: Sequence[Incoming], steps: Sequence[Step], ladder: Ladder, opened: Mapping[str, Row]
) -> None:
    fresh = [(m, step.entry) for m, step in zip(memories, steps, strict=True) if step.outcome != "repeated"]
    if fresh:
        await store.insert(
            tx, [_row(place, m, entry, opened[m.new.store_name]["id"]) for place, (m, entry) in enumerate(fresh)]
        )
        await put_terms(tx, [(m.id, m.indexed) for m, _ in fresh])
        await _put_languages(tx, [m for m, _ in fresh], opened)
    # What takes a place is there before what it takes it from points to it.
    if changed := ladder.changed():
        await store.put_validity(tx, [_validity(entry) for entry in changed])
    again = [_evidence(m, step.entry) for m, step in zip(memories, steps, strict=True) if step.outcome == "repeated"]
    if again:
        await store.put_evidence(tx, again)
    if events := [event for step in steps for event in _events(step)]:
        await store.put_events(tx, events)


async def put_terms(tx: Tx, indexed: Sequence[tuple[UUID, Indexed]]) -> None:
    """Write the postings of memories."""
    postings = sorted((term, id_, min(n, 32_000)) for id_, each in indexed for term, n in each.counts.items())
    await store.put_terms(tx, [id_ for _, id_, _ in postings], [t for t, _, _ in postings], [n for _, _, n in postings])


async def _put_languages(tx: Tx, fresh: Sequence[Incoming], opened: Mapping[str, Row]) -> None:
    for name, row in opened.items():
        spoken = {m.indexed.language for m in fresh if m.new.store_name == name} - set(row["languages"])
        if spoken:
            await store.add_languages(tx, row["id"], sorted(spoken))


async def _put_facts(tx: Tx, memories: Sequence[Incoming], steps: Sequence[Step], opened: Mapping[str, Row]) -> None:
    """Join facts to what they were extracted from, which must be in their store."""
    wanted = {source for m in memories for source in m.new.facts_of}
    if not wanted:
        return
    homes = await store.homes(tx, list(wanted))
    edges: set[tuple[UUID, UUID]] = set()
    for m, step in zip(memories, steps, strict=True):
        for source in m.new.facts_of:
            if source not in homes:
                raise NoSuchMemory(f"facts_of: {source} is no memory of yours; add what was said first")
            if homes[source] != opened[m.new.store_name]["id"]:
                raise OtherStore(f"facts_of: {source} is in another store; a fact lives where its source does")
            if source != step.entry.id:
                edges.add((step.entry.id, source))
    await relations_store.put_many(tx, FACT_OF, sorted(edges))


def _row(place: int, incoming: Incoming, entry: Entry, store_id: UUID) -> dict[str, Any]:
    new = incoming.new
    sure = _LEARNED if new.learned else _TOLD
    return {
        "place": place, "id": incoming.id, "store_id": store_id, "content": new.content, "memory_type": new.type,
        "source": new.source, "importance": new.importance, "metadata": new.metadata, "expires_at": new.expires_at,
        "pinned": new.pinned, "scope": new.scope, "aliases": new.aliases, "speaker": new.speaker,
        "said_at": new.said_at, "happened_at": new.happened_at, "conversation": new.conversation,
        "message_id": new.message_id, "span_start": new.span.start if new.span else None,
        "span_end": new.span.end if new.span else None, **slot_columns(incoming.slot),
        "confidence": sure if new.confidence is None else new.confidence, "learned": new.learned,
        "learned_from": new.learned_from, "status": entry.status, "valid_from": entry.valid_from,
        "valid_to": entry.valid_to, "last_said": entry.last_said, "language": incoming.indexed.language,
        "words": incoming.indexed.words,
    }  # fmt: skip


def slot_columns(slot: Slot | None) -> dict[str, Any]:
    """A slot as columns."""
    if slot is None:
        return {"slot_subject": None, "slot_attribute": None, "slot_qualifier": "", "slot_value": None,
                "slot_polarity": 1, "slot_single": True}  # fmt: skip
    return {f"slot_{name}": value for name, value in slot.model_dump().items()}


def _validity(entry: Entry) -> dict[str, Any]:
    return {
        "id": entry.id, "status": entry.status, "valid_from": entry.valid_from, "valid_to": entry.valid_to,
        "last_said": entry.last_said, "superseded_by": entry.superseded_by,
    }  # fmt: skip


def _evidence(incoming: Incoming, entry: Entry) -> dict[str, Any]:
    new = incoming.new
    return {
        "memory_id": entry.id, "at": incoming.at, "source": new.source, "message_id": new.message_id,
        "conversation": new.conversation, "learned_from": new.learned_from,
    }  # fmt: skip


def _events(step: Step) -> list[dict[str, Any]]:
    if step.outcome == "repeated":
        return []
    late = "it was said before what holds now" if step.late and step.entry.superseded_by else ""
    review = "it contradicts another, and it is not sure which holds" if step.outcome == "review" else ""
    return [
        {"memory_id": step.entry.id, "what": "added", "why": late or review},
        *(
            {"memory_id": old.id, "other_id": step.entry.id, "what": "superseded", "why": "a newer value of the same"}
            for old in step.superseded
        ),
    ]
