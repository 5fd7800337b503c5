"""Responses in the background through OpenAI's own SDK: there later, failing visibly, cancelled."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import openai
import pytest
from openai import AsyncOpenAI

from radiant.infra.db import Database
from radiant.infra.jobs_beside import JobsBeside
from radiant.kit.ids import TenantId, UserId
from tests.doors.gateway.test_responses import CLAUDE, GPT, _ledger, _sdk
from tests.kit.fixtures import Callers
from tests.kit.server import Client, Server
from tests.kit.upstream import Hang, Refuse, Say, Upstream


@pytest.fixture
async def sdk(key: Client) -> AsyncIterator[AsyncOpenAI]:
    async with _sdk(key) as client:
        yield client


async def _ended(sdk: AsyncOpenAI, name: str) -> Any:
    async with asyncio.timeout(10):
        while (response := await sdk.responses.retrieve(name)).status in ("queued", "in_progress"):
            await asyncio.sleep(0.05)
    return response


@pytest.mark.parametrize("model", [GPT, CLAUDE])
async def test_a_response_in_the_background_is_there_later(
    sdk: AsyncOpenAI, upstream: Upstream, claude: Upstream, server: Server, db: Database, model: str
) -> None:
    (claude if model == CLAUDE else upstream).plan(Say("It took a while.", before=0.2))
    begun = await sdk.responses.create(model=model, input="x", background=True)
    assert begun.status == "queued"
    response = await _ended(sdk, begun.id)
    assert (response.status, response.output_text, response.background) == ("completed", "It took a while.", True)
    (row,) = await _ledger(server, db)
    assert row["output_tokens"] == 5
    claude.plan(Say("And so?"))
    following = await sdk.responses.create(model=CLAUDE, input="And?", previous_response_id=begun.id)
    assert following.output_text == "And so?"


async def test_a_response_in_the_background_fails_visibly_and_can_be_cancelled(
    sdk: AsyncOpenAI, claude: Upstream
) -> None:
    with pytest.raises(openai.NotFoundError, match="no-such-model"):
        await sdk.responses.create(model="no-such-model", input="x", background=True)
    claude.plan(Refuse(400, "prompt is strange"))
    failed = await _ended(sdk, (await sdk.responses.create(model=CLAUDE, input="x", background=True)).id)
    assert failed.status == "failed"
    assert failed.error is not None
    assert "prompt is strange" in failed.error.message
    claude.plan(Say("word " * 400, gap=0.02))
    begun = await sdk.responses.create(model=CLAUDE, input="x", background=True)
    await asyncio.sleep(0.2)
    assert (await sdk.responses.cancel(begun.id)).status == "cancelled"
    await asyncio.wait_for(claude.gone.wait(), 5)
    assert (await sdk.responses.retrieve(begun.id)).status == "cancelled"
    with pytest.raises(openai.BadRequestError, match="background"):
        await sdk.responses.cancel((await sdk.responses.create(model=CLAUDE, input="x")).id)


async def test_a_response_that_another_process_took_up_is_left_to_it(
    sdk: AsyncOpenAI, claude: Upstream, owner: Any
) -> None:
    claude.plan(Say("word " * 2000, gap=0.02))
    begun = await sdk.responses.create(model=CLAUDE, input="x", background=True)
    with pytest.raises(openai.ConflictError, match="under way"):
        await sdk.responses.create(model=CLAUDE, input="x", previous_response_id=begun.id)
    async with asyncio.timeout(10):
        while not claude.requests:
            await asyncio.sleep(0.05)
    await owner.execute("update stored_responses set attempts = attempts + 1")
    await asyncio.wait_for(claude.gone.wait(), 10)
    assert (await sdk.responses.retrieve(begun.id)).status == "in_progress"


async def test_a_response_whose_job_was_lost_has_failed(sdk: AsyncOpenAI, claude: Upstream, owner: Any) -> None:
    claude.plan(Hang())
    begun = await sdk.responses.create(model=CLAUDE, input="x", background=True)
    await owner.execute("update stored_responses set alive_until = now() - interval '1 minute'")
    response = await sdk.responses.retrieve(begun.id)
    assert response.status == "failed"
    assert response.error is not None
    assert "nobody works on it" in response.error.message


async def test_a_revoked_key_ends_what_it_began_in_the_background(
    sdk: AsyncOpenAI, claude: Upstream, server: Server, owner: Any, tenant_ids: tuple[TenantId, UserId],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    with monkeypatch.context() as patch:

        async def never(*_: object) -> bool:
            return False

        patch.setattr(JobsBeside, "_work", never)
        begun = await sdk.responses.create(model=CLAUDE, input="x", background=True)
    await owner.execute("update api_keys set revoked_at = now()")
    server.app.state.gateway.response_waits.set()
    async with _sdk(await server.with_key(*tenant_ids)) as other:
        response = await _ended(other, begun.id)
    assert response.status == "failed"
    assert response.error is not None
    assert "no longer" in response.error.message
    assert claude.requests == []


async def test_what_begins_in_the_background_carries_its_tags_and_belongs_to_its_person_alone(
    sdk: AsyncOpenAI, claude: Upstream, server: Server, db: Database, callers: Callers
) -> None:
    begun = await sdk.responses.create(
        model=CLAUDE, input="x", background=True, extra_headers={"X-Radiant-Tags": "project=apollo"}
    )
    await _ended(sdk, begun.id)
    (row,) = await _ledger(server, db)
    assert row["tags"] == {"project": "apollo"}
    others = [(callers.tenant.id, callers.owner_id), (callers.other_tenant.id, callers.other_tenant.user_id)]
    for tenant_id, user_id in others:
        theirs = await server.with_key(tenant_id, user_id)
        assert (await theirs.get(f"/v1/responses/{begun.id}")).status == 404
        assert (await theirs.post(f"/v1/responses/{begun.id}/cancel")).status == 404
