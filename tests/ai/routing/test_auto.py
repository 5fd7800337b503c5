"""`auto` inside the gateway and chats: rules and score decide, the next model takes over, conversations keep theirs,
and each call leaves a decision in the history."""

import asyncio
import json
import time
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from radiant.ai.providers.chat import ChatRequest, Message
from radiant.ai.routing.needs import Asked, Needs
from radiant.ai.routing.score import Option
from radiant.ai.routing.service import Brain, Fleet
from radiant.foundation.identity.callers import Caller, Role
from radiant.infra.changes import Changes
from radiant.infra.db import Database
from radiant.kit.ids import uuid7
from tests.ai.routing.test_rules import make
from tests.kit.fixtures import Callers
from tests.kit.people import Tenant
from tests.kit.server import Answer, Client, Server
from tests.kit.upstream import Hang, Refuse, Say, Upstream
from tests.workspace.turns.test_turns import ask, chat_of, events

HELLO = [{"role": "user", "content": "Tell me about the sea"}]


async def chat(who: Client, model: str = "auto", messages: Any = None, **headers: str) -> Answer:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    body = {"model": model, "messages": messages or HELLO, "max_tokens": 50}
    return await who.post("/v1/chat/completions", body, headers=names)


async def history(who: Client, query: str = "") -> list[dict[str, Any]]:
    answer = await who.get(f"/api/routing/history{query}")
    assert answer.status == 200, answer.body
    return answer.json()["items"]


async def no_exploring(callers: Callers) -> None:
    answer = await callers.owner.put("/api/routing/settings", {"exploration": 0})
    assert answer.status == 200, answer.body


async def test_f11_11_each_routed_call_writes_what_was_chosen_and_what_it_came_to(
    key: Client, callers: Callers, upstream: Upstream
) -> None:
    await no_exploring(callers)
    upstream.plan(Say("hi", input_tokens=1000, output_tokens=200, before=0.05))
    answer = await chat(key, "auto:premium")
    assert answer.status == 200, answer.body
    (row,) = await history(callers.member)
    assert row["id"] == answer.headers["x-radiant-decision-id"]
    assert row["selected_model"] == answer.headers["x-radiant-model"]
    assert (row["provider"], row["task_type"], row["quality_level"]) == ("openai", "chat", "premium")
    assert (row["input_tokens"], row["output_tokens"], row["success"]) == (1000, 200, True)
    assert row["latency_ms"] >= 50
    assert float(row["cost"]) > 0
    assert (row["chosen_by"], row["propensity"], row["fallback_position"]) == ("score", 1, 0)
    assert row["selection_reason"].startswith(row["selected_model"])
    assert float(row["estimated_cost"]) > 0
    calls = (await callers.member.get("/api/usage/calls")).json()["items"]
    assert [(one["id"], one["cost"]) for one in calls] == [(row["id"], row["cost"])]


async def test_a_call_that_names_its_model_is_no_decision(key: Client, callers: Callers, upstream: Upstream) -> None:
    assert (await chat(key, "gpt-4o")).status == 200
    assert await history(callers.member) == []


async def test_a_rule_decides_inside_the_gateway(key: Client, callers: Callers, upstream: Upstream) -> None:
    rule = await make(callers.owner, "Seas", "gpt-4o-mini", conditions={"pattern": "sea"})
    answer = await chat(key)
    assert answer.headers["x-radiant-model"] == "gpt-4o-mini"
    (row,) = await history(callers.member)
    assert (row["chosen_by"], row["rule_id"], row["rule_name"]) == ("rule", rule["id"], "Seas")
    assert len(await history(callers.owner, f"?rule_id={rule['id']}&chosen_by=rule&success=true")) == 1
    assert await history(callers.owner, f"?rule_id={uuid7()}") == []


