"""SCIM: people and groups kept by an identity provider, in the shapes that Okta and Entra ID send."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from radiant.foundation.identity.scim import filters
from radiant.foundation.identity.scim.errors import BadFilter
from radiant.foundation.identity.scim.people import ATTRIBUTES
from radiant.infra.db import Database
from tests.kit.fixtures import Callers
from tests.kit.server import PASSWORD, Answer, Client, Server

USERS, GROUPS = "/scim/v2/Users", "/scim/v2/Groups"
JANE = {
    "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
    "userName": "Jane.Doe@example.org",
    "externalId": "00u1Ab",
    "name": {"givenName": "Jane", "familyName": "Doe"},
    "emails": [{"value": "jane.doe@example.org", "type": "work", "primary": True}],
    "active": True,
}


def patch_of(*operations: dict[str, Any]) -> dict[str, Any]:
    return {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": list(operations)}


async def client_of(owner: Client) -> Client:
    """The identity provider of that owner's tenant."""
    answer = await owner.post("/api/scim/token")
    assert answer.status == 201, answer.body
    return Client(owner.base_url, owner.http, {"Authorization": f"Bearer {answer.json()['token']}"})


@pytest.fixture
async def idp(callers: Callers) -> Client:
    return await client_of(callers.owner)


async def made(idp: Client, **changes: Any) -> dict[str, Any]:
    answer = await idp.post(USERS, JANE | changes)
    assert answer.status == 201, answer.body
    assert answer.headers["Content-Type"] == "application/scim+json"
    assert answer.headers["Location"].endswith(f"/scim/v2/Users/{answer.json()['id']}")
    return answer.json()


async def names(idp: Client, filter_: str, path: str = USERS) -> list[str]:
    answer = await idp.get(path, params={"filter": filter_})
    assert answer.status == 200, answer.body
    return [item.get("userName") or item["displayName"] for item in answer.json()["Resources"]]


def refused(answer: Answer, status: int, scim_type: str | None = None) -> None:
    """It is an error as SCIM writes it."""
    assert answer.status == status, answer.body
    body = answer.json()
    assert answer.headers["Content-Type"] == "application/scim+json"
    assert body["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:Error"]
    assert body["status"] == str(status)
    assert body.get("scimType") == scim_type


async def test_a_person_is_made_read_changed_and_removed(idp: Client, db: Database) -> None:
    jane = await made(idp)
    assert (jane["userName"], jane["externalId"], jane["active"]) == ("Jane.Doe@example.org", "00u1Ab", True)
    assert jane["name"] == {"formatted": "Jane Doe", "givenName": "Jane", "familyName": "Doe"}
    path = f"{USERS}/{jane['id']}"
    assert (await idp.get(path)).json() == jane
    changed = (await idp.put(path, JANE | {"displayName": "J. Doe", "externalId": "x"})).json()
    assert (changed["displayName"], changed["externalId"]) == ("J. Doe", "x")
    async with db.system("test").tx() as tx:
        row = await tx.one("select email, role, status, password_hash from users where email = 'jane.doe@example.org'")
        actions = [
            item["payload"]["action"]
            for item in await tx.all("select payload from outbox where topic = 'audit' order by id")
        ]
    assert (row["role"], row["status"], row["password_hash"]) == ("member", "active", None)
    assert actions[-2:] == ["user.made", "user.changed"]
    assert (await idp.delete(path)).status == 204
    refused(await idp.get(path), 404)
    refused(await idp.delete(path), 404)


async def test_a_name_is_unique_in_a_tenant_and_free_in_another(idp: Client, callers: Callers) -> None:
    await made(idp)
    refused(await idp.post(USERS, JANE | {"userName": "JANE.DOE@EXAMPLE.ORG"}), 409, "uniqueness")
    refused(await idp.post(USERS, JANE | {"userName": "other"}), 409, "uniqueness")
    theirs = await client_of(callers.foreign_owner)
    assert (await theirs.post(USERS, JANE)).status == 201


