"""Over HTTP: roles, reveal, second persons, who is let in."""

from typing import Any

import pytest

from tests.foundation.credentials.conftest import SECRET, Web

REASON = {"reason": "the webhook fails"}


async def test_a_credential_is_stored_listed_and_shown_for_a_reason(web: Web) -> None:
    owner = web.callers.owner
    described = (await owner.get(web.path())).json()
    assert (described["name"], described["type"], described["current_version"]) == ("stripe", "api_key", 1)
    listed = (await owner.get(f"/api/credentials/vaults/{web.vault_id}/credentials")).json()
    assert [item["id"] for item in listed["items"]] == [web.credential_id]
    shown = await owner.post(web.path("/reveal"), REASON)
    assert shown.json()["fields"] == {"key": SECRET}
    assert shown.headers["Cache-Control"] == "no-store"
    assert (await owner.get(web.path())).json()["last_used_by_email"]
    for answer in (await owner.get(web.path()), await owner.get("/api/credentials/trail")):
        assert SECRET.encode() not in answer.body


async def test_a_reveal_without_a_reason_is_refused(web: Web) -> None:
    for body in ({}, {"reason": "  "}, {"reason": "x"}):
        assert (await web.callers.owner.post(web.path("/reveal"), body)).status == 422


async def _role(web: Web, role: str) -> None:
    path = f"/api/credentials/vaults/{web.vault_id}/members/people/{web.callers.member_id}"
    answer = await web.callers.owner.put(path, {"role": role})
    assert answer.status == 200, answer.body


@pytest.mark.parametrize("role", ["manager", "user", "auditor"])
async def test_f15_10_roles_below_owner_are_shown_nothing(web: Web, role: str) -> None:
    member = web.callers.member
    assert (await member.post(web.path("/reveal"), REASON)).status == 404
    await _role(web, role)
    refused = await member.post(web.path("/reveal"), REASON)
    assert refused.status == 403
    assert refused.json()["type"].endswith("/vault-role")
    wrote = await member.post(web.path("/versions"), {"value": "sk-new"})
    assert wrote.status == (201 if role == "manager" else 403)


async def test_the_vault_says_which_roles_are_shown_values(web: Web) -> None:
    await _role(web, "manager")
    change = {"reveal_roles": ["owner", "manager"]}
    path = f"/api/credentials/vaults/{web.vault_id}"
    assert (await web.callers.member.patch(path, change)).status == 403
    assert (await web.callers.owner.patch(path, change)).status == 200
    assert (await web.callers.member.post(web.path("/reveal"), REASON)).json()["fields"] == {"key": SECRET}
    # A manager gives no role that is shown values.
    members = f"/api/credentials/vaults/{web.vault_id}/members/people/{web.callers.owner_id}"
    assert (await web.callers.member.put(members, {"role": "manager"})).status == 403


async def test_an_admin_of_the_workspace_manages_and_is_shown_nothing(web: Web) -> None:
    admin = web.callers.operator
    assert (await admin.get(web.path())).status == 200
    assert (await admin.post(web.path("/reveal"), REASON)).status == 403
    me = (await admin.get("/api/session")).json()["user"]["id"]
    path = f"/api/credentials/vaults/{web.vault_id}/members/people/{me}"
    assert (await admin.put(path, {"role": "owner"})).status == 200
    assert (await admin.post(web.path("/reveal"), REASON)).status == 200
    trail = (await admin.get("/api/credentials/trail")).json()["items"]
    assert [(e["access_type"], e["success"]) for e in trail[:3]] == [("read", True), ("grant", True), ("read", False)]


async def test_the_last_owner_stays(web: Web) -> None:
    path = f"/api/credentials/vaults/{web.vault_id}/members/people/{web.callers.owner_id}"
    assert (await web.callers.owner.delete(path)).status == 409
    assert (await web.callers.owner.put(path, {"role": "user"})).status == 409
    await _role(web, "owner")
    assert (await web.callers.owner.delete(path)).status == 204


async def test_a_key_is_shown_values_in_its_own_role_alone(web: Web) -> None:
    owner = web.callers.owner
    made = (await owner.post("/api/keys", {"name": "k", "scopes": ["read", "write"]})).json()
    program = {"Authorization": f"Bearer {made['secret']}"}
    client = type(owner)(owner.base_url, owner.http, program)
    assert (await client.get(web.path())).status == 200
    assert (await client.post(web.path("/versions"), {"value": "sk-by-key"})).status == 201
    assert (await client.post(web.path("/reveal"), REASON)).status == 403
    path = f"/api/credentials/vaults/{web.vault_id}/members/keys/{made['id']}"
    assert (await owner.put(path, {"role": "user"})).status == 200
    assert (await client.post(web.path("/versions"), {"value": "no"})).status == 403
    assert (await owner.put(path, {"role": "owner"})).status == 200
    assert (await client.post(web.path("/reveal"), REASON)).json()["fields"] == {"key": "sk-by-key"}


