"""Search among passages: one read transaction beside a few milliseconds of arithmetic, and no model call.

A module of its own, read with the first search, since numpy is large (tests/architecture/test_start.py)."""

import asyncio
from collections.abc import Mapping, Sequence

import numpy as np

from radiant.ai.retrieval import scores
from radiant.ai.retrieval.embedding import Questions, written
from radiant.ai.retrieval.packing import packed
from radiant.ai.retrieval.scores import Floats, Places
from radiant.ai.retrieval.terms import query_terms
from radiant.ai.routing.words import text_tokens
from radiant.infra.db import Row, Tx
from radiant.workspace.documents import passages_store, ranking, search_store
from radiant.workspace.documents.indexing import HEADING
from radiant.workspace.documents.ranking import Columns, Ranked, Term
from radiant.workspace.documents.schemas import (
    DocumentQuery,
    FoundDocument,
    FoundPassage,
    FoundPassages,
    Passage,
    QuoteSpan,
)
from radiant.workspace.documents.search_store import Filter

# Up to so many passages in the bases every one is looked at; of more, the best of each leg and their neighbours are.
MOST_EXACT = 10_000
_CANDIDATES = 200
# A term that more passages hold tells little.
_MOST_POSTINGS = 20_000
_MOST_WORDS = 64
_OVERHEAD_TOKENS = 24

_NONE, _NEVER = np.zeros(0, np.int64), np.zeros(0)


class _Posting:
    __slots__ = ("counts", "held", "places")

    def __init__(self, row: Row) -> None:
        self.held: int = int(row["held"])
        self.places: Places = np.frombuffer(row["places"], ">i8").astype(np.int64)
        self.counts: Floats = np.frombuffer(row["counts"], ">i2").astype(np.float64)


async def search(tx: Tx, query: DocumentQuery, bases: Sequence[Row], asked: Questions) -> FoundPassages:
    """The passages that answer a query."""
    which = Filter([row["id"] for row in bases], query.document_ids)
    groups = query_terms(query.query, {language for row in bases for language in row["languages"]})[:_MOST_WORDS]
    plain = [term for group in groups for term in group]
    wanted = [*plain, *(HEADING + term for term in plain)]
    rows = await search_store.postings(tx, which, wanted, _MOST_POSTINGS)
    postings = {row["term"]: _Posting(row) for row in rows}
    total = sum(row["passages"] for row in bases)
    places = None
    if total > MOST_EXACT:
        places = await _candidates(tx, which, list(postings.values()), asked, total)
    of = Columns.of(dict(await search_store.columns(tx, which, asked.written(), places)))
    if not len(of.places):
        return FoundPassages(results=[], tokens=0, searched=0)
    called = await search_store.called(tx, which, plain)
    terms = _terms(groups, postings, called, of)
    ranked = await asyncio.to_thread(
        ranking.rank, of, terms, scores.floor_of(asked.model), query.min_similarity, None if places is None else total
    )  # fmt: skip
    return await _found(tx, query, which, of, ranked, groups)


async def _candidates(tx: Tx, which: Filter, postings: Sequence[_Posting], asked: Questions, total: int) -> list[int]:
    """Places of passages that may be among the best: by words, by meaning, and what stands beside them."""
    chosen: set[int] = set()
    if postings:
        held = np.concatenate([each.places for each in postings])
        weight = np.concatenate([np.full(len(each.places), scores.idf(each.held, total)) for each in postings])
        distinct, inverse = np.unique(held, return_inverse=True)
        sums = np.bincount(inverse, weight)
        chosen.update(distinct[np.argsort(-sums, kind="stable")[:_CANDIDATES]].tolist())
    for model, vector in ((asked.model, asked.vector), (asked.former_model, asked.former_vector)):
        if model is not None and vector is not None:
            near = await search_store.nearest(tx, which, model, len(vector), written(vector), _CANDIDATES)
            chosen.update(near)
    # Passages of a document have places in a row, but where a batch begins; what stands beside another document's is too
    # little to matter.
    return sorted({place + step for place in chosen for step in (-1, 0, 1)})


def _terms(
    groups: Sequence[tuple[str, ...]], postings: Mapping[str, _Posting], called: Sequence[Row], of: Columns
) -> list[Term]:
    """For each word of the question where it stands. Postings of passages that may not be found fall away."""
    order = np.argsort(of.places)
    ordered = of.places[order]

    def here(terms: Sequence[str]) -> tuple[Places, Floats, int]:
        held = [postings[term] for term in terms if term in postings]
        places = np.concatenate([_NONE, *(each.places for each in held)])
        counts = np.concatenate([_NEVER, *(each.counts for each in held)])
        at = np.minimum(np.searchsorted(ordered, places), len(ordered) - 1)
        there = ordered[at] == places if len(places) else np.zeros(0, bool)
        return order[at[there]], counts[there], sum(each.held for each in held)

    found: list[Term] = []
    for group in groups:
        at, counts, held = here(group)
        headed, _, _ = here([HEADING + term for term in group])
        so = [row["number"] for row in called if set(row["terms"]) & set(group)]
        found.append(Term(group[0], at, counts, headed, np.flatnonzero(np.isin(of.documents, so)), held))
    return found


async def _found(
    tx: Tx, query: DocumentQuery, which: Filter, of: Columns, ranked: Ranked, groups: Sequence[tuple[str, ...]]
) -> FoundPassages:
    chosen = [int(at) for at in ranked.order if ranked.fits[at]][: query.limit]
    rows = {
        row["place"]: row
        for row in await passages_store.at_places(tx, which.bases, of.places[chosen].tolist())
    }  # fmt: skip
    total = max(len(of.places), 1)
    weights = {
        form: scores.idf(min(term.held, total), total)
        for group, term in zip(groups, ranked.terms, strict=True)
        for form in group
    }
    results: list[FoundPassage] = []
    for at in chosen:
        row = rows.get(int(of.places[at]))
        if row is None:
            continue
        start, end = ranking.quote(row["content"], weights, row["language"] or "en")
        results.append(
            FoundPassage(
                passage=Passage.of(row), document=FoundDocument.of(row), base_name=row["base_name"],
                score=round(float(ranked.score[at]), 6),
                similarity=None if np.isnan(of.cosine[at]) else round(float(of.cosine[at]), 6),
                tokens=text_tokens(len(row["content"])) + _OVERHEAD_TOKENS, why=ranking.why(of, ranked, at),
                quote=QuoteSpan(start=row["starts"] + start, end=row["starts"] + end),
            )
        )  # fmt: skip
    results = packed(results, query.token_budget)
    return FoundPassages(results=results, tokens=sum(one.tokens for one in results), searched=len(of.places))
