"""Rules over HTTP: who writes which, what is refused, in which order they are asked, and what they decide."""

from typing import Any

from tests.foundation.usage.test_routes import outbox
from tests.kit.fixtures import Callers
from tests.kit.server import Client, Server
from tests.kit.upstream import Upstream


async def make(who: Client, name: str = "Code", model: str = "gpt-4o-mini", **more: Any) -> dict[str, Any]:
    answer = await who.post("/api/routing/rules", {"name": name, "target_model": model, **more})
    assert answer.status == 201, answer.body
    return answer.json()


async def names(who: Client) -> list[str]:
    return [rule["name"] for rule in (await who.get("/api/routing/rules")).json()["items"]]


async def route(who: Client, prompt: str = "Tell me a joke", **more: Any) -> dict[str, Any]:
    answer = await who.post("/api/routing/route", {"prompt": prompt, **more})
    assert answer.status == 200, answer.body
    return answer.json()


async def test_a_rule_is_made_seen_changed_and_deleted(server: Server, callers: Callers) -> None:
    said = {
        "conditions": {"task_types": ["code"], "min_tokens": 0, "pattern": "python"},
        "fallback_models": ["gpt-4o"],
    }  # fmt: skip
    made = await make(callers.owner, **said)
    assert (made["scope"], made["priority"], made["is_active"]) == ("workspace", 10, True)
    path = f"/api/routing/rules/{made['id']}"
    assert (await callers.member.get(path)).json() == made
    assert made["conditions"]["min_tokens"] == 0
    changed = await callers.owner.put(path, {"name": "Other", "target_model": "gpt-4o", "is_active": False})
    assert changed.status == 200, changed.body
    assert (changed.json()["name"], changed.json()["priority"], changed.json()["fallback_models"]) == ("Other", 10, [])
    assert (await callers.owner.delete(path)).status == 204
    for answer in (await callers.owner.delete(path), await callers.owner.get(path)):
        assert answer.status == 404
    actions = [row["action"] for row in await outbox(server)]
    assert [action for action in actions if action.startswith("routing_rule")] == [
        "routing_rule.made", "routing_rule.changed", "routing_rule.deleted",
    ]  # fmt: skip


async def test_a_rule_as_it_is_shown_can_be_sent_back(callers: Callers) -> None:
    made = await make(callers.owner, conditions={"max_tokens": 10})
    said = {name: made[name] for name in ("name", "conditions", "target_model", "fallback_models", "is_active")}
    assert said["conditions"]["task_types"] is said["conditions"]["capabilities"] is None
    answer = await callers.owner.put(f"/api/routing/rules/{made['id']}", said)
    assert answer.status == 200, answer.body
    assert answer.json()["conditions"] == made["conditions"]
    for empty in ("task_types", "capabilities"):
        refused = await callers.owner.put(f"/api/routing/rules/{made['id']}", said | {"conditions": {empty: []}})
        assert refused.status == 422, refused.body


async def test_names_are_unique_and_members_write_nothing(callers: Callers) -> None:
    made = await make(callers.owner)
    await make(callers.owner, "Second")
    taken = await callers.owner.post("/api/routing/rules", {"name": "Code", "target_model": "gpt-4o"})
    assert taken.status == 409
    second = (await callers.owner.get("/api/routing/rules")).json()["items"][1]["id"]
    taken = await callers.owner.put(f"/api/routing/rules/{second}", {"name": "Code", "target_model": "gpt-4o"})
    assert taken.status == 409
    new = {"name": "Mine", "target_model": "gpt-4o"}
    assert (await callers.member.post("/api/routing/rules", new)).status == 403
    assert (await callers.member.put(f"/api/routing/rules/{made['id']}", new)).status == 403
    assert (await callers.member.delete(f"/api/routing/rules/{made['id']}")).status == 403
    assert (await callers.member.put("/api/routing/rules", {"rules": []})).status == 403
    # The name is free for another workspace.
    await make(callers.foreign_owner)


async def test_the_platforms_rules_are_the_operators_and_come_after_a_workspaces_own(callers: Callers) -> None:
    refused = {"name": "x", "target_model": "gpt-4o", "scope": "platform"}
    assert (await callers.owner.post("/api/routing/rules", refused)).status == 403
    made = await make(callers.operator, "Platform", scope="platform", priority=0)
    await make(callers.owner, "Own", priority=500)
    assert await names(callers.member) == ["Own", "Platform"]
    assert await names(callers.foreign_owner) == ["Platform"]
    path = f"/api/routing/rules/{made['id']}"
    new = {"name": "Theirs", "target_model": "gpt-4o"}
    assert (await callers.foreign_owner.put(path, new)).status == 403
    assert (await callers.foreign_owner.delete(path)).status == 403
    assert (await callers.operator.put(path, {**new, "name": "Renamed"})).status == 200
    assert (await callers.operator.delete(path)).status == 204


