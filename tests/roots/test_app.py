"""The API process: the door is open before the API is made, and whoever asks the API waits for it."""

import asyncio
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI

from radiant import api
from radiant.infra.db import Database
from tests.kit.postgres import Dsns
from tests.kit.server import Server, serving


@pytest.fixture
def go_on(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """The API is made once this is set."""
    event, build = threading.Event(), api.build_api

    def slowly(*given: object) -> FastAPI:
        event.wait(30)
        return build(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(api, "build_api", slowly)
    yield event
    event.set()


@pytest.fixture
async def early(_database: Database, dsns: Dsns, tmp_path: Path, go_on: threading.Event) -> AsyncIterator[Server]:
    async with serving(_database, dsns, tmp_path, tmp_path / "models") as server:
        yield server
        asyncio.get_running_loop().call_later(0.3, go_on.set)


def test_the_door_needs_no_framework_and_nothing_else_that_is_large() -> None:
    code = "import sys, radiant.app; print([name for name in ('fastapi', 'radiant.api', 'numpy', 'botocore') if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "[]\n"


@pytest.mark.blocks
async def test_the_door_answers_while_the_api_is_made_and_the_api_is_waited_for(
    early: Server, go_on: threading.Event
) -> None:
    models, health = early.base_url + "/v1/models", early.base_url + "/api/health"
    assert (await early.http.get(models)).status == 401
    asked = asyncio.create_task(early.http.get(health))
    await asyncio.sleep(0.2)
    assert not asked.done()
    assert (await early.http.get(models)).status == 401
    go_on.set()
    assert (await asked).status == 200


@pytest.mark.blocks
async def test_a_process_that_is_stopped_while_its_api_is_made_ends(early: Server, go_on: threading.Event) -> None:
    assert not go_on.is_set(), "what the fixture does next is the test"
