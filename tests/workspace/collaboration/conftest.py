"""A room of our owner's, and the way in."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from radiant.workspace.collaboration.rooms import Rooms
from radiant.workspace.collaboration.schemas import RoomId
from tests.kit.fixtures import Callers
from tests.kit.server import Server
from tests.workspace.collaboration import live


@pytest.fixture
async def door(server: Server, callers: Callers) -> AsyncIterator[live.Door]:
    """The way in for people of our tenant."""
    async with live.door(server.base_url, server.app.state.room_tickets, callers.tenant.id) as made:
        yield made


@pytest.fixture
async def room(server: Server, callers: Callers, owner: Any) -> RoomId:
    """A room into which everybody of the tenant may come."""
    return await live.make_room(owner, callers.tenant.id, callers.owner_id)


@pytest.fixture
def rooms(server: Server) -> Rooms:
    """The rooms of the server."""
    return server.app.state.rooms
