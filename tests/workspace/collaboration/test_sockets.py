"""Rooms over real sockets, in both framings."""

import asyncio
from typing import Any

import pytest
from pycrdt import Doc, Text

from radiant.workspace.collaboration import store, wire
from radiant.workspace.collaboration.rooms import COMMENTED, Rooms
from radiant.workspace.collaboration.schemas import RoomId
from tests.kit.fixtures import Callers
from tests.workspace.collaboration import live
from tests.workspace.collaboration.live import Door

FRAMINGS = pytest.mark.parametrize("framing", ["hocuspocus", "y"])


async def _log(owner: Any, room: RoomId) -> list[Any]:
    return await owner.fetch("select * from collaboration_updates where room_id = $1 order by seq", room)


@FRAMINGS
async def test_what_one_writes_reaches_the_others_and_not_the_writer(
    door: Door, callers: Callers, room: RoomId, framing: str
) -> None:
    ann, bob = await door.inside(callers.owner_id, room, framing), await door.inside(callers.member_id, room, framing)
    update = await ann.type("Zoë 李😀")
    await bob.until(lambda: str(bob.text) == "Zoë 李😀")
    assert wire.update(update) in bob.messages
    assert wire.update(update) not in ann.messages


async def test_both_framings_meet_in_one_room(door: Door, callers: Callers, room: RoomId) -> None:
    ann, bob = await door.inside(callers.owner_id, room), await door.inside(callers.member_id, room, "y")
    await ann.type("one ")
    await bob.until(lambda: str(bob.text) == "one ")
    await bob.type("two")
    await ann.until(lambda: str(ann.text) == "one two")


async def test_f20_1_updates_are_appended_and_acknowledged_once_they_are_in_the_database(
    door: Door, callers: Callers, room: RoomId, owner: Any
) -> None:
    ann = await door.inside(callers.owner_id, room)
    await ann.until(lambda: ann.saved == 1)  # the answer to the server's own question
    for letter in "letters":
        await ann.type(letter)
    await ann.until(lambda: ann.saved == 8)
    rows = await _log(owner, room)
    assert [row["user_id"] for row in rows] == [callers.owner_id] * len(rows)
    assert [row["seq"] for row in rows] == list(range(1, len(rows) + 1))
    kept: Doc[Any] = Doc()
    for row in rows:
        kept.apply_update(row["update_data"])
    assert str(kept.get("content", type=Text)) == "letters"
    assert await owner.fetchval("select yjs_document from collaboration_rooms where id = $1", room) is None


@FRAMINGS
async def test_f20_3_a_viewers_updates_reach_nobody_however_they_are_made(
    door: Door, callers: Callers, room: RoomId, owner: Any, framing: str
) -> None:
    await live.set_role(owner, callers.tenant.id, room, callers.member_id, "viewer")
    ann, eve = await door.inside(callers.owner_id, room, framing), await door.inside(callers.member_id, room, framing)
    assert eve.scope == (None if framing == "y" else "readonly")
    update = await eve.type("mine now")
    await eve.send(wire.step_2(update))
    if framing == "hocuspocus":
        await eve.until(lambda: eve.refused == 2)
    await ann.type("ours")
    await eve.until(lambda: "ours" in str(eve.text))
    assert str(ann.text) == "ours"
    assert not [row for row in await _log(owner, room) if row["user_id"] == callers.member_id]


@FRAMINGS
async def test_f20_5_an_unknown_room_is_nothing_each_time(door: Door, callers: Callers, framing: str) -> None:
    for _ in range(2):
        await _is_not_let_in(door, callers, RoomId(callers.tenant.id), framing)


@FRAMINGS
async def test_f20_9_another_tenants_room_is_the_same_nothing(
    door: Door, callers: Callers, owner: Any, framing: str
) -> None:
    theirs = await live.make_room(owner, callers.other_tenant.id, callers.other_tenant.user_id)
    for _ in range(2):
        await _is_not_let_in(door, callers, theirs, framing)
    assert await _log(owner, theirs) == []