async def test_f11_4_a_failure_moves_on_to_the_next_and_both_are_in_the_history(
    key: Client, callers: Callers, upstream: Upstream
) -> None:
    await make(callers.owner, "All", "gpt-4o", fallback_models=["gpt-4o-mini"])
    upstream.plan(*[Refuse(503, "busy")] * 3, Say("the second"))
    answer = await chat(key)
    assert answer.status == 200, answer.body
    assert answer.headers["x-radiant-model"] == "gpt-4o-mini"
    second, first = await history(callers.member)
    assert (first["selected_model"], first["success"], first["error_kind"]) == ("gpt-4o", False, "upstream-overloaded")
    assert (second["selected_model"], second["success"], second["chosen_by"]) == ("gpt-4o-mini", True, "fallback")
    assert (first["fallback_position"], second["fallback_position"]) == (0, 1)
    assert "gpt-4o failed" in second["selection_reason"]


async def test_f11_4_the_next_model_is_tried_within_the_callers_deadline(
    key: Client, callers: Callers, upstream: Upstream
) -> None:
    await make(callers.owner, "All", "gpt-4o", fallback_models=["gpt-4o-mini"])
    upstream.plan(Hang(), Say("in time"))
    began = time.monotonic()
    answer = await chat(key, x_radiant_deadline_ms="1000")
    assert (answer.status, answer.headers["x-radiant-model"]) == (200, "gpt-4o-mini"), answer.body
    assert time.monotonic() - began < 1.5
    upstream.plan(Hang(), Hang(), Hang(), Hang())
    began = time.monotonic()
    answer = await chat(key, x_radiant_deadline_ms="500")
    assert answer.status == 504
    assert time.monotonic() - began < 1.5
    wrong = await chat(key, x_radiant_deadline_ms="soon")
    assert wrong.status == 400


async def test_a_hedged_call_takes_whichever_begins_first_and_stops_the_other(
    key: Client, callers: Callers, upstream: Upstream
) -> None:
    await make(callers.owner, "All", "gpt-4o", fallback_models=["gpt-4o-mini"])
    upstream.plan(Hang(), Say("the second"))
    answer = await chat(key, x_radiant_hedge_ms="100")
    assert (answer.status, answer.headers["x-radiant-model"]) == (200, "gpt-4o-mini"), answer.body
    second, first = sorted(await history(callers.member), key=lambda row: -row["fallback_position"])
    assert (first["selected_model"], first["success"]) == ("gpt-4o", None)
    assert (second["selected_model"], second["success"], second["chosen_by"]) == ("gpt-4o-mini", True, "fallback")
    # One that begins in time is asked alone.
    asked = len(upstream.requests)
    assert (await chat(key, x_radiant_hedge_ms="2000")).headers["x-radiant-model"] == "gpt-4o"
    assert len(upstream.requests) == asked + 1
    # The first may still win.
    upstream.plan(Say("slow", before=0.3), Hang())
    assert (await chat(key, x_radiant_hedge_ms="100")).headers["x-radiant-model"] == "gpt-4o"
    assert (await chat(key, x_radiant_hedge_ms="0")).status == 400


async def test_where_one_of_a_hedged_pair_fails_the_other_is_waited_for(
    key: Client, callers: Callers, upstream: Upstream
) -> None:
    await make(callers.owner, "All", "gpt-4o", fallback_models=["gpt-4o-mini"])
    upstream.plan(Say("slow", before=0.4), Refuse(400, "no"))
    answer = await chat(key, x_radiant_hedge_ms="100")
    assert (answer.status, answer.headers["x-radiant-model"]) == (200, "gpt-4o"), answer.body
    upstream.plan(Hang(), Refuse(400, "no"), Say("third"))
    answer = await chat(key, x_radiant_hedge_ms="100", x_radiant_deadline_ms="1000")
    assert answer.status == 200, answer.body


