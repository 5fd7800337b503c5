"""Memories of a person: added, found, changed, forgotten. Each operation is one transaction; vectors come beside it."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from uuid import UUID

from radiant.ai.inference.service import Inference
from radiant.ai.retrieval.embedding import DEFAULT_MODEL, Embedder, Questions
from radiant.ai.retrieval.filling import Filling
from radiant.foundation.identity.callers import Caller
from radiant.foundation.runs import idempotency
from radiant.infra.changes import Changes as DbChanges
from radiant.infra.db import Database, Row, Tx
from radiant.infra.late import Late
from radiant.kit.clock import Clock, utc_now
from radiant.kit.errors import Invalid
from radiant.workspace.memory import adding, relations_store, sharing, store
from radiant.workspace.memory.counting import Counts
from radiant.workspace.memory.problems import (
    NoSuchMemory,
    NoSuchStore,
    NothingToConfirm,
    NotSuperseded,
    OtherStore,
)
from radiant.workspace.memory.schemas import (
    Added,
    Changes,
    Forget,
    Found,
    Graph,
    MergeMemories,
    NewMemory,
    NewRelationship,
    NewStore,
    Query,
    Related,
    Relationship,
    Store,
)
from radiant.workspace.memory.schemas import (
    Memory as Remembered,
)
from radiant.workspace.memory.vectors import MemoryShelf

ROUTE = "memory"
_MOST_EDGES = 2000


class Memory:
    """Made once by a root: `async with Memory(…) as memory`; beside it vectors are made, and written what was
    found. `held_bytes`: how much of people's memories it holds to search them by."""

    def __init__(
        self, database: Database, changes: DbChanges, inference: Inference, held_bytes: int, clock: Clock = utc_now
    ) -> None:
        self._database = database
        self._embedder = Embedder(inference, ROUTE)
        self._clock = clock
        self.vectors = Filling(database, changes, self._embedder, MemoryShelf(database))
        self.counts = Counts(database)
        self._search = Late(lambda: _search(held_bytes))

    async def __aenter__(self) -> "Memory":
        await self.counts.__aenter__()
        await self.vectors.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.vectors.__aexit__()
        await self._embedder.close()
        await self.counts.__aexit__()

    # --- stores ---

    async def get_or_create_store(self, caller: Caller, new: NewStore) -> Store:
        """The store of that name, made where it is absent. A new model is taken up in the background."""
        if new.embedding_model is not None:
            await self._check_model(caller, new.embedding_model)
        async with caller.db(self._database).tx() as tx:
            (row,) = await store.open_stores(tx, [new.store_name], new.embedding_model or DEFAULT_MODEL)
            if new.embedding_model is not None:
                await store.set_model(tx, row["id"], new.embedding_model)
            found = await store.get_store(tx, new.store_name)
        assert found is not None
        return found

    async def _check_model(self, caller: Caller, model: str) -> None:
        """Raises the problems of the model where it makes no vectors."""
        await self._embedder.question(caller, model, "a question")

    async def delete_store(self, caller: Caller, store_id: UUID) -> None:
        """Delete a store with its memories. Raises NoSuchStore."""
        async with caller.db(self._database).tx() as tx:
            await store.delete_all(tx, store_id)
            if not await store.delete_store(tx, store_id):
                raise NoSuchStore("there is no store of that id")

    # --- adding ---

    async def add(self, caller: Caller, memories: Sequence[NewMemory], key: str | None = None) -> list[Added]:
        """Add memories, in one transaction; found by words at once, by meaning soon. `key`: an Idempotency-Key.

        Raises NoSuchMemory and OtherStore for `facts_of`."""
        read = await asyncio.to_thread(adding.read, memories, self._clock())
        async with caller.db(self._database).tx() as tx:
            request = "".join(memory.model_dump_json() for memory in memories) if key is not None else ""
            if (before := await idempotency.claim(tx, key, f"memories {request}")) is not None:
                return await _added_before(tx, before["results"])
            added = await adding.add(tx, read, DEFAULT_MODEL)
            if key is not None:
                # Ids alone: what is forgotten is nowhere.
                results = [each.model_dump(mode="json", exclude={"memory"}) | {"id": each.memory.id} for each in added]
                await idempotency.remember(tx, key, {"results": results})
        return added

    # --- finding ---

    async def search(self, caller: Caller, query: Query, patience: float | None = None) -> Found:
        """What is remembered that answers a query. Where no vector can be made of it, or none within `patience` seconds,
        words alone decide."""
        if not query.groups:
            return await self._search_as(caller, query, patience)
        readers = await sharing.readers(self._database, caller)
        found = await asyncio.gather(*(self._search_as(reader, query, patience) for _, reader in readers))
        if len(readers) == 1:
            return found[0]
        named = [(group, each) for (group, _), each in zip(readers, found, strict=True)]
        return sharing.joined(named, query.limit, query.token_budget)

    async def _search_as(self, caller: Caller, query: Query, patience: float | None) -> Found:
        async with caller.db(self._database).tx() as tx:
            stores = await store.stores(tx)
        asked_of = [row for row in stores if query.store_name in (None, row["store_name"])]
        if not asked_of:
            # Whoever has told nothing is asked about on every turn all the same: neither model nor library is needed.
            return Found(results=[], tokens=0, searched=0, embedding_model=None)
        asked = await self._embedder.questions(
            caller, query.query, ((row["embedding_model"], row["total_memories"]) for row in asked_of),
            (row["former_model"] for row in asked_of if row["former_model"] is not None), patience,
        )  # fmt: skip
        search = await self._search.get()
        async with caller.db(self._database).tx() as tx:
            found = await search(tx, query, stores, asked)
        self.counts.count(caller, [result.memory.id for result in found.results])
        return found

    async def used(self, caller: Caller, ids: Sequence[UUID]) -> None:
        """Memories, the caller's or their groups', were of use in an answer: what ranks equal otherwise comes after them."""
        for _, reader in await sharing.readers(self._database, caller):
            async with reader.db(self._database).tx() as tx:
                await store.used(tx, ids)

    async def many(self, caller: Caller, ids: Sequence[UUID]) -> dict[UUID, Remembered]:
        """Those of these memories that are still there, the caller's own and their groups'."""
        found: dict[UUID, Remembered] = {}
        for _, reader in await sharing.readers(self._database, caller):
            async with reader.db(self._database).tx() as tx:
                found |= await store.get_many(tx, ids)
        return found

    async def get(self, caller: Caller, memory_id: UUID) -> Remembered:
        """A memory. Raises NoSuchMemory."""
        async with caller.db(self._database).tx() as tx:
            return await _get(tx, memory_id)

    # --- changing ---

    async def update(self, caller: Caller, memory_id: UUID, changes: Changes) -> Remembered:
        """Change a memory; changed words are a new version of it. Raises NoSuchMemory, Invalid."""
        given = changes.model_dump(exclude_unset=True)
        if nulls := [name for name, value in given.items() if value is None and name not in ("expires_at", "slot")]:
            raise Invalid(f"{nulls[0]}: it cannot be null; leave it out to keep what it is")
        async with caller.db(self._database).tx() as tx:
            row = await store.lock(tx, memory_id)
            if row is None:
                raise NoSuchMemory(_NONE)
            before = await _get(tx, memory_id)
            content = changes.content or before.content
            slot = changes.slot if "slot" in given else before.slot
            changed = content != before.content
            indexed = await asyncio.to_thread(adding.index, content, before.speaker) if changed else None
            values: dict[str, Any] = {
                "content": content, "memory_type": changes.type or before.memory_type,
                "importance": before.importance, "metadata": before.metadata, "pinned": before.pinned,
                "scope": before.scope, "aliases": before.aliases, "expires_at": before.expires_at,
                "language": indexed and indexed.language, "words": indexed and indexed.words,
                **adding.slot_columns(slot),
                **{name: given[name] for name in _PLAIN if name in given},
            }  # fmt: skip
            await store.update(tx, memory_id, values)
            if indexed is not None:
                await store.drop_terms(tx, memory_id)
                await adding.put_terms(tx, [(memory_id, indexed)])
                await store.add_languages(tx, before.store_id, [indexed.language])
                await store.put_events(
                    tx,
                    [{"memory_id": memory_id, "what": "changed", "before": before.content, "after": content,
                      "why": "you edited it"}],
                )  # fmt: skip
            return await _get(tx, memory_id)

    async def restore(self, caller: Caller, memory_id: UUID) -> Remembered:
        """Undo that a memory was superseded: it holds again, and what took its place goes into history where both are
        values of one slot. Raises NoSuchMemory, NotSuperseded."""
        async with caller.db(self._database).tx() as tx:
            row = await store.lock(tx, memory_id)
            if row is None:
                raise NoSuchMemory(_NONE)
            if row["status"] != "superseded":
                raise NotSuperseded("this memory was not superseded; there is nothing to undo")
            now = self._clock()
            successor = await store.lock(tx, row["superseded_by"]) if row["superseded_by"] is not None else None
            rows = [_holding(row, status="current", valid_to=None, superseded_by=None)]
            events: list[dict[str, Any]] = [{"memory_id": memory_id, "what": "restored", "why": "you restored it"}]
            if successor is not None and successor["status"] == "current" and _rivals(row, successor):
                rows.append(
                    _holding(
                        successor, status="superseded", valid_to=max(now, successor["valid_from"]),
                        superseded_by=memory_id,
                    )
                )  # fmt: skip
                events.append(
                    {"memory_id": successor["id"], "other_id": memory_id, "what": "superseded",
                     "why": "what it had superseded was restored"}
                )  # fmt: skip
            await store.put_validity(tx, rows)
            await store.put_events(tx, events)
            return await _get(tx, memory_id)

    async def confirm(self, caller: Caller, memory_id: UUID) -> Remembered:
        """A memory that waits for a review holds; another value of its slot gives way. Raises NothingToConfirm."""
        async with caller.db(self._database).tx() as tx:
            row = await store.lock(tx, memory_id)
            if row is None:
                raise NoSuchMemory(_NONE)
            if row["status"] != "needs_review":
                raise NothingToConfirm("this memory holds already; only one that needs a review is confirmed")
            rivals = [r for r in await store.rivals(tx, memory_id) if _rivals(r, row)]
            now = self._clock()
            # It must hold before others point to it.
            await store.put_validity(tx, [_holding(row, status="current", valid_to=None, superseded_by=None)])
            await store.put_validity(
                tx,
                [
                    _holding(r, status="superseded", valid_to=max(now, r["valid_from"]), superseded_by=memory_id)
                    for r in rivals
                ],
            )
            events = [
                {"memory_id": r["id"], "other_id": memory_id, "what": "superseded", "why": "you confirmed another"}
                for r in rivals
            ]
            await store.put_events(
                tx, [*events, {"memory_id": memory_id, "what": "restored", "why": "you confirmed it"}]
            )
            return await _get(tx, memory_id)

    async def merge(self, caller: Caller, merge: MergeMemories) -> Remembered:
        """Make one memory of several: the first stays, the others are its evidence. Raises NoSuchMemory, OtherStore."""
        first, *others = dict.fromkeys(merge.ids)
        if not others:
            raise Invalid("ids: name two different memories")
        async with caller.db(self._database).tx() as tx:
            rows = {id_: await store.lock(tx, id_) for id_ in sorted([first, *others])}
            if missing := [id_ for id_, row in rows.items() if row is None]:
                raise NoSuchMemory(f"ids: {missing[0]} is no memory of yours")
            if len({row["store_id"] for row in rows.values() if row is not None}) > 1:
                raise OtherStore("ids: they are in several stores; memories of one store are merged")
            now = self._clock()
            kept = [row for row in rows.values() if row is not None]
            await relations_store.move(tx, others, first)
            await store.move(tx, others, first)
            await store.put_evidence(
                tx,
                [
                    {"memory_id": first, "at": row["last_said"], "source": None, "message_id": None,
                     "conversation": None, "learned_from": []}
                    for row in kept if row["id"] != first
                ],
            )  # fmt: skip
            await store.put_validity(
                tx,
                [
                    _holding(row, status="current", valid_to=None, superseded_by=None)
                    if row["id"] == first
                    else _holding(row, status="superseded", valid_to=max(now, row["valid_from"]), superseded_by=first)
                    for row in kept
                ],
            )
            await store.put_events(
                tx,
                [{"memory_id": id_, "other_id": first, "what": "merged", "why": "you merged them"} for id_ in others],
            )
            after = await _get(tx, first)
        if merge.content is not None and merge.content != after.content:
            return await self.update(caller, first, Changes(content=merge.content))
        return after

    # --- forgetting ---

    async def delete(self, caller: Caller, memory_id: UUID) -> None:
        """Forget a memory: its row, vector, words, relationships, evidence and what events said of it, at once. Raises
        NoSuchMemory."""
        async with caller.db(self._database).tx() as tx:
            if not await store.delete(tx, [memory_id]):
                raise NoSuchMemory(_NONE)

    async def forget(self, caller: Caller, what: Forget) -> int:
        """Forget several, or all; how many there were. Raises NoSuchStore."""
        async with caller.db(self._database).tx() as tx:
            if what.ids:
                return await store.delete(tx, what.ids)
            if what.all:
                return await store.delete_all(tx, None)
            found = await store.get_store(tx, what.store_name or "")
            if found is None:
                raise NoSuchStore(f"there is no store named {what.store_name!r}")
            return await store.delete_all(tx, found.id)

    # --- relationships ---

    async def add_relationship(self, caller: Caller, memory_id: UUID, new: NewRelationship) -> Relationship:
        """Join two memories of one store. Raises NoSuchMemory, OtherStore, Invalid."""
        if new.target_memory_id == memory_id:
            raise Invalid("target_memory_id: a memory is not joined to itself")
        async with caller.db(self._database).tx() as tx:
            homes = await store.homes(tx, [memory_id, new.target_memory_id])
            for id_ in (memory_id, new.target_memory_id):
                if id_ not in homes:
                    raise NoSuchMemory(f"{id_} is no memory of yours")
            if homes[memory_id] != homes[new.target_memory_id]:
                raise OtherStore("target_memory_id: it is in another store; only memories of one store are joined")
            return await relations_store.put(
                tx, homes[memory_id], memory_id, new.target_memory_id, new.relationship_type, new.strength
            )

    async def get_related(self, caller: Caller, memory_id: UUID, limit: int, depth: int) -> list[Related]:
        """Memories that hold, reached from one over relationships in either direction, the most strongly joined first.
        Raises NoSuchMemory."""
        async with caller.db(self._database).tx() as tx:
            await _get(tx, memory_id)
            reached: dict[UUID, tuple[float, int, str]] = {memory_id: (1.0, 0, "")}
            edge = [memory_id]
            for step in range(1, depth + 1):
                fresh: list[UUID] = []
                for row in await relations_store.around(tx, edge, _MOST_EDGES):
                    if row["far"] not in reached:
                        strength = reached[row["near"]][0] * row["strength"]
                        reached[row["far"]] = (strength, step, row["relationship_type"])
                        fresh.append(row["far"])
                edge = fresh
            del reached[memory_id]
            best = sorted(reached.items(), key=lambda item: (-item[1][0], item[0]))[:limit]
            memories = await store.get_many(tx, [id_ for id_, _ in best])
        return [
            Related(memory=memories[id_], strength=strength, depth=step, relationship_type=kind)
            for id_, (strength, step, kind) in best
        ]

    async def graph(self, caller: Caller, limit: int) -> Graph:
        """Memories with relationships and what joins them."""
        async with caller.db(self._database).tx() as tx:
            nodes = await relations_store.nodes(tx, limit)
            return Graph(nodes=nodes, edges=await relations_store.among(tx, [n.id for n in nodes], _MOST_EDGES))

    async def delete_relationship(self, caller: Caller, relationship_id: UUID) -> None:
        """Part two memories. Raises NoSuchMemory."""
        async with caller.db(self._database).tx() as tx:
            if not await relations_store.delete(tx, relationship_id):
                raise NoSuchMemory("there is no relationship of that id")


