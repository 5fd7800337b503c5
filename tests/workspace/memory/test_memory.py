"""Memories through HTTP; the flaws of sections 22 and 13 by their numbers."""

import asyncio
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from radiant.ai.retrieval import filling
from radiant.ai.retrieval.embedding import written
from radiant.ai.retrieval.filling import Filling
from radiant.workspace.memory import search as search_module
from radiant.workspace.memory import search_store
from radiant.workspace.memory.schemas import Query
from radiant.workspace.memory.search import Search
from tests.ai.routing.test_auto import caller_of
from tests.kit.fixtures import Callers
from tests.kit.postgres import Dsns, dump
from tests.kit.server import Server
from tests.kit.upstream import Upstream
from tests.workspace.memory.kit import MEMORIES, add, contents, embedded, listed, search
from tests.workspace.turns.test_turns import ask, chat_of, events


async def test_a_memory_is_found_by_its_words_at_once_and_by_its_meaning_soon(
    server: Server, callers: Callers, small_models: Path
):
    await add(callers.member, "The cat sleeps on the radiator every afternoon.")
    assert await contents(callers.member, "Where does the cat sleep?") == [
        "The cat sleeps on the radiator every afternoon."
    ]
    deadline = time.monotonic() + 10
    while not (await listed(callers.member))[0]["embedded"]:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)
    (found,) = await search(callers.member, "a kitten naps in the warmth at noon")
    assert found["similarity"] > 0.35
    assert "meaning" in {reason["kind"] for reason in found["why"]}
    assert await search(callers.member, "quarterly tax deadlines of the company") == []


async def test_where_the_vector_of_a_question_takes_long_words_decide_and_it_is_there_the_next_time(
    server: Server, callers: Callers, small_models: Path, monkeypatch: pytest.MonkeyPatch
):
    await add(callers.member, "The cat sleeps on the radiator.")
    await embedded(server)
    memory = server.app.state.memory
    caller = replace(caller_of(callers.tenant), user_id=callers.member_id)
    making, many = asyncio.Event(), memory._embedder.many

    async def slowly(*asked: Any) -> Any:
        await making.wait()
        return await many(*asked)

    monkeypatch.setattr(memory._embedder, "many", slowly)
    query = Query(query="Where does the cat sleep?")
    (found,) = (await memory.search(caller, query, patience=0.01)).results
    assert found.similarity is None
    making.set()
    async with asyncio.timeout(10):
        while (await memory.search(caller, query, patience=0.01)).results[0].similarity is None:
            await asyncio.sleep(0.01)


async def test_ten_adds_are_one_memory_with_evidence(callers: Callers, server: Server):
    outcomes = [
        (await add(callers.member, text))["outcome"] for text in ["I have two cats."] * 9 + ["i have two  cats"]
    ]
    assert outcomes == ["added"] + ["repeated"] * 9
    (memory,) = await listed(callers.member)
    assert memory["evidence"] == 10


async def test_love_then_hate_leaves_one_that_holds_and_keeps_the_other_as_history(callers: Callers, server: Server):
    love = (await add(callers.member, "I love Chinese food"))["memory"]
    hate = await add(callers.member, "I hate Chinese food")
    assert (hate["outcome"], hate["superseded"]) == ("superseded", [love["id"]])
    assert [m["content"] for m in await listed(callers.member, state="current")] == ["I hate Chinese food"]
    (old,) = await listed(callers.member, state="superseded")
    assert (old["id"], old["superseded_by"]) == (love["id"], hate["memory"]["id"])
    assert await contents(callers.member, "Chinese food") == ["I hate Chinese food"]
    history = (await callers.member.get(f"{MEMORIES}/{love['id']}/history")).json()["items"]
    assert [(h["what"], h["before"], h["after"]) for h in history] == [
        ("superseded", "I love Chinese food", "I hate Chinese food"),
        ("added", None, "I love Chinese food"),
    ]
    again = (await callers.member.post(f"{MEMORIES}/{love['id']}/restore")).json()
    assert again["state"] == "current"
    assert [m["content"] for m in await listed(callers.member, state="current")] == ["I love Chinese food"]