async def test_deactivating_ends_sessions_and_keys_at_once_and_for_good(
    idp: Client, callers: Callers, server: Server
) -> None:
    key = await server.with_key(callers.tenant.id, callers.member_id, "read")
    path = f"{USERS}/{callers.member_id}"
    # As Entra ID writes it, and as Okta does.
    off = patch_of({"op": "Replace", "path": "active", "value": "False"})
    on = patch_of({"op": "replace", "value": {"active": True}})
    answer = await idp.patch(path, off)
    assert (answer.status, answer.json()["active"]) == (200, False)
    assert (await callers.member.get("/api/session")).status == 401
    assert (await key.get("/api/chats")).status == 401
    assert (await idp.patch(path, on)).json()["active"] is True
    assert (await callers.member.get("/api/session")).status == 401
    assert (await key.get("/api/chats")).status == 401
    again = await server.signed_in(callers.tenant.id, callers.member_id)
    assert (await again.get("/api/session")).status == 200


async def test_the_last_owner_and_operators_stay(callers: Callers, server: Server, db: Database) -> None:
    idp = await client_of(callers.foreign_owner)
    path = f"{USERS}/{callers.other_tenant.user_id}"
    refused(await idp.patch(path, patch_of({"op": "replace", "path": "active", "value": False})), 409, "mutability")
    refused(await idp.delete(path), 409, "mutability")
    refused(await idp.patch(path, patch_of({"op": "replace", "path": "emails", "value": "x@example.org"})), 409, "mutability")  # fmt: skip
    assert (await callers.foreign_owner.get("/api/session")).status == 200
    ours = await client_of(callers.owner)
    operator = (await callers.operator.get("/api/session")).json()["user"]["id"]
    refused(await ours.delete(f"{USERS}/{operator}"), 409, "mutability")
    refused(await ours.patch(f"{USERS}/{operator}", patch_of({"op": "replace", "value": {"displayName": "x"}})), 409, "mutability")  # fmt: skip


async def test_two_owners_deprovisioned_at_once_leave_one(
    callers: Callers, db: Database, make_user: Callable[..., Awaitable[Any]]
) -> None:
    import asyncio

    second = await make_user(callers.other_tenant.id, role="owner")
    idp = await client_of(callers.foreign_owner)
    answers = await asyncio.gather(
        idp.delete(f"{USERS}/{callers.other_tenant.user_id}"), idp.delete(f"{USERS}/{second}")
    )
    assert sorted(answer.status for answer in answers) == [204, 409]


@pytest.mark.parametrize(
    ("operations", "expected"),
    [
        ([{"op": "add", "path": "name.familyName", "value": "Roe"}], {"familyName": "Roe"}),
        ([{"op": "replace", "value": {"name.givenName": "Janet", "title": "Dr"}}], {"givenName": "Janet"}),
        ([{"op": "replace", "value": {"name": {"givenName": "Janet"}}}], {"givenName": "Janet"}),
        ([{"op": "remove", "path": "externalId"}], {"externalId": None}),
        ([{"op": "replace", "path": 'emails[type eq "work"].value', "value": "J@Example.org"}], {"email": "j@example.org"}),
        ([{"op": "replace", "path": "emails", "value": [{"value": "j@example.org"}]}], {"email": "j@example.org"}),
        ([{"op": "replace", "path": "urn:ietf:params:scim:schemas:core:2.0:User:displayName", "value": "X"}], {"displayName": "X"}),
        ([{"op": "add", "path": "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department", "value": "R"}], {}),
        ([{"op": "replace", "path": "userName", "value": "new@example.org"}], {"userName": "new@example.org", "email": "new@example.org"}),
    ],
)  # fmt: skip
async def test_patches_of_every_shape(idp: Client, operations: list[Any], expected: dict[str, Any]) -> None:
    jane = await made(idp)
    answer = await idp.patch(f"{USERS}/{jane['id']}", patch_of(*operations))
    assert answer.status == 200, answer.body
    body = answer.json()
    flat = {**body, **body["name"], "email": body["emails"][0]["value"]}
    assert {name: flat.get(name) for name in expected} == expected


@pytest.mark.parametrize(
    ("body", "scim_type"),
    [
        ({}, "invalidSyntax"),
        ({"Operations": []}, "invalidSyntax"),
        ({"Operations": [5]}, "invalidSyntax"),
        (patch_of({"op": "explode", "path": "active"}), "invalidSyntax"),
        (patch_of({"op": "remove"}), "invalidPath"),
        (patch_of({"op": "replace", "path": "nonsense", "value": 1}), "invalidPath"),
        (patch_of({"op": "replace", "path": "active", "value": "perhaps"}), "invalidValue"),
        (patch_of({"op": "remove", "path": "userName"}), "invalidValue"),
        (patch_of({"op": "replace", "path": "emails", "value": "nobody"}), "invalidValue"),
        (patch_of({"op": "replace", "path": "displayName", "value": "a\x00b"}), "invalidValue"),
    ],
)
async def test_a_bad_patch_changes_nothing(idp: Client, body: Any, scim_type: str) -> None:
    jane = await made(idp)
    path = f"{USERS}/{jane['id']}"
    good = {"op": "replace", "path": "displayName", "value": "Changed"}
    if body.get("Operations"):
        body = {"Operations": [good, *body["Operations"]]}
    refused(await idp.patch(path, body), 400, scim_type)
    assert (await idp.get(path)).json() == jane


