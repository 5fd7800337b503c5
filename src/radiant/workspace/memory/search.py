"""Searching: columns from the database, ranking beside it, then the memories themselves."""

import asyncio
from collections.abc import Mapping, Sequence
from uuid import UUID

import numpy as np

from radiant.ai.retrieval import scores
from radiant.ai.retrieval.embedding import Questions, written
from radiant.ai.retrieval.packing import packed
from radiant.ai.retrieval.scores import Places
from radiant.ai.retrieval.terms import query_terms
from radiant.ai.routing.words import text_tokens
from radiant.infra.db import Row, Tx
from radiant.workspace.memory import aliases, ranking, relations_store, search_store, store
from radiant.workspace.memory.held import Held, Posting, postings_of
from radiant.workspace.memory.ranking import Columns, Ranked, Term
from radiant.workspace.memory.schemas import FACT_OF, Found, Memory, Query, Reason, Result

# Up to so many memories of a person every one is looked at; of more, the best of each leg and their neighbours are.
MOST_EXACT = 10_000
_CANDIDATES = 400
# A term that more memories hold tells little.
_MOST_POSTINGS = 20_000
_MOST_FACTS = 400
_MOST_PINNED = 20
_MOST_EDGES = 200
# What a step over a relationship keeps of a score.
_STEP = 0.5
_OVERHEAD_TOKENS = 8
# Where no vector tells.
_DIMENSION = 384

_NONE, _NEVER = np.zeros(0, np.int64), np.zeros(0)


class Search:
    """Made once a process, which holds no more than so many bytes of people's memories."""

    def __init__(self, held_bytes: int) -> None:
        self._held = Held(held_bytes)

    async def search(self, tx: Tx, query: Query, stores: Sequence[Row], asked: Questions) -> Found:
        """The memories that answer a query. `stores`: all of the caller's. One read transaction, no model call."""
        mine = [row for row in stores if query.store_name in (None, row["store_name"])]
        groups = query_terms(query.query, {language for row in mine for language in row["languages"]})
        asked_terms = [term for group in groups for term in group]
        dimension = len(asked.vector) if asked.vector is not None else _DIMENSION
        seen = await self._held.see(tx, query, sum(row["total_memories"] for row in stores), dimension)
        total = None
        if seen is not None:
            postings = await seen.postings(tx, asked_terms)
            of = seen.columns(query, [row["id"] for row in mine], asked)
        else:
            postings = postings_of(await search_store.postings(tx, asked_terms, _MOST_POSTINGS))
            total = sum(row["total_memories"] for row in mine)
            numbers = None
            if total > MOST_EXACT:
                numbers = await _candidates(
                    tx, [postings[term] for term in asked_terms if term in postings], asked, total
                )
            row = await search_store.columns(
                tx, search_store.Filter(query.store_name, query.scope, query.as_of), asked.written(), query.types,
                query.conversation, numbers,
            )  # fmt: skip
            of = Columns.of(dict(row), search_store.RECORD)
            if numbers is None:
                total = None
        if not len(of.numbers):
            return Found(results=[], tokens=0, searched=0, embedding_model=asked.model)
        of.alias = aliases.matched(query.query, of.alias, search_store.SEPARATOR)
        terms = _terms(groups, postings, of)
        facts = await _facts_of(tx, of, terms)
        ranked = await asyncio.to_thread(
            ranking.rank, of, query.query, terms, facts, scores.floor_of(asked.model), query.min_similarity, total
        )
        return await _found(tx, query, of, ranked, asked.model)


async def _candidates(tx: Tx, postings: Sequence[Posting], asked: Questions, total: int) -> list[int]:
    """Numbers of memories that may be among the best: by words, by meaning, and what stands beside them."""
    chosen: set[int] = set()
    if postings:
        held = np.concatenate([numbers for numbers, _ in postings])
        weight = np.concatenate([np.full(len(numbers), scores.idf(len(numbers), total)) for numbers, _ in postings])
        distinct, inverse = np.unique(held, return_inverse=True)
        sums = np.bincount(inverse, weight)
        chosen.update(distinct[np.argsort(-sums, kind="stable")[:_CANDIDATES]].tolist())
    for model, vector in ((asked.model, asked.vector), (asked.former_model, asked.former_vector)):
        if model is not None and vector is not None:
            chosen.update(await search_store.nearest(tx, model, len(vector), written(vector), _CANDIDATES))
    chosen.update(await search_store.neighbours(tx, list(chosen)))
    return sorted(chosen)


def _terms(groups: Sequence[tuple[str, ...]], postings: Mapping[str, Posting], of: Columns) -> list[Term]:
    """For each word of the question where it stands. Postings of memories that may not be found fall away."""
    found: list[Term] = []
    for group in groups:
        held = [postings[term] for term in group if term in postings]
        numbers = np.concatenate([_NONE, *(each for each, _ in held)])
        counts = np.concatenate([_NEVER, *(each for _, each in held)])
        places = _places(of, numbers)
        there = places >= 0
        found.append(Term(group[0], places[there], counts[there], len(numbers)))
    return found


