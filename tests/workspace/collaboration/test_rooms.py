"""Rooms over HTTP: who is in them, links, history, comments; F20.8."""

from typing import Any
from uuid import UUID

import pytest

from tests.kit.fixtures import Callers
from tests.kit.server import Client, Server
from tests.workspace.collaboration.kit import ROOMS, author_of, bring_in, make_room, said, write

NOBODY = "01a204fa-5bf7-74a5-889a-d39cb4a4b580"


async def test_a_room_is_made_found_renamed_closed_and_deleted(callers: Callers):
    member = callers.member
    first, second = await make_room(member, "Plans of spring"), await make_room(member, "Notes", access="tenant")
    listed = (await member.get(ROOMS)).json()
    assert [(room["id"], room["role"], room["participants"]) for room in listed["items"]] == [
        (second, "owner", 1),
        (first, "owner", 1),
    ]
    assert [room["id"] for room in (await member.get(ROOMS, params={"search": "SPRING"})).json()["items"]] == [first]
    page = (await member.get(ROOMS, params={"limit": "1"})).json()
    rest = (await member.get(ROOMS, params={"limit": "1", "cursor": page["next"]})).json()
    assert [room["id"] for room in page["items"] + rest["items"]] == [second, first]
    # Another person sees what is open to the workspace alone, and may write there.
    seen = (await callers.owner.get(ROOMS)).json()["items"]
    assert [(room["id"], room["role"]) for room in seen] == [(second, "editor")]
    assert (await callers.foreign_owner.get(f"{ROOMS}/{second}")).status == 404
    changed = await member.patch(f"{ROOMS}/{first}", {"room_name": "Plans", "is_active": False, "max_participants": 3})
    room = changed.json()
    assert (room["room_name"], room["is_active"], room["max_participants"]) == ("Plans", False, 3)
    assert (await callers.owner.patch(f"{ROOMS}/{second}", {"room_name": "Mine"})).status == 403
    done = (await member.get(f"{ROOMS}/{first}/history")).json()["items"]
    assert [action["action_type"] for action in done] == ["bounded", "closed", "renamed", "created"]
    assert (await member.delete(f"{ROOMS}/{first}")).status == 204
    assert (await member.get(f"{ROOMS}/{first}")).status == 404


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({"room_name": " "}, "room_name"),
        ({"room_name": "x", "room_type": "Not a kind"}, "room_type"),
        ({"room_name": "x", "max_participants": 0}, "max_participants"),
        ({"room_name": "x", "access": "everybody"}, "access"),
        ({"room_name": "x", "room_type": "canvas"}, "room_type"),
        ({"room_name": "x", "colour": "red"}, "colour"),
    ],
)
async def test_bad_rooms_are_refused_by_the_name_of_the_field(callers: Callers, body: Any, where: str):
    answer = await callers.member.post(ROOMS, body)
    assert answer.status == 422
    assert where in str(answer.json())


async def test_owners_bring_people_in_change_their_roles_and_take_them_out(callers: Callers):
    member, owner = callers.member, callers.owner
    room_id = await make_room(member, max_participants=2)
    assert (await owner.get(f"{ROOMS}/{room_id}")).status == 404
    await bring_in(member, room_id, callers.owner_id, "viewer")
    assert (await owner.get(f"{ROOMS}/{room_id}")).json()["role"] == "viewer"
    assert (await owner.post(f"{ROOMS}/{room_id}/tickets")).json()["role"] == "viewer"
    people = (await owner.get(f"{ROOMS}/{room_id}/participants")).json()["items"]
    assert [(one["user_id"], one["role"], one["is_online"]) for one in people] == [
        (str(callers.member_id), "owner", False),
        (str(callers.owner_id), "viewer", False),
    ]
    place = f"{ROOMS}/{room_id}/participants"
    # Only owners give roles, to people of the workspace, as many as the room takes, and one owner stays.
    assert (await owner.put(f"{place}/{callers.owner_id}", {"role": "owner"})).status == 403
    third = (await callers.viewer.get("/api/session")).json()["user"]["id"]
    for who, status in ((NOBODY, 404), (str(callers.other_tenant.user_id), 404), (third, 409)):
        assert (await member.put(f"{place}/{who}", {"role": "editor"})).status == status
    assert (await member.put(f"{place}/{callers.member_id}", {"role": "editor"})).status == 409
    assert (await member.delete(f"{place}/{callers.member_id}")).status == 409
    # An address does as well as an id.
    email = next(one["email"] for one in people if one["user_id"] == str(callers.owner_id))
    added = await member.post(place, {"email": f" {email.upper()} ", "role": "editor"})
    assert {one["user_id"]: one["role"] for one in added.json()["items"]}[str(callers.owner_id)] == "editor"
    assert (await member.post(place, {"email": "nobody@example.org"})).status == 404
    assert (await owner.post(place, {"email": email, "role": "owner"})).status == 403
    await bring_in(member, room_id, callers.owner_id, "owner")
    assert (await member.delete(f"{place}/{callers.member_id}")).status == 204
    assert (await member.get(f"{ROOMS}/{room_id}")).status == 404
    done = (await owner.get(f"{ROOMS}/{room_id}/history", params={"user_id": str(callers.member_id)})).json()["items"]
    assert [action["action_type"] for action in done] == ["left", "role_changed", "role_changed", "added", "created"]


