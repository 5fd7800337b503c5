"""What somebody may do in a room, over all there is to it, told the same wherever it is asked; and the order of lists."""

import itertools
from typing import Any
from uuid import UUID

import pytest

from tests.kit.fixtures import Callers
from tests.kit.server import Client, Server
from tests.workspace.collaboration import live
from tests.workspace.collaboration.kit import ROOMS, author_of, bring_in, make_room, write
from tests.workspace.collaboration.live import Door

GIVEN = (None, "owner", "editor", "commenter", "viewer")
ACCESS = ("invited", "tenant")


def _expected(given: str | None, access: str, of_tenant: str, *, active: bool = True) -> str | None:
    """The rules, as the guides tell them."""
    if not active:
        return None
    if given is None and access == "invited":
        return None
    if of_tenant == "viewer":
        return "viewer"
    return given or "editor"


async def test_one_function_says_what_somebody_may_do(owner: Any):
    for given, access, of_tenant, status in itertools.product(
        GIVEN, ACCESS, ("owner", "admin", "member", "viewer"), ("active", "disabled")
    ):
        said = await owner.fetchval("select app.room_role($1, $2, $3, $4)", given, access, of_tenant, status)
        assert said == _expected(given, access, of_tenant, active=status == "active"), (
            given,
            access,
            of_tenant,
            status,
        )


async def _seen(client: Client, room_id: UUID, search: str) -> set[str | None]:
    """Each answer that tells a role."""
    room, ticket = await client.get(f"{ROOMS}/{room_id}"), await client.post(f"{ROOMS}/{room_id}/tickets")
    listed = (await client.get(ROOMS, params={"search": search})).json()["items"]
    assert {room.status, ticket.status} <= {200, 201} or (room.status, ticket.status) == (404, 404)
    here = [one["role"] for one in listed if one["id"] == str(room_id)]
    return {room.json().get("role"), ticket.json().get("role"), *(here or [None])}


@pytest.mark.parametrize("of_tenant", ["member", "viewer"])
async def test_a_role_is_the_same_over_http_in_lists_on_tickets_and_at_the_door(
    callers: Callers, owner: Any, door: Door, of_tenant: str
):
    client: Client = getattr(callers, of_tenant)
    person = UUID((await client.get("/api/session")).json()["user"]["id"])
    for given, access, active in itertools.product(GIVEN, ACCESS, (True, False)):
        case = (given, access, active)
        room = await live.make_room(owner, callers.tenant.id, callers.owner_id, access=access, active=active)
        if given is not None:
            await live.set_role(owner, callers.tenant.id, room, person, given)
        expected = _expected(given, access, of_tenant)
        assert await _seen(client, room, "Room") == {expected}, case
        there = await door.enter(person, room)
        await there.until(lambda there=there: there.denied is not None or there.scope is not None)
        # A closed room is looked at over HTTP and entered by nobody.
        if expected is None or not active:
            assert there.scope is None, case
        else:
            assert there.scope == ("read-write" if expected in ("owner", "editor") else "readonly"), case
        await there.close()
        if expected is not None and given is None and active:
            # Whoever went in stands on the room's list from then on; taken off it, they are as before.
            await owner.execute("delete from room_participants where room_id = $1 and user_id = $2", room, person)
            assert await _seen(client, room, "Room") == {expected}, case
        await owner.execute("delete from collaboration_rooms where id = $1", room)


async def test_whoever_came_by_a_link_has_its_role_and_once_removed_none(callers: Callers):
    for role in ("editor", "commenter", "viewer"):
        room_id = await make_room(callers.owner, "Linked")
        link = (await callers.owner.post(f"{ROOMS}/{room_id}/invitations", {"role": role})).json()["url"]
        for client, expected in ((callers.member, role), (callers.viewer, "viewer")):
            taken = await client.post("/api/collaboration/invitations/accept", {"token": link.rpartition("/")[2]})
            assert taken.json()["role"] == expected
            assert await _seen(client, UUID(room_id), "Linked") == {expected}
            person = (await client.get("/api/session")).json()["user"]["id"]
            assert (await callers.owner.delete(f"{ROOMS}/{room_id}/participants/{person}")).status == 204
            assert await _seen(client, UUID(room_id), "Linked") == {None}


async def test_a_mention_is_seen_by_who_may_enter_its_room(callers: Callers):
    room_id = await make_room(callers.owner)
    await bring_in(callers.owner, room_id, callers.member_id, "viewer")
    said = await callers.owner.post(
        f"{ROOMS}/{room_id}/comments", {"body": "Look.", "mentions": [str(callers.member_id)]}
    )
    assert said.status == 201, said.body
    assert len((await callers.member.get("/api/collaboration/mentions")).json()["items"]) == 1
    assert (await callers.owner.delete(f"{ROOMS}/{room_id}/participants/{callers.member_id}")).status == 204
    assert (await callers.member.get("/api/collaboration/mentions")).json()["items"] == []


async def test_rooms_stand_in_the_order_of_their_last_edits(callers: Callers, server: Server):
    member = callers.member
    first, second, third = [await make_room(member, name) for name in ("First", "Second", "Third")]

    async def order(**params: str) -> list[str]:
        return [room["id"] for room in (await member.get(ROOMS, params=params)).json()["items"]]

    assert await order() == [third, second, first]
    before = (await member.get(f"{ROOMS}/{first}")).json()["updated_at"]
    await write(server, author_of(callers), first, "a letter")
    assert await order() == [first, third, second]
    assert (await member.get(f"{ROOMS}/{first}")).json()["updated_at"] > before
    await write(server, author_of(callers), second, "another")
    assert await order() == [second, first, third]
    page = (await member.get(ROOMS, params={"limit": "2"})).json()
    assert [room["id"] for room in page["items"]] == [second, first]
    assert await order(limit="2", cursor=page["next"]) == [third]
