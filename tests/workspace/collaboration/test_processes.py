"""Several processes over one database, and processes that are killed."""

import asyncio
import contextlib
import dataclasses
import json
import signal
import sys
from collections.abc import AsyncIterator
from typing import Any

import pytest
from pycrdt import Text

from radiant.workspace.collaboration.people import Author
from radiant.workspace.collaboration.rooms import Rooms
from radiant.workspace.collaboration.schemas import RoomId
from tests.kit.fixtures import Callers
from tests.kit.postgres import Dsns
from tests.kit.server import Server
from tests.workspace.collaboration import live
from tests.workspace.collaboration.live import Door

FRAMINGS = pytest.mark.parametrize("framing", ["hocuspocus", "y"])


class Other:
    """Another process with rooms."""

    def __init__(self, process: asyncio.subprocess.Process, door: Door) -> None:
        self.process, self.door = process, door

    async def kill(self) -> None:
        """kill -9."""
        self.process.send_signal(signal.SIGKILL)
        await self.process.wait()


@contextlib.asynccontextmanager
async def _other(server: Server, callers: Callers, dsns: Dsns) -> AsyncIterator[Other]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.workspace.collaboration.child", json.dumps(dataclasses.asdict(dsns)),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None and process.stdin is not None
    async with asyncio.timeout(60):
        address = (await process.stdout.readline()).decode().strip()
    try:
        async with live.door(address, server.app.state.room_tickets, callers.tenant.id) as door:
            yield Other(process, door)
    finally:
        process.stdin.close()
        async with asyncio.timeout(60):
            await process.wait()


@pytest.fixture
async def other(server: Server, callers: Callers, dsns: Dsns) -> AsyncIterator[Other]:
    """Another process over the same database."""
    async with _other(server, callers, dsns) as made:
        yield made


@FRAMINGS
async def test_f20_6_people_of_two_processes_are_in_one_room(
    door: Door, other: Other, callers: Callers, room: RoomId, owner: Any, framing: str
) -> None:
    ann = await other.door.inside(callers.owner_id, room, framing)
    bob = await door.inside(callers.member_id, room, framing)
    await ann.type("there ")
    await bob.until(lambda: str(bob.text) == "there ")
    await bob.type("and here")
    await ann.until(lambda: str(ann.text) == "there and here")
    if framing == "hocuspocus":
        await bob.until(lambda: bob.saved == 2)
    await bob.present(5, b'{"user":{"name":"Bob"}}')
    await ann.until(lambda: 5 in ann.presences)
    await live.set_role(owner, callers.tenant.id, room, callers.member_id, "viewer")
    if framing == "hocuspocus":
        await bob.until(lambda: bob.scope == "readonly")
        await bob.type("no")
        await bob.until(lambda: bob.refused == 1)
    await owner.execute("delete from room_participants where room_id = $1 and user_id = $2", room, callers.member_id)
    if framing == "y":
        assert await bob.until_closed() == 4403
    else:
        await bob.until(lambda: bob.denied)
    assert str(ann.text) == "there and here"


async def test_f20_6_edits_of_the_server_reach_a_room_of_another_process(
    other: Other, callers: Callers, room: RoomId, rooms: Rooms, owner: Any
) -> None:
    ann = await other.door.inside(callers.owner_id, room)
    by = Author(callers.tenant.id, callers.member_id, "Bob", model="smollm2")
    async with rooms.editing(by, room) as doc:
        doc.get("content", type=Text).insert(0, "from afar")
    await ann.until(lambda: str(ann.text) == "from afar")
    row = await owner.fetchrow("select seq, user_id, model from collaboration_updates where room_id = $1", room)
    assert (row["user_id"], row["model"]) == (callers.member_id, "smollm2")
    await ann.type(" and near")
    await ann.until(lambda: ann.saved == 2)
    await rooms.restore(by, room, row["seq"])
    await ann.until(lambda: str(ann.text) == "from afar")
    async with rooms.joined(by, room) as guest:
        guest.point({"user": {"name": "smollm2"}})
        await ann.until(lambda: ann.presences)
        async with guest.editing() as doc:
            doc.get("content", type=Text).insert(0, "once ")
        await ann.until(lambda: str(ann.text) == "once from afar")
        assert await guest.undo()
        await ann.until(lambda: str(ann.text) == "from afar")
    await ann.until(lambda: not ann.presences)


@FRAMINGS
async def test_f20_6_a_room_moves_when_its_process_is_killed(
    door: Door, other: Other, callers: Callers, room: RoomId, framing: str
) -> None:
    ann = await other.door.inside(callers.owner_id, room)
    bob = await door.inside(callers.member_id, room, framing)
    await ann.type("kept")
    await ann.until(lambda: ann.saved == 2)
    await bob.until(lambda: str(bob.text) == "kept")
    await other.kill()
    assert await bob.until_closed() == 1012
    again = await door.inside(callers.member_id, room, framing, bob.doc)
    await again.type(" on")
    third = await door.inside(callers.owner_id, room)
    await third.until(lambda: str(third.text) == "kept on")


async def test_f20_1_a_kill_after_an_acknowledgement_loses_nothing(
    server: Server, callers: Callers, dsns: Dsns, room: RoomId
) -> None:
    words: list[str] = []
    for _ in range(2):
        async with _other(server, callers, dsns) as one:
            ann = await one.door.inside(callers.owner_id, room)
            assert str(ann.text) == "".join(words)
            await ann.until(lambda ann=ann: ann.saved == 1)
            for number in range(40):
                words.append(f"{len(words)} ")
                await ann.type(words[-1])
                if number % 10 == 9:
                    await ann.until(lambda ann=ann, number=number: ann.saved == number + 2)
            await one.kill()
    async with _other(server, callers, dsns) as last:
        ann = await last.door.inside(callers.owner_id, room, "y")
        assert str(ann.text) == "".join(words)


async def test_snapshot_and_log_say_what_the_whole_log_says(
    door: Door, callers: Callers, room: RoomId, rooms: Rooms, owner: Any
) -> None:
    ann = await door.inside(callers.owner_id, room)
    for number in range(30):
        await ann.type(f"{number} ")
        await ann.until(lambda number=number: ann.saved == number + 2)
    await rooms._snapshot(rooms._rooms[room])
    await ann.type("end")
    await ann.until(lambda: ann.saved == 32)
    row = await owner.fetchrow("select snapshot_seq, last_seq from collaboration_rooms where id = $1", room)
    assert 0 < row["snapshot_seq"] < row["last_seq"]
    whole = await rooms.reading(callers.tenant.id, room, upto=row["last_seq"])
    assert str(whole.get("content", type=Text)) == str(ann.text)
    before = await rooms.reading(callers.tenant.id, room, upto=1)
    assert str(before.get("content", type=Text)).startswith("0 ")
    assert len(str(before.get("content", type=Text))) < len(str(ann.text))
    loaded = await rooms._load(callers.tenant.id, room)
    assert str(loaded.doc.get("content", type=Text)) == str(ann.text)
