"""Memory that a group has in common: who may look, who may write, and that nothing of it is left to whoever goes."""

from typing import Any
from uuid import UUID

import pytest

from radiant.infra.db import Database
from tests.kit.fixtures import Callers
from tests.kit.server import Client, Server
from tests.kit.upstream import Upstream
from tests.workspace.memory.kit import MEMORIES, embedded

pytestmark = pytest.mark.usefixtures("patient")

GROUPS = "/api/memory/groups"
FACT = "The staging password is kept by the heron team."


@pytest.fixture
async def group(callers: Callers) -> str:
    """A group with the member in it and not the owner; its members may write."""
    made = await callers.owner.post("/api/groups", {"name": "Herons"})
    assert made.status == 201, made.body
    group_id = made.json()["id"]
    await _join(callers, group_id, callers.member_id)
    put = await callers.owner.put(f"{GROUPS}/{group_id}", {"members_may": "write"})
    assert put.status == 200, put.body
    return group_id


async def _join(callers: Callers, group_id: str, user_id: UUID) -> None:
    assert (await callers.owner.put(f"/api/groups/{group_id}/members/{user_id}", {})).status == 204


async def _add(client: Client, group_id: str, content: str = FACT, **more: Any) -> Any:
    return await client.post(f"{MEMORIES}?group={group_id}", {"content": content, **more})


async def _search(client: Client, query: str, where: str = "", **more: Any) -> list[Any]:
    answer = await client.post(f"/api/memory/search{where}", {"query": query, **more})
    assert answer.status == 200, answer.body
    return answer.json()["results"]


async def test_members_add_and_find_along_with_their_own_and_see_whose_it_is(
    callers: Callers, group: str, server: Server
) -> None:
    added = await _add(callers.member, group)
    assert added.status == 201, added.body
    await callers.member.post(MEMORIES, {"content": "My own staging password is on a note."})
    await embedded(server)
    both = await _search(callers.member, "staging password", groups=True)
    assert {(one["group"] or {}).get("name") for one in both} == {None, "Herons"}
    assert [
        one["memory"]["content"] for one in await _search(callers.member, "staging password", f"?group={group}")
    ] == [FACT]
    alone = await _search(callers.member, "staging password")
    assert [one["memory"]["content"] for one in alone] == ["My own staging password is on a note."]
    # Another member finds what this one added.
    await _join(callers, group, callers.owner_id)
    assert [one["memory"]["content"] for one in await _search(callers.owner, "staging password", groups=True)] == [FACT]
    listed = (await callers.owner.get(GROUPS)).json()["items"]
    assert [(one["name"], one["right"], one["members_may"]) for one in listed] == [("Herons", "manage", "write")]