async def test_filters_find_by_every_operator(idp: Client) -> None:
    await made(idp)
    await made(idp, userName="bob@example.org", emails=None, externalId="00u2", name={"givenName": "Bob"}, active=False)
    jane, bob = "Jane.Doe@example.org", "bob@example.org"
    assert await names(idp, 'userName eq "jane.doe@EXAMPLE.org"') == [jane]
    assert await names(idp, 'USERNAME EQ "bob@example.org"') == [bob]
    assert await names(idp, 'externalId eq "00u1Ab"') == [jane]
    assert await names(idp, 'externalId eq "00u1ab"') == []
    assert await names(idp, 'userName sw "jane" and active eq true') == [jane]
    assert await names(idp, '(externalId sw "00u") and (active eq false)') == [bob]
    assert await names(idp, 'emails[type eq "work"].value co "doe"') == [jane]
    assert await names(idp, 'name.familyName pr and emails.value co "@"') == [jane]
    assert await names(idp, 'userName eq "50%"') == []
    assert await names(idp, 'userName co "_"') == []
    assert await names(idp, 'urn:ietf:params:scim:schemas:core:2.0:User:userName eq "bob@example.org"') == [bob]


async def test_who_was_here_before_is_found_by_their_address(idp: Client, callers: Callers, db: Database) -> None:
    async with db.system("test").tx() as tx:
        email = await tx.value("select email from users where id = $1", callers.member_id)
    found = await idp.get(USERS, params={"filter": f'userName eq "{email.upper()}"'})
    assert found.json()["Resources"][0]["id"] == str(callers.member_id)


@pytest.mark.parametrize(
    "text",
    ["userName", "userName eq", 'userName eq bob', 'userName ne "x"', 'password eq "x"', 'userName eq "x" or id eq "y"',
     'not (active eq true)', '(userName eq "x"', 'userName eq "x") ', 'userName eq "x" and', "'; drop table users; --",
     'userName eq "\\u0000"', 'userName eq "\\x"', "(" * 500, 'userName eq "' + "x" * 3000 + '"', "\x00", "eq eq eq"],
)  # fmt: skip
async def test_a_filter_that_is_not_understood_is_said(idp: Client, text: str) -> None:
    with pytest.raises(BadFilter):
        filters.parse(text, ATTRIBUTES)
    if text.isprintable():
        refused(await idp.get(USERS, params={"filter": text}), 400, "invalidFilter")


async def test_pages_begin_at_one_and_hold_no_more_than_asked(idp: Client, callers: Callers) -> None:
    for n in range(5):
        await made(idp, userName=f"p{n}@example.org", emails=None)
    everybody = (await idp.get(USERS)).json()
    seen: list[str] = []
    for start in range(1, everybody["totalResults"] + 1, 2):
        page = (await idp.get(f"{USERS}?startIndex={start}&count=2")).json()
        assert page["totalResults"] == everybody["totalResults"]
        assert (page["startIndex"], page["itemsPerPage"]) == (start, len(page["Resources"]))
        seen += [item["id"] for item in page["Resources"]]
    assert seen == [item["id"] for item in everybody["Resources"]]
    assert (await idp.get(f"{USERS}?count=0")).json()["Resources"] == []
    assert (await idp.get(f"{USERS}?startIndex=-5&count=-1")).json()["startIndex"] == 1
    assert (await idp.get(f"{USERS}?startIndex=9999")).json()["Resources"] == []
    refused(await idp.get(f"{USERS}?count=many"), 400, "invalidValue")
    only = (await idp.get(f"{USERS}?attributes=userName,emails.value&count=1")).json()["Resources"][0]
    assert set(only) == {"schemas", "id", "userName", "emails"}


async def new_group(idp: Client, *members: str, name: str = "Labs") -> str:
    body = {"displayName": name, "members": [{"value": member} for member in members]}
    answer = await idp.post(GROUPS, body)
    assert answer.status == 201, answer.body
    return answer.json()["id"]


