"""Rotations, mirrors and leaks over HTTP: who may, and what is said of input that cannot be used."""

from typing import Any

from tests.foundation.credentials.conftest import SECRET, Web


async def test_a_rotation_is_set_up_asked_for_and_followed(web: Web) -> None:
    owner = web.callers.owner
    plan = (await owner.get(web.path("/rotation"))).json()
    assert (plan["rotator"], [each["name"] for each in plan["rotators"]]) == (None, ["webhook"])
    assert (await owner.post(web.path("/rotations"), {})).status == 409
    by = {
        "rotator": "webhook", "settings": {"url": "https://example.org/rotate", "signing": web.credential_id},
        "schedule": "30d at 03:00", "grace_seconds": 3600,
    }  # fmt: skip
    answer = await owner.put(web.path("/rotation"), by)
    assert answer.status == 200, answer.body
    assert answer.json()["next_rotation_at"] is not None
    begun = await owner.post(web.path("/rotations"), {"reason": "the quarter is over"})
    assert begun.status == 202, begun.body
    assert (await owner.post(web.path("/rotations"), {})).status == 409
    seen = (await owner.get(web.path(f"/rotations/{begun.json()['id']}"))).json()
    assert (seen["state"], seen["cause"], seen["steps"]) == ("queued", "person", {})
    page = (await owner.get(web.path("/rotations?limit=1"))).json()
    assert [item["id"] for item in page["items"]] == [seen["id"]]
    assert page["next"] is not None
    assert (await owner.get(web.path(f"/rotations?cursor={page['next']}"))).json() == {"items": [], "next": None}
    # The credential that signs is in use.
    assert [use["kind"] for use in (await owner.get(web.path("/uses"))).json()["items"]] == ["rotator"]


async def test_what_cannot_be_used_is_said_by_its_name(web: Web) -> None:
    owner = web.callers.owner
    refused: list[tuple[dict[str, Any], str]] = [
        ({"rotator": "postgres"}, "rotator:"),
        ({"rotator": "webhook", "settings": {"url": "https://example.org"}}, "settings.signing:"),
        ({"rotator": "webhook", "settings": {"url": "gopher://x", "signing": web.credential_id}}, "settings.url:"),
        ({"rotator": "webhook", "settings": {"url": "https://example.org", "signing": "none"}}, "settings.signing:"),
        ({"schedule": "sometimes"}, "rotation_schedule:"),
    ]
    for body, says in refused:
        answer = await owner.put(web.path("/rotation"), body)
        assert (answer.status, answer.headers["Content-Type"]) == (422, "application/problem+json")
        assert answer.json()["detail"].startswith(says), answer.body
    assert (await owner.post(web.path("/mirrors"), {"region": "Nowhere!", "secret_id": "x"})).status == 422
    assert (await owner.post(web.path("/mirrors"), {"region": "eu-west-1", "secret_id": "a b"})).status == 422
    bad = {"region": "eu-west-1", "secret_id": "x", "access_credential_id": web.credential_id}
    assert "type aws" in (await owner.post(web.path("/mirrors"), bad)).json()["detail"]
    many = {"vault_id": web.vault_id, "region": "eu-west-1", "secrets": []}
    assert (await owner.post("/api/credentials/secrets-manager/import", many)).status == 422


async def test_each_role_may_what_it_may(web: Web) -> None:
    callers = web.callers
    members = f"/api/credentials/vaults/{web.vault_id}/members/people/{callers.member_id}"
    tries: list[tuple[str, str, Any]] = [
        ("PUT", web.path("/rotation"), {"schedule": "30d"}),
        ("POST", web.path("/rotations"), {}),
        ("POST", web.path("/leaks/acknowledge"), None),
    ]
    for role, expected in ((None, 404), ("user", 403), ("auditor", 403)):
        if role:
            assert (await callers.owner.put(members, {"role": role})).status == 200
        for method, path, body in tries:
            answer = await callers.member.send(method, path, json=body)
            assert answer.status == expected, (role, path, answer.body)
    assert (await callers.owner.put(members, {"role": "manager"})).status == 200
    assert (await callers.member.put(web.path("/rotation"), {"schedule": "30d"})).status == 200
    # A mirror shows the value: managers are shown none in this vault.
    mirror = {"region": "eu-west-1", "secret_id": "x", "access_credential_id": web.credential_id}
    assert (await callers.member.post(web.path("/mirrors"), mirror)).status == 403
    # This installation's own identity in Amazon is the operator's.
    del mirror["access_credential_id"]
    answer = await callers.owner.post(web.path("/mirrors"), mirror)
    assert (answer.status, "operator" in answer.json()["detail"]) == (403, True)
    listing = {"vault_id": web.vault_id, "region": "eu-west-1"}
    assert (await callers.owner.post("/api/credentials/secrets-manager/secrets", listing)).status == 403


async def test_a_vault_that_was_found_nowhere_has_no_leaks(web: Web) -> None:
    found = await web.callers.owner.get(f"/api/credentials/vaults/{web.vault_id}/leaks")
    assert found.json() == {"items": [], "next": None}
    assert SECRET.encode() not in found.body
    assert (await web.callers.owner.post(web.path("/leaks/acknowledge"))).status == 204
