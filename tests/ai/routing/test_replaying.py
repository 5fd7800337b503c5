"""A replay: what changed rules or weights would have come to, and when the history cannot tell."""

import json
import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from radiant.kit.ids import uuid7
from tests.ai.routing.test_auto import chat
from tests.ai.routing.test_rules import make
from tests.kit.fixtures import Callers
from tests.kit.server import Client, Server
from tests.kit.upstream import Upstream

SHARE = 0.1
# By these gpt-4o scores best.
BEST = {"cost": 0, "latency": 0.35, "quality": 0.65, "reliability": 0}
# Cost, latency, quality and reliability as they were estimated, and how often each really answers well.
MODELS = {
    "gpt-4o": (0.02, 2000, 0.9, 0.97, 0.8),
    "gpt-4o-mini": (0.001, 800, 0.7, 0.97, 0.7),
    "gpt-6.2-astra": (0.05, 6000, 0.95, 0.97, 0.9),
}


async def log_decisions(owner: Any, callers: Callers, number: int, *, share: float = SHARE) -> None:
    """Decisions as they would have been logged: gpt-4o scores best, and a share explores the three."""
    numbers = random.Random(3)
    ledger: list[tuple[Any, ...]] = []
    for at in range(number):
        names = list(MODELS)
        explored = numbers.random() < share
        model = numbers.choice(names[1:]) if explored else "gpt-4o"
        propensity = 1 - share if model == "gpt-4o" else share / 2
        cost, latency, _, _, good = MODELS[model]
        decision = {
            "task": "chat" if at % 2 else "code", "level": "balanced",
            "by": "score" if model == "gpt-4o" else "exploration", "reason": "r", "position": 0,
            "propensity": propensity,
            "replay": {
                "in": 100, "can": ["text"], "lang": "en", "plan": "standard", "prefer": None,
                "possible": names if share else ["gpt-4o"],
                "among": [[name, "openai", *MODELS[name][:4]] for name in names],
            },
        }  # fmt: skip
        failed = numbers.random() > good
        ledger.append((
            uuid7(), callers.tenant.id, callers.member_id, model, Decimal(str(cost)), latency,
            datetime.now(UTC) - timedelta(minutes=at), "failed" if failed else "answered",
            "upstream-broken" if failed else None, json.dumps(decision),
        ))  # fmt: skip
    await owner.executemany(
        "insert into usage_ledger (id, tenant_id, user_id, provider, model, state, cost, duration_ms, created_at,"
        " settled_at, ended, error_kind, decision, input_tokens, output_tokens)"
        " values ($1, $2, $3, 'openai', $4, 'settled', $5, $6, $7, $7, $8, $9, $10::text::jsonb, 100, 50)",
        ledger,
    )


async def replay(callers: Callers, **asked: Any) -> dict[str, Any]:
    answer = await callers.owner.post("/api/routing/replay", asked)
    assert answer.status == 200, answer.body
    return answer.json()


async def test_a_replay_of_other_weights_finds_what_they_would_have_come_to(
    server: Server, callers: Callers, upstream: Upstream, owner: Any
) -> None:
    await log_decisions(owner, callers, 6_000)
    cheap = {"cost": 1, "latency": 0, "quality": 0, "reliability": 0}
    found = await replay(callers, weights=cheap)
    assert (found["decisions"], found["unsupported"]) == (6000, 0)
    assert found["models"] == {"gpt-4o-mini": 1}
    assert found["changed"] > 0.9
    success = found["success"]
    assert success["logged"] == pytest.approx(0.8, abs=0.02)
    assert success["low"] < 0.7 < success["high"]
    assert success["effective"] > 100
    cost = found["cost"]
    assert (cost["value"], cost["low"]) == (pytest.approx(0.001, rel=0.01), pytest.approx(0.001, rel=0.1))
    assert found["latency_ms"]["value"] == pytest.approx(800)
    assert found["quality"] is None