async def test_a_group_is_kept_with_its_members(idp: Client, callers: Callers) -> None:
    member, owner = str(callers.member_id), str(callers.owner_id)
    path = f"{GROUPS}/{await new_group(idp, member)}"

    async def after(*operations: dict[str, Any]) -> set[str]:
        answer = await idp.patch(path, patch_of(*operations))
        assert answer.status == 200, answer.body
        return {item["value"] for item in answer.json()["members"]}

    assert await after({"op": "add", "path": "members", "value": [{"value": owner}]}) == {member, owner}
    assert await after({"op": "Add", "path": "members", "value": [{"value": owner}]}) == {member, owner}
    assert await after({"op": "remove", "path": f'members[value eq "{owner}"]'}) == {member}
    assert await after({"op": "Remove", "path": "members", "value": [{"value": member}]}) == set()
    assert await after({"op": "replace", "path": "members", "value": [{"value": owner}]}) == {owner}
    assert await after({"op": "add", "value": {"members": [{"value": member}]}}) == {member, owner}
    assert await after({"op": "remove", "path": "members"}) == set()
    swap = ({"op": "remove", "path": "members"}, {"op": "add", "path": "members", "value": [{"value": member}]})
    assert await after(*swap, {"op": "replace", "value": {"displayName": "Lab", "id": "x"}}) == {member}
    assert (await idp.get(f"{USERS}/{member}")).json()["groups"][0]["display"] == "Lab"
    assert await names(idp, f'displayName eq "LAB" and members eq "{member}"', GROUPS) == ["Lab"]
    assert await names(idp, f'members.value eq "{owner}"', GROUPS) == []
    assert "members" not in (await idp.get(f"{path}?excludedAttributes=members")).json()
    replaced = (await idp.put(path, {"displayName": "Labs", "members": []})).json()
    assert (replaced["displayName"], replaced["members"]) == ("Labs", [])
    assert (await callers.owner.get("/api/groups")).json()["items"][0]["name"] == "Labs"
    assert (await idp.delete(path)).status == 204
    refused(await idp.get(path), 404)


async def test_a_bad_group_is_refused_whole(idp: Client, callers: Callers) -> None:
    member, stranger = str(callers.member_id), str(callers.other_tenant.user_id)
    group = await new_group(idp, member)
    path = f"{GROUPS}/{group}"
    refused(await idp.post(GROUPS, {"displayName": "labs"}), 409, "uniqueness")
    refused(await idp.post(GROUPS, {}), 400, "invalidValue")
    for value in (stranger, "not-an-id", group):
        add = patch_of(
            {"op": "remove", "path": "members"}, {"op": "add", "path": "members", "value": [{"value": value}]}
        )
        refused(await idp.patch(path, add), 400, "invalidValue")
        refused(await idp.post(GROUPS, {"displayName": "x", "members": [{"value": value}]}), 400, "invalidValue")
    assert [item["value"] for item in (await idp.get(path)).json()["members"]] == [member]
    refused(await idp.patch(path, patch_of({"op": "replace", "path": "owner", "value": 1})), 400, "invalidPath")
    refused(await idp.patch(path, patch_of({"op": "remove", "path": "displayName"})), 400, "invalidPath")
    other = await new_group(idp, name="Other")
    rename = patch_of({"op": "replace", "path": "displayName", "value": "LABS"})
    refused(await idp.patch(f"{GROUPS}/{other}", rename), 409, "uniqueness")


async def test_another_tenants_people_and_groups_are_not_there(idp: Client, callers: Callers) -> None:
    theirs = await client_of(callers.foreign_owner)
    group = await new_group(idp, str(callers.member_id))
    for path in (f"{USERS}/{callers.member_id}", f"{GROUPS}/{group}"):
        body = JANE if path.startswith(USERS) else {"displayName": "x"}
        refused(await theirs.get(path), 404)
        refused(await theirs.put(path, body), 404)
        refused(await theirs.patch(path, patch_of({"op": "replace", "value": {"displayName": "x"}})), 404)
        refused(await theirs.delete(path), 404)
    ids = {item["id"] for item in (await theirs.get(USERS)).json()["Resources"]}
    assert str(callers.member_id) not in ids
    assert (await theirs.get(GROUPS)).json()["totalResults"] == 0