async def test_f11_14_what_a_rule_names_must_be_there(callers: Callers) -> None:
    async def refused(who: Client = callers.owner, **said: Any) -> str:
        answer = await who.post("/api/routing/rules", {"name": "x", "target_model": "gpt-4o", **said})
        assert answer.status == 422, answer.body
        return answer.body.decode()

    assert "no-such-model" in await refused(target_model="no-such-model")
    told = await refused(fallback_models=["gpt-4o", "nothing"])
    assert "fallback_models[1]" in told
    assert "task_tpye" in await refused(conditions={"task_tpye": "code"})
    assert "sight" in await refused(conditions={"capabilities": ["sight"]})
    assert "Europe/Atlantis" in await refused(conditions={"window": {"zone": "Europe/Atlantis"}})
    stranger = str(callers.other_tenant.user_id)
    assert stranger in await refused(conditions={"user_ids": [stranger]})
    assert "workspace" in await refused(
        callers.operator, scope="platform", conditions={"user_ids": [str(callers.member_id)]}
    )
    # Nothing of an embedding model or of a level is a target.
    assert "text-embedding-3-small" in await refused(target_model="text-embedding-3-small")
    assert "auto" in await refused(target_model="auto")
    assert await names(callers.owner) == []


async def test_f11_17_a_workspaces_rules_come_first_then_priority_then_age(
    callers: Callers, upstream: Upstream
) -> None:
    await make(callers.operator, "Platform", "gpt-4o", scope="platform", priority=1)
    assert (await route(callers.member))["rule"]["name"] == "Platform"
    await make(callers.owner, "Late", "gpt-4o-mini", priority=50)
    await make(callers.owner, "Early", "gpt-4o", priority=20)
    await make(callers.owner, "Younger", "gpt-4o-mini", priority=20)
    assert await names(callers.member) == ["Early", "Younger", "Late", "Platform"]
    found = await route(callers.member)
    assert (found["rule"]["name"], found["model"], found["chosen_by"]) == ("Early", "gpt-4o", "rule")
    assert "Early" in found["reason"]


async def test_rules_are_put_in_order_all_at_once(callers: Callers) -> None:
    made = [(await make(callers.owner, name))["id"] for name in ("A", "B", "C")]
    ordered = await callers.owner.put("/api/routing/rules", {"rules": [made[2], made[0], made[1]]})
    assert ordered.status == 200, ordered.body
    assert await names(callers.member) == ["C", "A", "B"]
    for wrong in (made[:2], [*made, made[0]], [*made[:2], str(callers.member_id)]):
        answer = await callers.owner.put("/api/routing/rules", {"rules": wrong})
        assert answer.status == 409, answer.body
    assert await names(callers.member) == ["C", "A", "B"]


async def test_f11_5_a_rules_target_is_checked_like_any_model_and_reports_real_estimates(
    callers: Callers, upstream: Upstream
) -> None:
    await make(callers.owner, "All", "gpt-4o", fallback_models=["gpt-4o-mini"])
    found = await route(callers.member, input_token_estimate=10_000)
    assert found["model"] == "gpt-4o"
    assert float(found["estimated_cost"]) > 0.02
    assert found["estimated_latency_ms"] > 0
    # Over the budget the rule's next model answers.
    found = await route(callers.member, input_token_estimate=10_000, maxCost=0.01)
    assert (found["model"], found["chosen_by"]) == ("gpt-4o-mini", "rule")
    assert "gpt-4o cannot" in found["reason"]
    # And where none of them can, the score decides.
    rule = (await callers.owner.get("/api/routing/rules")).json()["items"][0]
    new = {"name": "All", "target_model": "claude-opus-4-6"}
    assert (await callers.owner.put(f"/api/routing/rules/{rule['id']}", new)).status == 200
    found = await route(callers.member)
    assert (found["chosen_by"], found["rule"]) == ("score", None)


async def test_a_rule_may_set_ceilings_to_its_own_models(callers: Callers, upstream: Upstream) -> None:
    await make(callers.owner, "Cheap", "gpt-4o", conditions={"maxCost": 0.01}, fallback_models=["gpt-4o-mini"])
    assert (await route(callers.member, input_token_estimate=100))["model"] == "gpt-4o"
    assert (await route(callers.member, input_token_estimate=20_000))["model"] == "gpt-4o-mini"


