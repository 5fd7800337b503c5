"""Canvases through HTTP, and edits in their rooms as people make them there."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from pycrdt import Doc

from radiant.kit.ids import UserId
from radiant.workspace.canvas import documents
from radiant.workspace.collaboration.people import Author
from radiant.workspace.collaboration.schemas import RoomId
from tests.kit.fixtures import Callers
from tests.kit.server import Client, Server

CANVASES = "/api/canvas/canvases"


async def make_canvas(client: Client, **options: Any) -> dict[str, Any]:
    answer = await client.post(CANVASES, {"canvas_name": "Plan", **options})
    assert answer.status == 201, answer.body
    return answer.json()


async def add(client: Client, canvas_id: str, kind: str = "markdown", content: str = "One.\n", **options: Any) -> Any:
    answer = await client.post(f"{CANVASES}/{canvas_id}/artifacts", {"type": kind, "content": content, **options})
    assert answer.status == 201, answer.body
    return answer.json()


async def read(client: Client, canvas_id: str) -> dict[str, Any]:
    answer = await client.get(f"{CANVASES}/{canvas_id}")
    assert answer.status == 200, answer.body
    return answer.json()


async def bring_in(client: Client, canvas: dict[str, Any], user_id: UserId, role: str = "editor") -> None:
    answer = await client.put(f"/api/collaboration/rooms/{canvas['room_id']}/participants/{user_id}", {"role": role})
    assert answer.status == 200, answer.body


def author(callers: Callers, user_id: UserId, model: str | None = None) -> Author:
    return Author(callers.tenant.id, user_id, "Somebody", model)


async def live(
    server: Server, callers: Callers, canvas: dict[str, Any], change: Callable[["Doc[Any]"], object], user_id: UserId
) -> None:
    """An edit in the room itself, as somebody's page makes it."""
    rooms = server.app.state.rooms
    async with rooms.editing(author(callers, user_id), RoomId(UUID(canvas["room_id"]))) as doc:
        change(doc)


async def type_at(
    server: Server,
    callers: Callers,
    canvas: dict[str, Any],
    artifact: dict[str, Any],
    place: int,
    words: str,
    user_id: UserId,
) -> None:
    """Somebody types into a body; `place` in characters of an ASCII text."""

    def typed(doc: "Doc[Any]") -> None:
        documents.body_of(doc, UUID(artifact["id"])).insert(place, words, {"src": None})

    await live(server, callers, canvas, typed, user_id)


async def document(server: Server, callers: Callers, canvas: dict[str, Any]) -> "Doc[Any]":
    return await server.app.state.rooms.reading(callers.tenant.id, RoomId(UUID(canvas["room_id"])))


def words_of(artifact: dict[str, Any], provenance_id: str) -> list[str]:
    """The parts of the content that come from there."""
    content = artifact["content"].encode("utf-16-le")
    return [
        content[span["start"] * 2 : span["end"] * 2].decode("utf-16-le")
        for span in artifact["spans"]
        if span["provenance_id"] == provenance_id
    ]