async def test_what_comes_late_goes_in_as_history_and_the_end_is_the_same(callers: Callers, server: Server):
    said = [("I live in Oslo", "2026-01-01"), ("I live in Rome", "2026-03-01"), ("I live in Lima", "2026-05-01")]
    for store_name, order in (("in order", (0, 1, 2)), ("late", (2, 0, 1)), ("backwards", (2, 1, 0))):
        for place in order:
            text, day = said[place]
            await add(callers.member, text, store_name=store_name, said_at=f"{day}T00:00:00Z")
        held = {m["content"]: m for m in await listed(callers.member, store_name=store_name)}
        assert [held[text]["state"] for text, _ in said] == ["superseded", "superseded", "current"], store_name
        assert [held[text]["valid_to"] for text, _ in said] == [
            said[1][1] + "T00:00:00Z",
            said[2][1] + "T00:00:00Z",
            None,
        ]
    then = await contents(callers.member, "Where do I live?", store_name="late", as_of="2026-03-15T00:00:00Z")
    assert then == ["I live in Rome"]


async def test_two_things_that_are_liked_do_not_contradict(callers: Callers, server: Server):
    for text in ("I love sushi", "I love pasta", "I hate olives"):
        assert (await add(callers.member, text))["outcome"] == "added"
    assert len(await listed(callers.member, state="current")) == 3


async def test_what_is_not_sure_waits_for_a_review_and_both_are_kept(callers: Callers, server: Server):
    slot = {"subject": "user", "attribute": "favourite", "qualifier": "colour"}
    at = {"happened_at": "2026-01-01T00:00:00Z"}
    blue = (await add(callers.member, "Blue.", slot=slot | {"value": "blue"}, **at))["memory"]
    red = await add(callers.member, "Red.", slot=slot | {"value": "red"}, **at)
    assert (red["outcome"], red["memory"]["state"]) == ("review", "needs_review")
    assert (await callers.member.get(f"{MEMORIES}/{blue['id']}")).json()["state"] == "current"
    confirmed = await callers.member.post(f"{MEMORIES}/{red['memory']['id']}/confirm")
    assert confirmed.json()["state"] == "current"
    assert (await callers.member.get(f"{MEMORIES}/{blue['id']}")).json()["superseded_by"] == red["memory"]["id"]
    assert (await callers.member.post(f"{MEMORIES}/{blue['id']}/confirm")).status == 409


async def test_what_says_nearly_the_same_is_evidence_but_not_with_other_figures(
    server: Server, callers: Callers, small_models: Path
):
    first = (await add(callers.member, "The meeting with the bank is on 3 May at noon in Berlin"))["memory"]
    await embedded(server)
    await add(callers.member, "The meeting with the bank is on 3 May at noon, in Berlin")
    await add(callers.member, "The meeting with the bank is on 4 May at noon in Berlin")
    await add(callers.member, "The meeting with the bank is not on 3 May at noon in Berlin")
    await embedded(server)
    current = {m["content"]: m for m in await listed(callers.member, state="current")}
    assert len(current) == 3
    assert current[first["content"]]["evidence"] == 2


async def test_a_retry_adds_nothing(callers: Callers, server: Server):
    headers = {"Idempotency-Key": "k"}
    one, two = [(await callers.member.post(MEMORIES, {"content": "Once."}, headers=headers)).json() for _ in range(2)]
    assert [(each["memory"]["id"], each["outcome"]) for each in (one, two)] == [(one["memory"]["id"], "added")] * 2
    assert (await listed(callers.member))[0]["evidence"] == 1
    await callers.member.post("/api/memory/forget", {"all": True})
    gone = await callers.member.post(MEMORIES, {"content": "Once."}, headers=headers)
    assert (gone.status, "make a new one" in gone.json()["detail"]) == (404, True)
    assert await listed(callers.member) == []


async def test_facts_raise_the_turns_that_they_were_extracted_from(
    server: Server, callers: Callers, small_models: Path
):
    turns = [
        (await add(
            callers.member, text, speaker=who, said_at=f"2026-05-0{day}T10:00:00Z", conversation="c", type="turn"
        ))["memory"]
        for day, (who, text) in enumerate(
            [("Ann", "Guess what, it happened!"), ("Ben", "No way!"), ("Ann", "Yes. He is brown and barks a lot.")], 1
        )
    ]  # fmt: skip
    await add(callers.member, "Ann got a dog", facts_of=[turns[2]["id"]])
    await embedded(server)
    (first, *_) = await search(callers.member, "Does Ann have a dog?", min_similarity=0)
    assert first["memory"]["id"] == turns[2]["id"]
    assert {"fact", "speaker"} <= {reason["kind"] for reason in first["why"]}
    month = await search(callers.member, "What did Ben say in May 2026?", min_similarity=0)
    assert "time" in {reason["kind"] for reason in month[0]["why"]}
    refused = await callers.member.post(MEMORIES, {"content": "x", "facts_of": [str(callers.member_id)]})
    assert refused.status == 404