async def test_rights_are_kept_and_end_with_the_group(callers: Callers, group: str, db: Database) -> None:
    memory = (await _add(callers.member, group)).json()["memory"]["id"]
    # Not in the group: not there, for admins and strangers alike; who may administer may not look.
    for stranger in (callers.owner, callers.viewer, callers.foreign_owner):
        for path in (
            f"{MEMORIES}?group={group}",
            f"{MEMORIES}/{memory}?group={group}",
            f"/api/memory/export?group={group}",
        ):
            assert (await stranger.get(path)).status == 404, path
        assert (await _add(stranger, group)).status in (403, 404)
        assert await _search(stranger, "staging password", groups=True) == []
    assert (await callers.owner.get(f"{MEMORIES}/{memory}")).status == 404
    assert [one["right"] for one in (await callers.owner.get(GROUPS)).json()["items"]] == [None]
    assert (await callers.foreign_owner.get(GROUPS)).json()["items"] == []
    # Setting up and taking away is the admins'.
    assert (await callers.member.put(f"{GROUPS}/{group}", {"members_may": "read"})).status == 403
    assert (await callers.member.send("DELETE", f"{GROUPS}/{group}")).status == 403
    assert (await callers.foreign_owner.put(f"{GROUPS}/{group}", {"members_may": "read"})).status == 404
    assert (await callers.owner.put(f"{GROUPS}/{group}", {"members_may": "read"})).status == 200
    # Who may read alone.
    assert (await callers.member.get(f"{MEMORIES}/{memory}?group={group}")).status == 200
    refused = await _add(callers.member, group, "Something else.")
    assert (refused.status, refused.json()["type"].rsplit("/", 1)[-1]) == (403, "not-your-right")
    for verb, path, body in (
        ("PATCH", f"{MEMORIES}/{memory}", {"pinned": True}),
        ("DELETE", f"{MEMORIES}/{memory}", None),
        ("POST", "/api/memory/forget", {"all": True}),
    ):
        assert (await callers.member.send(verb, f"{path}?group={group}", json=body)).status == 403, path
    await callers.owner.put(f"{GROUPS}/{group}", {"members_may": "write"})
    # Emptying it takes more than writing.
    assert (await callers.member.post(f"/api/memory/forget?group={group}", {"all": True})).status == 403
    await _join(callers, group, callers.owner_id)
    assert (await callers.owner.get(f"{MEMORIES}/{memory}?group={group}")).status == 200
    # Whoever leaves is out at once.
    assert (await callers.owner.send("DELETE", f"/api/groups/{group}/members/{callers.member_id}")).status == 204
    assert (await callers.member.get(f"{MEMORIES}/{memory}?group={group}")).status == 404
    assert await _search(callers.member, "staging password", groups=True) == []
    # With the group goes all that it had in common, and its holder.
    assert (await callers.owner.send("DELETE", f"/api/groups/{group}")).status == 204
    async with db.system("test").tx() as tx:
        assert await tx.value("select count(*) from memories where content = $1", FACT) == 0
        assert await tx.value("select count(*) from users where kind = 'group'") == 0


async def test_taking_the_memory_away_leaves_the_group_and_nothing_of_its_memory(
    callers: Callers, group: str, db: Database
) -> None:
    await _add(callers.member, group)
    assert (await callers.owner.send("DELETE", f"{GROUPS}/{group}")).status == 204
    assert (await callers.owner.send("DELETE", f"{GROUPS}/{group}")).status == 404
    assert (await callers.member.get(f"{MEMORIES}?group={group}")).status == 404
    assert (await callers.owner.get(f"/api/groups/{group}")).json()["members"] == 1
    async with db.system("test").tx() as tx:
        for table in ("memories", "memory_stores", "memory_terms", "memory_events"):
            assert await tx.value(f"select count(*) from {table}") == 0, table
    # Set up anew, it begins empty.
    assert (await callers.owner.put(f"{GROUPS}/{group}", {})).status == 200
    assert (await callers.member.get(f"{MEMORIES}?group={group}")).json()["items"] == []


async def test_the_holder_is_nobody(callers: Callers, group: str, db: Database) -> None:
    async with db.system("test").tx() as tx:
        holder = await tx.value("select id from users where kind = 'group'")
    people = (await callers.owner.get("/api/users")).json()["items"]
    assert str(holder) not in {one["id"] for one in people}
    for verb, path, body in (
        ("GET", f"/api/users/{holder}", None),
        ("PATCH", f"/api/users/{holder}", {"role": "owner"}),
        ("DELETE", f"/api/users/{holder}", None),
        ("POST", f"/api/service-accounts/{holder}/keys", {"name": "x", "scopes": ["inference"]}),
        ("PUT", f"/api/groups/{group}/members/{holder}", {}),
    ):
        assert (await callers.owner.send(verb, path, json=body)).status in (404, 405), path
    assert (await callers.owner.get(f"/api/groups/{group}")).json()["members"] == 1


async def test_what_a_group_knows_goes_along_with_its_members_questions(
    callers: Callers, group: str, server: Server, upstream: Upstream
) -> None:
    memory = (await _add(callers.member, group)).json()["memory"]["id"]
    await embedded(server)
    key = await server.with_key(callers.tenant.id, callers.member_id, "inference", "memory")
    body = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Who keeps the staging password?"}]}
    answer = await key.send("POST", "/v1/chat/completions", json=body, headers={"X-Radiant-Memory": "on"})
    assert answer.status == 200, answer.body
    assert answer.headers["x-radiant-memory-ids"] == memory
    assert FACT in str(upstream.requests[-1].body)
