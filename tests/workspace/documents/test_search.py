"""What is found: by words, by meaning, by what stands around and above; and that nothing is where nothing fits."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from radiant.workspace.documents import ranking
from radiant.workspace.documents import search as search_module
from tests.kit.fixtures import Callers
from tests.kit.server import Client, Server
from tests.workspace.documents.kit import BASES, embed_all, make_base, put_text, read_all, search

HANDBOOK = {
    "leave.md": "# Leave\n\n## Parents\n\nWhoever becomes a mother or a father stays at home for sixteen weeks on full pay.\n",
    "ill.md": "# Illness\n\nWhoever feels sick calls their lead before nine. From the third day on a doctor's certificate is"
    " needed.\n",
    "money.md": "# Expenses\n\n## Meals\n\nUp to 40 euros a day are paid back against a receipt.\n",
    "travel.md": "# Travel\n\nTrains are booked in second class. Flights are for more than 600 kilometres.\n",
    "codes.md": "# Error codes\n\nE-4711 means that the pump is dry.\n\nE-4712 means that the pump is blocked.\n",
    "garden.md": "# Roof garden\n\nThe roof is open until ten at night. Barbecues are not allowed.\n",
}  # fmt: skip
# A question and what its first result says: by words alone, by meaning alone, by a heading, by a number.
QUESTIONS = {
    "How long may new parents be absent?": "sixteen weeks",
    "error E-4712": "blocked",
    "reimbursement for lunch": "40 euros",
    "may we grill up there": "Barbecues",
    "second class trains": "600 kilometres",
}
NOWHERE = ["the orbit of Jupiter's moons", "how to bake sourdough bread", "who won the 1998 world cup"]


async def _handbook(client: Client, server: Server) -> str:
    base = await make_base(client)
    for name, text in HANDBOOK.items():
        await put_text(client, base, name, text)
    await read_all(server)
    await embed_all(server)
    return base


async def test_questions_find_what_words_or_meaning_alone_would_miss_and_nothing_where_nothing_fits(
    server: Server, callers: Callers, small_models: Path
) -> None:
    await _handbook(callers.member, server)
    missed = {
        question: [one["passage"]["text"] for one in found]
        for question, wanted in QUESTIONS.items()
        if not (found := await search(callers.member, question)) or wanted not in found[0]["passage"]["text"]
    }
    assert missed == {}
    for question in NOWHERE:
        assert await search(callers.member, question) == [], question
        assert len(await search(callers.member, question, min_similarity=0)) > 3


async def test_limits_budgets_and_named_documents_narrow_a_search(
    server: Server, callers: Callers, small_models: Path
) -> None:
    base = await _handbook(callers.member, server)
    every = await search(callers.member, "pump", min_similarity=0, limit=50)
    assert len(await search(callers.member, "pump", min_similarity=0, limit=2)) == 2
    budget = every[0]["tokens"] + every[1]["tokens"]
    answer = await callers.member.post(
        "/api/documents/search", {"query": "pump", "min_similarity": 0, "token_budget": budget}
    )
    assert answer.json()["tokens"] == sum(one["tokens"] for one in answer.json()["results"]) <= budget
    documents = (await callers.member.get(f"{BASES}/{base}/documents")).json()["items"]
    leave = next(d["id"] for d in documents if d["name"] == "leave.md")
    only = await search(callers.member, "pump", min_similarity=0, limit=50, document_ids=[leave])
    assert {one["document"]["name"] for one in only} == {"leave.md"}


async def test_beyond_the_exact_search_the_same_is_found(
    server: Server, callers: Callers, small_models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _handbook(callers.member, server)
    exact = {q: (await search(callers.member, q))[0]["passage"]["id"] for q in QUESTIONS}
    monkeypatch.setattr(search_module, "MOST_EXACT", 2)
    assert {q: (await search(callers.member, q))[0]["passage"]["id"] for q in QUESTIONS} == exact


async def test_a_new_model_makes_new_vectors_while_search_goes_on(
    server: Server, callers: Callers, small_models: Path, owner: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = await _handbook(callers.member, server)
    documents = server.app.state.documents
    many = documents._embedder.many

    async def as_minilm(caller: Any, model: str, texts: Any) -> Any:
        return await many(caller, "all-minilm-l6-v2", texts)

    monkeypatch.setattr(documents._embedder, "many", as_minilm)
    async with documents.vectors._working:
        changed = await callers.member.send("PATCH", f"{BASES}/{base}", json={"embedding_model": "another"})
        assert (changed.json()["embedding_model"], changed.json()["embedded"]) == ("another", 0)
        (found, *_) = await search(callers.member, "may we grill up there")
        assert found["similarity"] is not None
        assert "Barbecues" in found["passage"]["text"]
    await embed_all(server)
    assert await owner.fetch("select distinct embedding_model from document_passages") == [("another",)]
    assert await owner.fetchval("select former_model from knowledge_bases") is None
    base_now = (await callers.member.get(f"{BASES}/{base}")).json()
    assert base_now["embedded"] == base_now["passages"]


async def test_counts_are_exact_whoever_adds_and_deletes_at_once(
    server: Server, callers: Callers, small_models: Path
) -> None:
    base = await make_base(callers.member)

    async def work(part: int) -> None:
        made = [await put_text(callers.member, base, f"{part}-{n}.txt", f"Part {part} has {n}.") for n in range(4)]
        await read_all(server)
        await callers.member.delete(f"/api/documents/documents/{made[0]['id']}")

    await asyncio.gather(*map(work, range(4)))
    await read_all(server)
    await embed_all(server)
    held = (await callers.member.get(f"{BASES}/{base}")).json()
    assert (held["documents"], held["passages"], held["embedded"]) == (12, 12, 12)


def test_the_quote_is_the_sentence_that_holds_most_of_the_question() -> None:
    content = "# Meals\n\nBreakfast is at 8.30 a.m. in the hall. Up to 40 euros are paid back! See the list."
    start, end = ranking.quote(content, {"euro": 2.0, "paid": 1.0}, "en")
    assert content[start:end] == "Up to 40 euros are paid back!"
    start, end = ranking.quote(content, {"hall": 1.0}, "en")
    assert content[start:end].endswith("in the hall.")
    assert ranking.quote("no end", {}, "en") == (0, 6)
    # Lines that were broken within a sentence belong together; those of a list or below a heading do not.
    wrapped = (
        "# A heading that is long enough to be a line\nThe conference hotel is on Harbour Street, and\nRooms are held until"
        " the first of May. It is near.\n- an item that is long enough to be a line of its own\n- another"
    )
    start, end = ranking.quote(wrapped, {"hotel": 1.0, "room": 1.0}, "en")
    assert wrapped[start:end].startswith("The conference hotel is")
    assert wrapped[start:end].endswith("until the first of May.")
    start, end = ranking.quote(wrapped, {"item": 1.0}, "en")
    assert wrapped[start:end].endswith("a line of its own")