def _places(of: Columns, numbers: Places) -> Places:
    """Where memories stand, -1 for nowhere. There are some, by ascending number."""
    at = np.minimum(np.searchsorted(of.numbers, numbers), len(of.numbers) - 1)
    return np.where(of.numbers[at] == numbers, at, -1)


async def _facts_of(tx: Tx, of: Columns, terms: Sequence[Term]) -> list[tuple[int, int]]:
    """Facts among the memories that touch the question, with what they were extracted from."""
    near = np.where(np.isnan(of.cosine), 0.0, of.cosine)
    for term in terms:
        near[term.places] += 1
    likely = np.argpartition(-near, _MOST_FACTS)[:_MOST_FACTS] if len(near) > _MOST_FACTS else np.arange(len(near))
    rows = await relations_store.facts(tx, FACT_OF, of.numbers[likely].tolist())
    facts = _places(of, np.array([row["fact"] for row in rows], np.int64))
    sources = _places(of, np.array([row["source"] for row in rows], np.int64))
    return [(fact, source) for fact, source in zip(facts, sources, strict=True) if fact >= 0 and source >= 0]


async def _found(tx: Tx, query: Query, of: Columns, ranked: Ranked, model: str | None) -> Found:
    order = ranked.order[~of.pinned[ranked.order]] if query.pinned else ranked.order
    chosen: list[int] = order[: query.limit].tolist()
    pinned: list[int] = np.flatnonzero(of.pinned & of.wanted)[:_MOST_PINNED].tolist() if query.pinned else []
    facts = [ranked.facts[place] for place in chosen if place in ranked.facts]
    numbers: dict[int, int] = {place: int(of.numbers[place]) for place in {*chosen, *pinned, *facts}}
    memories = await store.by_numbers(tx, list(numbers.values()))
    texts = {place: memories[numbers[place]].content for place in facts if numbers[place] in memories}
    results = [
        Result(
            memory=memories[numbers[place]], score=round(float(ranked.score[place]), 6), similarity=_similarity(of, place),
            tokens=_tokens(memories[numbers[place]]), why=ranking.why(of, ranked, place, texts),
        )
        for place in [*pinned, *chosen]
        if numbers[place] in memories
    ]  # fmt: skip
    if query.hops:
        results = await _with_related(tx, query, results, len(pinned))
    results = packed(results, query.token_budget)
    return Found(
        results=results, tokens=sum(r.tokens for r in results), searched=len(of.numbers), embedding_model=model
    )


def _similarity(of: Columns, place: int) -> float | None:
    return None if np.isnan(of.cosine[place]) else round(float(of.cosine[place]), 6)


def _tokens(memory: Memory) -> int:
    return text_tokens(len(memory.content)) + _OVERHEAD_TOKENS


async def _with_related(tx: Tx, query: Query, results: list[Result], pinned: int) -> list[Result]:
    """Results and what they are related to, each step keeping its share of the score; no more than the limit, besides
    those that are pinned."""
    score = {result.memory.id: result.score for result in results}
    via: dict[UUID, tuple[UUID, str]] = {}
    edge = [result.memory.id for result in results[pinned:]]
    for _ in range(query.hops):
        reached: list[UUID] = []
        for row in await relations_store.around(tx, edge, _MOST_EDGES):
            if row["relationship_type"] == FACT_OF:
                continue
            passed = score[row["near"]] * row["strength"] * _STEP
            if row["far"] not in score:
                score[row["far"]], via[row["far"]] = passed, (row["near"], row["relationship_type"])
                reached.append(row["far"])
        edge = reached
        if not edge:
            break
    memories = await store.get_many(tx, via)
    contents = {result.memory.id: result.memory.content for result in results} | {
        id_: memory.content for id_, memory in memories.items()
    }
    allowed = [
        memory for memory in memories.values()
        if (query.store_name is None or memory.store_name == query.store_name)
        and (not query.types or memory.memory_type in query.types)
        and (query.scope is None or not memory.scope or set(query.scope) & set(memory.scope))
    ]  # fmt: skip
    more = [
        Result(
            memory=memory, score=round(score[memory.id], 6), similarity=None, tokens=_tokens(memory),
            why=[Reason(kind="related", detail=f"{via[memory.id][1]}: {contents[via[memory.id][0]][:200]}")],
        )
        for memory in allowed
    ]  # fmt: skip
    ranked = sorted([*results[pinned:], *more], key=lambda r: -r.score)
    return [*results[:pinned], *ranked[: query.limit]]