async def test_a_link_brings_people_of_the_workspace_in_until_it_is_taken_back(callers: Callers):
    room_id = await make_room(callers.member)
    links = f"{ROOMS}/{room_id}/invitations"
    made = (await callers.member.post(links, {"role": "commenter"})).json()
    token = made["url"].rpartition("/")[2]
    assert (await callers.foreign_owner.post("/api/collaboration/invitations/accept", {"token": token})).status == 404
    room = (await callers.owner.post("/api/collaboration/invitations/accept", {"token": token})).json()
    assert (room["id"], room["role"], room["participants"]) == (room_id, "commenter", 2)
    # An owner who follows it stays one.
    again = (await callers.member.post("/api/collaboration/invitations/accept", {"token": token})).json()
    assert again["role"] == "owner"
    (listed,) = (await callers.member.get(links)).json()["items"]
    assert (listed["id"], listed["uses"], listed["url"]) == (made["id"], 1, None)
    assert (await callers.owner.get(links)).status == 403
    assert (await callers.member.delete(f"{links}/{made['id']}")).status == 204
    gone = await callers.viewer.post("/api/collaboration/invitations/accept", {"token": token})
    assert gone.status == 404
    assert "ask for a new one" in gone.json()["detail"]


async def test_f20_8_what_a_document_was_can_be_seen_compared_and_brought_back(callers: Callers, server: Server):
    member = callers.member
    room_id = await make_room(member)
    await write(server, author_of(callers), room_id, "one\ntwo\n")
    kept = (await member.post(f"{ROOMS}/{room_id}/versions", {"name": "Two lines"})).json()
    await write(server, author_of(callers, model="gpt-4o"), room_id, "three\n")
    assert await said(member, room_id) == "one\ntwo\nthree\n"
    assert await said(member, room_id, version_id=kept["id"]) == "one\ntwo\n"
    assert await said(member, room_id, seq=kept["seq"]) == "one\ntwo\n"
    params = {"from_version": kept["id"]}
    (changed,) = (await member.get(f"{ROOMS}/{room_id}/compare", params=params)).json()["changes"]
    assert [(hunk["kind"], hunk["lines"]) for hunk in changed["hunks"]] == [
        ("same", ["one", "two"]),
        ("added", ["three"]),
    ]
    wrote = (await member.get(f"{ROOMS}/{room_id}/timeline")).json()["items"]
    assert [(one["user_id"], one["model"]) for one in wrote] == [
        (str(callers.member_id), "gpt-4o"),
        (str(callers.member_id), None),
    ]
    back = await member.post(f"{ROOMS}/{room_id}/restore", {"version_id": kept["id"]})
    assert [text["text"] for text in back.json()["texts"]] == ["one\ntwo\n"]
    # The way back is an edit: what was there is kept, and can be brought back too.
    before, named = (await member.get(f"{ROOMS}/{room_id}/versions")).json()["items"]
    assert (before["name"], named["name"]) == ("", "Two lines")
    await member.post(f"{ROOMS}/{room_id}/restore", {"seq": before["seq"]})
    assert await said(member, room_id) == "one\ntwo\nthree\n"
    for bad in ({"seq": 10_000}, {"version_id": NOBODY}):
        assert (await member.post(f"{ROOMS}/{room_id}/restore", bad)).status == 404
    assert (await member.post(f"{ROOMS}/{room_id}/restore", {})).status == 422
    renamed = await member.patch(f"{ROOMS}/{room_id}/versions/{before['id']}", {"name": "Three lines"})
    assert renamed.json()["name"] == "Three lines"
    assert (await member.delete(f"{ROOMS}/{room_id}/versions/{before['id']}")).status == 204
    # A viewer looks and does not touch; a closed room is looked at alone.
    await bring_in(member, room_id, callers.owner_id, "viewer")
    assert await said(callers.owner, room_id, version_id=kept["id"]) == "one\ntwo\n"
    assert (await callers.owner.post(f"{ROOMS}/{room_id}/restore", {"version_id": kept["id"]})).status == 403
    await member.patch(f"{ROOMS}/{room_id}", {"is_active": False})
    closed = await member.post(f"{ROOMS}/{room_id}/restore", {"version_id": kept["id"]})
    assert (closed.status, closed.json()["type"].rpartition("/")[2]) == (409, "room-closed")