async def test_a_conversation_keeps_its_model_whatever_the_score_says_later(
    key: Client, callers: Callers, upstream: Upstream
) -> None:
    await no_exploring(callers)
    first = (await chat(key, x_radiant_conversation="talk-1")).headers["x-radiant-model"]
    other = "gpt-4o" if first != "gpt-4o" else "gpt-4o-mini"
    made = await make(callers.owner, "Other", other)
    # Rules are told by people, and go first.
    assert (await chat(key, x_radiant_conversation="talk-2")).headers["x-radiant-model"] == other
    assert (await callers.owner.delete(f"/api/routing/rules/{made['id']}")).status == 204
    assert (await chat(key, x_radiant_conversation="talk-2")).headers["x-radiant-model"] == other
    assert (await chat(key, x_radiant_conversation="talk-3")).headers["x-radiant-model"] == first
    assert [row["chosen_by"] for row in await history(callers.member)] == ["score", "conversation", "rule", "score"]
    await callers.owner.put("/api/routing/settings", {"sticky": False, "exploration": 0})
    assert (await chat(key, x_radiant_conversation="talk-2")).headers["x-radiant-model"] == first


async def test_a_conversation_without_a_name_is_known_by_its_beginning_in_every_process(
    server: Server, key: Client, callers: Callers, upstream: Upstream
) -> None:
    await no_exploring(callers)
    made = await make(callers.owner, "Once", "gpt-4o")
    assert (await chat(key)).headers["x-radiant-model"] == "gpt-4o"
    assert (await callers.owner.delete(f"/api/routing/rules/{made['id']}")).status == 204
    await server.app.state.meter.flush()
    # Another process knows nothing of it but what the history says.
    server.app.state.brain._conversations.clear()
    later = [*HELLO, {"role": "assistant", "content": "It is wide."}, {"role": "user", "content": "And deep?"}]
    assert (await chat(key, messages=later)).headers["x-radiant-model"] == "gpt-4o"
    fresh = [{"role": "user", "content": "Of rivers"}, *later[1:]]
    assert (await chat(key, messages=fresh)).headers["x-radiant-model"] != "gpt-4o"


async def test_a_chat_keeps_the_model_that_it_began_with(callers: Callers, upstream: Upstream) -> None:
    made = await make(callers.owner, "Once", "gpt-4o")
    chat_id = await chat_of(callers.member, model="auto")
    await events(callers.member, (await ask(callers.member, chat_id, "Hello?"))["run_id"])
    assert (await callers.owner.delete(f"/api/routing/rules/{made['id']}")).status == 204
    await events(callers.member, (await ask(callers.member, chat_id, "And now?"))["run_id"])
    rows = await history(callers.member)
    assert [(row["selected_model"], row["chosen_by"]) for row in rows] == [
        ("gpt-4o", "conversation"), ("gpt-4o", "rule"),
    ]  # fmt: skip


async def test_a_caller_who_goes_away_leaves_an_unknown_end(key: Client, callers: Callers, upstream: Upstream) -> None:
    upstream.plan(Say("a b c d e f g h i j k", gap=0.3))
    body = {"model": "auto", "messages": HELLO, "stream": True}
    async with key.http.post(key.base_url + "/v1/chat/completions", json=body, headers=key.headers) as response:
        await response.content.readany()
    row: dict[str, Any] = {}
    while row.get("ended_at") is None:
        await asyncio.sleep(0.05)
        (row,) = await history(callers.member)
    assert (row["success"], row["error_kind"]) == (None, None)


@pytest.fixture
def brain(db: Database) -> Brain:
    return Brain(db, Changes.never())


def caller_of(tenant: Tenant) -> Caller:
    return Caller(
        tenant_id=tenant.id, user_id=tenant.user_id, role=Role.OWNER, is_operator=False, kind="user",
        scopes=frozenset({"inference"}),
    )  # fmt: skip


def fleet(names: Sequence[str], resting: Sequence[str] = ()) -> Fleet:
    options = [
        Option(
            id=name, provider="openai", capabilities=frozenset({"text"}), input_price=None, output_price=None,
            priors={"overall": 0.95 - at / 200},
        )
        for at, name in enumerate(names)
    ]  # fmt: skip
    return Fleet(options, lambda option: "rests" if option.id in resting else None)


NEEDS = Needs(frozenset({"text"}), 100, 100)


