"""The real small models, downloaded once a machine, and a host that runs them."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from radiant.ai.providers.local import LocalProvider
from radiant.ai.providers.provider import Connection
from radiant.ai.serving.host import Host
from radiant.ai.serving.packs import ModelStore
from radiant.ai.serving.running import Thermal
from radiant.ai.serving.served import finder
from radiant.infra.httpclient import HttpClient

CHAT = "smollm2-135m-instruct"
EMBED = "all-minilm-l6-v2"


@pytest.fixture
async def http() -> AsyncIterator[HttpClient]:
    async with HttpClient() as client:
        yield client


class Changes(list[tuple[str, Thermal]]):
    """What the host said of its models, in order."""

    def __call__(self, model_id: str, state: Thermal) -> None:
        self.append((model_id, state))


@pytest.fixture
def changes() -> Changes:
    return Changes()


@pytest.fixture
async def host(small_models: Path, changes: Changes) -> AsyncIterator[Host]:
    async with Host(finder(ModelStore(small_models), threads=1), on_state=changes) as running:
        yield running


@pytest.fixture
def local(http: HttpClient, host: Host) -> LocalProvider:
    return LocalProvider(http, host)


@pytest.fixture
def connection() -> Connection:
    return Connection("local", "")