async def test_clients_note_what_they_did_and_where_they_are(callers: Callers):
    member = callers.member
    room_id = await make_room(member)
    noted = {"action_type": "exported", "action_data": {"as": "pdf"}}
    assert (await member.post(f"{ROOMS}/{room_id}/history", noted)).status == 204
    done = (await member.get(f"{ROOMS}/{room_id}/history", params={"action_type": "exported"})).json()["items"]
    assert [(action["action_data"], action["display_name"] is not None) for action in done] == [({"as": "pdf"}, True)]
    assert (await member.put(f"{ROOMS}/{room_id}/cursor", {"cursor_position": {"index": 3}})).status == 204
    (me,) = (await member.get(f"{ROOMS}/{room_id}/participants")).json()["items"]
    assert me["cursor_position"] == {"index": 3}
    much = {"cursor_position": {"index": "x" * 20_000}}
    assert (await member.put(f"{ROOMS}/{room_id}/cursor", much)).status == 422


async def test_comments_are_threads_with_mentions_that_are_resolved(callers: Callers):
    member, owner = callers.member, callers.owner
    room_id = await make_room(member)
    await bring_in(member, room_id, callers.owner_id, "commenter")
    place = f"{ROOMS}/{room_id}/comments"
    anchor = {"from": "a", "to": "b", "quote": "two"}
    thread = await _add(owner, place, {"body": "Why two?", "anchor": anchor, "mentions": [str(callers.member_id)]})
    answer = await _add(member, place, {"body": "Because.", "parent_id": thread["id"]})
    assert (await member.post(place, {"body": "x", "parent_id": answer["id"]})).status == 404
    assert (await member.post(place, {"body": "x", "mentions": [NOBODY]})).status == 404
    (listed,) = (await owner.get(place)).json()["items"]
    assert (listed["anchor"]["quote"], [one["body"] for one in listed["answers"]]) == ("two", ["Because."])
    (mention,) = (await member.get("/api/collaboration/mentions")).json()["items"]
    assert (mention["room_name"], mention["comment"]["id"]) == ("Plans", thread["id"])
    assert (await owner.get("/api/collaboration/mentions")).json()["items"] == []
    # Whose words they are rewords them; who may write resolves.
    assert (await member.patch(f"{place}/{thread['id']}", {"body": "No."})).status == 403
    resolved = (await member.patch(f"{place}/{thread['id']}", {"resolved": True})).json()
    assert resolved["resolved_by"] == str(callers.member_id)
    assert (await owner.get(place, params={"resolved": "false"})).json()["items"] == []
    assert (await owner.patch(f"{place}/{thread['id']}", {"resolved": False})).json()["resolved_at"] is None
    assert (await owner.delete(f"{place}/{answer['id']}")).status == 403
    await bring_in(member, room_id, callers.owner_id, "viewer")
    assert (await owner.post(place, {"body": "x"})).status == 403
    assert (await member.delete(f"{place}/{thread['id']}")).status == 204
    assert (await member.get(place)).json()["items"] == []


async def _add(client: Client, place: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = await client.post(place, body)
    assert answer.status == 201, answer.body
    UUID(answer.json()["id"])
    return answer.json()
