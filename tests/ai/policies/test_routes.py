"""Policies over HTTP: who may see and change what, and what the trail says."""

from tests.foundation.usage.test_routes import outbox
from tests.kit.fixtures import Callers
from tests.kit.server import Server


async def test_a_policy_is_made_seen_changed_and_deleted(server: Server, callers: Callers) -> None:
    said = {
        "name": "Team", "allowed_models": ["gpt-*"], "aliases": {"fast": ["gpt-4o-mini", "auto"]},
        "parameters": {"max_tokens": {"maximum": 100, "over": "refuse"}}, "required_tags": [{"name": "project"}],
    }  # fmt: skip
    made = await callers.owner.post("/api/policies", said)
    assert made.status == 201, made.body
    body = made.json()
    assert (body["aliases"], body["api_key_id"], body["is_active"]) == (said["aliases"], None, True)
    assert body["parameters"]["max_tokens"] == {"over": "refuse", "default": None, "maximum": 100}
    path = f"/api/policies/{body['id']}"
    assert (await callers.member.get(path)).json() == body
    assert (await callers.member.get("/api/policies")).json()["items"] == [body]
    changed = await callers.owner.put(path, {"name": "Team", "denied_models": ["o3"], "is_active": False})
    assert (changed.status, changed.json()["allowed_models"], changed.json()["denied_models"]) == (200, None, ["o3"])
    assert (await callers.owner.delete(path)).status == 204
    assert (await callers.owner.delete(path)).status == 404
    assert (await callers.owner.put(path, {"name": "x"})).status == 404
    actions = [row["action"] for row in await outbox(server)]
    assert [action for action in actions if action.startswith("policy.")] == [
        "policy.made", "policy.changed", "policy.deleted",
    ]  # fmt: skip


async def test_the_workspace_and_each_key_have_one_policy_and_names_are_unique(callers: Callers) -> None:
    key = (await callers.member.post("/api/keys", {"name": "k"})).json()["id"]
    assert (await callers.owner.post("/api/policies", {"name": "A"})).status == 201
    assert (await callers.owner.post("/api/policies", {"name": "B"})).status == 409
    of_key = await callers.owner.post("/api/policies", {"name": "B", "api_key_id": key})
    assert (of_key.status, of_key.json()["key_name"]) == (201, "k")
    assert (await callers.owner.post("/api/policies", {"name": "C", "api_key_id": key})).status == 409
    taken = await callers.owner.put(f"/api/policies/{of_key.json()['id']}", {"name": "A"})
    assert taken.status == 409, taken.body


async def test_members_see_what_binds_them_and_write_nothing(callers: Callers) -> None:
    own = (await callers.member.post("/api/keys", {"name": "mine"})).json()["id"]
    others = (await callers.owner.post("/api/keys", {"name": "theirs"})).json()["id"]
    for name, key in (("all", None), ("mine", own), ("theirs", others)):
        assert (await callers.owner.post("/api/policies", {"name": name, "api_key_id": key})).status == 201
    seen = (await callers.member.get("/api/policies")).json()["items"]
    assert [policy["name"] for policy in seen] == ["all", "mine"]
    assert len((await callers.owner.get("/api/policies")).json()["items"]) == 3
    assert (await callers.member.post("/api/policies", {"name": "x"})).status == 403
    assert (await callers.member.put(f"/api/policies/{seen[0]['id']}", {"name": "x"})).status == 403
    assert (await callers.member.delete(f"/api/policies/{seen[0]['id']}")).status == 403


async def test_the_key_of_another_tenant_cannot_be_bound(callers: Callers) -> None:
    theirs = (await callers.foreign_owner.post("/api/keys", {"name": "k"})).json()["id"]
    answer = await callers.owner.post("/api/policies", {"name": "x", "api_key_id": theirs})
    assert (answer.status, "api_key_id" in answer.json()["detail"]) == (422, True)
