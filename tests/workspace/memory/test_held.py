"""What a process holds of a person's memories answers as the database does, whatever became of them since."""

import random
import zlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from radiant.ai.retrieval.embedding import Questions, written
from radiant.infra.db import Tx
from radiant.workspace.memory import store
from radiant.workspace.memory.schemas import Found, NewMemory, Query
from radiant.workspace.memory.search import Search
from tests.ai.routing.test_auto import caller_of
from tests.kit.fixtures import Callers
from tests.kit.server import Server
from tests.workspace.memory.kit import add, listed

_WORDS = [
    "river",
    "lamp",
    "goat",
    "blue",
    "walk",
    "Berlin",
    "coffee",
    "train",
    "letter",
    "piano",
    "green",
    "stone",
    "Anna",
    "rain",
    "market",
    "boat",
]
_MODELS = {"one": 5, "two": 3}


def _vector(seed: str, dimension: int) -> Any:
    vector = np.random.default_rng(zlib.crc32(seed.encode())).standard_normal(dimension).astype(np.float32)
    return vector / np.linalg.norm(vector)


def _new(chance: random.Random, at: int) -> NewMemory:
    said = datetime(2026, chance.randint(1, 6), chance.randint(1, 28), tzinfo=UTC) if chance.random() < 0.6 else None
    return NewMemory(
        content=f"{' '.join(chance.choices(_WORDS, k=chance.randint(2, 6)))} {at}", store_name=chance.choice("ab"),
        type=chance.choice(["fact", "turn", "event"]), importance=chance.choice([0, 0.3, 1]),
        pinned=chance.random() < 0.05, scope=chance.choice([[], [], ["work"], ["home", "work"]]),
        aliases=[chance.choice(_WORDS) + "ish"] if chance.random() < 0.1 else [],
        speaker=chance.choice([None, "Anna", "Ben"]), said_at=said, conversation=chance.choice([None, "c1", "c2"]),
        expires_at=datetime.now(UTC) + timedelta(days=3) if chance.random() < 0.1 else None,
    )  # fmt: skip


def _query(chance: random.Random) -> Query:
    return Query(
        query=" ".join(chance.choices([*_WORDS, "riverish", "March"], k=chance.randint(1, 5))), limit=100,
        store_name=chance.choice([None, "a", "b"]), types=chance.choice([[], ["fact"], ["turn", "event"]]),
        scope=chance.choice([None, None, ["work"], ["garden"]]), conversation=chance.choice([None, None, "c1"]),
        min_similarity=chance.choice([None, None, 0, 0.4]), pinned=chance.random() < 0.8,
    )  # fmt: skip


async def _change(tx: Tx, chance: random.Random, ids: list[Any]) -> None:
    """Whatever may become of memories, by SQL, past everything that might have told."""
    some = chance.sample(ids, min(len(ids), 4))
    what = chance.randrange(6)
    if what == 0:
        await store.delete(tx, some)
    elif what == 1:
        await store.used(tx, some)
    elif what == 2:
        await tx.run("update memories set expires_at = current_timestamp where id = any($1)", some)
    elif what == 3:
        await tx.run("update memories set status = 'superseded', valid_to = greatest(valid_from, current_timestamp)"
                     " where id = any($1)", some)  # fmt: skip
    elif what == 4:
        await tx.run(
            "update memories set importance = 0.9, pinned = not pinned, speaker = 'Cleo' where id = any($1)", some
        )
    else:
        for id_ in some:
            name, dimension = chance.choice(list(_MODELS.items()))
            await tx.run(
                "update memories set embedding = $2::text::vector, embedding_model = $3, embedding_dimension = $4,"
                " embed_due = null where id = $1", id_, written(_vector(str(chance.random()), dimension)), name, dimension,
            )  # fmt: skip


def _same(one: Found, other: Found) -> None:
    """But for the order of what ranks equal and the rounding of sums."""
    assert one.searched == other.searched
    mine, theirs = ({result.memory.id: result for result in found.results} for found in (one, other))
    assert mine.keys() == theirs.keys()
    for id_, result in mine.items():
        assert result.score == pytest.approx(theirs[id_].score, abs=1e-5)
        assert result.similarity == pytest.approx(theirs[id_].similarity, abs=1e-5)
        assert {why.kind: why.detail for why in result.why} == {why.kind: why.detail for why in theirs[id_].why}


@pytest.mark.parametrize("seed", range(6))
async def test_what_is_held_answers_as_the_database_does(server: Server, callers: Callers, seed: int):
    chance = random.Random(seed)
    caller = replace(caller_of(callers.tenant), user_id=callers.member_id)
    memory = server.app.state.memory
    held, database = Search(2**26), Search(0)
    async with memory.vectors._working:
        for turn in range(12):
            await memory.add(caller, [_new(chance, turn * 100 + n) for n in range(chance.randint(1, 12))])
            async with caller.db(server.database).tx() as tx:
                ids = [row["id"] for row in await tx.all("select id from memories order by number")]
                for _ in range(chance.randint(0, 5)):
                    await _change(tx, chance, ids)
            for _ in range(4):
                query = _query(chance)
                asked = Questions(
                    "one", _vector(query.query, 5), "two", _vector(query.query, 3) if chance.random() < 0.7 else None
                )
                async with caller.db(server.database).tx() as tx:
                    stores = await store.stores(tx)
                    one, other = [await search.search(tx, query, stores, asked) for search in (held, database)]
                _same(one, other)


async def test_what_is_not_committed_is_seen_once_it_is_whatever_the_order(server: Server, callers: Callers):
    caller = replace(caller_of(callers.tenant), user_id=callers.member_id)
    first = (await add(callers.member, "The goat is old."))["memory"]["id"]
    second = (await add(callers.member, "The boat is old."))["memory"]["id"]

    async def pinned() -> set[str]:
        answer = await callers.member.post("/api/memory/search", {"query": "old", "limit": 10})
        return {r["memory"]["id"] for r in answer.json()["results"] if "pinned" in {why["kind"] for why in r["why"]}}

    assert await pinned() == set()
    async with caller.db(server.database).tx() as early:
        await early.run("update memories set pinned = true where id = $1", first)
        async with caller.db(server.database).tx() as late:
            await late.run("update memories set pinned = true where id = $1", second)
        assert await pinned() == {second}
    assert await pinned() == {first, second}
    await callers.member.post("/api/memory/forget", {"all": True})
    assert await listed(callers.member) == []
    assert await pinned() == set()
