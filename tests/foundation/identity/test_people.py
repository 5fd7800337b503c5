"""Members, roles, tenants, keys, the profile, the trail."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from radiant.infra.db import Database
from tests.kit.fixtures import Callers
from tests.kit.server import PASSWORD, Client, Server


async def test_an_admin_invites_changes_and_removes(callers: Callers) -> None:
    answer = await callers.owner.post("/api/users", {"email": "Jane@Example.org", "name": "Jane", "role": "admin"})
    assert answer.status == 201
    jane = answer.json()
    assert jane["email"] == "jane@example.org"
    assert len(jane["one_time_password"]) >= 20
    again = await callers.owner.post("/api/users", {"email": "jane@example.org"})
    assert (again.status, again.json()["type"].rpartition("/")[2]) == (409, "email-taken")
    changed = await callers.owner.patch(f"/api/users/{jane['id']}", {"role": "viewer"})
    assert changed.json()["role"] == "viewer"
    assert (await callers.owner.delete(f"/api/users/{jane['id']}")).status == 204
    assert (await callers.owner.delete(f"/api/users/{jane['id']}")).status == 404


async def test_f0_5_a_foreign_persons_id_is_not_found(callers: Callers) -> None:
    theirs = callers.other_tenant.user_id
    assert (await callers.owner.patch(f"/api/users/{theirs}", {"role": "viewer"})).status == 404
    assert (await callers.owner.post(f"/api/users/{theirs}/password")).status == 404
    assert (await callers.owner.delete(f"/api/users/{theirs}")).status == 404
    assert (await callers.owner.delete("/api/users/not-an-id")).status == 404


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/api/users", None),
        ("POST", "/api/users", {"email": "x@example.org"}),
        ("GET", "/api/audit", None),
        ("PATCH", "/api/tenant", {"name": "Mine"}),
        ("PUT", "/api/providers/openai", {"api_key": "sk"}),
        ("GET", "/api/tenants", None),
        ("POST", "/api/local-models/smollm2-135m-instruct/load", None),
        ("GET", "/api/keys?all=true", None),
    ],
)
async def test_a_member_may_not(callers: Callers, method: str, path: str, body: object) -> None:
    answer = await callers.member.send(method, path, json=body)
    assert answer.status == 403


async def test_an_admin_makes_no_owner_and_no_owner_is_the_last_to_go(
    callers: Callers, server: Server, make_user: object
) -> None:
    invited = (await callers.owner.post("/api/users", {"email": "adm@example.org", "role": "admin"})).json()
    admin = await server.signed_in(callers.tenant.id, invited["id"])
    assert (await admin.post("/api/users", {"email": "o@example.org", "role": "owner"})).status == 403
    assert (await admin.patch(f"/api/users/{callers.owner_id}", {"role": "member"})).status == 403
    only = (await callers.foreign_owner.get("/api/session")).json()["user"]["id"]
    answer = await callers.foreign_owner.patch(f"/api/users/{only}", {"role": "member"})
    assert (answer.status, answer.json()["type"].rpartition("/")[2]) == (409, "last-owner")


async def test_an_owner_neither_changes_nor_removes_an_operator(callers: Callers) -> None:
    operator = (await callers.operator.get("/api/session")).json()["user"]["id"]
    assert (await callers.owner.patch(f"/api/users/{operator}", {"status": "disabled"})).status == 403
    assert (await callers.owner.delete(f"/api/users/{operator}")).status == 403
    assert (await callers.operator.get("/api/session")).status == 200


async def test_the_operator_alone_makes_workspaces(callers: Callers) -> None:
    new = {"name": "Acme", "slug": "acme", "owner_email": "boss@acme.example"}
    assert (await callers.owner.post("/api/tenants", new)).status == 403
    made = await callers.operator.post("/api/tenants", new)
    assert made.status == 201
    assert made.json()["owner"]["role"] == "owner"
    assert (await callers.operator.post("/api/tenants", new)).status == 409
    bad = await callers.operator.post("/api/tenants", new | {"slug": "No Slug!"})
    assert bad.status == 422
    assert bad.json()["errors"][0]["field"] == "slug"


async def test_a_key_is_shown_once_and_works_until_it_is_revoked(callers: Callers) -> None:
    made = (await callers.member.post("/api/keys", {"name": "laptop", "scopes": ["read"]})).json()
    assert made["secret"].startswith(made["prefix"])
    listed = (await callers.member.get("/api/keys")).json()["items"]
    assert "secret" not in listed[0]
    program = Client(callers.member.base_url, callers.member.http, {"Authorization": f"Bearer {made['secret']}"})
    assert (await program.get("/api/chats")).status == 200
    assert (await program.post("/api/chats", {})).json()["type"].endswith("/missing-scope")
    assert (await callers.foreign_owner.delete(f"/api/keys/{made['id']}")).status == 404
    assert (await callers.member.delete(f"/api/keys/{made['id']}")).status == 204
    assert (await program.get("/api/chats")).status == 401


async def test_a_key_never_may_more_than_its_person(callers: Callers) -> None:
    assert (await callers.member.post("/api/keys", {"name": "x", "scopes": ["admin"]})).status == 403
    assert (await callers.viewer.post("/api/keys", {"name": "x"})).status == 403
    past = (datetime.now(UTC) - timedelta(days=1)).isoformat()
    assert (await callers.member.post("/api/keys", {"name": "x", "expires_at": past})).status == 422


async def test_a_key_that_expired_does_not_work(callers: Callers, db: Database) -> None:
    soon = (datetime.now(UTC) + timedelta(seconds=0.4)).isoformat()
    made = (await callers.member.post("/api/keys", {"name": "x", "scopes": ["read"], "expires_at": soon})).json()
    program = Client(callers.member.base_url, callers.member.http, {"x-api-key": made["secret"]})
    assert (await program.get("/api/chats")).status == 200
    await asyncio.sleep(0.5)
    assert (await program.get("/api/chats")).status == 401


async def test_f0_10_a_person_takes_everything_along_and_is_gone(callers: Callers, db: Database) -> None:
    chat = (await callers.member.post("/api/chats", {"title": "Mine"})).json()
    export = (await callers.member.get("/api/profile/export")).json()
    assert [item["title"] for item in export["chats"]] == ["Mine"]
    assert "password_hash" not in export["users"][0]
    assert (await callers.member.delete("/api/profile", {"password": "wrong password"})).status == 403
    assert (await callers.member.delete("/api/profile", {"password": PASSWORD})).status == 204
    async with db.system("test").tx() as tx:
        assert await tx.value("select count(*) from chats where id = $1", chat["id"]) == 0
        assert await tx.value("select count(*) from users where id = $1", callers.member_id) == 0


async def test_the_export_holds_nobody_elses_rows(callers: Callers) -> None:
    await callers.owner.post("/api/chats", {"title": "The owner's"})
    export = (await callers.member.get("/api/profile/export")).json()
    assert export["chats"] == []
    assert {row["id"] for row in export["users"]} == {str(callers.member_id)}


async def test_pages_follow_one_another_without_gap_or_repetition(callers: Callers) -> None:
    for n in range(5):
        await callers.owner.post("/api/users", {"email": f"p{n}@example.org"})
    seen: list[str] = []
    cursor = ""
    while True:
        page = (await callers.owner.get(f"/api/users?limit=2{cursor}")).json()
        seen += [item["id"] for item in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert len(seen) == len(set(seen)) >= 9
    assert (await callers.owner.get("/api/users?cursor=garbage")).status == 422