async def test_names_pins_scopes_and_budgets(callers: Callers, server: Server):
    await add(callers.member, "Deploys run on EKS.", aliases=["k8s", "kubernetes"], scope=["code"])
    await add(callers.member, "Mara plays the piano.", aliases=["Mara"], scope=["novel"])
    await add(callers.member, "Answer in short sentences.", pinned=True)
    pinned, named = await search(callers.member, "what about k8s?", scope=["code"])
    assert [pinned["why"][0]["kind"], named["why"][0]["kind"]] == ["pinned", "alias"]
    assert await contents(callers.member, "kubernets", scope=["code"], pinned=False) == ["Deploys run on EKS."]
    assert await contents(callers.member, "tell me about Mara", scope=["code"], pinned=False) == []
    assert await contents(callers.member, "", pinned=False) == []
    assert await contents(callers.member, "k8s and Mara", token_budget=1) == []


async def test_a_german_memory_is_found_by_another_form_of_its_words(callers: Callers, server: Server):
    await add(callers.member, "Meine Großmutter hat uns damals jeden Sonntag Geschichten aus Ostpreußen erzählt.")
    await add(callers.member, "昨日、東京で寿司を食べました。")
    assert len(await contents(callers.member, "Geschichte der Großmutter aus Ostpreußen")) == 1
    assert await contents(callers.member, "東京で寿司") == ["昨日、東京で寿司を食べました。"]


# --- the flaws of section 22 ---


async def test_f22_1_importance_0_is_0(callers: Callers, server: Server):
    assert (await add(callers.member, "A trifle.", importance=0))["memory"]["importance"] == 0
    (memory,) = await listed(callers.member)
    patched = await callers.member.patch(f"{MEMORIES}/{memory['id']}", {"importance": 1})
    assert patched.json()["importance"] == 1
    assert (await callers.member.patch(f"{MEMORIES}/{memory['id']}", {"importance": 0})).json()["importance"] == 0


async def test_what_is_forgotten_is_nowhere_in_the_database(
    callers: Callers, server: Server, small_models: Path, upstream: Upstream, dsns: Dsns
):
    """Row, vector, postings, relationships, evidence, history, what was replaced, what answers were told."""
    slot = {"subject": "me", "attribute": "home", "value": "Quixotia"}
    chat_id = await chat_of(callers.member)
    headers = {"Idempotency-Key": "k"}
    for way in ("ids", "store", "all", "everything", "person"):
        new = {"content": "My home is in Quixotia.", "slot": slot, "aliases": ["quixotica"], "store_name": "s"}
        first = (await callers.member.post(MEMORIES, new, headers=headers)).json()["memory"]["id"]
        await add(callers.member, "I went to Quixotia by boat", store_name="s", speaker="Quixotius", conversation="c")
        edited = (await add(callers.member, "Quixotic boats are slow", store_name="s"))["memory"]["id"]
        change = {"content": "Boats of quixotics are slow."}
        assert (await callers.member.send("PATCH", f"{MEMORIES}/{edited}", json=change)).status == 200
        edge = {"target_memory_id": edited, "relationship_type": "quixotic"}
        assert (await callers.member.post(f"{MEMORIES}/{first}/relationships", edge)).status == 201
        moved = {"content": "My home is in Oslo.", "slot": slot | {"value": "Oslo"}, "store_name": "s"}
        assert (await callers.member.post(MEMORIES, moved)).json()["superseded"] == [first]
        await embedded(server)
        turn = await ask(callers.member, chat_id, "By which boat did I go?")
        await events(callers.member, turn["run_id"])
        assert (await asyncio.to_thread(dump, dsns.owner)).lower().count(b"uixoti") >= 10
        if way == "ids":
            everything = [one["id"] for one in await listed(callers.member)]
            await callers.member.post("/api/memory/forget", {"ids": everything})
        elif way == "store":
            await callers.member.post("/api/memory/forget", {"store_name": "s"})
        elif way == "all":
            await callers.member.post("/api/memory/forget", {"all": True})
        elif way == "everything":
            await callers.member.post("/api/personalization/forget", {"everything": True})
        else:
            async with server.database.system("test").tx() as tx:
                await tx.run("delete from users where id = $1", callers.member_id)
        left = await asyncio.to_thread(dump, dsns.owner)
        assert [line[:200] for line in left.splitlines() if b"uixoti" in line.lower()] == [], way
        headers = {"Idempotency-Key": way}