async def test_a_replay_of_rules_asks_them_as_they_would_be(callers: Callers, upstream: Upstream, owner: Any) -> None:
    await log_decisions(owner, callers, 6_000)
    rule = {"name": "Code", "target_model": "gpt-6.2-astra", "conditions": {"task_types": ["code"]}}
    found = await replay(callers, rules=[rule], weights=BEST)
    assert found["models"]["gpt-6.2-astra"] == pytest.approx(0.5)
    found = await replay(callers, rules=[rule], task_type="code")
    assert found["models"] == {"gpt-6.2-astra": 1}
    assert found["success"]["low"] < 0.9 < found["success"]["high"]
    assert (await replay(callers, rules=[{**rule, "is_active": False}]))["models"].get("gpt-6.2-astra") is None


async def test_a_replay_refuses_where_nothing_of_the_kind_was_tried(
    callers: Callers, upstream: Upstream, owner: Any
) -> None:
    nothing = await callers.owner.post("/api/routing/replay", {})
    assert (nothing.status, nothing.json()["type"].endswith("no-support")) == (422, True)
    await log_decisions(owner, callers, 300, share=0)
    dear = {"cost": 0, "latency": 0, "quality": 1, "reliability": 0}
    answer = await callers.owner.post("/api/routing/replay", {"weights": dear})
    assert answer.status == 422, answer.body
    assert answer.json()["missing"] == {"gpt-6.2-astra": 300}
    assert "100%" in answer.json()["detail"]


async def test_a_replay_refuses_where_too_little_of_the_kind_was_tried(
    callers: Callers, upstream: Upstream, owner: Any
) -> None:
    await log_decisions(owner, callers, 200)
    dear = {"cost": 0, "latency": 0, "quality": 1, "reliability": 0}
    answer = await callers.owner.post("/api/routing/replay", {"weights": dear})
    assert (answer.status, "explore more" in answer.json()["detail"]) == (422, True), answer.body


async def test_decisions_that_an_unknown_pattern_could_change_are_left_out_and_counted(
    callers: Callers, upstream: Upstream, owner: Any
) -> None:
    await log_decisions(owner, callers, 3_000)
    rule = {"name": "Sea", "target_model": "gpt-6.2-astra", "conditions": {"pattern": "sea", "task_types": ["code"]}}
    found = await replay(callers, rules=[rule], weights=BEST)
    assert (found["decisions"], found["changed"]) == (1500, pytest.approx(0.1, abs=0.03))
    assert found["left_out"] == [{"why": "pattern", "rule": "Sea", "decisions": 1500}]
    # One that never comes so far changes nothing.
    before = {"name": "Code", "target_model": "gpt-4o", "conditions": {"task_types": ["code"]}}
    found = await replay(callers, rules=[before, rule], weights=BEST)
    assert (found["decisions"], found["left_out"]) == (3000, [])
    always = {**rule, "conditions": {"pattern": "sea"}}
    answer = await callers.owner.post("/api/routing/replay", {"rules": [always]})
    assert (answer.status, answer.json()["type"].endswith("no-support")) == (422, True)
    assert answer.json()["left_out"] == [{"why": "pattern", "rule": "Sea", "decisions": 3000}]
    assert "none of the 3000 decisions" in answer.json()["detail"]
    assert "prompts are not kept: 'Sea'" in answer.json()["detail"]
    wrong = await callers.owner.post("/api/routing/replay", {"rules": [{**rule, "target_model": "none"}]})
    assert (wrong.status, "rules[0].target_model" in wrong.json()["detail"]) == (422, True)
    assert (await callers.member.post("/api/routing/replay", {})).status == 403