async def test_where_it_takes_two_another_person_approves_one_showing(web: Web) -> None:
    owner, member = web.callers.owner, web.callers.member
    await owner.patch(f"/api/credentials/vaults/{web.vault_id}", {"second_person": True})
    refused = await owner.post(web.path("/reveal"), REASON)
    assert refused.json()["type"].endswith("/second-person-needed")
    asked = (await owner.post(web.path("/reveal-requests"), REASON)).json()
    decide = f"/api/credentials/reveal-requests/{asked['id']}/approve"
    assert (await owner.post(decide)).json()["type"].endswith("/own-reveal-request")
    assert (await member.post(decide)).status == 404
    await _role(web, "manager")
    assert (await member.post(decide)).status == 403
    with_request = {**REASON, "request_id": asked["id"]}
    assert (await owner.post(web.path("/reveal"), with_request)).status == 403
    await _role(web, "owner")
    assert [r["id"] for r in (await member.get("/api/credentials/reveal-requests")).json()["items"]] == [asked["id"]]
    assert (await member.post(decide)).json()["state"] == "approved"
    assert (await member.post(decide)).status == 409
    assert (await member.post(web.path("/reveal"), with_request)).status == 403
    assert (await owner.post(web.path("/reveal"), with_request)).json()["fields"] == {"key": SECRET}
    assert (await owner.post(web.path("/reveal"), with_request)).status == 403


async def test_that_it_takes_two_is_switched_off_by_two(web: Web) -> None:
    owner, member = web.callers.owner, web.callers.member
    vault = f"/api/credentials/vaults/{web.vault_id}"
    off = {"second_person": False}
    early = await owner.post(f"{vault}/reveal-requests", REASON)
    assert early.json()["type"].endswith("/no-second-person")
    assert (await owner.patch(vault, {"second_person": True})).status == 200
    await _role(web, "manager")
    assert (await member.post(f"{vault}/reveal-requests", REASON)).status == 403
    refused = await owner.patch(vault, off)
    assert refused.json()["type"].endswith("/second-person-needed")
    asked = (await owner.post(f"{vault}/reveal-requests", REASON)).json()
    assert (asked["credential_id"], asked["vault_id"]) == (None, web.vault_id)
    decide = f"/api/credentials/reveal-requests/{asked['id']}/approve"
    with_request = {**off, "request_id": asked["id"]}
    assert (await owner.post(decide)).json()["type"].endswith("/own-reveal-request")
    # To be shown values is not to make the rules.
    assert (await owner.patch(vault, {"reveal_roles": ["owner", "manager"]})).status == 200
    assert (await member.post(decide)).status == 403
    assert (await owner.patch(vault, with_request)).status == 403
    await _role(web, "owner")
    assert (await member.post(decide)).json()["state"] == "approved"
    # Neither for another person, nor for a value, nor twice.
    assert (await member.patch(vault, with_request)).status == 403
    assert (await owner.post(web.path("/reveal"), {**REASON, "request_id": asked["id"]})).status == 403
    assert (await owner.patch(vault, with_request)).json()["second_person"] is False
    assert (await owner.patch(vault, {"second_person": True})).status == 200
    assert (await owner.patch(vault, with_request)).status == 403


async def test_an_approved_showing_is_no_approval_of_the_rule(web: Web) -> None:
    owner, member = web.callers.owner, web.callers.member
    vault = f"/api/credentials/vaults/{web.vault_id}"
    await owner.patch(vault, {"second_person": True})
    await _role(web, "owner")
    asked = (await owner.post(web.path("/reveal-requests"), REASON)).json()
    await member.post(f"/api/credentials/reveal-requests/{asked['id']}/approve")
    assert (await owner.patch(vault, {"second_person": False, "request_id": asked["id"]})).status == 403
    assert (await owner.post(web.path("/reveal"), {**REASON, "request_id": asked["id"]})).status == 200