async def test_f22_2_the_count_of_memories_is_exact_whoever_adds_and_forgets_at_once(callers: Callers, server: Server):
    async def work(part: int) -> None:
        made = [(await add(callers.member, f"Part {part}, number {n}."))["memory"]["id"] for n in range(6)]
        await add(callers.member, f"Part {part}, number 0.")
        assert (await callers.member.delete(f"{MEMORIES}/{made[1]}")).status == 204
        assert (await callers.member.post("/api/memory/forget", {"ids": made[2:4]})).json() == {"forgotten": 2}

    await asyncio.gather(*map(work, range(6)))
    (store,) = (await callers.member.get("/api/memory/stores")).json()["items"]
    assert store["total_memories"] == len(await listed(callers.member)) == 6 * 3


async def test_f22_3_nothing_comes_back_where_nothing_fits_unless_the_whole_list_is_asked_for(
    server: Server, callers: Callers, small_models: Path
):
    for text in (
        "The dentist is on Elm Street.",
        "Ann is allergic to nuts.",
        "The wifi password hangs in the kitchen.",
    ):
        await add(callers.member, text)
    await embedded(server)
    assert await contents(callers.member, "the orbit of Jupiter's moons") == []
    assert await contents(callers.member, "which foods must Ann avoid?") == ["Ann is allergic to nuts."]
    assert len(await contents(callers.member, "the orbit of Jupiter's moons", min_similarity=0)) == 3
    assert await contents(callers.member, "which foods must Ann avoid?", min_similarity=0.99) == []


async def test_f22_4_relationships_stay_within_a_store_and_searches_follow_them(callers: Callers, server: Server):
    server_, redis, far = [
        (await add(callers.member, text))["memory"]["id"]
        for text in ("The login service is down on Mondays.", "Sessions live in Redis.", "Redis runs on host nine.")
    ]
    elsewhere = (await add(callers.member, "Apart.", store_name="other"))["memory"]["id"]
    foreign = (await add(callers.owner, "Mine."))["memory"]["id"]
    for target, status in ((elsewhere, 422), (foreign, 404), (server_, 422)):
        edge = {"target_memory_id": target, "relationship_type": "needs"}
        assert (await callers.member.post(f"{MEMORIES}/{server_}/relationships", edge)).status == status
    for source, target in ((server_, redis), (far, redis)):
        edge = {"target_memory_id": target, "relationship_type": "needs", "strength": 0.9}
        assert (await callers.member.post(f"{MEMORIES}/{source}/relationships", edge)).status == 201
    assert len(await contents(callers.member, "login service Mondays")) == 1
    found = await search(callers.member, "login service Mondays", hops=2)
    assert [r["memory"]["id"] for r in found] == [server_, redis, far]
    assert found[1]["why"][0]["kind"] == "related"
    graph = (await callers.member.get("/api/memory/graph")).json()
    assert (len(graph["nodes"]), len(graph["edges"])) == (3, 2)


async def test_f22_5_memories_are_changed_merged_expire_and_are_forgotten(callers: Callers, server: Server):
    cats = (await add(callers.member, "There are two cats."))["memory"]
    changed = await callers.member.patch(f"{MEMORIES}/{cats['id']}", {"content": "There are three dogs."})
    assert (changed.json()["content"], changed.json()["embedded"]) == ("There are three dogs.", False)
    assert await contents(callers.member, "cats") == []
    assert await contents(callers.member, "dogs") == ["There are three dogs."]
    other = (await add(callers.member, "Dogs, three of them."))["memory"]
    merged = await callers.member.post(
        f"{MEMORIES}/merge", {"ids": [cats["id"], other["id"]], "content": "Three dogs."}
    )
    assert (merged.json()["content"], merged.json()["evidence"]) == ("Three dogs.", 2)
    assert [m["content"] for m in await listed(callers.member, state="current")] == ["Three dogs."]
    gone = (await add(callers.member, "A parcel waits.", expires_at="2020-01-01T00:00:00Z"))["memory"]
    assert gone["state"] == "expired"
    assert await contents(callers.member, "parcel") == []
    assert (await callers.member.post("/api/memory/forget", {"all": True})).json() == {"forgotten": 3}
    assert await listed(callers.member) == []


