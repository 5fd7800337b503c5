"""Search among the passages of knowledge bases over HTTP: how fast it is among 20,000 (goals.md).

    ./radiant bench documents [--data FILE] [--quick] [--json]

Synthetic text, read by the code of the worker, with vectors at random in place of minutes of a model; the question's vector
is known. One API process over the embedded Postgres.
"""

import asyncio
import sys
import time
from pathlib import Path
from uuid import UUID

sys.path.insert(0, str(Path(__file__).parent.parent))

import numpy as np
from bench.kit.figures import Figure, at_most, on_recordings
from bench.kit.setup import cpu_of
from bench.memory import MODEL, door

from radiant.infra.jobs import Job
from radiant.kit.ids import TenantId, UserId
from radiant.runtime import open_runtime
from radiant.workspace.documents.jobs import KIND, Reader

_WORDS, _OF_A_DOCUMENT = 20_000, 1000


def _text(random: np.random.Generator, passages: int) -> str:
    """Words by Zipf's law, so that some are everywhere and most are rare; a heading now and then."""
    parts: list[str] = []
    for number in range(passages):
        ranks = np.minimum(random.zipf(1.2, 110), _WORDS)
        words = " ".join(f"w{rank:x}" for rank in ranks)
        parts.append((f"## Part w{number:x} of it\n\n" if number % 10 == 0 else "") + words[:700] + ".")
    return "\n\n".join(parts)


async def _measure(count: int) -> list[Figure]:
    random = np.random.default_rng(7)
    async with door() as at:
        base = (await at.post("/api/documents/bases", {"name": "bench"}))["id"]
        for number in range(count // _OF_A_DOCUMENT):
            text = {"name": f"d{number}.md", "text": _text(random, _OF_A_DOCUMENT)}
            await at.post(f"/api/documents/bases/{base}/texts", text)
        runtime = await open_runtime(at.settings)
        reader = Reader(runtime.database, runtime.objects, lambda: None)
        async with runtime.database.system("bench").tx() as tx:
            rows = await tx.all("select id, tenant_id, user_id from documents where base_id = $1", UUID(base))
        began = time.perf_counter()
        for row in rows:
            ids = {"document_id": str(row["id"]), "version": "1"}
            await reader.handle(Job(0, KIND, ids, TenantId(row["tenant_id"]), UserId(row["user_id"]), 1))
            async with runtime.database.system("bench").tx() as tx:
                await tx.run(
                    "update document_passages set embed_due = null, embedding_model = $1, embedding_dimension = 384,"
                    " embedding = array(select random() - 0.5 + 0 * place from generate_series(1, 384))::vector"
                    " where embed_due is not null", MODEL,
                )  # fmt: skip
        reading = time.perf_counter() - began
        async with runtime.database.system("bench").tx() as tx:
            passages = await tx.value("select count(*) from document_passages")
            await tx.value("select app.ensure_ann_index('document_passages', $1, 384)", MODEL)
            await tx.run("analyze document_passages, document_terms, documents")
        await runtime.close()
        took: list[float] = []
        questions = [" ".join(f"w{rank:x}" for rank in random.integers(20, 4000, 6)) for _ in range(100)]
        used = 0.0
        for question in questions:
            body = {"query": question, "limit": 8}
            await at.post("/api/documents/search", body)  # its vector is known from then on
            before = cpu_of(at.pid)
            began = time.perf_counter()
            await at.post("/api/documents/search", body)
            took.append(time.perf_counter() - began)
            used += cpu_of(at.pid) - before
        return [
            at_most(f"search among {passages:,} passages, p95", float(np.percentile(took, 95)) * 1000, 60, "ms"),
            Figure(f"search among {passages:,} passages, median", float(np.median(took)) * 1000, unit="ms"),
            Figure("CPU of the API process a search", used / len(questions) * 1000, unit="ms"),
            Figure("passages read and stored a second", passages / reading),
        ]


def measure(_: Path | None, *, quick: bool) -> list[Figure]:
    """Every line of the table."""
    return asyncio.run(_measure(5_000 if quick else 20_000))


if __name__ == "__main__":
    sys.exit(on_recordings("documents", measure))
