"""Groups, and service accounts with keys of their own."""

from uuid import UUID

import pytest

from radiant.foundation.identity import groups_store
from radiant.infra.db import Database
from radiant.kit.ids import UserId
from tests.kit.fixtures import Callers
from tests.kit.server import Answer, Client, Server


def slug_of(answer: Answer) -> str:
    return answer.json()["type"].rpartition("/")[2]


async def new_group(callers: Callers, name: str = "Research") -> str:
    answer = await callers.owner.post("/api/groups", {"name": name})
    assert answer.status == 201, answer.body
    return answer.json()["id"]


async def test_a_group_is_made_filled_renamed_and_taken_away(callers: Callers, db: Database) -> None:
    group = await new_group(callers)
    path = f"/api/groups/{group}"
    member = f"{path}/members/{callers.member_id}"
    assert (await callers.owner.put(member, None)).status == 204
    assert (await callers.owner.put(member, None)).status == 204
    assert (await callers.owner.get(path)).json()["members"] == 1
    listed = (await callers.owner.get(f"{path}/members")).json()["items"]
    assert [item["id"] for item in listed] == [str(callers.member_id)]
    async with db.tenant(callers.tenant.id).tx() as tx:
        found = await groups_store.of_person(tx, UserId(callers.member_id))
    assert [(row["id"], row["name"]) for row in found] == [(UUID(group), "Research")]
    assert (await callers.owner.patch(path, {"name": "Labs"})).json()["name"] == "Labs"
    assert (await callers.owner.delete(member)).status == 204
    assert (await callers.owner.delete(member)).status == 404
    assert (await callers.owner.delete(path)).status == 204
    assert (await callers.owner.get(path)).status == 404
    assert (await callers.owner.get("/api/users")).json()["items"] != []


async def test_a_name_is_unique_in_a_tenant_whatever_its_letters_and_free_in_another(callers: Callers) -> None:
    group = await new_group(callers)
    same = await callers.owner.post("/api/groups", {"name": " research "})
    assert (same.status, slug_of(same)) == (409, "group-name-taken")
    assert (await callers.foreign_owner.post("/api/groups", {"name": "Research"})).status == 201
    other = await new_group(callers, "Other")
    assert slug_of(await callers.owner.patch(f"/api/groups/{other}", {"name": "RESEARCH"})) == "group-name-taken"
    assert (await callers.owner.patch(f"/api/groups/{group}", {"name": "RESEARCH"})).json()["name"] == "RESEARCH"


async def test_nobody_of_another_tenant_gets_in_and_no_member_changes_groups(callers: Callers) -> None:
    group = await new_group(callers)
    stranger = callers.other_tenant.user_id
    assert (await callers.owner.put(f"/api/groups/{group}/members/{stranger}", None)).status == 404
    assert (await callers.foreign_owner.get(f"/api/groups/{group}")).status == 404
    assert (await callers.foreign_owner.put(f"/api/groups/{group}/members/{stranger}", None)).status == 404
    assert (await callers.member.get("/api/groups")).status == 403
    assert (await callers.member.put(f"/api/groups/{group}/members/{callers.member_id}", None)).status == 403


async def test_groups_follow_one_another_by_name_without_gap_or_repetition(callers: Callers) -> None:
    names = ["b", "A", "c", "É", "a2", "Z"]
    for name in names:
        await new_group(callers, name)
    seen: list[str] = []
    cursor = ""
    while True:
        page = (await callers.owner.get(f"/api/groups?limit=2{cursor}")).json()
        seen += [item["name"] for item in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert sorted(seen) == sorted(names)
    assert (await callers.owner.get("/api/groups?cursor=garbage")).status == 422


async def new_account(callers: Callers, role: str = "member") -> str:
    answer = await callers.owner.post("/api/service-accounts", {"name": "Nightly build", "role": role})
    assert answer.status == 201, answer.body
    return answer.json()["id"]


async def test_a_service_account_works_by_its_key_until_it_is_disabled(callers: Callers, server: Server) -> None:
    account = await new_account(callers)
    made = await callers.owner.post(
        f"/api/service-accounts/{account}/keys", {"name": "ci", "scopes": ["read", "write"]}
    )
    assert made.status == 201, made.body
    assert made.json()["user_id"] == account
    program = Client(server.base_url, server.http, {"Authorization": f"Bearer {made.json()['secret']}"})
    assert (await program.post("/api/chats", {})).status == 201
    assert (await callers.owner.patch(f"/api/users/{account}", {"status": "disabled"})).status == 200
    assert (await program.get("/api/chats")).status == 401
    assert (await callers.owner.patch(f"/api/users/{account}", {"status": "active"})).status == 200
    assert (await program.get("/api/chats")).status == 200
    assert (await callers.owner.delete(f"/api/users/{account}")).status == 204
    assert (await program.get("/api/chats")).status == 401


async def test_it_is_listed_apart_from_people_and_counts_as_no_person(callers: Callers) -> None:
    account = await new_account(callers)
    people = [item["id"] for item in (await callers.owner.get("/api/users")).json()["items"]]
    assert account not in people
    listed = (await callers.owner.get("/api/service-accounts")).json()["items"]
    assert [(item["id"], item["kind"]) for item in listed] == [(account, "service")]
    assert (await callers.foreign_owner.get("/api/service-accounts")).json()["items"] == []


async def test_it_never_signs_in_and_never_owns_the_workspace(callers: Callers, db: Database) -> None:
    account = await new_account(callers)
    assert (await callers.owner.post(f"/api/users/{account}/password")).status == 422
    assert (await callers.owner.patch(f"/api/users/{account}", {"role": "owner"})).status == 422
    assert (await callers.owner.post("/api/service-accounts", {"name": "x", "role": "owner"})).status == 422
    from radiant.foundation.identity import passwords
    from tests.kit.server import PASSWORD

    encoded = await passwords.hash_password(PASSWORD)
    async with db.system("test").tx() as tx:
        await tx.run("update users set password_hash = $2 where id = $1", UUID(account), encoded)
        email = await tx.value("select email from users where id = $1", UUID(account))
    answer = await callers.nobody.post("/api/session", {"email": email, "password": PASSWORD})
    assert slug_of(answer) == "wrong-credentials"


@pytest.mark.parametrize(("role", "scopes"), [("member", ["admin"]), ("viewer", ["read"])])
async def test_its_keys_may_no_more_than_its_role(callers: Callers, role: str, scopes: list[str]) -> None:
    account = await new_account(callers, role)
    answer = await callers.owner.post(f"/api/service-accounts/{account}/keys", {"name": "x", "scopes": scopes})
    assert answer.status == 403


async def test_keys_are_made_for_service_accounts_alone_and_by_admins_alone(callers: Callers, server: Server) -> None:
    account = await new_account(callers)
    path = f"/api/service-accounts/{account}/keys"
    assert (await callers.member.post(path, {"name": "x"})).status == 403
    assert (await callers.foreign_owner.post(path, {"name": "x"})).status == 404
    for_person = f"/api/service-accounts/{callers.member_id}/keys"
    assert (await callers.owner.post(for_person, {"name": "x"})).status == 404
    # A key makes no key that may do more than itself.
    narrow = await server.with_key(callers.tenant.id, callers.owner_id, "read", "write", "admin")
    assert (await narrow.post(path, {"name": "x", "scopes": ["inference"]})).status == 403