async def test_f22_5_what_is_forgotten_is_in_no_table(callers: Callers, server: Server, owner: Any):
    secret = "zanzibarmarmalade"
    old = (await add(callers.member, f"I live in {secret}"))["memory"]
    new = (await add(callers.member, f"I live in {secret}ville", aliases=[secret], metadata={"of": secret}))["memory"]
    await callers.member.patch(f"{MEMORIES}/{new['id']}", {"content": f"I live in {secret}town"})
    for memory in (old, new):
        assert (await callers.member.delete(f"{MEMORIES}/{memory['id']}")).status == 204
    tables = await owner.fetch(
        "select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace"
    )
    for (table,) in tables:
        held = await owner.fetchval(f'select count(*) from "{table}" t where t::text ilike $1', f"%{secret}%")
        assert held == 0, table
    timeline = (await callers.member.get("/api/memory/timeline")).json()["items"]
    assert {(t["what"], t["before"], t["after"]) for t in timeline} == {("forgotten", None, None)}


async def test_f22_6_importance_and_use_decide_between_equals(callers: Callers, server: Server, monkeypatch: Any):
    # By words alone the two are equals; one vector that comes before the other would tell them apart.
    async def never(_: Filling) -> bool:
        return False

    monkeypatch.setattr(Filling, "_step", never)
    await add(callers.member, "The red box holds screws.", importance=0.1)
    await add(callers.member, "The red box holds nails.", importance=0.9)
    assert await contents(callers.member, "red box") == ["The red box holds nails.", "The red box holds screws."]


async def test_f22_7_vectors_of_any_dimension_name_the_model_that_made_them(
    server: Server, callers: Callers, upstream: Upstream, owner: Any
):
    body = {"store_name": "far", "embedding_model": "text-embedding-3-small"}
    store = (await callers.member.post("/api/memory/stores", body)).json()
    assert store["embedding_model"] == "text-embedding-3-small"
    await add(callers.member, "Far away.", store_name="far")
    await embedded(server)
    row = await owner.fetchrow(
        "select embedding_model, embedding_dimension, vector_dims(embedding) as dims from memories"
    )
    assert tuple(row) == ("text-embedding-3-small", upstream.dimensions, upstream.dimensions)
    refused = await callers.member.post("/api/memory/stores", {"embedding_model": "gpt-4o"})
    assert refused.status == 400


async def test_f22_8_related_memories_hold_and_show_no_vectors(callers: Callers, server: Server):
    one, gone, late = [
        (await add(callers.member, text, **more))["memory"]["id"]
        for text, more in (
            ("One.", {}), ("Gone.", {"expires_at": "2020-01-01T00:00:00Z"}), ("I live in Oslo", {}),
        )
    ]  # fmt: skip
    for target in (gone, late):
        edge = {"target_memory_id": target, "relationship_type": "like"}
        assert (await callers.member.post(f"{MEMORIES}/{one}/relationships", edge)).status == 201
    await add(callers.member, "I live in Rome")
    related = (await callers.member.get(f"{MEMORIES}/{one}/related")).json()
    assert related == {"items": []}
    assert "embedding" not in (await callers.member.get(f"{MEMORIES}/{late}")).json()


# --- those of section 13 that the engine mends ---


async def test_f13_1_and_f13_2_what_was_found_is_counted_in_one_statement(server: Server, callers: Callers):
    for text in ("Blue kite.", "Blue boat."):
        await add(callers.member, text)
    for _ in range(3):
        assert len(await search(callers.member, "blue")) == 2
    await embedded(server)
    assert [m["access_count"] for m in await listed(callers.member)] == [3, 3]
    assert all(m["last_accessed"] for m in await listed(callers.member))