async def _is_not_let_in(door: Door, callers: Callers, room_id: RoomId, framing: str) -> None:
    eve = await door.enter(callers.owner_id, room_id, framing)
    if framing == "y":
        assert await eve.until_closed() == 4404
    else:
        await eve.until(lambda: eve.denied)
        assert "no such room" in (eve.denied or "")
    assert not eve.synced


async def test_f20_10_whoever_joins_is_a_participant_though_the_room_was_loaded_before(
    door: Door, callers: Callers, room: RoomId, owner: Any
) -> None:
    await door.inside(callers.owner_id, room)
    await door.inside(callers.member_id, room, "y")
    rows = await owner.fetch("select user_id, role, is_online from room_participants where room_id = $1", room)
    assert {(row["user_id"], row["role"], row["is_online"]) for row in rows} == {
        (callers.owner_id, "owner", True), (callers.member_id, "editor", True),
    }  # fmt: skip


@FRAMINGS
async def test_f20_11_twenty_who_open_a_new_room_at_once_are_in_one_document(
    door: Door, callers: Callers, room: RoomId, framing: str
) -> None:
    people = await asyncio.gather(*(door.inside(callers.owner_id, room, framing) for _ in range(20)))
    await asyncio.gather(*(person.type(f"<{number}>") for number, person in enumerate(people)))
    everything = sorted(f"<{number}>" for number in range(20))
    for person in people:
        await person.until(
            lambda person=person: sorted(f"<{one}" for one in str(person.text).split("<")[1:]) == everything
        )
    assert len({str(person.text) for person in people}) == 1


async def test_f20_4_a_room_that_everybody_left_goes_from_memory_and_comes_back_whole(
    door: Door, callers: Callers, room: RoomId, rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rooms, "_idle", 0.0)
    ann = await door.inside(callers.owner_id, room)
    await ann.type("still here")
    await ann.until(lambda: ann.saved == 2)
    await ann.close()
    async with asyncio.timeout(live.PATIENCE):
        while room in rooms._rooms or room in rooms._closing:
            await asyncio.sleep(0.05)
    again = await door.inside(callers.owner_id, room)
    assert str(again.text) == "still here"


async def test_f20_7_online_is_what_was_heard_lately(
    door: Door, callers: Callers, room: RoomId, rooms: Rooms, owner: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rooms._attendance, "_beat", 0.1)
    ann = await door.inside(callers.owner_id, room)
    seen = "select last_seen from room_participants where room_id = $1 and user_id = $2"
    first = await owner.fetchval(seen, room, callers.owner_id)
    async with asyncio.timeout(live.PATIENCE):
        while await owner.fetchval(seen, room, callers.owner_id) == first:
            await asyncio.sleep(0.05)
    await ann.close()
    online = "select is_online from room_participants where room_id = $1 and user_id = $2"
    async with asyncio.timeout(live.PATIENCE):
        while await owner.fetchval(online, room, callers.owner_id):
            await asyncio.sleep(0.05)
    # A process that died could not take it back: a row that is old counts for nothing.
    await owner.execute("update room_participants set is_online = true, last_seen = now() - interval '1 minute'")
    async with rooms._database.tenant(callers.tenant.id, callers.owner_id).tx() as tx:
        assert [one["is_online"] for one in await store.participants(tx, room)] == [False]


async def test_whoever_is_in_a_room_is_told_of_comments(door: Door, callers: Callers, room: RoomId) -> None:
    ann, bob = await door.inside(callers.owner_id, room), await door.inside(callers.member_id, room, "y")
    place = f"/api/collaboration/rooms/{room}/comments"
    told = wire.stateless(COMMENTED)

    async def heard(times: int) -> None:
        await ann.until(lambda: ann.messages.count(told) >= times)

    said = (await callers.member.post(place, {"body": "Why?"})).json()
    await heard(1)
    await callers.member.patch(f"{place}/{said['id']}", {"resolved": True})
    await heard(2)
    await callers.member.delete(f"{place}/{said['id']}")
    await heard(3)
    # The other framing has no such message, and goes on as it did.
    assert told not in bob.messages
    await ann.type("on")
    await bob.until(lambda: str(bob.text) == "on")
