"""With the embedded models alone, `auto` is a choice: what is asked decides which of them answers, and says why."""

from collections.abc import Sequence

import pytest

from radiant.ai.catalog import store as catalog
from radiant.ai.catalog.seed import seed
from radiant.ai.providers.chat import ChatRequest, Message
from radiant.ai.routing.needs import Asked, Level, Needs
from radiant.ai.routing.plan import Plan
from radiant.ai.routing.score import Option
from radiant.ai.routing.service import Brain, Fleet
from radiant.ai.serving.manifest import load_manifest
from radiant.infra.changes import Changes
from radiant.infra.db import Database
from radiant.kit.money import ZERO
from tests.ai.routing.test_auto import caller_of
from tests.kit.people import Tenant

SMALLEST, SMALL, LARGER = "smollm2-135m-instruct", "qwen2.5-coder-0.5b-instruct", "qwen2.5-coder-1.5b-instruct"

TALK = [
    "Hi! How are you today?",
    "What is the capital of France?",
    "Thanks, that was nice of you. Have a good evening!",
    "Who wrote Romeo and Juliet?",
]
CODE = [
    "Write a Python function that reverses a string.",
    "How do I read a CSV file in JavaScript?",
    "Write a SQL query that counts the orders of each customer.",
]
HARD = [
    "A shop sells 120 apples on Monday, a third more on Tuesday, and on Wednesday half of what it sold on both days"
    " together. Each costs $0.40 and a tenth was bad. Work out step by step what it earned and compare the three days.",
    "Compare the three pricing plans below by cost per user over 24 months, with a growth of 5 % a month from 200"
    " users, say at which month the second overtakes the first, and explain each step: A $10 a user; B $1,500 a month"
    " flat; C $500 a month and $6 a user.",
    "Analyse why our churn rose from 2 % to 5 % after the price change while sign-ups doubled; break the problem down"
    " into causes, weigh the evidence for each, and derive what to measure next.",
]


@pytest.fixture
async def options(db: Database) -> Sequence[Option]:
    """The embedded models for chat, all installed and loaded."""
    await seed(db.system("test"), load_manifest().model)
    async with db.system("test").tx() as tx:
        found = await catalog.all_models(tx)
    return [
        Option(
            id=model.model_id, provider="local", capabilities=model.capabilities, context_length=model.context_length,
            max_output_tokens=model.max_output_tokens, input_price=ZERO, output_price=ZERO, priors=model.quality,
            local=True, pace=model.pace,
        )
        for model in found
        if model.local and model.task == "chat"
    ]  # fmt: skip


async def plan(db: Database, tenant: Tenant, options: Sequence[Option], prompt: str, level: Level = "balanced") -> Plan:
    request = ChatRequest(model="", messages=[Message.of("user", prompt)])
    needs = Needs(frozenset({"text"}), len(prompt) // 3, 4096, Asked(request=lambda: request))
    return await Brain(db, Changes.never()).plan(
        caller_of(tenant), needs, level, Fleet(options, lambda _: None), dry=True
    )


@pytest.mark.parametrize(
    ("prompts", "task", "model"),
    [(TALK, "chat", SMALLEST), (CODE, "code", SMALL), (HARD, "analysis", LARGER)],
    ids=["small talk and one-line facts", "code", "problems of several steps"],
)
async def test_different_prompts_go_to_different_local_models_and_it_is_said_why(
    db: Database, tenant: Tenant, options: Sequence[Option], prompts: list[str], task: str, model: str
) -> None:
    assert {option.id for option in options} == {SMALLEST, SMALL, LARGER}
    for prompt in prompts:
        found = await plan(db, tenant, options, prompt)
        assert (prompt, found.read.task, found.order[0].id) == (prompt, task, model)
        assert found.reason.startswith(f"{model} scores best of 3 for {task} (balanced): quality ")
        assert "no cost" in found.reason


async def test_the_quick_one_is_quick_and_the_larger_one_better(
    db: Database, tenant: Tenant, options: Sequence[Option]
) -> None:
    for prompt in (*TALK, *CODE, *HARD):
        by_id = {one.id: one.estimated for one in (await plan(db, tenant, options, prompt)).ranked}
        latencies = [by_id[name].latency_ms for name in (SMALLEST, SMALL, LARGER)]
        qualities = [by_id[name].quality.mean for name in (SMALLEST, SMALL, LARGER)]
        assert latencies == sorted(latencies)
        assert qualities == sorted(qualities)


async def test_who_asks_for_the_best_gets_the_larger_one_for_talk_too(
    db: Database, tenant: Tenant, options: Sequence[Option]
) -> None:
    for prompt in TALK:
        assert (await plan(db, tenant, options, prompt, "premium")).order[0].id == LARGER