async def _added_before(tx: Tx, results: Sequence[dict[str, Any]]) -> list[Added]:
    """What was answered to an Idempotency-Key, with the memories as they are now. Raises NoSuchMemory."""
    found = await store.get_many(tx, [UUID(each["id"]) for each in results])
    if len(found) < len({each["id"] for each in results}):
        raise NoSuchMemory("Idempotency-Key: what was added by it is forgotten meanwhile; make a new one")
    return [Added.model_validate(each | {"memory": found[UUID(each["id"])]}) for each in results]


_NONE = "there is no memory of that id"
_PLAIN = ("importance", "metadata", "pinned", "scope", "aliases", "expires_at")


async def _get(tx: Tx, memory_id: UUID) -> Remembered:
    found = await store.get_many(tx, [memory_id])
    if memory_id not in found:
        raise NoSuchMemory(_NONE)
    return found[memory_id]


def _search(held_bytes: int) -> Callable[[Tx, Query, Sequence[Row], Questions], Awaitable[Found]]:
    from radiant.workspace.memory.search import Search  # numpy

    return Search(held_bytes).search


def _holding(row: Row, **changed: object) -> dict[str, Any]:
    names = ("id", "status", "valid_from", "valid_to", "last_said", "superseded_by")
    return {name: row[name] for name in names} | changed


def _rivals(one: Row, other: Row) -> bool:
    """Whether two memories are different values of one slot."""
    mine, theirs = adding.slot_of_row(one), adding.slot_of_row(other)
    if mine is None or theirs is None:
        return False
    (chain, value), (other_chain, other_value) = (
        adding.chain_of(row["store_id"], slot) for row, slot in ((one, mine), (other, theirs))
    )
    return chain == other_chain and value != other_value