async def test_an_approval_runs_out(web: Web, owner: Any) -> None:
    await web.callers.owner.patch(f"/api/credentials/vaults/{web.vault_id}", {"second_person": True})
    await _role(web, "owner")
    asked = (await web.callers.owner.post(web.path("/reveal-requests"), REASON)).json()
    await web.callers.member.post(f"/api/credentials/reveal-requests/{asked['id']}/approve")
    await owner.execute("update credential_reveal_requests set expires_at = current_timestamp")
    refused = await web.callers.owner.post(web.path("/reveal"), {**REASON, "request_id": asked["id"]})
    assert refused.status == 403
    (shown,) = (await web.callers.owner.get("/api/credentials/reveal-requests")).json()["items"]
    assert shown["state"] == "expired"


async def test_another_tenant_and_a_stranger_meet_nothing(web: Web) -> None:
    for client in (web.callers.foreign_owner, web.callers.member):
        for path in (web.path(), web.path("/versions"), web.path("/uses"), f"/api/credentials/vaults/{web.vault_id}"):
            assert (await client.get(path)).status == 404, path
        assert (await client.post(web.path("/reveal"), REASON)).status == 404
        assert (await client.get("/api/credentials/vaults")).json()["items"] == []


async def test_deleting_and_having_back_and_purging(web: Web) -> None:
    owner = web.callers.owner
    vault = f"/api/credentials/vaults/{web.vault_id}"
    assert (await owner.post(web.path("/purge"))).status == 409
    assert (await owner.delete(web.path())).status == 204
    assert (await owner.post(web.path("/reveal"), REASON)).status == 409
    assert (await owner.delete(vault)).json()["type"].endswith("/vault-not-empty")
    assert (await owner.post(web.path("/restore"))).status == 200
    assert (await owner.post(web.path("/reveal"), REASON)).status == 200
    assert (await owner.delete(web.path())).status == 204
    assert (await owner.post(web.path("/purge"))).status == 204
    assert (await owner.get(web.path())).status == 404
    assert (await owner.delete(vault)).status == 204


async def test_lists_are_paged_by_key(web: Web) -> None:
    owner = web.callers.owner
    base = f"/api/credentials/vaults/{web.vault_id}/credentials"
    for name in ("b", "A", "c"):
        await owner.post(base, {"name": name, "type": "text", "value": "v"})
        await owner.post("/api/credentials/vaults", {"name": f"vault {name}"})
    await owner.post(web.path("/versions"), {"value": "two"})

    async def walk(path: str, key: str) -> list[Any]:
        found, cursor = [], ""
        while True:
            page = (await owner.get(f"{path}?limit=1{cursor}")).json()
            found += [item[key] for item in page["items"]]
            if page["next"] is None:
                return found
            cursor = f"&cursor={page['next']}"

    assert await walk(base, "name") == ["A", "b", "c", "stripe"]
    assert await walk("/api/credentials/vaults", "name") == ["main", "vault A", "vault b", "vault c"]
    assert await walk(web.path("/versions"), "version") == [2, 1]
    seqs = await walk("/api/credentials/trail", "seq")
    assert seqs == sorted(seqs, reverse=True) and len(seqs) >= 9
    for path in (base, "/api/credentials/vaults", web.path("/versions"), "/api/credentials/trail"):
        assert (await owner.get(f"{path}?cursor=WzFd")).status == 422


@pytest.mark.parametrize(
    "given",
    [
        {"metadata": {"note": "x" * 20_000}},
        {"metadata": {str(n): n for n in range(51)}},
        {"expires_at": "0001-01-01T00:00:00+14:00"},
        {"expires_at": "9999-12-31T23:59:59-12:00"},
        {"expires_at": "2027-01-01T00:00:00"},
        {"name": "a\x00b"},
        {"name": "x" * 101},
        {"grace_seconds": -1},
    ],
)
async def test_what_cannot_be_kept_is_named(web: Web, given: dict[str, Any]) -> None:
    new = {"name": "n", "type": "text", "value": "v", **given}
    answer = await web.callers.owner.post(f"/api/credentials/vaults/{web.vault_id}/credentials", new)
    assert answer.status == 422, answer.body
    assert answer.json()["errors"][0]["field"] == next(iter(given))


async def test_types_are_told_with_their_fields(web: Web) -> None:
    types = {t["type"]: t["fields"] for t in (await web.callers.member.get("/api/credentials/types")).json()["items"]}
    assert types["api_key"] == [{"name": "key", "required": True, "main": True}]
    assert types["text"] == []
    assert {"name": "password", "required": True, "main": True} in types["database"]
