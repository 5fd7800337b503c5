"""POST /api/auto-resolve: a model for a prompt, or its answer; and what came of it."""

import base64
from typing import Any

import pytest

from tests.ai.routing.test_auto import history
from tests.ai.routing.test_rules import make
from tests.kit.fixtures import Callers
from tests.kit.server import Client
from tests.kit.upstream import Refuse, Say, Upstream


async def resolve(who: Client, prompt: str | None = "Tell me a joke", **more: Any) -> dict[str, Any]:
    answer = await who.post("/api/auto-resolve", {"prompt": prompt, **more})
    assert answer.status == 200, answer.body
    return answer.json()


async def past(who: Client) -> list[dict[str, Any]]:
    answer = await who.get("/api/auto-resolve")
    assert answer.status == 200, answer.body
    return answer.json()["items"]


async def test_it_names_a_model_and_calls_nobody(callers: Callers, upstream: Upstream) -> None:
    found = await resolve(callers.member)
    assert (found["provider"], found["answer"], found["decision_id"]) == ("openai", None, None)
    assert found["reason"].startswith(found["model"])
    assert float(found["estimated_cost"]) > 0
    assert upstream.requests == []
    (row,) = await past(callers.member)
    assert (row["id"], row["selected_model"], row["request_type"]) == (found["id"], found["model"], "chat")
    assert await history(callers.member) == []


async def test_f17_4_success_is_not_known_before_a_call_and_everything_is_after_it(
    callers: Callers, upstream: Upstream
) -> None:
    await resolve(callers.member)
    (row,) = await past(callers.member)
    assert [row[name] for name in ("success", "input_tokens", "output_tokens", "cost", "latency_ms")] == [None] * 5
    upstream.plan(Say("A joke.", input_tokens=30, output_tokens=9))
    found = await resolve(callers.member, execute=True)
    assert (found["answer"]["text"], found["answer"]["output_tokens"]) == ("A joke.", 9)
    row = (await past(callers.member))[0]
    assert (row["id"], row["success"], row["input_tokens"], row["output_tokens"]) == (found["id"], True, 30, 9)
    assert row["cost"] == found["answer"]["cost"] != "0"
    assert row["latency_ms"] is not None
    assert row["decision_id"] == found["decision_id"] == (await history(callers.member))[0]["id"]


async def test_f17_4_a_failed_call_is_told_and_the_model_that_answered_is_named(
    callers: Callers, upstream: Upstream
) -> None:
    await make(callers.owner, "All", "gpt-4o", fallback_models=["gpt-4o-mini"])
    upstream.plan(*[Refuse(500, "broken")] * 3, Say("second"))
    found = await resolve(callers.member, execute=True)
    assert (found["model"], found["answer"]["text"]) == ("gpt-4o-mini", "second")
    row = (await past(callers.member))[0]
    assert (row["selected_model"], row["success"]) == ("gpt-4o-mini", True)
    upstream.default = Refuse(500, "broken")
    answer = await callers.member.post("/api/auto-resolve", {"prompt": "x", "execute": True})
    assert answer.status == 502, answer.body
    assert (await past(callers.member))[0]["success"] is False
    upstream.default = Say()


async def test_f17_2_the_quality_level_moves_the_choice(callers: Callers, upstream: Upstream) -> None:
    cheap = await resolve(callers.member, preferences={"qualityLevel": "economy"})
    good = await resolve(callers.member, preferences={"qualityLevel": "premium"})
    assert float(cheap["estimated_cost"]) < float(good["estimated_cost"])
    levels = [row["quality_level"] for row in await past(callers.member)]
    assert levels == ["premium", "economy"]


@pytest.mark.parametrize(
    ("prompt", "task"),
    [
        ("The barcode on the package is damaged", "chat"),
        ("Which database of birds do you like best?", "chat"),
        ("Write a python function that reverses a list", "code"),
    ],
)
async def test_f17_1_parts_of_words_decide_nothing(
    callers: Callers, upstream: Upstream, prompt: str, task: str
) -> None:
    assert (await resolve(callers.member, prompt))["task_type"] == task


async def test_f17_5_f17_7_vision_is_told_by_the_parts_of_a_message_and_not_by_words(
    callers: Callers, upstream: Upstream
) -> None:
    assert (await resolve(callers.member, "Describe an image of a cat"))["task_type"] != "vision"
    url = "data:image/png;base64," + base64.b64encode(b"\x89PNG\r\n\x1a\n").decode()
    content = [{"type": "text", "text": "What is this?"}, {"type": "image_url", "url": url}]
    messages = [{"role": "user", "content": content}]
    answer = await callers.member.post("/api/auto-resolve", {"messages": messages})
    assert answer.status == 200, answer.body
    found = answer.json()
    assert found["task_type"] == "vision"
    listed = (await callers.member.get("/api/models")).json()["items"]
    assert "vision" in next(one["capabilities"] for one in listed if one["id"] == found["model"])
    wrong = [{"role": "user", "content": [{"type": "image_url", "url": "data:image/png;base64,!"}]}]
    assert (await callers.member.post("/api/auto-resolve", {"messages": wrong})).status == 422


async def test_limits_are_hard_and_preferences_are_taken_in_both_spellings(
    callers: Callers, upstream: Upstream
) -> None:
    over = await callers.member.post(
        "/api/auto-resolve", {"prompt": "x", "preferences": {"maxCost": 0, "maxLatencyMs": 1}}
    )
    assert (over.status, over.json()["type"].endswith("no-model-fits")) == (422, True)
    for one in ({"maxCost": 1, "preferredProvider": "openai"}, {"max_cost": 1, "preferred_provider": "openai"}):
        await resolve(callers.member, preferences=one)
    assert (await past(callers.member))[0]["user_preferences"] == {
        "max_cost": "1", "preferred_provider": "openai", "quality_level": "balanced",
    }  # fmt: skip
    unknown = await callers.member.post(
        "/api/auto-resolve", {"prompt": "x", "preferences": {"preferredProvider": "no"}}
    )
    assert unknown.status == 422
    for body in ({}, {"prompt": "x", "messages": [{"role": "user", "content": "y"}]}, {"prompt": ""}):
        assert (await callers.member.post("/api/auto-resolve", body)).status == 422


async def test_requests_are_ones_own_and_come_in_pages(callers: Callers, upstream: Upstream) -> None:
    for _ in range(3):
        await resolve(callers.member)
    assert await past(callers.owner) == await past(callers.foreign_owner) == []
    page = (await callers.member.get("/api/auto-resolve?limit=2")).json()
    rest = (await callers.member.get(f"/api/auto-resolve?limit=2&cursor={page['next']}")).json()
    assert len({row["id"] for row in page["items"] + rest["items"]}) == 3
    assert (await callers.viewer.post("/api/auto-resolve", {"prompt": "x"})).status == 403


async def test_f17_6_auto_answers_by_itself(key: Client, callers: Callers, upstream: Upstream) -> None:
    for level in ("auto", "auto:economy", "auto:balanced", "auto:premium"):
        body = {"model": level, "messages": [{"role": "user", "content": "hi"}]}
        answer = await key.post("/v1/chat/completions", body)
        assert answer.status == 200, answer.body
        assert answer.headers["x-radiant-model"]
