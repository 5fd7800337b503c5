"""POST /api/routing/route: which model a request would go to, why, and what else was weighed; and the settings."""

from typing import Any

import pytest

from radiant.ai.routing.tokens import count
from tests.ai.routing.test_rules import route
from tests.kit.fixtures import Callers
from tests.kit.upstream import Upstream


async def test_f11_1_the_dry_run_names_a_model_with_reason_estimates_and_fall_backs(
    callers: Callers, upstream: Upstream
) -> None:
    found = await route(callers.member, "Debug this python function, please: def f(x): return x")
    assert found["provider"] == "openai"
    assert found["reason"].startswith(found["model"])
    assert found["task_type"] == "code"
    assert found["chosen_by"] == "score"
    assert 0 < found["confidence"] <= 1
    assert float(found["estimated_cost"]) > 0
    assert len(found["fallbacks"]) == 2
    assert found["candidates"] is None
    assert upstream.requests == []


async def test_the_specifications_context_is_taken_in_its_own_words(callers: Callers, upstream: Upstream) -> None:
    context = {
        "taskType": "analysis", "inputTokenEstimate": 2000, "maxLatencyMs": 60_000, "maxCost": 1,
        "preferredProvider": "openai", "requiresVision": True, "requiresAudio": False, "qualityLevel": "premium",
    }  # fmt: skip
    answer = await callers.member.post("/api/routing/route", context)
    assert answer.status == 200, answer.body
    found = answer.json()
    assert (found["task_type"], found["input_tokens"], found["quality_level"]) == ("analysis", 2000, "premium")
    unread = await callers.member.post("/api/routing/route", {"taskType": "chat"})
    assert unread.status == 422


async def test_explained_it_shows_every_term_of_every_candidate(callers: Callers, upstream: Upstream) -> None:
    found = await route(callers.member, explain=True)
    weights = found["weights"]
    assert weights == {"cost": 0.25, "latency": 0.25, "quality": 0.35, "reliability": 0.15}
    assert len(found["candidates"]) > 2
    for one in found["candidates"]:
        total = sum(weights[term] * one["terms"][term] for term in weights)
        assert one["score"] == pytest.approx(total)
        assert one["quality"]["low"] <= one["quality"]["mean"] <= one["quality"]["high"]
    assert found["candidates"][0]["model"] == found["model"]
    left = {one["model"]: one["why"] for one in found["left_out"]}
    assert "key" in left["claude-opus-4-6"]


async def test_f11_13_the_provider_is_the_catalogues(callers: Callers, upstream: Upstream, claude: Upstream) -> None:
    found = await route(callers.member, explain=True)
    providers = {one["model"]: one["provider"] for one in found["candidates"]}
    assert (providers["gpt-4o"], providers["claude-opus-4-6"]) == ("openai", "anthropic")


async def test_f11_3_with_none_left_each_model_says_why(callers: Callers, upstream: Upstream) -> None:
    answer = await callers.member.post("/api/routing/route", {"prompt": "hi", "maxCost": 0, "maxLatencyMs": 1})
    assert answer.status == 422
    problem = answer.json()
    assert problem["type"].endswith("no-model-fits")
    why = {one["model"]: one["why"] for one in problem["candidates"]}
    assert "at most $0" in why["gpt-4o"]
    assert "key" in why["claude-opus-4-6"]
    assert problem["cheapest"]["model"] in why


async def test_f11_9_over_the_budget_nothing_wins_and_the_cheapest_is_named(
    callers: Callers, upstream: Upstream
) -> None:
    tiny = {"taskType": "chat", "inputTokenEstimate": 100_000, "maxCost": 0.000001}
    answer = await callers.member.post("/api/routing/route", tiny)
    assert answer.status == 422, answer.body
    cheapest = answer.json()["cheapest"]
    found = await route(callers.member, input_token_estimate=100_000, max_cost=cheapest["estimated_cost"])
    assert found["model"] == cheapest["model"]


async def test_f17_7_vision_asks_for_a_model_that_sees(callers: Callers, upstream: Upstream) -> None:
    found = await route(callers.member, task_type="vision", explain=True)
    assert found["task_type"] == "vision"
    listed = (await callers.member.get("/api/models")).json()["items"]
    sees = {one["id"] for one in listed if "vision" in one["capabilities"]}
    assert {one["model"] for one in found["candidates"]} <= sees
    heard = await callers.member.post("/api/routing/route", {"task_type": "audio", "input_token_estimate": 5})
    assert heard.status == 200 or "audio" in heard.body.decode()