async def test_exploration_is_rare_goes_to_good_models_and_tells_its_propensity(db: Database, tenant: Tenant) -> None:
    chances = iter([(at + 0.5) / 10_000 for at in range(10_000)])
    brain = Brain(db, Changes.never(), chance=lambda: next(chances))
    who, models = caller_of(tenant), fleet("abcdefg")
    house = await brain.house(tenant.id)
    share = house.settings.exploration
    picked: dict[str, int] = {}
    for _ in range(2_000):
        plan = await brain.plan(who, NEEDS, "balanced", models, house=house)
        chosen = plan.order[0].id
        picked[chosen] = picked.get(chosen, 0) + 1
        assert sorted(one.id for one in plan.order) == list("abcdefg")
        expected = 1 - share if chosen == "a" else share / 4
        assert plan.propensity == pytest.approx(expected)
        assert plan.chosen_by == ("score" if chosen == "a" else "exploration")
    # The first 2,000 of 10,000 even chances hold all those below the share.
    assert set(picked) == set("abcde")
    for name in "bcde":
        assert picked[name] == pytest.approx(10_000 * share / 4, abs=2)


async def test_a_dry_run_and_a_workspace_that_wants_none_explore_nothing(db: Database, tenant: Tenant) -> None:
    brain = Brain(db, Changes.never(), chance=lambda: 0.0149)
    who, models = caller_of(tenant), fleet("abcdefg")
    assert (await brain.plan(who, NEEDS, "balanced", models)).chosen_by == "exploration"
    assert (await brain.plan(who, NEEDS, "balanced", models, dry=True)).chosen_by == "score"
    async with tenant.db.tx() as tx:
        await tx.run("insert into brain_settings (tenant_id, exploration) values ($1, 0)", tenant.id)
    plan = await brain.plan(who, NEEDS, "balanced", models)
    assert (plan.chosen_by, plan.propensity) == ("score", 1)


async def test_models_that_rest_are_left_out_unless_there_is_no_other(brain: Brain, tenant: Tenant) -> None:
    who = caller_of(tenant)
    plan = await brain.plan(who, NEEDS, "balanced", fleet("ab", resting="a"), dry=True)
    assert [one.id for one in plan.order] == ["b"]
    plan = await brain.plan(who, NEEDS, "balanced", fleet("a", resting="a"))
    assert [one.id for one in plan.order] == ["a"]


async def test_a_conversation_moves_when_its_next_turn_needs_more(brain: Brain, tenant: Tenant) -> None:
    request = ChatRequest(model="", messages=[Message.of("user", "hello")])
    asked = Asked(request=lambda: request, conversation="c")
    who, models = caller_of(tenant), fleet("ab")
    sees = msgspec.structs.replace(models.options[0], id="sees", capabilities=frozenset({"text", "vision"}))
    models = Fleet([*models.options, sees], models.resting)
    plan = await brain.plan(who, Needs(frozenset({"text"}), 100, 100, asked), "balanced", models)
    brain.answered(plan, "b")
    plan = await brain.plan(who, Needs(frozenset({"text"}), 100, 100, asked), "balanced", models)
    assert (plan.order[0].id, plan.chosen_by) == ("b", "conversation")
    plan = await brain.plan(who, Needs(frozenset({"text", "vision"}), 100, 100, asked), "balanced", models)
    assert ([one.id for one in plan.order], plan.chosen_by, plan.read.task) == (["sees"], "score", "vision")
    brain.answered(plan, "sees")
    plan = await brain.plan(who, Needs(frozenset({"text"}), 100, 100, asked), "balanced", models)
    assert plan.order[0].id == "sees"


async def test_what_the_ledger_is_told_of_a_decision_is_small_and_holds_no_prompt(brain: Brain, tenant: Tenant) -> None:
    request = ChatRequest(model="", messages=[Message.of("user", "a secret plan")])
    needs = Needs(frozenset({"text"}), 100, 100, Asked(request=lambda: request))
    plan = await brain.plan(caller_of(tenant), needs, "balanced", fleet([f"model-{at}" for at in range(60)]))
    facts = json.dumps(plan.facts(0, plan.reason, first=True))
    assert "secret" not in facts
    assert len(facts) < 3_000
