"""What tests of documents say again and again."""

import json
import uuid
from typing import Any

import aiohttp

from radiant.infra.jobs import Job
from radiant.kit.ids import TenantId, UserId
from radiant.workspace.documents.jobs import KIND, Reader
from tests.kit.server import Answer, Client, Server

BASES, DOCUMENTS = "/api/documents/bases", "/api/documents/documents"


async def make_base(client: Client, name: str = "Handbook", **options: Any) -> str:
    """The id of a new base."""
    answer = await client.post(BASES, {"name": name, **options})
    assert answer.status == 201, answer.body
    return answer.json()["id"]


async def upload(client: Client, base_id: str, data: bytes, name: str, **fields: str) -> Answer:
    """Upload a file."""
    form = aiohttp.FormData()
    form.add_field("file", data, filename=name, content_type="application/octet-stream")
    for field, value in fields.items():
        form.add_field(field, value)
    return await client.send("POST", f"{BASES}/{base_id}/documents", data=form)


async def put_text(client: Client, base_id: str, name: str, text: str) -> dict[str, Any]:
    """Add a text; its document."""
    answer = await client.post(f"{BASES}/{base_id}/texts", {"name": name, "text": text})
    assert answer.status in (200, 202), answer.body
    return answer.json()


async def waiting_jobs(server: Server) -> list[Job]:
    """The jobs that wait to read a document; they are taken out of the queue."""
    async with server.app.state.database.system("test").tx() as tx:
        rows = await tx.all(
            "delete from pgqueuer where entrypoint = $1 returning id, payload, headers", KIND
        )  # fmt: skip
    jobs: list[Job] = []
    for row in rows:
        headers, person = row["headers"], row["headers"]["user_id"]
        jobs.append(
            Job(
                row["id"], KIND, json.loads(row["payload"]), TenantId(uuid.UUID(headers["tenant_id"])),
                UserId(uuid.UUID(person)) if person else None, 1,
            )
        )  # fmt: skip
    return jobs


def reader_of(server: Server) -> Reader:
    """What the worker reads documents by."""
    state = server.app.state
    return Reader(state.database, state.objects, lambda: None)


async def read_all(server: Server) -> None:
    """Everything that waits is read, as the worker does it."""
    for job in sorted(await waiting_jobs(server), key=lambda job: job.id):
        await reader_of(server).handle(job)


async def embed_all(server: Server) -> None:
    """Every vector is made."""
    await server.app.state.documents.vectors.settle()


async def search(client: Client, query: str, **options: Any) -> list[dict[str, Any]]:
    """The results of a search."""
    answer = await client.post("/api/documents/search", {"query": query, **options})
    assert answer.status == 200, answer.body
    return answer.json()["results"]