async def test_the_token_alone_lets_in_and_one_is_good_at_a_time(
    idp: Client, callers: Callers, server: Server, db: Database
) -> None:
    key = await server.with_key(callers.tenant.id, callers.owner_id, "read", "write", "admin", "inference")
    for stranger in (callers.nobody, callers.owner, key):
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
            for path in (USERS, GROUPS, f"{USERS}/{callers.member_id}", "/scim/v2/Schemas", "/scim/v2/Me"):
                answer = await stranger.send(method, path)
                assert answer.status in (401, 405), (method, path, answer.status)
    assert (await callers.member.post("/api/scim/token")).status == 403
    secret = idp.headers["Authorization"].removeprefix("Bearer ")
    state = await callers.owner.get("/api/scim")
    assert secret.encode() not in state.body
    assert state.json()["token"]["prefix"] == secret[:10]
    async with db.system("test").tx() as tx:
        assert secret not in str(await tx.all("select * from scim_tokens"))
    newer = await client_of(callers.owner)
    refused(await idp.get(USERS), 401)
    assert (await newer.get(USERS)).status == 200
    assert (await callers.owner.delete("/api/scim/token")).status == 204
    refused(await newer.get(USERS), 401)


async def test_a_suspended_workspaces_token_is_nobodys(callers: Callers) -> None:
    theirs = await client_of(callers.foreign_owner)
    await callers.operator.patch(f"/api/tenants/{callers.other_tenant.id}", {"status": "suspended"})
    refused(await theirs.get(USERS), 401)


async def test_the_service_describes_itself(idp: Client) -> None:
    config = (await idp.get("/scim/v2/ServiceProviderConfig")).json()
    assert config["patch"]["supported"] is True
    assert config["bulk"]["supported"] is False
    types = (await idp.get("/scim/v2/ResourceTypes")).json()
    assert [item["endpoint"] for item in types["Resources"]] == ["/Users", "/Groups"]
    schemas = (await idp.get("/scim/v2/Schemas")).json()["Resources"]
    for schema in schemas:
        assert (await idp.get(f"/scim/v2/Schemas/{schema['id']}")).json() == schema
    assert (await idp.get("/scim/v2/ResourceTypes/User")).status == 200
    refused(await idp.get("/scim/v2/Schemas/nothing"), 404)
    refused(await idp.post("/scim/v2/Bulk", {}), 404)


async def test_bodies_of_every_kind_are_refused_as_scim_does(idp: Client, callers: Callers) -> None:
    raw: list[bytes] = [b"", b"{", b"null", b"[]", b'"x"', b"\xff", b"[" * 100_000, b'{"userName": null}',
                        b'{"userName": 5}', b'{"userName": "\\u0000@x.org"}', b'{"userName": "\\ud800@x.org"}',
                        b'{"userName": "nobody"}', b'{"userName": "a@x.org", "name": 5}',
                        b'{"userName": "a@x.org", "emails": [{"value": {}}]}', b'{"userName": "a@x.org", "active": []}',
                        b'{"displayName": "x", "members": 5}', b'{"displayName": "x", "members": [{"value": []}]}',
                        b'{"Operations": {"op": "add"}}', b'{"Operations": [{"op": "add", "path": 5}]}',
                        b'{"Operations": [{"op": "add", "value": 5}]}', b'{"userName": "' + b"x" * 400 + b'@x.org"}']  # fmt: skip
    group = await new_group(idp)
    paths = [("POST", USERS), ("PUT", f"{USERS}/{callers.member_id}"), ("PATCH", f"{USERS}/{callers.member_id}"),
             ("POST", GROUPS), ("PATCH", f"{GROUPS}/{group}")]  # fmt: skip
    for method, path in paths:
        for body in raw:
            answer = await idp.send(method, path, data=body)
            if answer.status != 201:
                assert answer.status == 400, (method, path, body[:60], answer.status, answer.body)
                assert answer.json()["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:Error"]
    refused(await idp.get(f"{USERS}/%00"), 404)
    refused(await idp.get(f"{USERS}/not-an-id"), 404)


async def test_somebody_provisioned_has_no_password_until_they_are_given_one(idp: Client, callers: Callers) -> None:
    jane = await made(idp)
    form = {"email": "jane.doe@example.org", "password": PASSWORD}
    assert (await callers.nobody.post("/api/session", form)).status == 401
    once = (await callers.owner.post(f"/api/users/{jane['id']}/password")).json()["one_time_password"]
    assert (await callers.nobody.post("/api/session", form | {"password": once})).status == 200
