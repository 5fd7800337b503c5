"""A model by any of its names; what `auto` tries, and what it says when nothing will do."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from radiant.ai.inference.models import ModelNotFound, Models, ModelUnavailable
from radiant.infra.db import Database
from tests.kit.fixtures import Callers
from tests.kit.postgres import Dsns
from tests.kit.server import Client, Server, serving
from tests.kit.upstream import Upstream

ASK = [{"role": "user", "content": "What is the capital of France?"}]


@pytest.fixture
def models(server: Server) -> Models:
    return server.app.state.inference.models


@pytest.mark.parametrize("name", ["gpt-4o", "openai/gpt-4o", "o1", "openai/big"])
async def test_a_model_answers_to_its_id_its_alias_and_its_provider_and_id(
    models: Models, callers: Callers, upstream: Upstream, name: str
) -> None:
    found = await models.resolve(callers.tenant.db, name)
    assert found.provider == "openai"
    assert found.unavailable is None
    assert name in {found.id, f"openai/{found.upstream_id}", *found.aliases}
    assert (await models.resolve(callers.tenant.db, found.id)).id == found.id


@pytest.mark.parametrize(
    ("alias", "provider"),
    [
        ("claude-opus-4", "anthropic"),
        ("claude-sonnet-4", "anthropic"),
        ("gpt-4o", "openai"),
        ("o1", "openai"),
        ("gemini-2", "google"),
        ("grok-4", "xai"),
    ],
)
async def test_the_specifications_names_are_known_and_say_whose_key_they_need(
    models: Models, callers: Callers, alias: str, provider: str
) -> None:
    known = [one for one in await models.all(callers.tenant.db) if alias == one.id or alias in one.aliases]
    assert [one.provider for one in known] == [provider]
    with pytest.raises(ModelUnavailable, match=known[0].id):
        await models.resolve(callers.tenant.db, alias)


async def test_no_two_models_answer_to_one_name(models: Models, callers: Callers, upstream: Upstream) -> None:
    names: list[str] = []
    for one in await models.all(callers.tenant.db):
        names += [one.id, *one.aliases]
    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize("name", ["gpt-17", "openai/", "/", "auto:best", "anthropic/gpt-4o", "GPT-4O ", "x" * 300])
async def test_another_name_is_not_found(models: Models, callers: Callers, upstream: Upstream, name: str) -> None:
    with pytest.raises(ModelNotFound):
        await models.resolve(callers.tenant.db, name)


async def test_a_provider_of_one_tenant_is_none_of_another(
    models: Models, callers: Callers, upstream: Upstream
) -> None:
    assert (await callers.operator.delete("/api/providers/openai")).status == 204
    # Without `shared` it is the operator's own workspace's.
    own = {"api_key": upstream.key, "base_url": upstream.url}
    answer = await callers.operator.put("/api/providers/openai", own)
    assert answer.status == 200, answer.body
    assert (await models.resolve(callers.tenant.db, "gpt-4o")).unavailable is None
    with pytest.raises(ModelUnavailable):
        await models.resolve(callers.other_tenant.db, "gpt-4o")


@pytest.fixture(scope="module")
async def bare(_database: Database, dsns: Dsns, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    """The application without a single local model."""
    folder = tmp_path_factory.mktemp("bare")
    async with serving(_database, dsns, folder, folder / "no models") as running:
        yield running


async def test_where_nothing_will_do_auto_says_of_each_model_why(bare: Server, tenant_ids: Any) -> None:
    key = await bare.with_key(*tenant_ids)
    answer = await key.post("/v1/chat/completions", {"model": "auto", "messages": ASK})
    assert 400 <= answer.status < 500
    assert "provider" in answer.json()["error"]["message"]
    owner = Client(bare.base_url, bare.http, key.headers)
    listed = (await owner.get("/v1/models")).json()["data"]
    assert [
        one["id"] for one in listed if one["id"] not in ("auto", "think-tank") and not one["id"].startswith("auto:")
    ] == []


@pytest.mark.model
async def test_auto_leaves_a_provider_that_is_away_for_a_model_that_is_here(
    key: Client, callers: Callers, upstream: Upstream, small_models: Path
) -> None:
    gone = {"api_key": upstream.key, "base_url": upstream.url, "shared": True}
    assert (await callers.operator.put("/api/providers/openai", gone)).status == 200
    upstream.requests.clear()
    upstream.key = "another key now"
    answer = await key.post("/v1/chat/completions", {"model": "auto:premium", "messages": ASK, "max_tokens": 8})
    assert answer.status == 200, answer.body
    assert "/" not in answer.json()["model"]
    assert len({request.body["model"] for request in upstream.requests}) == 1, "its other models were not tried"