async def test_f11_8_the_preferred_provider_decides_within_the_margin(
    callers: Callers, upstream: Upstream, claude: Upstream
) -> None:
    settings = {"preferred_margin": 1, "exploration": 0}
    assert (await callers.owner.put("/api/routing/settings", settings)).status == 200
    for provider in ("anthropic", "openai"):
        found = await route(callers.member, preferredProvider=provider)
        assert found["provider"] == provider
    await callers.owner.put("/api/routing/settings", {"preferred_margin": 0})
    best = await route(callers.member)
    for provider in ("anthropic", "openai"):
        assert (await route(callers.member, preferredProvider=provider))["model"] == best["model"]
    unknown = await callers.member.post("/api/routing/route", {"prompt": "x", "preferredProvider": "nobody"})
    assert (unknown.status, "nobody" in unknown.json()["detail"]) == (422, True)


async def test_f17_2_the_level_moves_the_choice(callers: Callers, upstream: Upstream) -> None:
    cheap = await route(callers.member, qualityLevel="economy", explain=True)
    good = await route(callers.member, qualityLevel="premium", explain=True)
    assert float(cheap["estimated_cost"]) < float(good["estimated_cost"])
    assert good["weights"]["quality"] == pytest.approx(0.7)


async def test_a_workspaces_settings_move_its_choices_alone(callers: Callers, upstream: Upstream) -> None:
    defaults = (await callers.member.get("/api/routing/settings")).json()
    assert defaults["weights"] == {"cost": 0.25, "latency": 0.25, "quality": 0.35, "reliability": 0.15}
    assert (0.01 <= defaults["exploration"] <= 0.02, defaults["sticky"]) == (True, True)
    quality = {"cost": 0, "latency": 0, "quality": 1, "reliability": 0}
    put = await callers.owner.put("/api/routing/settings", {"weights": quality, "sticky": False})
    assert (put.status, put.json()["weights"], put.json()["sticky"]) == (200, quality, False)
    mine = await route(callers.member, explain=True)
    assert mine["weights"] == quality
    theirs = await route(callers.foreign_owner, explain=True)
    assert theirs["weights"] == defaults["weights"]
    for wrong in ({"weights": {**quality, "quality": 0}}, {"exploration": 0.5}, {"preferred_provider": "nobody"}):
        assert (await callers.owner.put("/api/routing/settings", wrong)).status == 422, wrong
    assert (await callers.member.put("/api/routing/settings", {})).status == 403
    again: dict[str, Any] = (await callers.owner.put("/api/routing/settings", {})).json()
    assert again == defaults


async def test_nobodys_figures_are_shown_for_models_without_a_call(callers: Callers, upstream: Upstream) -> None:
    answer = await callers.member.get("/api/routing/models?task_type=code&model=gpt-4o")
    assert answer.status == 200, answer.body
    (found,) = answer.json()["items"]
    (task,) = found["tasks"]
    assert (task["calls"], task["latency_p50_ms"], task["cost"]) == (0, None, None)
    assert task["quality"]["low"] < task["quality"]["mean"] < task["quality"]["high"]
    assert len((await callers.member.get("/api/routing/models")).json()["items"][0]["tasks"]) == 6


async def test_f17_3_each_candidates_tokens_are_those_of_its_own_tokenizer(
    callers: Callers, upstream: Upstream, claude: Upstream
) -> None:
    prompt = (
        "Die Würde des Menschen ist unantastbar. 日本国民は、正当に選挙された国会における代表者を通じて行動し、" * 20
    )
    found = await route(callers.member, prompt, explain=True)
    tokens = {one["model"]: one["input_tokens"] for one in found["candidates"]}
    message = 6
    assert tokens["gpt-4o"] == count(prompt, "o200k").tokens + message
    assert tokens["claude-opus-5-5"] == count(prompt, "claude").tokens + message
    assert tokens["claude-opus-5-5"] > 1.1 * tokens["gpt-4o"]
    assert found["input_tokens"] == tokens[found["model"]]
    # Who gives a figure is taken at their word.
    given = await route(callers.member, prompt, input_token_estimate=700, explain=True)
    assert {one["input_tokens"] for one in given["candidates"]} == {700}