async def test_rules_ask_for_people_groups_and_plans(callers: Callers, upstream: Upstream) -> None:
    group = (await callers.owner.post("/api/groups", {"name": "Team"})).json()["id"]
    await make(callers.owner, "Group", "gpt-4o", conditions={"group_ids": [group]})
    await make(callers.owner, "Person", "gpt-4o-mini", conditions={"user_ids": [str(callers.owner_id)]})
    await make(callers.owner, "Plan", "gpt-4o-mini", conditions={"plans": ["standard"]})
    assert (await route(callers.member))["rule"]["name"] == "Plan"
    assert (await route(callers.owner))["rule"]["name"] == "Person"
    put = await callers.owner.put(f"/api/groups/{group}/members/{callers.member_id}", None)
    assert put.status in (200, 204), put.body
    assert (await route(callers.member))["rule"]["name"] == "Group"


async def test_a_rule_is_tried_on_a_prompt_before_it_is_saved(callers: Callers, upstream: Upstream) -> None:
    await make(callers.owner, "French", "gpt-4o", conditions={"languages": ["fr"]})
    saved = await make(callers.owner, "Rest", "gpt-4o")
    new = {"name": "Python", "target_model": "gpt-4o-mini", "priority": 15, "conditions": {"pattern": "python"}}
    test = {"prompt": "how do I sort a list in python with a key?", "rule": new}
    answer = await callers.member.post("/api/routing/rules/test", test)
    assert answer.status == 200, answer.body
    body = answer.json()
    assert body["matched"] == {"id": None, "name": "Python", "scope": "workspace"}
    assert [(one["name"], one["unmet"]) for one in body["asked"]] == [("French", "languages"), ("Python", None)]
    assert (body["result"]["model"], body["result"]["task_type"]) == ("gpt-4o-mini", "code")
    # It is not there.
    assert await names(callers.member) == ["French", "Rest"]
    other = await callers.member.post("/api/routing/rules/test", {"prompt": "hello", "rule": new})
    assert other.json()["matched"]["name"] == "Rest"
    replaced = {"prompt": "hello", "replaces": saved["id"], "rule": {**new, "name": "Rest"}}
    assert (await callers.member.post("/api/routing/rules/test", replaced)).json()["matched"] is None
    bad = await callers.member.post("/api/routing/rules/test", {"prompt": "x", "rule": {**new, "target_model": "none"}})
    assert (bad.status, "rule.target_model" in bad.json()["detail"]) == (422, True)


async def test_a_test_may_be_of_another_time(callers: Callers, upstream: Upstream) -> None:
    window = {"days": ["mon"], "start": "09:00", "end": "17:00", "zone": "Europe/Berlin"}
    await make(callers.owner, "Office", "gpt-4o", conditions={"window": window})
    for at, matched in (("2026-07-06T07:30:00Z", True), ("2026-07-06T16:00:00Z", False)):
        answer = await callers.member.post("/api/routing/rules/test", {"prompt": "hello", "at": at})
        assert (answer.json()["matched"] is not None) == matched


async def test_a_rule_that_cannot_be_read_any_more_holds_up_no_other(
    server: Server, callers: Callers, upstream: Upstream, owner: Any
) -> None:
    broken = await make(callers.owner, "Broken", "gpt-4o")
    await make(callers.owner, "Whole", "gpt-4o-mini")
    zone = '{"window": {"zone": "Europe/Atlantis"}}'
    await owner.execute("update brain_routing_rules set conditions = $2::text::jsonb where id = $1", broken["id"], zone)
    server.app.state.changes._all_changed()
    assert (await route(callers.member))["rule"]["name"] == "Whole"


async def test_there_are_only_so_many_patterns_since_each_is_looked_for_in_each_prompt(
    callers: Callers, owner: Any
) -> None:
    await owner.execute(
        "insert into brain_routing_rules (tenant_id, name, conditions, target_model)"
        " select $1, 'r' || n, '{\"pattern\": \"x\"}', 'gpt-4o' from generate_series(1, 50) n",
        callers.tenant.id,
    )
    new = {"name": "one more", "target_model": "gpt-4o", "conditions": {"pattern": "y"}}
    answer = await callers.owner.post("/api/routing/rules", new)
    assert (answer.status, "pattern" in answer.json()["detail"]) == (409, True)
    made = await make(callers.owner, "plain", "gpt-4o")
    assert (await callers.owner.put(f"/api/routing/rules/{made['id']}", new)).status == 409
    of_others = (await callers.owner.get("/api/routing/rules")).json()["items"][0]["id"]
    assert (await callers.owner.put(f"/api/routing/rules/{of_others}", new)).status == 200
