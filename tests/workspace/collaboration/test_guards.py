"""What a room does not take: rights that were taken away, what is malformed, too large, too much or too slow."""

import asyncio
from typing import Any

import pytest
from pycrdt import Doc, Text

from radiant.workspace.collaboration import sockets, wire
from radiant.workspace.collaboration.people import Author
from radiant.workspace.collaboration.rooms import Rooms
from radiant.workspace.collaboration.schemas import RoomId
from tests.kit.fixtures import Callers
from tests.workspace.collaboration import live
from tests.workspace.collaboration.live import Door

FRAMINGS = pytest.mark.parametrize("framing", ["hocuspocus", "y"])


@FRAMINGS
async def test_f20_3_a_change_of_role_holds_in_an_open_connection(
    door: Door, callers: Callers, room: RoomId, owner: Any, framing: str
) -> None:
    ann, bob = await door.inside(callers.owner_id, room, framing), await door.inside(callers.member_id, room)
    await bob.until(lambda: bob.scope == "read-write")
    await live.set_role(owner, callers.tenant.id, room, callers.member_id, "viewer")
    await bob.until(lambda: bob.scope == "readonly")
    await bob.type("too late")
    await bob.until(lambda: bob.refused == 1)
    await live.set_role(owner, callers.tenant.id, room, callers.member_id, "editor")
    await bob.until(lambda: bob.scope == "read-write")
    await bob.send(wire.step_2(bob.doc.get_update(ann.doc.get_state())))
    await ann.until(lambda: str(ann.text) == "too late")


@FRAMINGS
async def test_who_is_removed_is_out_at_once_and_others_stay(
    door: Door, callers: Callers, room: RoomId, owner: Any, framing: str
) -> None:
    ann, bob = await door.inside(callers.owner_id, room), await door.inside(callers.member_id, room, framing)
    await owner.execute("delete from room_participants where room_id = $1 and user_id = $2", room, callers.member_id)
    if framing == "y":
        assert await bob.until_closed() == 4403
    else:
        await bob.until(lambda: bob.denied)
    await ann.type("alone")
    await ann.until(lambda: ann.saved == 2)


@FRAMINGS
@pytest.mark.parametrize(
    ("change", "code"),
    [("update collaboration_rooms set is_active = false", 4409), ("delete from collaboration_rooms", 4404)],
)
async def test_a_room_that_is_closed_or_deleted_lets_everybody_go(
    door: Door, callers: Callers, room: RoomId, owner: Any, framing: str, change: str, code: int
) -> None:
    ann = await door.inside(callers.owner_id, room, framing)
    await owner.execute(change + " where id = $1", room)
    if framing == "y":
        assert await ann.until_closed() == code
    else:
        await ann.until(lambda: ann.denied)
    late = await door.enter(callers.owner_id, room, "y")
    assert await late.until_closed() == code


async def test_f20_3_a_room_that_is_full_says_so_and_who_is_in_comes_back(
    door: Door, callers: Callers, owner: Any
) -> None:
    small = await live.make_room(owner, callers.tenant.id, callers.owner_id, most=1)
    await (await door.inside(callers.owner_id, small)).close()
    eve = await door.enter(callers.member_id, small)
    await eve.until(lambda: eve.denied)
    assert "takes 1 participants" in (eve.denied or "")
    await door.inside(callers.owner_id, small)


