"""Responses in the background through OpenAI's own SDK: there later, failing visibly, cancelled."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import openai
import pytest
from openai import AsyncOpenAI

from radiant.infra.db import Database
from tests.doors.gateway.test_responses import CLAUDE, GPT, _ledger, _sdk
from tests.kit.server import Client, Server
from tests.kit.upstream import Hang, Refuse, Say, Upstream


@pytest.fixture
async def sdk(key: Client) -> AsyncIterator[AsyncOpenAI]:
    async with _sdk(key) as client:
        yield client


async def _ended(sdk: AsyncOpenAI, name: str) -> Any:
    async with asyncio.timeout(10):
        while (response := await sdk.responses.retrieve(name)).status == "in_progress":
            await asyncio.sleep(0.05)
    return response


@pytest.mark.parametrize("model", [GPT, CLAUDE])
async def test_a_response_in_the_background_is_there_later(
    sdk: AsyncOpenAI, upstream: Upstream, claude: Upstream, server: Server, db: Database, model: str
) -> None:
    (claude if model == CLAUDE else upstream).plan(Say("It took a while.", before=0.2))
    begun = await sdk.responses.create(model=model, input="x", background=True)
    assert begun.status == "in_progress"
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


async def test_a_response_whose_process_died_has_failed(sdk: AsyncOpenAI, claude: Upstream, owner: Any) -> None:
    claude.plan(Hang())
    begun = await sdk.responses.create(model=CLAUDE, input="x", background=True)
    with pytest.raises(openai.ConflictError, match="under way"):
        await sdk.responses.create(model=CLAUDE, input="x", previous_response_id=begun.id)
    await owner.execute("update stored_responses set alive_until = now() - interval '1 minute'")
    response = await sdk.responses.retrieve(begun.id)
    assert response.status == "failed"
    assert response.error is not None
    assert "the process that worked on it ended" in response.error.message
    await sdk.responses.delete(begun.id)  # and with it the task