async def test_f13_6_the_approximate_index_finds_what_an_exact_search_does(
    server: Server, callers: Callers, owner: Any
):
    """Recall of the twenty nearest, of vectors in clouds as texts have them, against the exact order."""
    random = np.random.default_rng(5)
    centres = random.normal(size=(60, 64))
    vectors = centres[random.integers(60, size=3000)] + 0.6 * random.normal(size=(3000, 64))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    await add(callers.member, "A store is made by the first memory.")
    await embedded(server)
    await owner.execute("delete from memories")
    await owner.execute(
        "insert into memories (tenant_id, user_id, store_id, content, embedding, embedding_model, embedding_dimension,"
        " embed_due) select s.tenant_id, s.user_id, s.id, 'memory ' || v.n, v.vector::vector, 'm', 64, null"
        " from memory_stores s, unnest($1::integer[], $2::text[]) as v(n, vector)",
        list(range(3000)), [written(vector) for vector in vectors],
    )  # fmt: skip
    assert await owner.fetchval("select app.ensure_ann_index('memories', 'm', 64, 1000)")
    try:
        await _finds_by_index(server, callers, owner, vectors, random)
    finally:
        for (index,) in await owner.fetch("select relname from pg_class where relname like 'memories\\_ann\\_%'"):
            await owner.execute(f"drop index {index}")


async def _finds_by_index(server: Server, callers: Callers, owner: Any, vectors: Any, random: Any) -> None:
    await owner.execute("analyze memories")
    numbers = {row["content"]: row["number"] for row in await owner.fetch("select content, number from memories")}
    found = 0
    async with server.database.tenant(callers.tenant.id, callers.member_id).tx() as tx:
        for at in random.integers(3000, size=40):
            question = vectors[at] + 0.1 * random.normal(size=64)
            near = await search_store.nearest(tx, "m", 64, written(question), 20)
            exact = np.argsort(-(vectors @ question))[:20]
            found += len(set(near) & {numbers[f"memory {n}"] for n in exact.tolist()})
    assert found / (40 * 20) >= 0.95
    # And it is the index that answers, also under the policies of a person's rows.
    await owner.execute("select pg_stat_force_next_flush()")
    used = (
        "select pg_stat_get_numscans(indexrelid) from pg_index where indexrelid::regclass::text like 'memories_ann_%'"
    )
    assert await owner.fetchval(used) >= 40


async def test_f13_9_a_change_of_model_embeds_anew_while_search_goes_on(
    server: Server, callers: Callers, small_models: Path, upstream: Upstream, owner: Any
):
    await add(callers.member, "The cat sleeps on the radiator.")
    await embedded(server)
    async with server.app.state.memory.vectors._working:
        store = (await callers.member.post("/api/memory/stores", {"embedding_model": "text-embedding-3-small"})).json()
        assert (store["embedding_model"], store["former_model"]) == ("text-embedding-3-small", "all-minilm-l6-v2")
        (found,) = await search(callers.member, "a kitten naps in the warmth", pinned=False)
        assert found["similarity"] > 0.35
    await embedded(server)
    (row,) = await owner.fetch("select embedding_model, embedding_dimension from memories")
    assert tuple(row) == ("text-embedding-3-small", upstream.dimensions)
    (store,) = (await callers.member.get("/api/memory/stores")).json()["items"]
    assert store["former_model"] is None


async def test_f13_10_section_13s_table_is_a_view_of_the_same_memories(server: Server, callers: Callers):
    async with server.database.tenant(callers.tenant.id, callers.member_id).tx() as tx:
        await tx.run(
            "insert into user_memory (tenant_id, user_id, memory_type, content) values ($1, $2, 'fact', 'Likes tea.')",
            tx.tenant_id, tx.user_id,
        )  # fmt: skip
    await embedded(server)
    (memory,) = await listed(callers.member, learned="true")
    assert (memory["content"], memory["learned"]) == ("Likes tea.", True)
    assert await contents(callers.member, "tea") == ["Likes tea."]
    async with server.database.tenant(callers.tenant.id, callers.owner_id).tx() as tx:
        assert await tx.value("select count(*) from user_memory") == 0


# --- whose they are ---


async def test_an_export_of_the_person_has_what_was_said_and_not_what_is_computed_of_it(
    server: Server, callers: Callers
):
    await add(callers.member, "I live in Lisbon.")
    exported = (await callers.member.get("/api/profile/export")).json()
    (memory,) = exported["memories"]
    assert memory["content"] == "I live in Lisbon."
    assert "embedding" not in memory
    assert "memory_terms" not in exported