@FRAMINGS
@pytest.mark.parametrize(
    "body",
    [
        wire.update(b"\x01\x02\x99"), wire.update(b"\x01\xff\xff\xff\xff\xff\xff\xff\x7f\x00"), bytes((0, 9, 0)),
        bytes((77,)), bytes((0, 2, 200, 1)), wire.step_1(b"\xff\xff"),
        wire.awareness([wire.Presence(1, 1, b"[" * 10)]), wire.awareness([wire.Presence(1, 1, b'"' + b"x" * 5000 + b'"')]),
    ],
    ids=["update", "length", "step", "type", "short", "state", "presence", "large presence"],
)  # fmt: skip
async def test_what_is_malformed_ends_its_connection_and_reaches_nobody(
    door: Door, callers: Callers, room: RoomId, framing: str, body: bytes
) -> None:
    ann, eve = await door.inside(callers.owner_id, room), await door.inside(callers.member_id, room, framing)
    await ann.until(lambda: ann.saved == 1)
    heard = len(ann.messages)
    await eve.send(body)
    assert await eve.until_closed() == 4400
    assert eve.close_reason
    await ann.type("on")
    await ann.until(lambda: ann.saved == 2)
    assert ann.messages[heard:] == [wire.SAVED]


async def test_a_frame_past_a_megabyte_is_not_read(door: Door, callers: Callers, room: RoomId) -> None:
    ann = await door.inside(callers.owner_id, room)
    await ann.type("x" * (2**20 + 1))
    assert await ann.until_closed() == 1009


async def test_a_document_stays_within_the_plan(
    door: Door, callers: Callers, room: RoomId, rooms: Rooms, owner: Any
) -> None:
    ann, bob = await door.inside(callers.owner_id, room), await door.inside(callers.member_id, room, "y")
    rooms._rooms[room].document.limit = 5000
    await ann.type("x" * 4000)
    await bob.until(lambda: len(bob.text) == 4000)
    await ann.type("y" * 4000)
    assert await ann.until_closed() == 4413
    assert "plan" in ann.close_reason
    await bob.type("z")
    assert await door.inside(callers.owner_id, room)
    assert len(bob.text) == 4001


async def test_who_takes_back_what_they_wrote_may_write_on(
    door: Door, callers: Callers, room: RoomId, rooms: Rooms
) -> None:
    ann = await door.inside(callers.owner_id, room)
    rooms._rooms[room].document.limit = 5000
    for number in range(10):
        await ann.type("x" * 3000)
        updates: list[bytes] = []
        subscription = ann.doc.observe(lambda event, updates=updates: updates.append(event.update))
        ann.text.clear()
        ann.doc.unobserve(subscription)
        await ann.send(wire.update(updates[0]))
        await ann.until(lambda number=number: ann.saved == 3 + 2 * number or ann.close_code)
        assert ann.close_code is None


async def test_a_presence_belongs_to_its_connection_and_goes_with_it(
    door: Door, callers: Callers, room: RoomId
) -> None:
    ann, eve = await door.inside(callers.owner_id, room), await door.inside(callers.member_id, room, "y")
    await ann.present(7, b'{"user":{"name":"Ann"}}')
    await eve.until(lambda: 7 in eve.presences)
    await eve.send(wire.awareness([wire.Presence(7, 99, b'{"user":{"name":"not Ann"}}')]))
    await eve.send(wire.awareness([wire.Presence(7, 99, wire.GONE)]))
    await eve.present(8, b'{"user":{"name":"Eve"}}')
    await ann.until(lambda: 8 in ann.presences)
    assert ann.presences == {8: b'{"user":{"name":"Eve"}}'}
    late = await door.inside(callers.owner_id, room)
    await late.until(lambda: set(late.presences) == {7, 8})
    await ann.close()
    await eve.until(lambda: 7 not in eve.presences)


async def test_of_too_many_presences_a_second_the_last_arrives(door: Door, callers: Callers, room: RoomId) -> None:
    ann, bob = await door.inside(callers.owner_id, room), await door.inside(callers.member_id, room, "y")
    for number in range(300):
        await ann.present(7, b'{"at":%d}' % number)
    await bob.until(lambda: bob.presences.get(7) == b'{"at":299}')
    assert len([body for body in bob.messages if body[0] == wire.AWARENESS]) < 200


