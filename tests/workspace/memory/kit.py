"""What tests of memory say again and again."""

from typing import Any

from tests.kit.server import Client, Server

MEMORIES = "/api/memory/memories"


async def add(client: Client, content: str, **options: Any) -> dict[str, Any]:
    """Add a memory; what became of it."""
    answer = await client.post(MEMORIES, {"content": content, **options})
    assert answer.status == 201, answer.body
    return answer.json()


async def search(client: Client, query: str, **options: Any) -> list[dict[str, Any]]:
    """The results of a search."""
    answer = await client.post("/api/memory/search", {"query": query, **options})
    assert answer.status == 200, answer.body
    return answer.json()["results"]


async def contents(client: Client, query: str, **options: Any) -> list[str]:
    """The words of what a search finds."""
    return [result["memory"]["content"] for result in await search(client, query, **options)]


async def listed(client: Client, **options: str) -> list[dict[str, Any]]:
    """The caller's memories, the newest first."""
    answer = await client.get(MEMORIES, params=options)
    assert answer.status == 200, answer.body
    return answer.json()["items"]


async def embedded(server: Server) -> None:
    """Every vector is made, every count written."""
    await server.app.state.memory.vectors.settle()
    await server.app.state.memory.counts.flush()
