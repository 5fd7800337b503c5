"""What tests of rooms say again and again."""

from typing import Any
from uuid import UUID

from pycrdt import Text

from radiant.workspace.collaboration.people import Author
from radiant.workspace.collaboration.schemas import RoomId
from tests.kit.fixtures import Callers
from tests.kit.server import Client, Server

ROOMS = "/api/collaboration/rooms"


async def make_room(client: Client, name: str = "Plans", **options: Any) -> str:
    """The id of a room of theirs."""
    answer = await client.post(ROOMS, {"room_name": name, **options})
    assert answer.status == 201, answer.body
    return answer.json()["id"]


async def bring_in(owner: Client, room_id: str, user_id: UUID, role: str) -> None:
    """Give somebody a role in a room."""
    answer = await owner.send("PUT", f"{ROOMS}/{room_id}/participants/{user_id}", json={"role": role})
    assert answer.status == 200, answer.body


def author_of(callers: Callers, *, model: str | None = None) -> Author:
    """Our member, as one who writes."""
    return Author(callers.tenant.id, callers.member_id, "Member", model)


async def write(server: Server, by: Author, room_id: str, text: str) -> None:
    """Append to the text of a room."""
    async with server.app.state.rooms.editing(by, RoomId(UUID(room_id))) as doc:
        content = doc.get("content", type=Text)
        content += text


async def said(client: Client, room_id: str, **point: Any) -> str:
    """What the room's text says, or said then."""
    answer = await client.get(f"{ROOMS}/{room_id}/contents", params={name: str(value) for name, value in point.items()})
    assert answer.status == 200, answer.body
    return next((text["text"] for text in answer.json()["texts"] if text["path"] == "content"), "")