async def test_who_sends_too_much_is_read_more_slowly_and_loses_nothing(
    door: Door, callers: Callers, room: RoomId, rooms: Rooms, server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server.app.state.room_sockets, "rate", 20.0)
    ann = await door.inside(callers.owner_id, room)
    for _ in range(120):
        await ann.type("a")
    await ann.until(lambda: ann.saved == 121)


async def test_who_does_not_read_is_dropped_with_1013_and_heals(
    door: Door, callers: Callers, room: RoomId, rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sockets, "QUEUE_BYTES", 200_000)
    ann, bob = await door.inside(callers.owner_id, room), await door.inside(callers.member_id, room, "y")
    assert bob._socket is not None
    bob._socket.transport.pause_reading()
    number = 1
    while len(rooms._rooms[room].everybody()) == 2:
        await ann.type("x" * 100_000)
        number += 1
        await ann.until(lambda number=number: ann.saved == number)
    bob._socket.transport.resume_reading()
    assert await bob.until_closed() in (1013, 1006)
    again = await door.inside(callers.member_id, room, "y", bob.doc)
    await again.until(lambda: len(again.text) == len(ann.text))


async def test_a_poisonous_edit_is_undone_by_history(door: Door, callers: Callers, room: RoomId, rooms: Rooms) -> None:
    ann, eve = await door.inside(callers.owner_id, room), await door.inside(callers.member_id, room)
    await ann.type("a month of work")
    await ann.until(lambda: ann.saved == 2)
    seq = rooms._rooms[room].seq
    await eve.until(lambda: str(eve.text) == "a month of work")
    updates: list[bytes] = []
    eve.doc.observe(lambda event: updates.append(event.update))
    eve.text.clear()
    await eve.send(wire.update(updates[0]))
    await ann.until(lambda: str(ann.text) == "")
    await rooms.restore(Author(callers.tenant.id, callers.owner_id, "Ann"), room, seq)
    await ann.until(lambda: str(ann.text) == "a month of work")
    then: Doc[Any] = await rooms.reading(callers.tenant.id, room, upto=seq)
    assert str(then.get("content", type=Text)) == "a month of work"


async def test_a_model_joins_with_a_caret_and_takes_back_its_own_edit_alone(
    door: Door, callers: Callers, room: RoomId, rooms: Rooms, owner: Any
) -> None:
    ann = await door.inside(callers.owner_id, room)
    by = Author(callers.tenant.id, callers.owner_id, "Ann", model="smollm2")
    async with rooms.joined(by, room) as guest:
        guest.point({"user": {"name": "smollm2", "model": "smollm2"}})
        await ann.until(lambda: ann.presences)
        async with guest.editing() as doc:
            doc.get("content", type=Text).insert(0, "the model's ")
        await ann.until(lambda: str(ann.text) == "the model's ")
        await ann.type("and Ann's")
        await ann.until(lambda: ann.saved == 2)
        assert await guest.undo()
        await ann.until(lambda: str(ann.text) == "and Ann's")
    await ann.until(lambda: not ann.presences)
    assert "smollm2" in [row["model"] for row in await owner.fetch("select model from collaboration_updates")]


async def test_while_the_database_is_away_nothing_is_acknowledged_and_nothing_is_lost(
    door: Door, callers: Callers, room: RoomId, rooms: Rooms, owner: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = await door.inside(callers.owner_id, room)
    await ann.until(lambda: ann.saved == 1)
    append, refused = rooms._log._append, asyncio.Event()

    async def away(_: Any) -> None:
        refused.set()
        raise OSError("the database is away")

    monkeypatch.setattr(rooms._log, "_append", away)
    await ann.type("kept")
    async with asyncio.timeout(live.PATIENCE):
        await refused.wait()
    assert ann.saved == 1
    monkeypatch.setattr(rooms._log, "_append", append)
    await ann.until(lambda: ann.saved == 2)
    assert await owner.fetchval("select count(*) from collaboration_updates where room_id = $1", room) == 1