async def test_two_people_never_meet_each_others(callers: Callers, server: Server):
    for client in (callers.member, callers.owner, callers.foreign_owner):
        await add(client, "The safe opens by 4711.")
    for client in (callers.member, callers.owner, callers.foreign_owner):
        (memory,) = await listed(client)
        (found,) = await search(client, "safe 4711")
        assert found["memory"]["id"] == memory["id"]
        assert memory["evidence"] == 1
        assert (await client.post("/api/memory/forget", {"all": True})).json() == {"forgotten": 1}


async def test_an_export_is_imported_once(callers: Callers, server: Server):
    one, two = [(await add(callers.member, text))["memory"]["id"] for text in ("Alpha.", "I live in Oslo")]
    await add(callers.member, "I live in Rome", said_at="2030-01-01T00:00:00Z")
    edge = {"target_memory_id": two, "relationship_type": "like", "strength": 0.25}
    await callers.member.post(f"{MEMORIES}/{one}/relationships", edge)
    lines = (await callers.member.get("/api/memory/export")).body
    for expected in ({"added": 3, "repeated": 0}, {"added": 0, "repeated": 3}):
        assert (await callers.owner.send("POST", "/api/memory/import", data=lines)).json() == expected
    held = {m["content"]: m["state"] for m in await listed(callers.owner)}
    assert held == {"Alpha.": "current", "I live in Oslo": "superseded", "I live in Rome": "current"}
    bad = await callers.owner.send("POST", "/api/memory/import", data=b'{"memory": {}}\n')
    assert (bad.status, b"line 1" in bad.body) == (422, True)


async def test_among_many_memories_only_the_likely_ones_are_ranked(
    server: Server, callers: Callers, small_models: Path, monkeypatch: Any
):
    for number in range(12):
        await add(
            callers.member, f"Day {number}: we walked along the river.", speaker="Ann", conversation="walks",
            said_at=f"2026-03-{number + 1:02}T10:00:00Z",
        )  # fmt: skip
    await add(callers.member, "The dentist is on Elm Street.")
    await embedded(server)
    monkeypatch.setattr(server.app.state.memory._search, "_made", Search(0).search)
    monkeypatch.setattr(search_module, "MOST_EXACT", 5)
    monkeypatch.setattr(search_module, "_CANDIDATES", 3)
    assert await contents(callers.member, "a doctor for my teeth") == ["The dentist is on Elm Street."]
    answer = (await callers.member.post("/api/memory/search", {"query": "the river", "min_similarity": 0})).json()
    assert 3 <= answer["searched"] < 13
    assert answer["results"][0]["memory"]["content"].startswith("Day")


async def test_vectors_are_made_at_once_by_whichever_process_hears_that_some_are_due(
    server: Server, callers: Callers, small_models: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(filling, "_LOOK_SECONDS", 3600)
    await add(callers.member, "The first loads the model.")
    await embedded(server)
    async with asyncio.timeout(10):
        while not server.app.state.changes.live:
            await asyncio.sleep(0.01)
    # The look that was begun with the shorter wait ends here.
    server.app.state.memory.vectors._wanted.set()
    await asyncio.sleep(0.1)
    async with server.database.tenant(callers.tenant.id, callers.member_id).tx() as tx:
        await tx.run(
            "insert into user_memory (tenant_id, user_id, memory_type, content) values ($1, $2, 'fact', 'Likes tea.')",
            tx.tenant_id, tx.user_id,
        )  # fmt: skip
    deadline = time.monotonic() + 1.5
    while not (await listed(callers.member, learned="true"))[0]["embedded"]:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)


async def test_the_first_entry_of_an_edited_history_shows_the_words_of_then(callers: Callers, server: Server):
    id_ = (await add(callers.member, "The key is under the mat."))["memory"]["id"]
    for words in ("The key is under the pot.", "The key is with Ann."):
        assert (await callers.member.patch(f"{MEMORIES}/{id_}", {"content": words})).status == 200
    entries = (await callers.member.get(f"{MEMORIES}/{id_}/history")).json()["items"]
    assert [entry["after"] for entry in entries] == [
        "The key is with Ann.", "The key is under the pot.", "The key is under the mat.",
    ]  # fmt: skip