async def test_what_a_pattern_found_is_known_where_its_rule_stood_as_it_stands(
    key: Client, callers: Callers, upstream: Upstream, owner: Any
) -> None:
    await callers.owner.put("/api/routing/settings", {"exploration": 0, "sticky": False})
    made = await make(callers.owner, "Sea", "gpt-4o", conditions={"pattern": "sea"})
    hello = [{"role": "user", "content": "Tell me about the moon"}]
    others = [(await chat(key, messages=hello)).headers["x-radiant-model"] for _ in range(20)]
    for _ in range(20):
        assert (await chat(key)).headers["x-radiant-model"] == "gpt-4o"
    as_it_is = await replay(callers)
    assert (as_it_is["decisions"], as_it_is["changed"], as_it_is["left_out"]) == (40, 0, [])
    assert as_it_is["models"] == {"gpt-4o": 0.5, others[0]: 0.5}
    given = {name: made[name] for name in ("name", "conditions", "target_model", "fallback_models", "is_active")}
    assert await replay(callers, rules=[given]) == as_it_is
    # It says something else now, so nobody knows of any of them.
    given["conditions"] = {"pattern": "moon"}
    changed = await callers.owner.put(f"/api/routing/rules/{made['id']}", given)
    assert changed.status == 200, changed.body
    answer = await callers.owner.post("/api/routing/replay", {})
    assert answer.json()["left_out"] == [{"why": "pattern", "rule": "Sea", "decisions": 40}]


async def test_a_replay_without_a_preferred_provider_is_not_one_with_the_present_one(
    callers: Callers, upstream: Upstream, owner: Any
) -> None:
    await log_decisions(owner, callers, 3_000)
    await owner.execute(
        "update usage_ledger set decision = jsonb_set(decision, '{replay,among,1,1}', '\"anthropic\"')"
        " where decision is not null"
    )
    settings = {"preferred_provider": "anthropic", "preferred_margin": 1}
    assert (await callers.owner.put("/api/routing/settings", settings)).status == 200
    assert (await replay(callers))["models"] == {"gpt-4o-mini": 1}
    assert (await replay(callers, weights=BEST))["models"] == {"gpt-4o-mini": 1}
    assert (await replay(callers, weights=BEST, preferred_provider=None))["models"] == {"gpt-4o": 1}
    assert (await replay(callers, weights=BEST, preferred_provider="anthropic"))["models"] == {"gpt-4o-mini": 1}


async def test_an_interval_of_a_share_ends_where_shares_do(callers: Callers, upstream: Upstream, owner: Any) -> None:
    await log_decisions(owner, callers, 700)
    await owner.execute(
        "update brain_routing_history set success = id <> (select id from brain_routing_history"
        " where selected_model = 'gpt-4o-mini' order by id limit 1)"
    )
    found = await replay(callers, weights={"cost": 1, "latency": 0, "quality": 0, "reliability": 0})
    success = found["success"]
    assert 0 < success["low"] < success["value"] < success["high"] == 1
    assert found["cost"]["low"] >= 0
    assert found["since"] < datetime.now(UTC).isoformat()


async def test_turns_that_went_on_with_their_model_are_left_out_and_counted(
    callers: Callers, upstream: Upstream, owner: Any
) -> None:
    await log_decisions(owner, callers, 200)
    await owner.execute(
        "update brain_routing_history set chosen_by = 'conversation' where id in"
        " (select id from brain_routing_history order by id limit 50)"
    )
    await owner.execute(
        "update usage_ledger set decision = decision - 'replay' where id in"
        " (select id from brain_routing_history order by id desc limit 7)"
    )
    found = await replay(callers, weights=BEST)
    assert found["decisions"] == 143
    assert found["left_out"] == [
        {"why": "conversation", "rule": None, "decisions": 50}, {"why": "unnoted", "rule": None, "decisions": 7},
    ]  # fmt: skip


async def test_what_the_gateway_logs_can_be_replayed(key: Client, callers: Callers, upstream: Upstream) -> None:
    await callers.owner.put("/api/routing/settings", {"exploration": 0})
    made = await make(callers.owner, "Now", "gpt-4o")
    for _ in range(32):
        assert (await chat(key)).status == 200
    found = await replay(callers)
    assert (found["decisions"], found["changed"], found["success"]["value"]) == (32, 0, 1)
    assert (await callers.owner.delete(f"/api/routing/rules/{made['id']}")).status == 204
    # Under the rule no other model could have been tried.
    answer = await callers.owner.post("/api/routing/replay", {})
    assert (answer.status, answer.json()["missing"].popitem()[1]) == (422, 32)
