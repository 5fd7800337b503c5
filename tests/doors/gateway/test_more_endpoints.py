"""Moderations, rankings and pictures: relayed where a vendor has them, else computed or refused with whom to connect."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import openai
import pytest
from openai import AsyncOpenAI

from radiant.infra.db import Database
from tests.kit.fixtures import UPSTREAM_KEY, Callers
from tests.kit.server import Client, Server
from tests.kit.upstream import Refuse, Say, Upstream, openai_upstream

DOCUMENTS = ["Oslo", "Paris is the capital of France.", "A cat."]


@pytest.fixture
async def sdk(key: Client) -> AsyncIterator[AsyncOpenAI]:
    secret = key.headers["Authorization"].removeprefix("Bearer ")
    async with AsyncOpenAI(base_url=key.base_url + "/v1", api_key=secret, max_retries=0) as client:
        yield client


@pytest.fixture
async def voyage(callers: Callers) -> AsyncIterator[Upstream]:
    async with openai_upstream() as running:
        running.key = UPSTREAM_KEY
        answer = await callers.operator.put(
            "/api/providers/voyage", {"api_key": UPSTREAM_KEY, "base_url": running.url, "shared": True}
        )
        assert answer.status == 200, answer.body
        yield running


async def _ledger(server: Server, db: Database) -> list[dict[str, Any]]:
    await server.app.state.meter.flush()
    async with db.system("test").tx() as tx:
        return [dict(row) for row in await tx.all("select * from usage_ledger order by created_at")]


async def test_texts_are_judged_by_the_default_and_by_a_named_model(
    sdk: AsyncOpenAI, upstream: Upstream, server: Server, db: Database
) -> None:
    judged = await sdk.moderations.create(input=["I will kill you", "hello"])
    assert [result.flagged for result in judged.results] == [True, False]
    assert upstream.requests[-1].body == {"input": ["I will kill you", "hello"], "model": "omni-moderation-latest"}
    await sdk.moderations.create(input="hello", model="openai/big")
    assert upstream.requests[-1].body["model"] == "big"
    assert [row["kind"] for row in await _ledger(server, db)] == ["moderation", "moderation"]


async def test_without_a_vendor_that_judges_the_answer_says_whom_to_connect(key: Client) -> None:
    for body in ({"input": "x"}, {"input": "x", "model": "omni-moderation-latest"}, {"input": "x", "model": "none"}):
        answer = await key.post("/v1/moderations", body)
        assert answer.status == 400
        assert "connect one of OpenAI, Mistral" in answer.json()["error"]["message"]


async def test_pictures_come_whole_at_their_price(
    sdk: AsyncOpenAI, upstream: Upstream, server: Server, db: Database
) -> None:
    upstream.plan(Say("", input_tokens=10, output_tokens=1000))
    made = await sdk.images.generate(model="gpt-image-1", prompt="A cat.", n=2, size="1024x1024")
    assert [item.b64_json for item in made.data or []] == ["cGljdHVyZQ=="] * 2
    assert upstream.requests[-1].body["size"] == "1024x1024"
    (row,) = await _ledger(server, db)
    assert (row["kind"], row["output_tokens"], str(row["cost"])) == ("image", 1000, "0.040050000")


async def test_partial_pictures_are_streamed(
    sdk: AsyncOpenAI, upstream: Upstream, server: Server, db: Database
) -> None:
    upstream.plan(Say("", input_tokens=10, output_tokens=1000))
    stream = await sdk.images.generate(model="gpt-image-1", prompt="A cat.", stream=True, partial_images=1)
    assert [event.type async for event in stream] == ["image_generation.partial_image", "image_generation.completed"]
    (row,) = await _ledger(server, db)
    assert (str(row["cost"]), row["streamed"], row["estimated"]) == ("0.040050000", True, False)


async def test_what_draws_nothing_is_refused_and_a_refusal_is_passed_on(sdk: AsyncOpenAI, upstream: Upstream) -> None:
    with pytest.raises(openai.BadRequestError, match="no connected provider"):
        await sdk.images.generate(model="draws-nothing", prompt="A cat.")
    upstream.plan(Refuse(400, "that is not allowed"))
    with pytest.raises(openai.BadRequestError, match="that is not allowed"):
        await sdk.images.generate(model="gpt-image-1", prompt="A cat.")


@pytest.mark.parametrize("model", ["rerank-2.5", None])
async def test_a_vendor_ranks_in_its_own_words(
    key: Client, voyage: Upstream, server: Server, db: Database, model: str | None
) -> None:
    body = {"query": "capital?", "documents": [{"text": text} for text in DOCUMENTS], "top_n": 2,
            "return_documents": True}  # fmt: skip
    answer = await key.post("/v1/rerank", body | ({"model": model} if model else {}))
    assert answer.status == 200, answer.body
    told = answer.json()
    assert told["model"] == "rerank-2.5"
    assert [(item["index"], item["document"]["text"]) for item in told["results"]] == [
        (1, DOCUMENTS[1]), (2, DOCUMENTS[2]),
    ]  # fmt: skip
    assert voyage.requests[-1].body == {
        "query": "capital?", "documents": DOCUMENTS, "top_k": 2, "model": "rerank-2.5",
    }  # fmt: skip
    (row,) = await _ledger(server, db)
    assert (row["kind"], row["input_tokens"]) == ("rerank", 12)


async def test_embeddings_rank_where_nobody_else_does_and_the_answer_says_so(
    key: Client, upstream: Upstream, server: Server, db: Database
) -> None:
    body = {"model": "text-embedding-3-small", "query": "abc", "documents": ["abc", "abcdefgh"]}
    answer = await key.post("/v1/rerank", body)
    assert answer.status == 200, answer.body
    told = answer.json()
    assert told["model"] == "text-embedding-3-small (cosine of embeddings)"
    assert [item["index"] for item in told["results"]] == [0, 1]
    assert told["results"][0]["relevance_score"] == pytest.approx(1.0)
    assert "document" not in told["results"][0]
    (row,) = await _ledger(server, db)
    assert row["kind"] == "embedding"


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"documents": []}, "documents"), ({"documents": [""]}, "documents"), ({"documents": ["x"] * 1001}, "documents"),
        ({"query": ""}, "query"), ({"top_n": 0}, "top_n"), ({"model": "gpt-4o"}, "ranks nothing"),
        ({"model": "none"}, "connect one of Cohere"),
    ],
)  # fmt: skip
async def test_bad_rankings_are_refused_by_name(
    key: Client, upstream: Upstream, change: dict[str, Any], named: str
) -> None:
    answer = await key.post("/v1/rerank", {"model": "gpt-4o", "query": "x", "documents": ["x"]} | change)
    assert answer.status == 400
    assert named in answer.json()["error"]["message"]


@pytest.mark.model
@pytest.mark.xdist_group("models")
async def test_the_embedded_model_ranks_by_meaning(small_models: Path, key: Client) -> None:
    query = {"query": "What is the capital of France?", "documents": DOCUMENTS, "top_n": 1, "return_documents": True}
    answer = await key.post("/v1/rerank", query | {"model": "all-minilm-l6-v2"})
    assert answer.status == 200, answer.body
    (best,) = answer.json()["results"]
    assert best["document"]["text"] == DOCUMENTS[1]
    assert best["relevance_score"] > 0.6
